"""Meeting series and their occurrences."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import DateTime, ForeignKey, Index, UniqueConstraint, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class MeetingState(StrEnum):
    """Where an occurrence stands; one that fell on a holiday by rule is `skipped`."""

    PLANNED = "planned"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class HolidayRule(StrEnum):
    """What happens to a date of a series that falls on a public holiday."""

    SKIP = "skip"
    MOVE = "move"
    KEEP = "keep"


class Series(Base):
    """A meeting that recurs: RFC 5545 rule, first start in wall time (`dtstart`, naive) with its zone."""

    __tablename__ = "series"
    noun: ClassVar[str] = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    rrule: Mapped[str]
    dtstart: Mapped[datetime] = mapped_column(DateTime)
    zone: Mapped[str]
    minutes: Mapped[int]
    link: Mapped[str | None]
    place: Mapped[str | None]
    holidays: Mapped[str] = mapped_column(default=HolidayRule.KEEP)
    uid: Mapped[str] = mapped_column(unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Meeting(Base):
    """One date: a single one, or an occurrence of a series keyed by its original start in wall time (RECURRENCE-ID)."""

    __tablename__ = "meetings"
    noun: ClassVar[str] = "meeting"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id", ondelete="CASCADE"))
    original: Mapped[datetime] = mapped_column(DateTime)
    title: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    zone: Mapped[str]
    link: Mapped[str | None]
    place: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=MeetingState.PLANNED)
    reason: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("series_id", "original"),
        Index(None, "room_id", "starts_at"),
        Index(None, "starts_at"),
    )


async def find(tx: AsyncSession, name: str) -> Meeting | None:
    """Return the meeting with this name (`UAG2-2026-12-08`), written in any case."""
    return await tx.scalar(select(Meeting).where(func.lower(Meeting.name) == name.lower()))


async def upcoming(tx: AsyncSession, now: datetime, *, room_id: int | None = None, limit: int) -> Sequence[Meeting]:
    """Return the next planned meetings that have not ended, of one room or of all."""
    query = select(Meeting).where(Meeting.state == MeetingState.PLANNED, Meeting.ends_at > now)
    if room_id is not None:
        query = query.where(Meeting.room_id == room_id)
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id).limit(limit))).all()


async def between(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[Meeting]:
    """Return the meetings of all rooms that start in `since <= t < until`, cancelled ones too."""
    query = select(Meeting).where(Meeting.starts_at >= since, Meeting.starts_at < until)
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id))).all()


async def of_series(tx: AsyncSession, series: Series) -> Sequence[Meeting]:
    """Return all occurrences of a series that were planned so far, in order of their original start."""
    query = select(Meeting).where(Meeting.series_id == series.id)
    return (await tx.scalars(query.order_by(Meeting.original))).all()


async def last_original(tx: AsyncSession, series: Series) -> datetime | None:
    """Return the original start (wall time) up to which the series was planned."""
    return await tx.scalar(select(func.max(Meeting.original)).where(Meeting.series_id == series.id))


async def names_like(tx: AsyncSession, stem: str) -> set[str]:
    """Return the names in use that are `stem` or continue it with a dash."""
    query = select(Meeting.name).where(or_(Meeting.name == stem, Meeting.name.startswith(f"{stem}-", autoescape=True)))
    return set(await tx.scalars(query))
