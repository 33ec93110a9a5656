"""Three long meetings in three real rooms at the same time: the minutes say what those of a peer say."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.demo.member import Member
from bot.demo.synapse import Synapse
from storage.database import Database
from tests.oracle import ours
from tests.oracle.differences import DIFFERENCES, play
from tests.oracle.script import LONG, Script, read
from tests.real.conftest import People
from tests.real.running import RunningBot
from tests.real.test_great_vote import answers

PATIENCE = 60.0


async def test_long_meetings_in_real_rooms_come_out_as_the_peer_has_them(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    scripts = [read(name) for name in LONG]
    everybody = sorted({name for script in scripts for name in script.people})
    members = dict(zip(everybody, await people(*everybody), strict=True))
    [account] = await people("uagbot")
    rooms = await asyncio.gather(*(_room(script, members, account.user_id) for script in scripts))
    tables = {f"UAG{number}": room for number, room in enumerate(rooms, 1)}
    with RunningBot(tmp_path, synapse.url, account.account, tables) as bot:
        meetings = zip(scripts, rooms, strict=True)
        await asyncio.gather(*(_meet(script, room, members, account.user_id) for script, room in meetings))
        assert await asyncio.to_thread(bot.stop) == 0
    database = Database(f"sqlite+aiosqlite:///{bot.database}")
    async with database.begin() as tx:
        found = [await ours.outcome(tx, room, [account.user_id]) for room in rooms]
    await database.close()
    for script, outcome in zip(scripts, found, strict=True):
        assert outcome.lines() == play(script, tmp_path, DIFFERENCES).lines()
    assert "Traceback" not in bot.log.read_text("utf-8")


async def _room(script: Script, members: Mapping[str, Member], bot: str) -> str:
    chair, *others = [members[name] for name in script.members]
    late = [members[name].user_id for name in script.people[len(script.members) :]]
    room = await chair.create_room("UAG", invite=[bot, *(one.user_id for one in others), *late])
    for one in others:
        await one.join(room)
    return room


async def _meet(script: Script, room: str, members: Mapping[str, Member], bot: str) -> None:
    """Say it all, each line when the one before has arrived; ends when the bot has read everything."""
    chair = members[script.members[0]]
    await chair.wait_for(
        room, lambda event: event.get("state_key") == bot and event["content"].get("membership") == "join", PATIENCE
    )
    for line in script.lines:
        if line.text is None:
            await members[line.who].join(room)
        else:
            await members[line.who].say(room, line.text)
    last = await chair.say(room, "!termine")
    await chair.wait_for(room, lambda event: event["sender"] == bot and answers(last)(event), PATIENCE)
