"""Public holidays and working days of Saxony-Anhalt."""

import calendar
import datetime as dt
from functools import cache

from holidays import country_holidays

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


def add_working_days(day: dt.date, n: int) -> dt.date:
    """The n-th working day after the day, which does not count itself; ValueError if n is less than 1."""
    if n < 1:
        raise ValueError(n)
    for _ in range(n):
        day = next_working_day(day + _DAY)
    return day
