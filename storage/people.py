"""What people set for themselves: quiet times for reminders."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


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
