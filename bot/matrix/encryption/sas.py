"""One verification by short authentication string, seen by the side that was asked: messages in, messages out.

Matrix specification, "Key verification framework" and "Short Authentication String (SAS) verification".
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from hashlib import sha256
from pathlib import Path
from typing import Any

import vodozemac

from bot.matrix.encryption.signing import canonical, to_base64

PREFIX = "m.key.verification."
METHOD = "m.sas.v1"
AGREEMENT = "curve25519-hkdf-sha256"
HASH = "sha256"
MAC = "hkdf-hmac-sha256.v2"
STRINGS = ("emoji", "decimal")

LONGEST = timedelta(minutes=10)
NO_PROGRESS = timedelta(minutes=2)
START_AFTER = timedelta(seconds=10)

REASONS = {
    "m.user": "The verification is not wanted.",
    "m.timeout": "The verification took too long.",
    "m.unknown_transaction": "This verification is not known here.",
    "m.unknown_method": "There is no method that both sides know.",
    "m.unexpected_message": "This message does not belong here.",
    "m.key_mismatch": "The keys are not the expected ones.",
    "m.invalid_message": "The message is malformed.",
    "m.mismatched_commitment": "The key is not the one that was committed to.",
    "m.mismatched_sas": "The short authentication strings differ.",
}
MISMATCHES = ("m.key_mismatch", "m.mismatched_commitment", "m.mismatched_sas")

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Emoji:
    """One of the 64, with its names."""

    symbol: str
    de: str
    en: str


EMOJI = tuple(Emoji(**one) for one in tomllib.loads((Path(__file__).parent / "emoji.toml").read_text("utf-8"))["emoji"])


@dataclass(frozen=True, slots=True)
class Party:
    """One side: its device, and the public keys that it proves to have (unpadded base64)."""

    user: str
    device: str
    ed25519: str
    master: str | None = None

    @property
    def keys(self) -> dict[str, str]:
        """The keys by their ids."""
        named = {f"ed25519:{self.device}": self.ed25519}
        return named | ({f"ed25519:{self.master}": self.master} if self.master else {})


@dataclass(frozen=True, slots=True)
class Step:
    """One message for the other side."""

    type: str
    content: Content


class State(Enum):
    """What is waited for."""

    READY = auto()  # somebody starts
    STARTED = auto()  # our start is accepted
    ACCEPTED = auto()  # the key of the side that started, which is the other
    OFFERED = auto()  # the key of the side that accepted, which is the other
    SHOWN = auto()  # both people compare and confirm
    DONE = auto()
    CANCELLED = auto()


class Broken(Exception):
    """The verification must end, with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sas:
    """One verification with one device. `state` tells where it stands, `code` why it was cancelled.

    Whatever a method returns is to be sent in that order. `asked_at` is when the other side says that it asked; the
    keys of both sides stay what they are now.
    """

    def __init__(
        self, ours: Party, theirs: Party, transaction: str, *, in_room: bool, asked_at: datetime, now: datetime
    ) -> None:
        self.ours = ours
        self.theirs = theirs
        self.transaction = transaction
        self.in_room = in_room
        self.until = min(asked_at, now) + LONGEST
        self.state = State.READY
        self.code: str | None = None
        self.strings: tuple[str, ...] = STRINGS
        self.confirmed = False
        self.master_proven = False
        self._moved_at = now
        self._checked = False
        self._we_started = False
        self._start: Content = {}
        self._commitment = ""
        self._their_key = ""
        self._pair = vodozemac.Sas()
        self._our_key = self._pair.public_key.to_base64()
        self._secret: vodozemac.EstablishedSas | None = None
        self._heard: dict[str, Content] = {}

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in (State.DONE, State.CANCELLED)

    @property
    def emoji(self) -> tuple[Emoji, ...]:
        """The seven to compare, from the moment of SHOWN on."""
        return tuple(EMOJI[number] for number in self._established.bytes(self._info).emoji_indices)

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The three to compare where the other side shows no emoji."""
        return self._established.bytes(self._info).decimals

    # -- what we do

    def ready(self) -> list[Step]:
        """Accept the request."""
        return [self._step("ready", {"from_device": self.ours.device, "methods": [METHOD]})]

    def confirm(self, now: datetime) -> list[Step]:
        """Our side says that both show the same."""
        if self.state is not State.SHOWN or self.confirmed:
            return []
        self.confirmed, self._moved_at = True, now
        return [self._mac(), *self._finished()]

    def reject(self) -> list[Step]:
        """Our side says that they differ."""
        return self.cancel("m.mismatched_sas")

    def cancel(self, code: str) -> list[Step]:
        """End it before it is done."""
        return [] if self.is_over else self._end(code)

    def fail(self) -> list[Step]:
        """End it because messages do not get through: even what was done does not count then."""
        return [] if self.state is State.CANCELLED else self._end("m.user")

    def tick(self, now: datetime) -> list[Step]:
        """Let time pass: start where the other side does not, end what takes too long.

        While people compare only the ten minutes count: nobody is hurried.
        """
        if self.is_over:
            return []
        waited = now - self._moved_at
        if now >= self.until or (self.state is not State.SHOWN and waited >= NO_PROGRESS):
            return self.cancel("m.timeout")
        if self.state is State.READY and waited >= START_AFTER:
            return self._begin(now)
        return []

    def _end(self, code: str) -> list[Step]:
        self.state, self.code = State.CANCELLED, code
        return [self._step("cancel", {"code": code, "reason": REASONS[code]})]

    def _begin(self, now: datetime) -> list[Step]:
        offered = {
            "from_device": self.ours.device,
            "method": METHOD,
            "key_agreement_protocols": [AGREEMENT],
            "hashes": [HASH],
            "message_authentication_codes": [MAC],
            "short_authentication_string": list(STRINGS),
        }
        step = self._step("start", offered)
        self.state, self._moved_at = State.STARTED, now
        self._we_started, self._start = True, step.content
        return [step]

    # -- what comes

    def receive(self, kind: str, content: Content, now: datetime) -> list[Step]:
        """Take a message of the other side (`kind` is its type behind `m.key.verification.`).

        A repeat of what came before changes nothing; what does not fit ends the verification.
        """
        if self.is_over or self._heard.get(kind) == content:
            return []
        try:
            steps = self._take(kind, content)
        except Broken as broken:
            return self.cancel(broken.code)
        except (ValueError, OverflowError, RecursionError):  # keys and JSON that are none
            return self.cancel("m.invalid_message")
        self._heard[kind] = content
        self._moved_at = now
        return steps

    def _take(self, kind: str, content: Content) -> list[Step]:
        match kind, self.state:
            case "cancel", _:
                self.state, self.code = State.CANCELLED, str(content.get("code"))
                return []
            case "start", State.READY | State.STARTED:
                return self._on_start(content)
            case "accept", State.STARTED:
                return self._on_accept(content)
            case "key", State.ACCEPTED | State.OFFERED:
                return self._on_key(content)
            case "mac", State.SHOWN if not self._checked:
                return self._on_mac(content)
        raise Broken("m.unexpected_message")

    def _on_start(self, content: Content) -> list[Step]:
        method = _text(content, "method")
        if self.state is State.STARTED:
            if method != METHOD:
                raise Broken("m.unexpected_message")
            if (self.ours.user, self.ours.device) < (self.theirs.user, self.theirs.device):
                return []  # both have started: the smaller id counts, and it is ours
        if _text(content, "from_device") != self.theirs.device:
            raise Broken("m.invalid_message")
        self.strings = tuple(one for one in STRINGS if one in _texts(content, "short_authentication_string"))
        known = (
            method == METHOD
            and AGREEMENT in _texts(content, "key_agreement_protocols")
            and HASH in _texts(content, "hashes")
            and MAC in _texts(content, "message_authentication_codes")
        )
        if not known or not self.strings:
            raise Broken("m.unknown_method")
        self._we_started, self._start = False, content
        chosen = {
            "commitment": self._commit(self._our_key),
            "key_agreement_protocol": AGREEMENT,
            "hash": HASH,
            "message_authentication_code": MAC,
            "short_authentication_string": list(self.strings),
        }
        self.state = State.ACCEPTED
        return [self._step("accept", chosen)]

    def _on_accept(self, content: Content) -> list[Step]:
        self.strings = tuple(one for one in STRINGS if one in _texts(content, "short_authentication_string"))
        chosen = (
            _text(content, "key_agreement_protocol"),
            _text(content, "hash"),
            _text(content, "message_authentication_code"),
        )
        if chosen != (AGREEMENT, HASH, MAC) or not self.strings:
            raise Broken("m.unknown_method")
        self._commitment = _text(content, "commitment")
        self.state = State.OFFERED
        return [self._step("key", {"key": self._our_key})]

    def _on_key(self, content: Content) -> list[Step]:
        key = _text(content, "key")
        if key == self._our_key:
            raise Broken("m.invalid_message")
        if self._we_started and self._commit(key) != self._commitment:
            raise Broken("m.mismatched_commitment")
        self._secret = self._pair.diffie_hellman(vodozemac.Curve25519PublicKey.from_base64(key))
        self._their_key = key
        self.state = State.SHOWN
        return [] if self._we_started else [self._step("key", {"key": self._our_key})]

    def _on_mac(self, content: Content) -> list[Step]:
        macs, mac_of_ids = content.get("mac"), _text(content, "keys")
        if not isinstance(macs, dict) or not all(isinstance(mac, str) for mac in macs.values()):
            raise Broken("m.invalid_message")
        keys = self.theirs.keys
        if f"ed25519:{self.theirs.device}" not in macs or not macs.keys() <= keys.keys():
            raise Broken("m.key_mismatch")
        try:
            self._check("KEY_IDS", ",".join(sorted(macs)), mac_of_ids)
            for key_id, mac in macs.items():
                self._check(key_id, keys[key_id], mac)
        except ValueError:
            raise Broken("m.key_mismatch") from None
        self._checked = True
        self.master_proven = f"ed25519:{self.theirs.master}" in macs
        return self._finished()

    # -- how it is computed

    def _finished(self) -> list[Step]:
        if not (self.confirmed and self._checked):
            return []
        self.state = State.DONE
        return [self._step("done", {})]

    def _mac(self) -> Step:
        keys = self.ours.keys
        info = self._mac_info(self.ours, self.theirs)
        macs = {key_id: self._established.calculate_mac(key, info + key_id) for key_id, key in keys.items()}
        mac_of_ids = self._established.calculate_mac(",".join(sorted(keys)), info + "KEY_IDS")
        return self._step("mac", {"mac": macs, "keys": mac_of_ids})

    def _check(self, name: str, value: str, mac: str) -> None:
        """Raises ValueError where the MAC of the other side is not that of the value."""
        self._established.verify_mac(value, self._mac_info(self.theirs, self.ours) + name, mac)

    def _mac_info(self, sender: Party, receiver: Party) -> str:
        parts = (sender.user, sender.device, receiver.user, receiver.device, self.transaction)
        return "MATRIX_KEY_VERIFICATION_MAC" + "".join(parts)

    @property
    def _info(self) -> str:
        our_part = (self.ours.user, self.ours.device, self._our_key)
        their_part = (self.theirs.user, self.theirs.device, self._their_key)
        first, second = (our_part, their_part) if self._we_started else (their_part, our_part)
        return "|".join(("MATRIX_KEY_VERIFICATION_SAS", *first, *second, self.transaction))

    @property
    def _established(self) -> vodozemac.EstablishedSas:
        if self._secret is None:
            raise RuntimeError("the keys are not exchanged yet")
        return self._secret

    def _commit(self, key: str) -> str:
        return to_base64(sha256(key.encode() + canonical(self._start)).digest())

    def _step(self, kind: str, content: Content) -> Step:
        return Step(PREFIX + kind, {**content, **reference(self.transaction, in_room=self.in_room)})


def reference(transaction: str, *, in_room: bool) -> Content:
    """Return what says to which verification a message belongs."""
    if in_room:
        return {"m.relates_to": {"rel_type": "m.reference", "event_id": transaction}}
    return {"transaction_id": transaction}


def _text(content: Content, name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise Broken("m.invalid_message")
    return value


def _texts(content: Content, name: str) -> Sequence[str]:
    value = content.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Broken("m.invalid_message")
    return value
