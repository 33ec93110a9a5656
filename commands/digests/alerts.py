"""What coordinators are told of besides: what is silent, stuck or unanswered, by group and town, never by person."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Silent:
    """A group or municipality from which nothing came; `since` is the last sign of life, None where there was none."""

    name: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Stuck:
    """An action item that is overdue or blocked and has not changed for a number of days."""

    id: int
    group: str
    text: str
    days: int
    blocked: bool
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request (`F3`) of one group to another that has waited for a number of days."""

    id: int
    asking: str
    asked: str
    question: str
    days: int
    link: str | None = None


@dataclass(frozen=True, slots=True)
class AlertContent:
    """All that coordinators are told of besides, the longest first."""

    groups: tuple[Silent, ...] = ()
    items: tuple[Stuck, ...] = ()
    towns: tuple[Silent, ...] = ()
    requests: tuple[Unanswered, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.groups or self.items or self.towns or self.requests)
