"""Devices of other people, made of nothing but vodozemac, and the machine that they write to."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import vodozemac
from nio.events import ToDeviceEvent

from bot.matrix.encryption.machine import MEGOLM, Event, Machine
from bot.matrix.encryption.published import key_id, key_object
from bot.matrix.encryption.recovery import MASTER, SELF_SIGNING
from bot.matrix.encryption.signing import SigningKey, signed
from bot.matrix.encryption.store import open_store

ROOM = "!uag1"
BOT, ANNA, BODO = "@uagbot:localhost", "@anna:localhost", "@bodo:localhost"


@contextmanager
def machine(folder: Path, user: str = BOT, device: str = "DEVICE") -> Iterator[Machine]:
    """Open a device with its store, and close it as the end of a process does."""
    store = open_store(folder, user, device)
    with closing(store.database):
        yield Machine(user, device, store)


class Sender:
    """A device of somebody else, made of nothing but vodozemac."""

    def __init__(self, user: str, device: str = "PHONE") -> None:
        self.user = user
        self.device = device
        self.account = vodozemac.Account()
        self.room_key = vodozemac.GroupSession()
        self.ed25519 = self.account.ed25519_key.to_base64()
        self.curve25519 = self.account.curve25519_key.to_base64()
        self.count = 0

    def keys(self) -> Event:
        """The device's keys as a homeserver publishes them."""
        bare = {
            "algorithms": [MEGOLM],
            "device_id": self.device,
            "user_id": self.user,
            "keys": {f"ed25519:{self.device}": self.ed25519, f"curve25519:{self.device}": self.curve25519},
        }
        return self._signed(bare)

    def _signed(self, bare: Event) -> Event:
        text = json.dumps(bare, sort_keys=True, separators=(",", ":"))
        signature = self.account.sign(text.encode()).to_base64()
        return {**bare, "signatures": {self.user: {f"ed25519:{self.device}": signature}}}

    def one_time_key(self) -> Event:
        """A one-time key as `/keys/claim` hands it out."""
        self.account.generate_one_time_keys(1)
        ((name, key),) = self.account.one_time_keys.items()
        self.account.mark_keys_as_published()
        return {f"signed_curve25519:{name}": self._signed({"key": key.to_base64()})}

    def shares(self, bot: Machine, **changes: Any) -> ToDeviceEvent:
        """Send the room key to the bot by a one-time key of its."""
        content = {
            "algorithm": MEGOLM,
            "room_id": ROOM,
            "session_id": self.room_key.session_id,
            "session_key": self.room_key.session_key.to_base64(),
        }
        return self.sends(bot, "m.room_key", {**content, **changes})

    def sends(self, bot: Machine, kind: str, content: Any) -> ToDeviceEvent:
        """Send an encrypted to-device event to the bot."""
        ours = bot.account.identity_keys
        payload = {
            "type": kind,
            "content": content,
            "sender": self.user,
            "recipient": bot.user_id,
            "recipient_keys": {"ed25519": ours["ed25519"]},
            "keys": {"ed25519": self.ed25519},
        }
        identity = vodozemac.Curve25519PublicKey.from_base64(ours["curve25519"])
        message = self.account.create_outbound_session(identity, one_time_key_of(bot)).encrypt(
            json.dumps(payload).encode()
        )
        kind_of_message, ciphertext = message.to_parts()
        return to_device(self, {ours["curve25519"]: {"type": kind_of_message, "body": base64(ciphertext)}})

    def says(self, content: Any, kind: str = "m.room.message", room: str = ROOM, **more: Any) -> Event:
        """Send an encrypted event into the room."""
        self.count += 1
        plain = json.dumps({"type": kind, "content": content, "room_id": room, **more})
        return {
            "type": "m.room.encrypted",
            "event_id": f"${self.user}{self.count}",
            "sender": self.user,
            "origin_server_ts": self.count,
            "content": {
                "algorithm": MEGOLM,
                "ciphertext": self.room_key.encrypt(plain.encode()).to_base64(),
                "session_id": self.room_key.session_id,
                "device_id": self.device,
                "sender_key": self.curve25519,
            },
        }


def to_device(sender: Sender, ciphertext: Any) -> ToDeviceEvent:
    content = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": sender.curve25519, "ciphertext": ciphertext}
    return ToDeviceEvent.parse_event({"type": "m.room.encrypted", "sender": sender.user, "content": content})


def base64(value: bytes) -> str:
    return b64encode(value).decode().rstrip("=")


def one_time_key_of(bot: Machine) -> vodozemac.Curve25519PublicKey:
    """Take one of the bot's keys, each once, as the server hands them out."""
    left: list[str] = bot.__dict__.setdefault("left_on_the_server", [])
    if not left:
        left += [key["key"] for key in bot.keys_to_upload(0, fallback_left=True)["one_time_keys"].values()]
        bot.uploaded()
    return vodozemac.Curve25519PublicKey.from_base64(left.pop())


def knows(bot: Machine, *senders: Sender, identity: SigningKey | None = None, signs: tuple[str, ...] = ()) -> None:
    """Let the bot ask the server for the devices of these people."""
    users = {one.user for one in senders}
    answer: Event = {"device_keys": {user: {} for user in users}}
    for one in senders:
        keys = one.keys()
        if identity is not None and one.device in signs:
            keys = signed(keys, one.user, key_id(identity.public), identity)
        answer["device_keys"][one.user][one.device] = keys
    if identity is not None:
        master = SigningKey.generate()
        for user in users:
            answer.setdefault("master_keys", {})[user] = key_object(user, MASTER, master)
            answer.setdefault("self_signing_keys", {})[user] = key_object(user, SELF_SIGNING, identity, master)
    bot.handle_response(bot.learn(answer))


HELLO = {"msgtype": "m.text", "body": "!hilfe"}
