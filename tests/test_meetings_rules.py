"""The rules of meetings: dates of a series, holidays, reminders and names."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit import meeting_names
from commands.kit.dates import ImpossibleDate
from commands.kit.links import is_link
from commands.kit.recurrence import Slot, read_slot
from commands.kit.workdays import holiday_name, is_working_day
from commands.meetings import schedule
from commands.meetings.schedule import DAY, HOUR, MINUTE, Plan, expand, occurrence

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = dt.datetime(2026, 11, 2, 8, 0, tzinfo=dt.UTC)
RULES = (
    "FREQ=MONTHLY;BYDAY=1WE",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYDAY=5TU",
    "FREQ=MONTHLY;BYMONTHDAY=1",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=WEEKLY;BYDAY=MO",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH",
    "FREQ=WEEKLY;BYDAY=SU",
)


def wall(text: str) -> dt.datetime:
    """Return a naive wall time."""
    return dt.datetime.fromisoformat(text)


def plan(rrule: str = RULES[0], start: str = "2026-11-04T10:00", holidays: str = "keep") -> Plan:
    """Return what a series of an hour and a half repeats."""
    return Plan(rrule, wall(start), BERLIN, 90, holidays)


PLANS = st.builds(
    Plan,
    st.sampled_from(RULES),
    st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2034, 1, 1)).map(  # noqa: DTZ001 wall time
        lambda one: one.replace(second=0, microsecond=0, fold=0)
    ),
    st.just(BERLIN),
    st.integers(1, 600),
    st.sampled_from(["skip", "move", "keep"]),
)


@pytest.mark.parametrize(
    ("holidays", "dates"),
    [
        ("keep", ["04.11.2026", "02.12.2026", "06.01.2027", "03.02.2027"]),
        ("skip", ["04.11.2026", "02.12.2026", "06.01.2027 entfällt", "03.02.2027", "03.03.2027"]),
        ("move", ["04.11.2026", "02.12.2026", "07.01.2027", "03.02.2027"]),
    ],
)
def test_epiphany_is_kept_skipped_or_moved_by_the_rule(holidays: str, dates: list[str]) -> None:
    found = expand(plan(holidays=holidays), after=wall("2026-11-02T09:00"), planned=4)
    shown = [f"{one.starts_at.astimezone(BERLIN):%d.%m.%Y}" + " entfällt" * one.skipped for one in found]
    assert shown == dates
    assert [one.original.day for one in found][2] == 6


def test_a_date_in_the_easter_days_moves_behind_them() -> None:
    good_friday = wall("2027-03-26T14:00")
    moved = occurrence(plan("FREQ=MONTHLY;BYDAY=-1FR", "2027-03-26T14:00", "move"), good_friday)
    assert moved.original == good_friday
    assert moved.starts_at.astimezone(BERLIN).replace(tzinfo=None) == wall("2027-03-30T14:00")


@given(PLANS)
def test_a_series_keeps_its_wall_time_over_ten_years_of_clock_changes(one: Plan) -> None:
    found = expand(one, after=one.dtstart, planned=120)
    assert len({(date.starts_at.astimezone(BERLIN).utcoffset()) for date in found}) == 2
    for date in found:
        assert date.original.time() == one.dtstart.time()
        shown = date.starts_at.astimezone(BERLIN).replace(tzinfo=None).time()
        skipped_hour = one.dtstart.hour == 2 and date.original.month == 3
        assert shown == one.dtstart.time() or skipped_hour
        assert date.ends_at - date.starts_at == one.minutes * MINUTE


@given(PLANS)
def test_only_holidays_are_touched_and_moved_dates_are_on_working_days(one: Plan) -> None:
    for date in expand(one, after=one.dtstart - DAY, planned=60):
        day = date.starts_at.astimezone(BERLIN).date()
        holiday = holiday_name(date.original.date(), "de") is not None
        assert date.skipped == (holiday and one.holidays == "skip")
        if holiday and one.holidays == "move":
            assert is_working_day(day)
            assert date.original.date() < day <= date.original.date() + 5 * DAY
        else:
            assert day == date.original.date()


@given(PLANS, st.integers(0, 20), st.integers(0, 20))
def test_going_on_later_gives_the_same_dates_as_going_all_the_way(one: Plan, first: int, second: int) -> None:
    start = one.dtstart - DAY
    begun = expand(one, after=start, planned=first)
    after = begun[-1].original if begun else start
    assert begun + expand(one, after=after, planned=second) == expand(one, after=start, planned=first + second)


@given(PLANS, st.integers(1, 20))
def test_as_many_dates_are_planned_as_were_wanted(one: Plan, wanted: int) -> None:
    found = expand(one, after=one.dtstart - DAY, planned=wanted)
    assert sum(not date.skipped for date in found) == wanted
    assert not found[-1].skipped
    assert sorted({date.original for date in found}) == [date.original for date in found]


def test_a_series_with_an_end_gives_what_there_is() -> None:
    found = expand(plan("FREQ=WEEKLY;BYDAY=WE;UNTIL=20261118T235959"), after=wall("2026-11-01T00:00"), planned=8)
    assert [date.original.day for date in found] == [4, 11, 18]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("7d", 7 * DAY),
        ("7 Tage", 7 * DAY),
        ("1t", DAY),
        ("1w", 7 * DAY),
        ("2 Wochen", 14 * DAY),
        ("90min", 90 * MINUTE),
        ("15 Minuten", 15 * MINUTE),
        ("2 Std.", 2 * HOUR),
        ("1 Stunde", HOUR),
        ("3H", 3 * HOUR),
    ],
)
def test_lengths_are_read_as_people_write_them(text: str, length: dt.timedelta) -> None:
    assert schedule.read_length(text) == length


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "1.5h", "7 x", "100000d", "7 days before"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        schedule.read_length(text)


@given(st.integers(1, 60 * 24 * 60).map(lambda minutes: minutes * MINUTE))
def test_a_length_is_stored_as_it_can_be_read_again(length: dt.timedelta) -> None:
    assert schedule.read_length(str(schedule.length_of(length))) == length


def test_days_before_a_meeting_are_counted_by_the_clock_on_the_wall() -> None:
    monday_after_the_change = dt.datetime(2026, 10, 26, 9, 0, tzinfo=dt.UTC)  # 10:00 in Berlin
    assert schedule.reminders(monday_after_the_change, [7 * DAY, DAY, 15 * MINUTE, DAY], BERLIN) == [
        dt.datetime(2026, 10, 19, 8, 0, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 25, 9, 0, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 26, 8, 45, tzinfo=dt.UTC),
    ]


@given(
    st.lists(st.integers(1, 90 * 24 * 60), min_size=1, unique=True),
    st.integers(-1000, 90 * 24 * 60),
)
def test_of_all_overdue_reminders_exactly_the_nearest_is_sent(minutes: list[int], before: int) -> None:
    now = MONDAY - before * MINUTE
    instants = schedule.reminders(MONDAY, [one * MINUTE for one in minutes], BERLIN)
    overdue = [at for at in instants if at <= now]
    sent = [at for at in overdue if not schedule.overtaken(at, instants, now)]
    assert sent == overdue[-1:]


@pytest.mark.parametrize(
    ("at", "ahead"),
    [
        ("2026-11-02T08:15", (0, 15)),
        ("2026-11-02T08:15:01", (0, 16)),
        ("2026-11-02T22:59", (0, 899)),
        ("2026-11-02T23:00", (1, 900)),  # midnight in Berlin
        ("2026-11-09T08:00", (7, 10080)),
    ],
)
def test_how_far_ahead_is_counted_in_days_of_the_calendar(at: str, ahead: tuple[int, int]) -> None:
    assert schedule.ahead(dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC), MONDAY, BERLIN) == ahead


@given(
    st.lists(st.dates(dt.date(2026, 12, 1), dt.date(2026, 12, 4)), max_size=15),
    st.sets(st.sampled_from(["UAG2-2026-12-01", "UAG2-2026-12-01-2", "UAG2-2026-12-02-2", "UAG2-2026-12-03"])),
)
def test_no_two_meetings_get_the_same_name(days: list[dt.date], taken: set[str]) -> None:
    stems = [meeting_names.stem("uag2", day) for day in days]
    found = meeting_names.names(stems, taken)
    assert found is not None
    assert len(set(found)) == len(days)
    assert not set(found) & taken
    assert set(found) <= set(meeting_names.possible_names(stems))
    assert all(name.startswith(stem) for name, stem in zip(found, stems, strict=True))


def test_names_are_short_and_run_out_only_on_absurd_days() -> None:
    assert meeting_names.stem("uag2", dt.date(2026, 12, 8)) == "UAG2-2026-12-08"
    assert meeting_names.stem("Energie Nord", dt.date(2026, 12, 8)) == "ENERGIE-NORD-2026-12-08"
    assert meeting_names.names(["A"] * 3, {"A-2"}) == ["A", "A-3", "A-4"]
    assert meeting_names.names(["A"] * 21, ()) is None


D = dt.date(2026, 12, 8)


@pytest.mark.parametrize(
    ("text", "slot", "taken"),
    [
        ("8.12. 10:00 Workshop", Slot(D, dt.time(10), None), 2),
        ("8.12. 10:00-11:30 Workshop", Slot(D, dt.time(10), dt.time(11, 30)), 2),
        ("8.12. 10:00 bis 11:30", Slot(D, dt.time(10), dt.time(11, 30)), 4),
        ("8.12. 10:00 – 11:30 x", Slot(D, dt.time(10), dt.time(11, 30)), 4),
        ("8.12. von 10 bis 12 Uhr", Slot(D, dt.time(10), dt.time(12)), 6),
        ("Dienstag, 8.12., 10-12 Uhr", Slot(D, dt.time(10), dt.time(12)), 4),
        ("2026-12-08 10:00-11:30", Slot(D, dt.time(10), dt.time(11, 30)), 2),
        ("8 December 3-4:30 pm", Slot(D, dt.time(15), dt.time(16, 30)), 4),
        ("15 Uhr am 8.12.", Slot(D, dt.time(15), None), 4),
        ("8.12.", Slot(D, None, None), 1),
        ("11:00", Slot(None, dt.time(11), None), 1),
        ("11:00-12:00", Slot(None, dt.time(11), dt.time(12)), 1),
        ("Di 10:00-11:30", Slot(dt.date(2026, 11, 3), dt.time(10), dt.time(11, 30)), 2),
        ("morgen 10:00–11:30", Slot(dt.date(2026, 11, 3), dt.time(10), dt.time(11, 30)), 2),
        ("10.12. bis 12.12.", Slot(dt.date(2026, 12, 10), None, None), 1),
    ],
)
def test_a_single_date_is_read_as_far_as_it_was_typed(text: str, slot: Slot, taken: int) -> None:
    assert read_slot(text.split(), today=MONDAY, zone=BERLIN) == (slot, taken)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Workshop",
        "jeden 2. Dienstag im Monat 10:00-11:30",
        "jeden Montag 8:00",
        "jeden Montag 8:00-9:00",
        "every Tuesday 10:00",
        "every 2nd Tuesday 10:00-11:30",
        "alle 2 Wochen montags 9:00",
        "monatlich am 15. 10:00",
        "wöchentlich dienstags 10:00-11:00",
    ],
)
def test_a_series_is_no_single_date(text: str) -> None:
    assert read_slot(text.split(), today=MONDAY, zone=BERLIN) is None


@pytest.mark.parametrize("text", ["31.2. 10:00", "8.12. 12:00-10:00", "8.12. 10:00 bis 10:00", "8.12. 25:00-26:00"])
def test_a_single_date_that_cannot_be_is_named(text: str) -> None:
    with pytest.raises(ImpossibleDate) as caught:
        read_slot(text.split(), today=MONDAY, zone=BERLIN)
    assert caught.value.text == text


@given(
    st.lists(
        st.sampled_from(
            ["8.12.", "10:00", "10:00-11:30", "bis", "-", "auf", "Di", "Freitag", "um", "10", "Uhr", "jeden", "2.", "x"]
        ),
        max_size=8,
    )
)
def test_arbitrary_words_are_read_or_left(words: list[str]) -> None:
    try:
        found = read_slot(words, today=MONDAY, zone=BERLIN)
    except ImpossibleDate:
        return
    assert found is None or 1 <= found[1] <= len(words)


def test_what_was_not_typed_is_filled_in() -> None:
    def begins_and_ends(slot: Slot) -> tuple[dt.datetime, dt.datetime]:
        return schedule.placed(slot, day=D, time=dt.time(10), length=90 * MINUTE, zone=BERLIN)

    ten = dt.datetime(2026, 12, 8, 9, 0, tzinfo=dt.UTC)
    assert begins_and_ends(Slot(None, None, None)) == (ten, ten + 90 * MINUTE)
    assert begins_and_ends(Slot(None, dt.time(11), None)) == (ten + HOUR, ten + 150 * MINUTE)
    assert begins_and_ends(Slot(D + DAY, None, dt.time(12))) == (ten + DAY, ten + DAY + 2 * HOUR)


@pytest.mark.parametrize("link", ["https://a.example", "http://localhost:8080/x?y=1#z", "HTTPS://meet.example/ü"])
def test_links_are_http_addresses(link: str) -> None:
    assert is_link(link)


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "ftp://a.example", "https://", "a.example", "https://a b", 'https://a"b', "http://[x"],
)
def test_what_is_no_link_is_none(link: str) -> None:
    assert not is_link(link)
