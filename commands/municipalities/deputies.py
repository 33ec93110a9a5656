"""What members say to the deputy: the one whose ballot decides where a municipality's members vote differently."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from commands.kit.context import Context
from commands.kit.readers import Found, People, Reader
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command
from commands.kit.words import Word
from commands.municipalities.seats import known, recount
from storage import municipalities
from storage.municipalities import Municipality, Standing
from storage.rooms import RoomKind


class TownReader(Reader):
    """The name of a municipality: one quoted phrase, or the words up to a person."""

    bare = True

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Any name; whether there is such a municipality, the handler finds out."""
        if words and words[0].quoted:
            return words[0].text, 1
        people = (at for at, word in enumerate(words) if word.text.startswith("@"))
        taken = words[: next(people, len(words))]
        return (" ".join(word.raw for word in taken), len(taken)) if taken else None


TownName = Annotated[str, TownReader()]


@command("deputy", where=Where.ANYWHERE)
async def deputise(
    ctx: Context, people: People | None = None, off: Literal["off"] | None = None, *, town: TownName | None = None
) -> Answer:
    """Name the deputy of my municipality, or end the office; coordinators do so for others. Without: show it."""
    meant = await _meant(ctx, town)
    if off is None and people is None:
        return await _shown(ctx, meant)
    if not await _sits(ctx, meant):
        await ctx.allow(Role.COORDINATOR)
    if off is None:
        return await _name(ctx, meant, people or [])
    named = [one.user_id for one in people or []]
    if meant.deputy is not None and (not named or meant.deputy in named):
        meant.deputy = None
        await _recount(ctx, meant)
    return await _shown(ctx, meant)


async def _meant(ctx: Context, town: str | None) -> Municipality:
    if town is not None:
        return await known(ctx, town)
    seat = await municipalities.seat(ctx.tx, ctx.sender)
    if seat is None or seat.municipality_id is None or seat.standing != Standing.MEMBER:
        raise Refusal("deputy-of-nothing")
    return await ctx.tx.get_one(Municipality, seat.municipality_id)


async def _sits(ctx: Context, town: Municipality) -> bool:
    seat = await municipalities.seat(ctx.tx, ctx.sender)
    return seat is not None and seat.municipality_id == town.id and seat.standing == Standing.MEMBER


async def _name(ctx: Context, town: Municipality, people: Sequence[Name]) -> Say:
    """Make somebody deputy; who stands for nothing yet stands for this municipality then."""
    if len(people) > 1:
        raise Refusal("deputy-one")
    (person,) = people
    seat = await municipalities.seat(ctx.tx, person.user_id)
    number = seat.municipality_id if seat else None
    theirs = await municipalities.by_id(ctx.tx, number) if number is not None else None
    if seat is not None and seat.standing != Standing.MEMBER:
        raise Refusal("deputy-no-voter", person=person, standing=seat.standing, town=town.name)
    if theirs is not None and theirs.id != town.id:
        raise Refusal("deputy-elsewhere", person=person, theirs=theirs.name, town=town.name)
    if theirs is None:
        await municipalities.take_seat(ctx.tx, person.user_id, town.id, Standing.MEMBER, ctx.sender, ctx.now)
    if town.deputy == person.user_id:
        return await _shown(ctx, town)
    town.deputy = person.user_id
    await _recount(ctx, town)
    told = person.user_id != ctx.sender and ctx.room.kind != RoomKind.DIRECT
    return replace(await _shown(ctx, town, seated=theirs is None), mention=(person.user_id,) if told else ())


async def _recount(ctx: Context, town: Municipality) -> None:
    await recount(ctx, [seat.user_id for seat in await municipalities.sitting(ctx.tx, town)])


async def _shown(ctx: Context, town: Municipality, *, seated: bool = False) -> Say:
    deputy = await ctx.people([town.deputy] if town.deputy else [])
    return ctx.say("deputy", about=town, town=town.name, deputy=deputy[0] if deputy else None, seated=seated)
