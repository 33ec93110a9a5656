"""The life of a deadline: one transaction each, and for some jobs a look at the server before it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.context import Context
from commands.kit.message import Look, Message
from commands.kit.outcome import Outcome
from commands.kit.post import post
from commands.kit.setup import Setup
from commands.kit.texts import Catalogue
from commands.kit.triggers import Job, Looks
from commands.kit.vocabulary import Vocabulary
from storage import due
from storage.database import Database, DatabaseTrouble
from storage.due import Due
from storage.rooms import Room

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Errand:
    """A deadline whose job wants to see something on the server before it works."""

    row: Due
    looks: Sequence[Look]


class Deadlines:
    """Fires due rows, each in a transaction of its own; a failing one moves back.

    Rows of jobs that look at the server are fired in two steps (`next_errand`, `run`), one errand at a time.
    """

    def __init__(
        self,
        database: Database,
        setup: Setup,
        vocabulary: Vocabulary,
        catalogues: Mapping[str, Catalogue],
        jobs: Iterable[Job],
    ) -> None:
        self.database = database
        self.setup = setup
        self.vocabulary = vocabulary
        self.catalogues = catalogues
        self._jobs = {one.name: one for one in jobs}
        self._looks: dict[str, Looks] = {name: one.looks for name, one in self._jobs.items() if one.looks}
        self.looking = frozenset(self._looks)
        self._taken_back: set[str] = set()

    async def fire_next(self, now: datetime) -> Outcome:
        """Do the earliest thing that is due and needs no look; `handled` is False if there is none.

        Raises only DatabaseTrouble.
        """
        failed = 0
        try:
            async with self.database.begin() as tx:
                row = await due.take(tx, now, without=self.looking)
                if row is None:
                    return Outcome(handled=False)
                failed = row.id
                return await self._fire(tx, row, now)
        except DatabaseTrouble:
            raise
        except Exception:
            log.exception("a deadline could not be handled", due=failed)
        await self._postpone(failed, now)
        return Outcome(handled=True)

    async def next_errand(self, now: datetime) -> Errand | None:
        """Return the earliest thing that is due and needs a look, or None. Raises only DatabaseTrouble."""
        self._taken_back.clear()
        while True:
            failed = 0
            try:
                async with self.database.begin() as tx:
                    row = await due.take(tx, now, only=self.looking)
                    if row is None:
                        return None
                    failed = row.id
                    return Errand(row, await self._looks[row.what](await self._context(tx, row, now), row.subject))
            except DatabaseTrouble:
                raise
            except Exception:
                log.exception("a deadline could not be handled", due=failed)
            await self._postpone(failed, now)

    async def run(self, errand: Errand, found: Iterable[Message], now: datetime) -> Outcome:
        """Do the errand with what was found; `handled` is False if its row has gone. Raises only DatabaseTrouble."""
        try:
            async with self.database.begin() as tx:
                row = await due.take_again(tx, errand.row)
                return await self._fire(tx, row, now, self._in_order(found)) if row else Outcome(handled=False)
        except DatabaseTrouble:
            raise
        except Exception:
            log.exception("a deadline could not be handled", due=errand.row.id)
        return await self.put_off(errand, now)

    async def put_off(self, errand: Errand, now: datetime) -> Outcome:
        """Try the errand again later, if its row is still there. Raises only DatabaseTrouble."""
        async with self.database.begin() as tx:
            row = await due.take_again(tx, errand.row)
            if row is not None:
                await due.postpone(tx, row.id, now)
        return Outcome(handled=row is not None)

    def taken_back(self, event_id: str) -> None:
        """Note that an event is redacted: what was read from the server just before shall not bring it back."""
        self._taken_back.add(event_id)

    def _in_order(self, found: Iterable[Message]) -> list[Message]:
        """Return each message that counts once, by time."""
        once = {one.event_id: one for one in found if one.sender not in self.setup.nobody}
        counting = (one for one in once.values() if one.event_id not in self._taken_back)
        return sorted(counting, key=lambda one: (one.at, one.event_id))

    async def _fire(self, tx: AsyncSession, row: Due, now: datetime, found: Sequence[Message] = ()) -> Outcome:
        job = self._jobs[row.what]
        ctx = await self._context(tx, row, now)
        ctx.found = found
        await due.done(tx, row)
        await post(ctx, await job.handler(ctx, row.subject), self.catalogues)
        return Outcome(handled=True, next_due=ctx.next_due)

    async def _context(self, tx: AsyncSession, row: Due, now: datetime) -> Context:
        room = await tx.get_one(Room, row.room_id)
        return Context(tx, self.setup, self.vocabulary, room, self.setup.user_id, now, planned=row.at)

    async def _postpone(self, due_id: int, now: datetime) -> None:
        async with self.database.begin() as tx:
            await due.postpone(tx, due_id, now)
