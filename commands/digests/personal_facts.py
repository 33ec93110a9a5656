"""Loads what may need one person: always the same few queries, however many groups and items there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.chronicle.facts import FARTHEST_EAST
from commands.digests.personal import AHEAD, CALLS, Ballot, Call, Date, Draft, PersonalFacts, Question, Task, awaits
from commands.kit.context import Context
from commands.kit.roles import CHAIR_POWER
from commands.kit.texts import event_link, zone
from commands.votes import electorate as electorates
from commands.votes.ballots import chosen
from commands.votes.counting import cast_of, limit_of
from storage import actions, assignment, digests, meetings, municipalities, outbox, polls, requests, rooms, rsvps
from storage.actions import ActionItem, ActionState
from storage.meetings import Meeting
from storage.municipalities import Standing
from storage.polls import Poll
from storage.requests import Request
from storage.rooms import Room, RoomKind

A_DAY = timedelta(days=1)
A_YEAR = timedelta(days=365)  # minutes that nobody approved in a year need nobody any more


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person is: their groups, those of them that they lead, and whether they are a coordinator."""

    user_id: str
    groups: Mapping[int, Room]
    led: frozenset[int]
    coordinates: bool


async def load(ctx: Context, user_id: str, week: str, since: datetime, until: datetime) -> PersonalFacts:
    """Return all that may need this person now; new is what came up in `since <= t < until`.

    `week` is that of the digest of the main room which coordinators may have to release. Of groups that the person is
    not in only what is theirs, as a call that they took, or given to a group that they lead.
    """
    place = await _place(ctx, user_id)
    held = place.coordinates and await digests.is_held(ctx.tx, week)
    return PersonalFacts(
        tasks=await _tasks(ctx, place, since, until),
        ballots=await _ballots(ctx, place),
        dates=await _dates(ctx, place),
        questions=await _questions(ctx, place),
        drafts=await _drafts(ctx, place),
        calls=await _calls(ctx, place),
        held=held,
    )


async def _place(ctx: Context, user_id: str) -> Place:
    groups = {room.id: room for room in await rooms.rooms_of(ctx.tx, user_id) if room.is_group}
    named = await rooms.chaired_by(ctx.tx, user_id)
    led = {room.id for room in groups.values() if room.id in named or rooms.power_of(room, user_id) >= CHAIR_POWER}
    coordinates = any(room.kind == RoomKind.COORDINATORS for room in groups.values())
    return Place(user_id, groups, frozenset(led), coordinates or user_id in ctx.setup.coordinators)


async def _tasks(ctx: Context, place: Place, since: datetime, until: datetime) -> list[Task]:
    seat = await municipalities.seat(ctx.tx, place.user_id)
    town = seat.municipality_id if seat is not None and seat.standing == Standing.MEMBER else None
    found = await assignment.given_to(
        ctx.tx,
        place.user_id,
        municipality_id=town,
        room_ids=place.groups.keys(),
        led_ids=place.led,
        due_before=(ctx.now + AHEAD).astimezone(FARTHEST_EAST).date() + A_DAY,
        since=since,
        until=until,
    )
    homes = await rooms.by_numbers(ctx.tx, [one.item.room_id for one in found])
    return [
        Task(
            id=one.item.id,
            group=_short(homes[one.item.room_id]),
            text=one.item.text,
            due_on=one.item.due_on,
            zone=zone(homes[one.item.room_id].zone),
            fresh=one.fresh,
            blocked=one.item.state == ActionState.BLOCKED,
            link=_source(one.item, place.groups),
        )
        for one in found
    ]


async def _ballots(ctx: Context, place: Place) -> list[Ballot]:
    found = await polls.open_polls(ctx.tx, place.groups.keys())
    ids = [poll.id for poll in found]
    asked = await polls.rooms_of(ctx.tx, ids)
    electorate = await electorates.load(ctx.tx, {room.id for all_ in asked.values() for room in all_}, ctx.setup.nobody)
    ballots = await polls.ballots(ctx.tx, ids)
    links = await _links(ctx, Poll.noun, ids, place)
    needed = []
    for poll in found:
        here = [room for room in asked[poll.id] if room.id in place.groups]
        choices = chosen([cast_of(row) for row in ballots[poll.id]], limit_of(poll))
        voters = electorate.within([room.id for room in asked[poll.id]])
        if here and awaits(place.user_id, voters, choices, poll.suffrage):
            needed.append(Ballot(poll.id, _short(here[0]), poll.question, poll.closes_at, links.get(poll.id)))
    return needed


async def _dates(ctx: Context, place: Place) -> list[Date]:
    found = await meetings.in_rooms_between(ctx.tx, place.groups.keys(), ctx.now, ctx.now + AHEAD)
    planned = [meeting for meeting in found if meeting.is_planned]
    ids = [meeting.id for meeting in planned]
    answered = await rsvps.answered_by(ctx.tx, place.user_id, ids)
    links = await _links(ctx, Meeting.noun, ids, place)
    return [
        Date(one.name, _short(place.groups[one.room_id]), one.title, one.starts_at, links.get(one.id))
        for one in planned
        if one.id not in answered
    ]


async def _questions(ctx: Context, place: Place) -> list[Question]:
    found = await requests.open_to_any(ctx.tx, place.led)
    asking = await rooms.by_numbers(ctx.tx, [one.from_room_id for one in found])
    links = await _links(ctx, Request.noun, [one.id for one in found], place)
    return [
        Question(
            id=one.id,
            group=_short(place.groups[one.to_room_id]),
            asking=_short(asking[one.from_room_id]),
            question=one.question,
            asked_at=one.asked_at,
            link=links.get(one.id),
        )
        for one in found
    ]


async def _drafts(ctx: Context, place: Place) -> list[Draft]:
    found = await meetings.with_drafts(ctx.tx, place.led, ctx.now - A_YEAR)
    return [Draft(one.name, _short(place.groups[one.room_id]), one.title, one.starts_at) for one in found]


async def _calls(ctx: Context, place: Place) -> list[Call]:
    return [
        Call(one.id, _short(place.groups[one.room_id]), one.text, one.due_on, _source(one, place.groups))
        for one in await actions.top(ctx.tx, assignment.open_calls(place.groups), CALLS)
    ]


async def _links(ctx: Context, noun: str, ids: Sequence[int], place: Place) -> dict[int, str]:
    """Return where to find the newest message about each of these, as far as the person can open it."""
    said = await outbox.newest_about(ctx.tx, noun, ids, room_ids=place.groups.keys())
    return {number: event_link(*where) for number, where in said.items()}


def _source(item: ActionItem, groups: Mapping[int, Room]) -> str | None:
    if item.source_event_id is None or item.room_id not in groups:
        return None
    return event_link(groups[item.room_id].matrix_id, item.source_event_id)


def _short(room: Room) -> str:
    return room.key or room.name
