"""Messages of the past that somebody tags: noted at once, read from the server by a job that makes something of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commands.kit.context import Context, reaction_on
from commands.kit.message import Look
from commands.kit.say import Say
from storage import tagged
from storage.tagged import TaggedMessage


@dataclass(frozen=True, slots=True)
class Tagged:
    """A message that was tagged, as it reads now: its words, who said it and when (by the server's clock)."""

    tag: TaggedMessage
    text: str
    author: str
    at: datetime


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


async def looks(ctx: Context, tag_id: int) -> Sequence[Look]:
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


async def untag(ctx: Context, tag_id: int) -> None:
    """Forget a tag whose message was not read yet."""
    found = await tagged.by_id(ctx.tx, tag_id)
    if found is not None:
        await ctx.tx.delete(found)
