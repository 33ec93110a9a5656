"""Verifications of the bot by a person: what was asked, and what that person has said to the emoji."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class VerificationState(StrEnum):
    """Where a verification stands."""

    ASKED = "asked"
    SHOWN = "shown"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


OPEN = (VerificationState.ASKED, VerificationState.SHOWN, VerificationState.CONFIRMED)
DECIDED = (VerificationState.CONFIRMED, VerificationState.REJECTED)
ENDED = (VerificationState.VERIFIED, VerificationState.CANCELLED)


class Verification(Base):
    """One run with one device of a person; its keys live in memory only and are lost with the process.

    `transaction` is what both sides call it: an id of the asking device or the event that asked. `room_id` is the room
    in which the person reads the emoji.
    """

    __tablename__ = "verifications"
    noun: ClassVar[str] = "verification"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    user_id: Mapped[str]
    device_id: Mapped[str]
    transaction: Mapped[str]
    state: Mapped[str] = mapped_column(default=VerificationState.ASKED)
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "user_id", "transaction"), Index(None, "state"))

    @property
    def is_open(self) -> bool:
        """Whether it can still be confirmed or rejected."""
        return self.state in OPEN


async def find(tx: AsyncSession, number: int) -> Verification | None:
    """Return a verification; nobody else changes it until this transaction ends."""
    return await tx.get(Verification, number, with_for_update=True)


async def known(tx: AsyncSession, user_id: str, transaction: str) -> bool:
    """Whether this person has asked under this transaction before."""
    query = select(Verification.id).where(Verification.user_id == user_id, Verification.transaction == transaction)
    return await tx.scalar(query.limit(1)) is not None


async def open_of(tx: AsyncSession, user_id: str) -> Verification | None:
    """Return this person's open verification, the newest if there are several; nobody else changes it meanwhile."""
    query = select(Verification).where(Verification.user_id == user_id, Verification.state.in_(OPEN))
    return await tx.scalar(query.order_by(Verification.id.desc()).limit(1).with_for_update())


async def shown_in(tx: AsyncSession, room_id: int) -> Verification | None:
    """Return a verification whose emoji stand in this room and are still open."""
    query = select(Verification).where(Verification.state.in_(OPEN), Verification.room_id == room_id)
    return await tx.scalar(query.order_by(Verification.id.desc()).limit(1))


async def decided(tx: AsyncSession, numbers: Collection[int]) -> dict[int, str]:
    """Return those of these verifications that their person has confirmed or rejected, each with which of the two."""
    query = select(Verification.id, Verification.state).where(Verification.id.in_(numbers))
    return dict((await tx.execute(query.where(Verification.state.in_(DECIDED)))).all())


async def abandon(tx: AsyncSession, now: datetime) -> None:
    """Cancel all that have not ended: the process that held their keys is gone."""
    left = update(Verification).where(Verification.state.not_in(ENDED))
    await tx.execute(left.values(state=VerificationState.CANCELLED, ended_at=now))
