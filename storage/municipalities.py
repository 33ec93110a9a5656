"""Municipalities, and who stands for them: what a member's vote counts for."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.rooms import RoomMember


class Standing(StrEnum):
    """As what somebody takes part; guests and observers are no voters."""

    MEMBER = "member"
    GUEST = "guest"
    OBSERVER = "observer"


class Municipality(Base):
    """A town, district or other body of the initiative; `sought` is its name as names are compared.

    `deputy` is the member whose ballot decides where the members of the municipality vote differently.
    """

    __tablename__ = "municipalities"
    noun: ClassVar[str] = "municipality"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sought: Mapped[str] = mapped_column(unique=True)
    deputy: Mapped[str | None]
    created_at: Mapped[datetime]


class Seat(Base):
    """What somebody stands for in all rooms: a municipality, or none as a guest or an observer."""

    __tablename__ = "seats"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipalities.id", ondelete="CASCADE"), index=True)
    standing: Mapped[str] = mapped_column(default=Standing.MEMBER)
    set_by: Mapped[str]
    set_at: Mapped[datetime]


async def everything(tx: AsyncSession) -> Sequence[Municipality]:
    """Return all municipalities by name, umlauts where ae, oe, ue stand."""
    return sorted(await tx.scalars(select(Municipality)), key=lambda one: (one.sought, one.id))


async def by_id(tx: AsyncSession, number: int) -> Municipality | None:
    """Return the municipality with this internal number."""
    return await tx.get(Municipality, number)


async def seat(tx: AsyncSession, user_id: str) -> Seat | None:
    """Return what this person stands for; None for who has never said so."""
    return await tx.get(Seat, user_id)


async def seats(tx: AsyncSession, user_ids: Collection[str]) -> Sequence[tuple[Seat, Municipality | None]]:
    """Return what these people stand for, as far as it is known, by user id."""
    query = select(Seat, Municipality).outerjoin(Municipality, Municipality.id == Seat.municipality_id)
    found = await tx.execute(query.where(Seat.user_id.in_(list(user_ids))).order_by(Seat.user_id))
    return [(one, municipality) for one, municipality in found]


async def all_seats(tx: AsyncSession) -> dict[str, tuple[int | None, str]]:
    """Return (municipality, standing) of everybody who has said so."""
    found = await tx.execute(select(Seat.user_id, Seat.municipality_id, Seat.standing))
    return {user: (number, standing) for user, number, standing in found}


async def sitting(tx: AsyncSession, municipality: Municipality) -> Sequence[Seat]:
    """Return who stands for a municipality, by user id."""
    query = select(Seat).where(Seat.municipality_id == municipality.id, Seat.standing == Standing.MEMBER)
    return (await tx.scalars(query.order_by(Seat.user_id))).all()


async def first_sitting(tx: AsyncSession, municipality_ids: Collection[int], most: int) -> dict[int, list[str]]:
    """Return up to `most` people who stand for each of these municipalities, by user id."""
    place = func.row_number().over(partition_by=Seat.municipality_id, order_by=Seat.user_id).label("place")
    numbered = select(Seat.municipality_id, Seat.user_id, place)
    numbered = numbered.where(Seat.municipality_id.in_(list(municipality_ids)), Seat.standing == Standing.MEMBER)
    rows = numbered.subquery()
    found: dict[int, list[str]] = {number: [] for number in municipality_ids}
    query = select(rows.c.municipality_id, rows.c.user_id).where(rows.c.place <= most)
    for number, user in await tx.execute(query.order_by(rows.c.place)):
        found[number].append(user)
    return found


async def sitting_in(tx: AsyncSession, room_id: int, municipality_ids: Collection[int]) -> dict[int, list[str]]:
    """Return who in this room stands for each of these municipalities that anybody there stands for, by user id."""
    found: dict[int, list[str]] = {}
    if not municipality_ids:
        return found
    query = select(Seat.municipality_id, Seat.user_id).join(RoomMember, RoomMember.user_id == Seat.user_id)
    query = query.where(Seat.municipality_id.in_(list(municipality_ids)), Seat.standing == Standing.MEMBER)
    query = query.where(RoomMember.room_id == room_id, RoomMember.membership == "join")
    for number, user in await tx.execute(query.order_by(Seat.user_id)):
        found.setdefault(number or 0, []).append(user)
    return found


async def counts(tx: AsyncSession) -> dict[int, int]:
    """Count who stands for each municipality that anybody stands for."""
    query = select(Seat.municipality_id, func.count()).where(Seat.municipality_id.is_not(None))
    found = await tx.execute(query.where(Seat.standing == Standing.MEMBER).group_by(Seat.municipality_id))
    return {number: people for number, people in found if number is not None}


async def of_rooms(tx: AsyncSession, room_ids: Collection[int]) -> dict[int, list[str]]:
    """Return the names of the municipalities for which anybody in each of these rooms stands."""
    query = select(RoomMember.room_id, Municipality.name).distinct()
    query = query.join(Seat, Seat.user_id == RoomMember.user_id)
    query = query.join(Municipality, Municipality.id == Seat.municipality_id)
    query = query.where(RoomMember.room_id.in_(list(room_ids)), RoomMember.membership == "join")
    found: dict[int, list[str]] = {number: [] for number in room_ids}
    for number, name in await tx.execute(query.where(Seat.standing == Standing.MEMBER).order_by(Municipality.name)):
        found[number].append(name)
    return found


async def seats_of_command(tx: AsyncSession, municipality_id: int, by: str, at: datetime) -> Sequence[Seat]:
    """Return the seats of a municipality that are still what this person set at this instant."""
    query = select(Seat).where(Seat.municipality_id == municipality_id, Seat.set_by == by, Seat.set_at == at)
    return (await tx.scalars(query.order_by(Seat.user_id))).all()


async def take_seats(
    tx: AsyncSession, user_ids: Collection[str], municipality_id: int | None, standing: str, by: str, at: datetime
) -> bool:
    """Let people stand for a municipality, or be guests or observers; False if they all do already.

    Who does already keeps by whom and when it was set.
    """
    return await _seat(tx, user_ids, lambda _: (municipality_id, standing), by, at)


async def take_seat(
    tx: AsyncSession, user_id: str, municipality_id: int | None, standing: Standing, by: str, at: datetime
) -> Seat:
    """Let somebody stand for a municipality, or be a guest or an observer; an office as deputy elsewhere ends."""
    await take_seats(tx, [user_id], municipality_id, standing, by, at)
    await end_offices(tx)
    return await tx.get_one(Seat, user_id)


async def change_standing(tx: AsyncSession, user_ids: Collection[str], standing: str, by: str, at: datetime) -> bool:
    """Let people be members, guests or observers of what they stand for; False if they all are already."""
    return await _seat(tx, user_ids, lambda before: (before.municipality_id if before else None, standing), by, at)


async def _seat(
    tx: AsyncSession,
    user_ids: Collection[str],
    stands: Callable[[Seat | None], tuple[int | None, str]],
    by: str,
    at: datetime,
) -> bool:
    found = {one.user_id: one for one in await tx.scalars(select(Seat).where(Seat.user_id.in_(list(user_ids))))}
    changed = False
    for user in user_ids:
        before = found.get(user)
        wanted = stands(before)
        if before is not None and (before.municipality_id, before.standing) == wanted:
            continue
        changed = True
        one = before or Seat(user_id=user)
        one.municipality_id, one.standing, one.set_by, one.set_at = *wanted, by, at
        tx.add(one)
    await tx.flush()
    return changed


async def give_up_seats(tx: AsyncSession, user_ids: Collection[str]) -> bool:
    """Forget what people stand for; False if nothing was known."""
    gone = await tx.scalars(delete(Seat).where(Seat.user_id.in_(list(user_ids))).returning(Seat.user_id))
    return bool(gone.all())


async def end_offices(tx: AsyncSession) -> Sequence[Municipality]:
    """Let nobody be deputy of a municipality without standing for it; returns those that have no deputy any more."""
    sits = exists().where(
        Seat.user_id == Municipality.deputy,
        Seat.municipality_id == Municipality.id,
        Seat.standing == Standing.MEMBER,
    )
    query = select(Municipality).where(Municipality.deputy.is_not(None), ~sits).order_by(Municipality.sought)
    left = (await tx.scalars(query)).all()
    for one in left:
        one.deputy = None
    await tx.flush()
    return left


async def drop_if_new(tx: AsyncSession, number: int, at: datetime) -> bool:
    """Forget a municipality that was added at this instant and that nobody stands for; False if it stays."""
    unused = ~exists().where(Seat.municipality_id == number)
    query = delete(Municipality).where(Municipality.id == number, Municipality.created_at == at, unused)
    return bool((await tx.scalars(query.returning(Municipality.id))).all())


async def write_seats(tx: AsyncSession, new: Sequence[dict[str, Any]], changed: Sequence[dict[str, Any]]) -> None:
    """Store many seats at once, by their columns."""
    if new:
        await tx.execute(insert(Seat), new)
    if changed:
        await tx.execute(update(Seat), changed)
