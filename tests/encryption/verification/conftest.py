"""The bot that tests verify."""

import pytest

from commands.kit.outcome import Outcome
from commands.kit.setup import Setup
from storage.database import Database
from tests.encryption.verification.desk import Desk, Line, verifier
from tests.handlers.house import BOT, House, TestRoom, user


@pytest.fixture
async def desk(database: Database) -> Desk:
    """Give the bot that can be verified, with Anna as the one whom the settings call a coordinator."""
    house = House(database, Setup(user_id=BOT, coordinators=frozenset({user("Anna")})))
    line = Line()
    woken: list[Outcome] = []
    return Desk(house, line, verifier(house, line, woken), woken)


@pytest.fixture
def house(desk: Desk) -> House:
    """Give the house of the bot that can be verified."""
    return desk.house


@pytest.fixture
async def room(house: House) -> TestRoom:
    """Give the room of a group."""
    return await house.room()
