"""What comes again has a day in every period, whatever the months are like."""

import calendar
import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.dates import ImpossibleDate
from commands.kit.recurrence import pattern_parts
from commands.kit.repeats import anchored, first_day, names_its_days, next_day, read_repeat

DAYS = st.dates(date(2020, 1, 1), date(2090, 12, 31))
INTERVALS = st.integers(1, 24)

SAID = {
    "FREQ=WEEKLY": ["jede Woche", "wöchentlich", "every week", "each week", "alle 1 Wochen"],
    "FREQ=WEEKLY;INTERVAL=2": ["alle 2 Wochen", "alle zwei Wochen", "jede zweite Woche", "every other week"],
    "FREQ=MONTHLY": ["jeden Monat", "monatlich", "every month", "monthly"],
    "FREQ=MONTHLY;INTERVAL=3": ["jedes Quartal", "vierteljährlich", "alle 3 Monate", "every quarter", "every 3 months"],
    "FREQ=MONTHLY;INTERVAL=6": ["jedes Halbjahr", "jedes halbe Jahr", "halbjährlich", "every half-year"],
    "FREQ=MONTHLY;INTERVAL=12": ["jedes Jahr", "jährlich", "every year", "annually"],
    "FREQ=MONTHLY;INTERVAL=24": ["jedes zweite Jahr", "alle zwei Jahre", "every 2 years", "every second year"],
    "FREQ=WEEKLY;BYDAY=MO": ["jeden Montag", "jeden Mo.", "jede Woche montags", "every Monday"],
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU": ["alle 2 Wochen am Dienstag", "every 2 weeks on Tuesday"],
    "FREQ=MONTHLY;BYDAY=2TU": ["jeden 2. Dienstag im Monat", "jeden zweiten Dienstag", "every 2nd Tuesday"],
    "FREQ=MONTHLY;BYDAY=-1FR": ["jeden letzten Freitag im Monat", "every last Friday of the month"],
    "FREQ=MONTHLY;BYMONTHDAY=15": ["jeden 15. im Monat", "jeden Monat am 15.", "every 15th of the month"],
    "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1": ["jeden 30. im Monat"],
    "FREQ=MONTHLY;BYMONTHDAY=-1": ["jeden 31. im Monat"],
}


def test_a_repetition_may_be_said_in_many_ways_and_takes_no_words_behind_it() -> None:
    for rule, texts in SAID.items():
        for text in texts:
            assert read_repeat([*text.upper().split(), "Bericht"]) == (rule, len(text.split())), text


@pytest.mark.parametrize("text", ["jeden", "alle Mitglieder", "jeden Tag", "jedes Mal", "every time", "alle 2 Tage"])
def test_prose_is_no_repetition(text: str) -> None:
    assert read_repeat(text.split()) is None


@pytest.mark.parametrize("text", ["alle 0 Wochen", "jeden 32. im Monat", "jeden 6. Dienstag", "every 0 years"])
def test_what_no_calendar_has_is_named(text: str) -> None:
    with pytest.raises(ImpossibleDate):
        read_repeat(text.split())


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (date(2027, 1, 31), [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]),
        (date(2026, 11, 30), [date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28)]),  # the last day stays the last
        (date(2028, 1, 30), [date(2028, 2, 29), date(2028, 3, 30), date(2028, 4, 30)]),
        (date(2027, 1, 29), [date(2027, 2, 28), date(2027, 3, 29), date(2027, 4, 29)]),
        (date(2028, 2, 28), [date(2028, 3, 28), date(2028, 4, 28), date(2028, 5, 28)]),
    ],
)
def test_a_day_that_a_month_does_not_have_is_its_last(first: date, expected: list[date]) -> None:
    rule, day, found = anchored("FREQ=MONTHLY", first), first, []
    for _ in expected:
        day = next_day(rule, first, after=day)
        found.append(day)
    assert found == expected


def test_the_29th_of_february_comes_every_year() -> None:
    leap = date(2028, 2, 29)
    rule = anchored("FREQ=MONTHLY;INTERVAL=12", leap)
    assert next_day(rule, leap, after=leap) == date(2029, 2, 28)
    assert next_day(rule, leap, after=date(2031, 12, 31)) == date(2032, 2, 29)


@given(DAYS, INTERVALS, st.integers(0, 5_000))
def test_months_come_one_after_the_other_on_the_same_day_or_the_last(first: date, months: int, delay: int) -> None:
    rule = anchored(f"FREQ=MONTHLY;INTERVAL={months}", first)
    after = first + timedelta(days=delay)
    found = next_day(rule, first, after=after)
    assert found > after
    distance = 12 * (found.year - first.year) + found.month - first.month
    assert distance % months == 0
    last = calendar.monthrange(found.year, found.month)[1]
    was_last = first.day == calendar.monthrange(first.year, first.month)[1]
    assert found.day == (last if was_last else min(first.day, last))
    assert next_day(rule, first, after=found - timedelta(days=1)) == found
    assert (found - after).days <= 31 * (months + 1)


@given(DAYS, INTERVALS, st.integers(0, 5_000))
def test_weeks_come_on_the_same_weekday_and_none_is_left_out(first: date, weeks: int, delay: int) -> None:
    after = first + timedelta(days=delay)
    found = next_day(anchored(f"FREQ=WEEKLY;INTERVAL={weeks}", first), first, after=after)
    assert 0 < (found - after).days <= 7 * weeks
    assert (found - first).days % (7 * weeks) == 0


@given(DAYS, st.sampled_from([rule for rule in SAID if names_its_days(rule)]))
def test_a_rule_that_names_its_days_begins_with_the_next_of_them(today: date, rule: str) -> None:
    first = first_day(rule, today)
    assert 0 < (first - today).days <= 35
    assert anchored(rule, first) == rule
    assert next_day(rule, first, after=first - timedelta(days=1)) == first
    assert pattern_parts(rule).weekday in (None, first.weekday())


WORDS = ["jeden", "alle", "2", "0", "zweite", "31.", "Dienstag", "Monat", "Wochen", "im", "every", "year", "of"]


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_arbitrary_words_raise_nothing_else(words: list[str]) -> None:
    with contextlib.suppress(ImpossibleDate):
        found = read_repeat(words)
        assert found is None or 0 < found[1] <= len(words)
