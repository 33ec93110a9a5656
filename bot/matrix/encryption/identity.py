"""The account's cross-signing identity on the server: made, recovered, put to use and examined."""

import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import quote

from bot.matrix.encryption import recovery
from bot.matrix.encryption.backup import BackupKey
from bot.matrix.encryption.key_backup import JSON, NOT_FOUND, Call, KeyBackup
from bot.matrix.encryption.published import Published, key_id, key_object, public_key
from bot.matrix.encryption.recovery import (
    BACKUP,
    CROSS_SIGNING,
    MASTER,
    SELF_SIGNING,
    STORED,
    USER_SIGNING,
    NoRecovery,
    WrongRecoveryKey,
)
from bot.matrix.encryption.signing import SigningKey, from_base64, is_signed, signed, to_base64
from bot.matrix.errors import Rejected

Password = Callable[[], str | None]
"""Asked for the account's password, only if the server wants it."""

RECOVERY_KEY_ID = "recovery_key_id"
"""The secret-storage key that was made or used here last."""
DRAFT = "draft"
"""A new identity with all its keys, from before anything of it is uploaded until all of it is."""
RECOVERY_KEY_NAME = "uagbot"

_API = "/_matrix/client/v3"
_PASSWORD_STAGE = "m.login.password"  # noqa: S105 -- what the specification calls it
_UNAUTHORIZED = 401


class IdentityExists(Exception):
    """The account has an identity already, which has to be recovered, or replaced on purpose."""


class AuthenticationNeeded(Exception):
    """The server wants to know who asks, in a way that is not ours: the message says what the operator can do."""

    def __init__(self, message: str, url: str | None = None) -> None:
        super().__init__(message)
        self.url = url
        """Where the operator can agree in a browser, if the server names a place."""


class KeysDiffer(Exception):
    """The server publishes other keys than ours: signing them would vouch for somebody else."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found of the identity; None where it could not be looked at for lack of a key."""

    published: bool
    """All three keys are on the server, and signed as they should be."""
    ours: bool
    """The private keys kept here are those of the published identity."""
    device_ours: bool
    """This device is published, with the keys that it really has."""
    device_signed: bool
    """The published identity vouches for this device."""
    missing: tuple[str, ...]
    """What secret storage lacks, by the types of the account data."""
    recovery_key_opens: bool | None
    """The given recovery key brings back the published identity."""
    recovery_key_current: bool | None
    """The recovery key made or used here last is still the one of secret storage."""
    backup_version: str | None
    """The current version of the key backup."""
    backup_signed: bool
    """The published identity vouches for that version."""
    backup_ours: bool
    """The private key kept here opens that version."""
    backup_count: int
    """So many room keys are in it."""


class Identity:
    """One account's identity, seen from one of its devices.

    `secrets` keeps the private keys of the identity and of its key backup as base64 of 32 bytes, named as in
    secret storage; each change has to last when it returns. `device_keys` are the public keys of the device's own
    Olm account as they were uploaded (`ed25519:DEVICE`, `curve25519:DEVICE`); empty if its store is not at hand:
    then nothing can be signed.

    What is made is kept before it is uploaded, so that a step that was cut off is only to be called again.
    """

    def __init__(
        self,
        call: Call,
        user_id: str,
        device_id: str,
        secrets: MutableMapping[str, str],
        device_keys: Mapping[str, str],
    ) -> None:
        self._call = call
        self._user_id = user_id
        self._device_id = device_id
        self._secrets = secrets
        self._device_keys = device_keys
        self.backup = KeyBackup(call, user_id, secrets)

    async def published(self) -> Published:
        """Ask what the server says of the account's keys and devices."""
        answer = await self._call("POST", f"{_API}/keys/query", {"device_keys": {self._user_id: []}})
        return Published.of(self._user_id, answer)

    async def create(self, password: Password, *, replace: bool = False) -> str:
        """Give the account an identity, secret storage and a key backup, sign this device, return the recovery key.

        The recovery key is not kept. Where a call was cut off the next one goes on, with the same keys. Raises
        IdentityExists unless that is to be replaced, AuthenticationNeeded, KeysDiffer for a device that the server
        shows with other keys, and Rejected (M_FORBIDDEN) for a wrong password.
        """
        published = await self.published()
        self._require_device(published)
        draft: dict[str, str] = json.loads(self._secrets.get(DRAFT, "{}"))
        if not published.belongs_to(draft):
            if published.master is not None and not replace:
                raise IdentityExists(f"{self._user_id} has a cross-signing identity already.")
            if not draft:
                draft = _new_draft()
                self._secrets[DRAFT] = json.dumps(draft)
            await self._upload(draft, password)
        self._secrets.update({name: draft[name] for name in STORED})
        await self.sign_device()
        await self.backup.open()
        key = from_base64(draft["recovery_key"])
        await self._store(key, draft[RECOVERY_KEY_ID])
        del self._secrets[DRAFT]
        return recovery.encode(key)

    async def renew_recovery_key(self) -> str:
        """Put the private keys kept here into secret storage under a new recovery key; only that one opens it then.

        Raises KeysDiffer if they are not those of the published identity.
        """
        await self._require_ours()
        await self.backup.open()
        key = recovery.new_recovery_key()
        await self._store(key, token_hex(16))
        return recovery.encode(key)

    async def recover(self, recovery_key: str) -> None:
        """Take the private keys out of secret storage and sign this device with them.

        Raises WrongRecoveryKey, NoRecovery if nothing of use is stored, KeysDiffer as `sign_device` does.
        """
        key = recovery.decode(recovery_key)
        storage = await self._storage()
        found = storage.open(key)
        published = await self.published()
        if not (published.complete and published.belongs_to(found)):
            raise NoRecovery("Secret storage holds the keys of another identity than the published one.")
        self._secrets.update(found)
        self._secrets[RECOVERY_KEY_ID] = storage.key_id or ""
        self._secrets.pop(DRAFT, None)
        await self.sign_device()

    async def sign_device(self) -> None:
        """Let the identity vouch for this device. Raises KeysDiffer if either is published with other keys."""
        published = await self._require_ours()
        self._require_device(published)
        if published.signs(self._device_id):
            return
        device: JSON = {name: part for name, part in published.devices[self._device_id].items() if name != "unsigned"}
        await self._publish_signature(self._user_id, self._device_id, device, SELF_SIGNING)

    async def sign_user(self, master_key: JSON) -> None:
        """Vouch for another user by their master key as `/keys/query` gives it; who they are has been verified before.

        Raises ValueError for an object that is no master key, KeysDiffer if our identity is not the published one.
        """
        user = str(master_key.get("user_id"))
        public = public_key(master_key, user, MASTER)
        if public is None:
            raise ValueError("this is no master key")
        await self._require_ours()
        bare = {name: part for name, part in master_key.items() if name not in ("signatures", "unsigned")}
        await self._publish_signature(user, public, bare, USER_SIGNING)

    async def examine(self, recovery_key: str | None = None) -> Facts:
        """Find out how things are, and change nothing."""
        published, storage, version = await self.published(), await self._storage(), await self.backup.version()
        known = self._secrets.get(RECOVERY_KEY_ID)
        data, master = version.get("auth_data"), published.public[MASTER] or ""
        return Facts(
            published=published.complete,
            ours=published.belongs_to(self._secrets),
            device_ours=published.has_device(self._device_id, self._device_keys),
            device_signed=published.signs(self._device_id),
            missing=storage.missing,
            recovery_key_opens=None if recovery_key is None else _opens(recovery_key, storage, published),
            recovery_key_current=None if known is None else storage.key_id == known,
            backup_version=version.get("version"),
            backup_signed=is_signed(data, self._user_id, key_id(master), master),
            backup_ours=self.backup.is_ours(version),
            backup_count=int(version.get("count", 0)),
        )

    # The identity

    async def _upload(self, draft: Mapping[str, str], password: Password) -> None:
        keys = {name: SigningKey(draft[name]) for name in CROSS_SIGNING}
        master = keys[MASTER]
        content: JSON = {
            "master_key": key_object(self._user_id, MASTER, master),
            "self_signing_key": key_object(self._user_id, SELF_SIGNING, keys[SELF_SIGNING], master),
            "user_signing_key": key_object(self._user_id, USER_SIGNING, keys[USER_SIGNING], master),
        }
        path = f"{_API}/keys/device_signing/upload"
        try:
            await self._call("POST", path, content)
        except Rejected as refusal:
            if refusal.status != _UNAUTHORIZED:
                raise
            await self._call("POST", path, content | {"auth": self._authentication(refusal.content, password)})

    def _authentication(self, asked: JSON, password: Password) -> JSON:
        """Answer with the password where that is enough (specification, "User-Interactive Authentication API")."""
        flows = [flow.get("stages", []) for flow in asked.get("flows", [])]
        given = password() if [_PASSWORD_STAGE] in flows else None
        if given is None:
            raise _authentication_needed(self._user_id, flows, asked.get("params") or {})
        return {
            "type": _PASSWORD_STAGE,
            "identifier": {"type": "m.id.user", "user": self._user_id},
            "password": given,
            "session": asked.get("session"),
        }

    async def _require_ours(self) -> Published:
        published = await self.published()
        if not (published.complete and published.belongs_to(self._secrets)):
            raise KeysDiffer("The identity on the server is not the one whose private keys are kept here.")
        return published

    def _require_device(self, published: Published) -> None:
        if not published.has_device(self._device_id, self._device_keys):
            raise KeysDiffer(f"The server does not show device {self._device_id} with the keys that are kept here.")

    async def _publish_signature(self, user: str, target: str, obj: JSON, name: str) -> None:
        key = SigningKey(self._secrets[name])
        content = {user: {target: signed(obj, self._user_id, key_id(key.public), key)}}
        answer = await self._call("POST", f"{_API}/keys/signatures/upload", content)
        for failure in (answer.get("failures") or {}).get(user, {}).values():
            raise Rejected(str(failure.get("errcode")), str(failure.get("error")))

    # Secret storage

    async def _store(self, key: bytes, name: str) -> None:
        """Write the key's description first and make it the default last: then all of it is there."""
        await self._set_account_data(recovery.KEY + name, recovery.describe(key, RECOVERY_KEY_NAME))
        for secret in STORED:
            hidden = recovery.hide(key, secret, self._secrets[secret])
            await self._set_account_data(secret, {"encrypted": {name: hidden}})
        await self._set_account_data(recovery.DEFAULT_KEY, {"key": name})
        self._secrets[RECOVERY_KEY_ID] = name

    async def _storage(self) -> recovery.Storage:
        name = (await self._account_data(recovery.DEFAULT_KEY)).get("key")
        if not isinstance(name, str):
            return recovery.Storage(None, {}, {})
        hidden = {}
        for secret in STORED:
            encrypted = (await self._account_data(secret)).get("encrypted")
            if isinstance(encrypted, dict) and isinstance(encrypted.get(name), dict):
                hidden[secret] = encrypted[name]
        return recovery.Storage(name, await self._account_data(recovery.KEY + name), hidden)

    async def _account_data(self, kind: str) -> JSON:
        """Return it, or nothing where there is none."""
        try:
            return await self._call("GET", self._account_data_path(kind), None)
        except Rejected as refusal:
            if refusal.code != NOT_FOUND:
                raise
            return {}

    async def _set_account_data(self, kind: str, content: JSON) -> None:
        await self._call("PUT", self._account_data_path(kind), content)

    def _account_data_path(self, kind: str) -> str:
        return f"{_API}/user/{quote(self._user_id, safe='')}/account_data/{quote(kind, safe='')}"


def _new_draft() -> dict[str, str]:
    keys = {name: SigningKey.generate().seed for name in CROSS_SIGNING}
    key = to_base64(recovery.new_recovery_key())
    return keys | {BACKUP: BackupKey.generate().seed, "recovery_key": key, RECOVERY_KEY_ID: token_hex(16)}


def _opens(recovery_key: str, storage: recovery.Storage, published: Published) -> bool:
    try:
        return published.belongs_to(storage.open(recovery.decode(recovery_key)))
    except (WrongRecoveryKey, NoRecovery):
        return False


def _authentication_needed(user: str, flows: list[list[str]], params: JSON) -> AuthenticationNeeded:
    stages = [stage for flow in flows for stage in flow]
    for stage in stages:
        url = (params.get(stage) or {}).get("url")
        if isinstance(url, str):
            return AuthenticationNeeded(
                f"The server wants {user} to agree first: open {url}, log in there, allow it, and do this again.", url
            )
    if [_PASSWORD_STAGE] in flows:
        return AuthenticationNeeded(f"The server asks for the password of {user}, and none was given.")
    return AuthenticationNeeded(
        f"The server asks for {', '.join(stages) or 'an unknown proof'}, which needs a browser: log in as {user} "
        "with a client such as Element, reset the identity there, and use the recovery key that it shows here."
    )
