"""One real homeserver for all tests of this folder, and people on it for each test."""

import asyncio
import itertools
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from bot.demo.member import Member
from bot.demo.synapse import Synapse
from tests.real.strict import Node, StrictClients

People = Callable[..., Awaitable[list[Member]]]
"""Called with display names; the user ids are new ones in every test."""

_number = itertools.count(1)


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """Keep one homeserver for the whole run; tests may restart it, and leave it running."""
    with Synapse(tmp_path_factory.mktemp("synapse")) as server:
        yield server


@pytest.fixture
async def people(synapse: Synapse) -> AsyncIterator[People]:
    """Register and connect members who know nobody yet; they leave when the test ends."""
    async with AsyncExitStack() as stack:

        async def connect(*names: str) -> list[Member]:
            members = []
            for name in names:
                account = await asyncio.to_thread(synapse.register, f"{_letters(name)}{next(_number)}", "geheim", name)
                members.append(await stack.enter_async_context(Member(account, synapse.url)))
            return members

        yield connect


def _letters(name: str) -> str:
    """Return what of a name may stand in a user id."""
    return unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """Keep one Node process for the strict clients of the whole run."""
    with Node() as process:
        yield process


@pytest.fixture
async def strict(synapse: Synapse, node: Node) -> AsyncIterator[StrictClients]:
    """Log strict clients in; they stop when the test ends, and a failing test shows what they complained of."""
    node.complaints()
    async with StrictClients(synapse.url, node) as clients:
        yield clients
    print(node.complaints())  # noqa: T201 - pytest shows it with a failure only
