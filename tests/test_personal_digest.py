"""What the personal digest promises: only what needs one person, once, on one screen, in the same words every week."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.digests.personal import (
    Ballot,
    Call,
    Date,
    Draft,
    PersonalContent,
    PersonalFacts,
    Question,
    Task,
    awaits,
    personal,
)
from commands.digests.personal_pages import LINES, MOST, said
from commands.kit.post import notice
from commands.kit.say import Rendered, Say
from commands.kit.texts import load_catalogue
from commands.votes.electorate import Electorate, Town, Voter

GOLDEN = Path(__file__).parent / "golden"
CATALOGUES = {language: load_catalogue(language, ["commands.digests"]) for language in ("de", "en")}
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 9, 7, tzinfo=UTC)  # a Monday, 8:00 in Berlin
A_DAY = timedelta(days=1)
LINK = "https://matrix.to/#/!room/$event"


def task(number: int, due_on: date | None = None, *, fresh: bool = False, zone: ZoneInfo = BERLIN) -> Task:
    return Task(number, "UAG1", f"Aufgabe {number}", due_on, zone, fresh)


# -- what needs somebody


@given(
    st.lists(st.tuples(st.none() | st.dates(date(2026, 10, 1), date(2026, 12, 31)), st.booleans()), max_size=12),
    st.datetimes(datetime(2026, 10, 20), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - Hypothesis adds it
)
def test_an_item_stands_once_where_it_is_most_urgent(rows: list[tuple[date | None, bool]], now: datetime) -> None:
    tasks = [task(number, due, fresh=fresh) for number, (due, fresh) in enumerate(rows)]
    content = personal(PersonalFacts(tasks=tasks), now)
    today = now.astimezone(BERLIN).date()
    shown = [*content.overdue, *content.due, *content.fresh]
    assert len({one.id for one in shown}) == len(shown)
    for one in tasks:
        late = one.due_on is not None and one.due_on < today
        soon = one.due_on is not None and today <= one.due_on <= today + 14 * A_DAY
        assert (one in content.overdue, one in content.due) == (late, soon)
        assert (one in content.fresh) == (one.fresh and not late and not soon)


def test_overdue_is_what_the_calendar_of_the_items_own_room_says() -> None:
    late_evening = datetime(2026, 11, 9, 23, 30, tzinfo=UTC)  # in Berlin it is the 10th already
    tasks = [task(1, date(2026, 11, 9)), task(2, date(2026, 11, 9), zone=ZoneInfo("Europe/Lisbon"))]
    content = personal(PersonalFacts(tasks=tasks), late_evening)
    assert ([one.id for one in content.overdue], [one.id for one in content.due]) == ([1], [2])


def test_polls_that_ended_and_meetings_that_began_or_are_far_ahead_need_nobody() -> None:
    ballots = [Ballot(1, "UAG1", "Wo?", NOW), Ballot(2, "UAG1", "Wann?", NOW + A_DAY)]
    dates = [Date(str(days), "UAG1", "Treffen", NOW + days * A_DAY) for days in (0, 13, 14, 15)]
    content = personal(PersonalFacts(ballots=ballots, dates=dates), NOW)
    assert ([one.id for one in content.ballots], [one.name for one in content.dates]) == ([2], ["13"])


def test_calls_come_along_but_need_nobody_by_themselves() -> None:
    calls = [Call(number, "UAG1", "Wer hilft?", None) for number in range(5)]
    content = personal(PersonalFacts(calls=calls), NOW)
    assert (len(content.calls), content.needs_nobody) == (3, True)
    assert not personal(PersonalFacts(calls=calls, held=True), NOW).needs_nobody
    assert not personal(PersonalFacts(calls=calls, tasks=[task(1, fresh=True)]), NOW).needs_nobody


VOTERS = {
    "@anna": Voter("@anna", 1, frozenset({1})),
    "@bodo": Voter("@bodo", 1, frozenset({1})),
    "@carla": Voter("@carla", 2, frozenset({1})),
    "@dora": Voter("@dora", None, frozenset({1})),
}
ELECTORATE = Electorate(VOTERS, {1: Town("Halle (Saale)"), 2: Town("Stendal")})


@pytest.mark.parametrize(
    ("chosen", "suffrage", "needed"),
    [
        ({}, "person", {"@anna", "@bodo", "@carla", "@dora"}),
        ({"@anna": {1: 1}, "@guest": {1: 1}}, "person", {"@bodo", "@carla", "@dora"}),
        ({"@anna": {1: 1}}, "municipality", {"@carla"}),  # Bodo's town has its vote, Dora has no town
        ({"@anna": {1: 1}, "@bodo": {2: 1}}, "municipality", {"@carla"}),  # who voted differently has voted
        ({"@carla": {1: 1}}, "municipality", {"@anna", "@bodo"}),
    ],
)
def test_a_poll_needs_who_may_vote_and_has_not_nor_has_their_town(
    chosen: dict[str, dict[int, int]], suffrage: str, needed: set[str]
) -> None:
    everybody = [*VOTERS, "@guest"]
    assert {user for user in everybody if awaits(user, ELECTORATE, chosen, suffrage)} == needed


# -- how it is laid out


def rendered(say: Say | None, language: str) -> list[tuple[str, str]]:
    texts = []
    while say is not None:
        found = CATALOGUES[language].render(say.key, say.data, BERLIN)
        texts.append((found.html, found.plain))
        say = say.thread
    return texts


def content_of(sizes: list[int], text: str = "Leitfaden", link: str | None = LINK) -> PersonalContent:
    days = [NOW + A_DAY + number * timedelta(minutes=1) for number in range(max(sizes))]
    return PersonalContent(
        overdue=tuple(Task(n, "UAG1", text, date(2026, 11, 1), BERLIN, False, True, link) for n in range(sizes[0])),
        due=tuple(Task(n, "UAG1", text, date(2026, 11, 11), BERLIN, link=link) for n in range(sizes[1])),
        fresh=tuple(Task(n, "UAG1", text, None, BERLIN, True, link=link) for n in range(sizes[2])),
        ballots=tuple(Ballot(n, "UAG1", text, days[n], link) for n in range(sizes[3])),
        dates=tuple(Date(f"UAG1-2026-11-10-{n}", "UAG1", text, days[n], link) for n in range(sizes[4])),
        questions=tuple(Question(n, "UAG1", "UAG2", text, days[n], link) for n in range(sizes[5])),
        drafts=tuple(Draft(f"UAG1-2026-11-10-{n}", "UAG1", text, days[n]) for n in range(sizes[6])),
        calls=tuple(Call(n, "UAG1", text, None, link) for n in range(min(sizes[7], 3))),
        held=sizes[0] % 2 == 1,
    )


@given(st.lists(st.integers(0, 12) | st.just(120), min_size=8, max_size=8).filter(any))
@settings(deadline=None, max_examples=25)  # templates take their time, the first most
def test_no_message_is_longer_than_a_screen_and_nothing_is_left_out(sizes: list[int]) -> None:
    content = content_of(sizes)
    for language in ("de", "en"):
        texts = rendered(said(content, NOW), language)
        for _, plain in texts:
            assert len([line for line in plain.splitlines() if line.strip()]) <= LINES
        entries = sum(plain.count("  - ") for _, plain in texts)
        more = sum(plain.count(word) for _, plain in texts for word in ("  - und ", "  - and "))
        assert entries - more == sum(min(len(one), MOST) for one in content.sections.values())


def test_no_message_is_too_large_for_a_homeserver_whatever_people_type() -> None:
    link = "https://matrix.to/#/!" + "r" * 250 + "/$" + "e" * 44
    for text in ('"<&>' * 125, "👩‍👩‍👧‍👦" * 70):
        for html, plain in rendered(said(content_of([120] * 8, text, link), NOW), "de"):
            content = notice(Rendered(html, plain))
            assert sum(len(str(value).encode()) for value in content.values()) < 40_000


USUAL = PersonalFacts(
    tasks=[
        Task(9, "UAG1", "Förderbescheid nachreichen", date(2026, 11, 6), BERLIN, False, True, LINK),
        Task(14, "UAG1", "Leitfaden schreiben", date(2026, 11, 20), BERLIN, True, False, LINK),
        Task(15, "UAG2", "Server <bestellen>", None, BERLIN, True),
    ],
    ballots=[Ballot(8, "UAG1", "Welches Logo?", NOW + 4 * A_DAY, LINK)],
    dates=[Date("UAG1-2026-11-10", "UAG1", "UAG-Treffen", NOW + 26 * timedelta(hours=1), LINK)],
    questions=[Question(3, "UAG1", "UAG2", "Welche Kommunen testen die App?", NOW, LINK)],
    drafts=[Draft("UAG1-2026-11-03", "UAG1", "UAG-Treffen", NOW - 6 * A_DAY)],
    calls=[Call(17, "INI", "Wer schreibt die Pressemitteilung?", date(2026, 11, 30), LINK)],
    held=True,
)
LONG = "Bis zum Sommer mit allen beteiligten Kommunen einen gemeinsamen Leitfaden abstimmen und veröffentlichen"
CONTENTS = {"usual": personal(USUAL, NOW), "crowded": content_of([9, 7, 6, 8, 7, 2, 6, 3], LONG)}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("week", ["empty", *CONTENTS])
def test_the_words_of_a_personal_digest_stay_as_they_are(week: str, language: str) -> None:
    """Compare with the golden file; with UAGBOT_GOLDEN=write in the environment, write it anew."""
    say = said(CONTENTS[week], NOW) if week in CONTENTS else Say(key="digest-personal-nothing")
    text = "\n\n===== thread =====\n\n".join(plain for _, plain in rendered(say, language)) + "\n"
    file = GOLDEN / f"digest-personal-{week}-{language}.txt"
    if os.environ.get("UAGBOT_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
