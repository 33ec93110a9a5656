"""The doctor: examines everything that the bot needs, and says what to do about what is missing."""

import asyncio
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape

from bot.clock import Clock
from bot.matrix.events import seen_in
from bot.matrix.homeserver import Homeserver, Limited, Rejected, TokenRevoked, Unreachable
from bot.settings import ConfiguredRoom, Settings, SettingsError, load
from storage import account
from storage.database import Database, DatabaseTrouble
from storage.rooms import Room, power_of

MOST_SKEW_SECONDS = 60
POSTED = ("m.room.message", "m.reaction", "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.end")
LINK_WAIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined; `remedy` says what to do if it is not right."""

    what: str
    remedy: str | None = None

    @property
    def good(self) -> bool:
        """Whether nothing needs to be done."""
        return self.remedy is None


async def examine(config: Path, console: Console) -> bool:
    """Examine everything, print each finding as it comes, and return whether all is well."""
    findings: list[Finding] = []

    def tell(*found: Finding) -> None:
        for one in found:
            findings.append(one)
            mark = "[green]✔[/]" if one.good else "[red]✘[/]"
            console.print(f"{mark} {escape(one.what)}" + (f"\n    → {escape(one.remedy)}" if one.remedy else ""))

    try:
        settings = load(config)
    except SettingsError as error:
        tell(
            *(Finding(fault, f"Mend it in {config}; config.example.toml explains every key.") for fault in error.faults)
        )
        return False
    tell(Finding(f"The settings in {config} are complete."))
    tell(*_rooms_in_file(settings), *_folder(settings), await _port(settings))
    tell(*await _database(settings))
    homeserver = Homeserver(settings.matrix.homeserver, settings.matrix.user, None)
    try:
        async for one in _server(settings, homeserver):
            tell(one)
    finally:
        await homeserver.close()
    bad = sum(not one.good for one in findings)
    console.print(f"\n[bold]{'Everything is ready.' if not bad else f'{bad} of {len(findings)} need attention.'}[/]")
    return not bad


def _rooms_in_file(settings: Settings) -> Iterator[Finding]:
    keys = [one.key.upper() for one in settings.rooms]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield Finding(f"rooms: the key {key} stands there twice.", "Give each room a key of its own.")
    for kind in ("main", "coordinators"):
        count = sum(one.kind == kind for one in settings.rooms)
        if settings.rooms and count != 1:
            remedy = f'Name one [[rooms]] with kind = "{kind}"; the weekly digest and reports go there.'
            yield Finding(f"rooms: {count} rooms are of kind {kind}, there should be one.", remedy)


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.storage.folder.absolute()
    place = folder if folder.exists() else folder.parent
    if os.access(place, os.W_OK | os.X_OK):
        yield Finding(f"The folder {folder} can be written.")
    else:
        yield Finding(
            f"storage.folder: {folder} cannot be written.",
            f"Make it, and give it to the user who runs uagbot ({os.getuid()}).",
        )


async def _port(settings: Settings) -> Finding:
    """A taken port is fine if it is the bot itself that answers there."""
    web = settings.web
    if not web.enabled:
        return Finding("The web server is switched off.")
    with socket.socket(socket.AF_INET6 if ":" in web.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web.host, web.port))
        except OSError as error:
            why = error.strerror
        else:
            return Finding(f"The web server can listen on {web.host}:{web.port}.")
    if await _is_ours(f"http://{web.host}:{web.port}/healthz"):
        return Finding(f"uagbot runs already and answers on {web.host}:{web.port}.")
    return Finding(
        f"web.port: {web.host}:{web.port} cannot be used ({why}).",
        "Choose another web.port, or end what listens there.",
    )


async def _is_ours(address: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=LINK_WAIT_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as reply:
            answer: object = await reply.json(content_type=None)
            return answer == {"status": "ok"}
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return False


async def _database(settings: Settings) -> list[Finding]:
    database = Database(settings.storage.url)
    try:
        state = await asyncio.wait_for(database.examine(), LINK_WAIT_SECONDS * 3)
    except DatabaseTrouble as trouble:
        remedy = {
            "newer": "It was made by a later version of uagbot: install that version, or restore a backup.",
            "locked": "Another program holds it: close that program.",
        }.get(
            trouble.reason,
            "Check storage.database: is the server running, does the folder exist, are name and password right?",
        )
        return [Finding(f"storage.database: {database.where} cannot be used ({trouble.reason}).", remedy)]
    except TimeoutError:
        return [Finding(f"storage.database: {database.where} does not answer.", "Check the address and the network.")]
    finally:
        await database.close()
    return [Finding(f"The database {database.where} is {state}.")]


async def _server(settings: Settings, homeserver: Homeserver) -> Any:
    """Yield what is found on the server; what needs the step before is left out where that failed."""
    matrix = settings.matrix
    try:
        said = await homeserver.greet()
    except Unreachable as error:
        yield Finding(
            f"matrix.homeserver: {matrix.homeserver} cannot be reached ({error}).",
            "Check the address: https://… as clients use it, without /_matrix.",
        )
        return
    yield Finding(f"The homeserver {matrix.homeserver} answers.")
    skew = abs((Clock()() - said).total_seconds()) if said else 0.0
    if skew > MOST_SKEW_SECONDS:
        yield Finding(
            f"This machine's clock and the server's differ by {skew:.0f} s.",
            "Switch on time synchronisation (NTP): deadlines depend on it.",
        )
    else:
        yield Finding("The clock agrees with the server's.")
    try:
        user, device = await _identity(settings, homeserver)
    except SettingsError as error:
        yield Finding(error.faults[0], "Check that the file exists and that the bot's user may read it.")
        return
    except TokenRevoked:
        yield Finding(
            "matrix.access_token: the server does not accept it.",
            "Log in again (uagbot setup) and put the new token into the settings.",
        )
        return
    except (Rejected, Unreachable, Limited) as error:
        yield Finding(
            f"The account cannot be used: {error}", "Check user and password; after too many tries wait a few minutes."
        )
        return
    if user != matrix.user:
        yield Finding(
            f"matrix.user: the token belongs to {user}, not to {matrix.user}.",
            "Use the token of the bot's own account.",
        )
        return
    yield Finding(f"Logged in as {user} on device {device}.")
    joined = await homeserver.joined_rooms()
    for room in settings.rooms:
        yield await _room(room, joined, settings, homeserver)


async def _identity(settings: Settings, homeserver: Homeserver) -> tuple[str, str]:
    matrix = settings.matrix
    token = matrix.token or await _stored_token(settings)
    if token is not None:
        return await homeserver.whoami(token)
    device, _ = await homeserver.log_in(matrix.login_password or "", None, f"{matrix.device_name} check")
    await homeserver.log_out()
    return matrix.user, f"{device} (made for this check and removed again)"


async def _stored_token(settings: Settings) -> str | None:
    database = Database(settings.storage.url)
    try:
        if await database.examine() != "up to date":
            return None
        async with database.begin() as tx:
            known = await account.load(tx, settings.matrix.user)
            return known.access_token if known else None
    except DatabaseTrouble:
        return None
    finally:
        await database.close()


async def _room(wanted: ConfiguredRoom, joined: list[str], settings: Settings, homeserver: Homeserver) -> Finding:
    name = f"{wanted.key} ({wanted.room})"
    try:
        room = await homeserver.resolve(wanted.room) if wanted.room.startswith("#") else wanted.room
        if room not in joined:
            return Finding(
                f"rooms: the bot is not in {name}.",
                f"Invite {settings.matrix.user} into the room; it accepts by itself.",
            )
        events = await homeserver.state(room)
    except (Rejected, Unreachable, Limited) as error:
        return Finding(f"rooms: {name} cannot be examined ({error}).", "Check the room's id or alias.")
    missing = _missing_power(room, events, settings.matrix.user)
    if missing:
        return Finding(
            f"rooms: the bot may not send {', '.join(missing)} in {name}.",
            f"Give {settings.matrix.user} a higher power level, or lower what these events need.",
        )
    return Finding(f"The bot is in {name} and may post there.")


def _missing_power(room: str, events: list[dict[str, Any]], user: str) -> list[str]:
    """Return the event types that the bot sends and may not send here (spec: `m.room.power_levels`)."""
    levels: dict[str, Any] = next((one["content"] for one in events if one["type"] == "m.room.power_levels"), {})
    mine = power_of(Room(matrix_id=room, powers=seen_in(room, events, user).powers), user)
    needed = levels.get("events", {})
    default = levels.get("events_default", 0)
    return [kind for kind in POSTED if mine < needed.get(kind, default)]
