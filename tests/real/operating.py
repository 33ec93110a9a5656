"""What tests of operation share: the bot as a process with a settings file, and the commands beside it."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.demo.member import Member
from bot.demo.speaker import Event
from bot.demo.synapse import free_port

PATIENCE = 40.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("UAGBOT_")}
COMMAND = [sys.executable, "-m", "bot.cli"]


def write_settings(file: Path, settings: dict[str, Any]) -> None:
    """Write tables, and lists of tables; JSON's strings, numbers and lists are TOML's."""
    lines = []
    for name, content in settings.items():
        for table in content if isinstance(content, list) else [content]:
            lines.append(f"[[{name}]]" if isinstance(content, list) else f"[{name}]")
            lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    file.write_text("\n".join(lines) + "\n", "utf-8")


class Bot:
    """A bot in a folder of its own, run as an operator runs it; what it says goes to `log`."""

    def __init__(self, folder: Path, url: str, account: Member) -> None:
        self.config = folder / "config.toml"
        self.log = folder / "log.txt"
        self.database = folder / "uagbot.db"
        self.account = account
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._starts_at = 0
        self.settings: dict[str, Any] = {
            "matrix": {"homeserver": url, "user": account.user_id, "password": account.account.password},
            "storage": {"database": f"sqlite:///{self.database}", "folder": str(folder)},
            "web": {"port": self.port},
        }

    def start(self) -> None:
        """Start the process; it is ready a little later."""
        write_settings(self.config, self.settings)
        self._starts_at = len(self.said())
        self.process = self.start_another()

    def start_another(self) -> subprocess.Popen[bytes]:
        """Start one more process with the same settings."""
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
                [*COMMAND, "run", "--config", str(self.config)], stdout=log, stderr=log, env=ENVIRONMENT
            )

    async def ready(self) -> None:
        """Wait until the bot says that it does its work."""
        await self.until(lambda: "running" in self.said()[self._starts_at :])
        async with asyncio.timeout(PATIENCE):
            while (await self.get("/readyz"))[0] != 200:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true of the process."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"waited in vain; the log:\n{self.said()}")

    async def get(self, path: str) -> tuple[int, str]:
        """Ask the bot's web server; returns status and text."""
        address = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(address) as reply:
            return reply.status, await reply.text()

    def said(self) -> str:
        """Return what it said up to now, of all its starts."""
        return self.log.read_text("utf-8") if self.log.exists() else ""

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; returns the exit status and how many seconds it took."""
        assert self.process is not None
        begin = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status, time.perf_counter() - begin

    async def gives_up(self) -> str:
        """Wait until the process ends by itself; returns the one sentence that it says last."""
        assert self.process is not None
        status = await asyncio.to_thread(self.process.wait, PATIENCE)
        self.process = None
        assert status == 1, self.said()
        assert "Traceback" not in self.said()
        *_, last = self.said().splitlines()
        assert last.startswith("uagbot: ")
        return last


async def room_with(anna: Member, bot: Bot) -> str:
    """Invite the bot into a new room and wait for its greeting."""
    room = await anna.create_room("UAG Bürger-Apps", invite=[bot.account.user_id])
    await anna.wait_for(room, lambda event: spoken_by(event, bot), PATIENCE)
    return room


def spoken_by(event: Event, bot: Bot) -> bool:
    return bool(event["sender"] == bot.account.user_id and event["type"] == "m.room.message")


async def answer(anna: Member, room: str, bot: Bot, text: str = '!umfrage "Wo tagen wir?" Halle Stendal') -> Event:
    """Say something to the bot and return its answer."""
    asked = await anna.say(room, text)
    return await anna.wait_for(room, lambda event: spoken_by(event, bot) and answered(event) == asked, PATIENCE)


def answered(event: Event) -> str | None:
    found: str | None = event["content"].get("m.relates_to", {}).get("m.in_reply_to", {}).get("event_id")
    return found


async def called(command: str, config: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without a terminal."""
    return await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, command, "--config", str(config)],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        start_new_session=True,
        timeout=60,
    )


async def devices(member: Member) -> set[str]:
    answer = await member._call("GET", "/_matrix/client/v3/devices")
    return {one["device_id"] for one in answer["devices"]}


def tokens(bot: Bot) -> Iterator[str]:
    with closing(sqlite3.connect(bot.database)) as database:
        for (token,) in database.execute("SELECT access_token FROM account"):
            yield token
