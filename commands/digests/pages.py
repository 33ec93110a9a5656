"""How a digest is laid out: what fits on the first screen, and what goes on in the thread below."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from commands.chronicle.content import DigestContent, GroupDigest, ItemWords
from commands.digests.alerts import AlertContent
from commands.digests.sizes import LONGEST_NAME, NAMES, SHOWN, Size, head_of, size_of
from commands.digests.weeks import days_of
from commands.kit.say import Say
from storage.base import Subject

LINES = 35  # of one message, its heading and its last line included
LARGEST = 20_000  # bytes of a message's texts: an edit has them twice, encryption adds a third, and an event has 65,536
PAGE = Size(LINES, LARGEST)
GROUP = Size(LINES - 5, LARGEST - 4_000)  # a group that fits on the first screen
MOST = 20  # messages that anybody reads
NOTHING = Size(0, 0)


@dataclass(frozen=True, slots=True)
class Part:
    """One group on a page; of each section the first `shown` entries and the number of the others."""

    group: GroupDigest
    shown: int
    size: Size


def pages(
    groups: Iterable[GroupDigest], words: Mapping[int, ItemWords], head: Size = NOTHING
) -> Sequence[Sequence[Part]]:
    """Lay out the groups in their order, split only between groups; no page is larger than PAGE.

    On the first page `head` is taken already, so that there may be no group on it.
    """
    found: list[list[Part]] = [[]]
    free = PAGE.less(head)
    for group in groups:
        part = _fitted(group, words)
        if not part.size.fits(free):
            found.append([])
            free = PAGE
        found[-1].append(part)
        free = free.less(part.size)
    return found


def _fitted(group: GroupDigest, words: Mapping[int, ItemWords]) -> Part:
    """A group of which everything is long shows fewer entries of each section, or numbers only."""
    for shown in range(SHOWN, 0, -1):
        size = size_of(group, shown, words)
        if size.fits(GROUP):
            return Part(group, shown, size)
    numbers = group.in_numbers()
    return Part(numbers, 0, size_of(numbers, 0, words))


def readable(content: DigestContent) -> DigestContent:
    """Return the same, but each group in numbers where all that is to be said would make too long a thread."""
    return content if len(pages(content.groups, {})) <= MOST else _in_numbers(content)


def _in_numbers(content: DigestContent) -> DigestContent:
    return replace(content, groups=tuple(group.in_numbers() for group in content.groups))


def said(
    content: DigestContent,
    words: Mapping[int, ItemWords],
    zone: ZoneInfo,
    *,
    late: bool = False,
    about: Subject | None = None,
    alerts: AlertContent | None = None,
    inside: bool = False,
) -> Say | None:
    """Return the message with its thread; None where there is nothing to say. Nobody is mentioned.

    `alerts` are for coordinators. `inside`: it stays in this room, and other rooms are told numbers only.
    """
    alerts = None if alerts is None or alerts.is_empty else alerts
    if content.is_empty and alerts is None:
        return None
    whole, content = content, readable(content)
    sizes = {shown: head_of(content, alerts, shown) for shown in range(SHOWN, -1, -1)}
    most = next((shown for shown, size in sizes.items() if size.fits(PAGE)), 0)
    laid_out = pages(content.groups, words, sizes[most])
    if len(laid_out) > MOST:
        content = _in_numbers(content)
        laid_out = pages(content.groups, words, sizes[most])
    thread = None
    for page in reversed(laid_out[1:]):
        thread = Say(key="digest-more", data={"parts": page, "words": words}, thread=thread)
    first, last = days_of(content.since, content.until, zone)
    later = [_cut(part.group.name) for page in laid_out[1:] for part in page]
    data = {
        "first": first,
        "last": last,
        "until": content.until,
        "late": late,
        "highlights": content.highlights,
        "alerts": alerts,
        "most": most,
        "parts": laid_out[0],
        "words": words,
        "later": later[:NAMES],
        "more_later": len(later[NAMES:]),
        "inside": inside,
        "brief": content.groups != whole.groups,
    }
    return Say(key="digest", data=data, about=about, thread=thread)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
