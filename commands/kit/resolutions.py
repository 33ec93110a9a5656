"""Which resolutions can be seen from where: for all commands that name one."""

from commands.kit.context import Context
from commands.kit.say import Refusal
from storage import resolutions, rooms
from storage.resolutions import Resolution, ResolutionName
from storage.rooms import Room, RoomKind

OVERVIEW = (RoomKind.MAIN, RoomKind.COORDINATORS)


async def is_visible(ctx: Context, resolution: Resolution, home: Room) -> bool:
    """Whether this room may see a resolution: its own, one that is asked here; the main and coordinators' room see all.

    In a direct chat: those of the sender's rooms, and those of the main room.
    """
    if home.id == ctx.room.id or ctx.room.kind in OVERVIEW:
        return True
    places = {home.id, *await resolutions.asked_in(ctx.tx, resolution)}
    if ctx.room.kind != RoomKind.DIRECT:
        return ctx.room.id in places
    mine = {room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)}
    return home.kind == RoomKind.MAIN or not places.isdisjoint(mine)


async def reach(ctx: Context, name: ResolutionName) -> tuple[Resolution, Room]:
    """Return the resolution and the room in which it was made; raises Refusal where it cannot be seen from here."""
    found = await resolutions.by_name(ctx.tx, name)
    home = await ctx.tx.get_one(Room, found.room_id) if found else None
    if found is None or home is None or not await is_visible(ctx, found, home):
        raise Refusal("resolution-unknown", name=str(name), direct=ctx.room.kind == RoomKind.DIRECT)
    return found, home
