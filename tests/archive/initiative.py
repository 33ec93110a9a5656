"""An initiative that has used every table, to be copied and compared."""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Integer, Text, cast, func, insert, select

from storage import account, tables
from storage.archive import Manifest, Tell
from storage.backup import back_up
from storage.base import Base, Instant
from storage.database import Database
from storage.outbox import Outgoing
from storage.restore import restore
from storage.rooms import Room, RoomKind
from tests.handlers.house import BOT, MONDAY, House

NOW = datetime(2026, 12, 8, 9, 30, tzinfo=UTC)
STORE = "@uagbot:localhost_DEVICE.db"
Make = Callable[[str], Awaitable[Database]]
"""Called with the kind of database that is wanted, `sqlite` or `postgres`."""

assert tables.ALL


def quiet(_step: str, _done: int, _total: int) -> None:
    """Listen to no progress."""


async def copy(database: Database, keys: Path, file: Path, tell: Tell = quiet) -> Manifest:
    return await back_up(database, keys, file, user=BOT, version="0.1.0", now=NOW, tell=tell)


async def put(database: Database, keys: Path, file: Path) -> Manifest:
    return await restore(database, keys, file, user=BOT, now=NOW, tell=quiet)


async def live(database: Database) -> None:
    """Let an initiative use the bot until every table has rows."""
    await database.upgrade()
    house = House(database)
    room = await house.room(powers={"Anna": 100})
    await house.room("INI", kind=RoomKind.MAIN, title="Landesinitiative „Zukunft“\u2028")
    await house.dispatcher.upkeep(house.now)
    poll = await room.says('!umfrage "Wo tagen wir? 🏛" "Halle (Saale)" Stendal bis=Freitag')
    await room.says("!stimme 1", who="Bodo", reply_to=poll.message.event_id)
    await room.says('!treffen jeden 2. Dienstag im Monat 10:00-11:30 "Monatstreffen"')
    await room.says("!aufgabe @bodo Raum buchen bis=Freitag #pilot")
    await room.says("!leitung @bodo")
    await room.says("!ruhe 2 Wochen")
    await house.sleep(days=8)
    async with database.begin() as tx:
        await account.remember(tx, BOT, "DEVICE", "syt_token")
        await account.save_position(tx, BOT, "s1_2")
        quiet_room = {**sample(Room.__table__), "matrix_id": "!null", "reminders": JSON.NULL}
        await tx.execute(insert(Room).values(quiet_room))
        assert await tx.scalar(select(func.count(Outgoing.target_id))), "no message refers to another"
        for table in Base.metadata.sorted_tables:
            if not await tx.scalar(select(func.count()).select_from(table)):
                await tx.execute(table.insert().values(sample(table)))


def sample(table: Any) -> dict[str, Any]:
    """Return a row of a table that the commands above do not reach; its number is left to the database."""
    numbered = table.autoincrement_column
    return {one.name: _value(one) for one in table.columns if not one.nullable and one is not numbered}


def _value(column: Column[Any]) -> Any:
    kind = column.type
    if isinstance(kind, Integer):
        return 1 if column.foreign_keys else 77
    for of, value in ((Instant, MONDAY), (DateTime, MONDAY.replace(tzinfo=None)), (Date, date(2026, 12, 8))):
        if isinstance(kind, of):
            return value
    return {"ä": [1, None]} if isinstance(kind, JSON) else True if isinstance(kind, Boolean) else "Wörter"


def names(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(one.name for one in folder.glob(pattern))


async def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables; JSON as the text that it is, so that its `null` differs from no value."""
    found = {}
    async with database.begin() as tx:
        for name, table in Base.metadata.tables.items():
            rows = await tx.execute(select(table).order_by(*table.primary_key.columns))
            found[name] = [tuple(row) for row in rows]
        raw = await tx.execute(select(cast(Room.__table__.c.reminders, Text)).order_by(Room.id))
    return {**found, "raw": [tuple(row) for row in raw]}


def sessions(keys: Path) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(keys / STORE)) as store:
        return store.execute("SELECT id, pickle FROM sessions ORDER BY id").fetchall()
