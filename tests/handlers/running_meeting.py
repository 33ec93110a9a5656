"""Meetings that run, are over or approved, laid down directly, and what is stored of what was said in them."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from storage import due, rooms
from storage.actions import ActionItem, MeetingAction
from storage.meetings import Meeting
from storage.minutes import Minutes, MinutesState
from storage.resolutions import Resolution
from tests.handlers.house import Answer, House, TestRoom, user


async def begin(house: House, room: TestRoom, *, leads: Sequence[str] = (), scribes: Sequence[str] = ()) -> None:
    """Let a meeting of the room run from now on."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        meeting = Meeting(
            name=f"UAG1-{house.now:%Y-%m-%d-%H%M}",
            room_id=home.id,
            original=house.now.replace(tzinfo=None),
            title="UAG-Treffen",
            starts_at=house.now,
            ends_at=house.now + timedelta(hours=1),
            zone="Europe/Berlin",
            created_by=user("Anna"),
            created_at=house.now,
        )
        tx.add(meeting)
        await tx.flush()
        tx.add(
            Minutes(
                room_id=home.id,
                meeting_id=meeting.id,
                started_at=house.now,
                started_by=user("Anna"),
                heard_at=house.now,
                leads=[user(one) for one in leads],
                scribes=[user(one) for one in scribes],
            )
        )


async def set_state(house: House, state: MinutesState) -> Minutes:
    """End the newest meeting, or let its minutes be approved; returns them."""
    async with house.database.begin() as tx:
        found = (await tx.scalars(select(Minutes).order_by(Minutes.id.desc()))).first()
        assert found is not None
        found.state = state
        if state != MinutesState.RUNNING:
            found.ended_at = found.ended_at or house.now
        return found


async def the_minutes(house: House) -> Minutes:
    async with house.database.begin() as tx:
        return (await tx.scalars(select(Minutes))).one()


async def resolved(house: House) -> list[Resolution]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Resolution).order_by(Resolution.id)))


async def items(house: House) -> list[ActionItem]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(ActionItem).order_by(ActionItem.id)))


async def in_minutes(house: House) -> list[tuple[int, int]]:
    """Return which action items stand in the minutes of which meeting."""
    async with house.database.begin() as tx:
        query = select(MeetingAction).order_by(MeetingAction.action_id)
        return [(one.action_id, one.meeting_id) for one in await tx.scalars(query)]


async def do(house: House, room: TestRoom, job: str, subject: int) -> Answer:
    """Let a job that another capability plans be due now."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        await due.add(tx, job, subject, home.id, house.now)
    return await house.sleep_until(house.now)
