"""What the doctor says of encryption: whether clients accept the bot, and whether its keys can be brought back."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.doctor.devices import namesakes, sessions
from bot.doctor.finding import Finding
from bot.matrix.encryption import recovery
from bot.matrix.encryption.identity import DRAFT, Facts, Identity
from bot.matrix.encryption.kept import Kept, StoreUnreadable, look
from bot.matrix.encryption.published import Published
from bot.matrix.encryption.recovery import BACKUP, MASTER
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.homeserver import Homeserver
from bot.settings import Settings

SETUP = "uagbot setup"
NEW_DEVICE = "uagbot setup --recovery-key"
NEW_IDENTITY = "uagbot setup --new-identity"
NEW_RECOVERY_KEY = "uagbot setup --new-recovery-key"


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was looked at: on the server, and in the key store."""

    device: str
    published: Published
    facts: Facts
    noted: dict[str, Any]
    """What the server was told of the one-time keys that were made."""
    kept: Kept | None

    @property
    def secrets(self) -> dict[str, str]:
        """The private keys that are kept here."""
        return dict(self.kept.secrets) if self.kept else {}

    @property
    def begun(self) -> bool:
        """Whether anybody has given the account an identity, or wanted to."""
        return self.published.master is not None or MASTER in self.secrets or DRAFT in self.secrets

    @property
    def is_old(self) -> bool:
        """Whether the server has seen later keys of this device than are kept here."""
        made = self.kept.keys_made if self.kept else 0
        return bool(self.noted.get("device_id") == self.device and self.noted.get("made", 0) > made)


async def examine_keys(
    settings: Settings, homeserver: Homeserver, device: str | None, recovery_key: str | None = None
) -> AsyncIterator[Finding]:
    """Yield what there is to say of the keys of `device` (None: the bot has none yet), and change nothing."""
    try:
        kept = look(settings.storage.keys, settings.matrix.user, device or "")
    except StoreUnreadable as error:
        remedy = f"Let the bot's user read it. If it is damaged, move it away; then: {NEW_DEVICE}"
        yield Finding(f"The key store cannot be read ({error}).", remedy)
        return
    try:
        seen = await _see(homeserver, device or "", kept, recovery_key)
        if seen.begun:
            for finding in (*_accepted(seen), *_identity(seen), *_recovery(seen, recovery_key), *_backup(seen)):
                yield finding
        else:
            yield await _not_begun(homeserver)
        async for finding in _others(settings, homeserver, device):
            yield finding
    except (Rejected, Unreachable, Limited, TokenRevoked) as error:
        yield Finding(f"The keys cannot be examined ({error}).", "Try again in a few minutes.")


async def _see(homeserver: Homeserver, device: str, kept: Kept | None, recovery_key: str | None) -> Seen:
    user = homeserver.user_id
    secrets, keys = (dict(kept.secrets), kept.device_keys) if kept else ({}, {})
    identity = Identity(homeserver.call, user, device, secrets, keys)
    facts = await identity.examine(recovery_key)
    noted = f"/_matrix/client/v3/user/{quote(user, safe='')}/account_data/uagbot.one_time_keys"
    return Seen(device, await identity.published(), facts, await _found(homeserver, noted), kept)


async def _found(homeserver: Homeserver, path: str) -> dict[str, Any]:
    """Return what is there, or nothing."""
    try:
        return await homeserver.call("GET", path)
    except Rejected as error:
        if error.code != "M_NOT_FOUND":
            raise
        return {}


async def _not_begun(homeserver: Homeserver) -> Finding:
    """An account without an identity is in order as long as none of its rooms is encrypted."""
    for room in await homeserver.joined_rooms():
        state = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/state/m.room.encryption"
        if await _found(homeserver, state):
            return Finding(
                f"Clients will not accept the bot in {room}, which is encrypted: its account has no identity.",
                f"Stop the bot and make one: {SETUP}",
            )
    return Finding(f"The bot has no identity, and none of its rooms is encrypted. For encrypted ones: {SETUP}")


def _accepted(seen: Seen) -> Iterator[Finding]:
    """Say whether clients that exclude devices not signed by their owner will read the bot and let it read."""
    trouble = _not_accepted(seen)
    if trouble is None:
        yield Finding(f"Clients will accept the bot: its identity is published and has signed device {seen.device}.")
        yield Finding(f"Its fingerprint, as clients show it: {_fingerprint(seen)}")
    else:
        what, remedy = trouble
        yield Finding(f"Clients will not accept the bot: {what}.", f"Stop the bot, then: {remedy}")


def _fingerprint(seen: Seen) -> str:
    """Return the device's public key in groups of four, as clients show it."""
    key = seen.kept.device_keys[f"ed25519:{seen.device}"] if seen.kept else ""
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def _not_accepted(seen: Seen) -> tuple[str, str] | None:
    """Return the first thing in the way, and the command against it."""
    device, facts = seen.device, seen.facts
    if seen.published.master is None:
        return "no identity is published for its account", SETUP
    if not facts.published:
        return "the identity that is published for its account is incomplete", NEW_IDENTITY
    if not device:
        return "it has no device of its own yet", SETUP
    if device not in seen.published.devices:
        return f"device {device} has published no keys", SETUP
    if not facts.device_ours:
        here = "is missing" if seen.kept is None else "holds other keys"
        return f"it has lost the keys of device {device}, the key store {here}", NEW_DEVICE
    if seen.is_old:
        return f"the key store is an old copy, the server has seen later keys of device {device}", NEW_DEVICE
    if not facts.device_signed:
        return f"its identity has not signed device {device}", SETUP
    return None


def _identity(seen: Seen) -> Iterator[Finding]:
    if not seen.facts.published or seen.facts.ours:
        return
    if MASTER in seen.secrets:
        yield Finding(
            "The published identity is not the one whose keys are kept here: another client has replaced it.",
            f"Stop the bot, then {SETUP} with the recovery key that the other client showed; "
            f"if there is none: {NEW_IDENTITY}",
        )
    elif seen.facts.device_ours:
        yield Finding(
            "The private keys of the identity are not kept here.",
            f"Stop the bot, then {SETUP} asks for the recovery key and takes them up.",
        )


def _recovery(seen: Seen, recovery_key: str | None) -> Iterator[Finding]:
    """Say whether a new machine could go on as this one."""
    facts = seen.facts
    again = f"Stop the bot, then make a new recovery key: {NEW_RECOVERY_KEY}"
    if not facts.published:
        return
    if facts.missing:
        yield Finding(f"Nothing can be recovered: secret storage lacks {', '.join(facts.missing)}.", again)
    elif recovery_key is not None:
        yield _tried(recovery_key, opens=bool(facts.recovery_key_opens))
    elif facts.recovery_key_current is False:
        yield Finding("The bot's recovery key is out of use: another client has made a new one.", again)
    else:
        ours = ", and the recovery key that the bot knows of opens it" if facts.recovery_key_current else ""
        yield Finding(f"Recovery is possible: secret storage is complete{ours}.")


def _tried(recovery_key: str, *, opens: bool) -> Finding:
    if opens:
        return Finding("This recovery key brings everything back.")
    try:
        recovery.decode(recovery_key)
    except recovery.WrongRecoveryKey as error:
        return Finding(str(error), "Try again: uagbot check --recovery-key")
    return Finding(
        "This recovery key does not bring the identity back: it is the one of something else, or out of use.",
        f"Look for the right one. If it is lost, stop the bot and make a new one: {NEW_RECOVERY_KEY}",
    )


def _backup(seen: Seen) -> Iterator[Finding]:
    facts = seen.facts
    if not facts.published:
        return
    if facts.backup_version is None:
        yield Finding("The room keys are not backed up.", f"Stop the bot and begin a backup: {SETUP}")
    elif facts.backup_ours:
        yield Finding(f"{facts.backup_count} room keys are backed up, in version {facts.backup_version}.")
    elif BACKUP in seen.secrets:
        yield Finding(
            f"The key backup on the server (version {facts.backup_version}) is not the bot's: another client has "
            "begun a new one.",
            f"Stop the bot and begin one of its own: {SETUP}",
        )
    else:
        held = f"version {facts.backup_version} with {facts.backup_count} room keys"
        yield Finding(f"There is a key backup on the server, {held}.")


async def _others(settings: Settings, homeserver: Homeserver, device: str | None) -> AsyncIterator[Finding]:
    """Name devices that look like the bot and are not; two of them on one account take each other's messages."""
    if device is None:
        return
    found = await sessions(homeserver.call)
    for one in namesakes(found, device, settings.matrix.device_name):
        yield Finding(
            f"The account is logged in on another device of the same name: {one}.",
            f"If a uagbot runs there, stop it. Then stop this one too: {SETUP} offers to log the other device out.",
        )
