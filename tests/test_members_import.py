"""What `uagbot members import` promises: nothing is imported by halves, nothing twice, and bad lines are named (R4)."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot.cli import cli
from bot.roster.importing import _store
from bot.roster.plan import Stand, Wish, compare
from bot.roster.sheet import read
from storage import municipalities
from storage.database import Database
from storage.due import Due
from storage.municipalities import Municipality, Seat, Standing
from storage.polls import Poll
from storage.rooms import Room, RoomKind

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
GOOD = "mitglied;kommune\n@anna:example.org;Halle (Saale)\n@bodo:example.org;Stendal\n"
ROLES = GOOD.replace("\n", ";\n").replace(";\n", ";rolle\n", 1)


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Give a SQLite file with today's schema, in which Carla stands for Zeitz."""

    async def make(tx_url: str) -> None:
        database = Database(tx_url)
        await database.upgrade()
        async with database.begin() as tx:
            tx.add(Municipality(name="Zeitz", sought="zeitz", deputy="@carla:example.org", created_at=NOW))
            await tx.flush()
            await municipalities.take_seat(tx, "@carla:example.org", 1, Standing.MEMBER, "@carla:example.org", NOW)
            room = Room(
                matrix_id="!a", kind=RoomKind.GROUP, key="UAG1", title="", language="de", zone="Europe/Berlin",
                joined=True, powers={}, created_at=NOW,
            )  # fmt: skip
            tx.add(room)
            await tx.flush()
            times = {"opened_at": NOW, "closes_at": NOW.replace(day=20)}
            tx.add(
                Poll(
                    room_id=room.id, question="Wo?", options=["Halle", "Zeitz"], opened_by="@anna:example.org", **times
                )
            )
        await database.close()

    asyncio.run(make(sqlite_url))
    return sqlite_url


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Give `uagbot members import` with a content and options; returns exit status and what it says."""
    config = tmp_path / "config.toml"
    config.write_text(
        '[matrix]\nhomeserver = "https://example.org"\nuser = "@uagbot:example.org"\naccess_token = "x"\n'
        f'[storage]\ndatabase = "sqlite:///{tmp_path / "uagbot.db"}"\n'
        '[bot]\nother_bots = ["@other:example.org"]\n'
    )

    def command(content: str | bytes | None, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "roster.csv"
        if content is not None:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        done = CliRunner().invoke(cli, ["members", "import", str(file), "--config", str(config), *options])
        return done.exit_code, done.stdout, done.stderr

    return command


Run = Callable[..., tuple[int, str, str]]


def stored(url: str) -> tuple[list[str], dict[str, tuple[str | None, str, str]], int]:
    """Return municipalities, who stands for what by whose word, and how many recounts are planned."""

    async def look() -> tuple[list[str], dict[str, tuple[str | None, str, str]], int]:
        database = Database(url)
        async with database.begin() as tx:
            towns = {town.id: town for town in await municipalities.everything(tx)}
            found = {
                seat.user_id: (
                    towns[seat.municipality_id].name if seat.municipality_id else None,
                    seat.standing,
                    seat.set_by,
                )
                for seat in await tx.scalars(select(Seat))
            }
            planned = len((await tx.scalars(select(Due).where(Due.what == "poll status"))).all())
        await database.close()
        return [town.name for town in towns.values()], found, planned

    return asyncio.run(look())


CARLA = {"@carla:example.org": ("Zeitz", "member", "@carla:example.org")}
BOT = "@uagbot:example.org"


def test_a_good_file_is_imported_whole_and_a_second_time_changes_nothing(url: str, run: Run) -> None:
    content = (
        b"\xef\xbb\xbf"
        + (ROLES + "@carla:example.org;Zeitz\n@dieter:example.org;;gast\n").replace("\n", "\r\n").encode()
    )
    assert run(content, "--new") == (
        0,
        "New municipalities: Halle (Saale), Stendal\nImported: 3 new, 0 changed, 1 unchanged.\n",
        "",
    )
    after = stored(url)
    assert after == (
        ["Halle (Saale)", "Stendal", "Zeitz"],
        {
            **CARLA,
            "@anna:example.org": ("Halle (Saale)", "member", BOT),
            "@bodo:example.org": ("Stendal", "member", BOT),
            "@dieter:example.org": (None, "guest", BOT),
        },
        1,
    )
    assert run(content) == (0, "Imported: 0 new, 0 changed, 4 unchanged.\n", "")
    assert stored(url) == after


def test_one_bad_line_imports_nothing_and_all_are_named(url: str, run: Run) -> None:
    content = (
        "mitglied;kommune;rolle\n@anna:example.org;Zeitz\nbodo;Zeitz\n@carla:example.org;\n@anna:example.org;Zeitz\n"
        "@dieter:example.org;Zeits\n@emil:example.org;Börde\n@other:example.org;;gast\n@fritz:example.org;Zeitz;chef\n"
    )
    status, said, wrong = run(content.encode("latin-1"), "--new")
    assert (status, said) == (1, "")
    assert wrong.splitlines() == [
        "uagbot: roster.csv, line 3: 'bodo' is no Matrix id; write it like @anna:example.org",
        "uagbot: roster.csv, line 4: no municipality; write its name, or guest or observer as role",
        "uagbot: roster.csv, line 5: @anna:example.org stands in line 2 already; keep one of the two lines",
        "uagbot: roster.csv, line 6: 'Zeits' is unknown; did you mean Zeitz? If both are right: --as-written \"Zeits\"",
        "uagbot: roster.csv, line 8: @other:example.org is a bot; remove the line",
        "uagbot: roster.csv, line 9: 'chef' is no role; write member, guest or observer, or nothing",
        "uagbot: Nothing was imported: 6 lines are wrong, 2 right.",
    ]
    assert stored(url) == (["Zeitz"], CARLA, 0)


def test_an_unknown_municipality_is_no_accident(url: str, run: Run) -> None:
    status, _, wrong = run(GOOD)
    assert status == 1
    assert "line 2: 'Halle (Saale)' is unknown; correct it, or admit new ones with --new" in wrong
    assert stored(url) == (["Zeitz"], CARLA, 0)


def test_a_dry_run_says_what_would_change_and_writes_nothing(url: str, run: Run) -> None:
    status, said, wrong = run(ROLES + "@carla:example.org;Stendal;beobachtung\n", "--new", "--dry-run")
    assert (status, wrong) == (0, "")
    assert said.splitlines() == [
        "@anna:example.org: Halle (Saale) (new)",
        "@bodo:example.org: Stendal (new)",
        "@carla:example.org: Stendal as observer (so far Zeitz)",
        "New municipalities: Halle (Saale), Stendal",
        "Nothing was written. It would be 2 new, 1 changed, 0 unchanged.",
    ]
    assert stored(url) == (["Zeitz"], CARLA, 0)


def test_who_is_moved_is_deputy_no_more(url: str, run: Run) -> None:
    assert run("@carla:example.org;Stendal", "--new")[0] == 0
    with closing(sqlite3.connect(url.partition("///")[2])) as connection:
        assert connection.execute("SELECT name, deputy FROM municipalities ORDER BY name").fetchall() == [
            ("Stendal", None),
            ("Zeitz", None),
        ]
    assert stored(url)[1]["@carla:example.org"] == ("Stendal", "member", BOT)


def test_a_name_may_be_vouched_for(url: str, run: Run) -> None:
    assert run("@anna:example.org;Zeits", "--as-written", "Zeits")[0] == 0
    assert stored(url)[0] == ["Zeits", "Zeitz"]


def test_twenty_thousand_lines_take_seconds(url: str, run: Run) -> None:
    lines = [f"@m{number}:example.org;Ort {chr(97 + number % 20) * 6}" for number in range(20_000)]
    begin = time.perf_counter()
    assert run("\n".join(lines), "--new")[1].endswith("Imported: 20000 new, 0 changed, 0 unchanged.\n")
    moved = [line.replace("Ort aaaaaa", "Ort bbbbbb") for line in lines]
    assert run("\n".join(moved))[1] == "Imported: 0 new, 1000 changed, 19000 unchanged.\n"
    assert time.perf_counter() - begin < 30
    assert len(stored(url)[1]) == 20_001


def test_it_waits_while_the_bot_writes(url: str, run: Run) -> None:
    file = url.partition("///")[2]
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        done = threading.Timer(1, lambda: connection.execute("ROLLBACK"))
        done.start()
        assert run("@anna:example.org;Zeitz")[0] == 0
        done.join()


async def test_both_databases_store_what_was_compared(database: Database) -> None:
    async with database.begin() as tx:
        first, _ = compare(read(GOOD)[0], [], {}, Wish(new=True), [])
        await _store(tx, first, BOT, NOW)
        (halle, _) = await municipalities.everything(tx)
        halle.deputy = "@anna:example.org"
    async with database.begin() as tx:
        seats: dict[str, Stand] = {change.user_id: change.now for change in first.changes}
        second, _ = compare(read("@anna:example.org;Stendal")[0], ["Halle (Saale)", "Stendal"], seats, Wish(), [])
        await _store(tx, second, BOT, NOW)
    async with database.begin() as tx:
        halle, stendal = await municipalities.everything(tx)
        assert [seat.user_id for seat in await municipalities.sitting(tx, stendal)] == list(seats)
        assert halle.deputy is None


def test_without_a_database_of_today_it_says_what_to_do(sqlite_url: str, run: Run) -> None:
    status, _, wrong = run(GOOD)
    assert (status, wrong.partition(" (")[0]) == (1, "uagbot: There is no database yet. Start the bot once.")
    assert not Path(sqlite_url.partition("///")[2]).exists()
    Path(sqlite_url.partition("///")[2]).touch()
    assert "There is no database yet" in run(GOOD)[2]
    with closing(sqlite3.connect(sqlite_url.partition("///")[2])) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.commit()
    assert "The database is of an earlier version of uagbot. Start this version once" in run(GOOD)[2]


@pytest.mark.parametrize("content", ["", "\n\n", "mitglied;kommune\n", "PK\x03\x04"])
def test_a_file_without_members_is_refused(url: str, run: Run, content: str) -> None:
    status, said, wrong = run(content)
    assert (status, said) == (1, "")
    assert ("CSV" if content.startswith("PK") else "there is no member in it") in wrong
    assert stored(url)[1] == CARLA


def test_a_file_that_is_not_there_is_named(url: str, run: Run) -> None:
    status, _, wrong = run(None)
    assert status == 1
    assert "roster.csv" in wrong
    assert stored(url)[1] == CARLA
