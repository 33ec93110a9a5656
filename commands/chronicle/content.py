"""What digests are made of, facts of a window of time, and what they say: plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from commands.votes.result import Result

A_WEEK = timedelta(days=7)
AHEAD = timedelta(days=14)  # how far the coming meetings reach


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
    """A municipality: since when the bot knows it, and when anybody who stands for it last did something."""

    name: str
    since: datetime
    last_sign: datetime | None


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
    `items` may come by themselves instead, one after the other, for there can be a great many.
    """

    groups: Sequence[GroupFact]
    polls: Sequence[PollFact] = ()
    items: Iterable[ItemFact] = ()
    meetings: Sequence[MeetingFact] = ()
    resolutions: Sequence[ResolutionFact] = ()
    results: Sequence[ResultFact] = ()
    highlights: Sequence[HighlightFact] = ()


Entry = TypeVar("Entry")
Kind = Literal["created", "done", "overdue", "blocked", "wanted"]


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

    `counts_only`: nothing but numbers is to be said of it, and no action item is among its entries. An action item
    stands in one section. `opened` and `closed` count what came (and was not dropped since) and what was done in the
    window, wherever it stands; `open_items` what was still to be done at its end.
    """

    id: int
    name: str
    counts_only: bool
    decided: tuple[PollFact, ...]
    running: tuple[PollFact, ...]
    resolved: tuple[ResolutionFact, ...]
    results: tuple[ResultFact, ...]
    created: Items
    done: Items
    overdue: Items
    blocked: Items
    wanted: Items
    meetings: tuple[MeetingFact, ...]
    coming: tuple[MeetingFact, ...]
    opened: int
    closed: int
    open_items: int

    @property
    def items(self) -> tuple[Items, ...]:
        """The sections of action items, in the order in which they are shown."""
        return (self.created, self.done, self.overdue, self.blocked, self.wanted)

    @property
    def none_overdue_any_more(self) -> bool:
        """Whether the group has caught up."""
        return bool(self.overdue.before) and not self.overdue.total

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        others = (self.decided, self.running, self.resolved, self.results, self.meetings, self.coming)
        return not (any(others) or any(one.total for one in self.items) or self.none_overdue_any_more)

    def in_numbers(self) -> "GroupDigest":
        """Return the same, of which only numbers are to be said."""
        created, done, overdue, blocked, wanted = (replace(one, entries=()) for one in self.items)
        return replace(
            self, counts_only=True, created=created, done=done, overdue=overdue, blocked=blocked, wanted=wanted
        )


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
