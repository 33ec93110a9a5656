"""Reads a ballot from the words of `!stimme`: numbers or options, yes and if need be per date, points per option."""

import re
from collections.abc import Sequence

from commands.kit.words import normalise
from commands.votes.ballots import IF_NEED_BE, NO, YES
from storage.polls import PollKind

ANSWERS = {
    **dict.fromkeys(("ja", "yes", "j", "y"), YES),
    **dict.fromkeys(("vielleicht", "notfalls", "maybe", "if-need-be"), IF_NEED_BE),
    **dict.fromkeys(("nein", "no", "n"), NO),
}
WEIGHED = re.compile(r"(.+?)[=:x*]([0-9]{1,3})")
MARKS = "!?.,/#+-*$%&§~"  # what a command may begin with
COMMANDS = {"stimme", "vote"}
JOINERS = {"und", "and", "&"}


class UnreadableBallot(ValueError):
    """The words are no ballot of this kind of poll; `option` is a number that the poll does not have."""

    def __init__(self, option: int | None = None) -> None:
        super().__init__(option)
        self.option = option


def read_ballot(words: Sequence[str], kind: str, options: Sequence[str]) -> dict[int, int]:
    """Return points per option number as the words give them. Raises UnreadableBallot.

    A date without an answer behind it is a yes, an option of a ranking without points gets one.
    """
    rest = [one for one in map(compared, words) if one and one not in JOINERS]
    texts = {compared(text): number for number, text in enumerate(options, start=1)}
    whole = compared(" ".join(words))
    if whole in texts:
        rest = [whole]
    found: dict[int, int] = {}
    while rest:
        number, points, taken = _choice(rest, kind, texts)
        if not 1 <= number <= len(options):
            raise UnreadableBallot(number)
        found[number] = points
        rest = rest[taken:]
    if not found or (kind == PollKind.RANKING and not any(found.values())):
        raise UnreadableBallot
    return {number: points for number, points in found.items() if points or kind == PollKind.DATE}


def compared(text: str) -> str:
    """Return an option, or what somebody typed for it, as the two are compared."""
    return " ".join(normalise(text).split()).rstrip(" ,;")


def ballot_words(words: Sequence[str], number: int, *, several: bool) -> Sequence[str]:
    """Return the words of a ballot from those of a whole command for the poll `number` (`!stimme U7 2`).

    `several`: the ballot may hold several numbers, so that a first one without its letter is no poll.
    """
    begins = next((at for at, word in enumerate(words) if normalise(word.lstrip(MARKS)) in COMMANDS), None)
    rest = words[begins + 1 :] if begins is not None else words
    first = rest[0].upper().rstrip(",:") if rest else ""
    if first == f"U{number}" or (first == str(number) and len(rest) > 1 and not several):
        return rest[1:]
    return rest


def _choice(words: Sequence[str], kind: str, texts: dict[str, int]) -> tuple[int, int, int]:
    """The next option, its points, and how many words that took."""
    weighed = WEIGHED.fullmatch(words[0]) if kind == PollKind.RANKING and words[0] not in texts else None
    if weighed:
        return _number(weighed[1].strip(), texts), int(weighed[2]), 1
    number = _number(words[0], texts)
    if kind == PollKind.DATE:
        answer = ANSWERS.get(words[1]) if len(words) > 1 else None
        return (number, YES, 1) if answer is None else (number, answer, 2)
    return number, 1, 1


def _number(word: str, texts: dict[str, int]) -> int:
    """A number is always an option's number, also where an option is called like another one's number."""
    digits = word.removesuffix(".")
    if digits.isascii() and digits.isdecimal() and len(digits) <= 3:  # noqa: PLR2004 - no poll has 1000 options
        return int(digits)
    if word not in texts:
        raise UnreadableBallot
    return texts[word]
