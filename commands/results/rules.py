"""How a result is written: its words, the address at their end, and which instants a year has."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from commands.kit.links import LONGEST_LINK, is_link

AROUND = "<>[]„“”\"'‚‘’"
BEFORE = " :,;–-"
LIKE_A_NUMBER = re.compile(r"E?[0-9]{1,9}[.,:]?", re.IGNORECASE)
FIRST_YEAR, LAST_YEAR = 1970, 9998


class Wording(NamedTuple):
    """What was achieved, and the address under which it can be seen; either may be left unsaid."""

    text: str | None
    link: str | None


def address(word: str) -> str | None:
    """Return the address that a word is, without what punctuation puts around it."""
    bare = word.rstrip(".,;").strip(AROUND)
    if bare.startswith("("):
        bare = bare.strip("()")
    return bare if is_link(bare) and len(bare) <= LONGEST_LINK else None


def parted(words: Sequence[str]) -> tuple[int, str | None]:
    """Return how many of the words are the text, and the address behind them."""
    link = address(words[-1]) if words else None
    return len(words) - (link is not None), link


def trimmed(text: str) -> str:
    """Return words without what led over to the address behind them."""
    return text.rstrip(BEFORE)


def of_message(text: str) -> Wording:
    """Return the result that a message tells, in one line."""
    words = text.split()
    number, link = parted(words)
    said = " ".join(words[:number])
    return Wording((trimmed(said) if link else said) or None, link)


def is_number(text: str) -> bool:
    """Whether a text is no result but what one is called (`E3`, `3`)."""
    return LIKE_A_NUMBER.fullmatch(text.strip()) is not None


def year_window(year: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a year begins and ends by the clocks of a zone; years that no calendar shows hold nothing."""
    shown = min(max(year, FIRST_YEAR), LAST_YEAR)
    begins, ends = (datetime(one, 1, 1, tzinfo=zone).astimezone(UTC) for one in (shown, shown + 1))
    return begins, ends
