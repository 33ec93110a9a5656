"""Reminders of a date that somebody wants for themselves, in the direct chat with the bot."""

from datetime import timedelta

from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.texts import zone
from commands.kit.triggers import Answer, Where, command, job
from commands.kit.which_meeting import places
from commands.meetings import planning, schedule
from commands.meetings.announcements import MOST_REMINDERS
from commands.meetings.arguments import Lead, WhichMeeting
from commands.meetings.which import meant_open
from storage import meetings, personal_reminders, rooms
from storage.meetings import Meeting
from storage.personal_reminders import PersonalReminder
from storage.rooms import Room, RoomKind


@command("meeting remind me", where=Where.ANYWHERE)
async def remind_me(ctx: Context, meeting: WhichMeeting | None = None, lead: Lead = schedule.HOUR) -> Answer:
    """Remind me of a date in the direct chat, so long before it."""
    found = await meant_open(ctx, meeting)
    chat = await _chat(ctx)
    mine = [one for one in await personal_reminders.of_meetings(ctx.tx, [found.id]) if one.user_id == ctx.sender]
    wanted = _checked(ctx, found, lead)
    reminder = next((one for one in mine if one.lead == wanted), None)
    if reminder is None:
        if len(mine) >= MOST_REMINDERS:
            raise Refusal("remind-me-too-many", meeting=found, most=MOST_REMINDERS)
        reminder = PersonalReminder(meeting_id=found.id, user_id=ctx.sender, room_id=chat.id, lead=wanted)
        ctx.tx.add(reminder)
    return await _planned(ctx, reminder, found, chat, "✅")


@remind_me.edited
async def change_mine(
    ctx: Context, number: int, meeting: WhichMeeting | None = None, lead: Lead = schedule.HOUR
) -> Answer:
    """Let the reminder be of another date or at another time, as long as it was not sent."""
    reminder = await personal_reminders.by_id(ctx.tx, number)
    if reminder is None:
        raise Refusal("edit-not-run")
    found = await meant_open(ctx, meeting)
    chat = await _chat(ctx)
    wanted = _checked(ctx, found, lead)
    for other in await personal_reminders.of_meetings(ctx.tx, [found.id]):
        if other is not reminder and (other.user_id, other.lead) == (ctx.sender, wanted):
            await personal_reminders.forget(ctx.tx, planning.PRIVATE, [other])
    reminder.meeting_id, reminder.lead, reminder.room_id = found.id, wanted, chat.id
    return await _planned(ctx, reminder, found, chat, "✏️")


@remind_me.redacted
async def withdraw_mine(ctx: Context, number: int) -> Answer:
    """Forget a reminder that was not sent yet."""
    reminder = await personal_reminders.by_id(ctx.tx, number)
    if reminder is not None:
        await personal_reminders.forget(ctx.tx, planning.PRIVATE, [reminder])
    return None


@command("meeting remind me off", where=Where.ANYWHERE)
async def remind_me_no_more(ctx: Context, meeting: WhichMeeting | None = None) -> Answer:
    """Forget my reminders of that date, or of all dates of this group; in the direct chat of all groups."""
    mine = await personal_reminders.of_person(ctx.tx, ctx.sender, [room.id for room in await places(ctx)])
    if meeting is not None:
        mine = [one for one in mine if one.meeting_id == meeting.id]
    if not mine:
        raise Refusal("remind-me-none", meeting=meeting)
    await personal_reminders.forget(ctx.tx, planning.PRIVATE, mine)
    return ctx.react("✅")


@job(planning.PRIVATE)
async def remind_privately(ctx: Context, number: int) -> Answer:
    """Remind somebody once of a date that has not begun; of several reminders overdue only the nearest is sent.

    A cancelled date keeps its reminders, should it take place after all; who left the group is not reminded.
    """
    reminder = await personal_reminders.by_id(ctx.tx, number)
    meeting = await meetings.by_id(ctx.tx, reminder.meeting_id) if reminder else None
    if reminder is None or meeting is None or not meeting.is_planned:
        return None
    wanted = await personal_reminders.of_meetings(ctx.tx, [meeting.id])
    instants = [planning.private_at(meeting, one) for one in wanted if one.user_id == reminder.user_id]
    await ctx.tx.delete(reminder)
    late = schedule.overtaken(planning.private_at(meeting, reminder), instants, ctx.now)
    home = await ctx.tx.get_one(Room, meeting.room_id)
    if late or meeting.starts_at <= ctx.now or not await rooms.is_member(ctx.tx, home, reminder.user_id):
        return None
    ahead = schedule.ahead(meeting.starts_at, ctx.now, zone(meeting.zone))
    data = {"meeting": meeting, "group": home, "ahead": ahead, "late": ctx.late}
    return Say(key="meeting-private-reminder", data=data, about=meeting, mention=(reminder.user_id,))


async def _chat(ctx: Context) -> Room:
    """The direct chat of the sender; refuses where there is none, for the bot opens none (decision 4)."""
    if ctx.room.kind == RoomKind.DIRECT:
        return ctx.room
    chat = await rooms.direct_chat(ctx.tx, ctx.sender)
    if chat is None:
        raise Refusal("remind-me-no-chat", me=(await ctx.people([ctx.setup.user_id]))[0])
    return chat


def _checked(ctx: Context, meeting: Meeting, lead: timedelta) -> str:
    """The length as it is stored; refuses one that has passed already."""
    if schedule.reminder_at(meeting.starts_at, lead, zone(meeting.zone)) <= ctx.now:
        raise Refusal("remind-me-too-late", meeting=meeting, leads=[schedule.length_of(lead)])
    return str(schedule.length_of(lead))


async def _planned(ctx: Context, reminder: PersonalReminder, meeting: Meeting, chat: Room, key: str) -> Answer:
    """Plan a reminder; the direct chat hears when it will come, and the group nothing but a reaction."""
    await planning.plan_private(ctx, [meeting])
    ctx.about = reminder
    at = planning.private_at(meeting, reminder)
    said = ctx.say("remind-me-set", room=chat, meeting=meeting, at=at)
    if chat is ctx.room and key == "✅":
        return said
    return [ctx.react(key), said]
