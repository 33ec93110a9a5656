"""Counting: which ballots count, how many each option has, and who won."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

BAR_CELLS = 10


class Cast(NamedTuple):
    """One ballot: who, which option (from 1; 0 takes the vote back), when by the server's clock."""

    user_id: str
    choice: int
    cast_at: datetime


@dataclass(frozen=True, slots=True)
class OptionCount:
    """One option's share of the votes; `share` is 0 to 1, `bar` ten block characters at full share."""

    number: int
    text: str
    votes: int
    share: float
    bar: str


@dataclass(frozen=True, slots=True)
class Tally:
    """The state of a poll: counts per option in their order, and the options with the most votes."""

    options: tuple[OptionCount, ...]
    voters: int
    eligible: int

    @property
    def winners(self) -> tuple[OptionCount, ...]:
        """All options that share first place; none while nobody has voted."""
        most = max(option.votes for option in self.options)
        return tuple(option for option in self.options if most and option.votes == most)

    @property
    def turnout(self) -> float:
        """The share of those entitled to vote who did, 0 to 1."""
        return min(self.voters / self.eligible, 1.0) if self.eligible else 0.0


def tally(options: Sequence[str], casts: Iterable[Cast], eligible: int) -> Tally:
    """Count one ballot per person: the latest by the server's clock (of two at the same instant the later given)."""
    latest: dict[str, Cast] = {}
    for cast in casts:
        before = latest.get(cast.user_id)
        if before is None or cast.cast_at >= before.cast_at:
            latest[cast.user_id] = cast
    counts = Counter(cast.choice for cast in latest.values() if cast.choice)
    voters = counts.total()
    return Tally(
        tuple(_count(number, text, counts[number], voters) for number, text in enumerate(options, start=1)),
        voters,
        max(eligible, voters),
    )


def _count(number: int, text: str, votes: int, voters: int) -> OptionCount:
    share = votes / voters if voters else 0.0
    filled = round(share * BAR_CELLS)
    return OptionCount(number, text, votes, share, "█" * filled + "░" * (BAR_CELLS - filled))
