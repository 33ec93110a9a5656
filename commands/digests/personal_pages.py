"""How the personal digest is laid out: one screen first, the rest in the thread below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.digests.personal import Entry, PersonalContent
from commands.kit.say import Say

SHOWN = 5  # entries of a section on the first screen
LINES = 35  # of one message
AROUND = 4  # heading, what waits for coordinators, where it goes on
MOST = 100  # entries of a section in all


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries of one section; `more` says how many of it follow in the thread or stand nowhere."""

    kind: str
    entries: tuple[Entry, ...]
    more: int = 0

    @property
    def lines(self) -> int:
        """How many lines it takes: its title, its entries, and how many there are besides."""
        return 1 + len(self.entries) + (self.more > 0)


def pages(sections: Mapping[str, tuple[Entry, ...]]) -> list[list[Part]]:
    """Lay out the sections in their order: the first entries of each, then what is left; no page is too long."""
    cuts = ([_cut(kind, entries, n) for kind, entries in sections.items()] for n in range(SHOWN, 0, -1))
    first = next((parts for parts in cuts if sum(part.lines for part in parts) <= LINES - AROUND), [])
    found = [first]
    free = 0
    for part in first:
        rest = sections[part.kind][len(part.entries) : MOST]
        beyond = len(sections[part.kind][MOST:])
        while rest:
            if free < 3:  # noqa: PLR2004 - a title, an entry, and how many there are besides
                found.append([])
                free = LINES - AROUND
            here, rest = rest[: free - 2], rest[free - 2 :]
            found[-1].append(Part(part.kind, here, 0 if rest else beyond))
            free -= found[-1][-1].lines
    return found


def _cut(kind: str, entries: tuple[Entry, ...], shown: int) -> Part:
    """The first entries; a last one takes no more room than to say that there is one."""
    whole = len(entries) <= shown + 1
    return Part(kind, entries) if whole else Part(kind, entries[:shown], len(entries) - shown)


def said(content: PersonalContent, now: datetime, *, mention: tuple[str, ...] = ()) -> Say:
    """Return the message with its thread."""
    first, *more = pages(content.sections)
    thread = _thread(more)
    data = {"now": now, "parts": first, "held": content.held, "further": bool(more)}
    return Say(key="digest-personal", data=data, mention=mention, thread=thread)


def _thread(pages: Sequence[Sequence[Part]]) -> Say | None:
    return Say(key="digest-personal-more", data={"parts": pages[0]}, thread=_thread(pages[1:])) if pages else None
