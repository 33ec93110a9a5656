"""What uagbot promises about hidden polls (P3): whatever was voted for, nothing that it says or keeps is different.

The same people vote in the same ways, once for these and once for those answers. Until the end all that the bot sends
anywhere, and all that it keeps apart from the ballots themselves, must be the same to the byte.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from storage.rooms import RoomKind
from tests.embedded import empty_database
from tests.handlers.facts import direct_chat, lose_ballots, outcomes, sit
from tests.handlers.house import Answer, House

# Everything by which anybody can ask about a poll, in every room; the files of the export are part of what is compared.
# What comes to show polls joins here, as pages of the web server do.
QUESTIONS = (
    "!umfrage stand U1",
    "!umfragen",
    "!umfrage prüfen U1",
    "!umfrage export U1",
    "!wochenbericht",
    "!gruppe",
    "!gruppen",
    "!hilfe umfrage",
    "!stimme U1",
    "!stimme U1 99",
    "!umfrage abbrechen U1",
)


class Case(NamedTuple):
    """A hidden poll, and two ways to vote on it: each time two different ballots."""

    ask: str
    these: tuple[str, str]
    those: tuple[str, str]


COMMON = "verdeckt=ja räume=alle"
RULES = f"{COMMON} namentlich=ja quorum=50%"
CASES = {
    "single": Case(f'!umfrage "Wo?" Halle Stendal Jena {RULES} mehrheit=absolut', ("1", "2"), ("3", "1")),
    "municipal": Case(f'!umfrage "Wo?" Halle Stendal Jena {RULES} wahlrecht=kommune', ("1", "2"), ("3", "1")),
    "multiple": Case(f'!umfrage "Was?" Bus Rad Bahn {RULES} art=mehrfach max=2', ("1 2", "3"), ("2", "1 3")),
    "date": Case(
        f'!termin "Wann?" 12.1. 10:00, 13.1. 10:00, 14.1. 10:00 {RULES} wahlrecht=kommune',
        ("1 ja 2 nein", "2 notfalls"),
        ("1 nein 2 ja 3 ja", "1 notfalls"),
    ),
    "ranking": Case(f'!rangfolge "Was?" Bus Rad Bahn {RULES}', ("1=3 2=2", "3=1"), ("3=5", "1=1 2=1")),
    "pulse": Case(f'!stimmungsbild "Wie?" {COMMON} bis=9.11.', ("5", "1"), ("2", "3")),
}


@dataclass
class Play:
    """One run: the rooms, and all that was sent and kept."""

    house: House
    sent: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)

    async def open(self) -> None:
        """Let there be a main room, two groups, and direct chats of somebody who votes and somebody who does not."""
        kind, powers = RoomKind.MAIN, {"Gerda": 100}
        self.main = await self.house.room("INI", "Gerda", "Anna", kind=kind, title="Initiative", powers=powers)
        self.apps = await self.house.room("UAG1", "Anna", "Bodo", "Carla", "Elke")
        self.traffic = await self.house.room("UAG2", "Carla", "Dieter", "Fritz", title="Mobilität", language="en")
        self.chats = [(await direct_chat(self.house, who), who) for who in ("Carla", "Elke", "Gerda")]
        await sit(self.house, "Halle (Saale)", "Anna", "Bodo")
        await sit(self.house, "Stendal", "Carla")
        await sit(self.house, "Zeitz", "Dieter", "Elke")
        await sit(self.house, "Naumburg", "Fritz")
        await self.house.dispatcher.upkeep(self.house.now)

    async def note(self, answer: Answer) -> Answer:
        """Write down what was sent, and what is kept now."""
        self.sent += [
            (one.room, one.event_id, one.type, one.key, one.content, one.relation, one.edits, one.file_text)
            for one in answer.sent
        ]
        self.kept.append(await outcomes(self.house))
        return answer

    async def wait(self, **delta: float) -> Answer:
        """Let time pass, the weekly digest and the reminder among it; also write down everything else that is kept."""
        answer = await self.note(await self.house.sleep(**delta))
        self.kept.append({**await self.house.dump(), "ballots": None})
        return answer

    async def ask_all(self) -> None:
        """Ask everything everywhere."""
        places = ((self.main, "Anna"), (self.apps, "Elke"), (self.traffic, "Dieter"), *self.chats)
        for room, who in places:
            for text in QUESTIONS:
                await self.note(await room.says(text, who=who))

    async def until_the_end(self, ask: str, one: str, other: str) -> None:
        """Ask, vote in every way, differ and agree, lose a ballot and find it, extend; up to just before the end."""
        asked = await self.note(await self.main.says(ask, who="Gerda"))
        await self.wait(minutes=1)
        natives = [message for message in asked.sent if message.key == "poll-native"]
        assert all("msc3381.poll.undisclosed" in str(message.content) for message in natives)
        await self.vote(asked, one, other)
        await self.wait(seconds=5)
        await self.ask_all()
        await lose_ballots(self.house, "Carla")
        await self.note(await self.apps.says("!umfrage prüfen U1", who="Bodo"))
        await self.note(await self.apps.says(f"!stimme U1 {one}", who="Bodo"))
        await self.wait(seconds=5)
        await self.note(await self.main.edits(asked.event_id, ask, who="Gerda"))
        await self.note(await self.main.redacts(asked.event_id, who="Gerda"))
        await self.note(await self.main.says("!umfrage verlängern U1 bis=12.11.", who="Gerda"))
        await self.wait(days=9, hours=16)
        await self.ask_all()

    async def vote(self, asked: Answer, one: str, other: str) -> None:
        """Anna and Bodo differ, Carla votes in the direct chat, Dieter by reaction, in a native poll, and again."""
        await self.note(await self.apps.says(f"!stimme U1 {one}", who="Anna"))
        await self.note(await self.apps.says(f"!stimme {other}", who="Bodo"))
        await self.note(await self.chats[0][0].says(f"stimme U1 {other}", who="Carla"))
        here: Sequence[str] = [message.event_id for message in asked.sent if message.room == self.traffic.id]
        key = f"{one[0]}\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}"
        await self.note(await self.traffic.reacts(here[-1], key, who="Dieter"))
        for answers in ([other[0]], [], [one[0]]):
            await self.wait(seconds=1)
            await self.note(await self.traffic.votes(here[0], answers, who="Dieter"))
        back = await self.note(await self.traffic.says(f"!vote U1 {other}", who="Dieter"))
        await self.note(await self.traffic.redacts(back.event_id, who="Dieter"))


@asynccontextmanager
async def play(ask: str, one: str, other: str) -> AsyncIterator[Play]:
    """Give a run up to just before the end; on SQLite alone, for what is said is no matter of the database."""
    async with empty_database() as database:
        found = Play(House(database))
        await found.open()
        await found.until_the_end(ask, one, other)
        yield found


def keys(played: Play) -> set[str]:
    return {key for _, _, _, key, *_ in played.sent}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_nothing_of_a_hidden_poll_depends_on_what_was_voted_for_until_its_end(case: Case) -> None:
    runs, results = [], []
    for ballots in (case.these, case.those):
        async with play(case.ask, *ballots) as played:
            runs.append([*played.sent, *played.kept])
            results.append((await played.house.sleep(days=3)).of("poll-result").text)
    assert len(runs[0]) == len(runs[1])
    for these, those in zip(*runs, strict=True):
        assert these == those
    expected = {"poll-opened", "poll-sent", "poll-state", "poll-list", "poll-reminder", "poll-extended", "poll-checked"}
    expected |= {"digest", "group-shown", "group-list", "help-topic", "poll-has-votes", "poll-not-withdrawn"}
    assert expected <= keys(played)
    assert ("poll-conflict" in keys(played)) == ("wahlrecht=kommune" in case.ask)
    assert "poll-result" not in keys(played)
    assert results[0] != results[1]


async def test_a_hidden_poll_that_is_cancelled_stays_hidden() -> None:
    runs = []
    case = CASES["municipal"]
    for ballots in (case.these, case.those):
        async with play(case.ask, *ballots) as played:
            await played.note(await played.main.says("!umfrage abbrechen U1", who="Gerda"))
            await played.ask_all()
            await played.wait(days=8)
            runs.append((played.sent, played.kept))
    assert runs[0] == runs[1]
    assert "poll-cancelled" in keys(played)
    assert "poll-result" not in keys(played)
