"""A copy that is brought back: understood by all if nothing happened since, recognised if it is old."""

import asyncio
import subprocess
import sys
from pathlib import Path

from bot.demo.synapse import Account, Synapse
from bot.matrix.homeserver import Homeserver
from tests.real.encrypted.talk import asks, encrypted_room, rows
from tests.real.running import RunningBot
from tests.real.strict import StrictClient


def called(bot: RunningBot, *command: str) -> str:
    """Run a command of the bot's to its end; returns all that it said."""
    words = [sys.executable, "-m", "bot.cli", *command, "--config", str(bot.config)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own words
    return f"{done.stdout}{done.stderr}\nstatus {done.returncode}"


def brought_back(folder: Path, url: str, account: Account, copy: Path) -> RunningBot:
    """Restore a copy on another machine, whose bot does not run yet."""
    folder.mkdir()
    other = RunningBot(folder, url, account)
    assert "status 0" in called(other, "restore", str(copy))
    return other


async def test_a_bot_that_was_stopped_goes_on_elsewhere(
    bot: RunningBot, account: Account, anna: StrictClient, synapse: Synapse, tmp_path: Path
) -> None:
    room = await encrypted_room(anna, account)
    await asks(anna, room, account)
    assert bot.stop() == 0
    copy = tmp_path / "copy.zip"
    assert "status 0" in await asyncio.to_thread(called, bot, "backup", str(copy))
    other = await asyncio.to_thread(brought_back, tmp_path / "other", synapse.url, account, copy)
    with other:
        assert await asks(anna, room, account, '!umfrage "Und nun?" Ja Nein')
        await anna.discard_session(room)
        assert await asks(anna, room, account, '!umfrage "Und dann?" Ja Nein')
        assert rows(other, "SELECT count(*) FROM polls") == [(3,)]
        assert all(event["unreadable"] is None for event in anna.timeline[room])


async def test_a_copy_that_is_older_than_what_the_server_has_seen_is_not_run_with(
    bot: RunningBot, account: Account, anna: StrictClient, synapse: Synapse, tmp_path: Path
) -> None:
    await encrypted_room(anna, account)
    copy = tmp_path / "copy.zip"
    assert "status 0" in await asyncio.to_thread(called, bot, "backup", str(copy))
    assert bot.stop() == 0
    await _many_devices_write_to(bot, account, synapse)
    other = await asyncio.to_thread(brought_back, tmp_path / "other", synapse.url, account, copy)
    said = await asyncio.to_thread(called, other, "run")
    assert "status 1" in said
    assert "are an old copy" in said
    assert "uagbot setup --recovery-key" in said
    assert "Traceback" not in said
    assert "the key store is an old copy" in await asyncio.to_thread(called, other, "check")


async def _many_devices_write_to(bot: RunningBot, account: Account, synapse: Synapse) -> None:
    """Use up one-time keys, as devices do that begin sessions with the bot, until it makes new ones."""
    homeserver = Homeserver(synapse.url, account.user_id, bot.folder / "keys")
    try:
        await homeserver.resume(None, account.access_token)
        device = homeserver.device
        wanted = {account.user_id: {device.machine.device_id: "signed_curve25519"}}
        before = device.machine.keys_made
        for _ in range(30):
            await homeserver.call("POST", "/_matrix/client/v3/keys/claim", {"one_time_keys": wanted})
        await homeserver.sync(None, full_state=False)
        await homeserver.keep_keys()
        assert device.machine.keys_made > before
    finally:
        await homeserver.close()
