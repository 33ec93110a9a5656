"""The wake-up: APScheduler looks when the next thing is due, and does nothing else."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from bot.clock import Clock
from bot.health import Health
from commands.kit.dispatch import Dispatcher
from commands.kit.outcome import Outcome
from storage import due
from storage.database import Database, DatabaseTrouble

AT_LEAST_EVERY = timedelta(minutes=1)
RETRY = timedelta(seconds=5)
log = structlog.get_logger()


class Wake:
    """Fires due rows at their time, but not those whose jobs look at the server first.

    `worked` is called after each; `tick` is how long it sleeps at most.
    """

    def __init__(
        self,
        database: Database,
        dispatcher: Dispatcher,
        clock: Clock,
        health: Health,
        worked: Callable[[Outcome], None],
        tick: timedelta = AT_LEAST_EVERY,
    ) -> None:
        self.database = database
        self.dispatcher = dispatcher
        self.clock = clock
        self.health = health
        self.worked = worked
        self.tick = tick
        self._next: datetime | None = None
        self._running = asyncio.Lock()
        # Two, because a run that has just planned the next one counts until the loop's next turn, and APScheduler
        # drops what it may not start; our own lock lets only one of them work.
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 2}
        )

    def start(self) -> None:
        """Begin with what fell due while the bot was away."""
        self._scheduler.start()
        self._at(self.clock())

    async def stop(self) -> None:
        """End after the row in hand."""
        self._scheduler.remove_all_jobs()
        async with self._running:
            self._scheduler.shutdown(wait=False)

    def planned(self, at: datetime) -> None:
        """Wake earlier if something new is due earlier."""
        if self._next is not None and self._next <= at:
            return
        self._next = at
        if not self._running.locked():
            self._at(at)

    def _at(self, at: datetime) -> None:
        self._next = at
        # The scheduler reads the machine's clock; ours may be moved.
        delay = max(at - self.clock(), timedelta(0))
        when = Clock()() + delay
        self._scheduler.add_job(self._fire, DateTrigger(when), id="wake", replace_existing=True)

    async def _fire(self) -> None:
        async with self._running:
            self._next = None
            try:
                upcoming = await self._fire_all()
            except DatabaseTrouble as error:
                log.warning("cannot look for what is due", why=error.reason)
                upcoming = self.clock() + RETRY
            if self._scheduler.running:
                self._at(min(at for at in (upcoming, self._next, self.clock() + self.tick) if at is not None))

    async def _fire_all(self) -> datetime | None:
        self.worked(await self.dispatcher.upkeep(self.clock()))
        while (outcome := await self.dispatcher.deadlines.fire_next(self.clock())).handled:
            self.health.jobs += 1
            self.worked(outcome)
        async with self.database.begin() as tx:
            return await due.next_at(tx, without=self.dispatcher.deadlines.looking)
