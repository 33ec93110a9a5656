"""Rows that tests lay down directly, where saying them would take too long."""

from datetime import date, datetime, timedelta

from sqlalchemy import delete, select

from storage import municipalities, rooms
from storage.actions import ActionItem
from storage.assignment import Assignee
from storage.meetings import Meeting
from storage.municipalities import Municipality, Standing
from storage.polls import Ballot, Poll
from storage.rooms import RoomKind
from tests.handlers.house import House, TestRoom, user


async def direct_chat(house: House, who: str) -> TestRoom:
    return await house.room(None, who, kind=RoomKind.DIRECT, title="")


async def plan_meeting(house: House, room: TestRoom, starts_at: datetime) -> None:
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        tx.add(
            Meeting(
                name=f"UAG1-{starts_at:%Y-%m-%d-%H}",
                room_id=home.id,
                original=starts_at.replace(tzinfo=None),
                title="UAG-Treffen",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
                zone="Europe/Berlin",
                uid=f"{starts_at:%Y%m%d%H}@localhost",
                created_by=user("Anna"),
                created_at=house.now,
            )
        )


async def fill(house: House, room: TestRoom, number: int) -> None:
    """Store many items, the first due first, all Anna's."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        for day in range(number):
            item = ActionItem(
                room_id=home.id,
                text=f"Schritt {day}",
                due_on=date(2026, 11, 10) + timedelta(days=day),
                created_by=user("Anna"),
                created_at=house.now,
            )
            tx.add(item)
            await tx.flush()
            tx.add(Assignee(action_id=item.id, user_id=user("Anna")))


async def sit(
    house: House, town: str | None, *people: str, deputy: str | None = None, standing: Standing = Standing.MEMBER
) -> None:
    """Let these people stand for a town, or be guests or observers."""
    async with house.database.begin() as tx:
        found = await tx.scalar(select(Municipality).where(Municipality.name == town))
        if found is None and town is not None:
            found = Municipality(name=town, sought=town.casefold(), created_at=house.now)
            tx.add(found)
            await tx.flush()
        for who in people:
            number = found.id if found else None
            await municipalities.take_seat(tx, user(who), number, standing, user("Gerda"), house.now)
        if found is not None and deputy is not None:
            found.deputy = user(deputy)


async def leave(house: House, room: TestRoom, who: str) -> None:
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        await rooms.set_member(tx, home, user(who), who, "leave")


async def lose_ballots(house: House, *people: str) -> None:
    """Remove ballots from the database, all of them if nobody is named."""
    async with house.database.begin() as tx:
        query = delete(Ballot)
        await tx.execute(query.where(Ballot.user_id.in_([user(who) for who in people])) if people else query)


async def outcomes(house: House) -> list[dict[str, object]]:
    """Return what the polls keep of how they stand."""
    async with house.database.begin() as tx:
        return [poll.outcome for poll in await tx.scalars(select(Poll).order_by(Poll.id))]


async def said_later(house: House, room: TestRoom, text: str) -> str:
    await house.sleep(days=10)
    return (await room.says(text)).message.text
