"""The command line: `uagbot run`, `check`, `setup`, `demo`, `commands`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bot import logs
from bot.app import App
from bot.matrix.homeserver import Rejected, TokenRevoked
from bot.settings import Settings, SettingsError, load
from commands.capabilities import CAPABILITIES
from commands.kit.texts import LANGUAGES, load_catalogue
from commands.kit.vocabulary import Vocabulary
from storage.database import DatabaseTrouble

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
errors = Console(stderr=True, highlight=False)
Config = Annotated[Path, typer.Option("--config", "-c", envvar="UAGBOT_CONFIG", help="The settings file.")]
DEFAULT_CONFIG = Path("config.toml")

DATABASE_TROUBLE = {
    "in-use": "Another uagbot works on this database. Stop it first.",
    "locked": "Another program has locked the database. Close it, then start again.",
    "lock-lost": "The connection that kept other processes away from the database broke. Start again.",
    "newer": "The database was made by a later version of uagbot. Install that version, or restore a backup.",
    "unreachable": "The database cannot be opened. Check storage.database and the rights of its folder.",
}


@cli.command()
def run(config: Config = DEFAULT_CONFIG) -> None:
    """Run the bot until it gets SIGTERM or Ctrl+C."""
    settings = settings_or_exit(config)
    logs.configure(settings.log)
    run_or_exit(settings)


@cli.command()
def check(config: Config = DEFAULT_CONFIG) -> None:
    """Examine configuration, server, account, database and rooms; exit status 1 if something is wrong."""
    from bot.check import examine  # noqa: PLC0415 - keeps `run` quick to start

    logs.hush()
    if not asyncio.run(examine(config, Console(highlight=False))):
        raise typer.Exit(1)


@cli.command()
def setup(config: Config = DEFAULT_CONFIG) -> None:
    """Ask a few questions and write the settings file."""
    from bot.guide import guide  # noqa: PLC0415 - keeps `run` quick to start

    logs.hush()
    asyncio.run(guide(config, Console(highlight=False)))


@cli.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the month instead of staying up.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Keep everything in this folder.")] = None,
) -> None:
    """Play a month of the initiative on a real homeserver of its own."""
    from bot.demo.play import play  # noqa: PLC0415 - the demo is an extra

    raise typer.Exit(asyncio.run(play(Console(highlight=False), once=once, folder=folder)))


@cli.command(name="commands")
def list_commands(language: Annotated[str, typer.Option(help="de or en")] = "de") -> None:
    """Print the table of all commands as Markdown."""
    from commands.help.table import command_table  # noqa: PLC0415 - keeps `run` quick to start

    packages = ["commands.kit", *(capability.package for capability in CAPABILITIES)]
    catalogues = {name: load_catalogue(name, packages) for name in LANGUAGES}
    typer.echo(command_table(Vocabulary(CAPABILITIES, catalogues), language))


def settings_or_exit(config: Path) -> Settings:
    """Load the settings, or tell every fault and end with status 2."""
    try:
        return load(config)
    except SettingsError as error:
        for fault in error.faults:
            errors.print(f"[red]settings:[/] {escape(fault)}", soft_wrap=True)
        raise typer.Exit(2) from None


def run_or_exit(settings: Settings, app: App | None = None) -> None:
    """Run the bot; what an operator can mend is told in one sentence, without a traceback."""

    async def running() -> None:
        bot = app or App(settings)
        bot.stop_on_signals()
        await bot.run()

    try:
        asyncio.run(running())
    except Exception as error:
        lines = explain(_first(error))
        if not lines:
            raise
        for line in lines:
            errors.print(f"[red]uagbot:[/] {escape(line)}", soft_wrap=True)
        raise typer.Exit(1) from None


def explain(error: BaseException) -> list[str]:
    """Return what an operator should know of an error that is no fault of the program; nothing for others."""
    if isinstance(error, DatabaseTrouble):
        return [f"{DATABASE_TROUBLE[error.reason]} ({error.detail})"]
    if isinstance(error, TokenRevoked):
        return ["The server does not accept the access token (any more). Log in again and renew it in the settings."]
    if isinstance(error, Rejected):
        return [f"The server refuses the login: {error}"]
    if isinstance(error, SettingsError):
        return error.faults
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
