"""Meetings in people's own calendars: the address to subscribe to, and files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from commands.kit.context import Context
from commands.kit.readers import Found
from commands.kit.roles import Role
from commands.kit.say import File, Refusal, Say
from commands.kit.triggers import Answer, Where, command
from commands.kit.which_meeting import NAME, MeetingReader
from commands.kit.words import Word
from commands.meetings import feeds, ics
from commands.meetings.ics import Shown
from storage import links, meetings, rooms
from storage.links import Link, LinkKind
from storage.meetings import Meeting, Series
from storage.rooms import Room, RoomKind

CALENDAR = "text/calendar"


class AnyMeeting(MeetingReader):
    """A date of this room as elsewhere, and by its name also one of another group."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses as elsewhere."""
        written = words[0].text.rstrip(",:;") if words else ""
        found = await meetings.find(ctx.tx, written) if NAME.fullmatch(written) else None
        return (found, 1) if found is not None else await super().read(words, ctx)


@command("calendar", where=Where.ANYWHERE)
async def show(ctx: Context) -> Answer:
    """Tell the address of this group's calendar, or of that of all groups; it is made when first asked for."""
    group = await _group(ctx)
    if not ctx.setup.web:
        return await _file(ctx, await _shown(ctx, group), group, "calendar-without-address")
    found = await links.current(ctx.tx, LinkKind.CALENDAR, group.id if group else None) or _make(ctx, group)
    await ctx.tx.flush()
    return ctx.say("calendar-address", group=group, **_addresses(ctx, found))


@command("calendar new", where=Where.ANYWHERE)
async def renew(ctx: Context) -> Answer:
    """Let the old address hold no more and tell a new one; of the calendar of all groups all of them are told that."""
    group = await _group(ctx)
    await ctx.allow(Role.CHAIR if group else Role.COORDINATOR)
    if not ctx.setup.web:
        raise Refusal("calendar-no-web")
    revoked = await links.revoke(ctx.tx, LinkKind.CALENDAR, group.id if group else None, ctx.now)
    made = _make(ctx, group)
    await ctx.tx.flush()
    answer = ctx.say("calendar-renewed", group=group, revoked=revoked, **_addresses(ctx, made))
    others = [room for room in await rooms.groups(ctx.tx) if room is not ctx.room] if revoked and not group else []
    return [answer, *(ctx.say("calendar-revoked", room=room) for room in others)]


@command("calendar file", where=Where.ANYWHERE)
async def hand_out(ctx: Context, meeting: Annotated[Meeting, AnyMeeting()] | None = None) -> Answer:
    """Hand out one date (with its series), or all dates of this group or of all groups, as a file."""
    group = await _group(ctx)
    if meeting is None:
        return await _file(ctx, await _shown(ctx, group), group, "calendar-file")
    home = await rooms.by_numbers(ctx.tx, [meeting.room_id])
    shown = await _alone(ctx, home[meeting.room_id], meeting)
    return await _file(ctx, shown, home[meeting.room_id], "calendar-file", meeting)


async def with_file(ctx: Context, say: Say, one: Meeting | Series) -> Say:
    """Let what is said about a date or a series of this group carry it as a file, in the thread below."""
    await ctx.tx.flush()
    shown = await _alone(ctx, ctx.room, one)
    if not ics.has_dates(shown, feeds.until(ctx.now)):
        return say
    return replace(say, thread=replace(await _file(ctx, shown, ctx.room, "calendar-file", one), thread=say.thread))


async def _group(ctx: Context) -> Room | None:
    """The group whose calendar is meant here; None for that of all groups. Refuses who is in no group."""
    if ctx.room.kind == RoomKind.PLAIN:
        raise Refusal("no-group", prefix=ctx.setup.prefix)
    if ctx.room.kind == RoomKind.GROUP:
        return ctx.room
    if ctx.room.kind == RoomKind.DIRECT and not any(one.is_group for one in await rooms.rooms_of(ctx.tx, ctx.sender)):
        raise Refusal("calendar-members-only")
    return None


def _make(ctx: Context, group: Room | None) -> Link:
    found = Link(kind=LinkKind.CALENDAR, room_id=group.id if group else None, created_by=ctx.sender, created_at=ctx.now)
    ctx.tx.add(found)
    return found


def _addresses(ctx: Context, link: Link) -> dict[str, Any]:
    """The address, and the same as Apple's programs open it to subscribe."""
    address = f"{ctx.setup.web}/calendar/{link.secret}.ics"
    return {"address": address, "webcal": re.sub(r"^https?", "webcal", address)}


async def _shown(ctx: Context, group: Room | None) -> Shown:
    groups = [group] if group else await rooms.groups(ctx.tx)
    return await feeds.of_groups(ctx.tx, groups, ctx.now, ctx.room.language, every=group is None)


async def _alone(ctx: Context, group: Room, one: Meeting | Series) -> Shown:
    return feeds.only(await feeds.meetings_of(ctx.tx, [group], ctx.now, ctx.room.language, every=False), one)


async def _file(ctx: Context, shown: Shown, group: Room | None, key: str, one: Meeting | Series | None = None) -> Say:
    file = File(_file_name(group, one), CALENDAR, ics.text(shown, feeds.until(ctx.now)))
    return Say(key=key, data={"name": one.title if one else shown.name}, file=file)


def _file_name(group: Room | None, one: Meeting | Series | None) -> str:
    """`UAG2-2026-12-08.ics`, `UAG2-Workshop.ics`, `UAG2.ics`: without what file systems do not like."""
    name = (group.key or group.title) if group else "uagbot"
    if isinstance(one, Meeting) and one.series_id is None:
        name = one.name
    elif one is not None:
        name = f"{name}-{one.title}"
    return re.sub(r"[^\w-]+", "-", name).strip("-")[:60] + ".ics"
