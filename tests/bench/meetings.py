"""Measures calendars of many dates: rendering them, and answering those who have subscribed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import aiohttp
from sqlalchemy import insert

from bot.settings import Web
from bot.web import WebServer
from bot.web.calendar import Calendar
from commands.meetings import feeds, ics, planning, schedule
from storage import rooms
from storage.actions import ActionItem
from storage.links import Link, LinkKind
from storage.meetings import Meeting, MeetingState, Series
from tests.bench.large import Samples, cpu, house, medians
from tests.handlers.house import House, user

GROUPS = 6
RULES = {
    "FREQ=MONTHLY;BYDAY=2TU": datetime(2026, 1, 13, 10),  # noqa: DTZ001 wall time
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO": datetime(2026, 1, 5, 16),  # noqa: DTZ001 wall time
    "FREQ=WEEKLY;BYDAY=TH": datetime(2026, 1, 8, 9),  # noqa: DTZ001 wall time
}
STORED_UNTIL = datetime(2028, 12, 31)  # noqa: DTZ001 wall time
TASKS = 20
"""So many action items has each group in its calendar."""
APART = 10
"""One date in so many was moved, another one called off."""
CROWD, BATCH = 1_000, 50
ALONE = 200
"""So often one subscriber asks."""


@dataclass
class Site:
    """A web server on loopback, and somebody who asks for a calendar."""

    session: aiohttp.ClientSession
    address: str

    async def ask(self, tag: str = "") -> tuple[int, str]:
        """Return status and entity tag."""
        async with self.session.get(self.address, headers={"If-None-Match": tag}) as response:
            await response.read()
            return response.status, response.headers["ETag"]


async def measure_calendar(tries: int) -> dict[str, float]:
    """Measure rendering the calendar of all groups, telling one subscriber that it is the same, and serving 1,000."""
    samples: Samples = {}
    async with house() as place:
        for number in range(1, GROUPS + 1):
            await _lay_down(place, f"UAG{number}", number)
        async with place.database.begin() as tx:
            shown = await feeds.of_groups(tx, await rooms.groups(tx), place.now, "de", every=True)
        assert sum(len(one.dates) for one in shown.series) > GROUPS * 3 * 12
        assert len(shown.todos) == GROUPS * TASKS
        for _ in range(tries * 5):
            with cpu(samples, "calendar_first_ms"):
                ics.text(shown, feeds.until(place.now))
        async with _served(place) as site:
            _, tag = await site.ask()
            for _ in range(tries):
                await _answer(site, samples, tag)
    found = medians(samples)
    return {**found, "calendar_ratio": found[f"calendar_{CROWD}_ms"] / found["calendar_1_ms"]}


async def _answer(site: Site, samples: Samples, tag: str) -> None:
    asked: Samples = {}
    with cpu(asked, "told"):
        for _ in range(ALONE):
            assert (await site.ask(tag))[0] == 304
    with cpu(asked, "1"):
        for _ in range(ALONE):
            assert (await site.ask())[0] == 200
    with cpu(asked, f"{CROWD}"):
        for _ in range(CROWD // BATCH):
            await asyncio.gather(*(site.ask() for _ in range(BATCH)))
    for key, [total] in asked.items():
        samples.setdefault(f"calendar_{key}_ms", []).append(total / (CROWD if key == f"{CROWD}" else ALONE))


async def _lay_down(place: House, key: str, number: int) -> None:
    """Store a group with a series, three years of its dates, and action items with a day."""
    group = await place.room(key)
    rule, dtstart = list(RULES.items())[number % len(RULES)]
    async with place.database.begin() as tx:
        room = await rooms.by_matrix_id(tx, group.id)
        assert room is not None
        facts = {"title": "UAG-Treffen", "zone": "Europe/Berlin", "link": "https://konferenz.example.org/uag"}
        made = {"created_by": user("Anna"), "created_at": place.now}
        tasks = [{"text": f"Schritt {task} zum Leitfaden", "due_on": place.now.date()} for task in range(TASKS)]
        await tx.execute(
            insert(ActionItem), [{**one, "room_id": room.id, "source_event_id": "$event", **made} for one in tasks]
        )
        series = Series(room_id=room.id, rrule=rule, dtstart=dtstart, minutes=90, holidays="move", **facts, **made)
        tx.add(series)
        await tx.flush()
        for at, one in enumerate(schedule.expand(planning.plan_of(series), after=dtstart - schedule.DAY, planned=160)):
            if one.original > STORED_UNTIL:
                break
            moved = schedule.HOUR if at % APART == 1 else 0 * schedule.HOUR
            state = MeetingState.CANCELLED if at % APART == 2 else MeetingState.PLANNED
            times = {"original": one.original, "starts_at": one.starts_at + moved, "ends_at": one.ends_at + moved}
            tx.add(
                Meeting(
                    name=f"{key}-{one.original.date()}",
                    room_id=room.id,
                    series_id=series.id,
                    state=state,
                    override=at % APART in (1, 2),
                    uid=series.uid,
                    **times,
                    **facts,
                    **made,
                )
            )


@asynccontextmanager
async def _served(place: House) -> AsyncIterator[Site]:
    """Serve the calendar of all groups."""
    async with place.database.begin() as tx:
        link = Link(kind=LinkKind.CALENDAR, room_id=None, created_by=user("Anna"), created_at=place.now)
        tx.add(link)
        await tx.flush()
    calendar = Calendar(place.database, lambda: place.now, "de")
    server = WebServer(Web(port=0), calendar.routes)
    port = await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Site(session, f"http://127.0.0.1:{port}/calendar/{link.secret}.ics")
    finally:
        await server.stop()
