"""What the store of the keys holds, looked at without opening it for work: the bot may be using it."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import vodozemac
from nio.crypto import OlmAccount

from bot.matrix.encryption.store import FILE

PASSPHRASE = "DEFAULT_KEY"  # noqa: S105 - what nio calls its own


class StoreUnreadable(Exception):
    """The file is damaged, or not ours to read; the message names it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one device finds in the store."""

    secrets: Mapping[str, str]
    device_keys: Mapping[str, str]
    """The device's public keys, as they are published; empty if the store holds none of this device."""
    keys_made: int
    """How many one-time keys the device has ever made."""


def look(folder: Path, user_id: str, device_id: str) -> Kept | None:
    """Read what the store in this folder holds for a device, and change nothing; None if there is no store.

    Raises StoreUnreadable.
    """
    file = folder / FILE
    try:
        if not file.exists():
            return None
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{_gently(file)}", uri=True)) as store:
            secrets = dict(store.execute("SELECT name, value FROM secrets")) if _has(store, "secrets") else {}
            keys = _device_keys(store, user_id, device_id) if _has(store, "accounts") else {}
    except (sqlite3.Error, OSError, vodozemac.PickleException, vodozemac.LibolmPickleException) as error:
        raise StoreUnreadable(f"{file}: {error}") from None
    return Kept(secrets, keys, int(secrets.get(f"keys_made {device_id}", "0")))


def _gently(file: Path) -> str:
    """Return how to open it: SQLite makes files beside one that nobody has open, unless told that nobody will."""
    log = file.with_name(f"{file.name}-wal")
    in_use = log.exists() and log.stat().st_size > 0
    return "mode=ro" if in_use else "mode=ro&immutable=1"


def _has(store: sqlite3.Connection, table: str) -> bool:
    return store.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _device_keys(store: sqlite3.Connection, user_id: str, device_id: str) -> dict[str, str]:
    query = "SELECT account FROM accounts WHERE user_id = ? AND device_id = ?"
    row = store.execute(query, (user_id, device_id)).fetchone()
    if row is None:
        return {}
    pickle = row[0] if isinstance(row[0], bytes) else str(row[0]).encode()
    keys = OlmAccount.from_pickle(pickle, PASSPHRASE).identity_keys
    return {f"{kind}:{device_id}": str(key) for kind, key in keys.items()}
