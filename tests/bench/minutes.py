"""Measures a long session and its minutes: a line, the end, all forms, an approval, and what was missed."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update

from commands.minutes import rendering
from commands.minutes.editions import Shown, shown
from commands.minutes.gathering import gather
from storage.minutes import Line, LineKind, Minutes
from storage.rooms import RoomKind
from tests.bench.large import Samples, cpu, house, in_turn, medians, member, new_message, settle, standstill
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, Sent, TestRoom

LINES = 2_000
TENS = 10
"""So many times ten lines are measured in each session, for each try of the others."""
PEOPLE = 30
CORRECTED = 20
"""So many lines are other when the minutes are approved again."""
TAGS: Mapping[str, Callable[[int], str]] = {
    "topic": lambda number: f'!thema "Ausbau im Abschnitt {number}"',
    "info": lambda number: f"!info Die Gemeinde {number} meldet, wo ihre Server stehen",
    "hash_info": lambda number: f"#info Die Gemeinde {number} sucht einen *zweiten* Standort",
    "idea": lambda number: f"!idee Eine Sprechstunde für Ort {number}",
    "hash_idea": lambda number: f"#idea Ein Leihrad für Ort {number}",
    "link": lambda number: f"!link https://www.example.org/unterlagen/{number} Unterlage {number}",
    "decided": lambda number: f"!beschlossen Die Gemeinden beschaffen den Server {number} gemeinsam",
    "task": lambda number: f"!aufgabe @{member(number % PEOPLE)} Angebot {number} einholen bis 31.12.2027",
    "hash_task": lambda number: f"#action @{member(number % PEOPLE)} Angebot {number} prüfen bis 31.12.2027",
    "here": lambda _: "!da",
}
"""Ten lines, said one after the other and then again."""
CHAIRED = ("topic", "decided")
TOLD = ("topic-begun", "resolution-entered", "action-item")
FORMS = {"md": rendering.markdown, "html": rendering.html, "txt": rendering.plain}


@dataclass
class Session:
    """A session that runs in a room, and the numbers of what is said in it."""

    place: House
    room: TestRoom
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def ten(self, samples: Samples, size: str) -> None:
        """Let ten lines be said, and measure each and all of them."""
        with cpu(samples, f"ten_{size}_ms"):
            for kind in TAGS:
                await self.line(kind, samples, size)
        assert all(one.type == "m.reaction" or one.key in TOLD for one in await self.place.deliver())

    async def line(self, kind: str, samples: Samples, size: str) -> None:
        """Let a line of this kind be said a second after the one before."""
        number = next(self.numbers)
        self.place.now += timedelta(seconds=1)
        who = "Anna" if kind in CHAIRED else member(number % PEOPLE)
        message = new_message(self.place, self.room, "text", who, text=TAGS[kind](number))
        with cpu(samples, f"line_{size}_ms", f"line_{size}_{kind}_ms"):
            assert (await self.place.dispatcher.handle(message, self.place.now)).handled

    async def say(self, text: str, samples: Samples, figure: str = "", who: str = "Anna") -> list[Sent]:
        """Let something be said, and measure it and its standstill; returns what the bot sent."""
        self.place.now += timedelta(seconds=1)
        message = new_message(self.place, self.room, "text", who, text=text)
        async with standstill(samples, f"{figure}_standstill_ms"):
            with cpu(samples, f"{figure}_ms"):
                assert (await self.place.dispatcher.handle(message, self.place.now)).handled
        return await self.place.deliver()


async def group(place: House, key: str) -> TestRoom:
    """Make a group of thirty people and a chair."""
    return await place.room(key, "Anna", *map(member, range(PEOPLE)), powers={"Anna": 100})


async def begin(place: House, key: str) -> Session:
    """Begin an unplanned session in a new group."""
    found = Session(place, await group(place, key))
    await found.say("!sitzung start", {})
    return found


async def fire(place: House) -> None:
    """Do all that is due."""
    while (await place.dispatcher.deadlines.fire_next(place.now)).handled:
        pass


async def measure_session(tries: int) -> dict[str, float]:
    """Measure the first hundred lines of a session and the last of 2,000 in turn, and what comes after these."""
    samples: Samples = {}
    async with house() as few, house() as many:
        for place in (few, many):
            await settle(place, PEOPLE)
        await many.room("INI", "Anna", kind=RoomKind.MAIN, title="Initiative")
        long = await begin(many, "UAG1")
        for _ in range(LINES // len(TAGS) - tries * TENS):
            await long.ten({}, "")
        for number in range(tries):
            sessions = {"first": await begin(few, f"UAG{number}"), "last": long}
            for turn in range(TENS):
                for size in in_turn(sessions, turn):
                    await sessions[size].ten(samples, size)
        await _miss(long, samples, tries)
        await _end(long, samples, tries)
        await _write(long, samples, tries)
        await _approve(long, samples, tries)
    found = medians(samples)
    return found | {f"{what}_ratio": found[f"{what}_last_ms"] / found[f"{what}_first_ms"] for what in ("line", "ten")}


async def _miss(long: Session, samples: Samples, tries: int) -> None:
    await direct_chat(long.place, member(1))
    for _ in range(tries):
        sent = await long.say("!verpasst", samples, "missed", who=member(1))
        assert sent[0].key == "minutes-missed"


async def _end(long: Session, samples: Samples, tries: int) -> None:
    """Measure the end of the session, the draft that follows, and what shows it with all files."""
    for turn in range(tries):
        with cpu(samples, "close_ms"):
            ended = await long.say("!sitzung ende", samples, "end")
            async with standstill(samples, "draft_standstill_ms"):
                with cpu(samples, "draft_ms"):
                    await fire(long.place)
            drafted = await long.place.deliver()
            told = await long.say("!protokoll", samples, "show")
        assert [one.key for one in (ended[0], drafted[0])] == ["session-ended", "minutes-draft"]
        assert [one.content["filename"].rpartition(".")[2] for one in told if one.file_text] == list(FORMS)
        if turn < tries - 1:
            await long.say("!sitzung weiter", {})


async def _write(long: Session, samples: Samples, tries: int) -> None:
    """Measure reading the minutes from the database, and writing each form."""
    for _ in range(tries):
        one = await _draft_of(long, samples)
        for form, written in FORMS.items():
            with cpu(samples, f"form_{form}_ms"):
                text = written(one.document, one.edition, "de")
            assert "Die Gemeinde 2 meldet" in text
    assert len(one.document.entries) + len(one.document.titled) == LINES - LINES // len(TAGS)


async def _draft_of(long: Session, samples: Samples) -> Shown:
    async with long.place.database.begin() as tx:
        [found] = await tx.scalars(select(Minutes))
        with cpu(samples, "gather_ms"):
            await gather(tx, found, long.place.setup.nobody)
        return await shown(tx, found, long.place.setup.nobody, home=True)


async def _approve(long: Session, samples: Samples, tries: int) -> None:
    """Measure the first approval, and those after a correction, which tell what is other."""
    await long.say("!protokoll genehmigen", samples, "approve_first")
    for turn in range(tries):
        await long.say("!protokoll korrigieren", {})
        async with long.place.database.begin() as tx:
            some = select(Line.id).where(Line.kind == LineKind.INFO).order_by(Line.id).limit(CORRECTED)
            await tx.execute(update(Line).where(Line.id.in_(some)).values(text=f"Berichtigt, Fassung {turn}"))
        told = await long.say("!protokoll genehmigen", samples, "approve")
        assert "und 12 weitere Änderungen" in told[0].text
        assert any(one.key == "minutes-published" for one in told)
