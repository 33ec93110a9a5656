"""Action items, their assignees, tags and history."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import Select

from storage import rooms
from storage.base import Base
from storage.municipalities import Municipality, Seat, Standing
from storage.rooms import Room, RoomMember


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


class Assignee(Base):
    """Somebody who is to do an action item."""

    __tablename__ = "assignees"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (Index(None, "user_id", "action_id"),)


class TownAssignee(Base):
    """A municipality that is to do an action item: whoever stands for it."""

    __tablename__ = "town_assignees"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipalities.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (Index(None, "municipality_id", "action_id"),)


class GroupAssignee(Base):
    """A group that is to do an action item, besides the one whose item it is."""

    __tablename__ = "group_assignees"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (Index(None, "room_id", "action_id"),)


class RecurringAction(Base):
    """That an action item comes again: when it is done the next one is made, due on the next day of the rule.

    `rrule` (RFC 5545) counts calendar days from `dtstart`; None once the repetition was ended. `follows_id` is the
    item before; each item has at most one that follows it.
    """

    __tablename__ = "recurring_actions"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    rrule: Mapped[str | None]
    dtstart: Mapped[date]
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("actions.id", ondelete="SET NULL"), unique=True)


class Snooze(Base):
    """Until which day somebody wants no reminder of an action item; it comes on that day, whatever the others get."""

    __tablename__ = "snoozes"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[date]


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


def describe(
    tx: AsyncSession,
    action: ActionItem,
    user_ids: Iterable[str],
    tags: Iterable[str],
    *,
    town_ids: Iterable[int] = (),
    group_ids: Iterable[int] = (),
) -> None:
    """Give a new item its first assignees and tags."""
    tx.add_all(Assignee(action_id=action.id, user_id=user) for user in dict.fromkeys(user_ids))
    tx.add_all(TownAssignee(action_id=action.id, municipality_id=town) for town in dict.fromkeys(town_ids))
    tx.add_all(GroupAssignee(action_id=action.id, room_id=group) for group in dict.fromkeys(group_ids))
    tx.add_all(ActionTag(action_id=action.id, tag=word) for word in dict.fromkeys(tags))


async def assign(
    tx: AsyncSession,
    action: ActionItem,
    user_ids: Iterable[str],
    town_ids: Iterable[int] = (),
    group_ids: Iterable[int] = (),
) -> None:
    """Make these people, municipalities and groups, and nobody else, the assignees."""
    for table in (Assignee, TownAssignee, GroupAssignee):
        await tx.execute(delete(table).where(table.action_id == action.id))
    describe(tx, action, user_ids, (), town_ids=town_ids, group_ids=group_ids)
    await tx.flush()


async def add_assignee(tx: AsyncSession, action: ActionItem, user_id: str) -> bool:
    """Let somebody do the item too; False if it was theirs already."""
    if await tx.get(Assignee, (action.id, user_id)) is not None:
        return False
    tx.add(Assignee(action_id=action.id, user_id=user_id))
    await tx.flush()
    return True


async def drop_assignee(tx: AsyncSession, action: ActionItem, user_id: str) -> bool:
    """Let somebody do the item no more; False if it was not theirs."""
    gone = delete(Assignee).where(Assignee.action_id == action.id, Assignee.user_id == user_id)
    return bool((await tx.scalars(gone.returning(Assignee.user_id))).all())


async def tag(tx: AsyncSession, action: ActionItem, tags: Iterable[str]) -> None:
    """Make these the tags of the item."""
    await tx.execute(delete(ActionTag).where(ActionTag.action_id == action.id))
    describe(tx, action, (), tags)
    await tx.flush()


LAST_CHANGE = func.coalesce(ActionItem.changed_at, ActionItem.created_at)

# Queries that every message about items needs are built once.
ACTION_IDS: BindParameter[int] = bindparam("action_ids", expanding=True)
ASSIGNEES = (
    select(Assignee.action_id, Assignee.user_id)
    .where(Assignee.action_id.in_(ACTION_IDS))
    .order_by(Assignee.action_id, Assignee.user_id)
)
TOWNS = (
    select(TownAssignee.action_id, Municipality)
    .join(Municipality, Municipality.id == TownAssignee.municipality_id)
    .where(TownAssignee.action_id.in_(ACTION_IDS))
    .order_by(TownAssignee.action_id, Municipality.sought, Municipality.id)
)
GROUPS = (
    select(GroupAssignee.action_id, Room)
    .join(Room, Room.id == GroupAssignee.room_id)
    .where(GroupAssignee.action_id.in_(ACTION_IDS))
    .order_by(GroupAssignee.action_id)
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


async def towns(tx: AsyncSession, action_ids: Iterable[int]) -> dict[int, list[Municipality]]:
    """Return the municipalities that are to do each of these items, by name."""
    found: dict[int, list[Municipality]] = {}
    for action_id, town in await tx.execute(TOWNS, {"action_ids": list(action_ids)}):
        found.setdefault(action_id, []).append(town)
    return found


async def groups(tx: AsyncSession, action_ids: Iterable[int]) -> dict[int, list[Room]]:
    """Return the other groups that are to do each of these items, as people list groups."""
    found: dict[int, list[Room]] = {}
    for action_id, room in await tx.execute(GROUPS, {"action_ids": list(action_ids)}):
        found.setdefault(action_id, []).append(room)
    return {number: rooms.in_order(its) for number, its in found.items()}


async def concerns(tx: AsyncSession, action: ActionItem, user_id: str) -> bool:
    """Whether an item is to be done by this person, by a municipality that they stand for, or by a group of theirs."""
    own = exists().where(Assignee.action_id == action.id, Assignee.user_id == user_id)
    town = exists().where(
        TownAssignee.action_id == action.id,
        TownAssignee.municipality_id == Seat.municipality_id,
        Seat.user_id == user_id,
        Seat.standing == Standing.MEMBER,
    )
    group = exists().where(
        GroupAssignee.action_id == action.id,
        GroupAssignee.room_id == RoomMember.room_id,
        RoomMember.user_id == user_id,
        RoomMember.membership == "join",
    )
    return bool(await tx.scalar(select(or_(own, town, group))))


async def is_given_to(tx: AsyncSession, action: ActionItem, room_id: int) -> bool:
    """Whether an item is to be done by the group with this room."""
    return await tx.get(GroupAssignee, (action.id, room_id)) is not None


async def speakers(tx: AsyncSession, action: ActionItem) -> Sequence[tuple[int, str]]:
    """Return (municipality, member id) of all who stand for a municipality that is to do an item."""
    query = select(TownAssignee.municipality_id, Seat.user_id)
    query = query.join(Seat, Seat.municipality_id == TownAssignee.municipality_id)
    query = query.where(TownAssignee.action_id == action.id, Seat.standing == Standing.MEMBER)
    return [(town, user) for town, user in await tx.execute(query)]


async def recurring(tx: AsyncSession, action_ids: Collection[int]) -> dict[int, RecurringAction]:
    """Return of those of these items that come again, or that follow another one, how they do."""
    query = select(RecurringAction).where(RecurringAction.action_id.in_(action_ids))
    return {one.action_id: one for one in await tx.scalars(query)}


async def take_recurring(tx: AsyncSession, action: ActionItem) -> RecurringAction | None:
    """Return how an item comes again, for this transaction alone: two that finish it at once make one that follows."""
    query = select(RecurringAction).where(RecurringAction.action_id == action.id)
    return await tx.scalar(query.with_for_update().execution_options(populate_existing=True))


async def following(tx: AsyncSession, action: ActionItem) -> ActionItem | None:
    """Return the item that follows this one."""
    query = select(ActionItem).join(RecurringAction, RecurringAction.action_id == ActionItem.id)
    return await tx.scalar(query.where(RecurringAction.follows_id == action.id))


async def resemble(tx: AsyncSession, action: ActionItem, model: ActionItem) -> None:
    """Give an item the assignees and tags of another one, and no others."""
    for table in (Assignee, TownAssignee, GroupAssignee, ActionTag):
        await tx.execute(delete(table).where(table.action_id == action.id))
        columns = [column for column in table.__table__.columns if column.name != "action_id"]
        rows = select(literal(action.id), *columns).where(table.action_id == model.id)
        await tx.execute(insert(table).from_select(["action_id", *(column.name for column in columns)], rows))


async def snoozes(tx: AsyncSession, action: ActionItem) -> dict[str, date]:
    """Return who has put off the reminders of an item, and until when."""
    query = select(Snooze.user_id, Snooze.until).where(Snooze.action_id == action.id).order_by(Snooze.user_id)
    return {user: until for user, until in await tx.execute(query)}  # noqa: C416 - rows are no pairs to the type checker


async def wake(tx: AsyncSession, action: ActionItem, user_ids: Collection[str] | None = None) -> None:
    """Forget that these people, or all, have put off the reminders of an item."""
    query = delete(Snooze).where(Snooze.action_id == action.id)
    await tx.execute(query.where(Snooze.user_id.in_(user_ids)) if user_ids is not None else query)


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


def open_calls(room_ids: Iterable[int]) -> Select[ActionItem]:
    """Return the query for unfinished items of these rooms that were called out and that nobody has, by due day."""
    query = select(ActionItem).where(ActionItem.wanted, ActionItem.state.in_(UNFINISHED))
    query = query.where(ActionItem.room_id.in_(list(room_ids)))
    for table in (Assignee, TownAssignee, GroupAssignee):
        query = query.where(~exists().where(table.action_id == ActionItem.id))
    return query.order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)


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
