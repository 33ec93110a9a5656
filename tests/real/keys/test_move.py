"""What is promised of a move: a machine burns, two commands on another one, and nobody in the room notices."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.speaker import Event
from bot.demo.synapse import Synapse
from tests.real.conftest import People
from tests.real.keys.enrolled import Operator
from tests.real.operating import PATIENCE, Bot, answered, spoken_by
from tests.real.strict import StrictClient, StrictClients


@pytest.fixture
def bots() -> Iterator[list[Bot]]:
    """Keep the bots of a test, none of which outlives it."""
    found: list[Bot] = []
    yield found
    for bot in found:
        if bot.process is not None:
            bot.process.kill()
            bot.process.wait()


def machine(folder: Path, synapse: Synapse, bot: Bot) -> tuple[Operator, Bot]:
    """Return an operator with an empty folder on another machine, and the same bot there."""
    folder.mkdir()
    moved = Bot(folder, synapse.url, bot.account)
    operator = Operator(folder, synapse.url, bot.account.account)
    operator.settings = moved.settings
    operator.write()
    return operator, moved


async def answer(anna: StrictClient, room: str, bot: Bot, asked: str) -> Event:
    return await anna.wait_for(room, lambda event: spoken_by(event, bot) and answered(event) == asked, PATIENCE)


async def backed_up(operator: Operator, count: int) -> None:
    """Wait until so many room keys are in the key backup on the server."""
    async with asyncio.timeout(PATIENCE), operator.elsewhere("Element") as other:
        while (await other.call("GET", "/_matrix/client/v3/room_keys/version"))["count"] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def test_a_bot_moves_to_a_new_machine_by_backup_and_recovery_key(
    synapse: Synapse, people: People, strict: StrictClients, bots: list[Bot], tmp_path: Path
) -> None:
    member, account = await people("Anna", "uagbot")
    anna = await strict.login(member.account)
    bot = Bot(tmp_path / "old", synapse.url, account)
    old, bot = machine(tmp_path / "old", synapse, bot)
    bots.append(bot)
    done = await old.calls("setup")
    assert done.status == 0, done.text
    [before] = [one for one, name in (await old.devices()).items() if name == "uagbot"]

    bot.start()
    await bot.ready()
    room = await anna.create_room("UAG Bürger-Apps", invite=[account.user_id])
    await anna.wait_for(room, lambda event: spoken_by(event, bot), PATIENCE)
    first = await anna.say(room, '!umfrage "Wo tagen wir?" Halle Stendal')
    assert (await answer(anna, room, bot, first))["encrypted"]
    copied = await old.calls("backup", str(tmp_path / "copy.zip"))
    assert copied.status == 0, copied.text

    # A room key that the copy does not hold: it is in the key backup only.
    await anna.discard_session(room)
    await anna.say(room, "Das ist noch kein Befehl")
    await backed_up(old, 3)
    assert bot.process is not None
    bot.process.kill()
    bot.process.wait()
    shutil.rmtree(old.folder)
    second = await anna.say(room, '!umfrage "Und wann?" Montag Dienstag')

    new, bot = machine(tmp_path / "new", synapse, bot)
    bots.append(bot)
    restored = await new.calls("restore", str(tmp_path / "copy.zip"))
    assert restored.status == 0, restored.text
    moved = await new.calls("setup", "--recovery-key", typed=done.recovery_key + "\n")
    assert moved.status == 0, moved.text
    devices = await new.devices()
    assert before not in devices
    [after] = [one for one, name in devices.items() if name == "uagbot"]

    bot.start()
    await bot.ready()
    assert (await answer(anna, room, bot, second))["encrypted"]
    trust = await anna.trust(account.user_id, after)
    assert trust is not None
    assert trust["signedByOwner"]
    third = await anna.say(room, "!umfragen")
    await answer(anna, room, bot, third)
    answers = [answered(event) for event in anna.timeline[room] if spoken_by(event, bot)]
    assert [answers.count(one) for one in (first, second, third)] == [1, 1, 1]
    assert not [event for event in anna.timeline[room] if event["unreadable"]]
    checked = await new.calls("check", "--recovery-key", typed=done.recovery_key + "\n")
    assert checked.status == 0, checked.text
    assert bot.stop()[0] == 0
