"""The bot as a process of its own, as an operator starts it."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from bot.demo.synapse import Account

STOP_SECONDS = 10


class RunningBot:
    """`uagbot run` with a settings file in `folder`; what it logs goes to `log.txt` there."""

    module = "bot.cli"
    """What is run instead in tests of what no capability of today does."""

    def __init__(self, folder: Path, url: str, account: Account, rooms: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.log = folder / "log.txt"
        self.database = folder / "uagbot.db"
        self.process: subprocess.Popen[bytes] | None = None
        tables = "".join(f'[[rooms]]\nroom = "{room}"\nkey = "{key}"\n' for key, room in (rooms or {}).items())
        self.config.write_text(
            f'[matrix]\nhomeserver = "{url}"\nuser = "{account.user_id}"\naccess_token = "{account.access_token}"\n'
            f'[storage]\ndatabase = "sqlite:///{self.database}"\nfolder = "{folder}"\n'
            f"[web]\nenabled = false\n{tables}",
            "utf-8",
        )

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""
        if self.process is not None:
            self.kill()

    def start(self) -> None:
        """Start the process; it is ready a little later."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", self.module, "run", "--config", str(self.config)], stdout=log, stderr=log
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> int:
        """End it as the operator would; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS)
        self.process = None
        return status
