"""What is said about meetings without being asked: reminders, the start, and the next dates of a series."""

from collections.abc import Sequence
from datetime import datetime

from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.texts import zone
from commands.kit.triggers import Answer, command, job
from commands.meetings import planning, schedule
from commands.meetings.answers import Tally
from commands.meetings.arguments import Lead
from commands.meetings.cards import spoken_leads
from commands.meetings.comers import tally_of
from storage import agenda, meetings, minutes
from storage.agenda import AgendaItem
from storage.meetings import Meeting

MOST_REMINDERS = 5
REMINDED = "meeting-reminder"  # the key of the text


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
    return await reminder(ctx, meeting, await tally_of(ctx, meeting), at=ctx.now, late=ctx.late)


async def reminder(
    ctx: Context, meeting: Meeting, tally: Tally, *, at: datetime, late: bool = False, in_place: bool = False
) -> Say:
    """Remind of a meeting as of that instant; `in_place`: show the newest state in the reminder sent then."""
    data = {
        "meeting": meeting,
        "ahead": schedule.ahead(meeting.starts_at, at, zone(meeting.zone)),
        "late": late,
        "tally": tally,
        "agenda": await agenda_of(ctx, meeting),
    }
    return Say(key=REMINDED, data=data, about=meeting, in_place=in_place)


async def agenda_of(ctx: Context, meeting: Meeting) -> Sequence[AgendaItem]:
    """Return what a group will talk about then; what is for its next meeting only if this is the next one."""
    found = await agenda.of_meeting(ctx.tx, meeting.room_id, meeting.id)
    if all(item.meeting_id is not None for item in found):
        return found
    coming = await meetings.upcoming(ctx.tx, ctx.now, room_id=meeting.room_id, limit=1)
    return found if meeting in coming else [item for item in found if item.meeting_id is not None]


@job(planning.START)
async def announce(ctx: Context, meeting_id: int) -> Answer:
    """Say that a meeting begins, or late that it has begun; nothing once it is over. Its minutes may begin then."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or not meeting.is_planned or not meeting.starts_at <= ctx.now < meeting.ends_at:
        return None
    data = {
        "meeting": meeting,
        "late": ctx.late,
        "tally": await tally_of(ctx, meeting),
        "running": await minutes.running(ctx.tx, ctx.room.id) is not None,
    }
    await ctx.due("minutes scheduled", meeting, at=ctx.now)
    return Say(key="meeting-begins", data=data, about=meeting)


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
