"""The bot as a child process with a settings file of its own, as an operator runs it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import aiohttp

from bot.demo.moved import MovedTime
from bot.demo.synapse import Account, free_port
from bot.matrix.homeserver import Homeserver
from bot.settings import ENVIRONMENT
from storage import due
from storage.database import Database

READY_WITHIN = 60.0
STOPPED_WITHIN = 5.0
LOOK_EVERY = 0.05


class BotFailed(Exception):
    """The bot did not start, or does not come to rest; the message ends with the end of its log."""


class BotChild:
    """The bot in `folder`; it can be stopped as an operator does it and killed as a power cut does."""

    def __init__(self, folder: Path, homeserver: str, account: Account, invited_by: list[str]) -> None:
        self.account = account
        self.config = folder / "config.toml"
        self.log = folder / "bot.log"
        self.time = MovedTime(folder / "clock")
        self._folder = folder
        self._homeserver = homeserver
        self._invited_by = invited_by
        self._port = free_port()
        self._database = folder / "uagbot.db"
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, rooms: Mapping[str, tuple[str, str, str]]) -> None:
        """Write the settings; `rooms` maps short names to room id, kind and title (`[[rooms]]`)."""
        token = self._folder / "access_token"
        token.touch(mode=0o600)
        token.write_text(f"{self.account.access_token}\n", "utf-8")
        lines = [
            "[matrix]",
            _line("homeserver", self._homeserver),
            _line("user", self.account.user_id),
            _line("access_token_file", str(token)),
            _line("invited_by", self._invited_by),
            "[storage]",
            _line("database", f"sqlite:///{self._database}"),
            _line("folder", str(self._folder)),
            "[bot]",
            _line("operator", "Geschäftsstelle der Initiative"),
            "[web]",
            _line("port", self._port),
        ]
        for key, (room, kind, title) in rooms.items():
            lines += ["[[rooms]]", _line("room", room), _line("kind", kind), _line("key", key), _line("title", title)]
        self.config.write_text("\n".join(lines) + "\n", "utf-8")

    async def make_identity(self) -> None:
        """Let an identity of the account vouch for the bot's device, as `uagbot setup` does; before the first start."""
        homeserver = Homeserver(self._homeserver, self.account.user_id, self._folder / "keys")
        try:
            await homeserver.resume(self.account.device_id, self.account.access_token)
            await homeserver.take_up_keys()
            await homeserver.identity.create(lambda: self.account.password)
        finally:
            await homeserver.close()

    async def start(self) -> None:
        """Return when the bot has read its rooms and has nothing left to do. Raises BotFailed."""
        command = [
            sys.executable,
            "-m",
            "bot.demo.process",
            "--config",
            str(self.config),
            "--clock",
            str(self.time.file),
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own interpreter, and it returns at once
                command,
                stdin=subprocess.PIPE,  # the bot ends when we do, however we end
                stdout=log,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT)},
                start_new_session=True,  # Ctrl+C is for us; we stop the bot when we are done with it
            )
        await self.rest()

    def kill(self) -> None:
        """End the bot at once; does nothing if it is not running."""
        if self._process is not None:
            self._process.kill()
            self._let_go(self._process)

    async def stop(self) -> int | None:
        """Ask the bot to end; returns its exit status, None if it took more than five seconds and was killed."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            status = await asyncio.to_thread(self._process.wait, STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        self._let_go(self._process)
        return status

    async def rest(self) -> None:
        """Return when nothing is due and nothing waits to be sent. Raises BotFailed after a minute."""
        try:
            async with asyncio.timeout(READY_WITHIN), aiohttp.ClientSession() as session:
                while not await self._rests(session):  # noqa: ASYNC110 - another process sets no event of ours
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            raise BotFailed(f"Der Bot kommt nicht zur Ruhe.\n{self._end_of_log()}") from None

    async def next_due(self) -> datetime | None:
        """Return when the next thing is due that the bot has planned (aware UTC)."""
        database = Database(f"sqlite+aiosqlite:///{self._database}")
        try:
            async with database.begin() as tx:
                return await due.next_at(tx)
        finally:
            await database.close()

    async def _rests(self, session: aiohttp.ClientSession) -> bool:
        """Ask what operators' monitoring asks."""
        if self._process is None or self._process.poll() is not None:
            raise BotFailed(f"Der Bot läuft nicht.\n{self._end_of_log()}")
        try:
            async with session.get(f"http://127.0.0.1:{self._port}/readyz") as response:
                ages = await response.json()
        except aiohttp.ClientConnectionError:
            return False
        return ages["last_sync_age"] is not None and ages["oldest_due_age"] == 0 == ages["outbox_age"]

    def _end_of_log(self) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-20:])

    def _let_go(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
        self._process = None


def _line(key: str, value: object) -> str:
    """Return a line of TOML; strings, numbers and lists are written as in JSON."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"
