"""What the server publishes of the account: its cross-signing keys and its devices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.matrix.encryption.recovery import CROSS_SIGNING, MASTER, SELF_SIGNING, USER_SIGNING
from bot.matrix.encryption.signing import SigningKey, is_signed, signed

JSON = dict[str, Any]

USAGE = {MASTER: "master", SELF_SIGNING: "self_signing", USER_SIGNING: "user_signing"}
"""What each key is called in the objects that are published."""


def key_id(public: str) -> str:
    """Return the name of a cross-signing key's signatures."""
    return f"ed25519:{public}"


def key_object(user: str, name: str, key: SigningKey, master: SigningKey | None = None) -> JSON:
    """Return a cross-signing key as it is published; all but the master key itself are signed by the master key."""
    bare: JSON = {"user_id": user, "usage": [USAGE[name]], "keys": {key_id(key.public): key.public}}
    return signed(bare, user, key_id(master.public), master) if master else bare


def public_key(published: Any, user: str, name: str) -> str | None:
    """Return the public key in such an object, or None if it is not a key of this user for this use."""
    try:
        [(identifier, public)] = published["keys"].items()
        right = published["user_id"] == user and USAGE[name] in published["usage"] and identifier == key_id(public)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return public if right and isinstance(public, str) else None


@dataclass(frozen=True, slots=True)
class Published:
    """The answer of `/keys/query` for one user, as it came; nothing in it is to be believed unchecked."""

    user_id: str
    master: Any
    self_signing: Any
    user_signing: Any
    devices: Mapping[str, Any]

    @classmethod
    def of(cls, user: str, answer: JSON) -> "Published":
        """Take what the answer says of this user."""
        devices = (answer.get("device_keys") or {}).get(user)
        master, self_signing, user_signing = (
            (answer.get(f"{USAGE[name]}_keys") or {}).get(user) for name in CROSS_SIGNING
        )
        return cls(user, master, self_signing, user_signing, devices if isinstance(devices, dict) else {})

    @property
    def public(self) -> dict[str, str | None]:
        """Return the public keys by the names of their secrets; None for what is missing or malformed."""
        found = zip(CROSS_SIGNING, (self.master, self.self_signing, self.user_signing), strict=True)
        return {name: public_key(published, self.user_id, name) for name, published in found}

    @property
    def complete(self) -> bool:
        """Whether all three keys are there, and the master key vouches for the other two."""
        public = self.public
        master = public[MASTER] or ""
        return all(public.values()) and all(
            is_signed(published, self.user_id, key_id(master), master)
            for published in (self.self_signing, self.user_signing)
        )

    def signs(self, device: str) -> bool:
        """Whether the identity is complete and vouches for this device."""
        key = self.public[SELF_SIGNING] or ""
        return self.complete and is_signed(self.devices.get(device), self.user_id, key_id(key), key)

    def belongs_to(self, seeds: Mapping[str, str]) -> bool:
        """Whether these are the private keys of all three, by the names of the secrets, as base64."""
        try:
            return all(SigningKey(seeds[name]).public == public for name, public in self.public.items())
        except (KeyError, ValueError):
            return False

    def has_device(self, device: str, keys: Mapping[str, str]) -> bool:
        """Whether the device is published with exactly these keys, and says so itself."""
        found = self.devices.get(device)
        own = f"ed25519:{device}"
        return (
            isinstance(found, dict)
            and own in keys
            and found.get("keys") == dict(keys)
            and (found.get("user_id"), found.get("device_id")) == (self.user_id, device)
            and is_signed(found, self.user_id, own, keys[own])
        )
