"""Municipalities, and who stands for them: what a member's vote counts for."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


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
    """Return all municipalities by name."""
    return (await tx.scalars(select(Municipality).order_by(Municipality.name, Municipality.id))).all()


async def by_id(tx: AsyncSession, number: int) -> Municipality | None:
    """Return the municipality with this internal number."""
    return await tx.get(Municipality, number)


async def seat(tx: AsyncSession, user_id: str) -> Seat | None:
    """Return what this person stands for; None for who has never said so."""
    return await tx.get(Seat, user_id)


async def seats(tx: AsyncSession, user_ids: Collection[str]) -> Sequence[tuple[Seat, Municipality | None]]:
    """Return what these people stand for, as far as it is known."""
    query = select(Seat, Municipality).outerjoin(Municipality, Municipality.id == Seat.municipality_id)
    found = await tx.execute(query.where(Seat.user_id.in_(list(user_ids))))
    return [(one, municipality) for one, municipality in found]


async def sitting(tx: AsyncSession, municipality: Municipality) -> Sequence[Seat]:
    """Return who stands for a municipality, by user id."""
    query = select(Seat).where(Seat.municipality_id == municipality.id, Seat.standing == Standing.MEMBER)
    return (await tx.scalars(query.order_by(Seat.user_id))).all()


async def counts(tx: AsyncSession) -> dict[int, int]:
    """Count who stands for each municipality that anybody stands for."""
    query = select(Seat.municipality_id, func.count()).where(Seat.municipality_id.is_not(None))
    found = await tx.execute(query.where(Seat.standing == Standing.MEMBER).group_by(Seat.municipality_id))
    return {number: people for number, people in found if number is not None}


async def take_seat(
    tx: AsyncSession, user_id: str, municipality_id: int | None, standing: Standing, by: str, at: datetime
) -> Seat:
    """Let somebody stand for a municipality, or be a guest or an observer; an office as deputy elsewhere ends."""
    found = await tx.get(Seat, user_id)
    if found is None:
        found = Seat(user_id=user_id)
        tx.add(found)
    found.municipality_id, found.standing, found.set_by, found.set_at = municipality_id, standing, by, at
    query = select(Municipality).where(
        Municipality.deputy == user_id, Municipality.id.is_distinct_from(municipality_id)
    )
    for left in await tx.scalars(query):
        left.deputy = None
    return found
