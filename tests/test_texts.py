"""What the texts of all capabilities promise, in German and in English."""

import asyncio
import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import meta
from sqlalchemy.ext.asyncio import AsyncSession

from commands.capabilities import CAPABILITIES
from commands.kit.context import Context
from commands.kit.dispatch import KIT
from commands.kit.grammar import choose
from commands.kit.plain import plain_text
from commands.kit.setup import Setup
from commands.kit.texts import LANGUAGES, Catalogue, load_catalogue
from commands.kit.triggers import Command, Where
from commands.kit.vocabulary import Vocabulary
from commands.kit.words import normalise, split_words
from storage import rooms, tables
from storage.database import Database
from storage.meetings import Meeting, MeetingState
from storage.rooms import Room
from tests.handlers.house import BOT, House, TestRoom, user

PACKAGES = [KIT, *(one.package for one in CAPABILITIES)]
BY_PACKAGE = {
    (package, language): load_catalogue(language, [package]) for package in PACKAGES for language in LANGUAGES
}
ALL = {language: load_catalogue(language, PACKAGES) for language in LANGUAGES}
COMMANDS = [one for capability in CAPABILITIES for one in capability.triggers if isinstance(one, Command)]
TAGS = {"strong", "em", "del", "br", "ul", "ol", "li", "code", "a", "h3", "h4", "p"}
JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
MEETING = re.compile(r"[A-Z0-9]+-\d{4}-\d\d-\d\d")
NOT_UNDERSTOOD = {"usage", "did-you-mean", "command-unknown", "option-unknown", "option-unreadable", "apology"}

assert tables.ALL


def shown(catalogue: Catalogue) -> dict[str, str]:
    """Return all that people may read, by where it stands."""
    found = {f"text {key}": text for key, text in catalogue.texts.items()}
    for name, wording in catalogue.commands.items():
        found |= {f"summary of {name}": wording.summary, f"example of {name}": wording.example}
        found |= {f"argument {one} of {name}": label for one, label in wording.arguments.items()}
    return found


# -- both languages say the same


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_have_the_same_texts(package: str) -> None:
    german, english = (BY_PACKAGE[package, language] for language in ("de", "en"))
    assert german.texts.keys() == english.texts.keys()
    assert german.commands.keys() == english.commands.keys()
    for name, wording in german.commands.items():
        other = english.commands[name]
        assert wording.arguments.keys() == other.arguments.keys(), name
        assert wording.options.keys() == other.options.keys(), name
        assert {key: set(words) for key, words in wording.choices.items()} == {
            key: set(words) for key, words in other.choices.items()
        }, name
    if package != KIT:
        assert german.titles[package]
        assert english.titles[package]


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_use_the_same_facts(package: str) -> None:
    used: list[dict[str, set[str]]] = []
    for language in LANGUAGES:
        catalogue = BY_PACKAGE[package, language]
        parsed = {key: catalogue.environment.parse(text) for key, text in catalogue.texts.items()}
        used.append({key: meta.find_undeclared_variables(tree) for key, tree in parsed.items()})
    assert used[0] == used[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_worded_and_every_wording_is_a_command(language: str) -> None:
    assert set(ALL[language].commands) == {one.name for one in COMMANDS}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_a_wording_names_only_arguments_that_its_command_has(command: Command, language: str) -> None:
    wording = ALL[language].commands[command.name]
    options = {one.name for one in command.parameters if one.kind == "option" and not one.reader.anywhere}
    assert set(wording.options) == options
    assert {*wording.arguments, *wording.choices} <= {one.name for one in command.parameters}


def test_no_capability_takes_the_words_of_another() -> None:
    owners: dict[str, str] = {}
    for (package, _), catalogue in BY_PACKAGE.items():
        for wording in catalogue.commands.values():
            for words in wording.words:
                assert owners.setdefault(normalise(words), package) == package, words


# -- how they are written


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_compiles(language: str) -> None:
    for key in ALL[language].texts:
        ALL[language].environment.get_template(key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_use_only_what_every_client_shows(language: str) -> None:
    for where, text in shown(ALL[language]).items():
        if where.startswith("text"):
            used = set(re.findall(r"</?([a-z0-9]+)", JINJA.sub("", text)))
            assert used <= TAGS, (where, used - TAGS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_raises_its_voice(language: str) -> None:
    for where, text in shown(ALL[language]).items():
        plain = re.sub(r"<code>.*?</code>", "", JINJA.sub("", text), flags=re.DOTALL)
        assert not re.search(r"!(?!\w)", plain), where


@pytest.mark.parametrize(
    ("text", "german", "english"),
    [
        ("{{ at | when }}", "Dienstag, 8.~Dezember~2026, 10:00~Uhr", "Tuesday, 8~December~2026, 10:00"),
        ("{{ at | moment }}", "Di., 8.~Dez., 10:00~Uhr", "Tue~8~Dec, 10:00"),
        ("{{ at | day }}", "Dienstag, 8.~Dezember~2026", "Tuesday, 8~December~2026"),
        ("{{ at | short_day }}", "Di., 8.~Dez.", "Tue~8~Dec"),
        ("{{ at | typed(at) }}", "8.12.", "8 December"),
        ("{{ day | span(at.date()) }}", "2.–|8.~Dezember~2026", "2–|8~December~2026"),
        ("{{ earlier | span(day) }}", "30.~November~– 2.~Dezember~2026", "30~November~– 2~December~2026"),
        ("{{ 2 | plural('x y', 'x z') }} {{ 0.5 | percent }}", "2~x z 50~%", "2~x z 50%"),
    ],
)
def test_a_date_or_number_stays_on_one_line_and_is_plain_where_there_are_no_lines(
    text: str, german: str, english: str
) -> None:
    at = datetime(2026, 12, 8, 9, tzinfo=UTC)
    data = {"at": at, "day": date(2026, 12, 2), "earlier": date(2026, 11, 30), "zone": ZoneInfo("Europe/Berlin")}
    for language, expected in (("de", german), ("en", english)):
        html = ALL[language].environment.from_string(text).render(data)
        assert html == expected.replace("~", "\N{NO-BREAK SPACE}").replace("|", "\N{WORD JOINER}")
        assert plain_text(html) == expected.replace("~", " ").replace("|", "")


def test_german_is_polite() -> None:
    for where, text in shown(ALL["de"]).items():
        assert not re.search(r"\b(du|dich|dir|dein\w*|euch|euer\w*)\b", JINJA.sub("", text)), where


# -- the examples


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(CAPABILITIES, ALL)


@pytest.fixture
def house(embedded: Database) -> House:
    return House(embedded, setup=Setup(user_id=BOT, coordinators=frozenset({user("Anna")})))


EXAMPLES = [(one, language) for one in COMMANDS for language in LANGUAGES]
NAMED: dict[str, Any] = {"ids": lambda one: one if isinstance(one, str) else one.name}


@pytest.mark.parametrize(("command", "language"), EXAMPLES, **NAMED)
async def test_an_example_is_read_as_its_own_command(
    command: Command, language: str, house: House, vocabulary: Vocabulary
) -> None:
    group = await house.room("UAG2")
    example = ALL[language].commands[command.name].example
    assert example.startswith("!")
    words = split_words(example.removeprefix("!"))
    found, taken = vocabulary.find(words)
    async with house.database.begin() as tx:
        room = await rooms.by_matrix_id(tx, group.id)
        assert room is not None
        await _keep_named_meetings(tx, room, example, house.now)
        ctx = Context(tx, house.setup, vocabulary, room, user("Anna"), house.now)
        chosen, _ = await choose(found, words[taken:], ctx)
    assert chosen.command is command


async def _keep_named_meetings(tx: AsyncSession, room: Room, example: str, now: datetime) -> None:
    """Let the meetings that an example names be there: their readers look them up."""
    for name in MEETING.findall(example):
        times = {"original": now.replace(tzinfo=None), "starts_at": now, "ends_at": now, "created_at": now}
        kept = {"name": name, "room_id": room.id, "title": "UAG-Treffen", "zone": room.zone, "created_by": BOT}
        tx.add(Meeting(**times, **kept, state=MeetingState.PLANNED))
    await tx.flush()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_example_can_be_sent(language: str, house: House) -> None:
    group, chat = await house.room("UAG1"), await house.room(None, "Anna", kind="direct")
    for command in COMMANDS:
        where = [group, chat] if command.where is Where.ANYWHERE else [group]
        for room in where:
            await _send(room, ALL[language].commands[command.name].example)


async def _send(room: TestRoom, example: str) -> None:
    answer = await asyncio.wait_for(room.says(example), timeout=10)
    assert answer.sent, example
    assert not NOT_UNDERSTOOD & {one.key for one in answer.sent}, example
