"""Moved time: how far the demonstration is ahead of the machine's clock, told to the bot through a file."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.clock import Clock

BEGINNING = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class MovedTime:
    """The moves in `file`: one line each, the machine's instant and the seconds by which time is ahead from then on.

    The whole history is kept, because what a member sent before a move must keep the time at which it was sent.
    """

    file: Path

    def move_to(self, instant: datetime) -> None:
        """Let it be that instant now (aware); the change is seen whole or not at all."""
        now = Clock()()
        since = now if self.file.exists() else BEGINNING
        lines = self.file.read_text("ascii") if self.file.exists() else ""
        new = self.file.with_suffix(".new")
        new.write_text(f"{lines}{since.isoformat()} {(instant - now).total_seconds()}\n", "ascii")
        os.replace(new, self.file)  # noqa: PTH105 - reads better than Path.replace

    def ahead(self) -> timedelta:
        """Return how far time is ahead now."""
        return self._moves()[-1][1]

    def shown_at(self, machine: datetime) -> datetime:
        """Return what time it was in the demonstration when the machine's clock showed this instant."""
        moves = self._moves()
        return machine + next((ahead for since, ahead in reversed(moves) if since <= machine), moves[0][1])

    def now(self) -> datetime:
        """Return what time it is in the demonstration (aware UTC)."""
        return Clock()() + self.ahead()

    def of_event(self, milliseconds: int) -> datetime:
        """Return the time of an `origin_server_ts` (aware UTC)."""
        return self.shown_at(Clock().server_time(milliseconds))

    def _moves(self) -> list[tuple[datetime, timedelta]]:
        lines = [line.split() for line in self.file.read_text("ascii").splitlines()]
        return [(datetime.fromisoformat(since), timedelta(seconds=float(ahead))) for since, ahead in lines]


@dataclass(frozen=True, slots=True)
class MovedClock(Clock):
    """The bot's clock in a demonstration."""

    moved: MovedTime = field(kw_only=True)

    def server_time(self, milliseconds: int) -> datetime:
        """Return the instant of an `origin_server_ts`, moved as far as time was moved back then."""
        return self.moved.of_event(milliseconds)


def clock_of(file: Path) -> MovedClock:
    """Return the clock that this file moves."""
    moved = MovedTime(file)
    return MovedClock(moved.ahead, moved=moved)
