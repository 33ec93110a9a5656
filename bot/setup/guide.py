"""The guided setup: writes the settings, then sees to the bot's keys; it may be run again at any time."""

import json
import signal
from pathlib import Path

from rich.console import Console

from bot.matrix.encryption.identity import KeysDiffer
from bot.matrix.encryption.recovery import NoRecovery, WrongRecoveryKey
from bot.matrix.errors import Rejected, TokenRevoked, Unreachable
from bot.matrix.homeserver import Homeserver
from bot.settings import load
from bot.setup.account import ask_in, write_private
from bot.setup.enrol import Enrolment
from bot.setup.keys import Wish
from bot.setup.terminal import Password, SetupFailed, Terminal

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

COST = """\
A new identity takes the place of the one that the account has. All who have verified the bot are warned that it has
changed, and have to verify it again; the recovery key that there is opens nothing any more."""


async def guide(config: Path, console: Console, wish: Wish) -> bool:
    """Ask for what the settings lack, then finish what the keys lack; returns whether all is in order.

    Raises SetupFailed, SettingsError, DatabaseTrouble, KeysTrouble, AuthenticationNeeded, Unreachable and Limited.
    """
    # Ctrl+C shall end a question, which asyncio's own handler does not let it do.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    terminal = Terminal(console)
    try:
        return await _set_up(config, terminal, wish)
    except EOFError:
        raise SetupFailed("The answers ended before the questions did.") from None
    except TokenRevoked:
        raise SetupFailed(
            "The server does not accept the bot's access token (any more). Give it a new device: "
            "uagbot setup --recovery-key"
        ) from None
    except Rejected as error:
        raise SetupFailed(f"The server refuses: {error}") from None
    except (KeysDiffer, NoRecovery, WrongRecoveryKey) as error:
        raise SetupFailed(str(error)) from None


async def _set_up(config: Path, terminal: Terminal, wish: Wish) -> bool:
    asks = not config.exists() or (
        wish is Wish.FINISH and terminal.confirm(f"{config} exists. Write it anew? (No: go on with what it says)")
    )
    typed = await _write_settings(config, terminal) if asks else None
    settings = load(config)
    if wish is Wish.NEW_IDENTITY:
        terminal.say(COST)
        if not terminal.confirm("Make a new identity?"):
            raise SetupFailed("Nothing was changed.")
    password = Password(terminal, settings.matrix.user)
    known = typed or settings.matrix.login_password
    if known:
        password.learn(known)
    terminal.say("\nNow the keys, with which the bot is accepted in encrypted rooms.")
    good = await Enrolment(settings, terminal, password).run(wish, just_logged_in=asks)
    if good:
        terminal.say("\nNext: uagbot check, then uagbot run.")
    if good and asks:
        invited = settings.matrix.user
        terminal.say(f'Then invite {invited} into your rooms and say !gruppe einrichten UAG1 "Bürger-Apps" there.')
    return good


async def _write_settings(config: Path, terminal: Terminal) -> str | None:
    """Ask, try, write; returns the password if there was one. The token goes into a file that only its owner reads."""
    terminal.console.print("[bold]uagbot setup[/]: five questions, then the bot's keys.\n")
    homeserver, address = await _server(terminal)
    try:
        homeserver.user_id = terminal.line("The bot's user id (@uagbot:example.org)")
        homeserver.client.user = homeserver.user_id
        _, token, password = await ask_in(homeserver, terminal, DEVICE)
    finally:
        await homeserver.close()
    language = terminal.line("Language of new rooms", "de", ["de", "en"])
    folder = Path(terminal.line("Folder for database and keys", "data")).expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    token_file = folder / "access_token"
    write_private(token_file, token)
    values = {
        "homeserver": address,
        "user": homeserver.user_id,
        "token_file": str(token_file),
        "database": f"sqlite:///{folder / 'uagbot.db'}",
        "folder": str(folder),
        "language": language,
    }
    # A JSON string is a TOML string.
    config.write_text(TEMPLATE.format(**{key: json.dumps(value) for key, value in values.items()}), "utf-8")
    terminal.done(f"{config} is written.")
    return password


async def _server(terminal: Terminal) -> tuple[Homeserver, str]:
    while True:
        address = terminal.line("Homeserver", "https://matrix.example.org").rstrip("/")
        homeserver = Homeserver(address, "", None)
        try:
            await homeserver.greet()
        except Unreachable as error:
            await homeserver.close()
            terminal.wrong(f"{address} cannot be reached ({error}). Try again, or end with Ctrl+C.")
            continue
        terminal.done("The homeserver answers.")
        return homeserver, address
