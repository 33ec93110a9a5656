"""The register of resolutions, by words, group and year."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from commands.kit.context import Context
from commands.kit.pages import FIRST, pages
from commands.kit.readers import GroupName
from commands.kit.resolutions import OVERVIEW
from commands.kit.say import Refusal, Say
from commands.kit.texts import event_link
from commands.kit.triggers import Answer, Where, command
from storage import resolutions, rooms
from storage.resolutions import Resolution
from storage.rooms import Room, RoomKind
from storage.words import words_of

MOST = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One resolution as the register shows it; `link` leads to the message that it arose from."""

    resolution: Resolution
    group: str
    link: str | None
    successor: Resolution | None


@command("resolution list", where=Where.ANYWHERE)
async def list_resolutions(
    ctx: Context, search: str = "", *, group: GroupName | None = None, year: int | None = None
) -> Answer:
    """List the resolutions that this room may see, the newest first: those in which all words occur."""
    if search and not words_of(search):
        raise Refusal("register-search", written=search)
    visible = await _visible(ctx)
    if group is not None and visible is not None and group.id not in visible:
        raise Refusal("register-other-group", group=group.key)
    room_ids = [group.id] if group is not None else visible
    query = resolutions.register(search=search, room_ids=room_ids, year=year)
    total = await resolutions.count(ctx.tx, query)
    lines = await _lines(ctx, await resolutions.top(ctx.tx, query, MOST))
    first, *more = pages(lines)
    data: dict[str, Any] = {
        "search": search,
        "group": group.name if group is not None else None,
        "year": year,
        "several": room_ids is None or len(room_ids) > 1,
        "total": total,
        "rest": max(total - FIRST, 0),
        "unlisted": total - len(lines),
        "lines": first,
    }
    return Say(key="register", data=data, thread=_continued(data, more))


async def _visible(ctx: Context) -> list[int] | None:
    """Return the rooms whose resolutions are shown here; None for all of them."""
    if ctx.room.kind in OVERVIEW:
        return None
    if ctx.room.kind != RoomKind.DIRECT:
        if not ctx.room.is_group:
            raise Refusal("no-group", prefix=ctx.setup.prefix)
        return [ctx.room.id]
    found = [*await rooms.rooms_of(ctx.tx, ctx.sender), *await rooms.of_kind(ctx.tx, RoomKind.MAIN)]
    return sorted({room.id for room in found})


async def _lines(ctx: Context, found: Sequence[Resolution]) -> list[Line]:
    homes = await resolutions.homes(ctx.tx, found)
    successors = await resolutions.replacements(ctx.tx, found)
    return [Line(one, homes[one.room_id].name, _link(one, homes[one.room_id]), successors.get(one.id)) for one in found]


def _link(resolution: Resolution, home: Room) -> str | None:
    return event_link(home.matrix_id, resolution.event_id) if resolution.event_id else None


def _continued(data: dict[str, Any], more: Sequence[Sequence[Line]]) -> Say | None:
    if not more:
        return None
    last = len(more) == 1
    return Say(key="register-more", data={**data, "lines": more[0], "last": last}, thread=_continued(data, more[1:]))
