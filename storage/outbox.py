"""What is still to be sent, and what was sent about what."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import Select

from storage.base import Base
from storage.rooms import Room

PENDING = text("sent_at IS NULL")
PIN, UNPIN = "pin", "unpin"
NO_EDIT = text("coalesce(relation, '') <> 'm.replace'")  # a message may be edited thousands of times


def _new_transaction_id() -> str:
    return uuid.uuid4().hex


class Outgoing(Base):
    """One event to send; its transaction id lets the homeserver drop a repeat (spec: "Transaction identifiers").

    `target_id` points at an earlier row whose event this one edits or refers to; its event id is filled in when
    it is sent. With the relation `pin` or `unpin` nothing is sent but the room's list of pinned events changed.
    `key` is the text it came from, so that a later text of the same key can replace it in place.
    `attachment` is the text of a file that is uploaded before its event is sent, and is dropped then.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    txn_id: Mapped[str] = mapped_column(default=_new_transaction_id)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    event_type: Mapped[str]
    content: Mapped[dict[str, Any]]
    key: Mapped[str]
    about_kind: Mapped[str | None]
    about_id: Mapped[int | None]
    relation: Mapped[str | None]
    target_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    event_id: Mapped[str | None]
    error: Mapped[str | None]
    attachment: Mapped[str | None]

    __table_args__ = (
        Index("ix_outbox_pending", "room_id", "id", sqlite_where=PENDING, postgresql_where=PENDING),
        Index("ix_outbox_about", "about_kind", "about_id", sqlite_where=NO_EDIT, postgresql_where=NO_EDIT),
        Index(None, "event_id"),
        Index(None, "target_id", "sent_at"),
    )


async def add(tx: AsyncSession, row: Outgoing) -> Outgoing:
    """Queue a row, behind what the room already waits for."""
    tx.add(row)
    await tx.flush()
    return row


async def replace(tx: AsyncSession, row: Outgoing) -> Outgoing:
    """Queue an edit; one of the same message that still waits is overtaken by it, so only the last state is sent.

    The overtaken row gets a new transaction id: should the old text be under way just now, the new one follows.
    """
    waiting = await tx.scalar(
        select(Outgoing).where(
            Outgoing.sent_at.is_(None), Outgoing.room_id == row.room_id, Outgoing.target_id == row.target_id,
            Outgoing.relation == row.relation,
        )
    )  # fmt: skip
    if waiting is None:
        return await add(tx, row)
    waiting.content = row.content
    waiting.txn_id = _new_transaction_id()
    return waiting


async def find(tx: AsyncSession, event_id: str) -> Outgoing | None:
    """Return the row that became this event."""
    return await tx.scalar(select(Outgoing).where(Outgoing.event_id == event_id))


async def first_about(
    tx: AsyncSession, about_kind: str, about_id: int, key: str, room_id: int | None = None
) -> Outgoing | None:
    """Return the newest message with this key about this subject that is no edit itself."""
    query = select(Outgoing).where(
        Outgoing.about_kind == about_kind,
        Outgoing.about_id == about_id,
        Outgoing.key == key,
        NO_EDIT,
    )
    if room_id is not None:
        query = query.where(Outgoing.room_id == room_id)
    return await tx.scalar(query.order_by(Outgoing.id.desc()).limit(1))


async def newest_about(
    tx: AsyncSession,
    about_kind: str,
    about_ids: Iterable[int],
    room_id: int | None = None,
    *,
    room_ids: Collection[int] | None = None,
) -> dict[int, tuple[str, str]]:
    """Return (Matrix room id, event id) of the newest message about each of these subjects, edits left out.

    `room_id`: only messages in that room; `room_ids`: only in these.
    """
    newest = (
        select(func.max(Outgoing.id))
        .where(Outgoing.about_kind == about_kind, Outgoing.about_id.in_(list(about_ids)))
        .where(Outgoing.event_type == "m.room.message", Outgoing.relation.is_(None), Outgoing.event_id.is_not(None))
        .where(NO_EDIT)
        .group_by(Outgoing.about_id)
    )
    if room_id is not None:
        newest = newest.where(Outgoing.room_id == room_id)
    if room_ids is not None:
        newest = newest.where(Outgoing.room_id.in_(room_ids))
    query = select(Outgoing, Room.matrix_id).join(Room, Room.id == Outgoing.room_id)
    found = await tx.execute(query.where(Outgoing.id.in_(newest)))
    return {row.about_id: (matrix_id, row.event_id) for row, matrix_id in found if row.about_id and row.event_id}


async def events_about(tx: AsyncSession, about_kind: str, about_id: int) -> list[tuple[str, str]]:
    """Return (Matrix room id, event id) of all that was sent about a subject, edits left out."""
    query = select(Room.matrix_id, Outgoing.event_id).join(Room, Room.id == Outgoing.room_id)
    query = query.where(Outgoing.about_kind == about_kind, Outgoing.about_id == about_id, Room.joined)
    query = query.where(NO_EDIT, Outgoing.event_id.is_not(None))
    found = await tx.execute(query.order_by(Outgoing.id))
    return [(room, event) for room, event in found if event is not None]


async def pinned(tx: AsyncSession, about_kind: str, about_ids: Iterable[int] | Select[int]) -> set[int]:
    """Return about which of these subjects a message was to be pinned, and has not been to be unpinned since."""
    newest = (
        select(func.max(Outgoing.id))
        .where(Outgoing.about_kind == about_kind, Outgoing.about_id.in_(about_ids), NO_EDIT)
        .where(Outgoing.relation.in_((PIN, UNPIN)))
        .group_by(Outgoing.about_id)
    )
    query = select(Outgoing.about_id).where(Outgoing.id.in_(newest), Outgoing.relation == PIN)
    return {number for number in await tx.scalars(query) if number is not None}


OLDEST = (
    select(func.min(Outgoing.id))
    .join(Room, Room.id == Outgoing.room_id)
    .where(Outgoing.sent_at.is_(None), Room.joined, Outgoing.room_id.not_in(bindparam("busy", expanding=True)))
    .group_by(Outgoing.room_id)
    .limit(bindparam("limit"))
)
TARGET = select(Outgoing.id, Outgoing.event_id).subquery()
NEXT_ROWS = (
    select(Outgoing, Room.matrix_id, TARGET.c.event_id)
    .join(Room, Room.id == Outgoing.room_id)
    .outerjoin(TARGET, TARGET.c.id == Outgoing.target_id)
    .where(Outgoing.id.in_(OLDEST))
    .order_by(Outgoing.id)
)


async def next_rows(tx: AsyncSession, busy: Sequence[int], limit: int) -> list[tuple[Outgoing, str, str | None]]:
    """Return the oldest waiting row of each joined room that is not busy: (row, Matrix room id, target's event)."""
    found = await tx.execute(NEXT_ROWS, {"busy": list(busy), "limit": limit})
    return [(row, matrix_id, event_id) for row, matrix_id, event_id in found]


MARK = (
    update(Outgoing)
    .where(Outgoing.id == bindparam("row"), Outgoing.txn_id == bindparam("txn"))
    .values(sent_at=bindparam("at"), event_id=bindparam("event"), error=bindparam("why"), attachment=None)
    .execution_options(synchronize_session=False)
)


async def mark(
    tx: AsyncSession, row: Outgoing, at: datetime, *, event_id: str | None, error: str | None = None
) -> None:
    """Write down that a row was sent (or given up), and drop its attachment; one overtaken meanwhile stays waiting."""
    values = {"row": row.id, "txn": row.txn_id, "at": at, "event": event_id, "why": error}
    await (await tx.connection()).execute(MARK, values)


async def oldest_waiting(tx: AsyncSession) -> datetime | None:
    """Return since when the longest-waiting row waits."""
    query = select(func.min(Outgoing.created_at)).join(Room, Room.id == Outgoing.room_id)
    return await tx.scalar(query.where(Outgoing.sent_at.is_(None), Room.joined))
