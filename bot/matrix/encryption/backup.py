"""The key backup on the server, one session at a time (`m.megolm_backup.v1.curve25519-aes-sha2`)."""

import hmac
import json
from collections.abc import Mapping
from typing import Any, Self

from vodozemac import (
    Curve25519PublicKey,
    Curve25519SecretKey,
    ExportedSessionKey,
    InboundGroupSession,
    Message,
    PkDecryption,
    PkEncryption,
)

from bot.matrix.encryption.signing import SigningKey, canonical, from_base64, key_from_base64, signed, to_base64

PROOF = "uagbot.proof"
ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
BACKED_UP = (
    "algorithm",
    "sender_key",
    "sender_claimed_keys",
    "forwarding_curve25519_key_chain",
    "session_key",
    PROOF,
)
PROVEN = ("room_id", "session_id", "sender_key", "sender_claimed_keys", "session_key")


class BackupKey:
    """The Curve25519 key of a backup; `seed` and `public` are unpadded base64."""

    def __init__(self, seed: str) -> None:
        """Take the 32 private bytes as base64. Raises ValueError."""
        private = Curve25519SecretKey.from_bytes(key_from_base64(seed))
        self.seed = private.to_base64()
        self.public = private.public_key().to_base64()

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls(Curve25519SecretKey().to_base64())


def auth_data(public: str, user: str, master: SigningKey) -> dict[str, Any]:
    """Return what a backup version says of itself, signed by the account's master key."""
    return signed({"public_key": public}, user, f"ed25519:{master.public}", master)


def lock(public: str, session: Mapping[str, Any]) -> dict[str, Any]:
    """Encrypt an exported session for the backup with this public key. Raises ValueError for what is no session."""
    plain = {name: session[name] for name in BACKED_UP if name in session}
    key = PkEncryption.from_key(Curve25519PublicKey.from_base64(public))
    message = key.encrypt(json.dumps(plain).encode())
    return {
        "first_message_index": megolm(session).first_known_index,
        "forwarded_count": len(session.get("forwarding_curve25519_key_chain") or ()),
        "is_verified": False,
        "session_data": {
            "ciphertext": to_base64(message.ciphertext),
            "mac": to_base64(message.mac),
            "ephemeral": to_base64(message.ephemeral_key),
        },
    }


def unlock(private: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Decrypt a session as the server gives it. Raises ValueError if the key is another one, or for a malformed one.

    Whoever knows the backup's public key could have put it there, the server too: `proof` tells.
    """
    key = PkDecryption.from_key(Curve25519SecretKey.from_bytes(key_from_base64(private)))
    try:
        locked = data["session_data"]
        message = Message(*(from_base64(locked[part]) for part in ("ciphertext", "mac", "ephemeral")))
    except (KeyError, TypeError, AttributeError):
        raise ValueError("the backed up session is malformed") from None
    session = json.loads(key.decrypt(message))
    if not isinstance(session, dict):
        raise ValueError("the backed up session is no object")  # noqa: TRY004 -- a fault of the content, not of the call
    return session


def proof(private: str, session: Mapping[str, Any]) -> str:
    """Return what shows that the holder of the private key has put this session into the backup.

    The algorithm itself proves nothing (MSC4048 names the gap): without this a homeserver could hand out a key of its
    own as that of a member, and speak with the member's voice.
    """
    key = hmac.digest(key_from_base64(private), b"uagbot key backup proof", "sha256")
    return to_base64(hmac.digest(key, canonical({name: session.get(name) for name in PROVEN}), "sha256"))


def megolm(session: Mapping[str, Any]) -> InboundGroupSession:
    """Return the Megolm session in an exported one. Raises ValueError."""
    key = session.get("session_key")
    if not isinstance(key, str):
        raise ValueError("there is no session key")  # noqa: TRY004 -- as above
    return InboundGroupSession.import_session(ExportedSessionKey(key))
