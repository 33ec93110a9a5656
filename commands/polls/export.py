"""A poll as files: every ballot with the event that backs it, as CSV and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from commands.kit import csvfile
from commands.kit.context import Context
from commands.kit.say import File, Refusal, Say
from commands.kit.triggers import Answer, Where, command
from commands.polls.access import PollId, allow_leading, reach
from commands.votes.counting import standings
from storage import municipalities, polls
from storage.polls import Ballot, Poll, PollState
from storage.rooms import RoomKind


@dataclass(frozen=True, slots=True)
class Row:
    """One ballot: where, by whom, for which municipality, when (ISO 8601, UTC), what, and by which event."""

    room: str
    event: str
    member: str
    municipality: str
    cast_at: str
    choices: dict[str, int]
    adds: bool
    counted: bool


@command("poll export", where=Where.ANYWHERE)
async def export_poll(ctx: Context, poll: PollId) -> Answer:
    """Hand out all ballots to who leads the poll, in a direct chat only: they say who voted what."""
    found = await reach(ctx, poll)
    await allow_leading(ctx, found)
    if ctx.room.kind != RoomKind.DIRECT:
        raise Refusal("poll-export-direct", poll=found)
    if found.hidden and found.state == PollState.CANCELLED:
        raise Refusal("poll-is-cancelled", poll=found)
    if found.hidden and found.is_open:
        raise Refusal("poll-export-hidden", poll=found)
    rows = await _rows(ctx, found)
    result = (await standings(ctx.tx, [found], ctx.setup.nobody))[found.id]
    totals = {"votes": [one.votes for one in result.options], "voters": result.voters, "eligible": result.eligible}
    files = [
        File(f"U{found.id}.csv", "text/csv", as_csv(rows, found.options)),
        File(f"U{found.id}.json", "application/json", as_json(found, rows, totals)),
    ]
    return [
        Say(
            key="poll-exported",
            data={"poll": found, "count": len(rows), "form": one.name.rpartition(".")[2].upper()},
            about=found,
            file=one,
        )
        for one in files
    ]


def as_csv(rows: Sequence[Row], options: Sequence[str]) -> str:
    """Return the ballots with a column per option."""
    heads = ["event", "room", "member", "municipality", "cast_at", "adds", "counted", *options]
    return csvfile.table([heads, *(_columns(row, len(options)) for row in rows)])


def as_json(poll: Poll, rows: Sequence[Row], totals: Mapping[str, Any]) -> str:
    """Return the poll with its rules, its count and its ballots."""
    told = {
        "poll": f"U{poll.id}",
        "question": poll.question,
        "kind": poll.kind,
        "options": poll.options,
        "suffrage": poll.suffrage,
        "quorum": poll.quorum,
        "majority": poll.majority,
        "state": poll.state,
        "opened_at": poll.opened_at.isoformat(),
        "closes_at": poll.closes_at.isoformat(),
        "closed_at": poll.closed_at.isoformat() if poll.closed_at else None,
        "result": totals,
        "ballots": [asdict(row) for row in rows],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


async def _rows(ctx: Context, poll: Poll) -> list[Row]:
    """All ballots; `counted` are those that still stand: not replaced by a later one of the same person."""
    stored = await polls.stored_ballots(ctx.tx, poll)
    places = await polls.cast_in(ctx.tx, poll)
    towns = {
        seat.user_id: town.name
        for seat, town in await municipalities.seats(ctx.tx, {one.user_id for one in stored})
        if town is not None
    }
    standing = _standing(stored)
    return [
        Row(
            room=places.get(one.event_id, ""),
            event=one.event_id,
            member=one.user_id,
            municipality=towns.get(one.user_id, ""),
            cast_at=_iso(one.cast_at),
            choices=one.choices,
            adds=not one.whole,
            counted=one.event_id in standing,
        )
        for one in stored
    ]


def _standing(stored: Sequence[Ballot]) -> set[str]:
    """The events of the ballots that no later whole ballot of the same person replaces."""
    found: dict[str, list[str]] = {}
    for one in stored:
        found[one.user_id] = [one.event_id] if one.whole else [*found.get(one.user_id, []), one.event_id]
    return {event for events in found.values() for event in events}


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _columns(row: Row, options: int) -> list[csvfile.Cell]:
    facts: list[csvfile.Cell] = [row.event, row.room, row.member, row.municipality, row.cast_at, row.adds, row.counted]
    return [*facts, *(row.choices.get(str(number)) for number in range(1, options + 1))]
