"""What tests of municipalities look at, and how they let the bot hear something."""

from sqlalchemy import select

from commands.kit.message import Kind, Message
from storage import municipalities, rooms
from storage.due import Due
from storage.municipalities import Municipality
from storage.polls import Poll, PollRoom
from tests.handlers.house import House, TestRoom, user


async def stand(house: House, *names: str) -> dict[str, tuple[str | None, str]]:
    """Return municipality and standing of these members, as far as they are known."""
    async with house.database.begin() as tx:
        found = await municipalities.seats(tx, [user(name) for name in names])
    return {rooms.localpart(seat.user_id).title(): (town.name if town else None, seat.standing) for seat, town in found}


async def town(house: House, name: str) -> Municipality:
    """Return a municipality by its name."""
    async with house.database.begin() as tx:
        return next(one for one in await municipalities.everything(tx) if one.name == name)


async def names(house: House) -> list[str]:
    """Return the names of all municipalities."""
    async with house.database.begin() as tx:
        return [one.name for one in await municipalities.everything(tx)]


async def open_poll(house: House, home: TestRoom, *others: TestRoom) -> int:
    """Store an open poll that is asked in these rooms."""
    async with house.database.begin() as tx:
        stored = [await rooms.by_matrix_id(tx, one.id) for one in (home, *others)]
        ids = [one.id for one in stored if one is not None]
        poll = Poll(
            room_id=ids[0], question="Wo?", options=["Halle", "Stendal"], opened_by=user("Anna"),
            opened_at=house.now, closes_at=house.now.replace(day=20),
        )  # fmt: skip
        tx.add(poll)
        await tx.flush()
        tx.add_all(PollRoom(poll_id=poll.id, room_id=one) for one in ids)
        return poll.id


async def recounts(house: House) -> list[tuple[int, int]]:
    """Return (poll, room) of the recounts that are planned, and forget them."""
    async with house.database.begin() as tx:
        found = (await tx.scalars(select(Due).where(Due.what == "poll status").order_by(Due.subject))).all()
        for row in found:
            await tx.delete(row)
        return [(row.subject, row.room_id) for row in found]


async def heard(house: House, room: TestRoom, text: str = "", *, who: str = "Anna", redacts: str | None = None) -> str:
    """Let the bot hear something, and not yet do what is due because of it; returns the event."""
    event_id = f"$heard{next(house.counter)}"
    kind: Kind = "redaction" if redacts else "text"
    message = Message(kind, event_id, room.id, user(who), house.now, text=text, relates_to=redacts)
    await house.dispatcher.handle(message, house.now)
    await house.deliver()
    return event_id
