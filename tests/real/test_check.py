"""What `uagbot check` promises: it finds what is wrong, says what to do, and never shows a traceback or a secret."""

import io
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from bot.demo.member import Member
from bot.demo.synapse import Synapse
from bot.doctor.check import examine
from storage.database import Database
from tests.real.conftest import People
from tests.real.operating import called, devices, write_settings

NOBODY_LISTENS = "127.0.0.1:1"
SECRET = "syt_nicht-zu-zeigen"  # noqa: S105 - the tests look for it


@dataclass
class Report:
    """What one check said."""

    status: int
    text: str

    @property
    def remedies(self) -> dict[str, str]:
        """By finding, what is to be done about it."""
        lines = self.text.splitlines()
        pairs = pairwise(lines)
        return {one.removeprefix("✘ "): two.removeprefix("    → ") for one, two in pairs if one.startswith("✘ ")}

    def remedy(self, *parts: str) -> str:
        """Return what is to be done about the one finding in which all of this is said."""
        found = [remedy for finding, remedy in self.remedies.items() if all(part in finding for part in parts)]
        assert len(found) == 1, f"{parts} is not told once:\n{self.text}"
        return found[0]


@dataclass
class Initiative:
    """A bot that lacks nothing: settings, an account, three rooms that it is in. Tests break one of it."""

    folder: Path
    anna: Member
    bot: Member
    rooms: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)

    async def check(self) -> Report:
        """Examine the settings as an operator does: in a process of its own."""
        report = await _run(self._written())
        assert self.bot.account.access_token not in report.text
        return report

    async def examine(self) -> Report:
        """Do the same here, which is quicker."""
        output = io.StringIO()
        good = await examine(self._written(), Console(file=output, highlight=False))
        return Report(0 if good else 1, output.getvalue())

    def _written(self) -> Path:
        file = self.folder / "config.toml"
        write_settings(file, self.settings)
        return file


async def _run(config: Path) -> Report:
    done = await called("check", config)
    assert done.stderr == ""
    assert SECRET not in done.stdout
    return Report(done.returncode, done.stdout)


@pytest.fixture
async def initiative(synapse: Synapse, people: People, tmp_path: Path) -> Initiative:
    anna, bot = await people("Anna", "uagbot")
    rooms = {}
    for key in ("LI", "KO", "UAG1"):
        rooms[key] = await anna.create_room(key, invite=[bot.user_id])
        await bot.join(rooms[key])
    kinds = {"LI": "main", "KO": "coordinators", "UAG1": "group"}
    settings = {
        "matrix": {"homeserver": synapse.url, "user": bot.user_id, "access_token": bot.account.access_token},
        "storage": {"database": f"sqlite:///{tmp_path / 'uagbot.db'}", "folder": str(tmp_path)},
        "web": {"port": 0},
        "rooms": [{"room": rooms[key], "key": key, "kind": kind} for key, kind in kinds.items()],
    }
    return Initiative(tmp_path, anna, bot, rooms, settings)


async def test_a_bot_that_lacks_nothing_passes(initiative: Initiative) -> None:
    report = await initiative.check()
    assert report.status == 0, report.text
    assert report.text.rstrip().endswith("Everything is ready.")
    assert not report.remedies
    for key, room in initiative.rooms.items():
        assert f"✔ The bot is in {key} ({room}) and may post there." in report.text


async def test_a_check_changes_nothing(initiative: Initiative) -> None:
    before = await devices(initiative.bot)
    await initiative.check()
    assert [one.name for one in initiative.folder.iterdir()] == ["config.toml"]
    assert await devices(initiative.bot) == before


async def test_a_check_by_password_leaves_no_device_behind(initiative: Initiative) -> None:
    del initiative.settings["matrix"]["access_token"]
    initiative.settings["matrix"]["password"] = initiative.bot.account.password
    before = await devices(initiative.bot)
    report = await initiative.examine()
    assert report.status == 0, report.text
    assert await devices(initiative.bot) == before


# Settings


async def test_an_unknown_key_is_found(initiative: Initiative) -> None:
    initiative.settings["matrix"]["homserver"] = SECRET
    report = await initiative.check()
    assert report.status == 1
    assert "config.example.toml" in report.remedy("matrix.homserver: unknown key", "homeserver")


async def test_a_time_zone_that_does_not_exist_is_found(initiative: Initiative) -> None:
    initiative.settings["bot"] = {"zone": "Europe/Halle"}
    report = await initiative.check()
    assert report.status == 1
    assert report.remedy("bot.zone: there is no time zone 'Europe/Halle'; use a name such as Europe/Berlin")


async def test_a_duplicate_room_key_is_found(initiative: Initiative) -> None:
    initiative.settings["rooms"][2]["key"] = "ko"
    report = await initiative.check()
    assert report.status == 1
    assert report.remedy("rooms: the key KO stands there twice")


async def test_a_missing_coordinators_room_is_found(initiative: Initiative) -> None:
    initiative.settings["rooms"][1]["kind"] = "group"
    report = await initiative.examine()
    assert report.status == 1
    assert 'kind = "coordinators"' in report.remedy("0 rooms are of kind coordinators")


async def test_a_missing_file_is_found(tmp_path: Path) -> None:
    report = await _run(tmp_path / "none.toml")
    assert report.status == 1
    assert report.remedy("there is no such file; `uagbot setup` makes one")


async def test_all_faults_are_told_at_once(initiative: Initiative) -> None:
    settings = initiative.settings
    settings["storage"] = {"database": f"postgresql://uagbot:{SECRET}@{NOBODY_LISTENS}/x", "folder": "/dev/null/none"}
    settings["matrix"]["homeserver"] = f"http://{NOBODY_LISTENS}"
    settings["rooms"].pop(0)
    report = await initiative.check()
    assert report.status == 1
    assert len(report.remedies) == 4
    assert all(report.remedies.values())
    assert "4 of 7 need attention." in report.text


# The machine


async def test_a_folder_that_cannot_be_written_is_found(initiative: Initiative) -> None:
    file = initiative.folder / "file"
    file.write_text("no folder")
    initiative.settings["storage"]["folder"] = str(file / "keys")
    report = await initiative.check()
    assert report.status == 1
    assert "give it to the user" in report.remedy("storage.folder", "cannot be written")


async def test_a_taken_web_port_is_found_unless_it_is_our_own(initiative: Initiative) -> None:
    async with _server({"/healthz": lambda _: web.json_response({"status": "ok"})}) as port:
        initiative.settings["web"] = {"port": port}
        report = await initiative.check()
        assert report.status == 1
        assert "Choose another web.port" in report.remedy(f"web.port: 127.0.0.1:{port} cannot be used")
    async with _server({"/metrics": lambda _: web.Response(text="uagbot_events_sent_total 1.0")}) as port:
        initiative.settings["web"] = {"port": port}
        report = await initiative.check()
        assert f"✔ uagbot runs already and answers on 127.0.0.1:{port}." in report.text


async def test_a_clock_that_goes_wrong_is_found(initiative: Initiative) -> None:
    date = {"Date": "Tue, 01 Sep 2026 08:00:00 GMT"}
    versions = {"/_matrix/client/versions": lambda _: web.json_response({"versions": ["v1.11"]}, headers=date)}
    async with _server(versions) as port:
        initiative.settings["matrix"]["homeserver"] = f"http://127.0.0.1:{port}"
        report = await initiative.check()
        assert report.status == 1
        assert "NTP" in report.remedy("clock and the server's differ")


# The database


async def test_a_database_of_a_later_version_is_found(initiative: Initiative) -> None:
    with _sqlite(initiative) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
        database.commit()
    report = await initiative.check()
    assert report.status == 1
    assert "install that version" in report.remedy("storage.database", "newer")


async def test_a_locked_database_is_found(initiative: Initiative) -> None:
    database = Database(f"sqlite+aiosqlite:///{initiative.folder / 'uagbot.db'}")
    await database.upgrade()
    await database.close()
    with _sqlite(initiative) as other:
        other.execute("BEGIN EXCLUSIVE")
        report = await initiative.check()
    assert report.status == 1
    assert "close that program" in report.remedy("storage.database", "locked")


async def test_a_file_that_is_no_database_is_found(initiative: Initiative) -> None:
    (initiative.folder / "uagbot.db").write_text("Protokoll der Sitzung vom 8. Dezember" * 100)
    report = await initiative.examine()
    assert report.status == 1
    assert report.remedy("storage.database", "cannot be used")


async def test_a_database_in_a_folder_that_is_not_there_is_found(initiative: Initiative) -> None:
    initiative.settings["storage"]["database"] = f"sqlite:///{initiative.folder / 'none' / 'uagbot.db'}"
    report = await initiative.examine()
    assert report.status == 1
    assert "does the folder exist" in report.remedy("storage.database", "cannot be used")


async def test_a_database_server_that_does_not_answer_is_found_without_showing_its_password(
    initiative: Initiative,
) -> None:
    initiative.settings["storage"]["database"] = f"postgresql://uagbot:{SECRET}@{NOBODY_LISTENS}/uagbot"
    report = await initiative.check()
    assert report.status == 1
    assert "is the server running" in report.remedy("storage.database", "***", "unreachable")


async def test_a_database_that_is_not_on_its_server_is_found(initiative: Initiative, postgres_url: str) -> None:
    url = postgres_url.replace("+asyncpg", "").replace("/postgres?", "/no_such_name?")
    assert "/no_such_name" in url
    initiative.settings["storage"]["database"] = url
    report = await initiative.check()
    assert report.status == 1
    assert report.remedy("storage.database", "cannot be used")


# The server


async def test_an_address_where_nothing_listens_is_found(initiative: Initiative) -> None:
    initiative.settings["matrix"]["homeserver"] = f"http://{NOBODY_LISTENS}"
    report = await initiative.check()
    assert report.status == 1
    assert "without /_matrix" in report.remedy("matrix.homeserver", "cannot be reached")


@pytest.mark.parametrize("address", ["http://127.0.0.1:99999", "https://host.invalid", "http://[::1"])
async def test_an_address_that_leads_nowhere_is_found(initiative: Initiative, address: str) -> None:
    initiative.settings["matrix"]["homeserver"] = address
    report = await initiative.examine()
    assert report.status == 1
    assert report.remedy("matrix.homeserver")


@pytest.mark.parametrize(
    "page",
    [
        web.Response(text="<h1>Willkommen</h1>", content_type="text/html"),
        web.Response(text='{"hello": "world"}', content_type="application/json"),
        web.Response(text="[]", content_type="application/json"),
        web.Response(body=b"\xff\xfe\x00", content_type="application/octet-stream"),
        web.Response(status=502, text="bad gateway"),
    ],
    ids=["page", "json", "list", "bytes", "gateway"],
)
async def test_a_web_server_that_is_no_homeserver_is_found(initiative: Initiative, page: web.Response) -> None:
    async with _server({"/{any:.*}": lambda _: web.Response(body=page.body, status=page.status)}) as port:
        initiative.settings["matrix"]["homeserver"] = f"http://127.0.0.1:{port}"
        report = await initiative.examine()
        assert report.status == 1
        assert "without /_matrix" in report.remedy("matrix.homeserver", "cannot be reached")


async def test_a_wrong_token_is_found(initiative: Initiative) -> None:
    initiative.settings["matrix"]["access_token"] = SECRET
    report = await initiative.check()
    assert report.status == 1
    assert "uagbot setup" in report.remedy("matrix.access_token: the server does not accept it")


async def test_the_token_of_somebody_else_is_found(initiative: Initiative) -> None:
    initiative.settings["matrix"]["access_token"] = initiative.anna.account.access_token
    report = await initiative.check()
    assert report.status == 1
    remedy = report.remedy("matrix.user", initiative.anna.user_id, initiative.bot.user_id)
    assert "the bot's own account" in remedy


async def test_a_wrong_password_is_found(initiative: Initiative) -> None:
    del initiative.settings["matrix"]["access_token"]
    initiative.settings["matrix"]["password"] = SECRET
    report = await initiative.check()
    assert report.status == 1
    assert "Check user and password" in report.remedy("The account cannot be used")


@pytest.mark.parametrize("content", [None, ""])
async def test_a_missing_or_empty_token_file_is_found(initiative: Initiative, content: str | None) -> None:
    file = initiative.folder / "token"
    if content is not None:
        file.write_text(content)
    del initiative.settings["matrix"]["access_token"]
    initiative.settings["matrix"]["access_token_file"] = str(file)
    report = await initiative.examine()
    assert report.status == 1
    assert "let the bot's user read it" in report.remedy("matrix.access_token_file", str(file))


# The rooms


async def test_missing_power_to_post_is_found(initiative: Initiative) -> None:
    room = initiative.rooms["UAG1"]
    levels = await initiative.anna.state(room, "m.room.power_levels")
    levels["events"] = {**levels.get("events", {}), "m.reaction": 50}
    await initiative.anna.set_state(room, "m.room.power_levels", levels)
    report = await initiative.check()
    assert report.status == 1
    assert "a higher power level" in report.remedy("may not send m.reaction in UAG1")


async def test_a_room_in_which_nobody_may_write_is_found(initiative: Initiative) -> None:
    room = initiative.rooms["UAG1"]
    levels = await initiative.anna.state(room, "m.room.power_levels")
    await initiative.anna.set_state(room, "m.room.power_levels", {**levels, "events_default": 50})
    report = await initiative.examine()
    assert report.status == 1
    assert "a higher power level" in report.remedy("may not send m.room.message", "in UAG1")


async def test_a_room_that_the_bot_is_not_in_is_found(initiative: Initiative) -> None:
    await initiative.bot.leave(initiative.rooms["UAG1"])
    report = await initiative.check()
    assert report.status == 1
    assert f"Invite {initiative.bot.user_id}" in report.remedy("the bot is not in UAG1")


@pytest.mark.parametrize("room", ["!gibtesnicht:localhost", "#gibtesnicht:localhost", "#ohne-server"])
async def test_a_room_that_does_not_exist_is_found(initiative: Initiative, room: str) -> None:
    initiative.settings["rooms"][2]["room"] = room
    report = await initiative.examine()
    assert report.status == 1
    assert report.remedy("rooms: ", f"UAG1 ({room})")


@contextmanager
def _sqlite(initiative: Initiative) -> Iterator[sqlite3.Connection]:
    """Be another program that has the database open."""
    with closing(sqlite3.connect(initiative.folder / "uagbot.db", isolation_level=None)) as connection:
        yield connection


@asynccontextmanager
async def _server(answers: dict[str, Any]) -> AsyncIterator[int]:
    """Listen on a free port with a web server that knows these paths."""
    application = web.Application()

    for path, answer in answers.items():

        async def handler(request: web.Request, answer: Any = answer) -> web.Response:
            found: web.Response = answer(request)
            return found

        application.router.add_route("*", path, handler)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        await web.SockSite(runner, listening).start()
        yield int(listening.getsockname()[1])
        await runner.cleanup()
