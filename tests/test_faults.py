"""What the bot does when the homeserver fails it: faults that a real one will not produce on request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.matrix.errors import TokenRevoked
from bot.settings import Settings
from tests.fake import Event
from tests.fake.homeserver import FakeHomeserver

BOT = "@uagbot:localhost"
ANNA = "@anna:localhost"
SYNC, SEND = "/sync", "/send/m.room.message"


@asynccontextmanager
async def running(server: FakeHomeserver, folder: Path) -> AsyncIterator[App]:
    """Run the bot in this process until the block ends."""
    app = App(settings(server, folder))
    task = asyncio.create_task(app.run())
    waiting = asyncio.create_task(app.reader.caught_up.wait())
    try:
        await asyncio.wait({task, waiting}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        yield app
    finally:
        waiting.cancel()
        app.stop()
        await task


def settings(server: FakeHomeserver, folder: Path) -> Settings:
    rooms = [{"room": room, "key": f"UAG{number}"} for number, room in enumerate(server.rooms, start=1)]
    return Settings.model_validate(
        {
            "matrix": {"homeserver": server.url, "user": BOT, "access_token": "token"},
            "storage": {"database": f"sqlite:///{folder / 'uagbot.db'}", "folder": folder},
            "web": {"enabled": False},
            "rooms": rooms,
        }
    )


@pytest.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    async with FakeHomeserver() as found:
        found.add_user(BOT, "secret", "token", "DEVICE")
        found.add_user(ANNA, "secret")
        yield found


@pytest.fixture
def room(server: FakeHomeserver) -> str:
    return server.add_room("UAG1", [ANNA, BOT], creator=ANNA)


def answers(server: FakeHomeserver) -> list[str]:
    relations = [event["content"].get("m.relates_to") for event in said(server)]
    return [relation["m.in_reply_to"]["event_id"] for relation in relations if relation]


def said(server: FakeHomeserver) -> list[Event]:
    return [event for event in server.sent_by(BOT) if event["type"] == "m.room.message"]


async def until_answered(server: FakeHomeserver, count: int) -> None:
    await server.wait_until(lambda: len(said(server)) >= count, 30)
    await asyncio.sleep(0.2)


async def test_a_lost_answer_of_the_server_makes_no_second_event(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    async with running(server, tmp_path):
        server.drop_next(SEND, times=2, after_handling=True)
        command = server.member_says(room, ANNA, "!umfragen")
        await until_answered(server, 1)
    assert answers(server) == [command]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        (SEND, 429, {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 300}),
        (SEND, 502, "<html>Bad Gateway</html>"),
        (SEND, 200, {}),
        (SYNC, 429, {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 300}),
        (SYNC, 502, "<html>Bad Gateway</html>"),
        (SYNC, 200, "not JSON"),
        (SYNC, 200, {"unexpected": True}),
        (SYNC, 200, {"next_batch": "s1", "rooms": {"join": ["!room"]}}),
        (SYNC, 200, {"next_batch": "s1", "rooms": {"join": {"!room": 7}}}),
        (SYNC, 200, {"next_batch": "s1", "rooms": {"join": {"!room": {"timeline": {"events": 7}}}}}),
        (SYNC, 200, {"next_batch": "s1", "to_device": {"events": [7, {"type": 7}]}}),
        (SYNC, 200, {"next_batch": "s1", "device_one_time_keys_count": {"signed_curve25519": "many"}}),
        (SYNC, 200, {"next_batch": "s1", "device_lists": {"changed": 7}}),
    ],
)
async def test_a_passing_fault_delays_and_loses_nothing(
    server: FakeHomeserver, room: str, tmp_path: Path, path: str, status: int, body: dict[str, Any] | str
) -> None:
    async with running(server, tmp_path):
        server.fail_next(path, status, body)
        first = server.member_says(room, ANNA, "!umfragen")
        second = server.member_says(room, ANNA, "!umfragen")
        await until_answered(server, 2)
    assert answers(server) == [first, second]


@pytest.mark.usefixtures("room")
async def test_a_dead_server_is_not_hammered(server: FakeHomeserver, tmp_path: Path) -> None:
    async with running(server, tmp_path):
        server.fail_next(SYNC, 502, "<html>Bad Gateway</html>", times=1000)
        before = len(server.requests)
        await asyncio.sleep(3)
        assert len(server.requests) - before <= 4


@pytest.mark.usefixtures("room")
async def test_a_revoked_token_ends_the_bot(server: FakeHomeserver, tmp_path: Path) -> None:
    app = App(settings(server, tmp_path))
    task = asyncio.create_task(app.run())
    await asyncio.wait_for(app.reader.caught_up.wait(), 20)
    server.sessions.clear()
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(task, 20)
    assert raised.group_contains(TokenRevoked)


async def test_what_a_limited_timeline_left_out_is_read_in_order(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    async with running(server, tmp_path):
        pass
    commands = [server.member_says(room, ANNA, f'!umfrage "Frage {number}?" Ja Nein') for number in range(60)]
    async with running(server, tmp_path):
        await until_answered(server, 60)
    assert answers(server) == commands


async def test_who_came_while_the_events_of_the_room_forked_is_in_it(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    carla = "@carla:localhost"
    async with running(server, tmp_path):
        server.set_membership(room, carla, "invite")
        invited = server.rooms[room].complete(server.rooms[room].state["m.room.member", carla])
        server.set_membership(room, carla, "join")
        server.member_says(room, ANNA, "!aufgabe @carla Leitfaden")
        await until_answered(server, 1)
        server.outdated[room] = [invited]
        server.member_says(room, ANNA, "!aufgabe @carla Flyer")
        await until_answered(server, 2)
    assert [one["content"]["body"].partition(" ·")[0] for one in said(server)] == ["A1 Leitfaden", "A2 Flyer"]


async def test_old_messages_are_no_commands_on_the_very_first_sync(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    server.member_says(room, ANNA, "!umfragen")
    async with running(server, tmp_path):
        command = server.member_says(room, ANNA, "!umfragen")
        await until_answered(server, 1)
    assert answers(server) == [command]


@pytest.mark.usefixtures("room")
async def test_what_was_said_before_the_bot_came_is_no_command(server: FakeHomeserver, tmp_path: Path) -> None:
    other = server.add_room("UAG2", [ANNA], creator=ANNA)
    async with running(server, tmp_path):
        server.member_says(other, ANNA, "!umfragen")
        server.set_membership(other, BOT, "join")
        command = server.member_says(other, ANNA, "!umfragen")
        await server.wait_until(lambda: command in answers(server), 20)
    assert answers(server) == [command]


async def test_what_a_refused_message_was_about_does_not_stop_the_room(
    server: FakeHomeserver, room: str, tmp_path: Path
) -> None:
    async with running(server, tmp_path) as app:
        server.fail_next(SEND, 413, {"errcode": "M_TOO_LARGE", "error": "too large"})
        server.member_says(room, ANNA, "!umfragen")
        second = server.member_says(room, ANNA, "!umfragen")
        await until_answered(server, 1)
        assert app.health.send_failures == {"M_TOO_LARGE": 1}
    assert answers(server) == [second]


async def test_malformed_events_are_passed_over(server: FakeHomeserver, room: str, tmp_path: Path) -> None:
    async with running(server, tmp_path):
        server.inject(room, ANNA, "m.room.message", {"msgtype": "m.text", "body": 7})
        server.inject(room, ANNA, "m.room.message", {"msgtype": "m.text"})
        server.inject(room, ANNA, "m.room.message", {"msgtype": "m.text", "body": "!umfragen", "m.relates_to": "x"})
        server.inject(room, ANNA, "m.reaction", {"m.relates_to": {"event_id": 3, "key": None}})
        server.inject(room, ANNA, "org.matrix.msc3381.poll.response", {"m.relates_to": []})
        server.inject(room, ANNA, "m.room.power_levels", {"users": "everybody"}, "")
        for odd in ({"a": 1}, ["b"], "", "x" * 300, "\x00", 7):
            text = {"msgtype": "m.text", "body": "!umfragen"}
            server.inject(room, ANNA, "m.reaction", {"m.relates_to": {"event_id": odd, "key": "✅"}})
            server.inject(room, ANNA, "m.reaction", {"m.relates_to": {"event_id": "$a", "key": odd}})
            server.inject(room, ANNA, "m.room.message", {**text, "m.relates_to": {"m.in_reply_to": {"event_id": odd}}})
            server.inject(
                room, ANNA, "m.room.message", {**text, "m.relates_to": {"rel_type": "m.thread", "event_id": odd}}
            )
            edit = {"rel_type": "m.replace", "event_id": odd}
            server.inject(room, ANNA, "m.room.message", {**text, "m.new_content": text, "m.relates_to": edit})
            server.inject(room, ANNA, "m.room.member", {"membership": "join", "displayname": odd}, "@carla:localhost")
        command = server.member_says(room, ANNA, "!umfragen")
        await server.wait_until(lambda: command in answers(server), 20)
