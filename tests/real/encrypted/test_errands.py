"""Jobs that look at the server, and files: both against a real homeserver and clients that are not ours."""

import asyncio
from pathlib import Path

from bot.demo.synapse import Account, Synapse
from tests.handlers.sample import MINUTES
from tests.real.encrypted.group import PLAIN_AND_ENCRYPTED, group
from tests.real.encrypted.talk import PATIENCE, answers, says
from tests.real.strict import StrictClient


async def _led(anna: StrictClient, room: str, account: Account) -> str:
    """Say what jobs look at; returns the bot's answer to it."""
    command = await anna.say(room, "!probe leiten Wohin?")
    return str((await anna.wait_for(room, answers(account, command), PATIENCE))["event_id"])


async def _found(anna: StrictClient, room: str, account: Account) -> list[str]:
    """Let the bot look; returns what it has found."""
    command = await anna.say(room, "!probe nachsehen")
    found = await anna.wait_for(room, says(account, "Gefunden:"), PATIENCE, after=command)
    lines: list[str] = found["content"]["body"].splitlines()[1:]
    return lines


@PLAIN_AND_ENCRYPTED
async def test_a_job_reads_votes_and_reactions_and_not_what_was_taken_back(
    synapse: Synapse, tmp_path: Path, account: Account, anna: StrictClient, bodo: StrictClient, *, encrypted: bool
) -> None:
    async with group(synapse, tmp_path, account, anna, bodo, encrypted=encrypted) as (bot, room):
        event = await _led(anna, room, account)
        await anna.vote(room, event, ["halle"])
        taken_back = await bodo.vote(room, event, ["stendal"])
        await bodo.react(room, event, "2️⃣")
        reaction = await anna.react(room, event, "1️⃣")
        await bodo.say(room, "Gute Frage", reply_to=event)
        await bodo.redact(room, taken_back)
        await anna.redact(room, reaction)
        wanted = [
            f"text {anna.user_id} !probe leiten Wohin?",
            f"vote {anna.user_id} halle",
            f"reaction {bodo.user_id} 2️⃣",
        ]
        assert await _found(anna, room, account) == wanted
        assert bot.stop() == 0
        await bodo.vote(room, event, ["genthin", "burg"])
        bot.start()
        assert await _found(anna, room, account) == [*wanted, f"vote {bodo.user_id} genthin, burg"]


async def test_what_cannot_be_decrypted_is_not_found_until_its_key_comes(
    synapse: Synapse, tmp_path: Path, account: Account, anna: StrictClient, bodo: StrictClient
) -> None:
    async with group(synapse, tmp_path, account, anna, bodo, encrypted=True) as (_, room):
        event = await _led(anna, room, account)
        await bodo.discard_session(room)
        await bodo.hold_keys()
        await bodo.vote(room, event, ["stendal"])
        readable = [f"text {anna.user_id} !probe leiten Wohin?"]
        assert await _found(anna, room, account) == readable
        await bodo.release_keys()
        for _ in range(20):
            found = await _found(anna, room, account)
            if found != readable:
                break
            await asyncio.sleep(0.5)
        assert found == [*readable, f"vote {bodo.user_id} stendal"]


@PLAIN_AND_ENCRYPTED
async def test_a_kill_between_reading_and_commit_repeats_the_reading_and_works_once(
    synapse: Synapse, tmp_path: Path, account: Account, anna: StrictClient, bodo: StrictClient, *, encrypted: bool
) -> None:
    async with group(synapse, tmp_path, account, anna, bodo, encrypted=encrypted) as (bot, room):
        event = await _led(anna, room, account)
        await bodo.react(room, event, "2️⃣")
        bot.die_in_the_next_look()
        command = await anna.say(room, "!probe nachsehen")
        assert bot.process is not None
        assert await asyncio.to_thread(bot.process.wait, PATIENCE) == -9
        await bodo.react(room, event, "1️⃣")
        bot.start()
        found = await anna.wait_for(room, says(account, "Gefunden:"), PATIENCE, after=command)
        assert f"reaction {bodo.user_id} 1️⃣" in found["content"]["body"]
        await asyncio.sleep(2)  # what would come twice comes now
        assert len([one for one in anna.timeline[room] if says(account, "Gefunden:")(one)]) == 1
        assert bot.ran == ["lead", "look 2", "look 3"]


@PLAIN_AND_ENCRYPTED
async def test_members_download_what_the_bot_hands_out(
    synapse: Synapse, tmp_path: Path, account: Account, anna: StrictClient, bodo: StrictClient, *, encrypted: bool
) -> None:
    async with group(synapse, tmp_path, account, anna, bodo, encrypted=encrypted) as (_, room):
        command = await anna.say(room, "!probe datei")
        minutes = await bodo.wait_for(room, answers(account, command), PATIENCE)
        plan = await bodo.wait_for(room, says(account, "der Plan"), PATIENCE, after=command)
        assert minutes["encrypted"] is encrypted
        content = minutes["content"]
        assert (content["msgtype"], content["filename"]) == ("m.file", "Protokoll 7.md")
        assert content["body"] == "Gesagt: das Protokoll"
        assert content["info"] == {"mimetype": "text/markdown", "size": len(MINUTES.encode())}
        assert plan["content"]["m.relates_to"]["event_id"] == minutes["event_id"]
        saved = await bodo.download(content)
        assert saved["text"] == MINUTES
        assert (await anna.download(plan["content"]))["text"].startswith("BEGIN:VCALENDAR")
        if encrypted:
            assert "url" not in content
            assert saved["mimetype"] == "application/octet-stream"
            assert "Protokoll" not in saved["disposition"]
        else:
            assert saved["mimetype"] == "text/markdown"
            assert "Protokoll" in saved["disposition"]
