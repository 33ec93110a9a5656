"""A headless Chromium that looks at pages, driven by playwright and axe from npm."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import npm

_HERE = Path(__file__).parent
_LOOKED_WITHIN = 120.0
CHROMIUM = shutil.which("chromium")
REQUIRED = os.environ.get("UAGBOT_BROWSER") == "required"


@dataclass(frozen=True)
class View:
    """A page at one width and in one colour scheme: what axe finds wrong, its background, and what sticks out (px)."""

    violations: list[str]
    background: str
    over: int


@dataclass(frozen=True)
class Seen:
    """A page as the browser saw it; `skips` is what the first tab key reaches, whether it is seen, where it leads."""

    status: int
    fetched: list[str]
    complaints: list[str]
    skips: Mapping[str, Any]
    views: Mapping[str, View]


class BrowserFailed(Exception):
    """The browser could not look at all pages."""


async def look(pages: Mapping[str, str], phone: int = 360) -> dict[str, Seen]:
    """Look at pages by their addresses, in light and dark, on a phone (by its width in px) and a desk (1280 px).

    Raises BrowserFailed and NpmFailed.
    """
    library = await asyncio.to_thread(npm.installed, _HERE, "browser")
    process = await asyncio.create_subprocess_exec(
        str(npm.NODE),
        str(_HERE / "look.mjs"),
        env={**os.environ, "BROWSER_LIBRARY": str(library)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    asked = json.dumps({"chromium": CHROMIUM, "pages": pages, "widths": [1280, phone]})
    try:
        async with asyncio.timeout(_LOOKED_WITHIN):
            told, complaints = await process.communicate(asked.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BrowserFailed(complaints.decode(errors="replace"))
    return {name: _seen(one) for name, one in json.loads(told).items()}


def _seen(found: dict[str, Any]) -> Seen:
    return Seen(**{**found, "views": {name: View(**one) for name, one in found["views"].items()}})
