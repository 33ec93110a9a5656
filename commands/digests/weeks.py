"""When digests are due, and how their weeks are called."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from commands.chronicle.content import A_WEEK
from commands.kit.dates import to_instant
from commands.kit.setup import Setup
from commands.kit.texts import zone
from commands.kit.workdays import holiday_name, next_working_day, previous_working_day

NOON = dt.time(12)
A_MOMENT = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """On which weekday (Monday is 0), at what wall time and in which zone digests are due."""

    day: int
    time: dt.time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Slot:
    """The digest of one ISO week (`2026-W46`), and the instant (aware UTC) at which it is due."""

    week: str
    at: dt.datetime


def rhythm_of(setup: Setup) -> Rhythm:
    """When digests are due as the operator has set it."""
    return Rhythm(setup.digest_day, dt.time.fromisoformat(setup.digest_time), zone(setup.zone))


def last_slot(now: dt.datetime, rhythm: Rhythm) -> Slot:
    """The latest slot that is due at `now` (aware) or was before."""
    monday = _monday(now, rhythm)
    slots = [_slot(monday - weeks * A_WEEK, rhythm) for weeks in range(3)]
    return next(slot for slot in slots if slot.at <= now)


def next_slot(now: dt.datetime, rhythm: Rhythm) -> Slot:
    """The first slot later than `now` (aware)."""
    monday = _monday(now, rhythm)
    slots = [_slot(monday + weeks * A_WEEK, rhythm) for weeks in (-1, 0, 1)]
    return next(slot for slot in slots if slot.at > now)


def slot_of(week: str, rhythm: Rhythm) -> Slot:
    """The slot of an ISO week (`2026-W46`)."""
    year, number = week.split("-W")
    return _slot(dt.date.fromisocalendar(int(year), int(number), 1), rhythm)


def preview_at(slot: Slot, rhythm: Rhythm, lead: dt.timedelta) -> dt.datetime:
    """When coordinators are shown a digest: so long before it by the clock on the wall, on a working day.

    Never before the digest of the week before is due, and always before its own.
    """
    local = slot.at.astimezone(rhythm.zone).replace(tzinfo=None) - lead
    day = dt.datetime.combine(previous_working_day(local.date()), local.time())
    earliest = last_slot(slot.at - A_MOMENT, rhythm).at
    return max(earliest, min(to_instant(day, rhythm.zone), slot.at - A_MOMENT))


def next_preview(now: dt.datetime, rhythm: Rhythm, lead: dt.timedelta) -> dt.datetime:
    """When the first preview later than `now` (aware) is due."""
    slot = next_slot(now, rhythm)
    at = preview_at(slot, rhythm, lead)
    return at if at > now else preview_at(next_slot(slot.at, rhythm), rhythm, lead)


def counts_at(said_at: dt.datetime, told_until: dt.datetime | None, waiting: Slot | None) -> dt.datetime:
    """The instant by which a highlight belongs to the digest that comes next, the one that waits for its release first.

    `told_until` is the end of the last digest that was sent: what was said before it and heard after it comes next.
    """
    if waiting is not None:
        return waiting.at - A_MOMENT
    return max(said_at, told_until or said_at)


def days_of(since: dt.datetime, until: dt.datetime, zone: ZoneInfo) -> tuple[dt.date, dt.date]:
    """The first and the last day whose noon lies in the window, so that the days of two windows never overlap."""
    first = _first_noon(since, zone)
    return first, max(first, _first_noon(until, zone) - dt.timedelta(days=1))


def _slot(monday: dt.date, rhythm: Rhythm) -> Slot:
    """The week keeps its name when a public holiday moves the day into the week after it."""
    day = monday + dt.timedelta(days=rhythm.day)
    if holiday_name(day, "de"):
        day = next_working_day(day)
    year, week, _ = monday.isocalendar()
    return Slot(f"{year}-W{week:02}", to_instant(dt.datetime.combine(day, rhythm.time), rhythm.zone))


def _monday(now: dt.datetime, rhythm: Rhythm) -> dt.date:
    today = now.astimezone(rhythm.zone).date()
    return today - dt.timedelta(days=today.weekday())


def _first_noon(at: dt.datetime, zone: ZoneInfo) -> dt.date:
    local = at.astimezone(zone)
    return local.date() + dt.timedelta(days=local.time() > NOON)
