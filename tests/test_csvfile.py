"""What CSV files promise: every table comes back as it was, and no spreadsheet finds a formula in it."""

import csv
import io
import unicodedata
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from commands.kit import csvfile

CELLS = st.text(max_size=30) | st.text(st.sampled_from("=+-@＝＋－＠\t\r\n\x00\u200b\ufeff \"',;a"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=5))
def test_cells_come_back_as_they_were_or_behind_an_apostrophe_and_none_begins_a_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csvfile.table(rows), newline="")))
    assert [len(row) for row in read] == [len(row) for row in rows]
    for cell, before in zip(chain(*read), chain(*rows), strict=True):
        assert cell in (before, f"'{before}")
        seen = "".join(char for char in cell if unicodedata.category(char) not in csvfile.UNSEEN)
        assert not seen.startswith(tuple(csvfile.FORMULA))
        assert not cell.startswith(("\t", "\r"))


def test_other_than_text_is_written_as_it_is() -> None:
    assert csvfile.table([[-1, True, None, "-1"]]) == "-1,True,,'-1\r\n"
