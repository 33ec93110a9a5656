"""The personal digest: who wants it, and what somebody reads in it."""

from dataclasses import replace

from commands.chronicle.content import A_WEEK
from commands.chronicle.facts import AN_INSTANT
from commands.digests import personal_facts
from commands.digests.personal import personal
from commands.digests.personal_pages import said
from commands.digests.sending import SEND
from commands.digests.weeks import last_slot, next_slot, rhythm_of
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command
from storage import digests, people, rooms
from storage.digests import Digest, DigestSubscription
from storage.rooms import Room, RoomKind


@command("digest subscribe", where=Where.ANYWHERE)
async def subscribe(ctx: Context) -> Answer:
    """Send me once a week, in the direct chat, what needs me."""
    chat = await _chat(ctx)
    slot = next_slot(ctx.now, rhythm_of(ctx.setup))
    found = await digests.subscription(ctx.tx, chat.id)
    if found is None:
        others = await digests.subscriptions_of(ctx.tx, ctx.sender)
        await digests.unsubscribe(ctx.tx, [one.room_id for one in others])  # once a week, also in two chats
        ctx.tx.add(DigestSubscription(room_id=chat.id, user_id=ctx.sender, created_at=ctx.now))
        await ctx.due(SEND, chat, at=slot.at, room=chat)
    return _confirmed(ctx, ctx.say("digest-subscribed", room=chat, at=slot.at, before=found is not None))


@command("digest unsubscribe", where=Where.ANYWHERE)
async def unsubscribe(ctx: Context) -> Answer:
    """Send me no personal digest any more."""
    chat = await _chat(ctx)
    mine = await digests.subscriptions_of(ctx.tx, ctx.sender)
    await digests.unsubscribe(ctx.tx, [one.room_id for one in mine])
    return _confirmed(ctx, ctx.say("digest-unsubscribed", room=chat, before=bool(mine)))


@command("digest personal", where=Where.ANYWHERE)
async def show_personal(ctx: Context) -> Answer:
    """Show in the direct chat what needs me now."""
    chat = await _chat(ctx)
    until = ctx.now + AN_INSTANT
    week = last_slot(ctx.now, rhythm_of(ctx.setup)).week
    content = personal(await personal_facts.load(ctx, ctx.sender, week, until - A_WEEK, until), ctx.now)
    say = said(content, ctx.now) if content.sections or content.held else ctx.say("digest-personal-nothing")
    return _confirmed(ctx, replace(say, room=chat))


async def send_personal(ctx: Context, user_id: str, row: Digest) -> Answer:
    """Send somebody what needs them now; nothing where nothing does."""
    facts = await personal_facts.load(ctx, user_id, row.week, row.since, row.until)
    content = personal(facts, ctx.now)
    return None if content.needs_nobody else replace(said(content, ctx.now, mention=(user_id,)), about=row)


async def wants_quiet(ctx: Context, user_id: str) -> bool:
    """Whether somebody wants to hear nothing just now (`!ruhe`): what was new meanwhile is in the next one."""
    person = await people.find(ctx.tx, user_id)
    return person is not None and person.quiet_until is not None and person.quiet_until > ctx.now


async def _chat(ctx: Context) -> Room:
    """The direct chat of the sender; refuses where there is none, for the bot opens none (decision 4)."""
    chat = ctx.room if ctx.room.kind == RoomKind.DIRECT else await rooms.direct_chat(ctx.tx, ctx.sender)
    if chat is None:
        raise Refusal("digest-no-chat", me=(await ctx.people([ctx.setup.user_id]))[0])
    return chat


def _confirmed(ctx: Context, say: Say) -> Answer:
    """What is said in the direct chat; elsewhere the room sees a reaction and nothing else."""
    return say if say.room is ctx.room else [ctx.react("👍"), say]
