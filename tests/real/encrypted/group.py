"""A working group with the sample capability, in a plain or in an encrypted room."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo.speaker import Event
from bot.demo.synapse import Account, Synapse
from tests.real.encrypted.talk import PATIENCE, set_up
from tests.real.sampled import SampledBot
from tests.real.strict import StrictClient

PLAIN_AND_ENCRYPTED = pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])


@asynccontextmanager
async def group(
    synapse: Synapse, folder: Path, account: Account, anna: StrictClient, bodo: StrictClient, *, encrypted: bool
) -> AsyncIterator[tuple[SampledBot, str]]:
    """Run the bot in a working group of Anna and Bodo."""
    room = await anna.create_room("UAG1", invite=[account.user_id, bodo.user_id], encrypted=encrypted)
    await bodo.join(room)
    await set_up(folder, synapse.url, account)
    with SampledBot(folder, synapse.url, account, {"UAG1": room}) as bot:
        await anna.wait_for(room, _is_in(account.user_id), PATIENCE)
        try:
            yield bot, room
        finally:
            print(bot.log.read_text("utf-8"))  # noqa: T201 - pytest shows it with a failure only


def _is_in(user: str) -> Callable[[Event], bool]:
    return lambda event: event.get("state_key") == user and event["content"].get("membership") == "join"
