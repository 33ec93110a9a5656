"""The great vote: thirty members in seven rooms vote in two polls while the bot is killed again and again."""

import asyncio
import random
import re
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.clock import Clock
from bot.demo.encrypted import EncryptedMember
from bot.demo.member import Member
from bot.demo.speaker import Event
from bot.demo.synapse import Account, Synapse
from tests.real.conftest import People
from tests.real.count_by_hand import KEYCAPS, Asked, Box, boxes, commands, joined
from tests.real.encrypted.talk import answered, set_up
from tests.real.running import RunningBot

NAMES = (
    *("Anna", "Bodo", "Carla", "Dieter", "Elif", "Frank", "Gerda", "Hanno", "Ines", "Jonas"),
    *("Karla", "Lutz", "Maria", "Nils", "Olga", "Peter", "Ruth", "Sven", "Tanja", "Uwe"),
    *("Vera", "Willi", "Yvonne", "Zoe", "Emil", "Frieda", "Gustav", "Heidi", "Ida", "Jakob"),
)
GROUPS = ("UAG1", "UAG2", "UAG3", "UAG4", "UAG5", "UAG6")
ENCRYPTED = "UAG6"
MAIN = "INI"
PLACE = Asked(1, "Wo tagen wir?", ("Halle", "Stendal", "Wernigerode"))
TOPICS = Asked(2, "Welche Themen?", ("Bürger-Apps", "Energie", "Verkehr", "Daten", "Schulen"), most=3)
POLLS = (PLACE, TOPICS)
EVERYWHERE = (*GROUPS, MAIN)
KILLS = 8
ACTS = 9
LONGEST_PAUSE = 7.0
ENOUGH = 50
"""So many votes stand in each poll in the end, or the dice were of no use."""
BETWEEN_EDITS = 5.0
TOLERANCE = 1.0
"""So many seconds a loaded homeserver may take to accept an edit."""
PATIENCE = 60.0
Way = Callable[[Box, str, str], Awaitable[None]]
NATIVE_END = "org.matrix.msc3381.poll.end"
BAR = re.compile(r"^[█░]{10} (.+): (\d+)", re.MULTILINE)
GROUP_LINE = re.compile(r"^- (UAG\d): (\d+) von (\d+)", re.MULTILINE)


@dataclass
class Town:
    """The members, the rooms by short name, and who is in which; Anna is in all of them and sees everything."""

    members: list[Member]
    rooms: dict[str, str]
    bot: Account

    @property
    def anna(self) -> Member:
        """Who made the rooms."""
        return self.members[0]

    async def all_see(self, keys: Sequence[str], predicate: Callable[[Event], bool]) -> Event:
        """Wait until the bot has sent such an event to each of these rooms; returns that of the last one."""

        def fits(event: Event) -> bool:
            return event["sender"] == self.bot.user_id and predicate(event)

        *_, last = [await self.anna.wait_for(self.rooms[key], fits, PATIENCE) for key in keys]
        return last

    def events(self, keys: Sequence[str]) -> dict[str, list[Event]]:
        """Return all that happened in these rooms, by short name."""
        return {key: self.anna.timeline[self.rooms[key]] for key in keys}

    def people(self) -> dict[str, set[str]]:
        """Return who is in each room."""
        return {key: joined(events, self.bot.user_id) for key, events in self.events(EVERYWHERE).items()}

    def says(self, event: Event, begin: str) -> bool:
        """Whether the bot says something new that begins so."""
        new = "m.new_content" not in event["content"]
        return bool(new and event["sender"] == self.bot.user_id and words(event).startswith(begin))

    def edits(self, key: str, event_id: str) -> list[Event]:
        """Return the edits of a message, oldest first."""
        relation = {"rel_type": "m.replace", "event_id": event_id}
        return [one for one in self.events([key])[key] if one["content"].get("m.relates_to") == relation]

    def count(self) -> dict[int, Box]:
        """Count by hand."""
        return boxes(self.events(GROUPS), self.bot.user_id, POLLS)


@dataclass
class Voter:
    """A member who votes in one way or another, thinks again, and sometimes takes a vote back."""

    member: Member
    rooms: Mapping[str, str]
    dice: random.Random
    given: list[tuple[str, str]] = field(default_factory=list)
    reacted: set[tuple[str, str]] = field(default_factory=set)

    async def vote(self, polls: Sequence[Box]) -> None:
        """Vote some times in each of the polls, with pauses."""
        for _ in range(ACTS):
            await asyncio.sleep(self.dice.uniform(0, LONGEST_PAUSE))
            box = self.dice.choice(polls)
            key, room = self.dice.choice(sorted(self.rooms.items()))
            ways: list[Way] = [self._command, self._react, self._native if box.native else self._react]
            if len(self.given) > 1:
                ways.append(self._take_back)
            await self.dice.choice(ways)(box, key, room)

    async def _native(self, box: Box, key: str, room: str) -> None:
        number = self.dice.randrange(len(box.asked.options) + 1)  # 0 takes the vote back, as Element does it
        event = await self.member.vote(room, box.native[key], [str(number)] if number else [])
        self.given.append((room, event))

    async def _react(self, box: Box, key: str, room: str) -> None:
        target = self.dice.choice([one[key] for one in (box.status, box.native) if key in one])
        keycap = list(KEYCAPS)[self.dice.randrange(len(box.asked.options))]
        if (target, keycap) in self.reacted:
            await self._command(box, key, room)
            return
        self.reacted.add((target, keycap))
        self.given.append((room, await self.member.react(room, target, keycap)))

    async def _command(self, box: Box, _key: str, room: str) -> None:
        count = len(box.asked.options)
        chosen = self.dice.sample(range(1, count + 1), self.dice.randint(1, box.asked.most))
        words = " ".join(map(str, chosen))
        if self.dice.random() < 0.3:
            words = box.asked.options[chosen[0] - 1]
        event = await self.member.say(room, f"!stimme U{box.asked.number} {words}")
        self.given.append((room, event))

    async def _take_back(self, _box: Box, _key: str, _room: str) -> None:
        room, event = self.given.pop(self.dice.randrange(len(self.given)))
        await self.member.redact(room, event)


async def test_every_vote_counts_once_although_the_bot_is_killed_again_and_again(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - a test's dice
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)  # noqa: S311
    async with AsyncExitStack() as stack:
        town = await _town(synapse, people, tmp_path, stack)
        await set_up(tmp_path, synapse.url, town.bot)
        bot = RunningBot(tmp_path, synapse.url, town.bot, {key: town.rooms[key] for key in GROUPS})
        with bot.config.open("a", encoding="utf-8") as config:
            config.write(f'[[rooms]]\nroom = "{town.rooms[MAIN]}"\nkey = "{MAIN}"\nkind = "main"\n')
        with bot:
            await _ask(town)
            _, kills = await asyncio.gather(_vote(town, dice), _kill(bot, dice))
            await _all_read(town)
            await _close(town)
            checked = await _check(town)
            await asyncio.sleep(1)  # what would come twice comes now
            assert await asyncio.to_thread(bot.stop) == 0
        await town.anna.sync()
    for box, said in zip(town.count().values(), checked, strict=True):
        assert f"stehen {len(box.papers)} Stimmabgaben. Alle sind gezählt, keine zu viel." in said
        assert len(box.papers) > ENOUGH
        _require_the_same_result(town, box)
        _require_few_edits(town, box, kills)
    _require_receipts(town)
    _require_nothing_is_left(bot)


async def _town(synapse: Synapse, people: People, folder: Path, stack: AsyncExitStack) -> Town:
    """Make members and rooms: everybody is in the main room and in one to three groups, Anna in all of them."""
    plain = await people(*NAMES)
    [account] = await people("uagbot")
    places = {key: {number for number in range(len(NAMES)) if number % 6 == place} for place, key in enumerate(GROUPS)}
    for number in range(1, len(NAMES), 4):
        places[GROUPS[(number + 1) % 5]].add(number)
    for number in range(0, len(NAMES), 7):
        places[GROUPS[(number + 3) % 5]].add(number)
    places[MAIN] = set(range(len(NAMES)))
    members = list(plain)
    for number in {0, *places[ENCRYPTED]}:
        member = EncryptedMember(plain[number].account, synapse.url, folder / NAMES[number])
        members[number] = await stack.enter_async_context(member)
    rooms = await asyncio.gather(*(_room(key, members, numbers, account) for key, numbers in places.items()))
    return Town(members, dict(zip(places, rooms, strict=True)), account.account)


async def _room(key: str, members: Sequence[Member], numbers: set[int], bot: Member) -> str:
    anna, guests = members[0], [members[number] for number in sorted(numbers - {0})]
    invited = [bot.user_id, *(one.user_id for one in guests)]
    room = await anna.create_room(key, invite=invited, encrypted=key == ENCRYPTED)
    for one in guests:
        await one.join(room)
    return room


async def _ask(town: Town) -> None:
    """Open both polls from the main room, and wait until they can be voted on in all groups."""
    for room in town.rooms.values():
        await town.anna.wait_for(
            room, lambda event: event.get("state_key") == town.bot.user_id and _joins(event), PATIENCE
        )
    how = {PLACE: "wahlrecht=person", TOPICS: f"art=mehrfach max={TOPICS.most}"}
    for poll, rules in how.items():
        options = " ".join(poll.options)
        await town.anna.say(town.rooms[MAIN], f'!umfrage "{poll.question}" {options} räume=alle {rules}')
        await town.all_see(GROUPS, says(f"Umfrage U{poll.number}:"))


async def _vote(town: Town, dice: random.Random) -> None:
    """Let all members vote at the same time."""
    polls = list(town.count().values())
    rooms = town.people()
    voters = []
    for member in town.members:
        here = {key: town.rooms[key] for key in GROUPS if member.user_id in rooms[key]}
        voters.append(Voter(member, here, random.Random(dice.random())))  # noqa: S311 - a test's dice
    await asyncio.gather(*(one.vote(polls) for one in voters))


async def _kill(bot: RunningBot, dice: random.Random) -> list[datetime]:
    """Kill the bot again and again; returns when."""
    instants = []
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(1.5, 5))
        instants.append(Clock()())
        await asyncio.to_thread(bot.kill)
        bot.start()
    return instants


async def _all_read(town: Town) -> None:
    """Wait until the bot answers in each room: then it has read all that was said before."""
    asked = {key: await town.anna.say(town.rooms[key], "!umfrage stand U1") for key in GROUPS}
    for key, question in asked.items():
        await town.all_see([key], answers(question))


async def _close(town: Town) -> None:
    for poll in POLLS:
        await town.anna.say(town.rooms[MAIN], f"!umfrage ende U{poll.number}")
    for poll in POLLS:
        await town.all_see(EVERYWHERE, says(f"Ergebnis U{poll.number}:"))


async def _check(town: Town) -> list[str]:
    """Let the bot hold its ballots against the server; returns what it says of each poll."""
    for poll in POLLS:
        await town.anna.say(town.rooms[MAIN], f"!umfrage prüfen U{poll.number}")
    return [words(await town.all_see([MAIN], says(f"U{poll.number} geprüft"))) for poll in POLLS]


def _require_the_same_result(town: Town, box: Box) -> None:
    """The result stands once in each room, and says what was counted by hand."""
    rooms = town.people()
    everybody = set().union(*(rooms[key] for key in GROUPS))
    assert len(everybody) == len(NAMES)
    for key, events in town.events(EVERYWHERE).items():
        results = [words(event) for event in events if town.says(event, f"Ergebnis U{box.asked.number}:")]
        assert len(results) == 1, (key, results)
        bars = [(name, int(votes)) for name, votes in BAR.findall(results[0])]
        assert bars == list(zip(box.asked.options, box.votes(everybody), strict=True)), key
        assert f"Beteiligung: {box.voters(everybody)} von {len(everybody)} (" in results[0]
        by_room = {name: (int(voters), int(people)) for name, voters, people in GROUP_LINE.findall(results[0])}
        assert by_room == {name: (box.voters(rooms[name]), len(rooms[name])) for name in GROUPS}
    for key, status in box.status.items():
        last = words(town.edits(key, status)[-1])
        assert f"Beendet, {box.voters(everybody)} von {len(everybody)} Stimmen" in last, (key, last)
    for key, start in box.native.items():
        ends = [one for one in town.events([key])[key] if one["type"] == NATIVE_END]
        assert [one["content"]["m.relates_to"]["event_id"] for one in ends] == [start]


def _require_few_edits(town: Town, box: Box, kills: Sequence[datetime]) -> None:
    """At most one edit in five seconds, as they were planned; a kill may hold one up. The end is shown at once."""
    for key, status in box.status.items():
        [opened] = [one for one in town.events([key])[key] if one["event_id"] == status]
        before = _second(opened)
        planned = before - BETWEEN_EDITS  # the message was on its way to six rooms, and the encrypted one is the last
        shown = [_second(one) for one in town.edits(key, status) if "Beendet" not in words(one)]
        assert shown
        for at in shown:
            held_up = any(before < kill.timestamp() < at for kill in kills)
            planned = max(planned + BETWEEN_EDITS, planned if held_up else at - TOLERANCE)
            assert planned <= at, (key, shown, kills)
            before = at


def _second(event: Event) -> float:
    return float(event["origin_server_ts"]) / 1000


def _require_receipts(town: Town) -> None:
    """Every vote by command has its ✅, none has two, and none has words."""
    events = [event for events in town.events(EVERYWHERE).values() for event in events]
    ours = [event for event in events if event["sender"] == town.bot.user_id]
    receipts = Counter(event["content"]["m.relates_to"]["event_id"] for event in ours if event["type"] == "m.reaction")
    standing = commands(town.events(EVERYWHERE))
    assert {one: receipts[one] for one in standing} == dict.fromkeys(standing, 1)
    assert set(receipts.values()) == {1}
    said = {event["event_id"] for event in events if words(event).startswith("!stimme")}
    assert not said & {answered(event) for event in ours}


def _require_nothing_is_left(bot: RunningBot) -> None:
    with closing(sqlite3.connect(bot.database)) as database:
        for query in (
            "FROM outbox WHERE sent_at IS NULL OR error IS NOT NULL",
            "FROM undecrypted",
            "FROM due WHERE what LIKE 'poll%'",
        ):
            assert database.execute(f"SELECT count(*) {query}").fetchone() == (0,), query
    assert "Traceback" not in bot.log.read_text("utf-8")


def words(event: Event) -> str:
    """What people read in a message, after an edit the new words."""
    content = event["content"].get("m.new_content", event["content"])
    return str(content.get("body", "")) if event["type"] == "m.room.message" else ""


def says(begin: str) -> Callable[[Event], bool]:
    return lambda event: words(event).startswith(begin)


def answers(command: str) -> Callable[[Event], bool]:
    return lambda event: answered(event) == command


def _joins(event: Event) -> bool:
    return bool(event["content"].get("membership") == "join")
