"""How members say whether they come: by command or by reaction; one answer per event, and the latest counts."""

from collections.abc import Collection
from datetime import timedelta

from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, bare_key, command, job, reaction
from commands.meetings import answers
from commands.meetings.announcements import REMINDED, reminder
from commands.meetings.arguments import WhichMeeting
from commands.meetings.cards import meeting_card
from commands.meetings.comers import answers_of, tally_of
from commands.meetings.which import closed, meant, meant_open
from storage import due, meetings, outbox, rooms, rsvps
from storage.meetings import Meeting
from storage.rooms import Room, RoomKind
from storage.rsvps import Answered, Rsvp

SHOW = "meeting answers"
BETWEEN = timedelta(seconds=5)  # what is answered meanwhile is shown by one edit
OWN = "meeting-"  # what texts about a date begin with that ask who comes
LISTED = 12  # lines of municipalities on one phone screen
KEYS = {
    "👍": rsvps.Answer.ACCEPTED,
    "✅": rsvps.Answer.ACCEPTED,
    "👎": rsvps.Answer.DECLINED,
    "❌": rsvps.Answer.DECLINED,
    "🤔": rsvps.Answer.TENTATIVE,
    "❓": rsvps.Answer.TENTATIVE,
}


@command("meeting accept", where=Where.ANYWHERE)
async def accept(ctx: Context, meeting: WhichMeeting | None = None) -> Answer:
    """Say that I come: to that date, the one replied to, or this group's next one."""
    return await _by_command(ctx, meeting, rsvps.Answer.ACCEPTED)


@command("meeting decline", where=Where.ANYWHERE)
async def decline(ctx: Context, meeting: WhichMeeting | None = None) -> Answer:
    """Say that I do not come."""
    return await _by_command(ctx, meeting, rsvps.Answer.DECLINED)


@command("meeting tentative", where=Where.ANYWHERE)
async def tentative(ctx: Context, meeting: WhichMeeting | None = None) -> Answer:
    """Say that I may come."""
    return await _by_command(ctx, meeting, rsvps.Answer.TENTATIVE)


@reaction(Meeting.noun, *KEYS)
async def answer_by_reaction(ctx: Context, meeting_id: int) -> Answer:
    """Answer by a reaction to what the bot says of a date; that it is too late is said once per date.

    A reaction to a cancellation answers nothing: it takes note of it. Nor does one to the date's agenda.
    """
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    target = await outbox.find(ctx.tx, ctx.event.relates_to or "")
    if meeting is None or target is None or not target.key.startswith(OWN) or not await _may_answer(ctx, meeting):
        return None
    why = closed(meeting, ctx.now)
    if why is None:
        await _answer(ctx, meeting, KEYS[bare_key(ctx.event.text)])
        return None
    noted = target.key == "meeting-cancelled"
    return None if noted or await ctx.said(why, meeting) else ctx.say(why, about=meeting, meeting=meeting)


@accept.edited
@decline.edited
@tentative.edited
async def correct(ctx: Context, _: int, meeting: WhichMeeting | None = None) -> Answer:
    """Let the answer be one to another date."""
    said = await rsvps.of_event(ctx.tx, ctx.event.relates_to or "")
    if said is None:
        raise Refusal("edit-not-run")
    found = await meant_open(ctx, meeting)
    before = await meetings.by_id(ctx.tx, said.meeting_id)
    said.meeting_id = found.id
    for one in (before, found):
        if one is not None:
            await show_soon(ctx, one)
    ctx.about = found
    return ctx.react("✏️")


@accept.redacted
@decline.redacted
@tentative.redacted
@answer_by_reaction.redacted
async def take_back(ctx: Context, meeting_id: int) -> Answer:  # noqa: ARG001 - the event tells which answer
    """Let the answer before it count again."""
    said = await rsvps.of_event(ctx.tx, ctx.event.relates_to or "")
    found = await meetings.by_id(ctx.tx, said.meeting_id) if said else None
    if said is None or found is None:
        return None
    await ctx.tx.delete(said)
    await show_soon(ctx, found)
    return None


@command("meeting rsvps", where=Where.ANYWHERE)
async def list_answers(ctx: Context, meeting: WhichMeeting | None = None) -> Answer:
    """Show who comes to a date, by municipality, and who does not."""
    found = await meant(ctx, meeting)
    home = await ctx.tx.get_one(Room, found.room_id)
    said = await answers_of(ctx, found)
    accepted, declined, maybe = (answers.of_kind(said, one) for one in rsvps.Answer)
    towns = [(town, _names(people)) for town, people in answers.by_town(accepted)]
    members = await rooms.count_members(ctx.tx, home, without=ctx.setup.nobody)
    data = {
        "meeting": found,
        "tally": answers.tally(said),
        "towns": towns[:LISTED],
        "more": len(towns[LISTED:]),
        "declined": _names(declined),
        "tentative": _names(maybe),
        "silent": members - len(said),
    }
    rest = Say(key="meeting-rsvps-rest", data={"towns": towns[LISTED:]}) if towns[LISTED:] else None
    return Say(key="meeting-rsvps", data=data, about=found, thread=rest)


async def show_soon(ctx: Context, meeting: Meeting) -> None:
    """Let the messages about a date show who comes, at most once in five seconds however many answer."""
    await ctx.tx.flush()
    if closed(meeting, ctx.now) is None and not await due.is_planned(ctx.tx, SHOW, meeting.id):
        home = await ctx.tx.get_one(Room, meeting.room_id)
        await ctx.due(SHOW, meeting, at=ctx.now + BETWEEN, room=home)


@job(SHOW)
async def show_answers(ctx: Context, meeting_id: int) -> Answer:
    """Show who comes where the date was announced, and in the last reminder of it."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or closed(meeting, ctx.now) is not None:
        return None
    tally = await tally_of(ctx, meeting)
    says = [meeting_card(ctx, "meeting-opened", meeting, tally, in_place=True)]
    reminded = await ctx.said(REMINDED, meeting)
    if reminded is not None:
        says.append(await reminder(ctx, meeting, tally, at=reminded.created_at, in_place=True))
    return says


async def _by_command(ctx: Context, meeting: Meeting | None, said: rsvps.Answer) -> Answer:
    await _answer(ctx, await meant_open(ctx, meeting), said)
    return ctx.react("✅")


async def _answer(ctx: Context, meeting: Meeting, said: rsvps.Answer) -> None:
    ctx.about = meeting
    ctx.tx.add(
        Rsvp(
            meeting_id=meeting.id,
            user_id=ctx.sender,
            answer=said,
            said_at=ctx.event.at,
            event_id=ctx.event.event_id,
        )
    )
    await show_soon(ctx, meeting)


async def _may_answer(ctx: Context, meeting: Meeting) -> bool:
    """Whether the reaction stands in the date's room, or in the direct chat of a member of it."""
    if ctx.room.id == meeting.room_id:
        return True
    home = await ctx.tx.get_one(Room, meeting.room_id)
    return ctx.room.kind == RoomKind.DIRECT and await rooms.is_member(ctx.tx, home, ctx.sender)


def _names(people: Collection[Answered]) -> list[Name]:
    return [Name(one.user_id, one.name) for one in people]
