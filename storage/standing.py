"""How action items stand, a great many at once, for what is told of a window of time."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.actions import UNFINISHED, ActionItem, ActionState
from storage.assignment import Assignee, GroupAssignee, TownAssignee


class Standing(NamedTuple):
    """How an item stands, without what it says; `wanted`: it was called out, and nobody has taken it."""

    id: int
    room_id: int
    created_at: datetime
    closed_at: datetime | None
    state: str
    due_on: date | None
    wanted: bool
    changed_at: datetime | None


AT_ONCE = 500  # rows of a long result
UNTAKEN = and_(
    ActionItem.wanted,
    *(~exists().where(kind.action_id == ActionItem.id) for kind in (Assignee, TownAssignee, GroupAssignee)),
)


async def pieces(
    tx: AsyncSession, room_ids: Iterable[int], since: datetime, due_before: date
) -> AsyncIterator[Sequence[Standing]]:
    """Give the items of these rooms that came or were closed since then, or call for somebody, piece by piece.

    Those are unfinished and due before that day, blocked, or wanted. They come in no order.
    """
    calling = or_(ActionItem.due_on < due_before, ActionItem.state == ActionState.BLOCKED, ActionItem.wanted)
    query = select(
        ActionItem.id,
        ActionItem.room_id,
        ActionItem.created_at,
        ActionItem.closed_at,
        ActionItem.state,
        ActionItem.due_on,
        UNTAKEN.label("wanted"),
        ActionItem.changed_at,
    ).where(
        or_(
            ActionItem.created_at >= since,
            ActionItem.closed_at >= since,
            and_(ActionItem.state.in_(UNFINISHED), calling),
        ),
        # No index by rooms is wanted here: it would lead through all that these rooms have ever done.
        (ActionItem.room_id + 0).in_(list(room_ids)),
    )
    result = await tx.stream(query, execution_options={"yield_per": AT_ONCE})
    async for rows in result.partitions():
        yield [Standing(*row) for row in rows]


async def count_open(tx: AsyncSession, at: datetime) -> dict[int, int]:
    """Count the items of each room that were still to be done at that time."""
    home = ActionItem.room_id + 0  # as above
    there = func.count().filter(ActionItem.created_at < at)  # nor an index by when they came
    query = select(home, there).where(ActionItem.closed_at.is_(None) | (ActionItem.closed_at >= at))
    return dict((await tx.execute(query.group_by(home))).all())
