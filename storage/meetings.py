"""Meeting series and their occurrences."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import DateTime, ForeignKey, Index, UniqueConstraint, and_, delete, exists, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import Select

from storage import outbox
from storage.base import Base
from storage.due import Due
from storage.minutes import Minutes, MinutesState
from storage.rooms import Room, RoomKind

LONGEST = timedelta(days=2)  # commands take up to a day


def _new_uid() -> str:
    return f"{uuid.uuid4().hex}@uagbot"


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
    """A meeting that recurs: RFC 5545 rule, first start in wall time (`dtstart`, naive) with its zone.

    `uid` stays for ever, `sequence` counts changes (RFC 5545, 3.8.4.7 and 3.8.7.4).
    """

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
    uid: Mapped[str] = mapped_column(default=_new_uid, unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Meeting(Base):
    """One date: a single one, or an occurrence of a series keyed by its original start in wall time (RECURRENCE-ID).

    `name` is in capitals (`UAG2-2026-12-08`). An occurrence has the `uid` of its series (RFC 5545, 3.8.4.4);
    `override`: somebody changed this date by itself, so that what is done to its series leaves its time alone.
    """

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
    override: Mapped[bool] = mapped_column(default=False)
    uid: Mapped[str] = mapped_column(default=_new_uid, index=True)
    sequence: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("series_id", "original"),
        Index(None, "series_id", "ends_at"),
        Index(None, "room_id", "starts_at"),
        Index(None, "room_id", "ends_at"),
        Index(None, "starts_at"),
        Index(None, "ends_at"),
        # Dates of a series that ended are deleted, and what was said about them must not mean another one.
        {"sqlite_autoincrement": True},
    )

    @property
    def is_planned(self) -> bool:
        """Whether the meeting takes place."""
        return self.state == MeetingState.PLANNED


HAS_MINUTES = exists().where(Minutes.meeting_id == Meeting.id)


async def find(tx: AsyncSession, name: str) -> Meeting | None:
    """Return the meeting with this name (`UAG2-2026-12-08`), written in any case."""
    return await tx.scalar(select(Meeting).where(Meeting.name == name.upper()))


async def by_id(tx: AsyncSession, number: int) -> Meeting | None:
    """Return the meeting with this internal number."""
    return await tx.get(Meeting, number)


async def series_by_id(tx: AsyncSession, number: int) -> Series | None:
    """Return the series with this internal number."""
    return await tx.get(Series, number)


async def running_series(tx: AsyncSession, room_id: int) -> Sequence[Series]:
    """Return the series of a room that have not been ended, oldest first."""
    query = select(Series).where(Series.room_id == room_id, Series.ended_at.is_(None))
    return (await tx.scalars(query.order_by(Series.id))).all()


async def upcoming(tx: AsyncSession, now: datetime, *, room_id: int | None = None, limit: int) -> Sequence[Meeting]:
    """Return the next planned meetings that have not ended, of one room or of all."""
    query = select(Meeting).where(Meeting.state == MeetingState.PLANNED, Meeting.ends_at > now)
    if room_id is not None:
        query = query.where(Meeting.room_id == room_id)
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id).limit(limit))).all()


async def running(tx: AsyncSession, room_id: int, now: datetime) -> Meeting | None:
    """Return the meeting of a room that takes place now; of several the one that began last."""
    query = select(Meeting).where(
        Meeting.room_id == room_id,
        Meeting.state == MeetingState.PLANNED,
        Meeting.starts_at <= now,
        Meeting.ends_at > now,
    )
    return await tx.scalar(query.order_by(Meeting.starts_at.desc(), Meeting.id.desc()).limit(1))


async def startable(tx: AsyncSession, room_id: int, since: datetime, until: datetime) -> Sequence[Meeting]:
    """Return the planned dates of a room without minutes that begin up to `until` and end from `since` on."""
    query = select(Meeting).where(Meeting.room_id == room_id, Meeting.state == MeetingState.PLANNED)
    query = query.where(Meeting.ends_at >= since, Meeting.starts_at <= until)
    query = query.where(~HAS_MINUTES)
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id))).all()


async def between(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[Meeting]:
    """Return the meetings of all rooms that start in `since <= t < until`, cancelled ones too."""
    query = select(Meeting).where(Meeting.starts_at >= since, Meeting.starts_at < until)
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id))).all()


async def rooms_meeting(tx: AsyncSession, since: datetime, until: datetime) -> set[int]:
    """Return the rooms with a planned meeting that is not over at `since` and starts before `until`."""
    query = select(Meeting.room_id).where(Meeting.starts_at > since - LONGEST, Meeting.starts_at < until)
    query = query.where(Meeting.state == MeetingState.PLANNED, Meeting.ends_at > since)
    return set(await tx.scalars(query.distinct()))


async def planned_with_groups(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[tuple[Meeting, Room]]:
    """Return the planned meetings of all rooms that start in `since <= t < until`, each with its room."""
    query = select(Meeting, Room).join(Room, Room.id == Meeting.room_id)
    query = query.where(Meeting.state == MeetingState.PLANNED, Meeting.starts_at >= since, Meeting.starts_at < until)
    return [(meeting, room) for meeting, room in await tx.execute(query.order_by(Meeting.starts_at, Meeting.id))]


async def in_room_between(tx: AsyncSession, room_id: int, since: datetime, until: datetime) -> Sequence[Meeting]:
    """Return the meetings of one room that start in `since <= t < until`, cancelled ones too."""
    query = select(Meeting).where(Meeting.room_id == room_id, Meeting.starts_at >= since, Meeting.starts_at < until)
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id))).all()


async def in_rooms_between(
    tx: AsyncSession, room_ids: Collection[int], since: datetime, until: datetime
) -> Sequence[Meeting]:
    """Return the meetings of these rooms that start in `since <= t < until`, cancelled ones too."""
    query = select(Meeting).where(Meeting.room_id.in_(room_ids), Meeting.starts_at >= since, Meeting.starts_at < until)
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id))).all()


async def overlapping(tx: AsyncSession, dates: Sequence[Meeting]) -> Sequence[tuple[Meeting, Room]]:
    """Return the planned meetings of all rooms, with their rooms, that take place at the time of any of these dates.

    The dates themselves are left out. How long a meeting may be bounds the search.
    """
    if not dates:
        return []
    at_the_time = or_(
        *(
            and_(
                Meeting.starts_at > date.starts_at - LONGEST,
                Meeting.starts_at < date.ends_at,
                Meeting.ends_at > date.starts_at,
            )
            for date in dates
        )
    )
    query = select(Meeting, Room).join(Room, Room.id == Meeting.room_id).where(Room.joined, at_the_time)
    query = query.where(Meeting.state == MeetingState.PLANNED, Meeting.id.not_in([date.id for date in dates]))
    return [(meeting, room) for meeting, room in await tx.execute(query.order_by(Meeting.starts_at, Meeting.id))]


async def named(tx: AsyncSession, names: Collection[str]) -> Sequence[Meeting]:
    """Return the meetings with these names (in capitals)."""
    return (await tx.scalars(select(Meeting).where(Meeting.name.in_(names)).order_by(Meeting.id))).all()


def listing(now: datetime, room_ids: Iterable[int]) -> Select[Meeting]:
    """Return the query for all dates of these rooms that are not over, cancelled and skipped ones too, next first."""
    query = select(Meeting).where(Meeting.room_id.in_(list(room_ids)), Meeting.ends_at > now)
    return query.order_by(Meeting.starts_at, Meeting.id)


async def count(tx: AsyncSession, query: Select[Meeting]) -> int:
    """Count what a listing would give."""
    return await tx.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


async def ahead(tx: AsyncSession, series: Series, now: datetime) -> Sequence[Meeting]:
    """Return the dates of a series that have not begun, whatever their state, in order of their original start."""
    query = select(Meeting).where(Meeting.series_id == series.id, Meeting.ends_at > now, Meeting.starts_at > now)
    query = query.where(~HAS_MINUTES)  # it began early
    return (await tx.scalars(query.order_by(Meeting.original))).all()


async def next_of_each(tx: AsyncSession, series_ids: Collection[int], now: datetime) -> list[Meeting]:
    """Return the next planned date of each of these series that has one."""
    query = select(Meeting).where(Meeting.series_id.in_(series_ids), Meeting.state == MeetingState.PLANNED)
    found: dict[int | None, Meeting] = {}
    for meeting in await tx.scalars(query.where(Meeting.ends_at > now).order_by(Meeting.starts_at, Meeting.id)):
        found.setdefault(meeting.series_id, meeting)
    return list(found.values())


async def has_begun(tx: AsyncSession, series: Series, now: datetime) -> bool:
    """Whether a date of the series took place, or is taking place."""
    query = select(Meeting.id).where(Meeting.series_id == series.id, Meeting.state == MeetingState.PLANNED)
    query = query.where(or_(Meeting.starts_at <= now, HAS_MINUTES))
    return bool(await tx.scalar(select(exists(query))))


async def last_original(tx: AsyncSession, series: Series) -> datetime | None:
    """Return the original start (wall time) up to which the series was planned."""
    return await tx.scalar(select(func.max(Meeting.original)).where(Meeting.series_id == series.id))


async def next_end(tx: AsyncSession, series: Series, now: datetime) -> datetime | None:
    """Return when the next date of a series will be over, whatever its state."""
    query = select(func.min(Meeting.ends_at)).where(Meeting.series_id == series.id, Meeting.ends_at > now)
    return await tx.scalar(query)


async def taken(tx: AsyncSession, names: Iterable[str]) -> set[str]:
    """Return which of these names are in use."""
    return set(await tx.scalars(select(Meeting.name).where(Meeting.name.in_(list(names)))))


async def remove(tx: AsyncSession, found: Iterable[Meeting]) -> None:
    """Delete dates that will not be."""
    await tx.execute(delete(Meeting).where(Meeting.id.in_([meeting.id for meeting in found])))


async def lists_of(tx: AsyncSession, room_id: int) -> set[int]:
    """Return the rooms whose pinned list shows the dates of this one: itself and the main room, if they have one."""
    showing = select(Room.id).where(or_(Room.id == room_id, Room.kind == RoomKind.MAIN), Room.joined)
    return await outbox.pinned(tx, Room.noun, showing)


async def plan(
    tx: AsyncSession, jobs: Collection[str], found: Collection[Meeting], rows: Iterable[tuple[str, Meeting, datetime]]
) -> None:
    """Make `rows` (which job, about which meeting, when) all that is planned of these jobs for these meetings."""
    await tx.execute(delete(Due).where(Due.what.in_(jobs), Due.subject.in_([meeting.id for meeting in found])))
    values = [
        {"what": what, "subject": meeting.id, "room_id": meeting.room_id, "at": at, "try_at": at}
        for what, meeting, at in rows
    ]
    if values:
        await tx.execute(insert(Due), values)


async def with_drafts(tx: AsyncSession, room_ids: Collection[int], since: datetime) -> Sequence[Meeting]:
    """Return the meetings of these rooms whose minutes are a draft since their end at that time or later."""
    query = select(Meeting).join(Minutes, Minutes.meeting_id == Meeting.id)
    query = query.where(Minutes.state == MinutesState.DRAFT, Minutes.ended_at >= since)
    query = query.where(Minutes.room_id.in_(room_ids))
    return (await tx.scalars(query.order_by(Meeting.starts_at, Meeting.id))).all()
