"""What the homeserver says of rooms, written down: who is in them, who may what, what replaced them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from storage import digests, due
from storage.rooms import Room, RoomKind, RoomMember, move

DIRECT_SIZE = 2
PRESENT = ("join", "invite")


@dataclass(slots=True)
class Seen:
    """State events of one room put together; `whole` if they are its complete state."""

    matrix_id: str
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    powers: dict[str, Any] = field(default_factory=dict)
    successor: str | None = None
    successor_via: str = ""
    direct: bool = False
    whole: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing here needs to be written."""
        return not (self.people or self.powers or self.successor or self.whole)


async def write(
    tx: AsyncSession, seen: Sequence[Seen], now: datetime, language: str, zone: str, *, introduce: bool
) -> list[Seen]:
    """Bring rooms and members up to what was seen, with a fixed number of queries for any number of rooms.

    In a room that the bot was not in before it is planned to `introduce` itself (`room joined`), one that replaces
    another takes its place (`room upgraded`). Returns those that were replaced, for the bot to follow.
    """
    rooms = await _rooms(tx, [one.matrix_id for one in seen])
    # A room that is unknown and replaced already is the old shell of one that has moved.
    seen = [one for one in seen if one.matrix_id in rooms or not one.successor]
    for one in seen:
        room = rooms.get(one.matrix_id)
        if room is not None and room.matrix_id != one.matrix_id:
            await move(tx, room, one.matrix_id)
            await due.add(tx, "room upgraded", room.id, room.id, now)
            one.whole = True
        elif room is None or not room.joined:
            room = await _joined(tx, room, one, now, language, zone)
            rooms[one.matrix_id] = room
            if introduce:
                await due.add(tx, "room joined", room.id, room.id, now)
            one.whole = True
        _describe(room, one)
    await _write_members(tx, [(rooms[one.matrix_id], one) for one in seen])
    return [one for one in seen if one.successor]


async def left(tx: AsyncSession, matrix_ids: Sequence[str]) -> None:
    """Note that the bot is in these rooms no more; nobody has a personal digest there then."""
    rooms = (await tx.scalars(select(Room).where(Room.matrix_id.in_(matrix_ids)))).all()
    for room in rooms:
        room.joined = False
    await digests.unsubscribe(tx, [room.id for room in rooms])


async def _rooms(tx: AsyncSession, matrix_ids: Sequence[str]) -> dict[str, Room]:
    """Return the rooms by the id that was seen: their own, or the one that replaces them."""
    found = await tx.scalars(select(Room).where(or_(Room.matrix_id.in_(matrix_ids), Room.successor.in_(matrix_ids))))
    wanted = set(matrix_ids)
    rooms: dict[str, Room] = {}
    for room in found:
        if room.matrix_id in wanted:
            rooms.setdefault(room.matrix_id, room)
        if room.successor in wanted:
            rooms[room.successor] = room
    return rooms


async def _joined(tx: AsyncSession, room: Room | None, seen: Seen, now: datetime, language: str, zone: str) -> Room:
    if room is None:
        room = Room(
            matrix_id=seen.matrix_id,
            kind=RoomKind.DIRECT if seen.direct else RoomKind.PLAIN,
            title="",
            language=language,
            zone=zone,
            joined=True,
            powers={},
            created_at=now,
        )
        tx.add(room)
    room.joined = True
    await tx.flush()
    return room


def _describe(room: Room, seen: Seen) -> None:
    if seen.powers and room.powers != {**room.powers, **seen.powers}:
        room.powers = {**room.powers, **seen.powers}
    if seen.successor and room.matrix_id != seen.successor:
        room.successor = seen.successor


async def _write_members(tx: AsyncSession, changes: Sequence[tuple[Room, Seen]]) -> None:
    changes = [(room, seen) for room, seen in changes if seen.people or seen.whole]
    stored = await _stored(tx, changes)
    gone: list[tuple[int, str]] = []
    for room, seen in changes:
        before = stored.get(room.id, {})
        if seen.whole:
            gone += [(room.id, user) for user in before if user not in seen.people]
        for user, (name, membership) in seen.people.items():
            row = before.get(user)
            if membership not in PRESENT:
                gone += [(room.id, user)] if row is not None else []
            elif row is None:
                tx.add(RoomMember(room_id=room.id, user_id=user, name=name, membership=membership))
            elif (row.name, row.membership) != (name, membership):
                row.name, row.membership = name, membership
        if room.kind == RoomKind.DIRECT and _size(seen.people, before) > DIRECT_SIZE:
            room.kind = RoomKind.PLAIN
    if gone:
        key = tuple_(RoomMember.room_id, RoomMember.user_id)
        await tx.execute(delete_rows(RoomMember).where(key.in_(gone)))
        await digests.who_left(tx, gone)


async def _stored(tx: AsyncSession, changes: Sequence[tuple[Room, Seen]]) -> dict[int, dict[str, RoomMember]]:
    """Return the stored members: all of rooms seen whole, else only the people named."""
    whole = [room.id for room, seen in changes if seen.whole]
    partly = [(room.id, user) for room, seen in changes if not seen.whole for user in seen.people]
    key = tuple_(RoomMember.room_id, RoomMember.user_id)
    found: dict[int, dict[str, RoomMember]] = {}
    for row in await tx.scalars(select(RoomMember).where(or_(RoomMember.room_id.in_(whole), key.in_(partly)))):
        found.setdefault(row.room_id, {})[row.user_id] = row
    return found


def _size(seen: Mapping[str, tuple[str, str]], stored: Mapping[str, RoomMember]) -> int:
    gone = {user for user, (_, membership) in seen.items() if membership not in PRESENT}
    return len(({*seen, *stored}) - gone)
