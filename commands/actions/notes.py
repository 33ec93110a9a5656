"""How an item's history keeps to whom it was given: user ids, and the names that bodies had then."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from commands.kit.assigned import Assigned


@dataclass(frozen=True, slots=True)
class Noted:
    """Whom a line of the history names: people by their ids, municipalities and groups by name."""

    users: Sequence[str] = ()
    bodies: Sequence[str] = ()


def written(assigned: Assigned) -> str | None:
    """Return the note that says to whom an item was given; None for nobody."""
    if not assigned:
        return None
    users, bodies = assigned.users, assigned.bodies
    return " ".join(users) if not bodies else json.dumps({"users": users, "bodies": bodies}, ensure_ascii=False)


def noted(note: str | None) -> Noted:
    """Read such a note: user ids alone, separated by spaces, or with the names of bodies as JSON."""
    if not note:
        return Noted()
    if not note.startswith("{"):
        return Noted(note.split())
    kept = json.loads(note)
    return Noted(kept["users"], kept["bodies"])
