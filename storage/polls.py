"""Polls and their ballots."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import JSON, Exists, ForeignKey, Index, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from storage.base import Base


class PollState(StrEnum):
    """Where a poll stands."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Poll(Base):
    """A question to one room, with 2 to 20 options that are numbered from 1."""

    __tablename__ = "polls"
    noun: ClassVar[str] = "poll"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    question: Mapped[str]
    options: Mapped[list[str]]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default=PollState.OPEN)
    eligible: Mapped[int | None]
    extensions: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)

    __table_args__ = (Index(None, "room_id", "state", "closes_at"), Index(None, "state", "closed_at"))

    @property
    def is_open(self) -> bool:
        """Whether ballots still count."""
        return self.state == PollState.OPEN


class Ballot(Base):
    """What one person chose in one event; the latest that was not withdrawn counts."""

    __tablename__ = "ballots"
    noun: ClassVar[str] = "ballot"

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id", ondelete="CASCADE"))
    user_id: Mapped[str]
    choice: Mapped[int]
    cast_at: Mapped[datetime]
    event_id: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (Index(None, "poll_id", "user_id", "cast_at"),)


async def find(tx: AsyncSession, number: int) -> Poll | None:
    """Return the poll with this number."""
    return await tx.get(Poll, number)


async def ballots(tx: AsyncSession, poll: Poll) -> Sequence[Ballot]:
    """Return all ballots of a poll, oldest first by the server's clock."""
    query = select(Ballot).where(Ballot.poll_id == poll.id)
    return (await tx.scalars(query.order_by(Ballot.cast_at, Ballot.id))).all()


async def ballot_of_event(tx: AsyncSession, event_id: str) -> Ballot | None:
    """Return the ballot that this event cast."""
    return await tx.scalar(select(Ballot).where(Ballot.event_id == event_id))


async def open_polls(tx: AsyncSession, room_id: int) -> Sequence[Poll]:
    """Return the open polls of a room, the next to close first."""
    query = select(Poll).where(Poll.room_id == room_id, Poll.state == PollState.OPEN)
    return (await tx.scalars(query.order_by(Poll.closes_at, Poll.id))).all()


async def closed_polls(tx: AsyncSession, room_id: int, limit: int) -> Sequence[Poll]:
    """Return the latest closed polls of a room."""
    query = select(Poll).where(Poll.room_id == room_id, Poll.state == PollState.CLOSED)
    return (await tx.scalars(query.order_by(Poll.closed_at.desc(), Poll.id.desc()).limit(limit))).all()


async def closed_between(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[Poll]:
    """Return the polls of all rooms that closed in `since <= t < until`, in order of closing."""
    query = select(Poll).where(Poll.state == PollState.CLOSED, Poll.closed_at >= since, Poll.closed_at < until)
    return (await tx.scalars(query.order_by(Poll.closed_at, Poll.id))).all()


async def all_open(tx: AsyncSession) -> Sequence[Poll]:
    """Return the open polls of all rooms, the next to close first."""
    query = select(Poll).where(Poll.state == PollState.OPEN)
    return (await tx.scalars(query.order_by(Poll.closes_at, Poll.id))).all()


async def voters(tx: AsyncSession, poll_ids: Sequence[int]) -> dict[int, int]:
    """Count the people whose latest ballot chose something, for each of these polls that has any."""
    query = select(Ballot.poll_id, func.count(func.distinct(Ballot.user_id))).where(Ballot.poll_id.in_(poll_ids))
    found = await tx.execute(query.where(Ballot.choice > 0, ~_overtaken()).group_by(Ballot.poll_id))
    return dict(found.all())


async def votes_per_option(tx: AsyncSession, poll_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Count the latest ballots for each option that has any, of each of these polls that has any."""
    query = select(Ballot.poll_id, Ballot.choice, func.count()).where(Ballot.poll_id.in_(poll_ids))
    query = query.where(Ballot.choice > 0, ~_overtaken()).group_by(Ballot.poll_id, Ballot.choice)
    found: dict[int, dict[int, int]] = {}
    for poll_id, choice, votes in await tx.execute(query):
        found.setdefault(poll_id, {})[choice] = votes
    return found


def _overtaken() -> Exists:
    """Whether the same person cast a later ballot in the same poll."""
    later = aliased(Ballot)
    return exists().where(
        later.poll_id == Ballot.poll_id,
        later.user_id == Ballot.user_id,
        tuple_(later.cast_at, later.id) > tuple_(Ballot.cast_at, Ballot.id),
    )
