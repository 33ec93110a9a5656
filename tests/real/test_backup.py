"""`uagbot backup` and `uagbot restore` as an operator uses them: beside a running bot, cut off at any instant."""

import asyncio
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.demo.member import Member
from bot.demo.synapse import Synapse
from storage.archive import opened
from storage.database import Database
from tests.archive.initiative import content, names, quiet
from tests.real.conftest import People
from tests.real.operating import (
    COMMAND,
    ENVIRONMENT,
    PATIENCE,
    Bot,
    answer,
    answered,
    room_with,
    spoken_by,
    write_settings,
)

BOT = "@uagbot:localhost"
MANY = 20_000
KILLS = 4


@pytest.fixture
async def bot(synapse: Synapse, people: People, tmp_path: Path) -> AsyncIterator[Bot]:
    """Give a bot that was never started; it logs in by password."""
    [account] = await people("uagbot")
    bot = Bot(tmp_path, synapse.url, account)
    yield bot
    if bot.process is not None:
        bot.process.kill()
        bot.process.wait()


@pytest.fixture(params=["sqlite", "postgres"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Give an empty database, to be restored into."""
    if request.param == "sqlite":
        (tmp_path / "elsewhere").mkdir()
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'elsewhere' / 'uagbot.db'}")
        yield database
        await database.close()
        return
    server = create_async_engine(request.getfixturevalue("postgres_url"), isolation_level="AUTOCOMMIT")
    name = f"backup_{uuid.uuid4().hex}"
    async with server.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        database = Database(make_url(server.url).set(database=name).render_as_string(hide_password=False))
        yield database
        await database.close()
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await server.dispose()


def settings(folder: Path, database: Database | None = None, user: str = BOT) -> Path:
    """Write settings for a bot whose database and keys are in `folder`, or whose database is given."""
    folder.mkdir(exist_ok=True)
    url = make_url(f"sqlite:///{folder / 'uagbot.db'}") if database is None else database.url
    url = url.set(drivername=url.get_backend_name())
    tables = {
        "matrix": {"homeserver": "http://localhost", "user": user, "password": "geheim"},
        "storage": {"database": url.render_as_string(hide_password=False), "folder": str(folder)},
    }
    write_settings(folder / "config.toml", tables)
    return folder / "config.toml"


def start(config: Path, *words: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
        [*COMMAND, *words, "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        preexec_fn=before,  # noqa: PLW1509 - one thread, and one system call in it
    )


def run(config: Path, *words: str, before: Callable[[], None] | None = None) -> str:
    """Run a command that succeeds; returns what it says."""
    process = start(config, *words, before=before)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    return output


def fails(config: Path, *words: str, before: Callable[[], None] | None = None) -> str:
    """Run a command that fails; returns the one sentence that it says."""
    process = start(config, *words, before=before)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors
    assert (output, errors.count("\n")) == ("", 1)
    assert errors.startswith("uagbot: ")
    return errors


# Beside a running bot


async def test_copies_made_amid_a_burst_are_whole_and_the_last_one_lives_on(
    bot: Bot, people: People, place: Database, tmp_path: Path
) -> None:
    [anna] = await people("Anna")
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    sent: list[str] = []

    async def burst() -> None:
        for number in range(30):
            sent.append(await anna.say(room, f'!umfrage "Frage {number}?" Ja Nein'))  # noqa: PERF401 - watched meanwhile

    talking = asyncio.create_task(burst())
    files: list[Path] = []
    while not talking.done():
        files.append(tmp_path / f"{len(files)}.zip")
        await asyncio.to_thread(run, bot.config, "backup", str(files[-1]))
    await talking
    await anna.wait_for(room, lambda event: answered(event) == sent[-1], PATIENCE)
    refused = await asyncio.to_thread(fails, bot.config, "restore", str(files[-1]))
    assert "Another uagbot works on this database." in refused
    assert (await asyncio.to_thread(bot.stop))[0] == 0
    assert not re.search(r"cannot|could not|locked|Traceback", bot.said()), bot.said()

    for number, file in enumerate(files):
        await asyncio.to_thread(whole, file, settings(tmp_path / f"copy{number}", user=bot.account.user_id))
    last = tmp_path / "last.zip"
    await asyncio.to_thread(run, bot.config, "backup", str(last))
    assert last.stat().st_mode & 0o777 == 0o600
    before = Database(f"sqlite+aiosqlite:///{bot.database}")
    wanted = await content(before)
    await before.close()

    moved = Bot(tmp_path / "elsewhere", bot.settings["matrix"]["homeserver"], bot.account)
    settings(tmp_path / "elsewhere")
    url = place.url.set(drivername=place.url.get_backend_name()).render_as_string(hide_password=False)
    moved.settings["storage"]["database"] = url
    write_settings(moved.config, moved.settings)
    said = await asyncio.to_thread(run, moved.config, "restore", str(last))
    assert "1 key store as of" in said
    assert await content(place) == wanted
    await place.close()
    await lives_on(moved, anna, room, sent)


def whole(file: Path, config: Path) -> None:
    """Restore a copy, and look whether all that was done in one transaction is in it."""
    run(config, "restore", str(file))
    with closing(sqlite3.connect(config.parent / "uagbot.db")) as database:
        polls = database.execute("SELECT count(*) FROM polls").fetchone()
        starts = database.execute("SELECT count(*) FROM outbox WHERE event_type LIKE '%poll.start'").fetchone()
        heard = database.execute("SELECT count(*) FROM inbox WHERE about_kind = 'poll'").fetchone()
        assert polls == starts == heard
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("SELECT count(*) FROM account WHERE access_token != ''").fetchone() == (1,)


async def lives_on(moved: Bot, anna: Member, room: str, sent: list[str]) -> None:
    """Start the restored bot: it answers what comes, and nothing a second time."""
    moved.start()
    try:
        await moved.ready()
        await answer(anna, room, moved, '!umfrage "Und jetzt?" Ja Nein')
        counts = Counter(answered(event) for event in anna.timeline[room] if spoken_by(event, moved))
        assert {one: counts[one] for one in sent} == dict.fromkeys(sent, 1)
        assert (await asyncio.to_thread(moved.stop))[0] == 0
    finally:
        if moved.process is not None:
            moved.process.kill()
            moved.process.wait()
    assert "Traceback" not in moved.said()


# Cut off


@pytest.fixture
async def large(tmp_path: Path) -> Path:
    """Give the settings of a bot with a database and a key store that take a while to copy."""
    config = settings(tmp_path / "large")
    database = Database(f"sqlite+aiosqlite:///{config.parent / 'uagbot.db'}")
    await database.upgrade()
    async with database.engine.begin() as connection:
        await connection.execute(text("INSERT INTO account VALUES (:user, 'DEVICE', 'token', 's1')"), {"user": BOT})
        await connection.execute(
            text(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :many) "
                "INSERT INTO inbox (event_id, sender, at) SELECT hex(randomblob(32)), '@anna:localhost', "
                "'2026-12-08 09:30:00.000000' FROM n"
            ),
            {"many": MANY},
        )
    await database.close()
    (config.parent / "keys").mkdir()
    with closing(sqlite3.connect(config.parent / "keys" / "store.db")) as store:
        store.execute("CREATE TABLE sessions (pickle BLOB)")
        store.execute("INSERT INTO sessions VALUES (randomblob(1000000))")
        store.commit()
    return config


def pickle(folder: Path) -> bytes:
    with closing(sqlite3.connect(folder / "keys" / "store.db")) as store:
        found: bytes = store.execute("SELECT pickle FROM sessions").fetchone()[0]
        return found


def test_a_backup_that_is_killed_leaves_the_copy_that_was_there(large: Path, tmp_path: Path) -> None:
    file = tmp_path / "copies" / "copy.zip"
    file.parent.mkdir()
    run(large, "backup", str(file))
    before = file.read_bytes()
    dice = random.Random()  # noqa: S311 - a test's dice
    for number in range(KILLS):
        process = start(large, "backup", str(file))
        while not names(file.parent, ".uagbot-backup-*/*") and process.poll() is None:
            time.sleep(0.005)
        try:
            process.wait(dice.uniform(0, 0.6))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL if number % 2 else signal.SIGTERM)
        _, errors = process.communicate()
        assert "Traceback" not in errors
        if file.read_bytes() != before:  # the kill came late
            with opened(file, quiet):
                before = file.read_bytes()
        if process.returncode != -signal.SIGKILL:
            assert names(file.parent) == ["copy.zip"]
        for left in file.parent.glob(".uagbot-backup-*"):
            assert left.stat().st_mode & 0o077 == 0
            subprocess.run(["rm", "-r", str(left)], check=True)  # noqa: S603, S607 - what the guide tells to do
    place = settings(tmp_path / "restored")
    run(place, "restore", str(file))
    assert pickle(place.parent) == pickle(large.parent)


async def test_a_restore_that_is_killed_may_be_done_again(large: Path, place: Database, tmp_path: Path) -> None:
    file = tmp_path / "copy.zip"
    await asyncio.to_thread(run, large, "backup", str(file))
    config = settings(tmp_path / "elsewhere", place)
    dice = random.Random()  # noqa: S311 - a test's dice
    killed = 0
    for _ in range(KILLS):
        process = start(config, "restore", str(file))
        while not names(config.parent, "keys*") and process.poll() is None:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.005)
        await asyncio.sleep(dice.uniform(0, 0.5) if killed else 0)
        process.kill()
        process.communicate()
        if names(config.parent, "keys"):
            break
        killed += 1
    else:
        await asyncio.to_thread(run, config, "restore", str(file))
    assert killed
    await same(large, place, config.parent)


async def test_a_restore_that_is_killed_before_its_last_step_needs_only_that(
    large: Path, place: Database, tmp_path: Path
) -> None:
    file = tmp_path / "copy.zip"
    await asyncio.to_thread(run, large, "backup", str(file))
    config = settings(tmp_path / "elsewhere", place)
    code = (
        "import os, sys; from pathlib import Path; from bot.cli import main;"
        "Path.rename = lambda *_: os.kill(os.getpid(), 9); main()"
    )
    words = [sys.executable, "-c", code, "restore", str(file), "--config", str(config)]
    process = await asyncio.create_subprocess_exec(*words, env=ENVIRONMENT)
    assert await process.wait() == -signal.SIGKILL
    [waiting] = names(config.parent, "keys*")
    assert waiting.startswith("keys.restoring-")

    other = tmp_path / "other.zip"
    await asyncio.to_thread(run, large, "backup", str(other))
    assert "not empty" in await asyncio.to_thread(fails, config, "restore", str(other))
    await asyncio.to_thread(run, config, "restore", str(file))
    await same(large, place, config.parent)
    assert "not empty" in await asyncio.to_thread(fails, config, "restore", str(file))


async def same(large: Path, place: Database, folder: Path) -> None:
    before = Database(f"sqlite+aiosqlite:///{large.parent / 'uagbot.db'}")
    assert await content(place) == await content(before)
    await before.close()
    assert names(folder, "keys*") == ["keys"]
    assert names(folder / "keys") == ["store.db"]
    assert pickle(folder) == pickle(large.parent)


# In words


def test_what_is_wrong_is_said_in_one_sentence(large: Path, tmp_path: Path) -> None:
    file, config = tmp_path / "copy.zip", settings(tmp_path / "elsewhere")
    assert "There is no database to copy yet." in fails(config, "backup", str(file))
    assert not names(config.parent, "uagbot.db")
    assert "The copy cannot be read." in fails(config, "restore", str(file))
    file.write_bytes(b"something else")
    assert "This is no copy that uagbot made." in fails(config, "restore", str(file))
    assert "The copy cannot be written." in fails(large, "backup", str(tmp_path / "missing" / "copy.zip"))
    file.unlink()

    said = run(large, "backup", str(file))
    assert said.startswith(f"Copied {MANY + 1} rows of ")
    assert f"tables and 1 key store to {file} (" in said
    file.write_bytes(file.read_bytes()[:-1000])
    assert "The copy is damaged" in fails(config, "restore", str(file))
    run(large, "backup", str(file))
    assert "The folder of keys is not empty." in fails(large, "restore", str(file))
    assert "another account" in fails(settings(tmp_path / "b", user="@b:localhost"), "restore", str(file))


def test_a_full_disk_is_named_and_keeps_the_copy_that_was_there(large: Path, tmp_path: Path) -> None:
    file = tmp_path / "copies" / "copy.zip"
    file.parent.mkdir()
    file.write_bytes(b"the last good copy")

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))

    said = fails(large, "backup", str(file), before=small_disk)
    assert "The copy cannot be written. Choose another place, or make room." in said
    assert file.read_bytes() == b"the last good copy"
    assert names(file.parent) == ["copy.zip"]
    run(large, "backup", str(file))

    config = settings(tmp_path / "elsewhere")
    fails(config, "restore", str(file), before=small_disk)
    assert not names(config.parent, "keys*")
    run(config, "restore", str(file))
    assert pickle(config.parent) == pickle(large.parent)
