"""Counts stored polls: their ballots and electorates, with a fixed number of queries however many polls there are."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from commands.votes import electorate as electorates
from commands.votes.ballots import Cast, Limit, chosen
from commands.votes.electorate import Electorate
from commands.votes.result import Result, result_of
from commands.votes.tally import count, outcome, sealed, votes
from storage import polls
from storage.polls import BallotRow, Poll, PollKind


def limit_of(poll: Poll) -> Limit:
    """Return how much one ballot of this poll may give."""
    return Limit(poll.most, points=poll.kind == PollKind.RANKING)


def cast_of(row: BallotRow) -> Cast:
    """Return a stored ballot as it is counted."""
    choices = {int(number): points for number, points in row.choices.items()}
    return Cast(row.user_id, choices, row.whole, row.cast_at, row.event_id)


def tallied(poll: Poll, casts: Collection[Cast], electorate: Electorate, room_ids: Sequence[int]) -> dict[str, Any]:
    """Return the tally of these ballots as the poll keeps it, everything open; it is for the poll's end only."""
    what = chosen(casts, limit_of(poll))
    found = votes(what, electorate, poll.suffrage)
    dates, options = poll.kind == PollKind.DATE, len(poll.options)
    rooms = {}
    if len(room_ids) > 1:
        for room in room_ids:
            rooms[room] = count(options, votes(what, electorate.within([room]), poll.suffrage), dates=dates)
    whole = count(options, found, dates=dates)
    return outcome(whole, rooms, found, electorate, named=poll.by_name)


def shown(poll: Poll, kept: dict[str, Any]) -> dict[str, Any]:
    """Return of a tally what may be known now: of a hidden poll that is open only how many voted."""
    return sealed(kept) if poll.hidden and poll.is_open else kept


async def recount(tx: AsyncSession, poll: Poll, nobody: Collection[str]) -> Electorate:
    """Bring the tally that an open poll keeps up to now; returns who may vote."""
    rooms = [room.id for room in (await polls.rooms_of(tx, [poll.id]))[poll.id]]
    electorate = await electorates.load(tx, rooms, nobody)
    casts = [cast_of(row) for row in (await polls.ballots(tx, [poll.id]))[poll.id]]
    kept = tallied(poll, casts, electorate, rooms)
    if poll.is_open:
        kept.pop("names", None)  # only the end tells them, and every vote reads what the poll keeps
    poll.outcome = shown(poll, kept)
    return electorate


async def standings(tx: AsyncSession, found: Collection[Poll], nobody: Collection[str]) -> dict[int, Result]:
    """Return how each of these polls stands now, or ended, by its number."""
    running = [poll for poll in found if poll.is_open]
    results = {poll.id: result_of(poll) for poll in found if not poll.is_open}
    if not running:
        return results
    numbers = [poll.id for poll in running]
    rooms = await polls.rooms_of(tx, numbers)
    everywhere = {room.id for places in rooms.values() for room in places}
    electorate = await electorates.load(tx, everywhere, nobody)
    ballots = await polls.ballots(tx, numbers)
    for poll in running:
        here = [room.id for room in rooms[poll.id]]
        casts = [cast_of(row) for row in ballots[poll.id]]
        results[poll.id] = result_of(poll, shown(poll, tallied(poll, casts, electorate.within(here), here)))
    return results
