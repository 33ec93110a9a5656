"""What counts when a resolution goes round, what a poll decides, and what a resolution may be called."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from commands.kit.words import normalise
from commands.kit.workdays import holiday_name, is_working_day, next_working_day
from commands.votes.electorate import Electorate
from commands.votes.result import Result
from storage.polls import PollKind
from storage.resolutions import ResolutionState, Voice

LIKE_A_NAME = re.compile(r"(?:B[ ‐‑–-]?)?(?:[0-9]{4}[ ‐‑–-])?[0-9]{1,6}-?", re.IGNORECASE)
YES, NO = ("ja", "yes"), ("nein", "no")
OPTIONS: Mapping[str, Sequence[str]] = {
    "de": ("Ja", "Nein", "Enthaltung"),
    "en": ("Yes", "No", "Abstention"),
}
IN_FAVOUR = 1  # the number of yes among them
WORDED = (PollKind.SINGLE, PollKind.MULTIPLE, PollKind.RANKING)  # options whose words say what is decided


class Objection(NamedTuple):
    """An objection that stands: whose, for which municipality as far as it is known, and why."""

    user_id: str
    town: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """How a circulation stands: how many may speak, who agreed, and the objections, oldest first."""

    eligible: int
    agreed: int
    objections: Sequence[Objection]

    @property
    def silent(self) -> int:
        """How many said nothing, or took back what they said."""
        return self.eligible - self.agreed - len(self.objections)

    @property
    def state(self) -> ResolutionState:
        """What it comes to if it ends so: silence is consent, but there must be somebody who could have spoken."""
        return ResolutionState.ADOPTED if self.eligible and not self.objections else ResolutionState.REJECTED

    @property
    def outcome(self) -> dict[str, Any]:
        """What is recorded of it."""
        objections = [list(one) for one in self.objections]
        return {"eligible": self.eligible, "agreed": self.agreed, "silent": self.silent, "objections": objections}


def latest(voices: Iterable[Voice]) -> dict[str, Voice]:
    """Return the last word of each person by the server's clock; whoever took that back stands there as withdrawn."""
    return {one.user_id: one for one in sorted(voices, key=lambda one: (one.said_at, one.id))}


def count(voices: Iterable[Voice], electorate: Electorate) -> Count:
    """Count the last word of everybody who may speak; taking it back leaves silence, not what was said before."""
    valid = [one for user, one in latest(voices).items() if one.withdrawn_at is None and user in electorate.voters]
    against = sorted((one for one in valid if one.objects), key=lambda one: (one.said_at, one.id))
    objections = [Objection(one.user_id, town_of(one.user_id, electorate), one.reason or "") for one in against]
    return Count(len(electorate.voters), len(valid) - len(against), objections)


def town_of(user_id: str, electorate: Electorate) -> str | None:
    """Return the name of the municipality that somebody who may speak stands for."""
    voter = electorate.voters.get(user_id)
    return electorate.towns[voter.town].name if voter and voter.town is not None else None


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day that is no working day: the holiday's name (None on a weekend), and the next working day."""

    day: date
    holiday: str | None
    following: date


def day_off(day: date, language: str) -> DayOff | None:
    """Return why nothing can end on that day; None on a working day."""
    if is_working_day(day):
        return None
    return DayOff(day, holiday_name(day, language), next_working_day(day))


def looks_like_a_name(text: str) -> bool:
    """Whether a text is no resolution but what one is called (`B14`, `B-2026`, `14`)."""
    return LIKE_A_NAME.fullmatch(text.strip()) is not None


def turned(result: Result) -> ResolutionState:
    """Return what a poll with a winner decides: a no rejects what was asked."""
    return ResolutionState.REJECTED if normalise(result.leaders[0].text) in NO else ResolutionState.ADOPTED


def wording(question: str, result: Result) -> str:
    """Return the text of what a poll decided: the question, and the winner unless that is a yes or a no."""
    winner = result.leaders[0].text
    if normalise(winner) in (*YES, *NO):
        return question
    return f"{question} {winner}" if question.endswith("?") else f"{question}: {winner}"
