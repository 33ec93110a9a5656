"""A meeting that is taken down while the bot is killed again and again: each line once, in order, and one draft."""

import asyncio
import random
import sqlite3
from collections import Counter
from pathlib import Path

from bot.demo.member import Member
from bot.demo.speaker import Event
from bot.demo.synapse import Synapse
from tests.real.conftest import People
from tests.real.running import RunningBot

LINES = 40
KILLS = 5
PATIENCE = 60.0


async def test_kills_in_the_middle_of_a_meeting_lose_no_line_and_enter_none_twice(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - a test's dice
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)  # noqa: S311
    anna, bodo, uagbot = await people("Anna", "Bodo", "uagbot")
    room = await anna.create_room("UAG1", invite=[bodo.user_id, uagbot.user_id])
    await bodo.join(room)
    with RunningBot(tmp_path, synapse.url, uagbot.account, {"UAG1": room}) as bot:
        await anna.wait_for(room, lambda event: event.get("state_key") == uagbot.user_id and _joined(event), PATIENCE)
        start = await anna.say(room, "!sitzung start")
        await anna.wait_for(room, lambda event: _about(event) == start, PATIENCE)
        killing = asyncio.create_task(_kill(bot, dice))
        acknowledged, expected = await _meet(anna, bodo, room, dice)
        await killing
        end = await anna.say(room, "!sitzung ende")
        await anna.wait_for(room, lambda event: "Protokollentwurf" in str(event["content"].get("body")), PATIENCE)
        # What would come twice comes now.
        await asyncio.sleep(2)
        await anna.sync()
        assert bot.stop() == 0

    said = [event for event in anna.timeline[room] if event["sender"] == uagbot.user_id and not _is_edit(event)]
    answers = Counter(_about(event) for event in said if not _is_pencil(event))
    wanted = [start, end, *acknowledged]
    assert {event_id: answers[event_id] for event_id in wanted} == dict.fromkeys(wanted, 1)
    assert sum("Protokollentwurf" in str(event["content"].get("body")) for event in said) == 1
    with sqlite3.connect(bot.database) as database:
        standing = "SELECT text FROM minute_lines WHERE taken_back_at IS NULL ORDER BY at, id"
        lines = [text for (text,) in database.execute(standing)]
        decided = [text for (text,) in database.execute("SELECT text FROM resolutions ORDER BY id")]
        given = [text for (text,) in database.execute("SELECT text FROM actions ORDER BY id")]
        states = database.execute("SELECT state FROM minutes").fetchall()
        waiting = database.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchone()
    database.close()
    assert lines == expected["lines"]
    assert decided == expected["resolutions"]
    assert given == expected["actions"]
    assert (states, waiting) == ([("draft",)], (0,))


async def _kill(bot: RunningBot, dice: random.Random) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(0.3, 1.5))
        bot.kill()
        bot.start()


async def _meet(anna: Member, bodo: Member, room: str, dice: random.Random) -> tuple[list[str], dict[str, list[str]]]:
    """Say everything, one after the other; returns what must be acknowledged once, and what must stand where."""
    acknowledged: list[str] = []
    expected: dict[str, list[str]] = {"lines": [], "resolutions": [], "actions": []}
    for number in range(LINES):
        who = dice.choice((anna, bodo))
        kind = number % 8
        text = f"Zeile {number}"
        if kind == 0:
            acknowledged.append(await anna.say(room, f'!thema "{text}"'))
        elif kind == 1:
            event_id = await who.say(room, f"!info Falsche {text}")
            await who.edit(room, event_id, f"!info {text}")
            acknowledged.append(event_id)
        elif kind == 2:
            chat = await bodo.say(room, text)
            await anna.react(room, chat, "📌")
            acknowledged.append(chat)
        elif kind == 3:
            acknowledged.append(await anna.say(room, f"!beschlossen {text}"))
            expected["resolutions"].append(text)
            continue
        elif kind == 4:
            acknowledged.append(await who.say(room, f"!aufgabe {text} erledigen"))
            expected["actions"].append(f"{text} erledigen")
            continue
        elif kind == 5:
            acknowledged += [await who.say(room, "!idee Ein Versehen"), await who.say(room, "!zurück")]
            continue
        else:
            acknowledged.append(await who.say(room, f"#info {text}"))
        expected["lines"].append(text)
        await asyncio.sleep(dice.uniform(0, 0.3))
    return acknowledged, expected


def _about(event: Event) -> str | None:
    """Return what the bot replies or reacts to."""
    relation = event["content"].get("m.relates_to", {})
    found: str | None = relation.get("m.in_reply_to", {}).get("event_id") or relation.get("event_id")
    return found


def _is_edit(event: Event) -> bool:
    return bool(event["content"].get("m.relates_to", {}).get("rel_type") == "m.replace")


def _is_pencil(event: Event) -> bool:
    return bool(event["content"].get("m.relates_to", {}).get("key") == "✏️")


def _joined(event: Event) -> bool:
    return bool(event["type"] == "m.room.member" and event["content"].get("membership") == "join")
