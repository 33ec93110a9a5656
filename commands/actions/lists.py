"""Lists of action items: of a group with filters, and one's own over all groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from commands.actions.filters import Asked, question
from commands.actions.items import link, today
from commands.actions.urgency import Urgency, urgency
from commands.kit.assigned import Assigned, assigned_to
from commands.kit.context import Context
from commands.kit.pages import FIRST, pages
from commands.kit.readers import GroupName, TagWords
from commands.kit.recurrence import Shape, pattern_parts
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command
from commands.kit.who import GivenTo
from storage import action_lists, actions, municipalities, recurring, rooms
from storage.action_lists import COUNTED, Filter
from storage.actions import ActionItem
from storage.municipalities import Standing
from storage.recurring import RecurringAction
from storage.rooms import Room, RoomKind

MOST = 100
RESERVED = 20
"""So many of these are kept for what other groups have given, if there is so much."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item as a list shows it, under the heading of its `section`; `link` leads to the message it arose from.

    `whose` is who is to do it, as far as that is to be shown; `nobody`: nobody is. `shape` is how it comes again.
    """

    action: ActionItem
    section: str | None
    group: str
    whose: Sequence[Name | str]
    nobody: bool
    tags: Sequence[str]
    link: str | None
    overdue: bool
    shape: Shape | None


@command("action list")
async def list_actions(
    ctx: Context,
    *filters: Asked,
    tags: TagWords | None = None,
    town: GivenTo | None = None,
    group: GroupName | None = None,
) -> Answer:
    """List the unfinished items of this group by urgency, or those that all filters let through.

    What other groups have given to it follows.
    """
    asked = await question(ctx, filters, tags or (), town, group, "open")
    own = await action_lists.find(ctx.tx, asked.of_group(ctx), MOST)
    given = await action_lists.find(ctx.tx, asked.given(ctx), MOST)
    homes = await rooms.by_numbers(ctx.tx, [asked.home.id, *(one.room_id for one in given.items)])
    order = [room.id for room in rooms.in_order(homes.values())]
    others = sorted(given.items, key=lambda one: order.index(one.room_id))
    kept = MOST - min(len(others), RESERVED)
    lines = await _lines(ctx, [*own.items[:kept], *others][:MOST], homes, given_to=asked.home)
    theirs = {room.id: room.name for room in homes.values() if room.id != asked.home.id}
    lines = [_under(line, theirs.get(line.action.room_id)) for line in lines]
    more = own.more or given.more
    total = COUNTED if more else own.count + given.count
    count = {"total": total, "given": given.count, "counted": not more}
    return _list("action-list", {**asked.words, **count}, lines)


@command("action mine", where=Where.ANYWHERE)
async def list_mine(ctx: Context) -> Answer:
    """List my unfinished items by urgency, and those of the municipality that I stand for.

    In a direct chat of all groups, also of those that I have left; in a group's room of this group.
    """
    direct = ctx.room.kind == RoomKind.DIRECT
    if not direct and not ctx.room.is_group:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    seat = await municipalities.seat(ctx.tx, ctx.sender)
    town = seat.municipality_id if seat is not None and seat.standing == Standing.MEMBER else None
    mine = Filter(
        room_id=None if direct else ctx.room.id, people=[ctx.sender], towns=[town] if town is not None else []
    )
    found = await action_lists.find(ctx.tx, mine, MOST)
    homes = await rooms.by_numbers(ctx.tx, [one.room_id for one in found.items])
    lines = await _lines(ctx, found.items, homes)
    lines = [_under(line, _urgency(ctx, line.action, homes)) for line in lines]
    return _list("action-mine", {"direct": direct, "total": found.count, "counted": not found.more}, lines)


def _list(key: str, data: Mapping[str, Any], lines: Sequence[Line]) -> Say:
    """Show the first lines, and go on in a thread."""
    first, *more = [_sections(page) for page in pages(lines)]
    total = data["total"]
    told = {
        **data,
        "listed": len(lines),
        "rest": max(total - FIRST, 0),
        "unlisted": total - len(lines),
        "sections": first,
    }
    return Say(key=key, data=told, thread=_continued(told, more))


async def _lines(
    ctx: Context, found: Sequence[ActionItem], homes: Mapping[int, Room], *, given_to: Room | None = None
) -> list[Line]:
    """Return the items as lists show them, without what goes without saying.

    That is in one's own list that one has them, and in that of a group that others gave them `given_to` it.
    """
    ids = [one.id for one in found]
    rules = await recurring.rules(ctx.tx, ids)
    assigned, tags = await assigned_to(ctx.tx, ids), await actions.tags(ctx.tx, ids)
    alone = Assigned(groups=[given_to]) if given_to else Assigned(people=await ctx.people([ctx.sender]))
    return [
        Line(
            action=one,
            section=None,
            group=homes[one.room_id].key or homes[one.room_id].name,
            whose=() if assigned[one.id].ids == alone.ids else assigned[one.id].shown,
            nobody=not assigned[one.id],
            tags=tags.get(one.id, []),
            link=link(one, homes[one.room_id]),
            overdue=_urgency(ctx, one, homes) is Urgency.OVERDUE,
            shape=_shape(rules.get(one.id)) if one.is_unfinished else None,
        )
        for one in found
    ]


def _shape(rule: RecurringAction | None) -> Shape | None:
    return pattern_parts(rule.rrule) if rule and rule.rrule else None


def _urgency(ctx: Context, action: ActionItem, homes: Mapping[int, Room]) -> Urgency | None:
    return urgency(action.due_on, today(ctx, homes[action.room_id])) if action.is_unfinished else None


def _under(line: Line, section: str | None) -> Line:
    return replace(line, section=section)


def _sections(lines: Sequence[Line]) -> list[tuple[str | None, list[Line]]]:
    return [(section, list(its)) for section, its in groupby(lines, key=lambda one: one.section)]


def _continued(data: dict[str, Any], more: Sequence[list[tuple[str | None, list[Line]]]]) -> Say | None:
    if not more:
        return None
    last = len(more) == 1
    return Say(
        key="action-list-more", data={**data, "sections": more[0], "last": last}, thread=_continued(data, more[1:])
    )
