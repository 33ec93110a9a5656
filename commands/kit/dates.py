"""Dates as people type them, in German and in English at once."""

import calendar
import contextlib
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from dateutil.relativedelta import relativedelta

_YEARS = range(1900, 2200)  # far enough for meetings, near enough for every library behind us
_MOST_WORDS = 16
_LONGEST_WORD = 24
_WALL = "\0"


class ImpossibleDate(ValueError):
    """What was typed looks like a date or a time, but the calendar has no such day or hour."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def to_instant(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The instant (aware UTC) at which clocks in the zone show this naive wall time.

    A wall time that a clock change skips moves forward by the gap; of two equal ones the first is meant,
    unless the value's own `fold` says the second (PEP 495; RFC 5545, 3.3.5).
    """
    return wall.replace(tzinfo=zone).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class When:
    """A day and perhaps a time, as clocks on the wall show them."""

    day: dt.date
    time: dt.time | None

    def instant(self, zone: ZoneInfo, default: dt.time) -> dt.datetime:
        """The instant (aware UTC) in that zone; the default is the wall time where none was given."""
        return to_instant(dt.datetime.combine(self.day, default if self.time is None else self.time), zone)


def spelling(word: str) -> str:
    """The one spelling by which words are compared: lower case, ae oe ue ss, no comma at the end."""
    folded = unicodedata.normalize("NFC", word).casefold().removesuffix(",")
    return folded.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")


def line_of(words: Sequence[str]) -> str:
    """The first words as one line with exactly one space between two words.

    A quoted phrase (a word with space in it) is text and never part of a date, nor is a very long word.
    """
    spelled = [spelling(word) if len(word) <= _LONGEST_WORD else _WALL for word in words[:_MOST_WORDS]]
    return " ".join(_WALL if not word or re.search(r"\s", word) else word for word in spelled)


def words_in(match: re.Match[str]) -> int:
    """How many words of the line a match from its beginning takes."""
    return match.string.count(" ", 0, match.end()) + 1


def _names(kind: Literal["days", "months"]) -> dict[str, int]:
    tables = [getattr(Locale(language), kind) for language in ("de", "en")]
    return {
        spelling(name).removesuffix("."): number
        for table in tables
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in table[context][width].items()
    }


def any_of(names: Iterable[str]) -> str:
    """A regular expression for one of the names, the longest first."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


MONTHS = _names("months")
WEEKDAYS = _names("days") | {"sonnabend": 5, "tues": 1, "thurs": 3}  # the CLDR lacks these three
# Short weekdays that are words of their own ("so", "do", "sat"). Without a date or time behind them they need
# a full stop, or nothing but a quoted phrase after them.
DOUBTFUL = {"mo", "di", "mi", "do", "fr", "sa", "so", "sat", "sun", "wed"}
NUMBERS = {
    **dict.fromkeys(("ein", "eine", "einem", "einer", "a", "an"), 1),
    **{
        word: number
        for words in (
            "eins zwei drei vier fuenf sechs sieben acht neun zehn elf zwoelf",
            "one two three four five six seven eight nine ten eleven twelve",
        )
        for number, word in enumerate(words.split(), start=1)
    },
}
_PARTS = {
    **dict.fromkeys(("frueh", "morgens", "morning"), 9),
    **dict.fromkeys(("mittag", "mittags", "noon"), 12),
    **dict.fromkeys(("nachmittag", "nachmittags", "afternoon"), 15),
    **dict.fromkeys(("abend", "abends", "evening"), 18),
}
_NEAR = {
    "heute": 0,
    "today": 0,
    "morgen": 1,
    "tomorrow": 1,
    "uebermorgen": 2,
    "day after tomorrow": 2,
    "the day after tomorrow": 2,
}

END = r"\.?(?!\S)"
CLOCK = (
    r"(?:(?:0?[1-9]|1[0-2])(?:[:.][0-9]{2})? ?[ap]\.?m\.?"
    r"|[0-9]{1,2}:[0-9]{2}(?: ?(?:uhr|h))?"
    r"|[0-9]{1,2}(?:\.[0-9]{2})? ?(?:uhr|h))"
)
WEEKDAY = rf"(?P<weekday>{any_of(WEEKDAYS)})\.?"
ALONE = rf"(?=\.|$| {_WALL})"
_CERTAIN_WEEKDAY = rf"(?P<weekday>(?:{any_of(WEEKDAYS.keys() - DOUBTFUL)})|(?:{any_of(DOUBTFUL)}){ALONE})\.?"
_TIME = (
    rf"(?:(?:(?:um|gegen|at) )?(?P<clock>{CLOCK})"
    rf"|(?:at )?(?P<part>{any_of(_PARTS)})"
    r"|um (?P<hour>[0-9]{1,2}))"
)
_ON = r"(?:am|den|dem|zum|on)"
_LEAD = rf"(?:{_ON} )?(?:{WEEKDAY} )?(?:(?:{_ON}|the) )?"
_WHICH = r"(?:(?P<this>diesen|dieser|this) |(?:naechsten|naechster|kommenden|next) )?"
_NEXT_WEEK = r"(?:(?:in der )?(?:naechste|naechsten|naechster|kommende|kommenden|kommender) woche|next week)"
_DAY = r"(?P<day>[0-9]{1,2})"
_MONTH_NAME = rf"(?P<month>{any_of(MONTHS)})\.?"
_YEAR = r"(?:19|20|21)[0-9]{2}"
_NUMBER = rf"(?P<number>[0-9]{{1,4}}|{any_of(NUMBERS)})"
_DAY_UNITS = r"tag(?:en|e)?|days?|wochen?|weeks?|monat(?:en|e)?|months?|jahr(?:en|e)?|years?"
_END_OF = r"(?:(?=monatsende|jahresende)|ende (?:des|dieses|der|dieser) |end of (?:the |this )?)"


def minutes_of(clock: str) -> int:
    """Minutes since midnight of a clock time such as `10:00`, `10.30 uhr`, `3 pm` or `15`; 24:00 is 1440.

    Raises ValueError when no clock shows it.
    """
    hour, minute = (*map(int, re.findall(r"[0-9]+", clock)), 0)[:2]
    if "p" in clock:
        hour = hour % 12 + 12
    elif "a" in clock:
        hour %= 12
    minutes = 60 * hour + minute
    if minute >= 60 or minutes > 24 * 60:  # noqa: PLR2004 an hour has 60 minutes
        raise ValueError(clock)
    return minutes


def time_of(minutes: int) -> dt.time:
    """The time so many minutes after midnight; raises ValueError from 1440 on."""
    return dt.time(*divmod(minutes, 60))


def number_of(text: str) -> int:
    """A number in figures or as a word from one to twelve."""
    return NUMBERS.get(text) or int(text)


def _calendar_day(match: re.Match[str], today: dt.date) -> dt.date:
    day, month, year = int(match["day"]), match["month"], match["year"]
    number = MONTHS.get(month) or int(month)
    if year:
        short = len(year) == 2  # noqa: PLR2004 26 stands for 2026
        return dt.date(int(year) + (2000 if short else 0), number, day)
    for candidate in range(today.year, today.year + 9):  # 29.2. may be eight years away
        with contextlib.suppress(ValueError):
            found = dt.date(candidate, number, day)
            if found >= today:
                return found
    raise ValueError(match[0])


def _near_day(match: re.Match[str], today: dt.date) -> dt.date:
    return today + dt.timedelta(days=_NEAR[match["near"]])


def _next(weekday: int, first: dt.date) -> dt.date:
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7)


def _weekday(match: re.Match[str], today: dt.date) -> dt.date:
    first = today if match["this"] else today + dt.timedelta(days=1)
    return _next(WEEKDAYS[match["weekday"]], first)


def _weekday_next_week(match: re.Match[str], today: dt.date) -> dt.date:
    next_monday = _next(calendar.MONDAY, today + dt.timedelta(days=1))
    return _next(WEEKDAYS[match["weekday"]], next_monday)


def _days_later(match: re.Match[str], today: dt.date) -> dt.date:
    unit = {"t": "days", "d": "days", "w": "weeks", "m": "months", "j": "years", "y": "years"}[match["unit"][0]]
    later: dt.date = today + relativedelta(**{unit: number_of(match["number"])})
    return later


def _end(match: re.Match[str], today: dt.date) -> dt.date:
    span = match["span"]
    if span.startswith("w"):
        return _next(calendar.FRIDAY, today)
    if span.startswith(("j", "y")):
        return dt.date(today.year, 12, 31)
    return today.replace(day=calendar.monthrange(today.year, today.month)[1])


def _end_of_named_month(match: re.Match[str], today: dt.date) -> dt.date:
    month = MONTHS[match["month"]]
    year = int(match["year"] or today.year + (month < today.month))
    return dt.date(year, month, calendar.monthrange(year, month)[1])


_DAYS: tuple[tuple[str, Callable[[re.Match[str], dt.date], dt.date]], ...] = (
    (rf"{_LEAD}{_DAY}\.(?P<month>[0-9]{{1,2}})\.(?P<year>[0-9]{{4}}|[0-9]{{2}})?", _calendar_day),
    (rf"{_LEAD}{_DAY}\. ?(?P<month>[0-9]{{1,2}})\. ?(?P<year>{_YEAR})", _calendar_day),
    # Without the last full stop only what can be a day: 12.50 is an amount.
    (
        rf"{_LEAD}(?P<day>0?[1-9]|[12][0-9]|3[01])\.(?P<month>0?[1-9]|1[0-2])(?P<year>)",
        _calendar_day,
    ),
    (
        rf"{_LEAD}{_DAY}(?:\. ?|(?:st|nd|rd|th)?(?: of)? ){_MONTH_NAME}(?: (?P<year>{_YEAR}))?",
        _calendar_day,
    ),
    (rf"{_LEAD}{_MONTH_NAME} (?:the )?{_DAY}(?:st|nd|rd|th)?(?: (?P<year>{_YEAR}))?", _calendar_day),
    (rf"{_LEAD}(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{1,2}})-{_DAY}", _calendar_day),
    (rf"(?P<near>{any_of(_NEAR)})", _near_day),
    (rf"(?:{_ON} )?{_WHICH}{_CERTAIN_WEEKDAY}", _weekday),
    (rf"{_NEXT_WEEK} (?:{_ON} )?{_CERTAIN_WEEKDAY}", _weekday_next_week),
    (rf"(?:{_ON} )?{WEEKDAY} {_NEXT_WEEK}", _weekday_next_week),
    (rf"in {_NUMBER} (?P<unit>{_DAY_UNITS})", _days_later),
    (rf"(?:(?:am|zum|the) )?{_END_OF}(?P<span>monats|woche|jahres|month|week|year)(?:ende)?", _end),
    (rf"(?:zum )?(?:ende|end of) {_MONTH_NAME}(?: (?P<year>{_YEAR}))?", _end_of_named_month),
)


def _moment(day: dt.date, match: re.Match[str]) -> When:
    found = match.groupdict()
    clock, part = found.get("clock") or found.get("hour"), found.get("part")
    if part:
        return When(day, dt.time(_PARTS[part]))
    if clock is None:
        return When(day, None)
    days, minutes = divmod(minutes_of(clock), 24 * 60)
    return When(day + dt.timedelta(days=days), time_of(minutes))


_Reader = Callable[[re.Match[str], dt.datetime, ZoneInfo], When]


def _dated(find: Callable[[re.Match[str], dt.date], dt.date]) -> _Reader:
    def read(match: re.Match[str], now: dt.datetime, zone: ZoneInfo) -> When:
        day = find(match, now.astimezone(zone).date())
        weekday = match.groupdict().get("weekday")
        if weekday and WEEKDAYS[weekday] != day.weekday():
            raise ValueError(match[0])
        return _moment(day, match)

    return read


def _soon(match: re.Match[str], now: dt.datetime, zone: ZoneInfo) -> When:
    minutes = number_of(match["number"]) * (1 if match["unit"].startswith("m") else 60)
    then = (now.astimezone(dt.UTC) + dt.timedelta(minutes=minutes)).astimezone(zone)
    return When(then.date(), then.time().replace(second=0, microsecond=0))


def _next_time(match: re.Match[str], now: dt.datetime, zone: ZoneInfo) -> When:
    when = _moment(now.astimezone(zone).date(), match)
    ahead = when.instant(zone, dt.time.min) > now
    return when if ahead else When(when.day + dt.timedelta(days=1), when.time)


def _forms() -> Iterator[tuple[re.Pattern[str], _Reader]]:
    for day, find in _DAYS:
        yield re.compile(rf"{day}(?:(?: |(?<=-[0-9]{{2}})t){_TIME})?{END}"), _dated(find)
        # "12:00 am Freitag" is noon, so the German reading stands before "3 pm Friday".
        yield re.compile(rf"{_TIME} (?=(?:{_ON}|{any_of(_NEAR)})(?!\S)){day}{END}"), _dated(find)
        yield re.compile(rf"{_TIME}(?<=[m.]) {day}{END}"), _dated(find)
    yield re.compile(rf"(?:{_ON} )?{_WHICH}{WEEKDAY} {_TIME}{END}"), _dated(_weekday)
    yield re.compile(rf"{_NEXT_WEEK} (?:{_ON} )?{WEEKDAY} {_TIME}{END}"), _dated(_weekday_next_week)
    yield re.compile(rf"in {_NUMBER} (?P<unit>stunden?|std|hours?|h|minuten?|minutes?|mins?){END}"), _soon
    yield re.compile(rf"(?:um|at) (?:(?P<clock>{CLOCK})|(?P<part>mittags?|noon)){END}"), _next_time
    yield re.compile(rf"(?![0-9.]+ ?h\b)(?P<clock>{CLOCK}){END}"), _next_time  # 2h alone is a duration


_FORMS = tuple(_forms())


def read_when(words: Sequence[str], *, today: dt.datetime, zone: ZoneInfo) -> tuple[When, int] | None:
    """The longest date or time that the words begin with, and how many words it takes; None if there is none.

    `today` is now (aware); the answer is wall time in `zone`. Without a year: the next such day, today included.
    A weekday is the next one after today (on a Friday, "Freitag" is in a week); "diesen Freitag" may be today.
    "Ende der Woche" is Friday. A time alone is the next such time. 24:00 is midnight at the end of that day.
    An explicit past date is returned as it is. Raises ImpossibleDate for a day or time that does not exist,
    a weekday that contradicts its date, and a year outside 1900 to 2199.
    """
    line = line_of(words)
    found = [(match, read) for form, read in _FORMS if (match := form.match(line))]
    if not found:
        return None
    match, read = max(found, key=lambda pair: pair[0].end())
    taken = words_in(match)
    typed = " ".join(words[:taken]).removesuffix(",")
    try:
        when = read(match, today, zone)
    except (ValueError, OverflowError) as error:
        raise ImpossibleDate(typed) from error
    if when.day.year not in _YEARS:
        raise ImpossibleDate(typed)
    return when, taken
