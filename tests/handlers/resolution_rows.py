"""Rows that tests of resolutions lay down directly, and what is stored of resolutions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage import municipalities, polls, rooms
from storage.due import Due
from storage.municipalities import Municipality, Standing
from storage.polls import Poll, PollState
from storage.resolutions import Resolution, Voice
from storage.rooms import Room
from tests.handlers.house import House, TestRoom, user


async def room_of(house: House, room: TestRoom) -> Room:
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        return found


async def stored(house: House) -> list[Resolution]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Resolution).order_by(Resolution.year, Resolution.number)))


async def the_only(house: House) -> Resolution:
    (found,) = await stored(house)
    return found


async def voices(house: House) -> list[Voice]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Voice).order_by(Voice.id)))


async def due_times(house: House, what: str) -> list[datetime]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Due.at).where(Due.what == what).order_by(Due.at)))


async def seat(house: House, name: str, town: str | None = None, standing: Standing = Standing.MEMBER) -> None:
    """Let somebody stand for a municipality, or be a guest or an observer."""
    async with house.database.begin() as tx:
        number = None
        if town is not None:
            made = Municipality(name=town, sought=town.lower(), created_at=house.now)
            tx.add(made)
            await tx.flush()
            number = made.id
        await municipalities.take_seat(tx, user(name), number, standing, user(name), house.now)


async def ended_poll(
    house: House,
    room: TestRoom,
    question: str,
    votes: dict[str, int],
    *,
    eligible: int = 9,
    state: PollState = PollState.CLOSED,
    asked: Sequence[TestRoom] = (),
    **fields: Any,
) -> int:
    """Store a poll that ended with these votes per option; everybody who voted chose one."""
    home = await room_of(house, room)
    places = [(await room_of(house, one)).id for one in asked or [room]]
    outcome = {"votes": list(votes.values()), "voters": sum(votes.values()), "eligible": eligible}
    poll = Poll(
        **{
            "room_id": home.id,
            "question": question,
            "options": list(votes),
            "opened_by": user("Anna"),
            "opened_at": house.now - timedelta(days=7),
            "closes_at": house.now - timedelta(hours=1),
            "closed_at": house.now - timedelta(hours=1),
            "state": state,
            "outcome": outcome,
        }
        | fields
    )
    async with house.database.begin() as tx:
        tx.add(poll)
        await tx.flush()
        await polls.set_rooms(tx, poll, places)
    return poll.id
