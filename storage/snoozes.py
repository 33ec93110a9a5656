"""Reminders of action items that somebody has put off for themselves."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.actions import ActionItem
from storage.base import Base


class Snooze(Base):
    """Until which day somebody wants no reminder of an action item; it comes on that day, whatever the others get."""

    __tablename__ = "snoozes"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[date]


async def of_item(tx: AsyncSession, action: ActionItem) -> dict[str, date]:
    """Return who has put off the reminders of an item, and until when."""
    query = select(Snooze.user_id, Snooze.until).where(Snooze.action_id == action.id).order_by(Snooze.user_id)
    return {user: until for user, until in await tx.execute(query)}  # noqa: C416 - rows are no pairs to the type checker


async def wake(tx: AsyncSession, action: ActionItem, user_ids: Collection[str] | None = None) -> None:
    """Forget that these people, or all, have put off the reminders of an item."""
    query = delete(Snooze).where(Snooze.action_id == action.id)
    await tx.execute(query.where(Snooze.user_id.in_(user_ids)) if user_ids is not None else query)
