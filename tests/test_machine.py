"""What a device does with what others send it: reads what is right, keeps it over restarts, believes nobody's word."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import vodozemac
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nio.events import ToDeviceEvent

from bot.matrix.encryption.machine import MEGOLM, Event, Machine, Unreadable
from bot.matrix.encryption.published import key_id, key_object
from bot.matrix.encryption.recovery import MASTER, SELF_SIGNING
from bot.matrix.encryption.signing import SigningKey, signed
from bot.matrix.encryption.store import FILE, RESTORED_AT, open_store

ROOM = "!uag1"
BOT, ANNA, BODO = "@uagbot:localhost", "@anna:localhost", "@bodo:localhost"


@contextmanager
def machine(folder: Path, user: str = BOT, device: str = "DEVICE") -> Iterator[Machine]:
    """Open a device with its store, and close it as the end of a process does."""
    store = open_store(folder, user, device)
    with closing(store.database):
        yield Machine(user, device, store)


class Sender:
    """A device of somebody else, made of nothing but vodozemac."""

    def __init__(self, user: str, device: str = "PHONE") -> None:
        self.user = user
        self.device = device
        self.account = vodozemac.Account()
        self.room_key = vodozemac.GroupSession()
        self.ed25519 = self.account.ed25519_key.to_base64()
        self.curve25519 = self.account.curve25519_key.to_base64()
        self.count = 0

    def keys(self) -> Event:
        """The device's keys as a homeserver publishes them."""
        bare = {
            "algorithms": [MEGOLM],
            "device_id": self.device,
            "user_id": self.user,
            "keys": {f"ed25519:{self.device}": self.ed25519, f"curve25519:{self.device}": self.curve25519},
        }
        return self._signed(bare)

    def _signed(self, bare: Event) -> Event:
        text = json.dumps(bare, sort_keys=True, separators=(",", ":"))
        signature = self.account.sign(text.encode()).to_base64()
        return {**bare, "signatures": {self.user: {f"ed25519:{self.device}": signature}}}

    def one_time_key(self) -> Event:
        """A one-time key as `/keys/claim` hands it out."""
        self.account.generate_one_time_keys(1)
        ((name, key),) = self.account.one_time_keys.items()
        self.account.mark_keys_as_published()
        return {f"signed_curve25519:{name}": self._signed({"key": key.to_base64()})}

    def shares(self, bot: Machine, **changes: Any) -> ToDeviceEvent:
        """Send the room key to the bot by a one-time key of its."""
        content = {
            "algorithm": MEGOLM,
            "room_id": ROOM,
            "session_id": self.room_key.session_id,
            "session_key": self.room_key.session_key.to_base64(),
        }
        return self.sends(bot, "m.room_key", {**content, **changes})

    def sends(self, bot: Machine, kind: str, content: Any) -> ToDeviceEvent:
        """Send an encrypted to-device event to the bot."""
        ours = bot.account.identity_keys
        payload = {
            "type": kind,
            "content": content,
            "sender": self.user,
            "recipient": bot.user_id,
            "recipient_keys": {"ed25519": ours["ed25519"]},
            "keys": {"ed25519": self.ed25519},
        }
        identity = vodozemac.Curve25519PublicKey.from_base64(ours["curve25519"])
        message = self.account.create_outbound_session(identity, _one_time_key(bot)).encrypt(
            json.dumps(payload).encode()
        )
        kind_of_message, ciphertext = message.to_parts()
        return _to_device(self, {ours["curve25519"]: {"type": kind_of_message, "body": _base64(ciphertext)}})

    def says(self, content: Any, kind: str = "m.room.message", room: str = ROOM, **more: Any) -> Event:
        """Send an encrypted event into the room."""
        self.count += 1
        plain = json.dumps({"type": kind, "content": content, "room_id": room, **more})
        return {
            "type": "m.room.encrypted",
            "event_id": f"${self.user}{self.count}",
            "sender": self.user,
            "origin_server_ts": self.count,
            "content": {
                "algorithm": MEGOLM,
                "ciphertext": self.room_key.encrypt(plain.encode()).to_base64(),
                "session_id": self.room_key.session_id,
                "device_id": self.device,
                "sender_key": self.curve25519,
            },
        }


def _to_device(sender: Sender, ciphertext: Any) -> ToDeviceEvent:
    content = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": sender.curve25519, "ciphertext": ciphertext}
    return ToDeviceEvent.parse_event({"type": "m.room.encrypted", "sender": sender.user, "content": content})


def _base64(value: bytes) -> str:
    from base64 import b64encode  # noqa: PLC0415 - only here

    return b64encode(value).decode().rstrip("=")


def _one_time_key(bot: Machine) -> vodozemac.Curve25519PublicKey:
    """Take one of the bot's keys, each once, as the server hands them out."""
    left: list[str] = bot.__dict__.setdefault("left_on_the_server", [])
    if not left:
        left += [key["key"] for key in bot.keys_to_upload(0, fallback_left=True)["one_time_keys"].values()]
        bot.uploaded()
    return vodozemac.Curve25519PublicKey.from_base64(left.pop())


def _knows(bot: Machine, *senders: Sender, identity: SigningKey | None = None, signs: tuple[str, ...] = ()) -> None:
    """Let the bot ask the server for the devices of these people."""
    users = {one.user for one in senders}
    answer: Event = {"device_keys": {user: {} for user in users}}
    for one in senders:
        keys = one.keys()
        if identity is not None and one.device in signs:
            keys = signed(keys, one.user, key_id(identity.public), identity)
        answer["device_keys"][one.user][one.device] = keys
    if identity is not None:
        master = SigningKey.generate()
        for user in users:
            answer.setdefault("master_keys", {})[user] = key_object(user, MASTER, master)
            answer.setdefault("self_signing_keys", {})[user] = key_object(user, SELF_SIGNING, identity, master)
    bot.handle_response(bot.learn(answer))


HELLO = {"msgtype": "m.text", "body": "!hilfe"}


def test_it_reads_what_a_member_says(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
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
        _knows(bot, anna)
        assert bot.read(ROOM, anna.says(HELLO))["content"] == HELLO
        assert [one["session_id"] for one in bot.not_backed_up(9)] == [anna.room_key.session_id]


def test_a_relation_in_clear_is_part_of_what_is_said(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
        bot.take([anna.shares(bot)])
        event = anna.says({"answers": ["1"]}, "org.matrix.msc3381.poll.response")
        event["content"]["m.relates_to"] = {"rel_type": "m.reference", "event_id": "$poll"}
        assert bot.read(ROOM, event)["content"]["m.relates_to"]["event_id"] == "$poll"


def test_state_cannot_be_forged_by_encrypting_it(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
        bot.take([anna.shares(bot)])
        found = bot.read(ROOM, anna.says({"users": {ANNA: 100}}, "m.room.power_levels", state_key="", sender=BODO))
    assert "state_key" not in found
    assert found["sender"] == ANNA


def test_without_the_key_it_says_which_one_is_missing(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
        with pytest.raises(Unreadable) as missing:
            bot.read(ROOM, anna.says(HELLO))
    assert missing.value.reason == "no-key"
    assert missing.value.session_id == anna.room_key.session_id
    assert missing.value.device_id == anna.device


def test_a_key_from_the_middle_does_not_open_what_was_said_before(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    before = anna.says(HELLO)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
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
        _knows(bot, anna, bodo)
        bot.take([bodo.shares(bot)])
        with pytest.raises(Unreadable):
            bot.read(ROOM, {**bodo.says(HELLO), "sender": ANNA})


def test_words_of_one_room_cannot_be_moved_to_another(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
        bot.take([anna.shares(bot)])
        event = anna.says(HELLO)
        with pytest.raises(Unreadable):
            bot.read("!other", event)
        with pytest.raises(Unreadable, match="broken"):
            bot.read(ROOM, anna.says(HELLO, room="!other"))


def test_words_cannot_be_repeated_by_sending_them_once_more(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
        bot.take([anna.shares(bot)])
        event = anna.says(HELLO)
        assert bot.read(ROOM, event) == bot.read(ROOM, event)
        with pytest.raises(Unreadable, match="broken"):
            bot.read(ROOM, {**event, "event_id": "$again"})


def test_somebody_who_passes_a_key_on_does_not_own_it(tmp_path: Path) -> None:
    anna, bodo = Sender(ANNA), Sender(BODO)
    with machine(tmp_path) as bot:
        _knows(bot, anna, bodo)
        bot.take([anna.shares(bot)])
        passed_on = {"session_id": anna.room_key.session_id, "session_key": anna.room_key.session_key.to_base64()}
        bot.take([bodo.shares(bot, **passed_on)])
        assert bot.read(ROOM, anna.says(HELLO))["sender"] == ANNA


def test_a_device_that_its_owner_has_not_signed_is_neither_heard_nor_written_to(tmp_path: Path) -> None:
    phone, intruder = Sender(ANNA, "PHONE"), Sender(ANNA, "INTRUDER")
    with machine(tmp_path) as bot:
        _knows(bot, phone, intruder, identity=SigningKey.generate(), signs=("PHONE",))
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
        _knows(bot, anna)
        assert all(bot.is_trusted(one) for one in bot.device_store.active_user_devices(ANNA))


def test_a_device_with_a_forged_signature_is_not_known(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    keys = anna.keys()
    keys["keys"][f"curve25519:{anna.device}"] = Sender(BODO).curve25519
    with machine(tmp_path) as bot:
        bot.handle_response(bot.learn({"device_keys": {ANNA: {anna.device: keys}}}))
        assert not list(bot.device_store.active_user_devices(ANNA))


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
        assert bot.take([_to_device(anna, {ours: {"type": kind, "body": body}}), anna.shares(bot)])


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
    ],
)
def test_an_encrypted_event_that_is_none_is_told(tmp_path: Path, content: Event) -> None:
    with machine(tmp_path) as bot, pytest.raises(Unreadable):
        bot.read(ROOM, {"type": "m.room.encrypted", "sender": ANNA, "event_id": "$1", "content": content})


# One-time keys


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
        bot.take([_to_device(anna, {ours["curve25519"]: {"type": message_type, "body": _base64(body)}})])
        assert bot.session_store.get(anna.curve25519) is not None
    assert key["fallback"] is True


# Sessions


def test_a_copy_that_was_brought_back_sends_by_new_sessions_only(tmp_path: Path) -> None:
    anna = Sender(ANNA)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
        (device,) = bot.device_store.active_user_devices(ANNA)
        assert bot.open_session(device, anna.one_time_key())
        assert bot.session_with(device) is not None
        bot.store.secrets[RESTORED_AT] = "2100-01-01T00:00:00+00:00"
        assert bot.session_with(device) is None


def test_a_one_time_key_that_its_device_has_not_signed_is_not_used(tmp_path: Path) -> None:
    anna, bodo = Sender(ANNA), Sender(BODO)
    with machine(tmp_path) as bot:
        _knows(bot, anna)
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
        _knows(bot, anna)
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
        _knows(bot, *senders)
        bot.read(ROOM, senders[3].says(HELLO))
        assert len(bot.inbound_group_store._lately) == 1
