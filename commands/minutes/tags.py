"""Messages of the past that somebody tags, by a reply or by a reaction, and what becomes of their edits."""

from collections.abc import Sequence

from commands.kit import tagging
from commands.kit.context import Context
from commands.kit.say import Refusal
from commands.kit.tagging import Tagged
from commands.kit.triggers import MESSAGE, Answer, command, reaction, source
from commands.minutes import rules
from commands.minutes.running import attend, changeable, heard, take_back
from storage import inbox, minutes, outbox, tagged
from storage.minutes import Line, LineKind, Minutes, MinutesState
from storage.tagged import TaggedMessage

TAG = "minutes tag"


@command("tag info")
async def tag_info(ctx: Context) -> None:
    """Put the message replied to into the minutes as an information."""
    await _tag_replied(ctx, LineKind.INFO)


@command("tag idea")
async def tag_idea(ctx: Context) -> None:
    """Put the message replied to into the minutes as an idea."""
    await _tag_replied(ctx, LineKind.IDEA)


@command("tag link")
async def tag_link(ctx: Context) -> None:
    """Put the link of the message replied to into the minutes."""
    await _tag_replied(ctx, LineKind.LINK)


@reaction(MESSAGE, "📌")
async def pin(ctx: Context, event_id: str) -> None:
    """Put a message into the minutes as an information, by a reaction to it."""
    await _tag_reacted(ctx, LineKind.INFO, event_id)


@reaction(MESSAGE, "💡")
async def light(ctx: Context, event_id: str) -> None:
    """Put a message into the minutes as an idea, by a reaction to it."""
    await _tag_reacted(ctx, LineKind.IDEA, event_id)


@reaction(MESSAGE, "🔗")
async def chain(ctx: Context, event_id: str) -> None:
    """Put the link of a message into the minutes, by a reaction to it."""
    await _tag_reacted(ctx, LineKind.LINK, event_id)


@tag_info.redacted
@tag_idea.redacted
@tag_link.redacted
async def untag(ctx: Context, _tag_id: int) -> Answer:
    """Take back what a deleted command tagged."""
    line = await _untagged(ctx)
    if line is not None:
        await changeable(ctx, line.minutes_id)
        await take_back(ctx, line)
    return None


@pin.redacted
@light.redacted
@chain.redacted
async def unreact(ctx: Context, _tag_id: int) -> Answer:
    """Take back what a reaction tagged that was taken back; approved minutes stay as they are."""
    line = await _untagged(ctx)
    if line is not None and not await _is_approved(ctx, line):
        await take_back(ctx, line)
    return None


@tagging.reads(TAG)
async def enter(ctx: Context, tag_id: int) -> Answer:
    """Make a line of a tagged message; of the same message only one of each kind."""
    tag = await tagged.by_id(ctx.tx, tag_id)
    if tag is None:
        return None
    by, silent = await ctx.people([tag.by]), bool(tag.details.get("reacted"))
    read = await tagging.read(ctx, tag_id)
    if read is None:
        return ctx.say("tag-unreadable", by=by)
    found = await _place(ctx, read)
    if found is None:
        return None if silent else ctx.say("tag-outside", by=by)
    kind = LineKind(tag.details["kind"])
    words = tag.details.get("text") or _words(kind, read.text)
    if words is None:
        return ctx.say("tag-without-link", by=by)
    if not await _stands(ctx, found, kind, tag):
        await _write(ctx, found, kind, words, read)
    return tagging.acknowledge(read, "✅")


@source("minutes source")
async def lines_of(ctx: Context, event_id: str) -> Sequence[int]:
    """Return the lines that hold the words of a message; a reply with words of its own holds those."""
    return [one.id for one in await _made_of(ctx, event_id)]


@lines_of.edited
async def follow(ctx: Context, line_id: int, text: str) -> Answer:
    """Let a line say what its author's message says now, until the minutes are approved."""
    line = await minutes.line(ctx.tx, line_id)
    if line is None or line.by != ctx.sender or await _is_approved(ctx, line):
        return None
    words = _words(LineKind(line.kind), text)
    if not words:
        return None
    line.text = words
    return ctx.react("✏️")


@lines_of.redacted
async def lose(ctx: Context, line_id: int) -> Answer:
    """Take back a line whose message was deleted, until the minutes are approved."""
    line = await minutes.line(ctx.tx, line_id)
    if line is not None and not await _is_approved(ctx, line):
        await take_back(ctx, line)
    return None


TAGGING = {one.name for one in (tag_info, tag_idea, tag_link, pin, light, chain)}


async def replied_to(ctx: Context) -> str | None:
    """Return the message replied to, if it is a member's and no command."""
    replied = ctx.event.relates_to
    if replied is None or await outbox.find(ctx.tx, replied) or await inbox.find(ctx.tx, replied):
        return None
    return replied


async def _tag_replied(ctx: Context, kind: LineKind) -> None:
    if not await minutes.may_change(ctx.tx, ctx.room.id):
        raise Refusal("session-none")
    replied = await replied_to(ctx)
    if replied is None:
        raise Refusal("line-words-missing", kind=kind)
    await _hear(ctx)
    await tagging.tag(ctx, TAG, replied, kind=kind)


async def _tag_reacted(ctx: Context, kind: LineKind, event_id: str) -> None:
    if await minutes.may_change(ctx.tx, ctx.room.id):
        await _hear(ctx)
        await tagging.tag(ctx, TAG, event_id, kind=kind, reacted=True)


async def _hear(ctx: Context) -> None:
    found = await minutes.running(ctx.tx, ctx.room.id)
    if found is not None:
        heard(ctx, found)


async def _untagged(ctx: Context) -> Line | None:
    """Forget the tag of the event in hand if its message was not read yet; else return the line made of it."""
    event_id = ctx.event.relates_to or ""
    tag = await tagged.of_event(ctx.tx, event_id)
    if tag is not None:
        await tagging.untag(ctx, tag.id)
        return None
    line = await minutes.line_of_event(ctx.tx, event_id)
    return line if line is not None and line.taken_back_at is None else None


async def _is_approved(ctx: Context, line: Line) -> bool:
    found = await minutes.by_id(ctx.tx, line.minutes_id)
    return found is None or found.state == MinutesState.APPROVED


async def _place(ctx: Context, read: Tagged) -> Minutes | None:
    """Return the minutes that a tagged message belongs to: of the session it was said in, else of the one that runs."""
    found = await minutes.covering(ctx.tx, ctx.room.id, read.at)
    if found is not None and found.state != MinutesState.APPROVED:
        return found
    return await minutes.running(ctx.tx, ctx.room.id)


def _words(kind: LineKind, text: str) -> str | None:
    return rules.link_line(text) if kind is LineKind.LINK else rules.one_line(text)


async def _made_of(ctx: Context, event_id: str) -> list[Line]:
    """Return the standing lines that have their words from this message."""
    found = [one for one in await minutes.lines_of_source(ctx.tx, event_id) if one.taken_back_at is None]
    by = await inbox.triggers(ctx.tx, [one.event_id for one in found]) if found else {}
    return [one for one in found if by.get(one.event_id) in TAGGING]


async def _stands(ctx: Context, found: Minutes, kind: LineKind, tag: TaggedMessage) -> bool:
    """Whether somebody tagged this message so before."""
    lines = [] if tag.details.get("text") else await _made_of(ctx, tag.source_event_id)
    return any((one.minutes_id, one.kind) == (found.id, kind) for one in lines)


async def _write(ctx: Context, found: Minutes, kind: LineKind, words: str, read: Tagged) -> None:
    """Add the line, at the time when its message was said if that was in the session; who spoke in it was there."""
    tag = read.tag
    inside = found.started_at <= read.at and (found.ended_at is None or read.at <= found.ended_at)
    ctx.tx.add(
        Line(
            minutes_id=found.id,
            kind=kind,
            text=words,
            at=read.at if inside else tag.at,
            by=tag.by if tag.details.get("text") else read.author,
            event_id=tag.event_id,
            source_event_id=tag.source_event_id,
        )
    )
    if inside:
        await attend(ctx, found, read.author, event_id=tag.event_id)
    if found.is_running:
        await attend(ctx, found, tag.by, event_id=tag.event_id)
