"""The database: one engine, one transaction per piece of work, migrations at start."""

import asyncio
import contextlib
import fcntl
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import AsyncAdaptedQueuePool, Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from storage import embedded

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 5
STANDBY_SECONDS = 2
LOCK = 0x75616762  # "uagb": the advisory lock that only one process holds

PASSING = re.compile("locked|busy|disk|full|readonly|unable to open", re.IGNORECASE)


class DatabaseTrouble(Exception):
    """The database cannot be used: `reason` is a word for the operator's message, `detail` says where."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Database:
    """Opens `url` (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`) and hands out transactions."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = _engine(url)
        self._lock_file: int | None = None
        self._lock_connection: AsyncConnection | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded default."""
        return self.url.get_backend_name() == "sqlite"

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """One unit of work: commits at the end, rolls back on any exception.

        Raises DatabaseTrouble where the database (and not the work) is to blame: trying again later may help.
        """
        try:
            session = AsyncSession(self.engine, expire_on_commit=False, autoflush=False)
            async with session, session.begin():
                yield session
        except (DBAPIError, OSError) as error:
            if not _unavailable(error):
                raise
            raise self._trouble(error) from error

    def _trouble(self, error: Exception) -> DatabaseTrouble:
        locked = isinstance(error, OperationalError) and "locked" in str(error.orig)
        return DatabaseTrouble("locked" if locked else "unreachable", self.where)

    async def lock(self, *, wait: bool = False) -> None:
        """Make this process the only one that works on the database.

        SQLite: a lock file beside the database; PostgreSQL: an advisory lock, kept by a connection of its own.
        With `wait` a second process stands by until the first ends; without, raises DatabaseTrouble("in-use").
        Raises DatabaseTrouble("unreachable") as well.
        """
        try:
            while not await self._try_lock():
                if not wait:
                    raise DatabaseTrouble("in-use", self.where)
                await asyncio.sleep(STANDBY_SECONDS)
        except (DBAPIError, OSError) as error:
            raise self._trouble(error) from error

    async def check_lock(self) -> None:
        """Make sure that the lock still holds; raises DatabaseTrouble("lock-lost") if its connection broke."""
        if self._lock_connection is None:
            return
        try:
            await self._lock_connection.execute(text("SELECT 1"))
            await self._lock_connection.commit()
        except (DBAPIError, OSError) as error:
            raise DatabaseTrouble("lock-lost", self.where) from error

    @property
    def where(self) -> str:
        """The address without its password."""
        return self.url.render_as_string(hide_password=True)

    async def _try_lock(self) -> bool:
        if not self.is_sqlite:
            self._lock_connection = self._lock_connection or await self.engine.connect()
            found = await self._lock_connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK})
            held = bool(found.scalar_one())
            await self._lock_connection.commit()
            return held
        if self.url.database in (None, "", ":memory:"):
            return True
        handle = os.open(f"{self.url.database}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock_file = handle
        return True

    async def upgrade(self) -> None:
        """Bring the schema to this version.

        Raises DatabaseTrouble: `newer` (made by a later version), `locked`, `unreachable`.
        """
        try:
            async with self.engine.begin() as connection:
                await connection.run_sync(_upgrade)
        except (DBAPIError, OSError) as error:
            raise self._trouble(error) from error

    async def examine(self) -> str:
        """Look without changing anything: `empty`, `up to date` or `to be upgraded at the next start`.

        Raises DatabaseTrouble as `upgrade`.
        """
        database = self.url.database or ""
        if self.is_sqlite and database not in ("", ":memory:") and not Path(database).exists():
            if not os.access(Path(database).absolute().parent, os.W_OK):
                raise DatabaseTrouble("unreachable", self.where)
            return "empty"
        try:
            async with self.engine.connect() as connection:
                return await connection.run_sync(_state)
        except (DBAPIError, OSError) as error:
            raise self._trouble(error) from error

    async def close(self) -> None:
        """Close all connections and give the lock back."""
        if self._lock_connection is not None:
            with contextlib.suppress(DBAPIError, OSError):
                await self._lock_connection.close()
        await self.engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None


def _unavailable(error: DBAPIError | OSError) -> bool:
    if isinstance(error, OperationalError):
        return not isinstance(error.orig, sqlite3.OperationalError) or bool(PASSING.search(str(error.orig)))
    if isinstance(error, OSError) or error.connection_invalidated:
        return True
    return isinstance(error, InterfaceError) and "connection" in str(error.orig)


def _engine(url: str) -> AsyncEngine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
    # One connection: transactions queue in the pool instead of meeting SQLITE_BUSY.
    file = make_url(url).database or ":memory:"
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        async_creator=lambda: embedded.connect(file, BUSY_SECONDS),
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def alembic_config(connection: Connection) -> "Config":
    """Return the settings with which Alembic works on an open connection."""
    from alembic.config import Config  # noqa: PLC0415 - 12 MB that only an upgrade needs

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    if _state(connection) == "up to date":
        return
    from alembic import command  # noqa: PLC0415 - see alembic_config

    command.upgrade(alembic_config(connection), "head")


def _state(connection: Connection) -> str:
    """Compare the database's version with the numbers that the files of the migrations begin with."""
    known = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    if not connection.dialect.has_table(connection, "alembic_version"):
        return "empty"
    current = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if current is None:
        return "empty"
    if current not in known:
        raise DatabaseTrouble("newer", str(current))
    return "up to date" if current == known[-1] else "to be upgraded at the next start"
