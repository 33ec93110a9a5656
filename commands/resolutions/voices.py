"""What members say to a resolution that goes round: they agree, object with a reason, or take that back.

One voice per person: the last word by the server's clock. What is taken back leaves silence, not what was said before.
"""

from collections.abc import Sequence

from commands.kit.context import Context
from commands.kit.readers import LetteredResolution, WhichResolution
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command, reaction
from commands.resolutions.rounds import CARD, Round, cards, is_over, reach_open, round_of, told
from commands.resolutions.rules import latest, town_of
from storage import outbox, resolutions
from storage.resolutions import Procedure, Resolution, ResolutionName, Voice
from storage.rooms import Room, RoomKind


@command("circulation agree", where=Where.ANYWHERE)
async def agree(ctx: Context, resolution: WhichResolution | None = None) -> Answer:
    """Agree in so many words; without a number to what goes round here."""
    found = await _which(ctx, resolution)
    _check_voter(ctx, found)
    return [ctx.react("✅"), *await _agree(ctx, found)]


@reaction(Resolution.noun, "👍")
async def agree_by_reaction(ctx: Context, resolution_id: int) -> Answer:
    """Agree by a reaction to the message that asks; what does not count gets no words, as it came without."""
    shown = await outbox.find(ctx.tx, ctx.event.relates_to or "")
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if shown is None or shown.key != CARD or resolution is None:
        return None
    await resolutions.lock(ctx.tx, resolution)
    if is_over(ctx, resolution):
        return None
    found = await round_of(ctx, resolution, await ctx.tx.get_one(Room, resolution.room_id))
    return await _agree(ctx, found) if ctx.sender in found.electorate.voters else None


@agree.redacted
@agree_by_reaction.redacted
async def take_agreement_back(ctx: Context, resolution_id: int) -> Answer:
    """Let the agreement whose message or reaction was deleted not have been said."""
    said = await resolutions.voice_of_event(ctx.tx, ctx.event.relates_to or "")
    return await _take_back(ctx, said) if said and said.resolution_id == resolution_id else None


@command("circulation object", where=Where.ANYWHERE)
async def object_to(ctx: Context, resolution: LetteredResolution | None = None, reason: str = "") -> Answer:
    """Object with a reason, which every room asked hears; without a number to what goes round here."""
    found = await _which(ctx, resolution)
    _check_voter(ctx, found)
    if not reason:
        raise Refusal("objection-reason-missing", resolution=found.resolution)
    said = await _say(ctx, found, reason)
    found = await round_of(ctx, found.resolution, found.home)
    return [*await _told_objection(ctx, found, said), *await cards(ctx, found)]


@object_to.edited
async def correct_objection(
    ctx: Context, voice_id: int, resolution: LetteredResolution | None = None, reason: str = ""
) -> Answer:
    """Change the reason of an objection that stands."""
    said = await resolutions.voice(ctx.tx, voice_id)
    if said is None or said.withdrawn_at is not None:
        raise Refusal("edit-not-run")
    about = await ctx.tx.get_one(Resolution, said.resolution_id)
    name = ResolutionName(about.year, about.number)
    if resolution not in (None, name):
        raise Refusal("objection-other", resolution=about)
    found = await reach_open(ctx, name)
    if not reason:
        raise Refusal("objection-reason-missing", resolution=about)
    said.reason = reason
    told_anew = await _told_objection(ctx, found, said, in_place=True)
    return [ctx.react("✏️"), *told_anew, *await cards(ctx, found)]


@object_to.redacted
async def take_objection_back(ctx: Context, voice_id: int) -> Answer:
    """Let the objection whose message was deleted not have been said."""
    said = await resolutions.voice(ctx.tx, voice_id)
    return await _take_back(ctx, said) if said else None


@command("circulation withdraw objection", where=Where.ANYWHERE)
async def withdraw_objection(ctx: Context, resolution: WhichResolution | None = None) -> Answer:
    """Take my objection back; every room asked hears that too."""
    found = await _which(ctx, resolution)
    said = _standing_objection(found, ctx.sender)
    if said is None:
        raise Refusal("objection-none", resolution=found.resolution)
    said.withdrawn_at = ctx.event.at
    says = await _told_withdrawn(ctx, found, agreed=False)
    return [*says, *await cards(ctx, found)]


async def _which(ctx: Context, name: ResolutionName | None) -> Round:
    """Return the circulation that is named, or the only one that goes round in this room."""
    if name is not None:
        return await reach_open(ctx, name)
    direct = ctx.room.kind == RoomKind.DIRECT
    running = [] if direct else await resolutions.circulating(ctx.tx, ctx.room.id)
    if len(running) != 1:
        raise Refusal("circulation-which", running=running, direct=direct)
    return await reach_open(ctx, ResolutionName(running[0].year, running[0].number))


def _check_voter(ctx: Context, found: Round) -> None:
    if ctx.sender not in found.electorate.voters:
        raise Refusal("voice-of-others", resolution=found.resolution, asked=[room.name for room in found.asked])


async def _say(ctx: Context, found: Round, reason: str | None) -> Voice:
    said = Voice(
        resolution_id=found.resolution.id,
        user_id=ctx.sender,
        objects=reason is not None,
        reason=reason,
        said_at=ctx.event.at,
        event_id=ctx.event.event_id,
        withdrawn_at=None,
    )
    ctx.tx.add(said)
    await ctx.tx.flush()
    return said


async def _agree(ctx: Context, found: Round) -> Sequence[Say]:
    objected = _standing_objection(found, ctx.sender) is not None
    await _say(ctx, found, None)
    found = await round_of(ctx, found.resolution, found.home)
    changed = objected and _standing_objection(found, ctx.sender) is None
    says = await _told_withdrawn(ctx, found, agreed=True) if changed else []
    return [*says, *await cards(ctx, found)]


async def _take_back(ctx: Context, said: Voice) -> Answer:
    """Withdraw what was said, unless it is over; silence remains."""
    resolution = await ctx.tx.get_one(Resolution, said.resolution_id)
    await resolutions.lock(ctx.tx, resolution)
    if is_over(ctx, resolution) or resolution.procedure != Procedure.CONSENT or said.withdrawn_at is not None:
        return None
    found = await round_of(ctx, resolution, await ctx.tx.get_one(Room, resolution.room_id))
    stood = _standing_objection(found, said.user_id) is said
    said.withdrawn_at = ctx.event.at
    says = await _told_withdrawn(ctx, found, agreed=False, user=said.user_id) if stood else []
    return [*says, *await cards(ctx, found)]


def _standing_objection(found: Round, user_id: str) -> Voice | None:
    said = latest(found.voices).get(user_id)
    return said if said is not None and said.objects and said.withdrawn_at is None else None


async def _told_objection(ctx: Context, found: Round, said: Voice, *, in_place: bool = False) -> list[Say]:
    who = (await ctx.people([said.user_id]))[0]
    town = town_of(said.user_id, found.electorate)
    data = {"resolution": found.resolution, "who": who, "town": town, "reason": said.reason}
    if in_place:
        return [ctx.update("objection", about=said, room=room, **data) for room in found.rooms]
    return told(ctx, "objection", found.rooms, about=said, **data)


async def _told_withdrawn(ctx: Context, found: Round, *, agreed: bool, user: str | None = None) -> list[Say]:
    who = (await ctx.people([user or ctx.sender]))[0]
    data = {"resolution": found.resolution, "who": who, "agreed": agreed}
    return told(ctx, "objection-withdrawn", found.rooms, about=found.resolution, **data)
