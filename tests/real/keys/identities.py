"""What tests of the identity share: accounts with devices, requests that are cut off, and what a good end is."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from vodozemac import Account as OlmAccount
from vodozemac import GroupSession, InboundGroupSession

from bot.demo.synapse import Synapse
from bot.matrix.encryption.identity import Facts, Identity
from bot.matrix.encryption.key_backup import Call
from bot.matrix.encryption.signing import canonical
from bot.matrix.homeserver import Homeserver

PASSWORD = "geheim"  # noqa: S105 -- of an account that lives for one test
API = "/_matrix/client/v3"
ROOM = "!raum:localhost"
_number = itertools.count(1)


class PowerCut(Exception):
    """The process dies here."""


@dataclass
class Device:
    """A logged-in device with an Olm account, its keys on the server, and what it keeps over a restart."""

    home: Homeserver
    user: str
    name: str
    olm: OlmAccount = field(default_factory=OlmAccount)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, str]:
        curve, finger = self.olm.curve25519_key.to_base64(), self.olm.ed25519_key.to_base64()
        return {f"curve25519:{self.name}": curve, f"ed25519:{self.name}": finger}

    def identity(self, call: Call | None = None) -> Identity:
        """Return it as after a start of the process."""
        return Identity(call or self.home.call, self.user, self.name, self.secrets, self.keys)

    async def upload_keys(self) -> None:
        """Publish the device."""
        device = {
            "user_id": self.user,
            "device_id": self.name,
            "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
            "keys": self.keys,
        }
        signature = self.olm.sign(canonical(device)).to_base64()
        signatures = {self.user: {f"ed25519:{self.name}": signature}}
        await self.home.call("POST", f"{API}/keys/upload", {"device_keys": device | {"signatures": signatures}})

    async def account_data(self, kind: str, content: dict[str, Any]) -> None:
        """Write account data as another client might."""
        await self.home.call("PUT", f"{API}/user/{self.user}/account_data/{kind}", content)


Devices = Callable[..., Awaitable[Device]]
"""Called without anything it makes a new account with a device, called with a device another one of its account."""


@asynccontextmanager
async def devices(synapse: Synapse) -> AsyncIterator[Devices]:
    """Make accounts and devices; their connections close with the context."""
    async with AsyncExitStack() as stack:

        async def make(beside: Device | None = None) -> Device:
            if beside is None:
                account = synapse.register(f"kennung{next(_number)}", PASSWORD)
                user, name, token = account.user_id, account.device_id, account.access_token
                home = Homeserver(synapse.url, user, None)
                stack.push_async_callback(home.close)
                await home.whoami(token)
            else:
                user = beside.user
                home = Homeserver(synapse.url, user, None)
                stack.push_async_callback(home.close)
                name, _ = await home.log_in(PASSWORD, None, "neu")
            device = Device(home, user, name)
            await device.upload_keys()
            return device

        yield make


def password() -> str | None:
    """Answer as the settings do."""
    return PASSWORD


def never_asked() -> str | None:
    """Answer where nobody should ask."""
    raise AssertionError("the server asked for a password")


def cut(call: Call, after: int, *, answered: bool) -> Call:
    """Let so many requests through; the next one still reaches the server (`answered`) or not, then all is over."""
    left = itertools.count(after, -1)

    async def failing(method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        if next(left) > 0:
            return await call(method, path, content)
        if answered:
            await call(method, path, content)
        raise PowerCut

    return failing


async def counted(call: Call, work: Callable[[Call], Awaitable[Any]]) -> int:
    """Do something once, undisturbed, and return how many requests it takes."""
    count = 0

    async def counting(method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        nonlocal count
        count += 1
        return await call(method, path, content)

    await work(counting)
    return count


def assert_good(facts: Facts, *, keys_in_backup: int = 0) -> None:
    assert facts == Facts(
        published=True,
        ours=True,
        device_ours=True,
        device_signed=True,
        missing=(),
        recovery_key_opens=True,
        recovery_key_current=True,
        backup_version=facts.backup_version,
        backup_signed=True,
        backup_ours=True,
        backup_count=keys_in_backup,
    )
    assert facts.backup_version is not None


def exported() -> dict[str, Any]:
    """Return a room key as clients export it."""
    session = InboundGroupSession(GroupSession().session_key)
    key = session.export_at(0)
    assert key is not None
    return {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": ROOM,
        "session_id": session.session_id,
        "session_key": key.to_base64(),
        "sender_key": "curve",
        "sender_claimed_keys": {"ed25519": "finger"},
        "forwarding_curve25519_key_chain": [],
    }


async def master_of(device: Device, user: str) -> dict[str, Any]:
    """Return a user's master key as the server gives it."""
    answer = await device.home.call("POST", f"{API}/keys/query", {"device_keys": {user: []}})
    found: dict[str, Any] = answer.get("master_keys", {}).get(user, {})
    return found
