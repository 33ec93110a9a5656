"""How names of municipalities are compared: as people write them, not as registers do."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from commands.kit.words import normalise

LONGEST = 80
LIKE = 0.8  # from here on one name is taken for the other misspelt
TITLES = ("stadt", "lutherstadt", "hansestadt", "landeshauptstadt", "gemeinde", "einheitsgemeinde")
KINDS = ("landkreis", "kreis", "verbandsgemeinde", "verwaltungsgemeinschaft")  # other bodies than the town of that name
STRAY = " \"'„“”»«‚‘’.,;:!"
MARKS = " -–'’.,()/&"
ADDITION = re.compile(r"\(([^()]*)\)")

Fault = Literal["missing", "long", "odd"]


@dataclass(frozen=True, slots=True)
class Form:
    """A name taken apart: `sought` whole, `bare` without titles, `short` without the addition in brackets either."""

    sought: str
    bare: str
    short: str
    addition: str

    @property
    def kinds(self) -> list[str]:
        """The words in front that say what kind of body it is."""
        return [word for word in self.short.split() if word in KINDS]

    @property
    def core(self) -> str:
        """What is left of the short name without them."""
        return " ".join(word for word in self.short.split() if word not in KINDS)


def clean(written: str) -> str:
    """Return a name as it is kept: on one line, without quotes and full stops around it, nothing invisible in it."""
    composed = unicodedata.normalize("NFC", written)
    visible = "".join(char for char in composed if unicodedata.category(char) != "Cf")
    return " ".join(visible.split()).strip(STRAY)


def fault(name: str) -> Fault | None:
    """Return why this cannot be a name; None if it can."""
    if not name:
        return "missing"
    if len(name) > LONGEST:
        return "long"
    if any(not char.isalnum() and char not in MARKS for char in name):
        return "odd"
    words = form(name).short.split()
    named = any(char.isalpha() for char in name) and not set(words) <= {*TITLES, *KINDS}
    return None if named else "odd"


def fold(name: str) -> str:
    """Return the words of a name as they are compared: any case, umlauts as ae, oe, ue, no accents, no punctuation."""
    plain = unicodedata.normalize("NFD", normalise(unicodedata.normalize("NFC", name)))
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.sub(r"[\W_]+", " ", letters).split())


def form(name: str) -> Form:
    """Take a name apart; the titles of registers (`Halle (Saale), Stadt`) count as those in front."""
    words = name.split(",")
    while len(words) > 1 and fold(words[-1]) in TITLES:
        words.pop()
    untitled = ",".join(words)
    additions = " ".join(fold(one) for one in ADDITION.findall(untitled))
    return Form(fold(name), _untitled(fold(untitled)), _untitled(fold(ADDITION.sub(" ", untitled))), additions)


def _untitled(folded: str) -> str:
    words = folded.split()
    while len(words) > 1 and words[0] in TITLES:
        del words[0]
    return " ".join(words)


class Names:
    """The names that are known, to find one by however somebody writes it."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._forms: dict[str, Form] = {}
        self._sought: dict[str, str] = {}
        self._bare: dict[str, list[str]] = {}
        self._short: dict[str, list[str]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Know one more."""
        taken = self._forms[name] = form(name)
        self._sought[taken.sought] = name
        self._bare.setdefault(taken.bare, []).append(name)
        self._short.setdefault(taken.short, []).append(name)

    def exact(self, written: str) -> str | None:
        """Return the name that is written so, titles and addition included."""
        return self._sought.get(fold(written))

    def find(self, written: str) -> Sequence[str]:
        """Return the names that may be meant: several if the title or addition left out would tell which."""
        wanted = form(written)
        if wanted.sought in self._sought:
            return [self._sought[wanted.sought]]
        if wanted.bare in self._bare:
            return self._bare[wanted.bare]
        same = self._short.get(wanted.short, [])
        return [name for name in same if not (wanted.addition and self._forms[name].addition)]

    def near(self, written: str) -> str | None:
        """Return the name that this nearly spells, or of which it says only a part (`Dessau`)."""
        wanted = form(written)
        likeness = {name: _likeness(wanted, known) for name, known in self._forms.items()}
        best = max(likeness, key=lambda name: likeness[name], default=None)
        return best if best is not None and likeness[best] >= LIKE else None


def _likeness(one: Form, other: Form) -> float:
    if one.kinds != other.kinds:
        return 0.0
    found = _same(one.core, other.core)
    if found >= LIKE and one.addition and other.addition:
        return min(found, _same(one.addition, other.addition))
    return found


def _same(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if f" {one} " in f" {other} " or f" {other} " in f" {one} ":
        return LIKE
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < LIKE or matcher.quick_ratio() < LIKE:
        return 0.0
    return matcher.ratio()
