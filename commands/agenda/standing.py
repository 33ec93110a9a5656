"""What a group talks about at every meeting."""

from dataclasses import replace
from typing import Literal

from commands.agenda.arguments import ItemNumber, Titled
from commands.agenda.board import close, next_meeting, redrawn_all
from commands.agenda.items import keep
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command
from storage import agenda
from storage.agenda import AgendaSource, AgendaState, StandingItem

MOST = 20
DONE = "✅"


@command("standing list")
async def list_standing(ctx: Context) -> Answer:
    """Show what stands on every agenda."""
    return ctx.say("standing-list", items=await agenda.standing(ctx.tx, ctx.room.id))


@command("standing add", role=Role.CHAIR)
async def add(ctx: Context, item: Titled) -> Answer:
    """Put something on every agenda, from the next meeting on."""
    if not item.title:
        raise Refusal("agenda-title-missing")
    there = await agenda.standing(ctx.tx, ctx.room.id)
    if len(there) >= MOST:
        raise Refusal("standing-too-many", most=MOST)
    made = StandingItem(
        room_id=ctx.room.id,
        position=max((one.position for one in there), default=0) + 1,
        title=item.title,
        budget=item.budget,
        created_by=ctx.sender,
        created_at=ctx.now,
    )
    ctx.tx.add(made)
    await ctx.tx.flush()
    meeting = await next_meeting(ctx, ctx.room)
    if meeting is not None:
        source, by = AgendaSource.STANDING, ctx.setup.user_id
        await keep(ctx, made.title, made.budget, meeting, source=source, source_id=made.id, event_id=None, by=by)
    return [replace(ctx.react(DONE), about=made), *await redrawn_all(ctx, ctx.room, None)]


@add.edited
async def change(ctx: Context, number: int, item: Titled) -> Answer:
    """Change title and time of what stands on every agenda."""
    found = await agenda.standing_item(ctx.tx, number)
    if found is None or found.room_id != ctx.room.id:
        raise Refusal("standing-gone")
    if not item.title:
        raise Refusal("agenda-title-missing")
    found.title, found.budget = item.title, item.budget
    there = await agenda.of_source(ctx.tx, ctx.room.id, AgendaSource.STANDING, number)
    if there is not None and there.is_open:
        there.title, there.budget = item.title, item.budget
    return [ctx.react("✏️"), *await redrawn_all(ctx, ctx.room, None)]


@add.redacted
async def withdraw(ctx: Context, number: int) -> Answer:
    """Remove what stood on every agenda because of a command that was deleted."""
    found = await agenda.standing_item(ctx.tx, number)
    return await _remove(ctx, found) if found is not None and found.room_id == ctx.room.id else None


@command("standing drop", role=Role.CHAIR)
async def drop(ctx: Context, number: ItemNumber, how: Literal["drop"]) -> Answer:  # noqa: ARG001
    """Take something off every agenda from now on."""
    there = await agenda.standing(ctx.tx, ctx.room.id)
    if not 0 < number <= len(there):
        raise Refusal("standing-number-unknown", number=number, items=there)
    return [ctx.react(DONE), *await _remove(ctx, there[number - 1])]


async def _remove(ctx: Context, item: StandingItem) -> list[Say]:
    there = await agenda.of_source(ctx.tx, ctx.room.id, AgendaSource.STANDING, item.id)
    if there is not None and there.is_open:
        close(there, AgendaState.DROPPED, ctx, await next_meeting(ctx, ctx.room))
    await ctx.tx.delete(item)
    return await redrawn_all(ctx, ctx.room, None)
