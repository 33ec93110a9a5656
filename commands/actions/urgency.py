"""Pure rule: how urgent an unfinished action item is."""

from datetime import date, timedelta
from enum import StrEnum

SUNDAY = 7


class Urgency(StrEnum):
    """What one's own list is divided by, the most urgent first."""

    OVERDUE = "overdue"
    THIS_WEEK = "this week"
    LATER = "later"
    UNDATED = "undated"


def urgency(due_on: date | None, today: date) -> Urgency:
    """Return how urgent it is; a week ends on Sunday."""
    if due_on is None:
        return Urgency.UNDATED
    if due_on < today:
        return Urgency.OVERDUE
    sunday = today + timedelta(days=SUNDAY - today.isoweekday())
    return Urgency.THIS_WEEK if due_on <= sunday else Urgency.LATER
