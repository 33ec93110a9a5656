"""What commands about agendas and requests read: numbers of items, titles with budgets, dates, names of requests."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from commands.agenda.wording import LONGEST_TITLE, MOST_MINUTES, Typed, fits, read_budget, read_item
from commands.kit.context import Context
from commands.kit.dates import When, to_instant
from commands.kit.readers import Dated, Found, Reader, ShortId
from commands.kit.say import Refusal
from commands.kit.words import Word
from storage import meetings
from storage.meetings import Meeting

NAME = re.compile(r"\S+-[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:-[0-9]{1,3})?")
A_DAY = timedelta(days=1)
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


class DateReader(Dated):
    """A date of this room that is still to come: its name (`UAG2-2026-12-08`) or its day."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names and days on which this room has no meeting, or several, and dates that are off or over."""
        written = words[0].text.rstrip(",:;") if words else ""
        if NAME.fullmatch(written):
            found = await meetings.find(ctx.tx, written)
            if found is None or found.room_id != ctx.room.id:
                raise Refusal("meeting-unknown", written=written)
            return _to_come(found, ctx), 1
        dated = await super().read(words, ctx) if written else None
        return (_to_come(await _on_day(dated[0].day, ctx), ctx), dated[1]) if dated else None

    def value(self, when: When, ctx: Context) -> Any:  # noqa: ARG002
        """Return the day as it was understood."""
        return when


def checked_budget(minutes: int) -> int:
    """Return a budget; refuses one that no meeting can spend."""
    if not fits(minutes):
        raise Refusal("agenda-budget", hours=MOST_MINUTES // 60)
    return minutes


def _to_come(meeting: Meeting, ctx: Context) -> Meeting:
    if not meeting.is_planned or meeting.ends_at <= ctx.now:
        raise Refusal("agenda-date-off", meeting=meeting)
    return meeting


async def _on_day(day: date, ctx: Context) -> Meeting:
    begins, ends = (to_instant(datetime.combine(one, time.min), ctx.zone) for one in (day, day + A_DAY))
    found = await meetings.in_room_between(ctx.tx, ctx.room.id, begins, ends)
    found = [one for one in found if one.is_planned] or found
    if not found:
        raise Refusal("meeting-not-then", day=day)
    if len(found) > 1:
        raise Refusal("meeting-ambiguous", day=day, found=found)
    return found[0]


ItemNumber = Annotated[int, NumberReader()]
Budget = Annotated[int, BudgetReader()]
Titled = Annotated[Typed, TitledReader()]
WhichDate = Annotated[Meeting, DateReader()]
RequestId = Annotated[int, ShortId("F", "request")]
