"""Minutes as a value: all that stands in them, in no language yet, and as JSON that is kept for ever."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from storage.minutes import LineKind

RESOLUTION, ACTION = "resolution", "action"
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Vote:
    """How a resolution was voted on: votes per option, and how many of those entitled took part."""

    poll: str
    options: tuple[tuple[str, int], ...]
    voters: int
    eligible: int


@dataclass(frozen=True, slots=True)
class Decision:
    """A resolution: its name (`B-2026-014`), its state, whether it went round by consent, and its vote."""

    name: str
    state: str
    consent: bool = False
    vote: Vote | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """An action item: its name (`A14`), state, who is to do it and the day in the group's zone."""

    name: str
    state: str
    people: tuple[str, ...] = ()
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of minutes; `kind` is that of the line, `resolution` or `action`.

    `key` names the same thing in every version. `at` is aware UTC, `by` a name, `link` the permalink of the message.
    """

    kind: str
    key: str
    text: str
    at: datetime
    by: str
    link: str = ""
    decision: Decision | None = None
    task: Task | None = None

    @property
    def url(self) -> str:
        """The address that a link leads to; empty if there is none that browsers open."""
        first = self.text.partition(" ")[0] if self.kind == LineKind.LINK else ""
        try:
            parts = urlsplit(first)
        except ValueError:
            return ""
        return first if parts.scheme in ("http", "https") and parts.hostname else ""

    @property
    def words(self) -> str:
        """What a link is called, the address itself where nothing else; of all other lines the text."""
        return self.text.removeprefix(self.url).strip() or self.text if self.url else self.text


@dataclass(frozen=True, slots=True)
class Topic:
    """What was talked about, with all that was said to it; what came before the first has no title and number 0."""

    key: str
    title: str
    at: datetime
    link: str = ""
    number: int = 0
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody who was there, and the municipality that they stand for."""

    name: str
    town: str = ""


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who was there, by name; `represented` of the group's `towns` municipalities.

    `needed` is how many must be there to decide: municipalities, or members where `towns` is 0; None: no rule.
    """

    present: tuple[Attendee, ...] = ()
    excused: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    represented: int = 0
    towns: int = 0
    needed: int | None = None

    @property
    def quorate(self) -> bool | None:
        """Whether enough were there to decide; None where the group has no rule."""
        if self.needed is None:
            return None
        return (self.represented if self.towns else len(self.present)) >= self.needed

    @property
    def by_town(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Who was there for each municipality, in their order."""
        found: dict[str, list[str]] = {}
        for one in self.present:
            if one.town:
                found.setdefault(one.town, []).append(one.name)
        return sorted(found.items(), key=lambda pair: pair[0].casefold())

    @property
    def others(self) -> Sequence[str]:
        """Who was there without standing for a municipality."""
        return [one.name for one in self.present if not one.town]


@dataclass(frozen=True, slots=True)
class Document:
    """The minutes of one meeting. Times are aware UTC, shown in `zone`; names of people are those of that time.

    `unreached` are the agenda items that the meeting did not come to.
    """

    group: str
    name: str
    title: str
    starts_at: datetime
    ends_at: datetime | None
    zone: str
    place: str = ""
    link: str = ""
    leads: tuple[str, ...] = ()
    scribes: tuple[str, ...] = ()
    attendance: Attendance = Attendance()
    topics: tuple[Topic, ...] = ()
    unreached: tuple[str, ...] = ()

    @property
    def entries(self) -> Sequence[Entry]:
        """All lines in their order."""
        return [entry for topic in self.topics for entry in topic.entries]

    @property
    def titled(self) -> Sequence[Topic]:
        """The topics that have a title."""
        return [topic for topic in self.topics if topic.title]

    @property
    def resolutions(self) -> Sequence[Entry]:
        """What was decided, rejected or postponed."""
        return [entry for entry in self.entries if entry.decision is not None]

    @property
    def actions(self) -> Sequence[Entry]:
        """What somebody is to do."""
        return [entry for entry in self.entries if entry.task is not None]

    @property
    def links(self) -> Sequence[Entry]:
        """The addresses that were noted."""
        return [entry for entry in self.entries if entry.url]

    @property
    def postponed(self) -> Sequence[str]:
        """The topics that were put off to another meeting."""
        return [entry.text for entry in self.entries if entry.kind == LineKind.POSTPONED]

    @property
    def actions_by_person(self) -> Sequence[tuple[str, Sequence[Entry]]]:
        """The action items of each person by name, those of nobody last under an empty name."""
        found: dict[str, list[Entry]] = {}
        for entry in self.actions:
            assert entry.task is not None  # noqa: S101 - that is what makes it an action item
            for person in entry.task.people or ("",):
                found.setdefault(person, []).append(entry)
        return sorted(found.items(), key=lambda pair: (not pair[0], pair[0].casefold()))


def as_json(value: object) -> Any:
    """Return a document, or a part of it, as JSON knows it: instants and days as ISO 8601."""
    if is_dataclass(value):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def from_json(data: Mapping[str, Any]) -> Document:
    """Return the document that was kept; what a later release has added has its default."""
    times = {"starts_at": _instant(data["starts_at"]), "ends_at": _instant(data["ends_at"])}
    parts = {
        "attendance": _attendance(data["attendance"]),
        "topics": tuple(map(_topic, data["topics"])),
        "unreached": tuple(data["unreached"]),
        "leads": tuple(data["leads"]),
        "scribes": tuple(data["scribes"]),
    }
    return _made(Document, data, **times, **parts)


def _attendance(data: Mapping[str, Any]) -> Attendance:
    present = tuple(_made(Attendee, one) for one in data["present"])
    return _made(Attendance, data, present=present, excused=tuple(data["excused"]), guests=tuple(data["guests"]))


def _topic(data: Mapping[str, Any]) -> Topic:
    return _made(Topic, data, at=_instant(data["at"]), entries=tuple(map(_entry, data["entries"])))


def _entry(data: Mapping[str, Any]) -> Entry:
    return _made(Entry, data, at=_instant(data["at"]), decision=_decision(data["decision"]), task=_task(data["task"]))


def _decision(data: Mapping[str, Any] | None) -> Decision | None:
    if data is None:
        return None
    vote = data["vote"]
    options = tuple((text, votes) for text, votes in vote["options"]) if vote else ()
    return _made(Decision, data, vote=_made(Vote, vote, options=options) if vote else None)


def _task(data: Mapping[str, Any] | None) -> Task | None:
    if data is None:
        return None
    due_on = date.fromisoformat(data["due_on"]) if data["due_on"] else None
    return _made(Task, data, people=tuple(data["people"]), due_on=due_on)


def _made(kind: type[Made], data: Mapping[str, Any], **parts: object) -> Made:
    return kind(**{**data, **parts})


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def one_line(text: str) -> str:
    """Return a text on one line, without what cannot be seen and turns the direction of writing around."""
    shown = (char for char in text if char.isspace() or not _is_hidden(char))
    return " ".join("".join(shown).split())


def lines_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return several texts, each on one line."""
    return tuple(map(one_line, texts))


def _is_hidden(char: str) -> bool:
    """Whether this is a control character, or one that embeds or overrides a direction (Unicode UAX 9)."""
    return char < " " or "\x7f" <= char <= "\x9f" or "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"
