"""What calendars show of the stored meetings: of one group or of all, from last year on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.texts import load_catalogue
from commands.meetings.ics import Dated, Recurring, Shown
from commands.meetings.planning import plan_of
from storage import calendars
from storage.meetings import Meeting, Series
from storage.rooms import Room

YEARS_AHEAD = 3


def since(now: datetime) -> datetime:
    """Return from when on calendars show dates: the beginning of last year, so that they change once a year by it."""
    return datetime(now.year - 1, 1, 1, tzinfo=UTC)


def until(now: datetime) -> datetime:
    """Return up to when (naive wall time) holidays are taken out of a series."""
    return datetime(now.year + YEARS_AHEAD + 1, 1, 1)  # noqa: DTZ001 wall time


async def of_groups(tx: AsyncSession, groups: Sequence[Room], now: datetime, language: str, *, every: bool) -> Shown:
    """Return the meetings of these groups; `every`: of all groups, which the titles then name."""
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
