"""What calendars show: series, dates and action items of some rooms, and whether anything of that has changed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, RowMapping, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from storage.actions import UNFINISHED, ActionItem, GroupAssignee
from storage.meetings import Meeting, Series

MEETING = (
    Meeting.series_id,
    Meeting.room_id,
    Meeting.uid,
    Meeting.title,
    Meeting.link,
    Meeting.place,
    Meeting.zone,
    Meeting.original,
    Meeting.starts_at,
    Meeting.ends_at,
    Meeting.state,
    Meeting.reason,
    Meeting.override,
    Meeting.sequence,
    Meeting.created_at,
)
TODO = (
    ActionItem.id,
    ActionItem.room_id,
    ActionItem.text,
    ActionItem.state,
    ActionItem.due_on,
    ActionItem.created_at,
    ActionItem.changed_at,
    ActionItem.closed_at,
    ActionItem.revision,
    ActionItem.source_event_id,
)
MOST_TODOS = 1_000


class Mark(NamedTuple):
    """Numbers that change with every change: how many there are of each kind, the newest, all that was changed."""

    dates: int
    newest_date: int
    date_changes: int
    series: int
    newest_series: int
    series_changes: int
    todos: int
    newest_todo: int
    todo_changes: int


class Tasks(NamedTuple):
    """Which action items a calendar shows: those with a day that are unfinished or were closed at `since` or later.

    They are of these rooms, or another group has given them to `given_to`.
    """

    room_ids: Collection[int]
    given_to: int | None
    since: datetime

    @property
    def parts(self) -> Sequence[ColumnElement[bool]]:
        """The conditions of which each item meets one; each has an index of its own."""
        own = ActionItem.room_id.in_(self.room_ids) & ActionItem.due_on.is_not(None)
        found = [own & ActionItem.state.in_(UNFINISHED), own & (ActionItem.closed_at >= self.since)]
        if self.given_to is not None:
            given = select(GroupAssignee.action_id).where(GroupAssignee.room_id == self.given_to)
            shown = ActionItem.closed_at.is_(None) | (ActionItem.closed_at >= self.since)
            others = ActionItem.room_id.not_in(self.room_ids) & ActionItem.due_on.is_not(None)
            found.append(ActionItem.id.in_(given) & others & shown)
        return found


async def mark(tx: AsyncSession, room_ids: Collection[int], since: datetime, tasks: Tasks) -> Mark:
    """Return where the dates of these rooms that begin at `since` or later stand, all their series, and the items."""
    dates = select(func.count(), func.max(Meeting.id), func.sum(Meeting.sequence))
    dates = dates.where(Meeting.room_id.in_(room_ids), Meeting.starts_at >= since)
    series = select(func.count(), func.max(Series.id), func.sum(Series.sequence)).where(Series.room_id.in_(room_ids))
    parts = [select(ActionItem.id, ActionItem.revision).where(part) for part in tasks.parts]
    shown = union_all(*parts).subquery()
    todos = select(func.count(), func.max(shown.c.id), func.sum(shown.c.revision))
    found = [number for query in (dates, series, todos) for number in (await tx.execute(query)).one()]
    return Mark(*(int(number or 0) for number in found))


async def dates(tx: AsyncSession, room_ids: Collection[int], since: datetime) -> Sequence[RowMapping]:
    """Return the dates of these rooms that begin at `since` or later, each with the columns of `MEETING`."""
    query = select(*MEETING).where(Meeting.room_id.in_(room_ids), Meeting.starts_at >= since)
    return (await tx.execute(query.order_by(Meeting.original, Meeting.id))).mappings().all()


async def series(tx: AsyncSession, room_ids: Collection[int], since: datetime) -> Sequence[Series]:
    """Return the series of these rooms that have not ended before `since`."""
    query = select(Series).where(Series.room_id.in_(room_ids), or_(Series.ended_at.is_(None), Series.ended_at >= since))
    return (await tx.scalars(query.order_by(Series.id))).all()


async def todos(tx: AsyncSession, tasks: Tasks) -> Sequence[RowMapping]:
    """Return the first of these action items, each with the columns of `TODO`: by day, finished ones last."""
    query = union_all(*(select(*TODO).where(part) for part in tasks.parts)).subquery()
    found = select(query).order_by(query.c.closed_at.is_not(None), query.c.due_on, query.c.id).limit(MOST_TODOS)
    return (await tx.execute(found)).mappings().all()
