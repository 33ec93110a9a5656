"""The archive of minutes: pages behind a secret address, of one group with its drafts or of all groups."""

import asyncio
import hashlib
import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.web.secret import SHAPE, headers, not_found
from commands.kit import documents
from commands.kit.setup import Setup
from commands.kit.texts import zone
from commands.minutes import rendering
from commands.minutes.editions import Shown, approved, shown
from commands.minutes.rendering import Way
from storage import filed, links, rooms
from storage.database import Database
from storage.filed import Kept
from storage.links import Link, LinkKind
from storage.minutes import Minutes, MinutesState
from storage.rooms import Room, RoomKind

PER_PAGE = 100
WRITTEN = {
    "md": ("text/markdown", rendering.markdown),
    "txt": ("text/plain", rendering.plain),
}


class Row(NamedTuple):
    """Minutes as the index names them; `at` is aware UTC, `href` relative to the index."""

    at: datetime
    title: str
    name: str
    href: str
    draft: bool
    version: int


class Archive:
    """`/archive/{secret}/`: the index, minutes as pages, Markdown and text, and their older versions.

    What the address does not show does not exist: every such path gets the same 404. Minutes are written in threads:
    those of a long meeting take a tenth of a second, in which nothing else would be answered.
    """

    def __init__(self, database: Database, setup: Setup) -> None:
        self.database = database
        self.setup = setup
        self._process = secrets.token_hex(8)  # another release may write the same minutes otherwise

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is asked where."""
        place = f"/archive/{{secret:{SHAPE}}}/"
        name = r"{name:[^/]+-[0-9-]+}"
        return [
            web.get(place, self._index),
            web.get(f"{place}{name}", self._page),
            web.get(f"{place}{name}.{{form:md|txt}}", self._file),
            web.get(rf"{place}{name}/v{{version:[1-9][0-9]{{0,5}}}}", self._version),
        ]

    async def _index(self, request: web.Request) -> web.Response:
        number = _page_number(request)
        async with self.database.begin() as tx:
            link = await self._link(tx, request)
            everywhere = link.room_id is None
            query = filed.archive(everywhere=everywhere, room_ids=None if everywhere else [link.room_id or 0])
            found = await filed.some(tx, query, PER_PAGE + 1, (number - 1) * PER_PAGE)
            owner = await self._owner(tx, link)
        if number > 1 and not found:
            raise not_found()
        data = {
            "owner": None if owner is None or everywhere else owner.name,
            "groups": _grouped(found[:PER_PAGE], drafts=not everywhere),
            "page": number,
            "newer": f"?page={number - 1}" if number > 1 else "",
            "older": f"?page={number + 1}" if len(found) > PER_PAGE else "",
        }
        language, at = (owner.language, owner.zone) if owner else (self.setup.language, self.setup.zone)
        return _answered(request, rendering.page("minutes-index.html.jinja", language, zone(at), data))

    async def _page(self, request: web.Request) -> web.Response:
        async with self.database.begin() as tx:
            found, home = await self._found(tx, request)
            minutes, name = found.minutes, quote(found.meeting.name)
            before, after = await filed.beside(tx, minutes, everywhere=not home)
            tag = self._fixed_tag(found, before, after, home=home)
            if tag and _is_known(request, tag):
                return web.Response(status=304, headers=_headers(tag))
            one = await shown(tx, minutes, self.setup.nobody, home=home)
        way = Way(
            index="./",
            before=quote(before or ""),
            after=quote(after or ""),
            forms=[(form, f"{name}.{form}") for form in WRITTEN],
            versions=_other_versions(minutes, one, f"{name}/"),
        )
        return _answered(request, await asyncio.to_thread(rendering.html, *one, found.room.language, way), tag=tag)

    def _fixed_tag(self, found: Kept, before: str | None, after: str | None, *, home: bool) -> str:
        """Return the ETag of approved minutes, known without reading them; none for drafts."""
        if home and found.minutes.state != MinutesState.APPROVED:
            return ""
        facts = (self._process, found.minutes.id, found.minutes.version, home, before, after, found.room.language)
        return _tag(repr(facts))

    async def _file(self, request: web.Request) -> web.Response:
        mimetype, written = WRITTEN[request.match_info["form"]]
        async with self.database.begin() as tx:
            found, home = await self._found(tx, request)
            one = await shown(tx, found.minutes, self.setup.nobody, home=home)
        return _answered(request, await asyncio.to_thread(written, *one, found.room.language), mimetype)

    async def _version(self, request: web.Request) -> web.Response:
        number = int(request.match_info["version"])
        async with self.database.begin() as tx:
            found, _ = await self._found(tx, request)
            one = await approved(tx, found.minutes, number)
        if one is None:
            raise not_found()
        way = Way(index="../", versions=_other_versions(found.minutes, one, ""))
        return _answered(request, await asyncio.to_thread(rendering.html, *one, found.room.language, way))

    async def _link(self, tx: AsyncSession, request: web.Request) -> Link:
        link = await links.by_secret(tx, LinkKind.ARCHIVE, request.match_info["secret"])
        if link is None:
            raise not_found()
        return link

    async def _found(self, tx: AsyncSession, request: web.Request) -> tuple[Kept, bool]:
        """Return the minutes asked for, and whether drafts are shown; names are written as the index writes them."""
        link = await self._link(tx, request)
        name = request.match_info["name"]
        found = await filed.named(tx, name) if name.isprintable() else None
        if found is None or found.meeting.name != name:
            raise not_found()
        home = link.room_id is not None
        seen = found.room.id == link.room_id and not found.minutes.is_running if home else found.minutes.version > 0
        if not seen:
            raise not_found()
        return found, home

    async def _owner(self, tx: AsyncSession, link: Link) -> Room | None:
        if link.room_id is not None:
            return await tx.get(Room, link.room_id)
        return next(iter(await rooms.of_kind(tx, RoomKind.MAIN)), None)


def _page_number(request: web.Request) -> int:
    text = request.query.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) == int(text)):
        raise not_found()
    return int(text)


def _grouped(found: Sequence[Kept], *, drafts: bool) -> list[tuple[str, list[tuple[int, list[Row]]]]]:
    """Lay minutes, the newest first, out by group in the usual order and by year."""
    groups: dict[int, dict[int, list[Row]]] = {}
    places = {one.room.id: one.room for one in found}
    for one in found:
        year = one.minutes.started_at.astimezone(zone(one.room.zone)).year
        row = Row(
            at=one.minutes.started_at,
            title=one.meeting.title,
            name=one.meeting.name,
            href=quote(one.meeting.name),
            draft=drafts and one.minutes.state != MinutesState.APPROVED,
            version=one.minutes.version,
        )
        groups.setdefault(one.room.id, {}).setdefault(year, []).append(row)
    return [(room.name, list(groups[room.id].items())) for room in rooms.in_order(places.values())]


def _other_versions(minutes: Minutes, one: Shown, prefix: str) -> list[tuple[int, str]]:
    """Return the addresses of the approved versions that are not the one shown."""
    edition = one.edition
    shown_number = 0 if edition.is_draft else edition.version
    return [(number, f"{prefix}v{number}") for number in range(1, minutes.version + 1) if number != shown_number]


@cache
def _policy() -> str:
    """Only the page's own style, by its hash (CSP Level 3); nothing is fetched, sent or framed."""
    digest = b64encode(hashlib.sha256(documents.style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _tag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _is_known(request: web.Request, tag: str) -> bool:
    """Whether the browser has this already (RFC 9110, 13.1.2: weak comparison)."""
    return any(one.value in (tag.strip('"'), "*") for one in request.if_none_match or ())


def _headers(tag: str) -> dict[str, str]:
    return headers(ETag=tag, Content_Security_Policy=_policy())


def _answered(request: web.Request, text: str, mimetype: str = "text/html", tag: str = "") -> web.Response:
    tag = tag or _tag(text)
    if _is_known(request, tag):
        return web.Response(status=304, headers=_headers(tag))
    return web.Response(text=text, content_type=mimetype, charset="utf-8", headers=_headers(tag))
