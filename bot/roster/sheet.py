"""Reads a CSV file of members, municipalities and roles; knows neither files nor database."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from commands.kit import town_names as names
from commands.kit.words import normalise
from storage.municipalities import Standing

DELIMITERS = (";", ",", "\t")
USER = re.compile(r"@[^:\s]+:[A-Za-z0-9.-]+(?::\d{1,5})?|@[^:\s]+:\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")
LONGEST_USER = 255
COLUMNS: Mapping[str, Sequence[str]] = {  # in the order of a file without a header
    "member": ("mitglied", "member", "user", "matrix-id"),
    "municipality": ("kommune", "municipality"),
    "role": ("rolle", "role"),
}
ROLES: Mapping[str, Standing] = {
    "": Standing.MEMBER,
    "mitglied": Standing.MEMBER,
    "member": Standing.MEMBER,
    "gast": Standing.GUEST,
    "guest": Standing.GUEST,
    "beobachtung": Standing.OBSERVER,
    "observer": Standing.OBSERVER,
}
UNCLOSED = "a quotation mark is not closed, or stands within a name; write two instead of one there"
FAULTS: Mapping[str, str] = {
    "long": "the municipality's name is longer than {limit} characters; shorten it",
    "odd": "{name!r} cannot be the name of a municipality; write it like Halle (Saale)",
}


class RosterRefused(Exception):
    """The file cannot be imported; one line per reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Unclosed(Exception):
    """Quotation marks do not fit together from this line on."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Row(NamedTuple):
    """What a line says; `municipality` is empty for a guest or an observer who stands for none."""

    line: int
    user_id: str
    municipality: str
    standing: Standing


class Fault(NamedTuple):
    """Why a line cannot be used, and what to write instead."""

    line: int
    text: str


class Layout(NamedTuple):
    """Where each column stands, and how many there are."""

    columns: Mapping[str, int]
    width: int


class Line(NamedTuple):
    """The cells of a line, without the blanks around them, and the number of the line that it begins on."""

    number: int
    cells: list[str]


def decode(content: bytes) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, else what Windows writes in western Europe.

    Raises RosterRefused for what is no text.
    """
    if content.startswith(b"PK\x03\x04"):
        raise RosterRefused(["The file is a spreadsheet. Save it as CSV."])
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise RosterRefused(["The file is no text. Save it as CSV in UTF-8."])


def read(text: str) -> tuple[list[Row], list[Fault]]:
    """Return what the lines say, and what is wrong with those that cannot be used."""
    first = next((line for line in text.split("\n") if line.strip(" \t;,")), "")
    lines: list[Line] = []
    faults: list[Fault] = []
    try:
        lines.extend(_lines(text, _delimiter(first)))
    except Unclosed as error:
        faults.append(Fault(error.line, UNCLOSED))
    if not lines:
        return [], faults
    layout = _layout(lines[0].cells)
    if isinstance(layout, str):
        return [], [Fault(lines[0].number, layout)]
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for line in lines[int(_is_header(lines[0].cells)) :]:
        found = _row(line, layout, seen)
        if isinstance(found, Row):
            rows.append(found)
        else:
            faults.append(Fault(line.number, found))
    return rows, sorted(faults)


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    """Yield the lines that are not empty; raises Unclosed where reading ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise Unclosed(number) from None
        stripped = [" ".join(cell.split()) for cell in cells]
        if any(stripped):
            yield Line(number, stripped)
        number = reader.line_num + 1


def _delimiter(line: str) -> str:
    """Return what separates the cells of the first line: what leaves most known headers, or a member at its start."""

    def known(delimiter: str) -> tuple[int, int]:
        cells = [cell.strip().strip('"').strip() for cell in line.split(delimiter)]
        return sum(_column(cell) is not None for cell in cells), int(len(cells) > 1 and is_user(cells[0]))

    return max(DELIMITERS, key=known)


def is_user(cell: str) -> bool:
    """Whether this is the Matrix id of a person."""
    return USER.fullmatch(cell) is not None and len(cell) <= LONGEST_USER


def _column(cell: str) -> str | None:
    word = re.sub(r"[ _]", "-", normalise(cell))
    return next((column for column, words in COLUMNS.items() if word in words), None)


def _is_header(cells: Sequence[str]) -> bool:
    return not any(cell.startswith("@") for cell in cells)


def _layout(cells: Sequence[str]) -> Layout | str:
    """Return where each column stands, or what is wrong with the header."""
    if not _is_header(cells):
        return Layout({column: at for at, column in enumerate(COLUMNS)}, len(COLUMNS))
    found = [_column(cell) for cell in cells]
    if not any(found):
        return "neither a header such as member;municipality;role nor a member such as @anna:example.org"
    for column in COLUMNS:
        if found.count(column) > 1:
            return f"two columns are the {column}; keep one of them"
        if column != "role" and column not in found:
            return f"no column is called {' or '.join(COLUMNS[column])}"
    return Layout({column: at for at, column in enumerate(found) if column is not None}, len(cells))


def _row(line: Line, layout: Layout, seen: dict[str, int]) -> Row | str:
    """Return what a line says, or what is wrong with it; `seen` notes whom the lines before were about."""
    user, municipality, role = (_cell(line, layout, column) for column in COLUMNS)
    if not is_user(user):
        return f"{user!r} is no Matrix id; write it like @anna:example.org"
    if user != user.lower():
        return f"{user} has capital letters, Matrix ids have none; write {user.lower()}"
    if user in seen:
        return f"{user} stands in line {seen[user]} already; keep one of the two lines"
    seen[user] = line.number
    if any(line.cells[layout.width :]):
        return f"more than {layout.width} columns; put a name with ; or , in it in quotation marks"
    if len(line.cells) == 1:
        return "one column only; write member;municipality"
    if normalise(role) not in ROLES:
        return f"{role!r} is no role; write member, guest or observer, or nothing"
    return _checked(Row(line.number, user, names.clean(municipality), ROLES[normalise(role)]))


def _cell(line: Line, layout: Layout, column: str) -> str:
    at = layout.columns.get(column, len(line.cells))
    return line.cells[at] if at < len(line.cells) else ""


def _checked(row: Row) -> Row | str:
    fault = names.fault(row.municipality)
    if fault == "missing":
        return (
            row if row.standing != Standing.MEMBER else "no municipality; write its name, or guest or observer as role"
        )
    return FAULTS[fault].format(name=row.municipality, limit=names.LONGEST) if fault else row
