"""What uagbot promises about reading a ballot from words (P2, P10, P12): German and English, numbers and names."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.say import Refusal
from commands.kit.words import split_words
from commands.polls.words import UnreadableBallot, ballot_words, read_ballot
from storage.polls import PollKind

TOWNS = ("Halle", "Lutherstadt Wittenberg", "Kaffee und Kuchen", "Ja, gern", "Köthen (Anhalt)", "3 x im Jahr")
SINGLE, MULTIPLE, DATE, RANKING = PollKind.SINGLE, PollKind.MULTIPLE, PollKind.DATE, PollKind.RANKING


def words(text: str) -> list[str]:
    return [word.raw if word.name else word.text for word in split_words(text)]


@pytest.mark.parametrize(
    ("kind", "text", "choices"),
    [
        (SINGLE, "1", {1: 1}),
        (SINGLE, "2.", {2: 1}),
        (SINGLE, "halle", {1: 1}),
        (SINGLE, "Lutherstadt Wittenberg", {2: 1}),
        (SINGLE, "„Lutherstadt Wittenberg“", {2: 1}),
        (SINGLE, "kaffee und kuchen", {3: 1}),
        (SINGLE, '"Kaffee und Kuchen"', {3: 1}),
        (SINGLE, "ja, gern", {4: 1}),
        (SINGLE, '"Ja, gern"', {4: 1}),
        (SINGLE, "koethen (anhalt)", {5: 1}),
        (SINGLE, "3 x im Jahr", {6: 1}),
        (MULTIPLE, "1 3", {1: 1, 3: 1}),
        (MULTIPLE, "1, 3 und 2", {1: 1, 2: 1, 3: 1}),
        (MULTIPLE, "1; 3 and 2", {1: 1, 2: 1, 3: 1}),
        (MULTIPLE, 'Halle, "Kaffee und Kuchen"', {1: 1, 3: 1}),
        (DATE, "1 ja 2 notfalls 3 nein", {1: 2, 2: 1, 3: 0}),
        (DATE, "1 yes, 2 maybe, 3 no", {1: 2, 2: 1, 3: 0}),
        (DATE, "1 JA 2 Vielleicht", {1: 2, 2: 1}),
        (DATE, "1 3", {1: 2, 3: 2}),
        (DATE, "1 nein", {1: 0}),
        (RANKING, "1=3 2=2", {1: 3, 2: 2}),
        (RANKING, "1:3, 2:2", {1: 3, 2: 2}),
        (RANKING, "1x3 2*2 3", {1: 3, 2: 2, 3: 1}),
        (RANKING, "1=3 2=0", {1: 3}),
        (RANKING, "Halle=3", {1: 3}),
        (RANKING, '"3 x im Jahr" 1=2', {1: 2, 6: 1}),
    ],
)
def test_a_ballot_in_words(kind: PollKind, text: str, choices: dict[int, int]) -> None:
    assert read_ballot(words(text), kind, TOWNS) == choices


@pytest.mark.parametrize(
    ("kind", "text", "option"),
    [
        (SINGLE, "0", 0),
        (SINGLE, "7", 7),
        (SINGLE, "999", 999),
        (SINGLE, "1000", None),
        (SINGLE, "-1", None),
        (SINGLE, "Dessau", None),
        (SINGLE, "Halle=3", None),
        (SINGLE, "²", None),
        (SINGLE, "und", None),
        (MULTIPLE, "1 9", 9),
        (DATE, "ja", None),
        (DATE, "1 ja notfalls", None),
        (RANKING, "1=0", None),
        (RANKING, "9=1", 9),
        (RANKING, "1=1000", None),
        (RANKING, "=3", None),
        (RANKING, "", None),
    ],
)
def test_what_is_no_ballot_and_which_answer_is_missing(kind: PollKind, text: str, option: int | None) -> None:
    with pytest.raises(UnreadableBallot) as caught:
        read_ballot(words(text), kind, TOWNS)
    assert caught.value.option == option


@given(st.sampled_from(list(PollKind)), st.text(max_size=40))
def test_any_text_is_a_ballot_or_none(kind: PollKind, text: str) -> None:
    try:
        found = read_ballot(words(text), kind, TOWNS)
    except (UnreadableBallot, Refusal):
        return
    assert found
    assert set(found) <= set(range(1, len(TOWNS) + 1))
    assert all(points > 0 or kind == DATE for points in found.values())


@given(st.dictionaries(st.integers(1, 6), st.integers(1, 99), min_size=1))
def test_points_are_read_as_they_are_written(points: dict[int, int]) -> None:
    text = " ".join(f"{number}={many}" for number, many in points.items())
    assert read_ballot(words(text), RANKING, TOWNS) == points


@given(st.sampled_from(TOWNS), st.sampled_from([SINGLE, MULTIPLE]))
def test_every_answer_can_be_named_as_it_is_written(text: str, kind: PollKind) -> None:
    number = TOWNS.index(text) + 1
    assert read_ballot([text], kind, TOWNS) == {number: 1}
    assert read_ballot(text.upper().split(), kind, TOWNS) == {number: 1}


@pytest.mark.parametrize(
    ("text", "several", "ballot"),
    [
        ("!stimme U7 2", False, ["2"]),
        ("!stimme U7: 2", False, ["2"]),
        ("!vote u7 2", False, ["2"]),
        ("stimme 7 2", False, ["2"]),
        ("!STIMME 2", False, ["2"]),
        ("!stimme 7", False, ["7"]),
        ("!stimme 7 2", True, ["7", "2"]),
        ("!stimme U7 1 2", True, ["1", "2"]),
        ("@uagbot stimme U7 2", False, ["2"]),
        ("uagbot: vote 2", False, ["2"]),
        ("!stimme U8 2", False, ["U8", "2"]),
    ],
)
def test_the_ballot_in_a_whole_command(text: str, several: bool, ballot: Sequence[str]) -> None:
    assert list(ballot_words(words(text), 7, several=several)) == ballot
