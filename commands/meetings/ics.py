"""Pure rules: meetings and action items as a calendar file (RFC 5545), the same facts always to the same bytes."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile

from icalendar import Calendar, Event, vDuration, vRecur, vText, vUri
from icalendar.parser import Contentline
from icalendar.timezone.tzid import is_utc

from commands.kit.dates import to_instant
from commands.kit.recurrence import starts
from commands.kit.texts import zone
from commands.meetings import schedule, todos, zones
from commands.meetings.schedule import MINUTE, Plan
from commands.meetings.todos import Todo, clean

PRODID = "-//uagbot//uagbot//DE"
REFRESH = dt.timedelta(hours=1)
CHUNK = 60
LONGEST = 75
"""A line of so many bytes is folded."""
PLANNED, CANCELLED, SKIPPED = "planned", "cancelled", "skipped"


@dataclass(frozen=True, slots=True)
class Dated:
    """One date as it is stored: `original` is naive wall time in `zone`, the instants are aware UTC.

    `group` is whose meeting it is; `override`: somebody changed this date by itself.
    """

    uid: str
    group: str
    title: str
    link: str | None
    place: str | None
    zone: str
    original: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    state: str
    reason: str | None
    override: bool
    sequence: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Recurring:
    """A series and its stored dates in order of their originals; beyond the last of them its rule says what comes."""

    uid: str
    group: str
    title: str
    link: str | None
    place: str | None
    plan: Plan
    ended: bool
    sequence: int
    created_at: dt.datetime
    dates: Sequence[Dated]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a calendar shows and how it is called; `grouped`: titles begin with the group.

    `cancelled` is the word before the title of what was called off.
    """

    name: str
    cancelled: str
    grouped: bool
    series: Sequence[Recurring]
    singles: Sequence[Dated]
    todos: Sequence[Todo] = ()


def text(shown: Shown, until: dt.datetime) -> str:
    """Return the calendar; holidays are looked at up to `until` (naive wall time), the rules go on for ever."""
    events = [event for one in shown.series for event in _series(shown, one, until)]
    events += [_event(shown, one) for one in shown.singles if one.state != SKIPPED]
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODID)
    calendar.add("method", "PUBLISH")
    # The names of RFC 7986, and those that Outlook, Google and Apple read.
    calendar.add("name", vText(clean(shown.name)))
    calendar.add("x-wr-calname", vText(clean(shown.name)))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    used = {one.plan.zone.key for one in shown.series} | {one.zone for one in shown.singles}
    for name in sorted(used):
        if not is_utc(until.replace(tzinfo=zone(name))):  # such times are written with a Z
            calendar.add_component(zones.component(name))
    for event in events:
        calendar.add_component(event)
    *lines, end = [str(line) for line in calendar.content_lines(sorted=False) if line]
    lines += [line for one in shown.todos for line in todos.lines(one)]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, end])


def _folded(line: str) -> str:
    """A line as it is, or folded (RFC 5545, 3.1); the library goes through each line letter by letter."""
    if len(line.encode()) < LONGEST:
        return line
    return str(Contentline(line).to_ical(), "utf-8")  # type: ignore[no-untyped-call]


def has_dates(shown: Shown, until: dt.datetime) -> bool:
    """Whether there is anything in the calendar."""
    return bool(shown.singles) or any(one for series in shown.series for _, one in _dates(series, until))


def _series(shown: Shown, series: Recurring, until: dt.datetime) -> Iterator[Event]:
    """Yield the series by its rule, then each date that is not as the rule says; nothing if no date takes place."""
    dates = list(_dates(series, until))
    # The first date is one that is to be seen: some programs show DTSTART even where EXDATE takes it out.
    dates = list(dropwhile(lambda pair: pair[1] is None, dates))
    if not dates:
        return
    first = dates[0][0]
    yield _master(shown, series, first, [original for original, one in dates if one is None], dates[-1][0])
    for original, one in dates:
        if one is not None and (one.override or not _by_rule(one, series)):
            # No less than the series': some readers pass over an older change.
            changed = replace(one, sequence=max(one.sequence, series.sequence))
            event = _event(shown, changed)
            event.add("recurrence-id", original.replace(tzinfo=series.plan.zone))
            yield event


def _dates(series: Recurring, until: dt.datetime) -> Iterator[tuple[dt.datetime, Dated | None]]:
    """Yield all original starts of a series, each with its date; without one where it is left out.

    Up to the last stored date what is stored is what takes place, then the rule says it, unless the series has ended.
    """
    stored = {one.original: one for one in series.dates}
    last = max(stored, default=None)
    end = last if series.ended else max(until, last or until)
    if end is None:
        return
    for original in _originals(series.plan, min(stored, default=series.plan.dtstart), end):
        planned = last is not None and original <= last
        one = stored.get(original) if planned else _ruled(series, original)
        yield original, one if one is not None and one.state != SKIPPED else None


def _originals(plan: Plan, since: dt.datetime, until: dt.datetime) -> Iterator[dt.datetime]:
    """Yield what the rule gives in `since <= t <= until` (naive wall time)."""
    after = since - MINUTE
    while found := starts(plan.rrule, plan.dtstart, after=after, count=CHUNK):
        for one in found:
            if one > until:
                return
            yield one
        after = found[-1]


def _ruled(series: Recurring, original: dt.datetime) -> Dated:
    """The date that will be stored when its time comes."""
    one = schedule.occurrence(series.plan, original)
    return Dated(
        uid=series.uid,
        group=series.group,
        title=series.title,
        link=series.link,
        place=series.place,
        zone=series.plan.zone.key,
        original=original,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        state=SKIPPED if one.skipped else PLANNED,
        reason=None,
        override=False,
        sequence=series.sequence,
        created_at=series.created_at,
    )


def _by_rule(one: Dated, series: Recurring) -> bool:
    """Whether the rule alone tells every reader this date.

    Not in a night in which clocks change: programs do not agree on when a meeting ends then.
    """
    same = (one.title, one.link, one.place, one.state) == (series.title, series.link, series.place, PLANNED)
    begins, ends = (at.astimezone(series.plan.zone) for at in (one.starts_at, one.ends_at))
    return (
        same
        and begins.replace(tzinfo=None) == one.original
        and ends.replace(tzinfo=None) == one.original + series.plan.minutes * MINUTE
        and one.ends_at - one.starts_at == series.plan.minutes * MINUTE
        and not _shown_twice(begins)
        and not _shown_twice(ends)
    )


def _master(
    shown: Shown, series: Recurring, first: dt.datetime, left_out: Iterable[dt.datetime], last: dt.datetime
) -> Event:
    where = series.plan.zone
    rule = vRecur.from_ical(series.plan.rrule)
    if series.ended:
        rule["UNTIL"] = [to_instant(last, where)]  # in UTC, as DTSTART has a zone (RFC 5545, 3.3.10)
    event = _titled(shown, series, PLANNED, None)
    event.add("dtstart", first.replace(tzinfo=where))
    event.add("dtend", (first + series.plan.minutes * MINUTE).replace(tzinfo=where))
    event.add("rrule", rule)
    for one in left_out:
        event.add("exdate", one.replace(tzinfo=where))
    return event


def _event(shown: Shown, one: Dated) -> Event:
    event = _titled(shown, one, one.state, one.reason)
    event.add("dtstart", _time(one.starts_at, one.zone))
    event.add("dtend", _time(one.ends_at, one.zone))
    return event


def _time(at: dt.datetime, name: str) -> dt.datetime:
    """An instant in its zone; in UTC where clocks show that time twice, and some programs take the second one."""
    local = at.astimezone(zone(name))
    return at.astimezone(dt.UTC) if _shown_twice(local) else local


def _shown_twice(local: dt.datetime) -> bool:
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()


def _titled(shown: Shown, one: Dated | Recurring, state: str, reason: str | None) -> Event:
    """An event with all but its times."""
    event = Event()
    event.add("uid", one.uid)
    event.add("sequence", one.sequence)
    # Some programs look for a later stamp instead of a higher SEQUENCE, so each change moves it by a second.
    stamp = one.created_at.astimezone(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=one.sequence)
    event.add("dtstamp", stamp)
    event.add("last-modified", stamp)
    off = state == CANCELLED
    title = f"{one.group}: {one.title}" if shown.grouped else one.title
    # Google hides what is cancelled, but Outlook shows it like everything else, so the title says it.
    event.add("summary", clean(f"{shown.cancelled}: {title}" if off else title))
    event.add("status", "CANCELLED" if off else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if off else "OPAQUE")
    event.add("categories", [clean(one.group)])
    if one.place or one.link:
        event.add("location", clean(one.place or one.link or ""))
    if one.link:
        link = clean(one.link)
        event.add("url", vUri(link))
        event.add("conference", vUri(link), parameters={"VALUE": "URI"})
    said = reason if off else one.link  # Outlook shows neither URL nor CONFERENCE
    if said:
        event.add("description", clean(said))
    return event
