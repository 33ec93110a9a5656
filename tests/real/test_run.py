"""What `uagbot run` promises to those who operate it: it starts, stops, waits and gives up in plain words."""

import asyncio
import json
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.demo.member import Member
from bot.demo.synapse import Synapse
from storage.database import Database
from tests.real.conftest import People
from tests.real.operating import PATIENCE, Bot, answer, answered, called, devices, room_with, spoken_by, tokens

STOPPED_WITHIN = 5.0


@pytest.fixture
async def anna(people: People) -> Member:
    [anna] = await people("Anna")
    return anna


@pytest.fixture
async def bot(synapse: Synapse, people: People, tmp_path: Path) -> AsyncIterator[Bot]:
    """Give a bot that was never started; it logs in by password."""
    [account] = await people("uagbot")
    bot = Bot(tmp_path, synapse.url, account)
    yield bot
    if bot.process is not None:
        bot.process.kill()
        bot.process.wait()


# Running and stopping


async def test_it_runs_tells_how_it_is_doing_and_stops(bot: Bot, anna: Member) -> None:
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    await answer(anna, room, bot)
    assert await bot.get("/healthz") == (200, '{"status": "ok"}')
    status, text = await bot.get("/readyz")
    ready = json.loads(text)
    assert (status, ready["status"], ready["behind"]) == (200, "ready", [])
    _, metrics = await bot.get("/metrics")
    assert "uagbot_messages_handled_total 1.0" in metrics
    assert not re.search(r"localhost|[!@#$]\w{3,}", metrics), metrics
    status, seconds = bot.stop()
    assert status == 0, bot.said()
    assert seconds < STOPPED_WITHIN
    assert "Traceback" not in bot.said()


async def test_a_stop_amid_a_burst_loses_nothing_and_repeats_nothing(bot: Bot, anna: Member) -> None:
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    sent: list[str] = []

    async def burst() -> None:
        for number in range(40):
            sent.append(await anna.say(room, f'!umfrage "Frage {number}?" Ja Nein'))  # noqa: PERF401 - watched meanwhile

    talking = asyncio.create_task(burst())
    await bot.until(lambda: len(sent) > 10)
    status, seconds = await asyncio.to_thread(bot.stop)
    assert status == 0, bot.said()
    assert seconds < STOPPED_WITHIN
    await talking
    bot.start()
    await anna.wait_for(room, lambda event: answered(event) == sent[-1], PATIENCE)
    counts = Counter(answered(event) for event in anna.timeline[room] if spoken_by(event, bot))
    assert {event: counts[event] for event in sent} == dict.fromkeys(sent, 1)


async def test_ctrl_c_stops_it_too(bot: Bot) -> None:
    bot.start()
    await bot.ready()
    assert bot.process is not None
    bot.process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(bot.process.wait, STOPPED_WITHIN) == 0


async def test_it_stops_while_it_waits_for_the_server(bot: Bot) -> None:
    bot.settings["matrix"]["homeserver"] = "http://127.0.0.1:1"
    bot.start()
    await bot.until(lambda: "cannot log in" in bot.said())
    status, seconds = await asyncio.to_thread(bot.stop)
    assert status == 0
    assert seconds < STOPPED_WITHIN


# The account


async def test_a_login_by_password_keeps_its_device_over_restarts(bot: Bot) -> None:
    before = await devices(bot.account)
    bot.start()
    await bot.ready()
    first = await devices(bot.account)
    assert len(first - before) == 1
    await asyncio.to_thread(bot.stop)
    bot.start()
    await bot.ready()
    assert await devices(bot.account) == first


async def test_a_revoked_token_ends_it_with_one_sentence(bot: Bot, anna: Member) -> None:
    del bot.settings["matrix"]["password"]
    bot.settings["matrix"]["access_token"] = bot.account.account.access_token
    bot.start()
    await bot.ready()
    await room_with(anna, bot)
    await bot.account._call("POST", "/_matrix/client/v3/logout", {})
    assert "does not accept the access token" in await bot.gives_up()


async def test_a_password_login_whose_device_was_removed_logs_in_anew(bot: Bot, anna: Member) -> None:
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    await asyncio.to_thread(bot.stop)
    await bot.account._call("POST", "/_matrix/client/v3/logout/all", {})
    bot.start()
    await bot.ready()
    await answer(anna, room, bot)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("access_token", "syt_falsch", "does not accept the access token"),
        ("password", "falsch", "refuses the login"),
        ("password_file", "/none", "matrix.password_file: /none cannot be read"),
    ],
)
async def test_a_wrong_login_ends_it_with_one_sentence(bot: Bot, key: str, value: str, why: str) -> None:
    del bot.settings["matrix"]["password"]
    bot.settings["matrix"][key] = value
    bot.start()
    sentence = await bot.gives_up()
    assert why in sentence
    assert "syt_falsch" not in bot.said()


async def test_the_token_of_another_account_is_refused(bot: Bot, anna: Member) -> None:
    del bot.settings["matrix"]["password"]
    bot.settings["matrix"]["access_token"] = anna.account.access_token
    bot.start()
    assert anna.user_id in await bot.gives_up()


# The server


async def test_it_survives_a_restart_of_the_server(bot: Bot, anna: Member, synapse: Synapse) -> None:
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    await asyncio.to_thread(synapse.stop)
    await bot.until(lambda: "cannot read the rooms" in bot.said())
    await asyncio.to_thread(synapse.start)
    await answer(anna, room, bot)
    assert "Traceback" not in bot.said()


async def test_it_waits_for_a_server_that_is_away_at_its_start(bot: Bot, anna: Member, synapse: Synapse) -> None:
    await asyncio.to_thread(synapse.stop)
    try:
        bot.start()
        await bot.until(lambda: bot.said().count("cannot log in") >= 3)
        assert (await bot.get("/healthz"))[0] == 200
        assert (await bot.get("/readyz"))[0] == 503
    finally:
        await asyncio.to_thread(synapse.start)
    await bot.ready()
    tries = [line for line in bot.said().splitlines() if "cannot log in" in line]
    assert len(tries) < 10
    assert all("again_in=" in line for line in tries)
    await answer(anna, await room_with(anna, bot), bot)
    assert "Traceback" not in bot.said()


# The database


async def test_a_second_process_on_the_same_database_ends_with_one_sentence(bot: Bot) -> None:
    bot.start()
    await bot.ready()
    first, bot.process = bot.process, bot.start_another()
    try:
        assert "Another uagbot works on this database." in await bot.gives_up()
    finally:
        bot.process = first
    assert (await bot.get("/healthz"))[0] == 200


async def test_a_database_of_a_later_version_is_left_alone(bot: Bot) -> None:
    with closing(sqlite3.connect(bot.database)) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
        database.commit()
    bot.start()
    assert "made by a later version" in await bot.gives_up()
    with closing(sqlite3.connect(bot.database)) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("alembic_version",)]


@pytest.mark.parametrize("new", [True, False], ids=["new", "used"])
async def test_a_locked_database_ends_it_with_one_sentence(bot: Bot, new: bool) -> None:
    if not new:
        database = Database(f"sqlite+aiosqlite:///{bot.database}")
        await database.upgrade()
        await database.close()
    with closing(sqlite3.connect(bot.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        bot.start()
        assert "Another program has locked the database." in await bot.gives_up()


async def test_a_database_that_gets_locked_is_waited_for(bot: Bot, anna: Member) -> None:
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    with closing(sqlite3.connect(bot.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        asked = await anna.say(room, '!umfrage "Wo tagen wir?" Halle Stendal')
        await bot.until(lambda: "cannot read the rooms" in bot.said())
        other.execute("ROLLBACK")
    await anna.wait_for(room, lambda event: answered(event) == asked, PATIENCE)
    assert "Traceback" not in bot.said()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://uagbot:sehr-geheim@127.0.0.1:1/uagbot",
        "sqlite:////none/uagbot.db",
        "sqlite:////dev/null",
    ],
)
async def test_a_database_that_cannot_be_opened_ends_it_with_one_sentence(bot: Bot, address: str) -> None:
    bot.settings["storage"]["database"] = address
    bot.start()
    assert "Check storage.database" in await bot.gives_up()
    assert "sehr-geheim" not in bot.said()


async def test_a_database_that_is_not_on_its_server_ends_it_with_one_sentence(bot: Bot, postgres_url: str) -> None:
    bot.settings["storage"]["database"] = postgres_url.replace("+asyncpg", "").replace("/postgres?", "/no_such_name?")
    bot.start()
    assert "Check storage.database" in await bot.gives_up()


async def test_a_second_process_on_postgresql_stands_by_and_takes_over(
    bot: Bot, anna: Member, postgres_url: str
) -> None:
    bot.settings["storage"]["database"] = postgres_url.replace("+asyncpg", "")
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    second = bot.start_another()
    try:
        await asyncio.sleep(3)
        assert second.poll() is None
        bot.process, first = second, bot.process
        assert first is not None
        first.kill()
        first.wait()
        await bot.until(lambda: bot.said().count("running") == 2)
        await answer(anna, room, bot)
        assert (await asyncio.to_thread(bot.stop))[0] == 0
    finally:
        second.kill()
        second.wait()
    assert "Traceback" not in bot.said()


# What else an operator meets


async def test_a_taken_port_ends_it_with_one_sentence(bot: Bot, synapse: Synapse) -> None:
    bot.settings["web"]["port"] = int(synapse.url.rpartition(":")[2])
    bot.start()
    assert "address already in use" in (await bot.gives_up()).lower()


async def test_faults_in_the_settings_are_told_without_starting(bot: Bot) -> None:
    bot.settings["web"]["prot"] = 8080
    bot.settings["log"] = {"level": "loud"}
    bot.start()
    assert bot.process is not None
    assert await asyncio.to_thread(bot.process.wait, PATIENCE) == 2
    bot.process = None
    assert [line.partition(": ")[2].partition(":")[0] for line in bot.said().splitlines()] == ["web.prot", "log.level"]


@pytest.mark.parametrize("log_format", ["console", "json"])
async def test_no_level_logs_what_people_write_or_the_token(bot: Bot, anna: Member, log_format: str) -> None:
    bot.settings["log"] = {"level": "debug", "format": log_format}
    bot.start()
    await bot.ready()
    room = await room_with(anna, bot)
    await anna.say(room, "Vertraulich: der Haushalt")
    await anna.send(room, "m.room.message", {"msgtype": "m.text", "body": "Vertraulich", "format": 1})
    await anna.send(room, "m.room.message", {"msgtype": "m.image", "body": "Vertraulich", "url": 1})
    await anna.send(room, "org.matrix.msc3381.poll.start", {"Vertraulich": 1, "m.relates_to": "Vertraulich"})
    await anna.set_state(room, "m.room.pinned_events", {"pinned": "Vertraulich"})
    await anna.say(room, "!unfrage Vertraulich")
    await anna.say(room, "!umfrage Vertraulich bis=Vertraulich")
    await answer(anna, room, bot, "!umfrage „Vertraulich?“ Vertraulich Halle")
    [token] = tokens(bot)
    status, _ = await asyncio.to_thread(bot.stop)
    assert status == 0
    assert "Vertraulich" not in bot.said()
    assert token not in bot.said()
    assert bot.account.account.password not in bot.said()
    if log_format == "json":
        assert {"running", "stopped"} <= {json.loads(line)["event"] for line in bot.said().splitlines()}


async def test_a_guided_setup_makes_a_bot_that_passes_the_check_and_runs(
    synapse: Synapse, people: People, anna: Member, tmp_path: Path
) -> None:
    [account] = await people("uagbot")
    bot = Bot(tmp_path, synapse.url, account)
    folder = tmp_path / 'data "1"'
    answers = ["http://127.0.0.1:1", synapse.url, account.user_id, "password", account.account.password, "de", folder]
    done = await called("setup", bot.config, "\n".join(map(str, answers)) + "\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cannot be reached" in done.stdout
    assert (folder / "access_token").stat().st_mode & 0o777 == 0o600
    assert account.account.password not in bot.config.read_text("utf-8")
    with bot.config.open("a", encoding="utf-8") as config:
        config.write(f"[web]\nport = {bot.port}\n")
    checked = await called("check", bot.config)
    assert checked.returncode == 0, checked.stdout
    bot.process = bot.start_another()
    await bot.ready()
    await answer(anna, await room_with(anna, bot), bot)
    assert bot.stop()[0] == 0
