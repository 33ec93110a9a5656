"""Verifications that do not fit, fail, are cancelled or disturbed."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from bot.matrix.encryption.sas import EMOJI
from storage.rooms import RoomKind
from storage.verifications import VerificationState
from tests.encryption.verification.desk import VERIFICATION, Desk, keys_of, party
from tests.handlers.house import House, TestRoom, user


async def test_a_client_without_emoji_verification_is_told_so(desk: Desk, room: TestRoom) -> None:
    await desk.asks("Anna", room, methods=["m.qr_code.show.v1", 7])
    assert desk.last("cancel")["code"] == "m.unknown_method"
    assert await desk.rows() == []


async def test_a_device_that_is_not_published_is_not_verified(desk: Desk, room: TestRoom) -> None:
    await desk.asks("Anna", room, from_device="LAPTOP")
    assert desk.last("cancel")["code"] == "m.key_mismatch"
    assert await desk.rows() == []


async def test_a_device_called_like_the_master_key_ends_it(desk: Desk, room: TestRoom) -> None:
    anna = party("Anna")
    desk.line.published[anna.user] = keys_of(anna, devices={"PHONE": anna.ed25519, "AnnaMasterKey": "x"})
    await desk.asks("Anna", room)
    assert desk.last("cancel")["code"] == "m.key_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        {"from_device": None},
        {"from_device": ["PHONE"]},
        {"methods": None},
        {"methods": "m.sas.v1"},
        {"methods": {"m.sas.v1": True}},
    ],
)
async def test_a_malformed_request_does_no_harm(desk: Desk, room: TestRoom, changes: dict[str, Any]) -> None:
    await desk.asks("Anna", room, **changes)
    await desk.asks("Anna", **changes)
    assert set(desk.kinds()) <= {"cancel"}
    assert await desk.rows() == []


async def test_malformed_events_do_no_harm(desk: Desk, room: TestRoom) -> None:
    contents: tuple[Any, ...] = (None, 7, "x", [], {}, {"m.relates_to": 7}, {"m.relates_to": {"event_id": 7}})
    kinds = (None, 7, "m.room.message", f"{VERIFICATION}request", f"{VERIFICATION}start", VERIFICATION)
    for content, kind in itertools.product(contents, kinds):
        event = {"type": kind, "content": content}
        for found in (event, {**event, "sender": user("Anna")}, {**event, "sender": 7}, {}):
            await desk.verifier.in_room(room.id, found)
            await desk.verifier.to_device(found)
    assert desk.line.sent == []


async def test_nobody_else_can_disturb_a_verification(desk: Desk, house: House, room: TestRoom) -> None:
    other = await house.room("UAG2")
    peer, _ = await desk.asks("Anna", room)
    bodo = replace(peer, me=party("Bodo"))
    await desk.sends(bodo, "cancel", bodo.cancel(), room)
    await desk.sends(bodo, "start", bodo.start(), room)
    await desk.sends(peer, "cancel", peer.cancel(), other)
    await desk.sends(peer, "cancel", {**peer.cancel(), "transaction_id": "$ask"})
    assert desk.kinds() == ["ready"]
    assert "zeigt Ihr Client dasselbe" in (await desk.shows(peer, room)).text


async def test_wrong_keys_end_it_with_a_warning(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.shows(peer, room)
    await room.says("!verifizieren ja")
    await desk.acts()
    said = await desk.sends(peer, "mac", peer.mac(keys={**peer.me.keys, "ed25519:PHONE": "other"}), room)
    assert "Die Schlüssel passen nicht zusammen" in said.text
    assert desk.last("cancel")["code"] == "m.key_mismatch"
    assert desk.line.signed == []
    assert await desk.rows() == [(user("Anna"), VerificationState.CANCELLED)]


async def test_a_mismatch_seen_in_the_client_is_told_to_the_room(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.shows(peer, room)
    said = await desk.sends(peer, "cancel", peer.cancel("m.mismatched_sas"), room)
    assert "sagen Sie bitte dem Betrieb Bescheid" in said.text
    assert desk.kinds() == ["ready", "accept", "key"]


async def test_no_cancels_it_and_is_answered_once(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.shows(peer, room)
    assert "Die Verifizierung ist abgebrochen" in (await room.says("!verifizieren nein")).text
    assert (await desk.acts()).sent == []
    assert desk.last("cancel")["code"] == "m.mismatched_sas"
    assert await desk.rows() == [(user("Anna"), VerificationState.CANCELLED)]
    assert "Es läuft keine Verifizierung" in (await room.says("!verifizieren ja")).text


async def test_no_before_the_emoji_cancels_it_too(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await room.says("!verifizieren nein")
    assert (await desk.shows(peer, room)).sent == []
    assert (await desk.acts()).sent == []
    assert desk.last("cancel")["code"] == "m.mismatched_sas"


async def test_a_cancel_before_the_emoji_needs_no_words(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    assert (await desk.sends(peer, "cancel", peer.cancel(), room)).sent == []
    assert await desk.rows() == [(user("Anna"), VerificationState.CANCELLED)]


async def test_a_cancel_after_the_emoji_is_told(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.shows(peer, room)
    assert (await desk.sends(peer, "cancel", peer.cancel(), room)).text == (
        "Anna, die Verifizierung ist abgebrochen. Beginnen Sie sie bei Bedarf im Client noch einmal."
    )


async def test_who_takes_too_long_is_told(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.shows(peer, room)
    assert (await desk.waits(minutes=9)).sent == []
    assert "die Zeit für die Verifizierung ist abgelaufen" in (await desk.waits(minutes=1)).text
    assert desk.last("cancel")["code"] == "m.timeout"
    assert await desk.rows() == [(user("Anna"), VerificationState.CANCELLED)]
    assert (await desk.waits(minutes=1)).sent == []


async def test_who_goes_silent_before_the_emoji_is_cancelled_without_words(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.sends(peer, "start", peer.start(), room)
    assert (await desk.waits(minutes=2)).sent == []
    assert desk.last("cancel")["code"] == "m.timeout"


async def test_a_newer_request_cancels_the_older(desk: Desk, room: TestRoom) -> None:
    first, _ = await desk.asks("Anna", room)
    await desk.shows(first, room)
    second, answer = await desk.asks("Anna", room, transaction="$second")
    assert answer.sent == []
    assert desk.kinds()[-2:] == ["cancel", "ready"]
    assert desk.line.sent[-2][2]["m.relates_to"]["event_id"] == "$ask"
    shown = await desk.shows(second, room)
    assert all(EMOJI[one].de in shown.text for one in second.emoji)
    await room.says("!verifizieren ja")
    await desk.acts()
    await desk.sends(second, "mac", second.mac(), room)
    assert [state for _, state in await desk.rows()] == [VerificationState.CANCELLED, VerificationState.VERIFIED]


async def test_two_people_verify_at_the_same_time(desk: Desk, house: House, room: TestRoom) -> None:
    await house.room("KO", "Bodo", kind=RoomKind.COORDINATORS)
    anna, _ = await desk.asks("Anna", room, transaction="$anna")
    bodo, _ = await desk.asks("Bodo", room, transaction="$bodo")
    shown = (await desk.shows(anna, room)).message
    await desk.shows(bodo, room)
    refused = await room.says("!verifizieren ja", who="Bodo", reply_to=shown.event_id)
    assert "Diese Verifizierung hat Anna begonnen" in refused.text
    await room.says("!verifizieren ja", who="Bodo")
    await desk.acts()
    assert bodo.trusts(desk.last("mac"))
    await desk.sends(bodo, "mac", bodo.mac(), room)
    assert desk.line.signed == [user("Bodo")]
    assert dict(await desk.rows())[user("Anna")] == VerificationState.SHOWN
