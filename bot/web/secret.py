"""Pages behind secret addresses: what each of them tells browsers and proxies, and the 404 that tells nothing."""

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

SHAPE = r"[A-Za-z0-9_-]{32}"  # what `secrets.token_urlsafe` makes of 24 bytes; for the pattern of a route

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "private, no-cache",  # nobody's proxy keeps it, and everybody asks again with the ETag
        "Referrer-Policy": "no-referrer",  # links in the page must not tell the address
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }
)


def headers(**more: str) -> dict[str, str]:
    """Return the headers of a page behind a secret address, and more: `headers(ETag='"1"')`, `_` stands for `-`."""
    return {**HEADERS, **{name.replace("_", "-"): value for name, value in more.items()}}


def not_found() -> web.HTTPNotFound:
    """Return, to be raised, the very answer that a path has which nobody serves: unknown or revoked looks the same."""
    return web.HTTPNotFound()
