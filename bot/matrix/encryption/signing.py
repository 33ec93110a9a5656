"""Canonical JSON and Ed25519 signatures on JSON objects (Matrix specification, appendix "Signing JSON")."""

import json
from base64 import b64decode, b64encode
from secrets import token_bytes
from typing import Any, Self

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from vodozemac import Ed25519PublicKey, Ed25519Signature

KEY_BYTES = 32
LARGEST_INTEGER = 2**53 - 1
UNSIGNED_PARTS = ("signatures", "unsigned")


def to_base64(raw: bytes) -> str:
    """Write bytes as the specification wants them: base64 without padding."""
    return b64encode(raw).decode().rstrip("=")


def from_base64(text: str) -> bytes:
    """Read base64 with or without padding. Raises ValueError."""
    bare = text.rstrip("=")
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def key_from_base64(text: str) -> bytes:
    """Read a key of 32 bytes. Raises ValueError."""
    raw = from_base64(text)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, this one {len(raw)}")
    return raw


def canonical(value: Any) -> bytes:
    """Encode JSON in the one way in which it is signed. Raises ValueError or TypeError for what has no such form."""
    exact = _exact(value)
    return json.dumps(exact, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _exact(value: Any) -> Any:
    """Allow integers only as large as every implementation can hold, and 1e10 as another spelling of one."""
    match value:
        case bool() | str() | None:
            return value
        case float() if value.is_integer():
            return _exact(int(value))
        case int() if abs(value) <= LARGEST_INTEGER:
            return value
        case dict() if all(isinstance(name, str) for name in value):
            return {name: _exact(part) for name, part in value.items()}
        case list() | tuple():
            return [_exact(part) for part in value]
    raise ValueError(f"canonical JSON has no {type(value).__name__} like this")


class SigningKey:
    """An Ed25519 key (RFC 8032); `seed` and `public` are unpadded base64."""

    def __init__(self, seed: str) -> None:
        """Take the 32 bytes of the seed as base64. Raises ValueError."""
        raw = key_from_base64(seed)
        private = ECC.construct(curve="Ed25519", seed=raw)
        self.seed = to_base64(raw)
        self.public = to_base64(private.public_key().export_key(format="raw"))
        self._signer = eddsa.new(private, "rfc8032")

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(to_base64(token_bytes(KEY_BYTES)))

    def sign(self, message: bytes) -> str:
        """Return the signature as unpadded base64."""
        return to_base64(self._signer.sign(message))


def signed(obj: dict[str, Any], user: str, key_id: str, key: SigningKey) -> dict[str, Any]:
    """Return a copy with one more signature, named `key_id` (such as `ed25519:…`), beside those that are there."""
    signatures = obj.get("signatures", {})
    of_user = signatures.get(user, {}) | {key_id: key.sign(_signed_part(obj))}
    return obj | {"signatures": signatures | {user: of_user}}


def is_signed(obj: Any, user: str, key_id: str, public: str) -> bool:
    """Tell whether the object has this valid signature; whatever is malformed has not."""
    try:
        signature = Ed25519Signature.from_base64(obj["signatures"][user][key_id])
        Ed25519PublicKey.from_base64(public).verify_signature(_signed_part(obj), signature)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True


def _signed_part(obj: dict[str, Any]) -> bytes:
    return canonical({name: part for name, part in obj.items() if name not in UNSIGNED_PARTS})
