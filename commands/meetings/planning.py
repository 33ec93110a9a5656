"""How dates get into the calendar: rows of a series, and what falls due about them."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

from commands.kit import meeting_names
from commands.kit.context import Context
from commands.kit.texts import zone
from commands.meetings import schedule
from commands.meetings.schedule import Occurrence, Plan
from storage import due, meetings
from storage.meetings import Meeting, MeetingState, Series

AHEAD = 8  # planned dates of a series that are always there
REMINDER, START, TOP_UP = "meeting reminder", "meeting start", "meeting series top up"


def local_day(meeting: Meeting) -> date:
    """Return the day on which a meeting begins, in its own zone."""
    return meeting.starts_at.astimezone(zone(meeting.zone)).date()


def plan_of(series: Series) -> Plan:
    """Return what a stored series repeats."""
    return Plan(series.rrule, series.dtstart, zone(series.zone), series.minutes, series.holidays)


def leads(ctx: Context) -> list[timedelta]:
    """Return how long before its meetings this group is reminded, longest first."""
    chosen = ctx.setup.reminders if ctx.room.reminders is None else ctx.room.reminders
    return sorted({schedule.read_length(one) for one in chosen}, reverse=True)


async def plan_due(ctx: Context, found: Collection[Meeting]) -> None:
    """Plan reminders and announcements of these meetings anew; only what is still ahead."""
    await ctx.tx.flush()
    rows = [row for meeting in found if meeting.is_planned for row in _due_rows(ctx, meeting)]
    await meetings.plan(ctx.tx, (REMINDER, START), found, rows)
    earliest = [at for _, _, at in rows] + ([ctx.next_due] if ctx.next_due else [])
    ctx.next_due = min(earliest, default=None)


def _due_rows(ctx: Context, meeting: Meeting) -> list[tuple[str, Meeting, datetime]]:
    reminders = schedule.reminders(meeting.starts_at, leads(ctx), zone(meeting.zone))
    planned = [(REMINDER, at) for at in reminders] + [(START, meeting.starts_at)]
    return [(what, meeting, at) for what, at in planned if at > ctx.now]


async def set_leads(ctx: Context, chosen: Collection[timedelta]) -> None:
    """Let this group be reminded of all its coming meetings so long before them; none at all if `chosen` is empty."""
    ctx.room.reminders = [str(schedule.length_of(lead)) for lead in sorted(set(chosen), reverse=True)]
    coming = await ctx.tx.scalars(meetings.listing(ctx.now, [ctx.room.id]))
    await plan_due(ctx, [meeting for meeting in coming if meeting.starts_at > ctx.now])


async def stop(ctx: Context, series: Series) -> Sequence[Meeting]:
    """End a series; returns its dates that had not begun, which are deleted."""
    gone = await meetings.ahead(ctx.tx, series, ctx.now)
    await drop(ctx, gone)
    await due.cancel(ctx.tx, TOP_UP, series.id)
    series.ended_at = ctx.now
    series.sequence += 1
    return gone


async def drop(ctx: Context, found: Collection[Meeting]) -> None:
    """Delete dates that will not be, with all that is planned about them."""
    await meetings.plan(ctx.tx, (REMINDER, START), found, [])
    await meetings.remove(ctx.tx, found)


async def top_up(ctx: Context, series: Series) -> None:
    """Plan dates until enough are ahead, and when to look again; dates that passed meanwhile are left out."""
    await ctx.tx.flush()
    planned = [meeting for meeting in await meetings.ahead(ctx.tx, series, ctx.now) if meeting.is_planned]
    last = await meetings.last_original(ctx.tx, series)
    now = ctx.now.astimezone(zone(series.zone)).replace(tzinfo=None)
    new = schedule.expand(plan_of(series), after=max(last or now, now), planned=AHEAD - len(planned))
    rows = [_row(series, one, ctx.now) for one in new]
    await meeting_names.name(ctx, rows)
    ctx.tx.add_all(rows)
    await plan_due(ctx, rows)
    await look_again(ctx, series)


async def look_again(ctx: Context, series: Series) -> None:
    """Plan the next top-up for when the next date is over."""
    await due.cancel(ctx.tx, TOP_UP, series.id)
    at = await meetings.next_end(ctx.tx, series, ctx.now)
    if at is not None:
        await ctx.due(TOP_UP, series, at=at)


async def remake(ctx: Context, series: Series) -> None:
    """Give a series of which nothing has begun the dates of its new rule; a day that stays keeps its row."""
    before = {meeting.original.date(): meeting for meeting in await meetings.ahead(ctx.tx, series, ctx.now)}
    now = ctx.now.astimezone(zone(series.zone)).replace(tzinfo=None)
    wanted = schedule.expand(plan_of(series), after=now, planned=AHEAD)
    kept = [(before[one.original.date()], one) for one in wanted if one.original.date() in before]
    days = {one.original.date() for _, one in kept}
    await drop(ctx, [meeting for day, meeting in before.items() if day not in days])
    for meeting, one in kept:
        describe(meeting, series)
        meeting.original = one.original
        apply(meeting, one)
    rows = [_row(series, one, ctx.now) for one in wanted if one.original.date() not in days]
    await meeting_names.name(ctx, rows)
    ctx.tx.add_all(rows)
    await plan_due(ctx, [*rows, *(meeting for meeting, _ in kept)])
    await look_again(ctx, series)


def apply(meeting: Meeting, one: Occurrence) -> None:
    """Let a date be what the rule of its series says."""
    meeting.starts_at, meeting.ends_at = one.starts_at, one.ends_at
    meeting.state = MeetingState.SKIPPED if one.skipped else MeetingState.PLANNED
    meeting.sequence += 1


def describe(meeting: Meeting, series: Series) -> None:
    """Give a date the title, link and place of its series."""
    meeting.title, meeting.link, meeting.place = series.title, series.link, series.place


def _row(series: Series, one: Occurrence, now: datetime) -> Meeting:
    return Meeting(
        room_id=series.room_id,
        series_id=series.id,
        original=one.original,
        title=series.title,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        zone=series.zone,
        link=series.link,
        place=series.place,
        state=MeetingState.SKIPPED if one.skipped else MeetingState.PLANNED,
        override=False,
        uid=series.uid,
        sequence=series.sequence,
        created_by=series.created_by,
        created_at=now.astimezone(UTC),
    )
