"""Who is to do action items, as all that shows them tells it: people, municipalities and groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.texts import Name
from storage import assignment, rooms
from storage.municipalities import Municipality
from storage.rooms import Room


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who is to do something: people, municipalities (whoever stands for them), and groups."""

    people: Sequence[Name] = ()
    towns: Sequence[Municipality] = ()
    groups: Sequence[Room] = ()

    def __bool__(self) -> bool:
        """Whether it is anybody."""
        return bool(self.people or self.towns or self.groups)

    @property
    def users(self) -> list[str]:
        """The people by their ids."""
        return [one.user_id for one in self.people]

    @property
    def town_ids(self) -> list[int]:
        """The municipalities by their numbers."""
        return [one.id for one in self.towns]

    @property
    def group_ids(self) -> list[int]:
        """The groups by the numbers of their rooms."""
        return [one.id for one in self.groups]

    @property
    def shown(self) -> list[Name | str]:
        """All of them for the filter `people` of texts: people as pills, municipalities by name, groups by key."""
        return [*self.people, *self.bodies]

    @property
    def names(self) -> list[str]:
        """All of them by name, where there are no pills."""
        return [*(one.name for one in self.people), *self.bodies]

    @property
    def bodies(self) -> list[str]:
        """Municipalities by name, then groups by key."""
        return [*(one.name for one in self.towns), *(one.key or one.name for one in self.groups)]

    @property
    def ids(self) -> tuple[set[str], set[int], set[int]]:
        """What tells whether two are the same, in any order."""
        return set(self.users), set(self.town_ids), set(self.group_ids)

    def and_(self, other: "Assigned") -> "Assigned":
        """Return both together, each once."""
        new = other.without(self)
        return Assigned([*self.people, *new.people], [*self.towns, *new.towns], [*self.groups, *new.groups])

    def without(self, other: "Assigned") -> "Assigned":
        """Return those who are not among the others."""
        users, towns, groups = other.ids
        return Assigned(
            [one for one in self.people if one.user_id not in users],
            [one for one in self.towns if one.id not in towns],
            [one for one in self.groups if one.id not in groups],
        )

    def without_user(self, user_id: str) -> "Assigned":
        """Return them without this person."""
        return Assigned([one for one in self.people if one.user_id != user_id], self.towns, self.groups)


NOBODY = Assigned()


async def assigned_to(tx: AsyncSession, action_ids: Iterable[int]) -> dict[int, Assigned]:
    """Return who is to do each of these items, also of those that nobody has; always the same few queries."""
    ids = list(dict.fromkeys(action_ids))
    users = await assignment.people(tx, ids)
    towns, groups = await assignment.towns(tx, ids), await assignment.groups(tx, ids)
    names = await rooms.names(tx, [user for its in users.values() for user in its])
    return {
        number: Assigned(
            people=[Name(user, names[user]) for user in users.get(number, ())],
            towns=towns.get(number, ()),
            groups=groups.get(number, ()),
        )
        for number in ids
    }
