"""The command line: `uagbot run`, `check`, `setup`, `backup`, `restore`, `demo`, `commands`, `members`."""

import asyncio
import gc
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import peewee
import typer
from rich.console import Console
from rich.markup import escape

from bot import logs
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.settings import Settings, SettingsError, load
from bot.setup.terminal import SetupFailed
from storage.archive import ArchiveTrouble
from storage.database import DatabaseTrouble

if TYPE_CHECKING:
    from bot.app import App

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
members = typer.Typer(no_args_is_help=True, help="Who stands for which municipality.")
cli.add_typer(members, name="members")
errors = Console(stderr=True, highlight=False)
Config = Annotated[Path, typer.Option("--config", "-c", envvar="UAGBOT_CONFIG", help="The settings file.")]
DEFAULT_CONFIG = Path("config.toml")

DATABASE_TROUBLE = {
    "in-use": "Another uagbot works on this database. Stop it first.",
    "locked": "Another program has locked the database. Close it, then start again.",
    "lock-lost": "The connection that kept other processes away from the database broke. Start again.",
    "missing": "There is no database yet. Start the bot once.",
    "older": "The database is of an earlier version of uagbot. Start this version once, which upgrades it.",
    "newer": "The database was made by a later version of uagbot. Install that version, or restore a backup.",
    "unreachable": "The database cannot be opened. Check storage.database and the rights of its folder.",
}

ARCHIVE_TROUBLE = {
    "nothing": "There is no database to copy yet. Start the bot once.",
    "unwritable": "The copy cannot be written. Choose another place, or make room.",
    "keys": "A key store cannot be read. Check the folder of keys in storage.folder.",
    "unreadable": "The copy cannot be read.",
    "foreign": "This is no copy that uagbot made.",
    "damaged": "The copy is damaged, and nothing was restored. Take another one.",
    "newer": "The copy was made by a later version of uagbot. Install that version.",
    "other-account": "The copy is of another account. Check matrix.user.",
    "database-not-empty": "The database is not empty. Move it away, or name a new one as storage.database.",
    "keys-not-empty": "The folder of keys is not empty. Move it away, or name another storage.folder.",
    "keys-unwritable": "The folder of keys cannot be written. Mend that, then restore again.",
}

KEYS_TROUBLE = {
    "lost": "The keys of device {device} are not here any more, but clients know it by them. Give the bot a new "
    "device: uagbot setup --recovery-key",
    "older": "The keys of device {device} are an old copy: the server has seen later ones, and others would not "
    "understand the bot. Give it a new device: uagbot setup --recovery-key",
}


@cli.command()
def run(config: Config = DEFAULT_CONFIG) -> None:
    """Run the bot until it gets SIGTERM or Ctrl+C."""
    settings = settings_or_exit(config)
    logs.configure(settings.log)
    run_or_exit(settings)


@cli.command()
def check(
    config: Config = DEFAULT_CONFIG,
    *,
    recovery_key: Annotated[bool, typer.Option("--recovery-key", help="Ask for the recovery key and try it.")] = False,
) -> None:
    """Examine configuration, server, account, database, rooms and keys; exit status 1 if something is wrong."""
    from bot.doctor.check import examine  # noqa: PLC0415 - keeps `run` quick to start
    from bot.setup.terminal import Terminal  # noqa: PLC0415 - the same

    logs.hush()
    console = Console(highlight=False)
    key = Terminal(console).secret("The recovery key (not shown)") if recovery_key else None
    if not asyncio.run(examine(config, console, key)):
        raise typer.Exit(1)


@cli.command()
def setup(
    config: Config = DEFAULT_CONFIG,
    *,
    recovery_key: Annotated[
        bool, typer.Option("--recovery-key", help="Give this machine a new device, log the old one out.")
    ] = False,
    new_recovery_key: Annotated[
        bool, typer.Option("--new-recovery-key", help="Make a new recovery key; the old one is worth nothing then.")
    ] = False,
    new_identity: Annotated[
        bool, typer.Option("--new-identity", help="Start the identity anew, if its recovery key is lost.")
    ] = False,
) -> None:
    """Ask a few questions, write the settings, make the keys; may be run again and finishes what is missing."""
    from bot.setup.guide import guide  # noqa: PLC0415 - keeps `run` quick to start
    from bot.setup.keys import Wish  # noqa: PLC0415 - the same

    logs.hush()
    given = {
        Wish.NEW_DEVICE: recovery_key,
        Wish.NEW_RECOVERY_KEY: new_recovery_key,
        Wish.NEW_IDENTITY: new_identity,
    }
    wishes = [wish for wish, wanted in given.items() if wanted] or [Wish.FINISH]
    if len(wishes) > 1:
        raise typer.BadParameter(f"--{wishes[0]} and --{wishes[1]} exclude each other")

    async def guiding() -> None:
        if not await guide(config, Console(highlight=False), wishes[0]):
            raise SetupFailed("Not everything is in order: do what is said above.")

    _finish_or_exit(guiding())


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The copy; one that is there is replaced.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Copy the database and the encryption keys into one file; the bot may run."""
    from bot.archive import make_copy  # noqa: PLC0415 - keeps `run` quick to start

    logs.hush()
    _finish_or_exit(make_copy(settings_or_exit(config), file, Console(highlight=False)))


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy that `uagbot backup` made.")], config: Config = DEFAULT_CONFIG
) -> None:
    """Bring database and encryption keys back from a copy, to an empty place."""
    from bot.archive import bring_back  # noqa: PLC0415 - keeps `run` quick to start

    logs.hush()
    _finish_or_exit(bring_back(settings_or_exit(config), file, Console(highlight=False)))


@cli.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the month instead of staying up.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Keep everything in this folder.")] = None,
    encrypted: Annotated[bool, typer.Option("--encrypted", help="Encrypt all rooms instead of half of them.")] = False,
) -> None:
    """Play a month of the initiative on a real homeserver of its own."""
    from bot.demo.play import play  # noqa: PLC0415 - the demo is an extra

    raise typer.Exit(asyncio.run(play(Console(highlight=False), once=once, folder=folder, encrypted=encrypted)))


@cli.command(name="commands")
def list_commands(language: Annotated[str, typer.Option(help="de or en")] = "de") -> None:
    """Print the table of all commands as Markdown."""
    from commands.capabilities import CAPABILITIES  # noqa: PLC0415 - keeps the other commands quick to start
    from commands.help.table import command_table  # noqa: PLC0415 - the same
    from commands.kit.texts import LANGUAGES, load_catalogue  # noqa: PLC0415 - the same
    from commands.kit.vocabulary import Vocabulary  # noqa: PLC0415 - the same

    packages = ["commands.kit", *(capability.package for capability in CAPABILITIES)]
    catalogues = {name: load_catalogue(name, packages) for name in LANGUAGES}
    typer.echo(command_table(Vocabulary(CAPABILITIES, catalogues), language))


@members.command(name="import")
def import_members(
    file: Annotated[Path, typer.Argument(help="CSV: member, municipality and, if wanted, role.")],
    config: Config = DEFAULT_CONFIG,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Add municipalities that nobody has named before.")] = False,
    as_written: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Add this one though its name is like another's; may be repeated."),
    ] = None,
) -> None:
    """Set who stands for which municipality, from a file; all of its lines or none. The bot may run."""
    from bot.roster.importing import import_members as import_from  # noqa: PLC0415 - keeps `run` quick to start
    from bot.roster.plan import Wish  # noqa: PLC0415 - the same

    logs.hush()
    wish = Wish(new=new, as_written=as_written or [])
    console = Console(highlight=False)
    _finish_or_exit(import_from(settings_or_exit(config), file, console, wish, dry_run=dry_run))


def settings_or_exit(config: Path) -> Settings:
    """Load the settings, or tell every fault and end with status 2."""
    try:
        return load(config)
    except SettingsError as error:
        for fault in error.faults:
            errors.print(f"[red]settings:[/] {escape(fault)}", soft_wrap=True)
        raise typer.Exit(2) from None


def run_or_exit(settings: Settings, app: "App | None" = None) -> None:
    """Run the bot; what an operator can mend is told in one sentence, without a traceback."""
    gc.disable()  # nothing of what is loaded is garbage, and to look for some takes a tenth of the start
    try:
        from bot.app import App  # noqa: PLC0415 - half of what is loaded, and the other commands do without it
    finally:
        gc.enable()

    async def running() -> None:
        bot = app or App(settings)
        bot.stop_on_signals()
        gc.freeze()  # what is loaded by now stays; to look through it again doubles the time of a large count
        await bot.run()

    _finish_or_exit(running())


def _finish_or_exit(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except Exception as error:
        lines = explain(_first(error))
        if not lines:
            raise
        for line in lines:
            errors.print(f"[red]uagbot:[/] {escape(line)}", soft_wrap=True)
        raise typer.Exit(1) from None


def explain(error: BaseException) -> list[str]:
    """Return what an operator should know of an error that is no fault of the program; nothing for others."""
    from bot.matrix.encryption.device import KeysTrouble  # noqa: PLC0415 - loads what only some commands need
    from bot.matrix.encryption.identity import AuthenticationNeeded  # noqa: PLC0415 - the same
    from bot.roster.sheet import RosterRefused  # noqa: PLC0415 - the same

    if isinstance(error, DatabaseTrouble):
        return [f"{DATABASE_TROUBLE[error.reason]} ({error.detail})"]
    if isinstance(error, ArchiveTrouble):
        return [f"{ARCHIVE_TROUBLE[error.reason]} ({error.detail})"]
    if isinstance(error, KeysTrouble):
        return [KEYS_TROUBLE[error.reason].format(device=error.device_id)]
    if isinstance(error, TokenRevoked):
        return ["The server does not accept the access token (any more). Log in again and renew it in the settings."]
    if isinstance(error, Rejected):
        return [f"The server refuses the login: {error}"]
    if isinstance(error, Unreachable | Limited):
        return [f"The server cannot be reached or does not want to be asked now ({error}). Do this again later."]
    if isinstance(error, AuthenticationNeeded | SetupFailed):
        return [str(error)]
    if isinstance(error, SettingsError | RosterRefused):
        return error.faults
    if isinstance(error, peewee.OperationalError):
        return [f"The key store cannot be used ({error}). Is there room in storage.folder, and may it be written?"]
    return [str(error)] if isinstance(error, OSError) else []


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def main() -> None:
    """Start the command line."""
    cli()


if __name__ == "__main__":
    main()
