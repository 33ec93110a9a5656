"""Calendar files: what other programs read in them is exactly what is planned."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from commands.meetings import ics, zones
from commands.meetings.ics import CANCELLED, PLANNED, SKIPPED, Dated, Recurring
from commands.meetings.schedule import DAY, HOUR, MINUTE, Plan, expand
from tests.sampled_calendars import (
    BEGIN,
    END,
    Seen,
    as_expanded,
    as_on_the_timeline,
    dated,
    recurring,
    shown,
    utc,
)
from tests.test_meetings_rules import BERLIN, RULES, wall

ZONES = (
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/Chisinau",
    "America/New_York",
    "America/Nuuk",
    "America/Mexico_City",
    "America/Santiago",
    "Africa/Casablanca",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)


# -- exactly the dates that are planned, for readers that nobody here wrote

TIMES = st.sampled_from([dt.time(10), dt.time(2, 30), dt.time(1, 45), dt.time(0, 15), dt.time(23, 30), dt.time(14)])
PLANS = st.builds(
    lambda rule, day, time, minutes, holidays: Plan(rule, dt.datetime.combine(day, time), BERLIN, minutes, holidays),
    st.sampled_from(RULES),
    st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)),
    TIMES,
    st.sampled_from([30, 60, 90, 180, 600]),
    st.sampled_from(["skip", "move", "keep"]),
)


@st.composite
def series(draw: st.DrawFn) -> Recurring:
    """Make a series that may have dates moved, cancelled and renamed by hand, under another holiday rule, or an end."""
    plan = draw(PLANS)
    first = expand(plan, after=plan.dtstart - MINUTE, planned=1)[0].original  # a series begins with one of its dates
    plan = replace(plan, dtstart=first)
    before = replace(plan, holidays=draw(st.sampled_from(["skip", "move", "keep"])))
    planned = expand(before, after=first - MINUTE, planned=draw(st.integers(0, 12)))
    dates = [draw(_changed(dated(one))) for one in planned]
    return recurring(plan, dates, ended=draw(st.booleans()), sequence=draw(st.integers(0, 3)))


@st.composite
def _changed(draw: st.DrawFn, one: Dated) -> Dated:
    what = draw(st.sampled_from(["as it is", "as it is", "moved", "cancelled", "renamed", "back"]))
    if what == "moved":
        by = draw(st.integers(-72, 72)) * HOUR
        length = draw(st.sampled_from([MINUTE, 90 * MINUTE, DAY]))
        begins = one.starts_at + by
        return replace(one, starts_at=begins, ends_at=begins + length, state=PLANNED, override=True, sequence=1)
    if what == "cancelled":
        return replace(one, state=CANCELLED, reason="Der Raum ist belegt", override=True, sequence=1)
    if what == "renamed":
        return replace(one, title="Klausur; mit Übernachtung, 🏰", place="Quedlinburg", override=True, sequence=2)
    return replace(one, override=True, sequence=2) if what == "back" and one.state == PLANNED else one


def planned(one: Recurring) -> list[Seen]:
    """Return what takes place or was called off, by our own expansion."""
    dates = list(one.dates)
    if not one.ended:
        after = max((date.original for date in dates), default=one.plan.dtstart - MINUTE)
        dates += [dated(found) for found in expand(one.plan, after=after, planned=600)]
    found = [date for date in dates if date.state != SKIPPED and date.original < END]
    return sorted(
        (
            utc(date.starts_at),
            utc(date.ends_at),
            f"Abgesagt: {date.title}" if date.state == CANCELLED else date.title,
            "CANCELLED" if date.state == CANCELLED else "CONFIRMED",
        )
        for date in found
        if BEGIN.replace(tzinfo=dt.UTC) < date.starts_at < (END - 4 * DAY).replace(tzinfo=dt.UTC)
    )


@settings(max_examples=40, deadline=None)
@given(series())
def test_ten_years_of_a_series_are_read_date_by_date_as_they_are_planned(one: Recurring) -> None:
    text = ics.text(shown(one), END)
    assert as_expanded(text) == planned(one)


@settings(max_examples=25, deadline=None)
@given(series())
def test_another_reader_sees_the_same_dates(one: Recurring) -> None:
    assume(planned(one))
    assert as_on_the_timeline(ics.text(shown(one), END)) == planned(one)


@pytest.mark.parametrize("start", ["2026-03-01T02:30", "2026-10-04T02:30", "2026-03-29T02:30", "2026-10-25T02:30"])
@pytest.mark.parametrize("minutes", [15, 30, 60, 240])
def test_a_meeting_in_the_night_in_which_clocks_change_is_when_it_is(start: str, minutes: int) -> None:
    one = recurring(Plan("FREQ=WEEKLY;BYDAY=SU", wall(start), BERLIN, minutes, "keep"))
    text = ics.text(shown(one), END)
    found = [(begins, ends) for begins, ends, _, _ in as_expanded(text)]
    spring, autumn = (dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC))
    assert (spring, spring + minutes * MINUTE) in found or wall(start) > wall("2026-04-01T00:00")
    assert (autumn, autumn + minutes * MINUTE) in found
    assert as_expanded(text) == as_on_the_timeline(text) == planned(one)


@settings(max_examples=40, deadline=None)
@given(series())
def test_a_series_begins_with_a_date_that_is_seen_and_its_rule_agrees(one: Recurring) -> None:
    events: list[Any] = Calendar.from_ical(ics.text(shown(one), END)).events
    if not planned(one):
        assert events == []
        return
    main, *others = events
    begins = main.start.replace(tzinfo=None)
    assert expand(one.plan, after=begins - MINUTE, planned=1)[0].original == begins
    assert begins not in [found.replace(tzinfo=None) for found in main.exdates]
    assert {event.uid for event in others} <= {main.uid}
    assert all(event.sequence >= main.sequence for event in others)
    moments = [event.RECURRENCE_ID for event in others]
    assert len(set(moments)) == len(moments)
    if one.ended:
        (until,) = main["RRULE"]["UNTIL"]
        assert until.utcoffset() == dt.timedelta(0)


def test_a_series_does_not_begin_with_a_date_that_a_holiday_takes_out() -> None:
    plan = Plan("FREQ=MONTHLY;BYMONTHDAY=1", wall("2027-01-01T10:00"), BERLIN, 60, "skip")
    stored = [dated(one) for one in expand(plan, after=plan.dtstart - MINUTE, planned=3)]
    for dates in ([], stored):
        (main,) = Calendar.from_ical(ics.text(shown(recurring(plan, dates)), wall("2027-04-15T00:00"))).events
        assert main.start.replace(tzinfo=None) == wall("2027-02-01T10:00")  # type: ignore[call-arg]
        assert main.exdates == []


def test_nothing_is_left_of_a_series_that_ended_before_it_began() -> None:
    plan = Plan("FREQ=WEEKLY;BYDAY=MO", wall("2026-11-02T10:00"), BERLIN, 60, "keep")
    one = recurring(plan, ended=True)
    assert not ics.has_dates(shown(one), END)
    assert Calendar.from_ical(ics.text(shown(one), END)).events == []


def test_of_an_ended_series_dates_that_were_moved_beyond_its_end_are_left_out() -> None:
    plan = Plan("FREQ=WEEKLY;BYDAY=MO", wall("2026-11-02T10:00"), BERLIN, 60, "keep")
    first, second, third = (dated(one) for one in expand(plan, after=plan.dtstart - MINUTE, planned=3))
    text = ics.text(shown(recurring(plan, [first, third], ended=True)), END)
    assert [begins for begins, *_ in as_expanded(text)] == [first.starts_at, third.starts_at]
    assert second.original.strftime("EXDATE;TZID=Europe/Berlin:%Y%m%dT%H%M%S") in text


# -- zones


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_has_the_offsets_that_its_place_has(name: str) -> None:
    zone = ZoneInfo(name)
    component = zones.component(name)
    read = component.to_tz(lookup_tzid=False)
    assert read is not None
    for day in _days():
        assert (day.astimezone(read).utcoffset()) == day.astimezone(zone).utcoffset(), day
    assert len(component.standard) >= 1


def _days() -> Iterator[dt.datetime]:
    at = dt.datetime(2026, 1, 1, 0, 30, tzinfo=dt.UTC)
    while at.year < 2037:
        yield at
        at += dt.timedelta(days=1, hours=7)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
def test_outlook_gets_one_standard_and_at_most_one_daylight_by_rule(name: str) -> None:
    component = zones.component(name)
    assert len(component.standard) == 1
    assert len(component.daylight) <= 1
    assert "RDATE" not in component.to_ical().decode()


def test_a_room_in_utc_needs_no_zone() -> None:
    for name in ("UTC", "Etc/UTC"):
        plan = Plan("FREQ=WEEKLY;BYDAY=MO", wall("2026-11-02T10:00"), ZoneInfo(name), 60, "keep")
        text = ics.text(shown(recurring(plan)), END)
        assert "DTSTART:20261102T100000Z" in text
        assert "TZID" not in text
