"""Who may vote: the one place that says so, for turnout, quorum, reminders and closing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from storage import municipalities, polls
from storage.municipalities import Standing


class Town(NamedTuple):
    """A municipality: its name, and who decides where its members vote differently."""

    name: str
    deputy: str | None = None


@dataclass(frozen=True, slots=True)
class Voter:
    """Somebody who may vote: the number of the municipality, if any, and in which of the rooms asked the person is."""

    user_id: str
    town: int | None
    rooms: frozenset[int]


@dataclass(frozen=True, slots=True)
class Electorate:
    """All who may vote, by user id, and the municipalities that they stand for, by number."""

    voters: Mapping[str, Voter]
    towns: Mapping[int, Town]

    def within(self, rooms: Collection[int]) -> "Electorate":
        """Return those of them who are in these rooms."""
        here = {user: voter for user, voter in self.voters.items() if not voter.rooms.isdisjoint(rooms)}
        return Electorate(here, self.towns)

    @property
    def represented(self) -> set[int]:
        """The municipalities that have a voter."""
        return {voter.town for voter in self.voters.values() if voter.town is not None}


async def load(tx: AsyncSession, room_ids: Collection[int], nobody: Collection[str]) -> Electorate:
    """Return who may vote in these rooms: who is joined in one of them, neither a bot nor a guest nor an observer."""
    towns = {one.id: Town(one.name, one.deputy) for one in await municipalities.everything(tx)}
    rooms: dict[str, set[int]] = {}
    stands: dict[str, int | None] = {}
    for user_id, room_id, town, standing in await polls.present(tx, room_ids):
        if user_id not in nobody and standing in (None, Standing.MEMBER):
            rooms.setdefault(user_id, set()).add(room_id)
            stands[user_id] = town
    return Electorate({user: Voter(user, stands[user], frozenset(where)) for user, where in rooms.items()}, towns)


def frozen(electorate: Electorate) -> list[list[object]]:
    """Return the electorate as a poll keeps it once it is closed: who, which municipality, which rooms."""
    found: list[list[object]] = []
    for voter in electorate.voters.values():
        town = electorate.towns[voter.town] if voter.town is not None else None
        found.append([voter.user_id, voter.town, town.name if town else None, sorted(voter.rooms)])
        if town is not None and town.deputy == voter.user_id:
            found[-1].append(True)
    return found


def thawed(rows: Collection[list[object]]) -> Electorate:
    """Return the electorate that `frozen` gave."""
    voters: dict[str, Voter] = {}
    towns: dict[int, Town] = {}
    for user, town, name, rooms, *deputy in rows:
        assert isinstance(user, str)  # noqa: S101 - what `frozen` wrote
        assert isinstance(rooms, list)  # noqa: S101 - the same
        if isinstance(town, int):
            towns[town] = Town(str(name), user if deputy else towns[town].deputy if town in towns else None)
        voters[user] = Voter(user, town if isinstance(town, int) else None, frozenset(rooms))
    return Electorate(voters, towns)
