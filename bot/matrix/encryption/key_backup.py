"""The account's key backup on the server: opened, written to and read from."""

import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from bot.matrix.encryption.backup import ALGORITHM, PROOF, BackupKey, auth_data, lock, megolm, proof, unlock
from bot.matrix.encryption.recovery import BACKUP, MASTER
from bot.matrix.encryption.signing import SigningKey
from bot.matrix.errors import Rejected

JSON = dict[str, Any]
Call = Callable[[str, str, JSON | None], Awaitable[JSON]]
"""Asks the server: method, path, content. Raises what `Homeserver.call` raises."""

NOT_FOUND = "M_NOT_FOUND"
_OTHER_VERSION = "M_WRONG_ROOM_KEYS_VERSION"
_API = "/_matrix/client/v3/room_keys"


class NoBackup(Exception):
    """The server has no key backup that only we can read."""


class KeyBackup:
    """The current version of the backup, used only if its public key is that of the private key in `secrets`.

    Nobody else can have made such a version (specification, "Server-side key backups"), whoever has signed it.
    """

    def __init__(self, call: Call, user_id: str, secrets: MutableMapping[str, str]) -> None:
        self._call = call
        self._user_id = user_id
        self._secrets = secrets

    async def version(self) -> JSON:
        """Return what the server says of the current version, or nothing where there is none."""
        try:
            return await self._call("GET", f"{_API}/version", None)
        except Rejected as refusal:
            if refusal.code != NOT_FOUND:
                raise
            return {}

    def is_ours(self, version: JSON) -> bool:
        """Tell whether the private key kept here opens this version."""
        data = version.get("auth_data")
        try:
            public = BackupKey(self._secrets[BACKUP]).public
        except (KeyError, ValueError):
            return False
        return version.get("algorithm") == ALGORITHM and isinstance(data, dict) and data.get("public_key") == public

    async def open(self) -> None:
        """Start a version, signed by the master key kept here, unless the current one is ours already."""
        if BACKUP not in self._secrets:
            self._secrets[BACKUP] = BackupKey.generate().seed
        if self.is_ours(await self.version()):
            return
        data = auth_data(BackupKey(self._secrets[BACKUP]).public, self._user_id, SigningKey(self._secrets[MASTER]))
        await self._call("POST", f"{_API}/version", {"algorithm": ALGORITHM, "auth_data": data})

    async def upload_sessions(self, sessions: Iterable[Mapping[str, Any]]) -> None:
        """Put exported Megolm sessions (specification, "Key export format") into the backup, in one request.

        Raises NoBackup, also for a backup that somebody else has put in the place of ours, and ValueError or KeyError
        for what is no session.
        """
        rooms: JSON = {}
        for session in sessions:
            in_room = rooms.setdefault(session["room_id"], {"sessions": {}})["sessions"]
            proven = {**session, PROOF: proof(self._key().seed, session)}
            in_room[session["session_id"]] = lock(self._key().public, proven)
        if rooms:
            await self._in_current_version("PUT", "", {"rooms": rooms})

    async def fetch_session(self, room_id: str, session_id: str) -> JSON | None:
        """Return one exported Megolm session, or None if it is not there, malformed or not put there by us.

        Raises NoBackup.
        """
        place = f"/{quote(room_id, safe='')}/{quote(session_id, safe='')}"
        try:
            session = unlock(self._key().seed, await self._in_current_version("GET", place, None))
            session |= {"room_id": room_id, "session_id": session_id}
            right = megolm(session).session_id == session_id
        except Rejected as refusal:
            if refusal.code == NOT_FOUND:
                return None
            raise
        except ValueError:
            return None
        ours = hmac.compare_digest(str(session.pop(PROOF, "")).encode(), proof(self._key().seed, session).encode())
        return session if right and ours else None

    def _key(self) -> BackupKey:
        if BACKUP not in self._secrets:
            raise NoBackup("No private key of a key backup is kept here.")
        return BackupKey(self._secrets[BACKUP])

    async def _in_current_version(self, method: str, place: str, content: JSON | None) -> JSON:
        try:
            return await self._call(method, await self._path(place), content)
        except Rejected as refusal:
            if refusal.code != _OTHER_VERSION:
                raise
        # Somebody started another version between our two requests; theirs is not ours, unless they are we.
        return await self._call(method, await self._path(place), content)

    async def _path(self, place: str) -> str:
        version = await self.version()
        if not self.is_ours(version):
            raise NoBackup("The key backup on the server is not ours.")
        return f"{_API}/keys{place}?version={quote(str(version['version']), safe='')}"
