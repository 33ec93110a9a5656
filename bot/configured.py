"""Rooms that the configuration sets up, so that a whole initiative is there at once (row R2)."""

from datetime import datetime

import structlog
from sqlalchemy import select

from bot.matrix.errors import Rejected
from bot.matrix.homeserver import Homeserver
from bot.settings import ConfiguredRoom, Settings
from storage.database import Database
from storage.rooms import Room

log = structlog.get_logger()


async def set_up(settings: Settings, homeserver: Homeserver, database: Database, now: datetime) -> None:
    """Make the configured rooms what the file says; the file wins over earlier commands. Raises Unreachable."""
    wanted = {await _matrix_id(one, homeserver): one for one in settings.rooms}
    async with database.begin() as tx:
        found = {room.matrix_id: room for room in await tx.scalars(select(Room).where(Room.matrix_id.in_(wanted)))}
        for known in found.values():
            known.key = None  # two rooms may exchange their keys
        await tx.flush()
        for matrix_id, one in wanted.items():
            room = found.get(matrix_id)
            if room is None:
                room = Room(matrix_id=matrix_id, joined=False, powers={}, created_at=now)
                room.language, room.zone = settings.bot.language, settings.bot.zone
                tx.add(room)
            room.kind, room.key, room.title = one.kind, one.key.upper(), one.title


async def join_missing(settings: Settings, homeserver: Homeserver, database: Database) -> None:
    """Join the configured rooms that the bot is not in; one that cannot be joined is logged. Raises Unreachable."""
    keys = [one.key.upper() for one in settings.rooms]
    async with database.begin() as tx:
        missing = list(await tx.scalars(select(Room.matrix_id).where(Room.key.in_(keys), ~Room.joined)))
    for matrix_id in missing:
        await _joined(matrix_id, homeserver)


async def _matrix_id(wanted: ConfiguredRoom, homeserver: Homeserver) -> str:
    """Return the id of a room that is named by its alias; joining tells it."""
    return wanted.room if wanted.room.startswith("!") else await _joined(wanted.room, homeserver) or wanted.room


async def _joined(room: str, homeserver: Homeserver) -> str | None:
    try:
        return await homeserver.join(room)
    except Rejected as error:
        log.error("a configured room cannot be joined: invite the bot", room=room, why=error.code)
        return None
