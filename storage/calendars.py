"""What calendars show: the series and dates of some rooms, and whether anything of that has changed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import RowMapping, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.meetings import Meeting, Series

MEETING = (
    Meeting.series_id,
    Meeting.room_id,
    Meeting.uid,
    Meeting.title,
    Meeting.link,
    Meeting.place,
    Meeting.zone,
    Meeting.original,
    Meeting.starts_at,
    Meeting.ends_at,
    Meeting.state,
    Meeting.reason,
    Meeting.override,
    Meeting.sequence,
    Meeting.created_at,
)


class Mark(NamedTuple):
    """Numbers that change with every change: how many dates and series, the newest of each, all their sequences."""

    dates: int
    newest_date: int
    date_changes: int
    series: int
    newest_series: int
    series_changes: int


async def mark(tx: AsyncSession, room_ids: Collection[int], since: datetime) -> Mark:
    """Return where the dates of these rooms that begin at `since` or later stand, and all their series."""
    dates = select(func.count(), func.max(Meeting.id), func.sum(Meeting.sequence))
    dates = dates.where(Meeting.room_id.in_(room_ids), Meeting.starts_at >= since)
    series = select(func.count(), func.max(Series.id), func.sum(Series.sequence)).where(Series.room_id.in_(room_ids))
    found = [*(await tx.execute(dates)).one(), *(await tx.execute(series)).one()]
    return Mark(*(int(number or 0) for number in found))


async def dates(tx: AsyncSession, room_ids: Collection[int], since: datetime) -> Sequence[RowMapping]:
    """Return the dates of these rooms that begin at `since` or later, each with the columns of `MEETING`."""
    query = select(*MEETING).where(Meeting.room_id.in_(room_ids), Meeting.starts_at >= since)
    return (await tx.execute(query.order_by(Meeting.original, Meeting.id))).mappings().all()


async def series(tx: AsyncSession, room_ids: Collection[int], since: datetime) -> Sequence[Series]:
    """Return the series of these rooms that have not ended before `since`."""
    query = select(Series).where(Series.room_id.in_(room_ids), or_(Series.ended_at.is_(None), Series.ended_at >= since))
    return (await tx.scalars(query.order_by(Series.id))).all()
