"""Pure rules of who comes to a date: how many answered what, and by which municipality."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.kit.words import normalise
from storage.rsvps import Answer, Answered


@dataclass(frozen=True, slots=True)
class Tally:
    """How many answered what to a date; `towns` counts the municipalities of those who accepted."""

    accepted: int = 0
    towns: int = 0
    declined: int = 0
    tentative: int = 0

    @property
    def answered(self) -> int:
        """How many answered at all."""
        return self.accepted + self.declined + self.tentative


NOBODY = Tally()


def tally(answers: Sequence[Answered]) -> Tally:
    """Count answers, one of each person."""
    accepted, declined, tentative = (of_kind(answers, one) for one in Answer)
    towns = {one.town for one in accepted if one.town is not None}
    return Tally(len(accepted), len(towns), len(declined), len(tentative))


def of_kind(answers: Sequence[Answered], kind: Answer) -> list[Answered]:
    """Return those who gave this answer, by name."""
    return sorted((one for one in answers if one.answer == kind), key=lambda one: (normalise(one.name), one.user_id))


def by_town(answers: Sequence[Answered]) -> list[tuple[str | None, list[Answered]]]:
    """Return people by their municipality, umlauts where ae, oe, ue stand; last those who stand for none."""
    towns = sorted({one.town for one in answers if one.town is not None}, key=normalise)
    grouped = [(town, [one for one in answers if one.town == town]) for town in (*towns, None)]
    return [(town, people) for town, people in grouped if people]
