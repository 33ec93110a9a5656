"""The calendars that members subscribe to, at secret addresses."""

import asyncio
import gzip
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import ETag, web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.web.secret import SHAPE, headers, not_found
from commands.meetings import feeds, ics
from commands.meetings.ics import Shown
from storage import links, rooms
from storage.database import Database, DatabaseTrouble
from storage.links import LinkKind
from storage.rooms import Room

AGAIN_SECONDS = "300"
TAG_DIGITS = 32
ENCODING = re.compile(r"\s*(?P<name>[^\s;,]+)\s*(?:;\s*q=(?P<weight>[01](?:\.[0-9]{0,3})?)\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A calendar as it is sent, and what it was made of: as long as that stays the same, so does the page."""

    made_of: object
    name: str
    tag: str
    plain: bytes
    packed: bytes


class Calendar:
    """`/calendar/<secret>.ics`; `language` is that of the calendar of all groups, a group's has its own."""

    def __init__(self, database: Database, clock: Callable[[], datetime], language: str) -> None:
        self.database = database
        self.clock = clock
        self.language = language
        self._pages: dict[int | None, Page] = {}
        self._making = asyncio.Lock()

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is asked where."""
        return [web.get(f"/calendar/{{secret:{SHAPE}}}.ics", self._calendar)]

    async def _calendar(self, request: web.Request) -> web.Response:
        """Answer with the calendar, or that it is still the same (RFC 9110, 13.1.2)."""
        try:
            page = await self._page(request.match_info["secret"])
        except DatabaseTrouble:
            return web.Response(status=503, headers={"Retry-After": AGAIN_SECONDS})
        shared = headers(Vary="Accept-Encoding")
        if any(one.value in ("*", page.tag) for one in request.if_none_match or ()):
            response = web.Response(status=304, headers=shared)
        else:
            packed = takes_gzip(request.headers.get("Accept-Encoding", ""))
            more = {"Content-Encoding": "gzip"} if packed else {}
            response = web.Response(
                body=page.packed if packed else page.plain,
                content_type="text/calendar",
                charset="utf-8",
                headers={**shared, **more, "Content-Disposition": f'attachment; filename="{page.name}.ics"'},
            )
        response.etag = ETag(page.tag, is_weak=True)  # weak: packed or not, it is the same calendar
        return response

    async def _page(self, secret: str) -> Page:
        """The page behind an address; raises the 404 that every unknown path has. A change is rendered once."""
        async with self.database.begin() as tx:
            link = await links.by_secret(tx, LinkKind.CALENDAR, secret)
            if link is None:
                raise not_found()
            made_of, _ = await self._look(tx, link.room_id)
        page = self._pages.get(link.room_id)
        if page is None or page.made_of != made_of:
            async with self._making:
                page = await self._newest(link.room_id)
        return page

    async def _newest(self, room_id: int | None) -> Page:
        """The page as it is now; who waited for the same one gets what was made meanwhile."""
        now = self.clock()
        async with self.database.begin() as tx:
            made_of, groups = await self._look(tx, room_id)
            page = self._pages.get(room_id)
            if page is not None and page.made_of == made_of:
                return page
            language = groups[0].language if room_id else self.language
            shown = await feeds.of_groups(tx, groups, now, language, every=room_id is None)
        # In a thread: a large calendar takes some tens of milliseconds, in which nothing else would be answered.
        plain, packed = await asyncio.to_thread(_render, shown, now)
        name = re.sub(r"[^A-Za-z0-9-]", "", groups[0].key or "") if room_id else ""
        tag = hashlib.sha256(plain).hexdigest()[:TAG_DIGITS]
        page = self._pages[room_id] = Page(made_of, name or "uagbot", tag, plain, packed)
        return page

    async def _look(self, tx: AsyncSession, room_id: int | None) -> tuple[object, Sequence[Room]]:
        """What a page is made of, cheaply, and its groups."""
        found = await rooms.groups(tx) if room_id is None else [(await rooms.by_numbers(tx, [room_id]))[room_id]]
        now = self.clock()
        mark = await feeds.mark(tx, found, now, every=room_id is None)
        return (
            feeds.since(now),
            mark,
            [(room.id, room.matrix_id, room.key, room.title, room.language) for room in found],
        ), found


def takes_gzip(accepted: str) -> bool:
    """Whether a client takes gzip, by its `Accept-Encoding` (RFC 9110, 12.5.3)."""
    matches = [ENCODING.fullmatch(part) for part in accepted.split(",")]
    weights = {found["name"].lower(): float(found["weight"] or 1) for found in matches if found}
    return weights.get("gzip", weights.get("*", 0)) > 0


def _render(shown: Shown, now: datetime) -> tuple[bytes, bytes]:
    plain = ics.text(shown, feeds.until(now)).encode()
    return plain, gzip.compress(plain, mtime=0)
