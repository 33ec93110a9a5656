"""Encrypted events whose keys have not come: kept, asked for once more, and read when they can be (row E4)."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta

import structlog

from bot.clock import Clock
from bot.matrix.encryption.machine import Unreadable
from bot.matrix.errors import Rejected
from bot.matrix.events import Event
from bot.matrix.homeserver import Homeserver
from commands.encryption.handlers import TELL
from storage import due, rooms, undecrypted
from storage.database import Database

PATIENCE = timedelta(seconds=60)
AT_ONCE = 100
KEPT = {
    "no-key": undecrypted.NO_KEY,
    "unknown-device": undecrypted.NO_KEY,  # the sender's server is away
    "unsigned-device": undecrypted.UNSIGNED_DEVICE,
}
log = structlog.get_logger()


class Waiting:
    """Events that wait for their keys, over restarts."""

    def __init__(self, homeserver: Homeserver, database: Database, clock: Clock) -> None:
        self.homeserver = homeserver
        self.database = database
        self.clock = clock

    async def clear(self, event: Event, room: str) -> Event | None:
        """Return an encrypted event in clear; one that cannot be read is kept, and its sender asked for the key."""
        try:
            return await self.homeserver.clear(room, event)
        except Unreadable as missing:
            if missing.reason not in KEPT:
                log.warning("an encrypted event is not what it says", event_id=event["event_id"], room=room)
            elif await self._keep(event, room, missing) and missing.reason == "no-key":
                await self._request(event, room, missing)
        except Rejected as error:
            log.warning("a key could not be asked for", why=error.code)
            await self._keep(event, room, Unreadable("no-key", str(event["content"].get("session_id", ""))))
        return None

    async def _request(self, event: Event, room: str, missing: Unreadable) -> None:
        try:
            await self.homeserver.device.request(room, event["sender"], missing)
        except Rejected as error:
            log.warning("a key could not be asked for", why=error.code)

    async def _keep(self, event: Event, room: str, missing: Unreadable) -> bool:
        now = self.clock()
        at = min(now, self.clock.server_time(int(event.get("origin_server_ts", 0))))
        async with self.database.begin() as tx:
            found = await rooms.by_matrix_id(tx, room)
            if found is None or not found.joined:
                return False
            row = await undecrypted.keep(
                tx,
                found,
                event["event_id"],
                event["sender"],
                missing.session_id,
                event,
                at,
                reason=KEPT[missing.reason],
            )
            if row is not None:
                await due.add(tx, TELL, row.id, found.id, now + PATIENCE)
            return row is not None

    async def readable(
        self, arrived: Collection[tuple[str, str]] = (), answered: Collection[str] = (), *, everything: bool = False
    ) -> AsyncIterator[tuple[Event, str]]:
        """Yield (event in clear, room) of what can be read by now, in the order in which it came.

        Looks at what waits for keys that arrived, at what was sent by people whose devices were asked for, or at
        everything. What was yielded waits no more when the next one is asked for.
        """
        if not arrived and not answered and not everything:
            return
        sessions = [session for _, session in arrived]
        lacking: set[str] = set()
        after = 0
        while True:
            async with self.database.begin() as tx:
                if everything:
                    found = await undecrypted.all_waiting(tx, AT_ONCE, after=after)
                else:
                    found = await undecrypted.waiting_by(tx, sessions, answered, AT_ONCE, after=after)
            if not found:
                return
            for row, room in found:
                after = row.id
                clear = await self._clear_now(row.source, room) if row.session_id not in lacking else None
                if clear is None:
                    lacking.add(row.session_id)
                    continue
                yield clear, room
                await self.forget(row.event_id)

    async def _clear_now(self, event: Event, room: str) -> Event | None:
        try:
            return await self.homeserver.clear(room, event)
        except Unreadable as missing:
            if missing.reason == "no-key":  # once per key and process: the question may have been lost in a crash
                await self._request(event, room, missing)
        except Rejected as error:
            log.warning("a key could not be asked for", why=error.code)
        return None

    async def forget(self, event_id: str) -> None:
        """Wait for this event no more: it was read, or taken back."""
        async with self.database.begin() as tx:
            await undecrypted.forget(tx, [event_id])
