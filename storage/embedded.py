"""SQLite on the event loop: statements run at once, only the wait for the disk happens in a thread.

A statement of ours takes microseconds, a hop to another thread and back a hundred times that. The shape is the part
of aiosqlite's connection that SQLAlchemy uses; see docs/decisions/0002-sqlite-on-the-loop.md.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any, Self

RETRY_SECONDS = 0.02


class Cursor:
    """A cursor whose coroutines finish at once, except where another process holds the write lock."""

    def __init__(self, cursor: sqlite3.Cursor, patience: float) -> None:
        self._cursor = cursor
        self._patience = patience

    async def __aenter__(self) -> Self:
        """Open, which it is already."""
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement; `BEGIN IMMEDIATE` waits for the write lock, without blocking the loop."""
        if not statement.startswith("BEGIN"):
            self._cursor.execute(statement, parameters)
            return
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                self._cursor.execute(statement)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row of parameters."""
        self._cursor.executemany(statement, parameters)

    async def fetchall(self) -> list[Any]:
        """Return all rows."""
        return self._cursor.fetchall()

    async def fetchmany(self, size: int) -> list[Any]:
        """Return the next rows of a result that is read in pieces."""
        return self._cursor.fetchmany(size)

    async def close(self) -> None:
        """Give the cursor back."""
        self._cursor.close()

    @property
    def description(self) -> Any:
        """The columns of the result, if there is one."""
        return self._cursor.description

    @property
    def lastrowid(self) -> int | None:
        """The key of the row inserted last."""
        return self._cursor.lastrowid

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        return self._cursor.rowcount


class Connection:
    """A connection for one event loop; transactions are begun by hand (`isolation_level` None)."""

    def __init__(self, database: str, patience: float) -> None:
        self._patience = patience
        self._connection: sqlite3.Connection | None = sqlite3.connect(
            database, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._written = 0

    @property
    def _conn(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("Connection closed")
        return self._connection

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        return Cursor(self._conn.cursor(), self._patience)

    async def create_function(self, *args: Any, **kwargs: Any) -> None:
        """Add a function that statements can call."""
        self._conn.create_function(*args, **kwargs)

    async def commit(self) -> None:
        """Make the transaction durable; the wait for the disk, if anything was written, does not hold up the loop."""
        written = self._conn.total_changes
        if written == self._written:
            self._conn.commit()
        else:
            await asyncio.to_thread(self._conn.commit)
        self._written = written

    async def rollback(self) -> None:
        """Undo the transaction."""
        self._conn.rollback()

    async def close(self) -> None:
        """Close; a second time does nothing."""
        self.stop()

    def stop(self) -> None:
        """Close at once."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


async def connect(database: str, patience: float) -> Connection:
    """Open a database file; waits up to `patience` seconds for a write lock that another process holds."""
    return Connection(database, patience)
