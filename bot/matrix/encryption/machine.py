"""The keys of one device: nio's Olm machine, and what crashes, hostile members and today's clients ask of it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache
from nio.crypto import InboundGroupSession, Olm, OlmDevice, OutboundSession, Session
from nio.events import ForwardedRoomKeyEvent, OlmEvent, RoomKeyEvent
from nio.responses import KeysQueryResponse

from bot.matrix.encryption.published import Published, key_id, public_key
from bot.matrix.encryption.recovery import MASTER, SELF_SIGNING
from bot.matrix.encryption.signing import is_signed
from bot.matrix.encryption.store import RoomKeys, Store

MEGOLM = "m.megolm.v1.aes-sha2"
SESSION_ID = re.compile(r"[A-Za-z0-9+/]{43}")
SEEN = 20_000
REQUESTED = 1_000
SESSIONS = 5
Event = dict[str, Any]


class Unreadable(Exception):
    """An event cannot be decrypted (yet).

    `reason` is a word: `no-key` (its room key has not come), `unknown-device` (the keys of its sender were not asked
    for), `unsigned-device` (its sender has not confirmed the device, MSC4153) or `broken`.
    """

    def __init__(self, reason: str, session_id: str = "", device_id: str = "", sender_key: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.session_id = session_id
        self.device_id = device_id
        self.sender_key = sender_key


@dataclass(frozen=True, slots=True)
class Owner:
    """What a user has published: the master key, and the devices that the self-signing key has signed."""

    master: Any
    master_public: str
    signed: frozenset[str]


class Machine(Olm):  # type: ignore[misc]
    """The device's account, its sessions with other devices, and the keys of rooms."""

    store: Store
    inbound_group_store: RoomKeys

    def __init__(self, user_id: str, device_id: str, store: Store) -> None:
        self.owners: dict[str, Owner] = {}
        self.requested: LRUCache[str, tuple[str, str]] = LRUCache(REQUESTED)
        self.unsaved = True
        self._seen: LRUCache[tuple[str, int], str] = LRUCache(SEEN)
        super().__init__(user_id, device_id, store)

    # -- our own keys

    def device_keys(self) -> Event:
        """Return the device's public keys as the server publishes them, signed by the device."""
        names = {"curve25519": f"curve25519:{self.device_id}", "ed25519": f"ed25519:{self.device_id}"}
        keys = {names[kind]: key for kind, key in self.account.identity_keys.items()}
        return self._signed(
            {"algorithms": self._algorithms, "device_id": self.device_id, "user_id": self.user_id, "keys": keys}
        )

    def keys_to_upload(self, left: int | None, *, fallback_left: bool) -> Event:
        """Return what the server lacks (spec: `POST /keys/upload`); empty if nothing.

        `left` is how many one-time keys the server still has. New keys are saved before anybody may see them.
        """
        account = self.account._account  # noqa: SLF001 - nio has no method for fallback keys
        wanted = account.max_number_of_one_time_keys
        if not self.account.shared:
            left, fallback_left = 0, False
        made = 0
        if left is not None and left <= wanted // 2 and not account.one_time_keys:
            made = wanted - left
            account.generate_one_time_keys(made)
        if not fallback_left and not account.fallback_key:
            account.generate_fallback_key()
        content: Event = {}
        if not self.account.shared:
            content["device_keys"] = self.device_keys()
        for name, keys, extra in (
            ("one_time_keys", account.one_time_keys, {}),
            ("fallback_keys", account.fallback_key, {"fallback": True}),
        ):
            if keys:
                signed = {f"signed_curve25519:{one}": {"key": key.to_base64(), **extra} for one, key in keys.items()}
                content[name] = {one: self._signed(key) for one, key in signed.items()}
        if content:
            with self.store.database.atomic():
                self.save_account()
                self.keys_made += made
        return content

    def uploaded(self) -> None:
        """Note that the server has what `keys_to_upload` returned."""
        self.account.shared = True
        self.mark_keys_as_published()
        self.save_account()

    @property
    def keys_made(self) -> int:
        """How many one-time keys this device has ever made; a copy that knows fewer than the server is old."""
        return int(self.store.secrets.get(f"keys_made {self.device_id}", "0"))

    @keys_made.setter
    def keys_made(self, count: int) -> None:
        self.store.secrets[f"keys_made {self.device_id}"] = str(count)

    def _signed(self, value: Event) -> Event:
        signature = self.sign_json(value)
        return {**value, "signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}

    # -- what other devices send us

    def take(self, events: Iterable[Any]) -> set[tuple[str, str]]:
        """Take to-device events, all or none of them; returns which room keys (room, session) have come.

        What the sender wrote may be anything: an event that cannot be read is dropped, and never stops the others.
        """
        arrived = set()
        with self.store.database.atomic():
            encrypted = [event for event in events if isinstance(event, OlmEvent)]
            for event in encrypted:
                try:
                    found = self.decrypt_event(event)
                except (ValueError, KeyError, TypeError, AttributeError):
                    self._mark_device_for_unwedging(event.sender, event.sender_key)
                    continue
                if isinstance(found, RoomKeyEvent | ForwardedRoomKeyEvent):
                    arrived.add((found.room_id, found.session_id))
            if encrypted:
                self.save_account()  # nio saves it before the one-time key of a new session is removed
        return arrived

    def create_group_session(
        self, sender_key: str, sender_fp_key: str, room_id: str, session_id: str, session_key: str
    ) -> None:
        """Take a room key unless a better one is there. Raises ValueError for one that is not what it says."""
        session = InboundGroupSession(session_key, sender_fp_key, sender_key, room_id)
        if session.id != session_id:
            raise ValueError("the room key is another one than its id says")
        self._keep(session)

    def import_room_key(self, key: Mapping[str, Any], room_id: str, session_id: str) -> bool:
        """Take a room key from the backup; False if it is not what was asked for."""
        try:
            session = InboundGroupSession.import_session(
                key["session_key"], key["sender_claimed_keys"]["ed25519"], key["sender_key"], room_id
            )
        except (ValueError, KeyError, TypeError):
            return False
        if session.id != session_id:
            return False
        self._keep(session)
        self.store.backed_up([session_id])
        return True

    def _keep(self, session: InboundGroupSession) -> None:
        if self.inbound_group_store.add(session):
            self.save_inbound_group_session(session)
            self.unsaved = True

    def not_backed_up(self, limit: int) -> list[Event]:
        """Return room keys that the backup lacks, as the backup and exports hold them (spec: `SessionData`)."""
        return [
            {
                "algorithm": MEGOLM,
                "room_id": one.room_id,
                "session_id": one.id,
                "sender_key": one.sender_key,
                "sender_claimed_keys": {"ed25519": one.ed25519},
                "forwarding_curve25519_key_chain": [],
                "session_key": one.export_session(one.first_known_index),
                "first_known_index": one.first_known_index,
            }
            for one in self.store.not_backed_up(limit)
        ]

    def _should_accept_forward(self, sender: str, sender_key: str, event: ForwardedRoomKeyEvent) -> bool:
        """Accept only what was asked for, and only from the device whose key it is."""
        wanted = self.requested.get(event.session_id)
        original = event.source["content"].get("sender_key")
        return wanted == (event.room_id, sender) and bool(original == sender_key)

    def _handle_forwarded_room_key_event(
        self, sender: str, sender_key: str, payload: Event
    ) -> ForwardedRoomKeyEvent | None:
        event = ForwardedRoomKeyEvent.from_dict(payload, sender, sender_key)
        if not isinstance(event, ForwardedRoomKeyEvent) or not self._should_accept_forward(sender, sender_key, event):
            return None
        content = payload["content"]
        key = {**content, "sender_claimed_keys": {"ed25519": payload["keys"]["ed25519"]}}
        return event if self.import_room_key(key, event.room_id, event.session_id) else None

    # -- rooms

    def read(self, room_id: str, event: Event) -> Event:
        """Return an encrypted event in clear, with nothing in it that a sender may not say. Raises Unreadable.

        Which device and which user speak is judged by the keys that the user has published, not by what the event
        says of itself; state can never come from an encrypted event.
        """
        content = event["content"]
        if not isinstance(content, dict):
            raise Unreadable("broken")
        session_id = str(content.get("session_id", ""))
        well_formed = SESSION_ID.fullmatch(session_id) and isinstance(content.get("ciphertext"), str)
        if content.get("algorithm") != MEGOLM or not well_formed:
            raise Unreadable("broken")
        session = self.inbound_group_store.find(room_id, session_id)
        if session is None:
            raise Unreadable(
                "no-key", session_id, str(content.get("device_id", "")), str(content.get("sender_key", ""))
            )
        self._check_sender(session, event["sender"], session_id)
        try:
            plaintext, index = session.decrypt(content["ciphertext"])
            said = json.loads(plaintext)
            kind, words = said["type"], said["content"]
        except (ValueError, KeyError, TypeError) as error:
            reason = "no-key" if "index" in str(error).lower() else "broken"
            raise Unreadable(reason, session_id) from None
        if said.get("room_id") != room_id or not isinstance(kind, str) or not isinstance(words, dict):
            raise Unreadable("broken", session_id)
        if self._seen.setdefault((session_id, index), event["event_id"]) != event["event_id"]:
            raise Unreadable("broken", session_id)  # the same words sent once more by somebody else
        if "m.relates_to" in content and "m.relates_to" not in words:
            words["m.relates_to"] = content["m.relates_to"]
        kept: Event = {name: event[name] for name in ("event_id", "sender", "origin_server_ts") if name in event}
        return {**kept, "type": kind, "content": words, "room_id": room_id}

    def _check_sender(self, session: InboundGroupSession, sender: str, session_id: str) -> None:
        if sender not in self.tracked_users or sender in self.users_for_key_query:
            raise Unreadable("unknown-device", session_id)
        devices = [one for one in self.device_store[sender].values() if one.curve25519 == session.sender_key]
        if not devices:
            raise Unreadable("no-key", session_id)
        if devices[0].ed25519 != session.ed25519:
            raise Unreadable("broken", session_id)
        if not self.is_trusted(devices[0]):
            raise Unreadable("unsigned-device", session_id, devices[0].id)

    def is_trusted(self, device: OlmDevice) -> bool:
        """Whether its owner has signed the device; owners without an identity are believed (MSC4153)."""
        owner = self.owners.get(device.user_id)
        return owner is None or device.id in owner.signed

    # -- other people's devices

    def learn(self, answer: Mapping[str, Any]) -> KeysQueryResponse:
        """Take the answer of `POST /keys/query`, without what is not rightly signed; returns what nio goes on with."""
        devices: dict[str, dict[str, Event]] = {}
        for user, found in answer["device_keys"].items():
            devices[user] = {
                name: keys
                for name, keys in found.items()
                if isinstance(keys, dict) and is_signed(keys, user, f"ed25519:{name}", _key_of(keys, name))
            }
            for known in self.device_store[user].values():
                if known.deleted and _key_of(devices[user].get(known.id, {}), known.id) == known.ed25519:
                    known.deleted = False  # nio would not take it back
                    self.store.save_device_keys({user: {known.id: known}})
            owner = _owner(user, answer, devices[user])
            if owner is None:
                self.owners.pop(user, None)
            else:
                self.owners[user] = owner
        return KeysQueryResponse(devices, answer.get("failures", {}))

    def session_with(self, device: OlmDevice) -> Session | None:
        """Return the session to send by: the one used last; those of a copy are only listened to."""
        since = self.store.restored_at
        fresh = [one for one in self.session_store[device.curve25519] if since is None or one.creation_time >= since]
        return max(fresh, key=lambda one: one.use_time, default=None)

    def create_session(self, one_time_key: str, curve_key: str) -> OutboundSession:
        """Begin a session; unlike nio's this does not save the account, which stays as it was."""
        session = OutboundSession(self.account, curve_key, one_time_key)
        self.session_store.add(curve_key, session)
        self.save_session(curve_key, session)
        return session

    def save_session(self, curve_key: str, session: Session) -> None:
        """Save a session, and keep only the last few with the same device: hostile devices could begin any number."""
        super().save_session(curve_key, session)
        sessions = self.session_store[curve_key]
        while len(sessions) > SESSIONS:
            oldest = min(sessions, key=lambda one: one.use_time)
            sessions.remove(oldest)
            self.store.forget_session(oldest.id)

    def open_session(self, device: OlmDevice, keys: Mapping[str, Any]) -> bool:
        """Begin a session with a claimed one-time key; False if the key is not the device's."""
        for key in keys.values():
            if is_signed(key, device.user_id, f"ed25519:{device.id}", device.ed25519):
                try:
                    self.create_session(key["key"], device.curve25519)
                except (ValueError, KeyError, TypeError):
                    continue
                return True
        return False

    def sealed_for(self, device: OlmDevice, kind: str, content: Event) -> Event:
        """Encrypt a to-device event for a device that there is a session with."""
        session = self.session_with(device)
        assert session is not None  # noqa: S101 - the caller has opened one
        found: Event = self._olm_encrypt(session, device, kind, content)
        return found

    def room_key(self, room_id: str) -> Event:
        """Return the content of `m.room_key` for the room's own session, from its next message on."""
        session = self.outbound_group_sessions[room_id]
        return {
            "algorithm": MEGOLM,
            "room_id": room_id,
            "session_id": session.id,
            "session_key": session.session_key,
        }


def _owner(user: str, answer: Mapping[str, Any], devices: Mapping[str, Event]) -> Owner | None:
    """Return what a user has published; an identity whose parts do not fit has signed nothing."""
    published = Published.of(user, dict(answer))
    if published.master is None:
        return None
    master = public_key(published.master, user, MASTER) or ""
    signing = public_key(published.self_signing, user, SELF_SIGNING) or ""
    fits = is_signed(published.self_signing, user, key_id(master), master)
    signed = [name for name, keys in devices.items() if fits and is_signed(keys, user, key_id(signing), signing)]
    return Owner(published.master, master, frozenset(signed))


def _key_of(keys: Event, device_id: str) -> str:
    found = keys.get("keys")
    return str(found.get(f"ed25519:{device_id}", "")) if isinstance(found, dict) else ""
