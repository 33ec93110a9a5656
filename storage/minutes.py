"""Minutes: what was tagged while a meeting ran, who was there, who wanted to speak, and the versions approved."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, bindparam, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base


class MinutesState(StrEnum):
    """Where minutes stand: the meeting runs, it is over and they may still change, or they are approved."""

    RUNNING = "running"
    DRAFT = "draft"
    APPROVED = "approved"


RUNNING = text("state = 'running'")


class Minutes(Base):
    """The minutes of one meeting; of each room at most one meeting runs.

    `leads` lead this meeting besides the group's chairs, `scribes` write the minutes. `heard_at` is when anything was
    last tagged or said to the bot about it. `ended_by` is None while it runs and where it ended by itself. `version`
    counts the approved versions; after an approval a correction makes them a draft again.
    """

    __tablename__ = "minutes"
    noun: ClassVar[str] = "minutes"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("rooms.id", ondelete="CASCADE"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id", ondelete="CASCADE"), unique=True)
    state: Mapped[str] = mapped_column(default=MinutesState.RUNNING)
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    heard_at: Mapped[datetime]
    leads: Mapped[list[str]] = mapped_column(default=list)
    scribes: Mapped[list[str]] = mapped_column(default=list)
    version: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index("ix_minutes_running", "room_id", unique=True, sqlite_where=RUNNING, postgresql_where=RUNNING),
        Index(None, "room_id", "started_at"),
        Index(None, "state", "ended_at"),
    )

    @property
    def is_running(self) -> bool:
        """Whether the meeting runs."""
        return self.state == MinutesState.RUNNING


class LineKind(StrEnum):
    """What a line of minutes is; resolutions, action items and polls are no lines but the things themselves."""

    TOPIC = "topic"
    SUBTOPIC = "subtopic"
    INFO = "info"
    IDEA = "idea"
    LINK = "link"
    POSTPONED = "postponed"


class Line(Base):
    """One tagged line. `at` orders it in the minutes: when it was said, by the server's clock.

    `event_id` is what tagged it, `source_event_id` the message that holds the words (the same for a command). A topic
    from the agenda names its item. What was undone or deleted keeps its row with `taken_back_at`.
    """

    __tablename__ = "minute_lines"
    noun: ClassVar[str] = "line"

    id: Mapped[int] = mapped_column(primary_key=True)
    minutes_id: Mapped[int] = mapped_column(ForeignKey("minutes.id", ondelete="CASCADE"))
    kind: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    event_id: Mapped[str] = mapped_column(unique=True)
    source_event_id: Mapped[str] = mapped_column(index=True)
    agenda_item_id: Mapped[int | None] = mapped_column(ForeignKey("agenda_items.id", ondelete="SET NULL"), index=True)
    taken_back_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "minutes_id", "at", "id"), Index(None, "minutes_id", "kind", "at"))


class Presence(StrEnum):
    """As what somebody stands in the attendance."""

    PRESENT = "present"
    EXCUSED = "excused"
    GUEST = "guest"


class Attendance(Base):
    """That somebody was there, or excused: a member of the room (`user_id`) or a guest by name.

    Of several rows of one person the latest counts that was not taken back.
    """

    __tablename__ = "attendances"
    noun: ClassVar[str] = "attendance"

    id: Mapped[int] = mapped_column(primary_key=True)
    minutes_id: Mapped[int] = mapped_column(ForeignKey("minutes.id", ondelete="CASCADE"))
    user_id: Mapped[str | None]
    name: Mapped[str | None]
    presence: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    event_id: Mapped[str]
    taken_back_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "minutes_id", "at"), Index(None, "event_id"))


class Speaker(Base):
    """Somebody who wants to speak: since when, when the floor was given, and when the wish was taken back."""

    __tablename__ = "speakers"
    noun: ClassVar[str] = "speaker"

    id: Mapped[int] = mapped_column(primary_key=True)
    minutes_id: Mapped[int] = mapped_column(ForeignKey("minutes.id", ondelete="CASCADE"))
    user_id: Mapped[str]
    asked_at: Mapped[datetime]
    event_id: Mapped[str] = mapped_column(unique=True)
    spoke_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "minutes_id", "asked_at"),)


class MinutesVersion(Base):
    """Minutes as they were approved: the whole document as data, never changed."""

    __tablename__ = "minutes_versions"

    minutes_id: Mapped[int] = mapped_column(ForeignKey("minutes.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]
    approved_by: Mapped[str]
    approved_at: Mapped[datetime]

    __table_args__ = (Index(None, "approved_at"),)


# Most messages of a running meeting need this one.
IN_ROOM = select(Minutes).where(Minutes.room_id == bindparam("room_id"), Minutes.state == MinutesState.RUNNING)


async def running(tx: AsyncSession, room_id: int) -> Minutes | None:
    """Return the minutes of the meeting that runs in a room."""
    return await tx.scalar(IN_ROOM, {"room_id": room_id})


async def hear(tx: AsyncSession, room_id: int, at: datetime) -> Minutes | None:
    """Return the minutes of the meeting that runs in a room, after noting that something was said about it then."""
    found = await running(tx, room_id)
    if found is not None:
        found.heard_at = max(found.heard_at, at)
    return found


async def by_id(tx: AsyncSession, number: int) -> Minutes | None:
    """Return the minutes with this internal number."""
    return await tx.get(Minutes, number)


async def of_meeting(tx: AsyncSession, meeting_id: int) -> Minutes | None:
    """Return the minutes of a meeting."""
    return await tx.scalar(select(Minutes).where(Minutes.meeting_id == meeting_id))


async def of_meetings(tx: AsyncSession, meeting_ids: Collection[int]) -> dict[int, Minutes]:
    """Return the minutes of each of these meetings that has any."""
    query = select(Minutes).where(Minutes.meeting_id.in_(meeting_ids))
    return {one.meeting_id: one for one in await tx.scalars(query)}


async def latest(tx: AsyncSession, room_id: int) -> Minutes | None:
    """Return the newest minutes of a room, those of a running meeting too."""
    query = select(Minutes).where(Minutes.room_id == room_id)
    return await tx.scalar(query.order_by(Minutes.started_at.desc(), Minutes.id.desc()).limit(1))


async def last_ended(tx: AsyncSession, room_id: int) -> Minutes | None:
    """Return the newest minutes of a room whose meeting is over."""
    query = select(Minutes).where(Minutes.room_id == room_id, Minutes.state != MinutesState.RUNNING)
    return await tx.scalar(query.order_by(Minutes.started_at.desc(), Minutes.id.desc()).limit(1))


async def covering(tx: AsyncSession, room_id: int, at: datetime) -> Minutes | None:
    """Return the minutes of the meeting of a room that ran at that instant, of two the later one."""
    query = select(Minutes).where(Minutes.room_id == room_id, Minutes.started_at <= at)
    query = query.where((Minutes.state == MinutesState.RUNNING) | (Minutes.ended_at >= at))
    return await tx.scalar(query.order_by(Minutes.started_at.desc(), Minutes.id.desc()).limit(1))


async def may_change(tx: AsyncSession, room_id: int) -> bool:
    """Whether a meeting of the room runs, or the minutes of one are not approved."""
    query = exists().where(Minutes.room_id == room_id, Minutes.state != MinutesState.APPROVED)
    return bool(await tx.scalar(select(query)))


async def line(tx: AsyncSession, number: int) -> Line | None:
    """Return the line with this internal number."""
    return await tx.get(Line, number)


async def lines(tx: AsyncSession, minutes_id: int) -> Sequence[Line]:
    """Return the lines that stand in minutes, in their order."""
    query = select(Line).where(Line.minutes_id == minutes_id, Line.taken_back_at.is_(None))
    return (await tx.scalars(query.order_by(Line.at, Line.id))).all()


async def newest_line(tx: AsyncSession, minutes_id: int, kinds: Collection[str] | None = None) -> Line | None:
    """Return the last line that stands in minutes, of these kinds."""
    query = select(Line).where(Line.minutes_id == minutes_id, Line.taken_back_at.is_(None))
    if kinds is not None:
        query = query.where(Line.kind.in_(kinds))
    return await tx.scalar(query.order_by(Line.at.desc(), Line.id.desc()).limit(1))


async def last_entered(tx: AsyncSession, minutes_id: int) -> Line | None:
    """Return the line that stands in minutes and was entered last, whenever its words were said."""
    query = select(Line).where(Line.minutes_id == minutes_id, Line.taken_back_at.is_(None))
    return await tx.scalar(query.order_by(Line.id.desc()).limit(1))


async def speakers_of(tx: AsyncSession, minutes_id: int) -> list[tuple[str, datetime]]:
    """Return who said what stands in minutes, each with when last."""
    query = select(Line.by, func.max(Line.at)).where(Line.minutes_id == minutes_id, Line.taken_back_at.is_(None))
    return [(user, at) for user, at in await tx.execute(query.group_by(Line.by))]


async def speakers(tx: AsyncSession, minutes_ids: Collection[int]) -> Sequence[tuple[int, str, datetime]]:
    """Return (minutes, who, when last) of all who said what stands in these minutes."""
    query = select(Line.minutes_id, Line.by, func.max(Line.at))
    query = query.where(Line.minutes_id.in_(minutes_ids), Line.taken_back_at.is_(None))
    return [(number, user, at) for number, user, at in await tx.execute(query.group_by(Line.minutes_id, Line.by))]


async def line_of_event(tx: AsyncSession, event_id: str) -> Line | None:
    """Return the line that this event tagged, also one taken back."""
    return await tx.scalar(select(Line).where(Line.event_id == event_id))


async def items_met(tx: AsyncSession, minutes_id: int) -> dict[int, str]:
    """Return the agenda items that minutes came to, each with the kind of the last line about it."""
    query = select(Line.agenda_item_id, Line.kind).where(
        Line.minutes_id == minutes_id,
        Line.kind.in_((LineKind.TOPIC, LineKind.POSTPONED)),
        Line.taken_back_at.is_(None),
    )
    found = await tx.execute(query.order_by(Line.at, Line.id))
    return {item: kind for item, kind in found if item is not None}


async def lines_of_source(tx: AsyncSession, event_id: str) -> Sequence[Line]:
    """Return the lines that hold the words of this message, also those taken back."""
    query = select(Line).where(Line.source_event_id == event_id)
    return (await tx.scalars(query.order_by(Line.id))).all()


async def attendance(tx: AsyncSession, minutes_id: int) -> Sequence[Attendance]:
    """Return who was noted as there or excused, as it counts, in the order in which it was said."""
    query = select(Attendance).where(Attendance.minutes_id == minutes_id, Attendance.taken_back_at.is_(None))
    found: dict[str, Attendance] = {}
    for one in await tx.scalars(query.order_by(Attendance.at, Attendance.id)):
        found[one.user_id or f"guest {one.name}"] = one
    return list(found.values())


async def noted(tx: AsyncSession, minutes_ids: Collection[int]) -> dict[int, list[Attendance]]:
    """Return what was noted of the members' attendance in each of these minutes, as it counts, in that order."""
    query = select(Attendance).where(Attendance.minutes_id.in_(minutes_ids), Attendance.taken_back_at.is_(None))
    query = query.where(Attendance.user_id.is_not(None)).order_by(Attendance.at, Attendance.id)
    latest = {(one.minutes_id, one.user_id): one for one in await tx.scalars(query)}
    found: dict[int, list[Attendance]] = {}
    for one in latest.values():
        found.setdefault(one.minutes_id, []).append(one)
    return found


async def attendance_of(tx: AsyncSession, minutes_id: int, user_id: str) -> Attendance | None:
    """Return as what a member stands in the attendance, if at all."""
    query = select(Attendance).where(Attendance.minutes_id == minutes_id, Attendance.taken_back_at.is_(None))
    query = query.where(Attendance.user_id == user_id)
    return await tx.scalar(query.order_by(Attendance.at.desc(), Attendance.id.desc()).limit(1))


async def attendance_of_event(tx: AsyncSession, event_id: str) -> Sequence[Attendance]:
    """Return what this event said of the attendance and was not taken back."""
    query = select(Attendance).where(Attendance.event_id == event_id, Attendance.taken_back_at.is_(None))
    return (await tx.scalars(query.order_by(Attendance.id))).all()


async def newest_attendance(tx: AsyncSession, found: Minutes) -> Attendance | None:
    """Return what was said last of the attendance and not taken back, but not that who began the meeting is there."""
    query = select(Attendance).where(Attendance.minutes_id == found.id, Attendance.taken_back_at.is_(None))
    somebody = or_(Attendance.user_id.is_(None), Attendance.user_id != found.started_by)
    query = query.where(or_(somebody, Attendance.at > found.started_at))
    return await tx.scalar(query.order_by(Attendance.id.desc()).limit(1))


async def speaker_of_event(tx: AsyncSession, event_id: str) -> Speaker | None:
    """Return the wish to speak that came with this event."""
    return await tx.scalar(select(Speaker).where(Speaker.event_id == event_id))


async def queue(tx: AsyncSession, minutes_id: int) -> Sequence[Speaker]:
    """Return who waits to speak, first come first."""
    query = select(Speaker).where(
        Speaker.minutes_id == minutes_id, Speaker.spoke_at.is_(None), Speaker.gone_at.is_(None)
    )
    return (await tx.scalars(query.order_by(Speaker.asked_at, Speaker.id))).all()


async def versions(tx: AsyncSession, minutes_id: int) -> Sequence[MinutesVersion]:
    """Return the approved versions of minutes, the first one first."""
    query = select(MinutesVersion).where(MinutesVersion.minutes_id == minutes_id)
    return (await tx.scalars(query.order_by(MinutesVersion.version))).all()


async def version(tx: AsyncSession, minutes_id: int, number: int) -> MinutesVersion | None:
    """Return an approved version of minutes."""
    return await tx.get(MinutesVersion, (minutes_id, number))


async def lock(tx: AsyncSession, minutes: Minutes) -> None:
    """Read the minutes anew; nobody else changes them until the transaction ends."""
    await tx.refresh(minutes, with_for_update=True)
