"""Events that could not be decrypted yet, kept until their key comes or nobody waits for it any more."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.rooms import Room

NO_KEY = "no-key"
UNSIGNED_DEVICE = "unsigned-device"
NOTHING: dict[str, Any] = {}


class Undecrypted(Base):
    """An encrypted event as it came (`source`), when it was sent by the server's clock, and why it cannot be read.

    `waits` is False once it was read: such a row stays, without its source, only where its sender was told (`told_at`),
    so that nobody is told twice a day.
    """

    __tablename__ = "undecrypted"
    noun: ClassVar[str] = "undecrypted"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    sender: Mapped[str]
    session_id: Mapped[str]
    source: Mapped[dict[str, Any]]
    reason: Mapped[str]
    at: Mapped[datetime]
    waits: Mapped[bool]
    told_at: Mapped[datetime | None]

    # A number is never given twice: what is planned for a row that is gone must not mean another.
    __table_args__ = (
        Index(None, "session_id", "room_id"),
        Index(None, "sender", "told_at"),
        Index(None, "at"),
        {"sqlite_autoincrement": True},
    )


WAITING = select(Undecrypted, Room.matrix_id).join(Room, Room.id == Undecrypted.room_id).where(Undecrypted.waits)


async def keep(
    tx: AsyncSession,
    room: Room,
    event_id: str,
    sender: str,
    session_id: str,
    source: dict[str, Any],
    at: datetime,
    *,
    reason: str = NO_KEY,
) -> Undecrypted | None:
    """Keep an event; None if it is kept already.

    `at` decides when it is dropped: hand in no time that is still to come, whatever its server says.
    """
    values = {"event_id": event_id, "room_id": room.id, "sender": sender, "session_id": session_id, "source": source}
    try:
        async with tx.begin_nested():
            await tx.execute(insert(Undecrypted).values(**values, reason=reason, at=at, waits=True))
    except IntegrityError:
        return None
    return await tx.scalar(select(Undecrypted).where(Undecrypted.event_id == event_id))


async def find(tx: AsyncSession, number: int) -> Undecrypted | None:
    """Return the row with this number."""
    return await tx.get(Undecrypted, number)


async def waiting_by(
    tx: AsyncSession, session_ids: Collection[str], senders: Collection[str], limit: int, *, after: int = 0
) -> Sequence[tuple[Undecrypted, str]]:
    """Return (row, Matrix room id) of what waits for one of these keys, or was sent by one of these people.

    At most `limit`, in the order in which they came, from behind the row with the number `after`.
    """
    these = Undecrypted.session_id.in_(session_ids) | Undecrypted.sender.in_(senders)
    return await _waiting(tx, WAITING.where(these), limit, after)


async def all_waiting(tx: AsyncSession, limit: int, *, after: int = 0) -> Sequence[tuple[Undecrypted, str]]:
    """Return (row, Matrix room id) of events that wait, as `waiting_by` does."""
    return await _waiting(tx, WAITING, limit, after)


async def _waiting(
    tx: AsyncSession, query: Select[Undecrypted, str], limit: int, after: int
) -> Sequence[tuple[Undecrypted, str]]:
    found = await tx.execute(query.where(Undecrypted.id > after).order_by(Undecrypted.id).limit(limit))
    return [(row, matrix_id) for row, matrix_id in found]


async def forget(tx: AsyncSession, event_ids: Collection[str]) -> None:
    """Let these events wait no more: they were read."""
    these = Undecrypted.event_id.in_(event_ids)
    await tx.execute(delete(Undecrypted).where(these, Undecrypted.told_at.is_(None)))
    await tx.execute(update(Undecrypted).where(these).values(waits=False, source=NOTHING))


async def told_since(tx: AsyncSession, sender: str, since: datetime) -> bool:
    """Whether somebody was told since this instant, in whichever room, that a message of theirs cannot be read."""
    query = select(Undecrypted.id).where(Undecrypted.sender == sender, Undecrypted.told_at >= since)
    return await tx.scalar(query.limit(1)) is not None


async def drop_older(tx: AsyncSession, before: datetime) -> None:
    """Drop what was sent before this instant."""
    await tx.execute(delete(Undecrypted).where(Undecrypted.at < before))
