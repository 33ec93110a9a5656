"""Weekly digests: at most one per room and week, who gets one, and what coordinators do before it is sent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    UniqueConstraint,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.due import Due
from storage.rooms import Room, RoomKind, RoomMember

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

    # One that was taken back is deleted, and what was said about it must not mean another one.
    __table_args__ = ({"sqlite_autoincrement": True},)


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


async def kept_inside(tx: AsyncSession) -> set[int]:
    """Return the groups that keep what they do inside: other rooms are told numbers of it and nothing else."""
    return set(await tx.scalars(select(DigestRule.room_id).where(DigestRule.counts_only)))


async def keep_inside(tx: AsyncSession, room_id: int, *, counts_only: bool) -> None:
    """Let other rooms be told numbers of a group and nothing else, or all again."""
    await tx.merge(DigestRule(room_id=room_id, counts_only=counts_only))


class Plan(NamedTuple):
    """A job of digests: which rooms it is for, and when it is due next."""

    what: str
    rooms: ColumnElement[bool]
    at: datetime


# What `Plan.rooms` may be. Who has left their direct chat is found out when the digest is due.
RECEIVES = or_(
    Room.kind.in_(RECEIVERS),
    and_(Room.kind == RoomKind.DIRECT, exists().where(DigestSubscription.room_id == Room.id)),
)
SEES_FIRST = Room.kind == RoomKind.COORDINATORS


async def rooms_without_plan(tx: AsyncSession, plans: Sequence[Plan], now: datetime) -> list[tuple[Plan, list[int]]]:
    """Return of each plan the rooms for which its job is neither planned at its time nor due already, if any."""
    missing = [
        select(literal(number).label("number"), Room.id).where(
            one.rooms,
            Room.joined,
            ~exists().where(Due.what == one.what, Due.subject == Room.id, or_(Due.at <= now, Due.at == one.at)),
        )
        for number, one in enumerate(plans)
    ]
    found: dict[int, list[int]] = {}
    for number, room_id in await tx.execute(union_all(*missing).order_by("number", "id")):
        found.setdefault(number, []).append(room_id)
    return [(plans[number], room_ids) for number, room_ids in found.items()]


async def plan(tx: AsyncSession, job: str, room_ids: Sequence[int], at: datetime) -> None:
    """Let `job` happen in each of these rooms at this instant and at no other."""
    await tx.execute(delete(Due).where(Due.what == job, Due.subject.in_(room_ids)))
    tx.add_all(Due(what=job, subject=room_id, room_id=room_id, at=at, try_at=at) for room_id in room_ids)


async def is_due(tx: AsyncSession, job: str, room_id: int, now: datetime) -> bool:
    """Whether `job` is due in this room and has not happened yet."""
    return bool(await tx.scalar(select(exists().where(Due.what == job, Due.subject == room_id, Due.at <= now))))


async def preview(tx: AsyncSession, number: int) -> Preview | None:
    """Return what is kept of a preview; nobody else changes it until the transaction ends."""
    return await tx.get(Preview, number, with_for_update=True, populate_existing=True)


async def preview_of(tx: AsyncSession, week: str) -> Preview:
    """Return what is kept of a week's preview, a new one if there was none.

    Nobody else changes it until the transaction ends: whoever holds a digest back waits for who sends it.
    """
    query = select(Preview).where(Preview.week == week).with_for_update()
    query = query.execution_options(populate_existing=True)
    found = await tx.scalar(query)
    if found is None:
        try:
            async with tx.begin_nested():
                tx.add(Preview(week=week))
        except IntegrityError:
            pass  # another process has meanwhile
        found = (await tx.scalars(query)).one()
    return found


async def is_held(tx: AsyncSession, week: str) -> bool:
    """Whether the main room's digest of this week is held back."""
    held = and_(Preview.held_at.is_not(None), Preview.released_at.is_(None))
    return bool(await tx.scalar(select(exists().where(Preview.week == week, held))))


async def first_held(tx: AsyncSession) -> str | None:
    """Return the first week whose digest was ever held back."""
    return await tx.scalar(select(func.min(Preview.week)).where(Preview.held_at.is_not(None)))


async def settle(tx: AsyncSession, week: str, at: datetime) -> Sequence[Preview]:
    """Let digests of weeks before this one wait no more, for its own tells what they would have; returns these."""
    held = and_(Preview.held_at.is_not(None), Preview.released_at.is_(None))
    waiting = (await tx.scalars(select(Preview).where(Preview.week < week, held).order_by(Preview.week))).all()
    for one in waiting:
        one.released_at = at
    return waiting


async def highlight(tx: AsyncSession, number: int) -> Highlight | None:
    """Return the highlight with this internal number."""
    return await tx.get(Highlight, number)


async def highlights_since(tx: AsyncSession, since: datetime | None) -> Sequence[Highlight]:
    """Return the highlights that count from then on, in the order in which digests show them."""
    query = select(Highlight).order_by(Highlight.counts_at, Highlight.id)
    return (await tx.scalars(query.where(Highlight.counts_at >= since) if since else query)).all()


async def subscription(tx: AsyncSession, room_id: int) -> DigestSubscription | None:
    """Return who has the personal digest in this direct chat."""
    return await tx.get(DigestSubscription, room_id)


async def reader(tx: AsyncSession, room: Room) -> DigestSubscription | None:
    """Return who gets the personal digest in this room: who asked for it in this direct chat and is still there."""
    if room.kind != RoomKind.DIRECT:
        return None
    there = and_(RoomMember.room_id == DigestSubscription.room_id, RoomMember.user_id == DigestSubscription.user_id)
    query = select(DigestSubscription).join(RoomMember, there)
    return await tx.scalar(query.where(DigestSubscription.room_id == room.id, RoomMember.membership == "join"))


async def subscriptions_of(tx: AsyncSession, user_id: str) -> Sequence[DigestSubscription]:
    """Return the direct chats in which somebody has the personal digest."""
    query = select(DigestSubscription).where(DigestSubscription.user_id == user_id)
    return (await tx.scalars(query.order_by(DigestSubscription.room_id))).all()


async def unsubscribe(tx: AsyncSession, room_ids: Collection[int]) -> None:
    """Let these direct chats get no personal digest any more; what is planned of it finds nobody."""
    await tx.execute(delete(DigestSubscription).where(DigestSubscription.room_id.in_(room_ids)))


async def who_left(tx: AsyncSession, gone: Collection[tuple[int, str]]) -> None:
    """End the subscriptions of people who left these rooms: (room, user id)."""
    key = tuple_(DigestSubscription.room_id, DigestSubscription.user_id)
    await tx.execute(delete(DigestSubscription).where(key.in_(list(gone))))
