"""The person who runs a command, or the program that pipes the answers in."""

import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.prompt import Confirm, Prompt

from bot.matrix.errors import Rejected

TRIES = 3
Done = TypeVar("Done")


class SetupFailed(Exception):
    """Setup cannot go on: the message says in a sentence why, and what to do."""


class Terminal:
    """Prints, asks, and reads the answers from standard input, whether that is a terminal or not."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @property
    def is_person(self) -> bool:
        """Whether somebody sits there who reads what is shown."""
        return sys.stdin.isatty()

    def say(self, text: str) -> None:
        """Print a sentence."""
        self.console.print(escape(text), soft_wrap=True)

    def done(self, text: str) -> None:
        """Print what has been done."""
        self.console.print(f"[green]✔[/] {escape(text)}", soft_wrap=True)

    def wrong(self, text: str) -> None:
        """Print what did not work."""
        self.console.print(f"[red]✘[/] {escape(text)}", soft_wrap=True)

    def line(self, question: str, default: str = "", choices: list[str] | None = None) -> str:
        """Ask for a line. Raises EOFError where no answers are left."""
        return Prompt.ask(
            escape(question), console=self.console, default=default, choices=choices, show_default=bool(default)
        ).strip()

    def secret(self, question: str) -> str:
        """Ask for what is not to be seen. Raises EOFError where no answers are left."""
        asked = Prompt.ask(
            escape(question), console=self.console, password=self.is_person, default="", show_default=False
        )
        return asked.strip()

    def confirm(self, question: str) -> bool:
        """Ask for a yes; whoever does not answer has said no."""
        try:
            return Confirm.ask(escape(question), console=self.console, default=False)
        except EOFError:
            self.say("")
            return False


class Password:
    """The account's password: known from the settings or a login, or asked for when it is first needed."""

    def __init__(self, terminal: Terminal, user: str) -> None:
        self._terminal = terminal
        self._user = user
        self._known: str | None = None
        self._left = 0

    def learn(self, password: str) -> None:
        """Take the one that the settings name, or that the login has proved."""
        self._known = password

    def __call__(self) -> str | None:
        """Return it, or None if the person has none."""
        if self._known is None:
            self._left = (self._left or TRIES) - 1
            self._known = self._terminal.secret(f"The password of {self._user} (not shown; Enter if it has none)")
        return self._known or None

    async def tried(self, work: Callable[["Password"], Awaitable[Done]]) -> Done:
        """Do what may need the password, and again where it was mistyped, three times at most."""
        while True:
            try:
                return await work(self)
            except Rejected as refusal:
                if refusal.code != "M_FORBIDDEN" or not self._left:
                    raise
                self._known = None
                self._terminal.wrong("That is not the password.")
