"""The house that handler tests live in."""

import pytest

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from storage.database import Database
from storage.rooms import RoomKind
from tests.handlers import sample
from tests.handlers.house import House, TestRoom


@pytest.fixture
async def house(database: Database) -> House:
    """Give the bot with an empty database."""
    return House(database)


@pytest.fixture
async def room(house: House) -> TestRoom:
    """Give the room of a working group with Anna, Bodo and Carla; Anna is its chair."""
    return await house.room(powers={"Anna": 100})


@pytest.fixture
async def main(house: House) -> TestRoom:
    """Give the main room, with its digest planned."""
    found = await house.room("INI", "Anna", "Bodo", "Carla", kind=RoomKind.MAIN, title="Initiative")
    await house.dispatcher.upkeep(house.now)
    return found


@pytest.fixture
def ran(house: House) -> list[str]:
    """Teach the house the sample capability; gives the list of what its handlers did."""
    ran: list[str] = []
    house.may_fail = True
    house.dispatcher = Dispatcher(house.database, house.setup, (*CAPABILITIES, sample.capability(ran)))
    return ran


@pytest.fixture
async def coordination(house: House) -> TestRoom:
    """Give the coordinators' room; Carla is in it."""
    return await house.room("KO", "Carla", "Gerda", kind=RoomKind.COORDINATORS, title="Koordination")
