"""What a report says: figures by group and in all, each with the numbers of what was counted."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from commands.chronicle.content import (
    DigestContent,
    GroupDigest,
    HighlightFact,
    MeetingFact,
    PollFact,
    ResolutionFact,
    ResultFact,
    Section,
)
from commands.kit.dates import spelling
from commands.reports.periods import Period

LISTED = 200  # entries of a list of a group; the figures count all
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Numbers:
    """The figures of a group, or of all: meetings, resolutions, polls, results, action items and requests.

    `noted` are the meetings held of which it is known which municipalities were there. `planned`, `open` and `overdue`
    are how things stand at the end; all others are what happened.
    """

    held: int = 0
    noted: int = 0
    cancelled: int = 0
    planned: int = 0
    adopted: int = 0
    rejected: int = 0
    postponed: int = 0
    polls: int = 0
    results: int = 0
    opened: int = 0
    done: int = 0
    open: int = 0
    overdue: int = 0
    answered: int = 0

    def __add__(self, other: "Numbers") -> "Numbers":
        """Add figure by figure."""
        mine, others = asdict(self), asdict(other)
        return Numbers(**{name: number + others[name] for name, number in mine.items()})


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many of the meetings of its groups, as far as attendance was noted, a municipality attended."""

    town: str
    attended: int
    meetings: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A request (`F3`) that a group has answered to another one."""

    id: int
    asking: str
    answering: int
    question: str
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """A month or a week of the period, and how many meetings were held and cancelled in it."""

    first: date
    last: date
    held: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of a group, and of what they count the first 200; of `counts_only` groups without any words."""

    name: str
    counts_only: bool
    numbers: Numbers
    towns: tuple[Turnout, ...]
    held: Section[MeetingFact]
    cancelled: Section[MeetingFact]
    planned: Section[MeetingFact]
    resolved: Section[ResolutionFact]
    polls: Section[PollFact]
    results: Section[ResultFact]
    opened: Section[int]
    done: Section[int]
    overdue: Section[int]
    answered: Section[Answer]

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to report of it."""
        return self.numbers == Numbers()


@dataclass(frozen=True, slots=True)
class Report:
    """The report of a period, as things stood at `until`; `is_running`: the period goes on after it.

    It is handed on, so it says of minutes that they are approved and not where they are: that address is a secret.
    """

    period: Period
    until: datetime
    is_running: bool
    numbers: Numbers
    groups: tuple[GroupFigures, ...]
    towns: tuple[Turnout, ...]
    parts: tuple[Part, ...]
    highlights: tuple[HighlightFact, ...]

    @property
    def attending(self) -> int:
        """How many municipalities were there at least once."""
        return sum(one.attended > 0 for one in self.towns)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report."""
        return self.numbers == Numbers() and not self.highlights


def figures(
    content: DigestContent,
    period: Period,
    zone: ZoneInfo,
    seated: Mapping[int, Collection[str]],
    answers: Iterable[Answer] = (),
) -> Report:
    """Return the report of what happened in a period by the calendar of that zone.

    `seated` are the municipalities that each group has now: they could have been at its meetings.
    """
    given: dict[int, list[Answer]] = {}
    for answer in answers:
        given.setdefault(answer.answering, []).append(answer)
    reserved = {group.name for group in content.groups if group.counts_only}
    groups = [_group(one, seated.get(one.id, ()), given.get(one.id, ()), reserved) for one in content.groups]
    return Report(
        period=period,
        until=content.until,
        is_running=content.until < period.window(zone)[1],
        numbers=sum((one.numbers for one in groups), Numbers()),
        groups=tuple(groups),
        towns=_all_together(groups),
        parts=_parts(content, period, zone),
        highlights=content.highlights,
    )


def _group(group: GroupDigest, seated: Collection[str], answers: Sequence[Answer], reserved: set[str]) -> GroupFigures:
    held = [one for one in group.meetings if not one.cancelled]
    cancelled = [one for one in group.meetings if one.cancelled]
    planned = [one for one in group.coming if not (one.cancelled or one.skipped)]
    noted = [one.towns for one in held if one.towns is not None]
    states = Counter(one.state for one in group.resolved)
    numbers = Numbers(
        held=len(held),
        noted=len(noted),
        cancelled=len(cancelled),
        planned=len(planned),
        adopted=states["adopted"],
        rejected=states["rejected"],
        postponed=states["postponed"],
        polls=len(group.decided),
        results=len(group.results),
        opened=group.opened,
        done=group.closed,
        open=group.open_items,
        overdue=group.overdue.total,
        answered=len(answers),
    )
    found = GroupFigures(
        name=group.name,
        counts_only=group.counts_only,
        numbers=numbers,
        towns=_turnout(noted, seated),
        held=_each(_first(held), minutes_link=None),
        cancelled=_first(cancelled),
        planned=_first(planned),
        resolved=_first(group.resolved),
        polls=_first(group.decided),
        results=_first(group.results),
        opened=Section(group.came[:LISTED], group.opened),
        done=_ids([one.id for one in group.done.entries], group.closed),
        overdue=_ids([one.id for one in group.overdue.entries], group.overdue.total),
        answered=_first([replace(one, question="") if one.asking in reserved else one for one in answers]),
    )
    return _wordless(found) if group.counts_only else found


def _wordless(group: GroupFigures) -> GroupFigures:
    """Leave figures and numbers, and nothing that anybody in the group has written."""
    return replace(
        group,
        held=_each(group.held, title="", reason=None, link=None),
        cancelled=_each(group.cancelled, title="", reason=None, link=None),
        planned=_each(group.planned, title="", reason=None, link=None),
        resolved=_each(group.resolved, text="", link=None),
        polls=Section(tuple(map(_without_words, group.polls.entries)), group.polls.total),
        results=_each(group.results, text="", address=None, link=None),
        answered=_each(group.answered, question=""),
    )


def _without_words(poll: PollFact) -> PollFact:
    bare = replace(poll.result, options=(), leaders=(), rooms=(), names=(), conflicts=())
    return replace(poll, question="", link=None, result=bare)


def _each(section: Section[Entry], **fields: object) -> Section[Entry]:
    return replace(section, entries=tuple(replace(one, **fields) for one in section.entries))  # type: ignore[type-var]


def _first(entries: Sequence[Entry]) -> Section[Entry]:
    return Section(tuple(entries[:LISTED]), len(entries))


def _ids(numbers: Iterable[int], total: int) -> Section[int]:
    return Section(tuple(sorted(numbers)[:LISTED]), total)


def _turnout(noted: Sequence[Collection[str]], seated: Collection[str]) -> tuple[Turnout, ...]:
    """One line for each municipality that the group has or that was there, if anybody noted who was."""
    there = Counter(town for towns in noted for town in set(towns))
    everybody = {*seated, *there} if noted else set()
    return _by_name(Turnout(town, there[town], len(noted)) for town in everybody)


def _all_together(groups: Iterable[GroupFigures]) -> tuple[Turnout, ...]:
    attended: Counter[str] = Counter()
    meetings: Counter[str] = Counter()
    for one in (one for group in groups for one in group.towns):
        attended[one.town] += one.attended
        meetings[one.town] += one.meetings
    return _by_name(Turnout(town, attended[town], meetings[town]) for town in meetings)


def _by_name(towns: Iterable[Turnout]) -> tuple[Turnout, ...]:
    return tuple(sorted(towns, key=lambda one: (spelling(one.town), one.town)))


def _parts(content: DigestContent, period: Period, zone: ZoneInfo) -> tuple[Part, ...]:
    """The parts that have begun; a meeting counts on the day on which it ends."""
    over = [(one.ends_at.astimezone(zone).date(), one.cancelled) for group in content.groups for one in group.meetings]
    return tuple(
        Part(
            first,
            last,
            held=sum(first <= day <= last and not cancelled for day, cancelled in over),
            cancelled=sum(first <= day <= last and cancelled for day, cancelled in over),
        )
        for first, last in period.parts
        if first <= content.until.astimezone(zone).date()
    )
