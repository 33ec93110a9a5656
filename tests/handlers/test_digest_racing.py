"""Two processes on one PostgreSQL fire the same deadlines at once: each digest comes once, and none is lost (D2)."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest
from sqlalchemy import select

from commands.capabilities import CAPABILITIES
from commands.digests.sending import SEND
from commands.kit.dispatch import Dispatcher
from storage.database import Database
from storage.due import Due
from storage.outbox import Outgoing
from storage.rooms import RoomKind
from tests.handlers.digest_rows import A_DAY, A_WEEK, NEXT_MONDAY, add_item, planned, room_id, stored
from tests.handlers.house import House

WEEKS = 15  # no public holiday among their Mondays, and the clocks do not change
HANDS = 3  # of each process at the same time


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_processes_that_race_for_the_same_rows_send_each_digest_once(house: House, postgres_url: str) -> None:
    homes = [
        await house.room("INI", kind=RoomKind.MAIN, title="Initiative"),
        await house.room("KO", kind=RoomKind.COORDINATORS, title="Koordination"),
    ]
    numbers = [await room_id(house, one) for one in homes]
    await add_item(house, homes[0], "Leitfaden", due_on=house.now.date() - A_DAY)
    await house.dispatcher.upkeep(house.now)
    other = Database(postgres_url)
    other.engine = other.engine.execution_options(**house.database.engine.get_execution_options())
    processes = [house.dispatcher, Dispatcher(other, house.setup, CAPABILITIES)]
    for week in range(WEEKS):
        now = NEXT_MONDAY + week * A_WEEK
        async with house.database.begin() as tx:
            # What was planned twice by two processes that did not see each other.
            tx.add_all(Due(what=SEND, subject=one, room_id=one, at=now - A_DAY, try_at=now) for one in numbers)
        hands = [process.deadlines.fire_next(now) for process in processes for _ in range(HANDS)]
        assert sum(outcome.handled for outcome in await asyncio.gather(*hands)) >= len(numbers)
        while (await house.dispatcher.deadlines.fire_next(now)).handled:
            pass
    await other.close()
    async with house.database.begin() as tx:
        sent = Counter(await tx.scalars(select(Outgoing.room_id).where(Outgoing.key == "digest")))
    assert sent == dict.fromkeys(numbers, WEEKS)
    windows = sorted((one.room_id, one.since, one.until) for one in await stored(house))
    assert len(windows) == WEEKS * len(numbers)
    for (room, _, until), (following, since, _) in pairwise(windows):
        assert room != following or until == since
    assert await planned(house) == [NEXT_MONDAY + WEEKS * A_WEEK] * len(numbers)
