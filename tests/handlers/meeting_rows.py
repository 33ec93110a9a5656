"""What tests of meetings say often, and what is stored of it."""

from datetime import UTC, datetime

from sqlalchemy import select

from storage.due import Due
from storage.meetings import Meeting, Series
from tests.handlers.house import House

SERIES = '!treffen jeden 1. Mittwoch im Monat 10:00-11:30 "UAG-Treffen" link=https://meet.example.org/uag1'
ONCE = '!treffen einmalig 8.12. 10:00-11:30 "Workshop" ort="Stadthaus Halle (Saale)"'
DECEMBER_8 = datetime(2026, 12, 8, 9, 0, tzinfo=UTC)


async def stored(house: House) -> list[Meeting]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Meeting).order_by(Meeting.original, Meeting.id)))


async def one(house: House, name: str) -> Meeting:
    return next(meeting for meeting in await stored(house) if meeting.name == name)


async def series(house: House) -> Series:
    async with house.database.begin() as tx:
        return (await tx.scalars(select(Series))).one()


async def due_times(house: House, what: str, meeting: Meeting | None = None) -> list[datetime]:
    async with house.database.begin() as tx:
        query = select(Due.at).where(Due.what == what).order_by(Due.at)
        return list(await tx.scalars(query.where(Due.subject == meeting.id) if meeting else query))
