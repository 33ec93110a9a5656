"""What a piece of work left to do."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """When the earliest new due row falls due; `handled` is False for mere chat and where nothing was due."""

    handled: bool
    next_due: datetime | None = None
