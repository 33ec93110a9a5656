#!/usr/bin/env python3
"""Takes the pictures of this folder: a real room on a real homeserver, seen through a real client."""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from bot.demo.member import Member
from bot.demo.speaker import Event
from bot.demo.synapse import Account, Synapse

HERE = Path(__file__).parent
CLIENT = HERE / "client"
ROOM = "UAG1 Bürger-Apps"
OTHER_ROOMS = ("UAG6 Beteiligung", "UAG3 Energie", "Initiative")
PASSWORD = "geheim"  # noqa: S105 - of accounts that live for half a minute


def main() -> None:
    """Write all pictures; needs the extra `demo`, Node.js, Chromium, and `npm install` in the folder `client`."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--into", type=Path, default=HERE, help="folder for the pictures (default: this one)")
    options.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    chosen = options.parse_args()
    if chosen.chromium is None:
        options.error("Chromium is not installed; --chromium says where it is")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Synapse(folder / "synapse") as synapse, web_client(folder / "client") as client:
            asyncio.run(play(synapse, folder, Camera(chosen.chromium, client, synapse.url, chosen.into)))


async def play(synapse: Synapse, folder: Path, camera: "Camera") -> None:
    """Let the members talk with the bot, and look at their room as Carla."""
    bot = synapse.register("uagbot", PASSWORD, "uagbot")
    async with AsyncExitStack() as stack:
        anna, bodo, carla = [
            await stack.enter_async_context(Member(synapse.register(name.lower(), PASSWORD, name), synapse.url))
            for name in ("Anna", "Bodo", "Carla")
        ]
        stack.enter_context(running_bot(folder, synapse.url, bot))
        for name in OTHER_ROOMS:
            await carla.join(await anna.create_room(name, invite=[carla.user_id]))
        room = await Conversation.begin(bot.user_id, anna, bodo, carla)
        await room.vote()
        await room.hand_out()
        await asyncio.to_thread(camera.shoot, "room.png", 1100, 800, carla.account, "Mache ich")
        await room.meet()
        await asyncio.to_thread(camera.shoot, "room-phone.png", 390, 844, carla.account, "Danke")


@contextmanager
def running_bot(folder: Path, homeserver: str, account: Account) -> Iterator[None]:
    """Run the bot as an operator does; what it logs goes to standard error."""
    config = folder / "config.toml"
    config.write_text(
        f'[matrix]\nhomeserver = "{homeserver}"\nuser = "{account.user_id}"\naccess_token = "{account.access_token}"\n'
        f'[storage]\ndatabase = "sqlite:///{folder / "uagbot.db"}"\nfolder = "{folder}"\n'
        f"[web]\nenabled = false\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "bot.cli", "run", "--config", str(config)]
    process = subprocess.Popen(command, stdout=sys.stderr)  # noqa: S603 - our own program
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Conversation:
    """Three members and the bot in one room; each goes on when the answer to the last line is there."""

    room: str
    bot: str
    anna: Member
    bodo: Member
    carla: Member

    @classmethod
    async def begin(cls, bot: str, anna: Member, bodo: Member, carla: Member) -> "Conversation":
        """Open the room; the bot introduces itself and learns which group it is."""
        room = await anna.create_room(ROOM, invite=[bodo.user_id, carla.user_id, bot])
        await bodo.join(room)
        await carla.join(room)
        begun = cls(room, bot, anna, bodo, carla)
        await begun.answer("!hilfe")
        await begun.says(anna, '!gruppe einrichten UAG1 "Bürger-Apps"', "UAG1")
        return begun

    async def vote(self) -> None:
        """Ask, vote by reaction and by command, and close the poll."""
        await self.bodo.say(self.room, "Guten Morgen, wo treffen wir uns eigentlich im März?")
        asked = '!umfrage "Wo tagen wir im März?" Halle Stendal Wernigerode bis=Freitag'
        poll = await self.says(self.anna, asked, "0 von 3")
        await self.bodo.react(self.room, poll["event_id"], "2️⃣")
        await self.answer("1 von 3")
        await self.anna.react(self.room, poll["event_id"], "1️⃣")
        await self.answer("2 von 3")
        await self.says(self.carla, "!stimme U1 2", "3 von 3")
        await self.says(self.anna, "!umfrage ende U1", "Die meisten Stimmen")

    async def hand_out(self) -> None:
        """Give Carla a task."""
        await self.bodo.say(self.room, "Dann sehen wir uns in Stendal.")
        task = "!aufgabe @Carla Leitfaden schreiben bis Freitag #pilot"
        await self.says(self.bodo, task, "A1", {"Carla": self.carla.user_id})
        await self.carla.say(self.room, "Mache ich.")

    async def meet(self) -> None:
        """Agree on a monthly meeting."""
        series = '!treffen jeden 2. Dienstag im Monat 10:00-11:30 "UAG-Treffen"'
        await self.says(self.anna, series, "Die nächsten Termine")
        await self.carla.say(self.room, "Danke, ist notiert.")

    async def says(self, who: Member, text: str, answer: str, mentions: dict[str, str] | None = None) -> Event:
        """Let a member send a command, and return the bot's message with these words that comes after it."""
        return await self.answer(answer, after=await who.say(self.room, text, mentions=mentions))

    async def answer(self, words: str, after: str | None = None) -> Event:
        """Return the bot's message, or its edit of one, with these words. Raises TimeoutError after 20 s."""

        def is_it(event: Event) -> bool:
            content: dict[str, Any] = event["content"].get("m.new_content", event["content"])
            return event["sender"] == self.bot and words in content.get("body", "")

        return await self.anna.wait_for(self.room, is_it, after=after)


@contextmanager
def web_client(folder: Path) -> Iterator[str]:
    """Build Hydrogen in this folder and serve it on loopback; returns its address."""
    hydrogen = CLIENT / "node_modules" / "hydrogen-view-sdk"
    outside_browsers = [f"--external:{module}" for module in ("crypto", "fs", "path")]
    bundle = ["--bundle", "--format=esm", "--log-level=error", *outside_browsers, f"--outdir={folder}"]
    esbuild = CLIENT / "node_modules" / ".bin" / "esbuild"
    subprocess.run([esbuild, CLIENT / "main.js", *bundle], check=True)  # noqa: S603 - our own words
    shutil.copy(CLIENT / "index.html", folder)
    shutil.copy(hydrogen / "lib-build" / "sw.js", folder)
    (folder / "assets").symlink_to(hydrogen / "asset-build" / "assets")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and does not report each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Camera:
    """A browser that shows the client."""

    chromium: str
    client: str
    homeserver: str
    into: Path

    def shoot(self, file: str, width: int, height: int, account: Account, until: str) -> None:
        """Log in, open the room, and take its picture when these words are there.

        Width and height are CSS pixels, two dots each. Raises CalledProcessError if it fails.
        """
        asked = {
            "chromium": self.chromium,
            "client": self.client,
            "homeserver": self.homeserver,
            "user": account.user_id,
            "password": account.password,
            "room": ROOM,
            "until": until,
            "width": width,
            "height": height,
            "file": str(self.into / file),
        }
        subprocess.run(["node", CLIENT / "shoot.js"], input=json.dumps(asked), text=True, check=True)  # noqa: S603, S607


if __name__ == "__main__":
    main()
