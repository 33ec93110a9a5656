"""How a group answers what another one asked."""

from commands.agenda.arguments import RequestId
from commands.agenda.cards import cards, checked, picture, put_back, reach, rooms_of, take_off_agenda
from commands.kit.context import Context
from commands.kit.say import Refusal, Say
from commands.kit.triggers import Answer, command
from storage import requests
from storage.agenda import AgendaState
from storage.requests import Request, RequestState


@command("request answer")
async def answer(ctx: Context, request: RequestId, text: str) -> Answer:
    """Answer a request of another group; a second answer replaces the first."""
    found = await reach(ctx, request)
    asking, asked = await rooms_of(ctx, found)
    if ctx.room.id != asked.id:
        raise Refusal("request-not-asked-here", request=found, group=asked)
    if found.state == RequestState.WITHDRAWN:
        raise Refusal("request-withdrawn", request=found, group=asking)
    before = (await ctx.people([found.answered_by]))[0] if found.answered_by and not found.is_open else None
    found.state, found.answer = RequestState.ANSWERED, checked(text)
    found.answered_by, found.answered_at, found.answer_event_id = ctx.sender, ctx.now, ctx.event.event_id
    replaced = [ctx.say("request-answer-replaced", about=found, request=found, before=before)] if before else []
    told = await _told(ctx, found, mention=(found.asked_by,), again=before is not None)
    shown = await cards(ctx, found)
    return [*replaced, ctx.react("✅"), *told, *shown, *await take_off_agenda(ctx, found, AgendaState.DONE)]


@answer.edited
async def correct(ctx: Context, number: int, request: RequestId, text: str) -> Answer:
    """Change the answer in both rooms, if no later one has replaced it."""
    found = await _answered_by_this(ctx, number)
    if found is None or request != number:
        raise Refusal("edit-not-run")
    found.answer = checked(text)
    return [ctx.react("✏️"), *await _told(ctx, found, in_place=True), *await cards(ctx, found)]


@answer.redacted
async def take_back(ctx: Context, number: int) -> Answer:
    """Await an answer again when the one that holds was deleted."""
    found = await _answered_by_this(ctx, number)
    if found is None:
        return None
    answered_at = found.answered_at
    found.state, found.answer = RequestState.OPEN, None
    found.answered_by = found.answered_at = found.answer_event_id = None
    return [*await _told(ctx, found, in_place=True), *await cards(ctx, found), *await put_back(ctx, found, answered_at)]


async def _answered_by_this(ctx: Context, number: int) -> Request | None:
    """Return the request whose answer is the message that was edited or deleted."""
    found = await requests.find(ctx.tx, number)
    if found is None or found.state != RequestState.ANSWERED or found.answer_event_id != ctx.event.relates_to:
        return None
    return found


async def _told(
    ctx: Context, request: Request, *, mention: tuple[str, ...] = (), in_place: bool = False, again: bool = False
) -> list[Say]:
    """Bring the answer to the room that asked."""
    asking, _ = await rooms_of(ctx, request)
    if not asking.joined:
        return []
    data = {**await picture(ctx, request), "again": again}
    return [
        Say(key="request-answered", data=data, about=request, room=asking, mention=mention, in_place=in_place),
    ]
