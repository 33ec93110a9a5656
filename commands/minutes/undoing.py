"""Taking back what was entered last, whatever it is."""

from datetime import datetime
from typing import NamedTuple

from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command
from commands.minutes.running import needed, take_back
from commands.minutes.topics import gone
from storage import actions, due, inbox, minutes, resolutions
from storage.actions import ActionItem
from storage.minutes import Attendance, Line, LineKind, Minutes
from storage.resolutions import Resolution

UNDO_RESOLUTION, UNDO_ACTION = "resolution undo", "action undo"  # done by those who made them
Thing = Line | Attendance | Resolution | ActionItem


class Entered(NamedTuple):
    """Something in the minutes: when the bot heard of it, and who said or tagged it."""

    at: datetime
    thing: Thing
    by: frozenset[str]


@command("undo")
async def undo(ctx: Context) -> Answer:
    """Take back what was entered last; its author may, and who leads the session or writes its minutes."""
    found = await needed(ctx)
    entered = await _entered(ctx, found)
    if not entered:
        raise Refusal("undo-nothing")
    newest = max(entered, key=lambda one: one.at)
    await ctx.allow(Role.CHAIR, or_user=ctx.sender if ctx.sender in newest.by else "")
    return await _take_back(ctx, newest.thing)


async def _entered(ctx: Context, found: Minutes) -> list[Entered]:
    """Return the last of each kind of things."""
    entered = []
    line = await minutes.last_entered(ctx.tx, found.id)
    if line is not None:
        entered.append(await _heard(ctx, line, line.event_id, line.at))
    there = await minutes.newest_attendance(ctx.tx, found)
    if there is not None and (line is None or there.event_id != line.event_id):
        entered.append(await _heard(ctx, there, there.event_id, there.at))
    for newest, undoing in ((resolutions.newest_of_meeting, UNDO_RESOLUTION), (actions.newest_of_meeting, UNDO_ACTION)):
        made = await newest(ctx.tx, found.meeting_id, await due.planned_for(ctx.tx, undoing))
        if made is not None:
            entered.append(Entered(made.created_at, made, frozenset([made.created_by])))
    return entered


async def _heard(ctx: Context, thing: Line | Attendance, event_id: str, at: datetime) -> Entered:
    """Return when an event was heard, for the words of a line may have been said long before."""
    event = await inbox.find(ctx.tx, event_id)
    return Entered(event.at if event else at, thing, frozenset([thing.by, event.sender if event else thing.by]))


async def _take_back(ctx: Context, thing: Thing) -> list[Say]:
    if isinstance(thing, Line):
        await take_back(ctx, thing)
        told = ctx.say("undone", kind=thing.kind, text=thing.text, people=[], name=None)
        return [told, gone(thing)] if thing.kind == LineKind.TOPIC else [told]
    if isinstance(thing, Attendance):
        rows = await minutes.attendance_of_event(ctx.tx, thing.event_id)
        for one in rows:
            one.taken_back_at = ctx.now
        people = await ctx.people([one.user_id for one in rows if one.user_id])
        return [ctx.say("undone", kind=thing.presence, text=None, people=people, name=thing.name)]
    await ctx.due(UNDO_RESOLUTION if isinstance(thing, Resolution) else UNDO_ACTION, thing, at=ctx.now)
    return [ctx.react("✅")]
