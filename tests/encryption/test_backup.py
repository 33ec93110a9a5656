"""The key backup: another client's output, an independent computation, round trips, damage."""

import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st
from vodozemac import GroupSession, InboundGroupSession

from bot.matrix.encryption.backup import BackupKey, auth_data, lock, megolm, unlock
from bot.matrix.encryption.signing import SigningKey, from_base64, is_signed, to_base64

SEEDS = st.binary(min_size=32, max_size=32)

# The bytes 3, 10, 17, … and a session that matrix-js-sdk 43 with its Rust crypto put into a backup of that key.
FOREIGN_KEY = BackupKey(to_base64(bytes((7 * at + 3) % 256 for at in range(32))))
FOREIGN_SESSION_ID = "qtYinG0gBBjR0G3AUiC5DWm7EdFyhJKQtIVqWFWH/BQ"
FOREIGN_SESSION_KEY = (
    "AQAAAAB1Y1RGzE7vYlOkYmjcG0Tcyc75i+XhlSvaFiwdmEeSd7C6wBW0nDaz8f3T1+xpvbEnNlz5UZQuSgCA6VaQqJGCqqDtypiPgYXySngCu4Er"
    "W85ajpMmVG+M5PijEnSCApv6P/m3Kv+Kbcd8/H5EPFyHR+etKG7JD5vawdWTEP1n9KrWIpxtIAQY0dBtwFIguQ1puxHRcoSSkLSFalhVh/wU"
)
FOREIGN_DATA = {
    "first_message_index": 0,
    "forwarded_count": 1,
    "is_verified": False,
    "session_data": {
        "ciphertext": (
            "A3AilBRgctna/sjRXR6WGt4qY4yE5vfbMVqHWfLwbqRthi7SckFWiGwfr+pxkuRjfvULXjFwApRgCvmFwCKv54GFFvlRvuHvwCoTntw53dFX"
            "6mvqVM9NqjNMaAPSlvOG/2D+ONIQKXUo7oTsZSaa/kSWfg6ufLMMaDnuCTm33Uk4MNeJFvvOV/iqFuSx1SV+5aQSVa7iw4c/wfBsTR9+j4OS"
            "Bca/2g3FKKvSI9Tb+vhZpmLlX9IUOZi74ZZSa3W/mxj7Az/z65mXNFdod+keU+qOk7AqmTV8oi/LjapUOPJyvEwG4bydvF8P4+ZVWGxpJylS"
            "MwjEvQCSrRRe0dO/K6TYMRrz18OikOokjEVMdluQsD53dIGpYWhvU5pB28m2JbxeinMbpju5FXBf246OGGR5e6pmJlcyRqE/ieCw1bqklKxK"
            "TrYISbzf9cyDhflXDJNrcJZi+JxwGxcMFQtdkMMSiYJRF39cjoFF4q/48YEpMsZdBgh8SuW3sO4wiz20J29UST+3afSg2Tfi+EySygC7RRpP"
            "JZ9WVCyKYmLUXW58VkAuyo7gJWNjPy7r4Jls4aGFbxse1MkpVGiJHs6ye/VjqjF9zwnIjGx+ZKlHuhSMbE/bx2y9MS3gphIVtVOf"
        ),
        "ephemeral": "MNR7YFJmmVGbPtki3n4v4pNf5xQR1t15Qw3SHZ6ATCE",
        "mac": "U6ETzIbXQDg",
    },
}


def exported(index: int = 0) -> dict[str, Any]:
    """Return a session as clients export it, readable from its message `index` on."""
    session = InboundGroupSession(GroupSession().session_key)
    key = session.export_at(index)
    assert key is not None
    return {
        "algorithm": "m.megolm.v1.aes-sha2",
        "room_id": "!raum:localhost",
        "session_id": session.session_id,
        "session_key": key.to_base64(),
        "sender_key": "curve",
        "sender_claimed_keys": {"ed25519": "finger"},
        "forwarding_curve25519_key_chain": [],
    }


def read_by_another_library(private: bytes, data: dict[str, str]) -> Any:
    """Decrypt as the specification says, with its MAC over nothing."""
    ephemeral = X25519PublicKey.from_public_bytes(from_base64(data["ephemeral"]))
    shared = X25519PrivateKey.from_private_bytes(private).exchange(ephemeral)
    derived = HKDF(algorithm=SHA256(), length=80, salt=bytes(32), info=b"").derive(shared)
    assert from_base64(data["mac"]) == hmac.digest(derived[32:64], b"", "sha256")[:8]
    padded = Cipher(AES256(derived[:32]), CBC(derived[64:])).decryptor().update(from_base64(data["ciphertext"]))
    unpadder = PKCS7(128).unpadder()
    return json.loads(unpadder.update(padded) + unpadder.finalize())


def test_the_keys_of_a_backup_are_those_of_rfc_7748() -> None:
    """Section 6.1, the first key."""
    private = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    public = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert from_base64(BackupKey(to_base64(private)).public) == public


def test_a_session_from_another_client_is_read() -> None:
    session = unlock(FOREIGN_KEY.seed, FOREIGN_DATA)
    assert session["session_key"] == FOREIGN_SESSION_KEY
    assert session["algorithm"] == "m.megolm.v1.aes-sha2"
    assert megolm(session).session_id == FOREIGN_SESSION_ID


def test_the_public_key_is_the_one_that_another_client_finds() -> None:
    assert FOREIGN_KEY.public == "u1D/noKldM+/gg6X9g+5wUPsdBXPUU+M/Zjv9Z4FlhQ"


@given(SEEDS)
def test_keys_agree_with_another_library_and_survive_being_kept(seed: bytes) -> None:
    key = BackupKey(to_base64(seed))
    assert key.seed == to_base64(seed)
    assert from_base64(key.public) == X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


@given(SEEDS, st.integers(0, 300))
def test_a_locked_session_is_the_one_of_the_specification(seed: bytes, index: int) -> None:
    session = exported(index)
    data = lock(BackupKey(to_base64(seed)).public, session)
    assert (data["first_message_index"], data["forwarded_count"], data["is_verified"]) == (index, 0, False)
    plain = {name: part for name, part in session.items() if name not in ("room_id", "session_id")}
    assert read_by_another_library(seed, data["session_data"]) == plain
    assert unlock(to_base64(seed), data) == plain


def test_a_forwarded_session_says_how_often_it_was_forwarded() -> None:
    assert (
        lock(FOREIGN_KEY.public, exported() | {"forwarding_curve25519_key_chain": ["a", "b"]})["forwarded_count"] == 2
    )
    assert lock(FOREIGN_KEY.public, exported() | {"forwarding_curve25519_key_chain": None})["forwarded_count"] == 0


@pytest.mark.parametrize("key", [None, 5, "", "ä", "AAAA", FOREIGN_SESSION_KEY[:-4]])
def test_what_is_no_session_is_not_locked(key: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        lock(FOREIGN_KEY.public, exported() | {"session_key": key})


def test_another_key_opens_nothing() -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unlock(BackupKey.generate().seed, FOREIGN_DATA)


@pytest.mark.parametrize("part", ["ciphertext", "mac", "ephemeral"])
@pytest.mark.parametrize("damage", [None, 5, "", "ä", "A", "AAAA", "A" * 43])
def test_a_damaged_session_is_refused(part: str, damage: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unlock(FOREIGN_KEY.seed, {"session_data": FOREIGN_DATA["session_data"] | {part: damage}})  # type: ignore[operator]


@pytest.mark.parametrize("data", [{}, {"session_data": None}, {"session_data": "x"}, {"session_data": []}])
def test_what_is_no_backed_up_session_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        unlock(FOREIGN_KEY.seed, data)


@pytest.mark.parametrize("seed", ["", "AAAA", "ä", "A" * 42])
def test_a_malformed_private_key_is_refused(seed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        BackupKey(seed)
    with pytest.raises(ValueError):  # noqa: PT011
        unlock(seed, FOREIGN_DATA)


def test_the_master_key_vouches_for_the_backup() -> None:
    master = SigningKey.generate()
    data = auth_data(FOREIGN_KEY.public, "@anna:localhost", master)
    assert data["public_key"] == FOREIGN_KEY.public
    assert is_signed(data, "@anna:localhost", f"ed25519:{master.public}", master.public)
    assert not is_signed(data | {"public_key": "other"}, "@anna:localhost", f"ed25519:{master.public}", master.public)
