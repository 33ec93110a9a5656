"""How a resolution is sent round: by consent or for a vote, and moved, corrected or called off while it goes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from commands.kit.context import Context
from commands.kit.readers import Deadline, LetteredResolution, NamedResolution
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, job
from commands.resolutions.making import Review, checked, describe, draft, keep, take_back
from commands.resolutions.rounds import (
    DEADLINE,
    GRACE,
    allow_leading,
    cards,
    check_deadline,
    is_over,
    reach_open,
    round_of,
    told,
)
from commands.resolutions.voting import ask, check_somebody
from commands.votes.arguments import Majorities, Quorum, RoomList, Suffrages
from storage import due, resolutions
from storage.resolutions import Procedure, Resolution, ResolutionState
from storage.rooms import Room


@command("circulation open", role=Role.CHAIR)
async def circulate(
    ctx: Context,
    text: str,
    *,
    closes: Deadline,
    asked: RoomList | None = None,
    kind: Literal["vote"] | None = None,
    suffrage: Suffrages | None = None,
    quorum: Quorum | None = None,
    majority: Majorities | None = None,
    replaces: NamedResolution | None = None,
    review: Review | None = None,
) -> Answer:
    """Ask rooms for a resolution: it is adopted unless somebody objects, or by a vote where one is wanted."""
    check_deadline(ctx, closes, ctx.room)
    vote = bool(kind or suffrage or quorum or majority)
    where = asked or [ctx.room]
    resolution = draft(ctx, text, ResolutionState.OPEN, Procedure.VOTE if vote else Procedure.CONSENT)
    resolution.closes_at = closes
    await _check_reach(ctx, where, closes, review)
    await keep(ctx, resolution, ctx.event.at, replaces, review)
    if vote:
        poll = await ask(ctx, resolution, where, suffrage, quorum, majority)
        asked_rooms = [room.name for room in where]
        return ctx.say("circulation-vote", about=resolution, resolution=resolution, poll=poll, asked=asked_rooms)
    await resolutions.set_rooms(ctx.tx, resolution, [room.id for room in where])
    await ctx.due(DEADLINE, resolution, at=closes + GRACE)
    return await cards(ctx, await round_of(ctx, resolution, ctx.room), in_place=False)


@circulate.edited
async def correct(
    ctx: Context,
    resolution_id: int,
    text: str,
    *,
    closes: Deadline,
    asked: RoomList | None = None,
    kind: Literal["vote"] | None = None,
    suffrage: Suffrages | None = None,
    quorum: Quorum | None = None,
    majority: Majorities | None = None,
    replaces: NamedResolution | None = None,
    review: Review | None = None,
) -> Answer:
    """Change text and deadline as long as nobody has said anything; how and where it is asked stays."""
    resolution = await _unspoken(ctx, resolution_id)
    if resolution is None or resolution.room_id != ctx.room.id:
        raise Refusal("edit-not-run")
    where = {room.id for room in asked or [ctx.room]}
    if kind or suffrage or quorum or majority or where != await resolutions.asked_in(ctx.tx, resolution):
        raise Refusal("circulation-stays", resolution=resolution)
    check_deadline(ctx, closes, ctx.room)
    await _check_reach(ctx, asked or [ctx.room], closes, review)
    resolution.text = checked(text)
    await describe(ctx, resolution, replaces, review)
    await _move(ctx, resolution, closes, ctx.room)
    return [ctx.react("✏️"), *await cards(ctx, await round_of(ctx, resolution, ctx.room))]


@circulate.redacted
async def withdraw(ctx: Context, resolution_id: int) -> Answer:
    """Call a circulation off whose message was deleted, unless somebody has said something."""
    resolution = await _unspoken(ctx, resolution_id)
    if resolution is None:
        return None
    return await _call_off(ctx, resolution, await ctx.tx.get_one(Room, resolution.room_id), "")


@command("circulation cancel")
async def cancel(ctx: Context, resolution: LetteredResolution, reason: str = "") -> Answer:
    """Call a circulation off; its author and the chair may."""
    found = await reach_open(ctx, resolution)
    await allow_leading(ctx, found.resolution, found.home)
    redrawn = await _call_off(ctx, found.resolution, found.home, reason)
    by = (await ctx.people([ctx.sender]))[0]
    data = {"resolution": found.resolution, "reason": reason, "by": by}
    return [*told(ctx, "circulation-cancelled", found.rooms, about=found.resolution, **data), *redrawn]


@command("circulation extend")
async def extend(ctx: Context, resolution: LetteredResolution, *, closes: Deadline) -> Answer:
    """Give a circulation more time; its author and the chair may."""
    found = await reach_open(ctx, resolution)
    await allow_leading(ctx, found.resolution, found.home)
    check_deadline(ctx, closes, found.home)
    before = found.resolution.closes_at
    if before is None or closes <= before:
        raise Refusal("circulation-not-later", resolution=found.resolution)
    await _move(ctx, found.resolution, closes, found.home)
    data = {"resolution": found.resolution, "before": before}
    says = told(ctx, "circulation-extended", found.rooms, about=found.resolution, **data)
    return [*says, *await cards(ctx, found)]


@job("resolution moved")
async def show_again(ctx: Context, resolution_id: int) -> Answer:
    """Show a circulation anew in a room that replaces the one in which it was asked; what was said stays."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None or not resolution.is_open:
        return None
    found = await round_of(ctx, resolution, await ctx.tx.get_one(Room, resolution.room_id))
    return [say for say in await cards(ctx, found, in_place=False) if say.room is ctx.room]


async def _check_reach(ctx: Context, where: Sequence[Room], closes: datetime, review: date | None) -> None:
    """Refuse to ask rooms in which nobody may speak, and a review before there is anything to review."""
    await check_somebody(ctx, where)
    last = closes.astimezone(ctx.zone).date()
    if review is not None and review <= last:
        raise Refusal("circulation-review-early", closes=last)


async def _unspoken(ctx: Context, resolution_id: int) -> Resolution | None:
    """Return a circulation that runs, None if it does not; refuses one that is voted on or to which somebody spoke."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None:
        return None
    await resolutions.lock(ctx.tx, resolution)
    if resolution.procedure == Procedure.VOTE and resolution.is_open:
        raise Refusal("circulation-voted", resolution=resolution)
    if is_over(ctx, resolution):
        return None
    if await resolutions.voices(ctx.tx, resolution):
        raise Refusal("circulation-spoken", resolution=resolution)
    return resolution


async def _move(ctx: Context, resolution: Resolution, closes: datetime, home: Room) -> None:
    await due.cancel(ctx.tx, DEADLINE, resolution.id)
    resolution.closes_at = closes
    await ctx.due(DEADLINE, resolution, at=closes + GRACE, room=home)


async def _call_off(ctx: Context, resolution: Resolution, home: Room, reason: str) -> list[Say]:
    """End a circulation without a result; returns its messages, shown anew."""
    await due.cancel(ctx.tx, DEADLINE, resolution.id)
    await take_back(ctx, resolution)
    resolution.outcome = {"reason": reason}
    return await cards(ctx, await round_of(ctx, resolution, home))
