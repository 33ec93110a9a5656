"""How chairs enter what was decided: in words of their own, or from a poll."""

from typing import Annotated

from commands.kit.context import Context
from commands.kit.readers import NamedResolution, ShortId
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command
from commands.resolutions.making import CARD, Review, checked, describe, draft, keep, picture, said_on, take_back
from commands.resolutions.rules import WORDED, turned, wording
from commands.votes.result import result_of
from storage import meetings, polls, resolutions
from storage.polls import Poll, PollState
from storage.resolutions import Procedure, Resolution, ResolutionState
from storage.rooms import Room

PollNumber = Annotated[int, ShortId("U", "poll", strict=True)]


@command("resolution enter", role=Role.CHAIR)
async def enter(
    ctx: Context, text: str, *, replaces: NamedResolution | None = None, review: Review | None = None
) -> Answer:
    """Put what was decided into the register."""
    resolution = draft(ctx, text, ResolutionState.ADOPTED, Procedure.ENTERED)
    return await _decided(ctx, resolution, await keep(ctx, resolution, replaces, review))


@command("resolution reject", role=Role.CHAIR)
async def reject(
    ctx: Context, text: str, *, replaces: NamedResolution | None = None, review: Review | None = None
) -> Answer:
    """Put what was rejected into the register."""
    resolution = draft(ctx, text, ResolutionState.REJECTED, Procedure.ENTERED)
    return await _decided(ctx, resolution, await keep(ctx, resolution, replaces, review))


@command("resolution postpone", role=Role.CHAIR)
async def postpone(
    ctx: Context, text: str, *, replaces: NamedResolution | None = None, review: Review | None = None
) -> Answer:
    """Put what was put off into the register."""
    resolution = draft(ctx, text, ResolutionState.POSTPONED, Procedure.ENTERED)
    return await _decided(ctx, resolution, await keep(ctx, resolution, replaces, review))


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
    return await _decided(ctx, resolution, await keep(ctx, resolution, replaces, review))


@enter.edited
@reject.edited
@postpone.edited
async def correct(
    ctx: Context,
    resolution_id: int,
    text: str,
    *,
    replaces: NamedResolution | None = None,
    review: Review | None = None,
) -> Answer:
    """Let the resolution say what the message says now, as long as nothing hangs on it."""
    resolution, home = await _free(ctx, resolution_id)
    if resolution.state == ResolutionState.WITHDRAWN or home is not ctx.room:
        raise Refusal("edit-not-run")
    resolution.text = checked(text)
    told = await describe(ctx, resolution, replaces, review)
    return [ctx.react("✏️"), await _redrawn(ctx, resolution, home), *told]


@enter.redacted
@reject.redacted
@postpone.redacted
@enter_from_poll.redacted
async def withdraw(ctx: Context, resolution_id: int) -> Answer:
    """Take back a resolution whose message was deleted, unless something hangs on it."""
    resolution, home = await _free(ctx, resolution_id)
    if resolution.state == ResolutionState.WITHDRAWN:
        return None
    await take_back(ctx, resolution)
    return await _redrawn(ctx, resolution, home)


async def _decided(ctx: Context, resolution: Resolution, told: list[Say]) -> list[Say]:
    """Note when it was decided and in which meeting, if one takes place; say it here, and what else is told."""
    meeting = await meetings.running(ctx.tx, ctx.room.id, ctx.event.at)
    resolution.meeting_id = meeting.id if meeting else None
    resolution.decided_at, resolution.decided_on = ctx.now, said_on(ctx)
    return [ctx.say(CARD, about=resolution, **await picture(ctx, resolution, ctx.room)), *told]


async def _redrawn(ctx: Context, resolution: Resolution, home: Room) -> Say:
    return ctx.update(CARD, about=resolution, room=home, **await picture(ctx, resolution, home))


async def _free(ctx: Context, resolution_id: int) -> tuple[Resolution, Room]:
    """Return a resolution and its room; refuses one on which action items or another resolution hang."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None:
        raise Refusal("resolution-gone")
    chain = await resolutions.chain(ctx.tx, resolution)
    if chain.actions or chain.replaced_by:
        successor = chain.replaced_by
        raise Refusal("resolution-fixed", resolution=resolution, actions=chain.actions, successor=successor)
    return resolution, await ctx.tx.get_one(Room, resolution.room_id)


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
