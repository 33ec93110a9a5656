"""What members say to put something on the agenda: in their own words, or in those of a message that they reply to."""

from collections.abc import Sequence
from dataclasses import replace

from commands.agenda.arguments import Titled, WhichDate
from commands.agenda.board import close, next_meeting, redrawn_all
from commands.agenda.wording import Typed, shortened
from commands.kit import tagging
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, source
from storage import agenda, inbox, meetings, outbox, tagged
from storage.agenda import AgendaItem, AgendaSource, AgendaState
from storage.meetings import Meeting
from storage.rooms import Room
from storage.tagged import TaggedMessage

TAKE = "agenda take"
ADD = "agenda add"
DONE = "✅"
NOTHING = Typed("", None, quoted=False)


@command(ADD)
async def add(ctx: Context, item: Titled = NOTHING, *, date: WhichDate | None = None) -> Answer:
    """Put something on the agenda of the next meeting, or of another date; a reply without a title takes its text."""
    if not item.title:
        return await _take(ctx, item, date)
    event_id = ctx.event.relates_to or ctx.event.event_id
    made = await keep(ctx, item.title, item.budget, date, source=AgendaSource.SAID, event_id=event_id, by=ctx.sender)
    return await _added(ctx, made, ctx.react(DONE))


@add.edited
async def change(ctx: Context, number: int, item: Titled = NOTHING, *, date: WhichDate | None = None) -> Answer:
    """Change title and budget of an item that was not talked about."""
    found = await _made_by(ctx, number)
    if found is None:
        raise Refusal("edit-not-run")
    if not found.is_open:
        raise Refusal("agenda-item-closed", item=found)
    before = found.meeting_id
    if item.title:
        found.title, found.source = item.title, AgendaSource.SAID
    elif found.source == AgendaSource.SAID:
        raise Refusal("agenda-title-missing")
    found.budget = item.budget
    found.meeting_id = date.id if date else before
    return [ctx.react("✏️"), *await redrawn_all(ctx, ctx.room, before, found.meeting_id)]


@add.redacted
async def withdraw(ctx: Context, number: int) -> Answer:
    """Drop an item whose command was deleted, unless the meeting has talked about it."""
    found = await _made_by(ctx, number)
    if found is None:
        await tagging.untag(ctx, number)
        return None
    return await _drop(ctx, found)


@tagging.reads(TAKE)
async def take(ctx: Context, tag_id: int) -> Answer:
    """Put the message that somebody replied to on the agenda, in its own words."""
    if await tagged.by_id(ctx.tx, tag_id) is None:
        return None
    found = await tagging.read(ctx, tag_id)
    if found is None:
        return ctx.say("agenda-unreadable")
    details = found.tag.details
    date = await meetings.by_id(ctx.tx, details["date"]) if details["date"] else None
    made = await keep(
        ctx,
        shortened(found.text),
        details["budget"],
        date if date and date.is_planned else None,
        source=AgendaSource.MESSAGE,
        event_id=found.tag.source_event_id,
        by=found.tag.by,
    )
    await inbox.note(ctx.tx, found.tag.event_id, ADD, made)
    return await _added(ctx, made, tagging.acknowledge(found, DONE))


@source("agenda source")
async def of_message(ctx: Context, event_id: str) -> Sequence[int]:
    """Return the items whose words are those of this message."""
    return [one.id for one in await agenda.of_message(ctx.tx, ctx.room.id, event_id)]


@of_message.edited
async def follow(ctx: Context, number: int, text: str) -> Answer:
    """Let an item say what its message says now; only its author can edit it."""
    found = await agenda.by_id(ctx.tx, number)
    if found is None or not found.is_open or not text.strip():
        return None
    found.title = shortened(text)
    return await redrawn_all(ctx, ctx.room, found.meeting_id)


@of_message.redacted
async def forget(ctx: Context, number: int) -> Answer:
    """Drop an item whose message was deleted, unless the meeting has talked about it."""
    found = await agenda.by_id(ctx.tx, number)
    if found is None or await agenda.talked_about(ctx.tx, [number]):
        return None
    return await _drop(ctx, found)


async def keep(
    ctx: Context,
    title: str,
    budget: int | None,
    date: Meeting | None,
    *,
    source: AgendaSource,
    event_id: str | None,
    by: str,
    room: Room | None = None,
    source_id: int | None = None,
) -> AgendaItem:
    """Store an item, the last of its group; without a date it is for the next meeting."""
    home = room or ctx.room
    made = AgendaItem(
        room_id=home.id,
        meeting_id=date.id if date else None,
        position=await agenda.next_position(ctx.tx, home.id),
        title=title,
        budget=budget,
        state=AgendaState.OPEN,
        source=source,
        source_id=source_id,
        event_id=event_id,
        postponed=0,
        created_by=by,
        created_at=ctx.now,
        closed_at=None,
    )
    ctx.tx.add(made)
    await ctx.tx.flush()
    return made


async def _take(ctx: Context, item: Typed, date: Meeting | None) -> Answer:
    replied = ctx.event.relates_to
    if replied is None or ctx.replied is not None or await outbox.find(ctx.tx, replied):
        raise Refusal("agenda-title-missing")
    await tagging.tag(ctx, TAKE, replied, budget=item.budget, date=date.id if date else None)
    return None


async def _added(ctx: Context, item: AgendaItem, done: Say) -> list[Say]:
    meeting = await next_meeting(ctx, ctx.room)
    waits = [] if meeting or item.meeting_id else [ctx.say("agenda-waits", about=item, item=item)]
    return [replace(done, about=item), *waits, *await redrawn_all(ctx, ctx.room, item.meeting_id)]


async def _made_by(ctx: Context, number: int) -> AgendaItem | None:
    """Return the item that the edited or deleted command made; None while its message waits to be read."""
    before = await inbox.find(ctx.tx, ctx.event.relates_to or "")
    if before is None or before.about_kind == TaggedMessage.noun:
        return None
    return await agenda.by_id(ctx.tx, number)


async def _drop(ctx: Context, item: AgendaItem) -> list[Say]:
    if not item.is_open:
        return []
    if await agenda.talked_about(ctx.tx, [item.id]):
        raise Refusal("agenda-talked-about", item=item)
    close(item, AgendaState.DROPPED, ctx, await next_meeting(ctx, ctx.room))
    return await redrawn_all(ctx, ctx.room, item.meeting_id)
