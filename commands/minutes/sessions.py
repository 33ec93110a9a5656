"""How sessions begin and end: by command, by reaction, by schedule, and by silence."""

from datetime import datetime
from typing import Any

from commands.kit import meeting_names
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, job, reaction
from commands.minutes import rules
from commands.minutes.agendas import reopen, settle
from commands.minutes.running import attend, meeting_of, needed
from storage import actions, agenda, due, inbox, meeting_rules, meetings, minutes, resolutions, rsvps
from storage.meetings import Meeting, MeetingState
from storage.minutes import Minutes, MinutesState
from storage.rsvps import Answer as Reply

SCHEDULED, QUIET = "minutes scheduled", "minutes silence"
STARTED, ENDED = "session-started", "session-ended"
TITLES = {"de": "Sitzung", "en": "Meeting"}
LONGEST_TITLE = 150
ITEMS_SHOWN = 12
NAMES_SHOWN = 8


@command("session start", role=Role.CHAIR)
async def start(ctx: Context, title: str = "") -> Answer:
    """Start the session of the date that is nearest, or of one that is made for now."""
    await _refuse_second(ctx)
    at = ctx.event.at
    near = await meetings.startable(ctx.tx, ctx.room.id, at - rules.MARGIN, at + rules.MARGIN)
    return await _begin(ctx, rules.nearest(near, at) or await _unplanned(ctx, title), at)


@start.edited
async def retitle(ctx: Context, minutes_id: int, title: str = "") -> Answer:
    """Give a session that was not planned another title; a planned date keeps its own."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    if found is None or not await _made_by(ctx, found):
        raise Refusal("edit-not-run")
    meeting = await meeting_of(ctx, found)
    meeting.title = _title(ctx, title)
    meeting.sequence += 1
    return [ctx.react("✏️"), Say(key=STARTED, about=found, in_place=True, data=await _picture(ctx, meeting))]


@start.redacted
async def withdraw(ctx: Context, minutes_id: int) -> Answer:
    """Undo a start of which nothing has come; else refuse."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    if found is None or not found.is_running:
        return None
    meeting = await meeting_of(ctx, found)
    if await _has_content(ctx, found):
        raise Refusal("session-not-withdrawn", meeting=meeting)
    data = {"meeting": meeting, "gone": True, **dict.fromkeys(("items", "accepted", "declined"), ())}
    told = Say(key=STARTED, about=found, in_place=True, data={**data, "more": 0, "late": False})
    await due.cancel(ctx.tx, QUIET, found.id)
    await ctx.tx.delete(meeting if await _made_by(ctx, found) else found)
    return told


@reaction(Meeting.noun, "▶️")
async def start_by_reaction(ctx: Context, meeting_id: int) -> Answer:
    """Start the session of a date by a chair's reaction to a message about it; what does not count gets no words."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or meeting.room_id != ctx.room.id or await ctx.role() < Role.CHAIR:
        return None
    await _refuse_second(ctx)
    at = ctx.event.at
    near = await meetings.startable(ctx.tx, ctx.room.id, at - rules.MARGIN, at + rules.MARGIN)
    if meeting not in near:
        raise Refusal("session-not-now", meeting=meeting)
    return await _begin(ctx, meeting, at)


@job(SCHEDULED)
async def start_by_schedule(ctx: Context, meeting_id: int) -> Answer:
    """Start the session of a date at its time, where the group wants that; not once it is over or another one runs."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or not meeting.is_planned or not meeting.starts_at <= ctx.now < meeting.ends_at:
        return None
    if not (await meeting_rules.of_room(ctx.tx, ctx.room.id)).starts_by_itself:
        return None
    if await minutes.of_meeting(ctx.tx, meeting_id) or await minutes.running(ctx.tx, ctx.room.id):
        return None
    return await _begin(ctx, meeting, meeting.starts_at)


@command("session end")
async def end(ctx: Context) -> Answer:
    """End the session; its minutes are a draft then."""
    found = await minutes.running(ctx.tx, ctx.room.id)
    if found is None:
        last = await _resumable(ctx)
        raise Refusal("session-none-to-end", last=last, meeting=await meeting_of(ctx, last) if last else None)
    await ctx.allow(Role.CHAIR)
    return await _end(ctx, found, max(ctx.event.at, found.started_at), by=ctx.sender)


@command("session resume", role=Role.CHAIR)
async def resume(ctx: Context) -> Answer:
    """Go on with the last session, up to a day after its end and as long as its minutes are a draft."""
    await _refuse_second(ctx)
    found = await _resumable(ctx)
    if found is None:
        raise Refusal("session-resume-none")
    meeting = await meeting_of(ctx, found)
    if found.state == MinutesState.APPROVED:
        raise Refusal("minutes-approved", meeting=meeting)
    await reopen(ctx, found)
    found.state, found.ended_at, found.ended_by = MinutesState.RUNNING, None, None
    found.heard_at = max(found.heard_at, ctx.event.at)
    await ctx.due(QUIET, found, at=rules.quiet_at(found.heard_at, meeting.ends_at))
    return ctx.say("session-resumed", about=found, minutes=found, meeting=meeting)


@job(QUIET)
async def end_in_silence(ctx: Context, minutes_id: int) -> Answer:
    """End a session of which nothing was heard for an hour, but not before its planned end."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    if found is None or not found.is_running:
        return None
    quiet_at = rules.quiet_at(found.heard_at, (await meeting_of(ctx, found)).ends_at)
    if ctx.now < quiet_at:
        await ctx.due(QUIET, found, at=quiet_at)
        return None
    return await _end(ctx, found, quiet_at, by=None)


@command("session show")
async def show(ctx: Context) -> Answer:
    """Say which session runs, since when and at which topic."""
    found = await needed(ctx)
    topic = await minutes.newest_line(ctx.tx, found.id, [minutes.LineKind.TOPIC])
    return ctx.say("session-shown", about=found, minutes=found, meeting=await meeting_of(ctx, found), topic=topic)


async def _begin(ctx: Context, meeting: Meeting, at: datetime) -> Say:
    found = Minutes(
        room_id=ctx.room.id,
        meeting_id=meeting.id,
        state=MinutesState.RUNNING,
        started_at=at,
        started_by=ctx.sender,
        heard_at=at,
        leads=[ctx.sender] if ctx.message is not None else [],
        scribes=[],
        version=0,
    )
    ctx.tx.add(found)
    await ctx.due(QUIET, found, at=rules.quiet_at(at, meeting.ends_at))
    if ctx.message is not None:
        await attend(ctx, found, ctx.sender)
    return ctx.say(STARTED, about=found, **await _picture(ctx, meeting))


async def _end(ctx: Context, found: Minutes, at: datetime, by: str | None) -> Say:
    found.state, found.ended_at, found.ended_by = MinutesState.DRAFT, at, by
    await due.cancel(ctx.tx, QUIET, found.id)
    put_off = await settle(ctx, found)
    meeting = await meeting_of(ctx, found)
    await ctx.due("minutes draft", found, at=ctx.now)
    return ctx.say(ENDED, about=found, minutes=found, meeting=meeting, put_off=put_off)


async def _unplanned(ctx: Context, title: str) -> Meeting:
    """Make a date for a session that nobody planned."""
    at = ctx.event.at
    meeting = Meeting(
        room_id=ctx.room.id,
        original=at.astimezone(ctx.zone).replace(tzinfo=None),
        title=_title(ctx, title),
        starts_at=at,
        ends_at=at + rules.SILENCE,
        zone=ctx.room.zone,
        state=MeetingState.PLANNED,
        override=False,
        sequence=0,
        created_by=ctx.sender,
        created_at=ctx.now,
    )
    await meeting_names.name(ctx, [meeting])
    ctx.tx.add(meeting)
    await ctx.tx.flush()
    return meeting


def _title(ctx: Context, title: str) -> str:
    if len(title) > LONGEST_TITLE:
        raise Refusal("text-too-long", length=len(title), limit=LONGEST_TITLE)
    return title.strip() or TITLES[ctx.room.language]


async def _refuse_second(ctx: Context) -> None:
    found = await minutes.running(ctx.tx, ctx.room.id)
    if found is not None:
        raise Refusal("session-runs", minutes=found, meeting=await meeting_of(ctx, found))


async def _resumable(ctx: Context) -> Minutes | None:
    found = await minutes.latest(ctx.tx, ctx.room.id)
    recent = found is not None and found.ended_at is not None and ctx.event.at - found.ended_at <= rules.RESUMABLE
    return found if recent else None


async def _made_by(ctx: Context, found: Minutes) -> bool:
    """Whether the date of the session was made by the command in hand, as nothing was planned."""
    started = await inbox.find(ctx.tx, ctx.event.relates_to or "")
    meeting = await meeting_of(ctx, found)
    return started is not None and (meeting.created_at, meeting.starts_at) == (started.at, found.started_at)


async def _has_content(ctx: Context, found: Minutes) -> bool:
    if await minutes.last_entered(ctx.tx, found.id):
        return True
    if any(one.user_id != found.started_by for one in await minutes.attendance(ctx.tx, found.id)):
        return True
    made = (actions.newest_of_meeting, resolutions.newest_of_meeting)
    return any([await one(ctx.tx, found.meeting_id) for one in made])


async def _picture(ctx: Context, meeting: Meeting) -> dict[str, Any]:
    items = await agenda.of_meeting(ctx.tx, ctx.room.id, meeting.id)
    replies = (await rsvps.latest(ctx.tx, [meeting.id]))[meeting.id]
    accepted = [user for user, answer in replies.items() if answer == Reply.ACCEPTED]
    declined = [user for user, answer in replies.items() if answer == Reply.DECLINED]
    return {
        "meeting": meeting,
        "items": items[:ITEMS_SHOWN],
        "more": len(items[ITEMS_SHOWN:]),
        "accepted": await _some(ctx, accepted),
        "declined": await _some(ctx, declined),
        "late": ctx.late,
        "gone": False,
    }


async def _some(ctx: Context, users: list[str]) -> dict[str, Any]:
    return {"people": await ctx.people(users[:NAMES_SHOWN]), "more": len(users[NAMES_SHOWN:])}
