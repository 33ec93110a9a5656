"""Copies the database and the encryption keys into one file, while the bot may run."""

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import JSON, Connection, RowMapping, Table, Text, cast, event, func, select, text
from sqlalchemy import MetaData as Tables
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.archive import CHUNK, FORMAT, KEYS, ROWS, STORE, TABLES, ArchiveTrouble, Manifest, Tell, Writer, written
from storage.database import BUSY_SECONDS, Database, DatabaseTrouble

VERSION_TABLE = "alembic_version"
COUNTER = "sqlite_sequence"
AT_ONCE = 500


async def back_up(
    database: Database, keys: Path, file: Path, *, user: str, version: str, now: datetime, tell: Tell
) -> Manifest:
    """Copy the database, as it is at one instant, and the folder of keys; a running bot is not held up.

    `file` (what was there is replaced) holds the access token, if the bot logged in by password, and all keys.
    Raises ArchiveTrouble: `nothing` (there is no database yet), `unwritable`, `keys`; DatabaseTrouble: `unreachable`.
    """
    _demand(database)
    with written(file) as writer:
        async with _snapshot(database) as connection:
            schema = await connection.run_sync(_schema, database.where)
            device = await connection.run_sync(_device, user)
            rows, numbers = await connection.run_sync(_copy_tables, writer, tell)
        # Behind the database, never before: keys that are newer than the database's position open all that it still
        # expects, older ones would not.
        _copy_stores(keys, writer)
        manifest = Manifest(FORMAT, version, schema, now, user, device, rows, numbers, writer.sha256)
        writer.finish(manifest)
    return manifest


def _demand(database: Database) -> None:
    """Make sure that there is a database: SQLite would make one by opening it."""
    if database.is_sqlite and not Path(database.url.database or "").exists():
        raise ArchiveTrouble("nothing", database.where)


@contextlib.asynccontextmanager
async def _snapshot(database: Database) -> AsyncIterator[AsyncConnection]:
    """Give a connection that sees the database as it was at the first look, and keeps nobody from writing."""
    if database.is_sqlite:
        # Its own transactions begin IMMEDIATE, which would wait for the bot's and hold them up.
        engine = create_async_engine(database.url, connect_args={"isolation_level": None, "timeout": BUSY_SECONDS})
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    else:
        engine = create_async_engine(database.url, isolation_level="REPEATABLE READ", hide_parameters=True)
    connection = engine.connect()
    try:
        await _open(connection, database)
        yield connection
    except DBAPIError as error:
        raise DatabaseTrouble("unreachable", f"{database.where}: {error.orig}") from error
    finally:
        await connection.close()
        await engine.dispose()


async def _open(connection: AsyncConnection, database: Database) -> None:
    try:
        await connection.start()
        if not database.is_sqlite:
            await connection.execution_options(postgresql_readonly=True)
    except OSError as error:
        raise DatabaseTrouble("unreachable", database.where) from error


def _schema(connection: Connection, where: str) -> str:
    """Return the migration that the database is at."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        raise ArchiveTrouble("nothing", where)
    found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608 - our own word
    if found is None:
        raise ArchiveTrouble("nothing", where)
    return str(found)


def _device(connection: Connection, user: str) -> str | None:
    account = Table("account", Tables(), autoload_with=connection)
    return connection.scalar(select(account.c.device_id).where(account.c.user_id == user))


def _copy_tables(connection: Connection, writer: Writer, tell: Tell) -> tuple[dict[str, int], dict[str, int]]:
    """Copy all tables as they are found, so that older schemas can be copied too; returns their rows and numbers."""
    schema = Tables()
    schema.reflect(connection)
    found = [table for table in schema.sorted_tables if table.name != VERSION_TABLE]
    rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in found}
    _copy_rows(connection, found, sum(rows.values()), writer, tell)
    return rows, _numbers(connection, found)


def _copy_rows(connection: Connection, found: list[Table], total: int, writer: Writer, tell: Tell) -> None:
    done = 0
    for table in found:
        with writer.member(f"{TABLES}{table.name}{ROWS}") as write:
            for row in _rows(connection, table):
                write(LINE.encode(dict(row)).encode() + b"\n")
                done += 1
                if not done % AT_ONCE:
                    tell("rows", done, total)
    tell("rows", total, total)


def _rows(connection: Connection, table: Table) -> Iterator[RowMapping]:
    """Yield the rows, a few at a time from the database.

    The order of the key puts a row behind the one that it refers to in its own table. JSON comes as the text that is
    stored, which tells its `null` from no value at all.
    """
    columns = [
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column for column in table.columns
    ]
    query = select(*columns).order_by(*table.primary_key.columns)
    yield from connection.execute(query.execution_options(yield_per=AT_ONCE)).mappings()


def _numbers(connection: Connection, found: list[Table]) -> dict[str, int]:
    """Return the highest number ever given, of the tables for which the database remembers it."""
    if connection.dialect.name == "sqlite":
        known = connection.dialect.has_table(connection, COUNTER)
        query = f"SELECT seq FROM {COUNTER} WHERE name = :name" if known else "SELECT NULL"  # noqa: S608 - our own word
    else:
        query = "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence(:name, :key) AS regclass))"
    numbers = {}
    for table in found:
        key = next(iter(table.primary_key.columns)).name
        numbers[table.name] = connection.scalar(text(query), {"name": table.name, "key": key})
    return {name: number for name, number in numbers.items() if number is not None}


def _written(value: object) -> str:
    """Return instants and days as ISO 8601. An instant from SQLite has no zone: it is UTC."""
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in a copy")


LINE = json.JSONEncoder(default=_written, ensure_ascii=False)


def _copy_stores(keys: Path, writer: Writer) -> None:
    """Copy all key stores, which may be in use, their newest changes included."""
    try:
        # glob() would find nothing in a folder that it may not read, and say nothing.
        stores = sorted(one for one in keys.iterdir() if one.suffix == STORE) if keys.exists() else []
    except OSError as error:
        raise ArchiveTrouble("keys", f"{keys}: {error.strerror}") from error
    for store in stores:
        _copy_store(store, writer)


def _copy_store(store: Path, writer: Writer) -> None:
    copy = writer.folder / store.name
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{store.absolute().as_uri()}?mode=rw", uri=True)) as source,
            contextlib.closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise ArchiveTrouble("keys", f"{store}: {error}") from error
    with copy.open("rb") as stream, writer.member(f"{KEYS}{store.name}") as write:
        while content := stream.read(CHUNK):
            write(content)
    copy.unlink()
