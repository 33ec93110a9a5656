"""Whom a reminder of an action item reaches, and where: pure rules of who stands for whom."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

MOST_PER_TOWN = 5


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody who stands for a municipality, and a room in which they are; `deputy`: whether they speak for it."""

    town: int
    user: str
    room: int
    deputy: bool = False


def speakers(sitting: Iterable[Sitting], home: int, order: Sequence[int], deaf: Collection[str]) -> list[Sitting]:
    """Return who is asked for each municipality: up to five of those in the item's room, the deputy first.

    Where nobody is there, up to five of those elsewhere, each in the first of the rooms in `order` in which they are.
    Who wants no reminders is left out, and somebody else asked.
    """
    by_town: dict[int, dict[str, list[Sitting]]] = {}
    for one in sitting:
        if one.user not in deaf:
            by_town.setdefault(one.town, {}).setdefault(one.user, []).append(one)
    places = {room: place for place, room in enumerate((home, *order))}
    found = []
    for people in by_town.values():
        nearest = [min(its, key=lambda one: places.get(one.room, len(places))) for its in people.values()]
        there = [one for one in nearest if one.room == home] or nearest
        found += sorted(there, key=lambda one: (not one.deputy, one.user))[:MOST_PER_TOWN]
    return found
