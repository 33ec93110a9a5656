"""What the operator has set and commands may know."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Setup:
    """Who the bot is and how it behaves where a room has not chosen otherwise.

    `bots` are accounts that are no people (other bots); `digest_day` counts from Monday = 0, `digest_time` is wall
    time in `zone`, `reminders` are how long before a meeting it is announced again (`7d`, `1d`, `15m`);
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
    reminders: tuple[str, ...] = field(default=("7d", "1d", "15m"))
    web: str = ""

    @property
    def nobody(self) -> frozenset[str]:
        """Accounts that are no members: the bot itself and other bots."""
        return self.bots | {self.user_id}
