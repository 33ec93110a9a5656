"""Backup and restore: what was copied comes back whole, on either database, whatever goes on meanwhile."""

import asyncio
import contextlib
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import delete, func, insert, select, text

from bot.cli import ARCHIVE_TROUBLE
from storage.archive import opened
from storage.database import Database, alembic_config
from storage.inbox import HandledEvent
from storage.outbox import Outgoing
from storage.people import Person
from storage.rooms import Room
from storage.undecrypted import Undecrypted
from tests.archive.initiative import NOW, STORE, Make, content, copy, live, names, put, quiet, sample, sessions
from tests.handlers.house import BOT, MONDAY

MANY = 30_000
"""So many messages of a thousand bytes do not fit in `FLAT`, even if nothing but their bytes was kept."""
FLAT = 16 << 20


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
@pytest.mark.parametrize("source", ["sqlite", "postgres"])
async def test_everything_comes_back_on_either_database(
    source: str, target: str, make: Make, keys: Path, tmp_path: Path
) -> None:
    before, after = await make(source), await make(target)
    await live(before)
    wanted = await content(before)
    assert all(wanted.values())
    assert {("null",), (None,)} <= set(wanted["raw"])
    file, elsewhere = tmp_path / "copy.zip", tmp_path / "elsewhere" / "keys"
    manifest = await copy(before, keys, file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert (manifest.user, manifest.device, manifest.created_at) == (BOT, "DEVICE", NOW)
    assert manifest.rows == {name: len(rows) for name, rows in wanted.items() if name != "raw"}
    assert not names(tmp_path, ".uagbot*")

    assert await put(after, elsewhere, file) == manifest
    assert await content(after) == wanted
    assert await after.examine() == "up to date"
    assert names(elsewhere) == [STORE]
    assert sessions(elsewhere) == sessions(keys)
    with contextlib.closing(sqlite3.connect(elsewhere / STORE)) as store:
        assert store.execute("SELECT * FROM secrets").fetchall() == [("restored_at", NOW.isoformat())]
    assert (elsewhere.stat().st_mode | (elsewhere / STORE).stat().st_mode) & 0o077 == 0
    assert names(elsewhere.parent) == ["keys"]


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
@pytest.mark.parametrize("source", ["sqlite", "postgres"])
async def test_no_number_is_given_a_second_time(source: str, target: str, make: Make, tmp_path: Path) -> None:
    before, after = await make(source), await make(target)
    await live(before)
    async with before.begin() as tx:
        new = sample(Undecrypted.__table__)
        for number in range(5):
            await tx.execute(insert(Undecrypted).values({**new, "event_id": f"${number}"}))
        last = await tx.scalar(select(func.max(Undecrypted.id))) or 0
        await tx.execute(delete(Undecrypted))
    await copy(before, tmp_path / "none", tmp_path / "copy.zip")
    await put(after, tmp_path / "new", tmp_path / "copy.zip")
    async with after.begin() as tx:
        queued = await tx.scalar(select(func.max(Outgoing.id))) or 0
        reaction = Outgoing(room_id=1, event_type="m.reaction", content={}, key="x", created_at=NOW, target_id=queued)
        unread = Undecrypted(**new)
        tx.add_all([reaction, unread])
        await tx.flush()
        assert reaction.id == queued + 1
        assert unread.id == last + 1


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_copy_is_of_one_instant_and_holds_nobody_up(kind: str, make: Make, keys: Path, tmp_path: Path) -> None:
    source = await make(kind)
    await source.upgrade()
    slowest = 0.0
    written = 0
    done = asyncio.Event()

    async def write() -> None:
        """Write as the bot does: first the keys that came with a message, then all rows that belong together."""
        nonlocal slowest, written
        with contextlib.closing(sqlite3.connect(keys / STORE)) as store:
            while not done.is_set():
                begin = time.perf_counter()
                store.execute("INSERT INTO sessions (pickle) VALUES ('new')")
                store.commit()
                async with source.begin() as tx:
                    for number in range(written, written + 100):
                        tx.add(HandledEvent(event_id=f"${number}", sender="@anna:localhost", at=NOW))
                        tx.add(Person(user_id=f"@{number}:localhost", reminders=True))
                written += 100
                slowest = max(slowest, time.perf_counter() - begin)
                await asyncio.sleep(0.002)

    def watch(_step: str, _done: int, _total: int) -> None:
        meanwhile.append(written)

    went_on: list[bool] = []
    writing = asyncio.create_task(write())
    try:
        for number in range(3):
            while written < 3000 * (number + 1):  # noqa: ASYNC110 - the other task counts
                await asyncio.sleep(0.01)
            begin, meanwhile = written, list[int]()
            manifest = await copy(source, keys, tmp_path / f"{number}.zip", watch)
            assert manifest.rows["inbox"] == manifest.rows["people"] >= begin
            went_on.append(meanwhile[-1] > meanwhile[0])
    finally:
        done.set()
        await writing
    assert any(went_on), "nobody could write while the rows were copied"
    assert manifest.rows["people"] < written
    assert slowest < 2
    for number in range(3):
        with opened(tmp_path / f"{number}.zip", quiet) as archive:
            rows, others = (sum(1 for _ in archive.rows(table)) for table in ("people", "inbox"))
            assert rows == others == archive.manifest.rows["people"]
            archive.unpack(STORE, tmp_path / f"{number}.db")
        with contextlib.closing(sqlite3.connect(tmp_path / f"{number}.db")) as store:
            assert store.execute("SELECT count(*) FROM sessions WHERE pickle = 'new'").fetchone()[0] * 100 >= rows


@pytest.mark.parametrize("target", ["sqlite", "postgres"])
@pytest.mark.parametrize("source", ["sqlite", "postgres"])
async def test_a_copy_of_the_first_schema_is_upgraded(source: str, target: str, make: Make, tmp_path: Path) -> None:
    before, after = await make(source), await make(target)
    async with before.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0001"))
        at = {"at": MONDAY.replace(tzinfo=None) if source == "sqlite" else MONDAY}
        await connection.execute(text("INSERT INTO account VALUES ('@uagbot:localhost', 'OLD', NULL, 's1')"))
        await connection.execute(
            text("INSERT INTO inbox (event_id, sender, at) VALUES ('$1', '@anna:localhost', :at)"), at
        )
    manifest = await copy(before, tmp_path / "none", tmp_path / "copy.zip")
    assert (manifest.schema, manifest.device, manifest.stores) == ("0001", "OLD", [])
    await put(after, tmp_path / "new", tmp_path / "copy.zip")
    assert await after.examine() == "up to date"
    found = await content(after)
    assert [row[:3] for row in found["inbox"]] == [("$1", "@anna:localhost", MONDAY)]
    assert found["account"] == [("@uagbot:localhost", "OLD", None, "s1")]


async def test_an_empty_schema_counts_as_an_empty_place(make: Make, keys: Path, tmp_path: Path) -> None:
    before, after = await make("sqlite"), await make("postgres")
    await live(before)
    await after.upgrade()
    (tmp_path / "new").mkdir()
    await copy(before, keys, tmp_path / "copy.zip")
    await put(after, tmp_path / "new", tmp_path / "copy.zip")
    assert await content(after) == await content(before)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_large_database_needs_no_more_memory(kind: str, make: Make, tmp_path: Path) -> None:
    needed = []
    for count in (100, MANY):
        source, place = await make(kind), await make(kind)
        await source.upgrade()
        async with source.begin() as tx:
            await tx.execute(insert(Room).values({**sample(Room.__table__), "id": 1}))
            row = {"room_id": 1, "event_type": "m.room.message", "content": {"body": "ä" * 500}, "key": "x"}
            for _ in range(count // 100):
                some = [{**row, "txn_id": "x", "created_at": NOW} for _ in range(100)]
                await tx.execute(insert(Outgoing), some)
        file = tmp_path / f"{count}.zip"
        for command_, database in (("backup", source), ("restore", place)):
            needed.append(await peak(command_, database, file))
        async with place.begin() as tx:
            assert await tx.scalar(select(func.count()).select_from(Outgoing)) == count
        await source.close()
        await place.close()
        (tmp_path / "keys").rmdir()
    small, _, *_ = needed
    print(needed)  # noqa: T201 - shown when the test fails
    assert max(needed) < small + FLAT


async def peak(command_: str, database: Database, file: Path) -> int:
    """Run a command in a process of its own; returns how many bytes of memory it has used at most."""
    say = "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
    code = f"import sys; from bot.cli import cli; cli(sys.argv[1:], standalone_mode=False); {say}"
    config = file.with_suffix(".toml")
    url = database.url.set(drivername=database.url.get_backend_name()).render_as_string(hide_password=False)
    config.write_text(
        f'[matrix]\nhomeserver = "http://localhost"\nuser = "{BOT}"\npassword = "x"\n'
        f'[storage]\ndatabase = "{url}"\nfolder = "{file.parent}"\n',
        "utf-8",
    )
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, command_, str(file), "--config", str(config), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await run.communicate()
    assert run.returncode == 0
    return int(output.split()[-1]) * 1024


def test_the_operators_guide_knows_every_message() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    for message in ARCHIVE_TROUBLE.values():
        assert message.partition(". ")[0].removesuffix(".") in guide
