"""What members ask about polls: how one stands, and which there are."""

from commands.kit.context import Context
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, Where, command
from commands.polls import cards
from commands.polls.access import PollId, my_rooms, reach
from commands.votes.counting import standings
from storage import polls
from storage.polls import PollState

RUNNING_SHOWN, CLOSED_SHOWN = 12, 5


@command("poll status", where=Where.ANYWHERE)
async def poll_status(ctx: Context, poll: PollId) -> Answer:
    """Show how a poll stands, or how it ended."""
    found = await reach(ctx, poll)
    if found.state == PollState.CANCELLED:
        raise Refusal("poll-is-cancelled", poll=found)
    results = await standings(ctx.tx, [found], ctx.setup.nobody)
    data = await cards.picture(ctx, found, await cards.asked_rooms(ctx, found), results[found.id])
    if found.is_open:
        return cards.with_names("poll-state", data, found, ctx.room)
    data |= {"late": False, "before": await cards.mean_before(ctx, found)}
    return cards.with_names("poll-result", data, found, ctx.room)


@command("poll list", where=Where.ANYWHERE)
async def list_polls(ctx: Context) -> Answer:
    """List the open polls of this room, then the latest closed ones; in a direct chat those of all my rooms."""
    mine = await my_rooms(ctx)
    running = await polls.open_polls(ctx.tx, mine)
    running, more = running[:RUNNING_SHOWN], len(running[RUNNING_SHOWN:])
    closed = await polls.closed_polls(ctx.tx, mine, CLOSED_SHOWN)
    results = await standings(ctx.tx, [*running, *closed], ctx.setup.nobody)
    return ctx.say("poll-list", running=running, more=more, closed=closed, results=results)
