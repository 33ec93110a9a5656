"""People whose client excludes every device that its owner has not signed: matrix-js-sdk, driven from Python."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any, Self, TypeVar

from bot.demo.speaker import Event, Speaker, room_request
from bot.demo.synapse import Account
from tests.real.strict.node import News, Node
from tests.real.strict.verification import Verification

Found = TypeVar("Found")

_SHOWN = 8


class StrictClient(Speaker):
    """One device in strict mode: it shares keys with signed devices only and shows what signed devices sent.

    It syncs by itself; `timeline` fills while the test awaits anything. A refusal of the homeserver is raised
    as MatrixFault, one of the library as NodeFailed.
    """

    def __init__(self, node: Node, account: Account) -> None:
        self.account = account
        self.user_id = account.user_id
        self.device_id = ""
        self.recovery_key: str | None = None
        """Opens the account's secret storage, in the spec's base58 form; None on an unsigned device."""
        self.timeline: defaultdict[str, list[Event]] = defaultdict(list)
        """All events of each room as this device sees them, oldest first, each once, without gaps.

        Each has type, content, sender, event_id, origin_server_ts, state_key if it is a state event, `encrypted`,
        and `unreadable`: the library's failure code, or None. What cannot be read has the type m.room.encrypted
        and the content as sent; when its key comes, the entry is replaced. A room begins with at most the last
        20 events before the login, or 50 before the joining.
        """
        self.invites: dict[str, list[Event]] = {}
        """Invitations seen so far: room id to stripped state."""
        self.verifications: list[Verification] = []
        """All verifications that were requested, by either side, oldest first."""
        self._places: dict[str, int] = {}
        self._node = node
        self._number = node.listen(self._receive)
        self._news = asyncio.Event()

    async def stop(self) -> None:
        """Stop syncing and forget the keys, as if the phone were lost; the device stays logged in."""
        await self._ask("stop")
        self._node.forget(self._number)

    # Listening

    async def wait_for(
        self,
        room_id: str,
        predicate: Callable[[Event], bool],
        timeout: float = 20.0,  # noqa: ASYNC109 -- as Member has it
        *,
        after: str | None = None,
    ) -> Event:
        """Return the room's first event that satisfies the predicate, from those seen and those to come.

        An event that becomes readable is looked at again. With `after`, an event id, only what stands behind
        that event counts. Raises TimeoutError after so many seconds, with the last of what was there instead.
        """

        def look() -> Event | None:
            return next(filter(predicate, self._behind(room_id, after)), None)

        try:
            return await self._until(look, timeout)
        except TimeoutError:
            seen = [
                f"  {event['type']} {event['unreadable'] or event['content']}"
                for event in self._behind(room_id, after)[-_SHOWN:]
            ]
            raise TimeoutError(
                "\n".join([f"{self.user_id} waited {timeout:g} s in {room_id} and saw:", *seen])
            ) from None

    async def wait_for_invite(self, sender: str, timeout: float = 20.0) -> str:  # noqa: ASYNC109 -- as above
        """Return the id of the room that this user invites to; raises TimeoutError after so many seconds."""

        def invites(state: list[Event]) -> bool:
            mine = (event for event in state if event["type"] == "m.room.member" and event["state_key"] == self.user_id)
            return any(event["sender"] == sender for event in mine)

        return await self._until(
            lambda: next((room for room, state in self.invites.items() if invites(state)), None), timeout
        )

    async def wait_for_verification(self, sender: str, timeout: float = 20.0) -> Verification:  # noqa: ASYNC109
        """Return the verification that this user requested and that goes on.

        Raises TimeoutError after so many seconds; `verifications` has those that have ended.
        """

        def look() -> Verification | None:
            theirs = (found for found in self.verifications if found.user_id == sender and not found.mine)
            return next((found for found in theirs if found.phase not in ("done", "cancelled")), None)

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
                self._news.clear()
                await self._news.wait()
            return found

    # Rooms

    async def create_room(
        self,
        name: str,
        *,
        invite: Iterable[str] = (),
        encrypted: bool = True,
        power: Mapping[str, int] | None = None,
        direct: bool = False,
    ) -> str:
        """Create a private room and return its id; `power` gives levels to other users."""
        request = room_request(name, invite, direct=direct, encrypted=encrypted)
        if power is not None:
            request["power_level_content_override"] = {"users": dict(power)}
        return str(await self._ask("createRoom", **request))

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite somebody."""
        await self._ask("invite", room=room_id, user=user_id)

    async def join(self, room_id: str) -> None:
        """Join, or accept an invitation."""
        await self._ask("join", room=room_id)
        self.invites.pop(room_id, None)

    async def leave(self, room_id: str) -> None:
        """Leave, or decline an invitation."""
        await self._ask("leave", room=room_id)

    async def kick(self, room_id: str, user_id: str) -> None:
        """Remove somebody, or take an invitation back."""
        await self._ask("kick", room=room_id, user=user_id)

    # Talking: what a room's state says is encrypted goes out encrypted, reactions and redactions never

    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> str:
        """Send any event and return its id."""
        return str(await self._ask("send", room=room_id, type=event_type, content=content))

    async def redact(self, room_id: str, event_id: str) -> str:
        """Take an event back and return the redaction's id."""
        return str(await self._ask("redact", room=room_id, event=event_id))

    async def download(self, content: Mapping[str, Any]) -> dict[str, str]:
        """Return the file of a message as the client saves it: `text`, and the server's `mimetype` and `disposition`.

        Raises NodeFailed if it cannot be opened or is not the one that the message means.
        """
        found: dict[str, str] = await self._ask("download", url=content.get("url"), file=content.get("file"))
        return found

    # Keys

    async def discard_session(self, room_id: str) -> None:
        """Encrypt the next message in this room with a new session."""
        await self._ask("discardSession", room=room_id)

    async def messages_readable_before(self, room_id: str) -> list[Event]:
        """Return, oldest first, the encrypted events from before the own last joining that can be read."""
        events: list[Event] = await self._ask("messagesReadableBefore", room=room_id)
        return events

    async def hold_keys(self) -> None:
        """From now on the network delays keys: this device believes them sent, nobody gets them."""
        await self._ask("holdKeys")

    async def release_keys(self) -> int:
        """Deliver the delayed keys in their order, delay no more, and return how many requests that were."""
        return int(await self._ask("releaseKeys"))

    async def drop_keys(self) -> int:
        """Lose the delayed keys for ever, delay no more, and return how many requests are lost."""
        return int(await self._ask("dropKeys"))

    # Trust

    async def trust(self, user_id: str, device_id: str) -> dict[str, bool] | None:
        """Ask the server and return what the library thinks of a device; None: it has no device keys.

        signedByOwner: the owner's identity has signed it; crossSigningVerified: and this user has verified
        the owner; localVerified: this device was told to trust it.
        """
        found: dict[str, bool] | None = await self._ask("trust", user=user_id, device=device_id)
        return found

    async def has_identity(self, user_id: str) -> bool:
        """Ask the server whether this user has published a cross-signing identity."""
        return bool(await self._ask("hasIdentity", user=user_id))

    # Secret storage and backup

    async def unlock_secret_storage(self, recovery_key: str) -> dict[str, str]:
        """Read the account's secrets as a new device does, sign this device, and return the secrets by name.

        Without the backup's key in the storage there is none in the answer; with it, the backup is on. Raises
        NodeFailed for a key that does not fit, and for a storage that lacks one of the three identity keys.
        """
        secrets: dict[str, str] = await self._ask("unlockSecretStorage", recovery_key=recovery_key)
        self.recovery_key = recovery_key
        return secrets

    async def backup(self) -> str:
        """Begin a new key backup, its key in the secret storage, and return its version."""
        return str(await self._ask("backup"))

    async def backed_up(self) -> int:
        """Return how many sessions this device knows, as soon as all of them are in the backup."""
        return int(await self._ask("backedUp"))

    async def restore_backup(self) -> int:
        """Fetch the whole backup and return how many sessions it brought."""
        return int(await self._ask("restoreBackup"))

    # Verification

    async def request_verification(
        self, user_id: str, *, device: str | None = None, room: str | None = None
    ) -> Verification:
        """Ask somebody to verify: by to-device messages to that device, or in that room."""
        if (device is None) == (room is None):
            raise ValueError("a verification needs a device or a room, and not both")
        number = await self._ask("requestVerification", user=user_id, device=device, room=room)
        return self._verification(number)

    def _verification(self, number: int) -> Verification:
        while len(self.verifications) < number:
            self.verifications.append(Verification(len(self.verifications) + 1, self._ask, self._until))
        return self.verifications[number - 1]

    async def _ask(self, method: str, **params: object) -> Any:
        return await self._node.ask(self._number, method, **params)

    async def _log_in(self, url: str, device: str, signed: bool, recovery_key: str | None) -> None:
        answer = await self._ask(
            "login",
            url=url,
            user=self.user_id,
            password=self.account.password,
            device=device,
            signed=signed,
            recovery_key=recovery_key,
        )
        self.device_id = answer["device_id"]
        self.recovery_key = answer["recovery_key"]

    def _receive(self, news: News) -> None:
        if news["news"] == "timeline":
            self._show(news["room"], news["event"])
        elif news["news"] == "invite":
            self.invites[news["room"]] = news["state"]
        else:
            self._verification(news["number"]).look(news)
        self._news.set()

    def _show(self, room_id: str, event: Event) -> None:
        events = self.timeline[room_id]
        place = self._places.setdefault(event["event_id"], len(events))
        events[place : place + 1] = [event]


class StrictClients:
    """The strict clients of one test, stopped at its end; without a Node process to live in it starts one."""

    def __init__(self, url: str, node: Node | None = None) -> None:
        self.url = url
        self._given = node
        self._clients: list[StrictClient] = []
        self._recovery_keys: dict[str, str] = {}
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        """Start Node if need be."""
        self._node = self._given or self._stack.enter_context(Node())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop all clients."""
        with self._stack:
            await asyncio.gather(*(client.stop() for client in self._clients), return_exceptions=True)

    async def login(self, account: Account, *, device: str = "Telefon", signed: bool = True) -> StrictClient:
        """Log a new device in by password.

        The user's first signed device publishes an identity and makes a secret storage and a recovery key; the
        later ones are signed through it. `signed=False` leaves the device unsigned and, until it unlocks the
        secret storage, open to all others, as a client without cross-signing is. Raises NodeFailed if the
        account has an identity that did not come from here.
        """
        client = StrictClient(self._node, account)
        self._clients.append(client)
        async with self._one_at_a_time[account.user_id]:
            await client._log_in(self.url, device, signed, self._recovery_keys.get(account.user_id))
            if client.recovery_key is not None:
                self._recovery_keys[account.user_id] = client.recovery_key
        return client
