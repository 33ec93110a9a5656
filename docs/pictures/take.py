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
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from bot.demo.member import Event, Member
from bot.demo.synapse import Account, Synapse

HERE = Path(__file__).parent
CLIENT = HERE / "client"
ROOM = "UAG1 Bürger-Apps"
PICTURES = (
    {"file": "tall.png", "width": 1100, "height": 3000},
    {"file": "tall-phone.png", "width": 390, "height": 4000},
    {"file": "room.png", "width": 1100, "height": 800},
    {"file": "room-phone.png", "width": 390, "height": 844},
)


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
            asyncio.run(play_and_shoot(synapse, folder, client, chosen))


async def play_and_shoot(synapse: Synapse, folder: Path, client: str, chosen: argparse.Namespace) -> None:
    """Let the members talk with the bot, then look at their room as Carla."""
    account = synapse.register("uagbot", "geheim", "uagbot")
    async with AsyncExitStack() as stack:
        anna, bodo, carla = [
            await stack.enter_async_context(Member(synapse.register(name.lower(), "geheim", name), synapse.url))
            for name in ("Anna", "Bodo", "Carla")
        ]
        stack.enter_context(running_bot(folder, synapse.url, account))
        await Conversation(account.user_id, anna, bodo, carla).play()
        await asyncio.to_thread(shoot, synapse.url, client, carla.account, chosen)


@contextmanager
def running_bot(folder: Path, homeserver: str, account: Account) -> Iterator[None]:
    """Run the bot as an operator does; what it logs stands on standard error."""
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


class Conversation:
    """The talk of three members with the bot in one room; each line waits for the bot's answer to the one before."""

    def __init__(self, bot: str, anna: Member, bodo: Member, carla: Member) -> None:
        self.bot = bot
        self.anna, self.bodo, self.carla = anna, bodo, carla
        self.room = ""

    async def play(self) -> None:
        """Set up a group, vote, hand out a task, agree on meetings."""
        anna, bodo, carla = self.anna, self.bodo, self.carla
        self.room = await anna.create_room(ROOM, invite=[bodo.user_id, carla.user_id, self.bot])
        for one in (bodo, carla):
            await one.join(self.room)
        await self.answer("!hilfe")
        await self.says(anna, '!gruppe einrichten UAG1 "Bürger-Apps"', "UAG1")
        await bodo.say(self.room, "Guten Morgen! Wo treffen wir uns eigentlich im März?")
        poll = await self.says(anna, '!umfrage "Wo tagen wir im März?" Halle Stendal Wernigerode bis=Freitag', "U1")
        await bodo.react(self.room, poll["event_id"], "2️⃣")
        await self.answer("1 von 3 Stimmen")
        await anna.react(self.room, poll["event_id"], "1️⃣")
        await self.answer("2 von 3 Stimmen")
        await self.says(carla, "!stimme U1 2", "3 von 3 Stimmen")
        await self.says(anna, "!umfrage ende U1", "Ergebnis")
        await bodo.say(self.room, "Dann also Stendal. Carla, wer schreibt den Leitfaden?")
        text = "!aufgabe @Carla Leitfaden schreiben bis Freitag #pilot"
        await self.says(bodo, text, "Leitfaden", {"Carla": carla.user_id})
        await self.says(anna, '!treffen jeden 2. Dienstag im Monat 10:00-11:30 "UAG-Treffen"', "Die nächsten Termine")
        await carla.say(self.room, "Steht im Kalender, danke.")

    async def says(self, who: Member, text: str, answer: str, mentions: dict[str, str] | None = None) -> Event:
        """Let a member send a command, and return the bot's message with these words that comes after it."""
        return await self.answer(answer, after=await who.say(self.room, text, mentions=mentions))

    async def answer(self, words: str, after: str | None = None) -> Event:
        """Return the bot's message with these words, its edits included."""

        def is_it(event: Event) -> bool:
            content: dict[str, Any] = event["content"].get("m.new_content", event["content"])
            return event["sender"] == self.bot and words in content.get("body", "")

        return await self.anna.wait_for(self.room, is_it, after=after)


@contextmanager
def web_client(folder: Path) -> Iterator[str]:
    """Build Hydrogen into this folder and serve it on loopback; returns its address."""
    esbuild = CLIENT / "node_modules" / ".bin" / "esbuild"
    never_asked_for = [f"--external:{module}" for module in ("crypto", "fs", "path")]  # what Olm takes outside browsers
    bundle = ["--bundle", "--format=esm", "--log-level=error", *never_asked_for]
    command = [esbuild, CLIENT / "main.js", *bundle, f"--outdir={folder}"]
    subprocess.run(command, check=True)  # noqa: S603 - our own words
    hydrogen = CLIENT / "node_modules" / "hydrogen-view-sdk"
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


def shoot(homeserver: str, client: str, account: Account, chosen: argparse.Namespace) -> None:
    """Log in with the browser and take all pictures; raises CalledProcessError if that fails."""
    asked = {
        "chromium": chosen.chromium,
        "client": client,
        "homeserver": homeserver,
        "user": account.user_id,
        "password": account.password,
        "room": ROOM,
        "pictures": [{**one, "file": str(chosen.into / str(one["file"])), "below": "danke"} for one in PICTURES],
    }
    subprocess.run(["node", CLIENT / "shoot.js"], input=json.dumps(asked), text=True, check=True)  # noqa: S603, S607


if __name__ == "__main__":
    main()
