"""The rules by which a circulation is counted, deadlines are checked and polls become resolutions."""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.workdays import is_working_day, read_working_days, working_days_later
from commands.resolutions.rules import count, day_off, latest, looks_like_a_name, turned, wording
from commands.votes.electorate import Electorate, Town, Voter
from commands.votes.result import result_of
from storage.polls import Poll, PollKind
from storage.resolutions import ResolutionName, ResolutionState, Voice

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
PEOPLE = ["@anna:x", "@bodo:x", "@carla:x", "@dieter:x"]
# Two weeks around each change of the clocks, and any time of two years.
INSTANTS = st.one_of(
    *(
        st.datetimes(day - timedelta(days=14), day + timedelta(days=14), timezones=st.just(UTC))
        for day in (datetime(2026, 3, 29), datetime(2026, 10, 25))  # noqa: DTZ001 - the strategy adds the zone
    ),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - the same
)


def electorate(people: list[str]) -> Electorate:
    return Electorate(
        {one: Voter(one, 1 if one == PEOPLE[0] else None, frozenset({1})) for one in people}, {1: Town("Halle")}
    )


@st.composite
def spoken(draw: st.DrawFn) -> list[Voice]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        objects, withdrawn = draw(st.booleans()), draw(st.booleans())
        said_at = START + timedelta(minutes=draw(st.integers(0, 5)))
        voice = Voice(
            id=number,
            user_id=draw(st.sampled_from(PEOPLE)),
            objects=objects,
            reason="weil" if objects else None,
            said_at=said_at,
            event_id=f"${number}",
            withdrawn_at=said_at if withdrawn else None,
        )
        found.append(voice)
    return found


@given(spoken(), st.sets(st.sampled_from(PEOPLE)), st.randoms(use_true_random=False))
def test_everybody_who_may_speak_counts_once_in_whatever_order_it_came(
    voices: list[Voice], people: set[str], shuffle: random.Random
) -> None:
    voters = electorate(sorted(people))
    stands = count(voices, voters)
    assert stands.agreed + stands.silent + len(stands.objections) == stands.eligible == len(people)
    assert min(stands.agreed, stands.silent) >= 0
    assert {one.user_id for one in stands.objections} <= people
    mixed = list(voices)
    shuffle.shuffle(mixed)
    assert count(mixed, voters) == stands


@given(spoken())
def test_only_an_objection_that_stands_prevents_a_resolution(voices: list[Voice]) -> None:
    stands = count(voices, electorate(PEOPLE))
    last = latest(voices)
    standing = [one for one in last.values() if one.objects and one.withdrawn_at is None]
    assert (stands.state == ResolutionState.REJECTED) == bool(standing)
    assert [one.town for one in stands.objections if one.user_id == PEOPLE[0]] in ([], ["Halle"])
    assert stands.outcome["objections"] == [list(one) for one in stands.objections]


@given(spoken())
def test_taking_the_last_word_back_leaves_silence(voices: list[Voice]) -> None:
    last = latest(voices)
    for one in last.values():
        one.withdrawn_at = one.said_at
    stands = count(voices, electorate(PEOPLE))
    assert (stands.silent, stands.state) == (len(PEOPLE), ResolutionState.ADOPTED)


def test_nobody_cannot_consent() -> None:
    assert count([], electorate([])).state == ResolutionState.REJECTED


# -- deadlines


@given(INSTANTS, st.integers(1, 30))
def test_working_days_end_at_the_end_of_the_last_one_by_the_clocks_on_the_wall(now: datetime, number: int) -> None:
    ends = working_days_later(number, now=now, zone=BERLIN)
    local, today = ends.astimezone(BERLIN), now.astimezone(BERLIN).date()
    assert local.time() == time(23, 59)
    assert ends > now
    assert ends.tzinfo == UTC
    days = [today + timedelta(days=one) for one in range(1, (local.date() - today).days + 1)]
    assert sum(map(is_working_day, days)) == number
    assert day_off(local.date(), "de") is None


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_a_day_off_names_the_next_working_day(day: date) -> None:
    off = day_off(day, "de")
    assert (off is None) == is_working_day(day)
    if off is not None:
        assert off.following > day
        assert is_working_day(off.following)
        assert off.holiday or day.weekday() >= 5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5 Arbeitstage", (5, 2)),
        ("in 5 Arbeitstagen und", (5, 3)),
        ("fünf Arbeitstage", (5, 2)),
        ("ein Arbeitstag", (1, 2)),
        ("5 working days", (5, 3)),
        ("1 working day", (1, 3)),
        ("10 business days", (10, 3)),
        ("0 Arbeitstage", None),
        ("1000 Arbeitstage", None),
        ("5 Tage", None),
        ("Arbeitstage", None),
        ("5 Arbeitstagebuch", None),
        ("", None),
    ],
)
def test_working_days_are_read_in_both_languages(text: str, found: tuple[int, int] | None) -> None:
    assert read_working_days(text.split()) == found


# -- names and words


@given(st.integers(2000, 2199), st.integers(1, 999_999))
def test_no_text_is_only_a_name(year: int, number: int) -> None:
    name = str(ResolutionName(year, number))
    for text in (name, name.lower(), name.replace("-", "–"), f"B-{number}", f"B{number}", f"{number}", f" {number} "):
        assert looks_like_a_name(text)
    assert not looks_like_a_name(f"{name} gilt")
    assert not looks_like_a_name(f"{number} Euro")


@pytest.mark.parametrize(
    ("question", "winner", "text", "state"),
    [
        ("Treten wir bei?", "Ja", "Treten wir bei?", ResolutionState.ADOPTED),
        ("Treten wir bei?", "YES", "Treten wir bei?", ResolutionState.ADOPTED),
        ("Treten wir bei?", "Nein", "Treten wir bei?", ResolutionState.REJECTED),
        ("Treten wir bei?", "no", "Treten wir bei?", ResolutionState.REJECTED),
        ("Wo tagen wir?", "Halle", "Wo tagen wir? Halle", ResolutionState.ADOPTED),
        ("Ort", "Halle", "Ort: Halle", ResolutionState.ADOPTED),
    ],
)
def test_a_poll_is_worded_as_what_it_decided(question: str, winner: str, text: str, state: ResolutionState) -> None:
    fields: dict[str, Any] = {"kind": PollKind.SINGLE, "question": question, "options": [winner, "Anders"]}
    poll = Poll(**fields, outcome={"votes": [3, 1], "voters": 4, "eligible": 9}, majority="simple", quorum=None)
    result = result_of(poll)
    assert (wording(question, result), turned(result)) == (text, state)
