"""Who comes to a date: what members answered to its announcement."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from sqlalchemy import ForeignKey, Index, and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.municipalities import Municipality, Seat, Standing
from storage.rooms import RoomMember


class Answer(StrEnum):
    """What somebody answered; as calendars call it (RFC 5545, 3.2.12)."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"


class Rsvp(Base):
    """One answer to a date, by one event; of several by one person the latest counts that was not taken back."""

    __tablename__ = "rsvps"
    noun: ClassVar[str] = "rsvp"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    user_id: Mapped[str]
    answer: Mapped[str]
    said_at: Mapped[datetime]
    event_id: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (Index(None, "meeting_id", "user_id", "said_at"), Index(None, "said_at"))


async def by_id(tx: AsyncSession, number: int) -> Rsvp | None:
    """Return the answer with this internal number."""
    return await tx.get(Rsvp, number)


async def latest(tx: AsyncSession, meeting_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return what each person answered last to each of these dates, in the order of the answers."""
    query = select(Rsvp.meeting_id, Rsvp.user_id, Rsvp.answer).where(Rsvp.meeting_id.in_(meeting_ids))
    found: dict[int, dict[str, str]] = {number: {} for number in meeting_ids}
    for number, user, answer in await tx.execute(query.order_by(Rsvp.said_at, Rsvp.id)):
        found[number].pop(user, None)
        found[number][user] = answer
    return found


async def of_person(tx: AsyncSession, meeting_id: int, user_id: str) -> Sequence[Rsvp]:
    """Return all that a person answered to a date, oldest first."""
    query = select(Rsvp).where(Rsvp.meeting_id == meeting_id, Rsvp.user_id == user_id)
    return (await tx.scalars(query.order_by(Rsvp.said_at, Rsvp.id))).all()


class Answered(NamedTuple):
    """What a member of the group answered last: with the name that its room shows, and whom the person stands for."""

    user_id: str
    name: str
    answer: str
    town: str | None


async def of_event(tx: AsyncSession, event_id: str) -> Rsvp | None:
    """Return the answer that this message or reaction gave."""
    return await tx.scalar(select(Rsvp).where(Rsvp.event_id == event_id))


async def of_members(tx: AsyncSession, room_id: int, meeting_ids: Collection[int]) -> dict[int, list[Answered]]:
    """Return what those who are in the room answered last to each of these dates of it, in the order of the answers.

    Guests and observers stand for no municipality.
    """
    query = (
        select(Rsvp.meeting_id, Rsvp.user_id, RoomMember.name, Rsvp.answer, Municipality.name)
        .join(RoomMember, and_(RoomMember.user_id == Rsvp.user_id, RoomMember.room_id == room_id))
        .outerjoin(Seat, and_(Seat.user_id == Rsvp.user_id, Seat.standing == Standing.MEMBER))
        .outerjoin(Municipality, Municipality.id == Seat.municipality_id)
        .where(Rsvp.meeting_id.in_(meeting_ids), RoomMember.membership == "join")
    )
    found: dict[int, dict[str, Answered]] = {number: {} for number in meeting_ids}
    for number, user, *rest in await tx.execute(query.order_by(Rsvp.said_at, Rsvp.id)):
        found[number].pop(user, None)
        found[number][user] = Answered(user, *rest)
    return {number: list(answers.values()) for number, answers in found.items()}


async def answered_by(tx: AsyncSession, user_id: str, meeting_ids: Collection[int]) -> set[int]:
    """Return to which of these dates a person has answered."""
    query = select(Rsvp.meeting_id).where(Rsvp.user_id == user_id, Rsvp.meeting_id.in_(meeting_ids))
    return set(await tx.scalars(query))
