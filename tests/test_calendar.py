"""Calendar files: what other programs read in them is exactly what is planned."""

import datetime as dt
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
import vobject
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from commands.meetings import ics, todos, zones
from commands.meetings.ics import CANCELLED, PLANNED, SKIPPED, Dated, Recurring, Shown
from commands.meetings.schedule import DAY, HOUR, MINUTE, Occurrence, Plan, expand
from commands.meetings.todos import Todo
from tests.test_meetings_rules import BERLIN, RULES, wall

GOLDEN = Path(__file__).parent / "golden"
MADE = dt.datetime(2026, 10, 1, 8, 30, tzinfo=dt.UTC)
BEGIN, END = wall("2025-12-01T00:00"), wall("2037-01-01T00:00")
LINK = "https://konferenz.example.org/uag?a=1;b=2,3"
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


# -- what every reader must be able to read

WORDS = st.text(max_size=150) | st.text(st.sampled_from('a;,:"\\\n\t\r\x00\x0b\x85\u2028 ä😀👩‍💻'), max_size=120)


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


@settings(max_examples=100, deadline=None)
@given(WORDS, WORDS, WORDS, WORDS)
def test_words_of_people_stay_words(title: str, place: str, reason: str, group: str) -> None:
    plan = Plan("FREQ=WEEKLY;BYDAY=MO", wall("2026-11-02T10:00"), BERLIN, 60, "keep")
    (occurrence,) = expand(plan, after=plan.dtstart - MINUTE, planned=1)
    facts = {"title": title, "place": place, "reason": reason, "group": group}
    one = dated(occurrence, state=CANCELLED, uid="einzeln@uagbot", **facts)
    text = ics.text(replace(shown(singles=[one]), name=title, grouped=True), END)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    assert "\r" not in text.replace("\r\n", "")
    assert "\n" not in text.replace("\r\n", "")
    names = [line.partition(":")[0].partition(";")[0] for line in unfolded(text)]
    assert names.count("BEGIN") == names.count("END") == 5
    (event,) = Calendar.from_ical(text).events
    assert str(event["SUMMARY"]) == f"Abgesagt: {todos.clean(group)}: {todos.clean(title)}"
    assert str(event.get("LOCATION", "")) == todos.clean(place or LINK)
    assert str(event.get("DESCRIPTION", "")) == todos.clean(reason)
    (read,) = vobject.readOne(text).vevent_list
    assert read.uid.value == "einzeln@uagbot"
    assert IcsCalendarStream.calendar_from_ics(text).events[0].uid == "einzeln@uagbot"


def crowded() -> Shown:
    """A calendar with everything in it that there is."""
    monthly = Plan("FREQ=MONTHLY;BYDAY=1WE", wall("2026-11-04T10:00"), BERLIN, 90, "move")
    first, second, third, *_ = (dated(one) for one in expand(monthly, after=monthly.dtstart - MINUTE, planned=4))
    second = replace(second, starts_at=second.starts_at + DAY, ends_at=second.ends_at + DAY, override=True, sequence=2)
    called_off = replace(third, state=CANCELLED, reason="Der Raum ist belegt;\nneuer Termin folgt", sequence=3)
    weekly = Plan("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", wall("2026-11-02T16:30"), BERLIN, 60, "skip")
    ended = Plan("FREQ=WEEKLY;BYDAY=TH", wall("2026-10-08T09:00"), BERLIN, 30, "keep")
    over = [dated(one, uid="ende@uagbot", group="UAG3") for one in expand(ended, after=ended.dtstart - DAY, planned=3)]
    workshop = Occurrence(
        wall("2026-12-08T10:00"),
        dt.datetime(2026, 12, 8, 9, tzinfo=dt.UTC),
        dt.datetime(2026, 12, 8, 10, 30, tzinfo=dt.UTC),
    )
    hall = {"uid": "werkstatt@uagbot", "title": "Workshop „Energie“, Teil 1 🏰", "place": "Stadthaus Halle (Saale)"}
    return Shown(
        name="Treffen aller Gruppen",
        cancelled="Abgesagt",
        grouped=True,
        series=[
            recurring(monthly, [first, second, called_off], sequence=1),
            recurring(weekly, uid="werk@uagbot", group="UAG2", title="Werkstatt", link=None, place="Rathaus Stendal"),
            recurring(ended, over, uid="ende@uagbot", group="UAG3", ended=True, sequence=1),
        ],
        singles=[
            dated(workshop, **hall, group="UAG2"),
            dated(workshop, uid="aus@uagbot", link=None, title="Klausur", state=CANCELLED, sequence=1),
        ],
        todos=[
            todo(14, text="Leitfaden schreiben; in Ruhe, 🏰", categories=["UAG1", "pilot"], said="Zuständig: Stendal"),
            todo(15, state="blocked", revision=3, said="Blockiert\nZuständig: Halle (Saale), UAG3", link=None),
            todo(16, state="done", closed_at=MADE + DAY, revision=2),
            todo(17, state="dropped", closed_at=MADE + DAY, revision=1),
        ],
    )


def todo(number: int, **facts: Any) -> Todo:
    """Return an action item as a calendar shows it."""
    plain: dict[str, Any] = {
        "text": "Kommunen fragen",
        "state": "open",
        "due_on": dt.date(2026, 12, 4),
        "created_at": MADE,
        "changed_at": MADE + HOUR,
        "closed_at": None,
        "revision": 1,
        "categories": ["UAG1"],
        "said": "",
        "link": "https://matrix.to/#/!room:example.org/$event",
    }
    return Todo(number, **{**plain, **facts})


def test_four_readers_find_the_same_tasks() -> None:
    text = ics.text(crowded(), wall("2028-01-01T00:00"))
    due = dt.date(2026, 12, 4)
    uids = [f"action-{number}-20261001T083000000000@uagbot" for number in (14, 15, 16, 17)]
    states = ["NEEDS-ACTION", "NEEDS-ACTION", "COMPLETED", "CANCELLED"]
    read: Any = Calendar.from_ical(text)
    assert all(not one.errors for one in read.todos)
    found = [(str(one["UID"]), one["DUE"].dt, str(one["STATUS"]), one["SEQUENCE"]) for one in read.todos]
    assert found == list(zip(uids, [due] * 4, states, [1, 3, 2, 1], strict=True))
    assert str(read.todos[0]["SUMMARY"]) == "A14 Leitfaden schreiben; in Ruhe, 🏰"
    assert [str(one) for one in read.todos[0].categories] == ["UAG1", "pilot"]
    assert str(read.todos[1]["DESCRIPTION"]) == "Blockiert\nZuständig: Halle (Saale), UAG3"
    assert str(read.todos[0]["URL"]) == "https://matrix.to/#/!room:example.org/$event"
    assert (read.todos[2]["COMPLETED"].dt, read.todos[2]["PERCENT-COMPLETE"]) == (MADE + DAY, 100)
    assert "COMPLETED" not in read.todos[3]
    other = vobject.readOne(text)
    assert [(one.uid.value, one.due.value, one.status.value) for one in other.vtodo_list] == [one[:3] for one in found]
    strict: Any = IcsCalendarStream.calendar_from_ics(text)
    assert [(one.uid, one.due, one.status.value) for one in strict.todos] == [one[:3] for one in found]
    assert strict.todos[0].summary == "A14 Leitfaden schreiben; in Ruhe, 🏰"
    assert strict.todos[0].categories == ["UAG1", "pilot"]


@settings(max_examples=50, deadline=None)
@given(WORDS, WORDS, WORDS)
def test_words_of_people_stay_words_in_tasks(written: str, tag: str, said: str) -> None:
    one = todo(14, text=written, categories=["UAG1", tag], said=said)
    text = ics.text(replace(shown(), todos=[one]), END)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    assert "\n" not in text.replace("\r\n", "")
    (read,) = Calendar.from_ical(text).todos
    assert str(read["SUMMARY"]) == f"A14 {todos.clean(written)}"
    assert str(read.get("DESCRIPTION", "")) == todos.clean(said)
    assert IcsCalendarStream.calendar_from_ics(text).todos[0].status is not None


def test_a_calendar_stays_as_it_is() -> None:
    """Compare with the golden file; with UAGBOT_GOLDEN=write in the environment, write it anew."""
    text = ics.text(crowded(), wall("2028-01-01T00:00"))
    file = GOLDEN / "calendar-crowded.ics"
    if os.environ.get("UAGBOT_GOLDEN") == "write":
        file.write_bytes(text.encode())
    assert text.encode() == file.read_bytes()


def test_four_readers_find_the_same_events() -> None:
    text = ics.text(crowded(), wall("2028-01-01T00:00"))
    read: Any = Calendar.from_ical(text)
    assert all(not component.errors for component in read.walk())
    expected = sorted((event.uid, utc(event.start), utc(event.end)) for event in read.events)
    assert len(expected) == 7
    other = vobject.readOne(text)
    assert other.validate(raiseException=True)
    assert (
        sorted((one.uid.value, utc(one.dtstart.value), utc(one.dtend.value)) for one in other.vevent_list) == expected
    )
    strict: Any = IcsCalendarStream.calendar_from_ics(text)
    assert sorted((one.uid, utc(one.dtstart), utc(one.dtend)) for one in strict.events) == expected
    again: Any = IcsCalendarStream.calendar_from_ics(IcsCalendarStream.calendar_to_ics(strict))
    assert sorted((one.uid, utc(one.dtstart), utc(one.dtend)) for one in again.events) == expected
    assert as_on_the_timeline(text) == as_expanded(text)


def test_every_required_part_is_there() -> None:
    text = ics.text(crowded(), wall("2028-01-01T00:00"))
    lines = unfolded(text)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    for line in (
        "VERSION:2.0",
        "METHOD:PUBLISH",
        "NAME:Treffen aller Gruppen",
        "X-WR-CALNAME:Treffen aller Gruppen",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        f"URL:{LINK}",
        f"CONFERENCE;VALUE=URI:{LINK}",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "SUMMARY:Abgesagt: UAG1: Klausur",
        r"SUMMARY:UAG2: Workshop „Energie“\, Teil 1 🏰",
        r"DESCRIPTION:Der Raum ist belegt\;\nneuer Termin folgt",
        "CATEGORIES:UAG2",
        "RRULE:FREQ=WEEKLY;UNTIL=20261022T070000Z;BYDAY=TH",
        "DUE;VALUE=DATE:20261204",
        "DTSTAMP:20261001T093000Z",
        "COMPLETED:20261002T083000Z",
    ):
        assert line in lines, line
    assert lines.count("BEGIN:VTIMEZONE") == 1
    assert {match[1] for match in re.finditer(r"TZID=([^:;]+)", text)} == {"Europe/Berlin"}


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
