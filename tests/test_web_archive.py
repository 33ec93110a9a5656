"""The archive of minutes as browsers get it: who sees what, and what tells nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp
import pytest
from sqlalchemy import event
from yarl import URL

from bot.settings import Web
from bot.web import WebServer
from bot.web.archive import Archive
from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from storage.database import Database
from storage.links import Link, LinkKind
from storage.minutes import LineKind, MinutesState
from storage.rooms import RoomKind
from tests.handlers.house import House, TestRoom
from tests.handlers.minutes_rows import change_line, hold

NAME = "UAG1-2026-11-02"
A_DAY = timedelta(days=1)


@dataclass
class Site:
    """The house with its web server; pages are asked for by their path behind the secret address."""

    house: House
    session: aiohttp.ClientSession
    address: str

    async def link(self, room: TestRoom, words: str = "!protokolle link") -> str:
        """Return the path of the archive that this room is given."""
        said = (await room.says(words)).text
        return urlsplit(next(word for word in said.split() if "/archive/" in word).strip("()")).path

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        """Ask for exactly this path, nothing in it made nicer."""
        answer = await self.session.get(URL(self.address + path, encoded=True), headers=headers, allow_redirects=False)
        await answer.read()
        return answer

    async def text(self, path: str) -> str:
        """Return a page that is there."""
        answer = await self.get(path)
        assert answer.status == 200, path
        return await answer.text()


@pytest.fixture
async def site(database: Database) -> AsyncIterator[Site]:
    house = House(database)
    server = WebServer(Web(port=0), Archive(database, house.setup).routes)
    address = f"http://127.0.0.1:{await server.start()}"
    house.setup = replace(house.setup, web=address)
    house.dispatcher = Dispatcher(database, house.setup, CAPABILITIES)
    async with aiohttp.ClientSession() as session:
        yield Site(house, session, address)
    await server.stop()


async def test_a_group_reads_its_own_with_drafts_and_all_others_what_was_approved(site: Site) -> None:
    room = await site.house.room(powers={"Anna": 100})
    main = await site.house.room("INI", kind=RoomKind.MAIN, title="Initiative", language="en")
    other = await site.house.room("UAG2", title="Wärme & Strom", powers={"Anna": 100})
    number = await hold(site.house, room)
    await hold(site.house, room, "UAG1-2026-11-05", started_at=site.house.now + 3 * A_DAY)
    await hold(site.house, room, "UAG1-2026-11-09", started_at=site.house.now + 7 * A_DAY, state=MinutesState.RUNNING)
    await hold(site.house, other, "UAG2-2025-11-03", started_at=site.house.now - 364 * A_DAY)
    await room.says(f"!protokoll genehmigen {NAME}")
    await other.says("!protokoll genehmigen")
    own, every = await site.link(room), await site.link(main)

    index = await site.text(own)
    assert '<html lang="de">' in index
    assert index.index("UAG1-2026-11-05") < index.index(NAME)
    assert 'UAG1-2026-11-05)</a> – <span class="kind">Entwurf' in index
    assert "UAG2" not in index
    assert "2026-11-09" not in index
    index = await site.text(every)
    assert '<html lang="en">' in index
    assert index.index("UAG1 Bürger-Apps") < index.index(NAME) < index.index("UAG2 Wärme &amp; Strom")
    assert "<h3>2025</h3>" in index
    assert "2026-11-05" not in index

    page = await site.text(own + NAME)
    assert "Genehmigt am" in page
    assert '<a rel="next" href="UAG1-2026-11-05">' in page
    assert 'rel="next"' not in await site.text(every + NAME)
    assert "Entwurf, noch nicht genehmigt" in await site.text(own + "UAG1-2026-11-05")
    assert (await site.text(every + f"{NAME}.md")).startswith("# Protokoll: UAG-Treffen\n")
    assert (await site.text(every + f"{NAME}.txt")).startswith("Protokoll: UAG-Treffen\n====")

    await room.says(f"!protokoll korrigieren {NAME}")
    await change_line(site.house, number, "Ein Video drehen", "Zwei Videos drehen")
    assert "Zwei Videos" in await site.text(own + NAME)
    assert "Ein Video" in await site.text(every + NAME)
    await room.says(f"!protokoll genehmigen {NAME}")
    assert "Änderungen gegenüber Version 1" in await site.text(every + NAME)
    assert "Version 2" in await site.text(every + f"{NAME}/v2")
    first = await site.text(every + f"{NAME}/v1")
    assert "Ein Video" in first
    assert '<a href="v2">Version 2</a>' in first

    hidden = [own + "UAG2-2025-11-03", own + "UAG1-2026-11-09", every + "UAG1-2026-11-05", every + f"{NAME}/v3"]
    await tells_nothing(site, hidden)


async def tells_nothing(site: Site, paths: list[str]) -> None:
    """Every path gets the answer of one that nobody serves."""
    nobody = await site.get("/nowhere")
    for path in paths:
        answer = await site.get(path)
        assert (answer.status, await answer.read()) == (404, await nobody.read()), path
        assert answer.headers.keys() == nobody.headers.keys(), path


async def test_what_is_revoked_or_made_up_does_not_exist(site: Site) -> None:
    room = await site.house.room(powers={"Anna": 100})
    await hold(site.house, room, "UAG1-2026-11-03-2")
    await hold(site.house, room)
    old = await site.link(room)
    assert f"{NAME}" in await site.text(old)
    own = await site.link(room, "!protokolle link neu")
    async with site.house.database.begin() as tx:
        calendar = Link(kind=LinkKind.CALENDAR, room_id=None, created_by="@anna:localhost", created_at=site.house.now)
        tx.add(calendar)
    assert "UAG-Treffen" in await site.text(own + "UAG1-2026-11-03-2")
    tricks = [
        old, old + NAME, own.swapcase(), own[:-2] + "/", own.rstrip("/") + "%00/", f"/archive/{calendar.secret}/",
        *(own + name for name in (
            NAME.lower(), f"{NAME}%00", f"%00{NAME}", f"{NAME}/", f"{NAME}/v0", f"{NAME}/v01", f"{NAME}/v9999999",
            f"{NAME}.html", f"{NAME}.MD", f"x%2F{NAME}", f"..%2F{NAME}", f"%2e%2e%2f{NAME}", f"{NAME}%2Fv1",
            f"{NAME}%20",
            "%F0%9F%92%A9-2026-11-02", "%FF-2026-11-02", f"{NAME}%E2%80%8B", "UAG１-2026-11-02", "?page=0", "?page=2",
            "?page=x", "?page=%C2%B2", "?page=99999999999999999999999", "a" * 3000 + "-1",
        )),
    ]  # fmt: skip
    await tells_nothing(site, [trick.replace("１", "%EF%BC%91") for trick in tricks])
    assert (await site.get(own.rstrip("/") + "/../metrics")).status == 404


async def test_every_page_says_how_it_may_be_kept_and_that_it_fetches_nothing(site: Site) -> None:
    room = await site.house.room(powers={"Anna": 100})
    await hold(site.house, room)
    own = await site.link(room)
    for path in (own, own + NAME, own + f"{NAME}.md"):
        answer = await site.get(path)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert answer.charset == "utf-8"
        again = await site.get(path, **{"If-None-Match": answer.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["ETag"] == answer.headers["ETag"]
    draft = (await site.get(own + NAME)).headers["ETag"]
    await room.says("!protokoll genehmigen")
    changed = await site.get(own + NAME, **{"If-None-Match": draft})
    assert changed.status == 200
    assert (await site.get(own + NAME, **{"If-None-Match": f"W/{changed.headers['ETag']}"})).status == 304


async def test_pages_cost_the_same_however_much_there_is(site: Site) -> None:
    room = await site.house.room(powers={"Anna": 100})
    statements: list[str] = []
    engine = site.house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    async def cost(path: str) -> int:
        statements.clear()
        await site.text(path)
        return len(statements)

    await hold(site.house, room)
    own = await site.link(room)
    few = [await cost(own), await cost(own + NAME)]
    for day in range(1, 105):
        await hold(site.house, room, f"UAG1-2025-{day}", started_at=site.house.now - day * A_DAY, lines=(), here=())
    many = [(LineKind.INFO, f"Punkt {number}") for number in range(300)]
    await hold(site.house, room, "UAG1-2026-12-01", started_at=site.house.now + A_DAY, lines=many)
    assert [await cost(own), await cost(own + "UAG1-2026-12-01")] == few

    first, second = await site.text(own), await site.text(own + "?page=2")
    assert first.count("<li><time") == 100
    assert second.count("<li><time") == 6
    assert '<a rel="next" href="?page=2">' in first
    assert '<a rel="prev" href="?page=1">' in second
    await tells_nothing(site, [own + "?page=3"])
