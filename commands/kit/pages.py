"""How a long list is cut: what fits a phone screen, and what goes on in the thread below."""

from collections.abc import Sequence
from typing import TypeVar

Row = TypeVar("Row")

FIRST = 12
FURTHER = 40


def pages(rows: Sequence[Row], first: int = FIRST, further: int = FURTHER) -> list[Sequence[Row]]:
    """Return the rows in their order: `first` for the answer (perhaps none at all), then `further` per message."""
    return [rows[:first], *(rows[at : at + further] for at in range(first, len(rows), further))]
