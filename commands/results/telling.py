"""What all ways to a result share: how it is read, made, changed, shown, and from where it can be seen."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Annotated, Any

from commands.kit.context import Context
from commands.kit.readers import Found, Rest, ShortId
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.tagging import Tagged, WordsOrReply
from commands.kit.words import Word
from commands.results.rules import Wording, is_number, parted, trimmed
from storage import digests, results, rooms
from storage.results import GroupResult
from storage.rooms import Room, RoomKind
from storage.words import words_of

TAG = "result tag"
CARD = "result-told"


class WordingReader(Rest):
    """What was achieved, an address behind it, or either alone."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses what is longer than a message on a phone should be."""
        if not words:
            return None
        number, link = parted([word.text for word in words])
        said = await super().read(words[:number], ctx)
        text = said[0] if said else ""
        return Wording((trimmed(text) if link else text) or None, link), len(words)


class WordingOrReply(WordingReader):
    """What was achieved; without words of its own where the message replied to says it."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses an address alone."""
        found = await super().read(words, ctx)
        if found is not None and found[0].text is not None:
            return found
        if await WordsOrReply().read([], ctx) is not None:
            return found or (Wording(None, None), 0)
        if found is not None:
            raise Refusal("result-text-missing")
        return None


class NamedReader(ShortId):
    """A result by its number with the letter (`E3`), for words may follow; a reply to its message needs none there."""

    def __init__(self) -> None:
        super().__init__("E", GroupResult.noun, strict=True)

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """A reply names it only where no new words follow: these may be another result."""
        found = await super().read(words, ctx)
        if found is None or found[1]:
            return found
        number, _ = parted([word.text for word in words])
        return found if not number else None


ResultId = Annotated[int, ShortId("E", GroupResult.noun)]
NamedResult = Annotated[int, NamedReader()]
Told = Annotated[Wording, WordingOrReply()]
NewWording = Annotated[Wording, WordingReader()]


def checked(text: str | None) -> str:
    """Return the text of a result; refuses one without words, and one that is only the number of a result."""
    if not text or not words_of(text):
        raise Refusal("result-text-missing")
    if is_number(text):
        raise Refusal("result-or-number", written=text)
    return text


async def make(ctx: Context, text: str | None, link: str | None, tagged: Tagged | None = None) -> GroupResult:
    """Store what the sender tells, or has tagged."""
    result = GroupResult(
        room_id=ctx.room.id,
        text=checked(text),
        link=link or None,
        created_by=ctx.sender,
        created_at=ctx.now,
        event_id=tagged.tag.source_event_id if tagged else ctx.event.event_id,
        said_by=tagged.author if tagged else None,
        withdrawn_at=None,
    )
    ctx.tx.add(result)
    await results.index(ctx.tx, result)
    return result


async def put(ctx: Context, result: GroupResult, text: str | None, link: str | None) -> None:
    """Let a result say what is given of these; an empty link takes away the one that it had."""
    if text is not None:
        result.text = checked(text)
        await results.index(ctx.tx, result)
    if link is not None:
        result.link = link or None


async def reach(ctx: Context, number: int) -> tuple[GroupResult, Room]:
    """Return a result and its room; raises Refusal where it cannot be seen from here, or was withdrawn."""
    await check_reader(ctx)
    found = await results.by_id(ctx.tx, number)
    if found is None or found.room_id in await kept_from(ctx):
        raise Refusal("result-unknown", number=number)
    if found.withdrawn_at is not None:
        raise Refusal("result-withdrawn", result=found)
    return found, await ctx.tx.get_one(Room, found.room_id)


async def reach_own(ctx: Context, number: int) -> tuple[GroupResult, Room]:
    """Return a result as `reach` does, for its author or who leads its group; everybody else is refused."""
    found, home = await reach(ctx, number)
    await replace(ctx, room=home).allow(Role.CHAIR, or_user=found.created_by)
    return found, home


async def check_reader(ctx: Context) -> None:
    """Refuse in a room that is no group, and in a direct chat with somebody who is in none."""
    if ctx.room.kind == RoomKind.PLAIN:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    if ctx.room.kind == RoomKind.DIRECT and not any(one.is_group for one in await rooms.rooms_of(ctx.tx, ctx.sender)):
        raise Refusal("results-members-only")


async def kept_from(ctx: Context) -> Collection[int]:
    """Return the groups whose results are not shown here: they keep what they do in their own room."""
    return await digests.kept_inside(ctx.tx) - {ctx.room.id}


def card(result: GroupResult, home: Room, *, in_place: bool = False) -> Say:
    """Show the result in its room: anew, or in the message that told it."""
    data = {"result": result, "group": home.name}
    return Say(key=CARD, data=data, about=result, room=home, in_place=in_place)


async def told_home(ctx: Context, result: GroupResult, home: Room) -> list[Say]:
    """Show the result as it is now in the message that told it; says who changed it, if not the author there."""
    says = [card(result, home, in_place=True)]
    if home is not ctx.room or ctx.sender != result.created_by:
        data: dict[str, Any] = {"result": result, "by": (await ctx.people([ctx.sender]))[0]}
        says.append(Say(key="result-changed", data=data, about=result, room=home))
    return says
