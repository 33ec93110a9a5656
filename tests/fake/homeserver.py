"""The same homeserver over HTTP, with faults that a real one will not produce on request.

A sync costs what is new, not what there is. Of the rules only membership is enforced, not power levels. What it keeps
for encryption stands in `keys.py`, files in `media.py`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.fake import Account, Event, RefusedError, Room, Session, World, position, token
from tests.fake.keys import Keys
from tests.fake.media import Media

FIRST_LIMIT = 10
FIRST_RELATIONS = 5
LARGEST_BODY = 65536
LARGEST_REQUEST = 200 * LARGEST_BODY


@dataclass
class Fault:
    """What befalls the next requests whose path contains a text; without a status the connection is cut.

    With `until` nothing happens before that.
    """

    path_part: str
    times: int
    status: int | None = None
    body: Mapping[str, Any] | str = ""
    headers: Mapping[str, str] | None = None
    after_handling: bool = False
    until: asyncio.Event | None = None


class FakeHomeserver(World):
    """An async context manager that serves its world on a free port of 127.0.0.1 while it is open.

    `stop()` and `start()` restart it on its port with all that it knows.
    """

    def __init__(self, **world: Any) -> None:
        super().__init__(**world)
        self.limit_timeline: int | None = None
        """The timeline limit of every sync; without it the client's filter decides, else 10."""
        self.outdated: dict[str, list[Event]] = {}
        """By room, what the next sync that names the room says of its state, as after a fork, although it is past."""
        self.requests: list[str] = []
        """Every request as it arrived, such as `GET /_matrix/client/v3/sync`, also those that a fault befell."""
        self.keys = Keys(self, self._session)
        self.media = Media(self._session)
        self._transactions: dict[tuple[Session, str], str] = {}
        self._faults: list[Fault] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as last time."""
        app = web.Application(middlewares=[self._guard], client_max_size=LARGEST_REQUEST)
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Cut what is open and listen no more."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The address that clients are given."""
        return f"http://127.0.0.1:{self._port}"

    def fail_next(
        self,
        path_part: str,
        status: int,
        body: Mapping[str, Any] | str,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next requests whose path contains this text with an error: a mapping as JSON, a text as a page."""
        self._faults.append(Fault(path_part, times, status, body, headers))

    def drop_next(self, path_part: str, times: int = 1, *, after_handling: bool = False) -> None:
        """Cut the connection of the next requests whose path contains this text, before or after doing what they ask.

        aiohttp's client repeats a GET or PUT that was cut once by itself: its user notices nothing of a single cut,
        and `times=2` as one failure.
        """
        self._faults.append(Fault(path_part, times, after_handling=after_handling))

    def forgive(self) -> None:
        """Let no more fault befall any request."""
        self._faults.clear()

    def hang_next(self, path_part: str) -> asyncio.Event:
        """Leave the next request whose path contains this text without an answer; once the event is set, cut it."""
        fault = Fault(path_part, 1, until=asyncio.Event())
        self._faults.append(fault)
        assert fault.until is not None
        return fault.until

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        fault = self._fault_for(request.path)
        if fault and fault.until:
            await fault.until.wait()
        if fault and fault.status is not None:
            return _error_page(fault.status, fault.body, fault.headers)
        if fault and not fault.after_handling:
            answer: web.StreamResponse = web.Response()
        else:
            answer = await _answer(request, handler)
        if fault and request.transport:
            request.transport.abort()
        return answer

    def _fault_for(self, path: str) -> Fault | None:
        fault = next((fault for fault in self._faults if fault.path_part in path), None)
        if fault:
            fault.times -= 1
            if not fault.times:
                self._faults.remove(fault)
        return fault

    def _routes(self) -> Iterator[web.RouteDef]:
        yield web.get("/_matrix/client/versions", self._versions)
        room = "/rooms/{room}"
        for base in ("/_matrix/client/v3", "/_matrix/client/r0", "/_matrix/client/v1"):
            yield web.get(f"{base}/sync", self._sync)
            yield web.put(f"{base}{room}/send/{{type}}/{{txn}}", self._send)
            yield web.put(f"{base}{room}/redact/{{event}}/{{txn}}", self._redact)
            yield web.get(f"{base}{room}/messages", self._messages)
            yield web.get(f"{base}{room}/event/{{event}}", self._event)
            yield web.get(f"{base}{room}/relations/{{event}}{{tail:(/.*)?}}", self._relations)
            yield web.get(f"{base}{room}/state", self._state)
            yield web.get(f"{base}{room}/state/{{type}}{{key:(/[^/]*)?}}", self._state_event)
            yield web.put(f"{base}{room}/state/{{type}}{{key:(/[^/]*)?}}", self._put_state)
            yield web.get(f"{base}{room}/joined_members", self._joined_members)
            yield web.get(f"{base}{room}/members", self._members)
            yield web.post(f"{base}{room}/join", self._join)
            yield web.post(f"{base}/join/{{room}}", self._join)
            yield web.post(f"{base}{room}/leave", self._leave)
            yield web.get(f"{base}/joined_rooms", self._joined_rooms)
            yield web.get(f"{base}/login", self._flows)
            yield web.post(f"{base}/login", self._login)
            yield web.post(f"{base}/logout", self._logout)
            yield web.get(f"{base}/account/whoami", self._whoami)
            yield web.get(f"{base}/profile/{{user}}", self._profile)
            yield web.get(f"{base}/profile/{{user}}/displayname", self._profile)
            yield web.put(f"{base}/profile/{{user}}/displayname", self._set_displayname)
            yield web.post(f"{base}/user/{{user}}/filter", self._filter)
            yield from self.keys.routes(base)
        yield from self.media.routes()

    def _session(self, request: web.Request) -> Session:
        secret = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.query.get("access_token")
        if not secret:
            raise RefusedError(401, "M_MISSING_TOKEN", "Missing access token")
        if secret not in self.sessions:
            raise RefusedError(401, "M_UNKNOWN_TOKEN", "Invalid access token passed")
        return self.sessions[secret]

    def _joined_room(self, request: web.Request) -> tuple[Room, Session]:
        session = self._session(request)
        room = self.rooms.get(request.match_info["room"])
        if not room or room.membership(session.user) != "join":
            raise RefusedError(403, "M_FORBIDDEN", f"{session.user} is not in this room")
        return room, session

    # Accounts

    async def _versions(self, _request: web.Request) -> web.Response:
        return web.json_response({"versions": ["r0.6.1", "v1.1", "v1.11"], "unstable_features": {}})

    async def _flows(self, _request: web.Request) -> web.Response:
        return web.json_response({"flows": [{"type": "m.login.password"}]})

    async def _login(self, request: web.Request) -> web.Response:
        body = await _body(request)
        name = str(body.get("identifier", {}).get("user", ""))
        user = name if name.startswith("@") else f"@{name}:localhost"
        account = self.accounts.get(user)
        if not account or account.password != body.get("password"):
            raise RefusedError(403, "M_FORBIDDEN", "Invalid username or password")
        session = Session(user, body.get("device_id") or f"DEVICE{len(self.requests)}")
        self._end(session)
        secret = f"token-{len(self.requests)}-{user}"
        self.sessions[secret] = session
        return web.json_response({"user_id": user, "device_id": session.device, "access_token": secret})

    async def _logout(self, request: web.Request) -> web.Response:
        session = self._session(request)
        self._end(session)
        self.keys.forget(session)
        return web.json_response({})

    def _end(self, session: Session) -> None:
        self.sessions = {secret: known for secret, known in self.sessions.items() if known != session}

    async def _whoami(self, request: web.Request) -> web.Response:
        session = self._session(request)
        return web.json_response({"user_id": session.user, "device_id": session.device})

    async def _profile(self, request: web.Request) -> web.Response:
        account = self.accounts.get(request.match_info["user"])
        if not account:
            raise RefusedError(404, "M_NOT_FOUND", "No such profile")
        return web.json_response({"displayname": account.displayname})

    async def _set_displayname(self, request: web.Request) -> web.Response:
        account = self.accounts[self._session(request).user]
        account.displayname = (await _body(request))["displayname"]
        return web.json_response({})

    async def _filter(self, request: web.Request) -> web.Response:
        filters = self.accounts[self._session(request).user].filters
        filters.append(json.dumps(await _body(request)))
        return web.json_response({"filter_id": str(len(filters) - 1)})

    # Rooms

    async def _send(self, request: web.Request) -> web.Response:
        return self._once(request, request.match_info["type"], await _body(request))

    async def _redact(self, request: web.Request) -> web.Response:
        content = {**await _body(request), "redacts": request.match_info["event"]}
        return self._once(request, "m.room.redaction", content)

    def _once(self, request: web.Request, kind: str, content: Event) -> web.Response:
        """Store an event unless this device sent this transaction id before (spec: Transaction identifiers)."""
        room, session = self._joined_room(request)
        key = (session, request.path)
        if key not in self._transactions:
            self._transactions[key] = self._store(room, session, kind, content)
        return web.json_response({"event_id": self._transactions[key]})

    def _store(self, room: Room, session: Session, kind: str, content: Event, state_key: str | None = None) -> str:
        event_id = self.inject(room.room_id, session.user, kind, content, state_key)
        self.sent.append(room.complete(room.events[-1]))
        return event_id

    async def _put_state(self, request: web.Request) -> web.Response:
        room, session = self._joined_room(request)
        key = request.match_info["key"][1:]
        event_id = self._store(room, session, request.match_info["type"], await _body(request), key)
        return web.json_response({"event_id": event_id})

    async def _state(self, request: web.Request) -> web.Response:
        room, _ = self._joined_room(request)
        return web.json_response([room.complete(event) for event in room.state.values()])

    async def _state_event(self, request: web.Request) -> web.Response:
        room, _ = self._joined_room(request)
        event = room.state.get((request.match_info["type"], request.match_info["key"][1:]))
        if not event:
            raise RefusedError(404, "M_NOT_FOUND", "Event not found")
        return web.json_response(event["content"])

    async def _event(self, request: web.Request) -> web.Response:
        room, _ = self._joined_room(request)
        found, index = self.places.get(request.match_info["event"], (None, 0))
        if found is not room:
            raise RefusedError(404, "M_NOT_FOUND", "Event not found")
        return web.json_response(room.complete(room.events[index]))

    async def _relations(self, request: web.Request) -> web.Response:
        room, _ = self._joined_room(request)
        rel_type, _, kind = request.match_info["tail"][1:].partition("/")
        start = position(request.query.get("from", token(self.now)))
        limit = int(request.query.get("limit", FIRST_RELATIONS))
        return web.json_response(room.relations(request.match_info["event"], rel_type, kind, start, limit))

    async def _messages(self, request: web.Request) -> web.Response:
        room, _ = self._joined_room(request)
        query = request.query
        back = query.get("dir", "b") == "b"
        oldest, newest = token(0), token(self.now)
        start = position(query.get("from", newest if back else oldest))
        end = position(query.get("to", oldest if back else newest))
        return web.json_response(room.page(start, end, int(query.get("limit", FIRST_LIMIT)), back=back))

    async def _members(self, request: web.Request) -> web.Response:
        room, _ = self._joined_room(request)
        members = [room.complete(event) for event in room.state.values() if event["type"] == "m.room.member"]
        return web.json_response({"chunk": members})

    async def _joined_members(self, request: web.Request) -> web.Response:
        room, _ = self._joined_room(request)
        members = {
            user: {"display_name": event["content"].get("displayname")}
            for (kind, user), event in room.state.items()
            if kind == "m.room.member" and room.membership(user) == "join"
        }
        return web.json_response({"joined": members})

    async def _joined_rooms(self, request: web.Request) -> web.Response:
        user = self._session(request).user
        joined = [room.room_id for room in self.rooms.values() if room.membership(user) == "join"]
        return web.json_response({"joined_rooms": joined})

    async def _join(self, request: web.Request) -> web.Response:
        user = self._session(request).user
        room = self.rooms.get(request.match_info["room"])
        if not room or room.membership(user) not in ("invite", "join"):
            raise RefusedError(403, "M_FORBIDDEN", "You are not invited to this room")
        if room.membership(user) == "invite":
            self.set_membership(room.room_id, user, "join")
        return web.json_response({"room_id": room.room_id})

    async def _leave(self, request: web.Request) -> web.Response:
        user = self._session(request).user
        room = self.rooms.get(request.match_info["room"])
        if not room or room.membership(user) not in ("invite", "join"):
            raise RefusedError(403, "M_FORBIDDEN", f"{user} is not in this room")
        self.set_membership(room.room_id, user, "leave")
        return web.json_response({})

    async def _sync(self, request: web.Request) -> web.Response:
        session = self._session(request)
        query = request.query
        since = position(query["since"]) if "since" in query else None
        full = since is None or query.get("full_state") == "true"
        limit = self._limit(self.accounts[session.user], query.get("filter", "{}"))
        rooms = self.rooms_for(session.user, since, limit, full=full)
        messages, changed = self.keys.news(session, since)
        with suppress(TimeoutError):
            async with asyncio.timeout(int(query.get("timeout", 0)) / 1000):
                while not (full or messages or changed or any(rooms.values())):
                    await self.change()
                    rooms = self.rooms_for(session.user, since, limit, full=False)
                    messages, changed = self.keys.news(session, since)
        for room, joined in rooms["join"].items():
            joined["state"]["events"] += self.outdated.pop(room, [])
        self.syncs[session.user] += 1
        self.wake()
        answer = {
            "next_batch": token(self.now),
            "rooms": rooms,
            "to_device": {"events": messages},
            "device_lists": {"changed": changed, "left": []},
            **self.keys.left(session),
        }
        return web.json_response(answer)

    def _limit(self, account: Account, wanted: str) -> int:
        if self.limit_timeline is not None:
            return self.limit_timeline
        chosen = json.loads(wanted if wanted.startswith("{") else account.filters[int(wanted)])
        return int(chosen.get("room", {}).get("timeline", {}).get("limit", FIRST_LIMIT))


async def _answer(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except RefusedError as refused:
        return web.json_response(refused.body, status=refused.status)
    except web.HTTPException as unknown:
        return web.json_response({"errcode": "M_UNRECOGNIZED", "error": unknown.reason}, status=unknown.status)


def _error_page(status: int, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None) -> web.StreamResponse:
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type="text/html", headers=headers)
    return web.json_response(dict(body), status=status, headers=headers)


async def _body(request: web.Request) -> Event:
    raw = await request.read()
    if len(raw) > LARGEST_BODY:
        raise RefusedError(413, "M_TOO_LARGE", "event too large")
    content: Event = json.loads(raw or b"{}")
    return content
