"""Messages of the past that somebody tags: noted at once, read from the server by a job that makes something of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from commands.kit.context import Context, reaction_on
from commands.kit.message import Look
from commands.kit.readers import Found, Rest, fitting
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Handler, Job
from commands.kit.words import Word
from storage import inbox, outbox, tagged
from storage.base import Subject
from storage.tagged import TaggedMessage

AGAIN, PATIENCE = timedelta(seconds=10), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tagged:
    """A message that was tagged, as it reads now: its words, who said it and when (by the server's clock)."""

    tag: TaggedMessage
    text: str
    author: str
    at: datetime


class WordsOrReply(Rest):
    """The rest of the line; None where there are no words, but the message replied to has them.

    That is one that a member said and that was no command. An edit need not repeat words that it does not hold.
    """

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses what is longer than a message on a phone should be."""
        if words:
            return await super().read(words, ctx)
        edited = ctx.message is not None and ctx.message.kind == "edit"
        return (None, 0) if edited or await replied_source(ctx) is not None else None


def one_line(text: str) -> str:
    """Return the words of a message without its line breaks."""
    return " ".join(text.split())


async def replied_source(ctx: Context) -> str | None:
    """Return the message that the one in hand replies to, if a member said it and it was no command."""
    source = ctx.message.relates_to if ctx.message is not None and ctx.message.kind == "text" else None
    if source is None or await outbox.find(ctx.tx, source) or await inbox.find(ctx.tx, source):
        return None
    return source


async def tag(ctx: Context, job: str, source_event_id: str, **details: Any) -> None:
    """Let `job` make something of this message, because of the event in hand."""
    found = TaggedMessage(
        room_id=ctx.room.id,
        by=ctx.sender,
        at=ctx.event.at,
        event_id=ctx.event.event_id,
        source_event_id=source_event_id,
        details=details,
    )
    ctx.tx.add(found)
    await ctx.due(job, found, at=ctx.now)
    ctx.about = found


def reads(name: str) -> Callable[[Handler], Job]:
    """Make a handler the job of this name that makes something of a tagged message.

    Where the message cannot be read, its key may still come: the job looks again, for a minute.
    """

    def made(handler: Handler) -> Job:
        async def patient(ctx: Context, tag_id: int) -> Answer:
            return None if await _waits(ctx, name, tag_id) else await handler(ctx, tag_id)

        return Job(name, patient, _looks)

    return made


async def _waits(ctx: Context, name: str, tag_id: int) -> bool:
    """Plan to look again, if the message was not there and was tagged just now."""
    found = await tagged.by_id(ctx.tx, tag_id)
    if found is None or any(one.event_id == found.source_event_id for one in ctx.found):
        return False
    if ctx.now >= found.at + PATIENCE:
        return False
    await ctx.due(name, found, at=ctx.now + AGAIN)
    return True


async def _looks(ctx: Context, tag_id: int) -> Sequence[Look]:
    """Ask for a tagged message and its edits."""
    found = await tagged.by_id(ctx.tx, tag_id)
    if found is None:
        return []
    return [Look(ctx.room.matrix_id, found.source_event_id, related=related) for related in (False, True)]


async def read(ctx: Context, tag_id: int) -> Tagged | None:
    """Return the tagged message as it reads now and forget the tag; None where it or the tag is gone."""
    found = await tagged.by_id(ctx.tx, tag_id)
    if found is None:
        return None
    await ctx.tx.delete(found)
    first = next((one for one in ctx.found if one.event_id == found.source_event_id and one.kind == "text"), None)
    if first is None or not first.text.strip():
        return None
    edits = [one for one in ctx.found if one.kind == "edit" and one.sender == first.sender]
    return Tagged(found, (edits[-1] if edits else first).text.strip(), first.sender, first.at)


def acknowledge(found: Tagged, key: str) -> Say:
    """React to the command that tagged, or to the message itself where a reaction tagged it."""
    details = found.tag.details
    return Say(
        key="", form=reaction_on(found.tag.source_event_id if details.get("reacted") else found.tag.event_id, key)
    )


async def take(ctx: Context, tag_id: int) -> Tagged | Say | None:
    """Return the tagged message as `read` does, with its words in one line, on behalf of who tagged it.

    Where it cannot be read or has too many words: what to say, and nothing is made of it. None where the tag is gone.
    """
    tagged_by = await tagged.by_id(ctx.tx, tag_id)
    if tagged_by is None:
        return None
    ctx.sender = tagged_by.by
    found = await read(ctx, tag_id)
    try:
        return replace(found, text=fitting(one_line(found.text))) if found else await _nothing(ctx, tagged_by)
    except Refusal as refusal:
        return await _nothing(ctx, tagged_by, refusal)


async def refused(ctx: Context, found: Tagged, refusal: Refusal) -> Say:
    """Say why nothing is made of a tagged message: a job has nobody to refuse to."""
    return await _nothing(ctx, found.tag, refusal)


async def _nothing(ctx: Context, tagged_by: TaggedMessage, refusal: Refusal | None = None) -> Say:
    await become(ctx, tagged_by, None)
    return ctx.say(refusal.key, **refusal.data) if refusal else ctx.say("tagged-unreadable")


async def become(ctx: Context, tagged_by: TaggedMessage, made: Subject | None) -> None:
    """Let the event that tagged be about what was made, so that its edits, redaction and replies mean that."""
    await ctx.tx.flush()
    await inbox.settle(ctx.tx, tagged_by.event_id, made)


async def waiting(ctx: Context) -> TaggedMessage | None:
    """Return the tag of the event that is edited or redacted, if its message was not read yet."""
    return await tagged.of_event(ctx.tx, ctx.event.relates_to or "")


async def untag(ctx: Context, tag_id: int) -> None:
    """Forget a tag whose message was not read yet."""
    found = await tagged.by_id(ctx.tx, tag_id)
    if found is not None:
        await ctx.tx.delete(found)
