"""How polls end: at their deadline, before it, when all have voted, or without a result; and who is reminded."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from commands.kit.context import Context
from commands.kit.readers import Deadline
from commands.kit.say import Say
from commands.kit.triggers import Answer, command, job
from commands.polls import cards
from commands.polls.access import PollId, allow_leading, reach_open
from commands.votes import electorate as electorates
from commands.votes.ballots import chosen
from commands.votes.counting import cast_of, limit_of, recount
from commands.votes.electorate import Electorate
from commands.votes.result import counts_municipalities, result_of
from storage import due, people, polls
from storage.polls import Poll, PollKind, PollState
from storage.rooms import Room

DEADLINE, REMINDER, STATUS = "poll deadline", "poll reminder", "poll status"
LEAD = timedelta(hours=24)
GRACE = timedelta(seconds=5)  # what was said in time may come a little later than the deadline itself
BETWEEN = timedelta(seconds=5)  # from one edit of the status message to the next


async def plan(ctx: Context, poll: Poll) -> None:
    """Plan the end of a poll and the reminder before it, in place of what was planned."""
    await ctx.tx.flush()
    for what in (DEADLINE, REMINDER):
        await due.cancel(ctx.tx, what, poll.id)
    await ctx.due(DEADLINE, poll, at=poll.closes_at + GRACE)
    if poll.closes_at - LEAD > ctx.now:
        await ctx.due(REMINDER, poll, at=poll.closes_at - LEAD)


async def show_soon(ctx: Context, poll: Poll) -> None:
    """Let the status message show the newest state, at most once in five seconds however many vote."""
    await ctx.tx.flush()
    if not await due.is_planned(ctx.tx, STATUS, poll.id):
        at = max(ctx.now, poll.shown_at + BETWEEN) if poll.shown_at else ctx.now
        await ctx.due(STATUS, poll, at=at, room=await ctx.tx.get_one(Room, poll.room_id))


@job(STATUS)
async def show_status(ctx: Context, poll_id: int) -> Answer:
    """Count, show how the poll stands, tell of municipalities that have become divided; end it if all have voted."""
    poll = await polls.find(ctx.tx, poll_id, lock=True)
    if poll is None or not poll.is_open:
        return None
    before = {town for town, _ in result_of(poll).conflicts}
    await recount(ctx.tx, poll, ctx.setup.nobody)
    result = result_of(poll)
    if poll.ends_with_all and result.all_voted:
        return await close(ctx, poll)
    asked = await cards.asked_rooms(ctx, poll)
    divided = [(town, users) for town, users in result.conflicts if town not in before]
    return [*await cards.status(ctx, poll, asked), *await _conflicts(ctx, poll, asked, divided)]


@job(DEADLINE)
async def close_due(ctx: Context, poll_id: int) -> Answer:
    """Close a poll at its deadline, once."""
    poll = await polls.find(ctx.tx, poll_id, lock=True)
    if poll is None or not poll.is_open or poll.closes_at > ctx.now:
        return None
    return await close(ctx, poll, late=ctx.late)


@job(REMINDER)
async def remind(ctx: Context, poll_id: int) -> Answer:
    """Remind those who have not voted, once and only before the end; each in one room."""
    poll = await polls.find(ctx.tx, poll_id)
    if poll is None or not poll.is_open or poll.closes_at <= ctx.now:
        return None
    if await ctx.said("poll-reminder", poll) is not None:
        return None
    asked = await cards.asked_rooms(ctx, poll)
    electorate = await electorates.load(ctx.tx, [room.id for room in asked], ctx.setup.nobody)
    missing = await _missing(ctx, poll, electorate)
    silent = await people.silent(ctx.tx, missing, ctx.now)
    says = []
    rung: set[str] = set()
    for room in asked:
        here = [user for user in missing if room.id in electorate.voters[user].rooms and user not in rung | silent]
        rung |= set(here)
        if here:
            says.append(await _reminder(ctx, poll, room, here))
    return says


@command("poll close")
async def close_poll(ctx: Context, poll: PollId) -> Answer:
    """Close a poll before its deadline."""
    found = await reach_open(ctx, poll)
    await allow_leading(ctx, found)
    return await close(ctx, found)


@command("poll extend")
async def extend_poll(ctx: Context, poll: PollId, *, closes: Deadline) -> Answer:
    """Move a poll's deadline; the old one stays visible."""
    found = await reach_open(ctx, poll)
    await allow_leading(ctx, found)
    before = found.closes_at
    entry = {"at": ctx.now.isoformat(), "by": ctx.sender, "from": before.isoformat(), "to": closes.isoformat()}
    found.extensions = [*found.extensions, entry]
    found.closes_at = closes
    await plan(ctx, found)
    asked = await cards.asked_rooms(ctx, found)
    told = sorted({room.id: room for room in (ctx.room, *asked)}.values(), key=lambda room: room is not ctx.room)
    says = [Say(key="poll-extended", data={"poll": found, "before": before}, about=found, room=room) for room in told]
    return [*says, *await cards.status(ctx, found, asked)]


@command("poll cancel")
async def cancel_poll(ctx: Context, poll: PollId) -> Answer:
    """Cancel a poll: there will be no result."""
    found = await reach_open(ctx, poll)
    await allow_leading(ctx, found)
    return await cancel(ctx, found)


async def close(ctx: Context, poll: Poll, *, late: bool = False) -> list[Say]:
    """Count for the last time and tell the result; who could vote is kept with it."""
    poll.state, poll.closed_at = PollState.CLOSED, ctx.now
    electorate = await recount(ctx.tx, poll, ctx.setup.nobody)
    poll.electorate = electorates.frozen(electorate)
    await _over(ctx, poll)
    return await cards.ending(ctx, poll, "poll-result", late=late, before=await _mean_before(ctx, poll))


async def cancel(ctx: Context, poll: Poll) -> list[Say]:
    """End the poll without a result."""
    poll.state, poll.closed_at = PollState.CANCELLED, ctx.now
    await _over(ctx, poll)
    return await cards.ending(ctx, poll, "poll-cancelled")


async def _over(ctx: Context, poll: Poll) -> None:
    await ctx.tx.flush()
    for what in (DEADLINE, REMINDER, STATUS):
        await due.cancel(ctx.tx, what, poll.id)
    if poll.then is not None:
        await ctx.due(poll.then, poll, at=ctx.now, room=await ctx.tx.get_one(Room, poll.room_id))


async def _mean_before(ctx: Context, poll: Poll) -> float | None:
    """How the same pulse of this room came out the last time."""
    if poll.kind != PollKind.PULSE:
        return None
    last = await polls.last_pulse(ctx.tx, poll.room_id, poll.question, poll.opened_at)
    return result_of(last).mean if last is not None else None


async def _missing(ctx: Context, poll: Poll, electorate: Electorate) -> list[str]:
    """Those who may vote and have not; where municipalities vote, those of one of which nobody has."""
    casts = [cast_of(row) for row in (await polls.ballots(ctx.tx, [poll.id]))[poll.id]]
    voted = chosen(casts, limit_of(poll))
    voters = sorted(electorate.voters.values(), key=lambda one: one.user_id)
    if not counts_municipalities(poll):
        return [one.user_id for one in voters if one.user_id not in voted]
    towns = {one.town for one in voters if one.user_id in voted}
    return [one.user_id for one in voters if one.town is not None and one.town not in towns]


async def _reminder(ctx: Context, poll: Poll, room: Room, users: Sequence[str]) -> Say:
    data = {**await cards.picture(ctx, poll, [room]), "people": await ctx.people(users)}
    return Say(key="poll-reminder", data=data, about=poll, room=room, mention=tuple(users))


async def _conflicts(
    ctx: Context, poll: Poll, asked: Sequence[Room], divided: Sequence[tuple[str, Sequence[str]]]
) -> list[Say]:
    """Tell those whose municipality has no vote because they differ, in as few rooms as reach them all."""
    if not divided:
        return []
    electorate = await electorates.load(ctx.tx, [room.id for room in asked], ctx.setup.nobody)
    says = []
    for town, users in divided:
        data = {"poll": poll, "town": town, "people": await ctx.people(users)}
        untold = set(users)
        while untold:
            where = max(asked, key=lambda room: len(_present(electorate, room, untold)))
            here = _present(electorate, where, untold)
            says.append(Say(key="poll-conflict", data=data, about=poll, room=where, mention=tuple(here)))
            untold -= set(here)
    return says


def _present(electorate: Electorate, room: Room, users: Collection[str]) -> list[str]:
    return sorted(user for user in users if room.id in electorate.voters[user].rooms)
