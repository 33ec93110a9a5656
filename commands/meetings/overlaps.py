"""What is said where a date is set at the time of other meetings."""

from collections.abc import Sequence

from commands.kit.context import Context
from commands.kit.say import Say
from commands.kit.texts import Name
from commands.meetings.clashes import clashes
from storage import meetings, rooms
from storage.meetings import Meeting
from storage.rooms import RoomKind

SHOWN = 3


async def warn(ctx: Context, dates: Sequence[Meeting]) -> list[Say]:
    """Name the meetings at the time of these dates of this group that concern the same people; it is no refusal."""
    dates = [date for date in dates if date.is_planned]
    await ctx.tx.flush()
    found = await meetings.overlapping(ctx.tx, dates)
    groups = {room.id: room for _, room in found}
    members = await rooms.shared_members(ctx.tx, ctx.room, groups, without=ctx.setup.nobody) if groups else {}
    shared = {number: [Name(one.user_id, one.name) for one in people] for number, people in members.items()}
    everybodys = [room.id for room in (*groups.values(), ctx.room) if room.kind == RoomKind.MAIN]
    all_clashes = clashes(dates, [meeting for meeting, _ in found], shared, everybodys)
    if not all_clashes:
        return []
    shown = [(clash, groups[clash.other.room_id]) for clash in all_clashes[:SHOWN]]
    data = {"clashes": shown, "more": len(all_clashes[SHOWN:])}
    return [Say(key="meeting-overlaps", data=data, about=dates[0])]
