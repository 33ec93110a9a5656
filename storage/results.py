"""Results: what a group has achieved, for all to see."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base
from storage.words import BYTEWISE, begins, words_of


class GroupResult(Base):
    """A result of a group, called `E3`; `link` leads to it, `event_id` is the message that it arose from.

    `said_by` is who wrote that message, where the result has its words from there: it was tagged, and is no command.
    """

    __tablename__ = "results"
    noun: ClassVar[str] = "result"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    text: Mapped[str]
    link: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    event_id: Mapped[str | None] = mapped_column(index=True)
    said_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "room_id", "created_at"), Index(None, "created_at"))


class ResultWord(Base):
    """A word of a result's text as search compares words; found by its beginning."""

    __tablename__ = "result_words"

    word: Mapped[str] = mapped_column(BYTEWISE, primary_key=True)
    result_id: Mapped[int] = mapped_column(ForeignKey("results.id", ondelete="CASCADE"), primary_key=True, index=True)


async def by_id(tx: AsyncSession, number: int) -> GroupResult | None:
    """Return the result with this number."""
    return await tx.get(GroupResult, number)


async def of_event(tx: AsyncSession, room_id: int, event_id: str) -> Sequence[GroupResult]:
    """Return the results of a room that arose from this message and were not withdrawn."""
    query = select(GroupResult).where(GroupResult.event_id == event_id, GroupResult.room_id == room_id)
    return (await tx.scalars(query.where(GroupResult.withdrawn_at.is_(None)).order_by(GroupResult.id))).all()


async def between(tx: AsyncSession, since: datetime, until: datetime) -> Sequence[GroupResult]:
    """Return the results of all rooms that were told in `since <= t < until` and not withdrawn, oldest first."""
    query = select(GroupResult).where(GroupResult.created_at >= since, GroupResult.created_at < until)
    query = query.where(GroupResult.withdrawn_at.is_(None))
    return (await tx.scalars(query.order_by(GroupResult.created_at, GroupResult.id))).all()


async def index(tx: AsyncSession, result: GroupResult) -> None:
    """Make the result findable by the words that its text has now."""
    await tx.flush()
    await tx.execute(delete(ResultWord).where(ResultWord.result_id == result.id))
    rows = [{"word": word, "result_id": result.id} for word in sorted(words_of(result.text))]
    if rows:
        await tx.execute(insert(ResultWord), rows)


def register(
    *,
    search: str = "",
    room_ids: Collection[int] | None = None,
    besides: Collection[int] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> Select[GroupResult]:
    """Return the query for the register, newest first: all words of `search` begin a word of the text.

    Of all rooms or of `room_ids`, but of none in `besides`.
    """
    query = select(GroupResult).where(GroupResult.withdrawn_at.is_(None))
    if room_ids is not None:
        query = query.where(GroupResult.room_id.in_(room_ids))
    if besides:
        query = query.where(GroupResult.room_id.not_in(besides))
    if since is not None:
        query = query.where(GroupResult.created_at >= since)
    if until is not None:
        query = query.where(GroupResult.created_at < until)
    for word in sorted(words_of(search)):
        query = query.where(GroupResult.id.in_(select(ResultWord.result_id).where(begins(ResultWord.word, word))))
    return query.order_by(GroupResult.created_at.desc(), GroupResult.id.desc())


async def count(tx: AsyncSession, query: Select[GroupResult]) -> int:
    """Count what the register would give."""
    return await tx.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


async def top(tx: AsyncSession, query: Select[GroupResult], limit: int) -> Sequence[GroupResult]:
    """Return the first of what the register gives."""
    return (await tx.scalars(query.limit(limit))).all()
