"""How the agenda is shown, and how it fills itself before a meeting."""

from datetime import timedelta

from commands.agenda.arguments import WhichDate
from commands.agenda.board import card, load, next_meeting, redraw
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, command, job
from storage import meetings

LAST_DAYS = timedelta(days=3)  # in which everybody has seen the agenda


@command("agenda show")
async def show(ctx: Context, date: WhichDate | None = None) -> Answer:
    """Show the agenda of the next meeting, or of another date."""
    return await card(ctx, await load(ctx, ctx.room, date or await next_meeting(ctx, ctx.room)))


@command("agenda fill", role=Role.CHAIR)
async def fill_now(ctx: Context) -> Answer:
    """Put all that wants to be talked about on the agenda of the next meeting, and show it."""
    meeting = await next_meeting(ctx, ctx.room)
    if meeting is None:
        raise Refusal("agenda-fill-no-date")
    return await card(ctx, await load(ctx, ctx.room, meeting, adding=True))


@job("agenda fill")
async def fill(ctx: Context, meeting_id: int) -> Answer:
    """Fill the agenda of a date and show it, once in its last days; what was shown in these is brought up to date."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or not meeting.is_planned or meeting.ends_at <= ctx.now:
        return None
    board = await load(ctx, ctx.room, meeting, adding=True)
    shown = await ctx.said("agenda", meeting)
    if shown is not None and shown.created_at >= meeting.starts_at - LAST_DAYS:
        return await redraw(ctx, board) if board.changed else None
    return await card(ctx, board) if board.items else None
