"""As what people stand in the attendance of a meeting: by what was noted, and by what they said in it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from storage.minutes import Attendance, Presence


class Mark(NamedTuple):
    """As what somebody was noted: a member (`user_id`) or a guest by name."""

    user_id: str | None
    name: str | None
    presence: str


def marked(noted: Sequence[Attendance], said: Iterable[tuple[str, datetime]]) -> list[Mark]:
    """Return what was noted, and that who said, decided or handed out something is there too."""
    marks = [Mark(one.user_id, one.name, one.presence) for one in noted]
    before = {one.user_id: one for one in noted if one.user_id}
    for user, at in sorted(said, key=itemgetter(1)):
        mark = before.get(user)
        if mark is None or (mark.presence == Presence.EXCUSED and mark.at < at):
            marks.append(Mark(user, None, Presence.PRESENT))
    return marks


def present(marks: Iterable[Mark]) -> set[str]:
    """Return the members who are there; the latest mark of each counts."""
    latest = {mark.user_id: mark.presence for mark in marks if mark.user_id}
    return {user for user, presence in latest.items() if presence == Presence.PRESENT}
