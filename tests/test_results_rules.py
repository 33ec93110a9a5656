"""What the rules of results promise: which words are the text and which are the address behind it."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.kit.links import is_link
from commands.results.rules import Wording, address, is_number, of_message, year_window

PAGE = "https://example.org/leitfaden"
WORDS = st.lists(st.from_regex(r"[A-Za-zÄÖÜäöüß0-9()„“.:,–-]{1,12}", fullmatch=True), max_size=8)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (PAGE, PAGE),
        (f"<{PAGE}>", PAGE),
        (f"({PAGE}).", PAGE),
        (f"„{PAGE}“,", PAGE),
        ("https://de.example.org/Harz_(Gebirge)", "https://de.example.org/Harz_(Gebirge)"),
        ("http://10.0.0.1:8080/a?b=c#d", "http://10.0.0.1:8080/a?b=c#d"),
        ("www.example.org", None),
        ("https://", None),
        ("ftp://example.org", None),
        ("javascript:alert(1)", None),
        (f"https://example.org/{'x' * 500}", None),
    ],
)
def test_an_address_is_found_in_what_punctuation_puts_around_it(written: str, found: str | None) -> None:
    assert address(written) == found


@pytest.mark.parametrize(
    ("message", "text", "link"),
    [
        (f"Der Leitfaden ist da:\n\n{PAGE}", "Der Leitfaden ist da", PAGE),
        (f"Der Leitfaden ist da – {PAGE}.", "Der Leitfaden ist da", PAGE),
        (f"Unter {PAGE} steht der Leitfaden:", f"Unter {PAGE} steht der Leitfaden:", None),
        (PAGE, None, PAGE),
        ("", None, None),
    ],
)
def test_only_an_address_at_the_end_is_the_link(message: str, text: str | None, link: str | None) -> None:
    assert of_message(message) == Wording(text, link)


@given(words=WORDS, gap=st.sampled_from([" ", "\n", "\n\n"]))
def test_no_word_is_lost_and_every_link_can_be_opened(words: list[str], gap: str) -> None:
    alone, linked = of_message(gap.join(words)), of_message(gap.join([*words, PAGE]))
    assert (alone.text or "").split() == words
    assert linked.link == PAGE
    assert is_link(linked.link)
    said = " ".join(words)
    assert said.startswith(linked.text or "")
    assert not said.removeprefix(linked.text or "").strip(" :,;–-")


def test_what_looks_like_a_number_is_no_text() -> None:
    assert all(is_number(text) for text in ("E3", "e12.", "14", " E3 "))
    assert not any(is_number(text) for text in ("E-Akte", "E3 eröffnet", "100 %", "E", ""))


@given(year=st.integers(-5, 10**9), zone=st.sampled_from(["Europe/Berlin", "Pacific/Kiritimati", "America/Adak"]))
def test_every_year_is_a_window_that_the_next_one_continues(year: int, zone: str) -> None:
    since, until = year_window(year, ZoneInfo(zone))
    assert since < until
    if 1970 <= year < 9998:
        assert since.astimezone(ZoneInfo(zone)).isoformat().startswith(f"{year}-01-01T00:00")
        assert year_window(year + 1, ZoneInfo(zone))[0] == until
