"""Calendar files: what every program must be able to read, meetings and tasks."""

import datetime as dt
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import vobject
from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from commands.meetings import ics, todos
from commands.meetings.ics import CANCELLED, Shown
from commands.meetings.schedule import DAY, HOUR, MINUTE, Occurrence, Plan, expand
from commands.meetings.todos import Todo
from tests.sampled_calendars import (
    END,
    LINK,
    MADE,
    as_expanded,
    as_on_the_timeline,
    dated,
    recurring,
    shown,
    utc,
)
from tests.test_meetings_rules import BERLIN, wall

GOLDEN = Path(__file__).parent / "golden"


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
