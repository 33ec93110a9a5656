"""How the bot gets in: as `run` does, or on a new device."""

import os
from pathlib import Path

from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.homeserver import Homeserver
from bot.settings import Settings
from bot.setup.terminal import SetupFailed, Terminal
from storage import account
from storage.database import Database


async def log_in(settings: Settings, homeserver: Homeserver, database: Database) -> str:
    """Log in with the settings' token, with the one that the last login left, or by password; returns the device.

    Raises TokenRevoked, Rejected, Unreachable, Limited.
    """
    matrix = settings.matrix
    async with database.begin() as tx:
        known = await account.load(tx, matrix.user)
    token = matrix.token or (known.access_token if known else None)
    if token is not None:
        try:
            device = await homeserver.resume(known.device_id if known else None, token)
        except TokenRevoked:
            if matrix.token is not None:
                raise
        else:
            await remember(settings, database, device, token)
            return device
    password = matrix.login_password
    if password is None:
        raise TokenRevoked("there is neither a token nor a password")
    device, token = await homeserver.log_in(password, known.device_id if known else None, matrix.device_name)
    await remember(settings, database, device, token)
    return device


async def remember(settings: Settings, database: Database, device: str, token: str) -> None:
    """Store the device; its token too if it came by password. The position in the sync stays."""
    async with database.begin() as tx:
        await account.remember(tx, settings.matrix.user, device, token if by_password(settings) else None)


def by_password(settings: Settings) -> bool:
    """Whether the settings name a password; otherwise they name a token."""
    return settings.matrix.password is not None or settings.matrix.password_file is not None


async def ask_in(homeserver: Homeserver, terminal: Terminal, device_name: str) -> tuple[str, str, str | None]:
    """Log in on a new device, or take a token; returns device, token and the password if that was given.

    The user id of `homeserver` becomes what the server calls it. Raises SetupFailed.
    """
    way = terminal.line("Log in by", "password", ["password", "token"])
    secret = terminal.secret(f"The {way} (not shown)")
    user = homeserver.user_id
    try:
        if way == "password":
            device, token = await homeserver.log_in(secret, None, device_name)
            homeserver.user_id = (await homeserver.whoami(token))[0]
            terminal.done(f"Logged in on the new device {device}.")
            return device, token, secret
        owner, device = await homeserver.whoami(secret)
    except TokenRevoked:
        raise SetupFailed("The server does not accept this token.") from None
    except (Rejected, Unreachable, Limited) as error:
        raise SetupFailed(f"The login did not work: {error}") from None
    if owner != user:
        raise SetupFailed(f"The token belongs to {owner}, not to {user}.")
    terminal.done(f"The token works, its device is {device}.")
    return device, secret, None


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
