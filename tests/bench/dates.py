"""Measures what many dates bring: reminders that fall due in one minute, and an agenda that fills itself."""

import time
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from commands.meetings.planning import REMINDER
from storage import due, rooms
from storage.actions import ActionItem
from storage.agenda import AgendaItem
from storage.assignment import Assignee
from storage.due import Due
from storage.meetings import Meeting
from storage.outbox import Outgoing
from storage.rsvps import Answer, Rsvp
from tests.bench.large import Samples, cpu, house, in_turn, medians, member, new_message, statements
from tests.handlers.house import House, TestRoom, user

MEETINGS = 500
PEOPLE = 12
ITEMS = 4
"""So many items are on the agenda of each meeting."""
FEW, MANY = 100, 1_000
FILLED = 5
"""So often each agenda is filled, for each try of the others."""
FILL = "agenda fill"
DAY, QUARTER, MINUTE = timedelta(days=1), timedelta(minutes=15), timedelta(minutes=1)


async def measure_reminders(tries: int) -> dict[str, float]:
    """Measure the reminders of 500 meetings that begin in the same minute, each of another group."""
    samples: Samples = {}
    async with house() as place:
        begins = place.now + QUARTER
        groups = [await place.room(f"UAG{number}", *map(member, range(PEOPLE))) for number in range(MEETINGS)]
        await _meet(place, groups, [begins + number * MINUTE / MEETINGS for number in range(MEETINGS)])
        place.now += MINUTE
        for _ in range(tries):
            await _plan_reminders(place)
            began = time.perf_counter()
            with cpu(samples, "reminders_ms"):
                asked = await _remind(place, samples)
            samples.setdefault("reminders_waiting_ms", []).append((time.perf_counter() - began) * 1000)
            sent = await place.deliver()
            assert [one.key for one in sent] == ["meeting-reminder"] * MEETINGS
    found = medians(samples)
    return {**found, "reminder_first_queries": asked[0], "reminder_last_queries": asked[-1]}


async def _remind(place: House, samples: Samples) -> list[int]:
    """Fire all that is due; returns how many statements each reminder asked."""
    asked = []
    for _ in range(MEETINGS):
        with statements(place) as found, cpu(samples, "reminder_ms"):
            assert (await place.dispatcher.deadlines.fire_next(place.now)).handled
        asked.append(len(found))
    assert not (await place.dispatcher.deadlines.fire_next(place.now)).handled
    return asked


async def _meet(place: House, groups: list[TestRoom], begins: list[datetime]) -> None:
    """Store a meeting of each group, with an agenda and with answers of who comes."""
    made = {"created_by": user("Anna"), "created_at": place.now}
    async with place.database.begin() as tx:
        found = await rooms.by_matrix_ids(tx, [group.id for group in groups])
        homes = [found[group.id].id for group in groups]
        facts = {"title": "UAG-Treffen", "zone": "Europe/Berlin", "link": "https://konferenz.example.org/uag", **made}
        rows = [
            {"name": f"UAG{number}-2026-11-02", "room_id": room, "original": at.replace(tzinfo=None), **facts}
            | {"starts_at": at, "ends_at": at + QUARTER}
            for number, (room, at) in enumerate(zip(homes, begins, strict=True))
        ]
        await tx.execute(insert(Meeting), rows)
        numbers = dict((await tx.execute(select(Meeting.room_id, Meeting.id))).all())
        items = [
            {"room_id": room, "meeting_id": number, "position": position, "title": f"Punkt {position}", **made}
            for room, number in numbers.items()
            for position in range(1, ITEMS + 1)
        ]
        await tx.execute(insert(AgendaItem), items)
        answers = list(Answer)
        replies = [
            {"meeting_id": number, "user_id": user(member(who)), "answer": answers[who % len(answers)]}
            | {"said_at": place.now, "event_id": f"$rsvp-{number}-{who}"}
            for number in numbers.values()
            for who in range(PEOPLE)
        ]
        await tx.execute(insert(Rsvp), replies)


async def _plan_reminders(place: House) -> None:
    """Plan the reminder of each meeting a quarter of an hour before it."""
    async with place.database.begin() as tx:
        found = await tx.execute(select(Meeting.id, Meeting.room_id, Meeting.starts_at))
        rows = [
            {"what": REMINDER, "subject": number, "room_id": room, "at": at - QUARTER, "try_at": at - QUARTER}
            for number, room, at in found
        ]
        await tx.execute(insert(Due), rows)


async def measure_agenda(tries: int) -> dict[str, float]:
    """Measure how an agenda fills itself where 100 and where 1,000 action items are open, in turn, and showing it."""
    samples: Samples = {}
    async with house() as few, house() as many:
        places = {FEW: few, MANY: many}
        groups = {size: await place.room("UAG1", powers={"Anna": 100}) for size, place in places.items()}
        for size, place in places.items():
            await _meet(place, [groups[size]], [place.now + 3 * DAY])
            await _leave_undone(place, size)
        for turn in range(tries * FILLED):
            for size in in_turn(places, turn):
                await _fill(places[size], groups[size], samples, size)
    found = medians(samples)
    return {**found, "fill_ratio": found[f"fill_{MANY}_ms"] / found[f"fill_{FEW}_ms"]}


async def _leave_undone(place: House, size: int) -> None:
    """Store so many open action items that are due up to the day of the meeting, most of them overdue."""
    today = place.now.date()
    async with place.database.begin() as tx:
        [room] = await tx.scalars(select(Meeting.room_id))
        made = {"room_id": room, "created_by": user("Anna"), "created_at": place.now}
        days = [today - (number % 30 - 2) * DAY for number in range(size)]
        items = [{"text": f"Schritt {number}", "due_on": day, **made} for number, day in enumerate(days)]
        await tx.execute(insert(ActionItem), items)
        numbers = await tx.scalars(select(ActionItem.id))
        await tx.execute(insert(Assignee), [{"action_id": number, "user_id": user("Anna")} for number in numbers])


async def _fill(place: House, room: TestRoom, samples: Samples, size: int) -> None:
    """Let the agenda fill itself and show it; then it is as it was before."""
    async with place.database.begin() as tx:
        [meeting] = await tx.scalars(select(Meeting))
        await due.add(tx, FILL, meeting.id, meeting.room_id, place.now)
    with cpu(samples, f"fill_{size}_ms"):
        assert (await place.dispatcher.deadlines.fire_next(place.now)).handled
    message = new_message(place, room, "text", "Anna", text="!tagesordnung")
    with cpu(samples, f"agenda_{size}_ms"):
        assert (await place.dispatcher.handle(message, place.now)).handled
    filled, *rest = [one for one in await place.deliver() if one.key == "agenda"]
    assert "Schritt" in filled.text
    assert len(rest) == 1
    async with place.database.begin() as tx:
        await tx.execute(delete(AgendaItem).where(AgendaItem.source == "action"))
        await tx.execute(delete(Outgoing))
