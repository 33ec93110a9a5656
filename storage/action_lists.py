"""Lists of action items: which pass a filter, the most urgent first, at a cost that does not grow with history.

A room has few unfinished items, so all of them are looked at, by the index on their state. Of all others, where few
items have what the filter asks for, these are looked at; else the latest finished, one after the other, until enough
are found.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import Select
from sqlalchemy.sql.functions import FunctionElement

from storage.actions import UNFINISHED, ActionItem, ActionTag
from storage.assignment import Assignee, GroupAssignee, TownAssignee

COUNTED = 500
"""A list is counted up to here."""
FEW = 20_000
"""So many items can be looked at one by one."""


class NoIndex(FunctionElement[Any]):
    """A column that is to be looked at in each item: by an index on it SQLite would find too many of them.

    PostgreSQL knows how many there are, and SQLite does not (https://sqlite.org/optoverview.html, "unary plus").
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(NoIndex)
def _as_it_is(element: NoIndex, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(NoIndex, "sqlite")
def _with_plus(element: NoIndex, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


@dataclass(frozen=True, slots=True)
class Filter:
    """What the items of a list have in common; what is None or empty lets all through.

    One of `people`, `towns` and `groups` is to do them; `tags`: they have every one. `given_to`: this group is to do
    them; `besides`: they are not of these. `wanted`: they were called out, and nobody has taken them.
    """

    room_id: int | None = None
    given_to: int | None = None
    besides: Collection[int] = ()
    states: Collection[str] = UNFINISHED
    due_before: date | None = None
    wanted: bool = False
    people: Collection[str] = ()
    towns: Collection[int] = ()
    groups: Collection[int] = ()
    tags: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The first items of a list, and how many there are; `more`: there are more than were counted."""

    items: Sequence[ActionItem]
    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """Something that stands in other tables: a row in one of them is enough."""

    rows: Sequence[tuple[InstrumentedAttribute[int], ColumnElement[bool]]]

    @property
    def met(self) -> ColumnElement[bool]:
        """Whether an item has it, looked up item by item."""
        return or_(*(exists().where(number == ActionItem.id, row) for number, row in self.rows))

    def numbers(self) -> Any:
        """Return the query for the numbers of all items that have it."""
        return union_all(*(select(number).where(row) for number, row in self.rows))


async def find(tx: AsyncSession, wanted: Filter, limit: int) -> Found:
    """Return the first items that pass a filter.

    In order of urgency: unfinished ones by due day, then undated ones, then finished ones from the latest.
    """
    numbers = await find_numbers(tx, wanted, max(limit, COUNTED) + 1)
    return Found(await items(tx, numbers[:limit]), min(len(numbers), COUNTED), more=len(numbers) > COUNTED)


async def find_numbers(tx: AsyncSession, wanted: Filter, limit: int) -> list[int]:
    """Return the numbers of the first items that pass a filter, in the order of `find`."""
    found: list[int] = []
    begin, rest = await _by_rarity(tx, lookups(wanted))
    open_states = [state for state in wanted.states if state in UNFINISHED]
    if open_states:
        found += await tx.scalars(unfinished(wanted, open_states, begin, rest).limit(limit))
    closed_states = [state for state in wanted.states if state not in UNFINISHED]
    if closed_states and not wanted.wanted and len(found) < limit:
        found += await tx.scalars(finished(wanted, closed_states, begin, rest).limit(limit - len(found)))
    return found


async def items(tx: AsyncSession, numbers: Sequence[int]) -> list[ActionItem]:
    """Return the items with these numbers, in their order."""
    found = {one.id: one for one in await tx.scalars(select(ActionItem).where(ActionItem.id.in_(numbers)))}
    return [found[number] for number in numbers if number in found]


def lookups(wanted: Filter) -> list[Lookup]:
    """Return what a filter asks of other tables, all of which is to be met."""
    assigned = [
        (Assignee.action_id, Assignee.user_id.in_(wanted.people), wanted.people),
        (TownAssignee.action_id, TownAssignee.municipality_id.in_(wanted.towns), wanted.towns),
        (GroupAssignee.action_id, GroupAssignee.room_id.in_(wanted.groups), wanted.groups),
    ]
    asked = [(number, row) for number, row, whom in assigned if whom]
    found = [Lookup(asked)] if asked else []
    if wanted.given_to is not None:
        found.append(Lookup([(GroupAssignee.action_id, GroupAssignee.room_id == wanted.given_to)]))
    return found + [Lookup([(ActionTag.action_id, ActionTag.tag == word)]) for word in wanted.tags]


def unfinished(
    wanted: Filter, states: Collection[str], begin: Lookup | None = None, rest: Sequence[Lookup] = ()
) -> Select[int]:
    """Return the query for the unfinished items that pass a filter, by due day, undated ones last.

    Lookups as `_by_rarity` gives them; in one room, which has few unfinished items, all are looked at.
    """
    if begin is not None and wanted.room_id is not None:
        query = _passing(wanted, states, None, [begin, *rest], by_state=True)
    else:
        query = _passing(wanted, states, begin, rest, by_state=begin is None)
    if wanted.due_before is not None:
        query = query.where(ActionItem.due_on < wanted.due_before)
    if wanted.wanted:
        tables = (Assignee, TownAssignee, GroupAssignee)
        query = query.where(ActionItem.wanted, *(~exists().where(one.action_id == ActionItem.id) for one in tables))
    return query.order_by(ActionItem.due_on.is_(None), ActionItem.due_on, ActionItem.id)


def finished(
    wanted: Filter, states: Collection[str], begin: Lookup | None = None, rest: Sequence[Lookup] = ()
) -> Select[int]:
    """Return the query for the finished items that pass a filter, from the latest; lookups as in `unfinished`."""
    query = _passing(wanted, states, begin, rest, by_state=False).where(ActionItem.closed_at.is_not(None))
    return query.order_by(ActionItem.closed_at.desc(), ActionItem.id.desc())


def _passing(
    wanted: Filter, states: Collection[str], begin: Lookup | None, rest: Sequence[Lookup], *, by_state: bool
) -> Select[int]:
    """Return the query for items in these states; `by_state`: there are few of them."""
    state = ActionItem.state if by_state else NoIndex(ActionItem.state)
    query = select(ActionItem.id).where(state.in_(states))
    if wanted.room_id is not None:
        query = query.where((ActionItem.room_id if begin is None else NoIndex(ActionItem.room_id)) == wanted.room_id)
    if wanted.besides:
        query = query.where(ActionItem.room_id.not_in(wanted.besides))
    if begin is not None:
        query = query.where(ActionItem.id.in_(begin.numbers()))
    return query.where(*(one.met for one in rest))


async def _by_rarity(tx: AsyncSession, found: Sequence[Lookup]) -> tuple[Lookup | None, Sequence[Lookup]]:
    """Return with which lookup to begin, then the others; None to begin with: each of them finds many items."""
    if not found:
        return None, ()
    counted = [select(func.count()).select_from(one.numbers().limit(FEW).subquery()).scalar_subquery() for one in found]
    sizes = (await tx.execute(select(*counted))).one()
    rarest = min(range(len(found)), key=lambda at: sizes[at])
    if sizes[rarest] == FEW:
        return None, found
    return found[rarest], [*found[:rarest], *found[rarest + 1 :]]
