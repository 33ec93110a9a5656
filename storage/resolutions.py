"""Resolutions: what a group has decided, rejected or postponed, and who objected while one went round."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import ForeignKey, Index, Select, UniqueConstraint, delete, exists, func, insert, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from storage.actions import ActionItem
from storage.base import Base
from storage.polls import PollRoom
from storage.rooms import Room
from storage.words import BYTEWISE, begins, words_of


class ResolutionName(NamedTuple):
    """How people call a resolution: its year and its number in it, over all groups."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return `B-2026-014`."""
        return f"B-{self.year}-{self.number:03}"


class ResolutionState(StrEnum):
    """Where a resolution stands; `open` while it goes round, `withdrawn` if its command was taken back."""

    OPEN = "open"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    POSTPONED = "postponed"
    WITHDRAWN = "withdrawn"


class Procedure(StrEnum):
    """How a resolution comes about: entered by a chair, by consent unless somebody objects, or by a vote."""

    ENTERED = "entered"
    CONSENT = "consent"
    VOTE = "vote"


class Resolution(Base):
    """A resolution, called `B-2026-014`: the 14th of its year, over all groups.

    `event_id` is the message that it arose from, `said_by` who wrote that one where the resolution has its words from
    there: it was tagged, and is no command. `said_at` is where it stands in minutes, by the server's clock.
    `poll_id` is the poll that decided it or will. `decided_on` is a day in the room's zone. `replaces_id` is kept only
    while this one is in force or may come into force. `outcome` is what was recorded when a circulation ended
    (`eligible`, `agreed`, `silent`, `objections` as [user, municipality, reason]), when a poll decided (`eligible`,
    `voters`, `verdict`), or when it was called off (`reason`).
    """

    __tablename__ = "resolutions"
    noun: ClassVar[str] = "resolution"

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    number: Mapped[int]
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    text: Mapped[str]
    state: Mapped[str]
    procedure: Mapped[str] = mapped_column(default=Procedure.ENTERED)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_on: Mapped[date | None]
    review_on: Mapped[date | None] = mapped_column(index=True)
    event_id: Mapped[str | None] = mapped_column(index=True)
    said_by: Mapped[str | None]
    said_at: Mapped[datetime | None]
    poll_id: Mapped[int | None] = mapped_column(ForeignKey("polls.id", ondelete="SET NULL"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings.id", ondelete="SET NULL"), index=True)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("resolutions.id", ondelete="SET NULL"), unique=True)
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        UniqueConstraint("year", "number"),
        Index(None, "room_id", "year", "number"),
        Index(None, "state", "decided_at"),
    )

    @property
    def name(self) -> str:
        """How people call it."""
        return str(ResolutionName(self.year, self.number))

    @property
    def is_open(self) -> bool:
        """Whether it still goes round or is voted on."""
        return self.state == ResolutionState.OPEN


class ResolutionRoom(Base):
    """A room in which a resolution by consent goes round."""

    __tablename__ = "resolution_rooms"

    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True, index=True)


class ResolutionAction(Base):
    """An action item that carries a resolution out."""

    __tablename__ = "resolution_actions"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"), index=True)


class ResolutionWord(Base):
    """A word of a resolution's text as search compares words; found by its beginning."""

    __tablename__ = "resolution_words"

    word: Mapped[str] = mapped_column(BYTEWISE, primary_key=True)
    resolution_id: Mapped[int] = mapped_column(
        ForeignKey("resolutions.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Voice(Base):
    """What somebody said to a resolution that goes round: agreement (no reason) or an objection with its reason."""

    __tablename__ = "voices"
    noun: ClassVar[str] = "voice"

    id: Mapped[int] = mapped_column(primary_key=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("resolutions.id", ondelete="CASCADE"))
    user_id: Mapped[str]
    objects: Mapped[bool]
    reason: Mapped[str | None]
    said_at: Mapped[datetime]
    event_id: Mapped[str] = mapped_column(unique=True)
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "resolution_id", "user_id"),)


class Chain(NamedTuple):
    """What hangs together with a resolution: the one it replaces, the one that replaces it, its action items."""

    replaces: Resolution | None
    replaced_by: Resolution | None
    actions: Sequence[ActionItem]


async def by_id(tx: AsyncSession, number: int) -> Resolution | None:
    """Return the resolution with this internal number."""
    return await tx.get(Resolution, number)


async def by_name(tx: AsyncSession, name: ResolutionName) -> Resolution | None:
    """Return the resolution that is called so."""
    return await tx.scalar(select(Resolution).where(Resolution.year == name.year, Resolution.number == name.number))


async def lock(tx: AsyncSession, resolution: Resolution) -> None:
    """Read the resolution anew; nobody else changes it, or adds voices to it, until the transaction ends."""
    await tx.refresh(resolution, with_for_update=True)


async def homes(tx: AsyncSession, found: Collection[Resolution]) -> dict[int, Room]:
    """Return the rooms in which these resolutions were made, by their ids, also those that the bot has left."""
    query = select(Room).where(Room.id.in_({one.room_id for one in found}))
    return {room.id: room for room in await tx.scalars(query)}


async def of_poll(tx: AsyncSession, poll_id: int) -> Resolution | None:
    """Return the resolution that a poll decides or has decided."""
    return await tx.scalar(
        select(Resolution).where(Resolution.poll_id == poll_id).order_by(Resolution.id.desc()).limit(1)
    )


async def of_source(tx: AsyncSession, room_id: int, event_id: str) -> Sequence[Resolution]:
    """Return the resolutions of a room that have their words from this message, which was no command, if they stand."""
    query = select(Resolution).where(Resolution.event_id == event_id, Resolution.room_id == room_id)
    query = query.where(Resolution.said_by.is_not(None), Resolution.state != ResolutionState.WITHDRAWN)
    return (await tx.scalars(query.order_by(Resolution.id))).all()


async def of_meeting(tx: AsyncSession, meeting_id: int) -> Sequence[Resolution]:
    """Return the resolutions of a meeting that were not taken back, oldest first."""
    query = select(Resolution).where(Resolution.meeting_id == meeting_id)
    query = query.where(Resolution.state != ResolutionState.WITHDRAWN)
    return (await tx.scalars(query.order_by(Resolution.created_at, Resolution.id))).all()


async def makers(tx: AsyncSession, meeting_ids: Collection[int]) -> Sequence[tuple[int, str, datetime]]:
    """Return (meeting, who, when) of all who decided something in these meetings that was not taken back."""
    at = func.coalesce(Resolution.said_at, Resolution.created_at)
    query = select(Resolution.meeting_id, Resolution.created_by, func.max(at))
    query = query.where(Resolution.meeting_id.in_(meeting_ids), Resolution.state != ResolutionState.WITHDRAWN)
    found = await tx.execute(query.group_by(Resolution.meeting_id, Resolution.created_by))
    return [(meeting, user, at) for meeting, user, at in found if meeting is not None]


async def newest_of_meeting(tx: AsyncSession, meeting_id: int, besides: Collection[int] = ()) -> Resolution | None:
    """Return the last resolution of a meeting that was not withdrawn, `besides` these."""
    query = select(Resolution).where(Resolution.meeting_id == meeting_id, Resolution.state != ResolutionState.WITHDRAWN)
    query = query.where(Resolution.id.not_in(besides))
    return await tx.scalar(query.order_by(Resolution.created_at.desc(), Resolution.id.desc()).limit(1))


async def decided_by_polls(tx: AsyncSession, poll_ids: Collection[int]) -> set[int]:
    """Return which of these polls decided a resolution, or were to."""
    query = select(Resolution.poll_id).where(Resolution.poll_id.in_(poll_ids))
    return {number for number in await tx.scalars(query) if number is not None}


async def postponed_since(tx: AsyncSession, room_id: int, since: datetime) -> Sequence[Resolution]:
    """Return what a room has postponed since then and not taken up in another resolution, oldest first."""
    taken_up = aliased(Resolution)
    query = select(Resolution).where(
        Resolution.room_id == room_id,
        Resolution.state == ResolutionState.POSTPONED,
        Resolution.decided_at >= since,
        ~exists().where(taken_up.replaces_id == Resolution.id),
    )
    return (await tx.scalars(query.order_by(Resolution.decided_at, Resolution.id))).all()


async def to_review(tx: AsyncSession, room_id: int, since: date, until: date) -> Sequence[Resolution]:
    """Return the resolutions in force of a room whose day of review is in `since <= day <= until`, earliest first."""
    successor = aliased(Resolution)
    query = select(Resolution).where(
        Resolution.room_id == room_id,
        Resolution.state == ResolutionState.ADOPTED,
        Resolution.review_on >= since,
        Resolution.review_on <= until,
        ~exists().where(successor.replaces_id == Resolution.id, successor.state == ResolutionState.ADOPTED),
    )
    return (await tx.scalars(query.order_by(Resolution.review_on, Resolution.id))).all()


async def next_number(tx: AsyncSession, year: int) -> int:
    """Return the number that the year's next resolution gets."""
    return (await tx.scalar(select(func.max(Resolution.number)).where(Resolution.year == year)) or 0) + 1


async def replacement(tx: AsyncSession, resolution: Resolution) -> Resolution | None:
    """Return the resolution that replaces this one."""
    return await tx.scalar(select(Resolution).where(Resolution.replaces_id == resolution.id))


async def replacements(tx: AsyncSession, found: Collection[Resolution]) -> dict[int, Resolution]:
    """Return by which resolution in force each of these is replaced, of those that are."""
    query = select(Resolution).where(Resolution.replaces_id.in_([one.id for one in found]))
    adopted = await tx.scalars(query.where(Resolution.state == ResolutionState.ADOPTED))
    return {one.replaces_id: one for one in adopted if one.replaces_id is not None}


async def chain(tx: AsyncSession, resolution: Resolution) -> Chain:
    """Return what hangs together with a resolution, its action items oldest first."""
    replaces = await tx.get(Resolution, resolution.replaces_id) if resolution.replaces_id else None
    query = select(ActionItem).join(ResolutionAction, ResolutionAction.action_id == ActionItem.id)
    items = await tx.scalars(query.where(ResolutionAction.resolution_id == resolution.id).order_by(ActionItem.id))
    return Chain(replaces, await replacement(tx, resolution), items.all())


async def carried_out_by(tx: AsyncSession, resolution: Resolution, action: ActionItem) -> None:
    """Let this action item be one that carries the resolution out."""
    await tx.merge(ResolutionAction(action_id=action.id, resolution_id=resolution.id))


async def of_actions(tx: AsyncSession, action_ids: Collection[int]) -> dict[int, Resolution]:
    """Return the resolution that each of these action items carries out, of those that do."""
    query = select(ResolutionAction.action_id, Resolution).join(
        Resolution, Resolution.id == ResolutionAction.resolution_id
    )
    found = await tx.execute(query.where(ResolutionAction.action_id.in_(action_ids)))
    return {number: resolution for number, resolution in found}  # noqa: C416 - rows are no pairs to the type checker


async def set_rooms(tx: AsyncSession, resolution: Resolution, room_ids: Collection[int]) -> None:
    """Let the resolution go round in these rooms."""
    tx.add_all(ResolutionRoom(resolution_id=resolution.id, room_id=one) for one in room_ids)


async def rooms_of(tx: AsyncSession, resolution: Resolution) -> Sequence[Room]:
    """Return the joined rooms in which the resolution goes round, in the order of their making."""
    query = select(Room).join(ResolutionRoom, ResolutionRoom.room_id == Room.id)
    found = await tx.scalars(query.where(ResolutionRoom.resolution_id == resolution.id, Room.joined).order_by(Room.id))
    return found.all()


async def asked_in(tx: AsyncSession, resolution: Resolution) -> set[int]:
    """Return the rooms in which the resolution goes round or can be voted on, or did and could."""
    asked = select(ResolutionRoom.room_id).where(ResolutionRoom.resolution_id == resolution.id)
    voting = select(PollRoom.room_id).where(PollRoom.poll_id == resolution.poll_id)
    return set(await tx.scalars(union(asked, voting)))


async def circulating(tx: AsyncSession, room_id: int) -> Sequence[Resolution]:
    """Return the resolutions that go round in this room by consent, the next to end first."""
    asked = select(ResolutionRoom.resolution_id).where(ResolutionRoom.room_id == room_id)
    query = select(Resolution).where(
        Resolution.state == ResolutionState.OPEN, Resolution.procedure == Procedure.CONSENT, Resolution.id.in_(asked)
    )
    return (await tx.scalars(query.order_by(Resolution.closes_at, Resolution.id))).all()


async def voices(tx: AsyncSession, resolution: Resolution) -> Sequence[Voice]:
    """Return all that was said to a resolution, in order of the server's clock."""
    query = select(Voice).where(Voice.resolution_id == resolution.id)
    return (await tx.scalars(query.order_by(Voice.said_at, Voice.id))).all()


async def voice(tx: AsyncSession, number: int) -> Voice | None:
    """Return what was said under this number."""
    return await tx.get(Voice, number)


async def voice_of_event(tx: AsyncSession, event_id: str) -> Voice | None:
    """Return what this event said to a resolution."""
    return await tx.scalar(select(Voice).where(Voice.event_id == event_id))


async def decided_between(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[Resolution]:
    """Return the resolutions of all rooms that were adopted, rejected or postponed in `since <= t < until`."""
    settled = (ResolutionState.ADOPTED, ResolutionState.REJECTED, ResolutionState.POSTPONED)
    query = select(Resolution).where(
        Resolution.state.in_(settled), Resolution.decided_at >= since, Resolution.decided_at < until
    )
    return (await tx.scalars(query.order_by(Resolution.decided_at, Resolution.id))).all()


async def index(tx: AsyncSession, resolution: Resolution) -> None:
    """Make the resolution findable by the words that its text has now."""
    await tx.flush()
    await tx.execute(delete(ResolutionWord).where(ResolutionWord.resolution_id == resolution.id))
    rows = [{"word": word, "resolution_id": resolution.id} for word in sorted(words_of(resolution.text))]
    if rows:
        await tx.execute(insert(ResolutionWord), rows)


def register(
    *, search: str = "", room_ids: Collection[int] | None = None, year: int | None = None
) -> Select[Resolution]:
    """Return the query for the register, newest first: all words of `search` begin a word of the text."""
    query = select(Resolution).where(Resolution.state != ResolutionState.WITHDRAWN)
    if room_ids is not None:
        query = query.where(Resolution.room_id.in_(room_ids))
    if year is not None:
        query = query.where(Resolution.year == year)
    for word in sorted(words_of(search)):
        found = select(ResolutionWord.resolution_id).where(begins(ResolutionWord.word, word))
        query = query.where(Resolution.id.in_(found))
    return query.order_by(Resolution.year.desc(), Resolution.number.desc())


async def count(tx: AsyncSession, query: Select[Resolution]) -> int:
    """Count what the register would give."""
    return await tx.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


async def top(tx: AsyncSession, query: Select[Resolution], limit: int) -> Sequence[Resolution]:
    """Return the first of what the register gives."""
    return (await tx.scalars(query.limit(limit))).all()
