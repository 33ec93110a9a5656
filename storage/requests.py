"""Requests: what one group asks another, and what that one answered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class Request(Base):
    """A question of one group to another, called `F3`; `event_id` is the message that asked, in the asking room."""

    __tablename__ = "requests"
    noun: ClassVar[str] = "request"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    to_room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    question: Mapped[str]
    state: Mapped[str] = mapped_column(default=RequestState.OPEN)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    event_id: Mapped[str | None]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None] = mapped_column(index=True)
    answer_event_id: Mapped[str | None]

    __table_args__ = (
        Index(None, "to_room_id", "state"),
        Index(None, "from_room_id", "state"),
        Index(None, "state", "asked_at"),
    )

    @property
    def is_open(self) -> bool:
        """Whether an answer is still awaited."""
        return self.state == RequestState.OPEN


async def find(tx: AsyncSession, number: int) -> Request | None:
    """Return the request with this number."""
    return await tx.get(Request, number)


async def open_to(tx: AsyncSession, room_id: int) -> Sequence[Request]:
    """Return the unanswered requests to a group, oldest first."""
    query = select(Request).where(Request.to_room_id == room_id, Request.state == RequestState.OPEN)
    return (await tx.scalars(query.order_by(Request.id))).all()


async def open_from(tx: AsyncSession, room_id: int) -> Sequence[Request]:
    """Return the unanswered requests of a group, oldest first."""
    query = select(Request).where(Request.from_room_id == room_id, Request.state == RequestState.OPEN)
    return (await tx.scalars(query.order_by(Request.id))).all()


async def answered_between(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[Request]:
    """Return the requests of all rooms that were answered in `since <= t < until`, in order of their answers."""
    query = select(Request).where(Request.answered_at >= since, Request.answered_at < until)
    query = query.where(Request.state == RequestState.ANSWERED)
    return (await tx.scalars(query.order_by(Request.answered_at, Request.id))).all()


async def unanswered(
    tx: AsyncSession, room_ids: Collection[int], until: datetime, limit: int
) -> tuple[Sequence[Request], int]:
    """Return the first of the open requests among these groups that were asked up to `until`, and how many are so."""
    query = select(Request, func.count().over()).where(Request.state == RequestState.OPEN, Request.asked_at <= until)
    query = query.where(Request.from_room_id.in_(room_ids), Request.to_room_id.in_(room_ids))
    found = (await tx.execute(query.order_by(Request.asked_at, Request.id).limit(limit))).all()
    return [request for request, _ in found], found[0][1] if found else 0


async def open_to_any(tx: AsyncSession, room_ids: Collection[int]) -> Sequence[Request]:
    """Return the unanswered requests to these groups, oldest first."""
    query = select(Request).where(Request.to_room_id.in_(room_ids), Request.state == RequestState.OPEN)
    return (await tx.scalars(query.order_by(Request.id))).all()
