"""The lookout: reads from the server what jobs want to see there, then lets them work; deadlines never wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import structlog

from bot.clock import Clock
from bot.health import Health
from bot.matrix.encryption.machine import Unreadable
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.events import Event, message_of
from bot.matrix.homeserver import PAGE, Homeserver
from commands.kit.deadlines import Errand
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Look, Message
from commands.kit.outcome import Outcome
from storage import due
from storage.database import Database, DatabaseTrouble

RETRY = timedelta(seconds=5)
log = structlog.get_logger()


class Lookout:
    """Runs errands one after the other. `worked` is called after each; `tick` is how long it sleeps at most."""

    def __init__(
        self,
        homeserver: Homeserver,
        database: Database,
        dispatcher: Dispatcher,
        clock: Clock,
        health: Health,
        worked: Callable[[Outcome], None],
        tick: timedelta,
    ) -> None:
        self.homeserver = homeserver
        self.database = database
        self.deadlines = dispatcher.deadlines
        self.clock = clock
        self.health = health
        self.worked = worked
        self.tick = tick
        self._news = asyncio.Event()
        self._stopping = False
        self._reading: asyncio.Task[list[Message]] | None = None

    def wake(self) -> None:
        """Look soon whether something is due."""
        self._news.set()

    def stop(self) -> None:
        """End after the errand in hand; what is being read is left, and read again after the next start."""
        self._stopping = True
        self._news.set()
        if self._reading is not None:
            self._reading.cancel()

    async def run(self) -> None:
        """Run errands until stopped. Raises TokenRevoked."""
        while not self._stopping:
            self._news.clear()
            try:
                upcoming = await self._run_all()
            except DatabaseTrouble as error:
                log.warning("cannot look for what is due", why=error.reason)
                upcoming = self.clock() + RETRY
            await self._sleep_until(upcoming)

    async def _sleep_until(self, upcoming: datetime | None) -> None:
        wait = self.tick if upcoming is None else min(max(upcoming - self.clock(), timedelta(0)), self.tick)
        try:
            await asyncio.wait_for(self._news.wait(), wait.total_seconds())
        except TimeoutError:
            return

    async def _run_all(self) -> datetime | None:
        """Run what is due; returns when the next errand is."""
        while not self._stopping:
            errand = await self.deadlines.next_errand(self.clock())
            if errand is None:
                break
            await self._run(errand)
        async with self.database.begin() as tx:
            return await due.next_at(tx, only=self.deadlines.looking)

    async def _run(self, errand: Errand) -> None:
        try:
            found = await self._interruptible(self._read(errand.looks))
        except (Unreachable, Limited) as error:
            log.warning("cannot look at the server", due=errand.row.id, why=str(error))
            await self.deadlines.put_off(errand, self.clock())
        except TokenRevoked:
            raise
        except Exception:
            # One errand that nobody can do must not hold up the others for ever.
            log.exception("a deadline could not be handled", due=errand.row.id)
            await self.deadlines.put_off(errand, self.clock())
        else:
            if found is not None and (outcome := await self.deadlines.run(errand, found, self.clock())).handled:
                self.health.jobs += 1
                self.worked(outcome)

    async def _interruptible(self, reading: Coroutine[Any, Any, list[Message]]) -> list[Message] | None:
        self._reading = asyncio.create_task(reading)
        try:
            return await self._reading
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return None
        finally:
            self._reading = None

    # -- reading

    async def _read(self, looks: Iterable[Look]) -> list[Message]:
        """Return all that is looked for and can be read; raises Unreachable, Limited and TokenRevoked."""
        found = []
        for look in dict.fromkeys(looks):
            try:
                async for event in self._related(look) if look.related else self._one(look):
                    message = await self._message(look.room, event)
                    if message is not None and look.finds(message):
                        found.append(message)
            except Rejected as error:
                log.warning("an event cannot be looked at", room=look.room, event_id=look.event_id, why=error.code)
        return found

    async def _one(self, look: Look) -> AsyncIterator[Event]:
        event = await self._get(look.room, "event", look.event_id)
        if "event_id" not in event:
            raise Unreachable("the answer holds no event")
        yield event

    async def _related(self, look: Look) -> AsyncIterator[Event]:
        position: str | None = None
        while True:
            asked = {"limit": str(PAGE)} | ({"from": position} if position else {})
            page = await self._get(look.room, "relations", look.event_id, asked)
            if not isinstance(page.get("chunk"), list):
                raise Unreachable("the answer holds no events")
            for event in page["chunk"]:
                if isinstance(event, dict):
                    yield event
            following = page.get("next_batch")
            if not following or following == position:
                return
            position = str(following)

    async def _get(self, room: str, what: str, event_id: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        version = "v1" if what == "relations" else "v3"
        path = "/".join(quote(part, safe="") for part in (room, what, event_id))
        asked = f"?{urlencode(query)}" if query else ""
        return await self.homeserver.call("GET", f"/_matrix/client/{version}/rooms/{path}{asked}")

    async def _message(self, room: str, event: Event) -> Message | None:
        """Return what an event says; None where it says nothing, was redacted or cannot be decrypted."""
        try:
            if event.get("type") == "m.room.encrypted":
                if not event.get("content") or not self.homeserver.encrypts:
                    return None
                event = await self.homeserver.clear(room, event)
            return message_of(event, room, self.homeserver.user_id, self.clock)
        except (Unreachable, Limited, TokenRevoked):
            raise
        except Unreadable:
            return None
        except Rejected as error:
            log.warning("a key could not be asked for", why=error.code)
        except Exception:
            # One event that nobody can read must not stop the reading of all others.
            log.exception("an event could not be read", event_id=event.get("event_id"))
        return None
