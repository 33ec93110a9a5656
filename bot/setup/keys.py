"""What setup does about the identity: makes it or takes it up, and hands its recovery key over."""

from contextlib import suppress
from enum import StrEnum

from bot.matrix.encryption.identity import (
    DRAFT,
    RECOVERY_KEY_ID,
    Identity,
    IdentityExists,
    KeysDiffer,
)
from bot.matrix.encryption.recovery import NoRecovery, WrongRecoveryKey
from bot.matrix.homeserver import Homeserver
from bot.setup.terminal import TRIES, Password, SetupFailed, Terminal

SHOWN = "recovery_key_shown"
"""The secret-storage key whose recovery key the operator has seen."""

ASK = "The recovery key (not shown; spaces do not matter)"
ASK_OR_SKIP = "The recovery key (not shown; Enter: the keys of the restored copy are enough)"

HANDED_OVER = """
This is the recovery key of {user}. It is shown this once and kept nowhere:

    {key}

It moves the bot to a new machine (uagbot setup --recovery-key) without anybody noticing. Without it, a bot whose
machine is lost needs a new identity, and all who have verified it are warned. Keep it like a password: in a password
manager or on paper, and not on this machine.
"""


class Wish(StrEnum):
    """What the operator wants of setup beyond finishing what is missing."""

    FINISH = "finish"
    NEW_DEVICE = "recovery-key"
    NEW_IDENTITY = "new-identity"
    NEW_RECOVERY_KEY = "new-recovery-key"


class Keys:
    """The keys of the device that `homeserver` is logged in on, and of the account's identity."""

    def __init__(self, homeserver: Homeserver, terminal: Terminal, password: Password) -> None:
        self._homeserver = homeserver
        self._terminal = terminal
        self._password = password
        self._store = homeserver.device.machine.store
        self.identity = homeserver.identity

    async def bring_in_order(self, wish: Wish, recovery_key: str | None) -> None:
        """Publish the device's keys, see to an identity that has signed it, and to a key backup.

        Where it was cut off it is only to be called again. Raises KeysTrouble, AuthenticationNeeded, SetupFailed, and
        what the identity raises.
        """
        lacking = await self._homeserver.take_up_keys()
        if wish is Wish.NEW_IDENTITY:
            await self._create(replace=True)
        elif not await self._created():
            if recovery_key is not None:
                await self._recover(recovery_key)
            elif lacking is not None:
                asked = await asked_recovery_key(self._homeserver, self._terminal)
                await self._recover(asked or "")
            if wish is Wish.NEW_RECOVERY_KEY or self._unseen():
                self._hand_over(await self.identity.renew_recovery_key())
        await self._open_backup()

    async def _created(self) -> bool:
        """Make an identity if the account has none, or go on with one that was begun."""
        if (await self.identity.published()).master is not None and DRAFT not in self._store.secrets:
            return False
        try:
            await self._create(replace=False)
        except IdentityExists:
            return False  # the one that was begun should have replaced it
        return True

    async def _create(self, *, replace: bool) -> None:
        key = await self._password.tried(lambda password: self.identity.create(password, replace=replace))
        self._store.back_up_all()
        self._terminal.done("The account has a new identity, which has signed the bot's device.")
        self._hand_over(key)

    async def _recover(self, recovery_key: str) -> None:
        await self.identity.recover(recovery_key)
        self._store.secrets[SHOWN] = self._store.secrets[RECOVERY_KEY_ID]
        self._terminal.done("The recovery key has brought the identity back, which has signed the bot's device.")

    async def _open_backup(self) -> None:
        before = await self.identity.backup.version()
        if not self.identity.backup.is_ours(before):
            await self.identity.backup.open()
            self._store.back_up_all()
            self._terminal.done("A new key backup is begun; `uagbot run` fills it.")

    def _unseen(self) -> bool:
        """Whether a recovery key was made here that nobody has seen: setup was cut off just then."""
        secrets = self._store.secrets
        return RECOVERY_KEY_ID in secrets and secrets.get(SHOWN) != secrets[RECOVERY_KEY_ID]

    def _hand_over(self, key: str) -> None:
        terminal = self._terminal
        terminal.say(HANDED_OVER.format(user=self._homeserver.user_id, key=key))
        *_, last = key.split()
        while terminal.is_person and terminal.line("When it is in a safe place, type its last four letters") != last:
            terminal.wrong("Those are not its last four letters; upper and lower case differ.")
        self._store.secrets[SHOWN] = self._store.secrets[RECOVERY_KEY_ID]


async def asked_recovery_key(homeserver: Homeserver, terminal: Terminal, *, may_skip: bool = False) -> str | None:
    """Ask for the recovery key until it opens the published identity; None if that was skipped.

    Raises SetupFailed after three tries, and where there is nothing to recover from.
    """
    for _ in range(TRIES):
        asked = terminal.secret(ASK_OR_SKIP if may_skip else ASK)
        if may_skip and not asked:
            return None
        try:
            await _try(homeserver, asked)
        except WrongRecoveryKey as error:
            terminal.wrong(str(error))
        except NoRecovery as error:
            raise SetupFailed(f"{error} What helps is a new identity: uagbot setup --new-identity") from None
        else:
            return asked
    raise SetupFailed(
        "Without its recovery key the identity cannot be taken up. Look for the key and do this again; if it is lost: "
        "uagbot setup --new-identity"
    )


async def _try(homeserver: Homeserver, recovery_key: str) -> None:
    """Find out whether this key brings back the published identity. Raises WrongRecoveryKey, NoRecovery."""
    nobody = Identity(homeserver.call, homeserver.user_id, "", {}, {})
    with suppress(KeysDiffer):  # having no device to sign, it gets no further than the keys
        await nobody.recover(recovery_key)
