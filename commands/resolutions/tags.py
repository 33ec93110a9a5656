"""Resolutions of messages that were no commands: tagged by a reply or a reaction, and what edits and deletions do."""

from collections.abc import Sequence
from datetime import date

from commands.kit import tagging
from commands.kit.context import Context
from commands.kit.minutes import is_approved, place_of
from commands.kit.readers import MAX_TEXT
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.tagging import Tagged
from commands.kit.triggers import MESSAGE, Answer, reaction, source
from commands.resolutions.entering import free, redrawn, withdraw
from commands.resolutions.making import CARD, TAG, checked, draft, picture, settle, to_replace
from storage import minutes, resolutions
from storage.minutes import MinutesState
from storage.resolutions import Procedure, ResolutionName, ResolutionState


@reaction(MESSAGE, "⚖️")
async def adopt_by_reaction(ctx: Context, event_id: str) -> Answer:
    """Adopt what somebody said in a meeting, while that runs or its minutes are a draft; only chairs do."""
    if not ctx.room.is_group or await ctx.role() < Role.CHAIR:
        return None
    running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
    newest = running or await minutes.latest(ctx.tx, ctx.room.id)
    if newest is not None and newest.state != MinutesState.APPROVED:
        number = running.id if running else None
        await tagging.tag(ctx, TAG, event_id, reacted=True, minutes=number, state=ResolutionState.ADOPTED)
    return None


adopt_by_reaction.redacted(withdraw)


@tagging.reads(TAG)
async def make_of_message(ctx: Context, tag_id: int) -> Answer:
    """Make a resolution of a tagged message, of each message once; outside of a meeting it is shown."""
    found = await tagging.take(ctx, tag_id)
    if not isinstance(found, Tagged):
        return found
    state, replaces, review = _details(found)
    acknowledged = tagging.acknowledge(found, "✅")
    before = await resolutions.of_source(ctx.tx, ctx.room.id, found.tag.source_event_id)
    place = await place_of(ctx, found)
    if any(one.state == state for one in before):
        await tagging.become(ctx, found.tag, None)
        return acknowledged
    if found.tag.details.get("reacted") and place.minutes is None:
        await tagging.become(ctx, found.tag, None)
        return None
    try:
        resolution = draft(ctx, found.text, state, Procedure.ENTERED, found)
        if replaces is not None:
            await to_replace(ctx, replaces, state)
    except Refusal as refusal:
        return await tagging.refused(ctx, found, refusal)
    resolution.said_at = place.at
    told = await settle(ctx, resolution, place.at, place.minutes, replaces, review)
    await tagging.become(ctx, found.tag, resolution)
    if place.minutes is None:
        told.insert(0, ctx.say(CARD, about=resolution, **await picture(ctx, resolution, ctx.room)))
    return [acknowledged, *told]


def _details(found: Tagged) -> tuple[ResolutionState, ResolutionName | None, date | None]:
    details = found.tag.details
    replaces, review = details.get("replaces"), details.get("review")
    name = ResolutionName(*replaces) if replaces else None
    return ResolutionState(details["state"]), name, date.fromisoformat(review) if review else None


@source("resolution source")
async def made_of(ctx: Context, event_id: str) -> Sequence[int]:
    """Find the resolutions that have their words from a message."""
    return [one.id for one in await resolutions.of_source(ctx.tx, ctx.room.id, event_id)]


@made_of.edited
async def follow_edit(ctx: Context, resolution_id: int, text: str) -> Answer:
    """Let the resolution say what its author's message says now, as far as a resolution can say and change that."""
    words = tagging.one_line(text)
    try:
        resolution, _ = await free(ctx, resolution_id)
        checked(words)
    except Refusal:
        return None
    if resolution.said_by != ctx.sender or len(words) > MAX_TEXT:
        return None
    resolution.text = words
    await resolutions.index(ctx.tx, resolution)
    return [ctx.react("✏️"), await redrawn(ctx, resolution, ctx.room)]


@made_of.redacted
async def follow_redaction(ctx: Context, resolution_id: int) -> Answer:
    """Take the resolution back whose words were deleted; says so where something hangs on it."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None or await is_approved(ctx, resolution.meeting_id):
        return None
    try:
        return await withdraw(ctx, resolution_id)
    except Refusal as refusal:
        return ctx.say(refusal.key, **refusal.data)
