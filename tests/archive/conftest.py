"""Empty databases, and a folder of keys that is in use."""

import contextlib
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from storage.database import Database
from tests.archive.initiative import STORE, Make


@pytest.fixture
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Make]:
    """Give empty databases, of a kind that the caller names."""
    made: list[Database] = []
    dropped: list[tuple[str, str]] = []

    async def on_server(server: str, statement: str) -> None:
        engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    async def one(kind: str) -> Database:
        name = f"archive_{uuid.uuid4().hex}"
        url = f"sqlite+aiosqlite:///{tmp_path / name}.db"
        if kind == "postgres":
            server = request.getfixturevalue("postgres_url")
            await on_server(server, f"CREATE DATABASE {name}")
            dropped.append((server, name))
            url = make_url(server).set(database=name).render_as_string(hide_password=False)
        made.append(Database(url))
        return made[-1]

    yield one
    for database in made:
        await database.close()
    for server, name in dropped:
        await on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Path]:
    """Give a folder with a key store that is in use, its newest row not in the main file yet."""
    folder = tmp_path / "keys"
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / STORE)) as store:
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY, pickle BLOB)")
        store.execute("INSERT INTO sessions (pickle) VALUES (?)", (b"pickle " * 2000,))
        store.commit()
        yield folder
