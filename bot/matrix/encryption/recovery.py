"""The recovery key, and the secret storage that it opens (`m.secret_storage.v1.aes-hmac-sha2`)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from secrets import token_bytes
from typing import Any

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

from bot.matrix.encryption.signing import KEY_BYTES, from_base64, key_from_base64, to_base64

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
DEFAULT_KEY = "m.secret_storage.default_key"
KEY = "m.secret_storage.key."

MASTER = "m.cross_signing.master"
SELF_SIGNING = "m.cross_signing.self_signing"
USER_SIGNING = "m.cross_signing.user_signing"
BACKUP = "m.megolm_backup.v1"
CROSS_SIGNING = (MASTER, SELF_SIGNING, USER_SIGNING)
STORED = (*CROSS_SIGNING, BACKUP)

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PREFIX = b"\x8b\x01"
_WHOLE_BYTES = len(_PREFIX) + KEY_BYTES + 1
_LETTERS = 48  # as many as the prefix and 32 bytes always take
_GROUP = 4
_IV_BYTES = 16


class WrongRecoveryKey(Exception):
    """The recovery key is mistyped or opens something else; the message is a sentence for the operator."""


class NoRecovery(Exception):
    """There is nothing to recover from; `missing` names the parts that secret storage lacks."""

    def __init__(self, message: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.missing = missing


def new_recovery_key() -> bytes:
    """Make a new key for secret storage; `encode` writes it for people."""
    return token_bytes(KEY_BYTES)


def encode(key: bytes) -> str:
    """Write a key in groups of four letters (specification, appendix "Cryptographic key representation")."""
    whole = _PREFIX + key
    number = int.from_bytes(whole + bytes([reduce(xor, whole)]))
    letters = ""
    while number:
        number, rest = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[rest] + letters
    return " ".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def decode(text: str) -> bytes:
    """Read a recovery key, however it is spaced; upper and lower case differ. Raises WrongRecoveryKey."""
    letters = "".join(text.split())
    for letter in letters:
        if letter not in _ALPHABET:
            raise WrongRecoveryKey(
                f"“{letter}” is in no recovery key: they are letters and digits without 0, O, I and l."
            )
    if len(letters) != _LETTERS:
        raise WrongRecoveryKey(f"A recovery key has {_LETTERS} letters and digits, this one has {len(letters)}.")
    number = 0
    for letter in letters:
        number = number * len(_ALPHABET) + _ALPHABET.index(letter)
    whole = number.to_bytes(_WHOLE_BYTES + 1)[1:]
    if number >> (8 * _WHOLE_BYTES) or not whole.startswith(_PREFIX) or reduce(xor, whole):
        raise WrongRecoveryKey("The recovery key has a typing error: its letters do not fit together.")
    return whole[len(_PREFIX) : -1]


def describe(key: bytes, name: str) -> dict[str, Any]:
    """Return the content of `m.secret_storage.key.…`, by which the right key is known again."""
    check = _encrypted(key, "", bytes(KEY_BYTES), _new_iv())
    return {"name": name, "algorithm": ALGORITHM, "iv": check["iv"], "mac": check["mac"]}


def fits(key: bytes, description: Mapping[str, Any]) -> bool:
    """Tell whether this is the described key; a description without a check has to be believed (specification)."""
    if description.get("algorithm") != ALGORITHM:
        return False
    if "iv" not in description and "mac" not in description:
        return True
    try:
        iv, mac = _bytes_of(description, "iv", _IV_BYTES), _bytes_of(description, "mac")
    except ValueError:
        return False
    return hmac.compare_digest(mac, from_base64(_encrypted(key, "", bytes(KEY_BYTES), iv)["mac"]))


def hide(key: bytes, name: str, secret: str) -> dict[str, str]:
    """Encrypt a secret for the account data of that name."""
    return _encrypted(key, name, secret.encode(), _new_iv())


def reveal(key: bytes, name: str, hidden: Mapping[str, Any]) -> str:
    """Decrypt a secret. Raises WrongRecoveryKey if the key is another one, ValueError for what is malformed."""
    iv = _bytes_of(hidden, "iv", _IV_BYTES)
    ciphertext, mac = _bytes_of(hidden, "ciphertext"), _bytes_of(hidden, "mac")
    aes_key, mac_key = _keys(key, name)
    if not hmac.compare_digest(mac, hmac.digest(mac_key, ciphertext, "sha256")):
        raise WrongRecoveryKey(f"This recovery key does not open {name}.")
    plain: bytes = _ctr(aes_key, iv).decrypt(ciphertext)
    return plain.decode()


@dataclass(frozen=True, slots=True)
class Storage:
    """Secret storage as it lies on the server, seen through its default key."""

    key_id: str | None
    description: Mapping[str, Any]
    hidden: Mapping[str, Mapping[str, Any]]
    """What is encrypted for the default key, by the name of the secret."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Name the account data that is not there; without any of it but the backup's key nothing can be recovered."""
        if self.key_id is None:
            return DEFAULT_KEY, *STORED
        description = () if self.description else (KEY + self.key_id,)
        return *description, *(name for name in STORED if name not in self.hidden)

    def open(self, key: bytes) -> dict[str, str]:
        """Decrypt all private keys that are there, as base64. Raises NoRecovery and WrongRecoveryKey."""
        lacking = tuple(name for name in self.missing if name != BACKUP)
        if lacking:
            raise NoRecovery(f"Secret storage is incomplete, it lacks {', '.join(lacking)}.", lacking)
        if not fits(key, self.description):
            raise WrongRecoveryKey(
                "This is not the recovery key of the account's secret storage as it is now; "
                "perhaps another client has made a new one since."
            )
        try:
            return {name: to_base64(key_from_base64(reveal(key, name, self.hidden[name]))) for name in self.hidden}
        except ValueError:
            raise NoRecovery("Secret storage is damaged.", tuple(self.hidden)) from None


def _keys(key: bytes, name: str) -> tuple[bytes, bytes]:
    derived = HKDF(key, 2 * KEY_BYTES, bytes(KEY_BYTES), SHA256, context=name.encode())
    return derived[:KEY_BYTES], derived[KEY_BYTES:]


def _encrypted(key: bytes, name: str, plain: bytes, iv: bytes) -> dict[str, str]:
    aes_key, mac_key = _keys(key, name)
    ciphertext = _ctr(aes_key, iv).encrypt(plain)
    mac = hmac.digest(mac_key, ciphertext, "sha256")
    return {"iv": to_base64(iv), "ciphertext": to_base64(ciphertext), "mac": to_base64(mac)}


def _ctr(key: bytes, iv: bytes) -> Any:
    return AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=iv)


def _new_iv() -> bytes:
    """Leave bit 63 clear: implementations differ in how the counter passes it."""
    iv = bytearray(token_bytes(_IV_BYTES))
    iv[8] &= 0x7F
    return bytes(iv)


def _bytes_of(content: Mapping[str, Any], name: str, length: int | None = None) -> bytes:
    text = content.get(name)
    raw = from_base64(text) if isinstance(text, str) else None
    if raw is None or (length is not None and len(raw) != length):
        raise ValueError(f"{name} is malformed")
    return raw
