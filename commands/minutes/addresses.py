"""The secret addresses of the archive on the web."""

from urllib.parse import quote

from commands.kit.context import Context
from commands.kit.roles import Role
from commands.kit.say import Refusal
from commands.kit.triggers import Answer, Where, command
from commands.minutes.editions import allow_reading
from storage import links
from storage.links import Link, LinkKind
from storage.rooms import Room, RoomKind


@command("minutes link", where=Where.ANYWHERE)
async def give_link(ctx: Context) -> Answer:
    """Give the address of this group's archive, outside of groups that of all groups."""
    return await _given(ctx, renewed=False)


@command("minutes link new", where=Where.ANYWHERE)
async def renew_link(ctx: Context) -> Answer:
    """Let the address hold no more and give another one; that of all groups only coordinators may renew."""
    owner = await _owner(ctx)
    await ctx.allow(Role.CHAIR if owner else Role.COORDINATOR)
    await links.revoke(ctx.tx, LinkKind.ARCHIVE, owner.id if owner else None, ctx.now)
    return await _given(ctx, renewed=True)


async def archive_address(ctx: Context, owner: Room | None, name: str = "") -> str:
    """Return the address of a group's archive (None: of all groups), or of minutes in it; empty without a server."""
    if not ctx.setup.web:
        return ""
    room_id = owner.id if owner else None
    link = await links.current(ctx.tx, LinkKind.ARCHIVE, room_id)
    if link is None:
        link = Link(kind=LinkKind.ARCHIVE, room_id=room_id, created_by=ctx.sender, created_at=ctx.now)
        ctx.tx.add(link)
        await ctx.tx.flush()
    return f"{ctx.setup.web}/archive/{link.secret}/{quote(name)}"


async def _given(ctx: Context, *, renewed: bool) -> Answer:
    owner = await _owner(ctx)
    address = await archive_address(ctx, owner)
    if not address:
        raise Refusal("minutes-no-web")
    return ctx.say("minutes-link", address=address, group=owner.name if owner else None, renewed=renewed)


async def _owner(ctx: Context) -> Room | None:
    await allow_reading(ctx)
    return ctx.room if ctx.room.kind == RoomKind.GROUP else None
