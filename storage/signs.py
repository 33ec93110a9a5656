"""Signs of life: when something last happened in a group, and when a municipality last did something."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from storage.actions import ActionChange, ActionItem
from storage.agenda import AgendaItem, AgendaSource
from storage.meetings import LONGEST, Meeting, MeetingState
from storage.minutes import Attendance, Minutes, Presence
from storage.municipalities import Seat, Standing
from storage.polls import Ballot, Poll, PollState
from storage.requests import Request, RequestState
from storage.resolutions import Resolution, ResolutionState, Voice
from storage.results import GroupResult
from storage.rooms import Room
from storage.rsvps import Rsvp

Who = InstrumentedAttribute[Any]
When = InstrumentedAttribute[Any]

SETTLED = (ResolutionState.ADOPTED, ResolutionState.REJECTED, ResolutionState.POSTPONED)
SAID_HERE = AgendaItem.source.in_((AgendaSource.SAID, AgendaSource.MESSAGE))  # and not what another group asks
IN_ANY_STATE = Request.state.in_(list(RequestState))  # their times are in an index behind the state


async def of_groups(tx: AsyncSession, room_ids: Collection[int], since: datetime, now: datetime) -> dict[int, datetime]:
    """Return when something last happened in each of these groups, of those in which it did in `since <= t`.

    Something is opened, asked, answered, decided, told or changed, comes on the agenda or into minutes, or a planned
    meeting is over at `now`.
    """
    closed = _signs(Poll.room_id, Poll.closed_at, since).where(Poll.state == PollState.CLOSED)
    met = _signs(Meeting.room_id, Meeting.ends_at, since).where(
        Meeting.ends_at <= now, Meeting.state == MeetingState.PLANNED
    )
    # Minutes are found by their beginning, and no meeting runs longer than that.
    minuted = _signs(Minutes.room_id, Minutes.heard_at, since).where(
        Minutes.room_id.in_(room_ids), Minutes.started_at >= since - LONGEST
    )
    decided = _signs(Resolution.room_id, Resolution.decided_at, since).where(Resolution.state.in_(SETTLED))
    signs = union_all(
        _signs(Poll.room_id, Poll.opened_at, since),
        closed,
        decided,
        _changed(room_ids),
        met,
        minuted,
        _signs(Resolution.room_id, Resolution.created_at, since),
        _signs(Request.from_room_id, Request.asked_at, since).where(IN_ANY_STATE),
        _signs(Request.to_room_id, Request.answered_at, since),
        _signs(GroupResult.room_id, GroupResult.created_at, since),
        _signs(AgendaItem.room_id, AgendaItem.created_at, since).where(SAID_HERE),
    ).subquery()
    last = func.max(signs.c.at)
    # Asked for these rooms alone, SQLite would read all that each of them ever had.
    found = await tx.execute(select(signs.c.who, last).group_by(signs.c.who).having(last >= since))
    return {room_id: at for room_id, at in found if room_id in room_ids}


async def of_towns(tx: AsyncSession, since: datetime) -> dict[int, datetime]:
    """Return when anybody who stands for a municipality last did something, of those where it was in `since <= t`.

    Somebody votes, answers, agrees or objects, is there, asks, opens, enters or changes something, or gives a seat.
    """
    there = _signs(Attendance.user_id, Attendance.at, since).where(
        Attendance.presence == Presence.PRESENT, Attendance.taken_back_at.is_(None)
    )
    signs = union_all(
        _signs(Ballot.user_id, Ballot.cast_at, since),
        _signs(Rsvp.user_id, Rsvp.said_at, since),
        there,
        _signs(ActionChange.by, ActionChange.at, since),
        _signs(Voice.user_id, Voice.said_at, since),
        _signs(Poll.opened_by, Poll.opened_at, since),
        _signs(Resolution.created_by, Resolution.created_at, since),
        _signs(Request.asked_by, Request.asked_at, since).where(IN_ANY_STATE),
        _signs(Request.answered_by, Request.answered_at, since),
        _signs(GroupResult.created_by, GroupResult.created_at, since),
        _signs(AgendaItem.created_by, AgendaItem.created_at, since),
        _signs(Seat.set_by, Seat.set_at, since),
    ).subquery()
    seat = aliased(Seat)
    query = select(seat.municipality_id, func.max(signs.c.at)).join(signs, signs.c.who == seat.user_id)
    query = query.where(seat.standing == Standing.MEMBER, seat.municipality_id.is_not(None))
    return {town: at for town, at in await tx.execute(query.group_by(seat.municipality_id)) if town is not None}


def _signs(who: Who, at: When, since: datetime) -> Select[Any, Any]:
    return select(who.label("who"), at.label("at")).where(at >= since)


def _changed(room_ids: Collection[int]) -> Select[int, datetime | None]:
    """The last change of any action item of a group: one look into the index, however many items there are."""
    last = select(func.max(ActionItem.changed_at)).where(ActionItem.room_id == Room.id).scalar_subquery()
    return select(Room.id, last).where(Room.id.in_(room_ids))
