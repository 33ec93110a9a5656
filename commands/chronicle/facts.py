"""Loads the facts of a digest: always the same few queries, however many groups and items there are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select

from commands.chronicle.content import (
    A_WEEK,
    AHEAD,
    DigestContent,
    Facts,
    GroupFact,
    ItemFact,
    ItemWords,
    MeetingFact,
    PollFact,
    ResolutionFact,
)
from commands.kit.assigned import assigned_to
from commands.kit.context import Context
from commands.kit.texts import event_link, zone
from commands.votes.counting import standings
from storage import actions, meetings, outbox, polls, resolutions, rooms
from storage.actions import ActionItem, ActionState
from storage.meetings import Meeting, MeetingState
from storage.polls import Poll
from storage.resolutions import Procedure, Resolution, ResolutionState
from storage.rooms import Room

LONGEST_MEETING = timedelta(days=7)  # a meeting counts when it ends, and is found by its start
AN_INSTANT = timedelta(microseconds=1)
FARTHEST_EAST = ZoneInfo("Pacific/Kiritimati")  # where a day is over first
Noun = TypeVar("Noun", Poll, ActionItem, Meeting, Resolution)


async def load(ctx: Context, groups: Sequence[Room], since: datetime, until: datetime) -> Facts:
    """Return all facts of these groups that the window and the week before it need."""
    by_id = {group.id: group for group in groups}
    return Facts(
        groups=[GroupFact(group.id, group.name, zone(group.zone), group.created_at) for group in groups],
        polls=await _polls(ctx, by_id, since, until),
        items=await _items(ctx, by_id, since - A_WEEK, until),
        meetings=await _meetings(ctx, by_id, since, until),
        resolutions=await _resolutions(ctx, by_id, since, until),
    )


async def _polls(ctx: Context, groups: Mapping[int, Room], since: datetime, until: datetime) -> list[PollFact]:
    found = _within(groups, [*await polls.closed_between(ctx.tx, since, until), *await polls.all_open(ctx.tx)])
    said = await outbox.newest_about(ctx.tx, Poll.noun, [poll.id for poll in found])
    results = await standings(ctx.tx, found, ctx.setup.nobody)
    return [
        PollFact(
            id=poll.id,
            group=poll.room_id,
            question=poll.question,
            opened_at=poll.opened_at,
            closes_at=poll.closes_at,
            closed_at=poll.closed_at,
            result=results[poll.id],
            link=event_link(*said[poll.id]) if poll.id in said else None,
        )
        for poll in found
    ]


async def _items(ctx: Context, groups: Mapping[int, Room], since: datetime, until: datetime) -> list[ItemFact]:
    """Items that moved, and unfinished ones that are overdue or blocked; what was closed up to now, to know `until`."""
    moved = await actions.moved_between(ctx.tx, since, max(until, ctx.now + AN_INSTANT))
    today = until.astimezone(FARTHEST_EAST).date()
    overdue = await ctx.tx.scalars(actions.listing(room_ids=groups, due_before=today))
    blocked = await ctx.tx.scalars(actions.listing(room_ids=groups, states=[ActionState.BLOCKED]))
    found = {item.id: item for item in _within(groups, [*moved, *overdue, *blocked])}
    return [_item(item) for item in found.values()]


def _item(item: ActionItem) -> ItemFact:
    return ItemFact(
        id=item.id,
        group=item.room_id,
        created_at=item.created_at,
        closed_at=item.closed_at,
        done=item.state == ActionState.DONE,
        blocked=item.state == ActionState.BLOCKED,
        due_on=item.due_on,
        changed_at=item.changed_at,
    )


async def words(ctx: Context, content: DigestContent) -> dict[int, ItemWords]:
    """Return what the action items of a digest say, by their numbers."""
    ids = {item.id for group in content.groups for section in group.items for item in section.entries}
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


async def _meetings(ctx: Context, groups: Mapping[int, Room], since: datetime, until: datetime) -> list[MeetingFact]:
    found = await meetings.between(ctx.tx, since - LONGEST_MEETING, until + AHEAD)
    return [
        MeetingFact(
            name=meeting.name,
            group=meeting.room_id,
            title=meeting.title,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            cancelled=meeting.state == MeetingState.CANCELLED,
            skipped=meeting.state == MeetingState.SKIPPED,
            reason=meeting.reason,
            link=meeting.link,
        )
        for meeting in _within(groups, found)
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


def _within(groups: Collection[int], found: Iterable[Noun]) -> list[Noun]:
    return [one for one in found if one.room_id in groups]
