"""Gathers what happened in a window: always the same few queries, however many groups and items there are."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select

from commands.chronicle.content import (
    A_WEEK,
    DigestContent,
    Facts,
    GroupFact,
    HighlightFact,
    ItemFact,
    ItemWords,
    PollFact,
    ResolutionFact,
    ResultFact,
)
from commands.chronicle.held import meeting_facts
from commands.chronicle.rule import Chronicle
from commands.kit.assigned import assigned_to
from commands.kit.context import Context
from commands.kit.texts import event_link, zone
from commands.votes.counting import standings
from storage import digests, outbox, polls, resolutions, results, rooms, standing
from storage.actions import ActionItem, ActionState
from storage.polls import Poll
from storage.resolutions import Procedure, Resolution, ResolutionState
from storage.results import GroupResult
from storage.rooms import Room
from storage.standing import Standing

AN_INSTANT = timedelta(microseconds=1)
FARTHEST_EAST = ZoneInfo("Pacific/Kiritimati")  # where a day is over first
Noun = TypeVar("Noun", Poll, Resolution, GroupResult)


async def gather(
    ctx: Context,
    groups: Sequence[Room],
    since: datetime,
    until: datetime,
    most: int | None = None,
    *,
    silent: bool = False,
) -> DigestContent:
    """Return what the window `since <= t < until` of these groups has to say, of action items the first `most`.

    Action items come in pieces and go again, and others are heard meanwhile. A group that keeps its content
    inside is told in numbers, but in its own room. `silent`: groups of which there is nothing to say are in there too.
    """
    chronicle = Chronicle(await _facts(ctx, groups, since, until), since, until, most)
    await asyncio.sleep(0)
    today = until.astimezone(FARTHEST_EAST).date()
    async for piece in standing.pieces(ctx.tx, [group.id for group in groups], since - A_WEEK, today):
        for row in piece:
            chronicle.add(_item(row))
        await asyncio.sleep(0)
    return chronicle.digest(silent=silent)


async def words(ctx: Context, content: DigestContent) -> dict[int, ItemWords]:
    """Return what the action items of a digest say, by their numbers; not of groups of which numbers are told only."""
    told = [group for group in content.groups if not group.counts_only]
    ids = {item.id for group in told for section in group.items for item in section.entries}
    found = (await ctx.tx.scalars(select(ActionItem).where(ActionItem.id.in_(ids)))).all()
    homes = await rooms.by_numbers(ctx.tx, {item.room_id for item in found})
    assigned = await assigned_to(ctx.tx, ids)
    return {
        item.id: ItemWords(
            text=item.text,
            assignees=tuple(assigned[item.id].names),
            link=event_link(homes[item.room_id].matrix_id, item.source_event_id) if item.source_event_id else None,
        )
        for item in found
    }


async def _facts(ctx: Context, groups: Sequence[Room], since: datetime, until: datetime) -> Facts:
    """Return all facts of these groups that the window and the week before it need, without action items."""
    by_id = {group.id: group for group in groups}
    return Facts(
        groups=await _groups(ctx, groups, until),
        polls=await _polls(ctx, by_id, since, until),
        meetings=await meeting_facts(ctx, by_id, since, until),
        resolutions=await _resolutions(ctx, by_id, since, until),
        results=await _results(ctx, by_id, since, until),
        highlights=await _highlights(ctx, since, until),
    )


async def _groups(ctx: Context, groups: Iterable[Room], until: datetime) -> list[GroupFact]:
    inside = await digests.kept_inside(ctx.tx) - {ctx.room.id}
    unfinished = await standing.count_open(ctx.tx, until)
    await asyncio.sleep(0)
    return [
        GroupFact(
            id=group.id,
            name=group.name,
            zone=zone(group.zone),
            since=group.created_at,
            counts_only=group.id in inside,
            open_items=unfinished.get(group.id, 0),
        )
        for group in groups
    ]


def _item(row: Standing) -> ItemFact:
    return ItemFact(
        id=row.id,
        group=row.room_id,
        created_at=row.created_at,
        closed_at=row.closed_at,
        done=row.state == ActionState.DONE,
        blocked=row.state == ActionState.BLOCKED,
        due_on=row.due_on,
        wanted=row.wanted,
        changed_at=row.changed_at,
    )


async def _polls(ctx: Context, groups: Mapping[int, Room], since: datetime, until: datetime) -> list[PollFact]:
    """Of closed polls those that decided no resolution; an open one may be voted on, whatever it decides."""
    closed = _within(groups, await polls.closed_between(ctx.tx, since, until))
    resolved = await resolutions.decided_by_polls(ctx.tx, [poll.id for poll in closed])
    found = [poll for poll in closed if poll.id not in resolved]
    found += _within(groups, await polls.all_open(ctx.tx))
    said = await outbox.newest_about(ctx.tx, Poll.noun, [poll.id for poll in found])
    counted = await standings(ctx.tx, found, ctx.setup.nobody)
    return [
        PollFact(
            id=poll.id,
            group=poll.room_id,
            question=poll.question,
            opened_at=poll.opened_at,
            closes_at=poll.closes_at,
            closed_at=poll.closed_at,
            result=counted[poll.id],
            link=event_link(*said[poll.id]) if poll.id in said else None,
        )
        for poll in found
    ]


async def _resolutions(
    ctx: Context, groups: Mapping[int, Room], since: datetime, until: datetime
) -> list[ResolutionFact]:
    return [
        ResolutionFact(
            name=one.name,
            group=one.room_id,
            text=one.text,
            state=one.state,
            decided_at=one.decided_at,
            lapsed=one.state == ResolutionState.REJECTED and one.procedure == Procedure.CONSENT,
            link=event_link(groups[one.room_id].matrix_id, one.event_id) if one.event_id else None,
        )
        for one in _within(groups, await resolutions.decided_between(ctx.tx, since, until))
        if one.decided_at is not None
    ]


async def _results(ctx: Context, groups: Mapping[int, Room], since: datetime, until: datetime) -> list[ResultFact]:
    return [
        ResultFact(
            id=one.id,
            group=one.room_id,
            text=one.text,
            told_at=one.created_at,
            address=one.link,
            link=event_link(groups[one.room_id].matrix_id, one.event_id) if one.event_id else None,
        )
        for one in _within(groups, await results.between(ctx.tx, since, until))
    ]


async def _highlights(ctx: Context, since: datetime, until: datetime) -> list[HighlightFact]:
    return [HighlightFact(one.id, one.text, one.counts_at) for one in await digests.highlights(ctx.tx, since, until)]


def _within(groups: Collection[int], found: Iterable[Noun]) -> list[Noun]:
    return [one for one in found if one.room_id in groups]
