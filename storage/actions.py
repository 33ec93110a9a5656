"""Action items, their assignees, tags and history."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from sqlalchemy import (
    BindParameter,
    ForeignKey,
    Index,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import Select

from storage.base import Base
from storage.municipalities import Municipality
from storage.rooms import Room


class ActionState(StrEnum):
    """Where an action item stands."""

    OPEN = "open"
    BLOCKED = "blocked"
    DONE = "done"
    DROPPED = "dropped"


UNFINISHED = (ActionState.OPEN, ActionState.BLOCKED)


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
        Index(None, "state", "due_on"),
        Index(None, "created_at"),
        Index(None, "closed_at"),
    )

    @property
    def is_unfinished(self) -> bool:
        """Whether there is still something to do."""
        return self.state in UNFINISHED


class Assignee(Base):
    """Somebody who is to do an action item."""

    __tablename__ = "assignees"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (Index(None, "user_id"),)


class TownAssignee(Base):
    """A municipality that is to do an action item: whoever stands for it."""

    __tablename__ = "town_assignees"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    municipality_id: Mapped[int] = mapped_column(
        ForeignKey("municipalities.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class GroupAssignee(Base):
    """A group that is to do an action item, besides the one whose item it is."""

    __tablename__ = "group_assignees"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True, index=True)


class RecurringAction(Base):
    """That an action item comes again: when it is done the next one is made, due on the next day of the rule.

    `rrule` (RFC 5545) counts calendar days from `dtstart`. `follows_id` is the item before, which each item has at
    most one after it.
    """

    __tablename__ = "recurring_actions"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    rrule: Mapped[str]
    dtstart: Mapped[date]
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("actions.id", ondelete="SET NULL"), unique=True)


class ActionTag(Base):
    """A word by which action items are found, without its `#`, in lower case."""

    __tablename__ = "action_tags"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (Index(None, "tag"),)


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


def describe(tx: AsyncSession, action: ActionItem, user_ids: Iterable[str], tags: Iterable[str]) -> None:
    """Give a new item its first assignees and tags."""
    tx.add_all(Assignee(action_id=action.id, user_id=user) for user in dict.fromkeys(user_ids))
    tx.add_all(ActionTag(action_id=action.id, tag=word) for word in dict.fromkeys(tags))


async def assign(tx: AsyncSession, action: ActionItem, user_ids: Iterable[str]) -> None:
    """Make these people, and nobody else, the assignees."""
    await tx.execute(delete(Assignee).where(Assignee.action_id == action.id))
    describe(tx, action, user_ids, ())
    await tx.flush()


async def tag(tx: AsyncSession, action: ActionItem, tags: Iterable[str]) -> None:
    """Make these the tags of the item."""
    await tx.execute(delete(ActionTag).where(ActionTag.action_id == action.id))
    describe(tx, action, (), tags)
    await tx.flush()


# Queries that every message about items needs are built once.
ACTION_IDS: BindParameter[int] = bindparam("action_ids", expanding=True)
ASSIGNEES = (
    select(Assignee.action_id, Assignee.user_id)
    .where(Assignee.action_id.in_(ACTION_IDS))
    .order_by(Assignee.action_id, Assignee.user_id)
)
TAGS = (
    select(ActionTag.action_id, ActionTag.tag)
    .where(ActionTag.action_id.in_(ACTION_IDS))
    .order_by(ActionTag.action_id, ActionTag.tag)
)


async def assignees(tx: AsyncSession, action_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the assignees of each of these items."""
    found: dict[int, list[str]] = {}
    for action_id, user_id in await tx.execute(ASSIGNEES, {"action_ids": list(action_ids)}):
        found.setdefault(action_id, []).append(user_id)
    return found


async def town_assignees(tx: AsyncSession, action_ids: Collection[int]) -> dict[int, list[Municipality]]:
    """Return the municipalities that are to do each of these items."""
    query = select(TownAssignee.action_id, Municipality)
    query = query.join(Municipality, Municipality.id == TownAssignee.municipality_id)
    found: dict[int, list[Municipality]] = {}
    query = query.where(TownAssignee.action_id.in_(action_ids)).order_by(Municipality.sought)
    for action_id, town in await tx.execute(query):
        found.setdefault(action_id, []).append(town)
    return found


async def group_assignees(tx: AsyncSession, action_ids: Collection[int]) -> dict[int, list[Room]]:
    """Return the groups that are to do each of these items, besides the one whose item it is."""
    query = select(GroupAssignee.action_id, Room).join(Room, Room.id == GroupAssignee.room_id)
    found: dict[int, list[Room]] = {}
    for action_id, room in await tx.execute(query.where(GroupAssignee.action_id.in_(action_ids)).order_by(Room.key)):
        found.setdefault(action_id, []).append(room)
    return found


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
    assignees: Collection[str] = (),
    tags: Collection[str] = (),
    due_before: date | None = None,
) -> Select[ActionItem]:
    """Return the query for items that satisfy all filters: one of the assignees, every tag.

    In order of urgency: unfinished ones by due day, then undated ones, then finished ones from the latest.
    """
    query = select(ActionItem)
    if room_ids is not None:
        query = query.where(ActionItem.room_id.in_(list(room_ids)))
    if states is not None:
        query = query.where(ActionItem.state.in_(list(states)))
    if assignees:
        query = query.where(ActionItem.id.in_(select(Assignee.action_id).where(Assignee.user_id.in_(assignees))))
    for word in tags:
        query = query.where(ActionItem.id.in_(select(ActionTag.action_id).where(ActionTag.tag == word)))
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


class Standing(NamedTuple):
    """How an item stands, without what it says; `wanted`: it was called out, and nobody has taken it."""

    id: int
    room_id: int
    created_at: datetime
    closed_at: datetime | None
    state: str
    due_on: date | None
    wanted: bool
    changed_at: datetime | None


AT_ONCE = 500  # rows of a long result
UNTAKEN = and_(
    ActionItem.wanted,
    *(~exists().where(kind.action_id == ActionItem.id) for kind in (Assignee, TownAssignee, GroupAssignee)),
)


async def standing(
    tx: AsyncSession, room_ids: Iterable[int], since: datetime, due_before: date
) -> AsyncIterator[Sequence[Standing]]:
    """Give the items of these rooms that came or were closed since then, or call for somebody, piece by piece.

    Those are unfinished and due before that day, blocked, or wanted. They come in no order.
    """
    calling = or_(ActionItem.due_on < due_before, ActionItem.state == ActionState.BLOCKED, ActionItem.wanted)
    query = select(
        ActionItem.id,
        ActionItem.room_id,
        ActionItem.created_at,
        ActionItem.closed_at,
        ActionItem.state,
        ActionItem.due_on,
        UNTAKEN.label("wanted"),
        ActionItem.changed_at,
    ).where(
        or_(
            ActionItem.created_at >= since,
            ActionItem.closed_at >= since,
            and_(ActionItem.state.in_(UNFINISHED), calling),
        ),
        # No index by rooms is wanted here: it would lead through all that these rooms have ever done.
        (ActionItem.room_id + 0).in_(list(room_ids)),
    )
    result = await tx.stream(query, execution_options={"yield_per": AT_ONCE})
    async for rows in result.partitions():
        yield [Standing(*row) for row in rows]


async def count_open(tx: AsyncSession, at: datetime) -> dict[int, int]:
    """Count the items of each room that were still to be done at that time."""
    home = ActionItem.room_id + 0  # as above
    there = func.count().filter(ActionItem.created_at < at)  # nor an index by when they came
    query = select(home, there).where(ActionItem.closed_at.is_(None) | (ActionItem.closed_at >= at))
    return dict((await tx.execute(query.group_by(home))).all())


async def history(tx: AsyncSession, action: ActionItem) -> Sequence[ActionChange]:
    """Return what happened to the item, oldest first."""
    query = select(ActionChange).where(ActionChange.action_id == action.id)
    return (await tx.scalars(query.order_by(ActionChange.id))).all()


async def latest(tx: AsyncSession, action: ActionItem, kinds: Collection[str]) -> ActionChange | None:
    """Return the newest change of one of these kinds."""
    query = select(ActionChange).where(ActionChange.action_id == action.id, ActionChange.what.in_(kinds))
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


class Given(NamedTuple):
    """An unfinished item that somebody is to do; `fresh`: it came to be, or was given to somebody, in the window."""

    item: ActionItem
    fresh: bool


async def given_to(
    tx: AsyncSession,
    user_id: str,
    *,
    municipality_id: int | None,
    room_ids: Collection[int],
    led_ids: Collection[int],
    due_before: date,
    since: datetime,
    until: datetime,
) -> Sequence[Given]:
    """Return what a person is to do that is due before that day or came up in `since <= t < until`, most urgent first.

    Of these rooms what is the person's or the municipality's to do, of all rooms what is given to a group in `led_ids`.
    What is due or fresh is found first, by index: how much the person has done long ago costs nothing.
    """
    assigned = (ActionChange.what == "assigned", ActionChange.at >= since, ActionChange.at < until)
    created = and_(ActionItem.created_at >= since, ActionItem.created_at < until)
    unfinished = ActionItem.state.in_(UNFINISHED)
    candidates = union(
        select(ActionItem.id).where(unfinished, ActionItem.due_on < due_before),
        select(ActionItem.id).where(created),
        select(ActionChange.action_id).where(*assigned),
    )
    mine = exists().where(Assignee.action_id == ActionItem.id, Assignee.user_id == user_id)
    town = exists().where(TownAssignee.action_id == ActionItem.id, TownAssignee.municipality_id == municipality_id)
    led = exists().where(GroupAssignee.action_id == ActionItem.id, GroupAssignee.room_id.in_(led_ids))
    fresh = or_(created, exists().where(ActionChange.action_id == ActionItem.id, *assigned))
    query = select(ActionItem, fresh).where(unfinished, ActionItem.id.in_(candidates))
    query = query.where(or_(and_(ActionItem.room_id.in_(room_ids), or_(mine, town)), led))
    query = query.order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)
    return [Given(item, bool(is_fresh)) for item, is_fresh in await tx.execute(query)]


async def calls_in(tx: AsyncSession, room_ids: Collection[int], limit: int) -> Sequence[ActionItem]:
    """Return the newest items of these rooms that were called out and that nobody has taken."""
    query = select(ActionItem).where(ActionItem.wanted, ActionItem.state.in_(UNFINISHED))
    query = query.where(ActionItem.room_id.in_(room_ids))
    for kind in (Assignee, TownAssignee, GroupAssignee):
        query = query.where(~exists().where(kind.action_id == ActionItem.id))
    # Ordered by the bare key, a database would walk through all items there ever were until it has found enough.
    return (await tx.scalars(query.order_by((ActionItem.id + 0).desc()).limit(limit))).all()
