"""What a small homeserver in memory knows: accounts, rooms and events, and what a sync or a page shows of them.

Every event, change of keys and to-device message has a position in one list of all of them. A token is such a position,
written `s17`, and stands before what is there.
"""

import asyncio
import base64
import hashlib
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]


class RefusedError(Exception):
    """What is raised instead of answering a request: a Matrix error with its HTTP status."""

    def __init__(self, status: int, errcode: str, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"errcode": errcode, "error": error}


def token(position: int) -> str:
    """Write a position as clients get it."""
    return f"s{position}"


def position(text: str) -> int:
    """Read a token; ValueError if it is none."""
    return int(text.removeprefix("s"))


def power_levels(users: Mapping[str, int]) -> Event:
    """Return the content of a power level event under which every member may write."""
    defaults = {"users_default": 0, "events_default": 0, "state_default": 50, "redact": 50, "ban": 50, "kick": 50}
    return {**defaults, "invite": 0, "events": {}, "users": dict(users)}


@dataclass
class Account:
    """A user who can log in."""

    password: str
    displayname: str
    filters: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Session:
    """What an access token stands for."""

    user: str
    device: str


@dataclass
class Room:
    """A room: its events in order, their positions in the list of all events, and its current state."""

    room_id: str
    events: list[Event] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    state: dict[tuple[str, str], Event] = field(default_factory=dict)

    def append(self, event: Event, at: int) -> None:
        """Take in an event with its position in the list of all events."""
        if "state_key" in event:
            key = (event["type"], event["state_key"])
            if before := self.state.get(key):
                event["unsigned"]["prev_content"] = before["content"]
            self.state[key] = event
        self.positions.append(at)
        self.events.append(event)

    def index(self, at: int) -> int:
        """Return the index of the first event at this position or after it."""
        return bisect_left(self.positions, at)

    def membership(self, user: str) -> str:
        """Return join, invite, leave or ban; leave for someone who was never there."""
        event = self.state.get(("m.room.member", user))
        return str(event["content"].get("membership")) if event else "leave"

    def joined(self, user: str, since: int | None, limit: int, end: int, *, full: bool) -> Event | None:
        """Return what a sync up to the position `end` shows of a joined room, None if nothing is new."""
        new = self.index(since or 0)
        if new == len(self.events) and not full:
            return None
        if any(_is_join(event, user) for event in self.events[new:]):
            new, full = 0, True
        first = max(new, len(self.events) - limit)
        shown = self.events[first:]
        missing = list(self.state.values()) if full else _last_state(self.events[new:first])
        shown_ids = {event["event_id"] for event in shown}
        before = self.positions[first] if shown else end
        return {
            "timeline": {"events": shown, "limited": first > new, "prev_batch": token(before)},
            "state": {"events": [event for event in missing if event["event_id"] not in shown_ids]},
            "ephemeral": {"events": []},
            "account_data": {"events": []},
            "summary": {},
            "unread_notifications": {},
        }

    def left(self, user: str, since: int) -> Event | None:
        """Return what a sync shows of a room that the user left, None if that is no news."""
        own = self.state.get(("m.room.member", user))
        new = self.events[self.index(since) :]
        if not own or own not in new:
            return None
        timeline = {"events": new[: new.index(own) + 1], "limited": False, "prev_batch": token(since)}
        return {"timeline": timeline, "state": {"events": []}, "account_data": {"events": []}}

    def invited(self, user: str, since: int | None) -> Event | None:
        """Return what a sync shows of an invitation, None if it is no news."""
        own = self.state["m.room.member", user]
        if own not in self.events[self.index(since or 0) :]:
            return None
        kinds = ("m.room.create", "m.room.name", "m.room.join_rules", "m.room.encryption")
        keys = [(kind, "") for kind in kinds] + [("m.room.member", own["sender"]), ("m.room.member", user)]
        shown = [self.state[key] for key in dict.fromkeys(keys) if key in self.state]
        stripped = ("type", "sender", "content", "state_key")
        return {"invite_state": {"events": [{key: event[key] for key in stripped} for event in shown]}}

    def page(self, start: int, end: int, limit: int, *, back: bool) -> Event:
        """Return a page of `/messages` from one position towards another; without `end` in it nothing more is there."""
        low, high = self.index(min(start, end)), self.index(max(start, end))
        more = high - low > limit
        low, high = (max(low, high - limit), high) if back else (low, min(high, low + limit))
        chunk = [self.complete(event) for event in self.events[low:high]]
        answer: Event = {"chunk": chunk[::-1] if back else chunk, "start": token(start)}
        if more:
            answer["end"] = token(self.positions[low] if back else self.positions[high])
        return answer

    def relations(self, event_id: str, rel_type: str, kind: str, start: int, limit: int) -> Event:
        """Return a page of what relates to an event, newest first, before a position; an empty type stands for all."""
        found = []
        for at in range(self.index(start) - 1, -1, -1):
            event = self.events[at]
            relation = event["content"].get("m.relates_to")
            if not isinstance(relation, dict) or relation.get("event_id") != event_id or "rel_type" not in relation:
                continue
            if rel_type in ("", relation["rel_type"]) and kind in ("", event["type"]):
                found.append(at)
        answer: Event = {"chunk": [self.complete(self.events[at]) for at in found[:limit]]}
        if len(found) > limit:
            answer["next_batch"] = token(self.positions[found[limit - 1]])
        return answer

    def complete(self, event: Event) -> Event:
        """Return an event as it is given outside of a sync: with its `room_id`."""
        return event | {"room_id": self.room_id}


class World:
    """Accounts, sessions, rooms and events, and the hands that move them in a test.

    `clock_ms` gives `origin_server_ts`: milliseconds since 1970.
    """

    def __init__(self, clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self.clock_ms = clock_ms
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, Session] = {}
        """By access token; take one out to revoke it."""
        self.rooms: dict[str, Room] = {}
        self.sent: list[Event] = []
        """What clients sent, redacted or put as state, in order, each with its `room_id`."""
        self.syncs: Counter[str] = Counter()
        """How many syncs of a user were answered."""
        self.places: dict[str, tuple[Room, int]] = {}
        """The room of every event and its index there."""
        self._log: list[str] = []  # The room id of every event, by position; empty for what is in no room.
        self._changed = asyncio.Event()

    @property
    def now(self) -> int:
        """The position after the latest event."""
        return len(self._log)

    def add_user(self, user_id: str, password: str, token: str | None = None, device: str | None = None) -> None:
        """Create an account and, with a token, a session that is already logged in."""
        self.accounts[user_id] = Account(password, user_id[1:].partition(":")[0].capitalize())
        if token:
            self.sessions[token] = Session(user_id, device or "DEVICE")

    def add_room(self, name: str, members: Iterable[str], creator: str | None = None, version: str = "12") -> str:
        """Create a room of joined members who may write, return its id; the first made it unless a creator is named."""
        members = list(members)
        creator = creator or members[0]
        creator_in_levels = int(version) < 12
        room_id = f"{self._new_id('!')[:19]}:localhost" if creator_in_levels else self._new_id("!")
        self.rooms[room_id] = Room(room_id)
        self.inject(room_id, creator, "m.room.create", {"room_version": version}, "")
        self.set_membership(room_id, creator, "join")
        levels = power_levels({creator: 100} if creator_in_levels else {})
        self.inject(room_id, creator, "m.room.power_levels", levels, "")
        self.inject(room_id, creator, "m.room.join_rules", {"join_rule": "invite"}, "")
        self.inject(room_id, creator, "m.room.history_visibility", {"history_visibility": "shared"}, "")
        self.inject(room_id, creator, "m.room.name", {"name": name}, "")
        for member in dict.fromkeys(members):
            if member != creator:
                self.set_membership(room_id, member, "join")
        return room_id

    def set_membership(self, room_id: str, user: str, membership: str) -> None:
        """Let a user join or leave a room."""
        content = {"membership": membership}
        if membership == "join" and user in self.accounts:
            content["displayname"] = self.accounts[user].displayname
        self.inject(room_id, user, "m.room.member", content, user)

    def member_says(self, room_id: str, sender: str, text: str, **content: Any) -> str:
        """Post a text message, return its event id; more content comes as keywords."""
        return self.inject(room_id, sender, "m.room.message", {"msgtype": "m.text", "body": text, **content})

    def inject(
        self, room_id: str, sender: str, kind: str, content: Mapping[str, Any], state_key: str | None = None
    ) -> str:
        """Append any event, unchecked, as if it had just arrived; return its event id. A redaction redacts."""
        room = self.rooms[room_id]
        event: Event = {
            "type": kind,
            "sender": sender,
            "content": dict(content),
            "event_id": self._new_id("$"),
            "origin_server_ts": self.clock_ms(),
            "unsigned": {},
        }
        if state_key is not None:
            event["state_key"] = state_key
        if kind == "m.room.redaction":
            event["redacts"] = content["redacts"]
            self._strip(content["redacts"], event)
        self.places[event["event_id"]] = (room, len(room.events))
        room.append(event, at=self.now)
        self._log.append(room_id)
        self.wake()
        return str(event["event_id"])

    def mark(self) -> int:
        """Take a position for something that is no event, and return it."""
        self._log.append("")
        self.wake()
        return self.now - 1

    def sent_by(self, user: str) -> list[Event]:
        """Return what this user's clients sent, redacted or put as state, in order, each with its `room_id`."""
        return [event for event in self.sent if event["sender"] == user]

    async def wait_sent(self, count: int, timeout: float) -> list[Event]:  # noqa: ASYNC109 - reads like wait_for
        """Wait until clients have sent this many events in all, return them; TimeoutError after `timeout` seconds."""
        await self.wait_until(lambda: len(self.sent) >= count, timeout)
        return self.sent

    async def wait_until(self, condition: Callable[[], bool], timeout: float) -> None:  # noqa: ASYNC109 - see above
        """Wait until something becomes true of this server; TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while not condition():
                await self.change()

    async def change(self) -> None:
        """Wait for the next event or answered sync."""
        await self._changed.wait()

    def wake(self) -> None:
        """Let those go on who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def rooms_for(self, user: str, since: int | None, limit: int, *, full: bool) -> dict[str, Event]:
        """Return the `rooms` of a sync from a position on, with at most `limit` events in each timeline."""
        shown: dict[str, Event] = {"join": {}, "invite": {}, "leave": {}}
        for room_id in self.rooms if full else dict.fromkeys(filter(None, self._log[since:])):
            room = self.rooms[room_id]
            membership = room.membership(user)
            if membership == "join":
                part = room.joined(user, since, limit, self.now, full=full)
            elif membership == "invite":
                part = room.invited(user, since)
            else:
                part = None if since is None else room.left(user, since)
            if part:
                shown[membership if membership in shown else "leave"][room_id] = part
        return shown

    def _new_id(self, sigil: str) -> str:
        digest = hashlib.sha256(f"{sigil}{self.now}".encode()).digest()
        return sigil + base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _strip(self, event_id: str, because: Event) -> None:
        room, index = self.places[event_id]
        room.events[index]["content"] = {}
        room.events[index]["unsigned"] = {"redacted_because": because}


def _is_join(event: Event, user: str) -> bool:
    if event["type"] != "m.room.member" or event.get("state_key") != user:
        return False
    before = event["unsigned"].get("prev_content", {}).get("membership")
    return bool(event["content"].get("membership") == "join" != before)


def _last_state(events: list[Event]) -> list[Event]:
    state = {(event["type"], event["state_key"]): event for event in events if "state_key" in event}
    return list(state.values())
