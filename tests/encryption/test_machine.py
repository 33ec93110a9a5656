"""The keys of a device: made before they are shown, kept over restarts, used by the right sessions only."""

import json
from pathlib import Path

import vodozemac

from bot.matrix.encryption.recovery import MASTER
from bot.matrix.encryption.store import FILE, RESTORED_AT
from tests.encryption.sender import ANNA, BODO, BOT, HELLO, ROOM, Sender, base64, knows, machine, to_device


def test_keys_are_kept_before_anybody_can_use_them(tmp_path: Path) -> None:
    with machine(tmp_path) as bot:
        uploaded = bot.keys_to_upload(None, fallback_left=False)
    with machine(tmp_path) as bot:
        again = bot.keys_to_upload(None, fallback_left=False)
    assert len(uploaded["one_time_keys"]) == 50
    assert again == uploaded, "an upload whose answer was lost is repeated word for word"


def test_new_keys_are_made_when_half_are_used_up_and_when_none_is_left(tmp_path: Path) -> None:
    with machine(tmp_path) as bot:
        bot.keys_to_upload(None, fallback_left=False)
        bot.uploaded()
        assert bot.keys_to_upload(30, fallback_left=True) == {}
        assert len(bot.keys_to_upload(0, fallback_left=True)["one_time_keys"]) == 50
        bot.uploaded()
        assert list(bot.keys_to_upload(50, fallback_left=False)) == ["fallback_keys"]
        assert bot.keys_made == 100


def test_a_fallback_key_opens_what_comes_when_all_others_are_used_up(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        (key,) = bot.keys_to_upload(None, fallback_left=False)["fallback_keys"].values()
        bot.uploaded()
        ours = bot.account.identity_keys
        identity = vodozemac.Curve25519PublicKey.from_base64(ours["curve25519"])
        session = anna.account.create_outbound_session(identity, vodozemac.Curve25519PublicKey.from_base64(key["key"]))
        payload = {
            "type": "m.dummy", "content": {}, "sender": ANNA, "recipient": BOT,
            "recipient_keys": {"ed25519": ours["ed25519"]}, "keys": {"ed25519": anna.ed25519},
        }  # fmt: skip
        message_type, body = session.encrypt(json.dumps(payload).encode()).to_parts()
        bot.take([to_device(anna, {ours["curve25519"]: {"type": message_type, "body": base64(body)}})])
        assert bot.session_store.get(anna.curve25519) is not None
    assert key["fallback"] is True


# Sessions


def test_a_copy_that_was_brought_back_sends_by_new_sessions_only(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        (device,) = bot.device_store.active_user_devices(ANNA)
        assert bot.open_session(device, anna.one_time_key())
        assert bot.session_with(device) is not None
        bot.store.secrets[RESTORED_AT] = "2100-01-01T00:00:00+00:00"
        assert bot.session_with(device) is None


def test_only_the_last_sessions_with_a_device_are_kept(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        for _ in range(8):
            assert bot.take([anna.shares(bot)])
            anna.room_key = vodozemac.GroupSession()
        kept = [one.id for one in bot.session_store[anna.curve25519]]
        newest = max(bot.session_store[anna.curve25519], key=lambda one: one.use_time)
    with machine(tmp_path) as bot:
        again = bot.session_store[anna.curve25519]
        assert sorted(one.id for one in again) == sorted(kept)
        assert newest.id in kept
        assert len(again) == 5


def test_a_one_time_key_that_its_device_has_not_signed_is_not_used(tmp_path: Path) -> None:
    anna, bodo = Sender(ANNA), Sender(BODO)
    with machine(tmp_path) as bot:
        knows(bot, anna)
        (device,) = bot.device_store.active_user_devices(ANNA)
        assert not bot.open_session(device, bodo.one_time_key())
        assert not bot.open_session(device, {})
        assert not bot.open_session(device, {"signed_curve25519:AAAA": {"key": 7}})


def test_a_new_device_takes_over_the_room_keys_of_the_one_before(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path, device="OLD") as bot:
        bot.take([anna.shares(bot)])
        bot.store.secrets[MASTER] = "kept"
        old = bot.account.identity_keys
    with machine(tmp_path, device="NEW") as bot:
        knows(bot, anna)
        assert bot.account.identity_keys != old
        assert bot.read(ROOM, anna.says(HELLO))["content"] == HELLO
        assert bot.store.secrets[MASTER] == "kept"
    assert [one.name for one in tmp_path.glob("*.db")] == [FILE]


def test_room_keys_are_read_when_they_are_needed(tmp_path: Path) -> None:
    senders = [Sender(f"@m{number}:localhost") for number in range(5)]
    with machine(tmp_path) as bot:
        for one in senders:
            bot.take([one.shares(bot)])
    with machine(tmp_path) as bot:
        assert not bot.inbound_group_store._lately
        knows(bot, *senders)
        bot.read(ROOM, senders[3].says(HELLO))
        assert len(bot.inbound_group_store._lately) == 1
