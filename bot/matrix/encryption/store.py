"""The store of the keys: nio's, in one file that survives a crash, with room keys read when they are needed."""

from collections.abc import Collection, Iterator, Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Any

import peewee
from nio.crypto import GroupSessionStore, InboundGroupSession, OlmAccount, OlmDevice
from nio.store import (
    Accounts,
    DeviceKeys,
    DeviceTrustState,
    EncryptedRooms,
    Keys,
    MegolmInboundSessions,
    OlmSessions,
    SqliteStore,
)
from nio.store.database import use_database_atomic

FILE = "keys.db"
IN_MEMORY = 1000
SECRETS = "CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
PENDING = "CREATE TABLE IF NOT EXISTS not_backed_up (session_id TEXT PRIMARY KEY)"
DEVICES = """INSERT INTO devicekeys (user_id, device_id, display_name, deleted, account_id) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (account_id, user_id, device_id) DO UPDATE SET deleted = excluded.deleted"""
DEVICE_KEYS = """INSERT OR REPLACE INTO keys (key_type, key, device_id)
SELECT ?, ?, id FROM devicekeys WHERE user_id = ? AND device_id = ? AND account_id = ?"""
RESTORED_AT = "restored_at"


class Secrets(MutableMapping[str, str]):
    """What the device keeps beside its keys: the private keys of the identity, and what it knows of itself."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database
        database.execute_sql(SECRETS)

    def __getitem__(self, name: str) -> str:
        """Return a secret. Raises KeyError."""
        row = self._database.execute_sql("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise KeyError(name)
        return str(row[0])

    def __setitem__(self, name: str, value: str) -> None:
        """Keep a secret, on disk when this returns."""
        self._database.execute_sql("INSERT OR REPLACE INTO secrets VALUES (?, ?)", (name, value))

    def __delitem__(self, name: str) -> None:
        """Forget a secret. Raises KeyError."""
        self[name]
        self._database.execute_sql("DELETE FROM secrets WHERE name = ?", (name,))

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter([str(name) for (name,) in self._database.execute_sql("SELECT name FROM secrets ORDER BY name")])

    def __len__(self) -> int:
        """Return how many there are."""
        return int(self._database.execute_sql("SELECT count(*) FROM secrets").fetchone()[0])


class RoomKeys(GroupSessionStore):  # type: ignore[misc]
    """The room keys that others sent us: those used lately in memory, all of them in the store."""

    def __init__(self, store: "Store") -> None:
        super().__init__()
        self._store = store
        self._lately: dict[tuple[str, str], InboundGroupSession] = {}

    def find(self, room_id: str, session_id: str) -> InboundGroupSession | None:
        """Return the key of this session, whoever's it is."""
        session = self._lately.get((room_id, session_id)) or self._store.room_key(room_id, session_id)
        if session is not None:
            self._remember(session)
        return session

    def get(self, room_id: str, sender_key: str, session_id: str) -> InboundGroupSession | None:
        """Return the key of this session if it came from that device."""
        session = self.find(room_id, session_id)
        return session if session is not None and session.sender_key == sender_key else None

    def add(self, session: InboundGroupSession) -> bool:
        """Take a key; False if the one that is there reaches as far back, or is somebody else's.

        Who comes first is whose it is: a member who sends on somebody's key must not make it his own.
        """
        known = self.find(session.room_id, session.id)
        if known is not None and (
            known.sender_key != session.sender_key or known.first_known_index <= session.first_known_index
        ):
            return False
        self._remember(session)
        return True

    def _remember(self, session: InboundGroupSession) -> None:
        name = session.room_id, session.id
        self._lately.pop(name, None)
        self._lately[name] = session
        if len(self._lately) > IN_MEMORY:
            self._lately.pop(next(iter(self._lately)))


class Database(peewee.SqliteDatabase):  # type: ignore[misc]
    """A database whose models are all named wherever they are bound: nobody has to look for those they refer to."""

    def bind_ctx(self, models: Any, bind_refs: bool = False, bind_backrefs: bool = False) -> Any:  # noqa: ARG002
        """Bind these models and no others."""
        return super().bind_ctx(models, bind_refs=False, bind_backrefs=False)


class Store(SqliteStore):  # type: ignore[misc]
    """nio's store with a write-ahead log, in the file `keys.db`; it belongs to one device at a time."""

    def _create_database(self) -> peewee.SqliteDatabase:
        Path(self.database_path).touch(mode=0o600)
        pragmas = {"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1, "secure_delete": 1}
        return Database(self.database_path, pragmas=pragmas)

    def __post_init__(self) -> None:
        """Open the file and make what nio does not know of."""
        self._account: Accounts | None = None
        self._encrypted: set[str] = set()
        super().__post_init__()
        self.secrets = Secrets(self.database)
        self.database.execute_sql(PENDING)

    def _get_account(self) -> Accounts | None:
        """Return the device's row; nio asks for it with every statement."""
        if self._account is None:
            self._account = super()._get_account()
        return self._account

    @use_database_atomic  # type: ignore[untyped-decorator]
    def save_account(self, account: OlmAccount) -> None:
        """Save the device's own keys; a new device takes over the room keys of the one before it."""
        is_new = self._get_account() is None
        super().save_account(account)
        if is_new:
            ours = self._get_account()
            before = Accounts.select().where(Accounts.user_id == self.user_id, Accounts.id != ours)
            for model in (MegolmInboundSessions, EncryptedRooms):
                model.update(account=ours).where(model.account.in_(before)).execute()
            devices = DeviceKeys.select(DeviceKeys.id).where(DeviceKeys.account.in_(before))
            for model in (Keys, DeviceTrustState):  # what refers to devices does not go with them
                model.delete().where(model.device.in_(devices)).execute()
            Accounts.delete().where(Accounts.user_id == self.user_id, Accounts.id != ours).execute()

    def save_encrypted_rooms(self, rooms: Collection[str]) -> None:
        """Save which rooms are encrypted; nio asks for it at every sync."""
        new = set(rooms) - self._encrypted
        if new:
            super().save_encrypted_rooms(new)
            self._encrypted |= new

    def save_device_keys(self, device_keys: Mapping[str, Mapping[str, OlmDevice]]) -> None:
        """Save the keys of devices, all in two statements."""
        ours = self._get_account()
        assert ours is not None  # noqa: S101 - the machine saves it first
        found = [one for devices in device_keys.values() for one in devices.values()]
        keys = [(kind, key, one.user_id, one.id, ours.id) for one in found for kind, key in one.keys.items()]
        with self.database.atomic():
            execute = self.database.connection().executemany
            execute(DEVICES, [(one.user_id, one.id, one.display_name, one.deleted, ours.id) for one in found])
            execute(DEVICE_KEYS, keys)

    @use_database_atomic  # type: ignore[untyped-decorator]
    def forget_session(self, session_id: str) -> None:
        """Delete a session with another device."""
        OlmSessions.delete().where(OlmSessions.session_id == session_id).execute()

    def load_inbound_group_sessions(self) -> RoomKeys:
        """Return the room keys, none of which is read before it is needed."""
        return RoomKeys(self)

    @use_database_atomic  # type: ignore[untyped-decorator]
    def room_key(self, room_id: str, session_id: str) -> InboundGroupSession | None:
        """Read one room key."""
        row = MegolmInboundSessions.get_or_none(
            MegolmInboundSessions.session_id == session_id, MegolmInboundSessions.room_id == room_id
        )
        if row is None:
            return None
        chain = [one.sender_key for one in row.forwarded_chains]
        return InboundGroupSession.from_pickle(
            row.session, row.fp_key, row.sender_key, row.room_id, self.pickle_key, chain
        )

    @use_database_atomic  # type: ignore[untyped-decorator]
    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        """Save a room key, and note that it is not in the backup yet."""
        super().save_inbound_group_session(session)
        self.database.execute_sql("INSERT OR IGNORE INTO not_backed_up VALUES (?)", (session.id,))

    # -- backup

    @use_database_atomic  # type: ignore[untyped-decorator]
    def not_backed_up(self, limit: int) -> list[InboundGroupSession]:
        """Return room keys that the backup on the server lacks."""
        found = self.database.execute_sql(
            "SELECT room_id, session_id FROM megolminboundsessions JOIN not_backed_up USING (session_id) LIMIT ?",
            (limit,),
        ).fetchall()
        return [key for room, session in found if (key := self.room_key(room, session)) is not None]

    def backed_up(self, session_ids: list[str]) -> None:
        """Note that the backup on the server has these."""
        with self.database.atomic():
            for one in session_ids:
                self.database.execute_sql("DELETE FROM not_backed_up WHERE session_id = ?", (one,))

    def back_up_all(self) -> None:
        """Note that the backup on the server has none of the room keys."""
        self.database.execute_sql("INSERT OR IGNORE INTO not_backed_up SELECT session_id FROM megolminboundsessions")

    # -- the copy

    @property
    def restored_at(self) -> datetime | None:
        """When this store was brought back from a copy, in naive local time as nio notes it."""
        noted = self.secrets.get(RESTORED_AT)
        return datetime.fromisoformat(noted).astimezone().replace(tzinfo=None) if noted else None


def open_store(folder: Path, user_id: str, device_id: str) -> Store:
    """Open the store in a folder, which is made if there is none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Store(user_id, device_id, str(folder), "DEFAULT_KEY", FILE)
