"""The clock: the one place that asks what time it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def _never_moved() -> timedelta:
    return timedelta(0)


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time, aware and in UTC; `offset` is how far it is moved, which only a demonstration does."""

    offset: Callable[[], timedelta] = _never_moved

    def __call__(self) -> datetime:
        """Return the current instant."""
        return datetime.now(UTC) + self.offset()  # noqa: TID251 - this is the place

    def server_time(self, milliseconds: int) -> datetime:
        """Return the instant of an `origin_server_ts`; values that no calendar holds count as the epoch."""
        try:
            return datetime.fromtimestamp(milliseconds / 1000, UTC) + self.offset()
        except (OverflowError, OSError, ValueError):
            return datetime.fromtimestamp(0, UTC)
