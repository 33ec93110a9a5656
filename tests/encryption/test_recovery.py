"""Recovery keys and secret storage: another client's output, an independent computation, round trips, damage."""

import contextlib
import hmac
import string
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from bot.matrix.encryption.recovery import (
    BACKUP,
    CROSS_SIGNING,
    DEFAULT_KEY,
    KEY,
    MASTER,
    STORED,
    NoRecovery,
    Storage,
    WrongRecoveryKey,
    decode,
    describe,
    encode,
    fits,
    hide,
    new_recovery_key,
    reveal,
)
from bot.matrix.encryption.signing import SigningKey, from_base64, to_base64

KEYS = st.binary(min_size=32, max_size=32)

# Made by matrix-js-sdk 43 of the bytes 3, 10, 17, …
FOREIGN_KEY = bytes((7 * at + 3) % 256 for at in range(32))
FOREIGN_TEXT = "EsT1 t3bE JPZs Bz9H xApv jfQh PY9X gmGM bhbN Kz2L 2t9n aeKB"
FOREIGN_DESCRIPTION = {
    "name": "m.default",
    "algorithm": "m.secret_storage.v1.aes-hmac-sha2",
    "iv": "tCuu99atfMUnq5xk/WZCRA==",
    "mac": "ILX/zr+PrSpD/pf2FqFogEEz7CAGhgwQ8//LTEKgAg0=",
}
FOREIGN_SECRET = "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1"  # noqa: S105 -- the example of the specification
FOREIGN_HIDDEN = {
    "iv": "rAqBOBJBToJrsbNIhsouSg==",
    "ciphertext": "4Fii8CxbQi9RDHBrrDqMP9MuFeGzpmHBP65+YgmKLidkkTu18TobpNuKkw==",
    "mac": "1UtkE67SzSbgbDJQoEgkwgjkodZc39jtXtgl0CU+BLI=",
}


# The recovery key


def test_a_recovery_key_is_written_as_another_client_writes_it() -> None:
    assert encode(FOREIGN_KEY) == FOREIGN_TEXT
    assert decode(FOREIGN_TEXT) == FOREIGN_KEY


@given(KEYS)
def test_a_recovery_key_comes_back_from_its_twelve_groups_of_four(key: bytes) -> None:
    text = encode(key)
    assert [len(group) for group in text.split(" ")] == [4] * 12
    assert text.startswith("Es")
    assert decode(text) == key


@pytest.mark.parametrize(
    "pasted",
    [
        FOREIGN_TEXT.replace(" ", ""),
        f"\n  {FOREIGN_TEXT}\t\r\n",
        FOREIGN_TEXT.replace(" ", "\xa0"),
        FOREIGN_TEXT.replace(" ", "  \n"),
    ],
)
def test_a_pasted_recovery_key_may_be_spaced_in_any_way(pasted: str) -> None:
    assert decode(pasted) == FOREIGN_KEY


@pytest.mark.parametrize("letter", ["0", "O", "I", "l", "ä", "-", "_", "\u200b"])
def test_a_letter_that_is_in_no_recovery_key_is_named(letter: str) -> None:
    with pytest.raises(WrongRecoveryKey, match=f"“{letter}” is in no recovery key"):
        decode(FOREIGN_TEXT.replace("3", letter))


@pytest.mark.parametrize(("text", "count"), [("", 0), (FOREIGN_TEXT[:-1], 47), (FOREIGN_TEXT + "A", 49)])
def test_a_recovery_key_of_another_length_is_refused_with_the_count(text: str, count: int) -> None:
    with pytest.raises(WrongRecoveryKey, match=f"has 48 letters and digits, this one has {count}"):
        decode(text)


@given(st.integers(0, 47), st.sampled_from(sorted(set(string.ascii_letters + string.digits) - set("0OIl"))))
def test_one_wrong_letter_never_gives_the_key(place: int, letter: str) -> None:
    letters = list(FOREIGN_TEXT.replace(" ", ""))
    same = letters[place] == letter
    letters[place] = letter
    if same:
        assert decode("".join(letters)) == FOREIGN_KEY
    else:
        with contextlib.suppress(WrongRecoveryKey):
            assert decode("".join(letters)) != FOREIGN_KEY


def test_a_typing_error_is_told() -> None:
    with pytest.raises(WrongRecoveryKey, match="typing error"):
        decode(FOREIGN_TEXT.replace("JPZs", "JPZt"))


@pytest.mark.parametrize("text", ["z" * 48, "1" * 48, FOREIGN_TEXT.swapcase().replace("I", "J").replace("l", "m")])
def test_letters_that_do_not_fit_together_are_refused(text: str) -> None:
    with pytest.raises(WrongRecoveryKey):
        decode(text)


def test_every_new_recovery_key_is_another_one() -> None:
    assert len({new_recovery_key() for _ in range(10)}) == 10


# Secret storage


def derived(key: bytes, name: str) -> tuple[bytes, bytes]:
    """Compute the two keys of a secret with another library."""
    whole = HKDF(algorithm=SHA256(), length=64, salt=bytes(32), info=name.encode()).derive(key)
    return whole[:32], whole[32:]


def in_ctr(key: bytes, iv: bytes, content: bytes) -> bytes:
    """Encrypt, or decrypt, with another library."""
    return Cipher(AES256(key), CTR(iv)).encryptor().update(content)


def test_a_secret_hidden_by_another_client_is_read() -> None:
    assert reveal(FOREIGN_KEY, MASTER, FOREIGN_HIDDEN) == FOREIGN_SECRET


def test_a_key_described_by_another_client_is_known_again() -> None:
    assert fits(FOREIGN_KEY, FOREIGN_DESCRIPTION)
    assert not fits(new_recovery_key(), FOREIGN_DESCRIPTION)


@given(KEYS, st.text())
def test_a_description_is_the_one_of_the_specification(key: bytes, name: str) -> None:
    description = describe(key, name)
    aes_key, mac_key = derived(key, "")
    iv = from_base64(description["iv"])
    mac = to_base64(hmac.digest(mac_key, in_ctr(aes_key, iv, bytes(32)), "sha256"))
    assert description == {
        "name": name,
        "algorithm": "m.secret_storage.v1.aes-hmac-sha2",
        "iv": to_base64(iv),
        "mac": mac,
    }
    assert iv[8] < 128  # bit 63 is clear
    assert fits(key, description)


@given(KEYS, st.text(), st.text())
def test_a_hidden_secret_is_the_one_of_the_specification(key: bytes, name: str, secret: str) -> None:
    hidden = hide(key, name, secret)
    aes_key, mac_key = derived(key, name)
    ciphertext, iv = from_base64(hidden["ciphertext"]), from_base64(hidden["iv"])
    assert iv[8] < 128
    assert in_ctr(aes_key, iv, ciphertext) == secret.encode()
    assert from_base64(hidden["mac"]) == hmac.digest(mac_key, ciphertext, "sha256")
    assert reveal(key, name, hidden) == secret


def test_the_counter_passes_bit_63_as_other_libraries_let_it() -> None:
    """The last 64 bits overflow within the secret; the carry belongs into the first."""
    iv = bytes(7) + b"\x01" + b"\xff" * 8
    aes_key, mac_key = derived(FOREIGN_KEY, MASTER)
    ciphertext = in_ctr(aes_key, iv, b"x" * 100)
    hidden = {part: to_base64(raw) for part, raw in (("iv", iv), ("ciphertext", ciphertext))}
    hidden["mac"] = to_base64(hmac.digest(mac_key, ciphertext, "sha256"))
    assert reveal(FOREIGN_KEY, MASTER, hidden) == "x" * 100


def test_the_same_secret_is_never_hidden_in_the_same_way_twice() -> None:
    assert hide(FOREIGN_KEY, MASTER, "x")["iv"] != hide(FOREIGN_KEY, MASTER, "x")["iv"]


@pytest.mark.parametrize(("key", "name"), [(bytes(32), MASTER), (FOREIGN_KEY, BACKUP)])
def test_another_key_or_another_name_opens_no_secret(key: bytes, name: str) -> None:
    with pytest.raises(WrongRecoveryKey):
        reveal(key, name, FOREIGN_HIDDEN)


@pytest.mark.parametrize("part", ["iv", "ciphertext", "mac"])
@pytest.mark.parametrize("damage", [None, 5, "ä", "A"])
def test_a_malformed_secret_is_no_matter_of_the_recovery_key(part: str, damage: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        reveal(FOREIGN_KEY, MASTER, FOREIGN_HIDDEN | {part: damage})
    with pytest.raises(ValueError):  # noqa: PT011
        reveal(FOREIGN_KEY, MASTER, {name: text for name, text in FOREIGN_HIDDEN.items() if name != part})


def test_a_changed_secret_is_not_read() -> None:
    ciphertext = bytearray(from_base64(FOREIGN_HIDDEN["ciphertext"]))
    ciphertext[0] ^= 1
    with pytest.raises(WrongRecoveryKey):
        reveal(FOREIGN_KEY, MASTER, FOREIGN_HIDDEN | {"ciphertext": to_base64(bytes(ciphertext))})


@pytest.mark.parametrize(
    "change",
    [
        {"algorithm": "m.secret_storage.v2"},
        {"iv": "AAAA"},
        {"iv": None},
        {"mac": "ä"},
        {"mac": 5},
        {"mac": ""},
        {"mac": FOREIGN_DESCRIPTION["iv"]},
    ],
)
def test_no_key_fits_a_damaged_description(change: dict[str, Any]) -> None:
    assert not fits(FOREIGN_KEY, FOREIGN_DESCRIPTION | change)
    assert not fits(FOREIGN_KEY, {})


def test_a_description_without_a_check_has_to_be_believed() -> None:
    assert fits(FOREIGN_KEY, {"algorithm": FOREIGN_DESCRIPTION["algorithm"]})


def test_a_passphrase_does_not_keep_the_recovery_key_from_fitting() -> None:
    passphrase = {"algorithm": "m.pbkdf2", "salt": "x", "iterations": 500_000, "bits": 256}
    assert fits(FOREIGN_KEY, FOREIGN_DESCRIPTION | {"passphrase": passphrase})


# All of it

SEEDS = {name: SigningKey.generate().seed for name in STORED}


def stored(secrets: Mapping[str, str]) -> dict[str, dict[str, str]]:
    return {name: hide(FOREIGN_KEY, name, secret) for name, secret in secrets.items()}


def test_a_complete_storage_gives_all_keys() -> None:
    storage = Storage("id", FOREIGN_DESCRIPTION, stored(SEEDS))
    assert storage.missing == ()
    assert storage.open(FOREIGN_KEY) == SEEDS


def test_keys_that_another_client_stored_with_padding_come_back_without() -> None:
    storage = Storage("id", FOREIGN_DESCRIPTION, stored({name: f"{seed}=" for name, seed in SEEDS.items()}))
    assert storage.open(FOREIGN_KEY) == SEEDS


def test_an_empty_storage_lacks_everything() -> None:
    storage = Storage(None, {}, {})
    assert storage.missing == (DEFAULT_KEY, *STORED)
    with pytest.raises(NoRecovery) as refusal:
        storage.open(FOREIGN_KEY)
    assert refusal.value.missing == (DEFAULT_KEY, *CROSS_SIGNING)


@pytest.mark.parametrize("name", CROSS_SIGNING)
def test_a_missing_key_is_named(name: str) -> None:
    storage = Storage("id", FOREIGN_DESCRIPTION, stored({one: seed for one, seed in SEEDS.items() if one != name}))
    assert storage.missing == (name,)
    with pytest.raises(NoRecovery, match=name) as refusal:
        storage.open(FOREIGN_KEY)
    assert refusal.value.missing == (name,)


def test_a_missing_description_is_named() -> None:
    storage = Storage("id", {}, stored(SEEDS))
    assert storage.missing == (KEY + "id",)
    with pytest.raises(NoRecovery):
        storage.open(FOREIGN_KEY)


def test_an_identity_can_be_recovered_without_a_backup() -> None:
    storage = Storage("id", FOREIGN_DESCRIPTION, stored({name: SEEDS[name] for name in CROSS_SIGNING}))
    assert storage.missing == (BACKUP,)
    assert storage.open(FOREIGN_KEY) == {name: SEEDS[name] for name in CROSS_SIGNING}


@pytest.mark.parametrize("description", [FOREIGN_DESCRIPTION, {"algorithm": FOREIGN_DESCRIPTION["algorithm"]}])
def test_a_storage_opens_by_its_own_recovery_key_only(description: dict[str, str]) -> None:
    with pytest.raises(WrongRecoveryKey):
        Storage("id", description, stored(SEEDS)).open(bytes(32))


@pytest.mark.parametrize("damage", [{"iv": None}, hide(FOREIGN_KEY, MASTER, "no key")])
def test_a_damaged_storage_is_not_blamed_on_the_recovery_key(damage: dict[str, Any]) -> None:
    with pytest.raises(NoRecovery, match="damaged"):
        Storage("id", FOREIGN_DESCRIPTION, stored(SEEDS) | {MASTER: damage}).open(FOREIGN_KEY)
