"""What members say to move, cancel and change dates, and to end a series."""

from datetime import datetime
from typing import Any, Literal

from commands.kit.context import Context
from commands.kit.readers import DateSlot, Link
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.texts import zone
from commands.kit.triggers import Answer, command
from commands.kit.workdays import holiday_name
from commands.meetings import planning, schedule
from commands.meetings.arguments import WhichMeeting, Words, checked
from commands.meetings.calendar import with_file
from commands.meetings.cards import meeting_card, series_card
from commands.meetings.comers import told
from commands.meetings.overlaps import warn
from commands.meetings.which import SUGGESTED
from storage import meetings
from storage.meetings import HolidayRule, Meeting, MeetingState, Series

LONGEST_TITLE = 120
LONGEST_REASON = 300

Holidays = Literal["skip", "move", "keep"]


@command("meeting move")
async def move(ctx: Context, meeting: WhichMeeting | None = None, *, to: DateSlot) -> Answer:
    """Move one date; what is not said stays: the day, the time of day, the length."""
    found = await _one_of_mine(ctx, meeting)
    if found.state == MeetingState.CANCELLED:
        raise Refusal("meeting-is-off", meeting=found)
    if found.is_planned and found.starts_at <= ctx.now:
        raise Refusal("meeting-has-begun", meeting=found)
    where = zone(found.zone)
    before, length = found.starts_at, found.ends_at - found.starts_at
    wall = before.astimezone(where)
    starts_at, ends_at = schedule.placed(to, day=wall.date(), time=wall.time(), length=length, zone=where)
    if found.is_planned and (starts_at, ends_at) == (before, found.ends_at):
        raise Refusal("meeting-same-time", meeting=found)
    if starts_at <= ctx.now:
        raise Refusal("date-past", day=starts_at.astimezone(where).date())
    await refuse_clash(ctx, starts_at, besides=found)
    found.starts_at, found.ends_at = starts_at, ends_at
    found.state, found.override = MeetingState.PLANNED, True
    found.sequence += 1
    await planning.plan_due(ctx, [found])
    holiday = holiday_name(planning.local_day(found), ctx.room.language)
    moved = await _tell(ctx, "meeting-moved", found, before=before, holiday=holiday)
    return [moved, *await warn(ctx, [found])]


@command("meeting cancel")
async def cancel(ctx: Context, meeting: WhichMeeting | None = None, reason: str = "") -> Answer:
    """Cancel one date, with a reason that everybody reads."""
    found = await _one_of_mine(ctx, meeting)
    if not found.is_planned:
        raise Refusal("meeting-is-off", meeting=found)
    return await call_off(ctx, found, checked(reason, LONGEST_REASON))


@cancel.redacted
async def reinstate(ctx: Context, meeting_id: int) -> Answer:
    """Let a date take place after all whose cancellation was deleted, if it is still ahead."""
    found = await meetings.by_id(ctx.tx, meeting_id)
    if found is None or found.state != MeetingState.CANCELLED:
        return None
    await ctx.allow(Role.CHAIR, or_user=found.created_by)
    if found.starts_at <= ctx.now:
        raise Refusal("meeting-is-over", meeting=found)
    await refuse_clash(ctx, found.starts_at, besides=found)
    found.state, found.reason = MeetingState.PLANNED, None
    found.sequence += 1
    await planning.plan_due(ctx, [found])
    return await _tell(ctx, "meeting-reinstated", found)


@command("meeting change")
async def change(
    ctx: Context,
    meeting: WhichMeeting | None = None,
    *,
    title: Words | None = None,
    place: Words | None = None,
    link: Link | None = None,
    holidays: Holidays | None = None,
    series: Literal["yes", "no"] = "no",
) -> Answer:
    """Change title, place or link of one date, or of its whole series from now on; a holiday rule is the series'."""
    if title is None and place is None and link is None and holidays is None:
        raise Refusal("meeting-change-what")
    if series == "yes" or holidays is not None:
        return await _change_series(ctx, await _series(ctx, meeting), title, place, link, holidays)
    found = await _one_of_mine(ctx, meeting)
    if found.state == MeetingState.CANCELLED:
        raise Refusal("meeting-is-off", meeting=found)
    before = (found.title, found.place, found.link)
    _set(found, title, place, link)
    if before == (found.title, found.place, found.link):
        raise Refusal("meeting-same", meeting=found)
    found.override = True
    found.sequence += 1
    await planning.show_lists(ctx)
    return await with_file(ctx, meeting_card(ctx, "meeting-changed", found), found)


@command("meeting end")
async def end_series(ctx: Context, meeting: WhichMeeting | None = None) -> Answer:
    """End a series: the dates that have not begun vanish."""
    return await end(ctx, await _series(ctx, meeting))


async def end(ctx: Context, series: Series) -> Say:
    """End a series and say which dates vanish."""
    concerned = await told(ctx, await meetings.ahead(ctx.tx, series, ctx.now))
    gone = await planning.stop(ctx, series)
    planned = sorted(meeting.starts_at for meeting in gone if meeting.is_planned)
    data = {"series": series, "gone": planned, "told": concerned}
    said = Say(key="series-ended", data=data, about=series, mention=concerned.users)
    return await with_file(ctx, said, series)


async def call_off(ctx: Context, meeting: Meeting, reason: str) -> Say:
    """Cancel one date; nobody is reminded of it any more."""
    meeting.state, meeting.reason = MeetingState.CANCELLED, reason or None
    meeting.override = True
    meeting.sequence += 1
    await planning.plan_due(ctx, [meeting])
    return await _tell(ctx, "meeting-cancelled", meeting)


async def _tell(ctx: Context, key: str, meeting: Meeting, **more: Any) -> Say:
    """Tell everybody of a change, with the new calendar file, and notify those who meant to come."""
    concerned = await told(ctx, [meeting])
    data = {"meeting": meeting, "told": concerned, **more}
    return await with_file(ctx, Say(key=key, data=data, about=meeting, mention=concerned.users), meeting)


async def refuse_clash(ctx: Context, starts_at: datetime, besides: Meeting | None = None) -> None:
    """Go on only if this group has no other meeting that begins at that instant."""
    for other in await meetings.in_room_between(ctx.tx, ctx.room.id, starts_at, starts_at + schedule.MINUTE):
        if other.is_planned and other is not besides:
            raise Refusal("meeting-clash", meeting=other)


def checked_title(title: str) -> str:
    """Return a title; refuses none and one that no calendar shows whole."""
    if not title.strip():
        raise Refusal("meeting-title-missing")
    return checked(title, LONGEST_TITLE)


async def _change_series(
    ctx: Context, series: Series, title: str | None, place: str | None, link: str | None, holidays: str | None
) -> Answer:
    old = planning.plan_of(series)
    _set(series, title, place, link)
    series.holidays = HolidayRule(holidays or series.holidays)
    series.sequence += 1
    new = planning.plan_of(series)
    coming = await meetings.ahead(ctx.tx, series, ctx.now)
    for meeting in coming:
        _set(meeting, title, place, link)
        meeting.sequence += 1
        one = schedule.occurrence(new, meeting.original)
        if new.holidays != old.holidays and not meeting.override and (one.skipped or one.starts_at > ctx.now):
            planning.apply(meeting, one)
    await planning.plan_due(ctx, coming)
    await planning.top_up(ctx, series)
    return await with_file(ctx, await series_card(ctx, "series-changed", series), series)


def _set(one: Meeting | Series, title: str | None, place: str | None, link: str | None) -> None:
    """Set what was given; an empty place or link removes it."""
    if title is not None:
        one.title = checked_title(title)
    if place is not None:
        one.place = place or None
    if link is not None:
        one.link = link or None


async def _one_of_mine(ctx: Context, meeting: Meeting | None) -> Meeting:
    """The date that is meant, if it is not over and the sender may change it."""
    if meeting is None:
        coming = await meetings.upcoming(ctx.tx, ctx.now, room_id=ctx.room.id, limit=SUGGESTED)
        raise Refusal("meeting-which", coming=coming, direct=False)
    await ctx.allow(Role.CHAIR, or_user=meeting.created_by)
    if meeting.ends_at <= ctx.now:
        raise Refusal("meeting-is-over", meeting=meeting)
    return meeting


async def _series(ctx: Context, meeting: Meeting | None) -> Series:
    """The series that is meant: of that date, of the message replied to, or the only one of this room."""
    if meeting is not None and meeting.series_id is None:
        raise Refusal("meeting-is-single", meeting=meeting)
    number = meeting.series_id if meeting else None
    if number is None and ctx.replied and ctx.replied[0] == Series.noun:
        number = ctx.replied[1]
    found = await meetings.series_by_id(ctx.tx, number) if number else await _only_series(ctx)
    if found is None or found.room_id != ctx.room.id:
        raise Refusal("meeting-gone")
    if found.ended_at is not None:
        raise Refusal("series-is-over")
    await ctx.allow(Role.CHAIR, or_user=found.created_by)
    return found


async def _only_series(ctx: Context) -> Series:
    running = await meetings.running_series(ctx.tx, ctx.room.id)
    if len(running) != 1:
        firsts = await meetings.next_of_each(ctx.tx, [one.id for one in running], ctx.now)
        raise Refusal("series-which", firsts=firsts)
    return running[0]
