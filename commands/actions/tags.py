"""Action items of messages that were no commands: tagged by reply or reaction, and what edits and deletions do."""

from collections.abc import Sequence

from commands.actions.calling import called_out
from commands.actions.handlers import take_back
from commands.actions.items import assigned, group_notices, record, redrawn
from commands.actions.making import TAG, make, wish_of
from commands.kit import tagging
from commands.kit.context import Context
from commands.kit.minutes import is_approved, place_of
from commands.kit.readers import MAX_TEXT
from commands.kit.tagging import Tagged
from commands.kit.triggers import MESSAGE, Answer, reaction, source
from storage import actions, minutes
from storage.actions import ActionState


@reaction(MESSAGE, "📝")
async def take_up_by_reaction(ctx: Context, event_id: str) -> Answer:
    """Make an item of what somebody said, in any group's room; nobody has it yet."""
    if ctx.room.is_group:
        running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
        await tagging.tag(ctx, TAG, event_id, reacted=True, minutes=running.id if running else None)
    return None


@take_up_by_reaction.redacted
async def take_reaction_back(ctx: Context, action_id: int) -> Answer:
    """Take the item back, unless it is finished."""
    return await take_back(ctx, action_id, "undone")


@tagging.reads(TAG)
async def make_of_message(ctx: Context, tag_id: int) -> Answer:
    """Make an item of a tagged message, of each message once; outside of a meeting it is shown.

    Of a message that is an item already a call makes that item a call, if nobody has it.
    """
    found = await tagging.take(ctx, tag_id)
    if not isinstance(found, Tagged):
        return found
    acknowledged = tagging.acknowledge(found, "✅")
    event_id = found.tag.source_event_id
    wish = wish_of(found.tag.details)
    before = [one for one in await actions.of_source(ctx.tx, ctx.room.id, event_id) if one.state != ActionState.DROPPED]
    if before:
        await tagging.become(ctx, found.tag, None)
        free = before[0].is_unfinished and not await assigned(ctx, before[0])
        return [acknowledged, await called_out(ctx, before[0], ctx.room)] if wish.wanted and free else acknowledged
    place = await place_of(ctx, found)
    action, card = await make(ctx, found.text, wish, event_id, place.at, place.meeting_id, found.author)
    await tagging.become(ctx, found.tag, action)
    told = await group_notices(ctx, action, ctx.room, (await assigned(ctx, action)).groups)
    return [acknowledged, *([] if place.minutes else [card]), *told]


@source("action source")
async def made_of(ctx: Context, event_id: str) -> Sequence[int]:
    """Find the items that have their words from a message, unless they are finished."""
    found = await actions.of_source(ctx.tx, ctx.room.id, event_id)
    return [one.id for one in found if one.is_unfinished]


@made_of.edited
async def follow_edit(ctx: Context, action_id: int, text: str) -> Answer:
    """Let the item say what its author's message says now; what no item can say changes nothing."""
    action, words = await actions.find(ctx.tx, action_id), tagging.one_line(text)
    if action is None or action.said_by != ctx.sender or not words or len(words) > MAX_TEXT:
        return None
    if await is_approved(ctx, await actions.meeting_of(ctx.tx, action)):
        return None
    action.text = words
    record(ctx, action, "edited")
    return [ctx.react("✏️"), *await redrawn(ctx, action, ctx.room)]


@made_of.redacted
async def follow_redaction(ctx: Context, action_id: int) -> Answer:
    """Drop the item whose words were deleted, unless the minutes in which it stands are approved."""
    action = await actions.find(ctx.tx, action_id)
    if action is None or await is_approved(ctx, await actions.meeting_of(ctx.tx, action)):
        return None
    return await take_back(ctx, action_id, "withdrawn")
