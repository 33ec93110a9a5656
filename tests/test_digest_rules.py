"""What digests promise whatever happens: gapless windows, each thing once, how things stand at the end."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from commands.chronicle.content import (
    A_WEEK,
    DigestContent,
    Facts,
    GroupDigest,
    HighlightFact,
    PollFact,
    ResolutionFact,
    ResultFact,
)
from commands.chronicle.rule import Chronicle, digest
from tests.sampled_digests import (
    HOUR,
    LAST,
    LISBON,
    SINCE,
    UNTIL,
    facts,
    group,
    instants,
    item,
    meeting,
    votes,
    windows,
)

group_ids = st.sampled_from([1, 2])


@st.composite
def worlds(draw: st.DrawFn) -> Facts:
    items = []
    for number in range(draw(st.integers(0, 12))):
        created = draw(instants)
        closed = draw(st.none() | st.datetimes(created.replace(tzinfo=None), LAST, timezones=st.just(UTC)))
        due = draw(st.none() | st.dates(date(2026, 10, 1), date(2027, 4, 30)))
        dropped = draw(st.booleans())
        blocked, wanted = (closed is None and draw(st.booleans()) for _ in range(2))
        kind = {"dropped": dropped, "blocked": blocked, "wanted": wanted}
        items.append(item(number, created, closed_at=closed, due_on=due, group=draw(group_ids), **kind))
    times = st.lists(instants, max_size=6)
    polls = [
        PollFact(number, draw(group_ids), "Wo?", at, at, draw(st.none() | st.just(at)), votes([0, 0], 3))
        for number, at in enumerate(draw(times))
    ]
    meetings = [
        meeting(str(number), at, group=draw(group_ids), cancelled=draw(st.booleans()))
        for number, at in enumerate(draw(times))
    ]
    resolved = [
        ResolutionFact(str(number), draw(group_ids), "So", "adopted", at) for number, at in enumerate(draw(times))
    ]
    results = [ResultFact(number, draw(group_ids), "Da", at) for number, at in enumerate(draw(times))]
    highlights = [HighlightFact(number, "Hört", at) for number, at in enumerate(draw(times))]
    groups = [group(1), group(2, ZoneInfo("America/New_York"))]
    return Facts(groups, polls, items, meetings, resolved, results, highlights)


def happened(content: DigestContent) -> Counter[tuple[str, object]]:
    """Count what belongs to the window: results, what was done, meetings, how many items came and were done."""
    found = Counter[tuple[str, object]](("highlight", one.id) for one in content.highlights)
    for one in content.groups:
        found.update(("poll", poll.id) for poll in one.decided)
        found.update(("done", entry.id) for entry in one.done.entries)
        found.update(("meeting", entry.name) for entry in one.meetings)
        found.update(("resolution", entry.name) for entry in one.resolved)
        found.update(("result", entry.id) for entry in one.results)
    return found


def counts(content: DigestContent) -> Counter[str]:
    return Counter(
        {"opened": sum(one.opened for one in content.groups), "closed": sum(one.closed for one in content.groups)}
    )


def items_of(content: DigestContent) -> Counter[int]:
    return Counter(entry.id for one in content.groups for kind in one.items for entry in kind.entries)


@given(worlds(), windows)
def test_two_adjoining_windows_say_what_one_long_one_says_nothing_twice_and_nothing_lost(
    world: Facts, window: list[datetime]
) -> None:
    a, b, c = window
    first, second, whole = (digest(world, *one, silent=True) for one in ((a, b), (b, c), (a, c)))
    assert happened(first) + happened(second) == happened(whole)
    assert max(happened(whole).values(), default=1) == 1
    assert set(happened(whole)) == {
        *(("poll", one.id) for one in world.polls if one.closed_at and a <= one.closed_at < c),
        *(("done", one.id) for one in world.items if one.done and one.closed_at and a <= one.closed_at < c),
        *(("meeting", one.name) for one in world.meetings if a <= one.ends_at < c),
        *(("resolution", one.name) for one in world.resolutions if a <= one.decided_at < c),
        *(("result", one.id) for one in world.results if a <= one.told_at < c),
        *(("highlight", one.id) for one in world.highlights if a <= one.counts_at < c),
    }
    assert set(items_of(whole)) <= set(items_of(first)) | set(items_of(second))
    assert counts(first) + counts(second) == +counts(whole)
    assert counts(whole)["opened"] == sum(a <= one.created_at < c for one in world.items)


@given(worlds(), windows, st.integers(0, 4), st.randoms(use_true_random=False))
def test_neither_how_much_is_shown_nor_the_order_in_which_items_come_changes_what_is_counted(
    world: Facts, window: list[datetime], most: int, chance: Random
) -> None:
    a, _, c = window
    everything = digest(world, a, c)
    items = list(world.items)
    chance.shuffle(items)
    chronicle = Chronicle(replace(world, items=()), a, c, most)
    for one in items:
        chronicle.add(one)
    first = chronicle.digest()

    def cut(group: GroupDigest) -> GroupDigest:
        names = ("created", "done", "overdue", "blocked", "wanted")
        sections = {name: getattr(group, name) for name in names}
        return replace(
            group,
            came=group.came[:most],
            **{name: replace(one, entries=one.entries[:most]) for name, one in sections.items()},
        )

    assert first.groups == tuple(map(cut, everything.groups))


@given(worlds(), windows)
def test_an_item_stands_once_in_a_digest_also_when_it_came_and_was_done_in_the_same_week(
    world: Facts, window: list[datetime]
) -> None:
    a, _, c = window
    found = items_of(digest(world, a, c))
    assert max(found.values(), default=1) == 1
    for one in world.items:
        if a <= one.created_at < c and (one.done or one.unfinished(c)):
            assert one.id in found


@given(worlds(), windows)
def test_how_things_stand_depends_on_the_end_of_the_window_alone(world: Facts, window: list[datetime]) -> None:
    a, b, c = window

    def stand(since: datetime) -> list[tuple[object, ...]]:
        groups = digest(world, since, c).groups
        return [
            (one.name, one.running, one.overdue.entries, one.wanted.entries, one.coming)
            for one in groups
            if one.running or one.overdue.entries or one.wanted.entries or one.coming
        ]

    assert stand(a) == stand(b)


def test_overdue_is_what_the_calendar_of_the_groups_own_zone_says() -> None:
    late_evening = datetime(2026, 11, 9, 23, 30, tzinfo=UTC)  # in Berlin it is the 10th already
    due = item(1, due_on=date(2026, 11, 9))
    berlin = digest(facts(due), SINCE, late_evening).groups
    assert [one.id for one in berlin[0].overdue.entries] == [1]
    assert digest(facts(due, groups=[group(zone=LISBON)]), SINCE, late_evening).groups == ()


def test_what_is_due_today_is_not_overdue() -> None:
    assert digest(facts(item(1, due_on=date(2026, 11, 9))), SINCE, UNTIL).groups == ()


def test_a_week_is_held_against_the_one_before() -> None:
    before = SINCE - timedelta(days=2)
    items = [item(number, closed_at=before) for number in range(4)]
    items += [item(number, closed_at=SINCE + HOUR) for number in (4, 5)]
    items += [item(6, due_on=date(2026, 10, 30), closed_at=SINCE + HOUR, dropped=True)]
    found = digest(facts(*items), SINCE, UNTIL).groups[0]
    assert (len(found.done.entries), found.done.before) == (2, 4)
    assert (found.overdue.entries, found.overdue.before) == ((), 1)
    assert found.none_overdue_any_more


def test_neither_a_new_group_nor_a_long_absence_is_held_against_a_week() -> None:
    done = item(1, closed_at=SINCE + HOUR)
    new = digest(facts(done, groups=[group(since=SINCE)]), SINCE, UNTIL)
    long = digest(facts(done), SINCE - 3 * A_WEEK, UNTIL)
    assert [one.groups[0].done.before for one in (new, long)] == [None, None]


def test_a_meeting_that_is_still_going_on_is_none_that_was_held() -> None:
    running = meeting("UAG1-2026-11-09", UNTIL - HOUR / 2)
    assert [one.coming for one in digest(facts(meetings=[running]), SINCE, UNTIL).groups] == [(running,)]
    assert [one.meetings for one in digest(facts(meetings=[running]), UNTIL, UNTIL + A_WEEK).groups] == [(running,)]


def test_a_date_left_out_by_a_holiday_is_named_ahead_but_not_afterwards() -> None:
    skipped = meeting("UAG1-2026-11-10", UNTIL + 24 * HOUR, skipped=True)
    assert digest(facts(meetings=[skipped]), SINCE, UNTIL).groups[0].coming == (skipped,)
    assert digest(facts(meetings=[skipped]), UNTIL, UNTIL + A_WEEK).groups == ()
