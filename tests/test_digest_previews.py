"""What the rules promise about when coordinators see a digest, and in which one a highlight stands."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.chronicle.content import Facts, HighlightFact
from commands.chronicle.rule import digest
from commands.digests.weeks import (
    A_MOMENT,
    Rhythm,
    Slot,
    counts_at,
    last_slot,
    next_preview,
    next_slot,
    preview_at,
    slot_of,
)
from commands.kit.workdays import is_working_day

BERLIN = ZoneInfo("Europe/Berlin")
MONDAYS = Rhythm(0, time(8), BERLIN)
HOUR = timedelta(hours=1)

# Both clock changes, holidays and the 53rd week of 2026 lie in between.
instants = st.datetimes(datetime(2026, 10, 1), datetime(2027, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
rhythms = st.builds(Rhythm, st.integers(0, 6), st.times().map(lambda at: at.replace(tzinfo=None)), st.just(BERLIN))
leads = st.timedeltas(timedelta(minutes=1), timedelta(days=9999))


@pytest.mark.parametrize(
    ("before", "hours", "shown"),
    [
        (datetime(2026, 11, 3, tzinfo=UTC), 18, "2026-11-06 14:00"),  # Sunday: on Friday
        (datetime(2026, 11, 3, tzinfo=UTC), 1, "2026-11-09 07:00"),  # the same morning
        (datetime(2026, 10, 20, tzinfo=UTC), 48, "2026-10-23 08:00"),  # over the end of summer time
        (datetime(2027, 3, 23, tzinfo=UTC), 18, "2027-03-25 14:00"),  # before Good Friday and Easter Monday
        (datetime(2026, 12, 29, tzinfo=UTC), 18, "2026-12-31 14:00"),  # week 53 ends with New Year
    ],
)
def test_a_preview_is_so_long_before_by_the_clock_on_the_wall_and_on_a_working_day(
    before: datetime, hours: int, shown: str
) -> None:
    at = preview_at(next_slot(before, MONDAYS), MONDAYS, timedelta(hours=hours))
    assert f"{at.astimezone(BERLIN):%Y-%m-%d %H:%M}" == shown


@given(instants, rhythms, leads)
def test_a_preview_lies_between_two_digests_and_is_found_from_anywhere_before_it(
    now: datetime, rhythm: Rhythm, lead: timedelta
) -> None:
    slot = next_slot(now, rhythm)
    at = preview_at(slot, rhythm, lead)
    before = last_slot(slot.at - A_MOMENT, rhythm).at
    assert before <= at < slot.at
    assert at == before or is_working_day(at.astimezone(BERLIN).date()) or slot.at - at < timedelta(days=1)
    following = next_preview(now, rhythm, lead)
    assert following > now
    assert following == at if at > now else following >= slot.at


@given(instants, rhythms)
def test_a_slot_is_known_by_its_week(now: datetime, rhythm: Rhythm) -> None:
    assert slot_of(next_slot(now, rhythm).week, rhythm) == next_slot(now, rhythm)


def test_the_53rd_week_has_its_slot() -> None:
    assert slot_of("2026-W53", MONDAYS).at.astimezone(BERLIN).date() == date(2026, 12, 28)


@given(instants, st.timedeltas(timedelta(0), timedelta(days=20)), st.booleans())
def test_a_highlight_stands_in_the_next_digest_and_in_no_other(
    said_at: datetime, lateness: timedelta, waits: bool
) -> None:
    """It may be heard late; the digest that comes next is the one after the last that was sent, or one that waits."""
    told = last_slot(said_at + lateness, MONDAYS)
    waiting: Slot | None = None
    if waits:
        waiting, told = told, last_slot(told.at - A_MOMENT, MONDAYS)
    at = counts_at(said_at, told.at, waiting)
    following = next_slot(told.at, MONDAYS)
    windows = [
        (told.at - timedelta(days=7), told.at),
        (told.at, following.at),
        (following.at, following.at + 7 * 24 * HOUR),
    ]
    facts = Facts([], highlights=[HighlightFact(1, "Neu", at)])
    shown = [len(digest(facts, since, until).highlights) for since, until in windows]
    assert shown == [0, 1, 0]
