"""What the operator has set and commands may know."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Alerts:
    """After how long coordinators are told of what is stuck.

    A group in which nothing happened, an action item that is overdue or blocked and did not change, a municipality
    that gave no sign of life, a request of one group to another that nobody answered.
    """

    silent_group: timedelta = timedelta(days=28)
    stuck_item: timedelta = timedelta(days=28)
    silent_municipality: timedelta = timedelta(days=56)
    unanswered_request: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Setup:
    """Who the bot is and how it behaves where a room has not chosen otherwise.

    `bots` are accounts that are no people (other bots); `digest_day` counts from Monday = 0, `digest_time` is wall
    time in `zone`; `digest_preview` is how long before (by the clock on the wall) coordinators see it, None for never;
    `reminders` are how long before a meeting it is announced again (`7d`, `1d`, `15m`);
    `web` is what addresses begin with that members are given, empty where there is no web server.
    """

    user_id: str
    name: str = "uagbot"
    prefix: str = "!"
    language: str = "de"
    zone: str = "Europe/Berlin"
    operator: str = ""
    coordinators: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    digest_day: int = 0
    digest_time: str = "08:00"
    digest_preview: timedelta | None = timedelta(hours=18)
    alerts: Alerts = Alerts()
    reminders: tuple[str, ...] = field(default=("7d", "1d", "15m"))
    web: str = ""

    @property
    def nobody(self) -> frozenset[str]:
        """Accounts that are no members: the bot itself and other bots."""
        return self.bots | {self.user_id}
