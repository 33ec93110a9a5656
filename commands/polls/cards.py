"""How polls are shown: the status message, the native poll, the result; in every room that is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from commands.kit.context import Context
from commands.kit.say import Say
from commands.kit.texts import Name
from commands.polls import dates, native
from commands.votes.result import OptionCount, Result, counts_municipalities, result_of
from storage import polls, rooms
from storage.polls import Poll, PollKind
from storage.rooms import Room, RoomKind

NAMES_IN_RESULT = 8  # more votes by name go on in a thread


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A vote by name as texts show it: for whom, by whom, and what was chosen with how many points."""

    town: str | None
    people: Sequence[Name]
    chosen: Sequence[tuple[OptionCount, int]]


@dataclass(frozen=True, slots=True)
class RoomLine:
    """How one room voted, as texts show it."""

    name: str
    voters: int
    eligible: int
    best: Sequence[OptionCount]


async def picture(ctx: Context, poll: Poll, asked: Sequence[Room], result: Result | None = None) -> dict[str, Any]:
    """Return all that texts show of a poll and how it stands, by the tally that it keeps if by no other."""
    result = result or result_of(poll)
    settled = await dates.settled(ctx, poll)
    return {
        "poll": poll,
        "result": result,
        "asked": asked if len(asked) > 1 or [room.id for room in asked] != [poll.room_id] else [],
        "marks": await dates.marks(ctx, poll, asked),
        "settled": [one for one in result.options if one.date and one.date.starts_at in settled],
        "by_town": counts_municipalities(poll),
        "named": await named(ctx, result),
        "by_room": await by_room(ctx, result),
        "prefix": ctx.setup.prefix,
    }


async def named(ctx: Context, result: Result) -> list[NamedLine]:
    """Return the votes by name, by municipality."""
    people = {one.user_id: one for one in await ctx.people({user for vote in result.names for user in vote.people})}
    lines = [
        NamedLine(
            vote.town,
            [people[user] for user in vote.people],
            [(result.options[number - 1], points) for number, points in sorted(vote.choices.items())],
        )
        for vote in result.names
    ]
    return sorted(lines, key=lambda line: (line.town is None, line.town or "", [one.name for one in line.people]))


async def by_room(ctx: Context, result: Result) -> list[RoomLine]:
    """Return how each of several rooms voted."""
    found = await rooms.by_numbers(ctx.tx, [one.room_id for one in result.rooms])
    lines = []
    for one in result.rooms:
        most = max(one.votes, default=0)
        best = [option for option, votes in zip(result.options, one.votes, strict=False) if most and votes == most]
        if one.room_id in found:
            lines.append(RoomLine(found[one.room_id].name, one.voters, one.eligible, best))
    return lines


async def mean_before(ctx: Context, poll: Poll) -> float | None:
    """How the same pulse of this room came out the last time."""
    if poll.kind != PollKind.PULSE:
        return None
    last = await polls.last_pulse(ctx.tx, poll.room_id, poll.question, poll.opened_at)
    return result_of(last).mean if last is not None else None


async def asked_rooms(ctx: Context, poll: Poll) -> list[Room]:
    """Return the rooms in which the poll can be voted on."""
    return (await polls.rooms_of(ctx.tx, [poll.id]))[poll.id]


async def status(ctx: Context, poll: Poll, asked: Sequence[Room], *, update: bool = True) -> list[Say]:
    """Show how the poll stands in its status message in every room."""
    poll.shown_at = ctx.now
    data = await picture(ctx, poll, asked)
    return [Say(key="poll-opened", data=data, about=poll, room=room, in_place=update) for room in asked]


def natives(poll: Poll, asked: Sequence[Room], *, update: bool = False) -> list[Say]:
    """Ask natively in every room, where that is faithful."""
    if poll.kind not in native.FAITHFUL:
        return []
    form = native.start(poll.question, poll.options, hidden=poll.hidden)
    data = {"poll": poll}
    return [Say(key="poll-native", data=data, about=poll, form=form, room=room, in_place=update) for room in asked]


def not_here(poll: Poll, gone: Sequence[Room]) -> list[Say]:
    """Tell rooms that they are not asked after all, and end the native poll there."""
    data = {"poll": poll}
    told = [Say(key="poll-not-here", data=data, room=room) for room in gone]
    if poll.kind not in native.FAITHFUL:
        return told
    ends = [
        Say(key="poll-not-here", data=data, about=poll, form=native.end, refers_to="poll-native", room=room)
        for room in gone
    ]
    return [*ends, *told]


async def opening(ctx: Context, poll: Poll, asked: Sequence[Room]) -> list[Say]:
    """Ask in every room, this one first: the native poll, where that is faithful, and the status message behind it."""
    said = await status(ctx, poll, sorted(asked, key=lambda room: room.id != ctx.room.id), update=False)
    ways = {one.room.id: one for one in natives(poll, asked) if one.room is not None}
    return [say for one in said for say in (ways.get(one.room.id) if one.room else None, one) if say is not None]


async def ending(ctx: Context, poll: Poll, key: str, **more: Any) -> list[Say]:
    """Tell everywhere that the poll is over: status, native end, and what `key` says; the main room reads it too."""
    asked = await asked_rooms(ctx, poll)
    data = {**await picture(ctx, poll, asked), **more}
    updates = await status(ctx, poll, asked)
    ends = []
    if poll.kind in native.FAITHFUL:
        line = f"{key}-line"
        ends = [
            Say(key=line, data=data, about=poll, form=native.end, refers_to="poll-native", room=room) for room in asked
        ]
    told = await _told(ctx, poll, asked)
    return [*updates, *ends, *(with_names(key, data, poll, room) for room in told)]


def with_names(key: str, data: dict[str, Any], poll: Poll, room: Room) -> Say:
    """The message of a room; many votes by name stand in a thread below it."""
    long = len(data["named"]) > NAMES_IN_RESULT
    thread = Say(key="poll-names", data=data) if long else None
    return Say(key=key, data={**data, "names_below": long}, about=poll, room=room, thread=thread)


async def _told(ctx: Context, poll: Poll, asked: Sequence[Room]) -> list[Room]:
    """The rooms that were asked, the one that asked, and of a poll over several rooms the main room; this one first."""
    told = {room.id: room for room in asked}
    home = await ctx.tx.get(Room, poll.room_id)
    if home is not None and home.joined:
        told[home.id] = home
    if len(asked) > 1:
        told |= {room.id: room for room in await rooms.of_kind(ctx.tx, RoomKind.MAIN)}
    return sorted(told.values(), key=lambda room: room.id != ctx.room.id)
