"""How far action items are: done, open again, blocked, dropped, and notes on the way."""

from commands.actions import recurring
from commands.actions.items import (
    REMINDER,
    ActionId,
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
from commands.actions.reminding import reminder_redrawn
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command, reaction
from storage import actions, outbox
from storage.actions import ActionItem, ActionState
from storage.rooms import Room


@command("action done", where=Where.ANYWHERE)
async def complete(ctx: Context, action: ActionId, note: str = "") -> Answer:
    """Tick an item off."""
    found, home = await reach_unfinished(ctx, action)
    await _check_note(ctx, found, note)
    following = await _finish(ctx, found, home, note)
    return [ctx.react("✅"), *await redrawn(ctx, found, home), *following]


@reaction("action", "✅", "☑️", "✔️")
async def complete_by_reaction(ctx: Context, action_id: int) -> Answer:
    """Tick an item off by a reaction to any message about it."""
    found = await reachable(ctx, action_id)
    if found is None or not found[0].is_unfinished:
        return None
    action, home = found
    following = await _finish(ctx, action, home)
    return [*await _redrawn_everywhere(ctx, action, home), *following]


@complete.redacted
@complete_by_reaction.redacted
async def undo(ctx: Context, action_id: int) -> Answer:
    """Open the item again if it was this message or reaction that ticked it off."""
    found = await reachable(ctx, action_id)
    if found is None:
        return None
    action, home = found
    ticked = await actions.change_of_event(ctx.tx, action, ctx.event.relates_to or "")
    if ticked is None or action.state != ActionState.DONE or action.closed_at != ticked.at:
        return None
    following = await _open(ctx, action, home)
    return [*await _redrawn_everywhere(ctx, action, home), *following]


@command("action reopen", where=Where.ANYWHERE)
async def reopen(ctx: Context, action: ActionId, note: str = "") -> Answer:
    """Take an item up again that was done, dropped or blocked."""
    found, home = await reach(ctx, action)
    if found.state == ActionState.OPEN:
        raise Refusal("action-is-open", action=found)
    await _check_note(ctx, found, note)
    following = await _open(ctx, found, home, note)
    return [ctx.react("👍"), *await redrawn(ctx, found, home), *following]


@command("action block", where=Where.ANYWHERE)
async def block(ctx: Context, action: ActionId, reason: str) -> Answer:
    """Say why an item does not get on; no reminders before its day."""
    found, home = await reach_unfinished(ctx, action)
    await _check_note(ctx, found, reason)
    found.state = ActionState.BLOCKED
    record(ctx, found, "blocked", reason)
    return [ctx.react("👍"), await _settled(ctx, found, home), *await redrawn(ctx, found, home)]


@command("action drop", where=Where.ANYWHERE)
async def drop(ctx: Context, action: ActionId, reason: str) -> Answer:
    """Say why an item is not to be done any more."""
    found, home = await reach_unfinished(ctx, action)
    await _check_note(ctx, found, reason)
    await _close(ctx, found, home, ActionState.DROPPED, "dropped", reason)
    return [ctx.react("👍"), await _settled(ctx, found, home), *await redrawn(ctx, found, home)]


@command("action note", where=Where.ANYWHERE)
async def annotate(ctx: Context, action: ActionId, note: str) -> Answer:
    """Add a line to an item's history."""
    found, _ = await reach(ctx, action)
    await _check_note(ctx, found, note)
    record(ctx, found, "note", note)
    return ctx.react("👍")


async def _close(
    ctx: Context, action: ActionItem, home: Room, state: ActionState, what: str, note: str | None = None
) -> None:
    action.state, action.closed_at = state, ctx.now
    record(ctx, action, what, note)
    await plan_reminder(ctx, action, home)


async def _finish(ctx: Context, action: ActionItem, home: Room, note: str | None = None) -> list[Say]:
    await _close(ctx, action, home, ActionState.DONE, "done", note)
    return await recurring.follow_up(ctx, action, home)


async def _open(ctx: Context, action: ActionItem, home: Room, note: str | None = None) -> list[Say]:
    action.state, action.closed_at = ActionState.OPEN, None
    record(ctx, action, "reopened", note)
    await plan_reminder(ctx, action, home)
    return await recurring.take_follow_up_back(ctx, action, home)


async def _check_note(ctx: Context, action: ActionItem, note: str) -> None:
    """Refuse a reply that names another item: the reply and the number mean different things."""
    replied = ctx.replied is not None and ctx.replied[0] == action.noun
    other = await named_item(ctx, note) if replied else None
    if other is not None:
        raise Refusal("action-which", action=action, other=other)


async def _settled(ctx: Context, action: ActionItem, home: Room) -> Say:
    """Tell the item's room why it does not go on; who, where the command came from elsewhere."""
    by = None if home is ctx.room else (await names(ctx, {ctx.sender}))[ctx.sender]
    return ctx.say("action-settled", about=action, room=home, by=by, **await picture(ctx, action))


async def _redrawn_everywhere(ctx: Context, action: ActionItem, home: Room) -> list[Say]:
    """Show the new state where the item was announced, and in this room's last reminder of it."""
    says = await redrawn(ctx, action, home)
    reminded = await outbox.first_about(ctx.tx, action.noun, action.id, REMINDER, ctx.room.id)
    if reminded is not None or home is not ctx.room:
        says.append(await reminder_redrawn(ctx, action, home))
    return says
