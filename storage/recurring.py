"""Action items that come again: by which rule, and what follows what."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ForeignKey, delete, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.actions import ActionItem, ActionTag
from storage.assignment import Assignee, GroupAssignee, TownAssignee
from storage.base import Base


class RecurringAction(Base):
    """That an action item comes again: when it is done the next one is made, due on the next day of the rule.

    `rrule` (RFC 5545) counts calendar days from `dtstart`; None once the repetition was ended. `follows_id` is the
    item before; each item has at most one that follows it.
    """

    __tablename__ = "recurring_actions"

    action_id: Mapped[int] = mapped_column(ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True)
    rrule: Mapped[str | None]
    dtstart: Mapped[date]
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("actions.id", ondelete="SET NULL"), unique=True)


async def rules(tx: AsyncSession, action_ids: Collection[int]) -> dict[int, RecurringAction]:
    """Return of those of these items that come again, or that follow another one, how they do."""
    query = select(RecurringAction).where(RecurringAction.action_id.in_(action_ids))
    return {one.action_id: one for one in await tx.scalars(query)}


async def take(tx: AsyncSession, action: ActionItem) -> RecurringAction | None:
    """Return how an item comes again, for this transaction alone: two that finish it at once make one that follows."""
    query = select(RecurringAction).where(RecurringAction.action_id == action.id)
    return await tx.scalar(query.with_for_update().execution_options(populate_existing=True))


async def following(tx: AsyncSession, action: ActionItem) -> ActionItem | None:
    """Return the item that follows this one."""
    query = select(ActionItem).join(RecurringAction, RecurringAction.action_id == ActionItem.id)
    return await tx.scalar(query.where(RecurringAction.follows_id == action.id))


async def resemble(tx: AsyncSession, action: ActionItem, model: ActionItem) -> None:
    """Give an item the assignees and tags of another one, and no others."""
    for table in (Assignee, TownAssignee, GroupAssignee, ActionTag):
        await tx.execute(delete(table).where(table.action_id == action.id))
        columns = [column for column in table.__table__.columns if column.name != "action_id"]
        rows = select(literal(action.id), *columns).where(table.action_id == model.id)
        await tx.execute(insert(table).from_select(["action_id", *(column.name for column in columns)], rows))
