"""What coordinators say to a verification, and what members read of messages that stay unreadable."""

from datetime import UTC, datetime, time, timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.setup import Setup
from commands.kit.triggers import Answer, Where, command, job
from storage import rooms, undecrypted, verifications
from storage.verifications import Verification, VerificationState

KEPT = timedelta(days=7)
TELL = "unreadable tell"


@command("verification decide", role=Role.COORDINATOR, where=Where.ANYWHERE)
async def decide(ctx: Context, answer: Literal["yes", "no"]) -> Answer:
    """Say whether the emoji here are those that the own client shows; the process that holds the keys acts on it."""
    found = await _asked(ctx)
    if answer == "no":
        found.state = VerificationState.REJECTED
        return ctx.say("verification-rejected", about=found)
    if found.state == VerificationState.ASKED:
        raise Refusal("verification-not-shown")
    found.state = VerificationState.CONFIRMED
    return ctx.react("✅")


@job(TELL)
async def tell_of_unreadable(ctx: Context, number: int) -> Answer:
    """Tell the sender that a message still cannot be read: one such sentence per person and day, in any room."""
    row = await undecrypted.find(ctx.tx, number)
    if row is None or not row.waits or row.told_at is not None:
        return None
    if not await rooms.is_member(ctx.tx, ctx.room, row.sender):
        return None
    today = ctx.now.astimezone(ctx.zone).date()
    midnight = datetime.combine(today, time(), ctx.zone).astimezone(UTC)
    if await undecrypted.told_since(ctx.tx, row.sender, midnight):
        return None
    row.told_at = ctx.now
    (sender,) = await ctx.people([row.sender])
    data = {
        "sender": sender,
        "at": row.at,
        "today": row.at.astimezone(ctx.zone).date() == today,
        "unsigned": row.reason == undecrypted.UNSIGNED_DEVICE,
    }
    return Say(key="unreadable", data=data, mention=(row.sender,))


async def drop_old(tx: AsyncSession, setup: Setup, now: datetime) -> None:  # noqa: ARG001 - the shape of an upkeep
    """Drop events whose key has not come within a week; plans nothing."""
    await undecrypted.drop_older(tx, now - KEPT)


async def _asked(ctx: Context) -> Verification:
    """Return the sender's own verification, the one replied to or the open one; says how to begin if there is none."""
    if ctx.replied is not None and ctx.replied[0] == Verification.noun:
        found = await verifications.find(ctx.tx, ctx.replied[1])
    else:
        found = await verifications.open_of(ctx.tx, ctx.sender) or await verifications.shown_in(ctx.tx, ctx.room.id)
    if found is None or not found.is_open:
        raise Refusal("verification-none", bot=ctx.setup.name)
    if found.user_id != ctx.sender:
        (owner,) = await ctx.people([found.user_id])
        raise Refusal("verification-of-other", owner=owner)
    return found
