"""What digests promise whatever happens: gapless windows, each thing once, one screen, the same words every week."""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.chronicle.content import (
    A_WEEK,
    DigestContent,
    Facts,
    GroupDigest,
    GroupFact,
    ItemFact,
    MeetingFact,
    PollFact,
    digest,
)
from commands.digests.pages import LINES, said
from commands.digests.weeks import Rhythm, days_of, last_slot, next_slot
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
    group: int = 1,
    text: str = "",
) -> ItemFact:
    done = closed_at is not None and not dropped
    words = text or f"Aufgabe Nummer {number}"
    return ItemFact(number, group, words, ("Anna",), created_at, closed_at, done, blocked, due_on)


def meeting(name: str, starts_at: datetime, *, group: int = 1, **more: object) -> MeetingFact:
    found = MeetingFact(name, group, "UAG-Treffen", starts_at, starts_at + HOUR)
    return found if not more else MeetingFact(name, group, "UAG-Treffen", starts_at, starts_at + HOUR, **more)  # type: ignore[arg-type]


def facts(*items: ItemFact, groups: list[GroupFact] | None = None, meetings: list[MeetingFact] | None = None) -> Facts:
    return Facts(groups or [group()], [], items, meetings or [])


@st.composite
def worlds(draw: st.DrawFn) -> Facts:
    items = []
    for number in range(draw(st.integers(0, 12))):
        created = draw(instants)
        closed = draw(st.none() | st.datetimes(created.replace(tzinfo=None), LAST, timezones=st.just(UTC)))
        due = draw(st.none() | st.dates(date(2026, 10, 1), date(2027, 4, 30)))
        dropped = draw(st.booleans())
        blocked = closed is None and draw(st.booleans())
        items.append(
            item(number, created, closed_at=closed, due_on=due, blocked=blocked, dropped=dropped, group=draw(group_ids))
        )
    polls = [
        PollFact(number, draw(group_ids), "Wo?", at, at, draw(st.none() | st.just(at)), votes([0, 0], 3))
        for number, at in enumerate(draw(st.lists(instants, max_size=6)))
    ]
    meetings = [
        meeting(str(number), at, group=draw(group_ids), cancelled=draw(st.booleans()))
        for number, at in enumerate(draw(st.lists(instants, max_size=6)))
    ]
    return Facts([group(1), group(2, ZoneInfo("America/New_York"))], polls, items, meetings)


def happened(content: DigestContent) -> Counter[tuple[str, object]]:
    """Count what belongs to the window: results, what was done, meetings."""
    found: Counter[tuple[str, object]] = Counter()
    for one in content.groups:
        found.update(("poll", poll.id) for poll in one.decided)
        found.update(("done", entry.id) for entry in one.done.entries)
        found.update(("meeting", entry.name) for entry in one.meetings)
    return found


def items_of(content: DigestContent) -> Counter[int]:
    return Counter(
        entry.id
        for one in content.groups
        for kind in (one.done, one.overdue, one.created, one.blocked)
        for entry in kind.entries
    )


@given(worlds(), windows)
def test_two_adjoining_windows_say_what_one_long_one_says_nothing_twice_and_nothing_lost(
    world: Facts, window: list[datetime]
) -> None:
    a, b, c = window
    first, second, whole = digest(world, a, b), digest(world, b, c), digest(world, a, c)
    assert happened(first) + happened(second) == happened(whole)
    assert max(happened(whole).values(), default=1) == 1
    closed = {("poll", one.id) for one in world.polls if one.closed_at and a <= one.closed_at < c}
    done = {("done", one.id) for one in world.items if one.done and one.closed_at and a <= one.closed_at < c}
    over = {("meeting", one.name) for one in world.meetings if a <= one.ends_at < c}
    assert set(happened(whole)) == closed | done | over
    assert set(items_of(whole)) <= set(items_of(first)) | set(items_of(second))


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
            (one.name, one.running, one.overdue.entries, one.coming)
            for one in groups
            if one.running or one.overdue.entries or one.coming
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


@given(st.lists(st.tuples(*[sizes] * 8, st.booleans()).filter(any), min_size=1, max_size=12))
@settings(deadline=None, max_examples=50)  # templates take their time, the first most
def test_no_message_is_longer_than_a_screen_and_groups_stay_whole_and_in_order(rows: list[tuple[int, ...]]) -> None:
    content = DigestContent(SINCE, UNTIL, tuple(_sized(number, row) for number, row in enumerate(rows)))
    for language in ("de", "en"):
        messages = rendered(said(content, BERLIN, late=True), language)
        assert all(len([line for line in text.splitlines() if line]) <= LINES for text in messages)
        headings = [line for text in messages for line in text.splitlines() if line.startswith("UAG")]
        assert headings == [f"UAG{number}" for number in range(len(rows))]


def _sized(number: int, row: tuple[int, ...]) -> GroupDigest:
    decided, running, done, overdue, created, blocked, held, coming, caught_up = row
    world = Facts(
        [group(number)],
        [_poll(one, number, closed=one < decided) for one in range(decided + running)],
        [
            *(item(one, closed_at=SINCE, group=number) for one in range(done)),
            *(item(one + 10, due_on=date(2026, 11, 3), group=number) for one in range(overdue)),
            *(item(one + 20, SINCE, group=number) for one in range(created)),
            *(item(one + 30, blocked=True, group=number) for one in range(blocked)),
            *(
                item(40, due_on=date(2026, 10, 1), closed_at=SINCE, dropped=True, group=number)
                for _ in range(caught_up)
            ),
        ],
        [
            *(meeting(f"UAG1-{one}", SINCE, group=number) for one in range(held)),
            *(meeting(f"UAG1-{one}", UNTIL, group=number) for one in range(coming)),
        ],
    )
    return digest(world, SINCE, UNTIL).groups[0]


def _poll(number: int, group: int = 1, *, closed: bool = True) -> PollFact:
    closed_at = SINCE + HOUR if closed else None
    return PollFact(number, group, "Wo tagen wir?", SINCE, UNTIL, closed_at, votes([5, 4], 12))


def votes(counts: Sequence[int], eligible: int, options: Sequence[str] = ("Halle", "Stendal")) -> Result:
    """Return how a poll of single choice ended that got so many votes for each option."""
    poll = Poll(kind="single", options=list(options), majority="simple", quorum=None, outcome={})
    return result_of(poll, {"votes": list(counts), "voters": sum(counts), "eligible": eligible})


def rendered(say: Say | None, language: str) -> list[str]:
    """Return the plain texts of the message and of its thread."""
    texts = []
    while say is not None:
        texts.append(CATALOGUES[language].render(say.key, say.data, BERLIN).plain)
        say = say.thread
    return texts


def usual_week() -> Facts:
    groups = [
        GroupFact(1, "Hauptraum", BERLIN, SINCE - 9 * A_WEEK),
        GroupFact(2, "UAG1 Bürger-Apps", BERLIN, SINCE - A_WEEK),
    ]
    link = "https://matrix.to/#/!room/$event"
    polls = [
        PollFact(
            7, 1, "Wo tagen wir im März?", SINCE, SINCE, SINCE, votes([5, 4], 12, ("Halle (Saale)", "Stendal")), link
        ),
        PollFact(
            8, 2, "Welches Logo?", SINCE, UNTIL + 100 * HOUR, None, votes([0, 0, 1], 5, ("Kreis", "Stern", "Welle"))
        ),
        PollFact(9, 2, "Mit Imbiss?", SINCE, SINCE, SINCE + HOUR, votes([2, 2], 5, ("Ja", "Nein"))),
    ]
    anna_and_bodo = ("Anna", "Bodo")
    items = [
        ItemFact(12, 2, "Protokoll verschicken", ("Carla",), SINCE - A_WEEK, SINCE + HOUR, True, False, None, link),
        ItemFact(10, 2, "Liste der Kommunen ergänzen", (), SINCE - A_WEEK, SINCE - HOUR, True, False, None),
        ItemFact(11, 2, "Raum buchen", (), SINCE - A_WEEK, SINCE - HOUR, True, False, None),
        ItemFact(9, 2, "Förderbescheid nachreichen", ("Bodo",), SINCE - A_WEEK, None, False, True, date(2026, 11, 6)),
        ItemFact(14, 2, "Leitfaden schreiben", anna_and_bodo, SINCE + HOUR, None, False, False, date(2026, 11, 20)),
        ItemFact(13, 2, "Server <bestellen>", ("Edith",), SINCE - A_WEEK, None, False, True, None),
    ]
    first = datetime(2026, 11, 3, 9, tzinfo=UTC)
    meetings = [
        meeting("UAG1-2026-11-03", first, group=2),
        meeting("UAG1-2026-11-10", first + A_WEEK, group=2, link="https://video.example.org/uag1"),
        meeting("UAG1-2026-11-17", first + 2 * A_WEEK, group=2, cancelled=True, reason="Messe in Magdeburg"),
    ]
    return Facts(groups, polls, items, meetings)


def crowded_week() -> Facts:
    people = ("Anna", "Bodo", "Carla", "Dieter", "Edith", "Fritz")
    groups = [group(number) for number in range(1, 7)]
    long = "Bis zum Sommer mit allen beteiligten Kommunen einen gemeinsamen Leitfaden abstimmen und veröffentlichen"
    polls = [
        PollFact(10 * one.id + n, one.id, long, SINCE, UNTIL, SINCE, votes([1] * 6, 6, people))
        for one in groups
        for n in range(one.id)
    ]
    items = [
        ItemFact(100 * one.id + n, one.id, long, people, SINCE + HOUR, closed, closed is not None, False, None)
        for one in groups
        for n, closed in enumerate([None] * (one.id + 2) + [SINCE + HOUR] * one.id)
    ]
    meetings = [
        meeting(f"UAG{one.id}-2026-11-{10 + n}", UNTIL + n * 24 * HOUR, group=one.id)
        for one in groups
        for n in range(7)
    ]
    return Facts(groups, polls, items, meetings)


WEEKS = {"empty": facts(groups=[group()]), "usual": usual_week(), "crowded": crowded_week()}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("week", WEEKS)
def test_the_words_of_a_week_stay_as_they_are(week: str, language: str) -> None:
    """Compare with the golden file; with UAGBOT_GOLDEN=write in the environment, write it anew."""
    say = said(digest(WEEKS[week], SINCE, UNTIL), BERLIN)
    first, last = days_of(SINCE, UNTIL, BERLIN)
    nothing = Say(key="digest-nothing", data={"first": first, "last": last})
    text = "\n\n===== thread =====\n\n".join(rendered(say or nothing, language)) + "\n"
    file = GOLDEN / f"digest-{week}-{language}.txt"
    if os.environ.get("UAGBOT_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
