"""Setup's work on the server: the bot's device, its identity, and the devices that it has left."""

import json
from collections.abc import Collection
from contextlib import suppress

from bot.doctor.devices import log_out, namesakes, sessions
from bot.doctor.keys import examine_keys
from bot.login import by_password, log_in, remember
from bot.matrix.encryption.device import KeysTrouble
from bot.matrix.encryption.identity import AuthenticationNeeded, Identity
from bot.matrix.encryption.kept import Kept, StoreUnreadable, look
from bot.matrix.encryption.published import Published
from bot.matrix.errors import Limited, Rejected, TokenRevoked, Unreachable
from bot.matrix.homeserver import Homeserver
from bot.settings import Settings, SettingsError
from bot.setup.account import ask_in, write_private
from bot.setup.keys import Keys, Wish, asked_recovery_key
from bot.setup.terminal import Password, SetupFailed, Terminal
from storage import account
from storage.database import Database

FORMER = "former_devices"
"""The devices that this bot has had and that may have to be logged out, as a JSON list."""


class Enrolment:
    """One run of setup on an account whose settings are there."""

    def __init__(self, settings: Settings, terminal: Terminal, password: Password) -> None:
        self._settings = settings
        self._terminal = terminal
        self._password = password
        self._user = settings.matrix.user
        self._database = Database(settings.storage.url)
        self._homeserver = self._logged_out()

    def _logged_out(self) -> Homeserver:
        return Homeserver(self._settings.matrix.homeserver, self._user, self._settings.storage.keys)

    async def run(self, wish: Wish, *, just_logged_in: bool) -> bool:
        """Finish what is missing; returns whether the keys are in order then.

        Each step may be cut off: the next run goes on. Raises SetupFailed, DatabaseTrouble, KeysTrouble,
        AuthenticationNeeded, TokenRevoked, Rejected, Unreachable, Limited and what the identity raises.
        """
        try:
            await self._database.lock()
            await self._database.upgrade()
            self._look("")
            moves = wish is Wish.NEW_DEVICE and not just_logged_in
            device = await (self._move(wish) if moves else self._stay(wish))
            left = await self._leave_others(device, all_of_them=wish is Wish.NEW_DEVICE)
            return await self._show(device) and left
        finally:
            await self._homeserver.close()
            await self._database.close()

    async def _stay(self, wish: Wish) -> str:
        """Work on the device that the bot has; returns it."""
        before = await self._known_device()
        device = await log_in(self._settings, self._homeserver, self._database)
        if before not in (None, device):
            self._note(before, device)
        try:
            await Keys(self._homeserver, self._terminal, self._password).bring_in_order(wish, None)
        except KeysTrouble:
            if wish is not Wish.NEW_IDENTITY:
                raise
            self._terminal.say("The keys of the bot's device are lost: it gets a new device as well.")
            await self._homeserver.close()
            self._homeserver = self._logged_out()
            return await self._move(wish)
        return device

    async def _move(self, wish: Wish) -> str:
        """Give the bot a new device, and return it; the old one's keys stay until the recovery key is proved."""
        outside = Homeserver(self._settings.matrix.homeserver, self._user, None)
        try:
            former = await self._known_device(), await self._device_of_token(outside)
            device, token, made = await self._new_device(outside)
            try:
                recovery_key = None if wish is Wish.NEW_IDENTITY else await self._recovery_key(outside)
            except BaseException:
                if made:
                    with suppress(Rejected, Unreachable, Limited):
                        await outside.log_out()
                raise
        finally:
            await outside.close()
        await self._homeserver.resume(device, token)
        self._note(*former, device)
        keys = Keys(self._homeserver, self._terminal, self._password)
        await keys.bring_in_order(wish, recovery_key)
        if not (await keys.identity.examine()).device_signed:
            raise SetupFailed(f"The server does not show device {device} as signed. Do this again.")
        self._keep_token(token)
        await remember(self._settings, self._database, device, token)
        self._terminal.done(f"The bot is on the new device {device}.")
        return device

    # The login

    async def _known_device(self) -> str | None:
        async with self._database.begin() as tx:
            known = await account.load(tx, self._user)
        return known.device_id if known else None

    async def _device_of_token(self, outside: Homeserver) -> str | None:
        """Return the device of the settings' token, if that is there and still valid."""
        try:
            token = self._settings.matrix.token
            return None if token is None else (await outside.whoami(token))[1]
        except (SettingsError, TokenRevoked, Rejected):
            return None

    async def _new_device(self, outside: Homeserver) -> tuple[str, str, bool]:
        """Return the device, its token, and whether this login has made it."""
        matrix = self._settings.matrix
        if by_password(self._settings):
            return *await outside.log_in(matrix.login_password or "", None, matrix.device_name), True
        self._terminal.say("The bot needs a new login: the password, or the token of a session made just for it.")
        device, token, password = await ask_in(outside, self._terminal, matrix.device_name)
        if password is not None:
            self._password.learn(password)
            return device, token, True
        shown = (await self._published(outside)).devices.get(device)
        kept = self._look(device)
        if shown is not None and (kept is None or shown.get("keys") != kept.device_keys):
            raise SetupFailed(f"Device {device} has keys of its own already. Log in once more, and give that token.")
        return device, token, False

    def _keep_token(self, token: str) -> None:
        """Put the new token where the settings look for it, or tell the operator to."""
        if by_password(self._settings):
            return
        file = self._settings.matrix.access_token_file
        try:
            if file is not None:
                write_private(file, token)
                return
        except OSError:
            pass  # systemd, for one, hands tokens over in files that cannot be written
        place = self._settings.storage.folder.absolute() / "access_token.new"
        write_private(place, token)
        wanted = "matrix.access_token" if file is None else str(file)
        self._terminal.wrong(
            f"Before the next start: put the new token from {place} into {wanted}, and delete {place}."
        )

    # The keys

    def _look(self, device: str) -> Kept | None:
        try:
            return look(self._settings.storage.keys, self._user, device)
        except StoreUnreadable as error:
            raise SetupFailed(
                f"The key store cannot be read ({error}). Move it away; then: uagbot setup --recovery-key"
            ) from None

    async def _published(self, outside: Homeserver) -> Published:
        return await Identity(outside.call, self._user, "", {}, {}).published()

    async def _recovery_key(self, outside: Homeserver) -> str | None:
        """Return the recovery key, proved; None where there is no need of one."""
        published = await self._published(outside)
        if published.master is None:
            self._terminal.say("The account has no identity: there is nothing to recover, it gets a new one.")
            return None
        kept = self._look("")
        restored = kept is not None and published.belongs_to(kept.secrets)
        return await asked_recovery_key(outside, self._terminal, may_skip=restored)

    # The devices that were left

    def _note(self, *devices: str | None) -> None:
        secrets = self._homeserver.device.machine.store.secrets
        noted = {*json.loads(secrets.get(FORMER, "[]")), *devices} - {None}
        secrets[FORMER] = json.dumps(sorted(noted))

    async def _leave_others(self, device: str, *, all_of_them: bool) -> bool:
        """Log out devices that the bot has left, and others of its name if wanted; returns whether that went well."""
        secrets = self._homeserver.device.machine.store.secrets
        found = await sessions(self._homeserver.call)
        leaving = (found.keys() & json.loads(secrets.get(FORMER, "[]"))) - {device}
        for one in namesakes(found, device, self._settings.matrix.device_name):
            question = f"The account is logged in on another device of the same name: {one}. Log it out?"
            if one.device_id not in leaving and (all_of_them or self._terminal.confirm(question)):
                leaving.add(one.device_id)
        if leaving and not await self._log_out(leaving):
            return False
        secrets.pop(FORMER, None)
        return True

    async def _log_out(self, ids: Collection[str]) -> bool:
        names = ", ".join(sorted(ids))
        try:
            await self._password.tried(lambda asked: log_out(self._homeserver.call, self._user, ids, asked))
        except AuthenticationNeeded as error:
            self._terminal.wrong(f"Still logged in: {names}. {error}")
            return False
        except Rejected as error:
            self._terminal.wrong(f"Still logged in: {names} ({error}). Do this again: uagbot setup")
            return False
        self._terminal.done(f"Logged out {len(ids)} other {'device' if len(ids) == 1 else 'devices'}: {names}.")
        return True

    async def _show(self, device: str) -> bool:
        good = True
        async for finding in examine_keys(self._settings, self._homeserver, device):
            finding.show(self._terminal.console)
            good = good and finding.good
        return good
