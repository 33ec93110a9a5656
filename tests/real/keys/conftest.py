"""Devices on the homeserver, and operators of bots with and without keys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.synapse import Synapse
from tests.real.conftest import People
from tests.real.keys.enrolled import Operator
from tests.real.keys.identities import Devices, devices


@pytest.fixture
async def new_device(synapse: Synapse) -> AsyncIterator[Devices]:
    """Make accounts and devices on the homeserver."""
    async with devices(synapse) as make:
        yield make


@pytest.fixture
async def operator(people: People, synapse: Synapse, tmp_path: Path) -> Operator:
    [bot] = await people("uagbot")
    return Operator(tmp_path, synapse.url, bot.account)


@pytest.fixture
async def ready(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> Operator:
    await operator.is_ready(monkeypatch)
    return operator
