"""How an agenda item is typed: a title and how many minutes it may take, in either order."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from commands.kit.words import Word

LONGEST_TITLE = 200
MOST_MINUTES = 8 * 60
MINUTES = re.compile(r"([0-9]{1,5}) ?(?:min|mins|minute|minuten|minutes|m|['’′])\.?")
HOURS = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]))? ?(?:h|std|stunde|stunden|hour|hours)\.?")
AROUND = "()[],;:–—- "
BESIDE = ",;:–—- "  # what stands between title and budget


class Typed(NamedTuple):
    """What was typed: a title (empty if there is none) and a budget in minutes, whether or not a meeting has those."""

    title: str
    budget: int | None
    quoted: bool


def read_budget(text: str) -> int | None:
    """Return the minutes that `15min`, `15 Minuten`, `1,5 h` mean; None for anything else."""
    folded = text.strip(AROUND).casefold()
    if match := MINUTES.fullmatch(folded):
        return int(match[1])
    if match := HOURS.fullmatch(folded):
        return int(match[1]) * 60 + int(match[2] or 0) * 6
    return None


def fits(budget: int) -> bool:
    """Whether a meeting can spend so many minutes on one item."""
    return 0 < budget <= MOST_MINUTES


def read_item(words: Sequence[Word]) -> Typed:
    """Return title and budget of what was typed; the budget stands at the end or at the beginning."""
    for title, budget in _splits(words):
        if any(word.quoted for word in budget):
            continue
        minutes = read_budget(" ".join(word.raw for word in budget))
        if minutes is None and len(title) == 1 and title[0].quoted:
            minutes = _number(budget)
        if minutes is not None:
            return _typed(_bare(title), minutes)
    return _typed(words, None)


def shortened(text: str) -> str:
    """Return the first line of a message as a title: what is too long ends with `…` behind a word."""
    line = next((" ".join(one.split()) for one in text.splitlines() if one.strip()), "")
    if len(line) <= LONGEST_TITLE:
        return line
    cut = line[: LONGEST_TITLE - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"


def _splits(words: Sequence[Word]) -> list[tuple[Sequence[Word], Sequence[Word]]]:
    """All ways in which the words may be a title and a budget, the budget at the end first."""
    if not words:
        return []
    return [(words[:-2], words[-2:]), (words[:-1], words[-1:]), (words[2:], words[:2]), (words[1:], words[:1])]


def _number(words: Sequence[Word]) -> int | None:
    """A number alone counts minutes, where the title is quoted."""
    text = words[0].raw.strip(AROUND) if len(words) == 1 else ""
    return int(text) if text.isdecimal() and len(text) < 6 else None  # noqa: PLR2004 - no meeting has more minutes


def _bare(title: Sequence[Word]) -> Sequence[Word]:
    """Leave out the punctuation between title and budget."""
    return [word for word in title if word.quoted or word.raw.strip(AROUND)]


def _typed(title: Sequence[Word], budget: int | None) -> Typed:
    text = title[0].text if len(title) == 1 else " ".join(word.raw for word in title)
    quoted = bool(title) and title[0].quoted
    text = " ".join(text.split())
    return Typed(text if quoted or budget is None else text.strip(BESIDE), budget, quoted)
