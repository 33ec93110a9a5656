"""The promise holds in encrypted rooms: a crash at any instant loses no command and answers none twice."""

import asyncio
import random
from collections import Counter

import pytest

from bot.demo.synapse import Account
from tests.real.conftest import People
from tests.real.encrypted.talk import answered, encrypted_room, rows, says
from tests.real.running import RunningBot
from tests.real.strict import StrictClient, StrictClients

COMMANDS = 200
ROOMS = 7
PATIENCE_SECONDS = 180


@pytest.mark.timeout(600)
async def test_kills_at_random_instants_lose_no_encrypted_command(
    bot: RunningBot,
    account: Account,
    anna: StrictClient,
    bodo: StrictClient,
    strict: StrictClients,
    people: People,
    request: pytest.FixtureRequest,
) -> None:
    kills: int = request.config.getoption("--kills")
    seed = random.randrange(10**6)  # noqa: S311 - a test's dice
    print(f"seed {seed}, {kills} kills")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)  # noqa: S311
    (member,) = await people("Carla")
    carla = await strict.login(member.account, device="Carla Tablet")
    rooms = [await encrypted_room(anna, account, bodo, carla, key=f"UAG{number}") for number in range(ROOMS)]
    sending = asyncio.create_task(_send([anna, bodo, carla], rooms, dice))
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(0.2, 2.0))
        bot.kill()
        bot.start()
    sent = await sending
    await _all_answered(anna, rooms, account, sent)
    assert bot.stop() == 0

    said = [event for room in rooms for event in anna.timeline[room] if event["sender"] == account.user_id]
    assert not [event["unreadable"] for event in said if event["unreadable"]]
    answers = Counter(answered(event) for event in said if _is_new(event))
    assert {command: answers[command] for command in sent} == dict.fromkeys(sent, 1)
    assert Counter(question for (question,) in rows(bot, "SELECT question FROM polls")) == Counter(sent.values())
    assert rows(bot, "SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)]
    assert rows(bot, "SELECT count(*) FROM undecrypted") == [(0,)]


def _is_new(event: dict[str, object]) -> bool:
    return event["type"] == "m.room.message" and "m.replace" not in str(event["content"])


async def _send(members: list[StrictClient], rooms: list[str], dice: random.Random) -> dict[str, str]:
    """Send all commands, several people at the same time; returns which event asked what."""
    sent: dict[str, str] = {}

    async def talk(member: StrictClient, numbers: range) -> None:
        for number in numbers:
            question = f"Frage {number}?"
            room = dice.choice(rooms)
            if dice.random() < 0.2:
                await member.discard_session(room)
            sent[await member.say(room, f'!umfrage "{question}" Ja Nein')] = question
            await asyncio.sleep(dice.uniform(0, 0.5))

    await asyncio.gather(*(talk(member, range(start, COMMANDS, len(members))) for start, member in enumerate(members)))
    return sent


async def _all_answered(member: StrictClient, rooms: list[str], account: Account, sent: dict[str, str]) -> None:
    missing = set(sent)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while missing:
                await asyncio.sleep(0.5)
                missing -= {
                    answered(event) for room in rooms for event in member.timeline[room] if says(account)(event)
                }
            await asyncio.sleep(2)  # what would come twice comes now
    except TimeoutError:
        lost = [sent[one] for one in missing][:10]
        raise AssertionError(f"{len(missing)} commands without an answer: {lost}") from None
