"""Starts a bot beside a fake homeserver and measures what it costs in CPU, time and memory.

A command carries a number; its answer is the first message of the bot that repeats the number or relates to the
command, and that the coordinator can read. A missing answer ends the measurement, and so does a second one.
"""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.fake import Event, Session
from tests.fake.homeserver import FakeHomeserver
from tests.fake.members import Crowd

COORDINATOR = "@anna:localhost"
MEMBERS = ("@bodo:localhost", "@carla:localhost", "@dieter:localhost")
DEVICE = "DEVICE"
TOKEN = "bench-token"  # noqa: S105 - of a server that lives as long as the measurement
PROJECT = Path(__file__).parents[2]
WORKING_GROUPS = 7
OUTPUT = "output.txt"
WARM_UP = len(MEMBERS) * WORKING_GROUPS
"""So many commands until every member has written in every room, and given the bot a room key for it."""
PATIENCE = 120.0
"""Seconds that a bot has for a burst, or for becoming ready."""
SETTLING = 0.3
"""Seconds after the last answer in which a bot finishes its books; their CPU counts."""
POINT = re.compile(r"\bPunkt (\d+)\b")


class MeasurementError(Exception):
    """The bot died, fell silent or answered twice; the message shows the end of its output."""


@dataclass(frozen=True)
class Bot:
    """A bot to measure: its name, the command that it answers, and what prepares and starts it for a stage."""

    name: str
    command: str
    argv: Callable[["Stage"], list[str]]
    prepare: Callable[["Stage"], Awaitable[None]] | None = None
    """What its operator does once before its rooms are encrypted."""

    @property
    def user(self) -> str:
        """The account of the bot."""
        return f"@{self.name}:localhost"


@dataclass(frozen=True)
class Scene:
    """How many rooms there are, who is in all of them beside the bot and the coordinator, and whether in clear."""

    rooms: int = WORKING_GROUPS
    members: tuple[str, ...] = MEMBERS
    devices: int = 0
    """Of each member; with at least one the rooms are encrypted."""


@dataclass
class Stage:
    """A homeserver, the rooms that a bot is joined to, a folder of its own, and what members commanded."""

    bot: Bot
    server: FakeHomeserver
    rooms: list[str]
    folder: Path
    crowd: Crowd | None = None
    """Everybody's devices, if the rooms are encrypted."""
    commands: dict[str, int] = field(default_factory=dict)
    """The number of every command, by event id."""
    unanswered: set[int] = field(default_factory=set)
    seen: int = 0
    """How many events from the bot were looked at."""
    syncs_before: int = 0
    """How many syncs were answered before the bot was started."""

    def say(self) -> None:
        """Let a member say the next command, in one working group after the other."""
        number = len(self.commands)
        self.command(MEMBERS[number % len(MEMBERS)], self.rooms[number % len(self.rooms)])

    def command(self, member: str, room: str) -> None:
        """Let this member say the next command in this room."""
        number = len(self.commands)
        self.unanswered.add(number)
        self.commands[self.talk(member, room, self.bot.command.format(number=number))] = number

    def talk(self, member: str, room: str, text: str) -> str:
        """Let a member say something, in clear or not as the room is; return the event id."""
        voice = self.crowd or self.server
        return voice.member_says(room, member, text)

    def bot_listens(self, keys: int = 1) -> bool:
        """Whether the bot has read the rooms, and published so many keys in case they are encrypted."""
        synced = self.server.syncs[self.bot.user] > self.syncs_before
        return synced and (self.crowd is None or self.crowd.bot_is_reachable(keys))

    def all_answered(self) -> bool:
        """Look at what the bot sent since the last look; MeasurementError if it answered a command twice."""
        for sent in self.server.sent[self.seen :]:
            event = self.crowd.clear(COORDINATOR, sent) if self.crowd else sent
            number = self._answered_by(event)
            if number is not None and number not in self.unanswered:
                raise MeasurementError(f"{self.bot.name} answered command {number} twice")
            self.unanswered.discard(-1 if number is None else number)
        self.seen = len(self.server.sent)
        return not self.unanswered

    def _answered_by(self, event: Event) -> int | None:
        relation = event["content"].get("m.relates_to", {})
        if event["type"] != "m.room.message" or relation.get("rel_type") == "m.replace":
            return None
        for event_id in (relation.get("m.in_reply_to", {}).get("event_id"), relation.get("event_id")):
            if event_id in self.commands:
                return self.commands[event_id]
        named = POINT.search(event["content"]["body"])
        return int(named[1]) if named else None


@dataclass
class Child:
    """A bot's process on its stage."""

    stage: Stage
    process: asyncio.subprocess.Process
    began: float
    """When it was started, on the clock of `time.perf_counter`."""

    def cpu(self) -> float:
        """Return the seconds of CPU that the process has used, its threads included."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def megabytes(self) -> float:
        """Return the resident memory of the process."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something on the server; MeasurementError if the bot ends or PATIENCE does."""
        waiting = asyncio.create_task(self.stage.server.wait_until(condition, PATIENCE))
        ending = asyncio.create_task(self.process.wait())
        try:
            await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise self._failure(f"ended with exit status {ending.result()}")
            await waiting
        except TimeoutError:
            raise self._failure(f"left {len(self.stage.unanswered)} commands unanswered") from None
        finally:
            waiting.cancel()
            ending.cancel()

    async def become_ready(self) -> None:
        """Wait for the first sync, then for the answer to a command said right after it."""
        await self.until(self.stage.bot_listens)
        self.stage.say()
        await self.until(self.stage.all_answered)

    async def answer(self, commands: int) -> tuple[float, float]:
        """Let members say some commands at once; return the seconds until all are answered, and of CPU."""
        cpu, started = self.cpu(), time.perf_counter()
        for _ in range(commands):
            self.stage.say()
        await self.until(self.stage.all_answered)
        seconds = time.perf_counter() - started
        await asyncio.sleep(SETTLING)
        return seconds, self.cpu() - cpu

    def _failure(self, what: str) -> MeasurementError:
        last_lines = "\n".join((self.stage.folder / OUTPUT).read_text().splitlines()[-20:])
        return MeasurementError(f"{self.stage.bot.name} {what}\n{last_lines}")


@asynccontextmanager
async def staged(bot: Bot, scene: Scene) -> AsyncIterator[Stage]:
    """Serve a scene for a bot that is joined to all rooms and not started yet."""
    everyone = (COORDINATOR, bot.user, *scene.members)
    async with FakeHomeserver() as server:
        server.add_user(bot.user, "bench", TOKEN, DEVICE)
        for member in (COORDINATOR, *scene.members):
            server.add_user(member, "bench")
        names = [f"Raum {number}" for number in range(1, scene.rooms + 1)]
        with TemporaryDirectory(prefix="bench-") as folder:
            stage = Stage(bot, server, [server.add_room(name, everyone) for name in names], Path(folder))
            if scene.devices:
                await _encrypt(stage, (COORDINATOR, *scene.members), scene.devices)
            yield stage


async def _encrypt(stage: Stage, users: tuple[str, ...], devices: int) -> None:
    stage.crowd = Crowd(stage.server, Session(stage.bot.user, DEVICE), users, devices)
    if stage.bot.prepare:
        await stage.bot.prepare(stage)
    for room in stage.rooms:
        stage.crowd.encrypt(room)


@asynccontextmanager
async def running(stage: Stage) -> AsyncIterator[Child]:
    """Start the stage's bot, stop it at the end; what it has stored stays for the next start."""
    stage.syncs_before = stage.server.syncs[stage.bot.user]
    argv, began = stage.bot.argv(stage), time.perf_counter()
    with (stage.folder / OUTPUT).open("wb") as out:
        process = await asyncio.create_subprocess_exec(*argv, stdout=out, stderr=asyncio.subprocess.STDOUT, cwd=PROJECT)
    try:
        yield Child(stage, process, began)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


async def measure_work(bot: Bot, scene: Scene, burst: int, paced: int) -> dict[str, float]:
    """Measure a bot at work: a burst of commands, then one command at a time."""
    async with staged(bot, scene) as stage, running(stage) as child:
        stage.server.limit_timeline = 3 * burst  # What a burst costs, not what a gap in it costs.
        await child.become_ready()
        await child.answer(WARM_UP)
        seconds, cpu = await child.answer(burst)
        paced_cpu, paced_started = child.cpu(), time.perf_counter()
        for _ in range(paced):
            stage.say()
            await child.until(stage.all_answered)
        paced_seconds = time.perf_counter() - paced_started
        await asyncio.sleep(SETTLING)
        return {
            "burst_cpu_ms": cpu / burst * 1000,
            "paced_cpu_ms": (child.cpu() - paced_cpu) / paced * 1000,
            "commands_per_second": burst / seconds,
            "paced_answer_ms": paced_seconds / paced * 1000,
            "memory_small_mb": child.megabytes(),
        }


async def measure_start(bot: Bot, rooms: int) -> dict[str, float]:
    """Measure how a bot becomes ready in many rooms, from the start of its process with nothing stored."""
    async with staged(bot, Scene(rooms)) as stage, running(stage) as child:
        await child.become_ready()
        seconds = time.perf_counter() - child.began
        return {"ready_s": seconds, "ready_cpu_s": child.cpu(), "memory_large_mb": child.megabytes()}
