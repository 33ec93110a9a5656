"""Loads the facts of alerts: always the same few queries, and no further back than the longest threshold."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime

from commands.chronicle.content import AHEAD, GroupFact, RequestFact, TownFact
from commands.digests.alerts import AlertFacts, StuckFact
from commands.kit.context import Context
from commands.kit.texts import event_link, zone
from storage import actions, digests, meetings, municipalities, requests, signs
from storage.actions import ActionItem, ActionState
from storage.requests import Request
from storage.rooms import Room, RoomKind

MOST = 50  # entries that anybody is shown; of the others only the number


async def load(ctx: Context, groups: Sequence[Room], until: datetime) -> AlertFacts:
    """Return how these groups, and all municipalities, stand at `until`; of those not joined any more nothing."""
    thresholds = ctx.setup.alerts
    looked_back = until - max(astuple(thresholds))
    ids = [group.id for group in groups]
    today = {group.id: until.astimezone(zone(group.zone)).date() for group in groups}
    inside = await digests.kept_inside(ctx.tx) - {ctx.room.id}
    last = await signs.of_groups(ctx.tx, ids, looked_back, until)
    resting = until - thresholds.stuck_item
    told = {room_id: day for room_id, day in today.items() if room_id not in inside}
    waiting, unanswered = await requests.unanswered(ctx.tx, ids, until - thresholds.unanswered_request, MOST)
    homes = {group.id: group for group in groups}
    return AlertFacts(
        groups=[_group(group, last.get(group.id), counts_only=group.id in inside) for group in groups],
        looked_back=looked_back,
        working=frozenset(group.id for group in groups if group.kind == RoomKind.GROUP),
        meeting=frozenset(await meetings.rooms_meeting(ctx.tx, until, until + AHEAD)),
        items=[_item(one, homes[one.room_id]) for one in await actions.stuck(ctx.tx, told, resting, MOST)],
        stuck=await actions.count_stuck(ctx.tx, today, resting),
        towns=await _towns(ctx, looked_back),
        requests=[_request(one, homes[one.from_room_id]) for one in waiting],
        unanswered=unanswered,
    )


async def _towns(ctx: Context, looked_back: datetime) -> list[TownFact]:
    last = await signs.of_towns(ctx.tx, looked_back)
    seated = await municipalities.counts(ctx.tx)
    return [
        TownFact(town.name, town.created_at, last.get(town.id), seated=town.id in seated)
        for town in await municipalities.everything(ctx.tx)
    ]


def _group(group: Room, last: datetime | None, *, counts_only: bool) -> GroupFact:
    return GroupFact(group.id, group.name, zone(group.zone), group.created_at, counts_only, last)


def _item(item: ActionItem, home: Room) -> StuckFact:
    return StuckFact(
        id=item.id,
        group=item.room_id,
        text=item.text,
        changed_at=item.changed_at or item.created_at,
        blocked=item.state == ActionState.BLOCKED,
        link=event_link(home.matrix_id, item.source_event_id) if item.source_event_id else None,
    )


def _request(request: Request, home: Room) -> RequestFact:
    return RequestFact(
        id=request.id,
        asking=request.from_room_id,
        asked=request.to_room_id,
        question=request.question,
        asked_at=request.asked_at,
        link=event_link(home.matrix_id, request.event_id) if request.event_id else None,
    )
