"""What minutes promise in all their forms: the same facts, the words of people as text, and every change told."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from commands.kit import documents
from commands.minutes import rendering
from commands.minutes.difference import difference
from commands.minutes.document import Attendance, Attendee, Document, as_json, from_json, one_line
from commands.minutes.rendering import Edition, Way
from storage.minutes import LineKind, MinutesState
from tests.sampled_minutes import APPROVED, BEGIN, DRAFT, crowded, empty, line, topic, usual

GOLDEN = Path(__file__).parent / "golden"
FORMS: dict[str, Callable[[Document, Edition, str], str]] = {
    "md": rendering.markdown,
    "txt": rendering.plain,
    "html": rendering.html,
}
MEETINGS = {"usual": (usual(), APPROVED), "empty": (empty(), DRAFT), "crowded": (crowded(3, 2), DRAFT)}
MARKUP = st.text(alphabet="ab1 \\`*_{}[]()<>#+-.!|~&;:/=\"'\t\n@$%^?,", max_size=30)
words = MARKUP | st.text(max_size=30)


def corrected() -> tuple[Document, Document]:
    """Give two versions of the usual meeting."""
    old = usual()
    first, website, budget = old.topics
    entries = (replace(website.entries[0], text="Die Seite ist fertig"), *website.entries[2:], line(7, "Neu"))
    new = replace(
        old,
        place="",
        scribes=("Carla",),
        attendance=replace(
            old.attendance,
            present=(*old.attendance.present[:3], Attendee("Emil", "Burg")),
            excused=(),
        ),
        topics=(first, replace(website, title="Website", entries=entries), budget),
        unreached=(),
    )
    return old, new


# -- what it keeps


@pytest.mark.parametrize("meeting", MEETINGS)
def test_what_is_kept_as_json_is_read_again_as_it_was(meeting: str) -> None:
    document, _ = MEETINGS[meeting]
    assert from_json(json.loads(json.dumps(as_json(document)))) == document


def test_action_items_are_listed_by_person_and_those_of_nobody_last() -> None:
    found = [(person, [entry.key for entry in entries]) for person, entries in usual().actions_by_person]
    assert found == [("Anna", ["A14"]), ("Bodo", ["A14"]), ("", ["A15"])]


@pytest.mark.parametrize(
    ("towns", "represented", "present", "needed", "quorate"),
    [(24, 12, 20, 12, True), (24, 11, 20, 12, False), (0, 0, 3, 3, True), (0, 0, 2, 3, False), (24, 1, 1, None, None)],
)
def test_a_group_can_decide_by_its_municipalities_or_where_none_are_known_by_its_members(
    towns: int, represented: int, present: int, needed: int | None, quorate: bool | None
) -> None:
    people = tuple(Attendee(str(number)) for number in range(present))
    assert Attendance(people, represented=represented, towns=towns, needed=needed).quorate is quorate


# -- how it reads


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("meeting", MEETINGS)
def test_minutes_stay_as_they_are_written(meeting: str, language: str, form: str) -> None:
    """Compare with the golden file; with UAGBOT_GOLDEN=write in the environment, write it anew."""
    text = FORMS[form](*MEETINGS[meeting], language)
    text = text.replace(documents.style(), "(style)") if form == "html" else text
    file = GOLDEN / f"minutes-{meeting}-{language}.{form}"
    if os.environ.get("UAGBOT_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("form", FORMS)
def test_every_line_names_its_event(form: str) -> None:
    document = usual()
    text = FORMS[form](document, DRAFT, "de")
    for link in [*(one.link for one in document.titled), *(one.link for one in document.entries)]:
        assert link in text


def test_plain_text_is_at_most_76_columns_wide_but_for_addresses() -> None:
    text = rendering.plain(crowded(), DRAFT, "de")
    assert [row for row in text.splitlines() if len(row) > 76 and "https://" not in row] == []


def test_two_thousand_lines_are_written_in_a_second() -> None:
    document = replace(usual(), topics=(topic(1, "Viel", 0, *(line(number, "Text " * 10) for number in range(2000))),))
    for form, write in FORMS.items():
        write(empty(), DRAFT, "de")
        begins = perf_counter()
        write(document, DRAFT, "de")
        assert perf_counter() - begins < 1, form


# -- what people write stays text


def tokens(text: str) -> list[tuple[str, str]]:
    """Return what CommonMark makes of a text: all tags but plain text, and the text."""
    found: list[tuple[str, str]] = []
    for block in MarkdownIt("commonmark").parse(text):
        found.append((block.type, "" if block.type == "inline" else block.content))
        found += [(one.type, one.content) for one in block.children or ()]
    return found


ITEM = ["bullet_list_open", "list_item_open", "paragraph_open", "inline"]


@given(words)
def test_no_words_are_markup_in_markdown(text: str) -> None:
    said = one_line(text)
    found = tokens(f"- {documents.markdown_text(said)}\n")
    if said:
        assert [kind for kind, _ in found[:4]] == ITEM
        assert found[4] == ("text", said)
    assert len(found) == (8 if said else 4)
    title = tokens(f"## {documents.markdown_text(said)}\n")
    assert [kind for kind, _ in title] == ["heading_open", "inline", *(["text"] if said else []), "heading_close"]
    assert not said or title[2][1] == said


def with_words(text: str) -> Document:
    """Give minutes in which every place that people write in says this."""
    said = one_line(text) or "x"
    entries = [line(number, said, kind, said) for number, kind in enumerate(LineKind) if kind != LineKind.TOPIC]
    entries += [replace(one, text=said, by=said) for one in usual().resolutions[:1]]
    entries += [
        replace(one, text=said, by=said, task=replace(one.task, people=(said,)))
        for one in usual().actions[:1]
        if one.task is not None
    ]
    there = Attendance((Attendee(said, said), Attendee(said)), (said,), (said,), 1, 1)
    return replace(
        usual(),
        group=said,
        title=said,
        place=said,
        leads=(said,),
        scribes=(said,),
        attendance=there,
        topics=(topic(1, said, 1, *entries),),
        unreached=(said,),
    )


class Tags(HTMLParser):
    """Collects the tags of a page with their attributes' names, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=50)
@given(words)
def test_no_words_are_markup_in_a_page(text: str) -> None:
    edition = Edition(MinutesState.APPROVED, 2, BEGIN, one_line(text) or "x", difference(usual(), with_words(text)))
    harmless = Edition(MinutesState.APPROVED, 2, BEGIN, "x", difference(usual(), with_words("x")))
    page = Tags(rendering.html(with_words(text), edition, "de"))
    assert page.tags == Tags(rendering.html(with_words("x"), harmless, "de")).tags
    assert (one_line(text) or "x") in page.text


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("https://example.org Titel", "https://example.org", "Titel"),
        ("https://example.org", "https://example.org", "https://example.org"),
        ("javascript:alert(1) Titel", "", "javascript:alert(1) Titel"),
        ("https:// Titel", "", "https:// Titel"),
        ("https://[ Titel", "", "https://[ Titel"),
    ],
)
def test_only_web_addresses_become_links(text: str, address: str, shown: str) -> None:
    entry = line(1, text, LineKind.LINK)
    assert (entry.url, entry.words) == (address, shown)
    page = rendering.html(replace(usual(), topics=(topic(1, "Links", 1, entry),)), DRAFT, "de")
    assert "javascript:" not in "".join(re.findall(r'href="[^"]*"', page))


def test_an_address_does_not_end_early_in_markdown() -> None:
    hostile = "https://example.org/a)[b](javascript:x)<c>`d`"
    document = replace(usual(), topics=(topic(1, "Links", 1, line(1, hostile, LineKind.LINK)),))
    links = [
        str(one.attrs["href"])
        for block in MarkdownIt("commonmark").parse(rendering.markdown(document, DRAFT, "de"))
        for one in block.children or ()
        if one.type == "link_open"
    ]
    assert {link.partition(":")[0] for link in links} == {"https"}


def test_what_cannot_be_seen_is_left_out_and_text_is_one_line() -> None:
    assert one_line("a\n\n b\u202e\x00\tc\u2066\x9bd 👩\u200d🚀") == "a b cd 👩\u200d🚀"


# -- what changed


def test_a_difference_names_all_that_reads_otherwise() -> None:
    found = difference(*corrected())
    assert [(one.name, one.before, one.after) for one in found.header] == [
        ("place", "Stadthaus Halle (Saale)", ""),
        ("scribes", ("Bodo",), ("Carla",)),
    ]
    assert [(one.before.title, one.after.title) for one in found.topics] == [("Stand der Website", "Website")]
    told = [(one.before and one.before.text, one.after and one.after.text) for one in found.entries]
    assert told == [
        ("https://example.org/entwurf_(neu) Entwurf", None),
        ("Die Seite ist <b>fast</b> fertig & wird *morgen* gezeigt", "Die Seite ist fertig"),
        (None, "Neu"),
    ]
    assert found.present == (("Dora",), ("Emil (Burg)",))
    assert found.excused == (("Emil",), ())
    assert found.unreached == (("Verschiedenes",), ())
    assert found.size == 10
    assert difference(usual(), usual()).size == 0


@given(words, words)
def test_there_is_a_difference_exactly_where_the_documents_differ(one: str, other: str) -> None:
    old, new = (replace(with_words(text), group="") for text in (one, other))
    assert (difference(old, new).size > 0) == (old != new)


@pytest.mark.parametrize("form", FORMS)
def test_a_second_version_says_what_is_different(form: str) -> None:
    old, new = corrected()
    edition = Edition(MinutesState.APPROVED, 2, BEGIN + timedelta(days=9), "Anna", difference(old, new))
    text = FORMS[form](new, edition, "de")
    assert "Änderungen gegenüber Version 1" in text
    assert "Ort: keine Angabe (vorher: Stadthaus Halle (Saale))" in text
    assert "Auch anwesend: Emil (Burg)" in text
    assert "Nicht entschuldigt: Emil" in text
    assert "Geändertes Thema: Website (vorher: Stand der Website)" in text
    same = replace(edition, changes=difference(old, old))
    assert "Nichts ist anders." in FORMS[form](old, same, "de")


# -- a page stands on its own


def test_a_page_needs_nothing_else_and_leads_on_where_it_can() -> None:
    way = Way("./", "UAG1-2026-11-03", "", [("md", "UAG1-2026-12-08.md")], [(1, "UAG1-2026-12-08/v1")])
    page = rendering.html(usual(), DRAFT, "de", way)
    assert "<script" not in page
    assert not re.search(r"(src|srcset|poster|action)=|@import|url\(", page)
    assert f"<style>{documents.style()}</style>" in page
    assert '<a rel="prev" href="UAG1-2026-11-03">' in page
    assert 'rel="next"' not in page
    assert "<nav" not in rendering.html(usual(), DRAFT, "de")
