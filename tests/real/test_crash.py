"""The promise: a crash at any instant loses no command and answers none twice."""

import asyncio
import random
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from bot.demo.member import Member
from bot.demo.speaker import Event
from bot.demo.synapse import Synapse
from tests.real.conftest import People
from tests.real.running import RunningBot

COMMANDS = 200
ROOMS = 7
PATIENCE_SECONDS = 120


@pytest.mark.timeout(600)
async def test_kills_at_random_instants_lose_no_command_and_answer_none_twice(
    synapse: Synapse, people: People, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills: int = request.config.getoption("--kills")
    seed = random.randrange(10**6)  # noqa: S311 - a test's dice
    print(f"seed {seed}, {kills} kills")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)  # noqa: S311
    anna, bodo, carla = await people("Anna", "Bodo", "Carla")
    account = await asyncio.to_thread(synapse.register, f"crash{seed}", "secret", "uagbot")
    rooms = await _rooms(anna, [bodo, carla], account.user_id)
    tables = {f"UAG{number}": room for number, room in enumerate(rooms)}
    with RunningBot(tmp_path, synapse.url, account, tables) as bot:
        for room in rooms:
            await anna.wait_for(room, lambda event: _joined(event, account.user_id), timeout=60)
        sending = asyncio.create_task(_send([anna, bodo, carla], rooms, dice))
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.2, 2.0))
            bot.kill()
            bot.start()
        sent = await sending
        await _all_answered(anna, rooms, account.user_id, sent)
        assert bot.stop() == 0

    answers = Counter(_answered(event) for event in _of_bot(anna, rooms, account.user_id, "m.room.message"))
    assert {command: answers[command] for command in sent} == dict.fromkeys(sent, 1)
    starts = Counter(
        event["content"]["org.matrix.msc3381.poll.start"]["question"]["body"]
        for event in _of_bot(anna, rooms, account.user_id, "org.matrix.msc3381.poll.start")
    )
    assert starts == Counter(sent.values())
    with sqlite3.connect(bot.database) as database:
        effects = Counter(question for (question,) in database.execute("SELECT question FROM polls"))
        waiting = database.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchone()
    database.close()
    assert effects == Counter(sent.values())
    assert waiting == (0,)


async def _rooms(chair: Member, others: list[Member], bot: str) -> list[str]:
    rooms = []
    for number in range(ROOMS):
        room = await chair.create_room(f"UAG{number}", invite=[bot, *(one.user_id for one in others)])
        for one in others:
            await one.join(room)
        rooms.append(room)
    return rooms


async def _send(members: list[Member], rooms: list[str], dice: random.Random) -> dict[str, str]:
    """Send all commands, several people at the same time; returns which event asked what."""
    sent: dict[str, str] = {}

    async def talk(member: Member, numbers: range) -> None:
        for number in numbers:
            question = f"Frage {number}?"
            event_id = await member.say(dice.choice(rooms), f'!umfrage "{question}" Ja Nein')
            sent[event_id] = question
            await asyncio.sleep(dice.uniform(0, 0.5))

    await asyncio.gather(*(talk(member, range(start, COMMANDS, len(members))) for start, member in enumerate(members)))
    return sent


async def _all_answered(member: Member, rooms: list[str], bot: str, sent: dict[str, str]) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        await member.sync(wait=1)
        answered = {_answered(event) for event in _of_bot(member, rooms, bot, "m.room.message")}
        if answered >= set(sent):
            # What would come twice comes now.
            await asyncio.sleep(2)
            await member.sync()
            return
    missing = set(sent) - {_answered(event) for event in _of_bot(member, rooms, bot, "m.room.message")}
    raise AssertionError(f"{len(missing)} commands without an answer: {[sent[one] for one in missing][:10]}")


def _of_bot(member: Member, rooms: list[str], bot: str, kind: str) -> list[Event]:
    return [
        event
        for room in rooms
        for event in member.timeline[room]
        if event["sender"] == bot
        and event["type"] == kind
        and event["content"].get("m.relates_to", {}).get("rel_type") != "m.replace"
    ]


def _answered(event: Event) -> str | None:
    found: str | None = event["content"].get("m.relates_to", {}).get("m.in_reply_to", {}).get("event_id")
    return found


def _joined(event: Event, user: str) -> bool:
    return (
        event["type"] == "m.room.member"
        and event.get("state_key") == user
        and event["content"].get("membership") == "join"
    )
