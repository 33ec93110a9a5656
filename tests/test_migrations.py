"""The database's schema: made by migrations alone, the same as the classes say, on SQLite and on PostgreSQL."""

import importlib
import pkgutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy import inspect as examine
from sqlalchemy.ext.asyncio import create_async_engine

from storage import tables
from storage.base import Base
from storage.database import MIGRATIONS, Database, DatabaseTrouble
from storage.migrations import versions

assert tables.ALL


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
