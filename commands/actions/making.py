"""How an action item is made: of a command's words, or of a message that somebody tagged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from commands.actions import recurring
from commands.actions.items import assigned, first_picture, heard, plan_first_reminder, record
from commands.actions.notes import written
from commands.kit.context import Context
from commands.kit.recurrence import pattern_parts
from commands.kit.say import Refusal, Say
from storage import actions, assignment, meetings, resolutions
from storage.actions import ActionItem, ActionState, MeetingAction
from storage.resolutions import Resolution

TAG = "action tag"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for besides the text: who, until when, tags, and the resolution that is carried out.

    `towns` and `groups` are municipalities and the rooms of groups, by their numbers. `wanted`: somebody is looked for.
    `every` is how often it comes again.
    """

    users: Sequence[str] = ()
    due: date | None = None
    tags: Sequence[str] = ()
    resolution_id: int | None = None
    towns: Sequence[int] = ()
    groups: Sequence[int] = ()
    wanted: bool = False
    every: str | None = None

    def as_details(self) -> dict[str, Any]:
        """Return it as it is kept until a tagged message was read."""
        return {
            "users": list(self.users),
            "due": self.due.isoformat() if self.due else None,
            "tags": list(self.tags),
            "resolution": self.resolution_id,
            "towns": list(self.towns),
            "groups": list(self.groups),
            "wanted": self.wanted,
            "every": self.every,
        }


def wish_of(details: dict[str, Any]) -> Wish:
    """Return the wish that `as_details` gave; nothing was asked for by a reaction."""
    due = details.get("due")
    return Wish(
        users=details.get("users", ()),
        due=date.fromisoformat(due) if due else None,
        tags=details.get("tags", ()),
        resolution_id=details.get("resolution"),
        towns=details.get("towns", ()),
        groups=details.get("groups", ()),
        wanted=details.get("wanted", False),
        every=details.get("every"),
    )


async def make(
    ctx: Context, text: str, wish: Wish, source: str, at: datetime, meeting_id: int | None, said_by: str | None = None
) -> tuple[ActionItem, Say]:
    """Store an item that was said at that instant in the message `source`; returns it and the message that shows it.

    Without a day it is due at the next meeting, and stays so when that is moved: its day is what was read here.
    """
    due_on = wish.due or recurring.own_first_day(ctx, ctx.room, wish.every)
    meeting_day = None if due_on else await _next_meeting_day(ctx)
    action = ActionItem(
        room_id=ctx.room.id,
        text=text,
        state=ActionState.OPEN,
        due_on=due_on or meeting_day,
        created_by=ctx.sender,
        created_at=ctx.now,
        closed_at=None,
        source_event_id=source,
        said_by=said_by,
        said_at=at,
        wanted=wish.wanted,
    )
    ctx.tx.add(action)
    await ctx.tx.flush()
    words = sorted(set(wish.tags))
    assignment.give(ctx.tx, action, sorted(set(wish.users)), wish.towns, wish.groups)
    actions.add_tags(ctx.tx, action, words)
    await ctx.tx.flush()
    given_to = await assigned(ctx, action)
    record(ctx, action, "created", written(given_to))
    await plan_first_reminder(ctx, action, ctx.room)
    if meeting_id is not None:
        ctx.tx.add(MeetingAction(action_id=action.id, meeting_id=meeting_id))
    users, vacant = await heard(ctx, ctx.room, given_to)
    data = {**first_picture(action, given_to, words), "next_meeting": meeting_day is not None, "vacant": vacant}
    data["resolution"] = await _carry_out(ctx, action, wish.resolution_id)
    if wish.every:
        data["shape"] = pattern_parts((await recurring.begin(ctx, action, wish.every)).rrule or "")
    return action, Say(key="action-item", data=data, about=action, mention=users)


async def check_first_day(ctx: Context, wish: Wish) -> None:
    """Refuse to let an item come again that has no day, and no meeting to be due at."""
    if wish.every and not (
        wish.due or recurring.own_first_day(ctx, ctx.room, wish.every) or await _next_meeting_day(ctx)
    ):
        raise Refusal("repeat-day-missing", action=None)


async def _carry_out(ctx: Context, action: ActionItem, resolution_id: int | None) -> Resolution | None:
    resolution = await resolutions.by_id(ctx.tx, resolution_id) if resolution_id is not None else None
    if resolution is not None:
        await resolutions.carried_out_by(ctx.tx, resolution, action)
    return resolution


async def _next_meeting_day(ctx: Context) -> date | None:
    """Return the day of the next meeting; the one that is just running is not meant."""
    coming = await meetings.upcoming(ctx.tx, ctx.now, room_id=ctx.room.id, limit=2)
    return next((one.starts_at.astimezone(ctx.zone).date() for one in coming if one.starts_at > ctx.now), None)
