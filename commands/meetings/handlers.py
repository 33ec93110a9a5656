"""What members say to set dates: a series or a single one."""

from datetime import datetime, timedelta

from commands.kit import meeting_names
from commands.kit.context import Context
from commands.kit.readers import DateSlot, Link, Recurring
from commands.kit.recurrence import Pattern, Slot, first_start
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, command
from commands.meetings import planning, schedule
from commands.meetings.arguments import Duration, Words
from commands.meetings.calendar import with_file
from commands.meetings.cards import meeting_card, series_card
from commands.meetings.changes import Holidays, call_off, checked_title, end, refuse_clash
from commands.meetings.comers import tally_of
from commands.meetings.overlaps import warn
from storage import meetings
from storage.meetings import HolidayRule, Meeting, MeetingState, Series


@command("meeting open", role=Role.CHAIR)
async def open_series(
    ctx: Context,
    pattern: Recurring,
    title: str,
    *,
    link: Link | None = None,
    place: Words | None = None,
    holidays: Holidays = "keep",
    lasts: Duration | None = None,
) -> Answer:
    """Set a meeting that recurs; the answer shows its next dates and what holidays do to them."""
    series = Series(room_id=ctx.room.id, sequence=0, created_by=ctx.sender, created_at=ctx.now)
    series.title, series.link, series.place = checked_title(title), link or None, place or None
    _recur(ctx, series, pattern, lasts, holidays)
    ctx.tx.add(series)
    await planning.top_up(ctx, series)
    card = await with_file(ctx, await series_card(ctx, "series-opened", series), series)
    return [card, *await warn(ctx, await meetings.ahead(ctx.tx, series, ctx.now))]


@open_series.edited
async def change_series(
    ctx: Context,
    series_id: int,
    pattern: Recurring,
    title: str,
    *,
    link: Link | None = None,
    place: Words | None = None,
    holidays: Holidays = "keep",
    lasts: Duration | None = None,
) -> Answer:
    """Make the series anew as long as none of its dates has begun or was changed by itself."""
    series = await _not_begun(ctx, series_id)
    if any(meeting.override for meeting in await meetings.ahead(ctx.tx, series, ctx.now)):
        raise Refusal("series-has-overrides", series=series)
    series.title, series.link, series.place = checked_title(title), link or None, place or None
    _recur(ctx, series, pattern, lasts, holidays)
    series.sequence += 1
    await planning.remake(ctx, series)
    card = await series_card(ctx, "series-opened", series, in_place=True)
    return [ctx.react("✏️"), await with_file(ctx, card, series)]


@open_series.redacted
async def withdraw_series(ctx: Context, series_id: int) -> Answer:
    """End a series whose command was deleted, unless one of its dates has begun."""
    series = await meetings.series_by_id(ctx.tx, series_id)
    if series is None or series.ended_at is not None:
        return None
    return await end(ctx, await _not_begun(ctx, series_id))


@command("meeting once", role=Role.CHAIR)
async def open_once(
    ctx: Context,
    when: DateSlot,
    title: str,
    *,
    link: Link | None = None,
    place: Words | None = None,
    lasts: Duration | None = None,
) -> Answer:
    """Set one date; without an end it lasts an hour."""
    starts_at, ends_at = _times(ctx, when, lasts)
    await refuse_clash(ctx, starts_at)
    meeting = await set_single(ctx, starts_at, ends_at, title=checked_title(title), link=link, place=place)
    card = await with_file(ctx, meeting_card(ctx, "meeting-opened", meeting), meeting)
    return [card, *await warn(ctx, [meeting])]


async def set_single(
    ctx: Context, starts_at: datetime, ends_at: datetime, *, title: str, link: str | None, place: str | None
) -> Meeting:
    """Store a single date of this group, with a name of its own and its reminders."""
    meeting = Meeting(
        room_id=ctx.room.id,
        original=starts_at.astimezone(ctx.zone).replace(tzinfo=None),
        title=title,
        starts_at=starts_at,
        ends_at=ends_at,
        zone=ctx.room.zone,
        link=link or None,
        place=place or None,
        state=MeetingState.PLANNED,
        override=False,
        sequence=0,
        created_by=ctx.sender,
        created_at=ctx.now,
    )
    await meeting_names.name(ctx, [meeting])
    ctx.tx.add(meeting)
    await planning.plan_due(ctx, [meeting])
    return meeting


@open_once.edited
async def change_once(
    ctx: Context,
    meeting_id: int,
    when: DateSlot,
    title: str,
    *,
    link: Link | None = None,
    place: Words | None = None,
    lasts: Duration | None = None,
) -> Answer:
    """Make a single date anew as long as it has not begun and was not changed since; on another day it is renamed."""
    meeting = await _still_ahead(ctx, meeting_id)
    if meeting.override:
        raise Refusal("meeting-was-changed", meeting=meeting)
    starts_at, ends_at = _times(ctx, when, lasts)
    await refuse_clash(ctx, starts_at, besides=meeting)
    day = meeting.original.date()
    meeting.title, meeting.link, meeting.place = checked_title(title), link or None, place or None
    meeting.starts_at, meeting.ends_at, meeting.zone = starts_at, ends_at, ctx.room.zone
    meeting.original = starts_at.astimezone(ctx.zone).replace(tzinfo=None)
    meeting.sequence += 1
    if meeting.original.date() != day:
        await meeting_names.name(ctx, [meeting])
    await planning.plan_due(ctx, [meeting])
    card = meeting_card(ctx, "meeting-opened", meeting, await tally_of(ctx, meeting), in_place=True)
    return [ctx.react("✏️"), await with_file(ctx, card, meeting), *await warn(ctx, [meeting])]


@open_once.redacted
async def withdraw_once(ctx: Context, meeting_id: int) -> Answer:
    """Cancel a single date whose command was deleted, unless it has begun."""
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or not meeting.is_planned:
        return None
    return await call_off(ctx, await _still_ahead(ctx, meeting_id), "")


def _recur(ctx: Context, series: Series, pattern: Pattern, lasts: timedelta | None, holidays: str) -> None:
    """Let a series follow the pattern, from its next date on."""
    series.rrule, series.zone = pattern.rrule, ctx.room.zone
    series.dtstart = first_start(pattern, now=ctx.now, zone=ctx.zone)
    length = lasts or schedule.HOUR
    if pattern.end is not None:
        _refuse_two_ends(lasts)
        length = datetime.combine(series.dtstart, pattern.end) - series.dtstart
    series.minutes = length // schedule.MINUTE
    series.holidays = HolidayRule(holidays)


def _times(ctx: Context, when: Slot, lasts: timedelta | None) -> tuple[datetime, datetime]:
    """Begin and end of a single date; a time alone is the next such time."""
    today = ctx.now.astimezone(ctx.zone).date()
    if when.start is None:
        raise Refusal("time-missing", day=when.day or today)
    if when.end is not None:
        _refuse_two_ends(lasts)
    length = lasts or schedule.HOUR
    for day in (today, today + schedule.DAY):
        starts_at, ends_at = schedule.placed(when, day=day, time=when.start, length=length, zone=ctx.zone)
        if starts_at > ctx.now:
            return starts_at, ends_at
    raise Refusal("date-past", day=when.day or today)


def _refuse_two_ends(lasts: timedelta | None) -> None:
    if lasts is not None:
        raise Refusal("meeting-two-ends")


async def _not_begun(ctx: Context, series_id: int) -> Series:
    series = await meetings.series_by_id(ctx.tx, series_id)
    if series is None or series.ended_at is not None:
        raise Refusal("series-is-over")
    if await meetings.has_begun(ctx.tx, series, ctx.now):
        raise Refusal("series-has-begun", series=series)
    return series


async def _still_ahead(ctx: Context, meeting_id: int) -> Meeting:
    meeting = await meetings.by_id(ctx.tx, meeting_id)
    if meeting is None or not meeting.is_planned:
        raise Refusal("meeting-gone")
    if meeting.starts_at <= ctx.now:
        raise Refusal("meeting-has-begun", meeting=meeting)
    return meeting
