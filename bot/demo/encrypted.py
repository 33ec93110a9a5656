"""A person whose client has keys: reads and writes in encrypted rooms as in the others."""

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bot.demo.member import FILTER, MatrixFault, Member
from bot.demo.speaker import Event
from bot.demo.synapse import Account
from bot.matrix.attachment import opened
from bot.matrix.encryption.machine import Unreadable
from bot.matrix.homeserver import Homeserver

ENCRYPTED = "m.room.encrypted"


class EncryptedMember(Member):
    """A member with a device of its own, whose keys are kept in `folder`.

    In the timeline stand the events in clear, marked `encrypted`, each as soon as its key is there; until then no
    method that waits sees it.
    """

    def __init__(self, account: Account, url: str, folder: Path) -> None:
        super().__init__(account, url)
        self.key_requests: list[Event] = []
        """What other devices asked this one for, because they could not read it."""
        self._device = SlowDevice(url, account.user_id, folder)
        self._unread: dict[str, tuple[str, Event]] = {}
        self._said: dict[str, Event] = {}

    async def __aenter__(self) -> Self:
        """Open the connections and publish the device's keys."""
        await super().__aenter__()
        await self._device.resume(self.account.device_id, self.account.access_token)
        await self._device.take_up_keys()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections; the account stays logged in."""
        await self._device.close()
        await super().__aexit__(kind, error, trace)

    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any], *, txn: str | None = None) -> str:
        """Send any event to all who are in the room by now, and return its id; the same `txn` again is the same event.

        Where the room is encrypted, the event is; reactions never are.
        """
        await self.sync()
        event_id = await self._device.send(room_id, event_type, dict(content), txn or secrets.token_hex(8))
        self._said[event_id] = {"type": event_type, "content": dict(content)}
        return event_id

    async def download(self, content: Mapping[str, Any]) -> bytes:
        """Return the file that a message carries, in clear."""
        return opened(await super().download(content), dict(content))

    @asynccontextmanager
    async def late_keys(self, room_id: str) -> AsyncIterator[None]:
        """What is said in this room meanwhile is said with a new key, which others get only afterwards."""
        self._device.client.invalidate_outbound_session(room_id)
        self._device.held = []
        try:
            yield
        finally:
            await self._device.release()

    async def wait_for_key_request(
        self,
        sender: str,
        timeout: float = 20.0,  # noqa: ASYNC109 - as in `wait_for`
    ) -> Event:
        """Return what this user's device asks for; raises TimeoutError after so many seconds."""

        def look() -> Event | None:
            return next((one for one in self.key_requests if one["sender"] == sender), None)

        return await self._until(look, timeout)

    async def _news(self, since: str | None, wait: float) -> dict[str, Any]:
        """Let the device see the news first: who is in which room, and the keys that came."""
        response = await self._device.client.sync(timeout=int(wait * 1000), sync_filter=FILTER, since=since)
        answer: dict[str, Any] = await response.transport_response.json()
        if "next_batch" not in answer:
            raise MatrixFault(response.transport_response.status, answer.get("errcode", ""), answer.get("error", ""))
        self._device.device.take(answer, response.to_device_events)
        events = answer.get("to_device", {}).get("events", [])
        self.key_requests += [event for event in events if event["type"] == "m.room_key_request"]
        return answer

    async def _collect(self, rooms: dict[str, Any]) -> None:
        await super()._collect(rooms)
        for event_id, (room_id, event) in list(self._unread.items()):
            try:
                clear = self._said.get(event_id) or await self._device.clear(room_id, event)
            except Unreadable:
                continue  # its key may come with the next news
            event.update(clear, encrypted=True)
            del self._unread[event_id]
        await self._device.keep_keys()

    def _remember(self, room_id: str, events: Iterable[Event]) -> None:
        events = list(events)
        for event in events:
            if event["type"] == ENCRYPTED and event["content"] and event["event_id"] not in self._known:
                self._unread[event["event_id"]] = room_id, event
        super()._remember(room_id, events)

    def _behind(self, room_id: str, event_id: str | None) -> list[Event]:
        return [event for event in super()._behind(room_id, event_id) if event["event_id"] not in self._unread]


class SlowDevice(Homeserver):
    """A device whose messages to other devices can be held back."""

    def __init__(self, url: str, user_id: str, folder: Path) -> None:
        super().__init__(url, user_id, folder)
        self.held: list[tuple[str, str, dict[str, Any] | None]] | None = None

    async def call(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the server, or keep the question for later; a held message counts as sent."""
        if self.held is not None and "/sendToDevice/m.room.encrypted/" in path:
            self.held.append((method, path, content))
            return {}
        return await super().call(method, path, content)

    async def release(self) -> None:
        """Send what was held back."""
        held, self.held = self.held or [], None
        for method, path, content in held:
            await super().call(method, path, content)
