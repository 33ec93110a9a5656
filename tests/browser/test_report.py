"""The report for everybody: with a screen reader, by keyboard, on the narrowest phone, and by night."""

import asyncio
from typing import Literal

import pytest
from aiohttp import web

from bot.settings import Web
from bot.web import WebServer
from commands.reports.rendering import html
from tests.browser import CHROMIUM, REQUIRED, Seen, look
from tests.sampled_reports import WORLDS, frame, report

pytestmark = pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="there is no Chromium")
NARROWEST = 320  # WCAG 2.2, 1.4.10
PAGES: dict[str, Literal["de", "en"]] = {"usual": "de", "crowded": "en"}


async def served(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in PAGES:  # an icon
        return web.Response(status=204)
    return web.Response(text=html(report(WORLDS[name]), frame(PAGES[name])), content_type="text/html")


async def everything() -> dict[str, Seen]:
    """Serve the pages and look at them."""
    server = WebServer(Web(port=0), [web.get("/{name}", served)])
    address = f"http://127.0.0.1:{await server.start()}"
    try:
        return await look({name: f"{address}/{name}" for name in PAGES}, phone=NARROWEST)
    finally:
        await server.stop()


@pytest.fixture(scope="module")
def seen() -> dict[str, Seen]:
    assert CHROMIUM is not None, "UAGBOT_BROWSER=required, and there is no Chromium"
    return asyncio.run(everything())


def test_a_report_has_no_barrier_that_axe_knows(seen: dict[str, Seen]) -> None:
    found = {f"{name} {how}": view.violations for name, page in seen.items() for how, view in page.views.items()}
    assert {name: violations for name, violations in found.items() if violations} == {}
    assert len(found) == 8


def test_a_report_is_read_on_the_narrowest_phone_without_scrolling_sideways(seen: dict[str, Seen]) -> None:
    assert {name: page.views[f"{NARROWEST} light"].over for name, page in seen.items()} == {"usual": 0, "crowded": 0}


def test_a_report_is_dark_by_night_fetches_nothing_and_skips_to_its_content(seen: dict[str, Seen]) -> None:
    for page in seen.values():
        assert page.views["1280 light"].background != page.views["1280 dark"].background
        assert [one for one in page.fetched[1:] if not one.endswith(("#main", "/favicon.ico"))] == []
        assert page.complaints == []
        assert page.skips == {"href": "#main", "seen": True, "leadsTo": "MAIN"}
