"""How people put reminders of action items off: of one, of all for a time, or for good."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from commands.actions import reminders
from commands.actions.items import WAKE, LetteredActionId, assigned, reach_unfinished, reachable, today
from commands.actions.reminding import reminder_redrawn
from commands.kit.assigned import Assigned
from commands.kit.context import Context
from commands.kit.dates import to_instant
from commands.kit.readers import DayReader, Found
from commands.kit.roles import leaders_of
from commands.kit.say import Refusal, Say
from commands.kit.texts import zone
from commands.kit.triggers import Answer, Where, command, reaction
from commands.kit.words import Word, normalise
from storage import municipalities, people, snoozes
from storage.actions import ActionItem
from storage.municipalities import Standing
from storage.people import Person
from storage.rooms import Room
from storage.snoozes import Snooze

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


@command("action snooze", where=Where.ANYWHERE)
async def snooze(ctx: Context, action: LetteredActionId, until: Until | None = None) -> Answer:
    """Put my reminder of one item off, for two days if no day is named; only whom reminders go to may."""
    found, home = await reach_unfinished(ctx, action)
    if found.due_on is None:
        raise Refusal("action-undated", action=found)
    given_to = await assigned(ctx, found)
    if not await _reminds(ctx, given_to):
        raise Refusal("action-not-yours", action=found)
    next_on = await _put_off(ctx, found, home, until)
    alone = given_to.ids == ({ctx.sender}, set(), set())
    return ctx.say("action-snoozed", about=found, action=found, next_on=next_on, shared=not alone)


@reaction("action", "💤")
async def snooze_by_reaction(ctx: Context, action_id: int) -> Answer:
    """Put my reminder of one item off for two days by a reaction to it."""
    found = await reachable(ctx, action_id)
    if found is None or not found[0].is_unfinished or found[0].due_on is None:
        return None
    action, home = found
    if not await _reminds(ctx, await assigned(ctx, action)):
        return None
    await _put_off(ctx, action, home)
    return await reminder_redrawn(ctx, action, home)


@snooze_by_reaction.redacted
async def wake(ctx: Context, action_id: int) -> Answer:
    """Go back to my usual reminders."""
    found = await reachable(ctx, action_id)
    if found is None or not found[0].is_unfinished:
        return None
    action, home = found
    await snoozes.wake(ctx.tx, action, [ctx.sender])
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


async def _put_off(ctx: Context, action: ActionItem, home: Room, until: date | None = None) -> date:
    """Let reminders of the item skip the sender up to that day, and ring them then; the others get theirs as ever."""
    assert action.due_on is not None  # noqa: S101 - the callers have looked
    now = today(ctx, home)
    day = reminders.snoozed(action.due_on, until or now + reminders.PAUSE, now)
    await ctx.tx.merge(Snooze(action_id=action.id, user_id=ctx.sender, until=day))
    await ctx.due(WAKE, action, at=reminders.morning(day, zone(home.zone)), room=home)
    return day


async def _reminds(ctx: Context, given_to: Assigned) -> bool:
    """Whether reminders go to the sender: as an assignee, for a municipality, or as a chair of a group."""
    if ctx.sender in given_to.users:
        return True
    seat = await municipalities.seat(ctx.tx, ctx.sender) if given_to.towns else None
    if seat is not None and seat.standing == Standing.MEMBER and seat.municipality_id in given_to.town_ids:
        return True
    chairs = await leaders_of(ctx.tx, given_to.groups, ctx.setup.nobody) if given_to.groups else {}
    return any(ctx.sender in its for its in chairs.values())


def _settings(ctx: Context, person: Person | None) -> Say:
    on = person is None or person.reminders
    until = person.quiet_until if person else None
    last_day = (until - A_MOMENT).astimezone(ctx.zone).date() if until and until > ctx.now else None
    return ctx.say("reminder-settings", on=on, until=last_day)
