"""Starts and stops everything that the demonstration needs, plays the story, and prints what came of it."""

import asyncio
import contextlib
import secrets
import signal
import tempfile
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from bot.demo.cast import MAIN, ROOMS, STRANGER, TOWNS, RoomPlan
from bot.demo.child import BotChild, BotFailed
from bot.demo.encrypted import EncryptedMember
from bot.demo.ledger import Ledger
from bot.demo.member import MatrixFault
from bot.demo.stage import BERLIN, Place, Stage, Stuck, on
from bot.demo.story import SCENES, Scene
from bot.demo.synapse import Account, Synapse, SynapseFailed, SynapseMissing
from bot.demo.transcript import Sheet, colours_of, show_room
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable

BOT_NAME = "uagbot"
BEGIN = on(2, 9)  # Monday
FAULTS = MatrixFault, Rejected, Limited, TokenRevoked, Unreachable, TimeoutError, LookupError, BotFailed
FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
Found = TypeVar("Found")


class Interrupted(Exception):
    """Somebody pressed Ctrl+C before the month was over."""


async def play(
    console: Console, *, once: bool, folder: Path | None, encrypted: bool = False, scenes: Sequence[Scene] = SCENES
) -> int:
    """Play the month and return the exit status: 0 only if every expectation held.

    Half of the rooms are encrypted, or all of them. Without `once` server and bot stay up afterwards until Ctrl+C.
    Without a folder everything is removed at the end.
    """
    if folder is not None and _holds_something(folder):
        console.print(f"Der Ordner {folder} ist nicht leer. Bitte nennen Sie einen neuen.")
        return UNUSABLE
    stop = asyncio.Event()
    try:
        with _signals_to(stop), _folder(folder) as place:
            async with AsyncExitStack() as stack:
                stage = await _play_in(place, stack, console, stop, scenes, encrypted=encrypted)
                if not once:
                    await _stay(stage, console, stop)
                return 0 if stage.ledger.all_met else FAILED
    except Interrupted:
        console.print("Abgebrochen.")
        return INTERRUPTED
    except (SynapseMissing, SynapseFailed, BotFailed) as error:
        console.print(Text(str(error), style="red"))
        return FAILED


async def _play_in(
    folder: Path,
    stack: AsyncExitStack,
    console: Console,
    stop: asyncio.Event,
    scenes: Sequence[Scene],
    *,
    encrypted: bool,
) -> Stage:
    began = time.monotonic()
    with console.status("Homeserver, Mitglieder und Räume entstehen …"):
        synapse = await _unless(stop, _homeserver(folder, stack))
        stage = await _unless(stop, _set_the_stage(folder, synapse, stack, encrypted=encrypted))
    await _unless(stop, _act(stage, scenes, console))
    _print_rooms(stage, console)
    _print_addresses(stage, console)
    _print_files(stage, console)
    _print_result(stage.ledger, console, time.monotonic() - began)
    return stage


async def _stay(stage: Stage, console: Console, stop: asyncio.Event) -> None:
    """Start the bot again and keep it running until somebody stops the demonstration."""
    await _unless(stop, stage.bot.start())
    _print_logins(stage, console)
    await stop.wait()


async def _homeserver(folder: Path, stack: AsyncExitStack) -> Synapse:
    synapse = Synapse(folder / "homeserver")
    stack.callback(synapse.stop)
    await asyncio.to_thread(synapse.start)
    return synapse


async def _set_the_stage(folder: Path, synapse: Synapse, stack: AsyncExitStack, *, encrypted: bool) -> Stage:
    """Make accounts and rooms, invite the bot everywhere, set it up and start it."""

    def register(name: str) -> Account:
        return synapse.register(name.lower(), secrets.token_urlsafe(6), name)

    members = {}
    for name in TOWNS:
        account = await asyncio.to_thread(register, name)
        member = EncryptedMember(account, synapse.url, folder / "members" / name)
        members[name] = await stack.enter_async_context(member)
    invited_by = [member.user_id for name, member in members.items() if name != STRANGER]
    bot = BotChild(folder, synapse.url, await asyncio.to_thread(register, BOT_NAME), invited_by)
    await bot.make_identity()
    stage = Stage(bot, members, Ledger(), encrypted)
    for place in await asyncio.gather(*(_make_room(stage, plan) for plan in ROOMS)):
        stage.add(place)
    bot.configure({MAIN.key: (stage[MAIN.key].id, "main", MAIN.title)})
    bot.time.move_to(BEGIN)
    stack.push_async_callback(bot.stop)
    await bot.start()
    return stage


async def _make_room(stage: Stage, plan: RoomPlan) -> Place:
    chair = stage.members[plan.chair]
    guests = [stage.members[name] for name in plan.members]
    invite = [*(guest.user_id for guest in guests), stage.bot_id]
    encrypted = stage.encrypted or plan.encrypted
    room = await chair.create_room(f"{plan.key} {plan.title}", topic=plan.topic, invite=invite, encrypted=encrypted)
    for guest in guests:
        await guest.join(room)
    return Place(room, plan.key, plan.title, chair, plan.people, encrypted)


async def _act(stage: Stage, scenes: Sequence[Scene], console: Console) -> None:
    """Play all scenes; one that gets stuck is noted, and the next one begins."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(scenes))
        for scene in scenes:
            progress.update(task, description=scene.title)
            await _act_one(stage, scene)
            _print_scene(stage, scene, progress.console)
            progress.advance(task)


async def _act_one(stage: Stage, scene: Scene) -> None:
    stage.ledger.scene = scene.title
    try:
        await scene.play(stage)
    except Stuck:
        pass  # the ledger says on what
    except FAULTS as error:
        stage.ledger.expect("die Szene geht weiter", f"{type(error).__name__}: {error}", held=False)


def _print_scene(stage: Stage, scene: Scene, console: Console) -> None:
    missed = [miss for miss in stage.ledger.missed if miss.scene == scene.title]
    mark = ("✗ ", "bold red") if missed else ("✓ ", "bold green")
    when = f"{stage.bot.time.now().astimezone(BERLIN):%d.%m. %H:%M}  "
    console.print(Text.assemble(mark, (when, "dim"), scene.title))
    for miss in missed:
        console.print(Text(f"    erwartet: {miss.expected}", style="red"))
        console.print(Text(f"    gekommen: {' '.join(miss.came.split())[:600] or 'nichts'}", style="red"))


def _print_rooms(stage: Stage, console: Console) -> None:
    names = {member.user_id: name for name, member in stage.members.items()} | {stage.bot_id: BOT_NAME}
    colours = colours_of(TOWNS, BOT_NAME)
    for place in stage.places.values():
        sheet = Sheet(names, stage.bot_id, lambda stamp: stage.bot.time.of_event(stamp).astimezone(BERLIN))
        people = [f"{name} ({TOWNS[name]})" for name in place.people]
        title = f"{place.key} · {place.title}{' · 🔒 verschlüsselt' if place.encrypted else ''}"
        show_room(console, title, people, sheet.read(place.timeline), colours)


def _print_result(ledger: Ledger, console: Console, seconds: float) -> None:
    console.print()
    for miss in ledger.missed:
        console.print(Text(f"✗ {miss.scene}: {miss.expected}", style="bold red"))
        console.print(Text(f"  gekommen: {miss.came.strip() or 'nichts'}", style="red"))
    style = "bold green" if ledger.all_met else "bold red"
    line = f"{ledger.met} Erwartungen erfüllt, {len(ledger.missed)} verfehlt · {seconds:.0f} s"
    console.print(Text(line, style=style))


def _print_addresses(stage: Stage, console: Console) -> None:
    console.print("\nZum Nachsehen im Browser oder Kalender, solange der Bot läuft:")
    for name, address in stage.addresses.items():
        console.print(Text(f"  {name}: {address}"), soft_wrap=True)


def _print_files(stage: Stage, console: Console) -> None:
    """Save what was handed out to keep where it outlives the demonstration, and say where that is."""
    if not stage.files:
        return
    folder = Path(tempfile.mkdtemp(prefix="uagbot-demo-dateien-"))
    console.print("\nDateien, die der Bot verschickt hat:")
    for name, content in stage.files.items():
        path = folder / name
        path.write_bytes(content)
        console.print(Text(f"  {path}"), soft_wrap=True)


def _print_logins(stage: Stage, console: Console) -> None:
    url = stage.members[MAIN.chair].url
    console.print("\nServer und Bot laufen weiter, mit Element oder einem anderen Client kann man mitreden.")
    console.print(f"Homeserver: [bold]{url}[/]")
    for name, member in stage.members.items():
        console.print(f"  {member.user_id:<20} Passwort {member.account.password}  {name}, {TOWNS[name]}", markup=False)
    console.print("Die Räume mit 🔒 sind Ende zu Ende verschlüsselt, und der Bot hat sein Gerät bestätigt.")
    console.print("Wer sich jetzt anmeldet, liest dort, was von nun an gesagt wird; Früheres steht oben.")
    console.print("Beenden: Strg+C")


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Found]) -> Found:
    """Do the work, or break it off and raise Interrupted when `stop` is set."""
    working = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not working.done():
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        raise Interrupted
    return await working


@contextlib.contextmanager
def _signals_to(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _holds_something(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


@contextlib.contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="uagbot-demo-") as name:
        yield Path(name)
