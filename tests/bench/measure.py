"""Starts a bot beside a fake homeserver and measures what it costs in CPU, time and memory.

A command carries a number; its answer is the first message of the bot that repeats the number or relates to the
command. A missing answer ends the measurement, and so does a second one.
"""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.fake import Event
from tests.fake.homeserver import FakeHomeserver

COORDINATOR = "@anna:localhost"
MEMBERS = ("@bodo:localhost", "@carla:localhost", "@dieter:localhost")
TOKEN = "bench-token"  # noqa: S105 - of a server that lives as long as the measurement
PROJECT = Path(__file__).parents[2]
WORKING_GROUPS = 7
OUTPUT = "output.txt"
WARM_UP = 2 * WORKING_GROUPS
PATIENCE = 120.0
"""Seconds that a bot has for a burst, or for becoming ready."""
SETTLING = 0.3
"""Seconds after the last answer in which a bot finishes its books; their CPU counts."""
POINT = re.compile(r"\bPunkt (\d+)\b")


class MeasurementError(Exception):
    """The bot died, fell silent or answered twice; the message shows the end of its output."""


@dataclass(frozen=True)
class Bot:
    """A bot to measure: its name, the command that it answers, and what starts it for a stage."""

    name: str
    command: str
    argv: Callable[["Stage"], list[str]]

    @property
    def user(self) -> str:
        """The account of the bot."""
        return f"@{self.name}:localhost"


@dataclass
class Stage:
    """A homeserver, the rooms that a bot is joined to, a folder of its own, and what members commanded."""

    bot: Bot
    server: FakeHomeserver
    rooms: list[str]
    folder: Path
    commands: dict[str, int] = field(default_factory=dict)
    """The number of every command, by event id."""
    unanswered: set[int] = field(default_factory=set)
    seen: int = 0
    """How many events from the bot were looked at."""

    def say(self) -> None:
        """Let a member say the next command, in one working group after the other."""
        number = len(self.commands)
        room = self.rooms[number % WORKING_GROUPS]
        text = self.bot.command.format(number=number)
        self.unanswered.add(number)
        self.commands[self.server.member_says(room, MEMBERS[number % len(MEMBERS)], text)] = number

    def all_answered(self) -> bool:
        """Look at what the bot sent since the last look; MeasurementError if it answered a command twice."""
        for event in self.server.sent[self.seen :]:
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
        await self.until(lambda: self.stage.server.syncs[self.stage.bot.user] > 0)
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
async def started(bot: Bot, rooms: int) -> AsyncIterator[Child]:
    """Start a bot that is joined to some rooms of three members and a coordinator; stop it at the end."""
    async with FakeHomeserver() as server:
        server.add_user(bot.user, "bench", TOKEN, "DEVICE")
        for member in (COORDINATOR, *MEMBERS):
            server.add_user(member, "bench")
        names = [f"Raum {number}" for number in range(1, rooms + 1)]
        everyone = (COORDINATOR, bot.user, *MEMBERS)
        with TemporaryDirectory(prefix="bench-") as folder:
            stage = Stage(bot, server, [server.add_room(name, everyone) for name in names], Path(folder))
            argv, began = bot.argv(stage), time.perf_counter()
            with (stage.folder / OUTPUT).open("wb") as out:
                process = await asyncio.create_subprocess_exec(
                    *argv, stdout=out, stderr=asyncio.subprocess.STDOUT, cwd=PROJECT
                )
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


async def measure_work(bot: Bot, burst: int, paced: int) -> dict[str, float]:
    """Measure a bot in seven rooms: a burst of commands, then one command at a time."""
    async with started(bot, WORKING_GROUPS) as child:
        child.stage.server.limit_timeline = 3 * burst  # What a burst costs, not what a gap in it costs.
        await child.become_ready()
        await child.answer(WARM_UP)
        seconds, cpu = await child.answer(burst)
        paced_cpu, paced_started = child.cpu(), time.perf_counter()
        for _ in range(paced):
            child.stage.say()
            await child.until(child.stage.all_answered)
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
    async with started(bot, rooms) as child:
        await child.become_ready()
        seconds = time.perf_counter() - child.began
        return {"ready_s": seconds, "ready_cpu_s": child.cpu(), "memory_large_mb": child.megabytes()}
