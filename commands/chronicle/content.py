"""What a digest says: from the facts of a window to a value, by rules alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

from commands.votes.result import Result

A_WEEK = timedelta(days=7)
AHEAD = timedelta(days=14)  # how far the coming meetings reach
LONGEST_COMPARED = timedelta(days=11)  # a longer window cannot be held against one week


@dataclass(frozen=True, slots=True)
class GroupFact:
    """A group: its room's id, what people call it, its zone, and since when the bot knows it.

    `counts_only`: other rooms are told numbers of it and nothing else. `last_sign` is when anything last happened in
    it, None for never; `open_items` is how many action items were still to be done at the end of the window.
    """

    id: int
    name: str
    zone: ZoneInfo
    since: datetime
    counts_only: bool = False
    last_sign: datetime | None = None
    open_items: int = 0


@dataclass(frozen=True, slots=True)
class PollFact:
    """A poll that is open (`closed_at` is None) or was counted, and how it stands; what it hides is not in there.

    None that decided a resolution: that stands as the resolution.
    """

    id: int
    group: int
    question: str
    opened_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    result: Result
    link: str | None = None


@dataclass(frozen=True, slots=True)
class ItemFact:
    """An action item: `closed_at` is when it was done or dropped, `due_on` a day in its group's zone.

    `wanted`: it was called out and nobody has taken it. `changed_at` is when it last changed. What it says is in
    `ItemWords`, for there can be far more items than are shown.
    """

    id: int
    group: int
    created_at: datetime
    closed_at: datetime | None
    done: bool
    blocked: bool
    due_on: date | None
    wanted: bool = False
    changed_at: datetime | None = None

    def unfinished(self, at: datetime) -> bool:
        """Whether it was still to be done at that time."""
        return self.created_at < at and (self.closed_at is None or self.closed_at >= at)

    def overdue(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether its day was over at that time, by the clocks of that zone."""
        return self.unfinished(at) and self.due_on is not None and self.due_on < at.astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class ItemWords:
    """What an action item says: `assignees` are names of people, municipalities and groups."""

    text: str
    assignees: tuple[str, ...]
    link: str | None = None


@dataclass(frozen=True, slots=True)
class ResolutionFact:
    """A resolution (`B-2026-014`) that was adopted, rejected or postponed; `lapsed`: somebody objected."""

    name: str
    group: int
    text: str
    state: str
    decided_at: datetime
    lapsed: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True)
class MeetingFact:
    """A meeting by its name (`UAG2-2026-12-08`); `skipped` where a holiday rule left it out of its series.

    `minutes` is how far these are, `minutes_link` where approved ones can be read. `towns` are the municipalities that
    were there, of `of_towns` that the group has; None where nobody noted who was there.
    """

    name: str
    group: int
    title: str
    starts_at: datetime
    ends_at: datetime
    cancelled: bool = False
    skipped: bool = False
    reason: str | None = None
    link: str | None = None
    minutes: Literal["none", "draft", "approved"] = "none"
    minutes_link: str | None = None
    towns: tuple[str, ...] | None = None
    of_towns: int = 0


@dataclass(frozen=True, slots=True)
class ResultFact:
    """A result (`E3`) that a group told of; `address` leads to it, `link` to the message."""

    id: int
    group: int
    text: str
    told_at: datetime
    address: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class RequestFact:
    """A request (`F3`) of one group to another that nobody has answered."""

    id: int
    asking: int
    asked: int
    question: str
    asked_at: datetime
    link: str | None = None


@dataclass(frozen=True, slots=True)
class TownFact:
    """A municipality: since when the bot knows it, and when anybody who stands for it last did something.

    `seated`: somebody stands for it.
    """

    name: str
    since: datetime
    last_sign: datetime | None
    seated: bool = True


@dataclass(frozen=True, slots=True)
class HighlightFact:
    """What coordinators want to stand at the top of the digest in whose window it counts."""

    id: int
    text: str
    counts_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that digests are made of, groups in their fixed order.

    To be complete for a window, it holds what happened from a week before it, and the meetings two weeks after it.
    """

    groups: Sequence[GroupFact]
    polls: Sequence[PollFact] = ()
    items: Iterable[ItemFact] = ()
    meetings: Sequence[MeetingFact] = ()
    resolutions: Sequence[ResolutionFact] = ()
    results: Sequence[ResultFact] = ()
    highlights: Sequence[HighlightFact] = ()


Entry = TypeVar("Entry")
Kind = Literal["done", "overdue", "created", "wanted", "blocked"]


@dataclass(frozen=True, slots=True)
class Section(Generic[Entry]):
    """The first entries, how many there are in all, and how many there were in the week before.

    `before` is None where that says nothing.
    """

    entries: tuple[Entry, ...] = ()
    total: int = 0
    before: int | None = None

    @property
    def more(self) -> int:
        """How many there are besides the entries."""
        return self.total - len(self.entries)


Items = Section[ItemFact]


@dataclass(frozen=True, slots=True)
class GroupDigest:
    """What is to be said of one group; `meetings` took place or were cancelled, `coming` lie ahead.

    An action item stands in one section. `opened` and `closed` count what came and what was done in the window,
    wherever it stands; `open_items` what was still to be done at its end. `came` are the numbers of the first that
    came, also of those that were dropped since.
    """

    id: int
    name: str
    counts_only: bool
    decided: tuple[PollFact, ...]
    running: tuple[PollFact, ...]
    resolved: tuple[ResolutionFact, ...]
    results: tuple[ResultFact, ...]
    done: Items
    overdue: Items
    created: Items
    wanted: Items
    blocked: Items
    meetings: tuple[MeetingFact, ...]
    coming: tuple[MeetingFact, ...]
    opened: int
    closed: int
    open_items: int
    came: tuple[int, ...] = ()

    @property
    def items(self) -> tuple[Items, ...]:
        """The sections of action items, in the order in which they are shown."""
        return (self.done, self.overdue, self.created, self.wanted, self.blocked)

    @property
    def none_overdue_any_more(self) -> bool:
        """Whether the group has caught up."""
        return bool(self.overdue.before) and not self.overdue.total

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        others = (self.decided, self.running, self.resolved, self.results, self.meetings, self.coming)
        return not (any(others) or any(one.total for one in self.items) or self.none_overdue_any_more)


@dataclass(frozen=True, slots=True)
class DigestContent:
    """The digest of a window: only groups in which something happened or is due."""

    since: datetime
    until: datetime
    groups: tuple[GroupDigest, ...]
    highlights: tuple[HighlightFact, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.groups or self.highlights)


def digest(
    facts: Facts, since: datetime, until: datetime, most: int | None = None, *, silent: bool = False
) -> DigestContent:
    """Return what the window `since <= t < until` has to say, of each section of action items the first `most`.

    What happened belongs to exactly one of two adjoining windows; how things stand depends on `until` alone.
    `silent`: groups of which there is nothing to say are in there too.
    """
    found = {group.id: _Items(group, since, until, most) for group in facts.groups}
    for item in facts.items:
        found[item.group].add(item)
    groups = [_group(group, facts, found[group.id], since, until) for group in facts.groups]
    highlights = tuple(one for one in facts.highlights if since <= one.counts_at < until)
    return DigestContent(since, until, tuple(one for one in groups if silent or not one.is_empty), highlights)


class _Items:
    """Lays one group's action items into sections, one item after the other, keeping no more than are shown."""

    def __init__(self, group: GroupFact, since: datetime, until: datetime, most: int | None) -> None:
        self.group = group
        self.since, self.until, self.most = since, until, most
        self.comparable = group.since < since and until - since <= LONGEST_COMPARED
        self.entries: dict[Kind, list[ItemFact]] = {kind: [] for kind in get_args(Kind)}
        self.totals: dict[Kind, int] = dict.fromkeys(get_args(Kind), 0)
        self.before: dict[Kind, int] = dict.fromkeys(get_args(Kind), 0)
        self.opened = self.closed = 0
        self.came: list[int] = []

    def add(self, item: ItemFact) -> None:
        if self.since <= item.created_at < self.until:
            self.opened += 1
            if self.most is None or len(self.came) < self.most:
                self.came.append(item.id)
        self.closed += _done_within(item, self.since, self.until)
        kind = _kind(item, self.group.zone, self.since, self.until)
        if kind is not None:
            self.totals[kind] += 1
            self._keep(self.entries[kind], item)
        if self.comparable:
            earlier = _kind(item, self.group.zone, self.since - A_WEEK, self.since)
            if earlier is not None:
                self.before[earlier] += 1

    def section(self, kind: Kind, *, compared: bool) -> Items:
        entries = tuple(sorted(self.entries[kind], key=_urgency)[: self.most])
        return Section(entries, self.totals[kind], self.before[kind] if compared and self.comparable else None)

    def _keep(self, entries: list[ItemFact], item: ItemFact) -> None:
        entries.append(item)
        if self.most is not None and len(entries) > 4 * self.most:
            entries.sort(key=_urgency)
            del entries[self.most :]


def _group(group: GroupFact, facts: Facts, items: _Items, since: datetime, until: datetime) -> GroupDigest:
    polls = [poll for poll in facts.polls if poll.group == group.id]
    meetings = [meeting for meeting in facts.meetings if meeting.group == group.id]
    return GroupDigest(
        id=group.id,
        name=group.name,
        counts_only=group.counts_only,
        decided=tuple(one for one in polls if one.closed_at and since <= one.closed_at < until),
        # Of a window that ended a while ago (a late digest) only what can still be voted on.
        running=tuple(one for one in polls if one.closed_at is None and one.opened_at < until),
        resolved=tuple(one for one in facts.resolutions if one.group == group.id and since <= one.decided_at < until),
        results=tuple(one for one in facts.results if one.group == group.id and since <= one.told_at < until),
        done=items.section("done", compared=True),
        overdue=items.section("overdue", compared=True),
        created=items.section("created", compared=True),
        wanted=items.section("wanted", compared=False),
        blocked=items.section("blocked", compared=False),
        meetings=tuple(one for one in meetings if not one.skipped and since <= one.ends_at < until),
        coming=tuple(one for one in meetings if one.ends_at >= until and one.starts_at < until + AHEAD),
        opened=items.opened,
        closed=items.closed,
        open_items=group.open_items,
        came=tuple(items.came),
    )


def _kind(item: ItemFact, zone: ZoneInfo, since: datetime, until: datetime) -> Kind | None:
    """An item stands once: as done, else as overdue, else as wanted, else as new, else as blocked."""
    if _done_within(item, since, until):
        return "done"
    if not item.unfinished(until):
        return None
    if item.overdue(until, zone):
        return "overdue"
    if item.wanted:
        return "wanted"
    if item.created_at >= since:
        return "created"
    return "blocked" if item.blocked else None


def _done_within(item: ItemFact, since: datetime, until: datetime) -> bool:
    return item.done and item.closed_at is not None and since <= item.closed_at < until


def _urgency(item: ItemFact) -> tuple[date, int]:
    return item.due_on or date.max, item.id
