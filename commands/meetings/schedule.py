"""Pure rules of meetings: the dates of a series, what holidays do to them, reminders and names."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from commands.kit.dates import to_instant
from commands.kit.recurrence import Slot, starts
from commands.kit.workdays import holiday_name, next_working_day

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
LENGTHS = {"m": MINUTE, "h": HOUR, "d": DAY}
UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minuten", "minutes"), MINUTE),
    **dict.fromkeys(("h", "std", "stunde", "stunden", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "t", "tag", "tage", "day", "days"), DAY),
    **dict.fromkeys(("w", "woche", "wochen", "week", "weeks"), 7 * DAY),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a series repeats: an RRULE from `dtstart` (naive wall time in `zone`) on.

    `holidays`: what becomes of a date on a public holiday of the Land, `skip`, `move` or `keep`.
    """

    rrule: str
    dtstart: dt.datetime
    zone: ZoneInfo
    minutes: int
    holidays: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a series: its original start in naive wall time, and the instants (aware UTC) that the rule gives."""

    original: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    skipped: bool = False


def occurrence(plan: Plan, original: dt.datetime) -> Occurrence:
    """Apply the holiday rule to one original start; a moved date keeps its wall time on the next working day."""
    on_holiday = holiday_name(original.date(), "de") is not None
    wall = original
    if on_holiday and plan.holidays == "move":
        wall = dt.datetime.combine(next_working_day(original.date()), original.time())
    begins = to_instant(wall, plan.zone)
    return Occurrence(original, begins, begins + plan.minutes * MINUTE, skipped=on_holiday and plan.holidays == "skip")


def expand(plan: Plan, *, after: dt.datetime, planned: int) -> list[Occurrence]:
    """Return the dates whose original start is later than `after` (naive wall time), up to the `planned`-th that is
    not skipped; going on from the last one gives the same dates as going all the way at once.
    """
    found: list[Occurrence] = []
    while planned > 0:
        originals = starts(plan.rrule, plan.dtstart, after=after, count=planned)
        if not originals:
            break
        new = [occurrence(plan, original) for original in originals]
        found += new
        after = originals[-1]
        planned -= sum(not one.skipped for one in new)
    return found


def placed(
    slot: Slot, *, day: dt.date, time: dt.time, length: dt.timedelta, zone: ZoneInfo
) -> tuple[dt.datetime, dt.datetime]:
    """Return begin and end (aware UTC) of what was typed; day, time and length stand in for what was not."""
    on = slot.day or day
    begins = to_instant(dt.datetime.combine(on, slot.start or time), zone)
    if slot.end is None:
        return begins, begins + length
    return begins, to_instant(dt.datetime.combine(on, slot.end), zone)


def read_length(text: str) -> dt.timedelta:
    """Return a length of time such as `7d`, `90 min`, `2 Stunden`; raises ValueError for anything else and for zero."""
    match = re.fullmatch(r"([0-9]{1,5}) ?([a-z]+)\.?", text.casefold())
    if match is None or match[2] not in UNITS or int(match[1]) == 0:
        raise ValueError(text)
    return int(match[1]) * UNITS[match[2]]


class Length(NamedTuple):
    """A length of time as people say it: how many `m`, `h` or `d`."""

    number: int
    unit: str

    def __str__(self) -> str:
        """`7d`: as it is typed and stored."""
        return f"{self.number}{self.unit}"


def length_of(span: dt.timedelta) -> Length:
    """Return a length in the largest unit that divides it (`7d`, `36h`, `15m`)."""
    unit = next(unit for unit in ("d", "h", "m") if span % LENGTHS[unit] == dt.timedelta(0))
    return Length(span // LENGTHS[unit], unit)


def reminder_at(starts_at: dt.datetime, lead: dt.timedelta, zone: ZoneInfo) -> dt.datetime:
    """Return when to remind of a meeting; whole days are counted in wall time."""
    wall = starts_at.astimezone(zone).replace(tzinfo=None) - lead.days * DAY
    return to_instant(wall, zone) - lead % DAY


def reminders(starts_at: dt.datetime, leads: Iterable[dt.timedelta], zone: ZoneInfo) -> list[dt.datetime]:
    """Return the instants of all reminders of a meeting, earliest first."""
    return sorted({reminder_at(starts_at, lead, zone) for lead in leads})


def overtaken(planned: dt.datetime, instants: Iterable[dt.datetime], now: dt.datetime) -> bool:
    """Whether a later reminder than the one planned then is due as well, so that only that one should be sent."""
    return any(planned < at <= now for at in instants)


class Ahead(NamedTuple):
    """How far away something is: calendar days (0 is today), and minutes, rounded up."""

    days: int
    minutes: int


def ahead(at: dt.datetime, now: dt.datetime, zone: ZoneInfo) -> Ahead:
    """Return how far an instant is ahead of now, as people in the zone count."""
    days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    return Ahead(days, -((now - at) // MINUTE))
