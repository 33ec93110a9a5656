"""Rows that tests of the digest lay down directly, and what is stored of digests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from commands.digests.sending import SEND
from storage import assignment, rooms
from storage.actions import ActionItem
from storage.digests import Digest, Highlight
from storage.due import Due
from storage.meetings import Meeting, MeetingState
from storage.results import GroupResult
from tests.handlers.house import House, TestRoom, user

NEXT_MONDAY = datetime(2026, 11, 9, 7, tzinfo=UTC)  # 8:00 in Berlin
FRIDAY = datetime(2026, 11, 6, 13, tzinfo=UTC)  # 14:00 in Berlin: when coordinators see that Monday's digest
HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)


async def room_id(house: House, room: TestRoom) -> int:
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        return found.id


async def add_item(house: House, room: TestRoom, text: str, *who: str, **fields: Any) -> int:
    """Store an action item as its command does; it came up just now unless `fields` say otherwise."""
    number = await room_id(house, room)
    item = ActionItem(
        **{"room_id": number, "text": text, "created_by": user("Anna"), "created_at": house.now, "state": "open"}
        | fields
    )
    async with house.database.begin() as tx:
        tx.add(item)
        await tx.flush()
        await assignment.assign(tx, item, map(user, who))
    return item.id


async def add_meeting(house: House, room: TestRoom, name: str, starts_at: datetime, **fields: Any) -> None:
    """Store a meeting of an hour and a half."""
    number = await room_id(house, room)
    meeting = Meeting(
        **{
            "name": name,
            "uid": name,
            "room_id": number,
            "original": starts_at.replace(tzinfo=None),
            "title": "UAG-Treffen",
            "starts_at": starts_at,
            "ends_at": starts_at + 1.5 * HOUR,
            "zone": "Europe/Berlin",
            "state": MeetingState.PLANNED,
            "created_by": user("Anna"),
            "created_at": house.now,
        }
        | fields
    )
    async with house.database.begin() as tx:
        tx.add(meeting)


async def add_result(house: House, room: TestRoom, text: str, **fields: Any) -> None:
    """Store a result as its command does."""
    number = await room_id(house, room)
    async with house.database.begin() as tx:
        row = {"room_id": number, "text": text, "created_by": user("Anna"), "created_at": house.now}
        tx.add(GroupResult(**row | fields))


async def add_highlight(house: House, text: str, **fields: Any) -> None:
    """Store what coordinators want to stand at the top of the next digest."""
    async with house.database.begin() as tx:
        row = {"text": text, "counts_at": house.now, "created_by": user("Anna"), "created_at": house.now}
        tx.add(Highlight(**row | fields))


async def stored(house: House) -> list[Digest]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Digest).order_by(Digest.until, Digest.id)))


async def planned(house: House, what: str = SEND) -> list[datetime]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Due.at).where(Due.what == what).order_by(Due.at)))
