"""Messages of the past: tagged by people, read from a real homeserver, followed when they are edited or deleted."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bot.demo.speaker import Event
from bot.demo.synapse import Account, Synapse
from tests.real.encrypted.group import PLAIN_AND_ENCRYPTED, group
from tests.real.encrypted.talk import PATIENCE, says
from tests.real.running import RunningBot
from tests.real.strict import StrictClient

MEETING = """
INSERT INTO meetings (id, name, room_id, original, title, starts_at, ends_at, zone, state, override, uid, sequence,
    created_by, created_at)
SELECT 1, 'UAG1-2026-11-02', id, :now, 'Treffen', :now, :now, zone, 'planned', 0, 'one', 0, 'anna', :now FROM rooms
WHERE key = 'UAG1'
"""
MINUTES = """
INSERT INTO minutes (id, room_id, meeting_id, state, started_at, started_by, heard_at, leads, scribes, version)
SELECT 1, room_id, id, 'running', :now, 'anna', :now, '[]', '[]', 0 FROM meetings
"""


def _begin_meeting(bot: RunningBot) -> None:
    with closing(sqlite3.connect(bot.database)) as database, database:
        for query in (MEETING, MINUTES):
            database.execute(query, {"now": "2026-11-02 08:00:00.000000"})


async def _until(bot: RunningBot, query: str, expected: list[tuple[object, ...]]) -> None:
    """Wait until the bot has stored this."""
    found: list[tuple[object, ...]] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while found != expected:
                await asyncio.sleep(0.1)
                with closing(sqlite3.connect(bot.database)) as database:
                    found = database.execute(query).fetchall()
    except TimeoutError:
        raise AssertionError(f"stored is {found}") from None


def _reacted(account: Account, event_id: str) -> Callable[[Event], bool]:
    """Whether the bot has acknowledged by a reaction to this event."""

    def fits(event: Event) -> bool:
        relation = event["content"].get("m.relates_to", {})
        return event["sender"] == account.user_id and (relation.get("event_id"), relation.get("key")) == (
            event_id,
            "✅",
        )

    return fits


@PLAIN_AND_ENCRYPTED
async def test_what_is_tagged_is_read_and_follows_its_message(
    synapse: Synapse, tmp_path: Path, account: Account, anna: StrictClient, bodo: StrictClient, *, encrypted: bool
) -> None:
    actions, resolutions = "SELECT text, state FROM actions ORDER BY id", "SELECT text, state FROM resolutions"
    async with group(synapse, tmp_path, account, anna, bodo, encrypted=encrypted) as (bot, room):
        flyer = await bodo.say(room, "Wir brauchen einen Fleier")
        guide = await bodo.say(room, "Der Leitfaden gilt")
        await bodo.edit(room, flyer, "Wir brauchen einen Flyer")
        noted = await bodo.react(room, flyer, "📝")
        await anna.wait_for(room, says(account, "A1", "Wir brauchen einen Flyer"), PATIENCE)
        command = await anna.say(room, "!aufgabe bis=Freitag", reply_to=guide)
        await anna.wait_for(room, says(account, "A2", "Der Leitfaden gilt"), PATIENCE)
        await anna.wait_for(room, _reacted(account, flyer), PATIENCE)
        await anna.wait_for(room, _reacted(account, command), PATIENCE)
        await asyncio.to_thread(_begin_meeting, bot)
        await anna.react(room, guide, "⚖️")
        await anna.wait_for(room, _reacted(account, guide), PATIENCE)
        await bodo.edit(room, guide, "Der Leitfaden gilt ab Januar")
        await _until(bot, resolutions, [("Der Leitfaden gilt ab Januar", "adopted")])
        await _until(bot, actions, [("Wir brauchen einen Flyer", "open"), ("Der Leitfaden gilt ab Januar", "open")])
        await bodo.redact(room, noted)
        await bodo.redact(room, guide)
        await _until(bot, resolutions, [("Der Leitfaden gilt ab Januar", "withdrawn")])
        await _until(
            bot, actions, [("Wir brauchen einen Flyer", "dropped"), ("Der Leitfaden gilt ab Januar", "dropped")]
        )
        assert not [one for one in anna.timeline[room] if says(account, "B-")(one)]  # in a meeting nothing is said


async def test_a_kill_between_tag_and_reading_makes_one_thing_of_it(
    synapse: Synapse, tmp_path: Path, account: Account, anna: StrictClient, bodo: StrictClient
) -> None:
    async with group(synapse, tmp_path, account, anna, bodo, encrypted=True) as (bot, room):
        said = await bodo.say(room, "Im Park steht eine Linde")
        bot.die_in_the_next_look()
        await anna.react(room, said, "🌳")
        assert bot.process is not None
        assert await asyncio.to_thread(bot.process.wait, PATIENCE) == -9
        await bodo.edit(room, said, "Im Park steht eine Eiche")
        bot.start()
        await anna.wait_for(room, says(account, "Im Park steht eine Eiche"), PATIENCE)
        await asyncio.sleep(1)  # what would come twice comes now
        assert len([one for one in anna.timeline[room] if says(account, "Im Park")(one)]) == 1
        assert bot.ran == [f"kept {said}", "look at Im Park steht eine Linde", "look at Im Park steht eine Eiche"]
