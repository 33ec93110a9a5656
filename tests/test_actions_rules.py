"""What the rules of action items promise: when reminders come, and how long lists are cut."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.actions import reminders
from commands.actions.audience import asked_for
from commands.actions.naming import named_in
from commands.actions.notes import Noted, noted, written
from commands.actions.urgency import Urgency, urgency
from commands.kit.assigned import Assigned
from commands.kit.pages import pages
from commands.kit.texts import Name
from commands.kit.words import split_words
from commands.kit.workdays import is_working_day
from storage.municipalities import Municipality
from storage.rooms import Room

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = st.dates(date(2020, 1, 1), date(2090, 12, 31))
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside


def first_days(due_on: date, number: int = 4) -> list[date]:
    return list(islice(reminders.days(due_on), number))


def test_reminders_come_three_days_before_on_the_day_and_then_weekly() -> None:
    assert first_days(date(2026, 11, 12)) == [
        date(2026, 11, 9),
        date(2026, 11, 12),
        date(2026, 11, 19),
        date(2026, 11, 26),
    ]


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        (date(2026, 11, 14), [date(2026, 11, 11), date(2026, 11, 13), date(2026, 11, 23)]),  # a Saturday
        (
            date(2026, 11, 17),
            [date(2026, 11, 13), date(2026, 11, 17), date(2026, 11, 24)],
        ),  # three days before: Saturday
        (date(2026, 12, 25), [date(2026, 12, 22), date(2026, 12, 24), date(2027, 1, 4)]),  # Christmas, New Year
        (
            date(2027, 3, 29),
            [date(2027, 3, 25), date(2027, 4, 5), date(2027, 4, 12)],
        ),  # Easter Monday: both are Thursday
    ],
)
def test_before_the_day_they_move_back_to_a_working_day_and_after_it_on(due_on: date, expected: list[date]) -> None:
    assert first_days(due_on, 3) == expected


@given(DAYS)
def test_reminders_come_on_working_days_only_each_later_than_the_one_before(due_on: date) -> None:
    found = first_days(due_on, 20)
    assert all(is_working_day(day) for day in found)
    assert all(earlier < later for earlier, later in pairwise(found))


@given(DAYS)
def test_the_first_reminder_leaves_three_days_and_the_overdue_ones_come_after_the_day(due_on: date) -> None:
    found = first_days(due_on, 20)
    assert found[0] <= due_on - timedelta(days=3)
    in_time = [day for day in found if day <= due_on]
    assert len(in_time) in (1, 2)
    for weeks, day in enumerate(found[len(in_time) :], start=1):
        assert timedelta(0) <= day - due_on - timedelta(weeks=weeks) < timedelta(days=7)


@given(DAYS, st.integers(-30, 400))
def test_the_next_reminder_is_never_today(due_on: date, distance: int) -> None:
    today = due_on + timedelta(days=distance)
    following = reminders.next_day(due_on, today)
    assert following > today
    assert not any(today < day < following for day in first_days(due_on, 80))


@given(DAYS, st.integers(-30, 60), st.integers(-5, 60))
def test_putting_off_never_brings_a_reminder_forward_nor_to_a_holiday(due_on: date, distance: int, pause: int) -> None:
    today = due_on + timedelta(days=distance)
    again = reminders.snoozed(due_on, today + timedelta(days=pause), today)
    assert again > today
    assert again >= today + timedelta(days=pause)
    assert again >= first_days(due_on, 1)[0]
    assert is_working_day(again)


@given(INSTANTS)
def test_a_convenient_time_is_within_working_hours_and_not_earlier(at: datetime) -> None:
    found = reminders.convenient(at, BERLIN)
    local = found.astimezone(BERLIN)
    assert found >= at
    assert is_working_day(local.date())
    assert time(9) <= local.time() < time(18)
    assert reminders.convenient(found, BERLIN) == found


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-06T08:00+00:00", "2026-11-06T08:00+00:00"),  # Friday 9:00 in Berlin
        ("2026-11-06T07:59+00:00", "2026-11-06T08:00+00:00"),
        ("2026-11-06T17:00+00:00", "2026-11-09T08:00+00:00"),  # Friday 18:00: Monday
        ("2027-03-27T12:00+00:00", "2027-03-30T07:00+00:00"),  # over Easter into summer time
    ],
)
def test_what_comes_at_night_or_on_a_weekend_waits_for_the_next_morning(at: str, expected: str) -> None:
    assert reminders.convenient(datetime.fromisoformat(at), BERLIN) == datetime.fromisoformat(expected)


@given(st.lists(st.integers(), max_size=200))
def test_pages_hold_every_row_once_in_order(rows: list[int]) -> None:
    found = pages(rows)
    assert [row for page in found for row in page] == rows
    assert len(found[0]) <= 12
    assert all(1 <= len(page) <= 40 for page in found[1:])


# -- whom MeetBot's word finds

PEOPLE = [
    Name("@anna:localhost", "Anna"),
    Name("@bodo:localhost", "Bodo (Burg)"),
    Name("@carla2:localhost", "Carla"),
    Name("@carla3:localhost", "Carla"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna schreibt den Leitfaden", ["anna"]),
        ("Leitfaden schreiben (ANNA), dann @bodo.", ["anna", "bodo"]),
        ("bodo: Plakate", ["bodo"]),
        ("Bodo (Burg) druckt, Anna, danach verteilen", ["anna", "bodo"]),
        ("Annas Leitfaden, Joanna, anna@example.org und anna.b@example.org", []),
        ("Carla druckt", []),
        ("carla2 druckt", ["carla2"]),
        ("", []),
    ],
)
def test_a_name_counts_where_it_stands_alone_and_means_one_person(text: str, expected: list[str]) -> None:
    assert named_in(text, PEOPLE) == [f"@{one}:localhost" for one in expected]


@given(st.text(), st.text(min_size=1), st.text())
def test_whatever_people_are_called_they_are_found_by_it(before: str, name: str, after: str) -> None:
    found = named_in(f"{before} {name.strip()} {after}", [Name("@x1:localhost", name.strip())])
    assert found == ["@x1:localhost"]


@given(DAYS, DAYS)
def test_a_day_is_overdue_before_today_soon_within_seven_days_and_later_beyond(due_on: date, today: date) -> None:
    found = urgency(due_on, today)
    assert (found is Urgency.OVERDUE) == (due_on < today)
    assert (found is Urgency.LATER) == ((due_on - today).days >= 7)
    assert urgency(None, today) is Urgency.UNDATED


# -- whom the history names

USERS = st.lists(st.from_regex(r"@[a-z0-9._=/-]{1,12}:[a-z.]{1,12}", fullmatch=True), max_size=4, unique=True)
TOWNS = st.lists(st.text(min_size=1, max_size=20), max_size=3)


@given(USERS, TOWNS, st.lists(st.from_regex(r"[A-Z]{1,4}[0-9]", fullmatch=True), max_size=2))
def test_the_note_of_an_assignment_reads_as_it_was_written(users: list[str], towns: list[str], keys: list[str]) -> None:
    given_to = Assigned(
        [Name(user, "?") for user in users],
        [Municipality(id=number, name=name) for number, name in enumerate(towns)],
        [Room(id=number, key=key) for number, key in enumerate(keys)],
    )
    note = written(given_to)
    assert (note is None) == (not given_to)
    found = noted(note)
    assert (list(found.users), list(found.bodies)) == (users, [*towns, *keys])


def test_notes_of_older_versions_are_user_ids_with_spaces_between() -> None:
    assert noted("@anna:example.org @bodo:example.org") == Noted(["@anna:example.org", "@bodo:example.org"])


@given(st.text("Aäßz ()-.", min_size=1, max_size=12).map(str.strip).filter(bool), st.sampled_from(['""', "„“", "“”"]))
def test_a_name_behind_an_at_sign_may_be_quoted(name: str, quotes: str) -> None:
    words = split_words(f"@{quotes[0]}{name}{quotes[1]}, Text")
    assert [(word.text, word.quoted) for word in words] == [(f"@{name},", False), ("Text", False)]
    assert words[0].raw == f"@{quotes[0]}{name}{quotes[1]},"


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True), st.lists(st.sampled_from(["b", "c", "d"]), unique=True))
def test_both_together_are_the_first_and_who_is_new(first: list[str], second: list[str]) -> None:
    one, other = (Assigned([Name(user, user) for user in users]) for users in (first, second))
    assert one.and_(other).users == list(dict.fromkeys([*first, *second]))
    assert set(one.without(other).users) == set(first) - set(second)
    assert (one.and_(other).ids == other.and_(one).ids) is True


# -- whom reminders are for

USERS = st.sampled_from([f"@p{number}:x" for number in range(9)])
SITTING = st.lists(st.tuples(st.integers(1, 3), USERS), unique=True, max_size=20)
WHERE = st.dictionaries(USERS, st.lists(st.integers(1, 3), max_size=3, unique=True))


@given(SITTING, st.sets(st.tuples(st.integers(1, 3), USERS)), WHERE, st.sets(USERS))
def test_of_each_municipality_five_at_most_are_asked_those_in_the_room_before_all_others(
    sitting: list[tuple[int, str]], deputies: set[tuple[int, str | None]], rooms: dict[str, list[int]], deaf: set[str]
) -> None:
    home = 1
    asked = asked_for(sitting, deputies, rooms, home, deaf)
    assert len(asked) == len(set(asked))
    assert set(asked) <= set(sitting)
    for town in (1, 2, 3):
        willing = [user for of, user in sitting if of == town and rooms.get(user) and user not in deaf]
        near = [user for user in willing if home in rooms[user]]
        chosen = [user for of, user in asked if of == town]
        assert set(chosen) <= set(near or willing)
        assert len(chosen) == min(5, len(near or willing))
        first = [user for user in near or willing if (town, user) in deputies]
        assert set(chosen[:5]) & set(first) == set(sorted(first)[:5])
