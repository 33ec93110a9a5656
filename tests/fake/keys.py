"""What a homeserver keeps for encryption: keys of devices and accounts, to-device messages, account data, key backups.

It checks no signatures, and no user has to authenticate once more; clients do the first, a real server the second.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from tests.fake import Event, RefusedError, Session, World

CURVE = "signed_curve25519"
IDENTITY = ("master", "self_signing", "user_signing")


@dataclass
class Asked:
    """A request: who asks, the body, and the parts of its path and its query by name."""

    session: Session
    content: Event
    parts: Mapping[str, str]


@dataclass
class Device:
    """What a device uploaded, and what was sent to it with the position of each message."""

    keys: Event | None = None
    one_time: dict[str, Event] = field(default_factory=dict)
    fallback: dict[str, Event] = field(default_factory=dict)
    fallback_used: bool = False
    inbox: list[tuple[int, Event]] = field(default_factory=list)


@dataclass
class Backup:
    """A version of a key backup: what it says of itself, and its sessions by room and id."""

    about: Event
    sessions: dict[tuple[str, str], Event] = field(default_factory=dict)
    changes: int = 0

    @property
    def state(self) -> Event:
        """Return what every answer says of the contents."""
        return {"count": len(self.sessions), "etag": str(self.changes)}


class Keys:
    """The keys of all accounts of a world; `session` finds out who makes a request."""

    def __init__(self, world: World, session: Callable[[web.Request], Session]) -> None:
        self.devices: defaultdict[str, dict[str, Device]] = defaultdict(dict)
        """By user and device."""
        self.identities: defaultdict[str, dict[str, Event]] = defaultdict(dict)
        """The cross-signing keys by user and use."""
        self.account_data: dict[tuple[str, str], Event] = {}
        self.backups: defaultdict[str, list[Backup]] = defaultdict(list)
        """All versions by user, the current one last."""
        self._world = world
        self._session = session
        self._changed: dict[str, int] = {}
        self._delivered: set[tuple[Session, str, str]] = set()

    def routes(self, base: str) -> Iterator[web.RouteDef]:
        """Return what is answered below this path."""
        data, backup = "/user/{user}/account_data/{type}", "/room_keys/keys/{room}/{session}"
        for method, path, answer in (
            ("POST", "/keys/upload", self._upload),
            ("POST", "/keys/query", self._query),
            ("POST", "/keys/claim", self._claim),
            ("POST", "/keys/device_signing/upload", self._upload_identity),
            ("POST", "/keys/signatures/upload", self._upload_signatures),
            ("PUT", "/sendToDevice/{type}/{txn}", self._to_device),
            ("GET", data, self._read_data),
            ("PUT", data, self._write_data),
            ("GET", "/room_keys/version", self._version),
            ("POST", "/room_keys/version", self._new_version),
            ("PUT", "/room_keys/keys", self._back_up),
            ("GET", backup, self._backed_up),
        ):
            yield web.route(method, base + path, partial(self._serve, answer))

    async def _serve(self, answer: Callable[[Asked], Event], request: web.Request) -> web.Response:
        session = self._session(request)
        content = json.loads(await request.read() or b"{}")
        return web.json_response(answer(Asked(session, content, {**request.match_info, **request.query})))

    # -- what a sync shows

    def news(self, session: Session, since: int | None) -> tuple[list[Event], list[str]]:
        """Return to-device messages, and whose keys changed of those who share a room with the user.

        Messages from before the position have arrived, and are forgotten.
        """
        device = self._device(session)
        device.inbox = [(at, event) for at, event in device.inbox if at >= (since or 0)]
        changed = [] if since is None else [user for user, at in self._changed.items() if at >= since]
        return [event for _, event in device.inbox], [user for user in changed if self._meet(session.user, user)]

    def left(self, session: Session) -> Event:
        """Return what a sync says of the device's own keys."""
        device = self._device(session)
        unused = [CURVE] if device.fallback and not device.fallback_used else []
        return {
            "device_one_time_keys_count": {CURVE: len(device.one_time)},
            "device_unused_fallback_key_types": unused,
        }

    def forget(self, session: Session) -> None:
        """Delete a device that has logged out."""
        self.devices[session.user].pop(session.device, None)
        self._note(session.user)

    def _meet(self, one: str, other: str) -> bool:
        rooms = self._world.rooms.values()
        return one == other or any(room.membership(one) == room.membership(other) == "join" for room in rooms)

    def _device(self, session: Session) -> Device:
        return self.devices[session.user].setdefault(session.device, Device())

    def _note(self, user: str) -> None:
        self._changed[user] = self._world.mark()

    # -- keys of devices

    def _upload(self, asked: Asked) -> Event:
        self.publish(asked.session, asked.content)
        return {"one_time_key_counts": {CURVE: len(self._device(asked.session).one_time)}}

    def publish(self, session: Session, content: Event) -> None:
        """Take what a device uploads (spec: `POST /keys/upload`)."""
        device = self._device(session)
        for name, key in content.get("one_time_keys", {}).items():
            if device.one_time.setdefault(name, key) != key:
                raise RefusedError(400, "M_UNKNOWN", f"One time key {name} already exists.")
        if fallback := content.get("fallback_keys"):
            device.fallback, device.fallback_used = fallback, False
        self._world.wake()
        if "device_keys" in content and content["device_keys"] != device.keys:
            device.keys = content["device_keys"]
            self._note(session.user)

    def _query(self, asked: Asked) -> Event:
        users = asked.content["device_keys"]
        found: Event = {"device_keys": {}, "failures": {}} | {f"{use}_keys": {} for use in IDENTITY}
        for user, wanted in users.items():
            found["device_keys"][user] = {
                name: device.keys
                for name, device in self.devices[user].items()
                if device.keys and (not wanted or name in wanted)
            }
            for use, key in self.identities[user].items():
                if use != "user_signing" or user == asked.session.user:
                    found[f"{use}_keys"][user] = key
        return found

    def _claim(self, asked: Asked) -> Event:
        found: defaultdict[str, Event] = defaultdict(dict)
        for user, devices in asked.content["one_time_keys"].items():
            for name in devices:
                if key := self.claim(Session(user, name)):
                    found[user][name] = key
        return {"one_time_keys": found, "failures": {}}

    def claim(self, session: Session) -> Event:
        """Hand out a one-time key of a device, or its fallback key where none is left; empty if there is neither."""
        device = self._device(session)
        if device.one_time:
            name = next(iter(device.one_time))
            return {name: device.one_time.pop(name)}
        device.fallback_used = True
        return dict(device.fallback)

    # -- cross-signing

    def _upload_identity(self, asked: Asked) -> Event:
        user = asked.session.user
        given = {use: asked.content[f"{use}_key"] for use in IDENTITY if f"{use}_key" in asked.content}
        self.identities[user].update(given)
        self._note(user)
        return {}

    def _upload_signatures(self, asked: Asked) -> Event:
        for user, objects in asked.content.items():
            keys = list(self.identities[user].values())
            keys += [device.keys for device in self.devices[user].values() if device.keys]
            for name, signed in objects.items():
                for key in keys:
                    if key.get("device_id") == name or f"ed25519:{name}" in key["keys"]:
                        for signer, signatures in signed["signatures"].items():
                            key.setdefault("signatures", {}).setdefault(signer, {}).update(signatures)
            self._note(user)
        return {"failures": {}}

    # -- to-device messages

    def _to_device(self, asked: Asked) -> Event:
        request = (asked.session, asked.parts["type"], asked.parts["txn"])
        if request not in self._delivered:
            self._delivered.add(request)
            for user, messages in asked.content["messages"].items():
                for name, content in messages.items():
                    for device in self.devices[user] if name == "*" else [name]:
                        self.deliver(Session(user, device), asked.session.user, asked.parts["type"], content)
        return {}

    def deliver(self, to: Session, sender: str, kind: str, content: Event) -> None:
        """Send a device a to-device message."""
        if to.device in self.devices[to.user]:
            event = {"type": kind, "sender": sender, "content": content}
            self._device(to).inbox.append((self._world.mark(), event))

    # -- account data

    def _read_data(self, asked: Asked) -> Event:
        return _found(self.account_data.get(_own(asked)))

    def _write_data(self, asked: Asked) -> Event:
        self.account_data[_own(asked)] = asked.content
        return {}

    # -- the key backup

    def _current(self, asked: Asked) -> Backup:
        """Return the current version. Raises RefusedError if there is none, or the request means another one."""
        backups = self.backups[asked.session.user]
        if not backups:
            raise RefusedError(404, "M_NOT_FOUND", "Not found")
        if asked.parts.get("version", str(len(backups))) != str(len(backups)):
            raise RefusedError(403, "M_WRONG_ROOM_KEYS_VERSION", "Wrong backup version.")
        return backups[-1]

    def _version(self, asked: Asked) -> Event:
        backup = self._current(asked)
        return {**backup.about, **backup.state, "version": str(len(self.backups[asked.session.user]))}

    def _new_version(self, asked: Asked) -> Event:
        backups = self.backups[asked.session.user]
        backups.append(Backup(asked.content))
        return {"version": str(len(backups))}

    def _back_up(self, asked: Asked) -> Event:
        backup = self._current(asked)
        for room, content in asked.content["rooms"].items():
            backup.sessions.update({(room, name): session for name, session in content["sessions"].items()})
        backup.changes += 1
        return backup.state

    def _backed_up(self, asked: Asked) -> Event:
        return _found(self._current(asked).sessions.get((asked.parts["room"], asked.parts["session"])))


def _own(asked: Asked) -> tuple[str, str]:
    if asked.parts["user"] != asked.session.user:
        raise RefusedError(403, "M_FORBIDDEN", "This is somebody else's.")
    return asked.session.user, asked.parts["type"]


def _found(value: Any) -> Event:
    if not isinstance(value, dict):
        raise RefusedError(404, "M_NOT_FOUND", "Not found")
    return value
