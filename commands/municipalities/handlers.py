"""What members say to the municipality that they stand for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from commands.kit.context import Context
from commands.kit.readers import People
from commands.kit.roles import Role
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, Where, command
from commands.municipalities.seats import Stand, is_called, known_or_new, recount, stands, tell_coordinators
from storage import inbox, municipalities
from storage.inbox import HandledEvent
from storage.municipalities import Municipality, Standing

Off = Literal["off"] | None
Standings = Literal["member", "guest", "observer"]


@command("municipality", where=Where.ANYWHERE)
async def stand(
    ctx: Context,
    people: People | None = None,
    off: Off = None,
    name: str | None = None,
    *,
    standing: Standings | None = None,
    new: Literal["yes"] | None = None,
) -> Answer:
    """Say for which municipality I stand, or as what I take part; coordinators say it for others. Without: show it."""
    users = [one.user_id for one in people] if people else [ctx.sender]
    if off and (name is not None or standing or new):
        raise Refusal("municipality-off-alone")
    if new and name is None:
        raise Refusal("municipality-name-missing")
    if not (off or name is not None or standing):
        return _stand(await stands(ctx, users), asked=True)
    await _allow(ctx, users)
    if name is not None:
        return await _take(ctx, users, name, standing, new=new is not None, at=ctx.now)
    if off:
        changed = await municipalities.give_up_seats(ctx.tx, users)
    else:
        changed = await municipalities.change_standing(ctx.tx, users, str(standing), ctx.sender, ctx.now)
    return await _said(ctx, users, changed=changed)


@stand.edited
async def correct(
    ctx: Context,
    municipality_id: int,
    people: People | None = None,
    off: Off = None,
    name: str | None = None,
    *,
    standing: Standings | None = None,
    new: Literal["yes"] | None = None,
) -> Answer:
    """Set what the new text says instead, as long as what the first text set is still so."""
    command, before = await _set_by_command(ctx, municipality_id)
    if not before or (name is None) == (off is None) or (off and (standing or new)):
        raise Refusal("edit-not-run")
    users = [one.user_id for one in people] if people else [ctx.sender]
    await _allow(ctx, users)
    await municipalities.give_up_seats(ctx.tx, before)
    if name is None or not await is_called(ctx, municipality_id, name):
        await municipalities.drop_if_new(ctx.tx, municipality_id, command.at)
    if name is None:
        return [ctx.react("✏️"), await _said(ctx, before, changed=True)]
    answer = await _take(ctx, users, name, standing, new=new is not None, at=command.at)
    await recount(ctx, before)
    await inbox.note(ctx.tx, command.event_id, stand.name, answer[0].about)
    return [ctx.react("✏️"), *answer]


@stand.redacted
async def withdraw(ctx: Context, municipality_id: int) -> Answer:
    """Forget the seats that the deleted message set, unless something else was set since."""
    command, users = await _set_by_command(ctx, municipality_id)
    if not users:
        return None
    await municipalities.give_up_seats(ctx.tx, users)
    await municipalities.drop_if_new(ctx.tx, municipality_id, command.at)
    return await _said(ctx, users, changed=True, withdrawn=True)


async def _allow(ctx: Context, users: Sequence[str]) -> None:
    if users != [ctx.sender]:
        await ctx.allow(Role.COORDINATOR)


async def _take(
    ctx: Context, users: Sequence[str], name: str, standing: Standings | None, *, new: bool, at: datetime
) -> list[Say]:
    """Let people stand for the municipality that is meant, and tell the coordinators if nobody has named it before."""
    whom = [] if users == [ctx.sender] else [f"{user} " for user in users]
    town, added = await known_or_new(ctx, name, at, new=new, users=whom, standing=standing)
    as_what = standing or Standing.MEMBER
    changed = await municipalities.take_seats(ctx.tx, users, town.id, as_what, ctx.sender, at)
    answer = await _said(ctx, users, changed=changed, about=town, added=town.name if added else None)
    return [answer, *(await tell_coordinators(ctx, town) if added else [])]


async def _said(
    ctx: Context,
    users: Sequence[str],
    *,
    changed: bool,
    about: Municipality | None = None,
    added: str | None = None,
    withdrawn: bool = False,
) -> Say:
    """Say what people stand for now, and whose deputy left; open polls may count differently."""
    ended = await municipalities.end_offices(ctx.tx)
    if changed:
        await recount(ctx, users)
    without = [one.name for one in ended]
    return _stand(await stands(ctx, users), about=about, added=added, ended=without, withdrawn=withdrawn)


def _stand(
    found: Sequence[Stand],
    *,
    asked: bool = False,
    about: Municipality | None = None,
    added: str | None = None,
    ended: Sequence[str] = (),
    withdrawn: bool = False,
) -> Say:
    data = {"stands": found, "asked": asked, "added": added, "ended": ended, "withdrawn": withdrawn}
    return Say(key="municipality-stands", data=data, about=about)


async def _set_by_command(ctx: Context, municipality_id: int) -> tuple[HandledEvent, list[str]]:
    """Return the command whose message was edited or deleted, and whose seats are still what it set."""
    command = await inbox.find(ctx.tx, ctx.event.relates_to or "")
    assert command is not None  # noqa: S101 - the dispatcher has just found it
    seats = await municipalities.seats_of_command(ctx.tx, municipality_id, command.sender, command.at)
    return command, [one.user_id for one in seats]
