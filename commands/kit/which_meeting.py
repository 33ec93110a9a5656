"""Which date is meant: by its name, by its day, or by the message replied to."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

from commands.kit import meeting_names
from commands.kit.context import Context
from commands.kit.dates import When, to_instant
from commands.kit.readers import Dated, Found
from commands.kit.say import Refusal
from commands.kit.words import Word
from storage import meetings, rooms
from storage.meetings import Meeting
from storage.rooms import Room, RoomKind

NAME = re.compile(r"\S+-[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:-[0-9]{1,3})?")
A_DAY = timedelta(days=1)


class MeetingReader(Dated):
    """A date of this room: its name (`UAG2-2026-12-08`) or its day; a reply to the bot's message may leave it out.

    In a direct chat: a date of any group that the sender is in. `reply`: whether a reply names it.
    """

    def __init__(self, *, reply: bool = True) -> None:
        self.reply = reply

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names and days on which there is no such meeting, or more than one."""
        words = list(takewhile(lambda word: not word.quoted, words))
        written = words[0].text.rstrip(",:;") if words else ""
        if NAME.fullmatch(written):
            found = await meetings.find(ctx.tx, written)
            if found is None or not await _is_here(ctx, found):
                raise Refusal("meeting-unknown", written=written, direct=ctx.room.kind == RoomKind.DIRECT)
            return found, 1
        if self.reply and not written[:1].isdecimal():
            replied = await replied_meeting(ctx)
            if replied is not None:
                return replied, 0
        dated = await super().read(words, ctx) if written else None
        return (await _on_day(dated[0].day, ctx), dated[1]) if dated else None

    def value(self, when: When, ctx: Context) -> Any:  # noqa: ARG002
        """Return the day as it was understood."""
        return when


async def places(ctx: Context) -> list[Room]:
    """Return whose dates are meant here: this room's, in a direct chat those of all groups that the sender is in."""
    if ctx.room.kind != RoomKind.DIRECT:
        return [ctx.room]
    return [room for room in await rooms.rooms_of(ctx.tx, ctx.sender) if room.is_group]


async def replied_meeting(ctx: Context) -> Meeting | None:
    """Return the date that the message replied to is about; refuses one that is gone or of another room."""
    if ctx.replied is None or ctx.replied[0] != Meeting.noun:
        return None
    replied = await meetings.by_id(ctx.tx, ctx.replied[1])
    if replied is None or not await _is_here(ctx, replied):
        raise Refusal("meeting-gone")
    return replied


async def _is_here(ctx: Context, meeting: Meeting) -> bool:
    return meeting.room_id in [room.id for room in await places(ctx)]


async def _on_day(day: date, ctx: Context) -> Meeting:
    """The meeting that is on that day, or was before it was moved."""
    here = {room.id: room for room in await places(ctx)}
    begins, ends = (to_instant(datetime.combine(one, time.min), ctx.zone) for one in (day, day + A_DAY))
    found = await meetings.in_rooms_between(ctx.tx, here, begins, ends)
    found = [one for one in found if one.is_planned] or found
    if not found:
        named = await meetings.named(ctx.tx, [meeting_names.stem(room.key, day) for room in here.values()])
        found = [one for one in named if one.room_id in here]
    if len(found) > 1:
        raise Refusal("meeting-ambiguous", day=day, found=found)
    if not found:
        raise Refusal("meeting-not-then", day=day, direct=ctx.room.kind == RoomKind.DIRECT)
    return found[0]
