"""What uagbot promises about the cost of meetings: as many statements late as early."""

from datetime import timedelta

import pytest
from sqlalchemy import event, insert

from commands.meetings.planning import REMINDER
from storage import due
from storage.meetings import Meeting
from storage.minutes import Line, LineKind
from tests.handlers.digest_rows import room_id
from tests.handlers.house import House, TestRoom, user
from tests.handlers.meeting_rows import stored
from tests.handlers.session_rows import lines, sessions

QUARTER, WEEK = timedelta(minutes=15), timedelta(days=7)


@pytest.fixture
def asked(house: House) -> list[str]:
    """Give the statements that the database is asked."""
    found: list[str] = []
    event.listen(house.database.engine.sync_engine, "before_cursor_execute", lambda *args: found.append(args[2]))
    return found


async def test_the_three_hundredth_line_asks_as_many_statements_as_the_third(
    house: House, room: TestRoom, asked: list[str]
) -> None:
    async def cost() -> int:
        asked.clear()
        assert (await room.says("!info Der Server steht in Halle")).reactions == ["✅"]
        return len(asked)

    await room.says("!sitzung start")
    _, _, third = [await cost() for _ in range(3)]
    [session] = await sessions(house)
    line = {"minutes_id": session.id, "kind": LineKind.INFO, "at": house.now, "by": user("Anna")}
    rows = [
        {**line, "text": f"Zeile {number}", "event_id": f"$line{number}", "source_event_id": f"$line{number}"}
        for number in range(4, 300)
    ]
    async with house.database.begin() as tx:
        await tx.execute(insert(Line), rows)
    assert await cost() == third
    assert len(await lines(house)) == 300


async def test_the_reminder_of_the_fiftieth_meeting_asks_as_many_statements_as_that_of_the_first(
    house: House, room: TestRoom, asked: list[str]
) -> None:
    number = await room_id(house, room)
    facts = {"room_id": number, "title": "Runde", "zone": "Europe/Berlin", "created_by": user("Anna")}
    days = [house.now + QUARTER + week * WEEK for week in range(50)]
    rows = [
        {**facts, "name": f"UAG1-{day.date()}", "original": day.replace(tzinfo=None), "created_at": house.now}
        | {"starts_at": day, "ends_at": day + QUARTER}
        for day in days
    ]
    async with house.database.begin() as tx:
        await tx.execute(insert(Meeting), rows)
    meetings = await stored(house)

    async def cost(meeting: Meeting) -> int:
        house.now = meeting.starts_at - QUARTER
        async with house.database.begin() as tx:
            await due.add(tx, REMINDER, meeting.id, number, house.now)
        asked.clear()
        assert (await house.dispatcher.deadlines.fire_next(house.now)).handled
        statements = len(asked)
        [said] = await house.deliver()
        assert said.text.startswith("Erinnerung: Runde in 15 Minuten")
        return statements

    assert await cost(meetings[0]) == await cost(meetings[-1])
