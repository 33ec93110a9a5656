"""When digests are due: each week once, at the same hour on the wall, on a working day."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.chronicle.content import (
    A_WEEK,
)
from commands.digests.weeks import Rhythm, days_of, last_slot, next_slot
from tests.sampled_digests import BERLIN, LISBON, SINCE, UNTIL, instants

rhythms = st.builds(
    Rhythm,
    st.integers(0, 6),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from([BERLIN, LISBON, ZoneInfo("America/New_York")]),
)


@given(rhythms, instants)
def test_one_digest_is_due_in_each_week_and_their_windows_adjoin(rhythm: Rhythm, now: datetime) -> None:
    slots = [last_slot(now, rhythm)]
    while len(slots) < 60:
        slots.append(next_slot(slots[-1].at, rhythm))
    assert slots[0].at <= now < slots[1].at
    assert all(last_slot(slot.at, rhythm) == slot for slot in slots)
    assert all(last_slot(two.at - timedelta(microseconds=1), rhythm) == one for one, two in pairwise(slots))
    mondays = [date.fromisoformat(f"{slot.week}-1") for slot in slots]
    assert all(two - one == A_WEEK for one, two in pairwise(mondays))


def test_the_hour_stays_the_same_on_the_wall_when_the_clocks_change() -> None:
    rhythm = Rhythm(0, time(8), BERLIN)
    summer = last_slot(datetime(2026, 10, 20, tzinfo=UTC), rhythm)
    winter = next_slot(summer.at, rhythm)
    assert (summer.at, winter.at) == (datetime(2026, 10, 19, 6, tzinfo=UTC), datetime(2026, 10, 26, 7, tzinfo=UTC))


def test_the_53rd_week_has_its_own_digest() -> None:
    rhythm = Rhythm(0, time(8), BERLIN)
    slots = [next_slot(datetime(2026, 12, 20, tzinfo=UTC) + number * A_WEEK, rhythm) for number in range(3)]
    assert [slot.week for slot in slots] == ["2026-W52", "2026-W53", "2027-W01"]


@pytest.mark.parametrize(
    ("day", "before", "week", "due"),
    [
        (0, datetime(2027, 3, 23, tzinfo=UTC), "2027-W13", date(2027, 3, 30)),  # Easter Monday
        (4, datetime(2027, 3, 20, tzinfo=UTC), "2027-W12", date(2027, 3, 30)),  # Good Friday: not before Tuesday
        (4, datetime(2026, 12, 19, tzinfo=UTC), "2026-W52", date(2026, 12, 28)),  # Christmas and a weekend
        (2, datetime(2027, 1, 2, tzinfo=UTC), "2027-W01", date(2027, 1, 7)),  # Epiphany, a holiday in the Land
        (6, datetime(2026, 11, 10, tzinfo=UTC), "2026-W46", date(2026, 11, 15)),  # a Sunday that the operator chose
    ],
)
def test_a_public_holiday_moves_the_digest_to_the_next_working_day(
    day: int, before: datetime, week: str, due: date
) -> None:
    slot = next_slot(before, Rhythm(day, time(8), BERLIN))
    assert (slot.week, slot.at.astimezone(BERLIN)) == (week, datetime.combine(due, time(8), BERLIN))


def test_of_all_mondays_of_six_years_only_public_holidays_of_the_land_move_to_the_next_working_day() -> None:
    """Easter and Whitsun, 1 January, Epiphany, 1 May and Christmas, as the calendar on the wall has them."""
    days = (
        "2026-04-06 2026-05-25 2027-03-29 2027-05-17 2028-04-17 2028-05-01 2028-06-05 2028-12-25 2029-01-01 "
        "2029-04-02 2029-05-21 2030-04-22 2030-06-10 2031-01-06 2031-04-14 2031-06-02"
    )
    holidays = set(map(date.fromisoformat, days.split()))
    rhythm = Rhythm(0, time(8), BERLIN)
    slot = last_slot(datetime(2026, 1, 6, tzinfo=UTC), rhythm)
    while (monday := date.fromisoformat(f"{slot.week}-1")).year < 2032:
        later = 0 if monday not in holidays else 2 if monday.month == 12 else 1  # both days of Christmas
        due = datetime.combine(monday + timedelta(days=later), time(8), BERLIN)
        assert slot.at == due
        slot = next_slot(slot.at, rhythm)


@given(st.lists(instants, min_size=3, max_size=3, unique=True).map(sorted))
def test_the_days_in_the_headings_of_two_weeks_do_not_overlap(window: list[datetime]) -> None:
    a, b, c = window
    if b - a >= timedelta(days=2):
        assert days_of(a, b, BERLIN)[1] + timedelta(days=1) == days_of(b, c, BERLIN)[0]
    assert days_of(SINCE, UNTIL, BERLIN) == (date(2026, 11, 2), date(2026, 11, 8))
