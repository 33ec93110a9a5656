"""Who may do what: the one place where roles are read."""

from collections.abc import Collection
from enum import IntEnum

from sqlalchemy.ext.asyncio import AsyncSession

from storage import rooms
from storage.rooms import Room

CHAIR_POWER = 50


class Role(IntEnum):
    """Each role may do what the ones below it may."""

    MEMBER = 0
    CHAIR = 1
    COORDINATOR = 2


async def role_of(tx: AsyncSession, room: Room, user_id: str, coordinators: Collection[str]) -> Role:
    """Return the highest role of a person in a room.

    Coordinators are those whom the configuration names or who are joined in the coordinators' room; chairs are named
    by `!leitung` or have a power level of 50 or more, the creators of version 12 rooms included.
    """
    if user_id in coordinators or await rooms.is_coordinator(tx, user_id):
        return Role.COORDINATOR
    if rooms.power_of(room, user_id) >= CHAIR_POWER or user_id in await rooms.chairs(tx, room):
        return Role.CHAIR
    return Role.MEMBER
