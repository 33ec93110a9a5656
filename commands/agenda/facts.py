"""What a group's next meeting may have to talk about, as it is stored."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta

from babel.dates import format_date

from commands.agenda.filling import Task, Topic, task_topics
from commands.agenda.wording import shortened
from commands.kit.context import Context
from commands.kit.dates import to_instant
from commands.kit.texts import LOCALES, zone
from commands.votes.result import result_of
from storage import actions, agenda, minutes, polls, requests, resolutions, rooms
from storage.agenda import AgendaSource
from storage.minutes import MinutesState
from storage.polls import Poll
from storage.resolutions import Resolution
from storage.rooms import Room

A_YEAR = timedelta(days=365)  # what nobody settled in a year is no topic by itself any more
MOST_TASKS = 100
# Titles are stored, for minutes and reminders show them too.
TITLES = {
    "de": {"tasks": "Offene Aufgaben", "minutes": "Protokoll vom {day} genehmigen"},
    "en": {"tasks": "Open action items", "minutes": "Approve the minutes of {day}"},
}


async def gather(ctx: Context, room: Room, day: date, *, alone: Collection[int], adding: bool) -> list[Topic]:
    """Return what wants to be talked about on that day, and what was; for `alone` and `adding` see `task_topics`."""
    return [
        *await _minutes(ctx, room),
        *await _standing(ctx, room),
        *await _requests(ctx, room),
        *await _tasks(ctx, room, day, alone=alone, adding=adding),
        *await _polls(ctx, room),
        *await _resolutions(ctx, room, day),
    ]


def today(ctx: Context, room: Room) -> date:
    """Return the calendar day in a room."""
    return ctx.now.astimezone(zone(room.zone)).date()


async def _minutes(ctx: Context, room: Room) -> list[Topic]:
    found = await minutes.last_ended(ctx.tx, room.id)
    if found is None or found.state != MinutesState.DRAFT:
        return []
    day = found.started_at.astimezone(zone(room.zone)).date()
    title = TITLES[room.language]["minutes"].format(day=format_date(day, "long", LOCALES[room.language]))
    return [Topic(AgendaSource.MINUTES, found.id, title)]


async def _standing(ctx: Context, room: Room) -> list[Topic]:
    return [
        Topic(AgendaSource.STANDING, one.id, one.title, note="standing", budget=one.budget)
        for one in await agenda.standing(ctx.tx, room.id)
    ]


async def _requests(ctx: Context, room: Room) -> list[Topic]:
    found = await requests.open_to(ctx.tx, room.id)
    asking = await rooms.by_numbers(ctx.tx, [one.from_room_id for one in found])
    return [
        Topic(
            source=AgendaSource.REQUEST,
            source_id=one.id,
            title=shortened(one.question),
            name=f"F{one.id}",
            note="request",
            group=asking[one.from_room_id].key or asking[one.from_room_id].name,
        )
        for one in found
    ]


async def _tasks(ctx: Context, room: Room, day: date, *, alone: Collection[int], adding: bool) -> list[Topic]:
    query = actions.listing(room_ids=[room.id], due_before=day + timedelta(days=1))
    tasks = [
        Task(one.id, shortened(one.text), one.due_on, one.source_event_id)
        for one in await actions.top(ctx.tx, query, MOST_TASKS)
        if one.due_on is not None
    ]
    title = TITLES[room.language]["tasks"]
    return task_topics(tasks, today=today(ctx, room), alone=alone, adding=adding, title=title)


async def _polls(ctx: Context, room: Room) -> list[Topic]:
    found = await polls.led_from(ctx.tx, room.id, ctx.now - A_YEAR)
    ids = [one.id for one in found]
    decided = await resolutions.decided_by_polls(ctx.tx, ids)
    talked = await agenda.talked_at(ctx.tx, room.id, AgendaSource.POLL, ids)
    undecided = [one for one in found if one.is_open or (one.id not in decided and result_of(one).verdict != "won")]
    return [
        Topic(
            source=AgendaSource.POLL,
            source_id=one.id,
            title=shortened(one.question),
            name=f"U{one.id}",
            note=_standing_of(one),
            since=one.closed_at,
            talked=talked.get(one.id),
        )
        for one in undecided
    ]


def _standing_of(poll: Poll) -> str:
    if poll.is_open:
        return "poll-open"
    return "poll-tie" if result_of(poll).verdict == "tie" else "poll-undecided"


async def _resolutions(ctx: Context, room: Room, day: date) -> list[Topic]:
    found = await resolutions.postponed_since(ctx.tx, room.id, ctx.now - A_YEAR)
    postponed = [one for one in found if one.review_on is None or one.review_on <= day]
    review = await resolutions.to_review(ctx.tx, room.id, day - A_YEAR, day)
    talked = await agenda.talked_at(ctx.tx, room.id, AgendaSource.RESOLUTION, _ids([*postponed, *review]))
    return [
        *(_resolution(one, "postponed", one.decided_at, talked.get(one.id)) for one in postponed),
        *(_resolution(one, "review", _morning(one.review_on, room), talked.get(one.id)) for one in review),
    ]


def _resolution(one: Resolution, note: str, since: datetime | None, talked: datetime | None) -> Topic:
    return Topic(
        source=AgendaSource.RESOLUTION,
        source_id=one.id,
        title=shortened(one.text),
        name=one.name,
        note=note,
        day=one.review_on if note == "review" else None,
        event_id=one.event_id,
        since=since,
        talked=talked,
    )


def _ids(found: Iterable[Resolution]) -> Sequence[int]:
    return [one.id for one in found]


def _morning(day: date | None, room: Room) -> datetime | None:
    return to_instant(datetime.combine(day, time.min), zone(room.zone)) if day else None
