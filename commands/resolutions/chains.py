"""All that hangs together with one resolution, for whoever asks."""

from typing import Any

from commands.kit.context import Context
from commands.kit.readers import WhichResolution
from commands.kit.resolutions import reach
from commands.kit.texts import event_link
from commands.kit.triggers import Answer, Where, command
from commands.resolutions.making import picture
from commands.resolutions.rounds import counted, round_of
from storage import resolutions
from storage.actions import ActionState
from storage.resolutions import Procedure, Resolution
from storage.rooms import Room

ACTIONS_SHOWN = 8
UNCOUNTED: dict[str, Any] = {"eligible": None, "agreed": 0, "silent": 0, "against": 0, "objections": []}


@command("resolution show", where=Where.ANYWHERE)
async def show(ctx: Context, resolution: WhichResolution) -> Answer:
    """Show a resolution with its message, the vote or circulation, its meeting, action items and successors."""
    found, home = await reach(ctx, resolution)
    chain = await resolutions.chain(ctx.tx, found)
    done = sum(one.state == ActionState.DONE for one in chain.actions)
    data = {
        **await picture(ctx, found, home),
        **await _circulation(ctx, found, home),
        "by": (await ctx.people([found.created_by]))[0],
        "link": event_link(home.matrix_id, found.event_id) if found.event_id else None,
        "successor": chain.replaced_by,
        "actions": chain.actions[:ACTIONS_SHOWN],
        "total": len(chain.actions),
        "done": done,
    }
    return ctx.say("resolution-shown", about=found, **data)


async def _circulation(ctx: Context, resolution: Resolution, home: Room) -> dict[str, Any]:
    """How a circulation stands, or ended; nothing where there was none, or where it was called off."""
    if resolution.procedure != Procedure.CONSENT:
        return UNCOUNTED
    if resolution.is_open:
        return await counted(ctx, (await round_of(ctx, resolution, home)).count.outcome)
    return await counted(ctx, resolution.outcome) if "eligible" in resolution.outcome else UNCOUNTED
