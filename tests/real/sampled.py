"""`python -m tests.real.sampled run`: the bot with the sample capability, as a process that can be killed."""

import argparse
import os
import signal
from pathlib import Path

from bot import logs
from bot.app import App
from bot.cli import run_or_exit
from bot.settings import load
from commands.capabilities import CAPABILITIES
from tests.handlers import sample
from tests.real.running import RunningBot

RAN, DEADLY = "ran.txt", "deadly"


class SampledBot(RunningBot):
    """A bot whose handlers leave a line each in a file."""

    module = "tests.real.sampled"

    def die_in_the_next_look(self) -> None:
        """Let it end, as by a power cut, once it has read from the server and before it commits."""
        (self.folder / DEADLY).touch()

    @property
    def ran(self) -> list[str]:
        """What its handlers have done, over all its lives."""
        return (self.folder / RAN).read_text("utf-8").splitlines()


class Ran(list[str]):
    """What handlers did, in a file that outlives the process."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def append(self, what: str) -> None:
        """Note it; die if that is wanted."""
        with (self.folder / RAN).open("a", encoding="utf-8") as file:
            file.write(f"{what}\n")
        if what.startswith("look") and (self.folder / DEADLY).exists():
            (self.folder / DEADLY).unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--config", type=Path, required=True)
    config: Path = parser.parse_args().config
    settings = load(config)
    logs.configure(settings.log)
    run_or_exit(settings, App(settings, capabilities=(*CAPABILITIES, sample.capability(Ran(config.parent)))))


if __name__ == "__main__":
    main()
