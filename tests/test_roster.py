"""What reading a file of members promises: every bad line is named, with what to write instead (R4)."""

import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.roster.plan import MOST_UNKNOWN, Change, Stand, Wish, compare
from bot.roster.sheet import RosterRefused, Row, decode, read
from storage.municipalities import Standing

VOUCH = "If both are right: --as-written"
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
GOOD = "mitglied;kommune\n@anna:example.org;Halle (Saale)\n@bodo:example.org;Stendal\n"
ANNA = Row(2, "@anna:example.org", "Halle (Saale)", Standing.MEMBER)
BODO = Row(3, "@bodo:example.org", "Stendal", Standing.MEMBER)


def faults(text: str) -> list[tuple[int, str]]:
    """Return what is wrong with which line."""
    return [(fault.line, fault.text) for fault in read(text)[1]]


# -- reading


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode(),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.encode("utf-16"),
        GOOD.replace("\n", "\r\n").encode(),
        GOOD.replace("\n", "\r").encode(),
        GOOD.replace(";", ",").encode(),
        GOOD.replace(";", "\t").encode(),
        GOOD.replace("mitglied;kommune", "Matrix-ID ; Municipality ;").encode(),
        GOOD.replace("\n", ";;\n").encode(),
        b"kommune;name;user\nHalle (Saale);Anna A.;@anna:example.org\nStendal;;@bodo:example.org",
        b'"member","municipality","role"\n"@anna:example.org","Halle (Saale)",""\n@bodo:example.org,Stendal,member',
        b"rolle;kommune;mitglied\n;  Halle \t(Saale);@anna:example.org\nMitglied;Stendal; @bodo:example.org",
    ],
)
def test_a_file_is_read_however_a_spreadsheet_saves_it(content: bytes) -> None:
    assert read(decode(content)) == ([ANNA, BODO], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_umlauts_survive_in_every_encoding(encoding: str) -> None:
    text = "@anna:example.org;Hohe Börde\n@bodo:example.org;Dessau-Roßlau"
    rows, wrong = read(decode(text.encode(encoding)))
    assert [row.municipality for row in rows] == ["Hohe Börde", "Dessau-Roßlau"]
    assert wrong == []


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_file_needs_no_header(delimiter: str) -> None:
    lines = [
        "",
        "@anna:example.org;Halle (Saale)",
        " ; ",
        "@bodo:example.org;Stendal;gast;",
        "@carla:example.org;;guest",
    ]
    rows, wrong = read("\n".join(lines).replace(";", delimiter))
    assert [(row.line, row.municipality, row.standing) for row in rows] == [
        (2, "Halle (Saale)", "member"),
        (4, "Stendal", "guest"),
        (5, "", "guest"),
    ]
    assert wrong == []


def test_a_delimiter_of_another_kind_may_stand_in_a_name() -> None:
    rows, wrong = read('@anna:example.org;Halle (Saale), Stadt\n"@bodo:example.org";"Stendal; Hansestadt"')
    assert wrong == [(2, "'Stendal; Hansestadt' cannot be the name of a municipality; write it like Halle (Saale)")]
    assert [row.municipality for row in rows] == ["Halle (Saale), Stadt"]


@pytest.mark.parametrize("role", ["gast", "Gast", "GUEST", "beobachtung", "Observer", "mitglied", "member", ""])
def test_roles_are_understood_in_both_languages(role: str) -> None:
    (row,) = read(f"@anna:example.org;Stendal;{role}")[0]
    expected = {"g": Standing.GUEST, "b": Standing.OBSERVER, "o": Standing.OBSERVER}
    assert row.standing == expected.get(role[:1].lower(), Standing.MEMBER)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("anna;Stendal", "'anna' is no Matrix id; write it like @anna:example.org"),
        ("@anna;Stendal", "'@anna' is no Matrix id; write it like @anna:example.org"),
        (";Stendal", "'' is no Matrix id; write it like @anna:example.org"),
        ("@a b:example.org;Stendal", "'@a b:example.org' is no Matrix id; write it like @anna:example.org"),
        ("@a:" + "b" * 253 + ";Stendal", "'@a:" + "b" * 253 + "' is no Matrix id; write it like @anna:example.org"),
        ("@Anna:x.org;Stendal", "@Anna:x.org has capital letters, Matrix ids have none; write @anna:x.org"),
        ("@anna:example.org", "one column only; write member;municipality"),
        ("@anna:example.org;", "no municipality; write its name, or guest or observer as role"),
        ("@anna:example.org; ;mitglied", "no municipality; write its name, or guest or observer as role"),
        ("@anna:example.org;Stendal;chef", "'chef' is no role; write member, guest or observer, or nothing"),
        ("@anna:example.org;Halle;Saale", "'Saale' is no role; write member, guest or observer, or nothing"),
        ("@anna:example.org;Halle;;Saale", "more than 3 columns; put a name with ; or , in it in quotation marks"),
        ("@anna:example.org;" + "x" * 81, "the municipality's name is longer than 80 characters; shorten it"),
        ("@anna:example.org;06108", "'06108' cannot be the name of a municipality; write it like Halle (Saale)"),
        ("@bodo:example.org;Halle", "@bodo:example.org stands in line 1 already; keep one of the two lines"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_what_to_write_instead(line: str, why: str) -> None:
    rows, wrong = read(f"@bodo:example.org;Stendal\n\n{line}\n@carla:example.org;Zeitz")
    assert wrong == [(3, why)]
    assert [row.line for row in rows] == [1, 4]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("Name;Ort", "neither a header such as member;municipality;role nor a member such as @anna:example.org"),
        ("anna;Stendal", "neither a header such as member;municipality;role nor a member such as @anna:example.org"),
        ("mitglied;ort", "no column is called kommune or municipality"),
        ("kommune;rolle", "no column is called mitglied or member or user or matrix-id"),
        ("mitglied;kommune;municipality", "two columns are the municipality; keep one of them"),
    ],
)
def test_a_header_that_does_not_do_is_the_only_fault(head: str, why: str) -> None:
    assert read(f"\n{head}\n@anna:example.org;Stendal\n") == ([], [(2, why)])


@pytest.mark.parametrize("bad", ['@bodo:example.org;"Stendal', '"@bodo:example.org";"Sten"dal"'])
def test_a_quotation_mark_that_stays_open_ends_the_reading(bad: str) -> None:
    rows, wrong = read(f"@anna:example.org;Halle\n{bad}\n@carla:example.org;Zeitz\n")
    assert [row.line for row in rows] == [1]
    assert [line for line, _ in wrong] == [2]
    assert "quotation mark" in wrong[0].text


def test_lines_count_as_an_editor_counts_them() -> None:
    assert faults('@anna:example.org;"Halle\n(Saale)"\n\nbodo;Stendal') == [
        (4, "'bodo' is no Matrix id; write it like @anna:example.org")
    ]


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"a\0b", b"\xff\xfea"])
def test_what_is_no_csv_is_refused(content: bytes) -> None:
    with pytest.raises(RosterRefused, match="Save it as CSV"):
        decode(content)


@given(st.text(st.sampled_from('@abä:.;,\t"\n ()x1=gast'), max_size=80))
def test_any_text_is_read_or_faulted(text: str) -> None:
    rows, wrong = read(text)
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert wrong == sorted(wrong)
    assert not set(lines) & {fault.line for fault in wrong}


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    with contextlib.suppress(RosterRefused):
        read(decode(content))


# -- comparing


def planned(
    text: str, known: Sequence[str] = (), seats: dict[str, Stand] | None = None, wish: Wish | None = None
) -> tuple[list[Change], list[str], list[tuple[int, str]]]:
    """Return changes, new municipalities and what is wrong."""
    rows, wrong = read(text)
    plan, more = compare(rows, known, seats or {}, wish or Wish(), ["@uagbot:example.org"])
    assert wrong == []
    return plan.changes, plan.municipalities, [(one.line, one.text) for one in more]


def test_what_is_so_already_is_no_change() -> None:
    seats: dict[str, Stand] = {
        "@anna:example.org": ("Halle (Saale)", "member"),
        "@bodo:example.org": ("Zeitz", "guest"),
    }
    changes, new, wrong = planned(GOOD.replace("Halle (Saale)", "halle"), ["Halle (Saale)", "Stendal", "Zeitz"], seats)
    assert changes == [Change("@bodo:example.org", ("Stendal", "member"), ("Zeitz", "guest"))]
    assert (new, wrong) == ([], [])


def test_new_municipalities_must_be_wanted() -> None:
    assert planned(GOOD, ["Stendal"])[2] == [
        (2, "'Halle (Saale)' is unknown; correct it, or admit new ones with --new")
    ]
    changes, new, wrong = planned(GOOD + "@carla:example.org;halle", ["Stendal"], wish=Wish(new=True))
    assert new == ["Halle (Saale)"]
    assert [change.now[0] for change in changes] == ["Halle (Saale)", "Stendal", "Halle (Saale)"]
    assert wrong == []


def test_a_name_that_is_like_another_is_wrong_unless_it_is_vouched_for() -> None:
    text = "@anna:example.org;Oschersleben (Bode)\n@bodo:example.org;Aschersleben\n@carla:example.org;Stendl"
    wrong = planned(text, ["Stendal"], wish=Wish(new=True))[2]
    assert wrong == [
        (2, f"'Aschersleben' is unknown; did you mean Oschersleben (Bode) of line 1? {VOUCH} \"Aschersleben\""),
        (3, f"'Stendl' is unknown; did you mean Stendal? {VOUCH} \"Stendl\""),
    ]
    wish = Wish(new=True, as_written=["aschersleben", "Stendl"])
    assert planned(text, ["Stendal"], wish=wish)[1:] == (["Oschersleben (Bode)", "Aschersleben", "Stendl"], [])


def test_a_short_name_of_two_is_wrong() -> None:
    wrong = planned("@anna:example.org;Halle", ["Halle (Saale)", "Halle (Westfalen)"])[2]
    assert wrong == [(1, "'Halle' may be Halle (Saale) or Halle (Westfalen); write the whole name")]


def test_bots_are_no_members() -> None:
    assert planned("@uagbot:example.org;;gast")[2] == [(1, "@uagbot:example.org is a bot; remove the line")]


def test_thousands_of_new_names_are_a_wrong_column() -> None:
    lines = [f"@a{number}:example.org;{chr(97 + number % 26) * 5}{number}x{number * 7919}" for number in range(5_000)]
    begin = time.perf_counter()
    wrong = planned("\n".join(lines), wish=Wish(new=True))[2]
    assert time.perf_counter() - begin < 20
    assert f"as are {MOST_UNKNOWN} others; is this the column of municipalities?" in wrong[-1][1]
