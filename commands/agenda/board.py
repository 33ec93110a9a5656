"""The agenda of a group: which items it has, kept up to what they came from, and how it is shown."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from commands.agenda.facts import gather, today
from commands.agenda.filling import SAID, Key, Listed, Plan, Topic, arranged, plan
from commands.kit.context import Context
from commands.kit.pages import FIRST, pages
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name, event_link, zone
from storage import agenda, meetings, minutes, outbox
from storage.agenda import AgendaItem, AgendaSource, AgendaState
from storage.meetings import Meeting
from storage.rooms import Room

SOON = 4  # dates of which one is surely still to come
WITH_CARD = (AgendaSource.POLL, AgendaSource.REQUEST)  # sources of which the bot's own message is what can be linked


@dataclass(frozen=True, slots=True)
class Board:
    """An agenda: the items of a date, or of the next meeting where none is set, and what they came from.

    Items are numbered where the date is the group's next one. `changed`: items joined, left or are called otherwise.
    """

    room: Room
    meeting: Meeting | None
    items: Sequence[AgendaItem]
    topics: dict[Key, Topic]
    numbered: bool
    changed: bool

    @property
    def subject(self) -> Meeting | Room:
        """What the message that shows the agenda is about."""
        return self.meeting or self.room


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as the agenda shows it; `topic` or `by` say where it comes from, `late` how many days it is overdue."""

    item: AgendaItem
    topic: Topic | None
    by: Name | None
    late: int
    link: str | None


async def next_meeting(ctx: Context, room: Room) -> Meeting | None:
    """Return the meeting that runs, or the next one of a group that has not been held."""
    return next(iter(await coming(ctx, room)), None)


async def coming(ctx: Context, room: Room) -> list[Meeting]:
    """Return the meeting that runs and the next ones of a group that have not been held."""
    running = await minutes.running(ctx.tx, room.id)
    first = await meetings.by_id(ctx.tx, running.meeting_id) if running else None
    ahead = await meetings.upcoming(ctx.tx, ctx.now, room_id=room.id, limit=SOON)
    held = await minutes.of_meetings(ctx.tx, [one.id for one in ahead])
    return ([first] if first else []) + [one for one in ahead if one.id not in held]


async def numbered(ctx: Context) -> list[AgendaItem]:
    """Return the items of this room's next meeting as they were last numbered."""
    meeting = await next_meeting(ctx, ctx.room)
    return list(await agenda.of_meeting(ctx.tx, ctx.room.id, meeting.id if meeting else None))


async def item_number(ctx: Context, number: int) -> AgendaItem:
    """Return the item with this number; refuses one that the agenda does not have, and shows those that it has."""
    items = await numbered(ctx)
    if not 0 < number <= len(items):
        raise Refusal("agenda-number-unknown", number=number, items=items[:FIRST], more=len(items[FIRST:]))
    return items[number - 1]


async def load(ctx: Context, room: Room, meeting: Meeting | None, *, adding: bool = False) -> Board:
    """Return an agenda without what is settled; `adding`: with all that wants to be talked about then."""
    await ctx.tx.flush()
    running = await minutes.running(ctx.tx, room.id)
    await agenda.release(ctx.tx, room.id, ctx.now, running=running.meeting_id if running else None)
    upcoming = await next_meeting(ctx, room)
    is_next = meeting is None or upcoming is None or meeting.id == upcoming.id
    number = meeting.id if meeting else None
    shown = (None, number) if is_next else (number,)
    known = await agenda.known(ctx.tx, room.id, number)
    alone = {one.source_id for one in known if one.source == AgendaSource.ACTION and _counts(one, number)}
    day = meeting.starts_at.astimezone(zone(meeting.zone)).date() if meeting else today(ctx, room)
    topics = await gather(ctx, room, day, alone={one for one in alone if one is not None}, adding=adding)
    kept = await agenda.talked_about(ctx.tx, [one.id for one in known if one.is_open]) if running else set()
    change = plan([_listed(one) for one in known], topics, meeting_id=number, shown=shown, kept=kept)
    mine = [one for one in known if one.is_open and one.meeting_id in shown]
    items = await _apply(ctx, room, meeting, mine, change, adding=adding)
    return Board(room, meeting, items, {topic.key: topic for topic in topics}, is_next, changed=any(change))


async def card(ctx: Context, board: Board) -> Say:
    """Show an agenda in a new message; a long one goes on in a thread."""
    entries = await _entries(ctx, board)
    first, *more = pages(entries)
    data = _data(board, entries, shown=first, edited=False)
    return Say(key="agenda", data=data, about=board.subject, room=board.room, thread=_continued(data, more, len(first)))


async def redrawn(ctx: Context, room: Room, meeting: Meeting | None) -> list[Say]:
    """Show the newest state in the message that shows this agenda, if there is one."""
    subject: Meeting | Room = meeting or room
    if await outbox.first_about(ctx.tx, subject.noun, subject.id, "agenda", room.id) is None:
        return []
    return [await redraw(ctx, await load(ctx, room, meeting))]


async def redraw(ctx: Context, board: Board) -> Say:
    """Show an agenda in the message that shows it already."""
    entries = await _entries(ctx, board)
    data = _data(board, entries, shown=entries[:FIRST], edited=True)
    return Say(key="agenda", data=data, about=board.subject, room=board.room, in_place=True)


async def redrawn_all(ctx: Context, room: Room, *meeting_ids: int | None) -> list[Say]:
    """Show the newest state of the agendas of these dates (None: the next one), each once."""
    upcoming = await next_meeting(ctx, room)
    numbers = {number or (upcoming.id if upcoming else None) for number in meeting_ids}
    dates = [await meetings.by_id(ctx.tx, number) if number else None for number in numbers]
    return [say for meeting in dates for say in await redrawn(ctx, room, meeting)]


async def _apply(
    ctx: Context, room: Room, meeting: Meeting | None, mine: Sequence[AgendaItem], change: Plan, *, adding: bool
) -> list[AgendaItem]:
    """Carry out a plan; returns the open items in their order."""
    for one in mine:
        one.title = change.renamed.get(one.id, one.title)
        if one.id in change.gone:
            close(one, AgendaState.DROPPED, ctx, meeting)
        elif adding and one.source not in SAID and meeting is not None:
            one.meeting_id = meeting.id
    present = [one for one in mine if one.is_open]
    new = [_made(ctx, room, meeting, topic) for topic in change.new] if adding else []
    items = arranged(present, [(one.source, one) for one in new])
    if new:
        renumber(items)
        ctx.tx.add_all(new)
    await ctx.tx.flush()
    return items


def renumber(items: Sequence[AgendaItem]) -> None:
    """Let items stand in this order."""
    for position, item in enumerate(items, start=1):
        item.position = position


def close(item: AgendaItem, state: AgendaState, ctx: Context, meeting: Meeting | None) -> None:
    """End an item; it stays known to which meeting it belonged, so that it does not come again there."""
    item.state, item.closed_at = state, ctx.now
    if item.meeting_id is None and meeting is not None:
        item.meeting_id = meeting.id


def _made(ctx: Context, room: Room, meeting: Meeting | None, topic: Topic) -> AgendaItem:
    return AgendaItem(
        room_id=room.id,
        meeting_id=meeting.id if meeting else None,
        position=0,
        title=topic.title,
        budget=topic.budget,
        state=AgendaState.OPEN,
        source=topic.source,
        source_id=topic.source_id,
        event_id=topic.event_id,
        postponed=0,
        created_by=ctx.setup.user_id,
        created_at=ctx.now,
        closed_at=None,
    )


def _counts(item: AgendaItem, meeting_id: int | None) -> bool:
    return item.is_open or item.meeting_id == meeting_id


def _listed(item: AgendaItem) -> Listed:
    return Listed(item.id, item.source, item.source_id, item.title, item.is_open, item.meeting_id)


async def _entries(ctx: Context, board: Board) -> list[Entry]:
    said = {item.created_by for item in board.items if item.source in SAID}
    people = {one.user_id: one for one in await ctx.people(sorted(said))}
    links = await _links(ctx, board)
    return [_entry(ctx, board, item, people, links.get(item.id)) for item in board.items]


def _entry(ctx: Context, board: Board, item: AgendaItem, people: dict[str, Name], link: str | None) -> Entry:
    topic = board.topics.get((item.source, item.source_id)) if item.source not in SAID else None
    late = (today(ctx, board.room) - topic.day).days if topic and topic.day else 0
    return Entry(item, topic, people.get(item.created_by), late, link)


async def _links(ctx: Context, board: Board) -> dict[int, str]:
    """Return the permalink of the message in this room that each item arose from, by the item's id."""
    found = {one.id: event_link(board.room.matrix_id, one.event_id) for one in board.items if one.event_id}
    for source in WITH_CARD:
        mine = {one.source_id: one.id for one in board.items if one.source == source and one.source_id}
        if not mine:
            continue
        sent = await outbox.newest_about(ctx.tx, source, [number for number in mine if number], board.room.id)
        found |= {mine[number]: event_link(*place) for number, place in sent.items()}
    return found


def _data(board: Board, entries: Sequence[Entry], *, shown: Sequence[Entry], edited: bool) -> dict[str, Any]:
    budgets = [one.item.budget for one in entries if one.item.budget]
    length = (board.meeting.ends_at - board.meeting.starts_at).total_seconds() if board.meeting else 0
    return {
        "meeting": board.meeting,
        "entries": shown,
        "rest": len(entries) - len(shown),
        "edited": edited,
        "numbered": board.numbered,
        "planned": sum(budgets),
        "unplanned": len(entries) - len(budgets),
        "minutes": int(length // 60),
        "start": 1,
    }


def _continued(data: dict[str, Any], more: Collection[Sequence[Entry]], before: int) -> Say | None:
    if not more:
        return None
    entries, *further = more
    data = {**data, "entries": entries, "start": before + 1}
    return Say(key="agenda-more", data=data, thread=_continued(data, further, before + len(entries)))
