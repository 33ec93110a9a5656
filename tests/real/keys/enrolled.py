"""What tests of setup, check and moving share: an operator with a folder, the commands, and somebody in between."""

import asyncio
import io
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncSession

from bot.demo.synapse import Account, free_port
from bot.doctor.check import examine
from bot.doctor.devices import sessions
from bot.matrix.encryption.kept import Kept, look
from bot.matrix.homeserver import Homeserver
from bot.settings import load
from bot.setup.enrol import Enrolment
from bot.setup.keys import Wish
from bot.setup.terminal import Password, Terminal
from storage import account
from storage.database import Database
from tests.real.operating import COMMAND, ENVIRONMENT, write_settings

POSITION = "s1_2_3"
RECOVERY_KEY = re.compile(r"^ {4}(\w{4}(?: \w{4}){11})\s*$", re.MULTILINE)
PATIENCE = 60


@dataclass
class Said:
    """How a command ended, and what it said."""

    status: int | None
    text: str

    @property
    def recovery_key(self) -> str:
        """Return the one that was shown, once."""
        [key] = RECOVERY_KEY.findall(self.text)
        return str(key)

    @property
    def remedies(self) -> dict[str, str]:
        """By finding, what is to be done about it."""
        found = pairwise(self.text.splitlines())
        return {one.removeprefix("✘ "): two.removeprefix("    → ") for one, two in found if "    → " in two}

    def remedy(self, *parts: str) -> str:
        """Return what is to be done about the only thing that is wrong, in which all of this is said."""
        [(finding, remedy)] = self.remedies.items() or [("", "")]
        assert all(part in finding for part in parts), self.text
        return remedy


class Operator:
    """Who runs a bot: its account, a folder, and the settings, by password unless a test changes them."""

    def __init__(self, folder: Path, url: str, owner: Account) -> None:
        self.folder = folder
        self.url = url
        self.account = owner
        self.config = folder / "config.toml"
        self.keys = folder / "keys"
        self.database = folder / "uagbot.db"
        self.settings: dict[str, Any] = {
            "matrix": {"homeserver": url, "user": owner.user_id, "password": owner.password},
            "storage": {"database": f"sqlite:///{self.database}", "folder": str(folder)},
            "web": {"port": free_port()},
        }
        self.recovery_key = ""
        self.printed = io.StringIO()
        self.process: asyncio.subprocess.Process | None = None

    async def calls(self, *words: str, typed: str = "") -> Said:
        """Run a command as an operator does, with answers piped in; nothing may come as a traceback."""
        self.process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *words,
            "--config",
            str(self.config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**ENVIRONMENT, "COLUMNS": "200"},
            start_new_session=True,
        )
        async with asyncio.timeout(PATIENCE):
            output, _ = await self.process.communicate(typed.encode())
        text = output.decode()
        assert "Traceback" not in text, text
        assert self.account.password not in text
        return Said(self.process.returncode, text)

    def write(self) -> None:
        """Write the settings."""
        write_settings(self.config, self.settings)

    async def sets_up(self, monkeypatch: pytest.MonkeyPatch, *answers: str, wish: Wish = Wish.FINISH) -> Said:
        """Do what `uagbot setup` does with settings that are there, without a process of its own."""
        self.write()
        monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(answers)))
        begin = self.printed.tell()
        settings, terminal = load(self.config), Terminal(Console(file=self.printed, highlight=False))
        password = Password(terminal, self.account.user_id)
        password.learn(self.account.password)
        good = await Enrolment(settings, terminal, password).run(wish, just_logged_in=False)
        return Said(0 if good else 1, self.printed.getvalue()[begin:])

    async def checks(self, recovery_key: str | None = None) -> Said:
        """Do what `uagbot check` does, without a process of its own."""
        self.write()
        output = io.StringIO()
        good = await examine(self.config, Console(file=output, highlight=False), recovery_key)
        return Said(0 if good else 1, output.getvalue())

    async def is_ready(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set the bot up, as if it had read up to POSITION."""
        done = await self.sets_up(monkeypatch)
        assert done.status == 0, done.text
        self.recovery_key = done.recovery_key
        async with self._transaction() as tx:
            await account.save_position(tx, self.account.user_id, POSITION)

    async def row(self) -> account.Account:
        """Return what the database knows of the account."""
        async with self._transaction() as tx:
            found = await account.load(tx, self.account.user_id)
        assert found is not None
        return found

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        database = Database(load(self.config).storage.url)
        async with database.begin() as tx:
            yield tx
        await database.close()

    def kept(self, device: str) -> Kept:
        """Return what the key store holds for a device."""
        found = look(self.keys, self.account.user_id, device)
        assert found is not None
        return found

    async def by_token(self, way: str = "access_token_file") -> Path:
        """Let the settings name the token of the bot's device instead of the password; returns the token's file."""
        token = str((await self.row()).access_token)
        file = self.folder / "access_token"
        del self.settings["matrix"]["password"]
        if way == "access_token":
            self.settings["matrix"][way] = token
        else:
            self.settings["matrix"][way] = str(file)
            file.write_text(token)
            file.chmod(0o600)
        self.write()
        return file

    @asynccontextmanager
    async def elsewhere(self, name: str = "Element", keys: Path | None = None) -> AsyncIterator[Homeserver]:
        """Log another client in on the bot's account."""
        homeserver = Homeserver(self.url, self.account.user_id, keys)
        await homeserver.log_in(self.account.password, None, name)
        try:
            yield homeserver
        finally:
            await homeserver.close()

    async def devices(self) -> dict[str, str | None]:
        """Return the account's devices with their names, as a client sees them that was there before the bot."""
        homeserver = Homeserver(self.url, self.account.user_id, None)
        await homeserver.whoami(self.account.access_token)
        try:
            found = await sessions(homeserver.call)
        finally:
            await homeserver.close()
        return {one.device_id: one.name for one in found.values() if one.device_id != self.account.device_id}

    async def device(self, name: str = "uagbot") -> str:
        """Return the only device of that name."""
        [device] = [one for one, called in (await self.devices()).items() if called == name]
        return device

    async def settled(self) -> str:
        """Return the bot's one device, with which nothing is wrong."""
        checked = await self.checks()
        assert checked.status == 0, checked.text
        return await self.device()


Answer = Callable[[str, str], web.Response | None]
"""Called with method and path; answers in the server's place, or lets the request through."""


class Between:
    """A server between setup and the homeserver, which lets everything through that `before` does not answer."""

    def __init__(self, url: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._to = url
        self.before: Answer = lambda _method, _path: None
        self.after: Answer = lambda _method, _path: None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Between"]:
        """Stand there."""
        application = web.Application(client_max_size=1 << 24)
        application.router.add_route("*", "/{any:.*}", self._pass)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(self.url.rpartition(":")[2])).start()
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _pass(self, request: web.Request) -> web.Response:
        if (answer := self.before(request.method, request.path)) is not None:
            return answer
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, f"{self._to}{request.raw_path}", data=await request.read(), headers=headers
            ) as reply,
        ):
            body = await reply.read()
            found = self.after(request.method, request.path)
            return found or web.Response(status=reply.status, body=body, content_type="application/json")


def elsewhere_only(path: str, url: str | None = None) -> Answer:
    """Ask for a proof that only a browser can give, as servers with single sign-on do."""
    flows = [{"stages": ["org.matrix.cross_signing_reset"]}]
    params = {"org.matrix.cross_signing_reset": {"url": url}} if url else {}
    content = {"flows": flows, "params": params, "session": "x"}
    return lambda _method, asked: web.json_response(content, status=401) if asked == path else None
