"""Pure rule: how urgent an unfinished action item is."""

from datetime import date, timedelta
from enum import StrEnum

A_WEEK = timedelta(days=7)


class Urgency(StrEnum):
    """What one's own list is divided by, the most urgent first."""

    OVERDUE = "overdue"
    SOON = "soon"
    LATER = "later"
    UNDATED = "undated"


def urgency(due_on: date | None, today: date) -> Urgency:
    """Return how urgent it is; soon is within seven days, today the first of them."""
    if due_on is None:
        return Urgency.UNDATED
    if due_on < today:
        return Urgency.OVERDUE
    return Urgency.SOON if due_on < today + A_WEEK else Urgency.LATER
