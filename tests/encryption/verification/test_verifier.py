"""What people see who verify the bot: who may, where the emoji stand, and what it says in the end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.matrix.encryption.sas import EMOJI
from storage import rooms
from storage.rooms import RoomKind
from storage.verifications import VerificationState
from tests.encryption.verification.desk import VERIFICATION, Desk, party
from tests.encryption.verification.peer import Peer
from tests.handlers.facts import direct_chat
from tests.handlers.house import BOT, House, TestRoom, user


async def test_a_coordinator_verifies_the_bot_in_a_room(desk: Desk, room: TestRoom) -> None:
    peer, answer = await desk.asks("Anna", room)
    assert answer.sent == []
    assert desk.line.sent == [(room.id, "ready", peer.content(from_device="BOTDEVICE", methods=["m.sas.v1"]))]
    shown = (await desk.shows(peer, room)).message
    assert shown.room == room.id
    assert shown.mentions == [user("Anna")]
    emoji = " · ".join(f"{EMOJI[one].symbol} {EMOJI[one].de}" for one in peer.emoji)
    assert shown.text == (
        f"Anna, zeigt Ihr Client dasselbe?\n{emoji}\n"
        "Wenn ja, bestätigen Sie es dort und hier: `!verifizieren ja`\n"
        "Wenn nein: `!verifizieren nein` (Zeit bis 09:10 Uhr)"
    )
    assert (await room.says("!verifizieren ja")).reactions == ["✅"]
    assert (await desk.acts()).sent == []
    assert peer.trusts(desk.last("mac"))
    assert desk.line.signed == []
    done = (await desk.sends(peer, "mac", peer.mac(), room)).message
    assert done.text == "Anna, wir sind gegenseitig verifiziert."
    assert desk.last("done") == peer.done()
    assert desk.line.signed == [user("Anna")]
    assert await desk.rows() == [(user("Anna"), VerificationState.VERIFIED)]
    assert all(outcome.handled for outcome in desk.woken)
    assert len(desk.woken) == 2
    sent = len(desk.line.sent)
    assert (await desk.sends(peer, "done", peer.done(), room)).sent == []
    assert len(desk.line.sent) == sent


async def test_it_may_be_confirmed_in_the_client_first(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    shown = (await desk.shows(peer, room)).message
    assert (await desk.sends(peer, "mac", peer.mac(), room)).sent == []
    await room.says("!verifizieren ja", reply_to=shown.event_id)
    assert "gegenseitig verifiziert" in (await desk.acts()).text
    assert desk.kinds()[-2:] == ["mac", "done"]
    assert desk.line.signed == [user("Anna")]


async def test_the_emoji_are_named_in_the_language_of_the_room(desk: Desk, house: House) -> None:
    room = await house.room("UAG2", language="en")
    peer, _ = await desk.asks("Anna", room)
    text = (await desk.shows(peer, room)).text
    assert all(f"{EMOJI[one].symbol} {EMOJI[one].en}" in text for one in peer.emoji)
    assert text.startswith("Anna, does your client show the same?\n")
    await room.says("!verify yes")
    await desk.acts()
    assert "Anna, we have verified each other." in (await desk.sends(peer, "mac", peer.mac(), room)).text


async def test_numbers_are_shown_to_clients_without_emoji(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.sends(peer, "start", peer.start(short_authentication_string=["decimal"]), room)
    text = (await desk.sends(peer, "key", peer.key(), room)).text
    peer.bots_key = desk.last("key")["key"]
    assert " · ".join(str(one) for one in peer.numbers) in text


async def test_the_bot_starts_where_the_client_does_not(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.waits(seconds=11)
    start = desk.last("start")
    await desk.sends(peer, "accept", peer.accept(start), room)
    peer.bots_key = desk.last("key")["key"]
    text = (await desk.sends(peer, "key", peer.key(), room)).text
    assert all(EMOJI[one].de in text for one in peer.emoji)


async def test_a_person_without_an_identity_can_verify_the_bot_too(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.shows(peer, room)
    await room.says("!verifizieren ja")
    await desk.acts()
    only_device = {"ed25519:PHONE": peer.me.ed25519}
    assert "verifiziert" in (await desk.sends(peer, "mac", peer.mac(keys=only_device), room)).text
    assert desk.line.signed == []


# -- where people read it


async def test_a_request_from_device_to_device_is_answered_in_the_direct_chat(desk: Desk, house: House) -> None:
    chat = await direct_chat(house, "Anna")
    peer, _ = await desk.asks("Anna")
    assert desk.line.sent[0][:2] == (f"{user('Anna')} PHONE", "ready")
    shown = (await desk.shows(peer)).message
    assert (shown.room, shown.mentions) == (chat.id, [])
    assert (await chat.says("verifizieren ja")).reactions == ["✅"]
    await desk.acts()
    assert (await desk.sends(peer, "mac", peer.mac())).message.room == chat.id


async def test_without_a_direct_chat_the_emoji_stand_in_the_coordinators_room(desk: Desk, house: House) -> None:
    office = await house.room("KO", "Gerda", "Hanno", kind=RoomKind.COORDINATORS)
    peer, _ = await desk.asks("Gerda")
    shown = (await desk.shows(peer)).message
    assert (shown.room, shown.mentions) == (office.id, [user("Gerda")])


async def test_a_coordinator_who_could_not_read_the_emoji_is_declined(desk: Desk, house: House) -> None:
    await house.room("KO", "Gerda", kind=RoomKind.COORDINATORS)
    await desk.asks("Anna")
    assert desk.last("cancel")["code"] == "m.user"


# -- who may not


async def test_others_are_declined_politely_once_a_day(desk: Desk, house: House, room: TestRoom) -> None:
    text = (
        "Bodo, verifizieren kann mich nur die Koordination. Lesen und schreiben können Sie hier auch ohne das."
    )  # fmt: skip
    said = []
    for number in range(3):
        peer, answer = await desk.asks("Bodo", room, transaction=f"$ask{number}")
        assert desk.line.sent[-1][0] == room.id
        assert desk.last("cancel") == peer.content(code="m.user", reason="The verification is not wanted.")
        said.append([(one.text, one.mentions) for one in answer.messages])
    assert said == [[(text, [])], [], []]
    other = await house.room("UAG2")
    assert (await desk.asks("Bodo", other, transaction="$other"))[1].sent == []
    assert (await desk.asks("Carla", room, transaction="$carla"))[1].text.startswith("Carla, ")
    house.now += timedelta(hours=15)  # midnight in Berlin
    assert (await desk.asks("Bodo", room, transaction="$tomorrow"))[1].text == text
    assert await desk.rows() == []


async def test_others_are_declined_without_words_from_device_to_device(desk: Desk, house: House) -> None:
    await direct_chat(house, "Bodo")
    _, answer = await desk.asks("Bodo")
    assert answer.sent == []
    assert desk.line.sent[-1][0] == f"{user('Bodo')} PHONE"
    assert desk.last("cancel")["code"] == "m.user"


async def test_a_chair_is_no_coordinator_and_a_bot_is_nobody(desk: Desk, house: House) -> None:
    room = await house.room("UAG3", "Dieter", "Otherbot", powers={"Dieter": 100, "Otherbot": 100})
    await desk.asks("Dieter", room)
    assert desk.last("cancel")["code"] == "m.user"
    desk.verifier.setup = replace(house.setup, bots=frozenset({user("Otherbot")}))
    desk.line.sent.clear()
    await desk.asks("Otherbot", room, transaction="$bot")
    assert desk.line.sent == []


async def test_what_is_asked_of_others_or_elsewhere_is_left_alone(desk: Desk, house: House, room: TestRoom) -> None:
    await desk.asks("Anna", room, to=user("Bodo"))
    await desk.asks("Anna", TestRoom(house, "!elsewhere"))
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        found.joined = False
    await desk.asks("Anna", room)
    await desk.asks("Bodo", room)
    assert desk.line.sent == []
    assert await house.deliver() == []


async def test_verifications_between_others_are_left_alone(desk: Desk, room: TestRoom) -> None:
    peer = Peer(party("Anna"), party("Bodo"), "$theirs", in_room=True)
    for kind in ("ready", "start", "key", "mac", "done", "cancel"):
        await desk.sends(peer, kind, peer.content(key="x"), room)
    assert desk.line.sent == []


@pytest.mark.parametrize("minutes", [-11, 6])
async def test_a_request_of_another_time_is_left_alone(desk: Desk, room: TestRoom, minutes: int) -> None:
    at = int((desk.house.now + timedelta(minutes=minutes)).timestamp() * 1000)
    await desk.asks("Anna", timestamp=at)
    desk.house.now -= timedelta(minutes=minutes)
    event = {"type": "m.room.message", "sender": user("Anna"), "event_id": "$ask", "origin_server_ts": at}
    content = {"msgtype": f"{VERIFICATION}request", "to": BOT, "from_device": "PHONE", "methods": ["m.sas.v1"]}
    desk.house.now += timedelta(minutes=minutes)
    await desk.verifier.in_room(room.id, {**event, "content": content})
    assert desk.line.sent == []
