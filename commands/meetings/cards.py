"""How dates are shown: one by one, as the card of a series, and what their days mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from commands.kit.context import Context
from commands.kit.dates import to_instant
from commands.kit.recurrence import pattern_parts
from commands.kit.say import Say
from commands.kit.texts import zone
from commands.kit.workdays import holiday_name
from commands.meetings import planning, schedule
from commands.meetings.answers import NOBODY, Tally
from storage import meetings
from storage.meetings import Meeting, Series

PREVIEWED = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A date as lists show it: `group` where several groups are listed, `moved_from` if it was on another day;
    the names of the public holidays on its day and on the original one.
    """

    meeting: Meeting
    group: str | None
    moved_from: date | None
    holiday: str | None
    original_holiday: str | None


def entry(ctx: Context, meeting: Meeting, group: str | None = None) -> Entry:
    """Return a date with what its day means, in the language of this room."""
    day, original = planning.local_day(meeting), meeting.original.date()
    holiday, original_holiday = (holiday_name(one, ctx.room.language) for one in (day, original))
    return Entry(meeting, group, original if original != day else None, holiday, original_holiday)


async def series_card(ctx: Context, key: str, series: Series, *, in_place: bool = False) -> Say:
    """Show a series: its rule in words, its next dates, and what holidays do to them."""
    coming = [entry(ctx, meeting) for meeting in await meetings.ahead(ctx.tx, series, ctx.now)]
    begins = to_instant(series.dtstart, zone(series.zone))
    data = {
        "series": series,
        "shape": pattern_parts(series.rrule),
        "begins": begins,
        "ends": begins + timedelta(minutes=series.minutes),
        "entries": _up_to_planned(coming, PREVIEWED),
        "leads": spoken_leads(ctx),
    }
    return Say(key=key, data=data, about=series, in_place=in_place)


def meeting_card(ctx: Context, key: str, meeting: Meeting, tally: Tally = NOBODY, *, in_place: bool = False) -> Say:
    """Show one date with all that is known of it, and how many come."""
    data = {"meeting": meeting, "holiday": entry(ctx, meeting).holiday, "leads": spoken_leads(ctx), "tally": tally}
    return Say(key=key, data=data, about=meeting, in_place=in_place)


def spoken_leads(ctx: Context) -> list[schedule.Length]:
    """Return how long before meetings this group is reminded, as texts show it."""
    return [schedule.length_of(lead) for lead in planning.leads(ctx)]


def _up_to_planned(entries: Sequence[Entry], count: int) -> list[Entry]:
    """The first entries, up to the last of the first `count` that take place."""
    places = [place for place, one in enumerate(entries) if one.meeting.is_planned]
    return list(entries[: places[count - 1] + 1] if len(places) >= count else entries)
