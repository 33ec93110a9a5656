"""What coordinators want to stand at the top of the next digest of the main and of their own room."""

from dataclasses import replace

from commands.digests.upcoming import Upcoming, check_place, redrawn, upcoming
from commands.digests.weeks import counts_at
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command
from storage import digests
from storage.digests import Highlight

MOST = 5
LONGEST = 200


@command("highlight add", where=Where.ANYWHERE)
async def highlight(ctx: Context, text: str) -> Answer:
    """Let a sentence stand at the top of the next digest, or of the one that waits for its release."""
    await check_place(ctx)
    text = _checked(text)
    found = await upcoming(ctx)
    told = await digests.last_until(ctx.tx, found.main.id)
    if len(await digests.highlights_since(ctx.tx, told)) >= MOST:
        raise Refusal("highlight-enough", most=MOST)
    waiting = found.slot if found.slot.at <= ctx.now else None
    row = Highlight(
        text=text,
        counts_at=counts_at(min(ctx.event.at, ctx.now), told, waiting),
        created_by=ctx.sender,
        created_at=ctx.now,
        event_id=ctx.event.event_id,
    )
    ctx.tx.add(row)
    await ctx.tx.flush()
    return [_added(ctx, row, found), *await redrawn(ctx, found)]


@highlight.edited
async def reword(ctx: Context, number: int, text: str) -> Answer:
    """Change what will stand there, as long as it was not sent."""
    await check_place(ctx)
    row, found = await _unsent(ctx, number)
    row.text = _checked(text)
    added = _added(ctx, row, found)
    return [ctx.react("✏️"), replace(added, in_place=True), *await redrawn(ctx, found)]


@highlight.redacted
async def remove(ctx: Context, number: int) -> Answer:
    """Let it not stand there, if it was not sent."""
    row, found = await _unsent(ctx, number)
    await ctx.tx.delete(row)
    await ctx.tx.flush()
    return await redrawn(ctx, found)


@command("highlight list", where=Where.ANYWHERE)
async def list_highlights(ctx: Context) -> Answer:
    """Show what will stand at the top of the next digest."""
    await check_place(ctx)
    found = await upcoming(ctx)
    told = await digests.last_until(ctx.tx, found.main.id)
    rows = await digests.highlights_since(ctx.tx, told)
    people = await ctx.people([one.created_by for one in rows])
    lines = [(row.text, person) for row, person in zip(rows, people, strict=True)]
    return ctx.say("highlights", highlights=lines, most=MOST, slot=found.slot, now=ctx.now)


async def _unsent(ctx: Context, number: int) -> tuple[Highlight, Upcoming]:
    row = await digests.highlight(ctx.tx, number)
    found = await upcoming(ctx)
    told = await digests.last_until(ctx.tx, found.main.id)
    if row is None or (told is not None and row.counts_at < told):
        raise Refusal("highlight-sent")
    return row, found


def _added(ctx: Context, row: Highlight, found: Upcoming) -> Say:
    return ctx.say("highlight-added", about=row, highlight=row.text, slot=found.slot, state=found.state(ctx.now))


def _checked(text: str) -> str:
    """The sentence on one line; refuses none, and what is too long."""
    line = " ".join(text.split())
    if not line:
        raise Refusal("highlight-empty")
    if len(line) > LONGEST:
        raise Refusal("highlight-too-long", length=len(line), limit=LONGEST)
    return line
