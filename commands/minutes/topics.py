"""Topics: how a session walks through its agenda, and what is said when a topic's time is up."""

from collections.abc import Sequence
from typing import Annotated, Literal

from commands.kit.context import Context
from commands.kit.readers import Found, Number, Reader
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, job
from commands.kit.words import Word
from commands.minutes import rules
from commands.minutes.running import changeable, needed, origin, take_back, write
from storage import agenda, due, minutes
from storage.agenda import AgendaItem
from storage.minutes import Line, LineKind, Minutes

TOPIC = "topic-begun"
NEARLY_UP, UP = "minutes time nearly up", "minutes time up"
MET = (LineKind.TOPIC, LineKind.POSTPONED)


class Place(Reader):
    """The number of an agenda item; in quotes it is a title."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Up to nine digits, with or without a full stop."""
        if not words or words[0].quoted:
            return None
        plain = words[0].text.removesuffix(".")
        return await Number().read([Word(plain, plain)], ctx)


ItemNumber = Annotated[int, Place()]


@command("topic next")
async def go_on(ctx: Context, _move: Literal["next"]) -> Answer:
    """Begin with the next item of the agenda that was not talked about."""
    found, items = await _led(ctx)
    met = await minutes.items_met(ctx.tx, found.id)
    current = await minutes.newest_line(ctx.tx, found.id, MET)
    place = rules.next_item(items, met, current.agenda_item_id if current else None)
    if place is None:
        raise Refusal("topic-none-left", empty=not items)
    return await _begin(ctx, found, items[place].title, items[place], place + 1)


@command("topic postpone")
async def postpone(ctx: Context, _move: Literal["postpone"]) -> Answer:
    """Put the current item of the agenda off to the next meeting."""
    found, items = await _led(ctx)
    current = await minutes.newest_line(ctx.tx, found.id, MET)
    item = next((one for one in items if current is not None and one.id == current.agenda_item_id), None)
    if current is None or current.kind != LineKind.TOPIC or item is None:
        raise Refusal("topic-not-on-agenda")
    await write(ctx, found, LineKind.POSTPONED, item.title, item=item.id)
    return ctx.react("✅")


@command("topic item")
async def take(ctx: Context, number: ItemNumber) -> Answer:
    """Begin with an item of the agenda by its number."""
    found, items = await _led(ctx)
    item = _numbered(items, number)
    return await _begin(ctx, found, item.title, item, number)


@take.edited
async def retake(ctx: Context, _line_id: int, number: ItemNumber) -> Answer:
    """Let the topic be the item with another number."""
    line, found = await _edited(ctx)
    item = _numbered(await agenda.of_meeting(ctx.tx, ctx.room.id, found.meeting_id), number)
    line.text, line.agenda_item_id = item.title, item.id
    for what in (NEARLY_UP, UP):
        await due.cancel(ctx.tx, what, line.id)
    await _plan_warnings(ctx, line, item.budget)
    return [ctx.react("✏️"), shown(line, number, item.budget, in_place=True)]


@command("topic")
async def begin(ctx: Context, title: str) -> Answer:
    """Begin with a topic that is not on the agenda."""
    found, _ = await _led(ctx)
    return await _begin(ctx, found, title)


@begin.edited
async def retitle(ctx: Context, _line_id: int, title: str) -> Answer:
    """Give the topic another title."""
    line, _ = await _edited(ctx)
    line.text = title
    return [ctx.react("✏️"), shown(line, None, None, in_place=True)]


@begin.redacted
@take.redacted
@go_on.redacted
@postpone.redacted
async def withdraw(ctx: Context, _line_id: int) -> Answer:
    """Take back a topic whose command was deleted."""
    line = await minutes.line_of_event(ctx.tx, ctx.event.relates_to or "")
    if line is None or line.taken_back_at is not None:
        return None
    await changeable(ctx, line.minutes_id)
    await take_back(ctx, line)
    return gone(line)


@job(NEARLY_UP)
async def warn(ctx: Context, line_id: int) -> Answer:
    """Say that the time of a topic is nearly up, while it is the topic."""
    timed = await _timed(ctx, line_id)
    if timed is None:
        return None
    line, budget = timed
    nearly, until = rules.warnings(line.at, budget)
    if ctx.now < nearly:
        await ctx.due(NEARLY_UP, line, at=nearly)  # it was given more time meanwhile
        return None
    left = rules.minutes_left(until, ctx.now)
    return ctx.say("topic-time", line=line, left=left) if left > 0 else None


@job(UP)
async def stop(ctx: Context, line_id: int) -> Answer:
    """Say that the time of a topic is up, while it is the topic."""
    timed = await _timed(ctx, line_id)
    if timed is None:
        return None
    line, budget = timed
    _, until = rules.warnings(line.at, budget)
    if ctx.now < until:
        await ctx.due(UP, line, at=until)
        return None
    return None if ctx.late else ctx.say("topic-time", line=line, left=0)


async def _led(ctx: Context) -> tuple[Minutes, Sequence[AgendaItem]]:
    """Return the session and the agenda; refuses who neither leads it nor writes its minutes."""
    found = await needed(ctx)
    await ctx.allow(Role.CHAIR)
    return found, await agenda.of_meeting(ctx.tx, ctx.room.id, found.meeting_id)


async def _edited(ctx: Context) -> tuple[Line, Minutes]:
    line = await minutes.line_of_event(ctx.tx, origin(ctx))
    if line is None or line.taken_back_at is not None:
        raise Refusal("edit-not-run")
    return line, await changeable(ctx, line.minutes_id)


def _numbered(items: Sequence[AgendaItem], number: int) -> AgendaItem:
    if not 1 <= number <= len(items):
        raise Refusal("topic-number", number=number, count=len(items))
    return items[number - 1]


async def _begin(
    ctx: Context, found: Minutes, title: str, item: AgendaItem | None = None, number: int | None = None
) -> Say:
    line = await write(ctx, found, LineKind.TOPIC, title, item=item.id if item else None)
    await _plan_warnings(ctx, line, item.budget if item else None)
    return shown(line, number, item.budget if item else None)


async def _plan_warnings(ctx: Context, line: Line, budget: int | None) -> None:
    if budget:
        nearly, until = rules.warnings(line.at, budget)
        await ctx.due(NEARLY_UP, line, at=nearly)
        await ctx.due(UP, line, at=until)


async def _timed(ctx: Context, line_id: int) -> tuple[Line, int] | None:
    """Return a topic and its time in minutes, as long as it is the topic of a session that runs."""
    line = await minutes.line(ctx.tx, line_id)
    found = await minutes.running(ctx.tx, ctx.room.id)
    if line is None or line.agenda_item_id is None or found is None or found.id != line.minutes_id:
        return None
    current = await minutes.newest_line(ctx.tx, found.id, MET)
    item = await agenda.by_id(ctx.tx, line.agenda_item_id)
    return (line, item.budget) if current is line and item is not None and item.budget else None


def shown(line: Line, number: int | None, budget: int | None, *, in_place: bool = False) -> Say:
    """Say which topic begins."""
    data = {"line": line, "number": number, "budget": budget, "gone": False}
    return Say(key=TOPIC, about=line, in_place=in_place, data=data)


def gone(line: Line) -> Say:
    """Cross a topic out that was taken back."""
    return Say(key=TOPIC, about=line, in_place=True, data={"line": line, "number": None, "budget": None, "gone": True})
