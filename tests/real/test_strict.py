"""The strict client itself: who reads whom, before the bot is put beside it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.demo.member import MatrixFault
from bot.demo.speaker import Event
from tests.real.conftest import People
from tests.real.strict import Node, NodeFailed, StrictClient, StrictClients
from tests.real.strict.node import library


def _is(event_id: str) -> Callable[[Event], bool]:
    return lambda event: event["event_id"] == event_id


def _readable(event_id: str) -> Callable[[Event], bool]:
    return lambda event: event["event_id"] == event_id and event["unreadable"] is None


def _unreadable(event_id: str) -> Callable[[Event], bool]:
    return lambda event: event["event_id"] == event_id and event["unreadable"] is not None


def _joined(user_id: str) -> Callable[[Event], bool]:
    return lambda event: event.get("state_key") == user_id and event["content"].get("membership") == "join"


async def _pair(strict: StrictClients, people: People) -> tuple[StrictClient, StrictClient]:
    anna, bodo = await people("Anna", "Bodo")
    first = await strict.login(anna.account, device="Anna Telefon")
    return first, await strict.login(bodo.account, device="Bodo Rechner")


async def _room_of(host: StrictClient, *guests: StrictClient) -> str:
    room = await host.create_room("UAG Bürger-Apps", invite={guest.user_id for guest in guests} - {host.user_id})
    for guest in guests:
        await guest.join(room)
        await host.wait_for(room, _joined(guest.user_id))
    return room


async def test_two_strict_clients_read_each_other(strict: StrictClients, people: People) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    asked = await anna.say(room, "Wer kommt nach Halle (Saale)? @Bodo", mentions={"Bodo": bodo.user_id})
    seen = await bodo.wait_for(room, _is(asked))
    assert (seen["encrypted"], seen["unreadable"], seen["type"]) == (True, None, "m.room.message")
    assert seen["content"]["body"] == "Wer kommt nach Halle (Saale)? Bodo"
    assert seen["content"]["m.mentions"] == {"user_ids": [bodo.user_id]}
    answered = await bodo.say(room, "Ich", reply_to=asked)
    assert (await anna.wait_for(room, _is(answered), after=asked))["content"] == {
        "msgtype": "m.text",
        "body": "Ich",
        "m.mentions": {"user_ids": [anna.user_id]},
        "m.relates_to": {"m.in_reply_to": {"event_id": asked}},
    }
    edited = await anna.edit(room, asked, "Wer kommt nach Stendal?")
    content = (await bodo.wait_for(room, _is(edited)))["content"]
    assert content["m.new_content"]["body"] == "Wer kommt nach Stendal?"
    assert content["m.relates_to"] == {"rel_type": "m.replace", "event_id": asked}
    assert [event["content"]["body"] for event in bodo.timeline[room] if event["event_id"] == asked] == [
        "Wer kommt nach Halle (Saale)? Bodo"
    ]


async def test_polls_and_votes_are_encrypted_reactions_and_redactions_are_not(
    strict: StrictClients, people: People
) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    poll = await anna.send(room, "org.matrix.msc3381.poll.start", {"org.matrix.msc1767.text": "Frage?"})
    vote, reaction = await bodo.vote(room, poll, ["ja"]), await bodo.react(room, poll, "✅")
    seen = await anna.wait_for(room, _is(vote))
    assert (seen["type"], seen["encrypted"]) == ("org.matrix.msc3381.poll.response", True)
    assert seen["content"] == {
        "m.relates_to": {"rel_type": "m.reference", "event_id": poll},
        "org.matrix.msc3381.poll.response": {"answers": ["ja"]},
    }
    seen = await anna.wait_for(room, _is(reaction))
    assert (seen["type"], seen["encrypted"]) == ("m.reaction", False)
    taken_back = await bodo.redact(room, vote)
    seen = await anna.wait_for(room, _is(taken_back))
    assert (seen["content"]["redacts"], seen["encrypted"]) == (vote, False)


async def test_an_unsigned_device_reads_nothing_and_is_read_by_nobody(strict: StrictClients, people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    signed = await strict.login(anna.account)
    bare = await strict.login(bodo.account, signed=False)
    room = await _room_of(signed, bare)
    assert not await signed.has_identity(bare.user_id)
    trust = await signed.trust(bare.user_id, bare.device_id)
    assert trust == {"signedByOwner": False, "crossSigningVerified": False, "localVerified": False}
    heard = await bare.wait_for(room, _unreadable(await signed.say(room, "Nur für unterschriebene Geräte")))
    assert heard["type"] == "m.room.encrypted"
    assert heard["unreadable"].startswith("MEGOLM_KEY_WITHHELD")
    said = await bare.say(room, "Hört mich jemand?")
    assert (await signed.wait_for(room, _is(said)))["unreadable"] == "UNSIGNED_SENDER_DEVICE"


async def test_the_later_devices_of_a_user_are_signed_by_the_same_identity(
    strict: StrictClients, people: People
) -> None:
    anna, bodo = await _pair(strict, people)
    tablet = await strict.login(anna.account, device="Anna Tablet")
    stray = await strict.login(anna.account, device="Anna Fernseher", signed=False)
    assert tablet.device_id != anna.device_id
    assert tablet.recovery_key == anna.recovery_key
    room = await _room_of(anna, bodo)
    said = await bodo.say(room, "An alle Geräte von Anna")
    for device in (anna, tablet):
        assert await bodo.trust(anna.user_id, device.device_id) == {
            "signedByOwner": True,
            "crossSigningVerified": False,
            "localVerified": False,
        }
        await device.wait_for(room, _readable(said))
    await stray.wait_for(room, _unreadable(said))
    assert (await bodo.trust(anna.user_id, stray.device_id) or {})["signedByOwner"] is False
    assert await bodo.trust(anna.user_id, anna.account.device_id) is None


async def test_a_message_becomes_readable_when_its_delayed_key_comes(strict: StrictClients, people: People) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    await anna.hold_keys()
    said = await anna.say(room, "Der Schlüssel kommt später")
    last = await anna.say(room, "auch für mich")
    await bodo.wait_for(room, _unreadable(last))
    assert [event["unreadable"] for event in bodo._behind(room, None)[-2:]] == ["MEGOLM_UNKNOWN_INBOUND_SESSION_ID"] * 2
    assert await anna.release_keys() > 0
    assert (await bodo.wait_for(room, _readable(said)))["content"]["body"] == "Der Schlüssel kommt später"
    await bodo.wait_for(room, _readable(last))
    assert [event["event_id"] for event in bodo.timeline[room][-2:]] == [said, last]


async def test_a_lost_key_never_comes_and_the_next_session_is_read(strict: StrictClients, people: People) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    await anna.hold_keys()
    lost = await anna.say(room, "Der Schlüssel ist verloren")
    assert await anna.drop_keys() > 0
    await bodo.wait_for(room, _unreadable(await anna.say(room, "die gleiche Sitzung")))
    await anna.discard_session(room)
    await bodo.wait_for(room, _readable(await anna.say(room, "eine neue Sitzung")))
    await bodo.wait_for(room, _unreadable(lost))


async def test_who_joins_later_reads_what_comes_after_and_before_only_if_a_member_handed_the_keys_over(
    strict: StrictClients, people: People
) -> None:
    anna, bodo = await _pair(strict, people)
    carla, dieter, helper = await people("Carla", "Dieter", "Edith")
    with_keys, without = await strict.login(carla.account), await strict.login(dieter.account)
    room = await anna.create_room("UAG Daten", invite=[bodo.user_id, helper.user_id], power={helper.user_id: 50})
    for guest in (bodo, helper):
        await guest.join(room)
        await anna.wait_for(room, _joined(guest.user_id))
    before = await anna.say(room, "vorher")
    await bodo.wait_for(room, _readable(before))
    await anna.invite(room, with_keys.user_id)  # js-sdk hands its keys over to whom it invites (MSC4268)
    await helper.invite(room, without.user_id)
    for late, inviter in ((with_keys, anna), (without, helper)):
        assert await late.wait_for_invite(inviter.user_id) == room
        await late.join(room)
        await anna.wait_for(room, _joined(late.user_id))
        await late.wait_for(room, _readable(await anna.say(room, "nachher")))
    assert [event["event_id"] for event in await with_keys.messages_readable_before(room)] == [before]
    assert await without.messages_readable_before(room) == []


async def test_who_was_removed_is_refused(strict: StrictClients, people: People) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    await anna.kick(room, bodo.user_id)
    await anna.wait_for(room, lambda event: event["content"].get("membership") == "leave")
    with pytest.raises(MatrixFault) as refusal:
        await bodo.say(room, "Ich bin noch da")
    assert (refusal.value.status, refusal.value.errcode) == (403, "M_FORBIDDEN")


async def test_who_comes_back_finds_no_gap_and_can_read_from_before(strict: StrictClients, people: People) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    early = await anna.say(room, "bevor Bodo ging")
    await bodo.wait_for(room, _readable(early))
    await bodo.leave(room)
    await anna.wait_for(room, lambda event: event["content"].get("membership") == "leave")
    missed = [await anna.react(room, early, f"{number}") for number in range(60)]
    await anna.invite(room, bodo.user_id)
    await bodo.join(room)
    await anna.wait_for(room, _joined(bodo.user_id), after=missed[-1])
    await bodo.wait_for(room, _is(missed[-1]))
    assert [event["event_id"] for event in bodo.timeline[room] if event["type"] == "m.reaction"] == missed
    assert [event["event_id"] for event in await bodo.messages_readable_before(room)] == [early]


async def test_a_new_device_gets_identity_and_history_back_with_the_recovery_key(
    strict: StrictClients, people: People
) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    said = await bodo.say(room, "aus alter Zeit")
    await anna.wait_for(room, _readable(said))
    assert await anna.backup() == "1"
    assert await anna.backed_up() > 0
    assert anna.recovery_key is not None
    new = await strict.login(anna.account, device="Anna neu", signed=False)
    assert (await new.wait_for(room, _unreadable(said)))["unreadable"] == "HISTORICAL_MESSAGE_BACKUP_UNCONFIGURED"
    assert bodo.recovery_key is not None
    with pytest.raises(NodeFailed, match="does not fit"):
        await new.unlock_secret_storage(bodo.recovery_key)
    secrets = await new.unlock_secret_storage(anna.recovery_key)
    assert sorted(secrets) == [
        "m.cross_signing.master",
        "m.cross_signing.self_signing",
        "m.cross_signing.user_signing",
        "m.megolm_backup.v1",
    ]
    assert (await bodo.trust(anna.user_id, new.device_id) or {})["signedByOwner"] is True
    assert await new.restore_backup() > 0
    assert (await new.wait_for(room, _readable(said)))["content"]["body"] == "aus alter Zeit"


async def test_an_identity_that_came_from_elsewhere_is_not_replaced(
    strict: StrictClients, people: People, node: Node
) -> None:
    anna, _ = await _pair(strict, people)
    async with StrictClients(strict.url, node) as others:
        with pytest.raises(NodeFailed, match="has an identity already"):
            await others.login(anna.account)
        unsigned = await others.login(anna.account, signed=False)
        assert unsigned.recovery_key is None


@pytest.mark.parametrize("in_room", [False, True])
async def test_two_people_verify_each_other_by_emoji(strict: StrictClients, people: People, *, in_room: bool) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    where = {"room": room} if in_room else {"device": bodo.device_id}
    mine = await anna.request_verification(bodo.user_id, **where)
    theirs = await bodo.wait_for_verification(anna.user_id)
    assert (theirs.room_id, theirs.transaction_id) == (room if in_room else None, mine.transaction_id)
    await theirs.accept()
    await mine.wait_for("ready")
    await mine.start()
    emoji = await mine.wait_for_emoji()
    assert emoji == await theirs.wait_for_emoji()
    assert len(emoji) == 7
    await asyncio.gather(mine.confirm(), theirs.confirm())
    await mine.wait_for("done")
    await theirs.wait_for("done")
    assert mine.phases == ["requested", "ready", "started", "done"]
    assert (await anna.trust(bodo.user_id, bodo.device_id) or {})["crossSigningVerified"] is True
    assert (await bodo.trust(anna.user_id, anna.device_id) or {})["crossSigningVerified"] is True


async def test_different_emoji_end_a_verification_and_a_request_can_be_declined(
    strict: StrictClients, people: People
) -> None:
    anna, bodo = await _pair(strict, people)
    await _room_of(anna, bodo)
    first = await anna.request_verification(bodo.user_id, device=bodo.device_id)
    theirs = await bodo.wait_for_verification(anna.user_id)
    await theirs.accept()
    await first.wait_for("ready")
    await theirs.start()
    await first.wait_for_emoji()
    await theirs.wait_for_emoji()
    await theirs.mismatch()
    await first.wait_for("cancelled")
    assert (first.code, first.cancelled_by) == ("m.mismatched_sas", bodo.user_id)
    second = await anna.request_verification(bodo.user_id, device=bodo.device_id)
    declined = await bodo.wait_for_verification(anna.user_id)
    assert declined is not theirs
    await declined.cancel()
    await second.wait_for("cancelled")
    assert second.code == "m.user"
    assert (await anna.trust(bodo.user_id, bodo.device_id) or {})["crossSigningVerified"] is False


async def test_what_is_not_encrypted_stays_readable_and_says_so(strict: StrictClients, people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    one = await strict.login(anna.account)
    room = await one.create_room("Offen", encrypted=False, power={bodo.user_id: 50}, invite=[bodo.user_id])
    await bodo.join(room)
    said = await bodo.say(room, "für alle")
    seen = await one.wait_for(room, _is(said))
    assert (seen["encrypted"], seen["unreadable"], seen["content"]["body"]) == (False, None, "für alle")
    assert (await bodo.state(room, "m.room.power_levels"))["users"] == {bodo.user_id: 50}


async def test_waiting_in_vain_says_what_was_there(strict: StrictClients, people: People) -> None:
    anna, bodo = await _pair(strict, people)
    room = await _room_of(anna, bodo)
    said = await anna.say(room, "Guten Tag")
    await bodo.wait_for(room, _is(said))
    with pytest.raises(TimeoutError, match=r"waited 0\.3 s (.|\n)*Guten Tag"):
        await bodo.wait_for(room, lambda _: False, 0.3)
    with pytest.raises(ValueError, match="a device or a room"):
        await anna.request_verification(bodo.user_id)


def test_the_library_is_installed_once_and_outside_of_the_tree() -> None:
    first = library()
    assert (first / "matrix-js-sdk" / "package.json").exists()
    assert library() == first
    assert not (Path(__file__).parent / "strict" / "node_modules").exists()


def test_node_ends_with_the_process_that_started_it() -> None:
    script = (
        "import time; from tests.real.strict import Node\n"
        "with Node() as node: print(node._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:  # noqa: S603 - our own words
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.kill()
    give_up = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
