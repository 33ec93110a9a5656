"""What the personal digest says: only what needs one person, from facts to a value, by rules alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from commands.votes.ballots import Choices
from commands.votes.electorate import Electorate
from commands.votes.tally import votes
from storage.polls import Suffrage

AHEAD = timedelta(days=14)  # how far what is due and what takes place reach
CALLS = 3


@dataclass(frozen=True, slots=True)
class Task:
    """An unfinished action item that the person, their municipality or a group they lead is to do.

    `due_on` is a day in `zone`; `fresh`: it was given in the window.
    """

    id: int
    group: str
    text: str
    due_on: date | None
    zone: ZoneInfo
    fresh: bool = False
    blocked: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """An open poll that the person is asked; what others chose is not in there."""

    id: int
    group: str
    question: str
    closes_at: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Date:
    """A planned meeting of one of the person's groups that they have not answered."""

    name: str
    group: str
    title: str
    starts_at: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A request (`F3`) to a group that the person leads, and which group asks."""

    id: int
    group: str
    asking: str
    question: str
    asked_at: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Minutes of a group that the person leads which nobody has approved."""

    name: str
    group: str
    title: str
    held_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """An action item that is looking for somebody."""

    id: int
    group: str
    text: str
    due_on: date | None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class PersonalFacts:
    """All that may need one person; `held`: the main room's digest waits for coordinators, of whom they are one."""

    tasks: Sequence[Task] = ()
    ballots: Sequence[Ballot] = ()
    dates: Sequence[Date] = ()
    questions: Sequence[Question] = ()
    drafts: Sequence[Draft] = ()
    calls: Sequence[Call] = ()
    held: bool = False


Entry = Task | Ballot | Date | Question | Draft | Call


@dataclass(frozen=True, slots=True)
class PersonalContent:
    """What needs the person, the most urgent first; an action item stands once. `calls` need somebody, anybody."""

    overdue: tuple[Task, ...] = ()
    due: tuple[Task, ...] = ()
    fresh: tuple[Task, ...] = ()
    ballots: tuple[Ballot, ...] = ()
    dates: tuple[Date, ...] = ()
    questions: tuple[Question, ...] = ()
    drafts: tuple[Draft, ...] = ()
    calls: tuple[Call, ...] = ()
    held: bool = False

    @property
    def sections(self) -> dict[str, tuple[Entry, ...]]:
        """What there is by kind, in the order in which it is shown."""
        found: dict[str, tuple[Entry, ...]] = {
            "overdue": self.overdue,
            "ballots": self.ballots,
            "due": self.due,
            "fresh": self.fresh,
            "dates": self.dates,
            "questions": self.questions,
            "drafts": self.drafts,
            "calls": self.calls,
        }
        return {kind: entries for kind, entries in found.items() if entries}

    @property
    def needs_nobody(self) -> bool:
        """Whether nothing here needs this very person."""
        return not self.held and not any(kind != "calls" for kind in self.sections)


def personal(facts: PersonalFacts, now: datetime) -> PersonalContent:
    """Return what needs the person at `now`: what is late or soon due, new, unanswered, or waits for their word."""
    overdue: list[Task] = []
    due: list[Task] = []
    fresh: list[Task] = []
    for one in sorted(facts.tasks, key=lambda task: (task.due_on or date.max, task.id)):
        today = now.astimezone(one.zone).date()
        if one.due_on is not None and one.due_on < today:
            overdue.append(one)
        elif one.due_on is not None and one.due_on <= today + AHEAD:
            due.append(one)
        elif one.fresh:
            fresh.append(one)
    return PersonalContent(
        overdue=tuple(overdue),
        due=tuple(due),
        fresh=tuple(fresh),
        ballots=tuple(sorted((one for one in facts.ballots if one.closes_at > now), key=lambda one: one.closes_at)),
        dates=tuple(
            sorted((one for one in facts.dates if now < one.starts_at < now + AHEAD), key=lambda one: one.starts_at)
        ),
        questions=tuple(sorted(facts.questions, key=lambda one: one.id)),
        drafts=tuple(sorted(facts.drafts, key=lambda one: (one.held_at, one.name))),
        calls=tuple(facts.calls[:CALLS]),
        held=facts.held,
    )


def awaits(user_id: str, electorate: Electorate, chosen: Mapping[str, Choices], suffrage: str) -> bool:
    """Whether a poll needs this person's vote: they may vote, did not, and their municipality has no vote yet."""
    voter = electorate.voters.get(user_id)
    if voter is None or user_id in chosen:
        return False
    if suffrage == Suffrage.PERSON:
        return True
    towns = {vote.town for vote in votes(chosen, electorate, suffrage).cast}
    return voter.town is not None and voter.town not in towns
