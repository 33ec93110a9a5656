"""The stage: the rooms with their people, the clock, and what is expected of the bot."""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import aiohttp

from bot.demo.child import BotChild
from bot.demo.encrypted import EncryptedMember
from bot.demo.ledger import Event, Ledger, Sent, text_of

BERLIN = ZoneInfo("Europe/Berlin")
PATIENCE = 15.0
A_MOMENT = timedelta(seconds=1)
BETWEEN_WORDS = timedelta(seconds=30)
MESSAGE = "m.room.message"
POLL_START = "org.matrix.msc3381.poll.start"


class Stuck(Exception):
    """The scene cannot go on: what it needs did not come. The ledger has it already."""


def on(day: int, hour: int, minute: int = 0, *, month: int = 11, year: int = 2026) -> datetime:
    """Return that wall time of the month that is played, in Berlin."""
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


@dataclass(frozen=True, slots=True)
class Place:
    """A room; `host` is the member through whose client it is read."""

    id: str
    key: str
    title: str
    host: EncryptedMember
    people: tuple[str, ...]
    encrypted: bool

    @property
    def timeline(self) -> list[Event]:
        """What the host's client has seen."""
        return self.host.timeline[self.id]


@dataclass
class Stage:
    """Members act here, and the ledger notes whether the bot did what it should."""

    bot: BotChild
    members: dict[str, EncryptedMember]
    ledger: Ledger
    encrypted: bool
    """All rooms are encrypted, not only those that are planned so."""
    places: dict[str, Place] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    """What the bot serves to who knows the address, by what it is."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What the bot handed out to keep, by file name."""

    @property
    def bot_id(self) -> str:
        """The bot's user id."""
        return self.bot.account.user_id

    def __getitem__(self, key: str) -> Place:
        """Return the room with this short name."""
        return self.places[key]

    def add(self, place: Place) -> Place:
        """Put a room on the stage."""
        self.places[place.key] = place
        return place

    # Members act

    async def says(
        self,
        who: str,
        place: Place,
        text: str,
        *words: str,
        without: Iterable[str] = (),
        reaction: str | None = None,
        reply_to: Event | None = None,
        at: Iterable[str] = (),
    ) -> Event:
        """Let a member send a command and return the bot's answer, in which all words must be.

        `reaction`: the answer is (also) this reaction; without words it is what is returned. `at`: names that
        are mentioned as `@Name` in the text.
        """
        command = await self.sends(who, place, text, reply_to=reply_to, at=at)
        found: Event | None = None
        if reaction is not None:
            found = await self._answer(place, command, f"{who}: {text} → {reaction}", _is_reaction(command, reaction))
        if words or reaction is None:
            found = await self._answer(place, command, f"{who}: {text}", _is_reply(command))
            self.ledger.expect_words(f"{who}: {text}", text_of(found), words, without=without)
        assert found is not None  # noqa: S101 - one of the two
        return found

    async def sends(
        self, who: str, place: Place, text: str, *, reply_to: Event | None = None, at: Iterable[str] = ()
    ) -> str:
        """Let a member send a command without waiting for its answer, and return its event id."""
        self.bot.time.move_to(self.bot.time.now() + BETWEEN_WORDS)
        member = self.members[who]
        mentions = {name: self.members[name].user_id for name in at}
        reply = reply_to["event_id"] if reply_to else None
        event_id = await member.say(place.id, text, reply_to=reply, mentions=mentions)
        self.ledger.sent(Sent(event_id, place.id, who, text))
        return event_id

    async def chats(self, who: str, place: Place, text: str, *, at: Iterable[str] = ()) -> str:
        """Let a member say something that is no command; the bot must not answer it."""
        mentions = {name: self.members[name].user_id for name in at}
        return await self.members[who].say(place.id, text, mentions=mentions)

    async def edits(self, who: str, place: Place, event_id: str, text: str, *, at: Iterable[str] = ()) -> None:
        """Let a member edit a command, and wait until the bot has acknowledged it."""
        mentions = {name: self.members[name].user_id for name in at}
        await self.members[who].edit(place.id, event_id, text, mentions=mentions)
        self.ledger.edited(event_id)
        await self._answer(place, event_id, f"{who} bearbeitet: {text} → ✏️", _is_reaction(event_id, "✏️"))

    async def votes(self, who: str, place: Place, poll: Event, answer: str) -> None:
        """Let a member answer a native poll."""
        self.bot.time.move_to(self.bot.time.now() + BETWEEN_WORDS)
        await self.members[who].vote(place.id, poll["event_id"], [answer])

    async def reacts(self, who: str, place: Place, message: Event, key: str) -> str:
        """Let a member react to a message, and return the reaction's id."""
        self.bot.time.move_to(self.bot.time.now() + BETWEEN_WORDS)
        return await self.members[who].react(place.id, message["event_id"], key)

    async def direct_chat(self, who: str) -> Place:
        """Let a member open a direct chat with the bot."""
        member = self.members[who]
        title = f"{who} und uagbot"
        room = await member.create_room(title, invite=[self.bot_id], direct=True, encrypted=self.encrypted)
        return self.add(Place(room, who, "direkter Chat mit dem Bot", member, (who,), self.encrypted))

    # The bot acts

    async def answered(self, place: Place, command: str, *words: str) -> Event:
        """Wait for the message in reply to a command that was sent earlier."""
        what = next(one.text for one in self.ledger.commands if one.event_id == command)
        found = await self._answer(place, command, what, _is_reply(command))
        self.ledger.expect_words(what, text_of(found), words)
        return found

    async def acknowledged(self, place: Place, event_id: str, key: str = "✅") -> None:
        """Wait for the bot's reaction to something that was sent earlier."""
        await self._answer(place, event_id, f"{key} auf {event_id}", _is_reaction(event_id, key))

    async def reads(self, name: str, *words: str, without: Iterable[str] = ()) -> None:
        """Read what the bot serves at an address, as a browser or a calendar does; all words must be in it."""
        async with aiohttp.ClientSession() as session, session.get(self.addresses[name]) as response:
            text = await response.text()
        self.ledger.expect(f"{name}: gefunden", f"Status {response.status}", held=response.ok)
        self.ledger.expect_words(name, text.replace("\r\n ", ""), words, without=without)

    async def keeps(self, place: Place, name: str, *words: str) -> None:
        """Wait for a file of this name and download it as a member does; all words must be in it."""

        def fits(event: Event) -> bool:
            return bool(event["content"].get("filename") == name)

        event = await self._comes(place, f"die Datei {name}", fits, None)
        self.files[name] = await place.host.download(event["content"])
        self.ledger.expect_words(name, self.files[name].decode(), words)

    async def shows(self, place: Place, what: str, *words: str) -> Event:
        """Wait for a message of the bot with all these words; `what` names it for the ledger.

        Where none has them all, the ledger names what the message that has most of them lacks.
        """

        def lacks(event: Event) -> list[str]:
            return [word for word in words if word not in plain_of(event)]

        def fits(event: Event) -> bool:
            return _is_new_message(event) and not lacks(event)

        try:
            event = await self._wait(place, fits, None)
        except TimeoutError:
            said = [event for event in place.timeline if event["sender"] == self.bot_id and _is_new_message(event)]
            nearest = min(reversed(said), key=lambda event: len(lacks(event)), default=None)
            missing = lacks(nearest) if nearest else words
            self.ledger.expect(f"{what} mit „{'“, „'.join(missing)}“", text_of(nearest) if nearest else "", held=False)
            raise Stuck(what) from None
        for word in words:
            self.ledger.expect(f"{what}: {word}", "", held=True)
        return event

    async def becomes(self, place: Place, message: Event, what: str, *words: str, after: str | None = None) -> None:
        """Wait until the bot has edited its message so that all words are in it; `after`: and later than that event."""

        def fits(event: Event) -> bool:
            return _edited(event) == message["event_id"] and all(word in plain_of(event) for word in words)

        await self._comes(place, f"{what}: {' … '.join(words)}", fits, after)

    async def native_poll(self, place: Place, message: Event) -> Event:
        """Return the native poll that stands before its status message."""
        number = text_of(message).split(":")[0].split()[-1]

        def fits(event: Event) -> bool:
            return event["type"] == POLL_START and number in str(event["content"])

        return await self._comes(place, f"eine native Umfrage zu {number}", fits, None)

    async def sees(self, place: Place, what: str, fits: Callable[[Event], bool]) -> Event:
        """Wait for an event of the bot."""
        return await self._comes(place, what, fits, None)

    def expect_count(self, place: Place, wanted: int, *words: str, kind: str = MESSAGE, without: str = "") -> None:
        """Expect exactly so many messages (or other events) of the bot with all these words, `without` another.

        Edits do not count, nor do answers to a command.
        """

        def counts(event: Event) -> bool:
            unasked = _edited(event) is None and "m.in_reply_to" not in _relation(event)
            return event["sender"] == self.bot_id and event["type"] == kind and unasked

        said = [plain_of(event) for event in place.timeline if counts(event)]
        fitting = [text for text in said if all(word in text for word in words)]
        count = sum(not without or without not in text for text in fitting)
        self.ledger.expect(f"{place.key}: {wanted}-mal „{' … '.join(words)}“", f"{count}-mal", held=count == wanted)

    # Time

    async def until(self, instant: datetime) -> None:
        """Let time pass: from one planned thing to the next, each at its own time, up to an instant."""
        await self.bot.rest()
        now = self.bot.time.now()
        if not self.ledger.expect(f"es ist noch nicht {instant:%d.%m. %H:%M}", f"{now}", held=now <= instant):
            raise Stuck
        while (planned := await self.bot.next_due()) is not None and planned <= instant:
            if planned > self.bot.time.now():
                self.bot.time.move_to(planned + A_MOMENT)
            await self.bot.rest()
        self.bot.time.move_to(instant)
        await self.bot.rest()
        await self.look()

    async def look(self) -> None:
        """Bring what all rooms' hosts see up to date."""
        hosts = {place.host.user_id: place.host for place in self.places.values()}
        await asyncio.gather(*(host.sync() for host in hosts.values()))

    async def _answer(self, place: Place, command: str, what: str, fits: Callable[[Event], bool]) -> Event:
        return await self._comes(place, f"Antwort auf {what}", fits, command)

    async def _comes(self, place: Place, what: str, fits: Callable[[Event], bool], after: str | None) -> Event:
        try:
            event = await self._wait(place, fits, after)
        except TimeoutError:
            self.ledger.expect(what, _last_words(place), held=False)
            raise Stuck(what) from None
        self.ledger.expect(what, "", held=True)
        return event

    async def _wait(self, place: Place, fits: Callable[[Event], bool], after: str | None) -> Event:
        def ours(event: Event) -> bool:
            return event["sender"] == self.bot_id and fits(event)

        return await place.host.wait_for(place.id, ours, PATIENCE, after=after)


def plain_of(event: Event) -> str:
    """Return the words of a message with single spaces."""
    return " ".join(text_of(event).split())


def _is_new_message(event: Event) -> bool:
    return event["type"] == MESSAGE and _edited(event) is None


def _is_reply(command: str) -> Callable[[Event], bool]:
    return lambda event: _relation(event).get("m.in_reply_to", {}).get("event_id") == command


def _is_reaction(command: str, key: str) -> Callable[[Event], bool]:
    return lambda event: _relation(event).get("event_id") == command and _relation(event).get("key") == key


def _edited(event: Event) -> str | None:
    """Return the event that this one edits."""
    relation = _relation(event)
    return str(relation["event_id"]) if relation.get("rel_type") == "m.replace" else None


def _relation(event: Event) -> Event:
    relation: Event = event["content"].get("m.relates_to", {})
    return relation


def _last_words(place: Place) -> str:
    said = [f"{event['sender'].partition(':')[0]}: {text_of(event)}" for event in place.timeline if text_of(event)]
    return "\n".join(said[-3:])


def number_in(message: Event, letter: str) -> int:
    """Return the first short id with this letter in a message."""
    found = re.search(rf"\b{letter}(\d+)", text_of(message))
    if found is None:
        raise LookupError(f"keine Nummer mit {letter} in: {text_of(message)}")
    return int(found[1])


def resolution_in(message: Event) -> str:
    """Return the first name of a resolution in a message."""
    found = re.search(r"\bB-\d{4}-\d{3,}", text_of(message))
    if found is None:
        raise Stuck("ein Beschluss")
    return found[0]
