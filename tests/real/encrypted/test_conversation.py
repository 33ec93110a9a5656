"""The promise of encrypted rooms: clients that exclude unsigned devices read the bot, and the bot reads them."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from bot.demo.member import Member
from bot.demo.speaker import Event
from bot.demo.synapse import Account, Synapse
from tests.real.conftest import People
from tests.real.encrypted.talk import (
    PATIENCE,
    POLL,
    answered,
    answers,
    answers_with,
    asks,
    encrypted_room,
    rows,
    says,
    set_up,
)
from tests.real.running import RunningBot
from tests.real.strict import StrictClient, StrictClients

START, RESPONSE, END = (f"org.matrix.msc3381.poll.{kind}" for kind in ("start", "response", "end"))


@pytest.mark.usefixtures("bot")
async def test_strict_clients_and_the_bot_read_each_other(
    account: Account, anna: StrictClient, bodo: StrictClient
) -> None:
    room = await encrypted_room(anna, account, bodo)
    status = await asks(anna, room, account)
    assert status["encrypted"]
    assert "Wo tagen wir?" in status["content"]["body"]
    start = await bodo.wait_for(room, says(account, kind=START), PATIENCE)
    assert start["encrypted"]
    answers_by_id = start["content"][START]["answers"]
    assert [one["org.matrix.msc1767.text"] for one in answers_by_id] == ["Halle", "Stendal"]

    await bodo.vote(room, start["event_id"], [answers_by_id[1]["id"]])
    await anna.wait_for(room, says(account, "m.replace", "2. Stendal – 1"), PATIENCE)
    await anna.react(room, status["event_id"], "1️⃣")
    await bodo.wait_for(room, says(account, "m.replace", "1. Halle – 1"), PATIENCE)

    closing_command = await anna.say(room, "!umfrage ende", reply_to=status["event_id"])
    end = await bodo.wait_for(room, says(account, kind=END), PATIENCE, after=closing_command)
    assert end["content"]["m.relates_to"]["event_id"] == start["event_id"]
    assert all(event["unreadable"] is None for event in bodo.timeline[room])


@pytest.mark.usefixtures("bot")
async def test_edits_redactions_replies_and_mentions_work(
    account: Account, anna: StrictClient, bodo: StrictClient
) -> None:
    room = await encrypted_room(anna, account, bodo)
    command = await anna.say(room, "!aufgabe @Bodo Angebot einholen", mentions={"Bodo": bodo.user_id})
    action = await bodo.wait_for(room, answers(account, command), PATIENCE)
    assert action["content"]["m.mentions"] == {"user_ids": [bodo.user_id]}
    await anna.edit(room, command, "!aufgabe @Bodo zwei Angebote einholen", mentions={"Bodo": bodo.user_id})
    await bodo.wait_for(room, says(account, "m.replace", "zwei Angebote"), PATIENCE)
    done = await bodo.say(room, "!erledigt", reply_to=action["event_id"])
    await anna.wait_for(room, says(account, "m.annotation", kind="m.reaction"), PATIENCE, after=done)
    poll = await anna.say(room, POLL)
    status = await anna.wait_for(room, answers(account, poll), PATIENCE)
    await anna.redact(room, poll)
    await bodo.wait_for(room, says(account, "m.replace", status["event_id"], "Abgebrochen"), PATIENCE)


async def test_a_bot_whose_device_is_not_signed_is_deaf_and_mute(
    synapse: Synapse, account: Account, anna: StrictClient, tmp_path: Path
) -> None:
    """The two tests above prove something: without the signature of the device they cannot pass."""
    with RunningBot(tmp_path, synapse.url, account) as bot:
        room = await anna.create_room("UAG Mobilität", invite=[account.user_id])
        hello = await anna.wait_for(room, lambda event: said_by(event, account), PATIENCE)
        assert hello["unreadable"] is not None
        command = await anna.say(room, POLL)
        while not rows(bot, "SELECT count(*) FROM undecrypted WHERE waits")[0][0]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
        assert rows(bot, "SELECT count(*) FROM polls") == [(0,)]
        assert not [event for event in anna.timeline[room] if answered(event) == command]
    assert "no-identity" in bot.log.read_text("utf-8")


def said_by(event: Event, account: Account) -> bool:
    return bool(event["sender"] == account.user_id and event["type"] in ("m.room.encrypted", "m.room.message"))


async def test_the_signature_alone_makes_the_difference(
    synapse: Synapse, account: Account, anna: StrictClient, tmp_path: Path
) -> None:
    with RunningBot(tmp_path, synapse.url, account) as bot:
        room = await anna.create_room("UAG Energie", invite=[account.user_id])
        await anna.wait_for(room, lambda event: said_by(event, account), PATIENCE)
        assert bot.stop() == 0
        await set_up(tmp_path, synapse.url, account)
        bot.start()
        trust = await anna.trust(account.user_id, device_of(bot))
        assert trust is not None
        assert trust["signedByOwner"]
        assert await asks(anna, room, account)


def device_of(bot: RunningBot) -> str:
    found: str = rows(bot, "SELECT device_id FROM account")[0][0]
    return found


async def test_it_goes_on_after_a_restart(bot: RunningBot, account: Account, anna: StrictClient) -> None:
    room = await encrypted_room(anna, account)
    await asks(anna, room, account)
    assert bot.stop() == 0
    meanwhile = await anna.say(room, '!umfrage "Wann?" Montag Dienstag')
    bot.start()
    await anna.wait_for(room, answers(account, meanwhile), PATIENCE)
    assert await asks(anna, room, account)
    assert rows(bot, "SELECT count(*) FROM polls") == [(3,)]


async def test_what_was_said_with_a_new_key_while_the_bot_was_away_is_read(
    bot: RunningBot, account: Account, anna: StrictClient
) -> None:
    room = await encrypted_room(anna, account)
    assert bot.stop() == 0
    commands = []
    for number in range(3):
        await anna.discard_session(room)
        commands.append(await anna.say(room, f'!umfrage "Frage {number}" Ja Nein'))
    bot.start()
    for command in commands:
        await anna.wait_for(room, answers(account, command), PATIENCE)


@pytest.mark.usefixtures("bot")
async def test_who_leaves_gets_no_later_key(
    account: Account, anna: StrictClient, bodo: StrictClient, synapse: Synapse
) -> None:
    room = await encrypted_room(anna, account, bodo)
    first = await asks(anna, room, account)
    second = await asks(anna, room, account)
    await bodo.leave(room)
    third = await asks(anna, room, account)
    async with Member(anna.account, synapse.url) as plain:
        await plain.sync()
        keys = {event["event_id"]: event["content"].get("session_id") for event in plain.timeline[room]}
    assert keys[first["event_id"]] == keys[second["event_id"]] != keys[third["event_id"]]


@pytest.mark.usefixtures("bot")
async def test_who_comes_reads_what_comes_after_and_nothing_before(
    account: Account, anna: StrictClient, strict: StrictClients, people: People, synapse: Synapse
) -> None:
    room = await encrypted_room(anna, account)
    before = await asks(anna, room, account)
    (member,) = await people("Carla")
    carla = await strict.login(member.account, device="Carla Telefon")
    async with Member(anna.account, synapse.url) as plain:  # a client that hands on no keys with an invitation
        await plain.invite(room, carla.user_id)
    await carla.join(room)
    after = await asks(anna, room, account, '!umfrage "Und wann?" Montag Dienstag')
    await carla.wait_for(room, answers_with(after["event_id"]), PATIENCE)
    shown = {event["event_id"]: event["unreadable"] for event in carla.timeline[room]}
    assert shown[before["event_id"]] is not None


async def test_a_key_that_comes_late_is_waited_for(bot: RunningBot, account: Account, anna: StrictClient) -> None:
    room = await encrypted_room(anna, account)
    await asks(anna, room, account)
    await anna.discard_session(room)
    await anna.hold_keys()
    first = await anna.say(room, '!umfrage "Erste?" Ja Nein')
    second = await anna.say(room, '!umfrage "Zweite?" Ja Nein')
    while rows(bot, "SELECT count(*) FROM undecrypted WHERE waits") != [(2,)]:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)
    bot.kill()
    bot.start()
    await anna.release_keys()
    for command in (first, second):
        await anna.wait_for(room, answers(account, command), PATIENCE)
    assert await asks(anna, room, account)
    said = Counter(answered(event) for event in anna.timeline[room] if says(account)(event) and answered(event))
    assert (said[first], said[second]) == (1, 1)
    assert [question for (question,) in rows(bot, "SELECT question FROM polls ORDER BY id")][1:3] == [
        "Erste?",
        "Zweite?",
    ]
    assert rows(bot, "SELECT count(*) FROM undecrypted") == [(0,)]


@pytest.mark.usefixtures("bot")
async def test_a_key_that_was_lost_is_asked_for(account: Account, anna: StrictClient) -> None:
    room = await encrypted_room(anna, account)
    await asks(anna, room, account)
    await anna.discard_session(room)
    await anna.hold_keys()
    command = await anna.say(room, '!umfrage "Verloren?" Ja Nein')
    assert await anna.drop_keys()
    await anna.wait_for(room, answers(account, command), PATIENCE)


@pytest.mark.timeout(600)
async def test_twenty_members_with_three_devices_each_join_at_once(
    bot: RunningBot, account: Account, anna: StrictClient, strict: StrictClients, people: People
) -> None:
    members = await people(*(f"Mitglied {number}".replace(" ", "") for number in range(20)))
    devices = []
    for member in members:
        devices += [await strict.login(member.account, device=f"Gerät {number}") for number in range(3)]
    firsts = devices[::3]
    room = await encrypted_room(anna, account)
    for first in firsts:
        await anna.invite(room, first.user_id)
    await asyncio.gather(*(first.join(room) for first in firsts))
    commands = await asyncio.gather(
        *(device.say(room, f'!umfrage "Frage {number}" Ja Nein') for number, device in enumerate(devices))
    )
    for command in commands:
        await anna.wait_for(room, answers(account, command), 240)
    last = await asks(anna, room, account)
    for device in devices:
        await device.wait_for(room, answers_with(last["event_id"]), 120)
    assert rows(bot, "SELECT count(*) FROM polls") == [(len(devices) + 1,)]


async def test_what_an_unsigned_device_said_is_done_when_its_owner_signs_it(
    bot: RunningBot, account: Account, anna: StrictClient, strict: StrictClients
) -> None:
    room = await encrypted_room(anna, account)
    tablet = await strict.login(anna.account, device="Anna Tablet", signed=False)
    command = await tablet.say(room, POLL)
    while rows(bot, "SELECT reason FROM undecrypted WHERE waits") != [("unsigned-device",)]:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    assert rows(bot, "SELECT count(*) FROM polls") == [(0,)]
    assert anna.recovery_key is not None
    await tablet.unlock_secret_storage(anna.recovery_key)
    await anna.wait_for(room, answers(account, command), PATIENCE)
