"""The database's schema: made by migrations alone, the same as the classes say, on SQLite and on PostgreSQL."""

import importlib
import pkgutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy import inspect as examine
from sqlalchemy.ext.asyncio import create_async_engine

from storage import polls, rooms, tables, undecrypted
from storage.base import Base
from storage.database import MIGRATIONS, Database, DatabaseTrouble, alembic_config
from storage.migrations import versions
from storage.polls import Poll
from storage.verifications import Verification

assert tables.ALL

# What a database of version 0.1.0 holds, as far as other tables hang on it.
FIRST_ROWS = """
INSERT INTO rooms (id, matrix_id, kind, key, title, language, zone, joined, powers, created_at) VALUES
    (7, '!room', 'group', 'UAG1', 'Bürger-Apps', 'de', 'Europe/Berlin', true, '{}', '2026-11-02 08:00:00');
INSERT INTO members VALUES (7, '@anna:localhost', 'Anna', 'join');
INSERT INTO polls (id, room_id, question, options, opened_by, opened_at, closes_at, state, extensions) VALUES
    (3, 7, 'Wo?', '["Halle"]', '@anna:localhost', '2026-11-02 08:00:00', '2026-11-06 08:00:00', 'open', '[]');
INSERT INTO due (id, at, try_at, what, subject, room_id, attempts) VALUES
    (5, '2026-11-06 08:00:00', '2026-11-06 08:00:00', 'poll deadline', 3, 7, 0);
INSERT INTO account VALUES ('@uagbot:localhost', 'DEVICE', NULL, 's17');
INSERT INTO polls
    (id, room_id, question, options, opened_by, opened_at, closes_at, closed_at, state, eligible, extensions) VALUES
    (2, 7, 'Wann?', '["Heute", "Morgen"]', '@anna:localhost', '2026-11-01 08:00:00', '2026-11-02 08:00:00',
    '2026-11-02 08:00:00', 'closed', 5, '[]');
INSERT INTO ballots (id, poll_id, user_id, choice, cast_at, event_id) VALUES
    (11, 2, '@anna:localhost', 1, '2026-11-01 09:00:00', '$first'),
    (12, 2, '@anna:localhost', 2, '2026-11-01 10:00:00', '$second'),
    (13, 2, '@bodo:localhost', 2, '2026-11-01 09:30:00', '$third'),
    (14, 2, '@carla:localhost', 0, '2026-11-01 09:40:00', '$fourth')
""".strip().split(";\n")


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Give the address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'uagbot.db'}"
        return
    server = create_async_engine(request.getfixturevalue("postgres_url"), isolation_level="AUTOCOMMIT")
    name = f"migrations_{uuid.uuid4().hex}"
    async with server.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(request.getfixturevalue("postgres_url")).set(database=name).render_as_string(hide_password=False)
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await server.dispose()


@pytest.fixture
async def database(empty: str) -> AsyncIterator[Database]:
    found = Database(empty)
    yield found
    await found.close()


async def test_the_migrations_make_what_the_classes_say(database: Database) -> None:
    await database.upgrade()
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_starting_twice_is_harmless(database: Database, empty: str) -> None:
    assert await database.examine() == "empty"
    await database.upgrade()
    assert await database.examine() == "up to date"
    before = await _schema(database)
    await database.upgrade()
    again = Database(empty)
    await again.upgrade()
    assert await _schema(again) == before
    assert await again.examine() == "up to date"
    await again.close()


async def test_an_upgrade_that_fails_leaves_the_database_as_it_was(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE polls (id INTEGER)"))
    before = await _schema(database)
    with pytest.raises(DatabaseTrouble):
        await database.upgrade()
    assert await _schema(database) == before


async def test_a_database_of_a_later_version_is_not_touched(database: Database) -> None:
    await database.upgrade()
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = await _schema(database)
    with pytest.raises(DatabaseTrouble) as caught:
        await database.upgrade()
    assert caught.value.reason == "newer"
    assert await _schema(database) == before


def test_there_is_one_line_of_migrations_and_no_way_back() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert len(scripts.get_heads()) == 1
    names = [found.name for found in pkgutil.iter_modules(versions.__path__)]
    assert len(names) == len(list(scripts.walk_revisions()))
    for name in names:
        assert not hasattr(importlib.import_module(f"{versions.__name__}.{name}"), "downgrade")


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


async def _schema(database: Database) -> dict[str, Any]:
    def read(connection: Connection) -> dict[str, Any]:
        found = examine(connection)
        return {
            table: (
                [(one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(table)],
                sorted(str(one["name"]) for one in found.get_indexes(table)),
            )
            for table in sorted(found.get_table_names())
        }

    async with database.engine.connect() as connection:
        return await connection.run_sync(read)


async def test_a_database_of_the_first_version_upgrades_with_its_data(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda found: command.upgrade(alembic_config(found), "0001"))
        for statement in FIRST_ROWS:
            await connection.execute(text(statement))
    assert await database.examine() == "to be upgraded at the next start"
    before = await _rows(database)
    await database.upgrade()
    assert await database.examine() == "up to date"
    after = await _rows(database)
    remade = ("alembic_version", "polls", "ballots")
    assert {table: after[table] for table in before if table not in remade} == {
        table: rows for table, rows in before.items() if table not in remade
    }
    assert sum(map(len, before.values())) == len(FIRST_ROWS) + 4
    async with database.begin() as tx:
        closed = await polls.find(tx, 2)
        assert closed is not None
        assert closed.outcome == {"votes": [0, 2], "voters": 2, "eligible": 5}
        cast = (await polls.ballots(tx, [2]))[2]
        assert [(one.event_id, one.choices) for one in cast] == [
            ("$first", {"1": 1}),
            ("$third", {"2": 1}),
            ("$fourth", {}),
            ("$second", {"2": 1}),
        ]
        assert [room.key for room in (await polls.rooms_of(tx, [3]))[3]] == ["UAG1"]
        tx.add(Poll(room_id=7, question="Neu?", options=["Ja"], opened_by="@anna:localhost", opened_at=closed.opened_at,
                    closes_at=closed.closes_at))  # fmt: skip
        await tx.flush()
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_what_an_upgraded_database_keeps_goes_with_its_room(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda found: command.upgrade(alembic_config(found), "0001"))
        await connection.execute(text(FIRST_ROWS[0]))
    await database.upgrade()
    async with database.begin() as tx:
        room = await rooms.by_matrix_id(tx, "!room")
        assert room is not None
        now = room.created_at
        assert await undecrypted.keep(tx, room, "$event", "@anna:localhost", "session", {}, now)
        tx.add(Verification(room_id=room.id, user_id="@anna:localhost", device_id="A", transaction="a", asked_at=now))
        await tx.flush()
        await tx.delete(room)
    assert {table for table, rows in (await _rows(database)).items() if rows} == {"alembic_version"}


async def _rows(database: Database) -> dict[str, list[Any]]:
    """Return the rows of all tables, as text."""
    tables_there = list(await _schema(database))
    async with database.engine.connect() as connection:
        found = {table: await connection.execute(text(f"SELECT * FROM {table}")) for table in tables_there}  # noqa: S608
        return {table: sorted(tuple(map(str, row)) for row in rows) for table, rows in found.items()}
