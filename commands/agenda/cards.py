"""How requests are shown in both rooms, and what they do to the agenda of the group that was asked."""

from datetime import datetime
from typing import Any

from commands.agenda.board import close, next_meeting, redrawn_all
from commands.agenda.items import keep
from commands.agenda.wording import shortened
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from storage import agenda, minutes, requests
from storage.agenda import AgendaItem, AgendaSource, AgendaState
from storage.requests import Request
from storage.rooms import Room


def checked(text: str) -> str:
    """Return the words of a question or an answer; refuses none at all."""
    if not text.strip():
        raise Refusal("request-words-missing")
    return text.strip()


async def reach(ctx: Context, number: int) -> Request:
    """Return a request to or from this group; raises Refusal where there is none."""
    found = await requests.find(ctx.tx, number)
    if found is None or ctx.room.id not in (found.from_room_id, found.to_room_id):
        raise Refusal("request-unknown", number=number)
    return found


async def rooms_of(ctx: Context, request: Request) -> tuple[Room, Room]:
    """Return the room that asks and the one that is asked."""
    return await ctx.tx.get_one(Room, request.from_room_id), await ctx.tx.get_one(Room, request.to_room_id)


async def picture(ctx: Context, request: Request) -> dict[str, Any]:
    """Return what texts need to show a request as it stands."""
    asking, asked = await rooms_of(ctx, request)
    people = await ctx.people([request.asked_by, *([request.answered_by] if request.answered_by else [])])
    by = people[1] if request.answered_by else None
    return {"request": request, "asking": asking, "asked": asked, "asker": people[0], "answerer": by}


async def cards(ctx: Context, request: Request, *, in_place: bool = True) -> list[Say]:
    """Show a request in both rooms."""
    asking, asked = await rooms_of(ctx, request)
    data = await picture(ctx, request)
    sides = [("request-sent", asking), ("request-received", asked)]
    return [Say(key=key, data=data, about=request, room=room, in_place=in_place) for key, room in sides if room.joined]


async def put_on_agenda(ctx: Context, request: Request) -> list[Say]:
    """Let the group that was asked talk about it at its next meeting; returns its agenda, shown anew."""
    _, asked = await rooms_of(ctx, request)
    await keep(
        ctx,
        shortened(request.question),
        None,
        None,
        source=AgendaSource.REQUEST,
        source_id=request.id,
        event_id=None,
        by=request.asked_by,
        room=asked,
    )
    return await redrawn_all(ctx, asked, None)


async def put_back(ctx: Context, request: Request, answered_at: datetime | None) -> list[Say]:
    """Open the item again that an answer of that instant ended; returns the agenda, shown anew."""
    _, asked = await rooms_of(ctx, request)
    there = await item_of(ctx, request)
    if there is not None and there.state == AgendaState.DONE and there.closed_at == answered_at:
        there.state, there.closed_at = AgendaState.OPEN, None
    return await redrawn_all(ctx, asked, there.meeting_id if there else None)


async def take_off_agenda(ctx: Context, request: Request, state: AgendaState) -> list[Say]:
    """End the item about a request, unless a running meeting has come to it; returns the agenda, shown anew."""
    _, asked = await rooms_of(ctx, request)
    there = await item_of(ctx, request)
    if there is None or not there.is_open:
        return []
    if await minutes.running(ctx.tx, asked.id) and await agenda.talked_about(ctx.tx, [there.id]):
        return []
    close(there, state, ctx, await next_meeting(ctx, asked))
    return await redrawn_all(ctx, asked, there.meeting_id)


async def item_of(ctx: Context, request: Request) -> AgendaItem | None:
    """Return the agenda item about a request."""
    return await agenda.of_source(ctx.tx, request.to_room_id, AgendaSource.REQUEST, request.id)
