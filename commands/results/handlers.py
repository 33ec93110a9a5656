"""How results are told, shown, corrected and taken back."""

from commands.kit.context import Context
from commands.kit.readers import Link, fitting
from commands.kit.say import Refusal
from commands.kit.tagging import replied_source, tag, untag, waiting
from commands.kit.texts import event_link
from commands.kit.triggers import Answer, Where, command
from commands.results.rules import Wording
from commands.results.telling import (
    TAG,
    NamedResult,
    NewWording,
    ResultId,
    Told,
    card,
    make,
    put,
    reach,
    reach_own,
    told_home,
)
from storage import minutes, results


@command("result tell")
async def tell(ctx: Context, told: Told, *, link: Link | None = None) -> Answer:
    """Tell what the group has achieved; without words, as a reply to what a member said, that.

    In a meeting it is acknowledged only.
    """
    text, address = _both(told, link)
    running = await minutes.hear(ctx.tx, ctx.room.id, ctx.event.at)
    if text is None:
        source = await replied_source(ctx)
        assert source is not None  # noqa: S101 - else the reader has refused
        await tag(ctx, TAG, source, link=address, running=running is not None)
        return None
    result = await make(ctx, text, address)
    return ctx.react("✅", about=result) if running else card(result, ctx.room)


@tell.edited
async def correct(ctx: Context, result_id: int, told: Told, *, link: Link | None = None) -> Answer:
    """Let the result say what the message says now; a link that it does not name stays, as do a message's words."""
    if await waiting(ctx):
        raise Refusal("edit-not-run")
    result = await results.by_id(ctx.tx, result_id)
    if result is None or result.withdrawn_at is not None or result.room_id != ctx.room.id:
        raise Refusal("edit-not-run")
    text, address = _both(told, link)
    if text is None and result.said_by is None:
        raise Refusal("result-text-missing")
    await put(ctx, result, text, address)
    if text is not None:
        result.said_by = None
    return [ctx.react("✏️"), card(result, ctx.room, in_place=True)]


@tell.redacted
async def take_back(ctx: Context, result_id: int) -> Answer:
    """Withdraw the result whose message was deleted; also before that was read."""
    if tagged := await waiting(ctx):
        await untag(ctx, tagged.id)
        return None
    result = await results.by_id(ctx.tx, result_id)
    if result is None or result.withdrawn_at is not None or result.room_id != ctx.room.id:
        return None
    result.withdrawn_at = ctx.now
    return card(result, ctx.room, in_place=True)


@command("result show", where=Where.ANYWHERE)
async def show(ctx: Context, result: ResultId) -> Answer:
    """Show one result with its link and its message."""
    found, home = await reach(ctx, result)
    link = event_link(home.matrix_id, found.event_id) if found.event_id else None
    by = (await ctx.people([found.created_by]))[0]
    return ctx.say("result-shown", about=found, result=found, group=home.name, by=by, message=link)


@command("result change", where=Where.ANYWHERE)
async def change(
    ctx: Context, result: NamedResult, told: NewWording | None = None, *, link: Link | None = None
) -> Answer:
    """Give a result another text or link; its author, the chair and coordinators may."""
    found, home = await reach_own(ctx, result)
    before = (found.text, found.link)
    text, address = _both(told or Wording(None, None), link)
    await put(ctx, found, text, address)
    if (found.text, found.link) == before:
        return ctx.react("👍")
    if text is not None:
        found.said_by = None
    return [ctx.react("👍"), *await told_home(ctx, found, home)]


@command("result withdraw", where=Where.ANYWHERE)
async def withdraw(ctx: Context, result: ResultId) -> Answer:
    """Take a result back; its author, the chair and coordinators may."""
    found, home = await reach_own(ctx, result)
    found.withdrawn_at = ctx.now
    return [ctx.react("👍"), *await told_home(ctx, found, home)]


def _both(told: Wording, link: str | None) -> Wording:
    """Return the text and the link that count: with `link=` an address in the text is part of the text."""
    if link is None:
        return told
    text = f"{told.text or ''} {told.link or ''}".strip()
    return Wording(fitting(text) or None, link)
