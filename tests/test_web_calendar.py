"""The web server gives calendars to who knows the address, and nobody else anything."""

import gzip
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import aiohttp
import pytest
import structlog
from yarl import URL

from bot.settings import Web
from bot.web import WebServer
from bot.web.calendar import Calendar, takes_gzip
from bot.web.state import State
from bot.health import Health
from commands.kit.setup import Setup
from storage.base import Base
from storage.database import Database
from storage.rooms import RoomKind
from tests.handlers.house import BOT, House

UNKNOWN = "A" * 32


@dataclass
class Site:
    """A web server on loopback, the house whose calendars it serves, and somebody who asks."""

    house: House
    calendar: Calendar
    session: aiohttp.ClientSession
    port: int

    async def get(self, path: str, method: str = "GET", **headers: str) -> aiohttp.ClientResponse:
        address = URL(f"http://127.0.0.1:{self.port}{path}", encoded=True)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, address, headers=named) as response:
            await response.read()
            return response


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    database = Database("sqlite+aiosqlite:///:memory:")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    house = House(database, setup=Setup(user_id=BOT, web="https://bot.example.org"))
    calendar = Calendar(database, lambda: house.now, "de")  # type: ignore[arg-type] - the house holds the clock
    state = State(database, Health(house.now), lambda: house.now)  # type: ignore[arg-type]
    server = WebServer(Web(port=0), [*state.routes, *calendar.routes])
    port = await server.start()
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield Site(house, calendar, session, port)
    await server.stop()
    await database.close()
