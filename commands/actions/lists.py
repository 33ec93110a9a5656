"""Lists of action items: of a group with filters, and one's own over all groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

from sqlalchemy.sql import Select

from commands.actions.items import link, names, today
from commands.kit.context import Context
from commands.kit.pages import FIRST, pages
from commands.kit.readers import Choice, Found, GroupName, Members, TagWords
from commands.kit.recurrence import Shape, pattern_parts
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command
from commands.kit.words import Word
from storage import actions, rooms
from storage.actions import UNFINISHED, ActionItem, ActionState, RecurringAction
from storage.rooms import Room, RoomKind

MOST = 100
STATES: Mapping[str, Sequence[str]] = {
    "open": UNFINISHED,
    "overdue": UNFINISHED,
    "done": (ActionState.DONE,),
    "all": tuple(ActionState),
}


class FilterReader(Choice):
    """A state by its word, or people (`@anna`)."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names that nobody or more than one person in the room has."""
        return await super().read(words, ctx) or await Members().read(words, ctx)


Filter = Annotated[str | list[Name], FilterReader(tuple(STATES))]


@dataclass(frozen=True, slots=True)
class Line:
    """One item as a list shows it; `link` leads to the message that it arose from, `shape` is how it comes again."""

    action: ActionItem
    group: str
    people: Sequence[Name]
    tags: Sequence[str]
    link: str | None
    overdue: bool
    shape: Shape | None


@command("action list")
async def list_actions(
    ctx: Context, *filters: Filter, tags: TagWords | None = None, group: GroupName | None = None
) -> Answer:
    """List the unfinished items of this group by urgency, or those that all filters let through."""
    home = await _group(ctx, group)
    state = next((one for one in reversed(filters) if isinstance(one, str)), "open")
    people = [person for one in filters if not isinstance(one, str) for person in one]
    query = actions.listing(
        room_ids=[home.id],
        states=STATES[state],
        assignees=[one.user_id for one in people],
        tags=tags or [],
        due_before=today(ctx, home) if state == "overdue" else None,
    )
    shown = None if home is ctx.room else home.name
    return await _list(ctx, query, [home], state=state, people=people, tags=tags or [], group=shown)


@command("action mine", where=Where.ANYWHERE)
async def list_mine(ctx: Context) -> Answer:
    """List my unfinished items: in a direct chat of all groups, in a group's room of this group."""
    direct = ctx.room.kind == RoomKind.DIRECT
    if not direct and not ctx.room.is_group:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    shared = {room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)} if direct else {ctx.room.id}
    homes = [room for room in await rooms.groups(ctx.tx) if room.id in shared]
    query = actions.listing(room_ids=[room.id for room in homes], assignees=[ctx.sender])
    return await _list(ctx, query, homes, mine=True)


async def _group(ctx: Context, group: Room | None) -> Room:
    if group is None or group.id == ctx.room.id:
        return ctx.room
    if ctx.room.kind not in (RoomKind.MAIN, RoomKind.COORDINATORS):
        raise Refusal("action-other-group", group=group.key)
    return group


async def _list(
    ctx: Context,
    query: Select[ActionItem],
    homes: Sequence[Room],
    *,
    state: str = "open",
    people: Sequence[Name] = (),
    tags: Sequence[str] = (),
    group: str | None = None,
    mine: bool = False,
) -> Say:
    total = await actions.count(ctx.tx, query)
    found = await actions.top(ctx.tx, query, MOST)
    order = [room.id for room in homes]
    lines = await _lines(ctx, sorted(found, key=lambda one: order.index(one.room_id)), homes)
    first, *more = [_sections(page) for page in pages(lines)]
    data: dict[str, Any] = {
        "state": state,
        "people": people,
        "tags": tags,
        "group": group,
        "mine": mine,
        "direct": ctx.room.kind == RoomKind.DIRECT,
        "total": total,
        "rest": max(total - FIRST, 0),
        "unlisted": total - len(found),
        "sections": first,
    }
    return Say(key="action-list", data=data, thread=_continued(data, more))


async def _lines(ctx: Context, found: Sequence[ActionItem], homes: Sequence[Room]) -> list[Line]:
    ids = [one.id for one in found]
    assignees, tags = await actions.assignees(ctx.tx, ids), await actions.tags(ctx.tx, ids)
    people = await names(ctx, {user for users in assignees.values() for user in users})
    rules = await actions.recurring(ctx.tx, ids)
    home = {room.id: room for room in homes}
    return [
        Line(
            action=one,
            group=home[one.room_id].name,
            people=[people[user] for user in assignees.get(one.id, [])],
            tags=tags.get(one.id, []),
            link=link(one, home[one.room_id]),
            overdue=one.is_unfinished and one.due_on is not None and one.due_on < today(ctx, home[one.room_id]),
            shape=_shape(rules.get(one.id)) if one.is_unfinished else None,
        )
        for one in found
    ]


def _shape(rule: RecurringAction | None) -> Shape | None:
    return pattern_parts(rule.rrule) if rule and rule.rrule else None


def _sections(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    return [(group, list(its)) for group, its in groupby(lines, key=lambda one: one.group)]


def _continued(data: dict[str, Any], more: Sequence[list[tuple[str, list[Line]]]]) -> Say | None:
    if not more:
        return None
    last = len(more) == 1
    return Say(
        key="action-list-more", data={**data, "sections": more[0], "last": last}, thread=_continued(data, more[1:])
    )
