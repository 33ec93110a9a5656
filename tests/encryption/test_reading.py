"""What a device does with what others send it: reads what is right, keeps it over restarts, believes nobody's word."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.matrix.encryption.machine import MEGOLM, Unreadable
from bot.matrix.encryption.signing import SigningKey
from tests.encryption.sender import ANNA, BODO, HELLO, ROOM, Sender, knows, machine, to_device


def test_it_reads_what_a_member_says(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        assert bot.take([anna.shares(bot)]) == {(ROOM, anna.room_key.session_id)}
        found = bot.read(ROOM, anna.says(HELLO))
    assert found == {
        "type": "m.room.message", "content": HELLO, "room_id": ROOM,
        "event_id": f"${ANNA}1", "sender": ANNA, "origin_server_ts": 1,
    }  # fmt: skip


def test_it_reads_it_after_a_restart_too(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        bot.take([anna.shares(bot)])
    with machine(tmp_path) as bot:
        knows(bot, anna)
        assert bot.read(ROOM, anna.says(HELLO))["content"] == HELLO
        assert [one["session_id"] for one in bot.not_backed_up(9)] == [anna.room_key.session_id]


def test_a_relation_in_clear_is_part_of_what_is_said(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        bot.take([anna.shares(bot)])
        event = anna.says({"answers": ["1"]}, "org.matrix.msc3381.poll.response")
        event["content"]["m.relates_to"] = {"rel_type": "m.reference", "event_id": "$poll"}
        assert bot.read(ROOM, event)["content"]["m.relates_to"]["event_id"] == "$poll"


def test_state_cannot_be_forged_by_encrypting_it(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        bot.take([anna.shares(bot)])
        found = bot.read(ROOM, anna.says({"users": {ANNA: 100}}, "m.room.power_levels", state_key="", sender=BODO))
    assert "state_key" not in found
    assert found["sender"] == ANNA


def test_without_the_key_it_says_which_one_is_missing(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        with pytest.raises(Unreadable) as missing:
            bot.read(ROOM, anna.says(HELLO))
    assert missing.value.reason == "no-key"
    assert missing.value.session_id == anna.room_key.session_id
    assert missing.value.device_id == anna.device


def test_a_key_from_the_middle_does_not_open_what_was_said_before(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    before = anna.says(HELLO)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        bot.take([anna.shares(bot)])
        with pytest.raises(Unreadable, match="no-key"):
            bot.read(ROOM, before)
        assert bot.read(ROOM, anna.says(HELLO))["content"] == HELLO


def test_whose_devices_were_not_asked_for_is_not_believed_yet(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        bot.take([anna.shares(bot)])
        with pytest.raises(Unreadable, match="unknown-device"):
            bot.read(ROOM, anna.says(HELLO))


def test_a_member_cannot_speak_with_anothers_voice(tmp_path: Path) -> None:
    anna, bodo = Sender(ANNA), Sender(BODO)
    with machine(tmp_path) as bot:
        knows(bot, anna, bodo)
        bot.take([bodo.shares(bot)])
        with pytest.raises(Unreadable):
            bot.read(ROOM, {**bodo.says(HELLO), "sender": ANNA})


def test_words_of_one_room_cannot_be_moved_to_another(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        bot.take([anna.shares(bot)])
        event = anna.says(HELLO)
        with pytest.raises(Unreadable):
            bot.read("!other", event)
        with pytest.raises(Unreadable, match="broken"):
            bot.read(ROOM, anna.says(HELLO, room="!other"))


def test_words_cannot_be_repeated_by_sending_them_once_more(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        bot.take([anna.shares(bot)])
        event = anna.says(HELLO)
        assert bot.read(ROOM, event) == bot.read(ROOM, event)
        with pytest.raises(Unreadable, match="broken"):
            bot.read(ROOM, {**event, "event_id": "$again"})


def test_somebody_who_passes_a_key_on_does_not_own_it(tmp_path: Path) -> None:
    anna, bodo = Sender(ANNA), Sender(BODO)
    with machine(tmp_path) as bot:
        knows(bot, anna, bodo)
        bot.take([anna.shares(bot)])
        passed_on = {"session_id": anna.room_key.session_id, "session_key": anna.room_key.session_key.to_base64()}
        bot.take([bodo.shares(bot, **passed_on)])
        assert bot.read(ROOM, anna.says(HELLO))["sender"] == ANNA


def test_a_device_that_its_owner_has_not_signed_is_neither_heard_nor_written_to(tmp_path: Path) -> None:
    phone, intruder = Sender(ANNA, "PHONE"), Sender(ANNA, "INTRUDER")
    with machine(tmp_path) as bot:
        knows(bot, phone, intruder, identity=SigningKey.generate(), signs=("PHONE",))
        bot.take([phone.shares(bot), intruder.shares(bot)])
        assert bot.read(ROOM, phone.says(HELLO))["content"] == HELLO
        with pytest.raises(Unreadable) as unsigned:
            bot.read(ROOM, intruder.says(HELLO))
        trusted = {one.id: bot.is_trusted(one) for one in bot.device_store.active_user_devices(ANNA)}
    assert (unsigned.value.reason, unsigned.value.device_id) == ("unsigned-device", "INTRUDER")
    assert trusted == {"PHONE": True, "INTRUDER": False}


def test_people_without_an_identity_are_believed(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        assert all(bot.is_trusted(one) for one in bot.device_store.active_user_devices(ANNA))


def test_a_device_with_a_forged_signature_is_not_known(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    keys = anna.keys()
    keys["keys"][f"curve25519:{anna.device}"] = Sender(BODO).curve25519
    with machine(tmp_path) as bot:
        bot.handle_response(bot.learn({"device_keys": {ANNA: {anna.device: keys}}}))
        assert not list(bot.device_store.active_user_devices(ANNA))


def test_a_device_that_was_gone_for_a_while_counts_again(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        bot.handle_response(bot.learn({"device_keys": {ANNA: {}}}))
        assert not list(bot.device_store.active_user_devices(ANNA))
        knows(bot, anna)
        assert [one.id for one in bot.device_store.active_user_devices(ANNA)] == [anna.device]


# What hostile or broken clients send

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(junk=JUNK, kind=st.sampled_from(["m.room_key", "m.forwarded_room_key", "m.dummy", "m.secret.send", "x"]))
def test_nothing_that_is_sent_stops_the_bot(tmp_path: Path, junk: Any, kind: str) -> None:
    anna, bodo = Sender(ANNA), Sender(BODO)
    with machine(tmp_path) as bot:
        events = [bodo.sends(bot, kind, junk), bodo.shares(bot, session_key=junk), anna.shares(bot)]
        assert (ROOM, anna.room_key.session_id) in bot.take(events)


@pytest.mark.parametrize("body", ["", "AAAA", "%%%", "A" * 1000], ids=["nothing", "short", "no base64", "long"])
@pytest.mark.parametrize("kind", [0, 1, 7])
def test_broken_messages_are_dropped(tmp_path: Path, body: str, kind: int) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        ours = bot.account.identity_keys["curve25519"]
        assert bot.take([to_device(anna, {ours: {"type": kind, "body": body}}), anna.shares(bot)])


def test_a_one_time_key_that_is_not_ours_is_survived(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path / "old") as before:
        event = anna.shares(before)
        ours = before.account.identity_keys
    with machine(tmp_path / "new") as bot:
        event.ciphertext = {bot.account.identity_keys["curve25519"]: event.ciphertext[ours["curve25519"]]}
        assert bot.take([event, anna.shares(bot)]) == {(ROOM, anna.room_key.session_id)}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"algorithm": MEGOLM},
        {"algorithm": "x", "ciphertext": "y"},
        {"algorithm": MEGOLM, "ciphertext": 7, "session_id": []},
        {"algorithm": MEGOLM, "ciphertext": "AAAA", "session_id": "A" * 42 + "\0"},
        ["algorithm", MEGOLM],
    ],
)
def test_an_encrypted_event_that_is_none_is_told(tmp_path: Path, content: Any) -> None:
    with machine(tmp_path) as bot, pytest.raises(Unreadable):
        bot.read(ROOM, {"type": "m.room.encrypted", "sender": ANNA, "event_id": "$1", "content": content})
