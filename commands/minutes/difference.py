"""What changed between two versions of minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from commands.minutes.document import Document, Entry, Topic

HEADER = ("title", "starts_at", "ends_at", "place", "link", "leads", "scribes")
Kept = TypeVar("Kept", Entry, Topic)


class Change(NamedTuple):
    """Something before and after; None where it was not, or is no more."""

    before: Any
    after: Any


class Field(NamedTuple):
    """A line of the header (`title`, `place`, …) that reads otherwise."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """What a version says otherwise than the one before: header, topics, entries, and who stands in the attendance.

    `present`, `excused`, `guests` and `unreached` name who or what was removed (before) and added (after).
    """

    header: tuple[Field, ...]
    topics: tuple[Change, ...]
    entries: tuple[Change, ...]
    present: Change
    excused: Change
    guests: Change
    unreached: Change

    @property
    def size(self) -> int:
        """How many things are different."""
        people = [*self.present, *self.excused, *self.guests, *self.unreached]
        return len(self.header) + len(self.topics) + len(self.entries) + sum(map(len, people))


def difference(old: Document, new: Document) -> Difference:
    """Return what changed from one version to the next; the order of topics and lines is no change of its own."""
    return Difference(
        header=tuple(
            Field(name, getattr(old, name), getattr(new, name))
            for name in HEADER
            if getattr(old, name) != getattr(new, name)
        ),
        topics=_changes(_topics(old), _topics(new)),
        entries=_changes(_entries(old), _entries(new)),
        present=_moved(_names(old), _names(new)),
        excused=_moved(old.attendance.excused, new.attendance.excused),
        guests=_moved(old.attendance.guests, new.attendance.guests),
        unreached=_moved(old.unreached, new.unreached),
    )


def _topics(document: Document) -> dict[str, Topic]:
    """The topics by their keys, as far as they are compared: by their titles."""
    return {topic.key: replace(topic, entries=(), number=0) for topic in document.titled}


def _entries(document: Document) -> dict[str, Entry]:
    return {entry.key: entry for entry in document.entries}


def _names(document: Document) -> list[str]:
    return [f"{one.name} ({one.town})" if one.town else one.name for one in document.attendance.present]


def _changes(old: Mapping[str, Kept], new: Mapping[str, Kept]) -> tuple[Change, ...]:
    """Return what is gone, then what is new or other."""
    gone = tuple(Change(one, None) for key, one in old.items() if key not in new)
    return gone + tuple(Change(old.get(key), one) for key, one in new.items() if old.get(key) != one)


def _moved(old: Sequence[str], new: Sequence[str]) -> Change:
    return Change(tuple(one for one in old if one not in new), tuple(one for one in new if one not in old))
