"""The dates of series against a calendar walked day by day: ten years, both clock changes, every kind of pattern."""

import calendar
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from commands.kit.dates import to_instant
from commands.kit.recurrence import first_start, read_pattern
from commands.kit.workdays import holiday_name, is_working_day
from commands.meetings import schedule
from commands.meetings.schedule import DAY, HOUR, MINUTE, Occurrence, Plan, expand

BERLIN = ZoneInfo("Europe/Berlin")
YEARS = 10
DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")


@dataclass(frozen=True)
class Typed:
    """A pattern as it is typed, and whether a day belongs to it, given the first day of the series."""

    words: str
    belongs: Callable[[dt.date, dt.date], bool]


def weekly(weekday: int, weeks: int) -> Typed:
    words = f"jeden {DAYS[weekday]}" if weeks == 1 else f"alle {weeks} Wochen am {DAYS[weekday]}"
    return Typed(words, partial(_every_weeks, weekday, weeks))


def _every_weeks(weekday: int, weeks: int, day: dt.date, first: dt.date) -> bool:
    return day.weekday() == weekday and (day - first).days % (7 * weeks) == 0


def nth_weekday(weekday: int, nth: int) -> Typed:
    which = "letzten" if nth == -1 else f"{nth}."
    return Typed(f"jeden {which} {DAYS[weekday]} im Monat", partial(_nth, weekday, nth))


def _nth(weekday: int, nth: int, day: dt.date, _: dt.date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    from_end = (last - day.day) // 7 == 0
    return day.weekday() == weekday and (from_end if nth == -1 else (day.day - 1) // 7 + 1 == nth)


def month_day(number: int) -> Typed:
    return Typed(f"monatlich am {number}.", partial(_month_day, number))


def _month_day(number: int, day: dt.date, _: dt.date) -> bool:
    return day.day == number


PATTERNS = st.one_of(
    st.builds(weekly, st.integers(0, 6), st.integers(1, 6)),
    st.builds(nth_weekday, st.integers(0, 6), st.sampled_from([1, 2, 3, 4, 5, -1])),
    st.builds(month_day, st.integers(1, 31)),
)
NOWS = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2030, 12, 31), timezones=st.just(dt.UTC))  # noqa: DTZ001
TIMES = st.times(dt.time(0), dt.time(23)).map(lambda one: one.replace(second=0, microsecond=0, fold=0))
HOLIDAYS = st.sampled_from(["skip", "move", "keep"])


def plan_of(typed: Typed, time: dt.time, now: dt.datetime, holidays: str) -> Plan:
    """Return the series that somebody sets now."""
    found = read_pattern([*typed.words.split(), f"{time:%H:%M}"])
    assert found is not None
    return Plan(found[0].rrule, first_start(found[0], now=now, zone=BERLIN), BERLIN, 90, holidays)


def ten_years(plan: Plan, now: dt.datetime) -> list[Occurrence]:
    """Return all dates of the ten years after now, and not one more."""
    after = now.astimezone(BERLIN).replace(tzinfo=None)
    end = after + YEARS * 365 * DAY
    found = expand(plan, after=after, planned=YEARS * 53)
    return [one for one in found if one.original < end]


def walked(typed: Typed, plan: Plan, now: dt.datetime) -> list[dt.datetime]:
    """Return the same by asking each day of these years whether it belongs to the pattern."""
    after = now.astimezone(BERLIN).replace(tzinfo=None)
    days = (after.date() + number * DAY for number in range(YEARS * 365 + 1))
    starts = [dt.datetime.combine(day, plan.dtstart.time()) for day in days if typed.belongs(day, plan.dtstart.date())]
    return [one for one in starts if plan.dtstart <= one < after + YEARS * 365 * DAY]


@settings(max_examples=60, deadline=None)
@given(PATTERNS, TIMES, NOWS, HOLIDAYS)
def test_ten_years_of_a_series_are_the_days_that_its_words_name(
    typed: Typed, time: dt.time, now: dt.datetime, holidays: str
) -> None:
    plan = plan_of(typed, time, now, holidays)
    assert to_instant(plan.dtstart, BERLIN) > now
    found = ten_years(plan, now)
    assert [one.original for one in found] == walked(typed, plan, now)
    for one in found:
        free = holiday_name(one.original.date(), "de") is not None
        begins = one.starts_at.astimezone(BERLIN)
        assert one.skipped == (free and holidays == "skip")
        assert one.ends_at - one.starts_at == 90 * MINUTE
        if free and holidays == "move":
            days = [one.original.date() + number * DAY for number in range(1, 8)]
            assert begins.date() == next(day for day in days if is_working_day(day))
        else:
            assert begins.date() == one.original.date()
        if in_the_hour_that_is_left_out(dt.datetime.combine(begins.date(), time)):
            assert begins.time().replace(fold=0) == (dt.datetime.combine(begins.date(), time) + HOUR).time()
        else:
            assert (begins.time().replace(fold=0), begins.fold) == (time, 0)


def in_the_hour_that_is_left_out(wall: dt.datetime) -> bool:
    """Whether the clock jumps over this wall time in spring."""
    there_and_back = wall.replace(tzinfo=BERLIN).astimezone(dt.UTC).astimezone(BERLIN)
    return there_and_back.replace(tzinfo=None) != wall


@settings(max_examples=60, deadline=None)
@given(PATTERNS, TIMES, NOWS, HOLIDAYS, st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_dates_that_are_added_one_after_the_other_are_those_of_the_whole(
    typed: Typed, time: dt.time, now: dt.datetime, holidays: str, steps: list[int]
) -> None:
    plan = plan_of(typed, time, now, holidays)
    start = plan.dtstart - MINUTE
    added: list[Occurrence] = []
    for step in steps:
        added += expand(plan, after=added[-1].original if added else start, planned=step)
    assert added == expand(plan, after=start, planned=sum(steps))
    assert len({one.original for one in added}) == len(added)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([dt.date(2026, 3, 29), dt.date(2026, 10, 25), dt.date(2027, 3, 28), dt.date(2027, 10, 31)]),
    st.integers(-3, 9),
    TIMES,
    st.integers(1, 14),
    st.integers(1, 36 * 60),
)
def test_reminders_days_before_keep_the_wall_time_over_a_clock_change(
    change: dt.date, days: int, time: dt.time, whole: int, minutes: int
) -> None:
    starts_at = to_instant(dt.datetime.combine(change + days * DAY, time), BERLIN)
    wall = starts_at.astimezone(BERLIN).replace(tzinfo=None, fold=0)
    reminded = schedule.reminder_at(starts_at, whole * DAY, BERLIN).astimezone(BERLIN)
    if not in_the_hour_that_is_left_out(wall - whole * DAY):
        assert reminded.replace(tzinfo=None, fold=0) == wall - whole * DAY
    if minutes < 24 * 60:  # hours and minutes are counted by the stop watch
        assert starts_at - schedule.reminder_at(starts_at, minutes * MINUTE, BERLIN) == minutes * MINUTE
    leads = [whole * DAY, minutes * MINUTE, HOUR]
    found = schedule.reminders(starts_at, leads, BERLIN)
    assert found == sorted(set(found))
    assert all(at < starts_at for at in found)
