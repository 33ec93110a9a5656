"""Pure rule: action items as the VTODOs of a calendar (RFC 5545, 3.6.2), line by line.

The library takes ten times as long for a component as for its lines, and a calendar may hold a thousand of these.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
STATES = {"open": "NEEDS-ACTION", "blocked": "NEEDS-ACTION", "done": "COMPLETED", "dropped": "CANCELLED"}


@dataclass(frozen=True, slots=True)
class Todo:
    """An action item as it is stored; `said` is what is told of it besides, `link` where it arose from."""

    number: int
    text: str
    state: str
    due_on: dt.date
    created_at: dt.datetime
    changed_at: dt.datetime
    closed_at: dt.datetime | None
    revision: int
    categories: Sequence[str]
    said: str
    link: str | None


def lines(one: Todo) -> Iterator[str]:
    """Yield the lines of a VTODO, not folded yet."""
    changed = _utc(one.changed_at)
    yield "BEGIN:VTODO"
    # What an item's number is unique for is one database; when it was made tells it from those of another one.
    yield f"UID:action-{one.number}-{one.created_at.astimezone(dt.UTC):%Y%m%dT%H%M%S%f}@uagbot"
    yield f"SEQUENCE:{one.revision}"
    yield f"DTSTAMP:{changed}"
    yield f"LAST-MODIFIED:{changed}"
    yield f"SUMMARY:A{one.number} {escaped(one.text)}"
    yield f"DUE;VALUE=DATE:{one.due_on:%Y%m%d}"
    yield f"STATUS:{STATES[one.state]}"
    if one.state == "done" and one.closed_at is not None:
        yield f"COMPLETED:{_utc(one.closed_at)}"
        yield "PERCENT-COMPLETE:100"
    yield f"CATEGORIES:{','.join(map(escaped, one.categories))}"
    if one.link:
        yield f"URL:{clean(one.link)}"
    if one.said:
        yield f"DESCRIPTION:{escaped(one.said)}"
    yield "END:VTODO"


def clean(written: str) -> str:
    """Text without the control characters that no calendar may hold (RFC 5545, 3.1)."""
    return CONTROL.sub("", written)


def escaped(written: str) -> str:
    """Return text as the value of a line (RFC 5545, 3.3.11)."""
    return clean(written.replace("\r\n", "\n")).translate(ESCAPED)


def _utc(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
