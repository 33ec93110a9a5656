"""How coordinators hold the main room's digest back, and let it go."""

from dataclasses import replace
from datetime import datetime

from commands.digests.sending import SEND
from commands.digests.upcoming import Upcoming, check_place, coordination, meant, of_preview, picture, redrawn
from commands.digests.weeks import Slot, rhythm_of, slot_of
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command, reaction
from storage import digests, inbox, rooms
from storage.digests import Preview
from storage.rooms import RoomKind


@command("digest hold", where=Where.ANYWHERE)
async def hold(ctx: Context) -> Answer:
    """Do not send the main room's digest when it is due, until somebody releases it."""
    await check_place(ctx)
    found = await meant(ctx)
    await _hold(ctx, found)
    return await _told(ctx, found, "digest-held")


@command("digest release", where=Where.ANYWHERE)
async def release(ctx: Context) -> Answer:
    """Let a digest that is held go: at its time, or now if that has come."""
    await check_place(ctx)
    found = await meant(ctx)
    await _release(ctx, found)
    return await _told(ctx, found, "digest-released")


@reaction(Preview.noun, "⏸️")
async def hold_by_reaction(ctx: Context, preview_id: int) -> Answer:
    """Hold the digest of this preview by a coordinator's reaction; the preview shows it."""
    if await ctx.role() < Role.COORDINATOR:
        return None
    found = await of_preview(ctx, preview_id)
    await _hold(ctx, found)
    return await _redrawn(ctx, found)


@reaction(Preview.noun, "▶️")
async def release_by_reaction(ctx: Context, preview_id: int) -> Answer:
    """Release the digest of this preview by a coordinator's reaction; the preview shows it."""
    if await ctx.role() < Role.COORDINATOR:
        return None
    found = await of_preview(ctx, preview_id)
    await _release(ctx, found)
    return await _redrawn(ctx, found)


@hold.redacted
@hold_by_reaction.redacted
async def hold_no_more(ctx: Context, preview_id: int) -> Answer:
    """Take back what held the digest, if that is what holds it still: it goes at its time, or now if that has come."""
    found = await of_preview(ctx, preview_id)
    if found.told or not found.preview.is_held or not await _made(ctx, found.preview.held_at):
        return None
    await _release(ctx, found)
    return await _redrawn(ctx, found)


@release.redacted
@release_by_reaction.redacted
async def hold_again(ctx: Context, preview_id: int) -> Answer:
    """Take back what released the digest, as long as it was not sent."""
    found = await of_preview(ctx, preview_id)
    if found.told or not await _made(ctx, found.preview.released_at):
        return None
    found.preview.released_at = found.preview.released_by = None
    return await _redrawn(ctx, found)


async def wait(ctx: Context, preview: Preview, slot: Slot) -> Answer:
    """Tell the coordinators once that the digest of this slot is due and waits; older ones that wait are part of it."""
    says = await _settled(ctx, preview)
    if await ctx.said("digest-waits", preview):
        return says
    found = Upcoming(preview, slot, ctx.room, told=False)
    says += await redrawn(ctx, found)
    waits = ctx.say("digest-waits", about=preview, **await picture(ctx, found))
    mention = (preview.held_by,) if preview.held_by else ()
    return [*says, *(replace(waits, room=one, mention=mention) for one in await coordination(ctx))]


async def sent(ctx: Context, preview: Preview, slot: Slot, digest: Say | None) -> list[Say]:
    """Return the main room's digest with what coordinators are told of it: one may have waited for its release."""
    settled = await _settled(ctx, preview)
    says = [*settled, *await redrawn(ctx, Upcoming(preview, slot, ctx.room, told=True))]
    places = await coordination(ctx)
    if digest is None:
        told = ["digest-nothing-sent"] if was_late(preview, slot) else []
    else:
        told = ["digest-overtaken"] if settled else []
        says.insert(0, _dated(digest, preview, slot) if was_late(preview, slot) else digest)
    return [*says, *(ctx.say(key, room=one, main=ctx.room.name) for key in told for one in places)]


async def _settled(ctx: Context, preview: Preview) -> list[Say]:
    """Let older digests wait no more; shows it where they were shown."""
    older = await digests.settle(ctx.tx, preview.week, ctx.now)
    rhythm = rhythm_of(ctx.setup)
    found = [Upcoming(one, slot_of(one.week, rhythm), ctx.room, told=True) for one in older]
    return [say for one in found for say in await redrawn(ctx, one)]


def _dated(digest: Say, preview: Preview, slot: Slot) -> Say:
    """The digest with how old it is, for it was released only after its time."""
    data = {**digest.data, "digest": digest.key, "slot": slot, "released_at": preview.released_at}
    return replace(digest, key="digest-late", data=data)


def was_late(preview: Preview, slot: Slot) -> bool:
    """Whether the digest of this slot was released only after its time."""
    return preview.released_at is not None and preview.released_by is not None and preview.released_at >= slot.at


async def _hold(ctx: Context, found: Upcoming) -> None:
    await _check_not_told(ctx, found)
    if found.preview.is_held:
        raise Refusal("digest-is-held", **await picture(ctx, found))
    found.preview.held_at, found.preview.held_by = ctx.now, ctx.sender
    found.preview.released_at = found.preview.released_by = None


async def _release(ctx: Context, found: Upcoming) -> None:
    await _check_not_told(ctx, found)
    if not found.preview.is_held:
        raise Refusal("digest-not-held", **await picture(ctx, found))
    found.preview.released_at, found.preview.released_by = ctx.now, ctx.sender
    if found.slot.at <= ctx.now:
        for room in await rooms.of_kind(ctx.tx, RoomKind.MAIN):
            await ctx.due(SEND, room, at=ctx.now, room=room)


async def _check_not_told(ctx: Context, found: Upcoming) -> None:
    if found.told:
        raise Refusal("digest-is-sent", **await picture(ctx, found))


async def _made(ctx: Context, at: datetime | None) -> bool:
    """Whether what was done then was done by the message or reaction that is taken back now."""
    before = await inbox.find(ctx.tx, ctx.event.relates_to or "")
    return before is not None and before.at == at


async def _told(ctx: Context, found: Upcoming, key: str) -> list[Say]:
    """Say it where the command came from, and to the coordinators if that was elsewhere."""
    data = await picture(ctx, found)
    places = [ctx.room, *(one for one in await coordination(ctx) if one.id != ctx.room.id)]
    says = [ctx.say(key, about=found.preview, room=one, **data) for one in places]
    return [*says, *await redrawn(ctx, found)]


async def _redrawn(ctx: Context, found: Upcoming) -> list[Say]:
    ctx.about = found.preview
    return await redrawn(ctx, found)
