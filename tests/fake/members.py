"""Members with encrypting clients, made of plain vodozemac: what they say in encrypted rooms, and can read."""

import json
from collections.abc import Sequence

from vodozemac import (
    Account,
    AnyOlmMessage,
    Curve25519PublicKey,
    GroupSession,
    InboundGroupSession,
    MegolmMessage,
    PreKeyMessage,
    SessionKey,
)
from vodozemac import Session as OlmSession

from bot.matrix.encryption.published import key_id, key_object
from bot.matrix.encryption.recovery import MASTER, SELF_SIGNING
from bot.matrix.encryption.signing import SigningKey, canonical, from_base64, signed, to_base64
from tests.fake import Event, Session
from tests.fake.homeserver import FakeHomeserver

MEGOLM = "m.megolm.v1.aes-sha2"
OLM = "m.olm.v1.curve25519-aes-sha2"
ROTATION = 100
"""After so many messages a client takes another room key (spec: `rotation_period_msgs`)."""
ONE_TIME_KEYS = 2


class Phone:
    """One device of a member."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.account = Account()
        self.curve25519 = self.account.curve25519_key.to_base64()
        self.ed25519 = self.account.ed25519_key.to_base64()
        self.to_bot: OlmSession | None = None
        self._from_bot: dict[str, OlmSession] = {}
        self._own: dict[str, GroupSession] = {}
        self._heard: dict[str, InboundGroupSession] = {}

    def upload(self, self_signing: SigningKey) -> Event:
        """Return what it uploads when it is new, with its owner's signature."""
        user, device = self.session.user, self.session.device
        keys = {f"curve25519:{device}": self.curve25519, f"ed25519:{device}": self.ed25519}
        bare = {"algorithms": [OLM, MEGOLM], "device_id": device, "user_id": user, "keys": keys}
        self.account.generate_one_time_keys(ONE_TIME_KEYS)
        one_time = {
            f"signed_curve25519:{name}": self._signed({"key": key.to_base64()})
            for name, key in self.account.one_time_keys.items()
        }
        self.account.mark_keys_as_published()
        device_keys = signed(self._signed(bare), user, key_id(self_signing.public), self_signing)
        return {"device_keys": device_keys, "one_time_keys": one_time}

    def _signed(self, bare: Event) -> Event:
        signature = self.account.sign(canonical(bare)).to_base64()
        return {**bare, "signatures": {self.session.user: {f"ed25519:{self.session.device}": signature}}}

    # -- writing

    def room_key(self, room: str) -> tuple[GroupSession, bool]:
        """Return the key to write with, and whether it is new."""
        known = self._own.get(room)
        if known is not None and known.message_index < ROTATION:
            return known, False
        self._own[room] = GroupSession()
        return self._own[room], True

    def to_device(self, bot: str, bot_keys: Event, kind: str, content: Event) -> Event:
        """Encrypt a to-device message for the bot, which there is a session with."""
        assert self.to_bot is not None
        curve25519, ed25519 = (key for _, key in sorted(bot_keys["keys"].items()))
        payload = {
            "type": kind,
            "content": content,
            "sender": self.session.user,
            "sender_device": self.session.device,
            "recipient": bot,
            "recipient_keys": {"ed25519": ed25519},
            "keys": {"ed25519": self.ed25519},
        }
        message_type, body = self.to_bot.encrypt(json.dumps(payload).encode()).to_parts()
        sealed = {curve25519: {"type": message_type, "body": to_base64(body)}}
        return {"algorithm": OLM, "sender_key": self.curve25519, "ciphertext": sealed}

    def seal(self, room: str, key: GroupSession, kind: str, content: Event) -> Event:
        """Encrypt an event for a room."""
        plain = json.dumps({"type": kind, "content": content, "room_id": room})
        return {
            "algorithm": MEGOLM,
            "ciphertext": key.encrypt(plain.encode()).to_base64(),
            "session_id": key.session_id,
            "device_id": self.session.device,
            "sender_key": self.curve25519,
        }

    # -- reading

    def receive(self, content: Event) -> None:
        """Take an encrypted to-device message, which may be a room key."""
        message = content["ciphertext"][self.curve25519]
        payload = json.loads(self._decrypted(message, content["sender_key"]))
        if payload["type"] == "m.room_key":
            key = payload["content"]
            self._heard[key["session_id"]] = InboundGroupSession(SessionKey(key["session_key"]))

    def _decrypted(self, message: Event, sender_key: str) -> bytes:
        if message["type"]:
            assert self.to_bot is not None
            return self.to_bot.decrypt(AnyOlmMessage.normal(from_base64(message["body"])))
        first = PreKeyMessage.from_base64(message["body"])
        known = self._from_bot.get(first.session_id())
        if known is not None:
            return known.decrypt(first.to_any())
        session, plain = self.account.create_inbound_session(Curve25519PublicKey.from_base64(sender_key), first)
        self._from_bot[session.session_id] = session
        return plain

    def has_key(self, session_id: str) -> bool:
        """Whether the room key has come."""
        return session_id in self._heard

    def open(self, content: Event) -> Event:
        """Decrypt an event of a room. Raises KeyError without its key."""
        message = MegolmMessage.from_base64(content["ciphertext"])
        plain: Event = json.loads(self._heard[content["session_id"]].decrypt(message).plaintext)
        return plain


class Crowd:
    """All members of all rooms, each with an identity and signed devices; the first device of each writes and reads.

    They give their room keys to the bot alone, which gives its own to all of them.
    """

    def __init__(self, server: FakeHomeserver, bot: Session, users: Sequence[str], devices: int) -> None:
        self.server = server
        self.bot = bot
        self.phones: dict[str, Phone] = {}
        for user in users:
            self._enter(user, devices)

    def _enter(self, user: str, devices: int) -> None:
        master, self_signing = SigningKey.generate(), SigningKey.generate()
        self.server.keys.identities[user] = {
            "master": key_object(user, MASTER, master),
            "self_signing": key_object(user, SELF_SIGNING, self_signing, master),
        }
        for number in range(devices):
            phone = Phone(Session(user, f"PHONE{number}"))
            self.phones.setdefault(user, phone)
            self.server.keys.publish(phone.session, phone.upload(self_signing))

    def encrypt(self, room: str) -> None:
        """Turn on encryption in a room."""
        creator = self.server.rooms[room].events[0]["sender"]
        self.server.inject(room, creator, "m.room.encryption", {"algorithm": MEGOLM}, "")

    def bot_is_reachable(self, keys: int = 1) -> bool:
        """Whether the bot has published so many keys to begin sessions with."""
        device = self.server.keys.devices[self.bot.user].get(self.bot.device)
        return device is not None and len(device.one_time) >= keys

    def member_says(self, room: str, sender: str, text: str) -> str:
        """Say something in an encrypted room, return its event id; a new room key goes to the bot first."""
        phone = self.phones[sender]
        key, is_new = phone.room_key(room)
        if is_new:
            self._share(phone, room, key)
        content = phone.seal(room, key, "m.room.message", {"msgtype": "m.text", "body": text})
        return self.server.inject(room, sender, "m.room.encrypted", content)

    def _share(self, phone: Phone, room: str, key: GroupSession) -> None:
        keys = self.server.keys
        bot_keys = keys.devices[self.bot.user][self.bot.device].keys
        assert bot_keys is not None
        if phone.to_bot is None:
            (one_time,) = keys.claim(self.bot).values()
            identity = Curve25519PublicKey.from_base64(bot_keys["keys"][f"curve25519:{self.bot.device}"])
            claimed = Curve25519PublicKey.from_base64(one_time["key"])
            phone.to_bot = phone.account.create_outbound_session(identity, claimed)
        content = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": key.session_id,
            "session_key": key.session_key.to_base64(),
        }
        sealed = phone.to_device(self.bot.user, bot_keys, "m.room_key", content)
        keys.deliver(self.bot, phone.session.user, "m.room.encrypted", sealed)

    def clear(self, reader: str, event: Event) -> Event:
        """Return what the bot said in clear, as a member reads it. Raises KeyError if that member lacks the key."""
        content, phone = event["content"], self.phones[reader]
        if event["type"] != "m.room.encrypted":
            return event
        if not phone.has_key(content["session_id"]):
            inbox = self.server.keys.devices[reader][phone.session.device].inbox
            for _, message in inbox:
                if message["type"] == "m.room.encrypted":
                    phone.receive(message["content"])
            inbox.clear()
        plain = phone.open(content)
        relation = {"m.relates_to": content["m.relates_to"]} if "m.relates_to" in content else {}
        return {**event, "type": plain["type"], "content": plain["content"] | relation}
