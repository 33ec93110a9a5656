"""Calendars that tests write, and how readers that nobody here wrote see them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from commands.meetings.ics import PLANNED, SKIPPED, Dated, Recurring, Shown
from commands.meetings.schedule import DAY, Occurrence, Plan
from tests.test_meetings_rules import BERLIN, wall

MADE = dt.datetime(2026, 10, 1, 8, 30, tzinfo=dt.UTC)
BEGIN, END = wall("2025-12-01T00:00"), wall("2037-01-01T00:00")
LINK = "https://konferenz.example.org/uag?a=1;b=2,3"
Seen = tuple[dt.datetime, dt.datetime, str, str]


def dated(one: Occurrence, **facts: Any) -> Dated:
    """Return the date that is stored for an occurrence, or a single one."""
    plain: dict[str, Any] = {
        "uid": "serie@uagbot",
        "group": "UAG1",
        "title": "UAG-Treffen",
        "link": LINK,
        "place": None,
        "zone": "Europe/Berlin",
        "state": SKIPPED if one.skipped else PLANNED,
        "reason": None,
        "override": False,
        "sequence": 0,
        "created_at": MADE,
    }
    times = {"original": one.original, "starts_at": one.starts_at, "ends_at": one.ends_at}
    return Dated(**{**plain, **times, **facts})


def recurring(plan: Plan, dates: Sequence[Dated] = (), **facts: Any) -> Recurring:
    """Return a series with these stored dates."""
    plain: dict[str, Any] = {
        "uid": "serie@uagbot",
        "group": "UAG1",
        "title": "UAG-Treffen",
        "link": LINK,
        "place": None,
        "ended": False,
        "sequence": 0,
        "created_at": MADE,
    }
    return Recurring(plan=plan, dates=dates, **{**plain, **facts})


def shown(*series: Recurring, singles: Sequence[Dated] = ()) -> Shown:
    return Shown("Treffen aller Gruppen", "Abgesagt", grouped=False, series=series, singles=singles)


def utc(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC)


def as_expanded(text: str) -> list[Seen]:
    """Return what recurring-ical-events reads."""
    calendar = Calendar.from_ical(text)
    found = recurring_ical_events.of(calendar).between(
        BEGIN.replace(tzinfo=dt.UTC), (END - 4 * DAY).replace(tzinfo=dt.UTC)
    )
    return sorted(
        (utc(one["DTSTART"].dt), utc(one["DTEND"].dt), str(one["SUMMARY"]), str(one["STATUS"])) for one in found
    )


def as_on_the_timeline(text: str) -> list[Seen]:
    """Return what the calendar of Home Assistant reads."""
    calendar: Any = IcsCalendarStream.calendar_from_ics(text)
    found = calendar.timeline_tz(BERLIN).overlapping(
        BEGIN.replace(tzinfo=dt.UTC), (END - 4 * DAY).replace(tzinfo=dt.UTC)
    )
    return sorted((utc(one.dtstart), utc(one.dtend), one.summary, one.status.value) for one in found)
