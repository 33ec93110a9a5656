"""What the bot does in an encrypted room when the homeserver fails it or a member sends what is none."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.matrix.encryption.machine import MEGOLM
from tests.fake import Event, Session
from tests.fake.homeserver import FakeHomeserver
from tests.fake.members import Crowd
from tests.test_faults import ANNA, BOT, running

BODO = "@bodo:localhost"


@pytest.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    async with FakeHomeserver() as found:
        found.add_user(BOT, "secret", "token", "DEVICE")
        for member in (ANNA, BODO):
            found.add_user(member, "secret")
        yield found


@pytest.fixture
def crowd(server: FakeHomeserver) -> Crowd:
    return Crowd(server, Session(BOT, "DEVICE"), [ANNA, BODO], devices=2)


@pytest.fixture
def room(server: FakeHomeserver, crowd: Crowd) -> str:
    room = server.add_room("UAG1", [ANNA, BODO, BOT], creator=ANNA)
    crowd.encrypt(room)
    return room


def read(server: FakeHomeserver, crowd: Crowd, reader: str) -> list[Event]:
    """What the bot has said, as this member reads it; raises KeyError if a key is missing."""
    sent = [event for event in server.sent_by(BOT) if event["type"] == "m.room.encrypted"]
    return [crowd.clear(reader, event) for event in sent]


def answered(server: FakeHomeserver, crowd: Crowd, reader: str) -> list[str]:
    relations = [event["content"].get("m.relates_to", {}) for event in read(server, crowd, reader)]
    return [one["m.in_reply_to"]["event_id"] for one in relations if "m.in_reply_to" in one]


async def until_answered(server: FakeHomeserver, crowd: Crowd, command: str) -> None:
    await server.wait_until(lambda: command in answered(server, crowd, ANNA), 30)
    await asyncio.sleep(0.2)


PATHS = ["/sendToDevice/", "/keys/claim", "/keys/query", "/keys/upload", "/room_keys/"]
FAULTS: dict[str, tuple[int, Any]] = {
    "away": (502, "<html>Bad Gateway</html>"),
    "limited": (429, {"errcode": "M_LIMIT_EXCEEDED", "error": "slow down", "retry_after_ms": 300}),
    "garbled": (200, "not JSON"),
    "empty": (200, {}),
}


@pytest.mark.parametrize(
    ("path", "fault"),
    # An empty answer to a to-device message is the right one.
    [(path, fault) for path in PATHS for fault in FAULTS if (path, fault) != ("/sendToDevice/", "empty")],
)
async def test_a_passing_fault_of_the_keys_delays_and_loses_nothing(
    server: FakeHomeserver, crowd: Crowd, room: str, tmp_path: Path, path: str, fault: str
) -> None:
    status, body = FAULTS[fault]
    async with running(server, tmp_path):
        await server.wait_until(crowd.bot_is_reachable, 20)
        server.fail_next(path, status, body)
        first = crowd.member_says(room, ANNA, "!umfragen")
        second = crowd.member_says(room, BODO, "!umfragen")
        await until_answered(server, crowd, second)
        assert sorted(answered(server, crowd, BODO)) == sorted([first, second])


async def test_a_lost_answer_to_a_key_message_makes_no_second_event(
    server: FakeHomeserver, crowd: Crowd, room: str, tmp_path: Path
) -> None:
    async with running(server, tmp_path):
        await server.wait_until(crowd.bot_is_reachable, 20)
        server.drop_next("/sendToDevice/", after_handling=True)
        server.drop_next("/send/m.room.encrypted", times=2, after_handling=True)
        command = crowd.member_says(room, ANNA, "!umfragen")
        await until_answered(server, crowd, command)
    assert answered(server, crowd, ANNA) == [command]


@pytest.mark.parametrize("odd", [{"a": 1}, ["b"], "", "A" * 43, "\x00", 7, None])
async def test_encrypted_events_that_are_none_are_passed_over(
    server: FakeHomeserver, crowd: Crowd, room: str, tmp_path: Path, odd: Any
) -> None:
    async with running(server, tmp_path):
        await server.wait_until(crowd.bot_is_reachable, 20)
        right = {"algorithm": MEGOLM, "ciphertext": "AAAA", "session_id": "A" * 43, "sender_key": "k", "device_id": "D"}
        for name in right:
            server.inject(room, ANNA, "m.room.encrypted", {**right, name: odd})
            server.inject(room, ANNA, "m.room.encrypted", {key: one for key, one in right.items() if key != name})
        server.inject(room, ANNA, "m.room.encrypted", {**right, "m.relates_to": odd})
        server.inject(room, ANNA, "m.room.encrypted", {})
        for kind in ("m.room.encrypted", "m.room_key", "m.key.verification.request", "m.key.verification.start", "x"):
            server.keys.deliver(crowd.bot, ANNA, kind, {"ciphertext": odd, "sender_key": odd, "transaction_id": odd})
        command = crowd.member_says(room, ANNA, "!umfragen")
        await until_answered(server, crowd, command)
