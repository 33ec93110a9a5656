"""How polls end: at their deadline, before it, when all have voted, or without a result; and who is reminded."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.context import Context
from commands.kit.readers import Deadline
from commands.kit.say import Refusal, Say
from commands.kit.setup import Setup
from commands.kit.triggers import Answer, command, job
from commands.polls import cards
from commands.polls.access import PollId, allow_leading, reach_open
from commands.votes import electorate as electorates
from commands.votes.ballots import chosen
from commands.votes.counting import cast_of, limit_of, recount
from commands.votes.electorate import Electorate
from commands.votes.result import counts_municipalities, result_of
from storage import due, people, polls
from storage.polls import Poll, PollState
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
    home = await ctx.tx.get_one(Room, poll.room_id)
    await ctx.due(DEADLINE, poll, at=poll.closes_at + GRACE, room=home)
    if poll.closes_at - LEAD > ctx.now:
        await ctx.due(REMINDER, poll, at=poll.closes_at - LEAD, room=home)


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
    if poll.shown_at is not None and ctx.now < poll.shown_at + BETWEEN:
        await show_soon(ctx, poll)
        return None
    shown, before = poll.outcome, {town for town, _ in result_of(poll).conflicts}
    await recount(ctx.tx, poll, ctx.setup.nobody)
    result = result_of(poll)
    if poll.ends_with_all and result.all_voted:
        return await close(ctx, poll)
    if poll.outcome == shown:
        return None
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
    rung = [user for user in missing if user not in silent]
    names = {one.user_id: one for one in await ctx.people(rung)}
    data = {"poll": poll, "by_town": counts_municipalities(poll), "prefix": ctx.setup.prefix}
    return [
        Say(
            key="poll-reminder",
            data={**data, "people": [names[user] for user in here]},
            about=poll,
            room=room,
            mention=tuple(here),
        )
        for room, here in _fewest_rooms(electorate, asked, rung)
    ]


@command("poll close")
async def close_poll(ctx: Context, poll: PollId) -> Answer:
    """Close a poll before its deadline."""
    found = await reach_open(ctx, poll)
    await allow_leading(ctx, found)
    if len(await cards.asked_rooms(ctx, found)) == 1:
        return await close(ctx, found)
    # What was said before this in another room may be read after it.
    found.closes_at = ctx.event.at
    await plan(ctx, found)
    return ctx.say("poll-ends", poll=found, about=found)


@command("poll extend")
async def extend_poll(ctx: Context, poll: PollId, *, closes: Deadline) -> Answer:
    """Move a poll's deadline; the old one stays visible."""
    found = await reach_open(ctx, poll)
    await allow_leading(ctx, found)
    before = found.closes_at
    if closes <= before:
        raise Refusal("poll-not-longer", poll=found)
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


async def move_out(tx: AsyncSession, setup: Setup, now: datetime) -> datetime | None:  # noqa: ARG001 - as upkeep is called
    """Let polls go on in another room that is asked, if the bot has left the one that they were asked from."""
    return await polls.move_due(tx, (DEADLINE, REMINDER, STATUS))


async def close(ctx: Context, poll: Poll, *, late: bool = False) -> list[Say]:
    """Count for the last time and tell the result; who could vote is kept with it."""
    poll.state, poll.closed_at = PollState.CLOSED, ctx.now
    poll.closes_at = min(poll.closes_at, ctx.message.at if ctx.message else ctx.now)
    electorate = await recount(ctx.tx, poll, ctx.setup.nobody)
    poll.electorate = electorates.frozen(electorate)
    await _over(ctx, poll)
    return await cards.ending(ctx, poll, "poll-result", late=late, before=await cards.mean_before(ctx, poll))


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


async def _missing(ctx: Context, poll: Poll, electorate: Electorate) -> list[str]:
    """Those who may vote and have not; where municipalities vote, those of one of which nobody has."""
    casts = [cast_of(row) for row in (await polls.ballots(ctx.tx, [poll.id]))[poll.id]]
    voted = chosen(casts, limit_of(poll))
    voters = sorted(electorate.voters.values(), key=lambda one: one.user_id)
    if not counts_municipalities(poll):
        return [one.user_id for one in voters if one.user_id not in voted]
    towns = {one.town for one in voters if one.user_id in voted}
    return [one.user_id for one in voters if one.town is not None and one.town not in towns]


async def _conflicts(
    ctx: Context, poll: Poll, asked: Sequence[Room], divided: Sequence[tuple[str, Sequence[str]]]
) -> list[Say]:
    """Tell those whose municipality has no vote because they differ, in as few rooms as reach them all."""
    if not divided:
        return []
    electorate = await electorates.load(ctx.tx, [room.id for room in asked], ctx.setup.nobody)
    names = {one.user_id: one for one in await ctx.people([user for _, users in divided for user in users])}
    says = []
    for town, users in divided:
        data = {"poll": poll, "town": town, "people": [names[user] for user in users]}
        for room, here in _fewest_rooms(electorate, asked, users):
            says.append(Say(key="poll-conflict", data=data, about=poll, room=room, mention=tuple(here)))
    return says


def _fewest_rooms(
    electorate: Electorate, asked: Sequence[Room], users: Collection[str]
) -> Iterator[tuple[Room, Sequence[str]]]:
    """Rooms that reach these people, each of them in one: first the room that reaches most."""
    rest = set(users)
    while rest:
        room = max(asked, key=lambda one: len(_present(electorate, one, rest)))
        here = _present(electorate, room, rest)
        rest -= set(here)
        yield room, here


def _present(electorate: Electorate, room: Room, users: Collection[str]) -> list[str]:
    return sorted(user for user in users if room.id in electorate.voters[user].rooms)
