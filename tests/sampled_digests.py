"""Facts that digests in tests are made of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from commands.chronicle.content import (
    A_WEEK,
    Facts,
    GroupFact,
    ItemFact,
    MeetingFact,
)
from commands.votes.result import Result, result_of
from storage.polls import Poll

BERLIN = ZoneInfo("Europe/Berlin")
LISBON = ZoneInfo("Europe/Lisbon")
SINCE = datetime(2026, 11, 2, 7, tzinfo=UTC)
UNTIL = datetime(2026, 11, 9, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Both clock changes and the 53rd week of 2026 lie in between.
LAST = datetime(2027, 4, 30)  # noqa: DTZ001 - Hypothesis adds the zone
instants = st.datetimes(datetime(2026, 10, 1), LAST, timezones=st.just(UTC))  # noqa: DTZ001 - the same
windows = st.lists(instants, min_size=3, max_size=3, unique=True).map(sorted)


def group(number: int = 1, zone: ZoneInfo = BERLIN, since: datetime = SINCE - 9 * A_WEEK) -> GroupFact:
    return GroupFact(number, f"UAG{number}", zone, since)


def item(
    number: int,
    created_at: datetime = SINCE - 3 * A_WEEK,
    *,
    closed_at: datetime | None = None,
    due_on: date | None = None,
    blocked: bool = False,
    dropped: bool = False,
    wanted: bool = False,
    group: int = 1,
) -> ItemFact:
    done = closed_at is not None and not dropped
    return ItemFact(number, group, created_at, closed_at, done, blocked, due_on, wanted)


def meeting(name: str, starts_at: datetime, *, group: int = 1, **more: object) -> MeetingFact:
    return replace(MeetingFact(name, group, "UAG-Treffen", starts_at, starts_at + HOUR), **more)  # type: ignore[arg-type]


def facts(*items: ItemFact, groups: list[GroupFact] | None = None, meetings: list[MeetingFact] | None = None) -> Facts:
    return Facts(groups or [group()], [], items, meetings or [])


def votes(counts: Sequence[int], eligible: int, options: Sequence[str] = ("Halle", "Stendal")) -> Result:
    """Return how a poll of single choice ended that got so many votes for each option."""
    poll = Poll(kind="single", options=list(options), majority="simple", quorum=None, outcome={})
    return result_of(poll, {"votes": list(counts), "voters": sum(counts), "eligible": eligible})
