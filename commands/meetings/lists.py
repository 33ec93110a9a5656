"""What members say to see which dates come next."""

from collections.abc import Sequence

from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command
from commands.meetings.cards import entry
from storage import meetings, rooms
from storage.rooms import Room, RoomKind

LISTED, CONTINUED = 10, 40


@command("meeting list", where=Where.ANYWHERE)
async def list_own(ctx: Context) -> Answer:
    """List the next dates of this group; in a direct chat those of all groups that the sender is in."""
    if ctx.room.kind == RoomKind.DIRECT:
        return await _list(ctx, [room for room in await rooms.rooms_of(ctx.tx, ctx.sender) if room.is_group])
    return await _list(ctx, [ctx.room])


@command("meeting list all", where=Where.ANYWHERE)
async def list_all(ctx: Context) -> Answer:
    """List the next dates of all groups."""
    return await _list(ctx, await rooms.groups(ctx.tx), every=True)


async def _list(ctx: Context, groups: Sequence[Room], *, every: bool = False) -> Answer:
    if ctx.room.kind == RoomKind.PLAIN:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    query = meetings.listing(ctx.now, [room.id for room in groups])
    found = (await ctx.tx.scalars(query.limit(LISTED + CONTINUED))).all()
    total = len(found) if len(found) < LISTED + CONTINUED else await meetings.count(ctx.tx, query)
    several = every or ctx.room.kind == RoomKind.DIRECT
    keys = {room.id: room.key or room.title for room in groups} if several else {}
    entries = [entry(ctx, meeting, keys.get(meeting.room_id)) for meeting in found]
    rest = entries[LISTED:]
    thread = Say(key="meeting-list-rest", data={"entries": rest, "more": total - len(found)}) if rest else None
    data = {"entries": entries[:LISTED], "more": total - LISTED if rest else 0, "several": several}
    return Say(key="meeting-list", data=data, thread=thread)
