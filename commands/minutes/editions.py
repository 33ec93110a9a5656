"""Which minutes are meant, and in which edition they are shown where."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.context import Context
from commands.kit.readers import Found, Reader
from commands.kit.say import File, Refusal
from commands.kit.which_meeting import NAME
from commands.kit.words import Word
from commands.minutes import rendering
from commands.minutes.difference import Difference, difference
from commands.minutes.document import Document, from_json
from commands.minutes.gathering import gather
from commands.minutes.rendering import Edition
from storage import filed, rooms
from storage import minutes as stored
from storage.filed import Kept
from storage.meetings import Meeting
from storage.minutes import Minutes, MinutesState
from storage.rooms import Room, RoomKind

FORMS = {
    "md": ("text/markdown", rendering.markdown),
    "html": ("text/html", rendering.html),
    "txt": ("text/plain", rendering.plain),
}


class Shown(NamedTuple):
    """Minutes as they are shown: what stands in them, and in which edition."""

    document: Document
    edition: Edition


class NameReader(Reader):
    """The name of a meeting: `UAG2-2026-12-08`."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:  # noqa: ARG002
        """Takes one word, written in any case."""
        written = words[0].text.rstrip(",:;.") if words and not words[0].quoted else ""
        return (written.upper(), 1) if NAME.fullmatch(written) else None


MinutesName = Annotated[str, NameReader()]


def is_home(room: Room, minutes: Minutes) -> bool:
    """Whether this is the room of the group whose minutes these are: it alone sees drafts."""
    return minutes.room_id == room.id


async def named(ctx: Context, name: str) -> Kept | None:
    """Return the minutes that the words name, or the message replied to; None where neither names any.

    Raises Refusal where there are no such minutes, or none that may be seen from here.
    """
    await allow_reading(ctx)
    if not name:
        name = await _replied(ctx)
    if not name:
        return None
    found = await filed.named(ctx.tx, name)
    if found is None or not (is_home(ctx.room, found.minutes) or found.minutes.version):
        raise Refusal("minutes-unknown", name=name)
    return found


async def _replied(ctx: Context) -> str:
    noun, number = ctx.replied or ("", 0)
    if noun == Minutes.noun:
        minutes = await stored.by_id(ctx.tx, number)
        number = minutes.meeting_id if minutes else 0
    elif noun != Meeting.noun:
        return ""
    meeting = await ctx.tx.get(Meeting, number)
    return meeting.name if meeting else ""


async def sight(ctx: Context) -> tuple[bool, list[int] | None]:
    """Return what of the archive is seen here: whether approved ones only, and of which rooms (None: of all).

    Raises Refusal as `allow_reading`.
    """
    await allow_reading(ctx)
    return (False, [ctx.room.id]) if ctx.room.kind == RoomKind.GROUP else (True, None)


async def allow_reading(ctx: Context) -> None:
    """Refuse in a room that is no group, and in a direct chat with somebody who is in none."""
    if ctx.room.kind == RoomKind.PLAIN:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    if ctx.room.kind == RoomKind.DIRECT and not any(one.is_group for one in await rooms.rooms_of(ctx.tx, ctx.sender)):
        raise Refusal("minutes-members-only")


async def shown(tx: AsyncSession, minutes: Minutes, nobody: Collection[str], *, home: bool) -> Shown:
    """Return minutes as they stand: a draft at home as it reads now, else the version approved last."""
    if home and minutes.state != MinutesState.APPROVED:
        return Shown(await gather(tx, minutes, nobody), Edition(minutes.state, minutes.version))
    found = await approved(tx, minutes, minutes.version)
    assert found is not None  # noqa: S101 - what is seen elsewhere was approved
    return found


async def approved(tx: AsyncSession, minutes: Minutes, number: int) -> Shown | None:
    """Return an approved version of minutes, with what changed since the one before."""
    one = await stored.version(tx, minutes.id, number)
    if one is None:
        return None
    before = await stored.version(tx, minutes.id, number - 1)
    document, changes = await asyncio.to_thread(_compared, one.document, before.document if before else None)
    by = (await rooms.names(tx, [one.approved_by]))[one.approved_by]
    return Shown(document, Edition(MinutesState.APPROVED, number, one.approved_at, by, changes))


def _compared(data: Mapping[str, Any], before: Mapping[str, Any] | None) -> tuple[Document, Difference | None]:
    document = from_json(data)
    return document, difference(from_json(before), document) if before else None


async def file(one: Shown, form: str, language: str) -> File:
    """Return minutes as a file to download."""
    mimetype, written = FORMS[form]
    # In a thread: those of a long meeting take a tenth of a second, in which nobody else would be heard.
    text = await asyncio.to_thread(written, one.document, one.edition, language)
    return File(f"{one.document.name}.{form}", mimetype, text)
