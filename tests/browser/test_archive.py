"""The archive of minutes for everybody: with a screen reader, by keyboard, on a phone, by night, and on paper."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest

from bot.settings import Web
from bot.web import WebServer
from bot.web.archive import Archive
from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from storage import tables
from storage.base import Base
from storage.database import Database
from storage.minutes import LineKind
from storage.rooms import RoomKind
from tests.browser import CHROMIUM, REQUIRED, Seen, look
from tests.handlers.facts import sit
from tests.handlers.house import House, Language, TestRoom
from tests.handlers.minutes_rows import change_line, decide, give, hold

assert tables.ALL
pytestmark = pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="there is no Chromium")
A_DAY = timedelta(days=1)
LONG = "https://example.org/" + "sehr-langer-pfad/" * 12
CROWD = [
    (kind, text)
    for number in range(1, 7)
    for kind, text in (
        (LineKind.TOPIC, f"Thema {number}: Donaudampfschifffahrtsgesellschaftskapitänsmützenverordnung"),
        (LineKind.SUBTOPIC, "Zeitplan"),
        (LineKind.INFO, "Wort " * 60),
        (LineKind.LINK, LONG),
        (LineKind.LINK, f"{LONG} Entwurf"),
        (LineKind.IDEA, "Ohne" * 60),
        (LineKind.POSTPONED, "Förderantrag"),
    )
]
TOWNS = ("Halle (Saale)", "Magdeburg", "Dessau-Roßlau", "Stendal")


async def fill(house: House, language: Language) -> dict[str, str]:
    """Let there be pages of every kind in a language; returns their paths by name."""
    key = f"UAG-{language.upper()}"
    room = await house.room(key, title="Bürger-Apps", powers={"Anna": 100}, language=language)
    for who, town in zip(("Anna", "Bodo", "Carla"), TOWNS, strict=False):
        await sit(house, town, who)
    usual, crowded, draft, twice = [f"{key}-2026-11-{day:02}" for day in (2, 3, 4, 5)]
    numbers = {}
    for day, (name, lines) in enumerate(((usual, None), (crowded, CROWD), (draft, None), (twice, None))):
        more = {"lines": lines} if lines else {}
        numbers[name] = await hold(house, room, name, started_at=house.now + day * A_DAY, **more)  # type: ignore[arg-type]
    for name in (usual, crowded, twice):
        await decide(house, numbers[name], "Wir drehen ein Video")
        await give(house, numbers[name], "Drehbuch schreiben", "Anna", "Bodo", due_on=date(2026, 12, 1))
        await room.says(f"!protokoll genehmigen {name}")
    await room.says(f"!protokoll korrigieren {twice}")
    await change_line(house, numbers[twice], "Ein Video drehen", "Zwei Videos drehen")
    await room.says(f"!protokoll genehmigen {twice}")
    place = await _link(room)
    names = {
        "index": "",
        "usual": usual,
        "crowded": crowded,
        "draft": draft,
        "difference": twice,
        "first": f"{twice}/v1",
    }
    return {f"{what}-{language}": place + name for what, name in names.items()}


async def _link(room: TestRoom) -> str:
    said = (await room.says("!protokolle link")).text
    return urlsplit(next(word for word in said.split() if "/archive/" in word).strip("()")).path


async def everything() -> dict[str, Seen]:
    """Serve the archive and look at all its kinds of pages."""
    database = Database("sqlite+aiosqlite:///:memory:")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    house = House(database)
    server = WebServer(Web(port=0), Archive(database, house.setup).routes)
    address = f"http://127.0.0.1:{await server.start()}"
    house.setup = replace(house.setup, web=address)
    house.dispatcher = Dispatcher(database, house.setup, CAPABILITIES)
    try:
        main = await house.room("INI", "Anna", kind=RoomKind.MAIN, title="Initiative")
        pages = await fill(house, "de") | await fill(house, "en") | {"all": await _link(main)}
        return await look({name: address + path for name, path in pages.items()})
    finally:
        await server.stop()
        await database.close()


@pytest.fixture(scope="module")
def seen() -> dict[str, Seen]:
    assert CHROMIUM is not None, "UAGBOT_BROWSER=required, and there is no Chromium"
    return asyncio.run(everything())


def test_no_page_has_a_barrier_that_axe_knows(seen: dict[str, Seen]) -> None:
    assert len(seen) == 13
    found = {f"{name} {how}": view.violations for name, page in seen.items() for how, view in page.views.items()}
    assert {name: violations for name, violations in found.items() if violations} == {}


def test_no_page_is_wider_than_a_phone(seen: dict[str, Seen]) -> None:
    assert {name: page.views["360 light"].over for name, page in seen.items() if page.views["360 light"].over} == {}


def test_pages_are_dark_where_that_is_wanted(seen: dict[str, Seen]) -> None:
    for page in seen.values():
        assert page.views["360 light"].background == "rgb(255, 255, 255)"
        assert page.views["360 dark"].background == "rgb(21, 23, 27)"


def test_pages_fetch_nothing_but_themselves_and_break_no_rule(seen: dict[str, Seen]) -> None:
    for name, page in seen.items():
        assert page.status == 200, name
        assert [one for one in page.fetched[1:] if not one.endswith(("#main", "/favicon.ico"))] == [], name
        assert [one for one in page.complaints if "favicon" not in one] == [], name


def test_the_first_key_skips_to_the_content(seen: dict[str, Seen]) -> None:
    for name, page in seen.items():
        assert page.skips == {"href": "#main", "seen": True, "leadsTo": "MAIN"}, name
