"""How much room what a digest says takes: lines on a screen, and bytes of an event."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from typing import NamedTuple, TypeVar

from markupsafe import escape

from commands.chronicle.content import (
    DigestContent,
    GroupDigest,
    ItemFact,
    ItemWords,
    MeetingFact,
    PollFact,
    ResolutionFact,
    ResultFact,
)
from commands.digests.alerts import AlertContent

SHOWN = 5  # entries of a section
NAMES = 5  # groups that are told of in the thread
LONGEST = 65  # characters of a text
LONGEST_NAME = 40  # of a person, a municipality, an option of a poll, a group in the thread
LONGEST_HIGHLIGHT = 205
LONGEST_HEADING = 250  # the name of a group
FEW = 4  # people, options

ENTRY, LINE, NUMBERS = 450, 250, 700  # bytes besides the words of others: markup, dates and numbers, in both forms
ELLIPSIS = 20
Entry = PollFact | ItemFact | ResolutionFact | MeetingFact | ResultFact
Some = TypeVar("Some")


class Size(NamedTuple):
    """Lines, if none is too long for the screen, and at most so many bytes: HTML and plain text, as JSON."""

    lines: int
    bytes: int

    def fits(self, free: "Size") -> bool:
        """Whether this is no more than that."""
        return self.lines <= free.lines and self.bytes <= free.bytes

    def less(self, taken: "Size") -> "Size":
        """Return what is left."""
        return Size(self.lines - taken.lines, self.bytes - taken.bytes)


def size_of(group: GroupDigest, shown: int, words: Mapping[int, ItemWords]) -> Size:
    """Return the size of a group of which the first `shown` entries of each section are told."""
    if group.counts_only:
        return Size(1, NUMBERS + _cost(group.name, LONGEST_HEADING))
    rest = (group.running, group.meetings, group.coming, group.results)
    sections: list[tuple[Iterable[Entry], int]] = [(one, len(one)) for one in rest if one]
    sections += [(one.entries, one.total) for one in group.items if one.total]
    # What was decided by resolutions and by polls stands under one heading, each with its own first entries.
    decided: list[tuple[Iterable[Entry], int]] = [(one, len(one)) for one in (group.resolved, group.decided) if one]
    entries = [entry for some, _ in (*sections, *decided) for entry in _first(some, shown)]
    headings = len(sections) + bool(decided) + group.none_overdue_any_more
    cut = sum(total > shown for _, total in (*sections, *decided))
    told = sum(ENTRY + _words(entry, words) for entry in entries)
    lines = headings + cut
    return Size(1 + lines + len(entries), _cost(group.name, LONGEST_HEADING) + LINE * (1 + lines) + told)


def head_of(content: DigestContent, alerts: AlertContent | None, shown: int) -> Size:
    """Return the size of what stands on the first screen besides the groups, however many of them go on below.

    Of highlights and of each kind of alerts it shows the first `shown` and the number of the others.
    """
    names = sorted(_cost(group.name, LONGEST_NAME) for group in content.groups)
    points = _first(content.highlights, shown)
    kinds = [] if alerts is None else [alerts.groups, alerts.items, alerts.towns, alerts.requests]
    warnings = [(_first(one, shown), len(one)) for one in kinds if one]
    lines = 5 + bool(content.highlights) + len(points) + (len(content.highlights) > shown) + bool(warnings)
    lines += sum(1 + len(some) + (total > shown) for some, total in warnings)
    told = sum(_cost(one.text, LONGEST_HIGHLIGHT) for one in points)
    told += sum(LINE + _all_words(entry) for some, _ in warnings for entry in some)
    return Size(lines, LINE * lines + sum(names[-NAMES:]) + told)


def _first(some: Iterable[Some], shown: int) -> list[Some]:
    return list(some)[:shown]


def _words(entry: Entry, words: Mapping[int, ItemWords]) -> int:
    """What the words of others in an entry cost."""
    if isinstance(entry, ItemFact):
        said = words.get(entry.id)
        return 0 if said is None else _cost(said.text) + _names(said.assignees) + _way(said.link)
    if isinstance(entry, PollFact):
        options = [one.text for one in entry.result.leaders] if entry.closed_at else []
        return _cost(entry.question) + _names(options) + _way(entry.link)
    if isinstance(entry, MeetingFact):
        told = _cost(entry.title) + _cost(entry.name) + _cost(entry.reason or "")
        return told + _way(entry.link) + _way(entry.minutes_link)
    if isinstance(entry, ResultFact):
        return _cost(entry.text) + _way(entry.link) + _way(entry.address)
    return _cost(entry.text) + _way(entry.link)


def _all_words(entry: object) -> int:
    """What all words of an entry cost, if texts are cut and links are not."""
    texts = [one for one in astuple(entry) if isinstance(one, str)]  # type: ignore[call-overload]
    return sum(_way(one) if one.startswith("https://") else _cost(one) for one in texts)


def _names(found: Iterable[str]) -> int:
    return sum(_cost(one, LONGEST_NAME) for one in _first(found, FEW))


def _cost(text: str, most: int = LONGEST) -> int:
    return 2 * _bytes(text[:most]) + (ELLIPSIS if len(text) > most else 0)


def _way(link: str | None) -> int:
    """The plain text leaves links into rooms out."""
    if link is None:
        return 0
    return _bytes(link) * (1 if link.startswith("https://matrix.to/") else 2)


def _bytes(text: str) -> int:
    return len(json.dumps(str(escape(text)))) - 2
