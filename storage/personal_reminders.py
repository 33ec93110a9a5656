"""Reminders that somebody wants of a date for themselves, in their direct chat with the bot."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class PersonalReminder(Base):
    """How long before a date (`1d`, `2h`) its member wants to be reminded, and in which direct chat."""

    __tablename__ = "personal_reminders"
    noun: ClassVar[str] = "personal reminder"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"))
    user_id: Mapped[str]
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), index=True)
    lead: Mapped[str]

    __table_args__ = (
        UniqueConstraint("meeting_id", "user_id", "lead"),
        Index(None, "user_id"),
        # A reminder that is gone must not be meant by what is still planned of it.
        {"sqlite_autoincrement": True},
    )


async def by_id(tx: AsyncSession, number: int) -> PersonalReminder | None:
    """Return the reminder with this internal number."""
    return await tx.get(PersonalReminder, number)


async def of_meetings(tx: AsyncSession, meeting_ids: Collection[int]) -> Sequence[PersonalReminder]:
    """Return all that people want to be reminded of these dates."""
    query = select(PersonalReminder).where(PersonalReminder.meeting_id.in_(meeting_ids))
    return (await tx.scalars(query.order_by(PersonalReminder.id))).all()
