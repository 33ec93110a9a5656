"""What the command for reports reads: the period."""

from collections.abc import Sequence
from typing import Annotated

from commands.kit.context import Context
from commands.kit.readers import Found, Reader
from commands.kit.say import Refusal
from commands.kit.texts import zone
from commands.kit.words import Word
from commands.reports.periods import Period, around, read_period

SHOWN = 40  # letters of what was not understood


class PeriodReader(Reader):
    """A month, a quarter or a year that has begun: `2026-11`, `Q4`, `2026`, `letzter Monat`."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Takes all words; refuses what is no such period, and what is still to come."""
        if not words:
            return None
        today = ctx.now.astimezone(zone(ctx.setup.zone)).date()
        written = " ".join(word.text for word in words)
        found = read_period(written, today)
        last = around("quarter", today).before
        if found is None:
            raise Refusal("report-period-unknown", written=written[:SHOWN], last=last)
        if found.first > today:
            raise Refusal("report-period-ahead", period=found, last=last)
        return found, len(words)


Wanted = Annotated[Period, PeriodReader()]
