"""A meeting as a value: who said what in which order, in the words of MeetBot."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

LONG = ("buerger-apps", "rechenzentrum", "klausur")
ODD = "unterschiede"
FOLDER = Path(__file__).parent / "meetings"
HEADER = "Im Raum: "
COMES = "kommt in den Raum"
MORNING = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
PAUSE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Line:
    """One message; without words it means that this person comes into the room only now."""

    who: str
    text: str | None

    @property
    def word(self) -> str:
        """The command word, in small letters; empty for ordinary chat."""
        first = (self.text or "").split(maxsplit=1)[:1]
        return first[0].lower() if first and first[0].startswith("#") else ""

    @property
    def words(self) -> str:
        """What stands behind the command word."""
        return (self.text or "").strip()[len(self.word) :].strip()

    def saying(self, words: str) -> "Line":
        """Return the same command with other words behind it."""
        return replace(self, text=f"{self.word} {words}")


@dataclass(frozen=True, slots=True)
class Script:
    """A meeting. `members` are in the room when it begins; the first of them is the group's chair."""

    members: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """All who are in the room in the end, in the order in which they came."""
        return (*self.members, *(line.who for line in self.lines if line.text is None))

    @property
    def tagged(self) -> int:
        """How many lines are commands."""
        return sum(bool(line.word) for line in self.lines)


def instant(number: int) -> datetime:
    """Return when the line of this number is said, where no clock runs."""
    return MORNING + number * PAUSE


def read(name: str) -> Script:
    """Read a meeting from its file: the first line says who is in the room, then `Anna: words` line by line."""
    header, *rest = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    lines = [_line(one) for one in rest if one.strip()]
    return Script(tuple(header.removeprefix(HEADER).split(", ")), tuple(lines))


def _line(written: str) -> Line:
    who, _, text = written.partition(": ")
    return Line(who, text) if text else Line(who.removesuffix(f" {COMES}"), None)
