"""What a digest says: from the facts of a window to a value, by rules alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from commands.digests.weeks import A_WEEK
from commands.votes.result import Result

AHEAD = timedelta(days=14)  # how far the coming meetings reach
LONGEST_COMPARED = timedelta(days=11)  # a longer window cannot be held against one week


@dataclass(frozen=True, slots=True)
class GroupFact:
    """A group: its room's id, what people call it, its zone, and since when the bot knows it."""

    id: int
    name: str
    zone: ZoneInfo
    since: datetime


@dataclass(frozen=True, slots=True)
class PollFact:
    """A poll that is open (`closed_at` is None) or was counted, and how it stands; what it hides is not in there."""

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
    """An action item: `assignees` by name, `closed_at` when it was done or dropped, `due_on` in its group's zone."""

    id: int
    group: int
    text: str
    assignees: tuple[str, ...]
    created_at: datetime
    closed_at: datetime | None
    done: bool
    blocked: bool
    due_on: date | None
    link: str | None = None

    def unfinished(self, at: datetime) -> bool:
        """Whether it was still to be done at that time."""
        return self.created_at < at and (self.closed_at is None or self.closed_at >= at)

    def overdue(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether its day was over at that time, by the clocks of that zone."""
        return self.unfinished(at) and self.due_on is not None and self.due_on < at.astimezone(zone).date()


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


Kind = Literal["done", "overdue", "created", "blocked"]
Items = tuple[ItemFact, ...]


@dataclass(frozen=True, slots=True)
class MeetingFact:
    """A meeting by its name (`UAG2-2026-12-08`); `skipped` where a holiday rule left it out of its series."""

    name: str
    group: int
    title: str
    starts_at: datetime
    ends_at: datetime
    cancelled: bool = False
    skipped: bool = False
    reason: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that digests are made of, groups in their fixed order.

    To be complete for a window, it holds what happened from a week before it, and the meetings two weeks after it.
    """

    groups: Sequence[GroupFact]
    polls: Sequence[PollFact]
    items: Sequence[ItemFact]
    meetings: Sequence[MeetingFact]
    resolutions: Sequence[ResolutionFact] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """Action items, and how many there were in the week before; None where that says nothing."""

    entries: Items
    before: int | None = None


@dataclass(frozen=True, slots=True)
class GroupDigest:
    """What is to be said of one group; `meetings` took place or were cancelled, `coming` lie ahead."""

    name: str
    decided: tuple[PollFact, ...]
    running: tuple[PollFact, ...]
    done: Compared
    overdue: Compared
    created: Compared
    blocked: Compared
    meetings: tuple[MeetingFact, ...]
    coming: tuple[MeetingFact, ...]
    resolved: tuple[ResolutionFact, ...] = ()

    @property
    def none_overdue_any_more(self) -> bool:
        """Whether the group has caught up."""
        return bool(self.overdue.before) and not self.overdue.entries

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many entries each section has; an empty section is not shown."""
        items = (self.done, self.overdue, self.created, self.blocked)
        polls = (self.decided, self.running)
        others = (self.meetings, self.coming, self.resolved)
        return (*map(len, polls), *(len(one.entries) for one in items), *map(len, others))


@dataclass(frozen=True, slots=True)
class DigestContent:
    """The digest of a window: only groups in which something happened or is due."""

    since: datetime
    until: datetime
    groups: tuple[GroupDigest, ...]


def digest(facts: Facts, since: datetime, until: datetime) -> DigestContent:
    """Return what the window `since <= t < until` has to say.

    What happened belongs to exactly one of two adjoining windows; how things stand depends on `until` alone.
    """
    groups = [_group(group, facts, since, until) for group in facts.groups]
    return DigestContent(since, until, tuple(one for one in groups if any(one.lengths) or one.none_overdue_any_more))


def _group(group: GroupFact, facts: Facts, since: datetime, until: datetime) -> GroupDigest:
    polls = [poll for poll in facts.polls if poll.group == group.id]
    items = [item for item in facts.items if item.group == group.id]
    meetings = [meeting for meeting in facts.meetings if meeting.group == group.id]
    comparable = group.since < since and until - since <= LONGEST_COMPARED
    this = _by_kind(items, group.zone, since, until)
    before = _by_kind(items, group.zone, since - A_WEEK, since) if comparable else None

    def compared(kind: Kind) -> Compared:
        return Compared(this[kind], len(before[kind]) if before else None)

    return GroupDigest(
        name=group.name,
        decided=tuple(one for one in polls if one.closed_at and since <= one.closed_at < until),
        # Of a window that ended a while ago (a late digest) only what can still be voted on.
        running=tuple(one for one in polls if one.closed_at is None and one.opened_at < until),
        done=compared("done"),
        overdue=compared("overdue"),
        created=compared("created"),
        blocked=Compared(this["blocked"]),
        meetings=tuple(one for one in meetings if not one.skipped and since <= one.ends_at < until),
        coming=tuple(one for one in meetings if one.ends_at >= until and one.starts_at < until + AHEAD),
        resolved=tuple(one for one in facts.resolutions if one.group == group.id and since <= one.decided_at < until),
    )


def _by_kind(items: Iterable[ItemFact], zone: ZoneInfo, since: datetime, until: datetime) -> dict[Kind, Items]:
    """The items of each kind, the most urgent first."""
    urgent = sorted(items, key=lambda item: (item.due_on or date.max, item.id))
    kinds = [(item, _kind(item, zone, since, until)) for item in urgent]
    return {kind: tuple(item for item, its in kinds if its == kind) for kind in get_args(Kind)}


def _kind(item: ItemFact, zone: ZoneInfo, since: datetime, until: datetime) -> Kind | None:
    """An item stands once: as done, else as overdue, else as new, else as blocked."""
    if item.done and item.closed_at is not None and since <= item.closed_at < until:
        return "done"
    if not item.unfinished(until):
        return None
    if item.overdue(until, zone):
        return "overdue"
    if item.created_at >= since:
        return "created"
    return "blocked" if item.blocked else None
