"""What the pages in docs/ promise: commands that exist, answers that are given, links that lead somewhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import KIT
from commands.kit.setup import Setup
from commands.kit.texts import LANGUAGES, load_catalogue
from commands.kit.vocabulary import Vocabulary
from commands.kit.words import first_words
from storage import due, rooms, tables
from storage.base import Base
from storage.database import Database
from storage.rooms import RoomKind
from tests.handlers.house import BOT, Answer, House, Sent, TestRoom

ROOT = Path(__file__).parent.parent
HANDBOOK = (ROOT / "docs" / "handbuch.md").read_text("utf-8")
DATA = (ROOT / "docs" / "data.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "decisions").glob("*.md"))]

COMMAND = re.compile(r"(?:^|`)!(\w[^`\n]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SCENE = re.compile(
    r"^```befehl(?P<stage>[^\n]*)\n(?P<said>.*?)^```\n(?:\n(?P<answer>(?:>[^\n]*\n)+))?|^(?P<alone>(?:>[^\n]*\n)+)",
    re.MULTILINE | re.DOTALL,
)
FORM = re.compile(r"^- (?P<written>`[^\n]*`) – (?P<meant>[^\n]+)$", re.MULTILINE)
CLOCK = re.compile(r"\d\d:\d\d")
BERLIN = ZoneInfo("Europe/Berlin")
WAITS = (timedelta(), timedelta(seconds=5), *[timedelta(hours=1)] * 31 * 24)

assert tables.ALL


@pytest.fixture
def house(embedded: Database) -> House:
    return House(embedded, Setup(user_id=BOT, web="https://uagbot.example.org"))


# -- the handbook


@dataclass
class Play:
    """The conversations of the handbook: one month in the rooms of one initiative.

    A block `befehl` is what Anna says in her group's room, or who and where the words behind it name; as an `antwort`
    to the bot's last message there, or as a new text (`bearbeitet`) of what was said last. The quote that follows
    is the answer there; without one the bot acknowledges by a reaction. A quote by itself: the bot has said so in
    another room, or time passes until it does.

    `reagiert`: the text is a reaction to the bot's last message there, to which it may say nothing. `dazu`: an answer
    or a reaction to what a member said last there. `gespräch`: ordinary chat, to which the bot says nothing. A time of
    day: it is said then; a quote by itself that follows may have been said on the way.
    """

    house: House
    rooms: dict[str, TestRoom] = field(default_factory=dict)
    heard: dict[str, Sent] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    told: list[Sent] = field(default_factory=list)

    async def open(self) -> None:
        """Let the rooms be there, the group's room as the bot finds it on an invitation."""
        plain = RoomKind.PLAIN
        self.rooms["gruppe"] = await self.house.room(None, kind=plain, powers={"Anna": 50})
        people = ("Anna", "Bodo", "Carla", "Dieter", "Gerda")
        self.rooms["hauptraum"] = await self.house.room(None, *people, kind=plain, powers={"Gerda": 100})
        self.rooms["koordination"] = await self.house.room(None, "Gerda", "Hanno", kind=plain, powers={"Gerda": 100})
        self.rooms["nachbarraum"] = await self.house.room(
            None, "Carla", "Dieter", "Emil", kind=plain, powers={"Dieter": 50}
        )
        self.rooms["direktchat"] = await self.house.room(None, "Anna", kind=RoomKind.DIRECT)
        self.rooms["direktchat Bodo"] = await self.house.room(None, "Bodo", kind=RoomKind.DIRECT)
        async with self.house.database.begin() as tx:
            room = await rooms.by_matrix_id(tx, self.rooms["gruppe"].id)
            assert room is not None
            await due.add(tx, "room joined", room.id, room.id, self.house.now)

    async def act(self, stage: str, text: str) -> Answer:
        """Say what a block shows; returns what the bot says to it in the same room."""
        words = stage.split()
        who = next((word for word in words if word.istitle()), "Anna")
        place = next((word for word in words if word in self.rooms), "gruppe")
        room = self.rooms.get(f"{place} {who}", self.rooms[place])
        self.told = []
        for clock in filter(CLOCK.fullmatch, words):
            self.listen(await self.house.sleep_until(self._today_at(clock)))
        earlier = self._earlier(room, words)
        if "bearbeitet" in words:
            answer = await room.edits(self.said[room.id], text, who=who)
        elif "reagiert" in words:
            answer = await room.reacts(earlier or "", text, who=who)
        else:
            answer = await room.says(text, who=who, reply_to=earlier)
            self.said[room.id] = answer.event_id
        await self.house.dispatcher.upkeep(self.house.now)
        self.listen(answer)
        return Answer([one for one in answer.sent if one.room == room.id], answer.event_id)

    def _today_at(self, clock: str) -> datetime:
        day = self.house.now.astimezone(BERLIN).date()
        return datetime.combine(day, time.fromisoformat(clock), BERLIN).astimezone(UTC)

    def _earlier(self, room: TestRoom, words: list[str]) -> str | None:
        """Return what somebody answers or reacts to."""
        if "dazu" in words:
            return self.said[room.id]
        return self.heard[room.id].event_id if {"antwort", "reagiert"} & set(words) else None

    async def wait_for(self, quote: str) -> Sent | None:
        """Let seconds or hours pass until the bot says this."""
        for wait in WAITS:
            answer = await self.house.sleep_until(self.house.now + wait)
            self.listen(answer)
            for one in self.told:
                if says(one.text, quote):
                    self.heard[one.room] = one
                    return one
        return None

    def listen(self, answer: Answer) -> None:
        """Remember all that the bot has told since somebody spoke, and its last message in each room."""
        self.told += answer.messages
        self.heard |= {one.room: one for one in answer.messages}


def says(text: str, quote: str) -> bool:
    """Whether the quote has the words of the text, or its beginning where the quote ends with dots.

    A word may end with dots too, so that secret addresses can be quoted.
    """
    words, quoted = _words(text), _words(quote)
    if quoted and quoted[-1] == "…":
        words, quoted = words[: len(quoted) - 1], quoted[:-1]
    return len(words) == len(quoted) and all(map(_is_word, words, quoted))


def _is_word(word: str, quoted: str) -> bool:
    begun = quoted.removesuffix(")")
    return word == quoted or (begun.endswith("…") and word.startswith(begun[:-1]))


def _words(text: str) -> list[str]:
    """Return the words with links as the bot's plain text writes them, and without the marks of Markdown."""
    text = re.sub(r"\[([^\]\n]*)\]\((\S+?)\)", r"\1 (\2)", text)
    return re.sub(r"^> ?|[*`~]|\\(?=\.|$)", "", text, flags=re.MULTILINE).split()


async def test_the_bot_says_what_the_handbook_quotes(house: House) -> None:
    play = Play(house)
    await play.open()
    scenes = list(SCENE.finditer(HANDBOOK))
    assert len(scenes) > 40
    for scene in scenes:
        if scene["alone"]:
            assert await play.wait_for(scene["alone"]), scene["alone"]
            continue
        answer = await play.act(scene["stage"], scene["said"].strip())
        assert says(answer.text, scene["answer"] or ""), f"{scene['said']}\n{answer.text}"
        words = scene["stage"].split()
        assert answer.sent or "reagiert" in words or "gespräch" in words, scene["said"]
        assert "gespräch" not in words or not answer.sent, scene["said"]


def test_the_handbook_shows_only_commands_that_exist() -> None:
    catalogues = {
        language: load_catalogue(language, [KIT, *(one.package for one in CAPABILITIES)]) for language in LANGUAGES
    }
    vocabulary = Vocabulary(CAPABILITIES, catalogues)
    shown = COMMAND.findall(HANDBOOK)
    assert len(shown) > 50
    assert not [text for text in shown if not vocabulary.find(first_words(text))[0]]


def _forms(heading: str) -> list[tuple[str, str]]:
    """Return (what is written, what it means) of the lists below a heading of the handbook."""
    _, _, behind = HANDBOOK.partition(f"### {heading}\n")
    section = re.split(r"^##", behind, maxsplit=1, flags=re.MULTILINE)[0]
    found = [
        (one, line["meant"]) for line in FORM.finditer(section) for one in re.findall(r"`([^`]+)`", line["written"])
    ]
    assert found
    return found


@pytest.mark.parametrize(("written", "meant"), _forms("Tag und Uhrzeit"))
async def test_the_handbook_shows_dates_that_are_understood_so(house: House, written: str, meant: str) -> None:
    room = await house.room()
    assert meant in (await room.says(f"!umfrage Probe Ja Nein bis {written}")).text


@pytest.mark.parametrize(("written", "meant"), _forms("Was sich wiederholt"))
async def test_the_handbook_shows_series_that_are_understood_so(house: House, written: str, meant: str) -> None:
    room = await house.room(powers={"Anna": 50})
    assert meant in (await room.says(f'!treffen {written} "Probe"')).text


def test_the_handbook_is_polite_and_calm() -> None:
    prose = re.sub(r"`[^`\n]*`", "", HANDBOOK)
    assert not re.search(r"!(?![\w\[])", prose)
    assert not re.search(r"\b(du|dich|dir|dein\w*|euch|euer\w*)\b", HANDBOOK)


# -- all pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    if page.name == "README.md" and not page.exists():
        pytest.skip("there is no README yet")
    for link in _links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def _links(page: Path) -> Iterator[str]:
    return (one for one in LINK.findall(page.read_text("utf-8")) if not re.match(r"[a-z]+:", one))


def _anchors(page: Path) -> set[str]:
    """Return the anchors that code platforms make of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("table", Base.metadata.tables)
def test_the_page_on_data_names_every_table(table: str) -> None:
    assert f"`{table}`" in DATA
