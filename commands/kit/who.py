"""Readers of who is to do something: people of the room, groups and municipalities, in any mix."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from commands.kit.assigned import Assigned
from commands.kit.context import Context
from commands.kit.readers import AND, Found, Reader
from commands.kit.say import Refusal
from commands.kit.texts import Name
from commands.kit.town_names import Names, clean
from commands.kit.words import Word
from storage import municipalities, rooms
from storage.municipalities import Municipality
from storage.rooms import Room, RoomKind, RoomMember

AT = "@"
LONGEST_TOWN = 5  # words of a name that is not quoted

Doer = Name | Room | Municipality


class Assignees(Reader):
    """`@anna @UAG3 @Halle`: each is a person of this room, else a group, else a municipality.

    In a direct chat people of all rooms that the sender and the bot share. `loose`: also names without the at sign,
    one after another by commas or "and": then a group, else a municipality, else a person. `bare` as with all readers.
    """

    def __init__(self, *, loose: bool = False, bare: bool = True) -> None:
        self.loose = loose
        self.bare = bare

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names with an at sign that are nobody's, what is ambiguous, and bots."""
        directory = Directory(ctx)
        found: list[Doer] = []
        at = taken = 0
        while at < len(words) and (words[at].text.startswith(AT) or (self.loose and _joined(words, at))):
            hit = await directory.find(words[at:])
            if hit is None:
                break
            found += hit[0]
            at = taken = at + hit[1]
            at += int(at < len(words) and words[at].text in AND)
        return (_assigned(found), taken) if found else None


def _joined(words: Sequence[Word], at: int) -> bool:
    """Whether a name without an at sign may stand here: first, or behind a comma or an "and"."""
    return at == 0 or words[at - 1].text.endswith(",") or words[at - 1].text in AND


@dataclass(slots=True)
class Directory:
    """All who may be meant, each kind read at most once."""

    ctx: Context
    _people: Sequence[RoomMember] | None = None
    _groups: dict[str, Room] | None = None
    _towns: dict[str, Municipality] = field(default_factory=dict)
    _names: Names | None = None

    async def find(self, words: Sequence[Word]) -> tuple[list[Doer], int] | None:
        """Return whom the first words mean, and how many words that is; None for what may be no name at all.

        Raises Refusal where they mean somebody, but not who; for a bot; and for what nearly spells a municipality.
        """
        marked = words[0].text.startswith(AT)
        written = words[0].text.rstrip(",:;")
        name = written.removeprefix(AT)
        person = await self._person(written) if marked else None
        one = person or await self._group(name)
        if one is not None:
            return [one], 1
        town = await self._town(words)
        if town is not None:
            return [town[0]], town[1]
        if "," in name:
            return await self._several(written)
        person = None if marked else await self._person(written)
        if person is not None:
            return [person], 1
        near = await self._near(name)
        if marked or near:
            raise await self._unknown(written, near)
        return None

    async def _several(self, written: str) -> tuple[list[Doer], int] | None:
        """Find each of the names in `UAG3,Stendal`."""
        found: list[Doer] = []
        for part in filter(None, (part.strip() for part in written.split(","))):
            hit = await self.find([Word(part, part, quoted=True)])
            if hit is None:
                raise await self._unknown(part, None)
            found += hit[0]
        return (found, 1) if found else None

    async def _person(self, written: str) -> Name | None:
        if self._people is None:
            direct = self.ctx.room.kind == RoomKind.DIRECT
            places = await rooms.rooms_of(self.ctx.tx, self.ctx.sender) if direct else [self.ctx.room]
            self._people = await rooms.joined_in(self.ctx.tx, places)
        found = {one.user_id: one for one in rooms.called(self._people, written)}
        people = [one for one in found.values() if one.user_id not in self.ctx.setup.nobody]
        if len(people) > 1:
            raise Refusal("member-ambiguous", written=written, found=[one.user_id for one in people])
        if found and not people:
            raise Refusal("assignee-bot", bot=next(iter(found.values())).name)
        return Name(people[0].user_id, people[0].name) if people else None

    async def _group(self, name: str) -> Room | None:
        if self._groups is None:
            self._groups = {one.key: one for one in await rooms.groups(self.ctx.tx) if one.key}
        return self._groups.get(name.upper())

    async def _town(self, words: Sequence[Word]) -> tuple[Municipality, int] | None:
        """Find the municipality that the longest run of words names."""
        register = await self._register()
        end = next((at for at, word in enumerate(words) if at and (word.quoted or word.name or _marked(word))), None)
        run = [words[0].text.removeprefix(AT), *(word.raw for word in words[1:end])]
        longest = 1 if words[0].quoted or " " in run[0] else LONGEST_TOWN
        for length in range(min(longest, len(run)), 0, -1):
            found = register.find(clean(" ".join(run[:length])))
            if len(found) > 1:
                raise Refusal("assignee-ambiguous", written=run[0], found=found)
            if found:
                return self._towns[found[0]], length
        return None

    async def _near(self, name: str) -> str | None:
        cleaned = clean(name)
        return (await self._register()).near(cleaned) if cleaned else None

    async def _register(self) -> Names:
        if self._names is None:
            self._towns = {one.name: one for one in await municipalities.everything(self.ctx.tx)}
            self._names = Names(self._towns)
        return self._names

    async def _unknown(self, written: str, near: str | None) -> Refusal:
        if written.startswith(AT) and ":" in written:
            name = await rooms.names(self.ctx.tx, [written])
            group = None if self.ctx.room.kind == RoomKind.DIRECT else self.ctx.room.name
            return Refusal("assignee-stranger", people=[Name(written, name[written])], group=group)
        return Refusal("assignee-unknown", written=written, near=near)


def _marked(word: Word) -> bool:
    return word.text.startswith((AT, "#"))


def _assigned(found: Sequence[Doer]) -> Assigned:
    """Sort whom the words mean by kind, each once."""
    people = {one.user_id: one for one in found if isinstance(one, Name)}
    towns = {one.id: one for one in found if isinstance(one, Municipality)}
    groups = {one.id: one for one in found if isinstance(one, Room)}
    return Assigned(list(people.values()), list(towns.values()), rooms.in_order(groups.values()))


GivenTo = Annotated[Assigned, Assignees(loose=True)]
NamedAssignees = Annotated[Assigned, Assignees(loose=True, bare=False)]
