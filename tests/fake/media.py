"""The files that a homeserver keeps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aiohttp import web

from tests.fake import RefusedError, Session

LARGEST_FILE = 1_000_000


@dataclass(frozen=True)
class Upload:
    """A file as it was uploaded."""

    content: bytes
    mimetype: str
    name: str | None


class Media:
    """All uploads of a server; `session` finds out who makes a request."""

    def __init__(self, session: Callable[[web.Request], Session]) -> None:
        self.uploads: dict[str, Upload] = {}
        """By `mxc://` address, in order."""
        self._session = session

    def routes(self) -> Iterator[web.RouteDef]:
        """Return what is answered."""
        yield web.post("/_matrix/media/v3/upload", self._upload)

    async def _upload(self, request: web.Request) -> web.Response:
        self._session(request)
        content = await request.read()
        if len(content) > LARGEST_FILE:
            raise RefusedError(413, "M_TOO_LARGE", "Upload request body is too large")
        address = f"mxc://localhost/file{len(self.uploads) + 1}"
        self.uploads[address] = Upload(content, request.content_type, request.query.get("filename"))
        return web.json_response({"content_uri": address})
