"""How action items come to be, are shown, reassigned, moved, corrected and withdrawn."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from commands.actions.items import (
    ActionId,
    Entry,
    first_picture,
    history,
    link,
    named_item,
    names,
    picture,
    plan_first_reminder,
    plan_reminder,
    reach,
    reach_unfinished,
    reachable,
    record,
    redrawn,
)
from commands.kit.context import Context
from commands.kit.pages import pages
from commands.kit.readers import Day, Found, Members, NamedResolution, People, Rest, TagWords
from commands.kit.resolutions import reach as reach_resolution
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command
from commands.kit.words import Word
from storage import actions, meetings, resolutions, rooms
from storage.actions import ActionItem, ActionState
from storage.resolutions import Resolution, ResolutionName
from storage.rooms import Room


class Anybody(Members):
    """People of this room, or nobody."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found:
        """Refuses names that nobody or more than one person in the room has."""
        return await super().read(words, ctx) or ([], 0)


class ItemText(Rest):
    """What is to be done."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses silence: the text of the message replied to is not known."""
        if not words:
            raise Refusal("action-text-missing")
        return await super().read(words, ctx)


AssignedTo = Annotated[list[Name], Anybody()]
What = Annotated[str, ItemText()]


@command("action create")
async def create(
    ctx: Context,
    assignees: AssignedTo,
    text: What,
    *,
    due: Day | None = None,
    tags: TagWords | None = None,
    carries: NamedResolution | None = None,
) -> Answer:
    """Note who does what until when; without a day until the group's next meeting, if there is one.

    As a reply to a message about a resolution, or with its name, it carries that resolution out.
    """
    meant = await named_item(ctx, text)
    if meant is not None:
        raise Refusal("action-or-new", action=meant)
    meeting_day = None if due else await _next_meeting_day(ctx)
    action = ActionItem(
        room_id=ctx.room.id,
        text=text,
        state=ActionState.OPEN,
        due_on=due or meeting_day,
        created_by=ctx.sender,
        created_at=ctx.now,
        closed_at=None,
        source_event_id=ctx.event.relates_to or ctx.event.event_id,
    )
    ctx.tx.add(action)
    await ctx.tx.flush()
    users, words = sorted({one.user_id for one in assignees}), sorted(set(tags or []))
    actions.describe(ctx.tx, action, users, words)
    record(ctx, action, "created")
    await plan_first_reminder(ctx, action, ctx.room)
    resolution = await _carry_out(ctx, action, carries)
    data = {**first_picture(action, await ctx.people(users), words), "next_meeting": meeting_day is not None}
    data["resolution"] = resolution
    return Say(key="action-item", data=data, about=action, mention=_others(ctx, users))


@create.edited
async def correct(
    ctx: Context,
    action_id: int,
    assignees: AssignedTo,
    text: What,
    *,
    due: Day | None = None,
    tags: TagWords | None = None,
    carries: NamedResolution | None = None,
) -> Answer:
    """Change what the first text said; whom and when later commands have set stays."""
    action, home = await reach_unfinished(ctx, action_id)
    later = {one.what for one in await actions.history(ctx.tx, action)}
    before, day_before = await _assigned(ctx, action), action.due_on
    users = before if "assigned" in later else [one.user_id for one in assignees]
    action.text = text
    await actions.assign(ctx.tx, action, users)
    await actions.tag(ctx.tx, action, tags or [])
    if due is not None and due != action.due_on and "due" not in later:
        action.due_on = due
        await plan_reminder(ctx, action, home)
    if carries is not None:
        await _carry_out(ctx, action, carries)
    record(ctx, action, "edited")
    new = _others(ctx, [user for user in users if user not in before])
    told = [await _told(ctx, action, home, before=before, day_before=day_before, mention=new)] if new else []
    return [ctx.react("✏️"), *told, await redrawn(ctx, action, home)]


@create.redacted
async def withdraw(ctx: Context, action_id: int) -> Answer:
    """Drop the item whose message was deleted, unless it is finished."""
    found = await reachable(ctx, action_id)
    if found is None or not found[0].is_unfinished:
        return None
    action, home = found
    action.state, action.closed_at = ActionState.DROPPED, ctx.now
    record(ctx, action, "withdrawn")
    await plan_reminder(ctx, action, home)
    return await redrawn(ctx, action, home)


@command("action show", where=Where.ANYWHERE)
async def show(ctx: Context, action: ActionId) -> Answer:
    """Show an item with all that happened to it, the newest first."""
    found, home = await reach(ctx, action)
    entries = list(reversed(await history(ctx, found)))
    first, *more = pages(entries)
    data = {**await picture(ctx, found), "link": link(found, home), "entries": first, "rest": len(entries) - len(first)}
    return Say(key="action-shown", data=data, about=found, thread=_continued(found, more))


@command("action change", where=Where.ANYWHERE)
async def change(ctx: Context, action: ActionId, *, assignees: People | None = None, due: Day | None = None) -> Answer:
    """Give an item to other people (instead of those before), or another day."""
    found, home = await reach_unfinished(ctx, action)
    before, day_before = await _assigned(ctx, found), found.due_on
    users = [one.user_id for one in assignees] if assignees else before
    if set(users) != set(before):
        await _check_members(ctx, home, assignees or [])
        await actions.assign(ctx.tx, found, users)
        record(ctx, found, "assigned", " ".join(users))
    if due is not None and due != day_before:
        found.due_on = due
        record(ctx, found, "due", due.isoformat())
        await plan_reminder(ctx, found, home)
    if set(users) == set(before) and found.due_on == day_before:
        return ctx.react("👍")
    new = _others(ctx, [user for user in users if user not in before])
    told = await _told(ctx, found, home, before=before, day_before=day_before, mention=new)
    return [ctx.react("👍"), told, await redrawn(ctx, found, home)]


async def _told(
    ctx: Context,
    action: ActionItem,
    home: Room,
    *,
    before: list[str],
    day_before: date | None = None,
    mention: tuple[str, ...],
) -> Say:
    """Say in the item's room who has it now, and until when if `day_before` was another day."""
    after = await _assigned(ctx, action)
    people = await names(ctx, {*before, *after, ctx.sender})
    data = {
        "action": action,
        "people": [people[user] for user in after] if set(after) != set(before) else [],
        "before": [people[user] for user in before],
        "due_on": action.due_on if action.due_on != day_before else None,
        "day_before": day_before,
        "by": None if home is ctx.room else people[ctx.sender],
    }
    return Say(key="action-changed", data=data, about=action, room=home, mention=mention)


async def _assigned(ctx: Context, action: ActionItem) -> list[str]:
    return (await actions.assignees(ctx.tx, [action.id])).get(action.id, [])


async def _check_members(ctx: Context, home: Room, people: Sequence[Name]) -> None:
    """Refuse people who are not in the item's room: in a direct chat those of other rooms can be named too."""
    present = {one.user_id for one in await rooms.members(ctx.tx, home)}
    strangers = [one for one in people if one.user_id not in present]
    if strangers:
        raise Refusal("action-stranger", people=strangers, group=home.name)


async def _carry_out(ctx: Context, action: ActionItem, name: ResolutionName | None) -> Resolution | None:
    """Let the item carry out the resolution that is named, or that the message replied to is about."""
    if name is not None:
        resolution, _ = await reach_resolution(ctx, name)
    elif ctx.replied is not None and ctx.replied[0] == Resolution.noun:
        resolution = await ctx.tx.get_one(Resolution, ctx.replied[1])
    else:
        return None
    await resolutions.carried_out_by(ctx.tx, resolution, action)
    return resolution


async def _next_meeting_day(ctx: Context) -> date | None:
    """Return the day of the next meeting; the one that is just running is not meant."""
    coming = await meetings.upcoming(ctx.tx, ctx.now, room_id=ctx.room.id, limit=2)
    return next((one.starts_at.astimezone(ctx.zone).date() for one in coming if one.starts_at > ctx.now), None)


def _others(ctx: Context, users: Sequence[str]) -> tuple[str, ...]:
    return tuple(user for user in users if user != ctx.sender)


def _continued(action: ActionItem, more: Sequence[Sequence[Entry]]) -> Say | None:
    if not more:
        return None
    return Say(key="action-history", data={"action": action, "entries": more[0]}, thread=_continued(action, more[1:]))
