"""How one group asks another, and which requests are open."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.agenda.board import redrawn_all
from commands.agenda.cards import cards, checked, item_of, put_on_agenda, rooms_of, take_off_agenda
from commands.agenda.wording import shortened
from commands.kit.context import Context
from commands.kit.pages import FIRST, pages
from commands.kit.readers import GroupName
from commands.kit.say import Refusal, Say
from commands.kit.texts import event_link
from commands.kit.triggers import Answer, command
from storage import outbox, requests, rooms
from storage.agenda import AgendaState
from storage.requests import Request, RequestState
from storage.rooms import Room


@dataclass(frozen=True, slots=True)
class Line:
    """One request as the list shows it: `incoming`, or our own; `group` is the other one."""

    request: Request
    group: str
    incoming: bool
    link: str | None


@command("request ask")
async def ask(ctx: Context, group: GroupName, question: str) -> Answer:
    """Ask another group something; it comes to that group's next agenda, and its answer comes here."""
    if group.id == ctx.room.id:
        raise Refusal("request-to-itself", group=group.key, others=await _others(ctx))
    if not group.joined:
        raise Refusal("request-room-left", group=group)
    request = Request(
        from_room_id=ctx.room.id,
        to_room_id=group.id,
        question=checked(question),
        state=RequestState.OPEN,
        asked_by=ctx.sender,
        asked_at=ctx.now,
        event_id=ctx.event.event_id,
        answer=None,
        answered_by=None,
        answered_at=None,
        answer_event_id=None,
    )
    ctx.tx.add(request)
    await ctx.tx.flush()
    return [*await cards(ctx, request, in_place=False), *await put_on_agenda(ctx, request)]


@ask.edited
async def correct(ctx: Context, number: int, group: GroupName, question: str) -> Answer:
    """Change the question in both rooms and on the agenda, as long as it is not answered."""
    request = await requests.find(ctx.tx, number)
    if request is None or not request.is_open:
        raise Refusal("request-closed", number=number)
    _, asked = await rooms_of(ctx, request)
    if group.id != asked.id:
        raise Refusal("request-group-stays", request=request, group=asked)
    request.question = checked(question)
    item = await item_of(ctx, request)
    if item is not None and item.is_open:
        item.title = shortened(request.question)
    shown = await redrawn_all(ctx, asked, item.meeting_id if item else None)
    return [ctx.react("✏️"), *await cards(ctx, request), *shown]


@ask.redacted
async def withdraw(ctx: Context, number: int) -> Answer:
    """Withdraw a request whose message was deleted; one that is answered stays."""
    request = await requests.find(ctx.tx, number)
    if request is None or not request.is_open:
        return None
    request.state = RequestState.WITHDRAWN
    return [*await cards(ctx, request), *await take_off_agenda(ctx, request, AgendaState.DROPPED)]


@command("request list")
async def list_requests(ctx: Context) -> Answer:
    """List the unanswered requests to this group and from it, oldest first."""
    lines = await _lines(ctx)
    first, *more = pages(lines)
    data = {"lines": first, "total": len(lines), "rest": max(len(lines) - FIRST, 0)}
    return Say(key="request-list", data=data, thread=_continued(more))


async def _lines(ctx: Context) -> list[Line]:
    found = [*await requests.open_to(ctx.tx, ctx.room.id), *await requests.open_from(ctx.tx, ctx.room.id)]
    others = await rooms.by_numbers(ctx.tx, [number for one in found for number in (one.from_room_id, one.to_room_id)])
    sent = await outbox.newest_about(ctx.tx, Request.noun, [one.id for one in found], ctx.room.id)
    return [_line(ctx, one, others, sent) for one in found]


def _line(ctx: Context, request: Request, others: dict[int, Room], sent: dict[int, tuple[str, str]]) -> Line:
    incoming = request.to_room_id == ctx.room.id
    other = others[request.from_room_id if incoming else request.to_room_id]
    link = event_link(*sent[request.id]) if request.id in sent else None
    return Line(request, other.name, incoming, link)


def _continued(more: Sequence[Sequence[Line]]) -> Say | None:
    if not more:
        return None
    return Say(key="request-list-more", data={"lines": more[0]}, thread=_continued(more[1:]))


async def _others(ctx: Context) -> list[str]:
    return [room.key for room in await rooms.groups(ctx.tx) if room.key and room.id != ctx.room.id]
