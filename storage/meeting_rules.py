"""How a group holds its meetings, where it has chosen so."""

from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class MeetingRules(Base):
    """What a group has chosen; there is a row only for groups that chose something.

    `quorum` is how many of its municipalities (or members, where none are known) must be there for the group to
    decide: a number or a percentage (`12`, `50%`). `starts_by_itself`: its meetings start at their planned time.
    """

    __tablename__ = "meeting_rules"

    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True)
    quorum: Mapped[str | None]
    starts_by_itself: Mapped[bool] = mapped_column(default=False)


async def of_room(tx: AsyncSession, room_id: int) -> MeetingRules:
    """Return what a group has chosen; new rules, not stored yet, where it has chosen nothing."""
    return await tx.get(MeetingRules, room_id) or MeetingRules(room_id=room_id, quorum=None, starts_by_itself=False)
