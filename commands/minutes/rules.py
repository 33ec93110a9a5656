"""Pure rules of sessions: which date is meant, what comes next, when time is up, and how words become a line."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Protocol, TypeVar

from commands.kit.links import is_link

MARGIN = timedelta(minutes=60)  # so long before and after its planned time a date is the one that starts
SILENCE = timedelta(minutes=60)
RESUMABLE = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
WARNED_AT = Fraction(4, 5)
LONGEST_LINE = 1_000
LONGEST_LINK = 500
QUOTED = {'"': '"', "„": "“”", "“": "”", "'": "'", "‚": "‘", "‘": "’"}
AROUND_LINKS = "<>()[]{}„“”\"'‚‘’,;"


class Span(Protocol):
    """Something that has a planned time."""

    starts_at: datetime
    ends_at: datetime


class Numbered(Protocol):
    """Something that has an internal number."""

    id: int


Date = TypeVar("Date", bound=Span)
Item = TypeVar("Item", bound=Numbered)


def nearest(dates: Iterable[Date], at: datetime) -> Date | None:
    """Return the date that a session is held for which starts at that instant; one that takes place then wins."""
    return min((one for one in dates if _may_start(one, at)), key=lambda one: _distance(one, at), default=None)


def _may_start(date: Span, at: datetime) -> bool:
    return date.starts_at - MARGIN <= at <= date.ends_at + MARGIN


def _distance(date: Span, at: datetime) -> tuple[timedelta, timedelta]:
    outside = max(date.starts_at - at, at - date.ends_at, timedelta(0))
    return outside, abs(date.starts_at - at)


def quiet_at(heard_at: datetime, planned_end: datetime) -> datetime:
    """Return when a session of which nothing more is heard ends by itself."""
    return max(heard_at + SILENCE, planned_end)


def next_item(items: Sequence[Item], met: Collection[int], current: int | None) -> int | None:
    """Return the place (from 0) of the next item not met: after the current one, else the first; None at the end."""
    ids = [one.id for one in items]
    after = ids.index(current) + 1 if current in ids else 0
    places = [*range(after, len(ids)), *range(after)]
    return next((place for place in places if ids[place] not in met), None)


def settled(items: Iterable[Item], met: Mapping[int, str], talked: str) -> tuple[list[Item], list[Item]]:
    """Return which items of an agenda are done and which are put off; `met` says the kind of the last line about each.

    A session that came to nothing on the agenda puts nothing off: it was not about it.
    """
    found = list(items)
    done = [one for one in found if met.get(one.id) == talked]
    return done, [one for one in found if one not in done] if met else []


def warnings(began: datetime, budget: int) -> tuple[datetime, datetime]:
    """Return when to say that the time of a topic is nearly up, and that it is; `budget` is in minutes."""
    length = budget * MINUTE
    return began + length * WARNED_AT.numerator / WARNED_AT.denominator, began + length


def minutes_left(until: datetime, now: datetime) -> int:
    """Return how many minutes are left, rounded up."""
    return -((now - until) // MINUTE)


def one_line(text: str) -> str:
    """Return the words of a message as one line, cut where it is too long for minutes."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def link_line(text: str) -> str | None:
    """Return the first address in a text and behind it the other words; None where there is no address."""
    words = text.split()
    for place, word in enumerate(words):
        address = word.strip(AROUND_LINKS).rstrip(".")
        if is_link(address) and len(address) <= LONGEST_LINK:
            others = _unquoted(" ".join(words[:place] + words[place + 1 :]).strip(",; "))
            return f"{address} {others}".strip()
    return None


def _unquoted(words: str) -> str:
    """Return words without the quotes around them, where these belong together."""
    first, inner, last = words[:1], words[1:-1], words[-1:]
    return inner if last in QUOTED.get(first, ()) and not {first, last} & set(inner) else words
