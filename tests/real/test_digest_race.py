"""Two bots on one PostgreSQL, killed at random: each week's digest comes to each room exactly once (D2)."""

import asyncio
import random
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.demo.member import Member
from bot.demo.moved import MovedTime
from bot.demo.speaker import Event
from bot.demo.synapse import Account, Synapse
from commands.digests.sending import SEND
from storage.database import Database
from storage.digests import Digest
from storage.due import Due
from storage.outbox import Outgoing
from tests.real.conftest import People
from tests.real.operating import ENVIRONMENT, write_settings

BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)
FIRST = datetime(2026, 11, 9, 7, tzinfo=UTC)  # 8:00 in Berlin
MINE = ("Montag, 9. November", "Montag, 16. November", "Montag, 23. November")
HEADINGS = ("2.–8. November 2026", "9.–15. November 2026", "16.–22. November 2026")
PATIENCE = 40.0


class Pair:
    """Two processes with the same settings, account and clock: one works, the other stands by."""

    def __init__(self, folder: Path, url: str, account: Account, database: Database, rooms: dict[str, str]) -> None:
        self.config = folder / "config.toml"
        self.log = folder / "log.txt"
        self.time = MovedTime(folder / "clock")
        self.processes: list[subprocess.Popen[bytes]] = []
        address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        write_settings(
            self.config,
            {
                "matrix": {"homeserver": url, "user": account.user_id, "access_token": account.access_token},
                "storage": {"database": address, "folder": str(folder)},
                "web": {"enabled": False},
                "rooms": [{"room": room, "key": kind[:5].upper(), "kind": kind} for kind, room in rooms.items()],
            },
        )

    def __enter__(self) -> Self:
        """Start both."""
        self.time.move_to(BEGIN)
        self.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""
        for process in self.processes:
            _end(process)

    def start(self) -> None:
        command = [sys.executable, "-m", "bot.demo.process", "--config", str(self.config)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*command, "--clock", str(self.time.file)],
                stdin=subprocess.PIPE,  # the bot ends when we do, however we end
                stdout=log,
                stderr=log,
                env=ENVIRONMENT,
            )
        self.processes.append(process)

    def replace(self, process: subprocess.Popen[bytes]) -> None:
        """End one of them as a power cut would, and start it again."""
        _end(process)
        self.processes.remove(process)
        self.start()


@pytest.fixture
async def empty(postgres_url: str) -> AsyncIterator[Database]:
    """Give an empty database on the server."""
    server = create_async_engine(postgres_url, isolation_level="AUTOCOMMIT")
    name = f"race_{uuid.uuid4().hex}"
    async with server.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        database = Database(make_url(postgres_url).set(database=name).render_as_string(hide_password=False))
        yield database
        await database.close()
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await server.dispose()


async def test_two_bots_that_are_killed_again_and_again_send_each_digest_to_each_room_and_reader_once(
    synapse: Synapse, people: People, tmp_path: Path, empty: Database
) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - a test's dice
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)  # noqa: S311
    anna, uagbot = await people("Anna", "uagbot")
    rooms = {kind: await anna.create_room(kind, invite=[uagbot.user_id]) for kind in ("main", "coordinators")}
    with Pair(tmp_path, synapse.url, uagbot.account, empty, rooms) as pair:
        for room in rooms.values():
            await anna.wait_for(room, lambda event: _joined(event, uagbot.user_id), PATIENCE)
        chat = await anna.create_room("uagbot", invite=[uagbot.user_id], direct=True)
        await _read(anna, chat, uagbot, "Ich bin")
        await anna.say(chat, "wochenbericht abo")
        await _read(anna, chat, uagbot, "persönlichen Wochenbericht")
        await anna.say(rooms["main"], "!aufgabe @Anna Leitfaden schreiben bis=morgen", mentions={"Anna": anna.user_id})
        await _read(anna, rooms["main"], uagbot, "Leitfaden")
        for week, (heading, mine) in enumerate(zip(HEADINGS, MINE, strict=True)):
            pair.time.move_to(FIRST + timedelta(weeks=week))
            await asyncio.sleep(dice.uniform(0, 0.5))
            pair.replace(dice.choice(pair.processes))
            for room in rooms.values():
                await _read(anna, room, uagbot, heading)
            await _read(anna, chat, uagbot, f"Das wartet auf Sie, {mine}")
        # What would come twice comes now: a digest that was sent, but not noted as sent.
        async with asyncio.timeout(PATIENCE):
            while await _unsent(empty):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)
        await anna.sync()

    for room in rooms.values():
        digests = [body for event in anna.timeline[room] if "Wochenbericht " in (body := _said(event, uagbot))]
        assert Counter(next(one for one in HEADINGS if one in body) for body in digests) == dict.fromkeys(HEADINGS, 1)
    own = [body for event in anna.timeline[chat] if "Das wartet auf Sie" in (body := _said(event, uagbot))]
    assert Counter(next(one for one in MINE if one in body) for body in own) == dict.fromkeys(MINE, 1)
    places = len(rooms) + 1
    async with empty.begin() as tx:
        weeks = [f"2026-W{number}" for number in range(46, 46 + len(HEADINGS))]
        assert sorted(await tx.scalars(select(Digest.week))) == sorted(weeks * places)
        planned = (await tx.scalars(select(Due.at).where(Due.what == SEND))).all()
    assert planned == [FIRST + timedelta(weeks=len(HEADINGS))] * places


async def _unsent(database: Database) -> int:
    async with database.begin() as tx:
        query = select(func.count()).where(Outgoing.key.in_(("digest", "digest-personal")), Outgoing.sent_at.is_(None))
        return await tx.scalar(query) or 0


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


async def _read(member: Member, room: str, bot: Member, words: str) -> None:
    await member.wait_for(room, lambda event: words in _said(event, bot), PATIENCE)


def _said(event: Event, bot: Member) -> str:
    """Return what the bot says in this message, not what it changes of an earlier one."""
    replaces = event["content"].get("m.relates_to", {}).get("rel_type") == "m.replace"
    return "" if event["sender"] != bot.user_id or replaces else str(event["content"].get("body", ""))


def _joined(event: Event, user: str) -> bool:
    return event.get("state_key") == user and event["content"].get("membership") == "join"
