"""Events already handled, and what each of them made."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Index, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Subject


class HandledEvent(Base):
    """A Matrix event that was acted on; `trigger` names the command or reaction, `about` what came of it."""

    __tablename__ = "inbox"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str]
    at: Mapped[datetime]
    trigger: Mapped[str | None]
    about_kind: Mapped[str | None]
    about_id: Mapped[int | None]

    __table_args__ = (Index(None, "about_kind", "about_id"),)


# Statements that every command needs are built once.
CLAIM = insert(HandledEvent)
NOTE = (
    update(HandledEvent)
    .where(HandledEvent.event_id == bindparam("event"))
    .values({name: bindparam(name) for name in ("trigger", "about_kind", "about_id")})
)


async def claim(tx: AsyncSession, event_id: str, sender: str, at: datetime) -> bool:
    """Take an event for this transaction; False if it was handled before (the transaction must then end)."""
    try:
        await (await tx.connection()).execute(CLAIM, {"event_id": event_id, "sender": sender, "at": at})
    except IntegrityError:
        return False
    return True


async def note(tx: AsyncSession, event_id: str, trigger: str, about: Subject | None) -> None:
    """Write down what handled the event and what it made."""
    kind, number = (about.noun, about.id) if about is not None else (None, None)
    values = {"event": event_id, "trigger": trigger, "about_kind": kind, "about_id": number}
    await (await tx.connection()).execute(NOTE, values)


async def settle(tx: AsyncSession, event_id: str, about: Subject | None) -> None:
    """Write down what a handled event made after all; None: nothing."""
    kind, number = (about.noun, about.id) if about is not None else (None, None)
    query = update(HandledEvent).where(HandledEvent.event_id == event_id)
    await tx.execute(query.values(about_kind=kind, about_id=number))


async def find(tx: AsyncSession, event_id: str) -> HandledEvent | None:
    """Return the row of a handled event."""
    return await tx.scalar(select(HandledEvent).where(HandledEvent.event_id == event_id))


async def known(tx: AsyncSession, event_ids: Collection[str]) -> set[str]:
    """Return which of these events were handled."""
    return set(await tx.scalars(select(HandledEvent.event_id).where(HandledEvent.event_id.in_(event_ids))))


async def triggers(tx: AsyncSession, event_ids: Collection[str]) -> dict[str, str | None]:
    """Return what handled each of these events."""
    query = select(HandledEvent.event_id, HandledEvent.trigger).where(HandledEvent.event_id.in_(event_ids))
    return dict((await tx.execute(query)).all())


async def events_about(tx: AsyncSession, trigger: str, about_kind: str, about_id: int) -> dict[str, str]:
    """Return the events that this trigger handled about a subject, each with its sender."""
    query = select(HandledEvent.event_id, HandledEvent.sender).where(
        HandledEvent.about_kind == about_kind, HandledEvent.about_id == about_id, HandledEvent.trigger == trigger
    )
    return dict((await tx.execute(query.order_by(HandledEvent.at, HandledEvent.event_id))).all())
