"""Deadlines and meetings know the holidays of Saxony-Anhalt."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit import workdays
from commands.kit.workdays import add_working_days, holiday_name, is_working_day, next_working_day

DAY = dt.timedelta(days=1)
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 1))

HOLIDAYS_2027 = {
    "2027-01-01": ("Neujahr", "New Year's Day"),
    "2027-01-06": ("Heilige Drei Könige", "Epiphany"),
    "2027-03-26": ("Karfreitag", "Good Friday"),
    "2027-03-29": ("Ostermontag", "Easter Monday"),
    "2027-05-01": ("Erster Mai", "Labor Day"),
    "2027-05-06": ("Christi Himmelfahrt", "Ascension Day"),
    "2027-05-17": ("Pfingstmontag", "Pentecost Monday"),
    "2027-10-03": ("Tag der Deutschen Einheit", "German Unity Day"),
    "2027-10-31": ("Reformationstag", "Reformation Day"),
    "2027-12-25": ("Erster Weihnachtstag", "Christmas Day"),
    "2027-12-26": ("Zweiter Weihnachtstag", "Second Day of Christmas"),
}


def test_the_holidays_of_the_land_have_names_in_both_languages() -> None:
    year = [dt.date(2027, 1, 1) + number * DAY for number in range(365)]
    found = {f"{day}": (holiday_name(day, "de"), holiday_name(day, "en")) for day in year if holiday_name(day, "de")}
    assert found == HOLIDAYS_2027


@pytest.mark.parametrize("day", ["2027-05-27", "2027-11-01", "2027-11-17"])
def test_holidays_of_other_laender_are_working_days(day: str) -> None:
    assert holiday_name(dt.date.fromisoformat(day), "de") is None
    assert is_working_day(dt.date.fromisoformat(day))


@given(DAYS)
def test_a_day_is_a_holiday_in_both_languages_or_in_none(day: dt.date) -> None:
    assert (holiday_name(day, "de") is None) == (holiday_name(day, "en") is None)


def test_a_year_is_worked_out_once() -> None:
    holiday_name(dt.date(2031, 1, 1), "de")
    before = workdays._holidays.cache_info()
    for number in range(365):
        holiday_name(dt.date(2031, 1, 1) + number * DAY, "de")
    after = workdays._holidays.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 365)


@pytest.mark.parametrize(
    ("day", "working_day"),
    [
        ("2027-01-05", "2027-01-05"),
        ("2027-01-06", "2027-01-07"),
        ("2027-03-26", "2027-03-30"),
        ("2027-07-03", "2027-07-05"),
        ("2026-12-25", "2026-12-28"),
        ("2027-12-31", "2027-12-31"),
    ],
)
def test_the_next_working_day_may_be_the_day_itself(day: str, working_day: str) -> None:
    assert next_working_day(dt.date.fromisoformat(day)) == dt.date.fromisoformat(working_day)


@pytest.mark.parametrize(
    ("day", "n", "result"),
    [
        ("2027-07-05", 1, "2027-07-06"),
        ("2027-07-05", 5, "2027-07-12"),
        ("2027-07-03", 1, "2027-07-05"),
        ("2027-03-25", 1, "2027-03-30"),
        ("2026-12-23", 6, "2027-01-04"),
    ],
)
def test_working_days_are_counted_from_the_day_after(day: str, n: int, result: str) -> None:
    assert add_working_days(dt.date.fromisoformat(day), n) == dt.date.fromisoformat(result)


@given(DAYS, st.integers(1, 40))
def test_a_deadline_in_working_days_never_lands_on_a_weekend_or_holiday(day: dt.date, n: int) -> None:
    landed = add_working_days(day, n)
    assert landed.weekday() < 5
    assert holiday_name(landed, "de") is None
    between = [day + number * DAY for number in range(1, (landed - day).days + 1)]
    assert sum(one.weekday() < 5 and holiday_name(one, "de") is None for one in between) == n


@pytest.mark.parametrize("n", [0, -1])
def test_less_than_one_working_day_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=str(n)):
        add_working_days(dt.date(2027, 1, 1), n)
