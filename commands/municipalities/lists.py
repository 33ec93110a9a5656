"""The list of municipalities, and who in a room stands for none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from commands.kit.context import Context
from commands.kit.pages import pages
from commands.kit.say import Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command
from storage import municipalities
from storage.municipalities import Municipality, Standing

MOST = 200
NAMED = 6
ABSENT_NAMED = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A municipality as the list shows it; `more` is how many of its people are not named."""

    name: str
    count: int
    people: Sequence[Name]
    more: int
    deputy: Name | None


@dataclass(frozen=True, slots=True)
class Others:
    """People of the room who do not vote for a municipality; `more` is how many of them are not named."""

    people: Sequence[Name]
    more: int


@command("municipality list", where=Where.ANYWHERE)
async def list_municipalities(ctx: Context) -> Answer:
    """List all municipalities, in a group's room with names, then who of this room stands for none."""
    everything = await municipalities.everything(ctx.tx)
    rows = await _rows(ctx, everything[:MOST])
    first, *more = pages(rows)
    data = {
        "rows": first,
        "total": len(everything),
        "rest": len(everything) - len(first),
        **await _others(ctx),
    }
    return Say(key="municipality-list", data=data, thread=_continued(more, len(everything) - len(rows)))


async def _rows(ctx: Context, towns: Sequence[Municipality]) -> list[Row]:
    counts = await municipalities.counts(ctx.tx)
    if not ctx.room.is_group:
        return [Row(town.name, counts.get(town.id, 0), [], 0, None) for town in towns]
    sitting = await municipalities.first_sitting(ctx.tx, [town.id for town in towns], NAMED)
    users = {user for people in sitting.values() for user in people} | {town.deputy for town in towns if town.deputy}
    names = {one.user_id: one for one in await ctx.people(users)}
    return [
        Row(
            name=town.name,
            count=counts.get(town.id, 0),
            people=[names[user] for user in sitting[town.id]],
            more=counts.get(town.id, 0) - len(sitting[town.id]),
            deputy=names[town.deputy] if town.deputy else None,
        )
        for town in towns
    ]


async def _others(ctx: Context) -> dict[str, Others]:
    """Return who in this room has not said yet, who is a guest and who observes."""
    users = await ctx.members()
    seats = {seat.user_id: seat for seat, _ in await municipalities.seats(ctx.tx, users)}
    found: dict[str, list[str]] = {"unsaid": [], Standing.GUEST: [], Standing.OBSERVER: []}
    for user in users:
        seat = seats.get(user)
        if seat is None or (seat.standing == Standing.MEMBER and seat.municipality_id is None):
            found["unsaid"].append(user)
        elif seat.standing != Standing.MEMBER:
            found[seat.standing].append(user)
    shown = await ctx.people(user for its in found.values() for user in its[:ABSENT_NAMED])
    names = {one.user_id: one for one in shown}
    return {
        str(key): Others([names[user] for user in its[:ABSENT_NAMED]], len(its[ABSENT_NAMED:]))
        for key, its in found.items()
    }


def _continued(more: Sequence[Sequence[Row]], unlisted: int) -> Say | None:
    if not more:
        return None
    data: dict[str, Any] = {"rows": more[0], "unlisted": 0 if more[1:] else unlisted}
    return Say(key="municipality-list-more", data=data, thread=_continued(more[1:], unlisted))
