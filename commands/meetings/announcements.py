"""What is said about meetings without being asked: reminders, the start, and the next dates of a series."""

from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.texts import zone
from commands.kit.triggers import Answer, command, job
from commands.meetings import planning, schedule
from commands.meetings.arguments import Lead
from commands.meetings.cards import spoken_leads
from storage import meetings

MOST_REMINDERS = 5


@job(planning.REMINDER)
async def remind(ctx: Context, meeting_id: int) -> Answer:
    """Remind of a meeting that has not begun; of several reminders that are overdue only the nearest is sent."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or not meeting.is_planned or meeting.starts_at <= ctx.now:
        return None
    where = zone(meeting.zone)
    instants = schedule.reminders(meeting.starts_at, planning.leads(ctx), where)
    if schedule.overtaken(ctx.planned or ctx.now, instants, ctx.now):
        return None
    ahead = schedule.ahead(meeting.starts_at, ctx.now, where)
    return ctx.say("meeting-reminder", about=meeting, meeting=meeting, ahead=ahead, late=ctx.late)


@job(planning.START)
async def announce(ctx: Context, meeting_id: int) -> Answer:
    """Say that a meeting begins, or late that it has begun; nothing once it is over."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or not meeting.is_planned or not meeting.starts_at <= ctx.now < meeting.ends_at:
        return None
    return ctx.say("meeting-begins", about=meeting, meeting=meeting, late=ctx.late)


@job(planning.TOP_UP)
async def top_up(ctx: Context, series_id: int) -> Answer:
    """Plan the next dates of a series when one of them is over."""
    series = await meetings.series_by_id(ctx.tx, series_id)
    if series is not None and series.ended_at is None:
        await planning.top_up(ctx, series)
    return None


@command("meeting reminders")
async def set_reminders(ctx: Context, *leads: Lead) -> Answer:
    """Choose how long before its meetings this group is reminded; without a choice, show it."""
    if leads:
        await ctx.allow(Role.CHAIR)
        if len(set(leads)) > MOST_REMINDERS:
            raise Refusal("reminders-too-many", most=MOST_REMINDERS)
        await planning.set_leads(ctx, leads)
    return ctx.say("meeting-reminders", leads=spoken_leads(ctx), changed=bool(leads))


@command("meeting reminders off", role=Role.CHAIR)
async def no_reminders(ctx: Context) -> Answer:
    """Send no reminders in this group; the start is announced all the same."""
    await planning.set_leads(ctx, ())
    return ctx.say("meeting-reminders", leads=[], changed=True)
