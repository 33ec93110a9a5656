"""What the end of a session means for the agenda, and what going on with it takes back."""

from commands.kit.context import Context
from commands.minutes import rules
from storage import agenda, minutes
from storage.agenda import AgendaItem, AgendaState
from storage.minutes import LineKind, Minutes


async def settle(ctx: Context, found: Minutes) -> list[AgendaItem]:
    """Close what was talked about; returns what was put off, which is open for the next meeting."""
    items = await agenda.of_meeting(ctx.tx, ctx.room.id, found.meeting_id)
    done, left = rules.settled(items, await minutes.items_met(ctx.tx, found.id), LineKind.TOPIC)
    for item in done:
        item.state, item.closed_at = AgendaState.DONE, found.ended_at
    for item in left:
        item.postponed += 1
    for item in items:
        if item.is_open:
            item.meeting_id = None
    return left


async def reopen(ctx: Context, found: Minutes) -> None:
    """Let the agenda be as it was before the session ended."""
    met = await minutes.items_met(ctx.tx, found.id)
    closed = await agenda.by_ids(ctx.tx, met)
    done = [one for one in closed.values() if one.state == AgendaState.DONE and one.closed_at == found.ended_at]
    for item in done:
        item.state, item.closed_at = AgendaState.OPEN, None
    ended_at = found.ended_at or ctx.now
    for item in await agenda.of_meeting(ctx.tx, ctx.room.id, found.meeting_id) if met else []:
        if item not in done and item.postponed and item.created_at <= ended_at:
            item.postponed -= 1
