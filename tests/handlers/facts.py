"""Rows that tests lay down directly, where saying them would take too long."""

from datetime import date, datetime, timedelta

from storage import rooms
from storage.actions import ActionItem, Assignee
from storage.meetings import Meeting
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


async def said_later(house: House, room: TestRoom, text: str) -> str:
    await house.sleep(days=10)
    return (await room.says(text)).message.text
