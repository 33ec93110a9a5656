"""Documents that people download or open in a browser: pages that need nothing else, Markdown and plain text."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale
from babel.lists import format_list
from jinja2 import Environment
from markupsafe import Markup, escape

from commands.kit.plain import UNBREAKING
from commands.kit.texts import LOCALES, load_catalogue

MARKUP = re.compile(r"[\\`*_\[\]<>#~|]|&(?=#?\w+;)|^[-+=]")
NUMBER = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")  # would begin a numbered list
URL_SAFE = ":/?#[]@!$&'*+,;=%~"  # no brackets, which would end the address in Markdown
KIT = "commands.kit"


def page(package: str, name: str, language: str, at: ZoneInfo, data: Mapping[str, Any]) -> str:
    """Return a page of HTML from a template of this package; its times are those of the zone."""
    return _pages(package, language).get_template(name).render({**data, "zone": at}).strip() + "\n"


def style() -> str:
    """Return the style that all pages have, exactly as it stands in them."""
    return load_catalogue("de", [KIT]).environment.get_template("page.css.jinja").render()


def markdown(package: str, name: str, language: str, at: ZoneInfo, data: Mapping[str, Any]) -> str:
    """Return CommonMark from a template of this package; what people wrote is text in it and never markup."""
    return text(package, name, language, at, data, markdown_text)


def text(
    package: str, name: str, language: str, at: ZoneInfo, data: Mapping[str, Any], escaping: Callable[[str], str] = str
) -> str:
    """Return text from a template of this package; what people wrote stands in it as `escaping` makes it.

    Paragraphs are one empty line apart.
    """
    written = _writing(package, language, escaping).get_template(name).render({**data, "zone": at})
    lines = "\n".join(line.rstrip() for line in written.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines) + "\n"


def markdown_text(text: str) -> str:
    """Return one line of text so that CommonMark shows it as it is, wherever in a line, a list or a table it stands."""
    return NUMBER.sub(r"\1\\\2", MARKUP.sub(lambda match: f"\\{match[0]}", text))


@cache
def _pages(package: str, language: str) -> Environment:
    return _with_filters(load_catalogue(language, [KIT, package]).environment, language)


@cache
def _writing(package: str, language: str, escaping: Callable[[str], str]) -> Environment:
    """Return an environment that writes what people said as `escaping` makes it, instead of for HTML."""

    def written(value: object) -> Markup:
        if isinstance(value, Markup):
            return value
        return Markup(escaping(str(value).translate(UNBREAKING)))  # noqa: S704 - no HTML

    environment = load_catalogue(language, [KIT, package]).environment.overlay(finalize=written)
    return _with_filters(environment, language, written)


def _with_filters(environment: Environment, language: str, written: Callable[[str], Markup] = escape) -> Environment:
    found = environment.overlay()
    found.filters = environment.filters | {
        "address": lambda url: Markup(quote(url, safe=URL_SAFE)),  # noqa: S704 - quoted
        "iso": lambda at: at.isoformat(timespec="seconds"),
        "listed": lambda parts: _listed(map(written, parts), LOCALES[language]),
    }
    return found


def _listed(parts: Iterable[Markup], locale: Locale) -> Markup:
    return Markup(format_list([str(part) for part in parts], "standard", locale))  # noqa: S704 - each part is escaped
