"""How a digest is laid out: what fits on the first screen, and what goes on in the thread below."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from commands.chronicle.content import DigestContent, GroupDigest, ItemWords
from commands.digests.alerts import AlertContent
from commands.digests.weeks import days_of
from commands.kit.say import Say
from storage.base import Subject

SHOWN = 5  # entries of a section
LINES = 35  # of one message, its heading and its last line included
AROUND = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One group on a page; of each section the first `shown` entries and the number of the others."""

    group: GroupDigest
    shown: int

    @property
    def lines(self) -> int:
        """How many lines it takes, if none is too long for the screen."""
        group = self.group
        others = (group.decided, group.running, group.resolved, group.results, group.meetings, group.coming)
        lengths = [*map(len, others), *(section.total for section in group.items)]
        sections = [length for length in lengths if length]
        entries = sum(min(length, self.shown) + (length > self.shown) for length in sections)
        return 1 + len(sections) + entries + self.group.none_overdue_any_more


def pages(groups: Iterable[GroupDigest], taken: int = 0) -> Sequence[Sequence[Part]]:
    """Lay out the groups in their order, split only between groups; no page is longer than LINES.

    On the first page so many lines are `taken`; it may be left without a group.
    """
    found: list[list[Part]] = [[]] if taken else []
    free = LINES - AROUND - taken if taken else 0
    for group in groups:
        part = _fitted(group)
        if part.lines > free:
            found.append([])
            free = LINES - AROUND
        found[-1].append(part)
        free -= part.lines
    return found


def _fitted(group: GroupDigest) -> Part:
    """A group of which everything is long shows fewer entries of each section."""
    parts = [Part(group, shown) for shown in range(SHOWN, 0, -1)]
    return next((part for part in parts if part.lines <= LINES - AROUND), parts[-1])


def said(
    content: DigestContent,
    words: Mapping[int, ItemWords],
    zone: ZoneInfo,
    *,
    alerts: AlertContent | None = None,
    late: bool = False,
    about: Subject | None = None,
) -> Say | None:
    """Return the message with its thread; None where there is nothing to say. Nobody is mentioned."""
    if not content.groups and (alerts is None or alerts.is_empty):
        return None
    laid_out = pages(content.groups, alerts.lines if alerts else 0)
    thread = None
    for page in reversed(laid_out[1:]):
        thread = Say(key="digest-more", data={"parts": page, "words": words}, thread=thread)
    first, last = days_of(content.since, content.until, zone)
    data = {
        "first": first,
        "last": last,
        "until": content.until,
        "late": late,
        "alerts": alerts,
        "parts": laid_out[0],
        "words": words,
        "later": [part.group.name for page in laid_out[1:] for part in page],
    }
    return Say(key="digest", data=data, about=about, thread=thread)
