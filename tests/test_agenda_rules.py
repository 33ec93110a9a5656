"""What the rules of the agenda promise: titles and budgets as people type them, what fills it, and its order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.agenda.filling import (
    FOLLOWING,
    OPENING,
    SAID,
    Listed,
    Plan,
    Task,
    Topic,
    arranged,
    moved,
    plan,
    task_topics,
)
from commands.agenda.wording import LONGEST_TITLE, MOST_MINUTES, fits, read_budget, read_item, shortened
from commands.kit.words import split_words
from storage.agenda import AgendaSource

TODAY = date(2026, 11, 2)
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
THIS, OTHER = 7, 8  # two dates of a group
AUTOMATIC: list[AgendaSource] = [*OPENING, *FOLLOWING]

SOURCES = st.sampled_from([*SAID, *AUTOMATIC])
IDS = st.integers(1, 4) | st.none()
INSTANTS = st.none() | st.integers(0, 5).map(lambda days: NOW + timedelta(days=days))
TOPICS = st.lists(
    st.builds(
        Topic,
        source=st.sampled_from(AUTOMATIC),
        source_id=IDS,
        title=st.sampled_from(["Radweg", "Leitfaden"]),
        since=INSTANTS,
        talked=INSTANTS,
    ),
    max_size=8,
    unique_by=lambda topic: topic.key,
)
LISTED = st.lists(
    st.builds(
        Listed,
        id=st.just(0),
        source=SOURCES,
        source_id=IDS,
        title=st.sampled_from(["Radweg", "Haushalt"]),
        is_open=st.booleans(),
        meeting_id=st.sampled_from([None, THIS, OTHER]),
    ),
    max_size=8,
).map(lambda found: [replace(one, id=number) for number, one in enumerate(found, start=1)])


def filled(listed: Sequence[Listed], topics: Sequence[Topic], kept: Sequence[int] = ()) -> Plan:
    return plan(listed, topics, meeting_id=THIS, shown=(None, THIS), kept=kept)


def after(listed: Sequence[Listed], change: Plan) -> list[Listed]:
    """Return what is listed once a plan is carried out: what came by itself belongs to this date then."""
    kept = []
    for one in listed:
        mine = one.id in change.gone or (one.meeting_id is None and one.source not in SAID)
        is_open, title = one.is_open and one.id not in change.gone, change.renamed.get(one.id, one.title)
        kept.append(replace(one, title=title, is_open=is_open, meeting_id=THIS if mine else one.meeting_id))
    numbers = count(len(listed) + 1)
    new = [Listed(next(numbers), *one.key, one.title, is_open=True, meeting_id=THIS) for one in change.new]
    return kept + new


# -- what people type


@pytest.mark.parametrize(
    ("text", "title", "budget"),
    [
        ('"Radweg nach Wörlitz" 15min', "Radweg nach Wörlitz", 15),
        ('15min "Radweg nach Wörlitz"', "Radweg nach Wörlitz", 15),
        ("„Radweg nach Wörlitz“ 15 Minuten", "Radweg nach Wörlitz", 15),
        ('"Radweg nach Wörlitz", 15 min', "Radweg nach Wörlitz", 15),
        ('"Radweg nach Wörlitz" – 15 min', "Radweg nach Wörlitz", 15),
        ("Radweg nach Wörlitz 15 min", "Radweg nach Wörlitz", 15),
        ("Radweg nach Wörlitz (15 min)", "Radweg nach Wörlitz", 15),
        ("Radweg nach Wörlitz: 15min.", "Radweg nach Wörlitz", 15),
        ("15 min: Radweg nach Wörlitz", "Radweg nach Wörlitz", 15),
        ("Radweg nach Wörlitz 15'", "Radweg nach Wörlitz", 15),
        ('"Radweg nach Wörlitz" 15', "Radweg nach Wörlitz", 15),
        ('15 "Radweg nach Wörlitz"', "Radweg nach Wörlitz", 15),
        ("Klausur 1,5 Stunden", "Klausur", 90),
        ("Klausur 1h", "Klausur", 60),
        ("Klausur 0 min", "Klausur", 0),
        ("Haushalt 2027", "Haushalt 2027", None),
        ('"Pause 15 min"', "Pause 15 min", None),
        ("Nach 15 min Pause weiter", "Nach 15 min Pause weiter", None),
        ("Radweg (Wörlitz)", "Radweg (Wörlitz)", None),
        ("15min", "", 15),
        ("15 min", "", 15),
        ("", "", None),
        ("Radweg\nnach  Wörlitz 15min", "Radweg nach Wörlitz", 15),
        ('"Radweg" nach Wörlitz 5min', '"Radweg" nach Wörlitz', 5),
    ],
)
def test_a_title_and_its_budget_are_read_as_people_type_them(text: str, title: str, budget: int | None) -> None:
    assert read_item(split_words(text))[:2] == (title, budget)


@given(st.integers(0, 99_999), st.sampled_from(["min", " min", " Minuten", "m", "'"]))
def test_every_number_of_minutes_is_read_and_only_those_of_a_meeting_fit(number: int, unit: str) -> None:
    assert read_budget(f"{number}{unit}") == number
    assert fits(number) == (1 <= number <= MOST_MINUTES)


@given(st.text())
def test_any_text_is_read_and_a_title_from_a_message_is_one_line_that_fits(text: str) -> None:
    read_budget(text)
    title = shortened(text)
    assert len(title) <= LONGEST_TITLE
    assert "\n" not in title
    assert bool(title) == bool(text.strip())


def test_a_long_message_is_cut_behind_a_word() -> None:
    title = shortened("\n\nKöthen " * 60 + "Ende")
    assert title == "Köthen"
    assert shortened("Köthen " * 60).endswith("Köthen…")
    assert shortened("x" * 10_000) == "x" * 199 + "…"


# -- what fills it


@given(LISTED, TOPICS)
def test_filling_twice_changes_nothing(listed: list[Listed], topics: list[Topic]) -> None:
    once = after(listed, filled(listed, topics))
    again = filled(once, topics)
    assert (list(again.new), set(again.gone), dict(again.renamed)) == ([], set(), {})


@given(LISTED, TOPICS)
def test_an_agenda_shows_no_topic_twice_and_only_what_is_still_to_be_talked_about(
    listed: list[Listed], topics: list[Topic]
) -> None:
    found = [one for one in after(listed, filled(listed, topics)) if one.is_open and one.meeting_id in (None, THIS)]
    keys = [one.key for one in found if one.source not in SAID]
    assert len(keys) == len(set(keys))
    assert set(keys) <= {topic.key for topic in topics if topic.is_wanted}
    assert {one.id for one in found} >= {
        one.id for one in listed if one.is_open and one.source in SAID and one.meeting_id in (None, THIS)
    }


@given(LISTED, TOPICS)
def test_every_topic_is_there_unless_it_was_closed_at_this_date_or_waits_for_another(
    listed: list[Listed], topics: list[Topic]
) -> None:
    there = {one.key for one in after(listed, filled(listed, topics)) if one.is_open}
    closed = {one.key for one in listed if not one.is_open and one.meeting_id == THIS}
    assert {topic.key for topic in topics if topic.is_wanted} <= there | closed


@given(LISTED, TOPICS)
def test_what_was_closed_at_this_date_does_not_come_again_and_other_dates_keep_their_items(
    listed: list[Listed], topics: list[Topic]
) -> None:
    change = filled(listed, topics)
    closed = {one.key for one in listed if not one.is_open and one.meeting_id == THIS}
    assert not closed & {topic.key for topic in change.new}
    assert not {one.id for one in listed if one.meeting_id == OTHER or one.source in SAID} & {
        *change.gone,
        *change.renamed,
    }


@given(LISTED, TOPICS, st.sets(st.integers(1, 8)))
def test_what_the_meeting_talks_about_stays(listed: list[Listed], topics: list[Topic], kept: set[int]) -> None:
    assert not kept & set(filled(listed, topics, list(kept)).gone)


def test_what_stands_on_every_agenda_comes_to_each_date_of_its_own() -> None:
    topic = Topic(AgendaSource.STANDING, 1, "Aktuelles")
    there = Listed(1, AgendaSource.STANDING, 1, "Aktuelles", is_open=True, meeting_id=OTHER)
    assert list(filled([there], [topic]).new) == [topic]
    assert list(filled([replace(there, meeting_id=None)], [topic]).new) == []
    request = Topic(AgendaSource.REQUEST, 1, "Frage")
    assert list(filled([replace(there, source=AgendaSource.REQUEST)], [request]).new) == []


def test_what_was_talked_about_comes_again_only_when_something_has_happened_since() -> None:
    tie = Topic(AgendaSource.POLL, 1, "Wo?", since=NOW, talked=NOW + timedelta(days=1))
    assert not tie.is_wanted
    assert replace(tie, talked=NOW - timedelta(days=1)).is_wanted
    assert replace(tie, since=None).is_wanted


# -- action items


def tasks(*due: int) -> list[Task]:
    return [Task(number, f"Schritt {number}", TODAY + timedelta(days=days)) for number, days in enumerate(due, start=1)]


def test_overdue_tasks_stand_alone_and_the_others_together() -> None:
    found = task_topics(tasks(-3, -1, 0, 5), today=TODAY, alone=(), adding=True, title="Offene Aufgaben")
    assert [(one.source_id, one.title, one.note) for one in found] == [
        (1, "Schritt 1", "overdue"),
        (2, "Schritt 2", "overdue"),
        (None, "Offene Aufgaben (2): A3, A4", ""),
    ]


def test_a_task_that_becomes_overdue_stays_among_the_others_until_the_agenda_is_filled_again() -> None:
    found = task_topics(tasks(-3, -1, 5), today=TODAY, alone={1}, adding=False, title="Offene Aufgaben")
    assert [one.title for one in found] == ["Schritt 1", "Offene Aufgaben (2): A2, A3"]
    many = task_topics(tasks(*[5] * 9), today=TODAY, alone=(), adding=True, title="Offene Aufgaben")
    assert [one.title for one in many] == ["Offene Aufgaben (9): A1, A2, A3, A4, A5, A6, A7, A8 …"]


@given(st.lists(st.integers(-5, 5), max_size=12), st.sets(st.integers(1, 12)), st.booleans())
def test_every_task_is_named_once(due: list[int], alone: set[int], adding: bool) -> None:
    found = task_topics(tasks(*due), today=TODAY, alone=alone, adding=adding, title="Offen")
    own = [one.source_id for one in found if one.source_id is not None]
    together = [one.title for one in found if one.source_id is None]
    assert len(own) == len(set(own))
    assert len(together) == (len(own) < len(due))
    assert not together or together[0].startswith(f"Offen ({len(due) - len(own)}): A")


# -- the order


@given(st.lists(st.integers(), unique=True, min_size=1), st.data())
def test_an_item_moves_right_beside_another_and_all_others_keep_their_order(
    order: list[int], data: st.DataObject
) -> None:
    what, other = data.draw(st.sampled_from(order)), data.draw(st.sampled_from(order))
    behind = data.draw(st.booleans())
    found = moved(order, what, other, after=behind)
    assert sorted(found) == sorted(order)
    assert [one for one in found if one != what] == [one for one in order if one != what]
    if what != other:
        assert found.index(what) - found.index(other) == (1 if behind else -1)


def test_minutes_and_what_always_stands_there_come_first_and_all_else_last() -> None:
    topics = [Topic(source, 1, source) for source in reversed(AUTOMATIC)]
    new = filled([], topics).new
    assert arranged(["gesagt"], [(one.source, one.title) for one in new]) == [
        "minutes", "standing", "gesagt", "request", "action", "poll", "resolution",
    ]  # fmt: skip
