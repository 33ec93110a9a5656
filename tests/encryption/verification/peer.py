"""The other side of a verification, written from the specification with another library."""

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import canonicaljson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.matrix.encryption.sas import Party

Content = dict[str, Any]


def _unpadded(raw: bytes) -> str:
    return b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Peer:
    """A member's client: makes the contents that it sends, and computes what it must see."""

    me: Party
    bot: Party
    transaction: str
    in_room: bool = False
    private: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    started_by_me: bool = True
    start_content: Content = field(default_factory=dict)
    bots_key: str = ""

    @property
    def key_text(self) -> str:
        """The public key of this run."""
        return _unpadded(self.private.public_key().public_bytes_raw())

    def content(self, **fields: Any) -> Content:
        """Add what says to which verification a message belongs."""
        if self.in_room:
            return {**fields, "m.relates_to": {"rel_type": "m.reference", "event_id": self.transaction}}
        return {**fields, "transaction_id": self.transaction}

    def start(self, **changes: Any) -> Content:
        fields = {
            "from_device": self.me.device,
            "method": "m.sas.v1",
            "key_agreement_protocols": ["curve25519-hkdf-sha256", "curve25519"],
            "hashes": ["sha256"],
            "message_authentication_codes": ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"],
            "short_authentication_string": ["decimal", "emoji"],
        }
        self.start_content = self.content(**{**fields, **changes})
        return self.start_content

    def accept(self, start: Content, **changes: Any) -> Content:
        """Accept the bot's start."""
        self.started_by_me, self.start_content = False, start
        fields = {
            "commitment": self.commitment(self.key_text),
            "key_agreement_protocol": "curve25519-hkdf-sha256",
            "hash": "sha256",
            "message_authentication_code": "hkdf-hmac-sha256.v2",
            "short_authentication_string": ["emoji", "decimal"],
        }
        return self.content(**{**fields, **changes})

    def commitment(self, key: str) -> str:
        return _unpadded(sha256(key.encode() + canonicaljson.encode_canonical_json(self.start_content)).digest())

    def key(self, text: str | None = None) -> Content:
        return self.content(key=self.key_text if text is None else text)

    def mac(self, *, keys: dict[str, str] | None = None) -> Content:
        keys = self.me.keys if keys is None else keys
        macs = {name: self.mac_of(self.me, self.bot, name, key) for name, key in keys.items()}
        return self.content(mac=macs, keys=self.mac_of(self.me, self.bot, "KEY_IDS", ",".join(sorted(keys))))

    def mac_of(self, sender: Party, receiver: Party, name: str, value: str) -> str:
        parts = (sender.user, sender.device, receiver.user, receiver.device, self.transaction, name)
        key = self._derive("MATRIX_KEY_VERIFICATION_MAC" + "".join(parts), 32)
        return _unpadded(hmac.digest(key, value.encode(), "sha256"))

    def done(self) -> Content:
        return self.content()

    def cancel(self, code: str = "m.user") -> Content:
        return self.content(code=code, reason="")

    # -- what this client shows and checks

    @property
    def emoji(self) -> list[int]:
        bits = int.from_bytes(self._derive(self._info, 6)) >> 6
        return [bits >> (6 * place) & 0x3F for place in range(6, -1, -1)]

    @property
    def numbers(self) -> tuple[int, ...]:
        bits = int.from_bytes(self._derive(self._info, 5)) >> 1
        return tuple((bits >> (13 * place) & 0x1FFF) + 1000 for place in (2, 1, 0))

    def trusts(self, mac: Content) -> bool:
        """Whether the bot's MACs are those of all its keys."""
        keys = self.bot.keys
        expected = {name: self.mac_of(self.bot, self.me, name, key) for name, key in keys.items()}
        ids = self.mac_of(self.bot, self.me, "KEY_IDS", ",".join(sorted(keys)))
        return (mac["mac"], mac["keys"]) == (expected, ids)

    @property
    def _info(self) -> str:
        mine = f"{self.me.user}|{self.me.device}|{self.key_text}"
        theirs = f"{self.bot.user}|{self.bot.device}|{self.bots_key}"
        first, second = (mine, theirs) if self.started_by_me else (theirs, mine)
        return f"MATRIX_KEY_VERIFICATION_SAS|{first}|{second}|{self.transaction}"

    def _derive(self, info: str, length: int) -> bytes:
        shared = self.private.exchange(X25519PublicKey.from_public_bytes(_bytes(self.bots_key)))
        return HKDF(SHA256(), length, salt=None, info=info.encode()).derive(shared)
