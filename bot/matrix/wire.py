"""The way of verifications to the homeserver: the verifier's port, filled by our device."""

import secrets
from typing import Any

from bot.matrix.encryption.published import Published, key_id
from bot.matrix.encryption.recovery import MASTER
from bot.matrix.encryption.sas import Party
from bot.matrix.encryption.signing import SigningKey, is_signed
from bot.matrix.homeserver import Homeserver
from bot.matrix.verifier import Keys

Content = dict[str, Any]


class HomeserverWire:
    """Sends for the verifier. Raises TokenRevoked, Unreachable, Limited and Rejected."""

    def __init__(self, homeserver: Homeserver) -> None:
        self.homeserver = homeserver

    @property
    def own(self) -> Party:
        """The bot itself, with the master key if its identity is kept here."""
        machine = self.homeserver.device.machine
        seed = machine.store.secrets.get(MASTER)
        master = SigningKey(seed).public if seed else None
        return Party(machine.user_id, machine.device_id, machine.account.identity_keys["ed25519"], master)

    async def send_to_device(self, user: str, device: str, event_type: str, content: Content) -> None:
        """Send a message to one device, or with `*` to all of the user's."""
        await self.homeserver.device.send_to_devices(event_type, {user: {device: content}})

    async def send_in_room(self, room: str, event_type: str, content: Content) -> None:
        """Send an event, encrypted where the room is."""
        await self.homeserver.send(room, event_type, content, secrets.token_hex(16))

    async def keys_of(self, user: str) -> Keys:
        """Ask the server for the keys of a user as they are now; only devices that sign for themselves count."""
        answer = await self.homeserver.call("POST", "/_matrix/client/v3/keys/query", {"device_keys": {user: []}})
        published = Published.of(user, answer)
        devices = {}
        for name, keys in published.devices.items():
            found = keys.get("keys") if isinstance(keys, dict) else None
            public = found.get(key_id(name)) if isinstance(found, dict) else None
            if isinstance(public, str) and is_signed(keys, user, key_id(name), public):
                devices[name] = public
        master = published.public[MASTER]
        return Keys(devices, master, published.master if master else None)

    async def sign_user(self, raw_master: Content) -> None:
        """Publish that the bot trusts this master key."""
        await self.homeserver.identity.sign_user(raw_master)
