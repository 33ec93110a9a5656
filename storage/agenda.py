"""Agenda items: what a group will talk about at its next meeting, and what stands on every agenda."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.meetings import Meeting, MeetingState
from storage.minutes import Line


class AgendaState(StrEnum):
    """Where an agenda item stands."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class AgendaSource(StrEnum):
    """Where an agenda item comes from: somebody said it, or the message `event_id` holds its words; it stands on every
    agenda; or it is what `source_id` names.
    """

    SAID = "said"
    MESSAGE = "message"
    STANDING = "standing"
    ACTION = "action"
    POLL = "poll"
    RESOLUTION = "resolution"
    REQUEST = "request"
    MINUTES = "minutes"


class AgendaItem(Base):
    """Something to talk about: at the date `meeting_id`, or at the group's next meeting where that is None.

    Open items are numbered for people by their order (`position`, then id), from 1. `budget` is in minutes. `event_id`
    is the message that it arose from, in this room. `source_id` is the id of the action item, poll, resolution,
    request, standing item or minutes that it came from, None for several action items together. `postponed` counts the
    meetings that did not come to it.
    """

    __tablename__ = "agenda_items"
    noun: ClassVar[str] = "agenda item"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings.id", ondelete="SET NULL"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    budget: Mapped[int | None]
    state: Mapped[str] = mapped_column(default=AgendaState.OPEN)
    source: Mapped[str] = mapped_column(default=AgendaSource.SAID)
    source_id: Mapped[int | None]
    event_id: Mapped[str | None]
    postponed: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "room_id", "state", "position"), Index(None, "source", "source_id"))

    @property
    def is_open(self) -> bool:
        """Whether it is still to be talked about."""
        return self.state == AgendaState.OPEN


class StandingItem(Base):
    """Something that a group talks about at every meeting; `budget` is in minutes."""

    __tablename__ = "standing_items"
    noun: ClassVar[str] = "standing item"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str]
    budget: Mapped[int | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]

    # Items are deleted, and what was said about them must not mean another one.
    __table_args__ = ({"sqlite_autoincrement": True},)


async def by_id(tx: AsyncSession, number: int) -> AgendaItem | None:
    """Return the agenda item with this internal number."""
    return await tx.get(AgendaItem, number)


async def by_ids(tx: AsyncSession, numbers: Collection[int]) -> dict[int, AgendaItem]:
    """Return the agenda items with these internal numbers."""
    return {one.id: one for one in await tx.scalars(select(AgendaItem).where(AgendaItem.id.in_(numbers)))}


async def of_meeting(tx: AsyncSession, room_id: int, meeting_id: int | None) -> Sequence[AgendaItem]:
    """Return the open items of a group's next meeting in their order, those for that date among them."""
    query = select(AgendaItem).where(AgendaItem.room_id == room_id, AgendaItem.state == AgendaState.OPEN)
    query = query.where(or_(AgendaItem.meeting_id.is_(None), AgendaItem.meeting_id == meeting_id))
    return (await tx.scalars(query.order_by(AgendaItem.position, AgendaItem.id))).all()


async def next_position(tx: AsyncSession, room_id: int) -> int:
    """Return the position behind all open items of a group."""
    query = select(func.max(AgendaItem.position)).where(
        AgendaItem.room_id == room_id, AgendaItem.state == AgendaState.OPEN
    )
    return (await tx.scalar(query) or 0) + 1


async def known(tx: AsyncSession, room_id: int, meeting_id: int | None) -> Sequence[AgendaItem]:
    """Return all open items of a group, and those of that date that are done or dropped too, in their order."""
    which = AgendaItem.state == AgendaState.OPEN
    if meeting_id is not None:
        which = or_(which, AgendaItem.meeting_id == meeting_id)
    query = select(AgendaItem).where(AgendaItem.room_id == room_id, which)
    return (await tx.scalars(query.order_by(AgendaItem.position, AgendaItem.id))).all()


async def talked_at(
    tx: AsyncSession, room_id: int, source: AgendaSource, source_ids: Collection[int]
) -> dict[int, datetime]:
    """Return when the group last talked about each of these polls, resolutions or the like, of those it did."""
    query = select(AgendaItem.source_id, func.max(AgendaItem.closed_at)).where(
        AgendaItem.room_id == room_id,
        AgendaItem.source == source,
        AgendaItem.source_id.in_(source_ids),
        AgendaItem.state == AgendaState.DONE,
    )
    found = await tx.execute(query.group_by(AgendaItem.source_id))
    return {number: at for number, at in found if number is not None and at is not None}


async def of_source(tx: AsyncSession, room_id: int, source: AgendaSource, source_id: int) -> AgendaItem | None:
    """Return the newest item of a group that came from this."""
    query = select(AgendaItem).where(AgendaItem.source == source, AgendaItem.source_id == source_id)
    return await tx.scalar(query.where(AgendaItem.room_id == room_id).order_by(AgendaItem.id.desc()).limit(1))


async def of_message(tx: AsyncSession, room_id: int, event_id: str) -> Sequence[AgendaItem]:
    """Return the open items of a group whose words are those of this message."""
    query = select(AgendaItem).where(AgendaItem.room_id == room_id, AgendaItem.state == AgendaState.OPEN)
    query = query.where(AgendaItem.source == AgendaSource.MESSAGE, AgendaItem.event_id == event_id)
    return (await tx.scalars(query.order_by(AgendaItem.id))).all()


async def talked_about(tx: AsyncSession, numbers: Collection[int]) -> set[int]:
    """Return which of these items a meeting has come to."""
    query = select(Line.agenda_item_id).where(Line.agenda_item_id.in_(numbers), Line.taken_back_at.is_(None))
    return {number for number in await tx.scalars(query) if number is not None}


async def release(tx: AsyncSession, room_id: int, now: datetime, *, running: int | None) -> None:
    """Let open items of dates that are off or over be for the next meeting; `running` is the date that goes on."""
    gone = select(Meeting.id).where(
        Meeting.id == AgendaItem.meeting_id,
        or_(Meeting.state != MeetingState.PLANNED, Meeting.ends_at <= now),
        Meeting.id != (running or 0),
    )
    query = update(AgendaItem).where(AgendaItem.room_id == room_id, AgendaItem.state == AgendaState.OPEN)
    await tx.execute(query.where(AgendaItem.meeting_id.is_not(None), gone.exists()).values(meeting_id=None))


async def standing(tx: AsyncSession, room_id: int) -> Sequence[StandingItem]:
    """Return what stands on every agenda of a group, in its order."""
    query = select(StandingItem).where(StandingItem.room_id == room_id)
    return (await tx.scalars(query.order_by(StandingItem.position, StandingItem.id))).all()


async def close_from(tx: AsyncSession, source: AgendaSource, source_id: int, now: datetime) -> None:
    """Let the open items that came from this action item, poll or the like be done."""
    query = update(AgendaItem).where(AgendaItem.source == source, AgendaItem.source_id == source_id)
    query = query.where(AgendaItem.state == AgendaState.OPEN)
    await tx.execute(query.values(state=AgendaState.DONE, closed_at=now))


async def standing_item(tx: AsyncSession, number: int) -> StandingItem | None:
    """Return the standing item with this internal number."""
    return await tx.get(StandingItem, number)
