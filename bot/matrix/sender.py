"""The sender: brings what waits in the outbox to the rooms, in order per room, each event once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from bot.clock import Clock
from bot.health import Health
from bot.matrix.attachment import attach
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.homeserver import Homeserver
from storage import outbox
from storage.database import Database, DatabaseTrouble
from storage.outbox import Outgoing

AT_ONCE = 8
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STOP_SECONDS = 3.0
TOGETHER_SECONDS = 0.02
MOST_SURPRISES = 5
Done = TypeVar("Done")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row: its event, or the error for which it was given up."""

    row: Outgoing
    event_id: str | None
    error: str | None = None


class Sender:
    """Sends rows of different rooms at the same time and those of one room one after the other."""

    def __init__(self, homeserver: Homeserver, database: Database, clock: Clock, health: Health) -> None:
        self.homeserver = homeserver
        self.database = database
        self.clock = clock
        self.health = health
        self._news = asyncio.Event()
        self._stopping = False
        self._under_way: dict[asyncio.Task[Result], int] = {}

    def wake(self) -> None:
        """Look into the outbox soon."""
        self._news.set()

    def stop(self) -> None:
        """End when what is under way has arrived, at most after a few seconds; the rest waits for the next start."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Send until stopped. Raises TokenRevoked."""
        self._news.set()
        pause = FIRST_PAUSE
        finished: set[asyncio.Task[Result]] = set()
        while not self._stopping:
            try:
                await self._turn(finished)
                finished = await self._next_news()
                pause = FIRST_PAUSE
            except DatabaseTrouble as error:
                log.warning("cannot read the outbox", why=error.reason, again_in=round(pause))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        await self._finish(finished)

    async def _turn(self, finished: set[asyncio.Task[Result]]) -> None:
        """Note what has arrived and start what comes next, in one transaction."""
        self._news.clear()
        async with self.database.begin() as tx:
            await self._mark(tx, finished)
            busy = [room for task, room in self._under_way.items() if task not in finished]
            free = AT_ONCE - len(busy)
            found = await outbox.next_rows(tx, busy, free) if free > 0 else []
        for task in finished:
            self._under_way.pop(task, None)
        finished.clear()
        for row, room, target in found:
            task = asyncio.create_task(self._send(row, room, target))
            self._under_way[task] = row.room_id

    async def _mark(self, tx: Any, finished: set[asyncio.Task[Result]]) -> None:
        for task in finished:
            result = task.result()
            await outbox.mark(tx, result.row, self.clock(), event_id=result.event_id, error=result.error)

    async def _next_news(self) -> set[asyncio.Task[Result]]:
        news = asyncio.create_task(self._news.wait())
        await asyncio.wait({news, *self._under_way}, return_when=asyncio.FIRST_COMPLETED)
        news.cancel()
        if any(not task.done() for task in self._under_way):
            # What arrives together is noted in one transaction.
            await asyncio.wait(self._under_way, timeout=TOGETHER_SECONDS)
        return {task for task in self._under_way if task.done()}

    async def _finish(self, finished: set[asyncio.Task[Result]]) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=STOP_SECONDS)
        finished |= {task for task in self._under_way if task.done() and not task.cancelled()}
        for task in self._under_way:
            task.cancel()
        if finished:
            async with self.database.begin() as tx:
                await self._mark(tx, finished)

    async def _send(self, row: Outgoing, room: str, target: str | None) -> Result:
        """Send one row until it has arrived or the server has said no for good."""
        if row.target_id is not None and target is None:
            return self._given_up(row, "TARGET_NOT_SENT")
        if row.relation in (outbox.PIN, outbox.UNPIN):
            return await self._pin(row, room, target or "")
        content, text = with_relation(row, target), row.attachment
        try:
            if text is not None:
                content = await self._insist(row, lambda: attach(self.homeserver, room, content, text))
            event_id = await self._insist(row, lambda: self.homeserver.send(room, row.event_type, content, row.txn_id))
        except Rejected as error:
            # The same reaction twice is what was wanted.
            return Result(row, None) if error.code == "M_DUPLICATE_ANNOTATION" else self._given_up(row, error.code)
        self.health.sent += 1
        return Result(row, event_id)

    async def _pin(self, row: Outgoing, room: str, target: str) -> Result:
        """Pin or unpin an event. Where the room forbids it, that is no fault: whoever asked for it was told."""
        try:
            event_id = await self._insist(
                row, lambda: self.homeserver.pin(room, target, pinned=row.relation == outbox.PIN)
            )
        except Rejected as error:
            log.info("what is pinned was not changed", room=row.room_id, code=error.code)
            return Result(row, None, error.code)
        return Result(row, event_id)

    async def _insist(self, row: Outgoing, ask: Callable[[], Awaitable[Done]]) -> Done:
        """Ask the server until it answers. Raises Rejected where it says no for good, and TokenRevoked."""
        pause = FIRST_PAUSE
        surprises = 0
        while True:
            wait = pause
            try:
                return await ask()
            except Limited as limited:
                wait = limited.seconds
            except Unreachable as error:
                log.warning("cannot send", why=str(error), again_in=round(pause))
                pause = min(pause * 2, LONGEST_PAUSE)
            except (TokenRevoked, Rejected):
                raise
            except Exception as error:
                # One message that cannot be sent must not hold up its room for ever.
                log.exception("a message could not be sent", room=row.room_id, key=row.key)
                surprises += 1
                if surprises == MOST_SURPRISES:
                    raise Rejected("INTERNAL", "the message cannot be sent") from error
            await asyncio.sleep(wait * random.uniform(1.0, 1.5))  # noqa: S311 - spreads retries

    def _given_up(self, row: Outgoing, code: str) -> Result:
        log.error("a message was refused", room=row.room_id, key=row.key, code=code)
        self.health.not_sent(code)
        return Result(row, None, code)


def with_relation(row: Outgoing, target: str | None) -> dict[str, Any]:
    """Return the row's content with the event that it edits, references or continues."""
    if row.relation is None or target is None:
        return row.content
    relation: dict[str, Any] = {"rel_type": row.relation, "event_id": target}
    if row.relation == "m.thread":
        relation |= {"is_falling_back": True, "m.in_reply_to": {"event_id": target}}
    return {**row.content, "m.relates_to": relation}
