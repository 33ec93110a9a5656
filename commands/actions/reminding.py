"""Reminders of action items: whom they reach, and what they say."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from commands.actions import reminders
from commands.actions.audience import asked_for, place_of
from commands.actions.items import REMIND, REMINDER, WAKE, assigned, names, picture, plan_first_reminder, today
from commands.kit.context import Context
from commands.kit.roles import leaders_of
from commands.kit.say import Say
from commands.kit.triggers import Answer, job
from storage import actions, assignment, digests, due, outbox, people, rooms, snoozes
from storage.actions import ActionItem, ActionState
from storage.rooms import Room, RoomKind

ALMOST_A_WEEK = timedelta(days=6)  # holidays move weekly reminders towards each other
LEFT = "action-left"


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom reminders of an item reach: people with the room in which they may be rung, groups with their chairs.

    `towns` are the names of the municipalities for which somebody is asked. `deaf` want no reminders now.
    """

    people: dict[str, Room | None]
    towns: dict[str, list[str]]
    groups: list[tuple[Room, list[str]]]
    deaf: set[str]
    everybody_left: bool

    @property
    def ringable(self) -> set[str]:
        """All people among them."""
        return {*self.people, *(chair for _, chairs in self.groups for chair in chairs)}


@job(REMIND)
async def remind(ctx: Context, action_id: int) -> Answer:
    """Remind whoever has the item: each in the direct chat that they keep with the bot, the others in the room.

    For a municipality up to five people who stand for it are asked; a group is reminded in its room, and its chairs are
    rung. Once, however late, and never outside working hours. Blocked items only when overdue; those who want quiet,
    who have put it off and who left the room not at all. Where all have left, their room hears that nobody has it.
    """
    action = await _in_time(ctx, REMIND, action_id)
    if action is None:
        return None
    await plan_first_reminder(ctx, action, ctx.room)
    asleep, woken = await _asleep(ctx, action)
    await snoozes.wake(ctx.tx, action, woken)
    return None if _waits(ctx, action) else await _reminders(ctx, action, asleep)


@job(WAKE)
async def remind_again(ctx: Context, action_id: int) -> Answer:
    """Remind those who have put an item off until today, unless everybody is just about to be reminded of it."""
    action = await _in_time(ctx, WAKE, action_id)
    if action is None or await due.is_planned(ctx.tx, REMIND, action.id, by=ctx.now):
        return None
    asleep, woken = await _asleep(ctx, action)
    if not woken:
        return None
    await snoozes.wake(ctx.tx, action, woken)
    return None if _waits(ctx, action) else await _reminders(ctx, action, asleep, only=woken)


async def reminder_redrawn(ctx: Context, action: ActionItem, home: Room) -> Say:
    """Show the item's newest state, and who has put it off, in the last reminder of it in this room."""
    asleep, _ = await _asleep(ctx, action, home)
    data = await _reminder(ctx, action, home, ctx.room)
    if ctx.room.kind == RoomKind.DIRECT:
        return ctx.update(REMINDER, about=action, **{**data, "next_on": asleep.get(ctx.sender)})
    known = await names(ctx, set(asleep))
    snoozed = [(known[user], until) for user, until in asleep.items()]
    return ctx.update(REMINDER, about=action, **{**data, "snoozed": snoozed})


async def _in_time(ctx: Context, what: str, action_id: int) -> ActionItem | None:
    """Return the item if it is to be reminded of now; outside working hours the job is put off."""
    action = await actions.find(ctx.tx, action_id)
    if action is None or not action.is_unfinished or action.due_on is None:
        return None
    at = reminders.convenient(ctx.now, ctx.zone)
    if at > ctx.now:
        await ctx.due(what, action, at=at)
        return None
    return action


def _waits(ctx: Context, action: ActionItem) -> bool:
    due_on = action.due_on
    return action.state == ActionState.BLOCKED and due_on is not None and due_on >= today(ctx, ctx.room)


async def _asleep(ctx: Context, action: ActionItem, home: Room | None = None) -> tuple[dict[str, date], list[str]]:
    """Return who has put the item off and until when, and for whom that time is over."""
    now, found = today(ctx, home or ctx.room), await snoozes.of_item(ctx.tx, action)
    asleep = {user: until for user, until in found.items() if until > now}
    return asleep, [user for user in found if user not in asleep]


async def _reminders(
    ctx: Context, action: ActionItem, asleep: Collection[str], only: Collection[str] | None = None
) -> list[Say]:
    """Say it to all whom it reaches and who have not put it off, or to these `only`."""
    audience = await _audience(ctx, action)
    if audience.everybody_left:
        return await _nobody_left(ctx, action)
    wanted = audience.ringable if only is None else audience.ringable & set(only)
    awake = wanted - audience.deaf - set(asleep)
    chats = await people.direct_chats(ctx.tx, [user for user in audience.people if user in awake])
    calls = _calls(audience, awake - set(chats), asleep, everybody=only is None)
    shown = await names(ctx, awake)
    data = await _reminder(ctx, action, ctx.room, ctx.room)
    says: list[Say] = []
    for user, chat in sorted(chats.items()):
        facts: dict[str, Any] = {"group": ctx.room.name, "towns": audience.towns.get(user, [])}
        says.append(Say(key=REMINDER, data={**data, **facts}, about=action, room=chat, mention=(user,)))
    for place, users in calls:
        towns = dict.fromkeys(town for user in users for town in audience.towns.get(user, ()))
        facts = {
            "group": None if place.id == ctx.room.id else ctx.room.name,
            "addressed": [shown[user] for user in users],
            "towns": list(towns),
        }
        says.append(Say(key=REMINDER, data={**data, **facts}, about=action, room=place, mention=tuple(users)))
    return says


def _calls(
    audience: Audience, awake: Collection[str], asleep: Collection[str], *, everybody: bool
) -> list[tuple[Room, list[str]]]:
    """Return in which rooms it is said, and who is rung there.

    A group hears it though nobody is rung, unless all its chairs have put it off; else (not `everybody`) only if a
    chair is rung.
    """
    calls: dict[int, tuple[Room, list[str]]] = {}
    for user, place in audience.people.items():
        if user in awake and place is not None:
            calls.setdefault(place.id, (place, []))[1].append(user)
    for place, chairs in audience.groups:
        rung = [user for user in chairs if user in awake]
        if rung or (everybody and not (chairs and set(chairs) <= set(asleep))):
            users = calls.setdefault(place.id, (place, []))[1]
            users += [user for user in rung if user not in audience.people]
    return list(calls.values())


async def _audience(ctx: Context, action: ActionItem) -> Audience:
    """Find whom the item reaches.

    People count who are in its room or that of a group that has it; who took it from a call, and who stands for a
    municipality, also where they are elsewhere. What a group keeps inside is told elsewhere in direct chats only.
    """
    given_to = await assigned(ctx, action)
    sitting = await assignment.speakers(ctx.tx, action) if given_to.towns else []
    groups = [room for room in given_to.groups if room.joined]
    chairs = await leaders_of(ctx.tx, groups, ctx.setup.nobody) if groups else {}
    spread = await rooms.groups_of(ctx.tx, {*given_to.users, *(user for _, user in sitting)})
    where = {user: [room.id for room in its] for user, its in spread.items()}
    known = {room.id: room for its in spread.values() for room in its} | {ctx.room.id: ctx.room}
    deaf = await people.silent(ctx.tx, {*where, *(user for its in chairs.values() for user in its)}, ctx.now)
    near = [ctx.room.id, *(room.id for room in groups)]
    far = [room.id for room in rooms.in_order(known.values())]
    told = near if ctx.room.id in await digests.kept_inside(ctx.tx) else [*near, *far]
    counted = [*near, *far] if action.wanted else near
    users = [user for user in given_to.users if place_of(where.get(user, ()), counted) is not None]
    deputies = {(town.id, town.deputy) for town in given_to.towns}
    names_of = {town.id: town.name for town in given_to.towns}
    towns: dict[str, list[str]] = {}
    for town, user in asked_for(sitting, deputies, where, ctx.room.id, deaf):
        towns.setdefault(user, []).append(names_of[town])
    places = {user: place_of(where[user], told) for user in [*users, *towns]}
    return Audience(
        people={user: known[place] if place is not None else None for user, place in places.items()},
        towns={user: its for user, its in towns.items() if user not in users},
        groups=[(room, chairs[room.id]) for room in groups],
        deaf=deaf,
        everybody_left=bool(given_to) and not (users or groups or any(user in where for _, user in sitting)),
    )


async def _nobody_left(ctx: Context, action: ActionItem) -> list[Say]:
    """Say in the item's room that all who had it have left, at most weekly."""
    before = await outbox.first_about(ctx.tx, action.noun, action.id, LEFT, ctx.room.id)
    if before is not None and ctx.now - before.created_at < ALMOST_A_WEEK:
        return []
    return [ctx.say(LEFT, about=action, **await _reminder(ctx, action, ctx.room, ctx.room))]


async def _reminder(ctx: Context, action: ActionItem, home: Room, place: Room) -> dict[str, Any]:
    """Return what a reminder of the item says in that place."""
    days = (action.due_on - today(ctx, home)).days if action.due_on else None
    group = None if place is home else home.name
    shown: dict[str, Any] = {"days": days, "group": group, "addressed": [], "towns": [], "next_on": None, "snoozed": []}
    return {**await picture(ctx, action), **shown}
