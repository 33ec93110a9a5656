"""What digests promise whatever happens: gapless windows, each thing once, one screen, the same words every week."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commands.chronicle.content import (
    A_WEEK,
    DigestContent,
    Facts,
    GroupDigest,
    GroupFact,
    HighlightFact,
    ItemFact,
    ItemWords,
    MeetingFact,
    PollFact,
    ResolutionFact,
    ResultFact,
)
from commands.chronicle.rule import Chronicle, digest
from commands.digests.alerts import AlertContent, Silent, Stuck, Unanswered
from commands.digests.pages import LARGEST, LINES, MOST, said
from commands.digests.sizes import SHOWN
from commands.digests.weeks import Rhythm, days_of, last_slot, next_slot
from commands.kit.post import notice
from commands.kit.say import Say
from commands.kit.texts import load_catalogue
from commands.votes.result import Result, result_of
from storage.polls import Poll

GOLDEN = Path(__file__).parent / "golden"
CATALOGUES = {language: load_catalogue(language, ["commands.digests"]) for language in ("de", "en")}
BERLIN = ZoneInfo("Europe/Berlin")
LISBON = ZoneInfo("Europe/Lisbon")
SINCE = datetime(2026, 11, 2, 7, tzinfo=UTC)
UNTIL = datetime(2026, 11, 9, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Both clock changes and the 53rd week of 2026 lie in between.
LAST = datetime(2027, 4, 30)  # noqa: DTZ001 - Hypothesis adds the zone
instants = st.datetimes(datetime(2026, 10, 1), LAST, timezones=st.just(UTC))  # noqa: DTZ001 - the same
windows = st.lists(instants, min_size=3, max_size=3, unique=True).map(sorted)
group_ids = st.sampled_from([1, 2])


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


def words_for(items: Iterable[ItemFact]) -> dict[int, ItemWords]:
    return {one.id: ItemWords(f"Aufgabe Nummer {one.id}", ("Anna",)) for one in items}


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
    first, second, whole = digest(world, a, b), digest(world, b, c), digest(world, a, c)
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
    assert counts(whole)["opened"] == sum(
        a <= one.created_at < c and (one.done or not one.closed_at) for one in world.items
    )


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
        return replace(group, **{name: replace(one, entries=one.entries[:most]) for name, one in sections.items()})

    assert first.groups == tuple(map(cut, everything.groups))


@given(worlds(), windows)
def test_a_group_that_keeps_its_content_inside_gives_the_same_numbers_and_no_action_item(
    world: Facts, window: list[datetime]
) -> None:
    a, _, c = window
    inward = replace(world, groups=[replace(one, counts_only=True) for one in world.groups])
    told = digest(inward, a, c)
    assert told.groups == tuple(one.in_numbers() for one in digest(world, a, c).groups)
    assert not items_of(told)
    assert all(one.counts_only for one in told.groups)


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


rhythms = st.builds(
    Rhythm,
    st.integers(0, 6),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    st.sampled_from([BERLIN, LISBON, ZoneInfo("America/New_York")]),
)


@given(rhythms, instants)
def test_one_digest_is_due_in_each_week_and_their_windows_adjoin(rhythm: Rhythm, now: datetime) -> None:
    slots = [last_slot(now, rhythm)]
    while len(slots) < 60:
        slots.append(next_slot(slots[-1].at, rhythm))
    assert slots[0].at <= now < slots[1].at
    assert all(last_slot(slot.at, rhythm) == slot for slot in slots)
    assert all(last_slot(two.at - timedelta(microseconds=1), rhythm) == one for one, two in pairwise(slots))
    mondays = [date.fromisoformat(f"{slot.week}-1") for slot in slots]
    assert all(two - one == A_WEEK for one, two in pairwise(mondays))


def test_the_hour_stays_the_same_on_the_wall_when_the_clocks_change() -> None:
    rhythm = Rhythm(0, time(8), BERLIN)
    summer = last_slot(datetime(2026, 10, 20, tzinfo=UTC), rhythm)
    winter = next_slot(summer.at, rhythm)
    assert (summer.at, winter.at) == (datetime(2026, 10, 19, 6, tzinfo=UTC), datetime(2026, 10, 26, 7, tzinfo=UTC))


def test_the_53rd_week_has_its_own_digest() -> None:
    rhythm = Rhythm(0, time(8), BERLIN)
    slots = [next_slot(datetime(2026, 12, 20, tzinfo=UTC) + number * A_WEEK, rhythm) for number in range(3)]
    assert [slot.week for slot in slots] == ["2026-W52", "2026-W53", "2027-W01"]


@pytest.mark.parametrize(
    ("day", "before", "week", "due"),
    [
        (0, datetime(2027, 3, 23, tzinfo=UTC), "2027-W13", date(2027, 3, 30)),  # Easter Monday
        (4, datetime(2027, 3, 20, tzinfo=UTC), "2027-W12", date(2027, 3, 30)),  # Good Friday: not before Tuesday
        (4, datetime(2026, 12, 19, tzinfo=UTC), "2026-W52", date(2026, 12, 28)),  # Christmas and a weekend
        (2, datetime(2027, 1, 2, tzinfo=UTC), "2027-W01", date(2027, 1, 7)),  # Epiphany, a holiday in the Land
        (6, datetime(2026, 11, 10, tzinfo=UTC), "2026-W46", date(2026, 11, 15)),  # a Sunday that the operator chose
    ],
)
def test_a_public_holiday_moves_the_digest_to_the_next_working_day(
    day: int, before: datetime, week: str, due: date
) -> None:
    slot = next_slot(before, Rhythm(day, time(8), BERLIN))
    assert (slot.week, slot.at.astimezone(BERLIN)) == (week, datetime.combine(due, time(8), BERLIN))


def test_of_all_mondays_of_six_years_only_public_holidays_of_the_land_move_to_the_next_working_day() -> None:
    """Easter and Whitsun, 1 January, Epiphany, 1 May and Christmas, as the calendar on the wall has them."""
    days = (
        "2026-04-06 2026-05-25 2027-03-29 2027-05-17 2028-04-17 2028-05-01 2028-06-05 2028-12-25 2029-01-01 "
        "2029-04-02 2029-05-21 2030-04-22 2030-06-10 2031-01-06 2031-04-14 2031-06-02"
    )
    holidays = set(map(date.fromisoformat, days.split()))
    rhythm = Rhythm(0, time(8), BERLIN)
    slot = last_slot(datetime(2026, 1, 6, tzinfo=UTC), rhythm)
    while (monday := date.fromisoformat(f"{slot.week}-1")).year < 2032:
        later = 0 if monday not in holidays else 2 if monday.month == 12 else 1  # both days of Christmas
        due = datetime.combine(monday + timedelta(days=later), time(8), BERLIN)
        assert slot.at == due
        slot = next_slot(slot.at, rhythm)


@given(st.lists(instants, min_size=3, max_size=3, unique=True).map(sorted))
def test_the_days_in_the_headings_of_two_weeks_do_not_overlap(window: list[datetime]) -> None:
    a, b, c = window
    if b - a >= timedelta(days=2):
        assert days_of(a, b, BERLIN)[1] + timedelta(days=1) == days_of(b, c, BERLIN)[0]
    assert days_of(SINCE, UNTIL, BERLIN) == (date(2026, 11, 2), date(2026, 11, 8))


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


sizes = st.integers(0, 9)
WILD = ['"' * 500, "😀" * 500, "<&>" * 170, "\\" * 500, "Wort für Wort " * 40, "kurz"]
FAR = "https://example.org/" + "a&" * 240
ROOM = f"https://matrix.to/#/!{'r' * 200}:example.org/${'e' * 200}"


@given(
    st.lists(st.tuples(*[sizes] * 10, st.booleans(), st.booleans()).filter(lambda row: any(row[:10])), max_size=6),
    st.sampled_from(WILD),
    st.integers(0, 7),
    st.booleans(),
    st.sampled_from(["de", "en"]),
)
@example(rows=[(9,) * 10 + (0, 0)] * 2, wild="😀" * 500, extra=7, alerted=True, language="de")
@example(rows=[(9,) * 10 + (0, 1)] * 9, wild='"' * 500, extra=7, alerted=False, language="en")
@settings(deadline=None, max_examples=20)  # templates take their time, the first most
def test_no_message_is_longer_than_a_screen_or_too_large_to_send_and_groups_stay_whole_and_in_order(
    rows: list[tuple[int, ...]], wild: str, extra: int, alerted: bool, language: str
) -> None:
    groups = tuple(_sized(number, row, wild) for number, row in enumerate(rows))
    highlights = tuple(HighlightFact(number, wild, SINCE) for number in range(extra))
    content = DigestContent(SINCE, UNTIL, groups, highlights)
    words = {
        entry.id: ItemWords(wild, (wild,) * 20, ROOM)
        for one in groups
        for section in one.items
        for entry in section.entries
    }
    say = said(content, words, BERLIN, late=True, alerts=_alerts(wild, extra) if alerted else None, inside=True)
    if say is None:
        assert content.is_empty
        return
    messages = list(told(say, language))
    texts = [one["body"] for one in messages]
    assert all(len([line for line in text.splitlines() if line]) <= LINES for text in texts)
    assert max(len(json.dumps([one["body"], one["formatted_body"]])) for one in messages) <= LARGEST
    headings = [line.removeprefix("- ").partition(" ")[0] for text in texts for line in text.splitlines()]
    assert [one for one in headings if one.startswith("UAG")] == [f"UAG{number}" for number in range(len(rows))]


def _alerts(wild: str, count: int) -> AlertContent:
    numbers = range(count)
    return AlertContent(
        groups=tuple(Silent(wild, None) for _ in numbers),
        items=tuple(Stuck(one, wild, wild, 30, blocked=False, link=ROOM) for one in numbers),
        towns=tuple(Silent(wild, SINCE) for _ in numbers),
        requests=tuple(Unanswered(one, wild, wild, wild, 30, ROOM) for one in numbers),
    )


def _sized(number: int, row: tuple[int, ...], wild: str) -> GroupDigest:
    decided, running, done, overdue, created, blocked, wanted, held, coming, resolved, caught_up, inward = row
    polls = [_poll(one, number, closed=one < decided, text=wild) for one in range(decided + running)]
    home = 100 * number
    world = Facts(
        [replace(group(number), name=f"UAG{number} {wild[:200]}", counts_only=bool(inward))],
        polls,
        [
            *(item(home + one, closed_at=SINCE, group=number) for one in range(done)),
            *(item(home + one + 10, due_on=date(2026, 11, 3), group=number) for one in range(overdue)),
            *(item(home + one + 20, SINCE, group=number) for one in range(created)),
            *(item(home + one + 30, blocked=True, group=number) for one in range(blocked)),
            *(item(home + one + 50, wanted=True, group=number) for one in range(wanted)),
            *(
                item(home + 40, due_on=date(2026, 10, 1), closed_at=SINCE, dropped=True, group=number)
                for _ in range(caught_up)
            ),
        ],
        [
            *(_met(f"UAG1-{one}", SINCE, number, wild) for one in range(held)),
            *(_met(f"UAG1-{one}", UNTIL, number, wild, cancelled=one % 2 == 0, reason=wild) for one in range(coming)),
        ],
        [ResolutionFact(f"B-2026-{one:03}", number, wild, "rejected", SINCE, True, ROOM) for one in range(resolved)],
        [ResultFact(one, number, wild, SINCE, FAR, ROOM) for one in range(resolved)],
    )
    return digest(world, SINCE, UNTIL, SHOWN).groups[0]


def _met(name: str, at: datetime, number: int, wild: str, **more: object) -> MeetingFact:
    held = {"minutes": "approved", "minutes_link": FAR, "towns": ("Halle (Saale)",), "of_towns": 218}
    return meeting(name, at, group=number, title=wild, link=FAR, **held, **more)


def test_of_a_great_many_groups_each_is_told_in_one_line_of_numbers() -> None:
    groups = [group(number) for number in range(500)]
    items = [item(one.id * 10 + n, SINCE, group=one.id) for one in groups for n in range(7)]
    coming = [meeting(f"UAG{one.id}-{n}", UNTIL, group=one.id, cancelled=n == 0) for one in groups for n in range(2)]
    content = digest(facts(*items, groups=groups, meetings=coming), SINCE, UNTIL, SHOWN)
    say = said(content, {}, BERLIN)
    assert say is not None
    first, *more = rendered(say, "de")
    assert first.splitlines()[2] == (
        "- UAG0: Aufgaben: 7 neu · 1 Treffen abgesagt, nächstes Treffen Mo., 9. Nov., 08:00 Uhr"
    )
    assert len(more) < MOST
    assert sum(line.startswith("- UAG") for text in (first, *more) for line in text.splitlines()) == 500
    assert "Weiter im Thread: UAG26, UAG27, UAG28, UAG29, UAG30 und 469 weitere." in first
    assert "Bei so vielen Gruppen stehen hier nur Zahlen" in first
    assert "UAG1" in rendered(said(replace(content, groups=content.groups[:30]), words_for(items), BERLIN), "en")[0]


def _poll(number: int, group: int = 1, *, closed: bool = True, text: str = "Wo tagen wir?") -> PollFact:
    closed_at = SINCE + HOUR if closed else None
    options = [text[:150]] * (2 + number % 2)
    return PollFact(number, group, text, SINCE, UNTIL, closed_at, votes([5] * len(options), 12, options), ROOM)


def votes(counts: Sequence[int], eligible: int, options: Sequence[str] = ("Halle", "Stendal")) -> Result:
    """Return how a poll of single choice ended that got so many votes for each option."""
    poll = Poll(kind="single", options=list(options), majority="simple", quorum=None, outcome={})
    return result_of(poll, {"votes": list(counts), "voters": sum(counts), "eligible": eligible})


def rendered(say: Say | None, language: str) -> list[str]:
    """Return the plain texts of the message and of its thread."""
    return [one["body"] for one in told(say, language)]


def told(say: Say | None, language: str) -> Iterator[dict[str, Any]]:
    """Give the contents of the message and of its thread."""
    while say is not None:
        yield notice(CATALOGUES[language].render(say.key, say.data, BERLIN))
        say = say.thread


# -- the words of some weeks

LINK = "https://matrix.to/#/!room/$event"
LONG = "Bis zum Sommer mit allen beteiligten Kommunen einen gemeinsamen Leitfaden abstimmen und veröffentlichen"
PEOPLE = ("Anna", "Bodo", "Carla", "Dora", "Emil", "Fritz")
Week = tuple[Facts, Mapping[int, ItemWords]]


def empty_week() -> Week:
    return facts(groups=[group()]), {}


def usual_week() -> Week:
    groups = [
        GroupFact(1, "Hauptraum", BERLIN, SINCE - 9 * A_WEEK),
        GroupFact(2, "UAG1 Bürger-Apps", BERLIN, SINCE - A_WEEK),
    ]
    halle = votes([5, 4], 12, ("Halle (Saale)", "Stendal"))
    polls = [
        PollFact(7, 1, "Wo tagen wir im März?", SINCE, SINCE, SINCE, halle, LINK),
        PollFact(
            8, 2, "Welches Logo?", SINCE, UNTIL + 100 * HOUR, None, votes([0, 0, 1], 5, ("Kreis", "Stern", "Welle"))
        ),
        PollFact(9, 2, "Mit Imbiss?", SINCE, SINCE, SINCE + HOUR, votes([2, 2], 5, ("Ja", "Nein"))),
    ]
    earlier = SINCE - A_WEEK
    items = [
        item(12, earlier, closed_at=SINCE + HOUR, group=2),
        item(10, earlier, closed_at=SINCE - HOUR, group=2),
        item(11, earlier, closed_at=SINCE - HOUR, group=2),
        item(9, earlier, blocked=True, due_on=date(2026, 11, 6), group=2),
        item(14, SINCE + HOUR, due_on=date(2026, 11, 20), group=2),
        item(13, earlier, blocked=True, group=2),
        item(15, earlier, wanted=True, due_on=date(2026, 12, 1), group=2),
    ]
    words = {
        9: ItemWords("Förderbescheid nachreichen", ("Bodo",)),
        12: ItemWords("Protokoll verschicken", ("Carla",), LINK),
        13: ItemWords("Server <bestellen>", ("Edith",)),
        14: ItemWords("Leitfaden schreiben", ("Anna", "Bodo", "Halle (Saale)")),
        15: ItemWords("Flyer auf dem Stadtfest verteilen", ()),
    }
    first = datetime(2026, 11, 3, 9, tzinfo=UTC)
    address = "https://uagbot.example.org/archive/geheim/UAG1-2026-11-03"
    there = {"minutes": "approved", "minutes_link": address, "towns": ("Halle (Saale)", "Stendal"), "of_towns": 3}
    meetings = [
        meeting("UAG1-2026-11-03", first, group=2, **there),
        meeting("UAG1-2026-11-05", first + 48 * HOUR, group=2, minutes="draft"),
        meeting("UAG1-2026-11-10", first + A_WEEK, group=2, link="https://video.example.org/uag1"),
        meeting("UAG1-2026-11-17", first + 2 * A_WEEK, group=2, cancelled=True, reason="Messe in Magdeburg"),
    ]
    resolved = [ResolutionFact("B-2026-014", 2, "Der Leitfaden gilt ab Januar", "adopted", SINCE + HOUR, link=LINK)]
    results = [ResultFact(3, 2, "Leitfaden 1.0", SINCE + HOUR, "https://example.org/leitfaden", LINK)]
    highlights = [HighlightFact(1, "Der Leitfaden ist fertig: bitte in Ihrer Kommune vorstellen.", SINCE + HOUR)]
    return Facts(groups, polls, items, meetings, resolved, results, highlights), words


def crowded_week() -> Week:
    groups = [group(number) for number in range(1, 7)]
    polls = [
        PollFact(10 * one.id + n, one.id, LONG, SINCE, UNTIL, SINCE, votes([1] * 6, 6, PEOPLE))
        for one in groups
        for n in range(one.id)
    ]
    items = [
        item(100 * one.id + n, SINCE + HOUR, closed_at=closed, group=one.id)
        for one in groups
        for n, closed in enumerate([None] * (one.id + 2) + [SINCE + HOUR] * one.id)
    ]
    meetings = [
        meeting(f"UAG{one.id}-2026-11-{10 + n}", UNTIL + n * 24 * HOUR, group=one.id)
        for one in groups
        for n in range(7)
    ]
    return Facts(groups, polls, items, meetings), {one.id: ItemWords(LONG, PEOPLE) for one in items}


WEEKS = {"empty": empty_week(), "usual": usual_week(), "crowded": crowded_week()}
ALERTS = AlertContent(
    groups=(Silent("UAG4 Verwaltung", SINCE - 5 * A_WEEK),),
    items=(Stuck(9, "UAG1 Bürger-Apps", "Förderbescheid nachreichen", 31, blocked=True, link=LINK),),
)


def audience(name: str, week: Week) -> Say | None:
    """Return what a room of this kind is told of a week."""
    world, words = week
    if name == "counts":
        world = replace(world, groups=[replace(one, counts_only=True) for one in world.groups])
    alerts = ALERTS if name == "coordinators" else None
    return said(digest(world, SINCE, UNTIL, SHOWN), words, BERLIN, alerts=alerts)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", ["main", "coordinators", "counts"])
@pytest.mark.parametrize("week", WEEKS)
def test_the_words_of_a_week_stay_as_they_are(week: str, name: str, language: str) -> None:
    """Compare with the golden file; with UAGBOT_GOLDEN=write in the environment, write it anew."""
    first, last = days_of(SINCE, UNTIL, BERLIN)
    nothing = Say(key="digest-nothing", data={"first": first, "last": last, "inside": name == "counts"})
    text = "\n\n===== thread =====\n\n".join(rendered(audience(name, WEEKS[week]) or nothing, language)) + "\n"
    file = GOLDEN / f"digest-{week}-{name}-{language}.txt"
    if os.environ.get("UAGBOT_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
