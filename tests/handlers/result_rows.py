"""Rows that tests of results lay down directly, and what is stored of results."""

from sqlalchemy import insert, select

from storage import rooms
from storage.digests import DigestRule
from storage.results import GroupResult, ResultWord
from storage.words import words_of
from tests.handlers.house import House, TestRoom, user


async def stored(house: House) -> list[GroupResult]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(GroupResult).order_by(GroupResult.id)))


async def keep_inside(house: House, room: TestRoom) -> None:
    """Let a group keep what it does in its own room."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        tx.add(DigestRule(room_id=home.id, counts_only=True))


async def fill(house: House, room: TestRoom, number: int) -> None:
    """Store many results of this group."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        told = {"room_id": home.id, "created_by": user("Anna"), "created_at": house.now}
        await tx.execute(insert(GroupResult), [{**told, "text": f"Schritt {count}"} for count in range(1, number + 1)])
        found = (await tx.execute(select(GroupResult.id, GroupResult.text))).all()
        words = [{"word": word, "result_id": one} for one, text in found for word in words_of(text)]
        await tx.execute(insert(ResultWord), words)
