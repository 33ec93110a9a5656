"""Digests that were sent: at most one per room and week."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class Digest(Base):
    """The weekly digest of one room; `week` is the ISO week (`2026-W48`), `until` where the next one begins."""

    __tablename__ = "digests"
    noun: ClassVar[str] = "digest"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    week: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime]

    __table_args__ = (UniqueConstraint("room_id", "week"),)


async def find(tx: AsyncSession, room_id: int, week: str) -> Digest | None:
    """Return the digest that this room got in this week."""
    return await tx.scalar(select(Digest).where(Digest.room_id == room_id, Digest.week == week))


async def last_until(tx: AsyncSession, room_id: int) -> datetime | None:
    """Return the end of the room's latest digest."""
    return await tx.scalar(select(func.max(Digest.until)).where(Digest.room_id == room_id))
