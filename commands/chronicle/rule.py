"""The rule of digests: from facts to what is said of a window of time, by nothing else."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar, get_args

from commands.chronicle.content import (
    A_WEEK,
    AHEAD,
    DigestContent,
    Facts,
    GroupDigest,
    GroupFact,
    ItemFact,
    Items,
    Kind,
    MeetingFact,
    PollFact,
    ResolutionFact,
    ResultFact,
    Section,
)

LONGEST_COMPARED = timedelta(days=11)  # a longer window cannot be held against one week
Fact = TypeVar("Fact", PollFact, MeetingFact, ResolutionFact, ResultFact)


def digest(facts: Facts, since: datetime, until: datetime, most: int | None = None) -> DigestContent:
    """Return what the window `since <= t < until` has to say, of each section of action items the first `most`.

    What happened belongs to exactly one of two adjoining windows; how things stand depends on `until` alone.
    """
    chronicle = Chronicle(facts, since, until, most)
    for item in facts.items:
        chronicle.add(item)
    return chronicle.digest()


class Chronicle:
    """Makes the digest of a window of facts and of action items, which come one by one in any order.

    It keeps of them no more than are shown, so that its size does not grow with their number.
    """

    def __init__(self, facts: Facts, since: datetime, until: datetime, most: int | None = None) -> None:
        self._facts = facts
        self._since, self._until = since, until
        self._items = {group.id: ItemSections(group, since, until, most) for group in facts.groups}

    def add(self, item: ItemFact) -> None:
        """Count an action item of one of the groups."""
        self._items[item.group].add(item)

    def digest(self) -> DigestContent:
        """Return what the window has to say: only groups in which something happened or is due."""
        facts, since, until = self._facts, self._since, self._until
        of = _ByGroup(facts)
        groups = [_group(group, of, self._items[group.id], since, until) for group in facts.groups]
        highlights = tuple(one for one in facts.highlights if since <= one.counts_at < until)
        return DigestContent(since, until, tuple(one for one in groups if not one.is_empty), highlights)


class ItemSections:
    """Lays one group's action items into sections, one item after the other, keeping no more than are shown."""

    def __init__(self, group: GroupFact, since: datetime, until: datetime, most: int | None) -> None:
        self.most = 0 if group.counts_only else most
        self.comparable = group.since < since and until - since <= LONGEST_COMPARED
        self.entries: dict[Kind, list[ItemFact]] = {kind: [] for kind in get_args(Kind)}
        self.totals: dict[Kind, int] = dict.fromkeys(get_args(Kind), 0)
        self.before: dict[Kind, int] = dict.fromkeys(get_args(Kind), 0)
        self.opened = self.closed = 0
        self._since, self._until = since, until
        self._today, self._then = (at.astimezone(group.zone).date() for at in (until, since))

    def add(self, item: ItemFact) -> None:
        """Count an action item."""
        dropped = item.closed_at is not None and not item.done
        self.opened += self._since <= item.created_at < self._until and not dropped
        self.closed += _done_within(item, self._since, self._until)
        kind = _kind(item, self._since, self._until, self._today)
        if kind is not None:
            self.totals[kind] += 1
            self._keep(self.entries[kind], item)
        if self.comparable:
            earlier = _kind(item, self._since - A_WEEK, self._since, self._then)
            if earlier is not None:
                self.before[earlier] += 1

    def section(self, kind: Kind, *, compared: bool) -> Items:
        """Return the first items of this kind, and how many there are."""
        entries = tuple(sorted(self.entries[kind], key=_urgency)[: self.most])
        return Section(entries, self.totals[kind], self.before[kind] if compared and self.comparable else None)

    def _keep(self, entries: list[ItemFact], item: ItemFact) -> None:
        entries.append(item)
        if self.most is not None and len(entries) > 4 * self.most:
            entries.sort(key=_urgency)
            del entries[self.most :]


class _ByGroup:
    """The facts of each group, in the order in which they came."""

    def __init__(self, facts: Facts) -> None:
        self.polls = _by_group(facts.polls)
        self.meetings = _by_group(facts.meetings)
        self.resolutions = _by_group(facts.resolutions)
        self.results = _by_group(facts.results)


def _by_group(found: Iterable[Fact]) -> Mapping[int, Sequence[Fact]]:
    sorted_in: defaultdict[int, list[Fact]] = defaultdict(list)
    for one in found:
        sorted_in[one.group].append(one)
    return sorted_in


def _group(group: GroupFact, of: _ByGroup, items: ItemSections, since: datetime, until: datetime) -> GroupDigest:
    polls, meetings = of.polls[group.id], of.meetings[group.id]
    within: Callable[[datetime], bool] = lambda at: since <= at < until  # noqa: E731 - five times below
    return GroupDigest(
        id=group.id,
        name=group.name,
        counts_only=group.counts_only,
        decided=tuple(one for one in polls if one.closed_at and within(one.closed_at)),
        # Of a window that ended a while ago (a late digest) only what can still be voted on.
        running=tuple(one for one in polls if one.closed_at is None and one.opened_at < until),
        resolved=tuple(one for one in of.resolutions[group.id] if within(one.decided_at)),
        results=tuple(one for one in of.results[group.id] if within(one.told_at)),
        created=items.section("created", compared=True),
        done=items.section("done", compared=True),
        overdue=items.section("overdue", compared=True),
        blocked=items.section("blocked", compared=False),
        wanted=items.section("wanted", compared=False),
        meetings=tuple(one for one in meetings if not one.skipped and within(one.ends_at)),
        coming=tuple(one for one in meetings if one.ends_at >= until and one.starts_at < until + AHEAD),
        opened=items.opened,
        closed=items.closed,
        open_items=group.open_items,
    )


def _kind(item: ItemFact, since: datetime, until: datetime, today: date) -> Kind | None:
    """An item stands once: as done, else as overdue, else as wanted, else as new, else as blocked."""
    if _done_within(item, since, until):
        return "done"
    if not item.unfinished(until):
        return None
    if item.due_on is not None and item.due_on < today:
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
