"""How chairs enter what was decided: in words of their own, or from a poll."""

from datetime import date
from typing import Annotated

from commands.kit.context import Context
from commands.kit.minutes import check_changeable
from commands.kit.readers import NamedResolution, ShortId
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.tagging import WordsOrReply, replied_source, tag, untag, waiting
from commands.kit.triggers import Answer, command, job
from commands.resolutions.making import (
    CARD,
    TAG,
    Review,
    checked,
    describe,
    draft,
    picture,
    settle,
    take_back,
    to_replace,
)
from commands.resolutions.rules import WORDED, turned, wording
from commands.resolutions.voting import check_not_voted
from commands.votes.result import result_of
from storage import minutes, polls, resolutions
from storage.polls import Poll, PollState
from storage.resolutions import Procedure, Resolution, ResolutionName, ResolutionState
from storage.rooms import Room

PollNumber = Annotated[int, ShortId("U", "poll", strict=True)]
What = Annotated[str | None, WordsOrReply()]


@command("resolution enter", role=Role.CHAIR)
async def enter(
    ctx: Context, text: What, *, replaces: NamedResolution | None = None, review: Review | None = None
) -> Answer:
    """Put what was decided into the register; without words, as a reply to what a member said, that."""
    return await _enter(ctx, text, ResolutionState.ADOPTED, replaces, review)


@command("resolution reject", role=Role.CHAIR)
async def reject(
    ctx: Context, text: What, *, replaces: NamedResolution | None = None, review: Review | None = None
) -> Answer:
    """Put what was rejected into the register."""
    return await _enter(ctx, text, ResolutionState.REJECTED, replaces, review)


@command("resolution postpone", role=Role.CHAIR)
async def postpone(
    ctx: Context, text: What, *, replaces: NamedResolution | None = None, review: Review | None = None
) -> Answer:
    """Put what was put off into the register."""
    return await _enter(ctx, text, ResolutionState.POSTPONED, replaces, review)


@command("resolution from", role=Role.CHAIR)
async def enter_from_poll(
    ctx: Context,
    poll: PollNumber,
    text: str = "",
    *,
    replaces: NamedResolution | None = None,
    review: Review | None = None,
) -> Answer:
    """Put into the register what a closed poll has decided, in its own words or those given; from each poll once."""
    found = await _closed_poll(ctx, poll)
    result = result_of(found)
    if result.verdict != "won":
        raise Refusal("resolution-undecided", poll=found, result=result)
    if not text and found.kind not in WORDED:
        raise Refusal("resolution-poll-wordless", poll=found)
    resolution = draft(ctx, text or wording(found.question, result), turned(result), Procedure.ENTERED)
    resolution.poll_id = found.id
    resolution.outcome = {"eligible": result.eligible, "voters": result.voters, "verdict": result.verdict}
    return await _decided(ctx, resolution, replaces, review)


@enter.edited
@reject.edited
@postpone.edited
async def correct(
    ctx: Context,
    resolution_id: int,
    text: What,
    *,
    replaces: NamedResolution | None = None,
    review: Review | None = None,
) -> Answer:
    """Let the resolution say what the message says now, as long as nothing hangs on it."""
    if await waiting(ctx):
        raise Refusal("edit-not-run")
    resolution, home = await free(ctx, resolution_id)
    if resolution.state == ResolutionState.WITHDRAWN or home is not ctx.room:
        raise Refusal("edit-not-run")
    if text is not None:
        resolution.text, resolution.said_by = checked(text), None
    elif resolution.said_by is None:
        raise Refusal("resolution-text-missing")
    told = await describe(ctx, resolution, replaces, review)
    return [ctx.react("✏️"), await redrawn(ctx, resolution, home), *told]


@enter.redacted
@reject.redacted
@postpone.redacted
@enter_from_poll.redacted
async def withdraw(ctx: Context, resolution_id: int) -> Answer:
    """Take back a resolution whose message was deleted, unless something hangs on it; also before that was read."""
    if ctx.message is not None and (tagged := await waiting(ctx)):
        await untag(ctx, tagged.id)
        return None
    resolution, home = await free(ctx, resolution_id)
    if resolution.state == ResolutionState.WITHDRAWN:
        return None
    await take_back(ctx, resolution)
    return await redrawn(ctx, resolution, home)


@job("resolution undo")
async def undo(ctx: Context, resolution_id: int) -> Answer:
    """Take a resolution back, as the newest thing of the minutes; says so where something keeps it."""
    try:
        await check_not_voted(ctx, resolution_id)
        return await withdraw(ctx, resolution_id)
    except Refusal as refusal:
        return ctx.say(refusal.key, **refusal.data)


async def redrawn(ctx: Context, resolution: Resolution, home: Room) -> Say:
    """Show the resolution as it stands in the message that announced it."""
    return ctx.update(CARD, about=resolution, room=home, **await picture(ctx, resolution, home))


async def free(ctx: Context, resolution_id: int) -> tuple[Resolution, Room]:
    """Return a resolution and its room; refuses one on which something hangs, and one in approved minutes."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None:
        raise Refusal("resolution-gone")
    await check_changeable(ctx, resolution.meeting_id)
    chain = await resolutions.chain(ctx.tx, resolution)
    if chain.actions or chain.replaced_by:
        successor = chain.replaced_by
        raise Refusal("resolution-fixed", resolution=resolution, actions=chain.actions, successor=successor)
    return resolution, await ctx.tx.get_one(Room, resolution.room_id)


async def _enter(
    ctx: Context, text: str | None, state: ResolutionState, replaces: ResolutionName | None, review: date | None
) -> Answer:
    if text is not None:
        return await _decided(ctx, draft(ctx, text, state, Procedure.ENTERED), replaces, review)
    source = await replied_source(ctx)
    assert source is not None  # noqa: S101 - else the reader has not read it
    if replaces is not None:
        await to_replace(ctx, replaces, state)
    running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
    details = {"state": state, "replaces": replaces, "review": review.isoformat() if review else None}
    await tag(ctx, TAG, source, minutes=running.id if running else None, **details)
    return None


async def _decided(
    ctx: Context, resolution: Resolution, replaces: ResolutionName | None, review: date | None
) -> list[Say]:
    """Put it into the register and say so here, in a meeting by a reaction; and what else is told."""
    running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
    told = await settle(ctx, resolution, ctx.event.at, running, replaces, review)
    if running is not None:
        return [ctx.react("✅", about=resolution), *told]
    return [ctx.say(CARD, about=resolution, **await picture(ctx, resolution, ctx.room)), *told]


async def _closed_poll(ctx: Context, number: int) -> Poll:
    """Return a closed poll of this room, or one that was asked here, from which no resolution was made."""
    poll = await polls.find(ctx.tx, number)
    if poll is None or not (poll.room_id == ctx.room.id or await polls.is_asked_in(ctx.tx, poll, ctx.room.id)):
        raise Refusal("resolution-poll-unknown", number=number)
    if poll.state != PollState.CLOSED:
        raise Refusal("resolution-poll-not-closed", poll=poll)
    first = await resolutions.of_poll(ctx.tx, number)
    if first is not None and first.state != ResolutionState.WITHDRAWN:
        raise Refusal("resolution-poll-used", poll=poll, resolution=first)
    return poll
