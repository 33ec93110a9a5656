"""Time zones as calendars carry them: VTIMEZONE components (RFC 5545, 3.6.5)."""

import calendar
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

FIRST, LAST = 2025, 2037  # no meeting is older, and tzdata goes on by rule from here
ANCHOR = dt.datetime(1970, 1, 1)  # noqa: DTZ001 wall time
DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Change:
    """Clocks go from one offset to another at `onset`, in the wall time that holds until then."""

    before: dt.timedelta
    after: dt.timedelta
    name: str
    onset: dt.datetime


@cache
def component(name: str) -> Timezone:
    """Return what tells a calendar the offsets of a zone; the same object each time, which nobody changes.

    Outlook understands one STANDARD and one DAYLIGHT by rule, with a BYDAY, and passes over lists of dates; so zones
    that change by rule get just that, anchored in 1970 like those of all other programs.
    """
    zone = ZoneInfo(name)
    found = Timezone()
    found.add("tzid", name)
    changes = sorted(_changes(zone), key=_kind)
    for _, same in groupby(changes, key=_kind):
        found.add_component(_observance(list(same)))
    if not changes:
        now = dt.datetime(FIRST, 1, 1, tzinfo=zone)
        found.add_component(_observance([Change(_offset(now, zone), _offset(now, zone), now.tzname() or "", ANCHOR)]))
    return found


def _changes(zone: ZoneInfo) -> Iterator[Change]:
    """Yield the changes of the clocks, to the minute."""
    at, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (FIRST, LAST + 1))
    while at < end:
        before = _offset(at, zone)
        if before != _offset(at + DAY, zone):
            turn = _turn(at, zone)
            name = turn.astimezone(zone).tzname() or ""
            yield Change(before, _offset(turn, zone), name, turn.replace(tzinfo=None) + before)
        at += DAY


def _turn(since: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first minute within a day with another offset than its beginning."""
    low, high = 0, DAY // MINUTE
    while high - low > 1:
        middle = (low + high) // 2
        same = _offset(since + middle * MINUTE, zone) == _offset(since, zone)
        low, high = (middle, high) if same else (low, middle)
    return since + high * MINUTE


def _offset(at: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    return at.astimezone(zone).utcoffset() or dt.timedelta(0)


def _kind(change: Change) -> tuple[dt.timedelta, dt.timedelta, str]:
    return change.before, change.after, change.name


def _observance(changes: Sequence[Change]) -> TimezoneStandard | TimezoneDaylight:
    first = changes[0]
    found = TimezoneDaylight() if first.after > first.before else TimezoneStandard()
    onsets = [change.onset for change in changes]
    rule = yearly(onsets)
    begins = min(onsets)
    if rule:
        begins = rrulestr(rule, dtstart=dt.datetime.combine(ANCHOR, begins.time()))[0]
    found.add("dtstart", begins)
    found.add("tzoffsetfrom", first.before)
    found.add("tzoffsetto", first.after)
    found.add("tzname", first.name)
    if rule:
        found.add("rrule", vRecur.from_ical(rule))
    for onset in [] if rule else onsets[1:]:
        found.add("rdate", onset)
    return found


def yearly(onsets: Sequence[dt.datetime]) -> str | None:
    """Return the yearly rule that gives exactly these onsets, one a year; None if the clocks go by no such rule."""
    same = {(one.month, one.weekday(), one.time()) for one in onsets}
    if len(same) > 1 or [one.year for one in onsets] != list(range(FIRST, LAST + 1)):
        return None
    places = {(one.day - 1) // 7 + 1 for one in onsets}
    last = all(one.day + 7 > calendar.monthrange(one.year, one.month)[1] for one in onsets)
    if not last and len(places) > 1:
        return None
    place = -1 if last else places.pop()
    return f"FREQ=YEARLY;BYMONTH={onsets[0].month};BYDAY={place}{WEEKDAYS[onsets[0].weekday()]}"
