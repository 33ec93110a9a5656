"""What all that is said in a session shares: the minutes that it belongs to, or why there are none."""

from commands.kit.context import Context
from commands.kit.say import Refusal
from storage import meetings, minutes
from storage.meetings import Meeting
from storage.minutes import Attendance, Line, LineKind, Minutes, MinutesState, Presence


def origin(ctx: Context) -> str:
    """Return the event of the command in hand; of an edit, that of the message edited."""
    edited = ctx.event.relates_to if ctx.event.kind == "edit" else None
    return edited or ctx.event.event_id


async def needed(ctx: Context) -> Minutes:
    """Return the minutes of the session that runs here, which was heard of; refuses where none runs."""
    found = await minutes.running(ctx.tx, ctx.room.id)
    if found is None:
        raise Refusal("session-none")
    heard(ctx, found)
    return found


def heard(ctx: Context, found: Minutes) -> None:
    """Note that something was said about the session: it does not end by itself for a while."""
    found.heard_at = max(found.heard_at, ctx.event.at)


async def meeting_of(ctx: Context, found: Minutes) -> Meeting:
    """Return the date whose minutes these are."""
    return await ctx.tx.get_one(Meeting, found.meeting_id)


async def changeable(ctx: Context, minutes_id: int) -> Minutes:
    """Return the minutes; refuses approved ones and says how they can be changed."""
    found = await minutes.by_id(ctx.tx, minutes_id)
    if found is None:
        raise Refusal("edit-not-run")
    if found.state == MinutesState.APPROVED:
        meeting = await meetings.by_id(ctx.tx, found.meeting_id)
        raise Refusal("minutes-approved", meeting=meeting)
    return found


async def write(ctx: Context, found: Minutes, kind: LineKind, text: str, *, item: int | None = None) -> Line:
    """Add what was just said as a line; who said it is there."""
    line = Line(
        minutes_id=found.id,
        kind=kind,
        text=text,
        at=ctx.event.at,
        by=ctx.sender,
        event_id=ctx.event.event_id,
        source_event_id=ctx.event.event_id,
        agenda_item_id=item,
    )
    ctx.tx.add(line)
    ctx.about = line
    await attend(ctx, found, ctx.sender)
    return line


async def attend(
    ctx: Context, found: Minutes, user_id: str, presence: Presence = Presence.PRESENT, *, event_id: str | None = None
) -> Attendance | None:
    """Note a member as there or excused, because of the event in hand; None where that is known already."""
    before = await minutes.attendance_of(ctx.tx, found.id, user_id)
    if before is not None and before.presence == presence:
        return None
    row = Attendance(
        minutes_id=found.id,
        user_id=user_id,
        presence=presence,
        at=ctx.event.at if ctx.message else ctx.now,
        by=ctx.sender if ctx.message else user_id,
        event_id=event_id or origin(ctx),
    )
    ctx.tx.add(row)
    await ctx.tx.flush()
    return row


async def take_back(ctx: Context, line: Line) -> None:
    """Let a line stand in the minutes no more, nor that who said it was there because of it."""
    line.taken_back_at = ctx.now
    for one in await minutes.attendance_of_event(ctx.tx, line.event_id):
        one.taken_back_at = ctx.now
