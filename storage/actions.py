"""Action items, their assignees, tags and history."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    bindparam,
    delete,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import Select

from storage.base import Base


class ActionState(StrEnum):
    """Where an action item stands."""

    OPEN = "open"
    BLOCKED = "blocked"
    DONE = "done"
    DROPPED = "dropped"


UNFINISHED = (ActionState.OPEN, ActionState.BLOCKED)
WANTED, WANTED_SQLITE = text("wanted"), text("wanted = 1")


class ActionItem(Base):
    """Something that somebody is to do; `due_on` is a calendar day in the zone of its room.

    `wanted`: it was called out for whoever takes it. `revision` counts its changes, `changed_at` is when the last was.
    `source_event_id` is the message that it arose from. `said_by` is who wrote that message, where the item has its
    words from there: it was tagged, and is no command. `said_at` is where it stands in minutes, by the server's clock.
    """

    __tablename__ = "actions"
    noun: ClassVar[str] = "action"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    text: Mapped[str]
    state: Mapped[str] = mapped_column(default=ActionState.OPEN)
    due_on: Mapped[date | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    source_event_id: Mapped[str | None] = mapped_column(index=True)
    said_by: Mapped[str | None]
    said_at: Mapped[datetime | None]
    wanted: Mapped[bool] = mapped_column(default=False, server_default=false())
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    changed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "room_id", "state", "due_on"),
        Index(None, "room_id", "changed_at"),
        Index(None, "room_id", "closed_at", "state"),
        Index(None, "state", "due_on"),
        Index(None, "created_at"),
        Index(None, "closed_at"),
        Index("ix_actions_wanted", "room_id", "wanted", "state", sqlite_where=WANTED_SQLITE, postgresql_where=WANTED),
    )

    @property
    def is_unfinished(self) -> bool:
        """Whether there is still something to do."""
        return self.state in UNFINISHED


class ActionTag(Base):
    """A word by which action items are found, without its `#`, in lower case."""

    __tablename__ = "action_tags"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (Index(None, "tag", "action_id"),)


class MeetingAction(Base):
    """The meeting in which an action item was given: it stands in its minutes."""

    __tablename__ = "meeting_actions"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"), index=True)


class ActionChange(Base):
    """Who changed what about an action item, when and by which event: its history.

    `note` holds words of the person; for `assigned` the user ids, for `due` the day (ISO).
    """

    __tablename__ = "action_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    by: Mapped[str]
    what: Mapped[str]
    note: Mapped[str | None]
    event_id: Mapped[str | None]

    __table_args__ = (Index(None, "at"), Index(None, "event_id"))


async def find(tx: AsyncSession, number: int) -> ActionItem | None:
    """Return the action item with this number."""
    return await tx.get(ActionItem, number)


async def of_source(tx: AsyncSession, room_id: int, event_id: str) -> Sequence[ActionItem]:
    """Return the action items of a room that have their words from this message, which was no command."""
    query = select(ActionItem).where(ActionItem.source_event_id == event_id, ActionItem.room_id == room_id)
    return (await tx.scalars(query.where(ActionItem.said_by.is_not(None)).order_by(ActionItem.id))).all()


async def of_meeting(tx: AsyncSession, meeting_id: int) -> Sequence[ActionItem]:
    """Return the action items that were given in a meeting, oldest first."""
    query = select(ActionItem).join(MeetingAction, MeetingAction.action_id == ActionItem.id)
    return (await tx.scalars(query.where(MeetingAction.meeting_id == meeting_id).order_by(ActionItem.id))).all()


async def givers(tx: AsyncSession, meeting_ids: Collection[int]) -> Sequence[tuple[int, str, datetime]]:
    """Return (meeting, who, when last) of all who handed out something in these meetings."""
    at = func.coalesce(ActionItem.said_at, ActionItem.created_at)
    query = select(MeetingAction.meeting_id, ActionItem.created_by, func.max(at))
    query = query.join(ActionItem, ActionItem.id == MeetingAction.action_id)
    query = query.where(MeetingAction.meeting_id.in_(meeting_ids))
    found = await tx.execute(query.group_by(MeetingAction.meeting_id, ActionItem.created_by))
    return [(meeting, user, at) for meeting, user, at in found]


async def newest_of_meeting(tx: AsyncSession, meeting_id: int, besides: Collection[int] = ()) -> ActionItem | None:
    """Return the last action item that was given in a meeting and was not dropped, `besides` these."""
    query = select(ActionItem).join(MeetingAction, MeetingAction.action_id == ActionItem.id)
    query = query.where(MeetingAction.meeting_id == meeting_id, ActionItem.state != ActionState.DROPPED)
    query = query.where(ActionItem.id.not_in(besides))
    return await tx.scalar(query.order_by(ActionItem.id.desc()).limit(1))


def add_tags(tx: AsyncSession, action: ActionItem, tags: Iterable[str]) -> None:
    """Give a new item its tags."""
    tx.add_all(ActionTag(action_id=action.id, tag=word) for word in dict.fromkeys(tags))


async def tag(tx: AsyncSession, action: ActionItem, tags: Iterable[str]) -> None:
    """Make these the tags of the item."""
    await tx.execute(delete(ActionTag).where(ActionTag.action_id == action.id))
    add_tags(tx, action, tags)
    await tx.flush()


LAST_CHANGE = func.coalesce(ActionItem.changed_at, ActionItem.created_at)

# Queries that every message about items needs are built once.
ACTION_IDS: BindParameter[int] = bindparam("action_ids", expanding=True)
TAGS = (
    select(ActionTag.action_id, ActionTag.tag)
    .where(ActionTag.action_id.in_(ACTION_IDS))
    .order_by(ActionTag.action_id, ActionTag.tag)
)


async def tags(tx: AsyncSession, action_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the tags of each of these items."""
    found: dict[int, list[str]] = {}
    for action_id, word in await tx.execute(TAGS, {"action_ids": list(action_ids)}):
        found.setdefault(action_id, []).append(word)
    return found


def listing(
    *,
    room_ids: Iterable[int] | None = None,
    states: Iterable[str] | None = UNFINISHED,
    due_before: date | None = None,
) -> Select[ActionItem]:
    """Return the query for items of these rooms, in these states, due before this day.

    In order of urgency: unfinished ones by due day, then undated ones, then finished ones from the latest.
    """
    query = select(ActionItem)
    if room_ids is not None:
        query = query.where(ActionItem.room_id.in_(list(room_ids)))
    if states is not None:
        query = query.where(ActionItem.state.in_(list(states)))
    if due_before is not None:
        query = query.where(ActionItem.due_on < due_before)
    return query.order_by(
        ActionItem.closed_at.is_not(None),
        ActionItem.closed_at.desc(),
        ActionItem.due_on.is_(None),
        ActionItem.due_on,
        ActionItem.id,
    )


async def top(tx: AsyncSession, query: Select[ActionItem], limit: int) -> Sequence[ActionItem]:
    """Return the first items of a listing."""
    return (await tx.scalars(query.limit(limit))).all()


async def count(tx: AsyncSession, query: Select[ActionItem]) -> int:
    """Count what a listing would give."""
    return await tx.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _stuck(today: Mapping[int, date], until: datetime) -> ColumnElement[bool]:
    """Items of these rooms that are overdue on the room's day or blocked, and have not changed after `until`."""
    rooms_by_day: dict[date, list[int]] = {}
    for room_id, day in today.items():
        rooms_by_day.setdefault(day, []).append(room_id)
    late = [
        and_(ActionItem.room_id.in_(found), ActionItem.state == ActionState.OPEN, ActionItem.due_on < day)
        for day, found in rooms_by_day.items()
    ]
    blocked = and_(ActionItem.room_id.in_(list(today)), ActionItem.state == ActionState.BLOCKED)
    return and_(or_(*late, blocked), until >= LAST_CHANGE)


async def stuck(tx: AsyncSession, today: Mapping[int, date], until: datetime, limit: int) -> Sequence[ActionItem]:
    """Return the items that are overdue or blocked and have not changed after `until`, those first that rest longest.

    `today` is the day of each room that is asked about.
    """
    query = select(ActionItem).where(_stuck(today, until)).order_by(LAST_CHANGE, ActionItem.id)
    return (await tx.scalars(query.limit(limit))).all()


async def count_stuck(tx: AsyncSession, today: Mapping[int, date], until: datetime) -> dict[int, int]:
    """Count by room what `stuck` finds, of the rooms that have any."""
    query = select(ActionItem.room_id, func.count()).where(_stuck(today, until)).group_by(ActionItem.room_id)
    return dict((await tx.execute(query)).all())


async def history(tx: AsyncSession, action: ActionItem) -> Sequence[ActionChange]:
    """Return what happened to the item, oldest first."""
    query = select(ActionChange).where(ActionChange.action_id == action.id)
    return (await tx.scalars(query.order_by(ActionChange.id))).all()


async def histories(tx: AsyncSession, action_ids: Collection[int]) -> dict[int, list[ActionChange]]:
    """Return what happened to each of these items, oldest first."""
    found: dict[int, list[ActionChange]] = {}
    query = select(ActionChange).where(ActionChange.action_id.in_(action_ids)).order_by(ActionChange.id)
    for change in await tx.scalars(query):
        found.setdefault(change.action_id, []).append(change)
    return found


async def latest(
    tx: AsyncSession, action: ActionItem, kinds: Collection[str] | None = None, *, by: str | None = None
) -> ActionChange | None:
    """Return the newest change, or the newest of one of these kinds; `by`: made by this person."""
    query = select(ActionChange).where(ActionChange.action_id == action.id)
    if kinds is not None:
        query = query.where(ActionChange.what.in_(kinds))
    if by is not None:
        query = query.where(ActionChange.by == by)
    return await tx.scalar(query.order_by(ActionChange.id.desc()).limit(1))


async def change_of_event(tx: AsyncSession, action: ActionItem, event_id: str) -> ActionChange | None:
    """Return what this event changed about the item, the latest if it was more than one thing."""
    query = select(ActionChange).where(ActionChange.event_id == event_id, ActionChange.action_id == action.id)
    return await tx.scalar(query.order_by(ActionChange.id.desc()).limit(1))


async def meeting_of(tx: AsyncSession, action: ActionItem) -> int | None:
    """Return the meeting in which an action item was given."""
    found = await tx.get(MeetingAction, action.id)
    return found.meeting_id if found else None


async def not_in_meeting(tx: AsyncSession, action: ActionItem) -> None:
    """Let an action item have been given in no meeting."""
    await tx.execute(delete(MeetingAction).where(MeetingAction.action_id == action.id))
