"""Reminders that somebody wants of a date for themselves, in their direct chat with the bot."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.due import Due
from storage.meetings import Meeting


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


async def of_person(tx: AsyncSession, user_id: str, room_ids: Collection[int]) -> Sequence[PersonalReminder]:
    """Return all that a person wants to be reminded of the dates of these groups."""
    query = select(PersonalReminder).join(Meeting, Meeting.id == PersonalReminder.meeting_id)
    query = query.where(PersonalReminder.user_id == user_id, Meeting.room_id.in_(room_ids))
    return (await tx.scalars(query.order_by(PersonalReminder.id))).all()


async def plan(
    tx: AsyncSession, job: str, found: Collection[PersonalReminder], rows: Iterable[tuple[PersonalReminder, datetime]]
) -> None:
    """Make `rows` (which reminder, when) all that is planned of this job for these reminders."""
    await tx.execute(delete(Due).where(Due.what == job, Due.subject.in_([one.id for one in found])))
    values = [
        {"what": job, "subject": one.id, "room_id": one.room_id, "at": at, "try_at": at, "attempts": 0}
        for one, at in rows
    ]
    if values:
        await tx.execute(insert(Due), values)


async def forget(tx: AsyncSession, job: str, found: Collection[PersonalReminder]) -> None:
    """Delete reminders, with what is planned of them."""
    await plan(tx, job, found, [])
    await tx.execute(delete(PersonalReminder).where(PersonalReminder.id.in_([one.id for one in found])))
