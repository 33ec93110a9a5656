"""The homeserver as the rest of the bot sees it: few calls, and failures as four kinds of exception."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import nio
from nio.responses import JoinResponse

from bot.matrix.encryption.device import Client, Device
from bot.matrix.encryption.identity import Identity, KeysDiffer
from bot.matrix.encryption.recovery import BACKUP, SELF_SIGNING
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable

SYNC_SECONDS = 30
REQUEST_SECONDS = 30
PAGE = 100
FAILED = 400
UNAUTHORIZED = 401
TOO_LARGE = 413
TOO_MANY = 429
SERVER_FAULT = 500


@dataclass(frozen=True, slots=True)
class News:
    """What a sync brought: nio's response, the to-device events as they came, and which room keys are new.

    The timelines of joined rooms are as they came, too.
    """

    response: nio.SyncResponse
    to_device: list[dict[str, Any]]
    arrived: set[tuple[str, str]]


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
        self.client = Client(url, user_id, store_path=str(store) if store else "", config=config)
        self._device: Device | None = None

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
        self.client.restore_login(user_id, found or device_id or "", access_token)
        return str(self.client.device_id)

    @property
    def device(self) -> Device:
        """The device with its keys; there is one after the login, where there is a folder for keys."""
        if self._device is None:
            self._device = Device(self.client, self.call)
        return self._device

    @property
    def identity(self) -> Identity:
        """The account's identity, as far as its keys are here."""
        machine = self.device.machine
        return Identity(
            self.call, self.user_id, machine.device_id, machine.store.secrets, machine.device_keys()["keys"]
        )

    async def take_up_keys(self) -> str | None:
        """Publish the device's keys, and sign it if the keys of the identity are here.

        Returns, in a word, why today's clients will not accept the device: `no-identity` or `other-identity`; None if
        they will. Raises KeysTrouble.
        """
        await self.device.begin()
        await self.device.upload()
        secrets = self.device.machine.store.secrets
        if BACKUP in secrets:
            self.device.backup = self.identity.backup
        if SELF_SIGNING not in secrets:
            return "no-identity"
        try:
            await self.identity.sign_device()
        except KeysDiffer:
            return "other-identity"
        return None

    @property
    def encrypts(self) -> bool:
        """Whether there is a folder for keys, and the login has opened it."""
        return self.client.olm is not None

    async def log_in(self, password: str, device_id: str | None, device_name: str) -> tuple[str, str]:
        """Log in by password, on the known device if there is one; returns device id and access token."""
        self.client.device_id = device_id
        found = await self._call(self.client.login(password, device_name))
        return found.device_id, found.access_token

    async def log_out(self) -> None:
        """End the session; its device and token are gone."""
        await self._call(self.client.logout())

    async def sync(self, since: str | None, *, full_state: bool) -> News:
        """Wait for news since a position."""
        wait = 0 if since is None or full_state else SYNC_SECONDS
        query = {"timeout": str(wait * 1000), "full_state": str(full_state).lower()}
        query |= {"since": since} if since else {}
        answer = await self._ask("GET", f"/_matrix/client/v3/sync?{urlencode(query)}", None, wait + REQUEST_SECONDS)
        try:
            timelines = _leave_state(answer)
            response = nio.SyncResponse.from_dict(answer)
        except (AttributeError, TypeError):
            response = None
        if not isinstance(response, nio.SyncResponse):
            raise Unreachable("what the server says of the rooms cannot be read")
        arrived = self.device.take(answer, response.to_device_events) if self.encrypts else set()
        await self.client.receive_response(response)
        for room, info in response.rooms.join.items():
            info.timeline.events = timelines.get(room, [])
        return News(response, answer.get("to_device", {}).get("events", []), arrived)

    async def keep_keys(self) -> set[str]:
        """Do what encryption needs between two syncs; returns whose devices were asked for."""
        return await self.device.keep() if self.encrypts else set()

    async def clear(self, room: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return an encrypted event in clear. Raises Unreadable."""
        return await self.device.clear(room, event)

    async def send(self, room: str, event_type: str, content: dict[str, Any], txn_id: str) -> str:
        """Send an event; the same transaction id again gives the same event. Returns its id."""
        if self.is_encrypted(room) and event_type != "m.reaction":  # reactions are in clear (MSC1849)
            event_type, content = await self.device.sealed(room, event_type, content)
        path = "/".join(quote(part, safe="") for part in (room, "send", event_type, txn_id))
        answer = await self.call("PUT", f"/_matrix/client/v3/rooms/{path}", content)
        if "event_id" not in answer:
            raise Unreachable("the answer names no event")
        return str(answer["event_id"])

    async def pin(self, room: str, event_id: str, *, pinned: bool) -> str | None:
        """Put an event on the room's list of pinned ones, as the last, or take it off; the others stay.

        Returns the state event that says so, None if it was so already.
        """
        path = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/state/m.room.pinned_events"
        try:
            known = (await self.call("GET", path)).get("pinned")
        except Rejected as error:
            if error.code != "M_NOT_FOUND":
                raise
            known = None
        before = known if isinstance(known, list) else []
        if (event_id in before) == pinned:
            return None
        after = [*before, event_id] if pinned else [one for one in before if one != event_id]
        return str((await self.call("PUT", path, {"pinned": after})).get("event_id"))

    def is_encrypted(self, room: str) -> bool:
        """Whether what is sent into this room is encrypted. Raises Unreachable as long as nobody knows."""
        if not self.encrypts:
            return False
        known = self.client.rooms.get(room)
        if known is None:
            # The room did not come with a sync yet; nobody knows whether it is encrypted, and for whom.
            raise Unreachable("the room is not known yet")
        return bool(known.encrypted)

    async def upload(self, content: bytes, mimetype: str, name: str | None) -> str:
        """Put a file into the server's media repository; returns its `mxc://` address."""
        query = f"?{urlencode({'filename': name})}" if name else ""
        path = f"/_matrix/media/v3/upload{query}"
        answer = await self._ask("POST", path, content, REQUEST_SECONDS, mimetype)
        if not isinstance(answer.get("content_uri"), str):
            raise Unreachable("the answer does not say where the file is")
        return str(answer["content_uri"])

    async def join(self, room: str, via: Sequence[str] = ()) -> str:
        """Join a room by id or alias, through these servers where the id does not say; returns its id."""
        query = urlencode([("server_name", server) for server in via])
        path = f"/_matrix/client/v3/join/{quote(room, safe='')}?{query}"
        return str((await self._call(self.client._send(JoinResponse, "POST", path, "{}"))).room_id)  # noqa: SLF001

    async def leave(self, room: str) -> None:
        """Leave a room or decline an invitation."""
        await self._call(self.client.room_leave(room))

    async def gap(self, room: str, start: str, end: str | None) -> list[dict[str, Any]]:
        """Return the events between two positions, oldest first; `start` is the later one."""
        events: list[dict[str, Any]] = []
        position: str | None = start
        while position is not None:
            page = await self._call(
                self.client.room_messages(room, position, end, direction=nio.MessageDirection.back, limit=PAGE)
            )
            events += [event.source for event in page.chunk]
            position = page.end if page.chunk and page.end != position else None
        return events[::-1]

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

    async def call(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the client-server API for what nio has no method for; `path` begins with `/_matrix`.

        A request for interactive authentication (spec: "User-Interactive Authentication API") is a Rejected of status
        401 whose content holds its flows.
        """
        return await self._ask(method, path, None if content is None else json.dumps(content), REQUEST_SECONDS)

    async def _ask(
        self, method: str, path: str, data: str | bytes | None, seconds: float, mimetype: str = "application/json"
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.client.access_token}", "Content-Type": mimetype}
        try:
            reply = await self.client.send(method, path, data, headers, timeout=seconds)
            answer = await reply.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(_why(error)) from None
        except ValueError:
            answer = None
        if reply.status < FAILED:
            if not isinstance(answer, dict):
                raise Unreachable("the answer is no JSON object")
            return answer
        raise _refusal(reply.status, answer if isinstance(answer, dict) else {})

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


def _leave_state(answer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Leave nothing but state in the timelines of joined rooms; returns what was there, by room.

    nio checks every event against a schema, and would learn nothing from the others.
    """
    timelines = {}
    for room, joined in answer.get("rooms", {}).get("join", {}).items():
        timeline = joined.get("timeline", {})
        timelines[room] = [event for event in timeline.get("events", ()) if isinstance(event, dict)]
        if timelines[room]:
            timeline["events"] = [event for event in timelines[room] if "state_key" in event]
    return timelines


def _failure(response: nio.ErrorResponse) -> Exception:
    status = response.transport_response.status if response.transport_response is not None else SERVER_FAULT
    answer = {"errcode": response.status_code, "error": response.message, "retry_after_ms": response.retry_after_ms}
    return _refusal(status, answer)


def _refusal(status: int, answer: dict[str, Any]) -> Exception:
    code, message = str(answer.get("errcode") or ""), str(answer.get("error") or "")
    if status == TOO_MANY or code == "M_LIMIT_EXCEEDED":
        return Limited((answer.get("retry_after_ms") or 5000) / 1000)
    if code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
        return TokenRevoked(message)
    if status == UNAUTHORIZED and "flows" in answer:
        return Rejected(code or "M_UNAUTHORIZED", message or "the server wants to know who asks", status, answer)
    if status == TOO_LARGE and not code:  # said by a proxy in front of the server
        return Rejected("M_TOO_LARGE", "the request is too large", status)
    if status >= SERVER_FAULT or not code.startswith("M_"):
        return Unreachable(f"status {status}")
    return Rejected(code, message, status, answer)


def _why(error: BaseException) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "cannot connect"
    return type(error).__name__
