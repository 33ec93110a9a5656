"""The homeserver as the rest of the bot sees it: few calls, and failures as four kinds of exception."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import nio
from nio.responses import JoinResponse

SYNC_SECONDS = 30
REQUEST_SECONDS = 30
PAGE = 100
SERVER_FAULT = 500
TOO_MANY = 429


class Unreachable(Exception):
    """The server does not answer, or not sensibly: try again later."""


class Limited(Exception):
    """The server asks to wait for `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:.1f} s")
        self.seconds = seconds


class TokenRevoked(Exception):
    """The access token is not valid (any more): nothing works until the operator gives a new one."""


class Rejected(Exception):
    """The server says no, and would again: `code` is its errcode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Homeserver:
    """One logged-in device on one homeserver, by matrix-nio."""

    def __init__(self, url: str, user_id: str, store: Path | None) -> None:
        config = nio.AsyncClientConfig(
            max_limit_exceeded=0,
            max_timeouts=0,
            store_sync_tokens=False,
            encryption_enabled=store is not None,
            request_timeout=REQUEST_SECONDS,
        )
        self.user_id = user_id
        self.client = nio.AsyncClient(url, user_id, store_path=str(store) if store else "", config=config)

    async def close(self) -> None:
        """Close all connections, the one to the store of the keys too, which nio leaves open."""
        await self.client.close()
        if self.client.store is not None:
            self.client.store.database.close()

    async def resume(self, device_id: str | None, access_token: str) -> str:
        """Use an access token; returns the device that it belongs to. Opens the store of its keys.

        Raises Rejected if it is the token of another account.
        """
        user_id, found = await self.whoami(access_token)
        if user_id != self.user_id:
            raise Rejected("M_FORBIDDEN", f"the access token belongs to {user_id}, not to {self.user_id}")
        self._open_store()
        self.client.restore_login(user_id, found or device_id or "", access_token)
        return str(self.client.device_id)

    def _open_store(self) -> None:
        """Make the folder of the keys where there is none: nio does not."""
        if self.client.store_path:
            Path(self.client.store_path).mkdir(mode=0o700, parents=True, exist_ok=True)

    async def log_in(self, password: str, device_id: str | None, device_name: str) -> tuple[str, str]:
        """Log in by password, on the known device if there is one; returns device id and access token."""
        self.client.device_id = device_id
        self._open_store()
        found = await self._call(self.client.login(password, device_name))
        return found.device_id, found.access_token

    async def log_out(self) -> None:
        """End the session; its device and token are gone."""
        await self._call(self.client.logout())

    async def sync(self, since: str | None, *, full_state: bool) -> nio.SyncResponse:
        """Wait for news since a position; encrypted events come decrypted where the keys are there."""
        timeout = 0 if since is None or full_state else SYNC_SECONDS * 1000
        return await self._call(self.client.sync(timeout=timeout, since=since, full_state=full_state))

    async def keep_keys(self) -> None:
        """Do what encryption needs between two syncs: upload, query and claim keys, send what devices wait for."""
        client = self.client
        if client.should_upload_keys:
            await self._call(client.keys_upload())
        if client.should_query_keys:
            await self._call(client.keys_query())
        if client.should_claim_keys:
            await self._call(client.keys_claim(client.get_users_for_key_claiming()))
        if client.outgoing_to_device_messages:
            await client.send_to_device_messages()

    async def send(self, room: str, event_type: str, content: dict[str, Any], txn_id: str) -> str:
        """Send an event; the same transaction id again gives the same event. Returns its id."""
        sending = self.client.room_send(room, event_type, content, tx_id=txn_id, ignore_unverified_devices=True)
        try:
            return str((await self._call(sending)).event_id)
        except nio.LocalProtocolError as error:
            # The room did not come with a sync yet; without its members nothing can be encrypted.
            raise Unreachable(str(error)) from None

    async def join(self, room: str, via: Sequence[str] = ()) -> str:
        """Join a room by id or alias, through these servers where the id does not say; returns its id."""
        query = urlencode([("server_name", server) for server in via])
        path = f"/_matrix/client/v3/join/{quote(room, safe='')}?{query}"
        return str((await self._call(self.client._send(JoinResponse, "POST", path, "{}"))).room_id)  # noqa: SLF001

    async def leave(self, room: str) -> None:
        """Leave a room or decline an invitation."""
        await self._call(self.client.room_leave(room))

    async def gap(self, room: str, start: str, end: str | None) -> list[Any]:
        """Return the events between two positions, oldest first; `start` is the later one."""
        events: list[Any] = []
        position: str | None = start
        while position is not None:
            page = await self._call(
                self.client.room_messages(room, position, end, direction=nio.MessageDirection.back, limit=PAGE)
            )
            events += page.chunk
            position = page.end if page.chunk and page.end != position else None
        return [self._readable(event) for event in reversed(events)]

    def _readable(self, event: Any) -> Any:
        if isinstance(event, nio.MegolmEvent):
            try:
                return self.client.decrypt_event(event)
            except nio.EncryptionError:
                return event
        return event

    async def state(self, room: str) -> list[dict[str, Any]]:
        """Return the current state events of a room."""
        found: list[dict[str, Any]] = (await self._call(self.client.room_get_state(room))).events
        return found

    async def whoami(self, access_token: str) -> tuple[str, str]:
        """Return whose token this is: user and device."""
        self.client.access_token = access_token
        found = await self._call(self.client.whoami())
        return found.user_id, found.device_id or ""

    async def joined_rooms(self) -> list[str]:
        """Return the rooms that the account is in."""
        return list((await self._call(self.client.joined_rooms())).rooms)

    async def resolve(self, alias: str) -> str:
        """Return the room that an alias stands for."""
        return str((await self._call(self.client.room_resolve_alias(alias))).room_id)

    async def greet(self) -> datetime | None:
        """Ask whether there is a homeserver; returns what time it says it is. Raises Unreachable."""
        try:
            reply = await self.client.send("GET", "/_matrix/client/versions", timeout=REQUEST_SECONDS)
            if not (await reply.json(content_type=None))["versions"]:
                raise Unreachable("no Matrix homeserver answers there")
            date = reply.headers.get("Date")
            return parsedate_to_datetime(date) if date else None
        except (KeyError, TypeError, ValueError):
            raise Unreachable("no Matrix homeserver answers there") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(_why(error)) from None

    async def _call(self, calling: Any) -> Any:
        try:
            response = await calling
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(_why(error)) from None
        if isinstance(response, nio.ErrorResponse):
            raise _failure(response)
        return response


def _failure(response: nio.ErrorResponse) -> Exception:
    status = response.transport_response.status if response.transport_response is not None else SERVER_FAULT
    code = str(response.status_code or "")
    if status == TOO_MANY or code == "M_LIMIT_EXCEEDED":
        return Limited((response.retry_after_ms or 5000) / 1000)
    if code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
        return TokenRevoked(response.message)
    if status >= SERVER_FAULT or not code.startswith("M_"):
        return Unreachable(f"status {status}")
    return Rejected(code, response.message)


def _why(error: BaseException) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "cannot connect"
    return type(error).__name__
