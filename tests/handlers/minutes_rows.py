"""A meeting and its minutes as rows, for tests that are about what comes after it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from storage import assignment, rooms
from storage.actions import ActionItem, MeetingAction
from storage.agenda import AgendaItem, AgendaSource
from storage.meetings import Meeting
from storage.minutes import Attendance, Line, LineKind, Minutes, MinutesState, Presence
from storage.resolutions import Procedure, Resolution, ResolutionState
from tests.handlers.house import House, TestRoom, user

MINUTE = timedelta(minutes=1)
USUAL = (
    (LineKind.TOPIC, "Begrüßung"),
    (LineKind.INFO, "Die <b>Satzung</b> ist fertig"),
    (LineKind.TOPIC, "Website"),
    (LineKind.IDEA, "Ein Video drehen"),
    (LineKind.LINK, "https://example.org/entwurf Entwurf"),
)


async def hold(
    house: House,
    room: TestRoom,
    name: str = "UAG1-2026-11-02",
    *,
    state: MinutesState = MinutesState.DRAFT,
    started_at: datetime | None = None,
    lines: Sequence[tuple[LineKind, str]] = USUAL,
    here: Sequence[str] = ("Anna", "Bodo"),
    title: str = "UAG-Treffen",
) -> int:
    """Store a meeting with one line a minute; returns the number of its minutes."""
    begins = started_at or house.now
    running = state == MinutesState.RUNNING
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        meeting = Meeting(
            name=name,
            room_id=home.id,
            original=begins.replace(tzinfo=None),
            title=title,
            starts_at=begins,
            ends_at=begins + 90 * MINUTE,
            zone="Europe/Berlin",
            place="Stadthaus Halle (Saale)",
            created_by=user("Anna"),
            created_at=begins,
        )
        tx.add(meeting)
        await tx.flush()
        found = Minutes(
            room_id=home.id,
            meeting_id=meeting.id,
            state=state,
            started_at=begins,
            started_by=user("Anna"),
            ended_at=None if running else begins + 80 * MINUTE,
            ended_by=None if running else user("Anna"),
            heard_at=begins,
            leads=[user("Anna")],
            scribes=[user("Bodo")],
        )
        tx.add(found)
        await tx.flush()
        tx.add_all(_line(found, number, kind, text) for number, (kind, text) in enumerate(lines, start=1))
        tx.add_all(
            Attendance(
                minutes_id=found.id,
                user_id=user(who),
                presence=Presence.PRESENT,
                at=begins,
                by=user(who),
                event_id=f"${name}-{who}",
            )
            for who in here
        )
        return found.id


def _line(found: Minutes, number: int, kind: LineKind, text: str) -> Line:
    event = f"${found.meeting_id}-{number}"
    return Line(
        minutes_id=found.id,
        kind=kind,
        text=text,
        at=found.started_at + number * MINUTE,
        by=user("Bodo"),
        event_id=event,
        source_event_id=event,
    )


async def change_line(house: House, minutes_id: int, old: str, new: str | None) -> None:
    """Let a line read otherwise, or take it back."""
    async with house.database.begin() as tx:
        from storage import minutes  # noqa: PLC0415

        line = next(one for one in await minutes.lines(tx, minutes_id) if one.text == old)
        if new is None:
            line.taken_back_at = house.now
        else:
            line.text = new


async def decide(house: House, minutes_id: int, text: str, *, after: int = 3, **fields: object) -> None:
    """Store a resolution of the meeting, so many minutes after its beginning."""
    async with house.database.begin() as tx:
        found = await tx.get_one(Minutes, minutes_id)
        at = found.started_at + after * MINUTE
        given = {
            "year": 2026,
            "number": minutes_id,
            "room_id": found.room_id,
            "meeting_id": found.meeting_id,
            "text": text,
            "state": ResolutionState.ADOPTED,
            "procedure": Procedure.ENTERED,
            "created_by": user("Anna"),
            "created_at": at,
            "decided_at": at,
            "decided_on": at.date(),
            "event_id": f"$decided-{minutes_id}-{after}",
        }
        tx.add(Resolution(**{**given, **fields}))


async def give(house: House, minutes_id: int, text: str, *who: str, due_on: date | None = None, after: int = 4) -> None:
    """Store an action item of the meeting."""
    async with house.database.begin() as tx:
        found = await tx.get_one(Minutes, minutes_id)
        item = ActionItem(
            room_id=found.room_id,
            text=text,
            due_on=due_on,
            created_by=user("Anna"),
            created_at=found.started_at + after * MINUTE,
            source_event_id=f"$given-{minutes_id}-{after}",
        )
        tx.add(item)
        await tx.flush()
        tx.add(MeetingAction(action_id=item.id, meeting_id=found.meeting_id))
        await assignment.assign(tx, item, map(user, who))


async def put_on_agenda(house: House, minutes_id: int, title: str, source: AgendaSource, source_id: int | None) -> None:
    """Store an open agenda item of the same group."""
    async with house.database.begin() as tx:
        found = await tx.get_one(Minutes, minutes_id)
        tx.add(
            AgendaItem(
                room_id=found.room_id,
                position=1,
                title=title,
                source=source,
                source_id=source_id,
                created_by=user("Anna"),
                created_at=found.started_at,
            )
        )
