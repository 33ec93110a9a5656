"""The register of results, by words, group and year."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from commands.kit.context import Context
from commands.kit.pages import FIRST, pages
from commands.kit.readers import Found, Group
from commands.kit.say import Refusal, Say
from commands.kit.texts import event_link
from commands.kit.triggers import Answer, Where, command
from commands.kit.words import Word, normalise
from commands.results.rules import year_window
from commands.results.telling import check_reader, kept_from
from storage import results, rooms
from storage.results import GroupResult
from storage.rooms import Room, RoomKind
from storage.words import words_of

MOST = 100
ALL = ("alle", "all")
All = Literal["all"]


class GroupOrAll(Group):
    """A working group by its short name, or all of them (`alle`)."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names that no group has, and says which there are."""
        if words and normalise(words[0].text) in ALL:
            return "all", 1
        return await super().read(words, ctx)


OfGroup = Annotated[Room | All, GroupOrAll()]


@dataclass(frozen=True, slots=True)
class Line:
    """One result as the register shows it; `message` leads to where it was told, `year` is one that is over."""

    result: GroupResult
    group: str
    message: str | None
    year: int | None


@command("result list", where=Where.ANYWHERE)
async def list_results(
    ctx: Context, scope: All | None = None, search: str = "", *, group: OfGroup | None = None, year: int | None = None
) -> Answer:
    """List the results of this group, of another one or of all, the newest first: those in which all words occur."""
    await check_reader(ctx)
    if search and not words_of(search):
        raise Refusal("results-search", written=search)
    chosen = _chosen(ctx, scope or group)
    kept = await kept_from(ctx)
    if chosen is not None and chosen.id in kept:
        raise Refusal("results-inside", group=chosen.name)
    since, until = year_window(year, ctx.zone) if year is not None else (None, None)
    room_ids = [chosen.id] if chosen is not None else None
    query = results.register(search=search, room_ids=room_ids, besides=kept, since=since, until=until)
    total = await results.count(ctx.tx, query)
    lines = await _lines(ctx, await results.top(ctx.tx, query, MOST))
    first, *more = pages(lines)
    data: dict[str, Any] = {
        "search": search,
        "group": chosen.name if chosen is not None else None,
        "own": chosen is ctx.room,
        "year": year,
        "total": total,
        "rest": max(total - FIRST, 0),
        "unlisted": total - len(lines),
        "lines": first,
    }
    return Say(key="result-list", data=data, thread=_continued(data, more))


def _chosen(ctx: Context, wanted: Room | All | None) -> Room | None:
    """Return the group whose results are listed, None for all: a group's room shows its own unless told otherwise."""
    if isinstance(wanted, Room):
        return wanted
    return ctx.room if wanted is None and ctx.room.kind == RoomKind.GROUP else None


async def _lines(ctx: Context, found: Sequence[GroupResult]) -> list[Line]:
    homes = await rooms.by_numbers(ctx.tx, {one.room_id for one in found})
    this_year = ctx.now.astimezone(ctx.zone).year
    return [_line(ctx, one, homes[one.room_id], this_year) for one in found]


def _line(ctx: Context, result: GroupResult, home: Room, this_year: int) -> Line:
    message = event_link(home.matrix_id, result.event_id) if result.event_id else None
    year = result.created_at.astimezone(ctx.zone).year
    return Line(result, home.name, message, year if year != this_year else None)


def _continued(data: dict[str, Any], more: Sequence[Sequence[Line]]) -> Say | None:
    if not more:
        return None
    last = len(more) == 1
    return Say(key="result-list-more", data={**data, "lines": more[0], "last": last}, thread=_continued(data, more[1:]))
