"""The bot with the sample capability in this process, on the fake homeserver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.app import App
from bot.clock import Clock
from commands.capabilities import CAPABILITIES
from storage import due, rooms
from tests.fake.homeserver import FakeHomeserver
from tests.handlers import sample
from tests.test_faults import ANNA, BOT, settings

NO_MORE_THAN = 20.0


@dataclass
class Bot:
    """The bot with the sample capability; `moved` is how far its clock is ahead."""

    server: FakeHomeserver
    folder: Path
    room: str
    ran: list[str] = field(default_factory=list)
    moved: timedelta = timedelta(0)

    def __post_init__(self) -> None:  # noqa: D105
        clock = Clock(lambda: self.moved)
        capabilities = (*CAPABILITIES, sample.capability(self.ran))
        self.app = App(settings(self.server, self.folder), clock, timedelta(seconds=0.1), capabilities)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run until the block ends."""
        task = asyncio.create_task(self.app.run())
        waiting = asyncio.create_task(self.app.reader.caught_up.wait())
        try:
            await asyncio.wait({task, waiting}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
            yield
        finally:
            waiting.cancel()
            self.app.stop()
            await task

    async def leads(self) -> str:
        """Say what jobs look at; returns the bot's answer to it."""
        self.server.member_says(self.room, ANNA, "!probe leiten Wohin?")
        return str((await self.says("Gesagt: Wohin?"))["event_id"])

    async def says(self, words: str) -> dict[str, Any]:
        """Wait until the bot says something with these words."""
        await self.server.wait_until(lambda: bool(self.said(words)), NO_MORE_THAN)
        return self.said(words)[0]

    def said(self, words: str) -> list[dict[str, Any]]:
        """Return what the bot has said with these words."""
        return [event for event in self.server.sent_by(BOT) if words in str(event["content"].get("body"))]

    async def asked(self, path: str, times: int = 1) -> None:
        """Wait until the bot has asked the server so often."""
        while sum(path in one for one in self.server.requests) < times:  # noqa: ASYNC110 - requests set no event
            await asyncio.sleep(0.02)

    async def plans(self, what: str, subject: int = 1) -> None:
        """Plan a job, due now."""
        now = self.app.clock()
        async with self.app.database.begin() as tx:
            found = await rooms.by_matrix_id(tx, self.room)
            assert found is not None
            await due.add(tx, what, subject, found.id, now)

    def reacts(self, event_id: str, key: str) -> str:
        """Let Anna react."""
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return self.server.inject(self.room, ANNA, "m.reaction", {"m.relates_to": relation})
