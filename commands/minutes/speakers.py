"""The list of speakers: who asks for the floor, and who gets it."""

from typing import Any

from commands.kit.context import Context
from commands.kit.readers import NamedPeople
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, reaction
from commands.minutes.running import attend, heard, needed
from storage import minutes
from storage.minutes import Minutes, Speaker

QUEUE = "speaker-queue"
SHOWN = 12


@command("floor ask")
async def ask(ctx: Context) -> Answer:
    """Ask for the floor."""
    found = await needed(ctx)
    waiting = [one.user_id for one in await minutes.queue(ctx.tx, found.id)]
    if ctx.sender in waiting:
        raise Refusal("floor-waiting", place=waiting.index(ctx.sender) + 1)
    await _queue_up(ctx, found)
    return await _shown(ctx, found)


@reaction(Minutes.noun, "✋", "🖐️")
async def ask_by_reaction(ctx: Context, minutes_id: int) -> Answer:
    """Ask for the floor by a reaction."""
    return await raise_hand(ctx, minutes_id)


async def raise_hand(ctx: Context, minutes_id: int) -> Answer:
    """Put who reacts on the list of a session that runs; what does not count gets no words."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    if found is None or not found.is_running or found.room_id != ctx.room.id:
        return None
    heard(ctx, found)
    ctx.about = found
    if ctx.sender not in [one.user_id for one in await minutes.queue(ctx.tx, found.id)]:
        await _queue_up(ctx, found)
    return await _redrawn(ctx, found) or await _posted(ctx, found)


@command("floor withdraw")
async def withdraw(ctx: Context) -> Answer:
    """Take back that I want to speak."""
    found = await needed(ctx)
    mine = [one for one in await minutes.queue(ctx.tx, found.id) if one.user_id == ctx.sender]
    if not mine:
        raise Refusal("floor-not-waiting")
    for one in mine:
        one.gone_at = ctx.event.at
    return [ctx.react("✅"), *await _redrawn(ctx, found)]


@ask.redacted
@ask_by_reaction.redacted
async def unask(ctx: Context, minutes_id: int) -> Answer:
    """Take back a wish whose message or reaction was deleted, unless it was granted."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    wish = await minutes.speaker_of_event(ctx.tx, ctx.event.relates_to or "")
    if found is None or wish is None or wish.spoke_at is not None or wish.gone_at is not None:
        return None
    wish.gone_at = ctx.event.at
    return await _redrawn(ctx, found)


@command("floor give")
async def give(ctx: Context, people: NamedPeople | None = None) -> Answer:
    """Give somebody the floor; without a name, who waits longest."""
    found = await needed(ctx)
    await ctx.allow(Role.CHAIR)
    waiting = await minutes.queue(ctx.tx, found.id)
    if people is not None and len(people) > 1:
        raise Refusal("floor-one", people=people)
    if people is None and not waiting:
        raise Refusal("floor-empty")
    user = people[0].user_id if people else waiting[0].user_id
    wishes = [one for one in waiting if one.user_id == user] or [_wish(ctx, found, user)]
    for one in wishes:
        one.spoke_at = ctx.event.at
    await ctx.tx.flush()
    (speaker,) = await ctx.people([user])
    told = Say(key="floor-given", data={"speaker": speaker}, mention=(user,))
    return [told, *await _redrawn(ctx, found)]


@command("floor list")
async def show(ctx: Context) -> Answer:
    """Show who wants to speak."""
    return await _posted(ctx, await needed(ctx))


async def _queue_up(ctx: Context, found: Minutes) -> None:
    _wish(ctx, found, ctx.sender)
    await attend(ctx, found, ctx.sender)


def _wish(ctx: Context, found: Minutes, user_id: str) -> Speaker:
    wish = Speaker(minutes_id=found.id, user_id=user_id, asked_at=ctx.event.at, event_id=ctx.event.event_id)
    ctx.tx.add(wish)
    return wish


async def _shown(ctx: Context, found: Minutes) -> list[Say]:
    """Show the list in its message, or in a first one."""
    redrawn = await _redrawn(ctx, found)
    ctx.about = found
    return [ctx.react("✅"), *redrawn] if redrawn else await _posted(ctx, found)


async def _redrawn(ctx: Context, found: Minutes) -> list[Say]:
    if await ctx.said(QUEUE, found) is None:
        return []
    return [ctx.update(QUEUE, about=found, **await _picture(ctx, found))]


async def _posted(ctx: Context, found: Minutes) -> list[Say]:
    return [ctx.say(QUEUE, about=found, **await _picture(ctx, found))]


async def _picture(ctx: Context, found: Minutes) -> dict[str, Any]:
    await ctx.tx.flush()
    waiting = [one.user_id for one in await minutes.queue(ctx.tx, found.id)]
    return {"people": await ctx.people(waiting[:SHOWN]), "more": len(waiting[SHOWN:])}
