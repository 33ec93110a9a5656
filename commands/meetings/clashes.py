"""Pure rules of meetings at the same time: which of them are worth a warning, and whom they concern."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from commands.kit.texts import Name

NAMED = 3


class Span(Protocol):
    """Something that takes time, of a room."""

    @property
    def room_id(self) -> int:
        """Whose it is."""

    @property
    def starts_at(self) -> datetime:
        """When it begins."""

    @property
    def ends_at(self) -> datetime:
        """When it is over."""


@dataclass(frozen=True, slots=True)
class Clash:
    """A meeting at the time of a date; `own`: of the same group; `everybody`: one of the groups is everybody's.

    `count` is how many people are in both groups, `people` are the first of them.
    """

    other: Span
    own: bool
    everybody: bool
    count: int
    people: Sequence[Name]


def overlap(one: Span, other: Span) -> bool:
    """Whether two meetings share any time; one may begin at the instant at which the other ends."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def clashes(
    dates: Sequence[Span], others: Sequence[Span], shared: Mapping[int, Sequence[Name]], everybodys: Collection[int]
) -> list[Clash]:
    """Return the meetings at the time of any of these dates of one group, the earliest first.

    Of the same group, of one with which it shares people (`shared`, by room), or where either is everybody's group.
    """
    home = {date.room_id for date in dates}
    found = []
    for other in sorted(others, key=lambda one: one.starts_at):
        own = other.room_id in home
        everybody = not own and (other.room_id in everybodys or not home.isdisjoint(everybodys))
        people = shared.get(other.room_id, ())
        if (own or everybody or people) and any(overlap(date, other) for date in dates):
            found.append(Clash(other, own, everybody, len(people), _first(people)))
    return found


def _first(people: Sequence[Name]) -> Sequence[Name]:
    """All of few, the first of many, so that never one alone is left out."""
    return people if len(people) <= NAMED else people[: NAMED - 1]
