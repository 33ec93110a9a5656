"""From the draft to the approved minutes, and back for a correction."""

from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command, job
from commands.minutes.document import as_json
from commands.minutes.editions import MinutesName, Shown, approved, is_home, named, shown
from commands.minutes.gathering import gather
from commands.minutes.showing import files, summary
from storage import agenda, filed, rooms
from storage import minutes as stored
from storage.filed import Kept
from storage.minutes import Minutes, MinutesState, MinutesVersion
from storage.rooms import RoomKind

DRAFT = "minutes draft"


@job(DRAFT)
async def announce_draft(ctx: Context, minutes_id: int) -> Answer:
    """Show the draft in the room after the meeting; nothing where it runs again or is approved already."""
    minutes = await stored.by_id(ctx.tx, minutes_id)
    if minutes is None or minutes.state != MinutesState.DRAFT:
        return None
    one = await shown(ctx.tx, minutes, ctx.setup.nobody, home=True)
    data = await summary(ctx, one, home=True)
    return Say(key="minutes-draft", data=data, about=minutes, thread=files(ctx.room, one, ["md"]))


@command("minutes approve", role=Role.CHAIR)
async def approve(ctx: Context, name: MinutesName = "") -> Answer:
    """Make the draft the next version, for ever, and publish it in the main room."""
    found = await _meant(ctx, name, MinutesState.DRAFT, "minutes-no-draft")
    minutes = found.minutes
    if minutes.is_running:
        raise Refusal("minutes-running", name=found.meeting.name)
    if minutes.state == MinutesState.APPROVED:
        raise Refusal("minutes-approved-before", name=found.meeting.name, version=minutes.version)
    await _keep(ctx, minutes)
    one = await approved(ctx.tx, minutes, minutes.version)
    assert one is not None  # noqa: S101 - just kept
    await agenda.close_from(ctx.tx, agenda.AgendaSource.MINUTES, minutes.id, ctx.now)
    published = await _published(ctx, minutes, one)
    data = await summary(ctx, one, home=True) | {"published": bool(published)}
    return [Say(key="minutes-now-approved", data=data, about=minutes, thread=files(ctx.room, one, ["md"])), *published]


@command("minutes correct", role=Role.CHAIR)
async def correct(ctx: Context, name: MinutesName = "") -> Answer:
    """Make approved minutes a draft again, so that edits count; what was published stays as it is."""
    found = await _meant(ctx, name, MinutesState.APPROVED, "minutes-none-approved")
    minutes = found.minutes
    if minutes.is_running:
        raise Refusal("minutes-running", name=found.meeting.name)
    if minutes.state != MinutesState.APPROVED:
        raise Refusal("minutes-not-approved", name=found.meeting.name)
    minutes.state = MinutesState.DRAFT
    return ctx.say("minutes-reopened", about=minutes, name=found.meeting.name, version=minutes.version)


async def _meant(ctx: Context, name: str, state: MinutesState, none: str) -> Kept:
    """Return the minutes of this group that are meant, locked; without a name the newest in this state."""
    found = await named(ctx, name)
    if found is not None and not is_home(ctx.room, found.minutes):
        raise Refusal("minutes-unknown", name=found.meeting.name)
    if found is None:
        query = filed.archive(everywhere=False, room_ids=[ctx.room.id]).where(Minutes.state == state)
        found = next(iter(await filed.some(ctx.tx, query, 1)), None)
    if found is None:
        raise Refusal(none)
    await stored.lock(ctx.tx, found.minutes)
    return found


async def _keep(ctx: Context, minutes: Minutes) -> None:
    document = await gather(ctx.tx, minutes, ctx.setup.nobody)
    minutes.state, minutes.version = MinutesState.APPROVED, minutes.version + 1
    ctx.tx.add(
        MinutesVersion(
            minutes_id=minutes.id,
            version=minutes.version,
            document=as_json(document),
            approved_by=ctx.sender,
            approved_at=ctx.now,
        )
    )
    await ctx.tx.flush()


async def _published(ctx: Context, minutes: Minutes, one: Shown) -> list[Say]:
    """Tell the main room, unless it approved its own minutes."""
    said = []
    for room in await rooms.of_kind(ctx.tx, RoomKind.MAIN):
        if room.id == ctx.room.id:
            continue
        data = await summary(ctx, one, home=False, room=room)
        thread = None if data["address"] else files(room, one, ["md"])
        said.append(Say(key="minutes-published", data=data, about=minutes, room=room, thread=thread))
    return said
