"""Whom a reminder of an action item is for, and in which room they are rung: pure rules, rooms by their numbers."""

from collections.abc import Collection, Mapping, Sequence

MOST_PER_TOWN = 5


def place_of(rooms: Sequence[int], order: Sequence[int]) -> int | None:
    """Return the first room in `order` that is one of these; None if there is none."""
    return next((room for room in order if room in rooms), None)


def asked_for(
    sitting: Sequence[tuple[int, str]],
    deputies: Collection[tuple[int, str | None]],
    rooms: Mapping[str, Sequence[int]],
    home: int,
    deaf: Collection[str],
) -> list[tuple[int, str]]:
    """Return (municipality, user) of those who are asked, of all who stand for these municipalities.

    For each of them up to five of those in the item's room, the deputy first; where nobody is there, up to five of
    those who are in another group's room. Who wants no reminders is left out, and somebody else asked.
    """
    by_town: dict[int, list[str]] = {}
    for town, user in sitting:
        if rooms.get(user) and user not in deaf:
            by_town.setdefault(town, []).append(user)
    found = []
    for town, users in by_town.items():
        there = [user for user in users if home in rooms[user]] or users
        there.sort(key=lambda user: ((town, user) not in deputies, user))
        found += [(town, user) for user in there[:MOST_PER_TOWN]]
    return found
