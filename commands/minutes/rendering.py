"""Minutes as Markdown, plain text and HTML, in a language and the meeting's zone."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from commands.kit import documents
from commands.kit.texts import zone
from commands.minutes.difference import Difference
from commands.minutes.document import Document
from storage.minutes import MinutesState

COLUMNS = 76
PACKAGE = "commands.minutes"


@dataclass(frozen=True, slots=True)
class Edition:
    """Which state of the minutes it is: running, a draft, or approved as this version by somebody (a name).

    `changes` are those since the version before, of approved versions from the second on.
    """

    state: str
    version: int = 0
    approved_at: datetime | None = None
    approved_by: str = ""
    changes: Difference | None = None

    @property
    def is_draft(self) -> bool:
        """Whether it is not approved, or not any more."""
        return self.state != MinutesState.APPROVED


@dataclass(frozen=True, slots=True)
class Way:
    """Where a page of the archive leads to: addresses, relative to its own; empty where there is nothing."""

    index: str
    before: str = ""
    after: str = ""
    forms: Sequence[tuple[str, str]] = ()
    versions: Sequence[tuple[int, str]] = ()


@dataclass(slots=True)
class _Notes:
    """The addresses that a plain text names at its end, in the order in which it refers to them."""

    links: dict[str, int] = field(default_factory=dict)

    def refer(self, link: str) -> str:
        """Return the reference to an address: ` [3]`."""
        return f" [{self.links.setdefault(link, len(self.links) + 1)}]" if link else ""


def markdown(document: Document, edition: Edition, language: str) -> str:
    """Return the minutes as CommonMark; what people wrote is text in it and never markup."""
    data = {"document": document, "edition": edition}
    return documents.markdown(PACKAGE, "minutes.md.jinja", language, zone(document.zone), data)


def plain(document: Document, edition: Edition, language: str) -> str:
    """Return the minutes as plain text of 76 columns; permalinks stand at the end, on lines that are longer."""
    notes = _Notes()
    data = {"document": document, "edition": edition, "note": notes.refer, "noted": lambda: list(notes.links)}
    text = documents.text(PACKAGE, "minutes.txt.jinja", language, zone(document.zone), data)
    return "".join(f"{line}\n" for long in text.splitlines() for line in _wrapped(long))


def html(document: Document, edition: Edition, language: str, way: Way | None = None) -> str:
    """Return the minutes as one page that needs nothing else; `way` is what leads on from it in the archive."""
    data = {"document": document, "edition": edition, "way": way}
    return page("minutes.html.jinja", language, zone(document.zone), data)


def page(name: str, language: str, at: ZoneInfo, data: Mapping[str, Any]) -> str:
    """Return a page of HTML; its times are those of the zone."""
    return documents.page(PACKAGE, name, language, at, data)


def _wrapped(line: str) -> Iterable[str]:
    """Break a line at 76 columns; what continues an entry stands below its words."""
    if len(line) <= COLUMNS:
        return [line]
    below = "  " if line.startswith("- ") else ""
    return textwrap.wrap(line, COLUMNS, subsequent_indent=below, break_long_words=False, break_on_hyphens=False)
