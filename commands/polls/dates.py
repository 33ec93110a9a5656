"""Date polls: which dates are proposed, and what speaks against each of them."""

import calendar
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

from commands.kit.context import Context
from commands.kit.dates import to_instant
from commands.kit.recurrence import Slot
from commands.kit.say import Refusal
from commands.kit.workdays import holiday_name
from commands.votes.result import interval
from storage import meetings
from storage.polls import Poll, PollKind
from storage.rooms import Room

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Mark(NamedTuple):
    """What speaks against a date: a public holiday by name, a weekend, another group's meeting that day."""

    kind: Literal["holiday", "weekend", "clash"]
    name: str


def proposals(ctx: Context, slots: Sequence[Slot]) -> list[str]:
    """Return the options of a date poll, earliest first; a time alone is on the day before it in the list.

    Refuses dates without a time, in the past, and twice the same.
    """
    found: list[tuple[datetime, datetime]] = []
    day: date | None = None
    for slot in slots:
        day = slot.day or day
        if slot.start is None or day is None:
            raise Refusal("time-missing", day=day or ctx.now.astimezone(ctx.zone).date())
        begins = to_instant(datetime.combine(day, slot.start), ctx.zone)
        ends = to_instant(datetime.combine(day, slot.end), ctx.zone) if slot.end else begins + HOUR
        if begins <= ctx.now:
            raise Refusal("date-past", day=day)
        found.append((begins.astimezone(UTC), ends.astimezone(UTC)))
    if len({begins for begins, _ in found}) < len(found):
        raise Refusal("poll-option-twice")
    return [f"{begins.isoformat()}/{ends.isoformat()}" for begins, ends in sorted(found)]


async def marks(ctx: Context, poll: Poll, asked: Sequence[Room]) -> Mapping[int, Sequence[Mark]]:
    """Return what speaks against each option of a date poll, by its number; nothing for polls of other kinds."""
    if poll.kind != PollKind.DATE:
        return {}
    days = [interval(option).starts_at.astimezone(ctx.zone).date() for option in poll.options]
    clashes = await _groups_meeting(ctx, min(days), max(days), {room.id for room in asked})
    return {
        number: [*_of_day(day, ctx.room.language), *(Mark("clash", group) for group in clashes.get(day, ()))]
        for number, day in enumerate(days, start=1)
    }


async def settled(ctx: Context, poll: Poll) -> set[datetime]:
    """Return at which of its dates the group that asked has made a meeting of it."""
    if poll.kind != PollKind.DATE:
        return set()
    starts = {interval(option).starts_at for option in poll.options}
    found = await meetings.in_room_between(ctx.tx, poll.room_id, min(starts), max(starts) + DAY)
    return {one.starts_at for one in found if one.is_planned and one.title == poll.question and one.starts_at in starts}


def _of_day(day: date, language: str) -> list[Mark]:
    holiday = holiday_name(day, language)
    if holiday:
        return [Mark("holiday", holiday)]
    return [Mark("weekend", "")] if day.weekday() >= calendar.SATURDAY else []


async def _groups_meeting(ctx: Context, first: date, last: date, asked: set[int]) -> dict[date, list[str]]:
    """Which other groups meet on each day."""
    begins, ends = (to_instant(datetime.combine(day, time.min), ctx.zone) for day in (first, last + DAY))
    found: dict[date, list[str]] = {}
    for meeting, group in await meetings.planned_with_groups(ctx.tx, begins, ends):
        names = found.setdefault(meeting.starts_at.astimezone(ctx.zone).date(), [])
        if group.id not in asked and group.key and group.key not in names:
            names.append(group.key)
    return found
