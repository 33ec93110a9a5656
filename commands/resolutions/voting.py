"""How a vote decides: a poll is asked, and when it ends the resolution does too; a running meeting takes minutes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from commands.kit.context import Context
from commands.kit.readers import Deadline
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, command
from commands.resolutions.making import draft, keep
from commands.resolutions.rules import OPTIONS
from commands.votes import electorate as electorates
from commands.votes.arguments import Majorities, Quorum, Suffrages
from storage import minutes, polls, resolutions
from storage.polls import Majority, Poll, Suffrage
from storage.resolutions import Procedure, Resolution, ResolutionState
from storage.rooms import Room

ANNOUNCE = "poll announce"  # done by the polls, as is everything until the poll ends
VOTED = "resolution voted"
A_MOMENT = timedelta(minutes=5)


@command("resolution vote", role=Role.CHAIR)
async def put_to_the_vote(
    ctx: Context,
    text: str,
    *,
    closes: Deadline | None = None,
    majority: Majorities | None = None,
    suffrage: Suffrages | None = None,
    quorum: Quorum | None = None,
) -> Answer:
    """Let a running meeting vote on a resolution: it ends when all have voted, or after five minutes."""
    running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
    if running is None:
        raise Refusal("vote-without-meeting")
    await check_somebody(ctx, [ctx.room])
    resolution = draft(ctx, text, ResolutionState.OPEN, Procedure.VOTE)
    resolution.closes_at = closes or ctx.now + A_MOMENT
    resolution.meeting_id = running.meeting_id
    await keep(ctx, resolution, ctx.event.at, None, None)
    poll = await ask(ctx, resolution, [ctx.room], suffrage, quorum, majority)
    poll.ends_with_all = True
    return ctx.react("✅", about=resolution)


@put_to_the_vote.edited
async def change_the_vote(ctx: Context, resolution_id: int, *_: Any, **__: Any) -> Answer:
    """Refuse: what is voted on stays as it is."""
    await check_not_voted(ctx, resolution_id)
    raise Refusal("edit-not-run")


@put_to_the_vote.redacted
async def withdraw_the_vote(ctx: Context, resolution_id: int) -> Answer:
    """Refuse while it is voted on, and say how to call that off; refuse what was decided too."""
    await check_not_voted(ctx, resolution_id)
    return None


async def check_not_voted(ctx: Context, resolution_id: int) -> None:
    """Refuse to take back what a meeting votes on or has voted on."""
    resolution = await resolutions.by_id(ctx.tx, resolution_id)
    if resolution is None or resolution.procedure != Procedure.VOTE or resolution.state == ResolutionState.WITHDRAWN:
        return
    raise Refusal("circulation-voted" if resolution.is_open else "resolution-was-voted", resolution=resolution)


async def check_somebody(ctx: Context, where: Sequence[Room]) -> None:
    """Refuse to ask rooms in which nobody may speak."""
    electorate = await electorates.load(ctx.tx, [room.id for room in where], ctx.setup.nobody)
    if not electorate.voters:
        raise Refusal("circulation-nobody", asked=[room.name for room in where])


async def ask(
    ctx: Context,
    resolution: Resolution,
    where: Sequence[Room],
    suffrage: str | None,
    quorum: str | None,
    majority: str | None,
) -> Poll:
    """Let a poll decide: the polls ask it, close it, and then plan what it decided."""
    assert resolution.closes_at is not None  # noqa: S101 - what is voted on has a deadline
    poll = Poll(
        room_id=ctx.room.id,
        question=resolution.text,
        options=list(OPTIONS[ctx.room.language]),
        suffrage=suffrage or Suffrage.PERSON,
        quorum=quorum,
        majority=majority or Majority.SIMPLE,
        opened_by=ctx.sender,
        opened_at=min(ctx.event.at, ctx.now),
        closes_at=resolution.closes_at,
        closed_at=None,
        shown_at=None,
        then=VOTED,
    )
    ctx.tx.add(poll)
    await ctx.tx.flush()
    await polls.set_rooms(ctx.tx, poll, [room.id for room in where])
    resolution.poll_id = poll.id
    await ctx.due(ANNOUNCE, poll, at=ctx.now)
    return poll
