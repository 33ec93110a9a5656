"""Pure rules of the agenda that fills itself: what wants to be talked about, and what of it is new or settled."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from storage.agenda import AgendaSource

SAID = (AgendaSource.SAID, AgendaSource.MESSAGE)
OPENING = (AgendaSource.MINUTES, AgendaSource.STANDING)  # what a meeting begins with
FOLLOWING = (AgendaSource.REQUEST, AgendaSource.ACTION, AgendaSource.POLL, AgendaSource.RESOLUTION)
NAMED = 8  # action items that a title names

Key = tuple[str, int | None]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Topic:
    """Something that wants to be talked about.

    `name` is how people call it (`A14`), `note` what it is about it, with its `day` or its `group`. `since` is when it
    came to be a topic, `talked` when it was last talked about; without `since` it stays a topic until it is settled.
    """

    source: str
    source_id: int | None
    title: str
    name: str = ""
    note: str = ""
    day: date | None = None
    group: str = ""
    budget: int | None = None
    event_id: str | None = None
    since: datetime | None = None
    talked: datetime | None = None

    @property
    def key(self) -> Key:
        """What makes two topics the same."""
        return (self.source, self.source_id)

    @property
    def is_wanted(self) -> bool:
        """Whether it is still to be talked about."""
        return self.since is None or self.talked is None or self.talked < self.since


@dataclass(frozen=True, slots=True)
class Task:
    """An unfinished action item that is due by the day of the meeting."""

    number: int
    text: str
    due_on: date
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An agenda item that is there, open or not, for one date or (None) for the next."""

    id: int
    source: str
    source_id: int | None
    title: str
    is_open: bool
    meeting_id: int | None

    @property
    def key(self) -> Key:
        """Of which topic it is."""
        return (self.source, self.source_id)


class Plan(NamedTuple):
    """What becomes of an agenda: topics that join it, items that leave it, and what items are called now."""

    new: Sequence[Topic]
    gone: Collection[int]
    renamed: Mapping[int, str]


def task_topics(tasks: Sequence[Task], *, today: date, alone: Collection[int], adding: bool, title: str) -> list[Topic]:
    """Return an own topic for each overdue task, and one for all others, whose title names them.

    `alone` are tasks that have an item of their own already. Unless `adding`, no other gets one.
    """
    own = [one for one in tasks if one.number in alone or (adding and one.due_on < today)]
    together = sorted(one.number for one in tasks if one not in own)
    found = [
        Topic(
            source=AgendaSource.ACTION,
            source_id=one.number,
            title=one.text,
            name=f"A{one.number}",
            note="overdue" if one.due_on < today else "due",
            day=one.due_on,
            event_id=one.event_id,
        )
        for one in own
    ]
    if together:
        names = ", ".join(f"A{number}" for number in together[:NAMED]) + (" …" if len(together) > NAMED else "")
        found.append(Topic(AgendaSource.ACTION, None, f"{title} ({len(together)}): {names}"))
    return found


def plan(
    listed: Sequence[Listed],
    topics: Sequence[Topic],
    *,
    meeting_id: int | None,
    shown: Collection[int | None],
    kept: Collection[int],
) -> Plan:
    """Compare an agenda with what wants to be talked about.

    `listed` are all open items of the group and all items of the date; `shown` are the dates (None: the next) whose
    items the agenda shows, the others only keep the same topic from coming twice. `kept` are items that stay although
    they are settled: the meeting is talking about them. What was dropped or done at this date does not come again.
    """
    wanted = {topic.key: topic for topic in topics if topic.is_wanted}
    mine = [one for one in listed if one.is_open and one.meeting_id in shown and one.source not in SAID]
    mine.sort(key=lambda one: (one.id not in kept, one.meeting_id is None))
    gone: set[int] = set()
    stays: set[Key] = set()
    for one in mine:
        if one.id not in kept and (one.key not in wanted or one.key in stays):
            gone.add(one.id)
        stays.add(one.key)
    new = [topic for key, topic in wanted.items() if not any(_blocks(one, key, meeting_id, gone) for one in listed)]
    titles = {one.id: wanted[one.key].title for one in mine if one.id not in gone and one.key in wanted}
    renamed = {one.id: titles[one.id] for one in mine if titles.get(one.id, one.title) != one.title}
    return Plan(sorted(new, key=_rank), gone, renamed)


def arranged(present: Iterable[Item], new: Iterable[tuple[str, Item]]) -> list[Item]:
    """Return all items in their order: new ones, each with its source, stand before or behind those that are there."""
    joining = list(new)
    first = [item for source, item in joining if source in OPENING]
    return [*first, *present, *(item for source, item in joining if source not in OPENING)]


def moved(order: Sequence[Item], what: Any, other: Any, *, after: bool) -> list[Item]:
    """Return the order with one item right behind another, or right before it."""
    rest = [one for one in order if one != what]
    if what == other:
        return list(order)
    at = rest.index(other) + after
    return [*rest[:at], what, *rest[at:]]


def _blocks(one: Listed, key: Key, meeting_id: int | None, gone: Collection[int]) -> bool:
    """Whether an item keeps its topic from joining; what stands on every agenda is not kept away by another date's."""
    if one.key != key or one.id in gone:
        return False
    if one.meeting_id == meeting_id:
        return True
    return one.is_open and (one.source != AgendaSource.STANDING or one.meeting_id is None)


def _rank(topic: Topic) -> int:
    ranks: list[str] = [*OPENING, *FOLLOWING]
    return ranks.index(topic.source)
