"""Action items that come again: how that is said, the item that follows one that is done, and taking it back."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from commands.actions.items import (
    group_notices,
    names,
    picture,
    plan_first_reminder,
    plan_reminder,
    record,
    redrawn,
    today,
)
from commands.kit.context import Context
from commands.kit.dates import ImpossibleDate
from commands.kit.readers import Found, Reader
from commands.kit.repeats import anchored, first_day, names_its_days, next_day, read_repeat
from commands.kit.say import Refusal, Say
from commands.kit.words import Word, normalise
from storage import actions, minutes, recurring, resolutions
from storage.actions import ActionItem, ActionState
from storage.recurring import RecurringAction
from storage.rooms import Room

ONCE = ""
NO_MORE = ("aus", "off", "nie", "never", "einmalig", "once")
FOLLOWED = "followed"


class EveryReader(Reader):
    """How often an item comes again, behind `jeden`, `alle`: `Monat`, `2 Wochen`, `2. Dienstag im Monat`; or `aus`."""

    bare = True

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses what no calendar has (`0 Wochen`)."""
        if words and normalise(words[0].text) in NO_MORE:
            return ONCE, 1
        plain = words[0].text.split() if words and words[0].quoted else [word.text for word in words]
        try:
            found = [(rule, taken - led) for led in (1, 0) for rule, taken in _read(["every"] * led + plain)]
        except ImpossibleDate as error:
            raise Refusal("repeat-impossible", written=error.text.removeprefix("every ")) from None
        if not found:
            return None
        rule, taken = max(found, key=lambda one: one[1])
        return rule, (1 if words[0].quoted else taken)


def _read(words: Sequence[str]) -> list[tuple[str, int]]:
    found = read_repeat(words)
    return [found] if found else []


Every = Annotated[str, EveryReader()]


def own_first_day(ctx: Context, home: Room, every: str | None) -> date | None:
    """Return the first day of a rule that names its days; None for one that counts from another day."""
    return first_day(every, today(ctx, home)) if every and names_its_days(every) else None


async def begin(ctx: Context, action: ActionItem, every: str) -> RecurringAction:
    """Let an item come again, counted from its day."""
    first = action.due_on or today(ctx, ctx.room)
    found = await ctx.tx.get(RecurringAction, action.id) or RecurringAction(action_id=action.id)
    found.rrule, found.dtstart = anchored(every, first), first
    ctx.tx.add(found)
    await ctx.tx.flush()
    return found


async def change(ctx: Context, action: ActionItem, home: Room, every: str | None) -> list[Say]:
    """Let an item come again in this way, or (ONCE) no more; says so unless it is so already. None changes nothing.

    An item without a day gets the first one of a rule that names its days; for others a day is asked for.
    """
    found = await ctx.tx.get(RecurringAction, action.id)
    before = found.rrule if found else None
    if every is None or (every == ONCE and before is None):
        return []
    if every == ONCE:
        await _end(ctx, action)
    else:
        now = await _begin_on_a_day(ctx, action, home, every)
        if now.rrule == before:
            return []
        record(ctx, action, "repeats", now.rrule)
    by = None if home is ctx.room else (await names(ctx, {ctx.sender}))[ctx.sender]
    return [Say(key="action-repeats", data={**await picture(ctx, action), "by": by}, about=action, room=home)]


async def correct(ctx: Context, action: ActionItem, home: Room, every: str | None, later: set[str]) -> None:
    """Let the first text say anew how an item comes again, unless a later command has said it."""
    if later & {"repeats", "once"}:
        return
    if every:
        await _begin_on_a_day(ctx, action, home, every)
    elif await ctx.tx.get(RecurringAction, action.id):
        await _end(ctx, action, silently=True)


async def follow_up(ctx: Context, action: ActionItem, home: Room) -> list[Say]:
    """Make the item that follows one that is done, if it comes again: each has at most one, for ever.

    The same text, people, municipalities, groups, tags and resolution; due on the first day of the rule after its
    own day and after today. Where one was taken back when this one was opened again, it comes back. Its message rings
    nobody, for they have just done the one before; while a meeting runs there is none.
    """
    rule = await recurring.take(ctx.tx, action)
    if rule is None or rule.rrule is None:
        return []
    due_on = next_day(rule.rrule, rule.dtstart, after=max(action.due_on or date.min, today(ctx, home)))
    known = await recurring.following(ctx.tx, action)
    if known is None:
        new = _successor(ctx, action)
        ctx.tx.add(new)
        await ctx.tx.flush()
        ctx.tx.add(RecurringAction(action_id=new.id, rrule=rule.rrule, dtstart=rule.dtstart, follows_id=action.id))
        await _take_over(ctx, action, new, due_on)
        await plan_first_reminder(ctx, new, home)
        return await _announced(ctx, new, home)
    if not await _is_taken_back(ctx, known):
        return []
    known.text, known.state, known.closed_at = action.text, ActionState.OPEN, None
    own = await ctx.tx.get_one(RecurringAction, known.id)
    own.rrule, own.dtstart = rule.rrule, rule.dtstart
    await _take_over(ctx, action, known, due_on)
    await plan_reminder(ctx, known, home)
    return await redrawn(ctx, known, home)


async def take_follow_up_back(ctx: Context, action: ActionItem, home: Room) -> list[Say]:
    """Take back the item that follows one that is opened again; says so where it stays, as something happened to it."""
    known = await recurring.following(ctx.tx, action)
    if known is None or known.state == ActionState.DROPPED:
        return []
    newest = await actions.latest(ctx.tx, known)
    if known.state != ActionState.OPEN or newest is None or newest.what != FOLLOWED:
        return [ctx.say("action-follow-up-stays", action=action, following=known)]
    known.state, known.closed_at = ActionState.DROPPED, ctx.now
    record(ctx, known, "undone")
    await plan_reminder(ctx, known, home)
    return await redrawn(ctx, known, home)


async def _begin_on_a_day(ctx: Context, action: ActionItem, home: Room, every: str) -> RecurringAction:
    if action.due_on is None:
        action.due_on = own_first_day(ctx, home, every)
        await plan_reminder(ctx, action, home)
    if action.due_on is None:
        raise Refusal("repeat-day-missing", action=action)
    return await begin(ctx, action, every)


def _successor(ctx: Context, action: ActionItem) -> ActionItem:
    """Return a new item as the one before; its words are still those of the message that both arose from."""
    return ActionItem(
        room_id=action.room_id,
        text=action.text,
        state=ActionState.OPEN,
        created_by=action.created_by,
        created_at=ctx.now,
        source_event_id=action.source_event_id,
        said_by=action.said_by,
        wanted=action.wanted,
    )


async def _take_over(ctx: Context, action: ActionItem, new: ActionItem, due_on: date) -> None:
    new.due_on = due_on
    await recurring.resemble(ctx.tx, new, action)
    resolution = (await resolutions.of_actions(ctx.tx, [action.id])).get(action.id)
    if resolution is not None:
        await resolutions.carried_out_by(ctx.tx, resolution, new)
    record(ctx, new, FOLLOWED, f"A{action.id}")


async def _announced(ctx: Context, action: ActionItem, home: Room) -> list[Say]:
    if await minutes.running(ctx.tx, home.id):
        return []
    data = await picture(ctx, action)
    card = Say(key="action-item", data=data, about=action, room=home)
    return [card, *await group_notices(ctx, action, home, data["assigned"].groups)]


async def _is_taken_back(ctx: Context, action: ActionItem) -> bool:
    newest = await actions.latest(ctx.tx, action)
    return action.state == ActionState.DROPPED and newest is not None and newest.what == "undone"


async def _end(ctx: Context, action: ActionItem, *, silently: bool = False) -> None:
    """End the repetition; that the item follows another one is kept, so that this one never gets a second."""
    (await ctx.tx.get_one(RecurringAction, action.id)).rrule = None
    if not silently:
        record(ctx, action, "once")
