"""Rooms and working groups: what the bot knows of each room, its members and its chairs."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from storage.base import Base


class RoomKind(StrEnum):
    """What a room is for."""

    PLAIN = "plain"
    DIRECT = "direct"
    GROUP = "group"
    MAIN = "main"
    COORDINATORS = "coordinators"


GROUP_KINDS = (RoomKind.MAIN, RoomKind.GROUP, RoomKind.COORDINATORS)


class Room(Base):
    """A Matrix room; a working group if its kind says so, then with a short name (`key`) in upper case.

    `powers` is what roles are read from.
    """

    __tablename__ = "rooms"
    noun: ClassVar[str] = "room"

    id: Mapped[int] = mapped_column(primary_key=True)
    matrix_id: Mapped[str] = mapped_column(unique=True)
    successor: Mapped[str | None] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(default=RoomKind.PLAIN)
    key: Mapped[str | None] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(default="")
    language: Mapped[str]
    zone: Mapped[str]
    joined: Mapped[bool] = mapped_column(default=True)
    powers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reminders: Mapped[list[str] | None]
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "kind"),)

    @property
    def is_group(self) -> bool:
        """Whether the room was set up as a working group, main or coordinators' room."""
        return self.kind in GROUP_KINDS

    @property
    def name(self) -> str:
        """How people call the room: key and title, as far as there are any."""
        return " ".join(part for part in (self.key, self.title) if part) or self.matrix_id


class RoomMember(Base):
    """Somebody in a room (`join` or `invite`), with the name that the room shows."""

    __tablename__ = "members"

    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    membership: Mapped[str]

    __table_args__ = (Index(None, "user_id"),)


class Chair(Base):
    """A member who leads a working group by `!leitung`."""

    __tablename__ = "chairs"

    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)


# Statements that every message needs are built once.
BY_MATRIX_ID = select(Room).where(Room.matrix_id == bindparam("matrix_id"))
NAMES = (
    select(RoomMember.user_id, func.max(RoomMember.name))
    .where(RoomMember.user_id.in_(bindparam("user_ids", expanding=True)))
    .group_by(RoomMember.user_id)
)


async def by_matrix_id(tx: AsyncSession, matrix_id: str) -> Room | None:
    """Return the room with this Matrix id."""
    return await tx.scalar(BY_MATRIX_ID, {"matrix_id": matrix_id})


async def by_key(tx: AsyncSession, key: str) -> Room | None:
    """Return the group with this short name, written in any case."""
    return await tx.scalar(select(Room).where(Room.key == key.upper()))


async def groups(tx: AsyncSession) -> Sequence[Room]:
    """Return all set-up rooms that the bot is in: main, groups in natural order of their keys, coordinators."""
    return in_order(await tx.scalars(select(Room).where(Room.kind.in_(GROUP_KINDS), Room.joined)))


def in_order(found: Iterable[Room]) -> list[Room]:
    """Return rooms as people list them: main, groups in natural order of their keys, coordinators, others."""
    kinds: list[str] = [*GROUP_KINDS, RoomKind.PLAIN, RoomKind.DIRECT]
    return sorted(found, key=lambda room: (kinds.index(room.kind), _natural(room.key or ""), room.id))


async def by_matrix_ids(tx: AsyncSession, matrix_ids: Iterable[str]) -> dict[str, Room]:
    """Return these rooms by their Matrix ids."""
    query = select(Room).where(Room.matrix_id.in_(list(matrix_ids)))
    return {room.matrix_id: room for room in await tx.scalars(query)}


async def of_kind(tx: AsyncSession, kind: RoomKind) -> Sequence[Room]:
    """Return the joined rooms of one kind."""
    return (await tx.scalars(select(Room).where(Room.kind == kind, Room.joined).order_by(Room.id))).all()


async def has_kind(tx: AsyncSession, kind: RoomKind) -> bool:
    """Whether there is a room of this kind, also one that the bot is in no more."""
    return bool(await tx.scalar(select(exists().where(Room.kind == kind))))


async def direct_chat(tx: AsyncSession, user_id: str) -> Room | None:
    """Return the direct chat that this person keeps with the bot, the latest if there are several."""
    query = (
        select(Room)
        .join(RoomMember, RoomMember.room_id == Room.id)
        .where(Room.kind == RoomKind.DIRECT, Room.joined)
        .where(RoomMember.user_id == user_id, RoomMember.membership == "join")
    )
    return await tx.scalar(query.order_by(Room.id.desc()).limit(1))


async def rooms_of(tx: AsyncSession, user_id: str) -> Sequence[Room]:
    """Return the rooms in which this person is joined together with the bot."""
    query = select(Room).join(RoomMember, RoomMember.room_id == Room.id)
    found = await tx.scalars(query.where(Room.joined, RoomMember.user_id == user_id, RoomMember.membership == "join"))
    return found.all()


async def places_of(tx: AsyncSession, user_ids: Iterable[str]) -> Sequence[int]:
    """Return the numbers of the rooms in which any of these people is joined together with the bot."""
    query = select(RoomMember.room_id).join(Room, Room.id == RoomMember.room_id).where(Room.joined)
    query = query.where(RoomMember.user_id.in_(list(user_ids)), RoomMember.membership == "join")
    return (await tx.scalars(query.distinct())).all()


async def groups_of(tx: AsyncSession, user_ids: Collection[str]) -> dict[str, list[Room]]:
    """Return the groups' rooms in which each of these people is joined together with the bot, as people list them."""
    query = select(RoomMember.user_id, Room).join(Room, Room.id == RoomMember.room_id)
    query = query.where(Room.kind.in_(GROUP_KINDS), Room.joined)
    query = query.where(RoomMember.user_id.in_(user_ids), RoomMember.membership == "join")
    found: dict[str, list[Room]] = {}
    for user, room in await tx.execute(query):
        found.setdefault(user, []).append(room)
    return {user: in_order(its) for user, its in found.items()}


async def by_numbers(tx: AsyncSession, numbers: Iterable[int]) -> dict[int, Room]:
    """Return the rooms with these numbers."""
    return {room.id: room for room in await tx.scalars(select(Room).where(Room.id.in_(set(numbers))))}


async def members(tx: AsyncSession, room: Room) -> Sequence[RoomMember]:
    """Return who is joined in the room, by name."""
    query = select(RoomMember).where(RoomMember.room_id == room.id, RoomMember.membership == "join")
    return (await tx.scalars(query.order_by(RoomMember.name, RoomMember.user_id))).all()


async def members_of(tx: AsyncSession, room_ids: Collection[int]) -> dict[int, list[RoomMember]]:
    """Return who is joined in each of these rooms, by name."""
    query = select(RoomMember).where(RoomMember.room_id.in_(room_ids), RoomMember.membership == "join")
    found: dict[int, list[RoomMember]] = {}
    for one in await tx.scalars(query.order_by(RoomMember.name, RoomMember.user_id)):
        found.setdefault(one.room_id, []).append(one)
    return found


async def shared_members(
    tx: AsyncSession, room: Room, other_ids: Iterable[int], *, without: Iterable[str]
) -> dict[int, list[RoomMember]]:
    """Return who is joined in this room and in each of the others, as in this room and by name; without the bots."""
    other = aliased(RoomMember)
    query = select(other.room_id, RoomMember).join(other, other.user_id == RoomMember.user_id)
    query = query.where(RoomMember.room_id == room.id, RoomMember.membership == "join")
    query = query.where(other.room_id.in_(list(other_ids)), other.membership == "join")
    query = query.where(RoomMember.user_id.not_in(list(without)))
    found: dict[int, list[RoomMember]] = {}
    for number, member in await tx.execute(query.order_by(RoomMember.name, RoomMember.user_id)):
        found.setdefault(number, []).append(member)
    return found


async def count_members(tx: AsyncSession, room: Room, *, without: Iterable[str]) -> int:
    """Count who is joined in the room, without the bots named."""
    query = select(func.count()).select_from(RoomMember)
    query = query.where(RoomMember.room_id == room.id, RoomMember.membership == "join")
    return await tx.scalar(query.where(RoomMember.user_id.not_in(list(without)))) or 0


async def is_member(tx: AsyncSession, room: Room, user_id: str) -> bool:
    """Whether this person is joined in the room."""
    found = await tx.get(RoomMember, (room.id, user_id))
    return found is not None and found.membership == "join"


async def names(tx: AsyncSession, user_ids: Iterable[str]) -> dict[str, str]:
    """Return a display name for each of these people; the localpart for whom no room knows."""
    wanted = sorted(set(user_ids))
    found = dict((await tx.execute(NAMES, {"user_ids": wanted})).all()) if wanted else {}
    return {user: found.get(user) or localpart(user) for user in wanted}


async def find_members(tx: AsyncSession, places: Iterable[Room], written: str) -> Sequence[RoomMember]:
    """Return the joined members of these rooms whom `written` may mean: an id, a localpart or a display name, any case.

    Who is in several of the rooms comes several times.
    """
    return called(await joined_in(tx, places), written)


async def joined_in(tx: AsyncSession, places: Iterable[Room]) -> Sequence[RoomMember]:
    """Return who is joined in these rooms; who is in several of them comes several times."""
    query = select(RoomMember).where(RoomMember.room_id.in_([room.id for room in places]))
    return (await tx.scalars(query.where(RoomMember.membership == "join"))).all()


def called(members: Iterable[RoomMember], written: str) -> list[RoomMember]:
    """Return those members whom `written` may mean: an id, a localpart or a display name, any case."""
    # Compared here: what a database calls lower case depends on it, and SQLite knows the letters of ASCII only.
    wanted = (written if ":" in written else written.removeprefix("@")).casefold()
    return [
        one
        for one in members
        if wanted in {name.casefold() for name in (one.user_id, localpart(one.user_id), one.name)}
    ]


async def is_coordinator(tx: AsyncSession, user_id: str) -> bool:
    """Whether this person is joined in a coordinators' room."""
    query = select(RoomMember.user_id).join(Room, Room.id == RoomMember.room_id)
    query = query.where(Room.kind == RoomKind.COORDINATORS, RoomMember.user_id == user_id)
    return bool(await tx.scalar(select(exists(query.where(RoomMember.membership == "join")))))


async def chairs(tx: AsyncSession, room: Room) -> list[str]:
    """Return the chairs named by `!leitung`, by user id."""
    return (await chairs_of(tx, [room.id])).get(room.id, [])


async def chairs_of(tx: AsyncSession, room_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the chairs of each of these rooms named by `!leitung`, by user id."""
    query = select(Chair.room_id, Chair.user_id).where(Chair.room_id.in_(room_ids)).order_by(Chair.user_id)
    found: dict[int, list[str]] = {}
    for room, user in await tx.execute(query):
        found.setdefault(room, []).append(user)
    return found


async def chaired_by(tx: AsyncSession, user_id: str) -> set[int]:
    """Return the numbers of the rooms that somebody leads by `!leitung`."""
    return set(await tx.scalars(select(Chair.room_id).where(Chair.user_id == user_id)))


async def set_chair(tx: AsyncSession, room: Room, user_id: str, *, chair: bool) -> bool:
    """Name a chair or take the office back; False if that was so already."""
    found = await tx.get(Chair, (room.id, user_id))
    if (found is not None) == chair:
        return False
    if found is None:
        tx.add(Chair(room_id=room.id, user_id=user_id))
    else:
        await tx.delete(found)
    return True


async def set_members(tx: AsyncSession, room: Room, people: Mapping[str, tuple[str, str]]) -> None:
    """Make `people` (user id -> name, membership) the whole membership of the room, writing only differences."""
    stored = {row.user_id: row for row in await tx.scalars(select(RoomMember).where(RoomMember.room_id == room.id))}
    gone = [user for user in stored if user not in people]
    if gone:
        await tx.execute(delete(RoomMember).where(RoomMember.room_id == room.id, RoomMember.user_id.in_(gone)))
    new = []
    for user, (name, membership) in people.items():
        row = stored.get(user)
        if row is None:
            new.append({"room_id": room.id, "user_id": user, "name": name, "membership": membership})
        elif (row.name, row.membership) != (name, membership):
            row.name, row.membership = name, membership
    if new:
        await tx.execute(insert(RoomMember), new)


async def set_member(tx: AsyncSession, room: Room, user_id: str, name: str, membership: str) -> None:
    """Store one change of membership; `leave` and `ban` remove the row."""
    row = await tx.get(RoomMember, (room.id, user_id))
    if membership not in ("join", "invite"):
        if row is not None:
            await tx.delete(row)
    elif row is None:
        tx.add(RoomMember(room_id=room.id, user_id=user_id, name=name, membership=membership))
    else:
        row.name, row.membership = name, membership


async def move(tx: AsyncSession, old: Room, successor: str) -> None:
    """Let everything that belongs to `old` belong to the room that replaces it (a room upgrade)."""
    await tx.execute(delete(Room).where(Room.matrix_id == successor, Room.id != old.id))
    await tx.execute(update(Room).where(Room.id == old.id).values(matrix_id=successor, successor=None, joined=True))
    await tx.refresh(old)


def power_of(room: Room, user_id: str) -> int:
    """Return the power level of a member; the creators of version 12 rooms stand above all (MSC4289)."""
    powers = room.powers
    if user_id in powers.get("creators", ()):
        return 1_000_000
    level: int = powers.get("users", {}).get(user_id, powers.get("users_default", 0))
    return level


def localpart(user_id: str) -> str:
    """Return `anna` of `@anna:example.org`."""
    return user_id.removeprefix("@").partition(":")[0]


def _natural(key: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part.lower()) for part in re.split(r"(\d+)", key) if part]
