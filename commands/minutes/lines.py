"""What members tag while a session runs: information, ideas, links and subtopics."""

from commands.kit import tagging
from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, command
from commands.minutes import rules
from commands.minutes.running import changeable, heard, needed, origin, take_back, write
from commands.minutes.tags import TAG, replied_to
from storage import minutes, tagged
from storage.minutes import LineKind


@command("line subtopic")
async def subtopic(ctx: Context, text: str) -> Answer:
    """Divide the topic."""
    found = await needed(ctx)
    await ctx.allow(Role.CHAIR)
    await write(ctx, found, LineKind.SUBTOPIC, rules.one_line(text))
    return ctx.react("✅")


@command("line info")
async def info(ctx: Context, text: str) -> Answer:
    """Put an information into the minutes."""
    return await _note(ctx, LineKind.INFO, text)


@command("line idea")
async def idea(ctx: Context, text: str) -> Answer:
    """Put an idea into the minutes."""
    return await _note(ctx, LineKind.IDEA, text)


@command("line link")
async def link(ctx: Context, text: str) -> Answer:
    """Put a link into the minutes."""
    return await _note(ctx, LineKind.LINK, text)


@subtopic.edited
@info.edited
@idea.edited
@link.edited
async def change(ctx: Context, _about_id: int, text: str) -> Answer:
    """Let the line say what the message says now."""
    line = await minutes.line_of_event(ctx.tx, origin(ctx))
    tag = await tagged.of_event(ctx.tx, origin(ctx))
    if tag is not None:
        tag.details = {**tag.details, "text": _worded(LineKind(tag.details["kind"]), text)}
        return ctx.react("✏️")
    if line is None or line.taken_back_at is not None:
        raise Refusal("edit-not-run")
    await changeable(ctx, line.minutes_id)
    line.text = _worded(LineKind(line.kind), text)
    return ctx.react("✏️")


@subtopic.redacted
@info.redacted
@idea.redacted
@link.redacted
async def withdraw(ctx: Context, _about_id: int) -> Answer:
    """Take back the line whose command was deleted."""
    tag = await tagged.of_event(ctx.tx, ctx.event.relates_to or "")
    if tag is not None:
        await tagging.untag(ctx, tag.id)
        return None
    line = await minutes.line_of_event(ctx.tx, ctx.event.relates_to or "")
    if line is not None and line.taken_back_at is None:
        await changeable(ctx, line.minutes_id)
        await take_back(ctx, line)
    return None


async def _note(ctx: Context, kind: LineKind, text: str) -> Answer:
    words = _worded(kind, text)
    found = await minutes.running(ctx.tx, ctx.room.id)
    replied = await replied_to(ctx)
    if found is None and replied is not None and await minutes.may_change(ctx.tx, ctx.room.id):
        await tagging.tag(ctx, TAG, replied, kind=kind, text=words)
        return None
    if found is None:
        raise Refusal("session-none")
    heard(ctx, found)
    line = await write(ctx, found, kind, words)
    line.source_event_id = replied or line.event_id
    return ctx.react("✅")


def _worded(kind: LineKind, text: str) -> str:
    words = rules.link_line(text) if kind is LineKind.LINK else rules.one_line(text)
    if not words:
        raise Refusal("line-without-link" if kind is LineKind.LINK else "line-words-missing", kind=kind)
    return words
