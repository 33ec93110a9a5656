"""What reports promise as files: the same facts in both forms, words of people as text, and no barriers in the page."""

import os
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from markdown_it import MarkdownIt

from commands.chronicle.content import Facts, HighlightFact
from commands.kit import documents
from commands.reports.rendering import html, markdown
from tests.sampled_reports import BEGIN, MADE_AT, NOVEMBER, WORLDS, frame, meeting, report, resolution

GOLDEN = Path(__file__).parent / "golden"
FORMS = {"html": html, "md": markdown}
VOID = {"meta", "br", "hr", "img", "input", "link"}
HOSTILE = "<script>alert(1)</script> a|b ](javascript:x) \"'> | # *x* &lt;"
LANGUAGES: tuple[Literal["de", "en"], ...] = ("de", "en")


class Page(HTMLParser):
    """Reads a page: its tags with their attributes in order, those that stay open, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.misplaced: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.misplaced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, *tags: str) -> list[dict[str, str]]:
        """Return the attributes of all these elements."""
        return [attributes for tag, attributes in self.tags if tag in tags]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("world", WORLDS)
def test_a_report_stays_as_it_is_written(world: str, language: Literal["de", "en"], form: str) -> None:
    """Compare with the golden file; with UAGBOT_GOLDEN=write in the environment, write it anew."""
    text = FORMS[form](report(WORLDS[world]), frame(language)).replace(documents.style(), "(style)")
    file = GOLDEN / f"report-{world}-{language}.{form}"
    if os.environ.get("UAGBOT_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("world", WORLDS)
def test_a_page_has_none_of_the_barriers_that_can_be_read_from_it(world: str) -> None:
    page = Page(html(report(WORLDS[world]), frame("de")))
    assert (page.open, page.misplaced) == ([], [])
    ids = Counter(attributes["id"] for _, attributes in page.tags if "id" in attributes)
    assert max(ids.values()) == 1
    for _, attributes in page.tags:
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)
        assert not attributes.get("href", "").startswith("#") or attributes["href"][1:] in ids
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all("scope" in attributes for attributes in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    drawings = [one for one in page.all("svg") if one.get("aria-hidden") != "true"]
    assert all(one["role"] == "img" and len(one["aria-labelledby"].split()) == 2 for one in drawings)
    assert len(drawings) == len(page.all("desc")) >= (4 if world != "empty" else 0)
    assert {tag for tag, _ in page.tags} >= {"header", "nav", "main", "footer", "title"}
    assert page.all("html") == [{"lang": "de"}]


def test_a_page_needs_nothing_else_and_runs_nothing() -> None:
    text = html(report(WORLDS["usual"]), frame("de"))
    assert "<script" not in text
    assert not re.search(r"\s(src|srcset|style|on\w+)=|@import|url\((?!#)", text)


def hostile(words: str) -> Facts:
    """Give the usual quarter, and in every place that people write in these words."""
    world = WORLDS["usual"]
    return replace(
        world,
        groups=[replace(one, name=words) for one in world.groups],
        polls=[replace(one, question=words) for one in world.polls],
        resolutions=[*(replace(one, text=words) for one in world.resolutions), resolution(18, 4, words)],
        meetings=[
            *(replace(one, title=words, reason=words, towns=one.towns and (words,)) for one in world.meetings),
            meeting(4, 9, words),
        ],
        results=[replace(one, text=words) for one in world.results],
        highlights=[HighlightFact(1, words, BEGIN)],
    )


def test_no_words_are_markup_in_a_page() -> None:
    pages = [Page(html(report(hostile(words)), frame("de", words))) for words in (HOSTILE, "x")]
    assert [tag for tag, _ in pages[0].tags if tag != "text"] == [tag for tag, _ in pages[1].tags if tag != "text"]
    assert pages[0].text.count(HOSTILE) > 20


def test_no_words_are_markup_in_markdown() -> None:
    kinds = []
    for words in (HOSTILE, "x"):
        text = markdown(report(hostile(words)), frame("de", words))
        blocks = MarkdownIt("commonmark").enable("table").parse(text)
        kinds.append([(block.type, [one.type for one in block.children or ()]) for block in blocks])
        cells = [
            block.content for block in blocks if block.type == "inline" and words in block.content.replace("\\", "")
        ]
        assert len(cells) > 20
    assert kinds[0] == kinds[1]
    assert not any("html" in kind for kind, _ in kinds[0])


def test_the_secret_address_of_the_archive_is_not_handed_on() -> None:
    for write in FORMS.values():
        text = write(report(WORLDS["usual"]), frame("de"))
        assert "bot.example.org" not in text
        assert text.count("Protokoll genehmigt") == 2


def test_both_forms_name_the_same_things() -> None:
    usual = report(WORLDS["usual"])
    texts = [html(usual, frame("de")).partition("</style>")[2], markdown(usual, frame("de"))]
    named = [set(re.findall(r"\b(?:[AEFU]\d+|B-\d{4}-\d{3}|[A-Z0-9]+-\d{4}-\d\d-\d\d)\b", text)) for text in texts]
    assert named[0] == named[1] > {"A30", "E4", "F3", "U9", "B-2026-017", "UAG2-2026-12-08"}


def test_a_period_that_is_still_running_says_as_of_when_and_shows_weeks_so_far() -> None:
    text = markdown(report(WORLDS["usual"], NOVEMBER, MADE_AT.replace(year=2026, month=11, day=12)), frame("de"))
    assert "# Sachbericht November 2026\n" in text
    assert "**Der Zeitraum läuft noch; Stand: Donnerstag, 12. November 2026, 10:30 Uhr**" in text
    assert "| 9.–15. November 2026 | 1 | 0 |" in text
    assert "16.–22. November" not in text
