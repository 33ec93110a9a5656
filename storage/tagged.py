"""Messages of the past that somebody tagged, until they are read from the server."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class TaggedMessage(Base):
    """A message (`source_event_id`) of which something is to be made because of another event (`event_id`).

    `at` is when it was tagged, by the server's clock; `details` is what else the tagging command said. The row goes
    when the message was read.
    """

    __tablename__ = "tagged_messages"
    noun: ClassVar[str] = "tagged message"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), index=True)
    by: Mapped[str]
    at: Mapped[datetime]
    event_id: Mapped[str] = mapped_column(unique=True)
    source_event_id: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = ({"sqlite_autoincrement": True},)


async def by_id(tx: AsyncSession, number: int) -> TaggedMessage | None:
    """Return the tagged message with this internal number."""
    return await tx.get(TaggedMessage, number)


async def of_event(tx: AsyncSession, event_id: str) -> TaggedMessage | None:
    """Return the message that this event tagged, if it was not read yet."""
    return await tx.scalar(select(TaggedMessage).where(TaggedMessage.event_id == event_id))
