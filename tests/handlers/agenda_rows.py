"""What is stored of agendas and requests, and what tests of them lay down directly."""

from datetime import datetime

from sqlalchemy import select

from storage import due, meetings, rooms
from storage.agenda import AgendaItem
from storage.minutes import Line, LineKind, Minutes, MinutesState
from storage.requests import Request
from storage.rooms import Room
from tests.handlers.house import House, TestRoom, user

TUESDAY = '!treffen einmalig 10.11. 10:00-11:30 "UAG-Treffen"'  # the house is at 2 November
LATER = '!treffen einmalig 8.12. 10:00-11:30 "UAG-Treffen"'


async def items(house: House) -> list[AgendaItem]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(AgendaItem).order_by(AgendaItem.id)))


async def titles(house: House, state: str = "open") -> list[str]:
    found = sorted(await items(house), key=lambda one: (one.position, one.id))
    return [one.title for one in found if one.state == state]


async def request(house: House, number: int = 1) -> Request:
    async with house.database.begin() as tx:
        return await tx.get_one(Request, number)


async def plan(house: House, room: TestRoom, what: str, name: str, at: datetime | None = None) -> None:
    """Plan a job about a date, as the capability of meetings does."""
    async with house.database.begin() as tx:
        found, home = await meetings.find(tx, name), await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        assert home is not None
        await due.add(tx, what, found.id, home.id, at or house.now)


async def begin(house: House, name: str, *topics: str) -> None:
    """Let the meeting on this date run, having come to these items."""
    async with house.database.begin() as tx:
        meeting = await meetings.find(tx, name)
        assert meeting is not None
        found = Minutes(
            room_id=meeting.room_id,
            meeting_id=meeting.id,
            state=MinutesState.RUNNING,
            started_at=house.now,
            started_by=user("Anna"),
            heard_at=house.now,
        )
        tx.add(found)
        await tx.flush()
        for title in topics:
            item = (await tx.scalars(select(AgendaItem).where(AgendaItem.title == title))).one()
            tx.add(
                Line(
                    minutes_id=found.id,
                    kind=LineKind.TOPIC,
                    text=title,
                    at=house.now,
                    by=user("Anna"),
                    event_id=f"$topic {title}",
                    source_event_id=f"$topic {title}",
                    agenda_item_id=item.id,
                )
            )


async def leave_room(house: House, room: TestRoom) -> None:
    async with house.database.begin() as tx:
        home: Room | None = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        home.joined = False
