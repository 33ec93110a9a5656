"""Which date is meant where its name may be left out, and whether it can still be answered."""

from datetime import datetime

from commands.kit.context import Context
from commands.kit.say import Refusal
from commands.kit.which_meeting import places, replied_meeting
from storage import meetings
from storage.meetings import Meeting, MeetingState
from storage.rooms import RoomKind

SUGGESTED = 3


async def meant(ctx: Context, meeting: Meeting | None) -> Meeting:
    """Return the date that was named, else the one replied to, else this group's next one.

    In a direct chat nothing but a name or a reply tells which.
    """
    if ctx.room.kind == RoomKind.PLAIN:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    found = meeting or await replied_meeting(ctx)
    if found is not None:
        return found
    here = [room.id for room in await places(ctx)]
    query = meetings.listing(ctx.now, here).where(Meeting.state == MeetingState.PLANNED)
    coming = (await ctx.tx.scalars(query.limit(SUGGESTED))).all()
    if coming and ctx.room.kind != RoomKind.DIRECT:
        return coming[0]
    raise Refusal("meeting-which", coming=coming, direct=ctx.room.kind == RoomKind.DIRECT)


def closed(meeting: Meeting, now: datetime) -> str | None:
    """Return the key of the text that says why nobody can answer to a date any more; None while people can."""
    if not meeting.is_planned:
        return "meeting-not-on"
    return "meeting-is-over" if meeting.ends_at <= now else None


async def meant_open(ctx: Context, meeting: Meeting | None) -> Meeting:
    """Return the date that is meant, see `meant`; refuses one that does not take place or is over."""
    found = await meant(ctx, meeting)
    why = closed(found, ctx.now)
    if why is not None:
        raise Refusal(why, meeting=found)
    return found
