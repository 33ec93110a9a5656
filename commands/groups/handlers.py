"""What members say to rooms as groups, and what happens when the bot comes into a room or moves with it."""

from typing import Any, Literal

from commands.groups.rules import LONGEST_TITLE, group_key, needs_coordinator
from commands.kit.context import Context
from commands.kit.readers import People, ZoneName
from commands.kit.roles import Role, leaders
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command, job
from storage import actions, meetings, polls, resolutions, results, rooms
from storage.rooms import Room, RoomKind

GROUPS_SHOWN = 12
CHAIRS_SHOWN = 8

Kind = Literal["group", "main", "coordinators"]


@command("group setup", role=Role.CHAIR, where=Where.ANYWHERE)
async def set_up(ctx: Context, key: str, title: str, *, kind: Kind | None = None) -> Answer:
    """Make this room a working group; once it is one, change how it is called."""
    before = ctx.room.name if ctx.room.is_group else None
    await _become(ctx, key, title, kind)
    return ctx.say("group-set-up", about=ctx.room, group=ctx.room, before=before)


@set_up.edited
async def change_setup(ctx: Context, room_id: int, key: str, title: str, *, kind: Kind | None = None) -> Answer:
    """Correct key, title and kind in place."""
    if room_id != ctx.room.id:
        raise Refusal("edit-not-run")
    await _become(ctx, key, title, kind)
    return [ctx.react("✏️"), ctx.update("group-set-up", about=ctx.room, group=ctx.room, before=None)]


@set_up.redacted
async def keep_setup(ctx: Context, room_id: int) -> Answer:
    """Refuse: everything that the group has made hangs on it."""
    if room_id != ctx.room.id:
        return None
    raise Refusal("group-not-withdrawn", group=ctx.room)


@command("group show")
async def show_group(ctx: Context) -> Answer:
    """Show the group: title, chairs, next meeting, what is open, and its newest result."""
    today = ctx.now.astimezone(ctx.zone).date()
    chairs = await leaders(ctx.tx, ctx.room, ctx.setup.nobody)
    coming = await meetings.upcoming(ctx.tx, ctx.now, room_id=ctx.room.id, limit=1)
    achieved = await results.top(ctx.tx, results.register(room_ids=[ctx.room.id]), 1)
    return ctx.say(
        "group-shown",
        group=ctx.room,
        chairs=await ctx.people(chairs[:CHAIRS_SHOWN]),
        more=len(chairs[CHAIRS_SHOWN:]),
        meeting=coming[0] if coming else None,
        open=await actions.count(ctx.tx, actions.listing(room_ids=[ctx.room.id])),
        overdue=await actions.count(ctx.tx, actions.listing(room_ids=[ctx.room.id], due_before=today)),
        polls=len(await polls.open_polls(ctx.tx, [ctx.room.id])),
        result=achieved[0] if achieved else None,
    )


@command("group list", where=Where.ANYWHERE)
async def list_groups(ctx: Context) -> Answer:
    """List all groups, the main room first; a long list goes on in a thread."""
    found = await rooms.groups(ctx.tx)
    shown, rest = found[:GROUPS_SHOWN], found[GROUPS_SHOWN:]
    thread = Say(key="group-list-rest", data={"groups": rest}) if rest else None
    return Say(key="group-list", data={"groups": shown, "more": len(rest)}, thread=thread)


@command("chair list")
async def list_chairs(ctx: Context) -> Answer:
    """List who leads this group."""
    return ctx.say("chair-list", **await _chairs(ctx))


@command("chair set", role=Role.CHAIR)
async def set_chairs(ctx: Context, people: People, off: Literal["off"] | None = None) -> Answer:
    """Name chairs, or take the office back."""
    for person in people:
        await rooms.set_chair(ctx.tx, ctx.room, person.user_id, chair=off is None)
    await ctx.tx.flush()
    found = await _chairs(ctx)
    leading = await leaders(ctx.tx, ctx.room, ctx.setup.nobody)
    kept = [person for person in people if off is not None and person.user_id in leading]
    return ctx.say("chair-set", people=people, off=off is not None, kept=kept, **found)


@command("room language", role=Role.CHAIR, where=Where.ANYWHERE)
async def set_language(ctx: Context, language: Literal["de", "en"]) -> Answer:
    """Choose the language in which the bot speaks here; the answer is in it."""
    ctx.room.language = language
    return ctx.say("language-set")


@command("room zone", role=Role.CHAIR, where=Where.ANYWHERE)
async def set_zone(ctx: Context, zone: ZoneName) -> Answer:
    """Choose the zone in which this room reads and writes times; dates that stand keep their instant."""
    ctx.room.zone = zone
    return ctx.say("zone-set", chosen=zone, now=ctx.now)


@job("room joined")
async def introduce(ctx: Context, room_id: int) -> Answer:  # noqa: ARG001 - it is the room of the row
    """Introduce the bot, once per room (row R1)."""
    if await ctx.said("greeting", ctx.room) is not None:
        return None
    people = await ctx.people(await ctx.members()) if ctx.room.kind == RoomKind.DIRECT else []
    return ctx.say("greeting", about=ctx.room, kind=ctx.room.kind, people=people, me=ctx.setup.name)


@job("room upgraded")
async def tell_of_upgrade(ctx: Context, room_id: int) -> Answer:  # noqa: ARG001 - it is the room of the row
    """Tell the new room and the coordinators that everything has moved (row R7); what is open is asked there anew."""
    for poll in await polls.open_polls(ctx.tx, [ctx.room.id]):
        await ctx.due("poll moved", poll, at=ctx.now)
    for resolution in await resolutions.circulating(ctx.tx, ctx.room.id):
        await ctx.due("resolution moved", resolution, at=ctx.now)
    told = [one for one in await rooms.of_kind(ctx.tx, RoomKind.COORDINATORS) if one.id != ctx.room.id]
    return [ctx.say("room-upgraded"), *(ctx.say("room-upgraded-report", room=one, moved=ctx.room) for one in told)]


@job("room upgrade failed")
async def tell_of_failed_upgrade(ctx: Context, room_id: int) -> Answer:  # noqa: ARG001 - it is the room of the row
    """Tell the coordinators that the bot could not follow; silent if it has meanwhile."""
    if ctx.room.successor is None:
        return None
    told = await rooms.of_kind(ctx.tx, RoomKind.COORDINATORS)
    return [ctx.say("room-upgrade-failed", room=one, left=ctx.room, bot=ctx.setup.user_id) for one in told]


async def _become(ctx: Context, written: str, title: str, kind: Kind | None) -> None:
    room = ctx.room
    if room.kind == RoomKind.DIRECT:
        raise Refusal("group-not-direct")
    key, title = group_key(written), " ".join(title.split())
    if key is None:
        raise Refusal("group-key-invalid", written=written)
    if len(title) > LONGEST_TITLE:
        raise Refusal("text-too-long", length=len(title), limit=LONGEST_TITLE)
    other = await rooms.by_key(ctx.tx, key)
    if other is not None and other.id != room.id:
        raise Refusal("group-key-taken", short=key, other=other)
    room.kind = await _kind(ctx, room, kind)
    room.key, room.title = key, title


async def _kind(ctx: Context, room: Room, wanted: Kind | None) -> str:
    kind = wanted or (room.kind if room.is_group else RoomKind.GROUP)
    taken = await rooms.has_kind(ctx.tx, RoomKind(kind))
    if needs_coordinator(kind, room.kind, taken=taken):
        await ctx.allow(Role.COORDINATOR)
    return kind


async def _chairs(ctx: Context) -> dict[str, Any]:
    found = await leaders(ctx.tx, ctx.room, ctx.setup.nobody)
    return {"chairs": await ctx.people(found[:CHAIRS_SHOWN]), "more": len(found[CHAIRS_SHOWN:])}
