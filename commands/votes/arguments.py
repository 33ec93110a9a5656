"""What commands about votes read: the rooms that are asked, and quorums."""

from collections.abc import Sequence
from typing import Annotated, Literal

from commands.kit.context import Context
from commands.kit.readers import Found, Group, Reader
from commands.kit.say import Refusal
from commands.kit.words import Word, normalise
from commands.votes.result import read_quorum
from storage import rooms
from storage.rooms import Room, RoomKind

ALL = ("alle", "all")


class RoomsReader(Reader):
    """Rooms by their short names with commas between them (`UAG1,UAG3`), or all working groups (`alle`)."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names that no group has, and says which there are."""
        if not words:
            return None
        taken = 1
        while words[taken - 1].text.endswith(",") and taken < len(words):
            taken += 1
        written = [one for word in words[:taken] for one in word.text.replace(",", " ").split()]
        if [normalise(one) for one in written] in [[word] for word in ALL]:
            found = [room for room in await rooms.groups(ctx.tx) if room.kind == RoomKind.GROUP]
        else:
            found = [await _group(one, ctx) for one in written]
        if not found:
            raise Refusal("no-rooms")
        return list({room.id: room for room in found}.values()), taken


async def _group(written: str, ctx: Context) -> Room:
    found = await Group().read([Word(written, written)], ctx)
    assert found is not None  # noqa: S101 - there is a word
    room: Room = found[0]
    return room


class QuorumReader(Reader):
    """How many must vote: `50%` of those entitled, or a number."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses 0 and more than 100 %."""
        if not words:
            return None
        for taken in (2, 1):
            text = " ".join(word.text for word in words[:taken])
            quorum = read_quorum(text)
            if quorum is not None and len(words) >= taken and (taken == 1 or words[1].text == "%"):
                return quorum, taken
        return None


RoomList = Annotated[list[Room], RoomsReader()]
Quorum = Annotated[str, QuorumReader()]
Suffrages = Literal["person", "municipality"]
Majorities = Literal["simple", "absolute", "two-thirds"]
YesNo = Literal["yes", "no"]
