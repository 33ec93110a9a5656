"""The bot's device among the others: what it asks the server between two syncs, before it sends and while it reads."""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nio
import structlog
from nio.crypto import OlmDevice, OutboundGroupSession

from bot.matrix.encryption.key_backup import KeyBackup, NoBackup
from bot.matrix.encryption.machine import MEGOLM, Event, Machine, Unreadable
from bot.matrix.encryption.store import Store, open_store
from bot.matrix.errors import Rejected, Unreachable

KEYS = "/_matrix/client/v3/keys"
TOGETHER = 50
BATCHES = 4
ASK_AGAIN_SECONDS = 600.0
Call = Callable[..., Awaitable[dict[str, Any]]]
log = structlog.get_logger()


class KeysTrouble(Exception):
    """The device cannot go on with the keys that are here: `lost` (others have been published) or `older` (a copy)."""

    def __init__(self, reason: str, device_id: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.device_id = device_id


class Client(nio.AsyncClient):  # type: ignore[misc]
    """nio's client, which leaves to `Device` what it does about keys itself."""

    store: Store | None
    olm: Machine | None

    def load_store(self) -> None:
        """Open the store of the keys, if the client was given a folder for it."""
        if self.olm is None and self.store_path:
            store = open_store(Path(self.store_path), self.user_id, self.device_id)
            self.store, self.olm = store, Machine(self.user_id, self.device_id, store)
            self.encrypted_rooms = store.load_encrypted_rooms()

    async def _handle_to_device(self, response: nio.SyncResponse) -> None:
        pass

    async def _handle_expired_verifications(self) -> None:
        pass

    async def _collect_key_requests(self) -> None:
        pass

    def _handle_timeline_event(self, event: Any, room_id: str, room: Any, encrypted_rooms: set[str]) -> None:
        if not isinstance(event, nio.MegolmEvent):
            super()._handle_timeline_event(event, room_id, room, encrypted_rooms)

    def _handle_messages_response(self, response: Any) -> None:
        pass

    def invalidate_outbound_session(self, room_id: str) -> None:
        """Use another key for what is said from now on, also if the one before is still being handed out."""
        if self.olm is not None:
            self.olm.outbound_group_sessions.pop(room_id, None)


class Device:
    """Keeps the device's keys and those of others up to date, encrypts what goes out and decrypts what comes in.

    Every method raises what `call` raises (Unreachable, Limited, TokenRevoked, Rejected) and may be called again.
    """

    def __init__(self, client: Client, call: Call) -> None:
        assert client.olm is not None  # noqa: S101 - the login has opened the store
        self.machine = client.olm
        self.backup: KeyBackup | None = None
        self._client = client
        self._call = call
        self._sealing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asking = asyncio.Lock()
        self._left: int | None = None
        self._fallback_left = True
        self._away: dict[str, float] = {}
        self._without_keys: dict[tuple[str, str], float] = {}

    async def begin(self) -> None:
        """Make sure that the keys here are those that the server knows of this device. Raises KeysTrouble.

        A server that knows of more one-time keys than were ever made here has met a later state of these keys.
        """
        machine = self.machine
        answer = await self._call("POST", f"{KEYS}/query", {"device_keys": {machine.user_id: [machine.device_id]}})
        published = answer.get("device_keys", {}).get(machine.user_id, {}).get(machine.device_id)
        if published is None:
            machine.account.shared = False
        elif published.get("keys") != machine.device_keys()["keys"]:
            raise KeysTrouble("lost", machine.device_id)
        noted = await self._noted()
        if noted.get("device_id") == machine.device_id and noted.get("made", 0) > machine.keys_made:
            raise KeysTrouble("older", machine.device_id)

    async def _noted(self) -> Event:
        try:
            return await self._call("GET", self._account_data())
        except Rejected as error:
            if error.code == "M_NOT_FOUND":
                return {}
            raise

    # -- between two syncs

    def take(self, answer: Event, events: Iterable[Any]) -> set[tuple[str, str]]:
        """Take what a sync brought; returns which room keys (room, session) have come."""
        counts = answer.get("device_one_time_keys_count")
        if isinstance(counts, dict):
            # nio takes no notice of the count when nothing is left.
            self._left = int(counts.get("signed_curve25519", 0))
        unused = answer.get("device_unused_fallback_key_types")
        if isinstance(unused, list):
            self._fallback_left = "signed_curve25519" in unused
        return self.machine.take(events)

    async def keep(self) -> set[str]:
        """Upload what the server lacks, ask for keys that changed, mend broken sessions; returns whose keys came."""
        await self.upload()
        changed = await self._ask(self.machine.users_for_key_query)
        await self._mend()
        await self._back_up()
        return changed

    async def upload(self) -> None:
        """Give the server the keys that it lacks; the note that they were made is there before they are."""
        machine = self.machine
        content = machine.keys_to_upload(self._left, fallback_left=self._fallback_left)
        if not content:
            return
        await self._call("PUT", self._account_data(), {"device_id": machine.device_id, "made": machine.keys_made})
        try:
            answer = await self._call("POST", f"{KEYS}/upload", content)
        except Rejected as error:
            if "already exists" in str(error):
                raise KeysTrouble("older", machine.device_id) from None
            raise
        machine.uploaded()
        self._left = int(answer.get("one_time_key_counts", {}).get("signed_curve25519", 0))
        self._fallback_left = True

    def _account_data(self) -> str:
        return f"/_matrix/client/v3/user/{quote(self.machine.user_id, safe='')}/account_data/uagbot.one_time_keys"

    async def _ask(self, users: Iterable[str]) -> set[str]:
        """Ask for the devices of these users where that is due; returns those for whom an answer came."""
        machine = self.machine
        async with self._asking:
            due = time.monotonic() - ASK_AGAIN_SECONDS
            asked = {one for one in users if self._away.get(one, due) <= due} & machine.users_for_key_query
            if not asked:
                return set()
            # A change that comes in while the server answers must not be taken for answered.
            machine.users_for_key_query -= asked
            try:
                answer = await self._call("POST", f"{KEYS}/query", {"device_keys": {user: [] for user in asked}})
            except BaseException:
                machine.users_for_key_query |= asked
                raise
            if not isinstance(answer.get("device_keys"), dict):
                machine.users_for_key_query |= asked
                raise Unreachable("the answer holds no devices")
            return self._learn(asked, answer)

    def _learn(self, asked: set[str], answer: Event) -> set[str]:
        machine = self.machine
        again = set(machine.users_for_key_query)
        before = {user: machine.owners.get(user) for user in asked}
        response = machine.learn(answer)
        with machine.store.database.atomic():
            self._client._handle_olm_response(response)  # noqa: SLF001 - nio's own way to its devices
        machine.users_for_key_query |= again
        for user in asked:
            if user in response.device_keys:
                self._away.pop(user, None)
            else:  # the user's server does not answer
                self._away[user] = time.monotonic()
                machine.users_for_key_query.add(user)
        resigned = {user for user in asked if machine.owners.get(user) != before[user]}
        for room in self._client.rooms.values():
            if room.encrypted and not resigned.isdisjoint(room.users):
                self._client.invalidate_outbound_session(room.room_id)
        return asked & set(response.device_keys)

    async def _mend(self) -> None:
        """Begin new sessions with devices whose sessions broke (spec: "Recovering from undecryptable messages")."""
        broken, self.machine.wedged_devices = list(self.machine.wedged_devices), []
        if not broken:
            return
        await self._send_sealed(await self._begin(broken), "m.dummy", {})

    async def _back_up(self) -> None:
        """Put room keys that came or were made into the backup; of a great many, the rest next time."""
        for _ in range(BATCHES):
            if self.backup is None or not self.machine.unsaved:
                return
            sessions = self.machine.not_backed_up(TOGETHER)
            if sessions:
                try:
                    await self.backup.upload_sessions(sessions)
                except NoBackup:
                    self._without_backup()
                    return
                self.machine.store.backed_up([one["session_id"] for one in sessions])
            self.machine.unsaved = len(sessions) == TOGETHER

    def _without_backup(self) -> None:
        self.backup = None
        log.warning("the key backup on the server is not ours any more; uagbot check says more")

    # -- sending

    async def sealed(self, room_id: str, kind: str, content: Event) -> tuple[str, Event]:
        """Encrypt an event for a room, after all devices there have the key. Raises KeyError for an unknown room."""
        room = self._client.rooms[room_id]
        async with self._sealing[room_id]:
            if not room.members_synced:
                answer = await self._call("GET", f"/_matrix/client/v3/rooms/{quote(room_id, safe='')}/joined_members")
                self._client._handle_joined_members(nio.JoinedMembersResponse.from_dict(answer, room_id))  # noqa: SLF001
            # Who leaves while the key is under way must not have the one that is used.
            while await self._share(room) is not self.machine.outbound_group_sessions.get(room_id):
                pass
            found: Event = self.machine.group_encrypt(room_id, {"type": kind, "content": content})
        if "m.relates_to" in content:
            found["m.relates_to"] = content["m.relates_to"]
        return "m.room.encrypted", found

    async def _share(self, room: nio.MatrixRoom) -> OutboundGroupSession:
        """Give the room's key to every device that lacks it; it may be used when all have it."""
        machine, room_id = self.machine, room.room_id
        await self._ask(list(room.users))
        session = machine.outbound_group_sessions.get(room_id)
        if session is None or session.expired:
            machine.create_outbound_group_session(room_id)
            session = machine.outbound_group_sessions[room_id]
        key = machine.room_key(room_id)
        lacking = [
            device
            for user, member in room.users.items()
            if not member.invited
            for device in machine.device_store.active_user_devices(user)
            if (user, device.id) not in session.users_shared_with
            and device.id != machine.device_id
            and machine.is_trusted(device)
        ]
        for start in range(0, len(lacking), TOGETHER):
            devices = await self._open(lacking[start : start + TOGETHER])
            await self._send_sealed(devices, "m.room_key", key)
            session.users_shared_with.update((one.user_id, one.id) for one in devices)
        session.shared = True
        return session

    async def _open(self, devices: list[OlmDevice]) -> list[OlmDevice]:
        """Begin sessions with devices where there are none; returns those that can be written to."""
        machine = self.machine
        now = time.monotonic()
        self._without_keys = {one: at for one, at in self._without_keys.items() if at > now - ASK_AGAIN_SECONDS}
        lacking = [
            one
            for one in devices
            if machine.session_with(one) is None and (one.user_id, one.id) not in self._without_keys
        ]
        for one in set(map(_name, lacking)) - set(map(_name, await self._begin(lacking))):
            self._without_keys[one] = now
        return [one for one in devices if machine.session_with(one) is not None]

    async def _begin(self, devices: list[OlmDevice]) -> list[OlmDevice]:
        """Begin new sessions, with one-time keys that the server has of the devices; returns where that worked."""
        if not devices:
            return []
        wanted: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for one in devices:
            wanted[one.user_id][one.id] = "signed_curve25519"
        claimed = (await self._call("POST", f"{KEYS}/claim", {"one_time_keys": wanted})).get("one_time_keys")
        if not isinstance(claimed, dict):
            raise Unreachable("the answer holds no one-time keys")
        with self.machine.store.database.atomic():
            return [
                one for one in devices if self.machine.open_session(one, claimed.get(one.user_id, {}).get(one.id, {}))
            ]

    async def _send_sealed(self, devices: list[OlmDevice], kind: str, content: Event) -> None:
        """Send an encrypted to-device event to devices that there are sessions with."""
        messages: defaultdict[str, dict[str, Event]] = defaultdict(dict)
        with self.machine.store.database.atomic():
            for one in devices:
                messages[one.user_id][one.id] = self.machine.sealed_for(one, kind, content)
        if messages:
            await self.send_to_devices("m.room.encrypted", messages)

    async def send_to_devices(self, kind: str, messages: Mapping[str, Mapping[str, Event]]) -> None:
        """Send to-device events, by user and device."""
        path = f"/_matrix/client/v3/sendToDevice/{kind}/{secrets.token_hex(16)}"
        await self._call("PUT", path, {"messages": messages})

    # -- reading

    async def clear(self, room_id: str, event: Event) -> Event:
        """Return an encrypted event in clear, with a key from the backup if need be. Raises Unreadable."""
        looked = False
        while True:
            try:
                return self.machine.read(room_id, event)
            except Unreadable as error:
                sender = event["sender"]
                if error.reason == "unknown-device" and sender not in self._away:
                    # While the server answers, a change may be a reason to ask for the same person again.
                    self.machine.users_for_key_query.add(sender)
                    await self._ask([sender])
                elif error.reason == "no-key" and not looked and await self._restored(room_id, error.session_id):
                    looked = True
                else:
                    raise

    async def _restored(self, room_id: str, session_id: str) -> bool:
        """Look for a room key in the backup."""
        if self.backup is None or not session_id:
            return False
        try:
            key = await self.backup.fetch_session(room_id, session_id)
        except NoBackup:
            self._without_backup()
            return False
        return key is not None and self.machine.import_room_key(key, room_id, session_id)

    async def request(self, room_id: str, sender: str, missing: Unreadable) -> None:
        """Ask the device that wrote something to send its room key once more (spec: `m.room_key_request`)."""
        if not missing.session_id or missing.session_id in self.machine.requested:
            return
        self.machine.requested[missing.session_id] = (room_id, sender)
        body = {
            "algorithm": MEGOLM,
            "room_id": room_id,
            "session_id": missing.session_id,
            "sender_key": missing.sender_key,
        }
        content = {
            "action": "request",
            "body": body,
            "request_id": secrets.token_hex(16),
            "requesting_device_id": self.machine.device_id,
        }
        await self.send_to_devices("m.room_key_request", {sender: {missing.device_id or "*": content}})


def _name(device: OlmDevice) -> tuple[str, str]:
    return device.user_id, device.id
