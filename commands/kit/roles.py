"""Who may do what: the one place where roles are read."""

from collections.abc import Collection
from enum import IntEnum

from sqlalchemy.ext.asyncio import AsyncSession

from storage import minutes, rooms
from storage.rooms import Room, RoomKind

CHAIR_POWER = 50


class Role(IntEnum):
    """Each role may do what the ones below it may."""

    MEMBER = 0
    CHAIR = 1
    COORDINATOR = 2


async def role_of(tx: AsyncSession, room: Room, user_id: str, coordinators: Collection[str]) -> Role:
    """Return the highest role of a person in a room.

    Coordinators are those whom the configuration names or who are joined in the coordinators' room; chairs are named
    by `!leitung` or have a power level of 50 or more, the creators of version 12 rooms included; while a meeting runs
    those who lead it or write its minutes are chairs too. In a direct chat everybody is at home.
    """
    if user_id in coordinators or await rooms.is_coordinator(tx, user_id):
        return Role.COORDINATOR
    if room.kind == RoomKind.DIRECT or rooms.power_of(room, user_id) >= CHAIR_POWER:
        return Role.CHAIR
    if user_id in await rooms.chairs(tx, room):
        return Role.CHAIR
    meeting = await minutes.running(tx, room.id)
    leads = [*meeting.leads, *meeting.scribes] if meeting else []
    return Role.CHAIR if user_id in leads else Role.MEMBER


async def leaders(tx: AsyncSession, room: Room, nobody: Collection[str]) -> list[str]:
    """Return the chairs who are in the room, by name; `nobody` are the bots."""
    return (await leaders_of(tx, [room], nobody))[room.id]


async def leaders_of(tx: AsyncSession, places: Collection[Room], nobody: Collection[str]) -> dict[int, list[str]]:
    """Return the chairs who are in each of these rooms, by name; `nobody` are the bots."""
    numbers = [room.id for room in places]
    named, members = await rooms.chairs_of(tx, numbers), await rooms.members_of(tx, numbers)
    return {
        room.id: [
            one.user_id
            for one in members.get(room.id, ())
            if one.user_id not in nobody
            and (one.user_id in named.get(room.id, ()) or rooms.power_of(room, one.user_id) >= CHAIR_POWER)
        ]
        for room in places
    }
