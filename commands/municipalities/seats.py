"""What commands about municipalities share: finding the one that is meant, and what follows from a new seat."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commands.kit import town_names as names
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.town_names import LONGEST, Names
from storage import municipalities, polls, rooms
from storage.municipalities import Municipality, Standing
from storage.rooms import RoomKind


@dataclass(frozen=True, slots=True)
class Stand:
    """What people stand for: `own` if it is the one who asks, `town` is None where it is not known."""

    people: Sequence[Name]
    own: bool
    town: str | None
    standing: str


async def known(ctx: Context, written: str) -> Municipality:
    """Return the municipality that is meant; refuses what is none, and says which it nearly spells."""
    name = _checked(written)
    everything, register = await _register(ctx)
    found = register.find(name)
    if len(found) > 1:
        raise Refusal("municipality-ambiguous", written=name, found=found)
    if not found:
        raise Refusal("municipality-unknown", written=name, near=register.near(name))
    return everything[found[0]]


async def known_or_new(
    ctx: Context, written: str, at: datetime, *, new: bool, **wish: Any
) -> tuple[Municipality, bool]:
    """Return the municipality that is meant, and whether it was added; refuses what nearly spells a known one.

    `new`: only one that is written just so is meant, and no other is near. `wish` is what the refusal repeats.
    """
    name = _checked(written)
    everything, register = await _register(ctx)
    same = register.exact(name)
    found = [same] if same else [] if new else register.find(name)
    if len(found) > 1:
        raise Refusal("municipality-ambiguous", written=name, found=found)
    if found:
        return everything[found[0]], False
    near = None if new else register.near(name)
    if near is not None:
        raise Refusal("municipality-near", written=name, near=near, **wish)
    added = Municipality(name=name, sought=names.fold(name), deputy=None, created_at=at)
    ctx.tx.add(added)
    await ctx.tx.flush()
    return added, True


async def is_called(ctx: Context, number: int, written: str) -> bool:
    """Whether the municipality with this number is written just so."""
    town = await municipalities.by_id(ctx.tx, number)
    return town is not None and town.sought == names.fold(names.clean(written))


async def _register(ctx: Context) -> tuple[dict[str, Municipality], Names]:
    everything = {one.name: one for one in await municipalities.everything(ctx.tx)}
    return everything, Names(everything)


def _checked(written: str) -> str:
    name = names.clean(written)
    fault = names.fault(name)
    if fault == "long":
        raise Refusal("text-too-long", length=len(name), limit=LONGEST)
    if fault == "odd":
        raise Refusal("municipality-name-odd", written=name)
    if fault == "missing":
        raise Refusal("municipality-name-missing")
    return name


async def stands(ctx: Context, user_ids: Sequence[str]) -> list[Stand]:
    """Return what these people stand for, those who stand for the same together."""
    seats = {seat.user_id: (seat, town) for seat, town in await municipalities.seats(ctx.tx, user_ids)}
    people = dict(zip(user_ids, await ctx.people(user_ids), strict=True))
    alike: dict[tuple[str | None, str], list[Name]] = {}
    for user, person in people.items():
        seat, town = seats.get(user, (None, None))
        what = (town.name if town else None, seat.standing if seat else Standing.MEMBER)
        alike.setdefault(what, []).append(person)
    own = list(user_ids) == [ctx.sender]
    return [Stand(its, own, town, standing) for (town, standing), its in alike.items()]


async def tell_coordinators(ctx: Context, town: Municipality) -> list[Say]:
    """Tell the coordinators' rooms of a new municipality: a mistyped or invented one shall be seen."""
    (by,) = await ctx.people([ctx.sender])
    where = ctx.room.name if ctx.room.is_group else None
    told = [one for one in await rooms.of_kind(ctx.tx, RoomKind.COORDINATORS) if one.id != ctx.room.id]
    return [ctx.say("municipality-new", about=town, room=one, town=town.name, by=by, where=where) for one in told]


async def recount(ctx: Context, user_ids: Collection[str]) -> None:
    """Let the open polls be counted anew in which these people may vote."""
    found = await polls.open_polls(ctx.tx, await rooms.places_of(ctx.tx, user_ids))
    homes = await rooms.by_numbers(ctx.tx, {poll.room_id for poll in found})
    for poll in found:
        await ctx.due("poll status", poll, at=ctx.now, room=homes[poll.room_id])
