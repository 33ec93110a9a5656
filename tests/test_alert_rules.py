"""What alerts promise whatever happens: exact spans, nothing goes away by waiting, one screen, the same words."""

import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.chronicle.content import GroupFact, RequestFact, TownFact
from commands.digests.alerts import (
    AlertContent,
    AlertFacts,
    Silent,
    StuckFact,
    alerts,
    on_a_screen,
    reports_due,
    rest,
)
from commands.digests.pages import LINES
from commands.kit.setup import Alerts
from commands.kit.texts import load_catalogue

GOLDEN = Path(__file__).parent / "golden"
CATALOGUES = {language: load_catalogue(language, ["commands.digests"]) for language in ("de", "en")}
BERLIN = ZoneInfo("Europe/Berlin")
UNTIL = datetime(2026, 11, 9, 7, tzinfo=UTC)  # two weeks after the clocks changed
A_DAY = timedelta(days=1)
AN_INSTANT = timedelta(microseconds=1)
THRESHOLDS = Alerts()
COUNTED = 99  # a group whose content stays inside
LOOKED_BACK = UNTIL - THRESHOLDS.silent_municipality

spans = st.timedeltas(timedelta(0), 100 * A_DAY)
times = spans.map(lambda ago: UNTIL - ago)


def group(
    number: int = 1, name: str = "", *, known: datetime = UNTIL - 100 * A_DAY, last: datetime | None = None
) -> GroupFact:
    return GroupFact(number, name or f"UAG{number}", BERLIN, known, last_sign=last)


def facts(*groups: GroupFact, **more: Any) -> AlertFacts:
    working = frozenset(one.id for one in groups)
    return replace(AlertFacts(groups, LOOKED_BACK, working), **more)


@st.composite
def worlds(draw: st.DrawFn) -> AlertFacts:
    signs = st.none() | times
    groups = [group(number, known=draw(times), last=draw(signs)) for number in range(1, draw(st.integers(1, 9)))]
    groups.append(replace(group(COUNTED), counts_only=True))
    ids = st.sampled_from([one.id for one in groups])
    changes = sorted(draw(st.lists(times, max_size=14)))
    items = [StuckFact(n, draw(ids), f"Nr. {n}", at, draw(st.booleans())) for n, at in enumerate(changes)]
    stuck = Counter(one.group for one in items if UNTIL - one.changed_at >= THRESHOLDS.stuck_item)
    towns = [
        TownFact(f"Ort {n}", draw(times), draw(signs), draw(st.booleans())) for n in range(draw(st.integers(0, 20)))
    ]
    asked = [RequestFact(n, draw(ids), draw(ids), "Wer?", at) for n, at in enumerate(sorted(draw(st.lists(times))))]
    waiting = sum(UNTIL - one.asked_at >= THRESHOLDS.unanswered_request for one in asked)
    items = [one for one in items if one.group != COUNTED]
    return facts(*groups, items=items, stuck=stuck, towns=towns, requests=asked, unanswered=waiting)


def told(content: AlertContent) -> set[tuple[str, object]]:
    return {
        *(("group", one.name) for one in content.groups.entries),
        *(("item", one.id) for one in content.items.entries),
        *(("town", one) for one in (*content.towns.entries, *content.unseated.entries)),
        *(("request", one.id) for one in content.requests.entries),
    }


@given(st.sampled_from([28 * A_DAY, timedelta(hours=5), 61 * A_DAY]), st.integers(-1, 1))
def test_a_span_counts_from_the_instant_at_which_it_is_full(threshold: timedelta, shift: int) -> None:
    at = UNTIL - threshold + shift * AN_INSTANT
    thresholds = Alerts(threshold, threshold, threshold, threshold)
    world = facts(
        group(1, last=at),
        group(2, known=at),
        items=[StuckFact(1, 1, "Server", at, blocked=True)],
        towns=[TownFact("Stendal", at, None), TownFact("Zeitz", UNTIL - 100 * A_DAY, at, seated=False)],
        requests=[RequestFact(1, 1, 2, "Wer?", at)],
    )
    found = alerts(world, UNTIL, thresholds)
    everything = {("group", "UAG1"), ("group", "UAG2"), ("item", 1), ("request", 1), ("town", "Stendal")}
    assert told(found) == (everything | {("town", "Zeitz")} if shift <= 0 else set())
    assert found.is_empty is (shift > 0)


@given(worlds(), spans)
def test_nothing_goes_away_by_waiting(world: AlertFacts, later: timedelta) -> None:
    assert told(alerts(world, UNTIL, THRESHOLDS)) <= told(alerts(world, UNTIL + later, THRESHOLDS))


def test_only_the_silence_of_working_groups_without_a_meeting_ahead_is_told_the_longest_first() -> None:
    groups = (
        group(1, last=UNTIL - 30 * A_DAY),
        group(2, last=UNTIL - 40 * A_DAY - AN_INSTANT),
        group(3),
        group(4),
        group(5, known=UNTIL - 27 * A_DAY),
        group(6),
    )
    world = facts(*groups, working=frozenset({1, 2, 3, 4, 5}), meeting=frozenset({4}))
    found = alerts(world, UNTIL, THRESHOLDS).groups.entries
    assert found == (Silent("UAG3", 56, longer=True), Silent("UAG2", 40), Silent("UAG1", 30))


def test_a_group_whose_content_stays_inside_is_a_number() -> None:
    secret = replace(group(2), counts_only=True)
    old = UNTIL - 30 * A_DAY
    world = facts(
        group(1),
        secret,
        items=[StuckFact(1, 1, "Server", old, blocked=True)],
        stuck={1: 1, 2: 3},
        requests=[RequestFact(1, 1, 2, "Geheim?", old), RequestFact(2, 2, 1, "Geheim?", old)],
        unanswered=2,
    )
    found = alerts(world, UNTIL, THRESHOLDS)
    assert [(one.group, one.number) for one in found.counted] == [("UAG2", 3)]
    assert (found.items.total, found.stuck) == (1, 4)
    assert [one.question for one in found.requests.entries] == [None, None]


@given(worlds(), st.sampled_from([(), ("2026-12", "2026-Q4", "2026")]))
@settings(deadline=None, max_examples=40)  # templates take their time, the first most
def test_the_first_screen_and_the_rest_say_everything_once_and_as_many_lines_as_they_promise(
    world: AlertFacts, reports: tuple[str, ...]
) -> None:
    whole = alerts(world, UNTIL, THRESHOLDS)
    screen, further = replace(on_a_screen(whole), reports=reports), rest(whole)
    parts = Counter(chain.from_iterable(told(one) for one in (screen, *further)))
    assert parts == Counter(told(whole))
    assert screen.is_empty == whole.is_empty
    for language in ("de", "en"):
        text = CATALOGUES[language].render("digest-alerts", {"alerts": screen}, BERLIN).plain
        assert len([line for line in text.splitlines() if line]) == screen.lines <= LINES
        assert all(
            "…" not in CATALOGUES[language].render("alerts-more", {"alerts": one}, BERLIN).plain for one in further
        )


# -- reports


def test_a_report_is_told_of_when_its_time_is_over_by_the_calendar_of_the_room() -> None:
    def due(since: str, until: str) -> tuple[str, ...]:
        return reports_due(datetime.fromisoformat(since), datetime.fromisoformat(until), BERLIN)

    assert due("2026-11-23T07:00+00:00", "2026-11-30T07:00+00:00") == ()
    assert due("2026-11-30T07:00+00:00", "2026-12-07T07:00+00:00") == ("2026-11",)
    assert due("2026-11-30T22:59+00:00", "2026-11-30T23:00+00:00") == ("2026-11",)
    assert due("2027-03-29T06:00+00:00", "2027-04-05T06:00+00:00") == ("2027-03", "2027-Q1")
    assert due("2026-12-28T07:00+00:00", "2027-01-04T07:00+00:00") == ("2026-12", "2026-Q4", "2026")
    assert due("2026-09-28T06:00+00:00", "2027-02-01T07:00+00:00") == ("2027-01", "2026-Q4", "2026")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis adds the zone
def test_in_the_digests_of_a_year_each_report_is_told_of_once(start: datetime) -> None:
    windows = pairwise(start + number * 7 * A_DAY for number in range(54))
    found = Counter(chain.from_iterable(reports_due(since, until, BERLIN) for since, until in windows))
    assert set(found.values()) == {1}
    assert Counter("Q" if "Q" in one else "month" if "-" in one else "year" for one in found)["month"] in (12, 13)


# -- words


def usual() -> AlertContent:
    groups = (
        group(1, "INI Initiative"),
        group(2, "UAG1 Bürger-Apps", last=UNTIL - A_DAY),
        group(3, "UAG2 Mobilität", last=UNTIL - 36 * A_DAY),
        replace(group(4, "UAG3 Vergabe", last=UNTIL - A_DAY), counts_only=True),
    )
    items = [
        StuckFact(9, 2, "Förderbescheid <nachreichen>", UNTIL - 50 * A_DAY, True, "https://matrix.to/#/!room/$event"),
        StuckFact(12, 1, "Raum buchen", UNTIL - 29 * A_DAY, blocked=False),
    ]
    towns = [
        TownFact("Halle (Saale)", UNTIL - 90 * A_DAY, None),
        TownFact("Naumburg", UNTIL - 90 * A_DAY, None, seated=False),
        TownFact("Stendal", UNTIL - 90 * A_DAY, UNTIL - 56 * A_DAY),
    ]
    asked = [RequestFact(3, 2, 3, "Wer spricht mit den Verkehrsbetrieben?", UNTIL - 14 * A_DAY)]
    world = facts(*groups, items=items, stuck={2: 1, 1: 1, 4: 3}, towns=towns, requests=asked, unanswered=1)
    return alerts(replace(world, working=frozenset({2, 3, 4})), UNTIL, THRESHOLDS)


def crowded() -> AlertContent:
    long = "Bis zum Sommer mit allen beteiligten Kommunen einen gemeinsamen Leitfaden abstimmen und veröffentlichen"
    groups = [group(number) for number in range(1, 9)]
    items = [StuckFact(n, n % 8 + 1, long, UNTIL - (90 - n) * A_DAY, blocked=n % 3 == 0) for n in range(1, 31)]
    towns = [TownFact(f"Gemeinde {n:02}", UNTIL - 90 * A_DAY, None, seated=n % 2 == 0) for n in range(40)]
    asked = [RequestFact(n, 1, 2, long, UNTIL - (70 - n) * A_DAY) for n in range(1, 9)]
    world = facts(*groups, items=items, stuck={1: 900}, towns=towns, requests=asked, unanswered=8)
    return replace(alerts(world, UNTIL, THRESHOLDS), reports=("2026-12", "2026-Q4", "2026"))


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("week", ["usual", "crowded"])
def test_the_words_of_alerts_stay_as_they_are(week: str, language: str) -> None:
    """Compare with the golden file; with UAGBOT_GOLDEN=write in the environment, write it anew."""
    content = {"usual": usual, "crowded": crowded}[week]()
    parts = [("digest-alerts", on_a_screen(content)), *(("alerts-more", one) for one in rest(content))]
    texts = [CATALOGUES[language].render(key, {"alerts": one}, BERLIN).plain for key, one in parts]
    text = "\n\n===== thread =====\n\n".join(texts) + "\n"
    file = GOLDEN / f"digest-alerts-{week}-{language}.txt"
    if os.environ.get("UAGBOT_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
