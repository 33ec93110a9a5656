"""Readers: how an argument of each type is read from the words that people typed."""

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from commands.kit.context import Context
from commands.kit.dates import ImpossibleDate, When, read_when
from commands.kit.links import LONGEST_LINK, is_link
from commands.kit.recurrence import MissingTime, Pattern, Slot, read_pattern, read_slot
from commands.kit.say import Refusal
from commands.kit.texts import Name
from commands.kit.words import Word, normalise
from commands.kit.workdays import END_OF_DAY, read_working_days, working_days_later
from storage import resolutions, rooms
from storage.resolutions import Resolution, ResolutionName, Voice
from storage.rooms import Room, RoomKind

MAX_TEXT = 500
LONGEST_QUOTE = 150
NONE = ("-", "–", "—")
MAX_TAG = 40
AFTER_TAGS = ",.;:!?)…"
AND = ("und", "and", "&")
RESOLUTION = re.compile(r"(?P<letter>B-)?(?:(?P<year>[0-9]{4})-)?(?P<number>[0-9]{1,6})")
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))

Found = tuple[Any, int]


class Reader(ABC):
    """Reads a value from the first words.

    `bare`: as an option it may also stand as a plain word with its value at the end of the line (`bis Freitag`).
    `anywhere`: takes its words from the whole line (tags).
    """

    bare = False
    anywhere = False

    @abstractmethod
    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Return the value and how many words it took; None if the first words are none such.

        Raises Refusal where they clearly mean one but cannot be one (an impossible date, an unknown member).
        """


class Text(Reader):
    """One word or one quoted phrase."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses what is longer than a message on a phone should be."""
        return (fitting(words[0].text), 1) if words else None


class Rest(Reader):
    """The rest of the line, without the quotes if it is one quoted phrase."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses what is longer than a message on a phone should be."""
        if not words:
            return None
        return fitting(words[0].text if len(words) == 1 else " ".join(word.raw for word in words)), len(words)


class Number(Reader):
    """A whole number."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Up to nine digits; more is no number that anyone means."""
        if words and words[0].text.isdecimal() and len(words[0].text) < 10:  # noqa: PLR2004
            return int(words[0].text), 1
        return None


class ShortId(Reader):
    """A number that people say, with or without its letter (`U7`, `7`); a reply to the bot's message may leave it out.

    `strict`: only with its letter, where another number may follow.
    """

    def __init__(self, letter: str, noun: str, *, strict: bool = False) -> None:
        self.letter = letter
        self.noun = noun
        self.strict = strict

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """A reply gives the number unless the words give it with its letter."""
        replied = ctx.replied[1] if ctx.replied and ctx.replied[0] == self.noun else None
        text = words[0].text.upper().rstrip(",:") if words and not words[0].quoted else ""
        lettered = text.startswith(self.letter)
        digits = text.removeprefix(self.letter)
        if digits.isdecimal() and len(digits) < 10:  # noqa: PLR2004
            number = int(digits)
            if lettered or (not self.strict and replied in (None, number)):
                return number, 1
        return (replied, 0) if replied else None


class ResolutionReader(Reader):
    """The name of a resolution (`B-2026-014`, `B-14` and `14` of this year); a reply to the bot may leave it out.

    `strict`: only with its letter, where other words may follow. `reply`: whether a reply names it.
    """

    def __init__(self, *, strict: bool = False, reply: bool = True) -> None:
        self.strict = strict
        self.reply = reply

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """A reply names the one that the message is about, unless the words name one."""
        written = words[0].text.upper().translate(DASHES).rstrip(",:;.") if words and not words[0].quoted else ""
        match = RESOLUTION.fullmatch(written)
        if match and (match["letter"] or not (self.strict or match["year"])):
            year = int(match["year"] or ctx.now.astimezone(ctx.zone).year)
            return ResolutionName(year, int(match["number"])), 1
        replied = await _replied_resolution(ctx) if self.reply else None
        return (ResolutionName(replied.year, replied.number), 0) if replied else None


class Members(Reader):
    """People of this room: `@anna`, `@anna:example.org`, a mention; `loose`: names without the at sign too.

    In a direct chat: people of all rooms that the sender and the bot share.
    """

    bare = True

    def __init__(self, *, loose: bool = False) -> None:
        self.loose = loose

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names that nobody or more than one person in the room has."""
        found: dict[str, Name] = {}
        at = taken = 0
        while at < len(words) and (self.loose or words[at].text.startswith("@")):
            written = words[at].text.rstrip(",:")
            if written in AND and found:
                at += 1
                continue
            member = await _member(written, ctx)
            found[member.user_id] = member
            at += 1
            taken = at
            if at < len(words) and words[at].text in AND and self._more(words[at + 1 : at + 2]):
                at += 1
        return (list(found.values()), taken) if found else None

    def _more(self, words: Sequence[Word]) -> bool:
        return bool(words) and (self.loose or words[0].text.startswith("@"))


class Tags(Reader):
    """Words of `#` and letters, digits, hyphens and underscores, wherever they stand; upper case is lower case."""

    anywhere = True

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Takes one word; the grammar collects them all.

        Refuses what begins like a tag and is none; where no letter or digit follows the `#`, and for the
        alias of a room (`#uag1:example.org`), it is no tag.
        """
        if not words or words[0].quoted or not words[0].text.startswith("#"):
            return None
        composed = unicodedata.normalize("NFC", words[0].text[1:].lower())
        tag = "".join(char for char in composed if unicodedata.category(char) != "Cf").rstrip(AFTER_TAGS)
        if not tag[:1].isalnum() or ":" in tag:
            return None
        if len(tag) > MAX_TAG or not all(char.isalnum() or char in "-_" or _is_mark(char) for char in tag):
            raise Refusal("tag-odd", written=tag, limit=MAX_TAG)
        return tag, 1


class Group(Reader):
    """A working group by its short name (`UAG1`)."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names that no group has, and says which there are."""
        if not words:
            return None
        room = await rooms.by_key(ctx.tx, words[0].text)
        if room is None:
            known = [group.key for group in await rooms.groups(ctx.tx) if group.key]
            raise Refusal("group-unknown", written=words[0].text, known=known)
        return room, 1


class LinkReader(Reader):
    """An address that clients open; a dash alone means none."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses everything but http and https: other schemes run programs or scripts."""
        if not words:
            return None
        link = words[0].text
        if link in NONE:
            return "", 1
        if not is_link(link):
            raise Refusal("link-unusable", written=link[:LONGEST_QUOTE])
        return fitting(link, LONGEST_LINK), 1


class Zone(Reader):
    """A time zone of the IANA database."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Any case; refuses names that the database does not have."""
        if not words:
            return None
        known = {name.casefold(): name for name in available_timezones()}
        if words[0].text.casefold() not in known:
            raise Refusal("zone-unknown", written=words[0].text)
        return known[words[0].text.casefold()], 1


class Choice(Reader):
    """One of a few words; which they are in each language stands in the texts, the values themselves count too."""

    def __init__(self, values: Sequence[str]) -> None:
        self.values = values
        self.spoken: Mapping[str, str] = {}

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Any case."""
        word = normalise(words[0].text) if words else ""
        value = self.spoken.get(word, word if word in self.values else None)
        return (value, 1) if value is not None else None


class Dated(Reader):
    """Reads the longest run of words that is a date in the room's zone."""

    bare = True

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses days that do not exist and what `value` refuses."""
        plain = [part for word in words for part in _pieces(word)]
        try:
            found = read_when(plain, today=ctx.now, zone=ctx.zone)
        except ImpossibleDate as error:
            raise Refusal("date-impossible", written=error.text) from None
        if found is None:
            return None
        when, taken = found
        return self.value(when, ctx), _words_for(words, taken)

    @abstractmethod
    def value(self, when: When, ctx: Context) -> Any:
        """Return what the handler gets."""


class DeadlineReader(Dated):
    """A point in time ahead; a day alone means its end (23:59 wall time), as does `5 Arbeitstage` (working days)."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses the past and days that do not exist."""
        counted = read_working_days([part for word in words for part in _pieces(word)])
        if counted is None:
            return await super().read(words, ctx)
        number, taken = counted
        return working_days_later(number, now=ctx.now, zone=ctx.zone), _words_for(words, taken)

    def value(self, when: When, ctx: Context) -> datetime:
        """Refuses the past."""
        return _ahead(when.instant(ctx.zone, END_OF_DAY), ctx)


class StartReader(Dated):
    """A point in time ahead, with its time of day."""

    def value(self, when: When, ctx: Context) -> datetime:
        """Refuses the past and a day without a time."""
        if when.time is None:
            raise Refusal("time-missing", day=when.day)
        return _ahead(when.instant(ctx.zone, when.time), ctx)


class DayReader(Dated):
    """A calendar day, today or ahead."""

    def value(self, when: When, ctx: Context) -> date:
        """Refuses the past."""
        if when.day < ctx.now.astimezone(ctx.zone).date():
            raise Refusal("date-past", day=when.day)
        return when.day


class PatternReader(Reader):
    """A recurrence: `jeden 2. Dienstag im Monat 10:00-11:30`."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses patterns without a time and days that do not exist."""
        plain = [part for word in words for part in _pieces(word)]
        try:
            found = read_pattern(plain)
        except MissingTime:
            raise Refusal("pattern-time-missing") from None
        except ImpossibleDate as error:
            raise Refusal("date-impossible", written=error.text) from None
        return None if found is None else (found[0], _words_for(words, found[1]))


class SlotReader(Reader):
    """One date as far as it was typed: `8.12. 10:00-11:30`, a day alone, times alone; the handler fills in the rest."""

    bare = True

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses days that do not exist and an end before the start; a quoted phrase behind is no part of it."""
        plain = _pieces(words[0]) if words else []
        for word in words[1:]:
            plain += [""] if word.quoted else _pieces(word)
        try:
            found = read_slot(plain, today=ctx.now, zone=ctx.zone)
        except ImpossibleDate as error:
            raise Refusal("date-impossible", written=error.text) from None
        return None if found is None else (found[0], _words_for(words, found[1]))


def _is_mark(char: str) -> bool:
    """Whether it belongs to the letter before it, in scripts that have no letter for both."""
    return unicodedata.category(char).startswith("M")


def _ahead(at: datetime, ctx: Context) -> datetime:
    if at <= ctx.now:
        raise Refusal("date-past", day=at.astimezone(ctx.zone).date())
    return at.astimezone(UTC)


def _pieces(word: Word) -> list[str]:
    return word.text.split() or [""]


def _words_for(words: Sequence[Word], pieces: int) -> int:
    taken = 0
    while pieces > 0:
        pieces -= len(_pieces(words[taken]))
        taken += 1
    return taken


def fitting(text: str, limit: int = MAX_TEXT) -> str:
    """Return the text; refuses what is longer than a message on a phone should be, or than its own limit."""
    if len(text) > limit:
        raise Refusal("text-too-long", length=len(text), limit=limit)
    return text


async def _replied_resolution(ctx: Context) -> Resolution | None:
    """The resolution that the message replied to is about, or what somebody said to it."""
    noun, number = ctx.replied or ("", 0)
    if noun == Voice.noun:
        said = await resolutions.voice(ctx.tx, number)
        return await resolutions.by_id(ctx.tx, said.resolution_id) if said else None
    return await resolutions.by_id(ctx.tx, number) if noun == Resolution.noun else None


async def _member(written: str, ctx: Context) -> Name:
    places = await rooms.rooms_of(ctx.tx, ctx.sender) if ctx.room.kind == RoomKind.DIRECT else [ctx.room]
    meant = {one.user_id: one for one in await rooms.find_members(ctx.tx, places, written)}
    found = [one for one in meant.values() if one.user_id not in ctx.setup.nobody]
    if len(found) == 1:
        return Name(found[0].user_id, found[0].name)
    if found:
        raise Refusal("member-ambiguous", written=written, found=[one.user_id for one in found])
    raise Refusal("member-unknown", written=written)


BUILTIN: dict[Any, Reader] = {str: Text(), int: Number()}

Deadline = Annotated[datetime, DeadlineReader()]
Start = Annotated[datetime, StartReader()]
Day = Annotated[date, DayReader()]
Recurring = Annotated[Pattern, PatternReader()]
DateSlot = Annotated[Slot, SlotReader()]
People = Annotated[list[Name], Members()]
NamedPeople = Annotated[list[Name], Members(loose=True)]
TagWords = Annotated[list[str], Tags()]
GroupName = Annotated[Room, Group()]
Link = Annotated[str, LinkReader()]
ZoneName = Annotated[str, Zone()]
WhichResolution = Annotated[ResolutionName, ResolutionReader()]
LetteredResolution = Annotated[ResolutionName, ResolutionReader(strict=True)]
NamedResolution = Annotated[ResolutionName, ResolutionReader(reply=False)]
