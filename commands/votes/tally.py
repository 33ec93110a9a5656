"""Counting: from what people chose to how many votes each option has, by person or by municipality."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from commands.votes.ballots import IF_NEED_BE, YES, Choices
from commands.votes.electorate import Electorate
from storage.polls import Suffrage


class Vote(NamedTuple):
    """One vote that counts: what was chosen, by whom, for which municipality (None: for the person)."""

    choices: Choices
    people: tuple[str, ...]
    town: int | None = None


class Conflict(NamedTuple):
    """A municipality whose members chose differently, and who they are; it has no vote until they agree."""

    town: int
    people: tuple[str, ...]


class Votes(NamedTuple):
    """The votes that count, the conflicts, and how many votes there could be."""

    cast: Sequence[Vote]
    conflicts: Sequence[Conflict]
    eligible: int


def votes(chosen: Mapping[str, Choices], electorate: Electorate, suffrage: str) -> Votes:
    """Return the votes of those who may vote, each person's or each municipality's once."""
    valid = {user: choices for user, choices in sorted(chosen.items()) if user in electorate.voters}
    if suffrage == Suffrage.PERSON:
        cast = [Vote(choices, (user,), electorate.voters[user].town) for user, choices in valid.items()]
        return Votes(cast, [], len(electorate.voters))
    by_town: dict[int, dict[str, Choices]] = {}
    for user, choices in valid.items():
        town = electorate.voters[user].town
        if town is not None:
            by_town.setdefault(town, {})[user] = choices
    found = [_of_town(town, choices, electorate) for town, choices in sorted(by_town.items())]
    return Votes(
        [one for one in found if isinstance(one, Vote)],
        [one for one in found if isinstance(one, Conflict)],
        len(electorate.represented),
    )


def _of_town(town: int, chosen: Mapping[str, Choices], electorate: Electorate) -> Vote | Conflict:
    """The deputy's vote, if there is one, else what all who voted have in common."""
    deputy = electorate.towns[town].deputy
    if deputy is not None and deputy in chosen:
        return Vote(chosen[deputy], (deputy,), town)
    people = tuple(chosen)
    first, *others = chosen.values()
    return Conflict(town, people) if any(other != first for other in others) else Vote(first, people, town)


@dataclass(frozen=True, slots=True)
class Count:
    """How a poll stands in a set of rooms: votes per option (points of a ranking, yes of a date poll), and `maybe`."""

    votes: tuple[int, ...]
    voters: int
    eligible: int
    maybe: tuple[int, ...] = ()


def count(options: int, found: Votes, *, dates: bool = False) -> Count:
    """Count the votes; a date poll counts yes and if need be apart."""
    if not dates:
        points = Counter[int]()
        for vote in found.cast:
            points.update(vote.choices)
        return Count(_row(points, options), len(found.cast), found.eligible)
    said = Counter((number, answer) for vote in found.cast for number, answer in vote.choices.items())
    yes = tuple(said[number, YES] for number in range(1, options + 1))
    maybe = tuple(said[number, IF_NEED_BE] for number in range(1, options + 1))
    return Count(yes, len(found.cast), found.eligible, maybe)


def _row(points: Mapping[int, int], options: int) -> tuple[int, ...]:
    return tuple(points.get(number, 0) for number in range(1, options + 1))


def outcome(
    whole: Count, rooms: Mapping[int, Count], found: Votes, electorate: Electorate, *, named: bool
) -> dict[str, Any]:
    """Return the tally as a poll keeps it (JSON): counts, conflicts, counts by room, and by name where wanted."""
    kept: dict[str, Any] = {"votes": list(whole.votes), "voters": whole.voters, "eligible": whole.eligible}
    if whole.maybe:
        kept["maybe"] = list(whole.maybe)
    if found.conflicts:
        kept["conflicts"] = [[electorate.towns[one.town].name, list(one.people)] for one in found.conflicts]
    if len(rooms) > 1:
        kept["rooms"] = [[room, list(one.votes), one.voters, one.eligible] for room, one in rooms.items()]
    if named:
        kept["names"] = [_named(vote, electorate) for vote in found.cast]
    return kept


def _named(vote: Vote, electorate: Electorate) -> list[Any]:
    town = electorate.towns[vote.town].name if vote.town is not None else None
    return [town, list(vote.people), {str(number): points for number, points in vote.choices.items()}]


def sealed(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what may be known of a hidden poll before its end: how many voted, never what."""
    bare: dict[str, Any] = {"votes": [], "voters": kept["voters"], "eligible": kept["eligible"], "sealed": True}
    if "conflicts" in kept:
        bare["conflicts"] = kept["conflicts"]
    if "rooms" in kept:
        bare["rooms"] = [[room, [], voters, eligible] for room, _, voters, eligible in kept["rooms"]]
    return bare
