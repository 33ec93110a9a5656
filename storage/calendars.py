"""What calendars show: series, dates and action items of some rooms, and whether anything of that has changed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, RowMapping, bindparam, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import Select

from storage.actions import UNFINISHED, ActionItem
from storage.assignment import GroupAssignee
from storage.digests import DigestRule
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

    They are of these rooms, or another group has given them to `given_to`. Without `given_to` it is the calendar of
    all groups, which shows none of those whose content stays inside.
    """

    room_ids: Collection[int]
    given_to: int | None
    since: datetime

    @property
    def facts(self) -> dict[str, Any]:
        """What queries are given."""
        return {"room_ids": list(self.room_ids), "since": self.since, "given_to": self.given_to}


def _parts(*, every: bool) -> list[ColumnElement[bool]]:
    """Return the conditions of which each item meets one; each has an index of its own."""
    home: BindParameter[int] = bindparam("room_ids", expanding=True)
    since: BindParameter[datetime] = bindparam("since")
    dated = ActionItem.due_on.is_not(None)
    own = ActionItem.room_id.in_(home) & dated
    if every:
        own &= ActionItem.room_id.not_in(select(DigestRule.room_id).where(DigestRule.counts_only))
    parts: list[ColumnElement[bool]] = [own & ActionItem.state.in_(UNFINISHED), own & (ActionItem.closed_at >= since)]
    if not every:
        given = select(GroupAssignee.action_id).where(GroupAssignee.room_id == bindparam("given_to"))
        shown = ActionItem.closed_at.is_(None) | (ActionItem.closed_at >= since)
        parts.append(ActionItem.id.in_(given) & ActionItem.room_id.not_in(home) & dated & shown)
    return parts


def _todo_mark(*, every: bool) -> Select[int, int, int]:
    rows = union_all(*(select(ActionItem.id, ActionItem.revision).where(one) for one in _parts(every=every))).subquery()
    return select(func.count(), func.max(rows.c.id), func.sum(rows.c.revision))


def _todos(*, every: bool) -> Select[Any]:
    """Return the query for them: by day, finished ones last."""
    rows = union_all(*(select(*TODO).where(one) for one in _parts(every=every))).subquery()
    return select(rows).order_by(rows.c.closed_at.is_not(None), rows.c.due_on, rows.c.id).limit(MOST_TODOS)


# Every subscriber asks for the first of these, so they are built once: of a group, and of all.
TODO_MARKS = {every: _todo_mark(every=every) for every in (False, True)}
TODOS = {every: _todos(every=every) for every in (False, True)}


async def mark(tx: AsyncSession, room_ids: Collection[int], since: datetime, tasks: Tasks) -> Mark:
    """Return where the dates of these rooms that begin at `since` or later stand, all their series, and the items."""
    dates = select(func.count(), func.max(Meeting.id), func.sum(Meeting.sequence))
    dates = dates.where(Meeting.room_id.in_(room_ids), Meeting.starts_at >= since)
    series = select(func.count(), func.max(Series.id), func.sum(Series.sequence)).where(Series.room_id.in_(room_ids))
    found = [number for query in (dates, series) for number in (await tx.execute(query)).one()]
    found += (await tx.execute(TODO_MARKS[tasks.given_to is None], tasks.facts)).one()
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
    """Return the first of these action items, each with the columns of `TODO`."""
    found: Sequence[RowMapping] = (await tx.execute(TODOS[tasks.given_to is None], tasks.facts)).mappings().all()
    return found
