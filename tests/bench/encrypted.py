"""Measures what is peculiar to encrypted rooms: the first answer to many devices, and the keys of many messages."""

import time

from bot.matrix.homeserver import Homeserver
from tests.bench.measure import (
    COORDINATOR,
    DEVICE,
    MEMBERS,
    TOKEN,
    WORKING_GROUPS,
    Bot,
    Child,
    Scene,
    Stage,
    running,
    staged,
)

CROWD = 200
CROWD_DEVICES = 2
SENDERS = 100
AT_ONCE = 100
"""So many messages are said before the bot has to have answered the commands among them."""
NEW_AT_ONCE = 20
"""So many members write to the bot for the first time together; it has 50 one-time keys."""
ONE_COMMAND_IN = 10


async def set_up_identity(stage: Stage) -> None:
    """Do what `uagbot setup` does: give the account an identity, secret storage and a key backup, sign the device."""
    homeserver = Homeserver(stage.server.url, stage.bot.user, stage.folder / "keys")
    try:
        await homeserver.resume(DEVICE, TOKEN)
        await homeserver.take_up_keys()
        await homeserver.identity.create(lambda: "bench")
    finally:
        await homeserver.close()


def crowd(count: int) -> tuple[str, ...]:
    """Return so many members beside the coordinator."""
    return MEMBERS + tuple(f"@mitglied{number}:localhost" for number in range(len(MEMBERS), count))


async def measure_crowd(bot: Bot) -> dict[str, float]:
    """Measure the first answer in a room of 200 members with two devices each, all unknown to the bot until then."""
    async with staged(bot, Scene(1, crowd(CROWD - 1), CROWD_DEVICES)) as stage, running(stage) as child:
        await child.until(stage.bot_listens)
        began, cpu = time.perf_counter(), child.cpu()
        stage.say()
        await child.until(stage.all_answered)
        first = time.perf_counter() - began
        cpu = child.cpu() - cpu
        stage.say()
        await child.until(stage.all_answered)
        again = time.perf_counter() - began - first
        _require_all_have_the_key(stage)
        return {"crowd_first_s": first, "crowd_cpu_s": cpu, "crowd_second_ms": again * 1000}


def _require_all_have_the_key(stage: Stage) -> None:
    """Make sure that the answer came fast because the bot is fast, not because it left somebody out."""
    known = stage.server.keys.devices
    devices = [device for name in (COORDINATOR, *crowd(CROWD - 1)) for device in known[name].values()]
    assert len(devices) == CROWD * CROWD_DEVICES
    assert sum(bool(device.inbox) for device in devices) == len(devices) - 1  # the coordinator has read hers


async def measure_store(bot: Bot, messages: int) -> dict[str, float]:
    """Measure the store of the keys after many messages of 100 members in seven rooms, and a start with it.

    Every member writes in one room, with a new room key per 100 messages; every tenth message is a command.
    """
    async with staged(bot, Scene(WORKING_GROUPS, crowd(SENDERS), 1)) as stage:
        stage.server.limit_timeline = 2 * messages
        async with running(stage) as child:
            await child.become_ready()
            fresh = child.megabytes()
            cpu = child.cpu()
            for start in range(0, messages, AT_ONCE):
                await _chatter(child, start)
            cpu = child.cpu() - cpu
        size = sum(file.stat().st_size for file in (stage.folder / "keys").iterdir()) / 1e6
        async with running(stage) as child:
            await child.become_ready()
            return {
                "store_mb": size,
                "store_cpu_ms": cpu / messages * 1000,
                "store_fresh_mb": fresh,
                "store_memory_mb": child.megabytes(),
                "store_ready_s": time.perf_counter() - child.began,
                "store_ready_cpu_s": child.cpu(),
            }


async def _chatter(child: Child, start: int) -> None:
    """Let members talk at once; those of whom the bot has not heard yet come in groups that it has keys for."""
    stage = child.stage
    await child.until(lambda: stage.bot_listens(NEW_AT_ONCE))
    members = crowd(SENDERS)
    first = start // (NEW_AT_ONCE * AT_ONCE) * NEW_AT_ONCE
    for number in range(start, start + AT_ONCE):
        sender = (first + number % NEW_AT_ONCE) % SENDERS
        member, room = members[sender], stage.rooms[sender % WORKING_GROUPS]
        if (number // NEW_AT_ONCE + number) % ONE_COMMAND_IN:
            stage.talk(member, room, f"Ich lese das bis Montag, Seite {number}.")
        else:
            stage.command(member, room)
    await child.until(stage.all_answered)
