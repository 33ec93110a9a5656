"""Weekly digests: at most one per room and week, who gets one, and what coordinators do before it is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, UniqueConstraint, delete, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.due import Due
from storage.rooms import Room, RoomKind

RECEIVERS = (RoomKind.MAIN, RoomKind.COORDINATORS)


class Digest(Base):
    """The weekly digest of one room; `week` is the ISO week (`2026-W48`), `until` where the next one begins."""

    __tablename__ = "digests"
    noun: ClassVar[str] = "digest"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    week: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]

    __table_args__ = (UniqueConstraint("room_id", "week"),)


class Preview(Base):
    """What coordinators did with the main room's digest of a week (`2026-W48`) before it is sent.

    `shown_at` is when they were shown it, `held_at` since when they hold it back, `released_at` when they let it go.
    """

    __tablename__ = "digest_previews"
    noun: ClassVar[str] = "digest preview"

    id: Mapped[int] = mapped_column(primary_key=True)
    week: Mapped[str] = mapped_column(unique=True)
    shown_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    held_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]

    @property
    def is_held(self) -> bool:
        """Whether the digest waits for somebody to release it."""
        return self.held_at is not None and self.released_at is None


class Highlight(Base):
    """What coordinators want to stand at the top of a digest: of the one in whose window `counts_at` lies."""

    __tablename__ = "highlights"
    noun: ClassVar[str] = "highlight"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    counts_at: Mapped[datetime] = mapped_column(index=True)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    event_id: Mapped[str | None]


class DigestSubscription(Base):
    """That somebody wants the personal digest, in this direct chat."""

    __tablename__ = "digest_subscriptions"

    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]


class DigestRule(Base):
    """What other rooms are told of a group: `counts_only` keeps its content inside."""

    __tablename__ = "digest_rules"

    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    counts_only: Mapped[bool]


async def counted_only(tx: AsyncSession) -> set[int]:
    """Return the groups of which other rooms are told numbers and nothing else."""
    return set(await tx.scalars(select(DigestRule.room_id).where(DigestRule.counts_only)))


async def find(tx: AsyncSession, room_id: int, week: str) -> Digest | None:
    """Return the digest that this room got in this week."""
    return await tx.scalar(select(Digest).where(Digest.room_id == room_id, Digest.week == week))


async def last_until(tx: AsyncSession, room_id: int) -> datetime | None:
    """Return the end of the room's latest digest."""
    return await tx.scalar(select(func.max(Digest.until)).where(Digest.room_id == room_id))


async def claim(tx: AsyncSession, digest: Digest) -> bool:
    """Store the digest with this transaction; False if another process has stored this room's week meanwhile."""
    try:
        async with tx.begin_nested():
            tx.add(digest)
    except IntegrityError:
        return False
    return True


async def highlights(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[Highlight]:
    """Return the highlights that count in `since <= t < until`, in the order in which they were made."""
    query = select(Highlight).where(Highlight.counts_at >= since, Highlight.counts_at < until)
    return (await tx.scalars(query.order_by(Highlight.id))).all()


async def keeping_inside(tx: AsyncSession) -> set[int]:
    """Return the groups that keep what they do inside: other rooms are told numbers of it and nothing else."""
    return set(await tx.scalars(select(DigestRule.room_id).where(DigestRule.counts_only)))


async def keep_inside(tx: AsyncSession, room_id: int, *, counts_only: bool) -> None:
    """Let other rooms be told numbers of a group and nothing else, or all again."""
    await tx.merge(DigestRule(room_id=room_id, counts_only=counts_only))


async def rooms_without_plan(tx: AsyncSession, job: str, last: datetime, following: datetime) -> Sequence[int]:
    """Return the receiving rooms for which `job` is neither planned at `following` nor still due since `last`."""
    planned = exists().where(Due.what == job, Due.subject == Room.id, or_(Due.at <= last, Due.at == following))
    query = select(Room.id).where(Room.kind.in_(RECEIVERS), Room.joined, ~planned)
    return (await tx.scalars(query.order_by(Room.id))).all()


async def plan(tx: AsyncSession, job: str, room_ids: Sequence[int], at: datetime) -> None:
    """Let `job` happen in each of these rooms at this instant and at no other."""
    await tx.execute(delete(Due).where(Due.what == job, Due.subject.in_(room_ids)))
    tx.add_all(Due(what=job, subject=room_id, room_id=room_id, at=at, try_at=at) for room_id in room_ids)


async def kept_inside(tx: AsyncSession) -> set[int]:
    """Return the rooms of the groups whose content other rooms are not told."""
    return set(await tx.scalars(select(DigestRule.room_id).where(DigestRule.counts_only)))
