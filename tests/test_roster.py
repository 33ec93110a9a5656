"""What the import of members promises: every bad line is named, nothing is imported by halves, nothing twice (R4)."""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

from bot.cli import cli
from bot.roster.importing import _store
from bot.roster.plan import MOST_UNKNOWN, Change, Stand, Wish, compare
from bot.roster.sheet import RosterRefused, Row, decode, read
from storage import municipalities
from storage.database import Database
from storage.due import Due
from storage.municipalities import Municipality, Seat, Standing
from storage.polls import Poll
from storage.rooms import Room, RoomKind

VOUCH = "If both are right: --as-written"
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
GOOD = "mitglied;kommune\n@anna:example.org;Halle (Saale)\n@bodo:example.org;Stendal\n"
ANNA = Row(2, "@anna:example.org", "Halle (Saale)", Standing.MEMBER)
BODO = Row(3, "@bodo:example.org", "Stendal", Standing.MEMBER)
ROLES = GOOD.replace("\n", ";\n").replace(";\n", ";rolle\n", 1)


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


# -- the command


@pytest.fixture
def url(sqlite_url: str) -> str:
    """Give a SQLite file with today's schema, in which Carla stands for Zeitz."""

    async def make(tx_url: str) -> None:
        database = Database(tx_url)
        await database.upgrade()
        async with database.begin() as tx:
            tx.add(Municipality(name="Zeitz", sought="zeitz", deputy="@carla:example.org", created_at=NOW))
            await tx.flush()
            await municipalities.take_seat(tx, "@carla:example.org", 1, Standing.MEMBER, "@carla:example.org", NOW)
            room = Room(
                matrix_id="!a", kind=RoomKind.GROUP, key="UAG1", title="", language="de", zone="Europe/Berlin",
                joined=True, powers={}, created_at=NOW,
            )  # fmt: skip
            tx.add(room)
            await tx.flush()
            times = {"opened_at": NOW, "closes_at": NOW.replace(day=20)}
            tx.add(
                Poll(
                    room_id=room.id, question="Wo?", options=["Halle", "Zeitz"], opened_by="@anna:example.org", **times
                )
            )
        await database.close()

    asyncio.run(make(sqlite_url))
    return sqlite_url


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Give `uagbot members import` with a content and options; returns exit status and what it says."""
    config = tmp_path / "config.toml"
    config.write_text(
        '[matrix]\nhomeserver = "https://example.org"\nuser = "@uagbot:example.org"\naccess_token = "x"\n'
        f'[storage]\ndatabase = "sqlite:///{tmp_path / "uagbot.db"}"\n'
        '[bot]\nother_bots = ["@other:example.org"]\n'
    )

    def command(content: str | bytes | None, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "roster.csv"
        if content is not None:
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        done = CliRunner().invoke(cli, ["members", "import", str(file), "--config", str(config), *options])
        return done.exit_code, done.stdout, done.stderr

    return command


Run = Callable[..., tuple[int, str, str]]


def stored(url: str) -> tuple[list[str], dict[str, tuple[str | None, str, str]], int]:
    """Return municipalities, who stands for what by whose word, and how many recounts are planned."""

    async def look() -> tuple[list[str], dict[str, tuple[str | None, str, str]], int]:
        database = Database(url)
        async with database.begin() as tx:
            towns = {town.id: town for town in await municipalities.everything(tx)}
            found = {
                seat.user_id: (
                    towns[seat.municipality_id].name if seat.municipality_id else None,
                    seat.standing,
                    seat.set_by,
                )
                for seat in await tx.scalars(select(Seat))
            }
            planned = len((await tx.scalars(select(Due).where(Due.what == "poll status"))).all())
        await database.close()
        return [town.name for town in towns.values()], found, planned

    return asyncio.run(look())


CARLA = {"@carla:example.org": ("Zeitz", "member", "@carla:example.org")}
BOT = "@uagbot:example.org"


def test_a_good_file_is_imported_whole_and_a_second_time_changes_nothing(url: str, run: Run) -> None:
    content = (
        b"\xef\xbb\xbf"
        + (ROLES + "@carla:example.org;Zeitz\n@dieter:example.org;;gast\n").replace("\n", "\r\n").encode()
    )
    assert run(content, "--new") == (
        0,
        "New municipalities: Halle (Saale), Stendal\nImported: 3 new, 0 changed, 1 unchanged.\n",
        "",
    )
    after = stored(url)
    assert after == (
        ["Halle (Saale)", "Stendal", "Zeitz"],
        {
            **CARLA,
            "@anna:example.org": ("Halle (Saale)", "member", BOT),
            "@bodo:example.org": ("Stendal", "member", BOT),
            "@dieter:example.org": (None, "guest", BOT),
        },
        1,
    )
    assert run(content) == (0, "Imported: 0 new, 0 changed, 4 unchanged.\n", "")
    assert stored(url) == after


def test_one_bad_line_imports_nothing_and_all_are_named(url: str, run: Run) -> None:
    content = (
        "mitglied;kommune;rolle\n@anna:example.org;Zeitz\nbodo;Zeitz\n@carla:example.org;\n@anna:example.org;Zeitz\n"
        "@dieter:example.org;Zeits\n@emil:example.org;Börde\n@other:example.org;;gast\n@fritz:example.org;Zeitz;chef\n"
    )
    status, said, wrong = run(content.encode("latin-1"), "--new")
    assert (status, said) == (1, "")
    assert wrong.splitlines() == [
        "uagbot: roster.csv, line 3: 'bodo' is no Matrix id; write it like @anna:example.org",
        "uagbot: roster.csv, line 4: no municipality; write its name, or guest or observer as role",
        "uagbot: roster.csv, line 5: @anna:example.org stands in line 2 already; keep one of the two lines",
        "uagbot: roster.csv, line 6: 'Zeits' is unknown; did you mean Zeitz? If both are right: --as-written \"Zeits\"",
        "uagbot: roster.csv, line 8: @other:example.org is a bot; remove the line",
        "uagbot: roster.csv, line 9: 'chef' is no role; write member, guest or observer, or nothing",
        "uagbot: Nothing was imported: 6 lines are wrong, 2 right.",
    ]
    assert stored(url) == (["Zeitz"], CARLA, 0)


def test_an_unknown_municipality_is_no_accident(url: str, run: Run) -> None:
    status, _, wrong = run(GOOD)
    assert status == 1
    assert "line 2: 'Halle (Saale)' is unknown; correct it, or admit new ones with --new" in wrong
    assert stored(url) == (["Zeitz"], CARLA, 0)


def test_a_dry_run_says_what_would_change_and_writes_nothing(url: str, run: Run) -> None:
    status, said, wrong = run(ROLES + "@carla:example.org;Stendal;beobachtung\n", "--new", "--dry-run")
    assert (status, wrong) == (0, "")
    assert said.splitlines() == [
        "@anna:example.org: Halle (Saale) (new)",
        "@bodo:example.org: Stendal (new)",
        "@carla:example.org: Stendal as observer (so far Zeitz)",
        "New municipalities: Halle (Saale), Stendal",
        "Nothing was written. It would be 2 new, 1 changed, 0 unchanged.",
    ]
    assert stored(url) == (["Zeitz"], CARLA, 0)


def test_who_is_moved_is_deputy_no_more(url: str, run: Run) -> None:
    assert run("@carla:example.org;Stendal", "--new")[0] == 0
    with closing(sqlite3.connect(url.partition("///")[2])) as connection:
        assert connection.execute("SELECT name, deputy FROM municipalities ORDER BY name").fetchall() == [
            ("Stendal", None),
            ("Zeitz", None),
        ]
    assert stored(url)[1]["@carla:example.org"] == ("Stendal", "member", BOT)


def test_a_name_may_be_vouched_for(url: str, run: Run) -> None:
    assert run("@anna:example.org;Zeits", "--as-written", "Zeits")[0] == 0
    assert stored(url)[0] == ["Zeits", "Zeitz"]


def test_twenty_thousand_lines_take_seconds(url: str, run: Run) -> None:
    lines = [f"@m{number}:example.org;Ort {chr(97 + number % 20) * 6}" for number in range(20_000)]
    begin = time.perf_counter()
    assert run("\n".join(lines), "--new")[1].endswith("Imported: 20000 new, 0 changed, 0 unchanged.\n")
    moved = [line.replace("Ort aaaaaa", "Ort bbbbbb") for line in lines]
    assert run("\n".join(moved))[1] == "Imported: 0 new, 1000 changed, 19000 unchanged.\n"
    assert time.perf_counter() - begin < 30
    assert len(stored(url)[1]) == 20_001


def test_it_waits_while_the_bot_writes(url: str, run: Run) -> None:
    file = url.partition("///")[2]
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        done = threading.Timer(1, lambda: connection.execute("ROLLBACK"))
        done.start()
        assert run("@anna:example.org;Zeitz")[0] == 0
        done.join()


async def test_both_databases_store_what_was_compared(database: Database) -> None:
    async with database.begin() as tx:
        first, _ = compare(read(GOOD)[0], [], {}, Wish(new=True), [])
        await _store(tx, first, BOT, NOW)
        (halle, _) = await municipalities.everything(tx)
        halle.deputy = "@anna:example.org"
    async with database.begin() as tx:
        seats: dict[str, Stand] = {change.user_id: change.now for change in first.changes}
        second, _ = compare(read("@anna:example.org;Stendal")[0], ["Halle (Saale)", "Stendal"], seats, Wish(), [])
        await _store(tx, second, BOT, NOW)
    async with database.begin() as tx:
        halle, stendal = await municipalities.everything(tx)
        assert [seat.user_id for seat in await municipalities.sitting(tx, stendal)] == list(seats)
        assert halle.deputy is None


def test_without_a_database_of_today_it_says_what_to_do(sqlite_url: str, run: Run) -> None:
    status, _, wrong = run(GOOD)
    assert (status, wrong.partition(" (")[0]) == (1, "uagbot: There is no database yet. Start the bot once.")
    assert not Path(sqlite_url.partition("///")[2]).exists()
    Path(sqlite_url.partition("///")[2]).touch()
    assert "There is no database yet" in run(GOOD)[2]
    with closing(sqlite3.connect(sqlite_url.partition("///")[2])) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
        connection.commit()
    assert "The database is of an earlier version of uagbot. Start this version once" in run(GOOD)[2]


@pytest.mark.parametrize("content", ["", "\n\n", "mitglied;kommune\n", "PK\x03\x04"])
def test_a_file_without_members_is_refused(url: str, run: Run, content: str) -> None:
    status, said, wrong = run(content)
    assert (status, said) == (1, "")
    assert ("CSV" if content.startswith("PK") else "there is no member in it") in wrong
    assert stored(url)[1] == CARLA


def test_a_file_that_is_not_there_is_named(url: str, run: Run) -> None:
    status, _, wrong = run(None)
    assert status == 1
    assert "roster.csv" in wrong
    assert stored(url)[1] == CARLA
