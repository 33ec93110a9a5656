"""A homeserver with one room, and the bot in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fake.homeserver import FakeHomeserver
from tests.faults.sampled import Bot
from tests.test_faults import ANNA, BOT


@pytest.fixture
async def server() -> AsyncIterator[FakeHomeserver]:
    async with FakeHomeserver() as found:
        found.add_user(BOT, "secret", "token", "DEVICE")
        found.add_user(ANNA, "secret")
        yield found


@pytest.fixture
def room(server: FakeHomeserver) -> str:
    return server.add_room("UAG1", [ANNA, BOT], creator=ANNA)


@pytest.fixture
async def bot(server: FakeHomeserver, room: str, tmp_path: Path) -> AsyncIterator[Bot]:
    bot = Bot(server, tmp_path, room)
    async with bot.running():
        yield bot
