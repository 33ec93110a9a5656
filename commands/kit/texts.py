"""Texts: one TOML per language and capability, rendered with Jinja2 and Babel in the room's language and zone."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from jinja2 import DictLoader, Environment, StrictUndefined, pass_context
from jinja2.runtime import Context as Scope
from markupsafe import Markup, escape

from commands.kit.plain import plain_text
from commands.kit.say import Rendered

LANGUAGES = ("de", "en")
LOCALES = {"de": Locale("de", "DE"), "en": Locale("en", "GB")}  # a name instead would be looked up at each date
PERCENT = {"de": "#,##0 %", "en": "#,##0%"}
NO_BREAK, JOINER = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"
FAR_AHEAD = timedelta(days=300)  # a day without its year is taken for the next one of its kind


@dataclass(frozen=True, slots=True)
class Name:
    """A person as texts show them: a pill that rings nobody by itself."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Wording:
    """How one command is said and explained in one language; an option may be called by several words."""

    words: tuple[str, ...]
    summary: str
    example: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that a language says: command words and texts of all capabilities."""

    language: str
    titles: Mapping[str, str]
    commands: Mapping[str, Wording]
    texts: Mapping[str, str]
    environment: Environment

    def render(self, key: str, data: Mapping[str, Any], zone: ZoneInfo) -> Rendered:
        """Render a text; raises if a name in it is not in `data`."""
        html = self.environment.get_template(key).render({**data, "zone": zone}).strip()
        return Rendered(html, plain_text(html))


def load_catalogue(language: str, packages: Iterable[str]) -> Catalogue:
    """Read `<language>.toml` of each package, once; raises ValueError if two of them define the same key.

    What a package writes in files of its own (`minutes.html.jinja`) finds its words there, in every language.
    """
    return _loaded(language, tuple(packages))


@cache
def _loaded(language: str, packages: tuple[str, ...]) -> Catalogue:
    titles: dict[str, str] = {}
    commands: dict[str, Wording] = {}
    texts: dict[str, str] = {}
    files: dict[str, str] = {}
    for package in packages:
        folder = resources.files(package)
        files |= {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".jinja")}
        content = tomllib.loads(folder.joinpath(f"{language}.toml").read_text("utf-8"))
        titles[package] = content.get("title", "")
        for name, wording in content.get("commands", {}).items():
            options = {option: _spellings(words) for option, words in wording.get("options", {}).items()}
            _add(commands, name, Wording(**{**wording, "words": tuple(wording["words"]), "options": options}))
        for key, text in content.get("texts", {}).items():
            _add(texts, key, text)
    return Catalogue(language, titles, commands, texts, _environment(language, {**texts, **files}))


def _spellings(words: str | Sequence[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _add(known: dict[str, Any], key: str, value: object) -> None:
    if key in known:
        raise ValueError(f"two texts are called {key!r}")
    known[key] = value


def _environment(language: str, texts: Mapping[str, str]) -> Environment:
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
    )
    locale = LOCALES[language]
    environment.globals["language"] = language
    environment.filters |= {
        "when": pass_context(lambda scope, at: _unbroken(_when(scope, at, language))),
        "moment": pass_context(lambda scope, at: _unbroken(_moment(scope, at, language))),
        "clock": pass_context(_clock),
        "day": pass_context(lambda scope, at: _unbroken(format_date(_local_day(scope, at), "full", locale))),
        "short_day": pass_context(lambda scope, at: _unbroken(_short_day(_local_day(scope, at), language))),
        "month": lambda day: _unbroken(format_date(day, "MMMM y", locale)),
        "typed": pass_context(lambda scope, at, said: _typed(_local_day(scope, at), _local_day(scope, said), language)),
        "span": lambda first, last: _unbroken(_span(first, last, language)),
        "person": _pill,
        "people": lambda people: _listed(map(_named, people), locale),
        "listed": lambda parts: _listed(map(escape, parts), locale),
        "lines": lambda text: [line.strip() for line in text.splitlines() if line.strip()],
        "plural": lambda number, one, many: f"{number}{NO_BREAK}{one if number == 1 else many}",
        "decimal": lambda number: format_decimal(round(number, 1), "0.0", locale),
        "percent": lambda share: _unbroken(format_percent(_half_up(share), PERCENT[language], locale)),
        "room": _room_pill,
    }
    return environment


def _half_up(share: float) -> float:
    """Round to whole per cent as people do: 62.5 % is 63 %."""
    return math.floor(share * 100 + 0.5) / 100


def _unbroken(text: str) -> str:
    """Let lines break only behind commas and dashes between words."""
    return re.sub(r"–(?! )", f"–{JOINER}", re.sub(r"(?<![,–]) ", NO_BREAK, text))


def _local(scope: Scope, at: datetime) -> datetime:
    return at.astimezone(scope["zone"])


def _local_day(scope: Scope, at: date) -> date:
    return _local(scope, at).date() if isinstance(at, datetime) else at


def _when(scope: Scope, at: datetime, language: str) -> str:
    """`Dienstag, 8. Dezember 2026, 10:00 Uhr`."""
    local = _local(scope, at)
    day = format_date(local.date(), "full", LOCALES[language])
    return f"{day}, {local:%H:%M}" + (" Uhr" if language == "de" else "")


def _moment(scope: Scope, at: datetime, language: str) -> str:
    """`Di., 8. Dez., 10:00 Uhr`: for lists."""
    local = _local(scope, at)
    return f"{_short_day(local.date(), language)}, {local:%H:%M}" + (" Uhr" if language == "de" else "")


def _short_day(day: date, language: str) -> str:
    pattern = "EEE, d. MMM" if language == "de" else "EEE d MMM"
    return format_date(day, pattern, LOCALES[language])


def _typed(day: date, said: date, language: str) -> str:
    """`8.12.`, `8 December`: as a command takes it, with the year where the day is far from when it was said."""
    pattern = "d.M." if language == "de" else "d MMMM"
    far = "y" if language == "de" else " y"
    return format_date(day, pattern + far if day - said > FAR_AHEAD else pattern, LOCALES[language])


def _span(first: date, last: date, language: str) -> str:
    """`2.–8. November 2026`, `30. November – 6. Dezember 2026`."""
    day = "d." if language == "de" else "d"
    to = format_date(last, f"{day} MMMM y", LOCALES[language])
    if first >= last:
        return to
    if (first.year, first.month) == (last.year, last.month):
        return f"{format_date(first, day, LOCALES[language])}–{to}"
    pattern = f"{day} MMMM" if first.year == last.year else f"{day} MMMM y"
    return f"{format_date(first, pattern, LOCALES[language])} – {to}"


def _clock(scope: Scope, at: datetime) -> str:
    return f"{_local(scope, at):%H:%M}"


def _listed(parts: Iterable[Markup], locale: Locale) -> Markup:
    return Markup(format_list([str(part) for part in parts], "standard", locale))  # noqa: S704 - each part is escaped


def _pill(person: Name) -> Markup:
    return Markup('<a href="https://matrix.to/#/{}">{}</a>').format(quote(person.user_id, safe="@:"), person.name)


def _named(one: Name | str) -> Markup:
    return escape(one) if isinstance(one, str) else _pill(one)


def _room_pill(matrix_id: str, name: str) -> Markup:
    return Markup('<a href="https://matrix.to/#/{}">{}</a>').format(quote(matrix_id, safe="!:"), name)


def event_link(room: str, event_id: str) -> str:
    """Return the permalink of an event (spec: "matrix.to navigation")."""
    return f"https://matrix.to/#/{quote(room, safe='!:')}/{quote(event_id, safe='$')}"


@cache
def zone(name: str) -> ZoneInfo:
    """Return the time zone with this name."""
    return ZoneInfo(name)
