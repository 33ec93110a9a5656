"""The bot's own account: its device and how far it has read."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class Account(Base):
    """Who the bot is on which device; transaction ids only hold for one device."""

    __tablename__ = "account"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[str]
    access_token: Mapped[str | None]
    sync_token: Mapped[str | None]


async def load(tx: AsyncSession, user_id: str) -> Account | None:
    """Return the stored account of `user_id`, if there is one."""
    return await tx.get(Account, user_id)


async def remember(tx: AsyncSession, user_id: str, device_id: str, access_token: str | None) -> None:
    """Store the device; `access_token` only where the bot logged in by password.

    The position in the sync stays: it belongs to the user, not to the device.
    """
    account = await tx.get(Account, user_id)
    if account is None:
        tx.add(Account(user_id=user_id, device_id=device_id, access_token=access_token))
    else:
        account.device_id = device_id
        account.access_token = access_token


async def save_position(tx: AsyncSession, user_id: str, sync_token: str) -> None:
    """Store how far the bot has read, in the transaction of the work that it covers."""
    await tx.execute(update(Account).where(Account.user_id == user_id).values(sync_token=sync_token))


async def position(tx: AsyncSession, user_id: str) -> str | None:
    """Return the stored position; None before the very first sync."""
    return await tx.scalar(select(Account.sync_token).where(Account.user_id == user_id))
