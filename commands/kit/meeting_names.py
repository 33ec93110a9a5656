"""How meetings are called: `UAG2-2026-12-08`, and the second of a group on a day `UAG2-2026-12-08-2`."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import count, islice

from commands.kit.context import Context
from commands.kit.say import Refusal
from storage import meetings
from storage.meetings import Meeting

NAMES_PER_DAY = 20


def stem(key: str | None, day: dt.date) -> str:
    """Return the name of a group's first meeting on a day: `UAG2-2026-12-08`, in capitals."""
    words = (key or "T").upper().split()
    return "-".join([*words, day.isoformat()])


def candidates(name: str) -> Iterator[str]:
    """Return the names that meetings with this stem may have: itself, then `-2`, `-3` and so on."""
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def possible_names(stems: Iterable[str]) -> list[str]:
    """Return all names that may be given to meetings with these stems."""
    return [name for one in stems for name in islice(candidates(one), NAMES_PER_DAY)]


def names(stems: Sequence[str], taken: Collection[str]) -> list[str] | None:
    """Return one free name for each stem, no two the same; None if a day has more meetings than names."""
    used = set(taken)
    found = []
    for one in stems:
        name = next((name for name in islice(candidates(one), NAMES_PER_DAY) if name not in used), None)
        if name is None:
            return None
        used.add(name)
        found.append(name)
    return found


async def name(ctx: Context, rows: Sequence[Meeting]) -> None:
    """Give each new date of this group a name that no other has; refuses a day that has more meetings than names."""
    stems = [stem(ctx.room.key, meeting.original.date()) for meeting in rows]
    found = names(stems, await meetings.taken(ctx.tx, possible_names(stems)))
    if found is None:
        raise Refusal("meeting-names-used-up")
    for meeting, one in zip(rows, found, strict=True):
        meeting.name = one
