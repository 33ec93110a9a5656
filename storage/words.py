"""Search by words: how texts are taken apart, and how a word's beginning is found by an index."""

import re

from sqlalchemy import ColumnElement, String
from sqlalchemy.orm import InstrumentedAttribute

BYTEWISE = String().with_variant(String(collation="C"), "postgresql")  # so that a range finds what begins alike
LONGEST = 40


def words_of(text: str) -> set[str]:
    """Return the words of a text as search compares them: any case, of compounds with a hyphen each part too."""
    folded = text.casefold()
    return {word[:LONGEST] for word in (*re.findall(r"[\w-]+", folded), *re.findall(r"\w+", folded)) if word.strip("-")}


def begins(column: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
    """Whether a column of `BYTEWISE` begins with a word: a range and no LIKE, so that an index serves everywhere."""
    after = word[:-1] + chr(ord(word[-1]) + 1)
    return (column >= word) & (column < after)
