"""How action items come to be, are shown, reassigned, moved, corrected and withdrawn."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from commands.actions import recurring
from commands.actions.items import (
    MOVING,
    ActionId,
    Heard,
    assigned,
    group_notices,
    heard,
    named_item,
    plan_reminder,
    reach_unfinished,
    reachable,
    record,
    redrawn,
)
from commands.actions.making import TAG, Wish, check_first_day, make
from commands.actions.naming import named_in
from commands.actions.notes import written
from commands.actions.recurring import Every
from commands.kit.assigned import NOBODY, Assigned
from commands.kit.context import Context
from commands.kit.minutes import check_changeable
from commands.kit.readers import Day, Found, NamedResolution, TagWords
from commands.kit.resolutions import reach as reach_resolution
from commands.kit.say import Refusal, Say
from commands.kit.tagging import WordsOrReply, replied_source, tag, untag, waiting
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command, job
from commands.kit.who import Assignees, GivenTo, NamedAssignees
from commands.kit.words import Word
from storage import actions, assignment, minutes, resolutions, rooms
from storage.actions import ActionItem, ActionState
from storage.resolutions import Resolution, ResolutionName
from storage.rooms import Room


class Anybody(Assignees):
    """People of this room, groups and municipalities, or nobody."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found:
        """Refuses names with an at sign that are nobody's or more than one's."""
        return await super().read(words, ctx) or (NOBODY, 0)


class ItemText(WordsOrReply):
    """What is to be done; None where the message replied to says it."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found:
        """Refuses silence."""
        found = await super().read(words, ctx)
        if found is None:
            raise Refusal("action-text-missing")
        return found


AssignedTo = Annotated[Assigned, Anybody()]
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
    bodies: NamedAssignees = NOBODY,
    every: Every | None = None,
) -> Answer:
    """Note who does what until when; without a day until the group's next meeting, if there is one.

    As a reply to a message about a resolution, or with its name, it carries that resolution out. Without words, as
    a reply to what a member said, it is made of that. In a meeting it stands in the minutes, and is acknowledged only.
    """
    given_to = await _meant(ctx, assignees, bodies, text)
    check_others(given_to, ctx.room)
    resolution = await meant_resolution(ctx, carries)
    wish = Wish(
        users=given_to.users,
        due=due,
        tags=tags or (),
        resolution_id=resolution.id if resolution else None,
        towns=given_to.town_ids,
        groups=given_to.group_ids,
        every=every,
    )
    return await made(ctx, text, wish, given_to.groups)


async def made(ctx: Context, text: str | None, wish: Wish, groups: Sequence[Room] = ()) -> Answer:
    """Make an item of a command's text, or, without, of the message replied to; tells the groups that are to do it."""
    meant = await named_item(ctx, text or "")
    if meant is not None:
        raise Refusal("action-or-new", action=meant)
    await check_first_day(ctx, wish)
    running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
    source = await replied_source(ctx) if text is None else None
    if text is None:
        assert source is not None  # noqa: S101 - else the reader has refused
        await tag(ctx, TAG, source, **wish.as_details(), minutes=running.id if running else None)
        return None
    arose = ctx.event.relates_to or ctx.event.event_id
    action, card = await make(ctx, text, wish, arose, ctx.event.at, running.meeting_id if running else None)
    told = await group_notices(ctx, action, ctx.room, groups)
    return [ctx.react("✅", about=action) if running else card, *told]


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
    bodies: NamedAssignees = NOBODY,
    every: Every | None = None,
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
    before, day_before = await assigned(ctx, action), action.due_on
    after = before if later & {*MOVING} else await _meant(ctx, assignees, bodies, text)
    check_others(after, home)
    await _assign(ctx, action, after)
    await actions.tag(ctx.tx, action, tags or [])
    if due is not None and due != action.due_on and "due" not in later:
        action.due_on = due
        await plan_reminder(ctx, action, home)
    await recurring.correct(ctx, action, home, every, later)
    if carries is not None:
        resolution, _ = await reach_resolution(ctx, carries)
        await resolutions.carried_out_by(ctx.tx, resolution, action)
    record(ctx, action, "edited", None if after.ids == before.ids else written(after))
    notices = await group_notices(ctx, action, home, after.without(before).groups)
    shown = [*notices, *await redrawn(ctx, action, home, also=before.groups)]
    called = await heard(ctx, home, after, before)
    if not called.users or await minutes.running(ctx.tx, home.id):
        return [ctx.react("✏️"), *shown]
    told = await _told(ctx, action, home, before=before, after=after, day_before=day_before, called=called)
    return [ctx.react("✏️"), told, *shown]


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


@command("action change", where=Where.ANYWHERE)
async def change(
    ctx: Context,
    action: ActionId,
    once: Literal["once"] | None = None,
    *,
    assignees: GivenTo = NOBODY,
    due: Day | None = None,
    every: Every | None = None,
) -> Answer:
    """Give an item to others (instead of those before), another day, or let it come again or no more."""
    found, home = await reach_unfinished(ctx, action)
    before, day_before = await assigned(ctx, found), found.due_on
    after = assignees or before
    moved = after.ids != before.ids
    if moved:
        check_others(after, home)
        await _check_members(ctx, home, before, after)
        await _assign(ctx, found, after)
        record(ctx, found, "assigned", written(after))
    if due is not None and due != day_before:
        found.due_on = due
        record(ctx, found, "due", due.isoformat())
        await plan_reminder(ctx, found, home)
    told = []
    if moved or found.due_on != day_before:
        called = await heard(ctx, home, after, before)
        told = [await _told(ctx, found, home, before=before, after=after, day_before=day_before, called=called)]
        told += await group_notices(ctx, found, home, after.without(before).groups)
    told += await recurring.change(ctx, found, home, recurring.ONCE if once else every)
    if not told:
        return ctx.react("👍")
    return [ctx.react("👍"), *told, *await redrawn(ctx, found, home, also=before.groups)]


async def _told(
    ctx: Context,
    action: ActionItem,
    home: Room,
    *,
    before: Assigned,
    after: Assigned,
    day_before: date | None = None,
    called: Heard,
) -> Say:
    """Say in the item's room who has it now, and until when if `day_before` was another day."""
    (by,) = await ctx.people([ctx.sender])
    data = {
        "action": action,
        "people": after.shown if after.ids != before.ids else [],
        "before": before.shown,
        "due_on": action.due_on if action.due_on != day_before else None,
        "day_before": day_before,
        "by": None if home is ctx.room else by,
        "vacant": called.vacant,
    }
    return Say(key="action-changed", data=data, about=action, room=home, mention=called.users)


async def _assign(ctx: Context, action: ActionItem, to: Assigned) -> None:
    await assignment.assign(ctx.tx, action, to.users, to.town_ids, to.group_ids)


def check_others(given_to: Assigned, home: Room) -> None:
    """Refuse to give an item to the group whose item it is anyway."""
    if home.id in given_to.group_ids:
        raise Refusal("action-own-group", group=home.key)


async def _check_members(ctx: Context, home: Room, before: Assigned, after: Assigned) -> None:
    """Refuse people who are neither in the item's room nor in a group that has it: also others can be named."""
    places = [home, *before.groups, *after.groups]
    present = {*before.users, *(one.user_id for one in await rooms.joined_in(ctx.tx, places))}
    strangers = [one for one in after.people if one.user_id not in present]
    if strangers:
        raise Refusal("assignee-stranger", people=strangers, group=home.name)


async def meant_resolution(ctx: Context, name: ResolutionName | None) -> Resolution | None:
    """Return the resolution that is named, or that the message replied to is about."""
    if name is not None:
        return (await reach_resolution(ctx, name))[0]
    if ctx.replied is not None and ctx.replied[0] == Resolution.noun:
        return await ctx.tx.get_one(Resolution, ctx.replied[1])
    return None


async def _meant(ctx: Context, assignees: Assigned, bodies: Assigned, text: str | None) -> Assigned:
    """Return who is named before the text and by the option; by MeetBot's word also whom the text itself names.

    Otherwise a name in the text may be anything: `!aufgabe Anna anrufen` is nothing for Anna.
    """
    named = assignees.and_(bodies)
    if named or text is None or not ctx.event.text.lstrip().startswith("#"):
        return named
    people = [Name(one.user_id, one.name) for one in await rooms.members(ctx.tx, ctx.room)]
    users = named_in(text, [one for one in people if one.user_id not in ctx.setup.nobody])
    return Assigned([one for one in people if one.user_id in users])
