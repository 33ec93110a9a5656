"""The bot as `uagbot run` starts it, with a clock that a file moves: `python -m bot.demo.process --help`."""

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot import logs
from bot.app import App
from bot.cli import run_or_exit, settings_or_exit
from bot.demo.moved import clock_of

TICK = timedelta(seconds=0.25)  # so that moved time is noticed soon


def main(
    config: Annotated[Path, typer.Option(help="The settings file.")],
    clock: Annotated[Path, typer.Option(help="The file that moves the clock.")],
) -> None:
    """Run the bot until it gets SIGTERM, or until the other end of its standard input is gone."""
    settings = settings_or_exit(config)
    logs.configure(settings.log)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    run_or_exit(settings, App(settings, clock=clock_of(clock), tick=TICK))


def _end_with_the_parent() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    typer.run(main)
