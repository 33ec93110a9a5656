"""The period that a report is about: a month, a quarter or a year, as people type it in German and in English."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from commands.kit.dates import MONTHS, any_of, spelling, to_instant

Kind = Literal["month", "quarter", "year"]
MONTHS_IN: dict[Kind, int] = {"month": 1, "quarter": 3, "year": 12}
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
LONGEST_TYPED = 60
A_DAY = timedelta(days=1)

_YEAR = r"(?P<year>(?:19|20|21)[0-9]{2})"
_ORDINALS = ("erste", "zweite", "dritte", "vierte")
_QUARTERS = {
    **{word: number for number, word in enumerate(("i", "ii", "iii", "iv"), start=1)},
    **{f"{number}{suffix}": number for number in range(1, 5) for suffix in ("", ".", "st", "nd", "rd", "th")},
    **{
        f"{word}{end}": n for n, word in enumerate(("erste", "zweite", "dritte", "vierte"), 1) for end in ("", "s", "n")
    },
    **{word: number for number, word in enumerate(("first", "second", "third", "fourth"), start=1)},
}
_UNITS: dict[str, Kind] = {
    **dict.fromkeys(("monat", "monats", "month"), "month"),
    **dict.fromkeys(("quartal", "quartals", "quarter", "vierteljahr"), "quarter"),
    **dict.fromkeys(("jahr", "jahres", "year"), "year"),
}
_BEFORE = r"(?:letzt|vorig|vergangen)e[mnrs]?|last|previous|past"
_NOW = r"(?:dies|laufend|aktuell)e[mnrs]?|this|current"
_LEAD = r"(?:(?:fuer|im|in|vom|von|for|of|das|den|der|the) )*"


@dataclass(frozen=True, slots=True)
class Period:
    """A month (`number` 1 to 12), a quarter (1 to 4) or a year (`number` 1) of the calendar."""

    kind: Kind
    year: int
    number: int = 1

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year, (self.number - 1) * MONTHS_IN[self.kind] + 1, 1)

    @property
    def last(self) -> date:
        """The last day."""
        month = self.number * MONTHS_IN[self.kind]
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    @property
    def name(self) -> str:
        """The name that sorts and that files have: `2026-11`, `2026-Q4`, `2026`."""
        return {"month": f"{self.year}-{self.number:02}", "quarter": f"{self.year}-Q{self.number}"}.get(
            self.kind, str(self.year)
        )

    @property
    def before(self) -> "Period":
        """The period of the same kind that adjoins it."""
        return around(self.kind, self.first - A_DAY)

    @property
    def parts(self) -> tuple[tuple[date, date], ...]:
        """First and last days of its months; those of a month's weeks, from Monday on."""
        if self.kind != "month":
            months = range(self.first.month, self.last.month + 1)
            return tuple((one.first, one.last) for one in (Period("month", self.year, month) for month in months))
        mondays = [self.first + n * A_DAY for n in range(1, self.last.day) if (self.first + n * A_DAY).weekday() == 0]
        return tuple(zip([self.first, *mondays], [*(day - A_DAY for day in mondays), self.last], strict=True))

    def window(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The instants (aware UTC) at which its first day begins and its last day is over in that zone."""
        return _midnight(self.first, zone), _midnight(self.last + A_DAY, zone)


def around(kind: Kind, day: date) -> Period:
    """The period of this kind in which the day lies."""
    return Period(kind, day.year, (day.month - 1) // MONTHS_IN[kind] + 1)


def read_period(typed: str, today: date) -> Period | None:
    """The period that the words name; None if they name none.

    A month or quarter without a year is the last one that has begun. One with a year may lie in the future.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    line = " ".join(spelling(word) for word in typed.translate(DASHES).split())
    for form, read in _FORMS:
        match = form.fullmatch(line)
        if match:
            return read(match, today)
    return None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return to_instant(datetime.combine(day, time()), zone).astimezone(UTC)


def _dated(kind: Kind, number: int, year: str | None, today: date) -> Period | None:
    if not 1 <= number <= MONTHS_IN["year"] // MONTHS_IN[kind]:
        return None
    if year:
        return Period(kind, int(year), number)
    found = Period(kind, today.year, number)
    return found if found.first <= today else Period(kind, today.year - 1, number)


def _month(match: re.Match[str], today: date) -> Period | None:
    written = match["month"]
    return _dated("month", MONTHS.get(written) or int(written), match["year"], today)


def _quarter(match: re.Match[str], today: date) -> Period | None:
    return _dated("quarter", _QUARTERS.get(match["quarter"], 0), match["year"], today)


def _year(match: re.Match[str], _today: date) -> Period:
    return Period("year", int(match["year"]))


def _near(match: re.Match[str], today: date) -> Period:
    now = around(_UNITS[match["unit"]], today)
    return now.before if match["before"] else now


_UNIT = rf"(?P<unit>{any_of(_UNITS)})"
_NUMBERED = rf"(?P<quarter>{any_of(_QUARTERS)})"
_NAMED = rf"(?P<month>{any_of(MONTHS)})\.?"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Period | None]], ...] = tuple(
    (re.compile(_LEAD + form), read)
    for form, read in (
        (rf"{_YEAR}[-/.](?P<month>[0-9]{{1,2}})", _month),
        (rf"(?P<month>[0-9]{{1,2}})[-/.] ?{_YEAR}", _month),
        (rf"{_NAMED}(?: {_YEAR})?", _month),
        (rf"{_YEAR} {_NAMED}", _month),
        (rf"{_YEAR}[-/ ]?q ?(?P<quarter>[0-9])", _quarter),
        (rf"q ?(?P<quarter>[0-9])(?:[-/ ]{_YEAR})?", _quarter),
        (rf"{_NUMBERED} (?:quartals?|quarter|vierteljahr)(?:[-/ ](?:of )?{_YEAR})?", _quarter),
        (rf"(?:quartal|quarter) {_NUMBERED}(?:[-/ ]{_YEAR})?", _quarter),
        (rf"(?:jahr |year )?{_YEAR}", _year),
        (rf"(?:(?P<before>{_BEFORE})|{_NOW}) {_UNIT}", _near),
        (rf"(?P<before>vor){_UNIT}", _near),
    )
)
