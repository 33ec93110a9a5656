#!/usr/bin/env python3
"""Takes the pictures of this folder: a real room on a real homeserver, seen through a real client."""

import argparse
import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from talks import APPS, ENERGY, MAIN, MEMBERS, Initiative
from work import CHAT, COORDINATORS, Work

from bot.clock import Clock
from bot.demo.member import Member
from bot.demo.moved import MovedTime
from bot.demo.synapse import Account, Synapse
from commands.digests.weeks import next_slot, rhythm_of
from commands.kit.setup import Setup

HERE = Path(__file__).parent
CLIENT = HERE / "client"
PASSWORD = "geheim"  # noqa: S105 - of accounts that live for a minute
AFTER_THE_MEETING = timedelta(hours=2)
"""So far the clock goes forward when the minutes are approved: a meeting counts when its time is over."""
A_MOMENT = timedelta(seconds=20)


def main() -> None:
    """Write all pictures; README.md says what that needs."""
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
    """Let the members talk with the bot, and look at their rooms as Carla."""
    bot, port = synapse.register("uagbot", PASSWORD, "uagbot"), free_port()
    async with AsyncExitStack() as stack:
        people = {
            name: await stack.enter_async_context(Member(synapse.register(name.lower(), PASSWORD, name), synapse.url))
            for name in MEMBERS
        }
        carla = people["Carla"].account
        time = MovedTime(folder / "clock")
        time.move_to(Clock()())
        stack.enter_context(running_bot(folder, synapse.url, bot, port, time))
        initiative = await Initiative.begin(bot.user_id, people)
        await initiative.ask_one_room()
        await asyncio.to_thread(camera.shoot, "room.png", 1100, 800, carla, APPS, "Mache ich")
        await initiative.meet()
        await asyncio.to_thread(camera.shoot, "room-phone.png", 390, 900, carla, APPS, "Danke")
        await initiative.ask_municipalities()
        await asyncio.to_thread(camera.shoot, "poll.png", 1000, 1300, carla, APPS, "Ergebnis U2")
        await initiative.find_a_date()
        await asyncio.to_thread(camera.shoot, "dates.png", 390, 1250, carla, ENERGY, "Sehr gut")
        await initiative.resolve()
        await asyncio.to_thread(camera.shoot, "resolution.png", 760, 1500, carla, APPS, "Druckerei")
        await initiative.plan_session()
        await asyncio.to_thread(camera.shoot, "agenda.png", 390, 1100, carla, ENERGY, "bis gleich")
        await initiative.hold_session()
        await asyncio.to_thread(camera.shoot, "session.png", 390, 1440, carla, ENERGY, "Kommunen vertreten")
        await initiative.end_session()
        await asyncio.to_thread(camera.shoot, "minutes.png", 390, 1140, carla, ENERGY, "darüber")
        page = f"http://127.0.0.1:{port}{await initiative.approve()}"
        await asyncio.to_thread(camera.show, "minutes-page.png", 900, page)
        time.move_to(time.now() + AFTER_THE_MEETING)
        await play_between_meetings(await Work.begin(initiative), folder, camera, time)


async def play_between_meetings(work: Work, folder: Path, camera: "Camera", time: MovedTime) -> None:
    """Let members work and coordinators look after it."""
    carla = work.initiative.people["Carla"].account
    await work.call_for_help()
    await asyncio.to_thread(camera.shoot, "items.png", 390, 900, carla, APPS, "Das ging schnell")
    await work.give_and_list()
    await asyncio.to_thread(camera.shoot, "items-list.png", 390, 900, carla, APPS, "nehme ich mir morgen")
    await work.look_at_mine()
    await asyncio.to_thread(camera.shoot, "items-mine.png", 390, 1240, carla, CHAT, "Das wartet auf Sie")
    await work.preview()
    await asyncio.to_thread(camera.shoot, "digest-preview.png", 760, 1560, carla, COORDINATORS, "heute Abend")
    page = folder / "report.html"
    page.write_bytes(await work.report())
    await asyncio.to_thread(camera.show, "report-page.png", 900, page.as_uri(), 1800)
    await work.release()
    time.move_to(next_slot(time.now(), rhythm_of(Setup(user_id=work.chat.bot))).at + A_MOMENT)
    await work.read_digest()
    await asyncio.to_thread(camera.shoot, "digest.png", 1100, 1200, carla, MAIN, "Das Wichtigste")
    dark = replace(camera, dark=True)
    await asyncio.to_thread(dark.shoot, "digest-phone.png", 390, 1240, carla, MAIN, "Das Wichtigste")


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running_bot(folder: Path, homeserver: str, account: Account, port: int, time: MovedTime) -> Iterator[None]:
    """Run the bot as the demonstration does, its web server on this port; what it logs goes to standard error."""
    config = folder / "config.toml"
    config.write_text(
        f'[matrix]\nhomeserver = "{homeserver}"\nuser = "{account.user_id}"\naccess_token = "{account.access_token}"\n'
        f'[storage]\ndatabase = "sqlite:///{folder / "uagbot.db"}"\nfolder = "{folder}"\n'
        f'[web]\nport = {port}\npublic_url = "https://uagbot.example.org"\n',
        "utf-8",
    )
    command = [sys.executable, "-m", "bot.demo.process", "--config", str(config), "--clock", str(time.file)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr)  # noqa: S603 - our own program
    try:
        yield
    finally:
        process.terminate()
        process.wait()


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
    dark: bool = False

    def shoot(self, file: str, width: int, height: int, account: Account, room: str, until: str) -> None:
        """Log in, open the room, and take its picture when these words are there, in 256 colours.

        Width and height are CSS pixels, two dots each. Raises CalledProcessError if it fails.
        """
        asked = {
            "client": self.client,
            "homeserver": self.homeserver,
            "user": account.user_id,
            "password": account.password,
            "room": room,
            "until": until,
            "height": height,
        }
        self._take(file, width, asked)

    def show(self, file: str, width: int, page: str, height: int | None = None) -> None:
        """Take the picture of a page that the bot has made; without a height of the whole of it."""
        self._take(file, width, {"page": page, "height": height or width, "whole": height is None})

    def _take(self, file: str, width: int, asked: dict[str, object]) -> None:
        target = self.into / file
        camera = {"chromium": self.chromium, "dark": self.dark, "width": width, "file": str(target)}
        words = json.dumps({**asked, **camera})
        subprocess.run(["node", CLIENT / "shoot.js"], input=words, text=True, check=True)  # noqa: S603, S607
        subprocess.run(["pngquant", "--force", "--strip", "--ext=.png", target], check=True)  # noqa: S603, S607


if __name__ == "__main__":
    main()
