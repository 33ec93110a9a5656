"""The doctor: examines everything that the bot needs, and says what to do about what is missing."""

import asyncio
import contextlib
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from bot.clock import Clock
from bot.doctor.finding import Finding
from bot.doctor.keys import examine_keys
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.events import seen_in
from bot.matrix.homeserver import Homeserver
from bot.settings import ConfiguredRoom, Settings, SettingsError, Web, load
from storage import account
from storage.database import Database, DatabaseTrouble
from storage.rooms import Room, power_of

MOST_SKEW_SECONDS = 60
POSTED = ("m.room.message", "m.reaction", "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.end")
LINK_WAIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Login:
    """How the login went: on which device of the bot, if it has one; `borrowed` if on one that is to go again."""

    finding: Finding
    device: str | None = None
    borrowed: bool = False


async def examine(config: Path, console: Console, recovery_key: str | None = None) -> bool:
    """Examine everything, print each finding as it comes, and return whether all is well.

    With a recovery key, also whether it opens what it should.
    """
    findings: list[Finding] = []

    def tell(*found: Finding) -> None:
        for one in found:
            findings.append(one)
            one.show(console)

    try:
        settings = load(config)
    except SettingsError as error:
        tell(
            *(Finding(fault, f"Mend it in {config}; config.example.toml explains every key.") for fault in error.faults)
        )
        return False
    tell(Finding(f"The settings in {config} are complete."))
    tell(*_rooms_in_file(settings), *_folder(settings), await _port(settings), *subscriptions(settings.web))
    tell(*await _database(settings))
    homeserver = Homeserver(settings.matrix.homeserver, settings.matrix.user, None)
    try:
        async for one in _server(settings, homeserver, recovery_key):
            tell(one)
    finally:
        await homeserver.close()
    bad = sum(not one.good for one in findings)
    console.print(f"\n[bold]{'Everything is ready.' if not bad else f'{bad} of {len(findings)} need attention.'}[/]")
    return not bad


def _rooms_in_file(settings: Settings) -> Iterator[Finding]:
    for kind in ("main", "coordinators"):
        count = sum(one.kind == kind for one in settings.rooms)
        if settings.rooms and count != 1:
            remedy = f'Name one [[rooms]] with kind = "{kind}"; the weekly digest and reports go there.'
            yield Finding(f"rooms: {count} rooms are of kind {kind}, there should be one.", remedy)


def _folder(settings: Settings) -> Iterator[Finding]:
    """Look at the folder, or at the nearest one above it: what is missing is made at the start."""
    folder = settings.storage.folder.absolute()
    place = next(one for one in (folder, *folder.parents) if one.exists())
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
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
    host = f"[{web.host}]" if ":" in web.host else web.host
    if await _is_ours(f"http://{host}:{web.port}/metrics"):
        return Finding(f"uagbot runs already and answers on {web.host}:{web.port}.")
    return Finding(
        f"web.port: {web.host}:{web.port} cannot be used ({why}).",
        "Choose another web.port, or end what listens there.",
    )


def subscriptions(web: Web) -> Iterator[Finding]:
    """Say who can subscribe to calendars where that is nobody but this machine: a hint, as it may be meant so."""
    if web.enabled and not web.public_url and (web.host == "localhost" or _is_loopback(web.host)):
        yield Finding(
            "Calendars can be subscribed to on this machine only: web.public_url is empty. For members to subscribe, "
            "let a reverse proxy reach the web server and set its address (docs/operations.md)."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _is_ours(address: str) -> bool:
    timeout = aiohttp.ClientTimeout(total=LINK_WAIT_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as reply:
            return "uagbot_" in await reply.text()
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


async def _server(settings: Settings, homeserver: Homeserver, recovery_key: str | None) -> AsyncIterator[Finding]:
    """Yield what is found on the server; what needs the step before is left out where that failed."""
    address = settings.matrix.homeserver
    try:
        said = await homeserver.greet()
    except Unreachable as error:
        yield Finding(
            f"matrix.homeserver: {address} cannot be reached ({error}).",
            "Check the address: https://… as clients use it, without /_matrix.",
        )
        return
    yield Finding(f"The homeserver {address} answers.")
    if said is not None:
        yield _clock(said)
    login = await _account(settings, homeserver)
    yield login.finding
    if login.finding.good:
        async for one in _rooms_on_server(settings, homeserver):
            yield one
        async for one in examine_keys(settings, homeserver, login.device, recovery_key):
            yield one
    if login.borrowed:
        with contextlib.suppress(Rejected, Unreachable, Limited):
            await homeserver.log_out()


def _clock(said: datetime) -> Finding:
    skew = abs((Clock()() - said).total_seconds())
    if skew <= MOST_SKEW_SECONDS:
        return Finding("The clock agrees with the server's.")
    return Finding(
        f"This machine's clock and the server's differ by {skew:.0f} s.",
        "Switch on time synchronisation (NTP): deadlines depend on it.",
    )


async def _account(settings: Settings, homeserver: Homeserver) -> Login:
    """Log in as the bot would."""
    matrix = settings.matrix
    try:
        token, known = (matrix.token, None) if matrix.token else await _stored(settings, homeserver)
        if token is None:
            device, _ = await homeserver.log_in(matrix.login_password or "", None, f"{matrix.device_name} check")
            finding = Finding(f"Logged in as {matrix.user} on device {device}, which is removed again.")
            return Login(finding, known, borrowed=True)
        owner, device = await homeserver.whoami(token)
        return Login(_owner(owner, device, matrix.user), device)
    except SettingsError as error:
        return Login(Finding(error.faults[0], "Put the secret into that file, and let the bot's user read it."))
    except TokenRevoked:
        remedy = "Give the bot a new device: uagbot setup --recovery-key"
        return Login(Finding("matrix.access_token: the server does not accept it.", remedy))
    except (Rejected, Unreachable, Limited) as error:
        remedy = "Check user and password; after too many tries wait a few minutes."
        return Login(Finding(f"The account cannot be used: {error}", remedy))


def _owner(owner: str, device: str, wanted: str) -> Finding:
    if owner == wanted:
        return Finding(f"Logged in as {owner} on device {device}.")
    return Finding(
        f"matrix.user: the token belongs to {owner}, not to {wanted}.", "Use the token of the bot's own account."
    )


async def _stored(settings: Settings, homeserver: Homeserver) -> tuple[str | None, str | None]:
    """Return what a login by password left: the token, if the server still accepts it, and the device."""
    database = Database(settings.storage.url)
    known = None
    try:
        if await database.examine() == "up to date":
            async with database.begin() as tx:
                known = await account.load(tx, settings.matrix.user)
        if known is not None and known.access_token is not None:
            await homeserver.whoami(known.access_token)
            return known.access_token, known.device_id
    except (DatabaseTrouble, TokenRevoked):
        pass
    finally:
        await database.close()
    return None, known.device_id if known else None


async def _rooms_on_server(settings: Settings, homeserver: Homeserver) -> AsyncIterator[Finding]:
    try:
        joined = await homeserver.joined_rooms()
    except (Rejected, Unreachable, Limited) as error:
        yield Finding(f"The account's rooms cannot be listed ({error}).", "Try again in a few minutes.")
        return
    for room in settings.rooms:
        yield await _room(room, joined, settings, homeserver)


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
