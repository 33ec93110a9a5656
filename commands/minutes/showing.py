"""What members ask about minutes: one of them, all of them, and what they have missed so far."""

from collections.abc import Sequence
from typing import Any, Literal

from commands.kit.context import Context
from commands.kit.pages import FURTHER, pages
from commands.kit.say import Refusal, Say
from commands.kit.texts import Name
from commands.kit.triggers import Answer, Where, command
from commands.minutes.addresses import archive_address
from commands.minutes.document import Document, Entry, Topic
from commands.minutes.editions import FORMS, MinutesName, Shown, file, is_home, named, shown, sight
from commands.minutes.gathering import gather
from storage import filed, people, rooms
from storage.filed import Kept
from storage.minutes import MinutesState
from storage.rooms import Room, RoomKind

MOST = 100


@command("minutes show", where=Where.ANYWHERE)
async def show(ctx: Context, name: MinutesName = "", *, form: Literal["md", "html", "txt"] | None = None) -> Answer:
    """Show the summary of minutes with all their files, or with `format` one file alone."""
    found = await named(ctx, name) or await _latest(ctx)
    home = is_home(ctx.room, found.minutes)
    if home and found.minutes.is_running:
        raise Refusal("minutes-running", name=found.meeting.name)
    one = await shown(ctx.tx, found.minutes, ctx.setup.nobody, home=home)
    if form is not None:
        return as_file(ctx.room, one, form)
    before, after = await filed.beside(ctx.tx, found.minutes, everywhere=not home)
    data = await summary(ctx, one, home=home) | {"before": before, "after": after}
    thread = files(ctx.room, one, list(FORMS))
    return Say(key="minutes-shown", data=data, about=found.minutes, thread=thread)


@command("minutes list", where=Where.ANYWHERE)
async def list_minutes(ctx: Context) -> Answer:
    """List minutes, the newest first: here this group's with drafts, elsewhere the approved ones of all groups."""
    everywhere, room_ids = await sight(ctx)
    query = filed.archive(everywhere=everywhere, room_ids=room_ids)
    found = await filed.some(ctx.tx, query, MOST)
    if not found:
        raise Refusal("minutes-none-yet")
    total = len(found) if len(found) < MOST else await filed.count(ctx.tx, query)
    first, *more = pages(found)
    several = room_ids is None
    data = {"found": first, "total": total, "rest": total - len(first), "several": several}
    return Say(key="minutes-list", data=data, thread=_continued(more, several=several, unlisted=total - len(found)))


def _continued(more: Sequence[Sequence[Kept]], *, several: bool, unlisted: int) -> Say | None:
    if not more:
        return None
    data = {"found": more[0], "several": several, "unlisted": unlisted if len(more) == 1 else 0}
    thread = _continued(more[1:], several=several, unlisted=unlisted)
    return Say(key="minutes-list-more", data=data, thread=thread)


@command("missed", where=Where.ANYWHERE)
async def missed(ctx: Context) -> Answer:
    """Tell in the sender's direct chat what was said and decided so far in the meeting that runs."""
    direct = ctx.room.kind == RoomKind.DIRECT
    places = await rooms.rooms_of(ctx.tx, ctx.sender) if direct else [ctx.room]
    found = await filed.running_in(ctx.tx, [room.id for room in places])
    if not found:
        raise Refusal("missed-nothing-runs", direct=direct)
    chat = ctx.room if direct else (await people.direct_chats(ctx.tx, [ctx.sender])).get(ctx.sender)
    if chat is None:
        raise Refusal("missed-no-chat", me=Name(ctx.setup.user_id, ctx.setup.name))
    said = [_so_far(await gather(ctx.tx, one.minutes, ctx.setup.nobody), chat) for one in found]
    return said if direct else [*said, ctx.react("✅")]


def _so_far(document: Document, chat: Room) -> Say:
    now_on = document.titled[-1].title if document.titled else None
    rows = [(topic, entry) for topic in document.topics for entry in topic.entries]
    _, *more = pages(rows, 0, FURTHER)
    data = {"document": document, "now_on": now_on}
    return Say(key="minutes-missed", data=data, room=chat, thread=_in_detail(more, chat))


def _in_detail(more: Sequence[Sequence[tuple[Topic, Entry]]], chat: Room) -> Say | None:
    if not more:
        return None
    return Say(key="minutes-missed-more", data={"rows": more[0]}, room=chat, thread=_in_detail(more[1:], chat))


async def _latest(ctx: Context) -> Kept:
    everywhere, room_ids = await sight(ctx)
    if ctx.room.kind == RoomKind.DIRECT:
        room_ids = [room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender)]
    found = await filed.some(ctx.tx, filed.archive(everywhere=everywhere, room_ids=room_ids), 1)
    if found:
        return found[0]
    running = await filed.running_in(ctx.tx, [ctx.room.id])
    if running:
        raise Refusal("minutes-running", name=running[0].meeting.name)
    raise Refusal("minutes-none-yet")


async def summary(ctx: Context, one: Shown, *, home: bool, room: Room | None = None) -> dict[str, Any]:
    """Return what texts about minutes show; the address is that of their own group at home, else of all groups.

    Without an approved version there is nothing to see for all groups.
    """
    place = room or ctx.room
    owner = place if home and place.kind == RoomKind.GROUP else None
    seen = owner is not None or one.edition.state == MinutesState.APPROVED
    address = await archive_address(ctx, owner, one.document.name) if seen else ""
    return {"document": one.document, "edition": one.edition, "address": address}


def as_file(room: Room, one: Shown, form: str) -> Say:
    """Return the minutes as a file in the room's language."""
    data = {"document": one.document, "form": form}
    return Say(key="minutes-file", data=data, file=file(one, form, room.language))


def files(room: Room, one: Shown, forms: Sequence[str]) -> Say:
    """Return the minutes as files, one message each."""
    thread = files(room, one, forms[1:]) if forms[1:] else None
    data = {"document": one.document, "form": forms[0]}
    return Say(key="minutes-file", data=data, file=file(one, forms[0], room.language), thread=thread)
