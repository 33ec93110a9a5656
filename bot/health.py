"""How the bot is doing: what the health endpoints and the metrics tell."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Health:
    """Counters since the start; instants are aware UTC."""

    started_at: datetime
    synced_at: datetime | None = None
    handled: int = 0
    sent: int = 0
    send_failures: dict[str, int] = field(default_factory=dict)
    jobs: int = 0

    def synced(self, at: datetime) -> None:
        """Note that the rooms were read up to now."""
        self.synced_at = at

    def not_sent(self, code: str) -> None:
        """Note that the server refused a message for good."""
        self.send_failures[code] = self.send_failures.get(code, 0) + 1
