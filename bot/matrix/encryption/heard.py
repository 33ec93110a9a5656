"""What is said to the bot about verification, in a room or from device to device, read from events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.matrix.encryption.sas import PREFIX

REQUEST = "request"
EVERY_DEVICE = "*"
Event = Mapping[str, Any]
Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of a verification (`kind` is its type behind `m.key.verification.`), and when it was sent.

    `room` is None where it came from device to device; `device` is `*` where the message does not name it.
    """

    user: str
    device: str
    transaction: str
    room: str | None
    kind: str
    content: Content
    at: datetime

    @property
    def name(self) -> tuple[str, str]:
        """What its verification is found by: the person, and what that person calls it."""
        return self.user, self.transaction

    @property
    def methods(self) -> Sequence[Any]:
        """How the one who asks can verify."""
        methods = self.content.get("methods")
        return methods if isinstance(methods, list) else ()


def in_room(room: str, event: Event, bot: str, clock: Clock) -> Heard | None:
    """Read an event of a room; None for what is no verification, malformed, or asks somebody else than the bot."""
    content, kind = event.get("content"), str(event.get("type"))
    if not isinstance(content, dict):
        return None
    if kind == "m.room.message":
        kind, transaction = str(content.get("msgtype")), event.get("event_id")
        if kind != PREFIX + REQUEST or content.get("to") != bot:
            return None
    elif kind == PREFIX + REQUEST:
        return None
    else:
        relation = content.get("m.relates_to")
        transaction = relation.get("event_id") if isinstance(relation, dict) else None
    at = clock.server_time(_number(event.get("origin_server_ts")))
    return _heard(event.get("sender"), transaction, room, kind, content, at)


def by_device(event: Event, clock: Clock) -> Heard | None:
    """Read a to-device message; None for what is no verification or malformed. Only requests say when they are from."""
    content = event.get("content")
    if not isinstance(content, dict):
        return None
    at = clock.server_time(_number(content["timestamp"])) if "timestamp" in content else clock()
    return _heard(event.get("sender"), content.get("transaction_id"), None, str(event.get("type")), content, at)


def _heard(user: Any, transaction: Any, room: str | None, kind: str, content: Content, at: datetime) -> Heard | None:
    if not isinstance(user, str) or not isinstance(transaction, str) or not kind.startswith(PREFIX):
        return None
    device = content.get("from_device")
    kind = kind.removeprefix(PREFIX)
    if kind == REQUEST and not isinstance(device, str):
        return None
    return Heard(user, device if isinstance(device, str) else EVERY_DEVICE, transaction, room, kind, content, at)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
