"""Canonical JSON, signatures, and what follows from them for published keys: spec vectors, RFC 8032, others' output."""

import json
from copy import deepcopy
from typing import Any

import pytest
from canonicaljson import encode_canonical_json
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey as OtherKey
from signedjson.key import decode_verify_key_bytes
from signedjson.sign import SignatureVerifyException, verify_signed_json

from bot.matrix.encryption.published import Published, key_id, key_object, public_key
from bot.matrix.encryption.recovery import MASTER, SELF_SIGNING, USER_SIGNING
from bot.matrix.encryption.signing import SigningKey, canonical, from_base64, is_signed, signed, to_base64

ANNA = "@anna:localhost"
SPEC_KEY = SigningKey("YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)
SEEDS = st.binary(min_size=32, max_size=32)

# An identity made by matrix-js-sdk 43 with its Rust crypto.
FOREIGN_SEEDS = {
    MASTER: "9KBYRm5YYvsmBEh7mNMS4fdmGrptPXeJwzk8g/E7t7Q",
    SELF_SIGNING: "jkgz707g4P7bJQe+ZfBgcljc7d8dEl563UjgU4v6Rf0",
    USER_SIGNING: "KgrEMoea73pgwM9GZkLfCMTffOiMpFMTwYDT8N0jfZY",
}
FOREIGN_MASTER = "SsjAOMlp+MLxriTAA0XQZqXL3/SMZiWcMl5TFBsNp1I"
FOREIGN_SELF_SIGNING = "/pfo11+XKN3iirGATBs+O3wJ2AdFl3y1NVwQ2WuuEwY"
FOREIGN_SIGNATURE = "m8OKxx3QPaKRb6lpe5cBfNDbdRh2LT2OTVd4f3YiQs9kHoMqu3bEBCsVYsQTExwbArtyDNO8tnnPDQOzlmoRDA"


# Canonical JSON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "{}"),
        ('{"one": 1, "two": "Two"}', '{"one":1,"two":"Two"}'),
        ('{"b": "2", "a": "1"}', '{"a":"1","b":"2"}'),
        (
            """{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe",
            "three_pids": [{"medium": "email", "address": "john.doe@example.org"},
            {"medium": "msisdn", "address": "123456789"}]}}}""",
            (
                '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":'
                '[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},'
                '"success":true}}'
            ),
        ),
        ('{"a": "日本語"}', '{"a":"日本語"}'),
        ('{"本": 2, "日": 1}', '{"日":1,"本":2}'),
        ('{"a": "\\u65E5"}', '{"a":"日"}'),
        ('{"a": null}', '{"a":null}'),
        ('{"a": -0, "b": 1e10}', '{"a":0,"b":10000000000}'),
    ],
)
def test_canonical_json_is_that_of_the_specification(text: str, expected: str) -> None:
    assert canonical(json.loads(text)) == expected.encode()


def test_control_characters_take_their_shortest_form() -> None:
    assert canonical('\x00\x08\t\n\x0b\x0c\r\x1f"\\/\x7f') == b'"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\"\\\\/\x7f"'


@given(OBJECTS)
def test_canonical_json_agrees_with_the_homeserver(value: dict[str, Any]) -> None:
    assert canonical(value) == encode_canonical_json(value)


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), float("inf"), 2**53, -(2**53), {1: "a"}, {"a": {"b": [2**60]}}, b"x", object(), "\ud800"],
)
def test_what_canonical_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- that it is refused is the promise, not the words
        canonical(value)


# Base64 and keys


@given(st.binary(max_size=70))
def test_base64_is_written_without_padding_and_read_with_or_without(raw: bytes) -> None:
    text = to_base64(raw)
    assert not text.endswith("=")
    assert from_base64(text) == from_base64(text + "=" * (-len(text) % 4)) == raw


@pytest.mark.parametrize("text", ["", "AAAA", "A" * 42, "A" * 44, "ä" * 43, "A" * 42 + " ", "A" * 42 + "-", "A" * 41])
def test_what_is_no_key_of_32_bytes_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        SigningKey(text)


# RFC 8032, section 7.1, tests 1 to 3
@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            (
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ],
)
def test_keys_and_signatures_are_those_of_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey(to_base64(bytes.fromhex(seed)))
    assert from_base64(key.public).hex() == public
    assert from_base64(key.sign(bytes.fromhex(message))).hex() == signature


@given(SEEDS, st.binary())
def test_signatures_agree_with_another_library(seed: bytes, message: bytes) -> None:
    other = OtherKey(seed)
    key = SigningKey(to_base64(seed))
    assert from_base64(key.public) == bytes(other.verify_key)
    assert from_base64(key.sign(message)) == other.sign(message).signature


def test_every_new_key_is_another_one_and_survives_being_kept() -> None:
    one, two = SigningKey.generate(), SigningKey.generate()
    assert one.seed != two.seed
    assert SigningKey(one.seed).public == one.public
    assert one.seed not in repr(one)


# Signed objects


@pytest.mark.parametrize(
    ("value", "signature"),
    [
        ({}, "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"),
        (
            {"one": 1, "two": "Two"},
            "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw",
        ),
    ],
)
def test_signed_objects_are_those_of_the_specification(value: dict[str, Any], signature: str) -> None:
    expected = value | {"signatures": {"domain": {"ed25519:1": signature}}}
    assert signed(value, "domain", "ed25519:1", SPEC_KEY) == expected
    assert is_signed(expected, "domain", "ed25519:1", SPEC_KEY.public)


def test_signing_adds_to_the_signatures_and_leaves_the_original_alone() -> None:
    value = {"a": 1, "unsigned": {"age": 5}, "signatures": {ANNA: {"ed25519:A": "x"}, "@bodo:localhost": {"b": "y"}}}
    before = deepcopy(value)
    found = signed(value, ANNA, "ed25519:B", SPEC_KEY)
    assert value == before
    mine = found["signatures"][ANNA].pop("ed25519:B")
    assert found == before
    assert mine == signed({"a": 1}, ANNA, "ed25519:B", SPEC_KEY)["signatures"][ANNA]["ed25519:B"]


@given(OBJECTS, SEEDS)
def test_the_homeserver_accepts_what_is_signed_here(value: dict[str, Any], seed: bytes) -> None:
    bare = {name: part for name, part in value.items() if name not in ("signatures", "unsigned")}
    found = signed(bare, ANNA, "ed25519:A", SigningKey(to_base64(seed)))
    verify_key = decode_verify_key_bytes("ed25519:A", bytes(OtherKey(seed).verify_key))
    verify_signed_json(found, ANNA, verify_key)
    with pytest.raises(SignatureVerifyException):
        verify_signed_json(found | {"more": 1}, ANNA, verify_key)
    assert is_signed(found | {"unsigned": {"age": 1}}, ANNA, "ed25519:A", SigningKey(to_base64(seed)).public)
    assert not is_signed(found | {"more": 1}, ANNA, "ed25519:A", SigningKey(to_base64(seed)).public)


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [],
        {},
        {"signatures": None},
        {"signatures": {ANNA: None}},
        {"signatures": {ANNA: {}}},
        {"signatures": {ANNA: {"ed25519:A": None}}},
        {"signatures": {ANNA: {"ed25519:A": "ä"}}},
        {"signatures": {ANNA: {"ed25519:A": "AAAA"}}},
        {"signatures": {ANNA: {"ed25519:A": "A" * 86}}},
        {"signatures": {ANNA: {"ed25519:A": "A" * 86}}, "a": 1.5},
        {"signatures": {ANNA: {"ed25519:A": "A" * 86}}, "a": 1e400},
        {"signatures": {ANNA: {"ed25519:A": "A" * 86}}, "a": "\ud800"},
        {"signatures": {ANNA: {"ed25519:A": "A" * 86}}, "a": _nested(10_000)},
    ],
)
def test_what_is_malformed_is_not_signed(value: Any) -> None:
    assert not is_signed(value, ANNA, "ed25519:A", SPEC_KEY.public)


@pytest.mark.parametrize("public", ["", "AAAA", "ä", "A" * 43, None, 5])
def test_a_malformed_public_key_verifies_nothing(public: Any) -> None:
    assert not is_signed(signed({}, ANNA, "ed25519:A", SPEC_KEY), ANNA, "ed25519:A", public)


def test_a_signature_of_another_user_key_or_name_does_not_count() -> None:
    value = signed({"a": 1}, ANNA, "ed25519:A", SPEC_KEY)
    assert is_signed(value, ANNA, "ed25519:A", SPEC_KEY.public)
    assert not is_signed(value, "@bodo:localhost", "ed25519:A", SPEC_KEY.public)
    assert not is_signed(value, ANNA, "ed25519:B", SPEC_KEY.public)
    assert not is_signed(value, ANNA, "ed25519:A", SigningKey.generate().public)


# Published identities


def test_a_published_key_is_the_same_as_another_client_makes_it_of_the_same_seeds() -> None:
    keys = {name: SigningKey(seed) for name, seed in FOREIGN_SEEDS.items()}
    assert key_object(ANNA, SELF_SIGNING, keys[SELF_SIGNING], keys[MASTER]) == {
        "user_id": ANNA,
        "usage": ["self_signing"],
        "keys": {f"ed25519:{FOREIGN_SELF_SIGNING}": FOREIGN_SELF_SIGNING},
        "signatures": {ANNA: {f"ed25519:{FOREIGN_MASTER}": FOREIGN_SIGNATURE}},
    }


def answer_with(seeds: dict[str, str]) -> dict[str, Any]:
    """Return the answer of `/keys/query` for Anna with one signed device."""
    keys = {name: SigningKey(seed) for name, seed in seeds.items()}
    own = SPEC_KEY
    device = {"user_id": ANNA, "device_id": "DEV", "keys": {"ed25519:DEV": own.public, "curve25519:DEV": "c"}}
    device = signed(device, ANNA, "ed25519:DEV", own)
    device = signed(device, ANNA, key_id(keys[SELF_SIGNING].public), keys[SELF_SIGNING])
    return {
        "device_keys": {ANNA: {"DEV": device}},
        "master_keys": {ANNA: key_object(ANNA, MASTER, keys[MASTER])},
        "self_signing_keys": {ANNA: key_object(ANNA, SELF_SIGNING, keys[SELF_SIGNING], keys[MASTER])},
        "user_signing_keys": {ANNA: key_object(ANNA, USER_SIGNING, keys[USER_SIGNING], keys[MASTER])},
    }


def test_a_whole_identity_is_complete_and_vouches_for_its_device() -> None:
    published = Published.of(ANNA, answer_with(FOREIGN_SEEDS))
    assert published.complete
    assert published.signs("DEV")
    assert not published.signs("OTHER")
    assert published.public[MASTER] == FOREIGN_MASTER
    assert published.belongs_to(FOREIGN_SEEDS)
    assert published.has_device("DEV", {"curve25519:DEV": "c", "ed25519:DEV": SPEC_KEY.public})


def test_an_account_without_an_identity_has_nothing() -> None:
    published = Published.of(ANNA, {})
    assert not published.complete
    assert not published.signs("DEV")
    assert not published.belongs_to(FOREIGN_SEEDS)
    assert not published.belongs_to({})
    assert not published.has_device("DEV", {})


@pytest.mark.parametrize("part", ["master_keys", "self_signing_keys", "user_signing_keys"])
@pytest.mark.parametrize("damage", [None, [], "x", {}, {"keys": None}, {"keys": {}}, {"keys": {"ed25519:a": "b"}}])
def test_an_identity_with_a_damaged_part_is_not_complete_and_signs_nothing(part: str, damage: Any) -> None:
    published = Published.of(ANNA, answer_with(FOREIGN_SEEDS) | {part: {ANNA: damage}})
    assert not published.complete
    assert not published.signs("DEV")
    assert not published.belongs_to(FOREIGN_SEEDS)


@pytest.mark.parametrize("part", ["self_signing_keys", "user_signing_keys"])
def test_a_key_that_the_master_key_has_not_signed_makes_no_identity(part: str) -> None:
    """A server could slip in its own; it cannot sign it."""
    answer = answer_with(FOREIGN_SEEDS)
    strange = answer_with({name: SigningKey.generate().seed for name in FOREIGN_SEEDS})
    published = Published.of(ANNA, answer | {part: strange[part], "device_keys": strange["device_keys"]})
    assert not published.complete
    assert not published.signs("DEV")


@pytest.mark.parametrize("name", [MASTER, SELF_SIGNING, USER_SIGNING])
def test_private_keys_belong_to_an_identity_only_all_together(name: str) -> None:
    published = Published.of(ANNA, answer_with(FOREIGN_SEEDS))
    assert not published.belongs_to(FOREIGN_SEEDS | {name: SigningKey.generate().seed})
    assert not published.belongs_to(FOREIGN_SEEDS | {name: "damaged"})
    assert not published.belongs_to({other: seed for other, seed in FOREIGN_SEEDS.items() if other != name})


@pytest.mark.parametrize(
    "change",
    [
        {"keys": {"ed25519:DEV": SPEC_KEY.public}},
        {"keys": {"ed25519:DEV": SPEC_KEY.public, "curve25519:DEV": "other"}},
        {"device_id": "OTHER"},
        {"user_id": "@bodo:localhost"},
        {"signatures": {}},
        {"algorithms": ["other"]},
    ],
)
def test_a_device_published_in_any_other_way_is_not_ours(change: dict[str, Any]) -> None:
    answer = answer_with(FOREIGN_SEEDS)
    answer["device_keys"][ANNA]["DEV"] |= change
    keys = {"curve25519:DEV": "c", "ed25519:DEV": SPEC_KEY.public}
    assert not Published.of(ANNA, answer).has_device("DEV", keys)


def test_a_key_counts_only_for_its_owner_and_its_use() -> None:
    key = key_object(ANNA, MASTER, SPEC_KEY)
    assert public_key(key, ANNA, MASTER) == SPEC_KEY.public
    assert public_key(key, "@bodo:localhost", MASTER) is None
    assert public_key(key, ANNA, SELF_SIGNING) is None
    assert public_key(key | {"keys": key["keys"] | {"ed25519:x": "x"}}, ANNA, MASTER) is None
