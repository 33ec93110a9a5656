"""What each person chose: the ballots of a poll put together, by the server's clock alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

Choices = Mapping[int, int]
"""Points per option number: 1 for an option that was chosen; on a date 2 is yes, 1 if need be, 0 no."""

NO, IF_NEED_BE, YES = 0, 1, 2


class Cast(NamedTuple):
    """One ballot: who, what, whether it replaces or adds, when by the server's clock, and by which event."""

    user_id: str
    choices: Choices
    whole: bool
    cast_at: datetime
    event_id: str


class Limit(NamedTuple):
    """How much one ballot may give: so many options, or (`points`) so many points in all."""

    most: int
    points: bool = False

    def allows(self, choices: Choices) -> bool:
        """Whether a ballot may say this."""
        return (sum(choices.values()) if self.points else len(choices)) <= self.most


def chosen(casts: Iterable[Cast], limit: Limit) -> dict[str, dict[int, int]]:
    """Return what each person has chosen in the end; who took the vote back, or never voted, is not there.

    The order in which ballots came does not matter: they are taken by time, those of one instant by event id. A ballot
    that adds more than the limit allows adds nothing.
    """
    found: dict[str, dict[int, int]] = {}
    for cast in sorted(casts, key=lambda one: (one.cast_at, one.event_id)):
        before = {} if cast.whole else found.get(cast.user_id, {})
        after = {**before, **cast.choices}
        if limit.points:
            after = {number: before.get(number, 0) + cast.choices.get(number, 0) for number in after}
        if limit.allows(after):
            found[cast.user_id] = after
    return {user: choices for user, choices in found.items() if choices}
