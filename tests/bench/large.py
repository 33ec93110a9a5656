"""A large initiative in a database file of its own, with the real dispatcher, in this process."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

from sqlalchemy import delete, event, insert, select, update

from commands.kit.message import Kind, Message
from storage import rooms
from storage.database import Database
from storage.due import Due
from storage.inbox import HandledEvent
from storage.municipalities import Municipality, Seat
from storage.outbox import Outgoing
from storage.polls import Ballot, Poll, PollRoom
from tests.handlers.house import MONDAY, House, TestRoom, user

MANY = 10_000
TOWNS = 218
"""So many municipalities has Saxony-Anhalt."""
DIVIDED = 20
"""One municipality in so many is of two minds."""
OPTIONS = ("Halle", "Stendal", "Wernigerode")
A_MOMENT = 0.001
Size = TypeVar("Size", int, str)
Samples = dict[str, list[float]]
"""Milliseconds of CPU of each try."""


@contextmanager
def cpu(samples: Samples, *keys: str) -> Iterator[None]:
    """Measure what this process uses meanwhile, its threads included."""
    began = time.process_time()
    yield
    used = (time.process_time() - began) * 1000
    for key in keys:
        samples.setdefault(key, []).append(used)


@asynccontextmanager
async def standstill(samples: Samples, key: str) -> AsyncIterator[None]:
    """Measure how long the event loop works without a pause meanwhile, at most; other threads do not count."""
    gaps: list[float] = []
    watching = asyncio.create_task(_watch(gaps))
    await asyncio.sleep(0)
    yield
    await asyncio.sleep(2 * A_MOMENT)
    watching.cancel()
    samples.setdefault(key, []).append(max(gaps) * 1000)


async def _watch(gaps: list[float]) -> None:
    while True:
        began = time.thread_time()
        await asyncio.sleep(A_MOMENT)
        gaps.append(time.thread_time() - began)


def medians(samples: Samples) -> dict[str, float]:
    """Return the middle one of all tries."""
    return {key: median(tries) for key, tries in samples.items()}


@contextmanager
def statements(place: House) -> Iterator[list[str]]:
    """Collect the statements that the database is asked meanwhile."""
    found: list[str] = []

    def note(*about: object) -> None:
        found.append(str(about[2]))

    event.listen(place.database.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(place.database.engine.sync_engine, "before_cursor_execute", note)


def in_turn(sizes: Iterable[Size], turn: int) -> list[Size]:
    """Return the sizes in an order that changes from turn to turn, so that none always comes first."""
    return sorted(sizes, reverse=turn % 2 == 1)


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """Give the bot with an empty database in a file, whose schema the migrations have made."""
    with TemporaryDirectory(prefix="uagbot-bench-") as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'uagbot.db'}")
        await database.upgrade()
        try:
            yield House(database)
        finally:
            await database.close()


def member(number: int) -> str:
    """Return the name of a member."""
    return f"mitglied{number}"


def new_message(
    place: House, room: TestRoom, kind: Kind, who: str, *, text: str, relates_to: str | None = None
) -> Message:
    """Return something new that somebody says now; what polls forget by its event id begins with `$new`."""
    number = next(place.counter)
    return Message(kind, f"$new{number}", room.id, user(who), place.now, text=text, relates_to=relates_to)


def town(number: int) -> int:
    """Return the municipality of a member."""
    return number % TOWNS + 1


def choice(number: int) -> int:
    """What a member votes: as the others of the municipality do, but for the first one of a divided one."""
    apart = town(number) % DIVIDED == 0 and number < TOWNS
    return (town(number) + apart) % len(OPTIONS) + 1


@dataclass
class Hall:
    """A poll, the room that it is led from, those that it is asked in, and the status messages there."""

    poll_id: int
    leading: TestRoom
    rooms: list[TestRoom]
    room_ids: list[int]
    status: list[str]


async def settle(house: House, members: int) -> None:
    """Make the municipalities, and let the members stand for them."""
    async with house.database.begin() as tx:
        names = [{"id": number, "name": f"Ort {number}", "sought": f"ort {number}"} for number in range(1, TOWNS + 1)]
        await tx.execute(insert(Municipality), [{**one, "deputy": None, "created_at": house.now} for one in names])
        seats = [{"user_id": user(member(number)), "municipality_id": town(number)} for number in range(members)]
        by = {"standing": "member", "set_by": user("Anna"), "set_at": house.now}
        await tx.execute(insert(Seat), [{**one, **by} for one in seats])


async def open_poll(house: House, leading: TestRoom, asked: list[TestRoom], question: str, rules: str = "") -> Hall:
    """Ask by command as a chair does, and find out which messages came of it."""
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_ids(tx, [room.id for room in asked])
    keys = "" if asked == [leading] else f"räume={','.join(found[room.id].key or '' for room in asked)}"
    said = await leading.says(f'!umfrage "{question}" {" ".join(OPTIONS)} {keys} {rules}')
    status = {one.room: one for one in said.sent if one.key == "poll-opened"}
    number = int(status[asked[0].id].text.partition(":")[0].removeprefix("Umfrage U"))
    events = [status[room.id].event_id for room in asked]
    return Hall(number, leading, asked, [found[room.id].id for room in asked], events)


async def copies(house: House, hall: Hall, count: int) -> list[Hall]:
    """Let there be so many more polls like this one, with status messages of their own."""
    async with house.database.begin() as tx:
        [poll] = (await tx.execute(select(Poll.__table__).where(Poll.id == hall.poll_id))).mappings()
        [said] = (await tx.execute(select(Outgoing.__table__).where(Outgoing.event_id == hall.status[0]))).mappings()
        numbers = range(hall.poll_id + 1, hall.poll_id + 1 + count)
        events = {number: f"$status{number}" for number in numbers}
        await tx.execute(insert(Poll), [{**poll, "id": number} for number in numbers])
        asked = [{"poll_id": number, "room_id": room} for number in numbers for room in hall.room_ids]
        await tx.execute(insert(PollRoom), asked)
        message = {key: value for key, value in said.items() if key != "id"}
        rows = [{**message, "about_id": number, "event_id": event, "txn_id": event} for number, event in events.items()]
        await tx.execute(insert(Outgoing), rows)
    return [replace(hall, poll_id=number, status=[event]) for number, event in events.items()]


async def fill(house: House, *halls: Hall, ballots: int = MANY) -> None:
    """Lay down so many ballots of as many members in each poll, in its rooms in turn; every third was a command."""
    async with house.database.begin() as tx:
        rows = [_ballot(hall, number) for hall in halls for number in range(ballots)]
        await tx.execute(insert(Ballot), rows)
        await tx.execute(insert(HandledEvent), [_handled(row, number) for number, row in enumerate(rows)])


async def edit(house: House, hall: Hall, times: int) -> None:
    """Lay down so many edits of the status message in every room."""
    async with house.database.begin() as tx:
        said = (await tx.execute(select(Outgoing.__table__).where(Outgoing.event_id.in_(hall.status)))).mappings().all()
        rows = [
            {key: value for key, value in one.items() if key != "id"}
            | {"relation": "m.replace", "target_id": one["id"], "event_id": f"$edit{one['id']}-{number}"}
            for one in said
            for number in range(times)
        ]
        await tx.execute(insert(Outgoing), rows)


def _ballot(hall: Hall, number: int) -> dict[str, object]:
    return {
        "poll_id": hall.poll_id,
        "room_id": hall.room_ids[number % len(hall.room_ids)],
        "user_id": user(member(number)),
        "choices": {str(choice(number)): 1},
        "whole": True,
        "cast_at": MONDAY + timedelta(milliseconds=number),
        "event_id": f"$ballot{hall.poll_id}-{number}",
    }


def by_command(number: int) -> bool:
    """Whether a ballot was cast by command."""
    return number % 3 == 0


def _handled(row: dict[str, object], number: int) -> dict[str, object]:
    return {
        "event_id": row["event_id"],
        "sender": row["user_id"],
        "at": row["cast_at"],
        "trigger": "poll vote" if by_command(number) else "poll vote_by_reaction",
        "about_kind": Poll.noun,
        "about_id": row["poll_id"],
    }


async def forget(house: House, what: str) -> None:
    """Drop what is planned of this kind, so that the next try finds things as this one did."""
    async with house.database.begin() as tx:
        await tx.execute(delete(Due).where(Due.what == what))


async def reopen(house: House, hall: Hall) -> None:
    """Let a poll be open again, so that it can be closed once more."""
    async with house.database.begin() as tx:
        await tx.execute(update(Poll).where(Poll.id == hall.poll_id).values(state="open", closed_at=None))
