"""A series keeps its weekday, its place in the month and its wall time, for as long as it runs."""

import calendar
import datetime as dt
import sys
from types import FrameType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.dates import ImpossibleDate, to_instant
from commands.kit.recurrence import (
    MissingTime,
    Pattern,
    Shape,
    first_start,
    pattern_parts,
    read_pattern,
    starts,
)

BERLIN = ZoneInfo("Europe/Berlin")
DAY = dt.timedelta(days=1)

RULES = {
    "FREQ=MONTHLY;BYDAY=2TU": [
        "jeden 2. Dienstag im Monat",
        "jeden zweiten Dienstag im Monat",
        "jeden 2. Dienstag",
        "jeden 2. Di.",
        "jeden 2. Di",
        "jeden Monat am 2. Dienstag",
        "monatlich am zweiten Dienstag",
        "every 2nd Tuesday",
        "every second Tuesday of the month",
        "each second Tuesday in the month",
        "every 2nd Tue",
        "monthly on the 2nd Tuesday",
    ],
    "FREQ=MONTHLY;BYDAY=-1TH": [
        "jeden letzten Donnerstag",
        "jeden letzten Donnerstag im Monat",
        "jeden letzten Donnerstag des Monats",
        "every last Thursday",
        "every last Thursday of the month",
    ],
    "FREQ=MONTHLY;BYDAY=1MO": ["jeden ersten Montag", "jeden 1. Montag", "every first Monday", "every 1st Mon"],
    "FREQ=MONTHLY;BYDAY=3WE": ["jeden dritten Mittwoch", "every third Wednesday", "every 3rd Wednesday"],
    "FREQ=MONTHLY;BYDAY=4FR": ["jeden vierten Freitag", "every fourth Friday", "every 4th Friday"],
    "FREQ=MONTHLY;BYDAY=5TU": [
        "jeden 5. Dienstag",
        "jeden fünften Dienstag",
        "jeden fuenften Dienstag",
        "every 5th Tuesday",
    ],
    "FREQ=WEEKLY;BYDAY=TU": [
        "jeden Dienstag",
        "every Tuesday",
        "each Tuesday",
        "wöchentlich dienstags",
        "woechentlich am Dienstag",
        "jede Woche dienstags",
        "weekly on Tuesday",
        "weekly on Tuesdays",
        "every week on Tuesday",
        "alle 1 Wochen dienstags",
    ],
    "FREQ=WEEKLY;BYDAY=SA": ["jeden Samstag", "jeden Sonnabend", "wöchentlich sonnabends", "every Saturday"],
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO": [
        "alle 2 Wochen montags",
        "alle zwei Wochen montags",
        "alle 2 Wochen am Montag",
        "jede zweite Woche montags",
        "every 2 weeks on Monday",
        "every two weeks on Mondays",
        "every other week on Monday",
        "every other Monday",
    ],
    "FREQ=WEEKLY;INTERVAL=12;BYDAY=SU": ["alle zwölf Wochen sonntags", "every 12 weeks on Sunday"],
    "FREQ=MONTHLY;BYMONTHDAY=15": [
        "monatlich am 15.",
        "jeden Monat am 15.",
        "jeden 15. im Monat",
        "jeden 15. des Monats",
        "every 15th of the month",
        "monthly on the 15th",
    ],
    "FREQ=MONTHLY;BYMONTHDAY=31": ["jeden 31. im Monat", "every 31st of the month"],
}
TEXTS = [(text, rrule) for rrule, texts in RULES.items() for text in texts]
SPANS = {
    "10:00": "10:00",
    "10 Uhr": "10:00",
    "um 10 Uhr": "10:00",
    "um 10": "10:00",
    "at 10": "10:00",
    "at 3 pm": "15:00",
    "10.30 Uhr": "10:30",
    "10:00-11:30": "10:00 11:30",
    "10:00–11:30": "10:00 11:30",
    "10:00 - 11:30": "10:00 11:30",
    "10-11:30 Uhr": "10:00 11:30",
    "10-12 Uhr": "10:00 12:00",
    "10-12": "10:00 12:00",
    "10.00-11.30 Uhr": "10:00 11:30",
    "10 bis 11:30 Uhr": "10:00 11:30",
    "10:00 bis 11:30 Uhr": "10:00 11:30",
    "10 Uhr bis 11:30 Uhr": "10:00 11:30",
    "von 10 bis 11:30 Uhr": "10:00 11:30",
    "10:00 to 11:30": "10:00 11:30",
    "from 10:00 to 11:30": "10:00 11:30",
    "10am to 2pm": "10:00 14:00",
    "10-2pm": "10:00 14:00",
    "3-4:30 pm": "15:00 16:30",
}


def read(text: str) -> tuple[Pattern, int] | None:
    return read_pattern(text.split())


def times(pattern: Pattern) -> str:
    return f"{pattern.start:%H:%M}" + (f" {pattern.end:%H:%M}" if pattern.end else "")


@pytest.mark.parametrize(("text", "rrule"), TEXTS)
def test_a_recurrence_may_be_written_in_many_ways(text: str, rrule: str) -> None:
    expected = Pattern(rrule, dt.time(10), dt.time(11, 30)), len(text.split()) + 1
    assert read(f"{text} 10:00-11:30") == expected
    assert read(f"{text.upper()} 10:00-11:30, Treffen im Rathaus") == expected


@pytest.mark.parametrize(("span", "expected"), SPANS.items())
@pytest.mark.parametrize("rule", ["jeden 2. Dienstag im Monat", "every Tuesday", "monatlich am 15."])
def test_every_recurrence_has_a_start_and_perhaps_an_end(rule: str, span: str, expected: str) -> None:
    found = read(f"{rule} {span} Treffen")
    assert found
    assert times(found[0]) == expected
    assert found[1] == len(rule.split()) + len(span.split())


@pytest.mark.parametrize("text", [text for text, _ in TEXTS])
def test_a_recurrence_without_a_time_says_so(text: str) -> None:
    with pytest.raises(MissingTime) as caught:
        read(text)
    assert caught.value.text == text


@pytest.mark.parametrize("prose", ["10 Leute", "10 bis auf Weiteres", "10 bis 12x", "um 10x"])
def test_a_number_without_a_clock_is_no_time(prose: str) -> None:
    with pytest.raises(MissingTime) as caught:
        read(f"jeden Dienstag, {prose}")
    assert caught.value.text == "jeden Dienstag"


@pytest.mark.parametrize(
    "text",
    [
        "jeden 6. Dienstag",
        "jeden 6. Dienstag 10:00",
        "jeden 0. Dienstag 10:00",
        "every 6th Tuesday 10:00",
        "jeden 32. im Monat",
        "jeden 32. im Monat 10:00",
        "monthly on the 0th 10:00",
        "jeden Dienstag 11:30-10:00",
        "jeden Dienstag 10:00-10:00",
        "jeden Dienstag 25:00",
        "jeden Dienstag 10:00-25:00",
        "jeden Dienstag 24:00",
        "alle 0 Wochen montags 9:00",
    ],
)
def test_a_recurrence_that_no_calendar_has_is_named(text: str) -> None:
    with pytest.raises(ImpossibleDate) as caught:
        read(text)
    assert caught.value.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jeden",
        "jeden Tag etwas",
        "jeden 15. Teilnehmer 10:00",
        "every so often",
        "every week",
        "alle 2 Wochen",
        "Dienstag 10:00",
        "montags 10:00",
        "monatlich",
        "weekly digest",
        "every other day",
    ],
)
def test_prose_is_no_recurrence(text: str) -> None:
    assert read(text) is None


@given(st.lists(st.sampled_from(sorted({w for t, _ in TEXTS for w in t.split()} | set(SPANS))) | st.text()))
def test_arbitrary_words_raise_nothing_else(words: list[str]) -> None:
    try:
        found = read_pattern(words)
    except (ImpossibleDate, MissingTime):
        return
    if found:
        assert 1 <= found[1] <= len(words)
        assert pattern_parts(found[0].rrule).frequency in {"WEEKLY", "MONTHLY"}


@pytest.mark.parametrize(
    ("rrule", "shape"),
    [
        ("FREQ=MONTHLY;BYDAY=2TU", Shape("MONTHLY", 1, 1, 2, None)),
        ("FREQ=MONTHLY;BYDAY=-1TH", Shape("MONTHLY", 1, 3, -1, None)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", Shape("WEEKLY", 2, 0, None, None)),
        ("FREQ=MONTHLY;BYMONTHDAY=15", Shape("MONTHLY", 1, None, None, 15)),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20270101T000000", Shape("WEEKLY", 1, 6, None, None)),
    ],
)
def test_a_rule_is_taken_apart_for_the_texts(rrule: str, shape: Shape) -> None:
    assert pattern_parts(rrule) == shape


def test_a_rule_that_no_text_can_say_is_refused() -> None:
    with pytest.raises(ValueError, match="BYDAY=MO,WE"):
        pattern_parts("FREQ=WEEKLY;BYDAY=MO,WE")


def is_nth(day: dt.date, weekday: int, ordinal: int) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    place = (day.day - 1) // 7 + 1 if ordinal > 0 else -((length - day.day) // 7 + 1)
    return day.weekday() == weekday and place == ordinal


CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DTSTARTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2040, 1, 1)).map(  # noqa: DTZ001 wall time
    lambda wall: wall.replace(second=0, microsecond=0, fold=0)
)
DELAYS = st.timedeltas(-400 * DAY, 20 * 365 * DAY)


def days_of_ten_years(after: dt.datetime, dtstart: dt.datetime) -> list[dt.datetime]:
    """Every candidate later than `after` and not before the series, at the time of day of the series."""
    first = max(after.date(), dtstart.date())
    walls = [dt.datetime.combine(first + number * DAY, dtstart.time()) for number in range(3653)]
    return [wall for wall in walls if wall > after and wall >= dtstart]


@given(DTSTARTS, DELAYS, st.integers(0, 6), st.sampled_from([1, 2, 3, 4, 5, -1]))
def test_the_nth_weekday_is_right_for_ten_years(
    dtstart: dt.datetime, delay: dt.timedelta, weekday: int, ordinal: int
) -> None:
    after = dtstart + delay
    expected = [wall for wall in days_of_ten_years(after, dtstart) if is_nth(wall.date(), weekday, ordinal)]
    rule = f"FREQ=MONTHLY;BYDAY={ordinal}{CODES[weekday]}"
    assert starts(rule, dtstart, after=after, count=len(expected)) == expected


@given(DTSTARTS, DELAYS, st.integers(1, 31))
def test_the_day_of_the_month_is_right_for_ten_years(dtstart: dt.datetime, delay: dt.timedelta, day: int) -> None:
    after = dtstart + delay
    expected = [wall for wall in days_of_ten_years(after, dtstart) if wall.day == day]
    assert starts(f"FREQ=MONTHLY;BYMONTHDAY={day}", dtstart, after=after, count=len(expected)) == expected


@given(DTSTARTS, DELAYS, st.integers(0, 6), st.integers(1, 12))
def test_every_few_weeks_is_right_for_ten_years(
    dtstart: dt.datetime, delay: dt.timedelta, weekday: int, interval: int
) -> None:
    after = dtstart + delay
    monday = dtstart.date() - dtstart.weekday() * DAY
    expected = [
        wall
        for wall in days_of_ten_years(after, dtstart)
        if wall.weekday() == weekday and (wall.date() - monday).days // 7 % interval == 0
    ]
    rule = f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={CODES[weekday]}"
    assert starts(rule, dtstart, after=after, count=len(expected)) == expected


@given(DTSTARTS, DELAYS, st.sampled_from(sorted(RULES)))
def test_starts_only_go_forward(dtstart: dt.datetime, delay: dt.timedelta, rrule: str) -> None:
    after = dtstart + delay
    found = starts(rrule, dtstart, after=after, count=20)
    assert len(found) == 20
    assert all(one < other for one, other in zip([after, *found], found, strict=False))
    assert {wall.time() for wall in found} == {dtstart.time()}


@given(DTSTARTS, DELAYS, st.sampled_from(sorted(RULES)))
def test_a_start_is_followed_by_the_next_of_the_same_series(
    dtstart: dt.datetime, delay: dt.timedelta, rrule: str
) -> None:
    whole = starts(rrule, dtstart, after=dtstart + delay, count=6)
    one_by_one = [dtstart + delay]
    for _ in whole:
        one_by_one += starts(rrule, dtstart, after=one_by_one[-1], count=1)
    assert one_by_one[1:] == whole


def test_a_series_ends_when_its_rule_says_so() -> None:
    dtstart = dt.datetime(2026, 12, 8, 10)  # noqa: DTZ001 wall time
    rule = "FREQ=MONTHLY;BYDAY=2TU;UNTIL=20270209T235959"
    assert [f"{wall:%d.%m.%Y}" for wall in starts(rule, dtstart, after=dtstart - DAY, count=6)] == [
        "08.12.2026",
        "12.01.2027",
        "09.02.2027",
    ]


@pytest.mark.parametrize("rrule", RULES)
def test_twenty_years_later_the_next_date_costs_no_more_work(rrule: str) -> None:
    def work(after: dt.datetime) -> int:
        calls = 0

        def count(_frame: FrameType, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            starts(rrule, dtstart, after=after, count=6)
        finally:
            sys.setprofile(before)
        return calls

    dtstart = dt.datetime(2026, 12, 8, 10)  # noqa: DTZ001 wall time
    work(dtstart)
    assert work(dtstart.replace(year=2046)) < 2 * work(dtstart)


@given(st.integers(0, 6), st.times().map(lambda time: time.replace(second=0, microsecond=0, fold=0)))
def test_a_series_keeps_its_wall_time_over_both_clock_changes(weekday: int, time: dt.time) -> None:
    dtstart = dt.datetime.combine(dt.date(2027, 1, 1), time)
    walls = starts(f"FREQ=WEEKLY;BYDAY={CODES[weekday]}", dtstart, after=dtstart, count=52)
    shown = [to_instant(wall, BERLIN).astimezone(BERLIN).replace(tzinfo=None) for wall in walls]
    skipped = dt.datetime(2027, 3, 28, 2)  # noqa: DTZ001 wall time; this hour does not exist
    hour = dt.timedelta(hours=1)
    assert shown == [wall + hour if skipped <= wall < skipped + hour else wall for wall in walls]
    assert len({to_instant(wall, BERLIN).hour for wall in walls}) == 2


WEDNESDAY = dt.datetime(2026, 11, 25, 9, tzinfo=dt.UTC)  # 10:00 in Berlin


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("jeden 2. Dienstag im Monat 10:00-11:30", "2026-12-08 10:00"),
        ("every Wednesday 10:00", "2026-12-02 10:00"),
        ("every Wednesday 10:01", "2026-11-25 10:01"),
        ("alle 2 Wochen montags 9:00", "2026-11-30 09:00"),
        ("alle 2 Wochen freitags 9:00", "2026-11-27 09:00"),
        ("jeden letzten Donnerstag 14:00", "2026-11-26 14:00"),
        ("monatlich am 25. 10:00", "2026-12-25 10:00"),
        ("monatlich am 31. 10:00", "2026-12-31 10:00"),
        ("jeden 5. Dienstag 10:00", "2026-12-29 10:00"),
    ],
)
def test_a_series_begins_with_the_next_date_that_fits(text: str, first: str) -> None:
    found = read(text)
    assert found
    assert f"{first_start(found[0], now=WEDNESDAY, zone=BERLIN):%Y-%m-%d %H:%M}" == first


def test_every_second_week_is_counted_from_the_first_date() -> None:
    pattern = Pattern("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", dt.time(9), None)
    first = first_start(pattern, now=WEDNESDAY, zone=BERLIN)
    following = starts(pattern.rrule, first, after=first - DAY, count=3)
    assert [f"{wall:%d.%m.}" for wall in following] == ["30.11.", "14.12.", "28.12."]


def test_the_first_start_is_not_the_one_that_passed_an_hour_ago_on_the_same_clock() -> None:
    pattern = Pattern("FREQ=WEEKLY;BYDAY=SU", dt.time(2, 30), None)
    second_two_fifteen = dt.datetime(2027, 10, 31, 1, 15, tzinfo=dt.UTC)
    first = first_start(pattern, now=second_two_fifteen, zone=BERLIN)
    assert first == dt.datetime(2027, 11, 7, 2, 30)  # noqa: DTZ001 wall time


@given(
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001 the zone is an argument
    st.sampled_from(sorted(RULES)),
    st.times().map(lambda time: time.replace(second=0, microsecond=0, fold=0)),
)
def test_the_first_start_is_always_ahead(now: dt.datetime, rrule: str, time: dt.time) -> None:
    first = first_start(Pattern(rrule, time, None), now=now, zone=BERLIN)
    assert first.tzinfo is None
    assert first.time() == time
    assert to_instant(first, BERLIN) > now
