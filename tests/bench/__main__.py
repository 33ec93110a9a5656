"""`python -m tests.bench` measures the bot and a bare echo bot in turn and prints what they cost side by side."""

import argparse
import asyncio
import gc
import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench import archive, dates, digests, meetings, minutes, polls, register, sessions
from tests.bench.encrypted import measure_crowd, measure_store, set_up_identity
from tests.bench.measure import TOKEN, WORKING_GROUPS, Bot, MeasurementError, Scene, Stage, measure_start, measure_work

Figures = dict[str, float]

Parts = dict[str, Callable[[int], Awaitable[Figures]]]

LARGE: Parts = {
    "votes": polls.measure_votes,
    "counts": polls.measure_counts,
    "shows polls with many edits": polls.measure_edits,
    "checks ballots": polls.measure_check,
    "lists many polls": polls.measure_many,
    "resolutions": register.measure_register,
}
LARGE_TITLES = {
    "vote_command_10_ms": ("A vote by command, 10 ballots", ""),
    "vote_command_1000_ms": ("A vote by command, 1,000 ballots", ""),
    "vote_command_10000_ms": ("A vote by command, 10,000 ballots", ""),
    "vote_command_ratio": ("A vote by command, 10,000 ballots to 10", "at most 1.3"),
    "vote_reaction_10_ms": ("A vote by reaction, 10 ballots", ""),
    "vote_reaction_1000_ms": ("A vote by reaction, 1,000 ballots", ""),
    "vote_reaction_10000_ms": ("A vote by reaction, 10,000 ballots", ""),
    "vote_reaction_ratio": ("A vote by reaction, 10,000 ballots to 10", "at most 1.3"),
    "vote_named_10_ms": ("A vote by name, 10 ballots", ""),
    "vote_named_1000_ms": ("A vote by name, 1,000 ballots", ""),
    "vote_named_10000_ms": ("A vote by name, 10,000 ballots", ""),
    "vote_named_ratio": ("A vote by name, 10,000 ballots to 10", "at most 1.3"),
    **{
        f"{what}_{where}_{suffrage}_ms": (f"{title} 10,000 ballots, {rooms}, {who}", "")
        for what, title in (("tally", "Counting"), ("status", "Showing"), ("close", "Closing"))
        for where, rooms in (("one", "one room"), ("six", "six rooms"))
        for suffrage, who in (("person", "persons"), ("town", "towns"))
    },
    "edits_0_ms": ("Showing a poll in six rooms, no edits yet", ""),
    "edits_5000_ms": ("Showing a poll in six rooms, 5,000 edits each", ""),
    "edits_ratio": ("Showing a poll in six rooms, 5,000 edits to none", "at most 1.3"),
    "check_looks_ms": ("Checking 10,000 ballots: what to read", ""),
    "check_ms": ("Checking 10,000 ballots: comparing", ""),
    "many_list_ms": ("!umfragen, 500 open polls", ""),
    "many_digest_ms": ("!wochenbericht, 500 open polls", ""),
    "many_vote_ms": ("A vote by command, 500 open polls", ""),
    "register_none_ms": ("Register of 10,000, the newest 12", "under 50 ms"),
    "register_one_ms": ("Register of 10,000, one word", "under 50 ms"),
    "register_two_ms": ("Register of 10,000, two words", "under 50 ms"),
    "register_filter_ms": ("Register of 10,000, one group and year", "under 50 ms"),
    "register_filter_one_ms": ("Register of 10,000, one group, year and word", "under 50 ms"),
    "enter_100_ms": ("Entering a resolution, 100 in the register", ""),
    "enter_10000_ms": ("Entering a resolution, 10,000 in the register", ""),
    "enter_ratio": ("Entering a resolution, 10,000 to 100", "at most 1.3"),
}
MEETINGS: Parts = {
    "a long session": minutes.measure_session,
    "fifty sessions": sessions.measure_sessions,
    "reminders": dates.measure_reminders,
    "agendas": dates.measure_agenda,
    "the archive": archive.measure_archive,
    "calendars": meetings.measure_calendar,
}
KINDS = {
    "topic": "!thema",
    "info": "!info",
    "hash_info": "#info",
    "idea": "!idee",
    "hash_idea": "#idea",
    "link": "!link",
    "decided": "!beschlossen",
    "task": "!aufgabe",
    "hash_task": "#action",
    "here": "!da",
}
MEETING_TITLES = {
    "line_first_ms": ("A line, the first hundred of a session", ""),
    "line_last_ms": ("A line, the last hundred of 2,000", ""),
    "line_ratio": ("A line, the last hundred of 2,000 to the first", "at most 1.2"),
    "ten_first_ms": ("Ten lines, one of each kind, the first hundred", ""),
    "ten_last_ms": ("Ten lines, one of each kind, the last hundred", ""),
    "ten_ratio": ("Ten lines, the last hundred to the first", "at most 1.2"),
    **{f"line_last_{kind}_ms": (f"A line of the last hundred: {words}", "") for kind, words in KINDS.items()},
    "close_ms": ("The end of 2,000 lines, the draft, and all files", "under 1,000 ms"),
    "end_ms": ("The end: !sitzung ende", ""),
    "draft_ms": ("The end: the draft with its file", ""),
    "show_ms": ("The end: !protokoll with three files", ""),
    "gather_ms": ("2,000 lines: reading them", ""),
    "form_md_ms": ("2,000 lines: Markdown", ""),
    "form_html_ms": ("2,000 lines: HTML", ""),
    "form_txt_ms": ("2,000 lines: text", ""),
    "draft_standstill_ms": ("The draft: longest work without a pause", "under 100 ms"),
    "show_standstill_ms": ("!protokoll: longest work without a pause", "under 100 ms"),
    "approve_first_ms": ("2,000 lines: approving them", ""),
    "approve_ms": ("2,000 lines: approving what is other", ""),
    "approve_standstill_ms": ("Approving: longest work without a pause", "under 100 ms"),
    "missed_ms": ("2,000 lines: !verpasst", ""),
    "missed_standstill_ms": ("!verpasst: longest work without a pause", "under 100 ms"),
    "line_alone_ms": ("A line, one session after the other", ""),
    "line_crowd_ms": ("A line, 50 sessions at once", ""),
    "line_crowd_ratio": ("A line, 50 sessions at once to one", "at most 1.2"),
    "session_end_ms": ("The end of one session of 20 lines, with its draft", ""),
    "sessions_end_ms": ("The end of 50 at the same moment, with their drafts", ""),
    "sessions_s": ("50 sessions: starts, 1,000 lines, ends", ""),
    "reminder_ms": ("A reminder, of 500 in one minute", ""),
    "reminders_ms": ("All of these", ""),
    "reminders_waiting_ms": ("All of these, with waiting for the disk", "under 60,000 ms"),
    "reminder_first_queries": ("Statements of the first reminder", ""),
    "reminder_last_queries": ("Statements of the last", "as many"),
    "fill_100_ms": ("Filling an agenda, 100 open action items", ""),
    "fill_1000_ms": ("Filling an agenda, 1,000 open action items", ""),
    "fill_ratio": ("Filling an agenda, 1,000 to 100", "at most 1.3"),
    "agenda_1000_ms": ("!tagesordnung, 1,000 open action items", ""),
    "archive_index_20_ms": ("Archive on the web: the index, 20 minutes", ""),
    "archive_index_500_ms": ("Archive on the web: the index, 100 of 500 minutes", ""),
    "archive_page_20_ms": ("Archive on the web: a page, 20 minutes", ""),
    "archive_page_500_ms": ("Archive on the web: a page, 500 minutes", ""),
    "archive_page_ratio": ("Archive on the web: a page, 500 to 20", "at most 1.3"),
    "calendar_first_ms": ("Calendar of six groups and three years, rendered", "under 50 ms"),
    "calendar_told_ms": ("Calendar, unchanged: the answer, over HTTP", ""),
    "calendar_1_ms": ("Calendar, an answer to one subscriber", ""),
    "calendar_1000_ms": ("Calendar, an answer to one of 1,000 subscribers", ""),
    "calendar_ratio": ("Calendar, an answer to one of 1,000 to one of one", "at most 1.3"),
}
DIGESTS: Parts = {
    "digests": digests.measure_digests,
    "great digests": digests.measure_great_digests,
}
DIGEST_TITLES = {
    "digest_history_10000_ms": ("!wochenbericht of 6 groups, 10,000 items done before", ""),
    "digest_history_100000_ms": ("!wochenbericht of 6 groups, 100,000 items done before", ""),
    "digest_history_ratio": ("!wochenbericht of 6 groups, 100,000 items to 10,000", "at most 1.3"),
    "digest_great_10000_ms": ("!wochenbericht of 500 groups, 10,000 items of this week", ""),
    "digest_great_100000_ms": ("!wochenbericht of 500 groups, 100,000 items of this week", "under 2,000 ms"),
    "digest_great_100000_standstill_ms": ("The latter: longest work without a pause", "under 100 ms"),
    "digest_great_10000_queries": ("Statements with 10,000 items", ""),
    "digest_great_100000_queries": ("Statements with 100,000 items", "as many"),
    "digest_great_10000_mb": ("Memory at most, 10,000 items", ""),
    "digest_great_100000_mb": ("Memory at most, 100,000 items", ""),
    "digest_great_memory_ratio": ("Memory at most, 100,000 items to 10,000", "at most 1.3"),
}
UNITS = {"ratio": "x", "ms": "ms", "s": "s", "mb": "MB", "queries": ""}
"""What a figure is counted in, by the last word of its key."""
TITLES = {
    "burst_cpu_ms": ("CPU per command, all at once (ms)", "at most 2 x"),
    "paced_cpu_ms": ("CPU per command, one at a time (ms)", ""),
    "commands_per_second": ("Commands per second, all at once", ""),
    "paced_answer_ms": ("From command to answer, one at a time (ms)", ""),
    "memory_small_mb": (f"Memory, {WORKING_GROUPS} rooms, after the work (MB)", ""),
    "memory_large_mb": ("Memory, many rooms (MB)", "under 120 MB"),
    "ready_s": ("From start to first answer, many rooms (s)", "at most 1.5 x"),
    "ready_cpu_s": ("CPU of that (s)", ""),
    "encrypted_burst_cpu_ms": ("Encrypted: CPU per command, all at once (ms)", "at most 2 x"),
    "encrypted_paced_cpu_ms": ("Encrypted: CPU per command, one at a time (ms)", ""),
    "encrypted_commands_per_second": ("Encrypted: commands per second, all at once", ""),
    "encrypted_paced_answer_ms": ("Encrypted: from command to answer, one at a time (ms)", ""),
    "encrypted_memory_small_mb": (f"Encrypted: memory, {WORKING_GROUPS} rooms, after the work (MB)", ""),
    "crowd_first_s": ("First answer to 200 members with 400 devices (s)", ""),
    "crowd_cpu_s": ("CPU of that (s)", ""),
    "crowd_second_ms": ("Second answer to them (ms)", ""),
    "store_mb": ("Store of the keys after many messages (MB)", ""),
    "store_cpu_ms": ("CPU per message of these (ms)", ""),
    "store_fresh_mb": ("Memory before them (MB)", ""),
    "store_memory_mb": ("Memory after a restart with that store (MB)", ""),
    "store_ready_s": ("From that restart to the first answer (s)", ""),
    "store_ready_cpu_s": ("CPU of that (s)", ""),
}


def echo_argv(stage: Stage) -> list[str]:
    """Start the echo bot, with a store if the rooms are encrypted."""
    account = ["--homeserver", stage.server.url, "--user", stage.bot.user, "--token", TOKEN]
    store = ["--store", str(stage.folder / "keys")] if stage.crowd else []
    return [sys.executable, "-m", "tests.bench.echo", *account, *store]


def uagbot_argv(stage: Stage) -> list[str]:
    """Write a configuration in which the first rooms are working groups, and start uagbot with it."""
    lines = [
        "[matrix]",
        f'homeserver = "{stage.server.url}"',
        f'user = "{stage.bot.user}"',
        f'access_token = "{TOKEN}"',
        "[storage]",
        f'database = "sqlite:///{stage.folder / "uagbot.db"}"',
        f'folder = "{stage.folder}"',
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
UAGBOT = Bot("uagbot", COMMAND, uagbot_argv, set_up_identity)
BOTS = (Bot("echo", COMMAND, echo_argv), UAGBOT)


async def measure(bots: Sequence[Bot], asked: argparse.Namespace) -> dict[str, list[Figures]]:
    """Measure the bots in turn, round after round, so that a slow minute of the machine meets all of them."""
    rounds: dict[str, list[Figures]] = {bot.name: [] for bot in bots}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=asked.rounds * len(bots) * len(PARTS) + 1)
        for number in range(1, asked.rounds + 1):
            for bot in bots:
                found: Figures = {}
                for name, part in PARTS.items():
                    progress.update(task, description=f"Round {number}: {bot.name} {name}")
                    found |= await part(bot, asked)
                    progress.advance(task)
                rounds[bot.name].append(found)
        if UAGBOT in bots:
            progress.update(task, description=f"{asked.messages} encrypted messages")
            rounds[UAGBOT.name][0] |= await measure_store(UAGBOT, asked.messages)
    return rounds


async def _encrypted(bot: Bot, asked: argparse.Namespace) -> Figures:
    found = await measure_work(bot, Scene(devices=1), asked.commands, asked.paced)
    return {f"encrypted_{key}": figure for key, figure in found.items()}


PARTS: dict[str, Callable[[Bot, argparse.Namespace], Awaitable[Figures]]] = {
    "at work": lambda bot, asked: measure_work(bot, Scene(), asked.commands, asked.paced),
    "starts in many rooms": lambda bot, asked: measure_start(bot, asked.rooms),
    "at work in encrypted rooms": _encrypted,
    "answers many devices": lambda bot, _asked: measure_crowd(bot),
}


def medians(rounds: dict[str, list[Figures]]) -> dict[str, Figures]:
    """Return the median of every figure by bot."""
    return {
        bot: {key: median(one[key] for one in all_ if key in one) for key in TITLES if key in all_[0]}
        for bot, all_ in rounds.items()
    }


def ratios(middle: dict[str, Figures]) -> Figures:
    """Return uagbot's figures as multiples of the echo bot's, nothing if only one was measured."""
    if len(middle) < len(BOTS):
        return {}
    return {key: middle["uagbot"][key] / middle["echo"][key] for key in middle["echo"]}


def table(middle: dict[str, Figures], ratio: Figures) -> Table:
    """Lay the medians out for reading."""
    shown = Table("Median", *middle, *(["uagbot / echo", "aim"] if ratio else []))
    for column in shown.columns[1:]:
        column.justify = "right"
    for key, (title, aim) in TITLES.items():
        figures = [f"{of_bot[key]:.2f}" if key in of_bot else "" for of_bot in middle.values()]
        shown.add_row(title, *figures, *([f"{ratio[key]:.2f} x", aim] if key in ratio else []))
    return shown


async def measure_parts(parts: Parts, tries: int) -> Figures:
    """Measure these parts one after the other, in this process."""
    found: Figures = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(parts))
        for name, part in parts.items():
            progress.update(task, description=f"By itself: {name}")
            found |= await part(tries)
            progress.advance(task)
    return found


def parts_table(found: Figures, titles: dict[str, tuple[str, str]]) -> Table:
    """Lay the figures of parts out for reading."""
    shown = Table("Median of CPU, SQLite", "uagbot", "aim")
    shown.columns[1].justify = shown.columns[2].justify = "right"
    for key, (title, aim) in titles.items():
        unit = UNITS[key.rpartition("_")[2]]
        shown.add_row(title, f"{found[key]:.2f} {unit}" if unit else f"{found[key]:.0f}", aim)
    return shown


def main() -> int:
    """Measure uagbot beside a bare echo bot, both against the same homeserver in memory; polls and meetings alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    choices = [*(bot.name for bot in BOTS), "polls", "meetings", "digests"]
    parser.add_argument(
        "--only", choices=choices, help="measure one of the two bots, or what polls, meetings or digests cost"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commands", type=int, default=400, help="how many are said at once")
    parser.add_argument("--paced", type=int, default=200, help="how many are said one at a time")
    parser.add_argument("--rooms", type=int, default=500, help="how many rooms are many")
    parser.add_argument("--messages", type=int, default=10_000, help="how many messages leave keys behind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    asked = parser.parse_args()
    bots = [bot for bot in BOTS if asked.only in (None, bot.name)]
    try:
        rounds = asyncio.run(measure(bots, asked)) if bots else {}
    except MeasurementError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    large = asyncio.run(measure_parts(LARGE, asked.rounds)) if asked.only in (None, "polls") else {}
    gc.freeze()  # as `uagbot run` does
    held = asyncio.run(measure_parts(MEETINGS, asked.rounds)) if asked.only in (None, "meetings") else {}
    told = asyncio.run(measure_parts(DIGESTS, asked.rounds)) if asked.only in (None, "digests") else {}
    middle = medians(rounds)
    ratio = ratios(middle)
    if middle:
        Console().print(table(middle, ratio))
    if large:
        Console().print(parts_table(large, LARGE_TITLES))
    if held:
        Console().print(parts_table(held, MEETING_TITLES))
    if told:
        Console().print(parts_table(told, DIGEST_TITLES))
    if asked.json:
        machine = {"python": platform.python_version(), "cores": os.cpu_count()}
        load = {key: getattr(asked, key) for key in ("commands", "paced", "rooms", "messages")}
        parts = {"large": large, "meetings": held, "digests": told}
        report = {**machine, **load, "rounds": rounds, "medians": middle, "ratios": ratio, **parts}
        asked.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
