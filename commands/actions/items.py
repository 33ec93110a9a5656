"""What all commands on action items share: to find one, to show it, to write its history, to plan its reminder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from commands.actions import reminders
from commands.actions.notes import Noted, noted
from commands.kit.assigned import NOBODY, Assigned, assigned_to
from commands.kit.context import Context
from commands.kit.readers import ShortId
from commands.kit.recurrence import Shape, pattern_parts
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name, event_link, zone
from storage import actions, assignment, due, municipalities, outbox, recurring, resolutions, rooms, snoozes
from storage.actions import ActionChange, ActionItem, ActionState
from storage.rooms import Room, RoomKind

REMIND, WAKE = "action remind", "action wake"
REMINDER = "action-reminder"
SETTLING = ("done", "blocked", "dropped", "withdrawn", "undone")  # changes that say why an item is not open
GIVING = ("created", "edited", "assigned")  # changes whose note says to whom the item was given
MOVING = ("assigned", "taken", "returned")  # changes after which the first text no longer says who has the item

ActionId = Annotated[int, ShortId("A", "action")]
LetteredActionId = Annotated[int, ShortId("A", "action", strict=True)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an item's history as texts show it.

    `people` are those to whom it was given, municipalities and groups by name; `day` is for `due`, `shape` for
    `repeats`, `note` for the rest.
    """

    what: str
    at: datetime
    by: Name
    note: str | None = None
    people: tuple[Name | str, ...] = ()
    day: date | None = None
    shape: Shape | None = None


async def reachable(ctx: Context, number: int) -> tuple[ActionItem, Room] | None:
    """Return the item and its room: one of this room, one that its group is to do, or one that it was reminded of.

    In a direct chat one of any room that the sender is in, and one that concerns the sender.
    """
    action = await actions.find(ctx.tx, number)
    if action is None:
        return None
    if action.room_id == ctx.room.id:
        return action, ctx.room
    home = await ctx.tx.get_one(Room, action.room_id)
    return (action, home) if await _is_reached(ctx, action, home) else None


async def _is_reached(ctx: Context, action: ActionItem, home: Room) -> bool:
    if ctx.room.kind != RoomKind.DIRECT:
        told = await assignment.is_given_to(ctx.tx, action, ctx.room.id)
        return told or bool(await outbox.first_about(ctx.tx, action.noun, action.id, REMINDER, ctx.room.id))
    return await rooms.is_member(ctx.tx, home, ctx.sender) or await assignment.concerns(ctx.tx, action, ctx.sender)


async def reach(ctx: Context, number: int) -> tuple[ActionItem, Room]:
    """Return the item and its room; raises Refusal where it cannot be reached from here."""
    found = await reachable(ctx, number)
    if found is None:
        raise Refusal("action-unknown", number=number, direct=ctx.room.kind == RoomKind.DIRECT)
    return found


async def reach_unfinished(ctx: Context, number: int) -> tuple[ActionItem, Room]:
    """Return the item and its room as `reach` does; raises Refusal also where there is nothing left to do."""
    action, home = await reach(ctx, number)
    if not action.is_unfinished:
        raise Refusal("action-finished", **await picture(ctx, action))
    return action, home


async def named_item(ctx: Context, text: str) -> ActionItem | None:
    """Return the item of this room that a text names with its first word (`14 bis morgen`)."""
    digits = text.split(maxsplit=1)[0].upper().removeprefix("A").rstrip(",:") if text else ""
    if not digits.isdecimal() or len(digits) > 9:  # noqa: PLR2004 - more is no number that anyone means
        return None
    found = await reachable(ctx, int(digits))
    return found[0] if found else None


def record(ctx: Context, action: ActionItem, what: str, note: str | None = None) -> None:
    """Write down what the sender, or a job on the sender's behalf, changed about the item."""
    action.revision, action.changed_at = (action.revision or 0) + 1, ctx.now
    ctx.tx.add(
        ActionChange(
            action_id=action.id,
            at=ctx.now,
            by=ctx.sender,
            what=what,
            note=note or None,
            event_id=ctx.message.event_id if ctx.message else None,
        )
    )


async def history(ctx: Context, action: ActionItem) -> list[Entry]:
    """Return what happened to the item, oldest first."""
    changes = await actions.history(ctx.tx, action)
    people = await names(ctx, {user for one in changes for user in (one.by, *_given_to(one).users)})
    return [_entry(one, people) for one in changes]


async def names(ctx: Context, user_ids: set[str]) -> dict[str, Name]:
    """Return these people as texts show them, by user id."""
    return {one.user_id: one for one in await ctx.people(user_ids)}


async def assigned(ctx: Context, action: ActionItem) -> Assigned:
    """Return who is to do the item."""
    return (await assigned_to(ctx.tx, [action.id]))[action.id]


async def picture(ctx: Context, action: ActionItem) -> dict[str, Any]:
    """Return what texts need to show the item as it stands: who, tags, and what settled it if it is not open."""
    await ctx.tx.flush()
    is_open = action.state == ActionState.OPEN
    settled = None if is_open else await actions.latest(ctx.tx, action, SETTLING)
    people = await names(ctx, {settled.by} if settled else set())
    tags = (await actions.tags(ctx.tx, [action.id])).get(action.id, [])
    data = first_picture(action, await assigned(ctx, action), tags)
    data["resolution"] = (await resolutions.of_actions(ctx.tx, [action.id])).get(action.id)
    data |= await _recurrence(ctx, action)
    return {**data, "settled": _entry(settled, people) if settled else None}


async def _recurrence(ctx: Context, action: ActionItem) -> dict[str, Any]:
    """Return how the item comes again, which one it follows, and which one follows it."""
    found = (await recurring.rules(ctx.tx, [action.id])).get(action.id)
    if found is None:
        return {}
    next_one = await recurring.following(ctx.tx, action) if action.state == ActionState.DONE else None
    return {
        "shape": pattern_parts(found.rrule) if found.rrule else None,
        "follows": found.follows_id,
        "followed_by": next_one.id if next_one and next_one.state != ActionState.DROPPED else None,
    }


def first_picture(action: ActionItem, given_to: Assigned, tags: Sequence[str]) -> dict[str, Any]:
    """Return what texts need to show an item that was just made."""
    return {
        "action": action,
        "assigned": given_to,
        "people": given_to.shown,
        "vacant": (),
        "tags": tags,
        "settled": None,
        "next_meeting": False,
        "resolution": None,
        "shape": None,
        "follows": None,
        "followed_by": None,
    }


async def redrawn(ctx: Context, action: ActionItem, home: Room, *, also: Iterable[Room] = ()) -> list[Say]:
    """Show the item's newest state in the messages that announced it: in its room, and to the groups that have it.

    `also` are groups that had it before.
    """
    data = await picture(ctx, action)
    told = {one.id: one for one in (*data["assigned"].groups, *also)}
    says = [ctx.update("action-item", about=action, room=home, **data)]
    return says + [
        ctx.update("action-for-group", about=action, room=one, **_for_group(action, home, data, one))
        for one in told.values()
    ]


async def group_notices(ctx: Context, action: ActionItem, home: Room, groups: Sequence[Room]) -> list[Say]:
    """Tell these groups, each in its own room, that they are to do an item of another; nobody is rung."""
    if not groups:
        return []
    data = await picture(ctx, action)
    return [
        Say(key="action-for-group", data=_for_group(action, home, data, one), about=action, room=one) for one in groups
    ]


def _for_group(action: ActionItem, home: Room, data: dict[str, Any], group: Room) -> dict[str, Any]:
    theirs = group.id in data["assigned"].group_ids
    return {**data, "giver": home.name, "link": link(action, home), "theirs": theirs}


class Heard(NamedTuple):
    """Who is rung about an item, and the names of municipalities that nobody in its room stands for."""

    users: tuple[str, ...]
    vacant: Sequence[str]


async def heard(ctx: Context, home: Room, given_to: Assigned, before: Assigned = NOBODY) -> Heard:
    """Return who is to be told that an item is theirs: people, and who in its room stands for the municipalities.

    Never the sender, who knows, nor who had it before, nor bots.
    """
    new = given_to.without(before)
    sitting = await municipalities.sitting_in(ctx.tx, home.id, new.town_ids)
    users = [*new.users, *(user for number in new.town_ids for user in sitting.get(number, ()))]
    silent = {ctx.sender, *before.users, *ctx.setup.nobody}
    return Heard(
        tuple(user for user in dict.fromkeys(users) if user not in silent),
        [one.name for one in new.towns if one.id not in sitting],
    )


def link(action: ActionItem, home: Room) -> str | None:
    """Return the permalink of the message that the item arose from."""
    return event_link(home.matrix_id, action.source_event_id) if action.source_event_id else None


def today(ctx: Context, home: Room) -> date:
    """Return the calendar day in the item's room."""
    return ctx.now.astimezone(zone(home.zone)).date()


async def plan_reminder(ctx: Context, action: ActionItem, home: Room) -> None:
    """Plan the item's next reminder; what was planned before is dropped, and nobody has put it off any more."""
    await due.cancel(ctx.tx, REMIND, action.id)
    await due.cancel(ctx.tx, WAKE, action.id)
    await snoozes.wake(ctx.tx, action)
    if action.is_unfinished:
        await plan_first_reminder(ctx, action, home)


async def plan_first_reminder(ctx: Context, action: ActionItem, home: Room) -> None:
    """Plan a reminder for an item that waits for none."""
    if action.due_on is None:
        return
    day = reminders.next_day(action.due_on, today(ctx, home))
    await ctx.due(REMIND, action, at=reminders.morning(day, zone(home.zone)), room=home)


def _entry(change: ActionChange, people: dict[str, Name]) -> Entry:
    given_to = _given_to(change)
    shown: tuple[Name | str, ...] = (*(people[user] for user in given_to.users), *given_to.bodies)
    day = date.fromisoformat(change.note) if change.what == "due" and change.note else None
    shape = pattern_parts(change.note) if change.what == "repeats" and change.note else None
    note = None if change.what in GIVING or day or shape else change.note
    return Entry(change.what, change.at, people[change.by], note, shown, day, shape)


def _given_to(change: ActionChange) -> Noted:
    return noted(change.note) if change.what in GIVING else Noted()
