"""What does not fit ends a verification, with the code that the specification has for it."""

from datetime import timedelta
from typing import Any

import pytest

from bot.matrix.encryption.sas import State
from tests.encryption.verification.peer import Peer
from tests.encryption.verification.runs import ANNA, BOT, NOON, ZOE, asked, compared, ended, only

PLACES = pytest.mark.parametrize("in_room", [False, True])


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "m.reciprocate.v1"},
        {"key_agreement_protocols": ["curve25519"]},
        {"hashes": ["md5"]},
        {"hashes": []},
        {"message_authentication_codes": ["hkdf-hmac-sha256"]},
        {"short_authentication_string": ["tune"]},
        {"short_authentication_string": []},
    ],
)
def test_a_start_without_anything_in_common_ends_it(changes: dict[str, Any]) -> None:
    sas, peer = asked()
    ended(sas, sas.receive("start", peer.start(**changes), NOON), "m.unknown_method")


@pytest.mark.parametrize(
    "changes",
    [
        {"key_agreement_protocol": "curve25519"},
        {"hash": "md5"},
        {"message_authentication_code": "hkdf-hmac-sha256"},
        {"short_authentication_string": ["tune"]},
    ],
)
def test_an_accept_of_what_was_not_offered_ends_it(changes: dict[str, Any]) -> None:
    sas, peer = asked()
    start = only(sas.tick(NOON + timedelta(seconds=10)), "start")
    ended(sas, sas.receive("accept", peer.accept(start, **changes), NOON), "m.unknown_method")


MALFORMED: tuple[Any, ...] = (None, 7, [], {}, ["x", 7], True)


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize("name", ["method", "from_device", "hashes", "key_agreement_protocols"])
def test_a_malformed_start_ends_it(name: str, value: Any) -> None:
    sas, peer = asked()
    steps = sas.receive("start", peer.start(**{name: value}), NOON)
    ended(sas, steps, "m.unknown_method" if name[-1] == "s" and value == [] else "m.invalid_message")


def test_a_start_of_another_device_ends_it() -> None:
    sas, peer = asked()
    ended(sas, sas.receive("start", peer.start(from_device="LAPTOP"), NOON), "m.invalid_message")


@pytest.mark.parametrize("extra", [1.5, float("inf"), float("nan"), 2**60, "\ud800"])
def test_a_start_that_has_no_canonical_form_ends_it(extra: Any) -> None:
    sas, peer = asked()
    ended(sas, sas.receive("start", peer.start(extra=extra), NOON), "m.invalid_message")


@pytest.mark.parametrize("value", [*MALFORMED, "", "abc", "!" * 43, "\ud800", "A" * 43, "A" * 44])
def test_a_key_that_is_none_ends_it(value: Any) -> None:
    sas, peer = asked()
    sas.receive("start", peer.start(), NOON)
    ended(sas, sas.receive("key", peer.content(key=value), NOON), "m.invalid_message")


def test_the_bots_own_key_sent_back_ends_it() -> None:
    sas, peer = asked()
    start = only(sas.tick(NOON + timedelta(seconds=10)), "start")
    own = only(sas.receive("accept", peer.accept(start), NOON), "key")["key"]
    ended(sas, sas.receive("key", peer.key(own), NOON), "m.invalid_message")


def test_another_key_than_the_one_committed_to_ends_it() -> None:
    sas, peer = asked()
    start = only(sas.tick(NOON + timedelta(seconds=10)), "start")
    sas.receive("accept", peer.accept(start), NOON)
    other = Peer(ANNA, BOT, "transaction")
    ended(sas, sas.receive("key", other.key(), NOON), "m.mismatched_commitment")


def test_a_commitment_to_another_start_ends_it() -> None:
    sas, peer = asked()
    start = only(sas.tick(NOON + timedelta(seconds=10)), "start")
    sas.receive("accept", peer.accept({**start, "hashes": ["sha256", "md5"]}), NOON)
    ended(sas, sas.receive("key", peer.key(), NOON), "m.mismatched_commitment")


@PLACES
def test_the_commitment_covers_the_relation_of_a_start_in_a_room(*, in_room: bool) -> None:
    sas, peer = asked(in_room=in_room)
    start = only(sas.tick(NOON + timedelta(seconds=10)), "start")
    without = {name: value for name, value in start.items() if name not in ("m.relates_to", "transaction_id")}
    sas.receive("accept", peer.accept(without), NOON)
    ended(sas, sas.receive("key", peer.key(), NOON), "m.mismatched_commitment")


def _wrong_macs(peer: Peer) -> dict[str, dict[str, Any]]:
    right = peer.mac()
    macs = right["mac"]
    foreign = peer.mac_of(peer.bot, peer.me, "ed25519:PHONE", ANNA.ed25519)
    return {
        "another device key": peer.mac(keys={**ANNA.keys, "ed25519:PHONE": ZOE.ed25519}),
        "another master key": peer.mac(keys={**ANNA.keys, f"ed25519:{ANNA.master}": ZOE.ed25519}),
        "an unknown key": peer.mac(keys={**ANNA.keys, "ed25519:LAPTOP": ANNA.ed25519}),
        "no device key": peer.mac(keys={f"ed25519:{ANNA.master}": ANNA.master or ""}),
        "no key": peer.mac(keys={}),
        "a key added": {**right, "mac": {"ed25519:PHONE": macs["ed25519:PHONE"]}},
        "the other direction": {**right, "mac": {**macs, "ed25519:PHONE": foreign}},
        "no base64": {**right, "mac": {**macs, "ed25519:PHONE": "!"}},
        "half a character": {**right, "mac": {**macs, "ed25519:PHONE": "\ud800"}},
        "nothing for the ids": {**right, "keys": ""},
    }


@pytest.mark.parametrize("confirmed", [False, True])
@pytest.mark.parametrize("name", list(_wrong_macs(compared()[1])))
def test_a_wrong_mac_ends_it(name: str, *, confirmed: bool) -> None:
    sas, peer = compared()
    if confirmed:
        sas.confirm(NOON)
    ended(sas, sas.receive("mac", _wrong_macs(peer)[name], NOON), "m.key_mismatch")


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_mac_ends_it(value: Any) -> None:
    for name in ("keys", "mac"):
        sas, peer = compared()
        steps = sas.receive("mac", {**peer.mac(), name: value}, NOON)
        ended(sas, steps, "m.key_mismatch" if (name, value) == ("mac", {}) else "m.invalid_message")
    sas, peer = compared()
    ended(sas, sas.receive("mac", {**peer.mac(), "mac": {"ed25519:PHONE": value}}, NOON), "m.invalid_message")


@pytest.mark.parametrize("kind", ["ready", "request", "accept", "key", "mac", "done", "nonsense"])
def test_a_message_out_of_order_ends_it(kind: str) -> None:
    sas, peer = asked()
    ended(sas, sas.receive(kind, peer.content(key=peer.key_text), NOON), "m.unexpected_message")


@pytest.mark.parametrize("kind", ["start", "accept", "key", "done", "mac"])
def test_a_second_message_of_another_kind_or_content_ends_it(kind: str) -> None:
    sas, peer = compared()
    sas.receive("mac", peer.mac(), NOON)
    ended(sas, sas.receive(kind, peer.content(key="other", from_device="PHONE"), NOON), "m.unexpected_message")


def test_a_repeated_message_changes_nothing() -> None:
    sas, peer = asked()
    start = peer.start()
    only(sas.receive("start", start, NOON), "accept")
    assert sas.receive("start", dict(start), NOON) == []
    peer.bots_key = only(sas.receive("key", peer.key(), NOON), "key")["key"]
    assert sas.receive("start", start, NOON) == sas.receive("key", peer.key(), NOON) == []
    sas.receive("mac", peer.mac(), NOON)
    assert sas.receive("mac", peer.mac(), NOON) == []
    assert sas.state is State.SHOWN
