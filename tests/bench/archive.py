"""Measures the archive of minutes on the web, with few and with many that were approved."""

import itertools
from dataclasses import replace
from datetime import timedelta

from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from sqlalchemy import insert

from bot.web.archive import Archive
from commands.minutes.document import Document, Topic, as_json
from storage import rooms
from storage.links import Link, LinkKind
from storage.meetings import Meeting
from storage.minutes import Minutes, MinutesState, MinutesVersion
from storage.rooms import RoomKind
from tests.bench.large import Samples, cpu, house, in_turn, medians
from tests.handlers.house import House, user
from tests.sampled_minutes import line, usual

FEW, MANY = 20, 500
GROUPS = 10
ASKED = 12
"""So often each page is asked for, for each try of the others."""
LINES, APART, HUNDRED = 60, 10, 100
"""So many lines has each of the minutes, and every tenth of them was corrected."""
SECRET = "a" * 32
WEEK = timedelta(days=7)


async def measure_archive(tries: int) -> dict[str, float]:
    """Measure index and page of the archive of all groups, with 20 and with 500 minutes in it, in turn."""
    samples: Samples = {}
    async with house() as few, house() as many:
        places = {FEW: few, MANY: many}
        archives = {size: Archive(place.database, place.setup) for size, place in places.items()}
        for size, place in places.items():
            await _file(place, size)
        for turn in range(tries * ASKED):
            for size in in_turn(archives, turn):
                index, page, *_ = archives[size].routes
                number = turn % FEW
                name = f"UAG{number % GROUPS + 1}-{number}"
                with cpu(samples, f"archive_index_{size}_ms"):
                    listed = await _get(index)
                with cpu(samples, f"archive_page_{size}_ms"):
                    shown = await _get(page, name=name)
                assert str(listed.text).count("<li><time") == min(size, HUNDRED)
                assert "Geändert: Punkt 1 (vorher: Zeile 1)" in str(shown.text)
    found = medians(samples)
    return {**found, "archive_page_ratio": found[f"archive_page_{MANY}_ms"] / found[f"archive_page_{FEW}_ms"]}


async def _get(route: web.RouteDef, **match: str) -> web.Response:
    """Ask for a page as aiohttp does once it has found out whose it is."""
    request = make_mocked_request("GET", "/", match_info={"secret": SECRET, **match})
    response = await route.handler(request)
    assert isinstance(response, web.Response)
    return response


async def _file(place: House, size: int) -> None:
    """Store so many minutes of ten groups, a week apart, approved and once corrected."""
    await place.room("INI", kind=RoomKind.MAIN, title="Initiative")
    groups = [await place.room(f"UAG{number}") for number in range(1, GROUPS + 1)]
    versions = [as_json(_document(word)) for word in ("Zeile", "Punkt")]
    async with place.database.begin() as tx:
        found = await rooms.by_matrix_ids(tx, [group.id for group in groups])
        homes = [found[group.id].id for group in groups]
        tx.add(Link(kind=LinkKind.ARCHIVE, secret=SECRET, room_id=None, created_by=user("Anna"), created_at=place.now))
        await tx.execute(insert(Meeting), [_meeting(place, homes, number) for number in range(size)])
        await tx.execute(insert(Minutes), [_minutes(place, homes, number) for number in range(size)])
        by = {"approved_by": user("Anna"), "approved_at": place.now}
        rows = [
            {"minutes_id": number + 1, "version": version, "document": document, **by}
            for number in range(size)
            for version, document in enumerate(versions, start=1)
        ]
        await tx.execute(insert(MinutesVersion), rows)


def _document(word: str) -> Document:
    texts = (f"{word if number % APART == 1 else 'Punkt'} {number}" for number in range(LINES))
    entries = tuple(itertools.starmap(line, enumerate(texts, start=HUNDRED)))
    return replace(usual(), topics=(Topic("topic 1", "Server", usual().starts_at, entries=entries), *usual().topics))


def _meeting(place: House, homes: list[int], number: int) -> dict[str, object]:
    starts_at = place.now - (number + 1) * WEEK
    return {
        "id": number + 1,
        "name": f"UAG{number % GROUPS + 1}-{number}",
        "room_id": homes[number % GROUPS],
        "original": starts_at.replace(tzinfo=None),
        "title": "UAG-Treffen",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "zone": "Europe/Berlin",
        "created_by": user("Anna"),
        "created_at": starts_at,
    }


def _minutes(place: House, homes: list[int], number: int) -> dict[str, object]:
    starts_at = place.now - (number + 1) * WEEK
    return {
        "id": number + 1,
        "room_id": homes[number % GROUPS],
        "meeting_id": number + 1,
        "state": MinutesState.APPROVED,
        "started_at": starts_at,
        "started_by": user("Anna"),
        "ended_at": starts_at + timedelta(hours=2),
        "heard_at": starts_at,
        "version": 2,
    }
