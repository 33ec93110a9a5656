"""What a group may be called, and who may make a room the main or the coordinators' room."""

import re

from storage.rooms import RoomKind

KEY = re.compile(r"[A-Z0-9ÄÖÜ][A-Z0-9ÄÖÜ-]{0,15}")
LONGEST_TITLE = 200
ONE_OF_A_KIND = (RoomKind.MAIN, RoomKind.COORDINATORS)


def group_key(written: str) -> str | None:
    """Return the short name as it is kept, in upper case; None if no group can be called so."""
    key = written.upper()
    return key if KEY.fullmatch(key) else None


def needs_coordinator(kind: str, before: str, *, taken: bool) -> bool:
    """Whether a chair alone may not make a room this: there is such a room already (`taken`), and it is another.

    Otherwise anybody could become a coordinator by making a room.
    """
    return kind in ONE_OF_A_KIND and kind != before and taken
