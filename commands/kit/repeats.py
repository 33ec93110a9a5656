"""How often something comes again that has a day and no time: rules (RFC 5545) that count calendar days."""

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable, Sequence

from commands.kit.dates import END, NUMBERS, ImpossibleDate, any_of, line_of, number_of, words_in
from commands.kit.recurrence import BYDAY, EVERY, RULES, every_one, pattern_parts, starts

SHORTEST_MONTH = 28
MONTHS = {"m": 1, "q": 3, "h": 6, "j": 12, "y": 12}  # by the first letter of the unit

_UNIT = r"(?P<unit>wochen?|weeks?|monate?|months?|quartale?|quarters?|halbjahr|halbe jahr|half[ -]year|jahre?|years?)"
_ADVERBS = {
    "woechentlich": "week", "weekly": "week", "monatlich": "month", "monthly": "month", "vierteljaehrlich": "quarter",
    "quarterly": "quarter", "halbjaehrlich": "half-year", "jaehrlich": "year", "yearly": "year", "annually": "year",
}  # fmt: skip


def _every(number: int, unit: str) -> str:
    months = MONTHS.get(unit[0])
    number *= months or 1
    if number == 0:
        raise ValueError(unit)
    return ("FREQ=MONTHLY" if months else "FREQ=WEEKLY") + (f";INTERVAL={number}" if number > 1 else "")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    *((re.compile(rf"{rule}{END}"), read) for rule, read in RULES),
    (re.compile(rf"{EVERY} {_UNIT}{END}"), lambda match: _every(1, match["unit"])),
    (
        re.compile(rf"{EVERY} (?:zweiten?|zweites|other|second) {_UNIT}{END}"),
        lambda match: _every(2, match["unit"]),
    ),
    (
        re.compile(rf"(?:alle|every) (?P<number>[0-9]{{1,2}}|{any_of(NUMBERS)}) {_UNIT}{END}"),
        lambda match: _every(number_of(match["number"]), match["unit"]),
    ),
    (re.compile(rf"(?P<adverb>{any_of(_ADVERBS)}){END}"), lambda match: _every(1, _ADVERBS[match["adverb"]])),
)


def read_repeat(words: Sequence[str]) -> tuple[str, int] | None:
    """The longest repetition that the words begin with, and how many words it takes; None if there is none.

    The rule names its days (`jeden Montag`), or counts from a first day that `anchored` adds (`alle 2 Wochen`).
    Raises ImpossibleDate for what no calendar has.
    """
    line = line_of(words)
    found = [(match, read) for form, read in _FORMS if (match := form.match(line))]
    if not found:
        return None
    match, read = max(found, key=lambda pair: pair[0].end())
    taken = words_in(match)
    try:
        rule = read(match)
    except ValueError as error:
        raise ImpossibleDate(" ".join(words[:taken]).removesuffix(",")) from error
    day = pattern_parts(rule).month_day
    return (rule if day is None else _on_month_day(rule, day)), taken


def names_its_days(rule: str) -> bool:
    """Whether the rule says on which days, and not only how often."""
    return "BYDAY=" in rule or "BYMONTHDAY=" in rule


def anchored(rule: str, first: dt.date) -> str:
    """The rule with its days: those that it names, else the weekday or the day of the month of the first day.

    In a month that has no such day its last one is meant; the last day of a month stays the last.
    """
    if names_its_days(rule):
        return rule
    if pattern_parts(rule).frequency == "WEEKLY":
        return f"{rule};BYDAY={BYDAY[first.weekday()]}"
    return _on_month_day(rule, -1 if first.day == monthrange(first.year, first.month)[1] else first.day)


def _on_month_day(rule: str, day: int) -> str:
    """Add the day of the month; of the 29th to the 31st the last that there is in the month (RFC 5545, BYSETPOS)."""
    rule = re.sub(r";BYMONTHDAY=.*", "", rule)
    if day <= SHORTEST_MONTH:
        return f"{rule};BYMONTHDAY={day}"
    if day == 31:  # noqa: PLR2004 the longest month
        return f"{rule};BYMONTHDAY=-1"
    return f"{rule};BYMONTHDAY={','.join(map(str, range(SHORTEST_MONTH, day + 1)))};BYSETPOS=-1"


def next_day(rrule: str, dtstart: dt.date, *, after: dt.date) -> dt.date:
    """The first day of an anchored rule that is later than `after`; dtstart says which weeks or months count."""
    midnight = dt.time.min
    [found] = starts(rrule, dt.datetime.combine(dtstart, midnight), after=dt.datetime.combine(after, midnight), count=1)
    return found.date()


def first_day(rule: str, today: dt.date) -> dt.date:
    """The first day after today of a rule that names its days; an interval is counted from there."""
    return next_day(every_one(rule), today, after=today)
