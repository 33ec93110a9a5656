"""Public holidays and working days of Saxony-Anhalt."""

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from commands.kit.dates import END, NUMBERS, any_of, line_of, number_of, to_instant, words_in

END_OF_DAY = dt.time(23, 59)
_COUNTED = re.compile(
    rf"(?:in )?(?P<number>[1-9][0-9]{{0,2}}|{any_of(NUMBERS)}) "
    rf"(?:arbeitstag(?:en|e)?|(?:working|business)[ -]days?){END}"
)
_LANGUAGES = {"de": "de", "en": "en_US"}
_DAY = dt.timedelta(days=1)


@cache
def _holidays(year: int, language: str) -> dict[dt.date, str]:
    return dict(country_holidays("DE", subdiv="ST", years=year, expand=False, language=_LANGUAGES[language]))


def holiday_name(day: dt.date, language: str) -> str | None:
    """The name of the public holiday on that day, in German ("de") or English ("en"); None on other days."""
    return _holidays(day.year, language).get(day)


def is_working_day(day: dt.date) -> bool:
    """Whether the day is neither on a weekend nor a public holiday."""
    return day.weekday() <= calendar.FRIDAY and holiday_name(day, "de") is None


def next_working_day(day: dt.date) -> dt.date:
    """The day itself if it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += _DAY
    return day


def previous_working_day(day: dt.date) -> dt.date:
    """The day itself if it is a working day, else the last one before it."""
    while not is_working_day(day):
        day -= _DAY
    return day


def add_working_days(day: dt.date, n: int) -> dt.date:
    """The n-th working day after the day, which does not count itself; ValueError if n is less than 1."""
    if n < 1:
        raise ValueError(n)
    for _ in range(n):
        day = next_working_day(day + _DAY)
    return day


def read_working_days(words: Sequence[str]) -> tuple[int, int] | None:
    """How many working days the words begin with (`5 Arbeitstage`), and how many words that takes; None if none."""
    match = _COUNTED.match(line_of(words))
    return (number_of(match["number"]), words_in(match)) if match else None


def working_days_later(n: int, *, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The end (23:59 wall time, as an instant in UTC) of the n-th working day after today."""
    today = now.astimezone(zone).date()
    return to_instant(dt.datetime.combine(add_working_days(today, n), END_OF_DAY), zone)
