"""What the splitting of commands into words promises, whatever people type."""

from hypothesis import given
from hypothesis import strategies as st

from commands.kit.say import Refusal
from commands.kit.words import LONGEST_WORD, QUOTES, Word, first_words, split_words

PAIRS = [('"', '"'), *zip("„“»«‚‘'", "“”«»‘’'", strict=True)]
MARKS = "".join({*QUOTES, *"".join(QUOTES.values())})
NASTY = st.text(st.characters() | st.sampled_from(MARKS + " \n\t-*•1.)=#@!\u2028\u00a0\x1c"))
PHRASE = (
    st.text(st.characters(exclude_characters=MARKS), min_size=1)
    .map(str.strip)
    .filter(lambda text: text and len(text.splitlines()) == 1)
)
PLAIN = st.from_regex(r"[a-zA-ZäöüÄÖÜß0-9]{1,12}", fullmatch=True)


def split(text: str) -> list[Word] | None:
    """Split the text; None if it was refused."""
    try:
        return split_words(text)
    except Refusal:
        return None


@given(NASTY)
def test_any_text_is_split_or_refused(text: str) -> None:
    for word in split(text) or []:
        assert word.raw
        assert word.quoted or not any(char.isspace() for char in word.raw)


@given(NASTY)
def test_no_letter_is_lost(text: str) -> None:
    words = split(text)
    if words is not None:
        kept = [char for char in text if char.isalpha()]
        assert sorted(char for word in words for char in word.raw if char.isalpha()) == sorted(kept)


@given(NASTY)
def test_the_first_words_never_raise_and_are_those_of_the_whole(text: str) -> None:
    first = first_words(text)
    assert len(first) <= 3
    words = split(text)
    if words and first and not words[0].quoted:
        assert first[0].raw == words[0].raw[:LONGEST_WORD]


@given(PLAIN, PHRASE, st.sampled_from(PAIRS), PLAIN)
def test_a_quoted_phrase_survives(before: str, phrase: str, quotes: tuple[str, str], after: str) -> None:
    words = split_words(f"{before} {quotes[0]}{phrase}{quotes[1]} {after}")
    assert [word.text for word in words] == [before, phrase, after]
    assert [word.quoted for word in words] == [False, True, False]


@given(PLAIN, PHRASE, st.sampled_from(PAIRS))
def test_a_quoted_value_survives(name: str, phrase: str, quotes: tuple[str, str]) -> None:
    (word,) = split_words(f"x{name}={quotes[0]}{phrase}{quotes[1]}")
    assert (word.name, word.text, word.quoted) == (f"x{name}", phrase, True)


@given(PLAIN, st.lists(PHRASE, min_size=1, max_size=5), st.sampled_from(["-", "*", "•", "–", "1.", "2)"]))
def test_lines_of_a_list_are_one_phrase_each(first: str, lines: list[str], bullet: str) -> None:
    words = split_words("\n".join([first, *(f"{bullet} {line}" for line in lines)]))
    assert [word.text for word in words] == [first, *lines]
    assert all(word.quoted for word in words[1:])


@given(PLAIN, PLAIN)
def test_an_apostrophe_inside_a_word_is_no_quote(one: str, two: str) -> None:
    assert [word.text for word in split_words(f"{one}'{two} {two}’s")] == [f"{one}'{two}", f"{two}’s"]
