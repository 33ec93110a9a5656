"""The account's devices: which of them bear the bot's name, and how those that it has left are logged out."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.matrix.encryption.identity import AuthenticationNeeded, Password
from bot.matrix.errors import Rejected

PATH = "/_matrix/client/v3/devices"
UNAUTHORIZED = 401
Call = Callable[..., Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Session:
    """A device that is logged in, as the server lists it."""

    device_id: str
    name: str | None
    seen_at: datetime | None

    def __str__(self) -> str:
        """Name it so that an operator knows it again."""
        seen = f"last seen {self.seen_at:%Y-%m-%d %H:%M} UTC" if self.seen_at else "not seen since its login"
        return f"{self.device_id} ({seen})"


async def sessions(call: Call) -> dict[str, Session]:
    """Ask for all devices of the account, by their ids."""
    found = (await call("GET", PATH)).get("devices", [])
    return {str(one["device_id"]): _session(one) for one in found}


def _session(one: dict[str, Any]) -> Session:
    seen = one.get("last_seen_ts")
    seen_at = datetime.fromtimestamp(seen / 1000, UTC) if isinstance(seen, int) else None
    return Session(str(one["device_id"]), one.get("display_name"), seen_at)


def namesakes(found: dict[str, Session], device_id: str, name: str) -> list[Session]:
    """Return the other devices with the name of this one; `name` counts if the server shows none for it."""
    own = found.get(device_id)
    called = (own and own.name) or name
    return [one for one in found.values() if one.device_id != device_id and one.name == called]


async def log_out(call: Call, user: str, ids: Iterable[str], password: Password) -> None:
    """End sessions of devices, which forgets their keys. Raises AuthenticationNeeded where a password is not enough."""
    content: dict[str, Any] = {"devices": sorted(ids)}
    path = "/_matrix/client/v3/delete_devices"
    try:
        await call("POST", path, content)
    except Rejected as refusal:
        flows = [flow.get("stages") for flow in refusal.content.get("flows", [])]
        known = password() if ["m.login.password"] in flows else None
        if known is None:
            raise AuthenticationNeeded(
                f"Log them out by hand: in a client such as Element, logged in as {user}, in the list of sessions."
            ) from None
        identifier = {"type": "m.id.user", "user": user}
        session = refusal.content.get("session")
        auth = {"type": "m.login.password", "identifier": identifier, "password": known, "session": session}
        await call("POST", path, content | {"auth": auth})
