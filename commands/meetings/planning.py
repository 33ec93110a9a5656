"""How dates get into the calendar: rows of a series, and what falls due about them."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

from commands.kit import meeting_names
from commands.kit.context import Context
from commands.kit.texts import zone
from commands.meetings import schedule
from commands.meetings.schedule import Occurrence, Plan
from storage import due, meetings, personal_reminders
from storage.meetings import Meeting, MeetingState, Series
from storage.personal_reminders import PersonalReminder

AHEAD = 8  # planned dates of a series that are always there
REMINDER, START, TOP_UP = "meeting reminder", "meeting start", "meeting series top up"
PRIVATE, LIST = "meeting private reminder", "meeting list"
FILL = "agenda fill"  # a job of the agenda's: the agenda of a date fills itself so long before
FILLED = timedelta(days=3)
OF_A_DATE = (REMINDER, START, FILL)


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
    """Plan reminders, announcements and agendas of these meetings anew; of the past only an agenda still wanted."""
    await ctx.tx.flush()
    rows = [row for meeting in found if meeting.is_planned for row in _due_rows(ctx, meeting)]
    await meetings.plan(ctx.tx, OF_A_DATE, found, rows)
    _wake(ctx, [at for _, _, at in rows])
    await plan_private(ctx, found)
    await show_lists(ctx)


async def plan_private(ctx: Context, found: Collection[Meeting]) -> None:
    """Plan anew what people want to be reminded of for themselves; what a change made overdue comes at once."""
    await ctx.tx.flush()
    ahead = {meeting.id: meeting for meeting in found if meeting.is_planned and meeting.starts_at > ctx.now}
    wanted = await personal_reminders.of_meetings(ctx.tx, [meeting.id for meeting in found])
    if not wanted:
        return
    rows = [(one, max(ctx.now, private_at(ahead[one.meeting_id], one))) for one in wanted if one.meeting_id in ahead]
    await personal_reminders.plan(ctx.tx, PRIVATE, wanted, rows)
    _wake(ctx, [at for _, at in rows])


async def show_lists(ctx: Context) -> None:
    """Let the pinned lists of dates that show those of this room show the newest state."""
    for number in await meetings.lists_of(ctx.tx, ctx.room.id):
        await due.add(ctx.tx, LIST, number, number, ctx.now)
        _wake(ctx, [ctx.now])


def private_at(meeting: Meeting, reminder: PersonalReminder) -> datetime:
    """Return when somebody wants to be reminded; whole days are counted in wall time."""
    return schedule.reminder_at(meeting.starts_at, schedule.read_length(reminder.lead), zone(meeting.zone))


def _wake(ctx: Context, planned: Collection[datetime]) -> None:
    """Let the bot wake for the earliest of what is planned."""
    ctx.next_due = min([*planned, *([ctx.next_due] if ctx.next_due else [])], default=None)


def _due_rows(ctx: Context, meeting: Meeting) -> list[tuple[str, Meeting, datetime]]:
    planned = [(REMINDER, at) for at in _reminders(ctx, meeting)] + [(START, meeting.starts_at)]
    if meeting.starts_at > ctx.now:
        filled = schedule.reminder_at(meeting.starts_at, FILLED, zone(meeting.zone))
        planned.append((FILL, max(filled, ctx.now)))
    return [(what, meeting, at) for what, at in planned if at > ctx.now or what == FILL]


def _reminders(ctx: Context, meeting: Meeting) -> list[datetime]:
    return schedule.reminders(meeting.starts_at, leads(ctx), zone(meeting.zone))


async def set_leads(ctx: Context, chosen: Collection[timedelta]) -> None:
    """Let this group be reminded of all its coming meetings so long before them; none at all if `chosen` is empty."""
    ctx.room.reminders = [str(schedule.length_of(lead)) for lead in sorted(set(chosen), reverse=True)]
    coming = await ctx.tx.scalars(meetings.listing(ctx.now, [ctx.room.id]))
    found = [meeting for meeting in coming if meeting.starts_at > ctx.now]
    planned = [(REMINDER, one, at) for one in found if one.is_planned for at in _reminders(ctx, one)]
    rows = [row for row in planned if row[2] > ctx.now]
    await meetings.plan(ctx.tx, (REMINDER,), found, rows)
    _wake(ctx, [at for _, _, at in rows])


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
    await meetings.plan(ctx.tx, OF_A_DATE, found, [])
    wanted = await personal_reminders.of_meetings(ctx.tx, [meeting.id for meeting in found])
    await personal_reminders.forget(ctx.tx, PRIVATE, wanted)
    await meetings.remove(ctx.tx, found)
    await show_lists(ctx)


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
