"""How action items come to be, are shown, reassigned, moved, corrected and withdrawn."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from commands.actions.items import (
    ActionId,
    Entry,
    history,
    link,
    named_item,
    names,
    picture,
    plan_reminder,
    reach,
    reach_unfinished,
    reachable,
    record,
    redrawn,
)
from commands.actions.making import TAG, Wish, make, others
from commands.actions.naming import named_in
from commands.kit.context import Context
from commands.kit.minutes import check_changeable
from commands.kit.pages import pages
from commands.kit.readers import Day, Found, Members, NamedResolution, People, TagWords
from commands.kit.resolutions import reach as reach_resolution
from commands.kit.say import Refusal, Say
from commands.kit.tagging import WordsOrReply, replied_source, tag, untag, waiting
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command, job
from commands.kit.words import Word
from storage import actions, minutes, resolutions, rooms
from storage.actions import ActionItem, ActionState
from storage.resolutions import Resolution, ResolutionName
from storage.rooms import Room


class Anybody(Members):
    """People of this room, or nobody."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found:
        """Refuses names that nobody or more than one person in the room has."""
        return await super().read(words, ctx) or ([], 0)


class ItemText(WordsOrReply):
    """What is to be done; None where the message replied to says it."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found:
        """Refuses silence."""
        found = await super().read(words, ctx)
        if found is None:
            raise Refusal("action-text-missing")
        return found


AssignedTo = Annotated[list[Name], Anybody()]
What = Annotated[str | None, ItemText()]


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

    As a reply to a message about a resolution, or with its name, it carries that resolution out. Without words, as
    a reply to what a member said, it is made of that. In a meeting it stands in the minutes, and is acknowledged only.
    """
    meant = await named_item(ctx, text or "")
    if meant is not None:
        raise Refusal("action-or-new", action=meant)
    resolution = await _meant_resolution(ctx, carries)
    users = await _meant_people(ctx, assignees, text)
    wish = Wish(users, due, tags or (), resolution.id if resolution else None)
    running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
    source = await replied_source(ctx) if text is None else None
    if text is None:
        assert source is not None  # noqa: S101 - else the reader has refused
        await tag(ctx, TAG, source, **wish.as_details(), minutes=running.id if running else None)
        return None
    arose = ctx.event.relates_to or ctx.event.event_id
    action, card = await make(ctx, text, wish, arose, ctx.event.at, running.meeting_id if running else None)
    return ctx.react("✅", about=action) if running else card


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
    """Change what the first text said; whom and when later commands have set stays, as does the text of a message."""
    if await waiting(ctx):
        raise Refusal("edit-not-run")
    action, home = await reach_unfinished(ctx, action_id)
    await check_changeable(ctx, await actions.meeting_of(ctx.tx, action))
    if text is not None:
        action.text, action.said_by = text, None
    elif action.said_by is None:
        raise Refusal("action-text-missing")
    later = {one.what for one in await actions.history(ctx.tx, action)}
    before, day_before = await _assigned(ctx, action), action.due_on
    users = before if "assigned" in later else await _meant_people(ctx, assignees, text)
    await actions.assign(ctx.tx, action, users)
    await actions.tag(ctx.tx, action, tags or [])
    if due is not None and due != action.due_on and "due" not in later:
        action.due_on = due
        await plan_reminder(ctx, action, home)
    if carries is not None:
        resolution, _ = await reach_resolution(ctx, carries)
        await resolutions.carried_out_by(ctx.tx, resolution, action)
    record(ctx, action, "edited")
    new = others(ctx, [user for user in users if user not in before])
    if not new or await minutes.running(ctx.tx, home.id):
        return [ctx.react("✏️"), await redrawn(ctx, action, home)]
    told = await _told(ctx, action, home, before=before, day_before=day_before, mention=new)
    return [ctx.react("✏️"), told, await redrawn(ctx, action, home)]


@create.redacted
async def withdraw(ctx: Context, action_id: int) -> Answer:
    """Drop the item whose message was deleted, unless it is finished."""
    return await take_back(ctx, action_id, "withdrawn")


async def take_back(ctx: Context, action_id: int, what: str) -> Answer:
    """Drop an item that shall not have been given, unless it is finished; also before its message was read.

    Refuses what stands in approved minutes.
    """
    if ctx.message is not None and (tagged := await waiting(ctx)):
        await untag(ctx, tagged.id)
        return None
    found = await reachable(ctx, action_id)
    if found is None or not found[0].is_unfinished:
        return None
    action, home = found
    await check_changeable(ctx, await actions.meeting_of(ctx.tx, action))
    await actions.not_in_meeting(ctx.tx, action)
    action.state, action.closed_at = ActionState.DROPPED, ctx.now
    record(ctx, action, what)
    await plan_reminder(ctx, action, home)
    return await redrawn(ctx, action, home)


@job("action undo")
async def undo(ctx: Context, action_id: int) -> Answer:
    """Take an item back, as the newest thing of the minutes; says so where it is finished or cannot change."""
    try:
        await reach_unfinished(ctx, action_id)
        return await take_back(ctx, action_id, "undone")
    except Refusal as refusal:
        return ctx.say(refusal.key, **refusal.data)


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
    new = others(ctx, [user for user in users if user not in before])
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


async def _meant_resolution(ctx: Context, name: ResolutionName | None) -> Resolution | None:
    """Return the resolution that is named, or that the message replied to is about."""
    if name is not None:
        return (await reach_resolution(ctx, name))[0]
    if ctx.replied is not None and ctx.replied[0] == Resolution.noun:
        return await ctx.tx.get_one(Resolution, ctx.replied[1])
    return None


async def _meant_people(ctx: Context, assignees: Sequence[Name], text: str | None) -> list[str]:
    """Return who is named before the text; by MeetBot's word also whom the text itself names.

    Otherwise a name in the text may be anything: `!aufgabe Anna anrufen` is nothing for Anna.
    """
    if assignees or text is None or not ctx.event.text.lstrip().startswith("#"):
        return [one.user_id for one in assignees]
    people = [Name(one.user_id, one.name) for one in await rooms.members(ctx.tx, ctx.room)]
    return named_in(text, [one for one in people if one.user_id not in ctx.setup.nobody])


def _continued(action: ActionItem, more: Sequence[Sequence[Entry]]) -> Say | None:
    if not more:
        return None
    return Say(key="action-history", data={"action": action, "entries": more[0]}, thread=_continued(action, more[1:]))
