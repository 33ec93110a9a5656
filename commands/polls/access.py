"""Which poll a command means, when it can be voted on, and who may lead it."""

from datetime import datetime
from typing import Annotated

from commands.kit.context import NAMED, Context
from commands.kit.readers import ShortId
from commands.kit.roles import Role, leaders, role_of
from commands.kit.say import Refusal
from storage import polls, rooms
from storage.polls import Poll, PollState
from storage.rooms import Room, RoomKind

PollId = Annotated[int, ShortId("U", "poll")]


async def reachable(ctx: Context, number: int, *, lock: bool = False) -> Poll | None:
    """Return a poll that is asked here or led from here; in a direct chat one that the sender is asked or leads."""
    poll = await polls.find(ctx.tx, number, lock=lock)
    if poll is None or poll.room_id == ctx.room.id or await polls.is_asked_in(ctx.tx, poll, ctx.room.id):
        return poll
    if ctx.room.kind != RoomKind.DIRECT:
        return None
    mine = {room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)}
    asked = {room.id for room in (await polls.rooms_of(ctx.tx, [number]))[number]}
    return poll if mine & {poll.room_id, *asked} else None


async def reach(ctx: Context, number: int, *, lock: bool = False) -> Poll:
    """Return a poll as `reachable` does; raises Refusal where there is none."""
    poll = await reachable(ctx, number, lock=lock)
    if poll is None:
        raise Refusal("poll-unknown", number=number, direct=ctx.room.kind == RoomKind.DIRECT)
    return poll


async def reach_open(ctx: Context, number: int) -> Poll:
    """Return a poll that was open when the message was sent, to change it or its ballots; else raises Refusal."""
    poll = await reach(ctx, number, lock=True)
    if poll.state == PollState.CANCELLED:
        raise Refusal("poll-is-cancelled", poll=poll)
    if not poll.is_open or ctx.event.at > poll.closes_at:
        raise Refusal("poll-is-closed", poll=poll)
    return poll


def in_time(poll: Poll, at: datetime) -> bool:
    """Whether a ballot of this instant by the server's clock counts."""
    return poll.opened_at <= at <= poll.closes_at


async def allow_leading(ctx: Context, poll: Poll) -> None:
    """Go on only for who asked, or for who leads the room in which the poll was asked."""
    if ctx.sender == poll.opened_by:
        return
    home = await ctx.tx.get_one(Room, poll.room_id)
    if await role_of(ctx.tx, home, ctx.sender, ctx.setup.coordinators) < Role.CHAIR:
        who = await ctx.people(await leaders(ctx.tx, home, ctx.setup.nobody))
        raise Refusal("role-needed", role=Role.CHAIR.name.lower(), or_author=True, who=who[:NAMED])


async def my_rooms(ctx: Context) -> list[int]:
    """Return the rooms whose polls are listed here: this one, in a direct chat all of the sender's."""
    if ctx.room.kind != RoomKind.DIRECT:
        return [ctx.room.id]
    return [room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)]
