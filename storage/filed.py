"""Minutes as they are found again: by the names of their meetings, in their order, in one room or in all."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from storage.meetings import Meeting
from storage.minutes import Minutes, MinutesState
from storage.rooms import Room


class Kept(NamedTuple):
    """Minutes with the meeting and the room that they belong to."""

    minutes: Minutes
    meeting: Meeting
    room: Room


def archive(*, everywhere: bool, room_ids: Collection[int] | None = None) -> Select[Minutes, Meeting, Room]:
    """Return the query for the minutes of meetings that are over, the newest first.

    `everywhere`: only those of which there is an approved version. `room_ids`: only those of these rooms.
    """
    query = select(Minutes, Meeting, Room).join(Meeting, Meeting.id == Minutes.meeting_id)
    query = query.join(Room, Room.id == Minutes.room_id)
    query = query.where(Minutes.version > 0 if everywhere else Minutes.state != MinutesState.RUNNING)
    if room_ids is not None:
        query = query.where(Minutes.room_id.in_(room_ids))
    return query.order_by(Minutes.started_at.desc(), Minutes.id.desc())


async def some(tx: AsyncSession, query: Select[Minutes, Meeting, Room], limit: int, skip: int = 0) -> list[Kept]:
    """Return a page of what a query gives."""
    return await _kept(tx, query.limit(limit).offset(skip))


async def count(tx: AsyncSession, query: Select[Minutes, Meeting, Room]) -> int:
    """Count what a query would give."""
    return await tx.scalar(query.order_by(None).with_only_columns(func.count(Minutes.id))) or 0


async def named(tx: AsyncSession, name: str) -> Kept | None:
    """Return the minutes of the meeting with this name, written in any case."""
    query = select(Minutes, Meeting, Room).join(Meeting, Meeting.id == Minutes.meeting_id)
    query = query.join(Room, Room.id == Minutes.room_id).where(Meeting.name == name.upper())
    return next(iter(await _kept(tx, query)), None)


async def beside(tx: AsyncSession, minutes: Minutes, *, everywhere: bool) -> tuple[str | None, str | None]:
    """Return the names of the meetings of the same group whose minutes come before and after in the archive."""
    query = archive(everywhere=everywhere, room_ids=[minutes.room_id]).with_only_columns(Meeting.name).limit(1)
    place, here = tuple_(Minutes.started_at, Minutes.id), (minutes.started_at, minutes.id)
    after = query.where(place > here).order_by(None).order_by(Minutes.started_at, Minutes.id)
    return await tx.scalar(query.where(place < here)), await tx.scalar(after)


async def running_in(tx: AsyncSession, room_ids: Collection[int]) -> list[Kept]:
    """Return the minutes of the meetings that run in these rooms, the first to begin first."""
    query = select(Minutes, Meeting, Room).join(Meeting, Meeting.id == Minutes.meeting_id)
    query = query.join(Room, Room.id == Minutes.room_id)
    query = query.where(Minutes.room_id.in_(room_ids), Minutes.state == MinutesState.RUNNING)
    return await _kept(tx, query.order_by(Minutes.started_at, Minutes.id))


async def _kept(tx: AsyncSession, query: Select[Minutes, Meeting, Room]) -> list[Kept]:
    return [Kept(minutes, meeting, room) for minutes, meeting, room in await tx.execute(query)]
