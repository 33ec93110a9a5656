"""What coordinators are told of besides: what is silent, stuck or unanswered, by group and town, never by person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from commands.chronicle.content import GroupFact, RequestFact, Section, TownFact
from commands.kit.setup import Alerts

A_DAY = timedelta(days=1)
SHOWN = 5  # silent groups and unanswered requests on the first screen
STUCK_SHOWN = 10
TOWNS_SHOWN = 8  # in one line
Entry = TypeVar("Entry")
NOTHING: Section[Any] = Section()


@dataclass(frozen=True, slots=True)
class StuckFact:
    """An action item that is overdue or blocked, and when it last changed."""

    id: int
    group: int
    text: str
    changed_at: datetime
    blocked: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """All that alerts are made of, groups in their fixed order, towns by name.

    Signs of life are those from `looked_back` on. `working` are the groups whose silence is told, `meeting` those with
    a meeting in the next two weeks. Of `items` and `requests` those come first that wait longest, and the last may be
    missing; how many there are in all stands in `stuck`, by group, and in `unanswered`.
    """

    groups: Sequence[GroupFact]
    looked_back: datetime
    working: frozenset[int] = frozenset()
    meeting: frozenset[int] = frozenset()
    items: Sequence[StuckFact] = ()
    stuck: Mapping[int, int] = field(default_factory=dict)
    towns: Sequence[TownFact] = ()
    requests: Sequence[RequestFact] = ()
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Silent:
    """A group in which nothing happened for a number of days; `longer`: or for more, nobody looked further back."""

    name: str
    days: int
    longer: bool = False


@dataclass(frozen=True, slots=True)
class Stuck:
    """An action item that is overdue or blocked and has not changed for a number of days."""

    id: int
    group: str
    text: str
    days: int
    blocked: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many stuck action items a group has whose content stays inside; without a name, those of all others."""

    group: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request (`F3`) of one group to another that has waited for a number of days; its question may stay inside."""

    id: int
    asking: str
    asked: str
    question: str | None
    days: int
    link: str | None = None


@dataclass(frozen=True, slots=True)
class AlertContent:
    """What coordinators are told of besides, what waits longest first, municipalities by name.

    `counted` are groups whose action items stay inside. From `towns` nothing came for `town_days`, for `unseated`
    nobody stands. `reports` are the periods whose reports are complete now. `further`: it is the rest.
    """

    groups: Section[Silent] = NOTHING
    items: Section[Stuck] = NOTHING
    counted: tuple[Counted, ...] = ()
    towns: Section[str] = NOTHING
    unseated: Section[str] = NOTHING
    town_days: int = 0
    requests: Section[Unanswered] = NOTHING
    reports: tuple[str, ...] = ()
    further: bool = False

    @property
    def stuck(self) -> int:
        """How many action items are stuck, also those of groups that are only counted."""
        return self.items.total + sum(one.number for one in self.counted)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is silent, stuck or unanswered."""
        return not (self.stuck or any(section.total for section in _sections(self)))

    @property
    def is_cut(self) -> bool:
        """Whether there is more than the entries say."""
        return any(section.more for section in _sections(self))

    @property
    def lines(self) -> int:
        """How many lines it takes, if none is too long for the screen."""
        lists = (self.groups, self.items, self.requests)
        lines = sum(1 + len(one.entries) + bool(one.more) for one in lists if one.total)
        lines += bool(self.counted) * (2 - bool(self.items.total)) + bool(self.towns.total) + bool(self.unseated.total)
        return bool(lines) + lines + self.is_cut + bool(self.reports)


def alerts(facts: AlertFacts, until: datetime, thresholds: Alerts) -> AlertContent:
    """Return what has waited at `until` for as long as `thresholds` say or longer.

    Spans are counted by the clock of the world, so that a change to summer time makes none longer or shorter.
    """
    groups = {group.id: group for group in facts.groups}
    inside = {group.id for group in facts.groups if group.counts_only}
    items = [_stuck(one, groups, until) for one in facts.items if until - one.changed_at >= thresholds.stuck_item]
    silent = [town for town in facts.towns if _is_silent(town, until, thresholds.silent_municipality)]
    waiting = [one for one in facts.requests if until - one.asked_at >= thresholds.unanswered_request]
    return AlertContent(
        groups=_section(_silent_groups(facts, until, thresholds.silent_group)),
        items=_section(items, sum(number for room, number in facts.stuck.items() if room not in inside)),
        counted=tuple(
            Counted(one.name, facts.stuck[one.id]) for one in facts.groups if one.id in inside and one.id in facts.stuck
        ),
        towns=_section(town.name for town in silent if town.seated),
        unseated=_section(town.name for town in silent if not town.seated),
        town_days=thresholds.silent_municipality // A_DAY,
        requests=_section([_unanswered(one, groups, until) for one in waiting], facts.unanswered),
    )


def on_a_screen(content: AlertContent) -> AlertContent:
    """Return what is told at first."""
    return replace(
        content,
        groups=_first(content.groups, SHOWN),
        items=_first(content.items, STUCK_SHOWN),
        towns=_first(content.towns, TOWNS_SHOWN),
        unseated=_first(content.unseated, TOWNS_SHOWN),
        requests=_first(content.requests, SHOWN),
    )


def at_most(content: AlertContent, most: int) -> AlertContent:
    """Return the same with no more than so many entries of each section."""
    groups, items, towns, unseated, requests = (_first(one, most) for one in _sections(content))
    counted, others = content.counted[:most], sum(one.number for one in content.counted[most:])
    if others:
        counted = (*counted, Counted(None, others))
    sections = replace(content, groups=groups, items=items, towns=towns, unseated=unseated, requests=requests)
    return replace(sections, counted=counted)


def rest(content: AlertContent) -> list[AlertContent]:
    """Return what `on_a_screen` leaves out, a section for each message."""
    parts = (
        AlertContent(groups=_after(content.groups, SHOWN)),
        AlertContent(items=_after(content.items, STUCK_SHOWN)),
        AlertContent(towns=_after(content.towns, TOWNS_SHOWN)),
        AlertContent(unseated=_after(content.unseated, TOWNS_SHOWN)),
        AlertContent(requests=_after(content.requests, SHOWN)),
    )
    return [replace(one, town_days=content.town_days, further=True) for one in parts if not one.is_empty]


def reports_due(since: datetime, until: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """Return the month (`2026-11`), the quarter (`2026-Q4`) and the year that ended between two digests, the last each.

    They end by the calendar of the zone.
    """
    first, last = since.astimezone(zone), until.astimezone(zone)
    end = last.replace(day=1) - A_DAY
    found = []
    if (first.year, first.month) != (last.year, last.month):
        found.append(f"{end:%Y-%m}")
    if (first.year, _quarter(first)) != (last.year, _quarter(last)):
        quarter = (last.year - 1, 4) if _quarter(last) == 1 else (last.year, _quarter(last) - 1)
        found.append("{}-Q{}".format(*quarter))
    if first.year != last.year:
        found.append(str(last.year - 1))
    return tuple(found)


def _quarter(day: datetime) -> int:
    return (day.month + 2) // 3


def _silent_groups(facts: AlertFacts, until: datetime, threshold: timedelta) -> list[Silent]:
    found = [
        _silent(group, facts.looked_back, until)
        for group in facts.groups
        if group.id in facts.working - facts.meeting and _is_silent(group, until, threshold)
    ]
    return sorted(found, key=lambda one: (not one.longer, -one.days))


def _is_silent(one: GroupFact | TownFact, until: datetime, threshold: timedelta) -> bool:
    return until - max(one.since, one.last_sign or one.since) >= threshold


def _silent(group: GroupFact, looked_back: datetime, until: datetime) -> Silent:
    last = group.last_sign or group.since
    return Silent(group.name, (until - max(last, looked_back)) // A_DAY, last < looked_back)


def _stuck(one: StuckFact, groups: Mapping[int, GroupFact], until: datetime) -> Stuck:
    return Stuck(one.id, groups[one.group].name, one.text, (until - one.changed_at) // A_DAY, one.blocked, one.link)


def _unanswered(one: RequestFact, groups: Mapping[int, GroupFact], until: datetime) -> Unanswered:
    asking, asked = groups[one.asking], groups[one.asked]
    question = None if asking.counts_only or asked.counts_only else one.question
    return Unanswered(one.id, asking.name, asked.name, question, (until - one.asked_at) // A_DAY, one.link)


def _section(found: Iterable[Entry], total: int | None = None) -> Section[Entry]:
    entries = tuple(found)
    return Section(entries, len(entries) if total is None else total)


def _sections(content: AlertContent) -> tuple[Section[Any], ...]:
    return content.groups, content.items, content.towns, content.unseated, content.requests


def _first(section: Section[Entry], most: int) -> Section[Entry]:
    return Section(section.entries[:most], section.total)


def _after(section: Section[Entry], most: int) -> Section[Entry]:
    return Section(section.entries[most:], max(section.total - most, 0))
