"""Reminders of action items, and how people put them off."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from commands.actions import reminders
from commands.actions.items import (
    REMIND,
    LetteredActionId,
    names,
    picture,
    plan_reminder,
    reach_unfinished,
    reachable,
    today,
)
from commands.kit.context import Context
from commands.kit.dates import to_instant
from commands.kit.readers import DayReader, Found
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command, job, reaction
from commands.kit.words import Word, normalise
from storage import actions, people
from storage.actions import ActionItem, ActionState
from storage.people import Person
from storage.rooms import Room

A_DAY = timedelta(days=1)
A_MOMENT = timedelta(minutes=1)
LEADS = ("bis", "until", "till", "by", "fuer", "for")


class UntilReader(DayReader):
    """The day until which something shall be quiet: `2 Wochen`, `bis Freitag`, `until 8 December`, `for 3 days`."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses the past and days that do not exist."""
        lead = 1 if words and normalise(words[0].text) in LEADS else 0
        rest = words[lead:]
        day = await super().read(rest, ctx)
        if day is not None:
            return day[0], lead + day[1]
        duration = await super().read([Word("in", "in"), *rest], ctx) if rest else None
        return (duration[0], lead + duration[1] - 1) if duration is not None else None


Until = Annotated[date, UntilReader()]


@job(REMIND)
async def remind(ctx: Context, action_id: int) -> Answer:
    """Remind the assignees: each in the direct chat that they keep with the bot, the others together in the room.

    Once, however late, and never outside working hours. Blocked items only when overdue; those who want quiet and
    those who left the room not at all.
    """
    action = await actions.find(ctx.tx, action_id)
    if action is None or not action.is_unfinished or action.due_on is None:
        return None
    at = reminders.convenient(ctx.now, ctx.zone)
    if at > ctx.now:
        await ctx.due(REMIND, action, at=at)
        return None
    await plan_reminder(ctx, action, ctx.room)
    if action.state == ActionState.BLOCKED and action.due_on >= today(ctx, ctx.room):
        return None
    return await _reminders(ctx, action)


@command("action snooze", where=Where.ANYWHERE)
async def snooze(ctx: Context, action: LetteredActionId, until: Until | None = None) -> Answer:
    """Put the reminder of one item off, for two days if no day is named; only its assignees may."""
    found, home = await reach_unfinished(ctx, action)
    if found.due_on is None:
        raise Refusal("action-undated", action=found)
    if not await _is_assigned(ctx, found):
        raise Refusal("action-not-yours", action=found)
    return ctx.say("action-snoozed", about=found, action=found, next_on=await _put_off(ctx, found, home, until))


@reaction("action", "💤")
async def snooze_by_reaction(ctx: Context, action_id: int) -> Answer:
    """Put the reminder of one item off for two days by a reaction to it."""
    found = await reachable(ctx, action_id)
    if found is None or not found[0].is_unfinished or not await _is_assigned(ctx, found[0]):
        return None
    action, home = found
    if action.due_on is None:
        return None
    return await reminder_redrawn(ctx, action, home, next_on=await _put_off(ctx, action, home))


@snooze_by_reaction.redacted
async def wake(ctx: Context, action_id: int) -> Answer:
    """Go back to the usual reminders."""
    found = await reachable(ctx, action_id)
    if found is None or not found[0].is_unfinished:
        return None
    action, home = found
    await plan_reminder(ctx, action, home)
    return await reminder_redrawn(ctx, action, home)


@command("action quiet", where=Where.ANYWHERE)
async def quiet(ctx: Context, until: Until) -> Answer:
    """Send me no reminders up to that day, the day included."""
    person = await people.settings(ctx.tx, ctx.sender)
    person.quiet_until = to_instant(datetime.combine(until + A_DAY, time.min), ctx.zone)
    return _settings(ctx, person)


@command("action quiet off", where=Where.ANYWHERE)
async def quiet_off(ctx: Context) -> Answer:
    """Send me reminders again."""
    person = await people.find(ctx.tx, ctx.sender)
    if person is not None:
        person.quiet_until = None
    return _settings(ctx, person)


@command("action reminders", where=Where.ANYWHERE)
async def switch(ctx: Context, wanted: Literal["off", "on"] | None = None) -> Answer:
    """Switch my reminders off or on, or say how they are set."""
    if wanted is None:
        return _settings(ctx, await people.find(ctx.tx, ctx.sender))
    person = await people.settings(ctx.tx, ctx.sender)
    person.reminders = wanted == "on"
    return _settings(ctx, person)


async def reminder_redrawn(ctx: Context, action: ActionItem, home: Room, *, next_on: date | None = None) -> Say:
    """Show the item's newest state in the last reminder of it in this room."""
    data = await _reminder(ctx, action, home, direct=home is not ctx.room)
    return ctx.update("action-reminder", about=action, **{**data, "next_on": next_on})


async def _reminders(ctx: Context, action: ActionItem) -> list[Say]:
    present = set(await ctx.members())
    users = [user for user in await _assignees(ctx, action) if user in present]
    silent = await people.silent(ctx.tx, users, ctx.now)
    awake = [user for user in users if user not in silent]
    chats = await people.direct_chats(ctx.tx, awake)
    direct = await _reminder(ctx, action, ctx.room, direct=True)
    says = [
        Say(key="action-reminder", data=direct, about=action, room=chats[user], mention=(user,))
        for user in awake
        if user in chats
    ]
    others = [user for user in awake if user not in chats]
    if others:
        shown = await names(ctx, set(others))
        data = {**await _reminder(ctx, action, ctx.room), "addressed": [shown[user] for user in others]}
        says.append(Say(key="action-reminder", data=data, about=action, mention=tuple(others)))
    return says


async def _reminder(ctx: Context, action: ActionItem, home: Room, *, direct: bool = False) -> dict[str, Any]:
    days = (action.due_on - today(ctx, home)).days if action.due_on else None
    group = home.name if direct else None
    return {**await picture(ctx, action), "days": days, "group": group, "addressed": [], "next_on": None}


async def _assignees(ctx: Context, action: ActionItem) -> list[str]:
    return (await actions.assignees(ctx.tx, [action.id])).get(action.id, [])


async def _is_assigned(ctx: Context, action: ActionItem) -> bool:
    return ctx.sender in await _assignees(ctx, action)


async def _put_off(ctx: Context, action: ActionItem, home: Room, until: date | None = None) -> date:
    assert action.due_on is not None  # noqa: S101 - the callers have looked
    now = today(ctx, home)
    day = reminders.snoozed(action.due_on, until or now + reminders.PAUSE, now)
    await plan_reminder(ctx, action, home, day)
    return day


def _settings(ctx: Context, person: Person | None) -> Say:
    on = person is None or person.reminders
    until = person.quiet_until if person else None
    last_day = (until - A_MOMENT).astimezone(ctx.zone).date() if until and until > ctx.now else None
    return ctx.say("reminder-settings", on=on, until=last_day)
