"""Polls and their ballots."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import JSON, ForeignKey, Index, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, deferred, mapped_column, undefer

from storage.base import Base
from storage.due import Due
from storage.municipalities import Seat
from storage.rooms import Room, RoomMember, in_order


class PollState(StrEnum):
    """Where a poll stands."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class PollKind(StrEnum):
    """What a ballot says: one option, several, yes or if need be per date, one of five steps, points per option."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    DATE = "date"
    PULSE = "pulse"
    RANKING = "ranking"


class Suffrage(StrEnum):
    """Who has a vote: every person, or every municipality."""

    PERSON = "person"
    MUNICIPALITY = "municipality"


class Majority(StrEnum):
    """What the winner needs: the most votes, more than half of the votes cast, or at least two thirds of them."""

    SIMPLE = "simple"
    ABSOLUTE = "absolute"
    TWO_THIRDS = "two-thirds"


class Poll(Base):
    """A question with 2 to 20 options that are numbered from 1, asked in the rooms of its `PollRoom` rows.

    `room_id` is where it was asked and from where it is led. `options` of a date poll are ISO 8601 intervals in UTC.
    `most` is how many options, or points, a ballot may give. `quorum` is a number or a percentage (`12`, `50%`).
    `outcome` is the tally as it was last shown, and for ever once the poll is closed, then with who voted what where
    that is told; `electorate` is who could vote then.
    `shown_at` is when the status message was last written. `then` names the job that follows the closing.
    """

    __tablename__ = "polls"
    noun: ClassVar[str] = "poll"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(default=PollKind.SINGLE)
    question: Mapped[str]
    options: Mapped[list[str]]
    most: Mapped[int] = mapped_column(default=1)
    hidden: Mapped[bool] = mapped_column(default=False)
    by_name: Mapped[bool] = mapped_column(default=False)
    ends_with_all: Mapped[bool] = mapped_column(default=False)
    suffrage: Mapped[str] = mapped_column(default=Suffrage.PERSON)
    quorum: Mapped[str | None]
    majority: Mapped[str] = mapped_column(default=Majority.SIMPLE)
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default=PollState.OPEN)
    extensions: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    electorate: Mapped[list[Any] | None] = deferred(mapped_column(JSON(none_as_null=True)), raiseload=True)
    shown_at: Mapped[datetime | None]
    then: Mapped[str | None]

    __table_args__ = (
        Index(None, "room_id", "state", "closes_at"),
        Index(None, "state", "closed_at"),
        Index(None, "opened_at"),
    )

    @property
    def is_open(self) -> bool:
        """Whether ballots still count."""
        return self.state == PollState.OPEN


class PollRoom(Base):
    """A room in which a poll can be voted on."""

    __tablename__ = "poll_rooms"

    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True, index=True)


class Ballot(Base):
    """What one person chose in one event: points per option number (as JSON keeps it, a string).

    A `whole` ballot replaces what the person chose before, one that is not adds to it. No choices at all take the
    vote back. `room_id` is where it was cast.
    """

    __tablename__ = "ballots"
    noun: ClassVar[str] = "ballot"

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("polls.id", ondelete="CASCADE"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[str]
    choices: Mapped[dict[str, Any]]
    whole: Mapped[bool] = mapped_column(default=True)
    cast_at: Mapped[datetime]
    event_id: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (Index(None, "poll_id", "user_id", "cast_at"), Index(None, "cast_at"))


class BallotRow(NamedTuple):
    """A ballot as counting needs it."""

    poll_id: int
    user_id: str
    choices: dict[str, int]
    whole: bool
    cast_at: datetime
    event_id: str


async def find(tx: AsyncSession, number: int, *, lock: bool = False) -> Poll | None:
    """Return the poll with this number; `lock`: nobody else changes it or its ballots until the transaction ends."""
    return await tx.get(Poll, number, with_for_update=lock)


async def by_ids(tx: AsyncSession, numbers: Collection[int]) -> Sequence[Poll]:
    """Return the polls with these numbers, in their order."""
    return (await tx.scalars(select(Poll).where(Poll.id.in_(numbers)).order_by(Poll.id))).all()


async def with_electorate(tx: AsyncSession, number: int) -> Poll:
    """Return the poll with this number together with who could vote when it was closed."""
    query = select(Poll).where(Poll.id == number).options(undefer(Poll.electorate))
    return (await tx.scalars(query.execution_options(populate_existing=True))).one()


async def set_rooms(tx: AsyncSession, poll: Poll, room_ids: Collection[int]) -> None:
    """Make these all the rooms in which the poll can be voted on."""
    stored = {row.room_id: row for row in await tx.scalars(select(PollRoom).where(PollRoom.poll_id == poll.id))}
    for room_id, row in stored.items():
        if room_id not in room_ids:
            await tx.delete(row)
    tx.add_all(PollRoom(poll_id=poll.id, room_id=one) for one in room_ids if one not in stored)


async def rooms_of(tx: AsyncSession, poll_ids: Collection[int]) -> dict[int, list[Room]]:
    """Return the joined rooms in which each of these polls can be voted on, in the order in which people list them."""
    query = select(PollRoom.poll_id, Room).join(Room, Room.id == PollRoom.room_id)
    found: dict[int, list[Room]] = {number: [] for number in poll_ids}
    for number, room in await tx.execute(query.where(PollRoom.poll_id.in_(poll_ids), Room.joined)):
        found[number].append(room)
    return {number: in_order(rooms) for number, rooms in found.items()}


async def is_asked_in(tx: AsyncSession, poll: Poll, room_id: int) -> bool:
    """Whether the poll can be voted on in this room."""
    return await tx.get(PollRoom, (poll.id, room_id)) is not None


async def ballots(tx: AsyncSession, poll_ids: Collection[int]) -> dict[int, list[BallotRow]]:
    """Return all ballots of each of these polls, oldest first by the server's clock."""
    query = select(Ballot.poll_id, Ballot.user_id, Ballot.choices, Ballot.whole, Ballot.cast_at, Ballot.event_id).where(
        Ballot.poll_id.in_(poll_ids)
    )
    found: dict[int, list[BallotRow]] = {number: [] for number in poll_ids}
    for row in await tx.execute(query.order_by(Ballot.cast_at, Ballot.event_id)):
        found[row.poll_id].append(BallotRow(*row))
    return found


async def present(tx: AsyncSession, room_ids: Collection[int]) -> Sequence[tuple[str, int, int | None, str | None]]:
    """Return (user id, room, municipality, standing) of everybody joined in one of these rooms."""
    query = select(RoomMember.user_id, RoomMember.room_id, Seat.municipality_id, Seat.standing)
    query = query.outerjoin(Seat, Seat.user_id == RoomMember.user_id)
    query = query.where(RoomMember.room_id.in_(room_ids), RoomMember.membership == "join")
    return [(user, room, town, standing) for user, room, town, standing in await tx.execute(query)]


async def has_ballots(tx: AsyncSession, poll: Poll) -> bool:
    """Whether anybody has cast a ballot."""
    return bool(await tx.scalar(select(exists().where(Ballot.poll_id == poll.id))))


async def has_voted(tx: AsyncSession, poll: Poll, user_id: str) -> bool:
    """Whether this person has cast a ballot."""
    return bool(await tx.scalar(select(exists().where(Ballot.poll_id == poll.id, Ballot.user_id == user_id))))


async def stored_ballots(tx: AsyncSession, poll: Poll) -> Sequence[Ballot]:
    """Return the ballots of a poll to work on, oldest first by the server's clock."""
    query = select(Ballot).where(Ballot.poll_id == poll.id)
    return (await tx.scalars(query.order_by(Ballot.cast_at, Ballot.event_id))).all()


async def cast_in(tx: AsyncSession, poll: Poll) -> dict[str, str]:
    """Return the Matrix room id of where each ballot was cast, by its event."""
    query = select(Ballot.event_id, Room.matrix_id).join(Room, Room.id == Ballot.room_id)
    return dict((await tx.execute(query.where(Ballot.poll_id == poll.id))).all())


async def ballot_of_event(tx: AsyncSession, event_id: str) -> Ballot | None:
    """Return the ballot that this event cast."""
    return await tx.scalar(select(Ballot).where(Ballot.event_id == event_id))


async def open_polls(tx: AsyncSession, room_ids: Collection[int]) -> Sequence[Poll]:
    """Return the open polls that are asked in, or led from, one of these rooms, the next to close first."""
    asked = select(PollRoom.poll_id).where(PollRoom.room_id.in_(room_ids))
    query = select(Poll).where(Poll.state == PollState.OPEN, Poll.id.in_(asked) | Poll.room_id.in_(room_ids))
    return (await tx.scalars(query.order_by(Poll.closes_at, Poll.id))).all()


async def closed_polls(tx: AsyncSession, room_ids: Collection[int], limit: int) -> Sequence[Poll]:
    """Return the latest closed polls that were asked in, or led from, one of these rooms."""
    asked = select(PollRoom.poll_id).where(PollRoom.room_id.in_(room_ids))
    query = select(Poll).where(Poll.state == PollState.CLOSED, Poll.id.in_(asked) | Poll.room_id.in_(room_ids))
    return (await tx.scalars(query.order_by(Poll.closed_at.desc(), Poll.id.desc()).limit(limit))).all()


async def led_from(tx: AsyncSession, room_id: int, closed_since: datetime) -> Sequence[Poll]:
    """Return the polls that a room leads, open or closed since then, oldest first; no pulses."""
    mine = select(Poll).where(Poll.room_id == room_id, Poll.kind != PollKind.PULSE)
    running = await tx.scalars(mine.where(Poll.state == PollState.OPEN).order_by(Poll.id))
    closed = mine.where(Poll.state == PollState.CLOSED, Poll.closed_at >= closed_since)
    return sorted([*running, *await tx.scalars(closed)], key=lambda poll: poll.id)


async def move_due(tx: AsyncSession, whats: Collection[str]) -> datetime | None:
    """Let what is due of polls in rooms that the bot has left be due in a joined room that is asked.

    Returns when the earliest of that is due.
    """
    asked = select(func.min(PollRoom.room_id)).join(Room, Room.id == PollRoom.room_id)
    asked = asked.where(PollRoom.poll_id == Due.subject, Room.joined)
    left = select(Room.id).where(~Room.joined)
    query = update(Due).where(Due.what.in_(whats), Due.room_id.in_(left), asked.scalar_subquery().is_not(None))
    moved = await tx.scalars(query.values(room_id=asked.scalar_subquery()).returning(Due.try_at))
    return min(moved, default=None)


async def last_pulse(tx: AsyncSession, room_id: int, question: str, before: datetime) -> Poll | None:
    """Return the latest closed pulse of a room that asked the same before."""
    query = select(Poll).where(
        Poll.room_id == room_id,
        Poll.state == PollState.CLOSED,
        Poll.kind == PollKind.PULSE,
        Poll.question == question,
        Poll.closed_at < before,
    )
    return await tx.scalar(query.order_by(Poll.closed_at.desc()).limit(1))


async def closed_between(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[Poll]:
    """Return the polls of all rooms that closed in `since <= t < until`, in order of closing."""
    query = select(Poll).where(Poll.state == PollState.CLOSED, Poll.closed_at >= since, Poll.closed_at < until)
    return (await tx.scalars(query.order_by(Poll.closed_at, Poll.id))).all()


async def all_open(tx: AsyncSession) -> Sequence[Poll]:
    """Return the open polls of all rooms, the next to close first."""
    query = select(Poll).where(Poll.state == PollState.OPEN)
    return (await tx.scalars(query.order_by(Poll.closes_at, Poll.id))).all()
