"""What an examination finds, and how it is shown."""

from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined; `remedy` says what to do if it is not right."""

    what: str
    remedy: str | None = None

    @property
    def good(self) -> bool:
        """Whether nothing needs to be done."""
        return self.remedy is None

    def show(self, console: Console) -> None:
        """Print it, with its remedy on a line of its own."""
        mark = "[green]✔[/]" if self.good else "[red]✘[/]"
        remedy = f"\n    → {escape(self.remedy)}" if self.remedy else ""
        console.print(f"{mark} {escape(self.what)}{remedy}", soft_wrap=True)
