"""When an action item is brought to mind: days of the calendar, working days only."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from commands.kit.dates import to_instant
from commands.kit.workdays import is_working_day, next_working_day

A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
AHEAD = timedelta(days=3)
PAUSE = timedelta(days=2)
OPENING, CLOSING = time(9), time(18)


def days(due_on: date) -> Iterator[date]:
    """Yield, without end and strictly increasing, the working days on which an item due on that day is reminded of.

    Three days before and on the day itself, both moved back to the working day before if need be, so that there is
    still time; then weekly, moved on to the next working day.
    """
    first, on_time = _working_day_until(due_on - AHEAD), _working_day_until(due_on)
    yield first
    if on_time > first:
        yield on_time
    for weeks in count(1):
        yield next_working_day(due_on + weeks * A_WEEK)


def next_day(due_on: date, after: date) -> date:
    """Return the first such day that comes after that day."""
    return next(day for day in days(due_on) if day > after)


def snoozed(due_on: date, wanted: date, today: date) -> date:
    """Return when to remind again of an item that somebody put off until the wanted day.

    A working day, not today any more, and never earlier than without putting it off.
    """
    return max(next_working_day(max(wanted, today + A_DAY)), next(days(due_on)))


def morning(day: date, zone: ZoneInfo) -> datetime:
    """Return 9:00 wall time of that day as an instant (aware UTC)."""
    return to_instant(datetime.combine(day, OPENING), zone)


def convenient(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant itself within working hours (9:00 to 18:00 on working days), else the next 9:00 of one."""
    local = at.astimezone(zone)
    day = local.date()
    if is_working_day(day) and OPENING <= local.time() < CLOSING:
        return at
    return morning(next_working_day(day if local.time() < OPENING else day + A_DAY), zone)


def _working_day_until(day: date) -> date:
    while not is_working_day(day):
        day -= A_DAY
    return day
