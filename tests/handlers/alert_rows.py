"""Rows that tests of alerts lay down directly: groups and towns that the bot has long known."""

from datetime import timedelta

from sqlalchemy import update

from storage.digests import DigestRule
from storage.municipalities import Municipality
from storage.requests import Request, RequestState
from storage.rooms import Room
from tests.handlers.digest_rows import room_id
from tests.handlers.house import House, TestRoom, user


async def grown_old(house: House, **delta: float) -> None:
    """Let all rooms and municipalities have been known for so long."""
    known = house.now - timedelta(**delta)
    async with house.database.begin() as tx:
        await tx.execute(update(Room).values(created_at=known))
        await tx.execute(update(Municipality).values(created_at=known))


async def only_counted(house: House, room: TestRoom) -> None:
    """Let the content of a group stay inside."""
    async with house.database.begin() as tx:
        tx.add(DigestRule(room_id=await room_id(house, room), counts_only=True))


async def add_request(house: House, asking: TestRoom, asked: TestRoom, question: str, *, days: float) -> int:
    """Store an open request that was asked so many days ago."""
    request = Request(
        from_room_id=await room_id(house, asking),
        to_room_id=await room_id(house, asked),
        question=question,
        state=RequestState.OPEN,
        asked_by=user("Anna"),
        asked_at=house.now - timedelta(days=days),
        event_id="$asked",
    )
    async with house.database.begin() as tx:
        tx.add(request)
    return request.id
