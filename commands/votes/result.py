"""What a count decides: shares and bars, quorum and majority, the winner, ties by name, rankings."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from commands.kit.words import normalise
from storage.polls import Majority, Poll, PollKind, Suffrage

BAR_CELLS = 10
ABSTENTIONS = {"enthaltung", "enthaltungen", "enthalte mich", "abstain", "abstention", "abstentions"}
QUORUM = re.compile(r"(\d{1,6}) ?(%?)")
MAJORITIES = {Majority.ABSOLUTE: Fraction(1, 2), Majority.TWO_THIRDS: Fraction(2, 3)}
WITH_MAJORITY = (PollKind.SINGLE, PollKind.MULTIPLE)

Verdict = Literal["nobody", "no-quorum", "no-majority", "tie", "won"]


class Interval(NamedTuple):
    """A proposed date, aware UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class OptionCount:
    """One option: its votes (points of a ranking, yes of a date poll), and how many can make a date if need be.

    `share` is 0 to 1, `bar` ten block characters at full share; `date` is what a date poll proposes instead of `text`.
    """

    number: int
    text: str
    votes: int
    share: float
    bar: str
    maybe: int = 0
    date: Interval | None = None


class RoomCount(NamedTuple):
    """How the people of one room voted; who is in several rooms counts in each of them."""

    room_id: int
    votes: Sequence[int]
    voters: int
    eligible: int


class NamedVote(NamedTuple):
    """A vote by name: for which municipality (None: the person), by whom, and points per option."""

    town: str | None
    people: Sequence[str]
    choices: dict[int, int]


@dataclass(frozen=True, slots=True)
class Result:
    """How a poll stands, or ended. `sealed`: it is hidden and still open, so that no option's votes are known."""

    options: Sequence[OptionCount]
    voters: int
    eligible: int
    sealed: bool
    conflicts: Sequence[tuple[str, Sequence[str]]]
    rooms: Sequence[RoomCount]
    names: Sequence[NamedVote]
    verdict: Verdict
    leaders: Sequence[OptionCount]
    needed: int | None
    points: bool = False
    pulse: bool = False
    by_town: bool = False

    @property
    def cast(self) -> int:
        """What the votes of an option are a part of: all votes, in a ranking all points."""
        return sum(one.votes for one in self.options) if self.points else self.voters

    @property
    def turnout(self) -> float:
        """The share of those entitled to vote who did, 0 to 1."""
        return min(self.voters / self.eligible, 1.0) if self.eligible else 0.0

    @property
    def all_voted(self) -> bool:
        """Whether there is nobody left whose vote is missing."""
        return 0 < self.eligible <= self.voters

    @property
    def ranking(self) -> Sequence[OptionCount]:
        """The options, the best first; of equal ones the first in the poll."""
        return sorted(self.options, key=_worth, reverse=True)

    @property
    def mean(self) -> float | None:
        """The average step of a pulse, 1 to 5; None while nobody has voted."""
        total = sum(one.votes for one in self.options)
        return sum(one.number * one.votes for one in self.options) / total if total else None


def result_of(poll: Poll, tally: dict[str, Any] | None = None) -> Result:
    """Return how a poll stands by this tally, or by the one that it keeps."""
    kept = poll.outcome if tally is None else tally
    sealed = bool(kept.get("sealed"))
    voters, eligible = kept.get("voters", 0), kept.get("eligible", 0)
    options = _options(poll, kept, voters)
    needed = quorum_needed(poll.quorum, eligible)
    contenders = [one for one in options if not is_abstention(poll, one.number)]
    leaders = _leaders(contenders)
    abstained = sum(one.votes for one in options) - sum(one.votes for one in contenders)
    return Result(
        options=options,
        voters=voters,
        eligible=eligible,
        sealed=sealed,
        conflicts=[(town, people) for town, people in kept.get("conflicts", ())],
        rooms=[RoomCount(*row) for row in kept.get("rooms", ())],
        names=[_named(*row) for row in kept.get("names", ())],
        verdict=_verdict(poll, leaders, voters, abstained, needed),
        leaders=leaders,
        needed=needed,
        points=poll.kind == PollKind.RANKING,
        pulse=poll.kind == PollKind.PULSE,
        by_town=counts_municipalities(poll),
    )


def read_quorum(text: str) -> str | None:
    """Return a quorum as polls keep it, `50%` or `12`; None for what is none (0, more than 100 %)."""
    match = QUORUM.fullmatch(text.strip())
    if match is None or int(match[1]) == 0 or (match[2] and int(match[1]) > 100):  # noqa: PLR2004 - per cent
        return None
    return f"{int(match[1])}{match[2]}"


def quorum_needed(quorum: str | None, eligible: int) -> int | None:
    """Return how many must vote; a percentage of those entitled is rounded up, and somebody must in any case."""
    if quorum is None:
        return None
    if quorum.endswith("%"):
        return max(math.ceil(Fraction(int(quorum[:-1]) * eligible, 100)), 1)
    return int(quorum)


def interval(text: str) -> Interval:
    """Return the date that an option of a date poll stands for."""
    first, _, last = text.partition("/")
    return Interval(datetime.fromisoformat(first), datetime.fromisoformat(last))


def is_abstention(poll: Poll, number: int) -> bool:
    """Whether this option is an abstention: it counts for turnout and quorum, but neither wins nor weighs."""
    single = poll.kind == PollKind.SINGLE
    return single and normalise(poll.options[number - 1]) in ABSTENTIONS and len(poll.options) > 2  # noqa: PLR2004


def _options(poll: Poll, kept: dict[str, Any], voters: int) -> list[OptionCount]:
    count = len(poll.options)
    votes: Sequence[int] = kept.get("votes") or [0] * count
    maybe: Sequence[int] = kept.get("maybe") or [0] * count
    base = sum(votes) if poll.kind == PollKind.RANKING else voters
    dates = poll.kind == PollKind.DATE
    return [
        _option(number, text, votes[number - 1], maybe[number - 1], base, interval(text) if dates else None)
        for number, text in enumerate(poll.options, start=1)
    ]


def _option(number: int, text: str, votes: int, maybe: int, base: int, date: Interval | None) -> OptionCount:
    share = votes / base if base else 0.0
    filled = round(share * BAR_CELLS)
    return OptionCount(number, text, votes, share, "█" * filled + "░" * (BAR_CELLS - filled), maybe, date)


def _worth(option: OptionCount) -> tuple[int, int]:
    """Of dates the one that most can make is the best, and of those the one that suits most."""
    return (option.votes + option.maybe, option.votes)


def _leaders(options: Sequence[OptionCount]) -> Sequence[OptionCount]:
    """All options that share first place; none while nobody has chosen any."""
    best = max(map(_worth, options), default=(0, 0))
    return [option for option in options if best > (0, 0) and _worth(option) == best]


def _verdict(poll: Poll, leaders: Sequence[OptionCount], voters: int, abstained: int, needed: int | None) -> Verdict:
    if not voters:
        return "nobody"
    if needed is not None and voters < needed:
        return "no-quorum"
    if poll.majority != Majority.SIMPLE and not _reaches(poll.majority, leaders, voters - abstained):
        return "no-majority"
    return "won" if len(leaders) == 1 else "tie"


def _reaches(majority: str, best: Sequence[OptionCount], base: int) -> bool:
    """Absolute is more than half of the votes cast, abstentions left out; two thirds is at least that."""
    if len(best) != 1 or not base:
        return False
    share = Fraction(best[0].votes, base)
    least = MAJORITIES[Majority(majority)]
    return share > least if majority == Majority.ABSOLUTE else share >= least


def _named(town: str | None, people: Sequence[str], choices: dict[str, int]) -> NamedVote:
    return NamedVote(town, people, {int(number): points for number, points in choices.items()})


def counts_municipalities(poll: Poll) -> bool:
    """Whether every municipality has one vote, instead of every person."""
    return poll.suffrage == Suffrage.MUNICIPALITY
