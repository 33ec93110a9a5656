"""Compares the lines of a roster with what is known: what is new, what changes, which names are no municipality."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.roster.sheet import Fault, Row
from commands.kit.town_names import Names, fold

MOST_UNKNOWN = 500  # more than any initiative has: another column was taken for the names

Stand = tuple[str | None, str]  # municipality by name, standing


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody's new seat; `before` is None for who had none."""

    user_id: str
    now: Stand
    before: Stand | None


@dataclass(slots=True)
class Plan:
    """What an import changes: municipalities that are new, seats that are new or different, how many stay."""

    municipalities: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0

    @property
    def new(self) -> int:
        """How many people had no seat before."""
        return sum(change.before is None for change in self.changes)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator allows: new municipalities at all, and names that are right though they are like others."""

    new: bool = False
    as_written: Collection[str] = ()


def compare(
    rows: Iterable[Row], known: Sequence[str], seats: Mapping[str, Stand], wish: Wish, nobody: Collection[str]
) -> tuple[Plan, list[Fault]]:
    """Return what is to be changed, and which lines cannot be used; `nobody` are the bots."""
    plan, faults = Plan(), []
    towns = _Towns(known, wish)
    for row in rows:
        town = towns.called(row)
        if row.user_id in nobody:
            faults.append(Fault(row.line, f"{row.user_id} is a bot; remove the line"))
        elif isinstance(town, Fault):
            faults.append(town)
        else:
            stand = (town, row.standing.value)
            before = seats.get(row.user_id)
            if before == stand:
                plan.unchanged += 1
            else:
                plan.changes.append(Change(row.user_id, stand, before))
    plan.municipalities = list(towns.new)
    return plan, faults


class _Towns:
    """Finds the municipalities that lines name; one that is new is known to the lines that follow."""

    def __init__(self, known: Sequence[str], wish: Wish) -> None:
        self.new: dict[str, int] = {}
        self._names = Names(known)
        self._wish = wish
        self._as_written = {fold(name) for name in wish.as_written}
        self._called: dict[str, str] = {}
        self._faults: dict[str, str] = {}

    def called(self, row: Row) -> str | Fault | None:
        """Return the name of the municipality as it is known; None where the line names none."""
        written = row.municipality
        if not written:
            return None
        if written not in self._called and written not in self._faults:
            self._look_up(written, row.line)
        return self._called[written] if written in self._called else Fault(row.line, self._faults[written])

    def _look_up(self, written: str, line: int) -> None:
        meant = fold(written) in self._as_written
        same = self._names.exact(written)
        found = [same] if same else [] if meant else self._names.find(written)
        fault = None if found or meant else self._fault(written)
        if len(found) > 1:
            fault = f"{written!r} may be {' or '.join(found)}; write the whole name"
        if fault is not None:
            self._faults[written] = fault
            return
        if not found:
            self._names.add(written)
            self.new[written] = line
        self._called[written] = found[0] if found else written

    def _fault(self, written: str) -> str | None:
        """Return why a name that is not known cannot be a new one."""
        if len(self._faults) + len(self.new) >= MOST_UNKNOWN:
            return f"{written!r} is unknown, as are {MOST_UNKNOWN} others; is this the column of municipalities?"
        near = self._names.near(written)
        if near is not None:
            where = f" of line {self.new[near]}" if near in self.new else ""
            return f'{written!r} is unknown; did you mean {near}{where}? If both are right: --as-written "{written}"'
        return None if self._wish.new else f"{written!r} is unknown; correct it, or admit new ones with --new"
