"""Who is to do an action item: people, municipalities and groups; and the calls that nobody has taken."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, Select, and_, delete, exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage import rooms
from storage.actions import ACTION_IDS, UNFINISHED, ActionChange, ActionItem
from storage.base import Base
from storage.municipalities import Municipality, Seat, Standing
from storage.rooms import Room, RoomMember


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


# Queries that every message about items needs are built once.
PEOPLE = (
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


def give(
    tx: AsyncSession,
    action: ActionItem,
    user_ids: Iterable[str],
    town_ids: Iterable[int] = (),
    group_ids: Iterable[int] = (),
) -> None:
    """Give a new item its first assignees."""
    tx.add_all(Assignee(action_id=action.id, user_id=user) for user in dict.fromkeys(user_ids))
    tx.add_all(TownAssignee(action_id=action.id, municipality_id=town) for town in dict.fromkeys(town_ids))
    tx.add_all(GroupAssignee(action_id=action.id, room_id=group) for group in dict.fromkeys(group_ids))


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
    give(tx, action, user_ids, town_ids, group_ids)
    await tx.flush()


async def add(tx: AsyncSession, action: ActionItem, user_id: str) -> bool:
    """Let somebody do the item too; False if it was theirs already."""
    if await tx.get(Assignee, (action.id, user_id)) is not None:
        return False
    tx.add(Assignee(action_id=action.id, user_id=user_id))
    await tx.flush()
    return True


async def drop(tx: AsyncSession, action: ActionItem, user_id: str) -> bool:
    """Let somebody do the item no more; False if it was not theirs."""
    gone = delete(Assignee).where(Assignee.action_id == action.id, Assignee.user_id == user_id)
    return bool((await tx.scalars(gone.returning(Assignee.user_id))).all())


async def people(tx: AsyncSession, action_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the assignees of each of these items."""
    found: dict[int, list[str]] = {}
    for action_id, user_id in await tx.execute(PEOPLE, {"action_ids": list(action_ids)}):
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


def open_calls(room_ids: Iterable[int]) -> Select[ActionItem]:
    """Return the query for unfinished items of these rooms that were called out and that nobody has, by due day."""
    query = select(ActionItem).where(ActionItem.wanted, ActionItem.state.in_(UNFINISHED))
    query = query.where(ActionItem.room_id.in_(list(room_ids)))
    for table in (Assignee, TownAssignee, GroupAssignee):
        query = query.where(~exists().where(table.action_id == ActionItem.id))
    return query.order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)


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

    Of all rooms what is the person's to do or given to a group in `led_ids`, of these rooms what is the municipality's.
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
    query = query.where(or_(mine, and_(ActionItem.room_id.in_(room_ids), town), led))
    query = query.order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)
    return [Given(item, bool(is_fresh)) for item, is_fresh in await tx.execute(query)]
