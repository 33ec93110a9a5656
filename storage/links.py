"""Secret addresses: who knows one reads a calendar or the archive of minutes without logging in."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base

SECRET_BYTES = 24


def _new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


class LinkKind(StrEnum):
    """What an address shows."""

    CALENDAR = "calendar"
    ARCHIVE = "archive"


class Link(Base):
    """A secret address of one group, or of all groups where `room_id` is None; it holds until it is revoked."""

    __tablename__ = "links"
    noun: ClassVar[str] = "link"

    id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str] = mapped_column(default=_new_secret, unique=True)
    kind: Mapped[str]
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "room_id", "kind"),)


async def current(tx: AsyncSession, kind: LinkKind, room_id: int | None) -> Link | None:
    """Return the address of a group (None: of all groups) that holds."""
    query = select(Link).where(Link.kind == kind, Link.room_id == room_id, Link.revoked_at.is_(None))
    return await tx.scalar(query.order_by(Link.id.desc()).limit(1))


async def by_secret(tx: AsyncSession, kind: LinkKind, secret: str) -> Link | None:
    """Return the address with this secret, unless it was revoked."""
    return await tx.scalar(select(Link).where(Link.secret == secret, Link.kind == kind, Link.revoked_at.is_(None)))


async def revoke(tx: AsyncSession, kind: LinkKind, room_id: int | None, now: datetime) -> bool:
    """Let every address of a group (None: of all groups) hold no more; False if there was none."""
    query = update(Link).where(Link.kind == kind, Link.room_id == room_id, Link.revoked_at.is_(None))
    return bool((await tx.scalars(query.values(revoked_at=now).returning(Link.id))).all())
