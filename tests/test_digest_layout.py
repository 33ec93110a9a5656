"""What digests look like whatever stands in them: one screen, no message too large, the same words every week."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

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
    Section,
)
from commands.chronicle.rule import digest
from commands.digests.alerts import AlertContent, Counted, Entry, Silent, Stuck, Unanswered, on_a_screen
from commands.digests.pages import LARGEST, LINES, MOST, said
from commands.digests.sizes import SHOWN
from commands.digests.weeks import days_of
from commands.kit.post import notice
from commands.kit.say import Say
from commands.kit.texts import load_catalogue
from tests.sampled_digests import (
    BERLIN,
    HOUR,
    SINCE,
    UNTIL,
    facts,
    group,
    item,
    meeting,
    votes,
)

GOLDEN = Path(__file__).parent / "golden"
CATALOGUES = {language: load_catalogue(language, ["commands.digests"]) for language in ("de", "en")}


def words_for(items: Iterable[ItemFact]) -> dict[int, ItemWords]:
    return {one.id: ItemWords(f"Aufgabe Nummer {one.id}", ("Anna",)) for one in items}


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
    numbers = range(2 * count)
    name = wild[:200]
    return on_a_screen(
        AlertContent(
            groups=_all(Silent(name, 30) for _ in numbers),
            items=_all(Stuck(one, name, wild, 30, blocked=False, link=ROOM) for one in numbers),
            counted=tuple(Counted(name, 3) for _ in numbers),
            towns=_all(name for _ in numbers),
            unseated=_all(name for _ in numbers),
            requests=_all(Unanswered(one, name, name, wild, 30, ROOM) for one in numbers),
            reports=("2026-10",),
        )
    )


def _all(found: Iterable[Entry]) -> Section[Entry]:
    entries = tuple(found)
    return Section(entries, len(entries))


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
    groups=Section((Silent("UAG4 Verwaltung", 35),), 1),
    items=Section((Stuck(9, "UAG1 Bürger-Apps", "Förderbescheid nachreichen", 31, blocked=True, link=LINK),), 1),
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
