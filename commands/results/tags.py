"""Results of messages that were no commands: tagged by a reply or a reaction, and what edits and deletions do."""

from collections.abc import Sequence

from commands.kit import tagging
from commands.kit.context import Context
from commands.kit.readers import MAX_TEXT
from commands.kit.say import Refusal
from commands.kit.tagging import Tagged
from commands.kit.triggers import MESSAGE, Answer, reaction, source
from commands.results.handlers import take_back
from commands.results.rules import of_message
from commands.results.telling import TAG, card, make, put
from storage import minutes, results


@reaction(MESSAGE, "🏆")
async def tell_by_reaction(ctx: Context, event_id: str) -> Answer:
    """Make a result of what somebody said, in any group's room."""
    if ctx.room.is_group:
        running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
        await tagging.tag(ctx, TAG, event_id, reacted=True, running=running is not None)
    return None


tell_by_reaction.redacted(take_back)


@tagging.reads(TAG)
async def make_of_message(ctx: Context, tag_id: int) -> Answer:
    """Make a result of a tagged message, of each message once; outside of a meeting it is shown."""
    found = await tagging.take(ctx, tag_id)
    if not isinstance(found, Tagged):
        return found
    acknowledged = tagging.acknowledge(found, "✅")
    if await results.of_event(ctx.tx, ctx.room.id, found.tag.source_event_id):
        await tagging.become(ctx, found.tag, None)
        return acknowledged
    told, link = of_message(found.text), found.tag.details.get("link")
    try:
        result = await make(ctx, told.text, told.link if link is None else link, found)
    except Refusal as refusal:
        return await tagging.refused(ctx, found, refusal)
    await tagging.become(ctx, found.tag, result)
    return acknowledged if found.tag.details["running"] else [acknowledged, card(result, ctx.room)]


@source("result source")
async def made_of(ctx: Context, event_id: str) -> Sequence[int]:
    """Find the results that have their words from a message."""
    return [one.id for one in await results.of_event(ctx.tx, ctx.room.id, event_id) if one.said_by is not None]


@made_of.edited
async def follow_edit(ctx: Context, result_id: int, text: str) -> Answer:
    """Let the result say what its author's message says now; what no result can say changes nothing."""
    result, told = await results.by_id(ctx.tx, result_id), of_message(text)
    if result is None or result.said_by != ctx.sender or len(told.text or "") > MAX_TEXT:
        return None
    try:
        await put(ctx, result, told.text or "", told.link)
    except Refusal:
        return None
    return [ctx.react("✏️"), card(result, ctx.room, in_place=True)]


@made_of.redacted
async def follow_redaction(ctx: Context, result_id: int) -> Answer:
    """Withdraw the result whose words were deleted."""
    return await take_back(ctx, result_id)
