"""A person with a plain Matrix client, independent of the bot's, for the demo and the tests."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp

from bot.demo.speaker import Event, Speaker, room_request
from bot.demo.synapse import Account

Found = TypeVar("Found")

_LONG_POLL = 10.0
_TRIES_AGAINST_LIMITS = 20
_TOO_MANY_REQUESTS = 429
_OUTRANKING_CREATORS_SINCE = 12
FILTER = '{"presence":{"types":[]},"room":{"ephemeral":{"types":[]},"timeline":{"limit":20}}}'


class MatrixFault(Exception):
    """The homeserver said no: HTTP status, errcode such as M_FORBIDDEN, its explanation."""

    def __init__(self, status: int, errcode: str, error: str) -> None:
        super().__init__(f"{status} {errcode}: {error}")
        self.status = status
        self.errcode = errcode
        self.error = error


class Member(Speaker):
    """Somebody in the rooms: says, votes and reacts, and remembers in order all that the rooms showed.

    Nothing is fetched behind the caller's back: `sync` and the methods that wait are what fetches. A refusal
    of the homeserver is raised as MatrixFault; its rate limits are waited for.
    """

    def __init__(self, account: Account, url: str) -> None:
        self.account = account
        self.url = url
        self.timeline: defaultdict[str, list[Event]] = defaultdict(list)
        """All events of each room, oldest first, each once, without gaps."""
        self.invites: dict[str, list[Event]] = {}
        """Open invitations: room id to stripped state."""
        self._known: set[str] = set()
        self._since: str | None = None
        self._syncing = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    @property
    def user_id(self) -> str:
        """The full Matrix id."""
        return self.account.user_id

    async def __aenter__(self) -> Self:
        """Open the connection."""
        self._session = aiohttp.ClientSession(
            self.url,
            headers={"Authorization": f"Bearer {self.account.access_token}"},
            timeout=aiohttp.ClientTimeout(total=60),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection; the account stays logged in."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    # Listening

    async def sync(self, wait: float = 0.0) -> None:
        """Collect what is new; if nothing is, wait up to so many seconds for it."""
        asked_from = self._since
        async with self._syncing:
            if self._since != asked_from:
                return  # somebody else who waits on this member has just brought the news
            response = await self._news(asked_from, wait)
            await self._collect(response.get("rooms", {}))
            self._since = response["next_batch"]

    async def wait_for(
        self,
        room_id: str,
        predicate: Callable[[Event], bool],
        timeout: float = 20.0,  # noqa: ASYNC109 -- part of the promise, and of the message when it is broken
        *,
        after: str | None = None,
    ) -> Event:
        """Return the room's first event that satisfies the predicate, from those seen and those to come.

        With `after`, an event id, only what stands behind that event counts. Raises TimeoutError after so
        many seconds, with the last of what was there instead.
        """

        def look() -> Event | None:
            return next(filter(predicate, self._behind(room_id, after)), None)

        try:
            return await self._until(look, timeout)
        except TimeoutError:
            seen = [f"  {event['type']} {event['content']}" for event in self._behind(room_id, after)[-5:]]
            raise TimeoutError(
                "\n".join([f"{self.user_id} waited {timeout:g} s in {room_id} and saw:", *seen])
            ) from None

    async def wait_for_invite(
        self,
        sender: str,
        timeout: float = 20.0,  # noqa: ASYNC109 -- as above
    ) -> str:
        """Return the id of the room that this user invites to; raises TimeoutError after so many seconds."""

        def look() -> str | None:
            return next(
                (room for room, state in self.invites.items() if _inviter_of(self.user_id, state) == sender), None
            )

        return await self._until(look, timeout)

    def _behind(self, room_id: str, event_id: str | None) -> list[Event]:
        events = self.timeline.get(room_id, [])
        if event_id is None:
            return events
        places = (place for place, event in enumerate(events, 1) if event["event_id"] == event_id)
        return events[next(places, len(events)) :]

    async def _until(self, look: Callable[[], Found | None], seconds: float) -> Found:
        async with asyncio.timeout(seconds):
            while (found := look()) is None:
                await self.sync(_LONG_POLL)
            return found

    async def _news(self, since: str | None, wait: float) -> dict[str, Any]:
        query = {"timeout": str(int(wait * 1000)), "filter": FILTER}
        if since is not None:
            query["since"] = since
        return await self._call("GET", "/_matrix/client/v3/sync", query=query)

    async def _collect(self, rooms: dict[str, Any]) -> None:
        left = rooms.get("leave", {})
        for room_id, room in (left | rooms.get("join", {})).items():
            timeline = room["timeline"]
            declined = room_id in left and room_id not in self.timeline
            gap = timeline.get("limited", False) and not declined
            older = await self._older(room_id, timeline["prev_batch"]) if gap else []
            self._remember(room_id, [*older, *timeline["events"]])
            self.invites.pop(room_id, None)
        for room_id, room in rooms.get("invite", {}).items():
            self.invites[room_id] = room["invite_state"]["events"]

    async def _older(self, room_id: str, token: str) -> list[Event]:
        """What stands before the token: back to the last sync, in a room that is new to us to its beginning."""
        query = {"dir": "b", "limit": "100", "from": token}
        if room_id in self.timeline and self._since is not None:
            query["to"] = self._since
        newest_first: list[Event] = []
        while True:
            page = await self._call("GET", _room(room_id, "messages"), query=query)
            newest_first += page["chunk"]
            if "end" not in page:
                return newest_first[::-1]
            query["from"] = page["end"]

    def _remember(self, room_id: str, events: Iterable[Event]) -> None:
        for event in events:
            if event["event_id"] not in self._known:
                self._known.add(event["event_id"])
                self.timeline[room_id].append(event)

    # Rooms

    async def create_room(
        self,
        name: str,
        *,
        invite: Iterable[str] = (),
        power: Mapping[str, int] | None = None,
        direct: bool = False,
        topic: str | None = None,
        encrypted: bool = False,
        room_version: str | None = None,
    ) -> str:
        """Create a private room and return its id; `power` gives levels to other users."""
        request = room_request(name, invite, direct=direct, encrypted=encrypted)
        if topic is not None:
            request["topic"] = topic
        if room_version is not None:
            request["room_version"] = room_version
        if power is not None:
            # Before version 12 the creator is a user like others in this list, later it must not be in it.
            old = room_version is not None and int(room_version) < _OUTRANKING_CREATORS_SINCE
            users = {**power, **({self.user_id: 100} if old else {})}
            request["power_level_content_override"] = {"users": users}
        answer = await self._call("POST", "/_matrix/client/v3/createRoom", request)
        return str(answer["room_id"])

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite somebody."""
        await self._call("POST", _room(room_id, "invite"), {"user_id": user_id})

    async def join(self, room_id: str) -> None:
        """Join, or accept an invitation."""
        await self._call("POST", _room(room_id, "join"), {})

    async def leave(self, room_id: str) -> None:
        """Leave, or decline an invitation."""
        await self._call("POST", _room(room_id, "leave"), {})

    async def kick(self, room_id: str, user_id: str) -> None:
        """Remove somebody, or take an invitation back."""
        await self._call("POST", _room(room_id, "kick"), {"user_id": user_id})

    async def state(self, room_id: str, event_type: str, state_key: str = "") -> dict[str, Any]:
        """Return the content of a state event as it is now."""
        return await self._call("GET", _room(room_id, "state", event_type, state_key))

    async def set_state(self, room_id: str, event_type: str, content: Mapping[str, Any], state_key: str = "") -> str:
        """Set a state event and return its event id."""
        answer = await self._call("PUT", _room(room_id, "state", event_type, state_key), content)
        return str(answer["event_id"])

    async def set_power(self, room_id: str, user_id: str, level: int) -> None:
        """Give a user a power level."""
        levels = await self.state(room_id, "m.room.power_levels")
        levels["users"] = {**levels.get("users", {}), user_id: level}
        await self.set_state(room_id, "m.room.power_levels", levels)

    async def upgrade_room(self, room_id: str, version: str) -> str:
        """Replace the room by a new one of that version and return the new room's id."""
        answer = await self._call("POST", _room(room_id, "upgrade"), {"new_version": version})
        return str(answer["replacement_room"])

    # Talking

    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any], *, txn: str | None = None) -> str:
        """Send any event and return its id; the same `txn` again is the same event."""
        path = _room(room_id, "send", event_type, txn or secrets.token_hex(8))
        return str((await self._call("PUT", path, content))["event_id"])

    async def redact(self, room_id: str, event_id: str) -> str:
        """Take an event back and return the redaction's id."""
        answer = await self._call("PUT", _room(room_id, "redact", event_id, secrets.token_hex(8)), {})
        return str(answer["event_id"])

    async def download(self, content: Mapping[str, Any]) -> bytes:
        """Return the file that a message carries, as the server keeps it."""
        if self._session is None:
            raise RuntimeError(f"{self.user_id} is not connected: use `async with`")
        address = (content.get("file") or content)["url"].removeprefix("mxc://")
        async with self._session.get(f"/_matrix/client/v1/media/download/{address}") as response:
            response.raise_for_status()
            return await response.read()

    async def _call(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        if self._session is None:
            raise RuntimeError(f"{self.user_id} is not connected: use `async with`")
        answer: dict[str, Any] = {}
        for _ in range(_TRIES_AGAINST_LIMITS):
            async with self._session.request(method, path, json=content, params=query) as response:
                answer = await response.json()
            if response.ok:
                return answer
            if response.status != _TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(answer.get("retry_after_ms", 1000) / 1000)
        raise MatrixFault(response.status, answer.get("errcode", "M_UNKNOWN"), answer.get("error", ""))


def _room(room_id: str, *rest: str) -> str:
    return "/".join(["/_matrix/client/v3/rooms", *(quote(part, safe="") for part in (room_id, *rest))])


def _inviter_of(user_id: str, stripped_state: Iterable[Event]) -> str | None:
    invitations = (
        event
        for event in stripped_state
        if event["type"] == "m.room.member"
        and event["state_key"] == user_id
        and event["content"].get("membership") == "invite"
    )
    return next((str(event["sender"]) for event in invitations), None)
