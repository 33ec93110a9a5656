"""Minutes as Markdown, plain text and HTML, in a language and the meeting's zone."""

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel.lists import format_list
from jinja2 import Environment
from markupsafe import Markup, escape

from commands.kit.plain import UNBREAKING
from commands.kit.texts import LOCALES, load_catalogue, zone
from commands.minutes.difference import Difference
from commands.minutes.document import Document
from storage.minutes import MinutesState

COLUMNS = 76
MARKUP = re.compile(r"[\\`*_\[\]<>#~|]|&(?=#?\w+;)|^[-+=]")
NUMBER = re.compile(r"^(\d{1,9})([.)])")  # would begin a numbered list
URL_SAFE = ":/?#[]@!$&'*+,;=%~"  # no brackets, which would end the address in Markdown
PACKAGES = ("commands.kit", "commands.minutes")


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
    return _settled(_written("md", markdown_text, language, document, edition))


def plain(document: Document, edition: Edition, language: str) -> str:
    """Return the minutes as plain text of 76 columns; permalinks stand at the end, on lines that are longer."""
    notes = _Notes()
    more = {"note": notes.refer, "noted": lambda: list(notes.links)}
    text = _settled(_written("txt", _as_it_is, language, document, edition, **more))
    return "".join(f"{line}\n" for long in text.splitlines() for line in _wrapped(long))


def html(document: Document, edition: Edition, language: str, way: Way | None = None) -> str:
    """Return the minutes as one page that needs nothing else; `way` is what leads on from it in the archive."""
    data = {"document": document, "edition": edition, "way": way}
    return page("minutes.html.jinja", language, zone(document.zone), data)


def page(name: str, language: str, at: ZoneInfo, data: Mapping[str, Any]) -> str:
    """Return a page of HTML; its times are those of the zone."""
    return _pages(language).get_template(name).render({**data, "zone": at}).strip() + "\n"


def style() -> str:
    """Return the only style that pages have, exactly as it stands in them."""
    return load_catalogue("de", PACKAGES).environment.get_template("minutes.css.jinja").render()


def markdown_text(text: str) -> str:
    """Return one line of text so that CommonMark shows it as it is, wherever in a line or a list it stands."""
    return NUMBER.sub(r"\1\\\2", MARKUP.sub(lambda match: f"\\{match[0]}", text))


def _written(
    form: str,
    escaping: Callable[[str], str],
    language: str,
    document: Document,
    edition: Edition,
    **more: Any,
) -> str:
    environment = _writing(form, escaping, language)
    data = {"document": document, "edition": edition, "zone": zone(document.zone), **more}
    return environment.get_template(f"minutes.{form}.jinja").render(data)


@cache
def _pages(language: str) -> Environment:
    return _with_filters(load_catalogue(language, PACKAGES).environment, language)


@cache
def _writing(form: str, escaping: Callable[[str], str], language: str) -> Environment:  # noqa: ARG001 - templates are compiled for each form
    """Return an environment that writes what people said as `escaping` makes it, instead of for HTML."""

    def written(value: object) -> Markup:
        if isinstance(value, Markup):
            return value
        return Markup(escaping(str(value).translate(UNBREAKING)))  # noqa: S704 - no HTML

    environment = load_catalogue(language, PACKAGES).environment.overlay(finalize=written)
    return _with_filters(environment, language, written)


def _with_filters(environment: Environment, language: str, written: Callable[[str], Markup] = escape) -> Environment:
    found = environment.overlay()
    found.filters = environment.filters | {
        "address": lambda url: Markup(quote(url, safe=URL_SAFE)),  # noqa: S704 - quoted
        "iso": lambda at: at.isoformat(timespec="seconds"),
        "listed": lambda parts: _listed(map(written, parts), LOCALES[language]),
    }
    return found


def _listed(parts: Iterable[Markup], locale: str) -> Markup:
    return Markup(format_list([str(part) for part in parts], "standard", locale))  # noqa: S704 - each part is escaped


def _as_it_is(text: str) -> str:
    return text


def _settled(text: str) -> str:
    """Return a text whose paragraphs are one empty line apart."""
    lines = "\n".join(line.rstrip() for line in text.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


def _wrapped(line: str) -> Iterable[str]:
    """Break a line at 76 columns; what continues an entry stands below its words."""
    below = "  " if line.startswith("- ") else ""
    return textwrap.wrap(line, COLUMNS, subsequent_indent=below, break_long_words=False, break_on_hyphens=False) or [""]
