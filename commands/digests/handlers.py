"""The weekly digest: shown when somebody asks, sent when it is due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from commands.chronicle.content import A_WEEK
from commands.chronicle.facts import AN_INSTANT
from commands.digests.alerting import told
from commands.digests.holding import sent, wait, was_late
from commands.digests.previewing import PREVIEW
from commands.digests.sending import SEND, begins, begins_for, groups_told
from commands.digests.subscribing import send_personal, wants_quiet
from commands.digests.telling import tell
from commands.digests.weeks import days_of, last_slot, next_preview, next_slot, rhythm_of
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.setup import Setup
from commands.kit.triggers import Answer, Where, command, job
from storage import digests, rooms
from storage.digests import Digest, Plan
from storage.rooms import Room, RoomKind


@command("digest show", where=Where.ANYWHERE)
async def show_digest(ctx: Context) -> Answer:
    """Show the last seven days of the groups that this room is about."""
    groups = await _groups_shown(ctx)
    until = ctx.now + AN_INSTANT  # what happened at this very instant counts
    since = until - A_WEEK
    alerts = await told(ctx, groups, since, until)
    inside = ctx.room.id in await digests.kept_inside(ctx.tx)
    first, _ = days_of(since, until, ctx.zone)
    last = ctx.now.astimezone(ctx.zone).date()  # it tells of today too, also before noon
    sent = await _highlights_shown(ctx, until)
    found = await tell(ctx, groups, since, until, alerts=alerts, inside=inside, highlights_until=sent)
    say = found or ctx.say("digest-nothing", inside=inside)
    return replace(say, data={**say.data, "first": first, "last": last})


async def _highlights_shown(ctx: Context, until: datetime) -> datetime:
    """Return until when highlights count that may be read here: the main room reads those that were sent to it."""
    if ctx.room.kind != RoomKind.MAIN:
        return until
    return await digests.last_until(ctx.tx, ctx.room.id) or until - A_WEEK


@command("digest counts", role=Role.CHAIR)
async def keep_inside(ctx: Context, wanted: Literal["on", "off"]) -> Answer:
    """Let digests in other rooms tell numbers of this group and nothing else, or all again."""
    await digests.keep_inside(ctx.tx, ctx.room.id, counts_only=wanted == "on")
    return ctx.say("digest-counts", wanted=wanted)


@job(SEND)
async def send_digest(ctx: Context, _room_id: int) -> Answer:
    """Send this room what happened since its last digest, up to the latest instant at which one was due.

    Where nothing happened nothing is said, but the window is stored all the same, so that the next one adjoins it.
    What coordinators hold back of the main room waits. In a direct chat it is the personal one.
    """
    reader = await digests.reader(ctx.tx, ctx.room)
    if reader is None and ctx.room.kind not in digests.RECEIVERS:
        return None
    rhythm = rhythm_of(ctx.setup)
    planned = ctx.planned or ctx.now
    slot, following = last_slot(ctx.now, rhythm), next_slot(ctx.now, rhythm)
    preview = await digests.preview_of(ctx.tx, slot.week) if ctx.room.kind == RoomKind.MAIN else None
    freed = preview is not None and was_late(preview, slot)
    moved = slot.at < planned and not freed  # the operator chose another day meanwhile
    nothing = moved or bool(await digests.find(ctx.tx, ctx.room.id, slot.week))
    if nothing or (reader is not None and await wants_quiet(ctx, reader.user_id)):
        await ctx.due(SEND, ctx.room, at=following.at)
        return None
    if preview is not None and preview.is_held:
        await ctx.due(SEND, ctx.room, at=following.at)
        return await wait(ctx, preview, slot)
    if reader is not None:
        since = await begins_for(ctx.tx, reader, slot.at)
    else:
        since = await begins(ctx.tx, ctx.room, min(planned, slot.at), rhythm)
    row = Digest(room_id=ctx.room.id, week=slot.week, since=since, until=slot.at)
    if not await digests.claim(ctx.tx, row):
        return None
    await ctx.due(SEND, ctx.room, at=following.at)
    if reader is not None:
        return await send_personal(ctx, reader.user_id, row)
    groups = await groups_told(ctx.tx, ctx.room.kind)
    alerts = await told(ctx, groups, since, slot.at)
    say = await tell(ctx, groups, since, slot.at, about=row, alerts=alerts)
    return say if preview is None else await sent(ctx, preview, slot, say)


async def plan_missing(tx: AsyncSession, setup: Setup, now: datetime) -> datetime | None:
    """Plan the next digest of each receiving room that waits for none, and coordinators' next look at it.

    Returns when the earliest of what was planned is due, None if nothing lacked.
    """
    rhythm = rhythm_of(setup)
    plans = [Plan(SEND, digests.RECEIVES, next_slot(now, rhythm).at)]
    if setup.digest_preview is not None:
        plans.append(Plan(PREVIEW, digests.SEES_FIRST, next_preview(now, rhythm, setup.digest_preview)))
    missing = await digests.rooms_without_plan(tx, plans, now)
    for one, room_ids in missing:
        await digests.plan(tx, one.what, room_ids, one.at)
    return min((one.at for one, _ in missing), default=None)


async def _groups_shown(ctx: Context) -> Sequence[Room]:
    """All groups in the main and the coordinators' room, a group in its own, my groups in a direct chat."""
    groups = await rooms.groups(ctx.tx)
    if ctx.room.kind in digests.RECEIVERS:
        return await groups_told(ctx.tx, ctx.room.kind)
    if ctx.room.is_group:
        return [ctx.room]
    if ctx.room.kind != RoomKind.DIRECT:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    mine = {room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)}
    if not any(group.id in mine for group in groups):
        raise Refusal("digest-no-groups")
    return [group for group in groups if group.id in mine]
