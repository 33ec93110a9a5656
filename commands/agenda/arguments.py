"""What commands about agendas and requests read: numbers of items, titles with budgets, dates, names of requests."""

from collections.abc import Sequence
from typing import Annotated

from commands.agenda.wording import LONGEST_TITLE, MOST_MINUTES, Typed, fits, read_budget, read_item
from commands.kit.context import Context
from commands.kit.readers import Found, Reader, ShortId
from commands.kit.say import Refusal
from commands.kit.which_meeting import MeetingReader
from commands.kit.words import Word
from storage.meetings import Meeting

MOST_DIGITS = 4


class NumberReader(Reader):
    """The number of an item on the agenda: `3`, `3.`, `#3`."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Up to four digits; whether there is such an item, the command says."""
        text = words[0].text.removeprefix("#").rstrip(".,:") if words and not words[0].quoted else ""
        return (int(text), 1) if text.isdecimal() and len(text) <= MOST_DIGITS else None


class BudgetReader(Reader):
    """How long an item may take, in minutes: `15min`, `15 Minuten`, `1 h`."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses none at all and more than a meeting lasts."""
        for taken in (2, 1):
            budget = read_budget(" ".join(word.text for word in words[:taken])) if len(words) >= taken else None
            if budget is not None:
                return checked_budget(budget), taken
        return None


class TitledReader(Reader):
    """A title, a budget or both, in any order, with quotes or without."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Refuses titles and budgets that are too long, and a title that begins like a command for an item."""
        if not words:
            return None
        typed = read_item(words)
        if typed.budget is not None:
            checked_budget(typed.budget)
        if not typed.quoted and typed.title.split(maxsplit=1)[:1] and typed.title.split()[0].rstrip(".,:").isdecimal():
            raise Refusal("agenda-change-or-new", number=typed.title.split()[0].rstrip(".,:"), title=typed.title)
        if len(typed.title) > LONGEST_TITLE:
            raise Refusal("text-too-long", length=len(typed.title), limit=LONGEST_TITLE)
        return typed, len(words)


class DateReader(MeetingReader):
    """A date of this room that is still to come: its name (`UAG2-2026-12-08`) or its day."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names and days on which this room has no meeting, or several, and dates that are off or over."""
        found = await super().read(words, ctx)
        if found is not None and (not found[0].is_planned or found[0].ends_at <= ctx.now):
            raise Refusal("agenda-date-off", meeting=found[0])
        return found


def checked_budget(minutes: int) -> int:
    """Return a budget; refuses one that no meeting can spend."""
    if not fits(minutes):
        raise Refusal("agenda-budget", hours=MOST_MINUTES // 60)
    return minutes


ItemNumber = Annotated[int, NumberReader()]
Budget = Annotated[int, BudgetReader()]
Titled = Annotated[Typed, TitledReader()]
WhichDate = Annotated[Meeting, DateReader(reply=False)]
RequestId = Annotated[int, ShortId("F", "request")]
