"""Open calls: items for whoever takes them, how members take items and how they give them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any, Literal

from commands.actions.handlers import correct, made, meant_resolution, take_back
from commands.actions.items import (
    ActionId,
    assigned,
    link,
    names,
    picture,
    reach_unfinished,
    reachable,
    record,
    redrawn,
)
from commands.actions.making import Wish
from commands.kit.assigned import NOBODY
from commands.kit.context import Context
from commands.kit.pages import FIRST, pages
from commands.kit.readers import Day, Found, NamedResolution, TagWords
from commands.kit.say import Refusal, Say
from commands.kit.tagging import WordsOrReply, replied_source
from commands.kit.triggers import Answer, Where, command, reaction
from commands.kit.words import Word, normalise
from storage import actions, assignment, digests, rooms
from storage.actions import ActionItem
from storage.rooms import GROUP_KINDS, Room, RoomKind

MOST = 100
OVERVIEW = (RoomKind.MAIN, RoomKind.COORDINATORS, RoomKind.DIRECT)  # where the calls of all groups are seen
FOR = ("fuer", "for")
HANDS = ("🙋", "🙋\u200d♀", "🙋\u200d♂", "✋")


class CallText(WordsOrReply):
    """What somebody is wanted for; None where there are no words."""

    async def read(self, words: Sequence[Word], ctx: Context) -> Found | None:
        """Refuses names of people: what somebody has is no call."""
        if words and ((words[0].text.startswith("@") and not words[0].quoted) or any(map(_is_for, words))):
            raise Refusal("call-names-people")
        return await super().read(words, ctx)


def _is_for(word: Word) -> bool:
    return word.name is not None and normalise(word.name) in FOR


Called = Annotated[str | None, CallText()]


@dataclass(frozen=True, slots=True)
class Line:
    """An open call as the list shows it; `link` leads to the message that it arose from."""

    action: ActionItem
    group: str
    link: str | None


@command("action call", where=Where.ANYWHERE)
async def call(
    ctx: Context,
    text: Called = None,
    *,
    due: Day | None = None,
    tags: TagWords | None = None,
    carries: NamedResolution | None = None,
) -> Answer:
    """Call out an item for whoever takes it, also of the message replied to. Without words list the open calls."""
    if text is None and await replied_source(ctx) is None:
        if due or tags or carries:
            raise Refusal("call-text-missing")
        return await _calls(ctx)
    if not ctx.room.is_group:
        raise Refusal("not-in-direct" if ctx.room.kind == RoomKind.DIRECT else "no-group", prefix=ctx.setup.prefix)
    resolution = await meant_resolution(ctx, carries)
    wish = Wish(due=due, tags=tags or (), resolution_id=resolution.id if resolution else None, wanted=True)
    return await made(ctx, text, wish)


@call.edited
async def correct_call(
    ctx: Context,
    action_id: int,
    text: Called = None,
    *,
    due: Day | None = None,
    tags: TagWords | None = None,
    carries: NamedResolution | None = None,
) -> Answer:
    """Change what the call said; who has taken it meanwhile still has it."""
    return await correct(ctx, action_id, NOBODY, text, due=due, tags=tags, carries=carries)


@call.redacted
async def withdraw_call(ctx: Context, action_id: int) -> Answer:
    """Drop the item whose message was deleted, unless it is finished."""
    return await take_back(ctx, action_id, "withdrawn")


@command("action call out", where=Where.ANYWHERE)
async def call_out(ctx: Context, action: ActionId) -> Answer:
    """Look for somebody for an item that is there already and that nobody has."""
    found, home = await reach_unfinished(ctx, action)
    if given_to := await assigned(ctx, found):
        raise Refusal("call-has-people", action=found, people=given_to.shown)
    card = await called_out(ctx, found, home)
    return card if home is ctx.room else [ctx.react("👍"), card]


async def called_out(ctx: Context, action: ActionItem, home: Room) -> Say:
    """Let an item be a call, and show it in its room."""
    if not action.wanted:
        action.wanted = True
        record(ctx, action, "called")
    return Say(key="action-item", data=await picture(ctx, action), about=action, room=home)


@command("action take", where=Where.ANYWHERE)
async def take(ctx: Context, action: ActionId, back: Literal["back"] | None = None) -> Answer:
    """Take an item on, besides those who have it; with `back` give it back."""
    found, home = await _needed(ctx, action)
    if back:
        return await _give_back(ctx, found, home)
    if not await assignment.add(ctx.tx, found, ctx.sender):
        raise Refusal("action-yours", action=found)
    return await _taken(ctx, found, home)


@command("action return", where=Where.ANYWHERE)
async def return_taken(ctx: Context, action: ActionId) -> Answer:
    """Give an item back that I have."""
    found, home = await _needed(ctx, action)
    return await _give_back(ctx, found, home)


@reaction("action", *HANDS)
async def take_by_reaction(ctx: Context, action_id: int) -> Answer:
    """Take an item on by a reaction to any message about it."""
    found = await takeable(ctx, action_id)
    if found is None or not found[0].is_unfinished:
        return None
    action, home = found
    if not await assignment.add(ctx.tx, action, ctx.sender):
        return None
    return await _taken(ctx, action, home)


@take.redacted
@take_by_reaction.redacted
async def untake(ctx: Context, action_id: int) -> Answer:
    """Give the item back if it was this message or reaction by which its author has it."""
    found = await takeable(ctx, action_id)
    if found is None or not found[0].is_unfinished:
        return None
    action, home = found
    taken = await actions.change_of_event(ctx.tx, action, ctx.event.relates_to or "")
    if taken is None or taken.what != "taken" or taken.by != ctx.sender:
        return None
    moved = await actions.latest(ctx.tx, action, ("assigned",))
    own = await actions.latest(ctx.tx, action, ("taken", "returned"), by=ctx.sender)
    if own is not taken or (moved is not None and moved.id > taken.id):
        return None
    return await _give_back(ctx, action, home)


async def takeable(ctx: Context, number: int) -> tuple[ActionItem, Room] | None:
    """Return the item and its room if it can be reached from here, or is a call that all groups may see."""
    found = await reachable(ctx, number)
    action = None if found or ctx.room.kind not in OVERVIEW else await actions.find(ctx.tx, number)
    if action is None or not action.wanted:
        return found
    home = await ctx.tx.get_one(Room, action.room_id)
    return (action, home) if home.id in {room.id for room in await _homes(ctx)} else None


async def _needed(ctx: Context, number: int) -> tuple[ActionItem, Room]:
    """Return the item and its room as `takeable` does; raises Refusal also where there is nothing left to do.

    Of another group's call no more is told then than that it is over.
    """
    found = await takeable(ctx, number)
    if found is not None and not found[0].is_unfinished and await reachable(ctx, number) is None:
        raise Refusal("call-over", number=number)
    return found if found and found[0].is_unfinished else await reach_unfinished(ctx, number)


async def _homes(ctx: Context) -> list[Room]:
    """Return the groups whose calls are seen here: this one; in main rooms and direct chats all that tell others."""
    if ctx.room.kind not in OVERVIEW:
        if not ctx.room.is_group:
            raise Refusal("no-group", prefix=ctx.setup.prefix)
        return [ctx.room]
    mine = {ctx.room.id}
    if ctx.room.kind == RoomKind.DIRECT:
        mine = {room.id for room in await rooms.rooms_of(ctx.tx, ctx.sender) if room.kind in GROUP_KINDS}
    kept = await digests.kept_inside(ctx.tx)
    return [room for room in await rooms.groups(ctx.tx) if mine and (room.id in mine or room.id not in kept)]


async def _taken(ctx: Context, action: ActionItem, home: Room) -> list[Say]:
    """Tell the item's room who has it too; where somebody of elsewhere does, whoever made it is rung."""
    record(ctx, action, "taken")
    by = (await names(ctx, {ctx.sender}))[ctx.sender]
    others = (await assigned(ctx, action)).without_user(ctx.sender)
    outside = home is not ctx.room and not await rooms.is_member(ctx.tx, home, ctx.sender)
    data = {"action": action, "by": by, "others": others.shown, "outside": outside}
    if home is ctx.room:
        return [Say(key="action-taken", data=data, about=action), *await redrawn(ctx, action, home)]
    maker = action.created_by
    rings = outside and maker != ctx.sender and await rooms.is_member(ctx.tx, home, maker)
    told = Say(key="action-taken", data=data, about=action, room=home, mention=(maker,) if rings else ())
    thanks = ctx.say("action-taken-elsewhere", about=action, action=action, by=by, group=home.name)
    return [thanks, told, *await redrawn(ctx, action, home)]


async def _give_back(ctx: Context, action: ActionItem, home: Room) -> list[Say]:
    """Take the sender off the item and tell its room; where nobody is left, whoever made it is rung."""
    if not await assignment.drop(ctx.tx, action, ctx.sender):
        raise Refusal("action-not-taken", action=action)
    record(ctx, action, "returned")
    by = (await names(ctx, {ctx.sender}))[ctx.sender]
    others = await assigned(ctx, action)
    maker = action.created_by
    rings = not others and maker != ctx.sender and await rooms.is_member(ctx.tx, home, maker)
    told = Say(
        key="action-returned",
        data={"action": action, "by": by, "others": others.shown},
        about=action,
        room=home,
        mention=(maker,) if rings else (),
    )
    says = [told, *await redrawn(ctx, action, home)]
    return says if home is ctx.room or ctx.event.kind != "text" else [ctx.react("👍"), *says]


async def _calls(ctx: Context) -> Say:
    """List the open calls of this group; in the main room and in direct chats those of all groups."""
    homes = await _homes(ctx)
    query = assignment.open_calls([room.id for room in homes])
    found = await actions.top(ctx.tx, query, MOST)
    total = await actions.count(ctx.tx, query) if len(found) == MOST else len(found)
    order = {room.id: at for at, room in enumerate(homes)}
    lines = [
        Line(one, homes[order[one.room_id]].name, link(one, homes[order[one.room_id]]))
        for one in sorted(found, key=lambda one: order[one.room_id])
    ]
    first, *more = [_sections(page) for page in pages(lines)]
    data: dict[str, Any] = {
        "total": total,
        "rest": max(total - FIRST, 0),
        "unlisted": total - len(found),
        "sections": first,
        "everywhere": ctx.room.kind in OVERVIEW,
    }
    return Say(key="call-list", data=data, thread=_continued(data, more))


def _sections(lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    return [(group, list(its)) for group, its in groupby(lines, key=lambda one: one.group)]


def _continued(data: dict[str, Any], more: Sequence[list[tuple[str, list[Line]]]]) -> Say | None:
    if not more:
        return None
    last = {"sections": more[0], "unlisted": 0 if more[1:] else data["unlisted"]}
    return Say(key="call-list-more", data={**data, **last}, thread=_continued(data, more[1:]))
