"""The guided setup: asks for server and account, tries them, and writes the settings file."""

import json
import os
from pathlib import Path

from rich.console import Console
from rich.prompt import Confirm, Prompt

from bot.matrix.homeserver import Homeserver, Limited, Rejected, TokenRevoked, Unreachable

DEVICE = "uagbot"

TEMPLATE = """\
# Written by `uagbot setup`. config.example.toml explains every key.

[matrix]
homeserver = {homeserver}
user = {user}
access_token_file = {token_file}

[storage]
database = {database}
folder = {folder}

[bot]
language = {language}
"""


async def guide(config: Path, console: Console) -> bool:
    """Ask, try, write; returns whether a file was written. The token goes into a file that only its owner reads."""
    console.print("[bold]uagbot setup[/]: five questions, then the bot is ready to run.\n")
    if config.exists() and not Confirm.ask(f"{config} exists. Write it anew?", console=console, default=False):
        return False
    homeserver, address = await _server(console)
    try:
        user = Prompt.ask("The bot's user id (@uagbot:example.org)", console=console).strip()
        login = await _login(homeserver, user, console)
    finally:
        await homeserver.close()
    if login is None:
        return False
    user, token = login
    language = Prompt.ask("Language of new rooms", choices=["de", "en"], default="de", console=console)
    folder = Path(Prompt.ask("Folder for database and keys", default="data", console=console)).expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token_file = folder / "access_token"
    _write_private(token_file, token)
    values = {
        "homeserver": address,
        "user": user,
        "token_file": str(token_file),
        "database": f"sqlite:///{folder / 'uagbot.db'}",
        "folder": str(folder),
        "language": language,
    }
    # A JSON string is a TOML string.
    config.write_text(TEMPLATE.format(**{key: json.dumps(value) for key, value in values.items()}), "utf-8")
    console.print(f"\n[green]✔[/] {config} is written. Next: [bold]uagbot check[/], then [bold]uagbot run[/].")
    console.print(f'Then invite {user} into your rooms and say [bold]!gruppe einrichten UAG1 "Bürger-Apps"[/] there.')
    return True


async def _server(console: Console) -> tuple[Homeserver, str]:
    while True:
        address = Prompt.ask("Homeserver", default="https://matrix.example.org", console=console).strip().rstrip("/")
        homeserver = Homeserver(address, "", None)
        try:
            await homeserver.greet()
        except Unreachable as error:
            await homeserver.close()
            console.print(f"[red]✘[/] {address} cannot be reached ({error}). Try again, or end with Ctrl+C.")
            continue
        console.print("[green]✔[/] The homeserver answers.")
        return homeserver, address


async def _login(homeserver: Homeserver, user: str, console: Console) -> tuple[str, str] | None:
    """Return the account as the server writes it, and an access token."""
    way = Prompt.ask("Log in by", choices=["password", "token"], default="password", console=console)
    secret = Prompt.ask(f"The {way} (not shown)", password=True, console=console)
    homeserver.client.user = user
    try:
        if way == "password":
            device, token = await homeserver.log_in(secret, None, DEVICE)
            console.print(f"[green]✔[/] Logged in on the new device {device}.")
            return (await homeserver.whoami(token))[0], token
        owner, device = await homeserver.whoami(secret)
    except TokenRevoked:
        console.print("[red]✘[/] The server does not accept this token.")
        return None
    except (Rejected, Unreachable, Limited) as error:
        console.print(f"[red]✘[/] The login did not work: {error}")
        return None
    if owner != user:
        console.print(f"[red]✘[/] The token belongs to {owner}, not to {user}.")
        return None
    console.print(f"[green]✔[/] The token works, its device is {device}.")
    return owner, secret


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
