"""How bars are laid out: where each row of a chart stands, how wide its bars are, and where a long chart is divided.

Heights are in em and widths in per cent, so that a chart fits a phone and a sheet of paper at the same size of letters.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDEST = 66.0  # per cent; the value of a bar stands behind it
LETTERS = 36  # of a label that fit on one line of a narrow phone
LINE, BAR, GAP = 1.35, 0.85, 0.3
BETWEEN = 0.9
TALLEST = 58.0  # a taller chart would not fit on a sheet of paper


@dataclass(frozen=True, slots=True)
class Datum:
    """What a row of a chart shows: a label and a value for each series; `of` is what the whole width stands for."""

    label: str
    values: tuple[int, ...]
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a series: its upper edge, its width, its value, and where the value stands."""

    series: int
    value: int
    y: float
    width: float
    value_x: float
    value_y: float


@dataclass(frozen=True, slots=True)
class Row:
    """A label, broken into lines with their baselines, and the bars below it."""

    datum: Datum
    lines: tuple[tuple[str, float], ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """The rows of one drawing, and how tall it is."""

    rows: tuple[Row, ...]
    height: float

    @property
    def widest(self) -> float:
        """How wide a bar is that stands for the whole."""
        return WIDEST

    @property
    def first(self) -> str:
        """The label of its first row."""
        return self.rows[0].datum.label

    @property
    def last(self) -> str:
        """The label of its last row."""
        return self.rows[-1].datum.label


def bars(data: Sequence[Datum]) -> tuple[Chart, ...]:
    """Lay out horizontal bars in the order of the data, in as many drawings as needed; none where all are zero."""
    most = max((value for one in data for value in one.values), default=0)
    if not most:
        return ()
    found: list[Chart] = []
    rows: list[Row] = []
    y = 0.0
    for datum in data:
        height = _height(datum)
        if rows and y + height > TALLEST:
            found.append(Chart(tuple(rows), _em(y)))
            rows, y = [], 0.0
        rows.append(_row(datum, y, datum.of or most))
        y += height
    return (*found, Chart(tuple(rows), _em(y)))


def _height(datum: Datum) -> float:
    return LINE * len(_lines(datum)) + (BAR + GAP) * len(datum.values) + BETWEEN


def _row(datum: Datum, y: float, whole: int) -> Row:
    lines = _lines(datum)
    below = y + LINE * len(lines)
    return Row(
        datum,
        tuple((line, _em(y + LINE * number + 1)) for number, line in enumerate(lines)),
        tuple(_bars(datum.values, below, whole, full=datum.of is not None)),
    )


def _bars(values: Iterable[int], below: float, whole: int, *, full: bool) -> Iterable[Bar]:
    for series, value in enumerate(values):
        y = below + (BAR + GAP) * series
        width = min(value / whole, 1) * WIDEST
        yield Bar(series, value, _em(y), _em(width), _em((WIDEST if full else width) + 2), _em(y + BAR - 0.1))


def _lines(datum: Datum) -> Sequence[str]:
    return textwrap.wrap(datum.label, LETTERS) or [""]


def _em(number: float) -> float:
    return round(number, 2)
