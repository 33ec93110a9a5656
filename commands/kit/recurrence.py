"""Recurring dates in wall time, shaped like iCalendar's (RFC 5545)."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from commands.kit.dates import (
    ALONE,
    CLOCK,
    DOUBTFUL,
    END,
    NUMBERS,
    WEEKDAY,
    WEEKDAYS,
    ImpossibleDate,
    any_of,
    line_of,
    minutes_of,
    number_of,
    read_when,
    time_of,
    to_instant,
    words_in,
)


class MissingTime(ValueError):
    """A recurrence was typed without the time of day that a series needs."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Pattern:
    """What repeats (an RRULE value) and from when to when, in wall time."""

    rrule: str
    start: dt.time
    end: dt.time | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One date in wall time, as far as it was typed: a day, and from when to when."""

    day: dt.date | None
    start: dt.time | None
    end: dt.time | None


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of a rule that a text needs: WEEKLY or MONTHLY, every how many, weekday (Monday is 0),
    which one of the month (-1 is the last), day of the month (-1 is the last).
    """

    frequency: str
    interval: int
    weekday: int | None
    ordinal: int | None
    month_day: int | None


BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ORDINALS = {
    **dict.fromkeys(("ersten", "first"), 1),
    **dict.fromkeys(("zweiten", "second"), 2),
    **dict.fromkeys(("dritten", "third"), 3),
    **dict.fromkeys(("vierten", "fourth"), 4),
    **dict.fromkeys(("fuenften", "fifth"), 5),
    **dict.fromkeys(("letzten", "last"), -1),
}

EVERY = r"(?:jeden|jede|jedes|every|each)"
_MONTHLY = rf"(?:monatlich|monthly|{EVERY} (?:monat|month))"
_WEEKLY = rf"(?:woechentlich|weekly|{EVERY} (?:woche|week))"
_BIWEEKLY = rf"{EVERY} (?:zweite|other|second) (?:woche|week)"
_OF_MONTH = r"(?:im monat|des monats|(?:of|in) (?:the|each|every) month)"
_ON = r"(?:am|jeden|on|every|each)"
_NTH = rf"(?P<nth>[0-9]{{1,2}}(?:\.|st|nd|rd|th)|{any_of(_ORDINALS)})"
_DAY = r"(?P<day>[0-9]{1,2})(?:\.|st|nd|rd|th)"
_WEEKDAYS = rf"{WEEKDAY}s?"
_JOIN = r"(?: ?[-‐‑–—] ?| (?:bis|to|until|till) )"
_LOOSE = rf"(?:{CLOCK}|[0-9]{{1,2}}(?:\.[0-9]{{2}})?)"
_SPAN = (
    r"(?:(?:um|von|ab|at|from) )?"
    rf"(?P<start>{CLOCK}|{_LOOSE}(?={_JOIN}{_LOOSE}{END})|(?<=um |at )[0-9]{{1,2}})(?:{_JOIN}(?P<end>{_LOOSE}))?"
)


def _day_code(match: re.Match[str]) -> str:
    return BYDAY[WEEKDAYS[match["weekday"]]]


def _nth_weekday(match: re.Match[str]) -> str:
    nth = match["nth"]
    ordinal = _ORDINALS.get(nth) or int(re.sub(r"\D", "", nth))
    if not -1 <= ordinal <= 5 or ordinal == 0:  # noqa: PLR2004 no month has six Tuesdays
        raise ValueError(nth)
    return f"FREQ=MONTHLY;BYDAY={ordinal}{_day_code(match)}"


def _every_weeks(interval: int, match: re.Match[str]) -> str:
    every = "" if interval == 1 else f"INTERVAL={interval};"
    return f"FREQ=WEEKLY;{every}BYDAY={_day_code(match)}"


def _weekly(match: re.Match[str]) -> str:
    return _every_weeks(1, match)


def _biweekly(match: re.Match[str]) -> str:
    return _every_weeks(2, match)


def _every_few_weeks(match: re.Match[str]) -> str:
    interval = number_of(match["number"])
    if interval == 0:
        raise ValueError(match[0])
    return _every_weeks(interval, match)


def _month_day(match: re.Match[str]) -> str:
    day = int(match["day"])
    if not 1 <= day <= 31:  # noqa: PLR2004 the longest month
        raise ValueError(match[0])
    return f"FREQ=MONTHLY;BYMONTHDAY={day}"


RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (rf"(?:{EVERY}|{_MONTHLY} {_ON}(?: the)?) {_NTH} {WEEKDAY}(?: {_OF_MONTH})?", _nth_weekday),
    (rf"{EVERY} {WEEKDAY}", _weekly),
    (rf"{_WEEKLY} (?:{_ON} )?{_WEEKDAYS}", _weekly),
    (rf"{_BIWEEKLY} (?:{_ON} )?{_WEEKDAYS}", _biweekly),
    (rf"every other {WEEKDAY}", _biweekly),
    (
        rf"(?:alle|every) (?P<number>[0-9]{{1,2}}|{any_of(NUMBERS)}) (?:wochen|weeks?) (?:{_ON} )?{_WEEKDAYS}",
        _every_few_weeks,
    ),
    (rf"{EVERY} {_DAY} {_OF_MONTH}", _month_day),
    (rf"{_MONTHLY} (?:am|on)(?: the)? {_DAY}", _month_day),
)
_FORMS = tuple((re.compile(rf"{rule}(?: {_SPAN})?{END}"), read) for rule, read in RULES)
_TIMES = re.compile(rf"{_SPAN}{END}")
_WEEKDAY_TIMES = re.compile(rf"(?:(?:am|on) )?{WEEKDAY} {_SPAN}{END}")
_UNTIL = re.compile(rf"(?:[-‐‑–—] ?|(?:bis|to|until|till) )(?P<end>{_LOOSE}){END}")


def _times(start: str, end: str | None) -> tuple[dt.time, dt.time | None]:
    """Both times; in "3-4:30 pm" the first is in the afternoon as well."""
    begins = time_of(minutes_of(start))
    if end is None:
        return begins, None
    ends = time_of(minutes_of(end))
    if "p" in end and start.isdecimal():
        shared = time_of(minutes_of(f"{start}pm"))
        begins = shared if shared < ends else begins
    if ends <= begins:
        raise ValueError(end)
    return begins, ends


def read_pattern(words: Sequence[str]) -> tuple[Pattern, int] | None:
    """The longest recurrence that the words begin with, and how many words it takes; None if there is none.

    "Every 2nd Tuesday" is the second Tuesday of the month. A fifth weekday and the 31st exist only in some months.
    Raises MissingTime without a time of day, ImpossibleDate for what no calendar has or an end before the start.
    """
    line = line_of(words)
    found = [(match, read) for form, read in _FORMS if (match := form.match(line))]
    if not found:
        return None
    match, read = max(found, key=lambda pair: pair[0].end())
    taken = words_in(match)
    typed = " ".join(words[:taken]).removesuffix(",")
    try:
        rrule = read(match)
        times = _times(match["start"], match["end"]) if match["start"] else None
    except ValueError as error:
        raise ImpossibleDate(typed) from error
    if times is None:
        if _may_be_prose(match):
            return None
        raise MissingTime(typed)
    return Pattern(rrule, *times), taken


def read_slot(words: Sequence[str], *, today: dt.datetime, zone: ZoneInfo) -> tuple[Slot, int] | None:
    """The longest single date that the words begin with (`8.12. 10:00-11:30`), and how many words it takes.

    A day may stand without times and times without a day; None if there is neither. `today` is now (aware), see
    `read_when`. Raises ImpossibleDate as `read_when`, and for an end before the start.
    """
    alone = _TIMES.match(line_of(words))
    found = read_when(words, today=today, zone=zone)
    if alone and (found is None or found[1] <= words_in(alone)):
        return _slot(None, alone, words, 0)
    short = _WEEKDAY_TIMES.match(line_of(words))
    if found is None and short:
        found = read_when([f"{short['weekday']}."], today=today, zone=zone)
        return _slot(found[0].day, short, words, 0) if found else None
    if found is None:
        return None
    when, taken = found
    if when.time is None:
        return _slot(when.day, _TIMES.match(line_of(words[taken:])), words, taken)
    until = _UNTIL.match(line_of(words[taken:]))
    if until is None:
        return Slot(when.day, when.time, None), taken
    return _slot(when.day, until, words, taken, start=f"{when.time:%H:%M}")


def _slot(
    day: dt.date | None, match: re.Match[str] | None, words: Sequence[str], before: int, start: str | None = None
) -> tuple[Slot, int]:
    """The slot with the times that matched behind the first words."""
    if match is None:
        return Slot(day, None, None), before
    taken = before + words_in(match)
    try:
        return Slot(day, *_times(start or match["start"], match["end"])), taken
    except ValueError as error:
        raise ImpossibleDate(" ".join(words[:taken]).removesuffix(",")) from error


def _may_be_prose(match: re.Match[str]) -> bool:
    weekday = match.groupdict().get("weekday")
    return weekday in DOUBTFUL and not re.match(ALONE, match.string[match.end("weekday") :])


def pattern_parts(rrule: str) -> Shape:
    """The parts of a rule with at most one weekday and one day of the month; ValueError for any other."""
    parts = dict(part.split("=", 1) for part in rrule.split(";"))
    weekday = ordinal = None
    if "BYDAY" in parts:
        found = re.fullmatch(rf"([+-]?[1-5])?({'|'.join(BYDAY)})", parts["BYDAY"])
        if not found:
            raise ValueError(rrule)
        weekday = BYDAY.index(found[2])
        ordinal = int(found[1]) if found[1] else None
    return Shape(
        frequency=parts.get("FREQ", ""),
        interval=int(parts.get("INTERVAL", "1")),
        weekday=weekday,
        ordinal=ordinal,
        month_day=int(parts["BYMONTHDAY"].split(",")[-1]) if "BYMONTHDAY" in parts else None,
    )


def _near(rrule: str, dtstart: dt.datetime, after: dt.datetime) -> dt.datetime:
    """A beginning of the same series close before `after`, so that nobody counts through its first years."""
    shape = pattern_parts(rrule)
    if shape.frequency == "WEEKLY":
        step = dt.timedelta(weeks=shape.interval)
        return dtstart + max(0, (after - dtstart) // step) * step
    months = 12 * (after.year - dtstart.year) + after.month - dtstart.month
    skipped = months // shape.interval * shape.interval
    if skipped <= 0:
        return dtstart
    year, month = divmod(12 * dtstart.year + dtstart.month - 1 + skipped, 12)
    return dtstart.replace(year=year, month=month + 1, day=1)


def starts(rrule: str, dtstart: dt.datetime, *, after: dt.datetime, count: int) -> list[dt.datetime]:
    """The next `count` starts of a series, later than `after`; all in naive wall time (RFC 5545, 3.3.10).

    The rule is one that `read_pattern` or `repeats.anchored` makes, UNTIL may be added; the work does not grow with
    the age of the series.
    """
    rule = rrulestr(rrule, dtstart=_near(rrule, dtstart, after))
    return list(rule.xafter(after, count=count))


def every_one(rrule: str) -> str:
    """The rule without its interval: each week, each month."""
    return re.sub(r"INTERVAL=[0-9]+;?", "", rrule)


def first_start(pattern: Pattern, *, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first start (naive wall time in the zone) later than now (aware); it anchors rules with an interval."""
    today = dt.datetime.combine(now.astimezone(zone).date(), pattern.start)
    candidates = starts(every_one(pattern.rrule), today, after=today - dt.timedelta(seconds=1), count=2)
    return next(start for start in candidates if to_instant(start, zone) > now)
