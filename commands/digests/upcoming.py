"""Which digest of the main room coordinators can still do something about, and how it stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from commands.digests.sending import SEND
from commands.digests.weeks import Slot, last_slot, next_slot, rhythm_of, slot_of
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from storage import digests, rooms
from storage.digests import Preview
from storage.rooms import Room, RoomKind

SHOWING = ("digest-preview", "digest-waits")  # the messages that are kept up to now
State = Literal["planned", "held", "waiting", "leaving", "sent"]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A digest of the main room: what is kept of its preview, when it is due, and whether it is told already."""

    preview: Preview
    slot: Slot
    main: Room
    told: bool

    def state(self, now: datetime) -> State:
        """How it stands: `waiting` for its release after its time, `leaving` when it was released then."""
        if self.told:
            return "sent"
        if self.slot.at > now:
            return "held" if self.preview.is_held else "planned"
        return "waiting" if self.preview.is_held else "leaving"


async def check_place(ctx: Context) -> None:
    """Refuse rooms of others: what is not sent yet is for coordinators, in their room or in a direct chat."""
    await ctx.allow(Role.COORDINATOR)
    if ctx.room.kind not in (RoomKind.COORDINATORS, RoomKind.DIRECT):
        raise Refusal("digest-not-here")


async def meant(ctx: Context) -> Upcoming:
    """Return the digest that the message replied to is about, else the one that waits, else the next one."""
    if ctx.replied is not None and ctx.replied[0] == Preview.noun:
        return await of_preview(ctx, ctx.replied[1])
    return await upcoming(ctx)


async def upcoming(ctx: Context) -> Upcoming:
    """Return the digest whose time has come but that was not sent, because it is held or just now; else the next one.

    Refuses where there is no main room.
    """
    main = await _main(ctx)
    rhythm = rhythm_of(ctx.setup)
    last = last_slot(ctx.now, rhythm)
    late = await digests.is_held(ctx.tx, last.week) or await digests.is_due(ctx.tx, SEND, main.id, ctx.now)
    if late and not await digests.find(ctx.tx, main.id, last.week):
        return Upcoming(await digests.preview_of(ctx.tx, last.week), last, main, told=False)
    slot = next_slot(ctx.now, rhythm)
    if await digests.find(ctx.tx, main.id, slot.week):  # sent already: the operator has moved the day since
        slot = next_slot(slot.at, rhythm)
    return Upcoming(await digests.preview_of(ctx.tx, slot.week), slot, main, told=False)


async def of_slot(ctx: Context, slot: Slot) -> Upcoming:
    """Return the main room's digest of this slot."""
    return await _of(ctx, await digests.preview_of(ctx.tx, slot.week), slot)


async def of_preview(ctx: Context, number: int) -> Upcoming:
    """Return the digest of this preview; it is told when it was sent, or when a later one was in its place."""
    preview = await digests.preview(ctx.tx, number)
    if preview is None:
        raise Refusal("edit-not-run")
    return await _of(ctx, preview, slot_of(preview.week, rhythm_of(ctx.setup)))


async def coordination(ctx: Context) -> list[Room]:
    """Return the coordinators' rooms: there may be none."""
    return list(await rooms.of_kind(ctx.tx, RoomKind.COORDINATORS))


async def redrawn(ctx: Context, found: Upcoming) -> list[Say]:
    """Show how the digest stands in the newest message about its preview of each place that has one."""
    places = await coordination(ctx)
    if ctx.room.kind == RoomKind.DIRECT:
        places.append(ctx.room)
    data = await picture(ctx, found)
    return [ctx.update(key, about=found.preview, room=place, **data) for place in places for key in SHOWING]


async def picture(ctx: Context, found: Upcoming) -> dict[str, Any]:
    """Return what those messages show."""
    preview = found.preview
    people = {one.user_id: one for one in await ctx.people([u for u in (preview.held_by, preview.released_by) if u])}
    since = await digests.last_until(ctx.tx, found.main.id)
    highlights = [] if found.told else await digests.highlights_since(ctx.tx, since)
    return {
        "slot": found.slot,
        "main": found.main.name,
        "state": found.state(ctx.now),
        "held_by": people.get(preview.held_by or ""),
        "released_by": people.get(preview.released_by or ""),
        "highlights": [one.text for one in highlights],
    }


async def _of(ctx: Context, preview: Preview, slot: Slot) -> Upcoming:
    main = await _main(ctx)
    until = await digests.last_until(ctx.tx, main.id)
    found = await digests.find(ctx.tx, main.id, slot.week)
    return Upcoming(preview, slot, main, told=found is not None or (until is not None and until >= slot.at))


async def _main(ctx: Context) -> Room:
    mains = await rooms.of_kind(ctx.tx, RoomKind.MAIN)
    if not mains:
        raise Refusal("digest-no-main", prefix=ctx.setup.prefix)
    return mains[0]
