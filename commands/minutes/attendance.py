"""Pure rules of attendance: who is there, who is excused, and how much of the group that is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from commands.kit.attendance import Mark
from commands.votes.result import quorum_needed
from storage.minutes import Presence


@dataclass(frozen=True, slots=True)
class Roll:
    """Who is there and who is excused, by user id, and the guests by name; each in the order of the notes."""

    present: Sequence[str]
    excused: Sequence[str]
    guests: Sequence[str]


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a group is there, counted in municipalities (`towns`) or, where none are known, in members.

    `needed` is how many must be there for the group to decide; None where it has no such rule.
    """

    present: int
    total: int
    towns: bool
    needed: int | None

    @property
    def quorate(self) -> bool | None:
        """Whether the group can decide; None where it has no rule."""
        return None if self.needed is None else self.present >= self.needed


def call(marks: Iterable[Mark], declined: Iterable[str]) -> Roll:
    """Return who is there; the latest mark of each counts. Who declined is excused unless noted otherwise."""
    latest: dict[tuple[str | None, str | None], str] = {}
    for mark in marks:
        who = (mark.user_id, None if mark.user_id else mark.name)
        latest.pop(who, None)
        latest[who] = mark.presence
    users = {user: presence for (user, _), presence in latest.items() if user is not None}
    excused = [user for user, presence in users.items() if presence == Presence.EXCUSED]
    return Roll(
        present=[user for user, presence in users.items() if presence == Presence.PRESENT],
        excused=[*excused, *(user for user in dict.fromkeys(declined) if user not in users)],
        guests=[name for (user, name) in latest if user is None and name is not None],
    )


def share(present: Collection[str], stands: Mapping[str, int | None], quorum: str | None) -> Share:
    """Return how much of a group is there; `stands` says of each who counts for which municipality, if any.

    Guests and observers of the group are not in `stands`; `quorum` is `50%` or `12`.
    """
    here = [user for user in stands if user in present]
    towns = {town for town in stands.values() if town is not None}
    if not towns:
        return Share(len(here), len(stands), towns=False, needed=quorum_needed(quorum, len(stands)))
    there = {stands[user] for user in here} - {None}
    return Share(len(there), len(towns), towns=True, needed=quorum_needed(quorum, len(towns)))


def by_town(present: Iterable[str], stands: Mapping[str, int | None]) -> dict[int | None, list[str]]:
    """Return who is there by municipality; under None who stands for none."""
    found: dict[int | None, list[str]] = {}
    for user in present:
        found.setdefault(stands.get(user), []).append(user)
    return found
