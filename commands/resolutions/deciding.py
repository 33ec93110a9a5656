"""What happens at the end of a circulation, after a vote, and on the day of a review."""

from commands.kit.context import Context
from commands.kit.say import Say
from commands.kit.triggers import Answer, job
from commands.resolutions.making import REVIEW, audience, decide, picture, take_back
from commands.resolutions.rounds import DEADLINE, cards, facts, poll_rooms, round_of, told
from commands.resolutions.rules import IN_FAVOUR
from commands.resolutions.voting import VOTED
from commands.votes.result import result_of
from storage import polls, resolutions
from storage.polls import PollState
from storage.resolutions import Procedure, ResolutionState
from storage.rooms import Room


@job(DEADLINE)
async def close(ctx: Context, resolution_id: int) -> Answer:
    """Decide what went round, once and however late: adopted unless an objection stands. All rooms asked hear it."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None:
        return None
    await resolutions.lock(ctx.tx, resolution)
    ends = resolution.closes_at
    if not resolution.is_open or resolution.procedure != Procedure.CONSENT or ends is None or ends > ctx.now:
        return None
    found = await round_of(ctx, resolution, ctx.room)
    stands = found.count
    resolution.outcome = stands.outcome
    elsewhere = await decide(ctx, resolution, ctx.room, stands.state, ends)
    rooms = await audience(ctx, ctx.room, found.asked)
    data = {**await facts(ctx, found), "late": ctx.late}
    ended = told(ctx, "circulation-ended", rooms, about=resolution, **data)
    return [*ended, *await cards(ctx, found), *elsewhere]


@job(VOTED)
async def conclude(ctx: Context, poll_id: int) -> Answer:
    """Decide what was voted on, by the poll that has ended; a cancelled one takes the resolution back."""
    resolution, poll = await resolutions.of_poll(ctx.tx, poll_id), await polls.find(ctx.tx, poll_id)
    if resolution is None or poll is None or poll.is_open:
        return None
    await resolutions.lock(ctx.tx, resolution)
    if not resolution.is_open:
        return None
    home = await ctx.tx.get_one(Room, resolution.room_id)
    elsewhere: list[Say] = []
    if poll.state == PollState.CANCELLED:
        await take_back(ctx, resolution)
    else:
        result = result_of(poll)
        favoured = result.verdict == "won" and result.leaders[0].number == IN_FAVOUR
        state = ResolutionState.ADOPTED if favoured else ResolutionState.REJECTED
        resolution.outcome = {"eligible": result.eligible, "voters": result.voters, "verdict": result.verdict}
        ended_at = min(poll.closes_at, poll.closed_at or ctx.now)
        elsewhere = await decide(ctx, resolution, home, state, ended_at)
    rooms = await audience(ctx, home, await poll_rooms(ctx, poll_id))
    ended = told(ctx, "resolution-voted", rooms, about=resolution, **await picture(ctx, resolution, home))
    return [*ended, *elsewhere]


@job(REVIEW)
async def review(ctx: Context, resolution_id: int) -> Answer:
    """Bring a resolution to the room's mind on its day, unless it was replaced or taken back."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None or resolution.state == ResolutionState.WITHDRAWN:
        return None
    if await resolutions.replacements(ctx.tx, [resolution]):
        return None
    home = await ctx.tx.get_one(Room, resolution.room_id)
    return ctx.say("resolution-review", about=resolution, room=home, resolution=resolution)
