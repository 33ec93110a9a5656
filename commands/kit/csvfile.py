"""Tables as CSV (RFC 4180), in which no spreadsheet finds anything to run."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

Cell = str | int | None
FORMULA = "=+-@＝＋－＠"
"""Spreadsheets take the wide ones for the others."""
UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")


def table(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV: commas, quotes where they are needed, `True` and `False`; UTF-8 without a mark in front.

    No text begins as a formula does, also behind what is not seen (OWASP, "CSV Injection").
    """
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerows([_cell(one) if isinstance(one, str) else one for one in row] for row in rows)
    return written.getvalue()


def _cell(text: str) -> str:
    first = next((char for char in text if unicodedata.category(char) not in UNSEEN), "")
    return f"'{text}" if text.startswith(("\t", "\r")) or (first and first in FORMULA) else text
