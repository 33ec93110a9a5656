"""The pinned list of the next dates: one message, edited in place whenever dates change or pass."""

from collections.abc import Sequence

from commands.kit.context import Context
from commands.kit.roles import CHAIR_POWER, Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, job
from commands.meetings import planning
from commands.meetings.cards import entry
from commands.meetings.lists import LISTED
from storage import due, meetings, outbox, rooms
from storage.meetings import Meeting
from storage.rooms import Room, RoomKind

KEY = "meeting-pinned"  # of the text


@command("meeting list pin", role=Role.CHAIR)
async def pin_list(ctx: Context) -> Answer:
    """Post the next dates (in the main room those of all groups), pin the message and keep it up to date.

    An earlier list is unpinned. Where the bot may not pin, people are asked to do it.
    """
    before = await _ended(ctx) if await _is_pinned(ctx) else []
    says = [*before, await _list(ctx), ctx.pin(KEY, about=ctx.room)]
    # Which level a room asks for is not known here; this is the usual one (spec: `state_default`).
    if rooms.power_of(ctx.room, ctx.setup.user_id) < CHAIR_POWER:
        says.append(ctx.say("meeting-pin-by-hand"))
    return says


@command("meeting list unpin", role=Role.CHAIR)
async def unpin_list(ctx: Context) -> Answer:
    """Unpin the list; it says that it is kept up to date no more."""
    if not await _is_pinned(ctx):
        raise Refusal("meeting-not-pinned")
    await due.cancel(ctx.tx, planning.LIST, ctx.room.id)
    return [ctx.react("✅"), *await _ended(ctx)]


@pin_list.redacted
async def withdraw_list(ctx: Context, room_id: int) -> Answer:
    """Unpin the list whose command was deleted."""
    if room_id != ctx.room.id or not await _is_pinned(ctx):
        return None
    await due.cancel(ctx.tx, planning.LIST, ctx.room.id)
    return await _ended(ctx)


@job(planning.LIST)
async def show_list(ctx: Context, room_id: int) -> Answer:  # noqa: ARG001 - the room in which it was planned
    """Show the next dates in the pinned list, now and when the next of them is over."""
    return await _list(ctx, in_place=True) if await _is_pinned(ctx) else None


async def _list(ctx: Context, *, in_place: bool = False) -> Say:
    """The list as it is now; plans when to show it anew."""
    found = await _coming(ctx)
    await due.cancel(ctx.tx, planning.LIST, ctx.room.id)
    if found:
        await ctx.due(planning.LIST, ctx.room, at=min(meeting.ends_at for meeting in found))
    return await _say(ctx, found, in_place=in_place)


async def _ended(ctx: Context) -> list[Say]:
    """Unpin the last list, which shows once more what is next."""
    last = await _say(ctx, await _coming(ctx), ended=True, in_place=True)
    return [last, ctx.pin(KEY, about=ctx.room, pinning="unpin")]


async def _say(ctx: Context, found: Sequence[Meeting], *, ended: bool = False, in_place: bool) -> Say:
    several = ctx.room.kind == RoomKind.MAIN
    groups = await rooms.by_numbers(ctx.tx, {meeting.room_id for meeting in found}) if several else {}
    names = {number: room.key or room.title for number, room in groups.items()}
    entries = [entry(ctx, meeting, names.get(meeting.room_id)) for meeting in found]
    return Say(key=KEY, data={"entries": entries, "ended": ended}, about=ctx.room, in_place=in_place)


async def _coming(ctx: Context) -> Sequence[Meeting]:
    shown = await rooms.groups(ctx.tx) if ctx.room.kind == RoomKind.MAIN else [ctx.room]
    query = meetings.listing(ctx.now, [room.id for room in shown])
    return (await ctx.tx.scalars(query.limit(LISTED))).all()


async def _is_pinned(ctx: Context) -> bool:
    return ctx.room.id in await outbox.pinned(ctx.tx, Room.noun, [ctx.room.id])
