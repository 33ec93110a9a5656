"""What people set for themselves: quiet times for reminders."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.rooms import Room, RoomKind, RoomMember


class Person(Base):
    """Somebody's own settings; there is a row only for those who set something."""

    __tablename__ = "people"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    quiet_until: Mapped[datetime | None]
    reminders: Mapped[bool] = mapped_column(default=True)


async def find(tx: AsyncSession, user_id: str) -> Person | None:
    """Return what this person has set."""
    return await tx.get(Person, user_id)


async def settings(tx: AsyncSession, user_id: str) -> Person:
    """Return this person's settings, new ones if there are none yet."""
    person = await tx.get(Person, user_id)
    if person is None:
        person = Person(user_id=user_id, reminders=True)
        tx.add(person)
    return person


async def silent(tx: AsyncSession, user_ids: Collection[str], now: datetime) -> set[str]:
    """Return those of these people who want no reminders now."""
    query = select(Person.user_id).where(Person.user_id.in_(user_ids))
    return set(await tx.scalars(query.where(or_(not_(Person.reminders), Person.quiet_until > now))))


async def direct_chats(tx: AsyncSession, user_ids: Collection[str]) -> dict[str, Room]:
    """Return the direct chat with the bot of each of these people who keep one, the latest if there are several."""
    query = (
        select(RoomMember.user_id, Room)
        .join(Room, Room.id == RoomMember.room_id)
        .where(Room.kind == RoomKind.DIRECT, Room.joined)
        .where(RoomMember.user_id.in_(user_ids), RoomMember.membership == "join")
    )
    found = await tx.execute(query.order_by(Room.id))
    return {user: room for user, room in found}  # noqa: C416 - rows are no pairs to the type checker
