"""The composition root: builds the process from its settings and runs it until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from bot import configured, login
from bot.clock import Clock
from bot.health import Health
from bot.matrix.errors import Limited, Unreachable
from bot.matrix.homeserver import Homeserver
from bot.matrix.lookout import Lookout
from bot.matrix.reader import Reader
from bot.matrix.sender import Sender
from bot.matrix.verifier import Verifier
from bot.matrix.wire import HomeserverWire
from bot.settings import Settings
from bot.wake import AT_LEAST_EVERY, Wake
from bot.web import WebServer
from bot.web.archive import Archive
from bot.web.state import State
from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.kit.outcome import Outcome
from commands.kit.triggers import Capability
from storage.database import Database, DatabaseTrouble

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LOCK_SECONDS = 30.0
VERIFICATION_SECONDS = 5.0
log = structlog.get_logger()


class App:
    """One running bot. `tick` is how long it sleeps at most between two looks at what is due."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        tick: timedelta = AT_LEAST_EVERY,
        capabilities: Sequence[Capability] = CAPABILITIES,
    ) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.health = Health(self.clock())
        self.database = Database(settings.storage.url)
        self.homeserver = Homeserver(settings.matrix.homeserver, settings.matrix.user, settings.storage.keys)
        self.dispatcher = Dispatcher(self.database, settings.setup(), capabilities)
        self.sender = Sender(self.homeserver, self.database, self.clock, self.health)
        self.wake = Wake(self.database, self.dispatcher, self.clock, self.health, self._worked, tick)
        self.lookout = Lookout(
            self.homeserver, self.database, self.dispatcher, self.clock, self.health, self._worked, tick
        )
        wire = HomeserverWire(self.homeserver)
        self.verifier = Verifier(wire, self.database, self.dispatcher, self.clock, self._worked)
        self.reader = Reader(
            settings,
            self.homeserver,
            self.database,
            self.dispatcher,
            self.clock,
            self.health,
            self._worked,
            self.verifier,
        )
        parts = (State(self.database, self.health, self.clock), Archive(self.database, settings.setup()))
        self.web = WebServer(settings.web, [route for part in parts for route in part.routes])
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run until `stop`. Raises DatabaseTrouble, KeysTrouble, TokenRevoked, Rejected (login) and OSError (port)."""
        try:
            await self.database.lock(wait=not self.database.is_sqlite)
            await self.database.upgrade()
            if self.settings.web.enabled:
                log.info("web server listens", host=self.settings.web.host, port=await self.web.start())
            if await self._log_in():
                await self._work()
        finally:
            await self.web.stop()
            await self.homeserver.close()
            await self.database.close()

    def stop(self) -> None:
        """Finish what is in hand and end, within five seconds."""
        self._stop.set()
        self.reader.stop()
        self.sender.stop()
        self.lookout.stop()

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    def _worked(self, outcome: Outcome) -> None:
        if outcome.handled:
            self.sender.wake()
        if outcome.next_due is not None:
            self.wake.planned(outcome.next_due)
            self.lookout.wake()

    async def _log_in(self) -> bool:
        """Log in, waiting for the server where it is away; False if stopped meanwhile."""
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            try:
                await login.log_in(self.settings, self.homeserver, self.database)
                await self._take_up_keys()
                await configured.set_up(self.settings, self.homeserver, self.database, self.clock())
            except (Unreachable, Limited) as error:
                wait = error.seconds if isinstance(error, Limited) else pause
                log.warning("cannot log in", why=str(error), again_in=round(wait))
                await self._sleep(wait)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return True
        return False

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    async def _take_up_keys(self) -> None:
        lacking = await self.homeserver.take_up_keys()
        if lacking is not None:
            log.warning("clients will not read the bot in encrypted rooms; uagbot check says more", why=lacking)

    async def _work(self) -> None:
        """Read, send and wake until stopped; what fell due while away waits for what was said while away."""
        log.info("running", user=self.settings.matrix.user, server=self.settings.matrix.homeserver)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.reader.run())
            tasks.create_task(self._after(self.reader.rooms_known, self.sender.run))
            tasks.create_task(self._after(self.reader.caught_up, self._wake))
            tasks.create_task(self._after(self.reader.caught_up, self.lookout.run))
            tasks.create_task(self._watch_lock())
            tasks.create_task(self._time_verifications())
        log.info("stopped")

    async def _watch_lock(self) -> None:
        while not self._stop.is_set():
            await self.database.check_lock()
            await self._sleep(LOCK_SECONDS)

    async def _time_verifications(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(DatabaseTrouble):
                await self.verifier.tick(self.clock())
            await self._sleep(VERIFICATION_SECONDS)

    async def _join_configured(self) -> None:
        try:
            await configured.join_missing(self.settings, self.homeserver, self.database)
        except (Unreachable, Limited) as error:
            log.warning("the configured rooms were not all joined; the next start tries again", why=str(error))

    async def _after(self, event: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
        """Begin once the event has come; not at all if the bot is stopped before."""
        waits = [asyncio.create_task(event.wait()), asyncio.create_task(self._stop.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if event.is_set():
            await work()

    async def _wake(self) -> None:
        self.wake.start()
        await self._join_configured()
        await self._stop.wait()
        await self.wake.stop()
