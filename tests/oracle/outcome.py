"""What came of a meeting, as a value that does not know which bot took the minutes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that stands in the minutes: what it is, its words, and who said it."""

    kind: str
    text: str
    who: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and what stands under it, in order; what came before the first topic has no title."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do, and by whom."""

    text: str
    owners: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The minutes of a meeting: topics with what was said, decided and handed out, and who was there.

    `resolutions` are pairs of adopted, rejected or postponed and the words. People stand by the names they have in
    the room.
    """

    topics: tuple[Topic, ...]
    resolutions: tuple[tuple[str, str], ...]
    actions: tuple[Action, ...]
    present: frozenset[str]

    def lines(self) -> list[str]:
        """Return all of it, line by line, so that two of them can be laid side by side."""
        lines = []
        for topic in self.topics:
            lines.append(f"# {topic.title}")
            lines += [f"{one.kind}: {one.text} ({one.who})" for one in topic.entries]
        lines += [f"{state}: {text}" for state, text in self.resolutions]
        lines += [f"{action.text} → {', '.join(sorted(action.owners))}" for action in self.actions]
        return [*lines, f"present: {', '.join(sorted(self.present))}"]


def plain(text: str) -> str:
    """Return the words with one space between them."""
    return " ".join(text.split())
