"""The bot on a real PostgreSQL: a second process stands by and takes over."""

import asyncio
from pathlib import Path

import asyncpg

from bot.demo.synapse import Synapse
from tests.real.conftest import People
from tests.real.running import RunningBot
from tests.real.test_rooms import is_in, says


async def test_a_second_process_stands_by_and_takes_over_without_a_word_too_many(
    synapse: Synapse, people: People, tmp_path: Path, postgres_url: str
) -> None:
    (anna,) = await people("Anna")
    url = await _new_database(postgres_url)
    account = await asyncio.to_thread(synapse.register, "standby", "secret", "uagbot")
    room = await anna.create_room("UAG1", invite=[account.user_id])
    bots = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        bot = RunningBot(tmp_path / name, synapse.url, account, {"UAG1": room})
        bot.config.write_text(bot.config.read_text("utf-8").replace(f"sqlite:///{bot.database}", url), "utf-8")
        bots.append(bot)
    with bots[0] as first:
        await anna.wait_for(room, is_in(account.user_id), timeout=40)
        with bots[1] as second:
            asked = await anna.say(room, '!umfrage "Wo?" Halle Stendal')
            await anna.wait_for(room, says(account, "Umfrage U1"), after=asked)
            first.kill()
            asked = await anna.say(room, '!umfrage "Wann?" Heute Morgen')
            await anna.wait_for(room, says(account, "Umfrage U2"), after=asked, timeout=40)
            await asyncio.sleep(1)
            await anna.sync()
            answered = [event["content"].get("m.relates_to", {}).get("m.in_reply_to") for event in anna.timeline[room]]
            assert answered.count({"event_id": asked}) == 1
            assert second.stop() == 0


async def _new_database(server: str) -> str:
    """Make a database for this test; returns its address as an operator would write it."""
    address = server.replace("postgresql+asyncpg://", "postgresql://")
    connection = await asyncpg.connect(address)
    await connection.execute("CREATE DATABASE standby")
    await connection.close()
    return address.replace("/postgres?", "/standby?")
