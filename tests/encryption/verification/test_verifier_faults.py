"""Verifications over repeats, restarts, a server that says no and a database that is away."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.matrix.encryption.sas import EMOJI
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from storage.database import Database, DatabaseTrouble
from storage.verifications import VerificationState
from tests.encryption.verification.desk import BOT_PARTY, VERIFICATION, Desk, party, verifier
from tests.encryption.verification.peer import Peer
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom, user


async def test_what_is_heard_twice_is_done_once(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.asks("Anna", room)
    await desk.shows(peer, room)
    sent = len(desk.line.sent)
    assert (await desk.sends(peer, "start", peer.start_content, room)).sent == []
    assert (await desk.sends(peer, "key", peer.key(), room)).sent == []
    assert len(desk.line.sent) == sent
    assert len(await desk.rows()) == 1


@pytest.mark.parametrize("place", ["room", "device"])
async def test_after_a_restart_a_verification_is_cancelled_once(
    desk: Desk, house: House, room: TestRoom, place: str
) -> None:
    chat = await direct_chat(house, "Anna")
    where = room if place == "room" else None
    peer, _ = await desk.asks("Anna", where)
    await desk.shows(peer, where)
    desk.verifier = verifier(house, desk.line, desk.woken)
    await desk.verifier.abandon_all()
    assert await desk.rows() == [(user("Anna"), VerificationState.CANCELLED)]
    assert "Es läuft keine Verifizierung" in (await chat.says("verifizieren ja")).text
    desk.line.sent.clear()
    for _ in range(2):
        await desk.sends(peer, "mac", peer.mac(), where)
        await desk.asks("Anna", where)
    assert desk.kinds() == ["cancel"]
    assert desk.last("cancel")["code"] == "m.unknown_transaction"
    assert desk.line.sent[0][0] == (room.id if where else f"{user('Anna')} *")


async def test_a_request_that_comes_again_after_a_restart_is_cancelled(
    desk: Desk, house: House, room: TestRoom
) -> None:
    await desk.asks("Anna", room)
    desk.verifier = verifier(house, desk.line, desk.woken)
    await desk.verifier.abandon_all()
    await desk.asks("Anna", room)
    assert desk.kinds() == ["ready", "cancel"]
    assert desk.last("cancel")["code"] == "m.unknown_transaction"


async def test_an_unknown_verification_is_cancelled_once_and_ends_are_not_answered(desk: Desk) -> None:
    peer = Peer(party("Bodo"), BOT_PARTY, "unknown")
    for kind in ("done", "cancel"):
        await desk.sends(peer, kind, peer.content(code="m.user"))
    assert desk.line.sent == []
    for _ in range(3):
        await desk.sends(peer, "start", peer.start())
    assert [(to, kind) for to, kind, _ in desk.line.sent] == [(f"{user('Bodo')} PHONE", "cancel")]
    assert desk.last("cancel") == peer.content(
        code="m.unknown_transaction", reason="This verification is not known here."
    )


async def test_the_memory_of_past_verifications_is_bounded(desk: Desk) -> None:
    for number in range(1_100):
        peer = Peer(party("Bodo"), BOT_PARTY, f"unknown {number}")
        await desk.verifier.to_device({"type": f"{VERIFICATION}mac", "sender": peer.me.user, "content": peer.content()})
    assert len(desk.verifier._past) == 1_000


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ("ready", Unreachable("away")),
        ("accept", Rejected("M_FORBIDDEN", "no")),
        ("key", Limited(7)),
        ("mac", KeyError("a fault of the program")),
    ],
)
async def test_a_message_that_does_not_get_through_ends_it(
    desk: Desk, room: TestRoom, broken: str, error: Exception
) -> None:
    desk.line.broken[broken] = error
    peer, first = await desk.asks("Anna", room)
    second = await desk.sends(peer, "start", peer.start(), room)
    third = await desk.sends(peer, "key", peer.key(), room)
    await room.says("!verifizieren ja")
    fourth = await desk.acts()
    said = [text for text in (first.text, second.text, third.text, fourth.text) if "der Server nicht" in text]
    assert len(said) == 1
    assert ("zeigt Ihr Client" in third.text) == (broken == "mac")
    assert await desk.rows() == [(user("Anna"), VerificationState.CANCELLED)]
    assert desk.last("cancel")["code"] == "m.user"


@pytest.mark.parametrize("error", [Unreachable("away"), ValueError("no master key")])
async def test_who_could_not_be_signed_is_not_called_verified(desk: Desk, room: TestRoom, error: Exception) -> None:
    desk.line.broken["sign"] = error
    peer, _ = await desk.asks("Anna", room)
    await desk.shows(peer, room)
    await room.says("!verifizieren ja")
    await desk.acts()
    assert "der Server nicht" in (await desk.sends(peer, "mac", peer.mac(), room)).text
    assert "done" not in desk.kinds()
    assert await desk.rows() == [(user("Anna"), VerificationState.CANCELLED)]


async def test_a_server_that_is_away_when_asked_for_keys_does_no_harm(desk: Desk, room: TestRoom) -> None:
    desk.line.broken["keys"] = Unreachable("away")
    await desk.asks("Anna", room)
    assert (desk.line.sent, await desk.rows()) == ([], [])
    desk.line.broken.clear()
    await desk.asks("Anna", room, transaction="$again")
    assert desk.kinds() == ["ready"]


async def test_a_cut_wire_does_not_stop_the_bot_and_a_revoked_token_does(desk: Desk, room: TestRoom) -> None:
    desk.line.broken = {kind: Unreachable("away") for kind in ("ready", "cancel")}
    await desk.asks("Anna", room)
    await desk.asks("Bodo", room)
    desk.line.broken = {"cancel": TokenRevoked("gone")}
    with pytest.raises(TokenRevoked):
        await desk.asks("Carla", room)


def _away_once(database: Database) -> Callable[[], Any]:
    """Let the next transaction fail."""
    begin = database.begin

    def fail() -> Any:
        database.begin = begin  # type: ignore[method-assign]
        raise DatabaseTrouble("locked")

    return fail


async def test_what_a_locked_database_could_not_take_is_written_and_said_later(desk: Desk, room: TestRoom) -> None:
    peer, _ = await desk.asks("Anna", room)
    await desk.sends(peer, "start", peer.start(), room)
    desk.house.database.begin = _away_once(desk.house.database)  # type: ignore[method-assign]
    with pytest.raises(DatabaseTrouble):
        await desk.sends(peer, "key", peer.key(), room)
    peer.bots_key = desk.last("key")["key"]
    shown = await desk.sends(peer, "key", peer.key(), room)
    assert all(EMOJI[one].de in shown.text for one in peer.emoji)
    await room.says("!verifizieren ja")
    await desk.acts()
    desk.house.database.begin = _away_once(desk.house.database)  # type: ignore[method-assign]
    with pytest.raises(DatabaseTrouble):
        await desk.sends(peer, "mac", peer.mac(), room)
    assert "gegenseitig verifiziert" in (await desk.waits(seconds=5)).text
    assert desk.kinds().count("done") == 1


async def test_nothing_is_asked_of_the_database_while_nobody_verifies(desk: Desk, house: House) -> None:
    house.database.begin = _away_once(house.database)  # type: ignore[method-assign]
    await desk.verifier.decided()
    await desk.verifier.tick(house.now)
