"""What coordinators see of the main room's digest before it is sent."""

from dataclasses import replace

from commands.chronicle.facts import AN_INSTANT
from commands.digests.sending import begins, groups_told
from commands.digests.telling import tell
from commands.digests.upcoming import Upcoming, check_place, coordination, of_slot, picture, upcoming
from commands.digests.weeks import days_of, next_preview, next_slot, preview_at, rhythm_of
from commands.kit.context import Context
from commands.kit.say import Say
from commands.kit.texts import zone
from commands.kit.triggers import Answer, Where, command, job
from storage import rooms
from storage.rooms import Room, RoomKind

PREVIEW = "digest preview"


@command("digest preview", where=Where.ANYWHERE)
async def show_preview(ctx: Context) -> Answer:
    """Show the main room's digest as it would be now, and what coordinators can do about it."""
    await check_place(ctx)
    return await _shown(ctx, await upcoming(ctx), ctx.room)


@job(PREVIEW)
async def preview(ctx: Context, _room_id: int) -> Answer:
    """Show coordinators the digest once before it is sent, however late; not once its own time has come."""
    lead = ctx.setup.digest_preview
    if ctx.room.kind != RoomKind.COORDINATORS or lead is None:
        return None
    rhythm = rhythm_of(ctx.setup)
    await ctx.due(PREVIEW, ctx.room, at=next_preview(ctx.now, rhythm, lead))
    slot = next_slot(ctx.now, rhythm)
    if preview_at(slot, rhythm, lead) > ctx.now or not await _has_main(ctx):
        return None
    found = await of_slot(ctx, slot)
    if found.told or found.preview.shown_at is not None:
        return None
    found.preview.shown_at = ctx.now
    return [say for place in await coordination(ctx) for say in await _shown(ctx, found, place)]


async def _has_main(ctx: Context) -> bool:
    return bool(await rooms.of_kind(ctx.tx, RoomKind.MAIN))


async def _shown(ctx: Context, found: Upcoming, place: Room) -> list[Say]:
    """The digest as a draft, and below it the message that is kept up to now."""
    state = await picture(ctx, found)
    return [await _draft(ctx, found, place), ctx.say("digest-preview", about=found.preview, room=place, **state)]


async def _draft(ctx: Context, found: Upcoming, place: Room) -> Say:
    since = await begins(ctx.tx, found.main, found.slot.at, rhythm_of(ctx.setup))
    until = min(ctx.now + AN_INSTANT, found.slot.at)
    told = replace(ctx, room=found.main, planned=None)  # as the main room would read it, and not late
    say = await tell(told, await groups_told(ctx.tx, found.main.kind), since, until)
    first, last = days_of(since, found.slot.at, zone(found.main.zone))
    if say is None:
        data = {"first": first, "last": last, "main": found.main.name}
        return ctx.say("digest-draft-empty", about=found.preview, room=place, **data)
    data = {**say.data, "first": first, "last": last, "digest": say.key}
    return replace(say, key="digest-draft", data=data, about=found.preview, room=place)
