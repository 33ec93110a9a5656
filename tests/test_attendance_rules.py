"""What holds of attendance and of walking through an agenda, whatever the names and numbers are."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.attendance import Mark
from commands.minutes import rules
from commands.minutes.attendance import Share, by_town, call, share

NOON = datetime(2026, 11, 4, 11, tzinfo=UTC)
PEOPLE = st.sampled_from(["anna", "bodo", "carla", "dora", "emil"])
MARKS = st.lists(st.builds(Mark, PEOPLE, st.none(), st.sampled_from(["present", "excused"])))
STANDS = st.dictionaries(PEOPLE, st.one_of(st.none(), st.integers(1, 3)))


@dataclass
class Item:
    """An agenda item, as far as the rules look at it."""

    id: int


@dataclass
class Date:
    """A planned date, as far as the rules look at it."""

    starts_at: datetime
    ends_at: datetime


def test_the_latest_mark_counts_and_who_declined_is_excused_unless_there() -> None:
    marks = [
        Mark("anna", None, "present"),
        Mark("bodo", None, "excused"),
        Mark(None, "Frau Meier", "guest"),
        Mark("bodo", None, "present"),
        Mark("anna", None, "excused"),
        Mark(None, "Frau Meier", "guest"),
    ]
    roll = call(marks, ["bodo", "carla", "anna", "carla"])
    assert (roll.present, roll.excused, roll.guests) == (["bodo"], ["anna", "carla"], ["Frau Meier"])


@given(MARKS, st.lists(PEOPLE))
def test_nobody_is_there_and_excused_at_once_and_nobody_twice(marks: list[Mark], declined: list[str]) -> None:
    roll = call(marks, declined)
    everybody = [*roll.present, *roll.excused]
    assert len(everybody) == len(set(everybody))
    assert set(everybody) == {mark.user_id for mark in marks} | set(declined)


@pytest.mark.parametrize(
    ("present", "quorum", "expected", "quorate"),
    [
        ({"anna", "bodo", "carla"}, "50%", Share(2, 3, True, 2), True),
        ({"anna", "bodo"}, "50%", Share(1, 3, True, 2), False),
        ({"anna", "emil", "guest"}, "1", Share(1, 3, True, 1), True),
        (set(), "1%", Share(0, 3, True, 1), False),
        ({"anna"}, None, Share(1, 3, True, None), None),
        ({"anna", "carla", "dora"}, "12", Share(3, 3, True, 12), False),
    ],
)
def test_a_group_is_counted_in_municipalities(
    present: set[str], quorum: str | None, expected: Share, quorate: bool | None
) -> None:
    stands = {"anna": 1, "bodo": 1, "carla": 2, "dora": 3, "emil": None}
    found = share(present, stands, quorum)
    assert (found, found.quorate) == (expected, quorate)


def test_a_group_without_municipalities_is_counted_in_members() -> None:
    found = share({"anna", "guest"}, {"anna": None, "bodo": None, "carla": None}, "50%")
    assert (found, found.quorate) == (Share(1, 3, towns=False, needed=2), False)


@given(st.sets(PEOPLE), STANDS, st.sampled_from([None, "1%", "50%", "100%", "1", "4"]))
def test_more_people_never_make_a_group_less(
    present: set[str], stands: dict[str, int | None], quorum: str | None
) -> None:
    found, everybody = share(present, stands, quorum), share(set(stands), stands, quorum)
    assert 0 <= found.present <= found.total == everybody.present
    assert not found.quorate or everybody.quorate
    assert sorted(user for users in by_town(present, stands).values() for user in users) == sorted(present)


def test_the_next_item_comes_after_the_current_one_and_what_was_skipped_at_the_end() -> None:
    items = [Item(number) for number in (7, 3, 5)]
    assert rules.next_item(items, set(), None) == 0
    assert rules.next_item(items, {3}, 3) == 2
    assert rules.next_item(items, {3, 5}, 5) == 0
    assert rules.next_item(items, {3, 5, 7}, 7) is None
    assert rules.next_item(items, {9}, 9) == 0  # an item that was dropped meanwhile
    assert rules.next_item([], set(), None) is None


@given(st.lists(st.integers(1, 9), unique=True), st.integers(0, 9))
def test_walking_on_meets_every_item_once(ids: list[int], first: int) -> None:
    items, met, current = [Item(one) for one in ids], set[int](), first
    walked = []
    while (place := rules.next_item(items, met, current)) is not None:
        current = ids[place]
        met.add(current)
        walked.append(current)
    assert sorted(walked) == sorted(ids)


def test_a_session_that_came_to_nothing_on_the_agenda_puts_nothing_off() -> None:
    items = [Item(1), Item(2), Item(3)]
    assert rules.settled(items, {}, "topic") == ([], [])
    assert rules.settled(items, {1: "topic", 2: "postponed"}, "topic") == ([Item(1)], [Item(2), Item(3)])


def test_a_date_may_start_from_an_hour_before_it_to_an_hour_after_it_and_the_nearest_does() -> None:
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    first, second = Date(NOON, NOON + hour), Date(NOON + hour, NOON + 2 * hour)
    assert rules.nearest([first], NOON - hour) is first
    assert rules.nearest([first], NOON - hour - minute) is None
    assert rules.nearest([first], NOON + 2 * hour) is first
    assert rules.nearest([first], NOON + 2 * hour + minute) is None
    assert rules.nearest([first, second], NOON + 59 * minute) is first
    assert rules.nearest([first, second], NOON + hour) is second
    assert rules.nearest([first, second], NOON - minute) is first


@given(st.integers(1, 600), st.integers(0, 600 * 60))
def test_the_warning_of_a_topic_comes_before_its_end_and_never_says_more_than_is_left(budget: int, after: int) -> None:
    nearly, until = rules.warnings(NOON, budget)
    assert NOON < nearly < until == NOON + timedelta(minutes=budget)
    now = NOON + timedelta(seconds=after)
    left = rules.minutes_left(until, now)
    assert timedelta(minutes=left - 1) < until - now <= timedelta(minutes=left)


@given(st.text())
def test_every_text_becomes_one_line(text: str) -> None:
    line = rules.one_line(text)
    assert len(line) <= rules.LONGEST_LINE
    assert line == " ".join(line.split())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("https://www.example.org", "https://www.example.org"),
        ("Folien (https://www.example.org/a,b) von heute", "https://www.example.org/a,b Folien von heute"),
        ('https://www.example.org "Leitfaden"', "https://www.example.org Leitfaden"),
        ("https://www.example.org „A“ und „B“ <neu>", "https://www.example.org „A“ und „B“ <neu>"),
        ("http://a.example und http://b.example.", "http://a.example und http://b.example."),
        ("javascript:alert(1) ftp://example.org", None),
        ("https://" + "x" * 500, None),
        ("", None),
    ],
)
def test_a_link_stands_before_its_words(text: str, line: str | None) -> None:
    assert rules.link_line(text) == line
