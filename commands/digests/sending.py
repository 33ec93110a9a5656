"""What is told of whom, and until when: the parts of a digest that sending, showing and previewing share."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from commands.chronicle.content import A_WEEK
from commands.digests.weeks import Rhythm, slot_of
from storage import digests, rooms
from storage.digests import DigestSubscription
from storage.rooms import Room, RoomKind

SEND = "digest send"


async def groups_told(tx: AsyncSession, kind: str) -> Sequence[Room]:
    """Return all groups; what the coordinators do among themselves is told in their own room only."""
    groups = await rooms.groups(tx)
    if kind == RoomKind.COORDINATORS:
        return groups
    return [group for group in groups if group.kind != RoomKind.COORDINATORS]


async def begins(tx: AsyncSession, room: Room, at: datetime, rhythm: Rhythm) -> datetime:
    """Return since when the room's next digest tells: where its last one ended, else a week before `at`.

    Where the very first ones of the main room were held and never released, a week before these.
    """
    until = await digests.last_until(tx, room.id)
    if until is not None:
        return until
    held = await digests.first_held(tx) if room.kind == RoomKind.MAIN else None
    return min(at, slot_of(held, rhythm).at if held else at) - A_WEEK


async def begins_for(tx: AsyncSession, reader: DigestSubscription, at: datetime) -> datetime:
    """Return since when somebody's next personal digest tells what is new; weeks of quiet belong to it."""
    first = min(reader.created_at, at - A_WEEK)
    return max(await digests.last_until(tx, reader.room_id) or first, first)
