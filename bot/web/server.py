"""The web server: it listens, and each part of what it serves says where."""

import logging
from collections.abc import Sequence

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.settings import Web


class WebServer:
    """Serves these routes; `port` of the settings may be 0: any free one."""

    def __init__(self, settings: Web, routes: Sequence[web.RouteDef]) -> None:
        self.settings = settings
        application = web.Application()
        application.add_routes(routes)
        self._runner = web.AppRunner(application, access_log=None)
        logging.getLogger("aiohttp.server").addFilter(_is_ours)

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError if it is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a fault is ours; one in what somebody sent is theirs, and its text may hold a secret address."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
