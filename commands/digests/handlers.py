"""The weekly digest: shown when somebody asks, sent when it is due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from commands.chronicle.content import A_WEEK
from commands.chronicle.facts import AN_INSTANT
from commands.digests.alerting import groups_told, told
from commands.digests.telling import tell
from commands.digests.weeks import Rhythm, days_of, last_slot, next_slot
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.setup import Setup
from commands.kit.texts import zone
from commands.kit.triggers import Answer, Where, command, job
from storage import digests, rooms
from storage.digests import Digest
from storage.rooms import Room, RoomKind

SEND = "digest send"


@command("digest show", where=Where.ANYWHERE)
async def show_digest(ctx: Context) -> Answer:
    """Show the last seven days of the groups that this room is about."""
    groups = await _groups_shown(ctx)
    until = ctx.now + AN_INSTANT  # what happened at this very instant counts
    since = until - A_WEEK
    alerts = await told(ctx, groups, since, until)
    inside = ctx.room.id in await digests.keeping_inside(ctx.tx)
    first, _ = days_of(since, until, ctx.zone)
    last = ctx.now.astimezone(ctx.zone).date()  # it tells of today too, also before noon
    found = await tell(ctx, groups, since, until, alerts=alerts, inside=inside)
    say = found or ctx.say("digest-nothing", inside=inside)
    return replace(say, data={**say.data, "first": first, "last": last})


@command("digest counts", role=Role.CHAIR)
async def keep_inside(ctx: Context, wanted: Literal["on", "off"]) -> Answer:
    """Let digests in other rooms tell numbers of this group and nothing else, or all again."""
    await digests.keep_inside(ctx.tx, ctx.room.id, counts_only=wanted == "on")
    return ctx.say("digest-counts", wanted=wanted)


@job(SEND)
async def send_digest(ctx: Context, _room_id: int) -> Answer:
    """Send this room what happened since its last digest, up to the latest instant at which one was due.

    Where nothing happened nothing is said, but the window is stored all the same, so that the next one adjoins it.
    """
    if ctx.room.kind not in digests.RECEIVERS:
        return None
    rhythm = _rhythm(ctx.setup)
    planned = ctx.planned or ctx.now
    slot, following = last_slot(ctx.now, rhythm), next_slot(ctx.now, rhythm)
    moved = slot.at < planned  # the operator chose another day meanwhile
    if moved or await digests.find(ctx.tx, ctx.room.id, slot.week):
        await ctx.due(SEND, ctx.room, at=following.at)
        return None
    since = await digests.last_until(ctx.tx, ctx.room.id) or planned - A_WEEK
    row = Digest(room_id=ctx.room.id, week=slot.week, since=since, until=slot.at)
    if not await digests.claim(ctx.tx, row):
        return None
    await ctx.due(SEND, ctx.room, at=following.at)
    groups = await groups_told(ctx)
    alerts = await told(ctx, groups, since, slot.at)
    return await tell(ctx, groups, since, slot.at, about=row, alerts=alerts)


async def plan_missing(tx: AsyncSession, setup: Setup, now: datetime) -> datetime | None:
    """Plan the next digest of each receiving room that waits for none; returns when that is, None if none lacks one."""
    rhythm = _rhythm(setup)
    following = next_slot(now, rhythm).at
    missing = await digests.rooms_without_plan(tx, SEND, last_slot(now, rhythm).at, following)
    if not missing:
        return None
    await digests.plan(tx, SEND, missing, following)
    return following


async def _groups_shown(ctx: Context) -> Sequence[Room]:
    """All groups in the main and the coordinators' room, a group in its own, my groups in a direct chat."""
    groups = await rooms.groups(ctx.tx)
    if ctx.room.kind in digests.RECEIVERS:
        return await groups_told(ctx)
    if ctx.room.is_group:
        return [ctx.room]
    if ctx.room.kind != RoomKind.DIRECT:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    mine = {room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)}
    if not any(group.id in mine for group in groups):
        raise Refusal("digest-no-groups")
    return [group for group in groups if group.id in mine]


def _rhythm(setup: Setup) -> Rhythm:
    return Rhythm(setup.digest_day, time.fromisoformat(setup.digest_time), zone(setup.zone))
