"""What members say to items on the agenda, by their numbers: move, drop, postpone, give time."""

from typing import Literal

from commands.agenda.arguments import Budget, ItemNumber
from commands.agenda.board import close, coming, item_number, numbered, redrawn_all, renumber
from commands.agenda.filling import moved
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command
from storage import agenda
from storage.agenda import AgendaItem, AgendaState

LONGEST_REASON = 300
DONE = "✅"


@command("agenda move")
async def move(ctx: Context, number: ItemNumber, place: Literal["after", "before"], other: ItemNumber) -> Answer:
    """Put an item right behind another one, or right before it."""
    found, beside = await _mine(ctx, number), await item_number(ctx, other)
    renumber(moved(await numbered(ctx), found, beside, after=place == "after"))
    return await _changed(ctx, found.meeting_id, beside.meeting_id)


@command("agenda drop")
async def drop(ctx: Context, number: ItemNumber, how: Literal["drop"], reason: str = "") -> Answer:  # noqa: ARG001
    """Take an item off the agenda, with a reason that everybody reads."""
    found = await _mine(ctx, number)
    if len(reason) > LONGEST_REASON:
        raise Refusal("text-too-long", length=len(reason), limit=LONGEST_REASON)
    if await agenda.talked_about(ctx.tx, [found.id]):
        raise Refusal("agenda-talked-about", item=found)
    dates = await coming(ctx, ctx.room)
    close(found, AgendaState.DROPPED, ctx, dates[0] if dates else None)
    told = [ctx.say("agenda-dropped", item=found, reason=reason)] if reason else []
    return [*await _changed(ctx, found.meeting_id), *told]


@command("agenda postpone")
async def postpone(ctx: Context, number: ItemNumber, how: Literal["postpone"]) -> Answer:  # noqa: ARG001
    """Leave an item to the meeting after the next one; while there is none it stays, as the last one."""
    found = await _mine(ctx, number)
    if await agenda.talked_about(ctx.tx, [found.id]):
        raise Refusal("agenda-talked-about", item=found)
    dates = await coming(ctx, ctx.room)
    if not dates:
        raise Refusal("agenda-no-date", item=found)
    before, following = found.meeting_id, dates[1] if len(dates) > 1 else None
    found.meeting_id = following.id if following else None
    found.position = await agenda.next_position(ctx.tx, ctx.room.id)
    found.postponed += 1
    told = ctx.say("agenda-postponed", about=found, item=found, meeting=following)
    return [told, *(await redrawn_all(ctx, ctx.room, before, found.meeting_id))]


@command("agenda budget")
async def give_time(ctx: Context, number: ItemNumber, budget: Budget) -> Answer:
    """Say how long an item may take."""
    found = await _mine(ctx, number)
    found.budget = budget
    return await _changed(ctx, found.meeting_id)


async def _mine(ctx: Context, number: int) -> AgendaItem:
    """Return the item with this number, if the sender put it there or leads the group."""
    found = await item_number(ctx, number)
    await ctx.allow(Role.CHAIR, or_user=found.created_by)
    return found


async def _changed(ctx: Context, *meeting_ids: int | None) -> list[Say]:
    return [ctx.react(DONE), *await redrawn_all(ctx, ctx.room, *meeting_ids)]
