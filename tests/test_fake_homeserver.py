"""The fake homeserver satisfies a real client, and its faults occur as ordered."""

from collections.abc import AsyncIterator
from pathlib import Path

import nio
import pytest
from aiohttp import ClientConnectionError
from nio.api import RelationshipType

from tests.fake import Session
from tests.fake.homeserver import FakeHomeserver
from tests.fake.members import Crowd

ANNA = "@anna:localhost"
BOT = "@bot:localhost"


@pytest.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    async with FakeHomeserver(clock_ms=lambda: 1_800_000_000_000) as server:
        server.add_user(ANNA, "geheim")
        server.add_user(BOT, "geheim", "bot-token", "BOT")
        yield server


@pytest.fixture
async def bot(server: FakeHomeserver) -> AsyncIterator[nio.AsyncClient]:
    config = nio.AsyncClientConfig(max_limit_exceeded=0, max_timeouts=0, encryption_enabled=False)
    client = nio.AsyncClient(server.url, BOT, device_id="BOT", config=config)
    client.user_id, client.access_token = BOT, "bot-token"
    yield client
    await client.close()
    if client.store is not None:
        client.store.database.close()


def bodies(events: list[nio.Event]) -> list[str]:
    return [event.body for event in events if isinstance(event, nio.RoomMessageText)]


async def send(client: nio.AsyncClient, room: str, text: str, tx_id: str) -> nio.Response:
    return await client.room_send(room, "m.room.message", {"msgtype": "m.text", "body": text}, tx_id=tx_id)


async def test_a_client_logs_in_with_its_password_and_out_again(server: FakeHomeserver) -> None:
    client = nio.AsyncClient(server.url, ANNA)
    try:
        assert isinstance(await client.login("falsch"), nio.LoginError)
        assert isinstance(await client.login("geheim"), nio.LoginResponse)
        assert (await client.whoami()).user_id == ANNA
        token = client.access_token
        await client.logout()
        client.access_token = token
        assert (await client.whoami()).status_code == "M_UNKNOWN_TOKEN"
    finally:
        await client.close()
        if client.store is not None:
            client.store.database.close()


async def test_an_encrypting_client_is_satisfied(server: FakeHomeserver) -> None:
    config = nio.AsyncClientConfig(store=nio.store.SqliteMemoryStore)
    client = nio.AsyncClient(server.url, BOT, device_id="BOT", store_path="", config=config)
    try:
        client.restore_login(BOT, "BOT", "bot-token")
        await client.sync(full_state=True)
        assert isinstance(await client.keys_upload(), nio.KeysUploadResponse)
        assert not client.should_upload_keys
        message = nio.event_builders.DummyMessage("m.dummy", ANNA, "PHONE", {})
        assert isinstance(await client.to_device(message), nio.ToDeviceResponse)
    finally:
        await client.close()
        if client.store is not None:
            client.store.database.close()


@pytest.mark.parametrize("version", ["11", "12"])
async def test_the_first_sync_gives_state_and_the_last_ten_events(
    server: FakeHomeserver, bot: nio.AsyncClient, version: str
) -> None:
    room = server.add_room("Bürger-Apps", [ANNA, BOT], version=version)
    for number in range(12):
        server.member_says(room, ANNA, f"alt {number}")
    timeline = (await bot.sync()).rooms.join[room].timeline
    assert bodies(timeline.events) == [f"alt {number}" for number in range(2, 12)]
    assert timeline.limited
    assert bot.rooms[room].name == "Bürger-Apps"
    assert set(bot.rooms[room].users) == {ANNA, BOT}
    assert bot.rooms[room].power_levels.can_user_send_message(BOT)
    assert (":" in room) == (version == "11")


async def test_an_invited_client_joins_and_leaves(server: FakeHomeserver, bot: nio.AsyncClient) -> None:
    room = server.add_room("Energie", [ANNA])
    await bot.sync()
    assert isinstance(await bot.join(room), nio.JoinError)
    server.inject(room, ANNA, "m.room.member", {"membership": "invite"}, BOT)
    assert room in (await bot.sync()).rooms.invite
    assert isinstance(await bot.join(room), nio.JoinResponse)
    assert room in (await bot.sync()).rooms.join
    assert {member.user_id for member in (await bot.joined_members(room)).members} == {ANNA, BOT}
    await bot.room_leave(room)
    assert room in (await bot.sync()).rooms.leave
    assert (await send(bot, room, "noch da", "1")).status_code == "M_FORBIDDEN"


async def test_the_same_transaction_id_is_the_same_event(server: FakeHomeserver, bot: nio.AsyncClient) -> None:
    room, other = server.add_room("UAG1", [ANNA, BOT]), server.add_room("UAG2", [ANNA, BOT])
    first = await send(bot, room, "Guten Tag", "1")
    assert (await send(bot, room, "Guten Tag", "1")).event_id == first.event_id
    assert (await send(bot, room, "Guten Tag", "2")).event_id != first.event_id
    assert (await send(bot, other, "Guten Tag", "1")).event_id != first.event_id
    assert [event["room_id"] for event in server.sent_by(BOT)] == [room, room, other]


async def test_a_waiting_sync_ends_when_a_member_speaks(server: FakeHomeserver, bot: nio.AsyncClient) -> None:
    room = server.add_room("UAG1", [ANNA, BOT])
    await bot.sync()
    assert (await bot.sync(timeout=20)).rooms.join == {}

    server.member_says(room, ANNA, "ältere Nachricht")
    await bot.sync(timeout=5000)
    answered = server.syncs[BOT]
    waiting = bot.sync(timeout=5000)
    server.member_says(room, ANNA, "Hallo", **{"m.mentions": {}})
    joined = (await waiting).rooms.join[room]
    assert bodies(joined.timeline.events) == ["Hallo"]
    assert joined.timeline.events[0].server_timestamp == 1_800_000_000_000
    assert server.syncs[BOT] == answered + 1


async def test_a_limited_gap_is_paged_either_way(server: FakeHomeserver, bot: nio.AsyncClient) -> None:
    room = server.add_room("UAG1", [ANNA, BOT])
    since = (await bot.sync()).next_batch
    server.limit_timeline = 3
    for number in range(20):
        server.member_says(room, ANNA, f"{number}")
    timeline = (await bot.sync()).rooms.join[room].timeline
    assert timeline.limited
    assert bodies(timeline.events) == ["17", "18", "19"]
    gap, start = [], since
    while start:
        page = await bot.room_messages(room, start, timeline.prev_batch, nio.MessageDirection.front, limit=5)
        gap += bodies(page.chunk)
        start = page.end
    assert gap == [f"{number}" for number in range(17)]
    page = await bot.room_messages(room, timeline.prev_batch, since, limit=50)
    assert bodies(page.chunk) == gap[::-1]
    assert page.end is None


async def test_state_relations_and_redactions_are_kept(server: FakeHomeserver, bot: nio.AsyncClient) -> None:
    room = server.add_room("UAG1", [ANNA, BOT])
    await bot.room_put_state(room, "m.room.topic", {"topic": "Pilot"})
    assert (await bot.room_get_state_event(room, "m.room.topic")).content == {"topic": "Pilot"}
    assert isinstance(await bot.room_get_state_event(room, "m.room.avatar"), nio.RoomGetStateEventError)
    question = server.member_says(room, ANNA, "Ja oder Nein")
    relation = {"rel_type": "m.annotation", "event_id": question, "key": "1"}
    server.inject(room, ANNA, "m.reaction", {"m.relates_to": relation})
    related = bot.room_get_event_relations(room, question, RelationshipType.annotation)
    assert [event.key async for event in related] == ["1"]
    await bot.room_redact(room, question, tx_id="1")
    assert isinstance((await bot.room_get_event(room, question)).event, nio.RedactedEvent)
    assert [event["type"] for event in server.sent] == ["m.room.topic", "m.room.redaction"]


async def test_errors_occur_as_ordered_and_pass(server: FakeHomeserver, bot: nio.AsyncClient) -> None:
    room = server.add_room("UAG1", [ANNA, BOT])
    limited = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": 7}
    server.fail_next("/send/", 429, limited, headers={"Retry-After": "1"})
    server.fail_next("/sync", 502, "<html><title>502 Bad Gateway</title></html>", times=2)
    assert (await send(bot, room, "eins", "1")).retry_after_ms == 7
    for _ in range(2):
        failed = await bot.sync()
        assert isinstance(failed, nio.SyncError)
        assert failed.transport_response.status == 502
    assert isinstance(await send(bot, room, "eins", "1"), nio.RoomSendResponse)
    assert isinstance(await bot.sync(), nio.SyncResponse)
    assert server.requests.count("GET /_matrix/client/v3/sync") == 3


@pytest.mark.parametrize("after_handling", [False, True])
async def test_a_cut_connection_loses_the_request_or_only_its_answer(
    server: FakeHomeserver, bot: nio.AsyncClient, *, after_handling: bool
) -> None:
    room = server.add_room("UAG1", [ANNA, BOT])
    server.drop_next("/send/", times=2, after_handling=after_handling)
    with pytest.raises(ClientConnectionError):
        await send(bot, room, "eins", "1")
    assert len(server.sent) == after_handling
    await send(bot, room, "eins", "1")
    assert len(await server.wait_sent(1, timeout=1)) == 1


async def test_waiting_for_what_is_never_sent_times_out(server: FakeHomeserver) -> None:
    with pytest.raises(TimeoutError):
        await server.wait_sent(1, timeout=0.02)


async def test_a_restarted_server_is_at_the_same_address_and_knows_all(
    server: FakeHomeserver, bot: nio.AsyncClient
) -> None:
    room = server.add_room("UAG1", [ANNA, BOT])
    await bot.sync()
    await server.stop()
    with pytest.raises(ClientConnectionError):
        await bot.sync()
    await server.start()
    server.member_says(room, ANNA, "wieder da")
    assert bodies((await bot.sync()).rooms.join[room].timeline.events) == ["wieder da"]


@pytest.fixture
async def encrypting(server: FakeHomeserver, tmp_path: Path) -> AsyncIterator[nio.AsyncClient]:
    client = nio.AsyncClient(server.url, BOT, device_id="BOT", store_path=str(tmp_path))
    client.restore_login(BOT, "BOT", "bot-token")
    await client.sync(full_state=True)
    await client.keys_upload()
    yield client
    await client.close()
    client.store.database.close()


async def test_a_member_and_a_client_understand_each_other_in_an_encrypted_room(
    server: FakeHomeserver, encrypting: nio.AsyncClient
) -> None:
    room = server.add_room("UAG1", [ANNA, BOT])
    members = Crowd(server, Session(BOT, "BOT"), [ANNA], devices=2)
    members.encrypt(room)
    members.member_says(room, ANNA, "nur für uns")
    assert bodies((await encrypting.sync()).rooms.join[room].timeline.events) == ["nur für uns"]
    text = {"msgtype": "m.text", "body": "gelesen"}
    await encrypting.room_send(room, "m.room.message", text, ignore_unverified_devices=True)
    (sent,) = server.sent_by(BOT)
    assert sent["type"] == "m.room.encrypted"
    assert members.clear(ANNA, sent)["content"] == text
    assert [len(device.inbox) for device in server.keys.devices[ANNA].values()] == [0, 1]


async def test_a_one_time_key_is_handed_out_once(server: FakeHomeserver, encrypting: nio.AsyncClient) -> None:
    bot = Session(BOT, "BOT")
    names = [name for _ in range(50) for name in server.keys.claim(bot)]
    assert len(set(names)) == 50
    assert server.keys.claim(bot) == {}
    server.keys.publish(bot, {"fallback_keys": {"signed_curve25519:F": {"key": "…", "fallback": True}}})
    assert [list(server.keys.claim(bot)) for _ in range(2)] == [["signed_curve25519:F"]] * 2
    assert (await encrypting.sync()).device_key_count.signed_curve25519 == 0


async def test_a_message_to_a_device_comes_again_until_the_client_goes_on(
    server: FakeHomeserver, encrypting: nio.AsyncClient
) -> None:
    since = encrypting.next_batch
    server.keys.deliver(Session(BOT, "BOT"), ANNA, "org.example.hello", {"number": 1})
    for position, expected in ((since, 1), (since, 1), (None, 0)):
        answer = await encrypting.sync(since=position)
        assert len(answer.to_device_events) == expected


async def test_who_shares_a_room_hears_of_changed_keys(server: FakeHomeserver, encrypting: nio.AsyncClient) -> None:
    server.add_room("UAG1", [ANNA, BOT])
    await encrypting.sync()
    Crowd(server, Session(BOT, "BOT"), [ANNA, "@fremd:localhost"], devices=1)
    assert (await encrypting.sync()).device_list.changed == [ANNA]
    assert (await encrypting.sync(timeout=20)).device_list.changed == []
