"""A login that somebody types, and the file in which its token is kept."""

import os
from pathlib import Path

from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.homeserver import Homeserver
from bot.setup.terminal import SetupFailed, Terminal


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
