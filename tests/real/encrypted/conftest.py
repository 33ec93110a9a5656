"""A bot with an identity, and two members at strict clients."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.synapse import Account, Synapse
from tests.real.conftest import People
from tests.real.encrypted.talk import set_up
from tests.real.running import RunningBot
from tests.real.strict import StrictClient, StrictClients


@pytest.fixture
async def account(people: People) -> Account:
    (bot,) = await people("uagbot")
    return bot.account


@pytest.fixture
async def bot(synapse: Synapse, account: Account, tmp_path: Path) -> AsyncIterator[RunningBot]:
    await set_up(tmp_path, synapse.url, account)
    with RunningBot(tmp_path, synapse.url, account) as running:
        yield running
        print(running.log.read_text("utf-8"))  # noqa: T201 - pytest shows it with a failure only


@pytest.fixture
async def anna(strict: StrictClients, people: People) -> StrictClient:
    (member,) = await people("Anna")
    return await strict.login(member.account, device="Anna Telefon")


@pytest.fixture
async def bodo(strict: StrictClients, people: People) -> StrictClient:
    (member,) = await people("Bodo")
    return await strict.login(member.account, device="Bodo Rechner")
