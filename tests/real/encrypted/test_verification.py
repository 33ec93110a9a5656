"""A coordinator verifies the bot by comparing emoji (row E3), at a client that is not ours."""

import asyncio

import pytest

from bot.demo.synapse import Account
from tests.real.encrypted.talk import PATIENCE, answered, asks, rows, says
from tests.real.running import RunningBot
from tests.real.strict import StrictClient
from tests.real.strict.verification import Verification


async def coordinators_room(anna: StrictClient, account: Account) -> str:
    """Open an encrypted room whose members are coordinators."""
    room = await anna.create_room("Koordination", invite=[account.user_id])
    await anna.wait_for(room, says(account, "!hilfe"), PATIENCE)
    await asks(anna, room, account, '!gruppe einrichten KO "Koordination" art=koordination')
    return room


async def trusted(anna: StrictClient, bot: RunningBot, account: Account) -> None:
    """Wait until the client shows the bot as verified."""
    device = rows(bot, "SELECT device_id FROM account")[0][0]
    async with asyncio.timeout(PATIENCE):
        while not ((await anna.trust(account.user_id, device)) or {})["crossSigningVerified"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def emoji_of(anna: StrictClient, room: str, account: Account, verification: Verification) -> None:
    """The bot shows in the room what the client shows."""
    seen = await verification.wait_for_emoji(PATIENCE)
    shown = await anna.wait_for(room, says(account, "!verifizieren ja"), PATIENCE)
    assert shown["encrypted"]
    line = next(line for line in shown["content"]["body"].splitlines() if " · " in line)
    assert [part.split()[0] for part in line.split(" · ")] == [symbol for symbol, _ in seen]


@pytest.mark.parametrize("way", ["in the room", "between the devices"])
async def test_a_coordinator_verifies_the_bot(bot: RunningBot, account: Account, anna: StrictClient, way: str) -> None:
    room = await coordinators_room(anna, account)
    device = rows(bot, "SELECT device_id FROM account")[0][0]
    if way == "in the room":
        verification = await anna.request_verification(account.user_id, room=room)
    else:
        verification = await anna.request_verification(account.user_id, device=device)
    await verification.wait_for("ready", PATIENCE)
    await verification.start()
    await emoji_of(anna, room, account, verification)
    await anna.say(room, "!verifizieren ja")
    await verification.confirm()
    await verification.wait_for("done", PATIENCE)
    await anna.wait_for(room, says(account, "gegenseitig"), PATIENCE)
    await trusted(anna, bot, account)


async def test_emoji_that_differ_end_it(bot: RunningBot, account: Account, anna: StrictClient) -> None:
    room = await coordinators_room(anna, account)
    verification = await anna.request_verification(account.user_id, room=room)
    await verification.wait_for("ready", PATIENCE)
    await verification.start()
    await emoji_of(anna, room, account, verification)
    refused = await anna.say(room, "!verifizieren nein")
    await verification.wait_for("cancelled", PATIENCE)
    assert verification.code == "m.mismatched_sas"
    await anna.wait_for(room, lambda event: answered(event) == refused, PATIENCE)
    async with asyncio.timeout(PATIENCE):  # what the client has seen is written down a moment later
        while rows(bot, "SELECT state FROM verifications") != [("cancelled",)]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def test_who_is_no_coordinator_is_declined_politely(
    bot: RunningBot, account: Account, anna: StrictClient, bodo: StrictClient
) -> None:
    await coordinators_room(anna, account)
    room = await bodo.create_room("Bodo und uagbot", invite=[account.user_id], direct=True)
    await bodo.wait_for(room, says(account, "hilfe"), PATIENCE)
    verification = await bodo.request_verification(account.user_id, room=room)
    await verification.wait_for("cancelled", PATIENCE)
    assert verification.code == "m.user"
    await bodo.wait_for(room, says(account, "verifizieren kann mich nur"), PATIENCE)
    assert rows(bot, "SELECT count(*) FROM verifications") == [(0,)]


async def test_a_restart_in_the_middle_ends_it(bot: RunningBot, account: Account, anna: StrictClient) -> None:
    room = await coordinators_room(anna, account)
    verification = await anna.request_verification(account.user_id, room=room)
    await verification.wait_for("ready", PATIENCE)
    await verification.start()
    await emoji_of(anna, room, account, verification)
    bot.kill()
    bot.start()
    answer = await asks(anna, room, account, "!verifizieren ja")
    assert "keine Verifizierung" in answer["content"]["body"]
    await verification.confirm()
    await verification.wait_for("cancelled", PATIENCE)
