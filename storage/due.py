"""What is still to happen, and when."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    UniqueConstraint,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.rooms import Room

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)


class Due(Base):
    """One thing to do at `at`; `try_at` moves back when it failed. The row goes when it is done."""

    __tablename__ = "due"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    try_at: Mapped[datetime]
    what: Mapped[str]
    subject: Mapped[int]
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    attempts: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("what", "subject", "at"), Index(None, "try_at"))


# Built once, for most commands plan something.
GIVEN = {name: bindparam(name, type_=Due.__table__.c[name].type) for name in ("what", "subject", "room_id", "at")}
SAME = exists().where(*(Due.__table__.c[name] == GIVEN[name] for name in ("what", "subject", "at")))
ADD = insert(Due).from_select([*GIVEN, "try_at"], select(*GIVEN.values(), GIVEN["at"].label("try_at")).where(~SAME))


async def add(tx: AsyncSession, what: str, subject: int, room_id: int, at: datetime) -> None:
    """Plan `what` for `subject`, at once; planning the same again changes nothing."""
    values = {"what": what, "subject": subject, "room_id": room_id, "at": at}
    await (await tx.connection()).execute(ADD, values)


async def is_planned(tx: AsyncSession, what: str, subject: int, *, by: datetime | None = None) -> bool:
    """Whether this is planned for the subject, at whatever time, or `by` then."""
    planned = exists().where(Due.what == what, Due.subject == subject)
    return bool(await tx.scalar(select(planned.where(Due.at <= by) if by is not None else planned)))


async def planned_for(tx: AsyncSession, what: str) -> set[int]:
    """Return the subjects for which this is planned."""
    return set(await tx.scalars(select(Due.subject).where(Due.what == what)))


async def cancel(tx: AsyncSession, what: str, subject: int) -> None:
    """Drop all that is planned of this kind for the subject."""
    await tx.execute(delete(Due).where(Due.what == what, Due.subject == subject))


async def take(
    tx: AsyncSession, now: datetime, *, only: Collection[str] | None = None, without: Collection[str] = ()
) -> Due | None:
    """Return the earliest row of these kinds that is due, claimed for this transaction (other processes skip it)."""
    query = select(Due).join(Room, Room.id == Due.room_id).where(Due.try_at <= now, Room.joined)
    query = query.where(*_of_kinds(only, without))
    return await tx.scalar(query.order_by(Due.try_at, Due.id).limit(1).with_for_update(skip_locked=True, of=Due))


async def take_again(tx: AsyncSession, row: Due) -> Due | None:
    """Return a row that was taken before, claimed as in `take`; None if it has gone, or its room.

    Its id alone says nothing: SQLite gives that of the newest row out again.
    """
    same = (Due.id == row.id, Due.what == row.what, Due.subject == row.subject, Due.at == row.at)
    query = select(Due).join(Room, Room.id == Due.room_id).where(*same, Room.joined)
    return await tx.scalar(query.with_for_update(skip_locked=True, of=Due))


async def done(tx: AsyncSession, row: Due) -> None:
    """Forget a row that was handled."""
    await tx.execute(delete(Due).where(Due.id == row.id))


async def postpone(tx: AsyncSession, due_id: int, now: datetime) -> None:
    """Move a row that failed back by a delay that doubles each time, up to an hour."""
    attempts = await tx.scalar(select(Due.attempts).where(Due.id == due_id)) or 0
    delay = min(FIRST_DELAY * 2 ** min(attempts, 10), LONGEST_DELAY)
    await tx.execute(update(Due).where(Due.id == due_id).values(attempts=attempts + 1, try_at=now + delay))


async def next_at(
    tx: AsyncSession, *, only: Collection[str] | None = None, without: Collection[str] = ()
) -> datetime | None:
    """Return when the earliest row of these kinds is due."""
    query = select(func.min(Due.try_at)).join(Room, Room.id == Due.room_id).where(Room.joined)
    return await tx.scalar(query.where(*_of_kinds(only, without)))


def _of_kinds(only: Collection[str] | None, without: Collection[str]) -> Iterator[ColumnElement[bool]]:
    if only is not None:
        yield Due.what.in_(only)
    if without:
        yield Due.what.not_in(without)
