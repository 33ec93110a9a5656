"""The web server gives calendars to who knows the address, and nobody else anything."""

import asyncio
import gzip
import io
import logging
import re
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from icalendar import Calendar as Read
from yarl import URL

from bot.clock import Clock
from bot.health import Health
from bot.logs import configure
from bot.settings import Log, Web
from bot.web import WebServer
from bot.web import calendar as web_calendar
from bot.web.calendar import Calendar, takes_gzip
from bot.web.state import State
from commands.kit.setup import Setup
from storage import links
from storage.base import Base
from storage.database import Database, DatabaseTrouble
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat
from tests.handlers.house import BOT, House, TestRoom
from tests.handlers.meeting_rows import ONCE, SERIES

UNKNOWN = "A" * 32
ADDRESS = re.compile(r"https://bot\.example\.org(/calendar/[\w-]{32}\.ics)")


@dataclass
class Site:
    """A web server on loopback, the house whose calendars it serves, and somebody who asks."""

    house: House
    session: aiohttp.ClientSession
    port: int

    async def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (but the date) and body of exactly this path."""
        address = URL(f"http://127.0.0.1:{self.port}{path}", encoded=True)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, address, headers=named) as response:
            found = {name: value for name, value in response.headers.items() if name != "Date"}
            return response.status, found, await response.read()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    database = Database("sqlite+aiosqlite:///:memory:")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    house = House(database, setup=Setup(user_id=BOT, web="https://bot.example.org"))
    calendar = Calendar(database, lambda: house.now, "de")
    state = State(database, Health(house.now), Clock())
    server = WebServer(Web(port=0), [*state.routes, *calendar.routes])
    port = await server.start()
    bare = ("Accept-Encoding", "Accept", "User-Agent")
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=bare) as session:
        yield Site(house, session, port)
    await server.stop()
    await database.close()


@pytest.fixture
async def room(site: Site) -> TestRoom:
    return await site.house.room(powers={"Anna": 100})


async def path_of(room: TestRoom, said: str = "!kalender", who: str = "Anna") -> str:
    found = ADDRESS.search((await room.says(said, who=who)).text)
    assert found
    return found[1]


def titles(body: bytes) -> list[str]:
    return [str(event["SUMMARY"]) for event in Read.from_ical(body).walk("VEVENT")]


async def test_who_knows_the_address_gets_the_calendar_and_asks_again_cheaply(site: Site, room: TestRoom) -> None:
    await room.says(ONCE)
    path = await path_of(room)
    status, headers, body = await site.ask(path)
    assert status == 200
    assert titles(body) == ["Workshop"]
    assert headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="UAG1.ics"'
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Vary"] == "Accept-Encoding"
    assert "Set-Cookie" not in headers
    tag = headers["Etag"]
    strong = tag.removeprefix("W/")
    for same in (tag, strong, "*", f'"other", {tag}', f'W/"other" , {strong}'):
        status, again, nothing = await site.ask(path, If_None_Match=same)
        assert (status, nothing, again["Etag"]) == (304, b"", tag), same
        assert again["Cache-Control"] == headers["Cache-Control"]
        assert again["Vary"] == "Accept-Encoding"
    for other in ('"other"', "other", f"{strong[:-1]}", ""):
        assert (await site.ask(path, If_None_Match=other))[0] == 200, other
    status, bare, nothing = await site.ask(path, "HEAD")
    assert (status, nothing, bare) == (200, b"", headers)


async def test_it_is_packed_for_who_takes_that(site: Site, room: TestRoom) -> None:
    await room.says(SERIES)
    path = await path_of(room)
    _, plain_headers, plain = await site.ask(path)
    _, headers, packed = await site.ask(path, Accept_Encoding="br;q=1.0, gzip;q=0.8, *;q=0.1")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain)
    assert headers["Etag"] == plain_headers["Etag"]
    assert "Content-Encoding" not in plain_headers


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("deflate, gzip;q=1.0", True),
        ("notgzip", False),
        ("gzip;q=x", False),
        (",,;", False),
    ],
)
def test_packing_goes_by_what_a_client_accepts(accepted: str, *, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


async def test_unknown_and_revoked_addresses_and_tricks_look_like_any_path_that_is_not_there(
    site: Site, room: TestRoom
) -> None:
    await room.says(ONCE)
    revoked = await path_of(room)
    path = await path_of(room, "!kalender neu")
    assert (await site.ask(path))[0] == 200
    nothing = await site.ask("/no/such/page")
    assert nothing[0] == 404
    secret = path.removeprefix("/calendar/").removesuffix(".ics")
    tricks = [
        revoked,
        f"/calendar/{UNKNOWN}.ics",
        f"/calendar/{secret}",
        f"/calendar/{secret}.ICS",
        f"/calendar/{secret}.ics/",
        f"/calendar/{secret}%00.ics",
        f"/calendar/%00{secret[1:]}.ics",
        f"/calendar/%2e%2e%2f{secret}.ics",
        f"/calendar/x/%2e%2e/{secret}.ics%00",
        f"/calendar/../{secret}.ics",
        f"/calendar/{secret[:-1]}.ics",
        f"/calendar/{secret}' OR 1=1.ics".replace(" ", "%20"),
        f"/calendar/{'A' * 4000}.ics",
        "/calendar/.ics",
        "/calendar/",
        "/calendar",
        f"/archive/{secret}.ics",
    ]
    for trick in tricks:
        assert await site.ask(trick) == nothing, trick
    for method in ("GET", "HEAD"):
        there = await site.ask("/no/such/page", method)
        assert await site.ask(f"/calendar/{UNKNOWN}.ics", method) == there
        assert await site.ask(f"/calendar/{UNKNOWN}.ics", method, If_None_Match="*") == there
    assert await site.ask(path, "POST") == await site.ask(revoked, "POST")
    assert (await site.ask(path))[0] == 200


async def test_every_change_is_seen_at_once_and_rendered_once(
    site: Site, room: TestRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[Any] = []
    render = web_calendar._render

    def counted(*facts: Any) -> tuple[bytes, bytes]:
        rendered.append(facts)
        return render(*facts)

    monkeypatch.setattr(web_calendar, "_render", counted)
    await room.says(ONCE)
    path = await path_of(room)
    seen: list[str] = []

    async def changed(text: str) -> bytes:
        await room.says(text)
        answers = await asyncio.gather(*(site.ask(path, If_None_Match=seen[-1] if seen else "") for _ in range(20)))
        assert {status for status, _, _ in answers} == {200}
        assert len({headers["Etag"] for _, headers, _ in answers}) == 1
        seen.append(answers[0][1]["Etag"])
        return answers[0][2]

    assert titles(await changed("!termine")) == ["Workshop"]
    assert b"DTSTART;TZID=Europe/Berlin:20261208T140000" in await changed("!treffen verschieben 8.12. auf 14:00")
    assert titles(await changed("!treffen ändern 8.12. titel=Klausur")) == ["Klausur"]
    assert titles(await changed("!treffen absagen 8.12.")) == ["Abgesagt: Klausur"]
    assert titles(await changed(SERIES)) == ["UAG-Treffen", "Abgesagt: Klausur"]
    assert b"EXDATE" in await changed("!treffen ändern feiertag=auslassen serie=ja")
    assert titles(await changed("!treffen ende")) == ["Abgesagt: Klausur"]
    assert b"X-WR-CALNAME:UAG7" in await changed('!gruppe einrichten UAG7 "Energie"')
    assert len(rendered) == 8
    assert seen[3] == seen[6]  # of the series nothing is left
    site.house.now += timedelta(days=58)  # in the new year the year before the last one goes
    await site.ask(path)
    assert len(rendered) == 8
    site.house.now += timedelta(days=3)
    await site.ask(path)
    assert len(rendered) == 9


async def test_every_change_of_a_task_is_seen_at_once_and_a_finished_one_goes_after_a_month(
    site: Site, room: TestRoom
) -> None:
    path = await path_of(room)

    async def states() -> list[tuple[str, str]]:
        _, headers, body = await site.ask(path)
        assert (await site.ask(path, If_None_Match=headers["Etag"]))[0] == 304
        return [(str(one["SUMMARY"]), str(one["STATUS"])) for one in Read.from_ical(body).todos]

    assert await states() == []
    await room.says("!aufgabe @anna Leitfaden")
    assert await states() == []
    await room.says("!aufgabe 1 bis 13.11.")
    assert await states() == [("A1 Leitfaden", "NEEDS-ACTION")]
    made = await room.says("!aufgabe Flyer bis 12.11.")
    await room.edits(made.event_id, "!aufgabe Flyer drucken bis 12.11.")
    assert await states() == [("A2 Flyer drucken", "NEEDS-ACTION"), ("A1 Leitfaden", "NEEDS-ACTION")]
    await room.says("!erledigt 2")
    assert await states() == [("A1 Leitfaden", "NEEDS-ACTION"), ("A2 Flyer drucken", "COMPLETED")]
    await room.says("!offen 2")
    await room.says("!verworfen 1 nicht nötig")
    assert await states() == [("A2 Flyer drucken", "NEEDS-ACTION"), ("A1 Leitfaden", "CANCELLED")]
    site.house.now += timedelta(days=31)
    assert await states() == [("A2 Flyer drucken", "NEEDS-ACTION")]


async def test_the_calendar_of_all_groups_names_them_and_its_file_hides_the_group(site: Site, room: TestRoom) -> None:
    other = await site.house.room("ÜB 2", "Dora", kind=RoomKind.GROUP, language="en", powers={"Dora": 100})
    await room.says(ONCE)
    await other.says('!meeting once 9 December 10:00 "Retreat"', who="Dora")
    await other.says('!meeting cancel 9 December "Nobody came"', who="Dora")
    chat = await direct_chat(site.house, "Anna")
    _, headers, body = await site.ask(await path_of(chat, "kalender"))
    assert titles(body) == ["UAG1: Workshop", "Abgesagt: ÜB 2: Retreat"]
    assert headers["Content-Disposition"] == 'attachment; filename="uagbot.ics"'
    english = ADDRESS.search((await other.says("!calendar", who="Dora")).text)
    assert english
    _, headers, body = await site.ask(english[1])
    assert titles(body) == ["Cancelled: Retreat"]
    assert b"DESCRIPTION:Nobody came" in body
    assert headers["Content-Disposition"] == 'attachment; filename="B2.ics"'


async def test_no_log_and_no_figure_ever_holds_an_address(
    site: Site, room: TestRoom, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    loud = io.StringIO()
    with redirect_stderr(loud):
        configure(Log(level="debug"))
        path = await path_of(room)
        secret = path.removeprefix("/calendar/").removesuffix(".ics")
        await site.ask(path)
        await site.ask(f"/calendar/{secret}x.ics")
        await site.ask(f"{path}{'x' * 9000}")  # longer than a request line may be
        _, _, figures = await site.ask("/metrics")

        async def away(*_: object) -> None:
            raise DatabaseTrouble("unreachable")

        monkeypatch.setattr(links, "by_secret", away)
        assert (await site.ask(path))[0] == 503

        async def broken(*_: object) -> None:
            raise RuntimeError("a fault of the program")

        monkeypatch.setattr(links, "by_secret", broken)
        assert (await site.ask(path))[0] == 500
    assert "a fault of the program" in caplog.text
    assert secret not in caplog.text + loud.getvalue() + figures.decode()
