"""What tests of sessions say often, and what is stored of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage import minutes, rooms
from storage.agenda import AgendaItem
from storage.base import Base
from storage.meetings import Meeting
from storage.minutes import Attendance, Line, Minutes, MinutesState
from storage.rsvps import Rsvp
from tests.handlers.house import House, TestRoom, user

WEDNESDAY_10 = '!treffen einmalig 4.11. 10:00-11:30 "UAG-Treffen"'


async def sessions(house: House) -> list[Minutes]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Minutes).order_by(Minutes.id)))


async def dates(house: House) -> dict[str, Meeting]:
    async with house.database.begin() as tx:
        return {one.name: one for one in await tx.scalars(select(Meeting).order_by(Meeting.id))}


async def lines(house: House, number: int = 0) -> list[Line]:
    """Return the lines that stand in the first (or another) session."""
    found = (await sessions(house))[number]
    async with house.database.begin() as tx:
        return list(await minutes.lines(tx, found.id))


async def texts(house: House, number: int = 0) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in await lines(house, number)]


async def present(house: House) -> list[tuple[str, str]]:
    found = (await sessions(house))[-1]
    async with house.database.begin() as tx:
        marks: Sequence[Attendance] = await minutes.attendance(tx, found.id)
    return [(one.user_id or one.name or "", one.presence) for one in marks]


async def plan(house: House, room: TestRoom, *titles: str | tuple[str, int]) -> list[int]:
    """Put items on the agenda of the next meeting; with a budget in minutes where one is given."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        found = []
        for position, one in enumerate(titles):
            title, budget = (one, None) if isinstance(one, str) else one
            found.append(
                AgendaItem(
                    room_id=home.id,
                    position=position,
                    title=title,
                    budget=budget,
                    created_by=user("Anna"),
                    created_at=house.now,
                )
            )
        tx.add_all(found)
        await tx.flush()
        return [one.id for one in found]


async def items(house: House) -> list[tuple[str, str, int]]:
    async with house.database.begin() as tx:
        found = await tx.scalars(select(AgendaItem).order_by(AgendaItem.id))
        return [(one.title, one.state, one.postponed) for one in found]


async def reply(house: House, meeting: str, **answers: str) -> None:
    """Store who accepted or declined a date."""
    number = (await dates(house))[meeting].id
    async with house.database.begin() as tx:
        for who, answer in answers.items():
            tx.add(
                Rsvp(
                    meeting_id=number,
                    user_id=user(who),
                    answer=answer,
                    said_at=house.now,
                    event_id=f"$rsvp-{meeting}-{who}",
                )
            )


async def approve(house: House, number: int = -1) -> None:
    """Approve the minutes of the last (or another) session."""
    found = (await sessions(house))[number]
    async with house.database.begin() as tx:
        (await tx.get_one(Minutes, found.id)).state = MinutesState.APPROVED


async def everything(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables."""
    async with house.database.begin() as tx:
        return {
            name: sorted(tuple(map(str, row)) for row in await tx.execute(select(table)))
            for name, table in Base.metadata.tables.items()
        }


def berlin(house: House, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    """Return an instant on the day that the house has (winter time)."""
    midnight = house.now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=days, hours=hour - 1, minutes=minute)
