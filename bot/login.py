"""How the bot gets in with what its settings say."""

from bot.matrix.errors import TokenRevoked
from bot.matrix.homeserver import Homeserver
from bot.settings import Settings
from storage import account
from storage.database import Database


async def log_in(settings: Settings, homeserver: Homeserver, database: Database) -> str:
    """Log in with the settings' token, with the one that the last login left, or by password; returns the device.

    Raises TokenRevoked, Rejected, Unreachable, Limited.
    """
    matrix = settings.matrix
    async with database.begin() as tx:
        known = await account.load(tx, matrix.user)
    token = matrix.token or (known.access_token if known else None)
    if token is not None:
        try:
            device = await homeserver.resume(known.device_id if known else None, token)
        except TokenRevoked:
            if matrix.token is not None:
                raise
        else:
            await remember(settings, database, device, token)
            return device
    password = matrix.login_password
    if password is None:
        raise TokenRevoked("there is neither a token nor a password")
    device, token = await homeserver.log_in(password, known.device_id if known else None, matrix.device_name)
    await remember(settings, database, device, token)
    return device


async def remember(settings: Settings, database: Database, device: str, token: str) -> None:
    """Store the device; its token too if it came by password. The position in the sync stays."""
    async with database.begin() as tx:
        await account.remember(tx, settings.matrix.user, device, token if by_password(settings) else None)


def by_password(settings: Settings) -> bool:
    """Whether the settings name a password; otherwise they name a token."""
    return settings.matrix.password is not None or settings.matrix.password_file is not None
