"""What the bot relies on, said by a real homeserver and seen by a client that is not the bot's."""

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.demo.member import MatrixFault, Member
from bot.demo.speaker import Event, mention
from bot.demo.synapse import Synapse, SynapseFailed
from tests.real.conftest import People


def _answers(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", "/_matrix/client/versions")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _is(event_id: str) -> Callable[[Event], bool]:
    return lambda event: event["event_id"] == event_id


def _texts(events: list[Event]) -> list[str]:
    return [event["content"]["body"] for event in events if event["type"] == "m.room.message"]


async def _room_of(*members: Member) -> str:
    host, *guests = members
    room = await host.create_room("UAG Bürger-Apps", invite=[guest.user_id for guest in guests])
    for guest in guests:
        await guest.join(room)
    return room


MORNING = {"msgtype": "m.text", "body": "Guten Morgen"}


async def test_a_repeated_transaction_id_is_the_same_event_even_after_a_restart_of_the_server(
    synapse: Synapse, people: People
) -> None:
    [anna] = await people("Anna")
    room = await _room_of(anna)
    first = await anna.send(room, "m.room.message", MORNING, txn="zeile-1")
    assert await anna.send(room, "m.room.message", MORNING, txn="zeile-1") == first
    url = synapse.url
    await asyncio.to_thread(synapse.stop)
    assert not _answers(url)
    await asyncio.to_thread(synapse.start)
    assert synapse.url == url
    assert await anna.send(room, "m.room.message", MORNING, txn="zeile-1") == first
    other = await anna.send(room, "m.room.message", MORNING, txn="zeile-2")
    await anna.wait_for(room, _is(other))
    assert _texts(anna.timeline[room]) == ["Guten Morgen", "Guten Morgen"]


async def test_events_survive_a_killed_server(synapse: Synapse, people: People) -> None:
    [anna] = await people("Anna")
    room = await _room_of(anna)
    said = await anna.say(room, "vor dem Stromausfall")
    await asyncio.to_thread(synapse.kill)
    await asyncio.to_thread(synapse.start)
    await anna.wait_for(room, _is(said))


async def test_rooms_have_version_12_and_their_creator_is_not_in_the_power_levels(people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    room = await anna.create_room("Hauptraum", invite=[bodo.user_id], power={bodo.user_id: 50})
    assert ":" not in room
    assert (await anna.state(room, "m.room.create"))["room_version"] == "12"
    assert (await anna.state(room, "m.room.power_levels"))["users"] == {bodo.user_id: 50}
    await anna.set_power(room, bodo.user_id, 100)
    assert (await anna.state(room, "m.room.power_levels"))["users"] == {bodo.user_id: 100}


async def test_a_room_can_be_encrypted_and_have_a_topic(people: People) -> None:
    [anna] = await people("Anna")
    room = await anna.create_room("Vertraulich", topic="Haushalt", encrypted=True)
    assert (await anna.state(room, "m.room.encryption"))["algorithm"] == "m.megolm.v1.aes-sha2"
    assert (await anna.state(room, "m.room.topic"))["topic"] == "Haushalt"


async def test_an_upgraded_room_points_to_the_new_one(people: People) -> None:
    [anna] = await people("Anna")
    old = await anna.create_room("UAG Energie", room_version="11", power={})
    assert (await anna.state(old, "m.room.power_levels"))["users"] == {anna.user_id: 100}
    new = await anna.upgrade_room(old, "12")
    tombstone = await anna.wait_for(old, lambda event: event["type"] == "m.room.tombstone")
    assert tombstone["content"]["replacement_room"] == new


async def test_a_member_sees_everything_in_order_although_the_server_leaves_gaps(people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    room = await anna.create_room("UAG Daten", invite=[bodo.user_id])
    before = [f"vor dem Beitritt {number}" for number in range(25)]
    for text in before:
        await anna.say(room, text)
    await bodo.join(room)
    await bodo.sync()
    assert _texts(bodo.timeline[room]) == before
    later = [f"während er fort war {number}" for number in range(130)]
    for text in later:
        last = await anna.say(room, text)
    await bodo.wait_for(room, _is(last))
    assert _texts(bodo.timeline[room]) == before + later
    await anna.wait_for(room, _is(last))
    assert [event["event_id"] for event in bodo.timeline[room]] == [event["event_id"] for event in anna.timeline[room]]


async def test_what_the_server_tells_twice_is_remembered_once(people: People) -> None:
    [anna] = await people("Anna")
    room = await _room_of(anna)
    said = await anna.say(room, "Guten Tag")
    await anna.wait_for(room, _is(said))
    before = list(anna.timeline[room])
    anna._since = None  # as if the first answer had been lost
    await anna.sync()
    assert anna.timeline[room] == before


async def test_two_who_wait_on_one_member_both_get_their_event(people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    room, other = await _room_of(anna, bodo), await _room_of(anna, bodo)
    mark = await anna.say(room, "Umfrage?")
    waiting = asyncio.gather(
        bodo.wait_for(room, lambda event: event["sender"] == anna.user_id, after=mark),
        bodo.wait_for(other, lambda event: event["type"] == "m.room.message"),
    )
    await asyncio.sleep(0.2)
    second, elsewhere = await anna.say(room, "Ja"), await anna.say(other, "Nein")
    assert [event["event_id"] for event in await waiting] == [second, elsewhere]
    with pytest.raises(TimeoutError, match=r"waited 0\.3 s"):
        await bodo.wait_for(room, lambda _: True, 0.3, after=second)


async def test_who_is_invited_to_a_direct_chat_outranks_as_its_creator_does(people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    room = await anna.create_room("Direkt", direct=True, invite=[bodo.user_id])
    assert await bodo.wait_for_invite(anna.user_id) == room
    await bodo.join(room)
    assert (await anna.state(room, "m.room.create"))["additional_creators"] == [bodo.user_id]
    with pytest.raises(MatrixFault, match="M_FORBIDDEN"):
        await anna.kick(room, bodo.user_id)


async def test_a_declined_invitation_and_a_removal_are_seen(people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    room = await anna.create_room("UAG Verkehr", invite=[bodo.user_id])
    assert await bodo.wait_for_invite(anna.user_id) == room
    await bodo.leave(room)
    await bodo.sync()
    assert bodo.invites == {}
    await anna.invite(room, bodo.user_id)
    await bodo.join(room)
    await bodo.sync()
    await anna.kick(room, bodo.user_id)
    with pytest.raises(MatrixFault) as refusal:
        await bodo.say(room, "Ich bin noch da")
    assert (refusal.value.status, refusal.value.errcode) == (403, "M_FORBIDDEN")
    await bodo.sync()
    removal = bodo.timeline[room][-1]
    assert (removal["sender"], removal["state_key"]) == (anna.user_id, bodo.user_id)
    assert removal["content"]["membership"] == "leave"


async def test_the_same_reaction_twice_is_refused(people: People) -> None:
    [anna] = await people("Anna")
    room = await _room_of(anna)
    poll = await anna.say(room, "Frage?")
    await anna.react(room, poll, "1️⃣")
    with pytest.raises(MatrixFault) as refusal:
        await anna.react(room, poll, "1️⃣")
    assert refusal.value.errcode == "M_DUPLICATE_ANNOTATION"
    await anna.react(room, poll, "2️⃣")


async def test_an_event_of_more_than_64_kib_is_refused(people: People) -> None:
    [anna] = await people("Anna")
    room = await _room_of(anna)
    await anna.say(room, "x" * 60_000)
    with pytest.raises(MatrixFault) as refusal:
        await anna.say(room, "x" * 65_536)
    assert (refusal.value.status, refusal.value.errcode) == (413, "M_TOO_LARGE")


async def test_messages_replies_edits_reactions_votes_and_redactions_arrive_as_sent(people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    room = await _room_of(anna, bodo)
    _, pill = mention(bodo.user_id, "Bodo")
    ask = await anna.say(room, "Frage <1> an @Bodo", mentions={"Bodo": bodo.user_id})
    asked = (await bodo.wait_for(room, _is(ask)))["content"]
    assert asked == {
        "msgtype": "m.text",
        "body": "Frage <1> an Bodo",
        "format": "org.matrix.custom.html",
        "formatted_body": f"Frage &lt;1&gt; an {pill}",
        "m.mentions": {"user_ids": [bodo.user_id]},
    }
    reply = await bodo.say(room, "erledigt", reply_to=ask)
    assert (await anna.wait_for(room, _is(reply)))["content"] == {
        "msgtype": "m.text",
        "body": "erledigt",
        "m.mentions": {"user_ids": [anna.user_id]},
        "m.relates_to": {"m.in_reply_to": {"event_id": ask}},
    }
    await anna.wait_for(room, _is(ask))
    edit = await anna.edit(room, ask, "Frage 2 an @Bodo", mentions={"Bodo": bodo.user_id})
    edited = (await bodo.wait_for(room, _is(edit)))["content"]
    assert (edited["body"], edited["formatted_body"]) == ("* Frage 2 an Bodo", f"* Frage 2 an {pill}")
    assert edited["m.mentions"] == {}
    assert edited["m.relates_to"] == {"rel_type": "m.replace", "event_id": ask}
    assert edited["m.new_content"]["body"] == "Frage 2 an Bodo"
    assert edited["m.new_content"]["m.mentions"] == {"user_ids": [bodo.user_id]}


async def test_a_reaction_a_vote_and_their_redaction_arrive_as_sent(people: People) -> None:
    anna, bodo = await people("Anna", "Bodo")
    room = await _room_of(anna, bodo)
    poll = await anna.send(room, "org.matrix.msc3381.poll.start", {"org.matrix.msc1767.text": "Frage?"})
    reaction, vote = await bodo.react(room, poll, "✅"), await bodo.vote(room, poll, ["ja"])
    assert (await anna.wait_for(room, _is(reaction)))["content"] == {
        "m.relates_to": {"rel_type": "m.annotation", "event_id": poll, "key": "✅"}
    }
    seen = await anna.wait_for(room, _is(vote))
    assert seen["type"] == "org.matrix.msc3381.poll.response"
    assert seen["content"] == {
        "m.relates_to": {"rel_type": "m.reference", "event_id": poll},
        "org.matrix.msc3381.poll.response": {"answers": ["ja"]},
    }
    redaction = await bodo.redact(room, vote)
    assert (await anna.wait_for(room, _is(redaction)))["content"]["redacts"] == vote


async def test_a_member_waits_for_the_rate_limits_and_loses_nothing(tmp_path: Path) -> None:
    server = Synapse(tmp_path, default_limits=True)
    _configure(server, rc_message={"per_second": 4, "burst_count": 2})
    with server:
        account = server.register("carla", "geheim", "Carla")
        async with Member(account, server.url) as carla:
            room = await carla.create_room("UAG Archiv")
            said = [f"Zeile {number}" for number in range(6)]
            began = time.monotonic()
            for text in said:
                last = await carla.say(room, text)
            assert time.monotonic() - began > 0.9
            await carla.wait_for(room, _is(last))
            assert _texts(carla.timeline[room]) == said


def test_default_limits_are_those_of_synapse(tmp_path: Path) -> None:
    assert not any(key.startswith("rc_") for key in _configure(Synapse(tmp_path, default_limits=True)))


def test_a_stopped_server_leaves_no_process_and_no_open_port(tmp_path: Path) -> None:
    before = _children()
    with Synapse(tmp_path) as server:
        assert _children() != before
        assert _answers(server.url)
    assert _children() == before
    assert not _answers(server.url)


def test_a_name_can_be_registered_once(synapse: Synapse) -> None:
    synapse.register("edith", "geheim")
    with pytest.raises(SynapseFailed, match="M_USER_IN_USE"):
        synapse.register("edith", "geheim")


def test_a_port_on_which_another_homeserver_answers_is_not_taken_for_ours(synapse: Synapse, tmp_path: Path) -> None:
    address = urlsplit(synapse.url)
    with pytest.raises(SynapseFailed, match=address.netloc):
        Synapse(tmp_path, port=address.port).start()


def test_a_server_that_does_not_start_says_why_and_leaves_no_process(tmp_path: Path) -> None:
    server = Synapse(tmp_path)
    _configure(server, database={"name": "teapot"})
    before = _children()
    with pytest.raises(SynapseFailed, match="teapot"):
        server.start()
    assert _children() == before


def test_a_server_whose_parent_is_killed_ends_too(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from bot.demo.synapse import Synapse;"
        "server = Synapse(Path(sys.argv[1])); server.start(); print(server.url, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:  # noqa: S603 -- our own words
        assert parent.stdout is not None
        url = parent.stdout.readline().decode().strip()
        assert _answers(url)
        parent.kill()
    give_up = time.monotonic() + 10
    while _answers(url):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_without_the_package_the_message_names_the_extra(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from bot.demo.synapse import Synapse;Synapse(Path(sys.argv[1])).start()"
    )
    without_packages = [sys.executable, "-S", "-c", script, str(tmp_path)]
    bare = subprocess.run(without_packages, capture_output=True, text=True, check=False)  # noqa: S603 -- as above
    assert "SynapseMissing" in bare.stderr
    assert "uagbot[demo]" in bare.stderr


def _configure(server: Synapse, **changes: object) -> dict[str, object]:
    server._write_configuration()
    configuration = server._configuration() | changes
    server._configuration_file.write_text(json.dumps(configuration))
    return configuration


def _children() -> set[str]:
    return {pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()}
