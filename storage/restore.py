"""Brings database and encryption keys back from a copy, whole or not at all."""

import contextlib
import itertools
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import JSON, Connection, Date, DateTime, Dialect, Integer, Table, func, select, text
from sqlalchemy import MetaData as Tables
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from storage import tables
from storage.archive import Archive, ArchiveTrouble, Manifest, Tell, opened, sync_folder
from storage.backup import AT_ONCE, COUNTER, VERSION_TABLE
from storage.base import Base
from storage.database import MIGRATIONS, Database, DatabaseTrouble, alembic_config

NUMBER_ON = (
    text(f"DELETE FROM {COUNTER} WHERE name = :name"),  # noqa: S608 - our own word
    text(
        f"INSERT INTO {COUNTER} SELECT name, :last FROM sqlite_master"  # noqa: S608 - our own word
        " WHERE type = 'table' AND name = :name AND sql LIKE '%AUTOINCREMENT%'"
    ),
)


async def restore(database: Database, keys: Path, file: Path, *, user: str, now: datetime, tell: Tell) -> Manifest:
    """Bring everything back into an empty database and an empty folder of keys, then to today's schema.

    Killed in the middle, it may simply be called again with the same file. Each key store notes `now` as
    `restored_at`: what the client then sends must not go on where the copy stopped.
    Raises ArchiveTrouble: what `opened` raises, `other-account`, `keys-not-empty`, `database-not-empty`;
    DatabaseTrouble: `in-use`, `unreachable`.
    """
    with opened(file, tell) as archive:
        _suits(archive.manifest, user, file)
        await database.lock()
        with _blamed(database, file):
            keys, waiting = _places(keys, archive.manifest)
            async with database.engine.begin() as connection:
                if await connection.run_sync(_is_empty, archive.manifest, waiting, database.where):
                    with _removed_again(waiting):
                        _unpack(archive, waiting, now)
                        await connection.run_sync(_fill, archive, tell)
            # Last, and in one step: where there are keys, the database is complete.
            _put(waiting, keys)
    return archive.manifest


def _suits(manifest: Manifest, user: str, file: Path) -> None:
    known = {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if manifest.schema not in known:
        raise ArchiveTrouble("newer", f"{file}: made by {manifest.version}")
    if manifest.user != user:
        raise ArchiveTrouble("other-account", f"{manifest.user}, not {user}")


@contextlib.contextmanager
def _blamed(database: Database, file: Path) -> Iterator[None]:
    """Say whether the database, the folder of keys or the copy is at fault."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise ArchiveTrouble("damaged", f"{file}: {error.orig}") from error
    except DBAPIError as error:
        raise DatabaseTrouble("unreachable", f"{database.where}: {error.orig}") from error
    except (OSError, sqlite3.OperationalError) as error:
        raise ArchiveTrouble("keys-unwritable", str(error)) from error
    except (SQLAlchemyError, sqlite3.DatabaseError, LookupError, TypeError, ValueError) as error:
        # The checksums are right and yet it does not fit its own schema: `back_up` has not written that.
        raise ArchiveTrouble("damaged", f"{file}: {error}") from error


def _places(keys: Path, manifest: Manifest) -> tuple[Path, Path]:
    """Return the folder of keys, and where the copy's wait until they are all that is missing."""
    keys = keys.resolve()
    if keys.exists() and any(keys.iterdir()):
        raise ArchiveTrouble("keys-not-empty", str(keys))
    return keys, keys.with_name(f"{keys.name}.restoring-{manifest.fingerprint}")


@contextlib.contextmanager
def _removed_again(folder: Path) -> Iterator[None]:
    """Leave no keys lying about where the rows could not be put in. What fails later may have been in time."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _put(waiting: Path, keys: Path) -> None:
    waiting.rename(keys)
    sync_folder(keys.parent)


def _is_empty(connection: Connection, manifest: Manifest, waiting: Path, where: str) -> bool:
    """Whether there is everything still to do; False if an earlier try filled the database and got no further.

    Raises ArchiveTrouble("database-not-empty") where somebody else did.
    """
    assert tables.ALL  # noqa: S101 - all of today's tables are known before others are called strange
    found = Tables()
    found.reflect(connection)
    rows = {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in found.sorted_tables
        if table.name != VERSION_TABLE
    }
    if not any(rows.values()) and rows.keys() <= {*Base.metadata.tables, *manifest.rows}:
        found.drop_all(connection)
        return True
    if waiting.is_dir() and all(rows.get(table) == count for table, count in manifest.rows.items()):
        return False
    raise ArchiveTrouble("database-not-empty", where)


def _unpack(archive: Archive, folder: Path, now: datetime) -> None:
    """Make the folder of keys under another name, in place of what an earlier try may have left."""
    for leftover in folder.parent.glob(f"{folder.name.rpartition('-')[0]}-*"):
        shutil.rmtree(leftover)
    folder.mkdir(mode=0o700, parents=True)
    for name in archive.manifest.stores:
        store = folder / name
        archive.unpack(name, store)
        with contextlib.closing(sqlite3.connect(store)) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            connection.execute("INSERT OR REPLACE INTO secrets VALUES ('restored_at', ?)", (now.isoformat(),))
    sync_folder(folder)
    sync_folder(folder.parent)


def _fill(connection: Connection, archive: Archive, tell: Tell) -> None:
    """Make the schema that the copy was made at, put the rows in, and upgrade both to today's."""
    command.upgrade(alembic_config(connection), archive.manifest.schema)
    schema = Tables()
    schema.reflect(connection)
    if not archive.manifest.rows.keys() <= schema.tables.keys():
        raise ValueError("tables that this schema does not know")
    done, total = 0, sum(archive.manifest.rows.values())
    for table in schema.sorted_tables:
        rows = archive.rows(table.name) if table.name in archive.manifest.rows else iter(())
        readers = _readers(table, connection.dialect)
        while some := [_read(row, readers) for row in itertools.islice(rows, AT_ONCE)]:
            connection.execute(table.insert(), some)
            done += len(some)
            tell("rows", done, total)
        _number_on(connection, table, archive.manifest.numbers.get(table.name, 0))
    command.upgrade(alembic_config(connection), "head")


def _readers(table: Table, dialect: Dialect) -> dict[str, Callable[[Any], Any]]:
    """Return what turns the written values into those that the columns take."""
    readers: dict[str, Callable[[Any], Any]] = dict.fromkeys(table.columns.keys(), lambda value: value)
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type.none_as_null = True
            readers[column.name] = lambda text: JSON.NULL if text == "null" else json.loads(text)
        elif isinstance(column.type, DateTime):
            readers[column.name] = _aware if dialect.name != "sqlite" and column.type.timezone else _naive
        elif isinstance(column.type, Date):
            readers[column.name] = date.fromisoformat
    return readers


def _read(row: dict[str, Any], readers: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
    return {name: None if value is None else readers[name](value) for name, value in row.items()}


def _aware(value: str) -> datetime:
    """Read an instant; one from SQLite has no zone."""
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _naive(value: str) -> datetime:
    """Read an instant as SQLite keeps it, or wall time, which stays what it is."""
    found = datetime.fromisoformat(value)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _number_on(connection: Connection, table: Table, given: int) -> None:
    """Let the database number new rows behind those that there are, and those that there were."""
    [column, *_] = table.primary_key.columns
    if not isinstance(column.type, Integer):
        return
    last = max(given, connection.scalar(select(func.max(column))) or 0)
    if connection.dialect.name == "postgresql" and last:
        sequence = func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(select(func.setval(sequence, last)))
    elif connection.dialect.has_table(connection, COUNTER):
        for statement in NUMBER_ON:
            connection.execute(statement, {"name": table.name, "last": last})
