"""What all ways to a resolution share: its name, what it replaces, when it is reviewed, and who hears of it."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Any

from commands.kit.context import Context
from commands.kit.dates import to_instant
from commands.kit.minutes import is_approved
from commands.kit.readers import DayReader
from commands.kit.resolutions import OVERVIEW
from commands.kit.say import Refusal, Say
from commands.kit.tagging import Tagged
from commands.kit.texts import zone
from commands.resolutions.rules import looks_like_a_name
from commands.votes.result import result_of
from storage import due, meetings, polls, resolutions, rooms
from storage.minutes import Minutes
from storage.resolutions import Procedure, Resolution, ResolutionName, ResolutionState
from storage.rooms import Room, RoomKind
from storage.words import words_of

REVIEW, TAG = "resolution review", "resolution tag"
CARD = "resolution-entered"
MORNING = time(8)


class ReviewDay(DayReader):
    """A calendar day, today or ahead; only as `prüfen=`, for the word alone is a verb that texts use."""

    bare = False


Review = Annotated[date, ReviewDay()]


def checked(text: str) -> str:
    """Return the text of a resolution; refuses one without words, and one that is only the name of a resolution."""
    if not words_of(text):
        raise Refusal("resolution-text-missing")
    if looks_like_a_name(text):
        raise Refusal("resolution-or-name", written=text)
    return text


def draft(
    ctx: Context, text: str, state: ResolutionState, procedure: Procedure, tagged: Tagged | None = None
) -> Resolution:
    """Return a resolution that the sender brings up, or has tagged, still without its number."""
    return Resolution(
        room_id=ctx.room.id,
        text=checked(text),
        state=state,
        procedure=procedure,
        created_by=ctx.sender,
        created_at=ctx.now,
        closes_at=None,
        decided_at=None,
        decided_on=None,
        review_on=None,
        event_id=tagged.tag.source_event_id if tagged else ctx.event.event_id,
        said_by=tagged.author if tagged else None,
        said_at=tagged.at if tagged else ctx.event.at,
        poll_id=None,
        meeting_id=None,
        replaces_id=None,
        outcome={},
    )


async def settle(
    ctx: Context,
    resolution: Resolution,
    at: datetime,
    ran: Minutes | None,
    replaces: ResolutionName | None,
    review: date | None,
) -> list[Say]:
    """Put what was decided at that instant into the register; returns what another room is told.

    It belongs to the meeting that `ran`, or to the one that was planned for then.
    """
    resolution.meeting_id = ran.meeting_id if ran else await _planned_meeting(ctx, at)
    resolution.decided_at, resolution.decided_on = ctx.now, local_day(ctx, at)
    return await keep(ctx, resolution, at, replaces, review)


async def _planned_meeting(ctx: Context, at: datetime) -> int | None:
    planned = await meetings.running(ctx.tx, ctx.room.id, at)
    return planned.id if planned and not await is_approved(ctx, planned.id) else None


async def keep(
    ctx: Context, resolution: Resolution, at: datetime, replaces: ResolutionName | None, review: date | None
) -> list[Say]:
    """Give a new resolution its number in the year in which it was said; returns what another room is told."""
    resolution.year = local_day(ctx, at).year
    resolution.number = await resolutions.next_number(ctx.tx, resolution.year)
    ctx.tx.add(resolution)
    return await describe(ctx, resolution, replaces, review)


async def describe(
    ctx: Context, resolution: Resolution, replaces: ResolutionName | None, review: date | None
) -> list[Say]:
    """Let a resolution have its text in the register, what it replaces and its review; returns what is told elsewhere.

    Refuses to replace what this room may not, or what is not in force.
    """
    before = resolution.replaces_id
    old = await to_replace(ctx, replaces, ResolutionState(resolution.state), resolution) if replaces else None
    resolution.replaces_id, resolution.review_on = old.id if old else None, review
    await resolutions.index(ctx.tx, resolution)
    if resolution.is_open:
        return []
    await plan_review(ctx, resolution, ctx.room)
    return await told_replaced(ctx, resolution) if resolution.replaces_id != before else []


async def to_replace(
    ctx: Context, name: ResolutionName, state: ResolutionState, resolution: Resolution | None = None
) -> Resolution:
    """Return what a resolution in this state replaces; refuses what this room may not, or what is not in force."""
    old = await resolutions.by_name(ctx.tx, name)
    if old is None:
        raise Refusal("resolution-unknown", name=str(name), direct=False)
    if old.room_id != ctx.room.id and ctx.room.kind not in OVERVIEW:
        home = await ctx.tx.get_one(Room, old.room_id)
        raise Refusal("resolution-of-others", resolution=old, group=home.name)
    if old is resolution or state not in (ResolutionState.ADOPTED, ResolutionState.OPEN):
        raise Refusal("resolution-replaces-nothing", resolution=old)
    if old.is_open or old.state == ResolutionState.WITHDRAWN:
        raise Refusal("resolution-not-in-force", resolution=old)
    successor = await resolutions.replacement(ctx.tx, old)
    if successor is not None and successor is not resolution:
        raise Refusal("resolution-replaced-already", resolution=old, successor=successor)
    return old


async def told_replaced(ctx: Context, resolution: Resolution) -> list[Say]:
    """Tell the room of the resolution that this one replaces, where that is another room."""
    old = await resolutions.by_id(ctx.tx, resolution.replaces_id) if resolution.replaces_id else None
    if old is None or old.room_id == resolution.room_id:
        return []
    home = await ctx.tx.get_one(Room, old.room_id)
    return [ctx.say("resolution-replaced", about=old, room=home, resolution=old, successor=resolution)]


async def plan_review(ctx: Context, resolution: Resolution, home: Room) -> None:
    """Plan that the room hears of the resolution again on its day of review; what was planned before is dropped."""
    await due.cancel(ctx.tx, REVIEW, resolution.id)
    if resolution.review_on is not None:
        at = to_instant(datetime.combine(resolution.review_on, MORNING), zone(home.zone))
        await ctx.due(REVIEW, resolution, at=at, room=home)


async def decide(ctx: Context, resolution: Resolution, home: Room, state: ResolutionState, at: datetime) -> list[Say]:
    """End what goes round or is voted on, on the day of `at`; returns what another room is told of it."""
    resolution.state, resolution.decided_at = state, ctx.now
    resolution.decided_on = at.astimezone(zone(home.zone)).date()
    if state != ResolutionState.ADOPTED:
        resolution.replaces_id = None
        return []
    await plan_review(ctx, resolution, home)
    return await told_replaced(ctx, resolution)


async def take_back(ctx: Context, resolution: Resolution) -> None:
    """Let a resolution hold no more; its number stays taken, and what it replaced holds again."""
    resolution.state, resolution.replaces_id = ResolutionState.WITHDRAWN, None
    await due.cancel(ctx.tx, REVIEW, resolution.id)


def local_day(ctx: Context, at: datetime) -> date:
    """Return the calendar day of an instant by the room's clocks."""
    return at.astimezone(ctx.zone).date()


async def picture(ctx: Context, resolution: Resolution, home: Room) -> dict[str, Any]:
    """Return what texts need to show a resolution: its group, what it replaces, its meeting, and the vote on it."""
    replaces = await resolutions.by_id(ctx.tx, resolution.replaces_id) if resolution.replaces_id else None
    meeting = await meetings.by_id(ctx.tx, resolution.meeting_id) if resolution.meeting_id else None
    poll = await polls.find(ctx.tx, resolution.poll_id) if resolution.poll_id else None
    result = result_of(poll) if poll and not poll.is_open else None
    facts = {"resolution": resolution, "group": home.name, "replaces": replaces}
    return {**facts, "meeting": meeting, "poll": poll, "result": result}


async def audience(ctx: Context, home: Room, asked: Iterable[Room]) -> list[Room]:
    """Return the rooms that hear how something ended: its own, those asked and the main room, each once."""
    found = [home, *asked, *await rooms.of_kind(ctx.tx, RoomKind.MAIN)]
    return list({room.id: room for room in found}.values())
