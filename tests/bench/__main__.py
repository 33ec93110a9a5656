"""`python -m tests.bench` measures the bot and a bare echo bot in turn and prints what they cost side by side."""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench.measure import TOKEN, WORKING_GROUPS, Bot, MeasurementError, Stage, measure_start, measure_work

Figures = dict[str, float]

TITLES = {
    "burst_cpu_ms": ("CPU per command, all at once (ms)", "at most 2 x"),
    "paced_cpu_ms": ("CPU per command, one at a time (ms)", ""),
    "commands_per_second": ("Commands per second, all at once", ""),
    "paced_answer_ms": ("From command to answer, one at a time (ms)", ""),
    "memory_small_mb": (f"Memory, {WORKING_GROUPS} rooms, after the work (MB)", ""),
    "memory_large_mb": ("Memory, many rooms (MB)", "under 120 MB"),
    "ready_s": ("From start to first answer, many rooms (s)", "at most 1.5 x"),
    "ready_cpu_s": ("CPU of that (s)", ""),
}


def echo_argv(stage: Stage) -> list[str]:
    """Start the echo bot."""
    account = ["--homeserver", stage.server.url, "--user", stage.bot.user, "--token", TOKEN]
    return [sys.executable, "-m", "tests.bench.echo", *account]


def uagbot_argv(stage: Stage) -> list[str]:
    """Write a configuration in which the first rooms are working groups, and start uagbot with it."""
    lines = [
        "[matrix]",
        f'homeserver = "{stage.server.url}"',
        f'user = "{stage.bot.user}"',
        f'access_token = "{TOKEN}"',
        "[storage]",
        f'database = "sqlite:///{stage.folder / "uagbot.db"}"',
        "[web]",
        "enabled = false",
    ]
    for number, room in enumerate(stage.rooms[:WORKING_GROUPS], 1):
        group = f'key = "UAG{number}"', f'title = "Arbeitsgruppe {number}"'
        lines += ["[[rooms]]", f'room = "{room}"', 'kind = "group"', *group]
    config = stage.folder / "uagbot.toml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [sys.executable, "-m", "bot.cli", "run", "--config", str(config)]


COMMAND = "!aufgabe Punkt {number} bis 31.12.2027"
BOTS = (Bot("echo", COMMAND, echo_argv), Bot("uagbot", COMMAND, uagbot_argv))


async def measure(bots: Sequence[Bot], asked: argparse.Namespace) -> dict[str, list[Figures]]:
    """Measure the bots in turn, round after round, so that a slow minute of the machine meets all of them."""
    rounds: dict[str, list[Figures]] = {bot.name: [] for bot in bots}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=asked.rounds * len(bots) * 2)
        for number in range(1, asked.rounds + 1):
            for bot in bots:
                progress.update(task, description=f"Round {number}: {bot.name} at work")
                work = await measure_work(bot, asked.commands, asked.paced)
                progress.update(task, advance=1, description=f"Round {number}: {bot.name} starts")
                start = await measure_start(bot, asked.rooms)
                progress.advance(task)
                rounds[bot.name].append({**work, **start})
    return rounds


def medians(rounds: dict[str, list[Figures]]) -> dict[str, Figures]:
    """Return the median of every figure by bot."""
    return {bot: {key: median(one[key] for one in all_) for key in TITLES} for bot, all_ in rounds.items()}


def ratios(middle: dict[str, Figures]) -> Figures:
    """Return uagbot's figures as multiples of the echo bot's, nothing if only one was measured."""
    if len(middle) < len(BOTS):
        return {}
    return {key: middle["uagbot"][key] / middle["echo"][key] for key in TITLES}


def table(middle: dict[str, Figures], ratio: Figures) -> Table:
    """Lay the medians out for reading."""
    shown = Table("Median", *middle, *(["uagbot / echo", "aim"] if ratio else []))
    for column in shown.columns[1:]:
        column.justify = "right"
    for key, (title, aim) in TITLES.items():
        figures = [f"{of_bot[key]:.2f}" for of_bot in middle.values()]
        shown.add_row(title, *figures, *([f"{ratio[key]:.2f} x", aim] if ratio else []))
    return shown


def main() -> int:
    """Measure uagbot beside a bare echo bot, both against the same homeserver in memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument("--only", choices=[bot.name for bot in BOTS], help="measure one of the two")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commands", type=int, default=700, help="how many are said at once")
    parser.add_argument("--paced", type=int, default=500, help="how many are said one at a time")
    parser.add_argument("--rooms", type=int, default=500, help="how many rooms are many")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    asked = parser.parse_args()
    bots = [bot for bot in BOTS if asked.only in (None, bot.name)]
    try:
        rounds = asyncio.run(measure(bots, asked))
    except MeasurementError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    middle = medians(rounds)
    ratio = ratios(middle)
    Console().print(table(middle, ratio))
    if asked.json:
        machine = {"python": platform.python_version(), "cores": os.cpu_count()}
        load = {key: getattr(asked, key) for key in ("commands", "paced", "rooms")}
        report = {**machine, **load, "rounds": rounds, "medians": middle, "ratios": ratio}
        asked.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
