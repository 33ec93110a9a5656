"""Splits what people type on a phone into words, quoted phrases and list lines."""

import re
from dataclasses import dataclass

from commands.kit.say import Refusal

QUOTES = {
    '"': '"“”',
    "„": '“”"',
    "“": '”“"',
    "”": "”",
    "»": "«",
    "«": "»",
    "‚": "‘’",
    "‘": "’",
    "'": "'",
}  # fmt: skip
BEHIND = ",;:.)"  # may follow a closing quote
APOSTROPHES = "'‘‚"
LONGEST_WORD = 40
COMMAND_WORDS = 3
LIST_LINE = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+(\S.*)")
NAMED = re.compile(r"([^\W\d][\w-]*)=")


@dataclass(frozen=True, slots=True)
class Word:
    """One word or phrase: `raw` as it was typed; `name` is set for `name=value`, `text` is then the value.

    What is called so by an at sign may be quoted behind it (`@"Halle (Saale)"`).
    """

    text: str
    raw: str
    quoted: bool = False
    name: str | None = None


def first_words(text: str) -> list[Word]:
    """Return the words that may name a command, without a look at the rest; never raises."""
    parts = text.split(maxsplit=COMMAND_WORDS)[:COMMAND_WORDS]
    return [Word(part[:LONGEST_WORD], part[:LONGEST_WORD], quoted=part[0] in QUOTES) for part in parts]


def split_words(text: str) -> list[Word]:
    """Split a command's text; lines after the first that begin with a dash or a number are one phrase each.

    Raises Refusal("quote-open") where a double quote is never closed.
    """
    lines = text.splitlines()
    words: list[Word] = []
    plain: list[str] = []
    for number, line in enumerate(lines):
        item = LIST_LINE.fullmatch(line) if number else None
        if item is None:
            plain.append(line)
            continue
        words += _split("\n".join(plain))
        plain = []
        words.append(_list_item(item.group(1).strip()))
    return words + _split("\n".join(plain))


def _list_item(line: str) -> Word:
    inner = _split(line) if line[0] in QUOTES else []
    if len(inner) == 1 and inner[0].quoted:
        return inner[0]
    return Word(line, line, quoted=True)


def _split(text: str) -> list[Word]:
    words = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word, at = _next_word(text, at)
        words.append(word)
    return words


def _next_word(text: str, start: int) -> tuple[Word, int]:
    named = NAMED.match(text, start)
    at = named.end() if named else start
    name = named.group(1) if named else None
    if text[at : at + 1] == "@" and text[at + 1 : at + 2] in {*QUOTES}.difference(APOSTROPHES):
        end = _closing(text, at + 1)
        if end is not None:
            after = next((place for place in range(end + 1, len(text)) if text[place] not in BEHIND), len(text))
            written = "@" + text[at + 2 : end].strip() + text[end + 1 : after]
            return Word(written, text[start:after], name=name), after
    if at < len(text) and text[at] in QUOTES:
        end = _closing(text, at)
        if end is not None:
            return Word(text[at + 1 : end].strip(), text[start : end + 1], quoted=True, name=name), end + 1
        if text[at] not in APOSTROPHES:
            raise Refusal("quote-open", quote=text[at])
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    return Word(text[at:end], text[start:end], name=name), end


def _closing(text: str, opening: int) -> int | None:
    closers = QUOTES[text[opening]]
    for at in range(opening + 1, len(text)):
        if text[at] in closers and (at + 1 == len(text) or text[at + 1].isspace() or text[at + 1] in BEHIND):
            return at
    return None


def normalise(word: str) -> str:
    """Return the form in which command words are compared: any case, umlauts also written as ae, oe, ue, ss."""
    folded = word.casefold()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        folded = folded.replace(umlaut, letters)
    return folded
