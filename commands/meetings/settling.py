"""A date poll becomes a meeting."""

from typing import Annotated

from commands.kit.context import Context
from commands.kit.readers import Link, ShortId
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, command
from commands.meetings.arguments import Words
from commands.meetings.calendar import with_file
from commands.meetings.cards import meeting_card
from commands.meetings.changes import checked_title, refuse_clash
from commands.meetings.handlers import set_single, withdraw_once
from commands.meetings.overlaps import warn
from commands.votes.result import interval
from storage import polls
from storage.polls import Poll, PollKind, PollState

PollId = Annotated[int, ShortId("U", "poll")]


@command("meeting settle", role=Role.CHAIR)
async def settle(
    ctx: Context, poll: PollId, option: int, *, link: Link | None = None, place: Words | None = None
) -> Answer:
    """Make one of a poll's dates a meeting of the group that asked; a poll that is still open ends with it."""
    found = await _date_poll(ctx, poll)
    if not 1 <= option <= len(found.options):
        raise Refusal("settle-option", poll=found, chosen=option)
    starts_at, ends_at = interval(found.options[option - 1])
    if starts_at <= ctx.now:
        raise Refusal("date-past", day=starts_at.astimezone(ctx.zone).date())
    await refuse_clash(ctx, starts_at)
    title = checked_title(found.question)
    meeting = await set_single(ctx, starts_at, ends_at, title=title, link=link, place=place)
    if found.is_open:
        found.closes_at = ctx.now
        await ctx.due("poll deadline", found, at=ctx.now)
    asked = (await polls.rooms_of(ctx.tx, [found.id]))[found.id]
    others = [room for room in asked if room is not ctx.room]
    told = [ctx.say("meeting-settled", room=room, poll=found, meeting=meeting, group=ctx.room) for room in others]
    card = await with_file(ctx, meeting_card(ctx, "meeting-opened", meeting), meeting)
    return [card, *await warn(ctx, [meeting]), *told]


settle.redacted(withdraw_once)


async def _date_poll(ctx: Context, number: int) -> Poll:
    poll = await polls.find(ctx.tx, number, lock=True)
    if poll is None or poll.room_id != ctx.room.id or poll.kind != PollKind.DATE:
        raise Refusal("settle-which", number=number)
    if poll.state == PollState.CANCELLED:
        raise Refusal("settle-cancelled", poll=poll)
    return poll
