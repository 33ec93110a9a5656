"""What calendars show of what is stored: meetings from last year on and action items, of one group or of all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.texts import event_link, load_catalogue
from commands.meetings.ics import Dated, Recurring, Shown
from commands.meetings.planning import plan_of
from commands.meetings.todos import Todo
from storage import actions, assignment, calendars, rooms
from storage.actions import ActionState
from storage.calendars import Mark, Tasks
from storage.meetings import Meeting, Series
from storage.rooms import Room

YEARS_AHEAD = 3
DONE_DAYS = 30
"""So long a calendar shows that an action item is finished, for programs keep what is simply gone."""


def since(now: datetime) -> datetime:
    """Return from when on calendars show dates: the beginning of last year, so that they change once a year by it."""
    return datetime(now.year - 1, 1, 1, tzinfo=UTC)


def until(now: datetime) -> datetime:
    """Return up to when (naive wall time) holidays are taken out of a series."""
    return datetime(now.year + YEARS_AHEAD + 1, 1, 1)  # noqa: DTZ001 wall time


async def mark(tx: AsyncSession, groups: Sequence[Room], now: datetime, *, every: bool) -> tuple[Mark, datetime | None]:
    """Return what changes whenever the calendar of these groups does, cheaply; with action items also once a day."""
    tasks = _tasks(groups, now, every=every)
    found = await calendars.mark(tx, [room.id for room in groups], since(now), tasks)
    return found, tasks.since if found.todos else None


async def of_groups(tx: AsyncSession, groups: Sequence[Room], now: datetime, language: str, *, every: bool) -> Shown:
    """Return meetings and action items of these groups; `every`: of all groups, which the titles then name."""
    words = load_catalogue(language, [__package__]).texts
    todos = await _todos(tx, groups, _tasks(groups, now, every=every), words)
    return replace(await meetings_of(tx, groups, now, language, every=every), todos=todos)


async def meetings_of(tx: AsyncSession, groups: Sequence[Room], now: datetime, language: str, *, every: bool) -> Shown:
    """Return the same without action items."""
    words = load_catalogue(language, [__package__]).texts
    keys = {room.id: room.key or room.title for room in groups}
    dates = await calendars.dates(tx, list(keys), since(now))
    series = await calendars.series(tx, list(keys), since(now))
    of_series: dict[int, list[Dated]] = {one.id: [] for one in series}
    singles: list[Dated] = []
    for row in dates:
        of_series.get(row["series_id"], singles).append(_dated(keys[row["room_id"]], row))
    return Shown(
        name=words["calendar-all"] if every else groups[0].name,
        cancelled=words["calendar-cancelled"],
        grouped=every,
        series=[_recurring(keys[one.room_id], one, of_series[one.id]) for one in series],
        singles=singles,
    )


def only(shown: Shown, one: Meeting | Series) -> Shown:
    """Return of a calendar only this series or single date; a date of a series comes with its series.

    Programs take a date that is an exception of a series they do not have for something else.
    """
    series = [found for found in shown.series if found.uid == one.uid]
    return replace(shown, series=series, singles=[found for found in shown.singles if found.uid == one.uid])


def _tasks(groups: Sequence[Room], now: datetime, *, every: bool) -> Tasks:
    begin = datetime.combine(now.astimezone(UTC).date() - timedelta(days=DONE_DAYS), time.min, UTC)
    return Tasks([room.id for room in groups], None if every else groups[0].id, begin)


async def _todos(tx: AsyncSession, groups: Sequence[Room], tasks: Tasks, words: Mapping[str, str]) -> list[Todo]:
    """Return the action items as calendars show them: without the people who are to do them."""
    found = await calendars.todos(tx, tasks)
    ids = [row["id"] for row in found]
    tags, towns, others = await actions.tags(tx, ids), await assignment.towns(tx, ids), await assignment.groups(tx, ids)
    homes = {room.id: room for room in groups}
    homes |= await rooms.by_numbers(tx, {row["room_id"] for row in found} - set(homes))
    return [
        Todo(
            number=row["id"],
            text=row["text"],
            state=row["state"],
            due_on=row["due_on"],
            created_at=row["created_at"],
            changed_at=row["changed_at"] or row["created_at"],
            closed_at=row["closed_at"],
            revision=row["revision"],
            categories=[homes[row["room_id"]].key or homes[row["room_id"]].title, *tags.get(row["id"], ())],
            said=_said(
                [
                    *(town.name for town in towns.get(row["id"], ())),
                    *(room.key or room.title for room in others.get(row["id"], ())),
                ],
                words,
                blocked=row["state"] == ActionState.BLOCKED,
            ),
            link=_link(homes[row["room_id"]], row["source_event_id"]),
        )
        for row in found
    ]


def _link(home: Room, event_id: str | None) -> str | None:
    return event_link(home.matrix_id, event_id) if event_id else None


def _said(bodies: Sequence[str], words: Mapping[str, str], *, blocked: bool) -> str:
    whose = f"{words['calendar-task-of']}: {', '.join(bodies)}" if bodies else ""
    return "\n".join(part for part in (words["calendar-blocked"] if blocked else "", whose) if part)


def _dated(group: str, row: RowMapping) -> Dated:
    facts: dict[str, Any] = {str(name): value for name, value in row.items()}
    del facts["series_id"], facts["room_id"]
    return Dated(group=group, **facts)


def _recurring(group: str, one: Series, dates: Sequence[Dated]) -> Recurring:
    return Recurring(
        uid=one.uid,
        group=group,
        title=one.title,
        link=one.link,
        place=one.place,
        plan=plan_of(one),
        ended=one.ended_at is not None,
        sequence=one.sequence,
        created_at=one.created_at,
        dates=dates,
    )
