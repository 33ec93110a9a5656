"""What all commands on a circulation share: to find it, who may lead it, how it stands, and who is told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from commands.kit.context import Context
from commands.kit.resolutions import reach
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.texts import zone
from commands.resolutions.rules import Count, count, day_off
from commands.votes import electorate as electorates
from commands.votes.electorate import Electorate
from storage import polls, resolutions
from storage.base import Subject
from storage.resolutions import Procedure, Resolution, ResolutionName, Voice
from storage.rooms import Room

DEADLINE = "resolution deadline"
GRACE = timedelta(seconds=5)  # what was said in time may come a little later than the deadline itself
CARD = "circulation"
OBJECTIONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Round:
    """A circulation with its room, the rooms that are asked, who may speak, what was said, and how it stands."""

    resolution: Resolution
    home: Room
    asked: Sequence[Room]
    electorate: Electorate
    voices: Sequence[Voice]

    @property
    def count(self) -> Count:
        """How it stands."""
        return count(self.voices, self.electorate)

    @property
    def rooms(self) -> list[Room]:
        """Where it is shown: in its own room and in those asked."""
        return list({room.id: room for room in (self.home, *self.asked)}.values())


async def round_of(ctx: Context, resolution: Resolution, home: Room) -> Round:
    """Return the circulation as it stands now."""
    await ctx.tx.flush()
    asked = await resolutions.rooms_of(ctx.tx, resolution)
    electorate = await electorates.load(ctx.tx, [room.id for room in asked], ctx.setup.nobody)
    return Round(resolution, home, asked, electorate, await resolutions.voices(ctx.tx, resolution))


async def reach_open(ctx: Context, name: ResolutionName) -> Round:
    """Return a circulation that can still be spoken to; nobody else changes it until the transaction ends.

    Raises Refusal where none of this name can be seen, it is voted on, or it is over by the server's clock.
    """
    resolution, home = await reach(ctx, name)
    await resolutions.lock(ctx.tx, resolution)
    if resolution.procedure == Procedure.ENTERED:
        raise Refusal("circulation-none", resolution=resolution)
    if resolution.procedure == Procedure.VOTE and resolution.is_open:
        raise Refusal("circulation-voted", resolution=resolution)
    if is_over(ctx, resolution):
        raise Refusal("circulation-over", resolution=resolution)
    return await round_of(ctx, resolution, home)


def is_over(ctx: Context, resolution: Resolution) -> bool:
    """Whether what the sender says comes too late, by the server's clock."""
    return not resolution.is_open or resolution.closes_at is None or ctx.event.at > resolution.closes_at


async def allow_leading(ctx: Context, resolution: Resolution, home: Room) -> None:
    """Go on only for the author, or for who leads the room in which the circulation began."""
    await replace(ctx, room=home).allow(Role.CHAIR, or_user=resolution.created_by)


def check_deadline(ctx: Context, closes_at: datetime, home: Room) -> None:
    """Refuse a deadline on a day on which nobody is at work."""
    local = zone(home.zone)
    off = day_off(closes_at.astimezone(local).date(), ctx.room.language)
    if off is not None:
        raise Refusal("circulation-day-off", off=off, today=ctx.now.astimezone(local).date())


async def cards(ctx: Context, found: Round, *, in_place: bool = True) -> list[Say]:
    """Show the circulation in its room and in all rooms asked: anew, or in the message that is there."""
    data = await facts(ctx, found)
    about = found.resolution
    return [
        Say(key=CARD, data=data, about=about, room=room, in_place=in_place) for room in _here_first(ctx, found.rooms)
    ]


async def facts(ctx: Context, found: Round) -> dict[str, Any]:
    """Return what texts need to show a circulation as it stands, or as it ended."""
    resolution, stands = found.resolution, found.count
    outcome = resolution.outcome if "eligible" in resolution.outcome else stands.outcome
    replaces = await resolutions.by_id(ctx.tx, resolution.replaces_id) if resolution.replaces_id else None
    return {
        "resolution": resolution,
        "group": found.home.name,
        "asked": [room.name for room in found.asked],
        "replaces": replaces,
        **await counted(ctx, outcome),
    }


async def counted(ctx: Context, outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return what texts need to show how a circulation stands or ended: figures, and the first objections by name."""
    shown = outcome["objections"][:OBJECTIONS_SHOWN]
    people = await ctx.people([user for user, _, _ in shown])
    against = [(who, town, reason) for who, (_, town, reason) in zip(people, shown, strict=True)]
    figures = {name: outcome[name] for name in ("eligible", "agreed", "silent")}
    return {**figures, "objections": against, "against": len(outcome["objections"])}


def told(ctx: Context, key: str, rooms: Iterable[Room], *, about: Subject, **data: Any) -> list[Say]:
    """Say this in each of the rooms; where the command came from elsewhere, it is acknowledged there."""
    says = [Say(key=key, data=data, about=about, room=room) for room in _here_first(ctx, rooms)]
    if ctx.message is not None and ctx.message.kind == "text" and all(say.room is not ctx.room for say in says):
        return [ctx.react("✅"), *says]
    return says


def _here_first(ctx: Context, rooms: Iterable[Room]) -> list[Room]:
    return sorted(rooms, key=lambda room: room is not ctx.room)


async def poll_rooms(ctx: Context, poll_id: int) -> Sequence[Room]:
    """Return the rooms in which a poll is asked."""
    return (await polls.rooms_of(ctx.tx, [poll_id]))[poll_id]
