"""The same meeting in uagbot: in a test's house, or in a real room; and what came of it."""

from sqlalchemy.ext.asyncio import AsyncSession

from commands.minutes import gathering
from storage import minutes, rooms
from storage.database import Database
from tests.handlers.house import BOT, House, user
from tests.oracle.outcome import Action, Entry, Outcome, Topic, plain
from tests.oracle.script import Script, instant


async def in_house(database: Database, script: Script) -> Outcome:
    """Have the meeting in a house of its own."""
    house = House(database)
    room = await house.room("UAG1", *script.members, powers={script.members[0]: 100})
    for number, line in enumerate(script.lines):
        house.now = instant(number)
        if line.text is not None:
            await room.says(line.text, who=line.who)
            continue
        async with database.begin() as tx:
            place = await rooms.by_matrix_id(tx, room.id)
            assert place is not None
            await rooms.set_member(tx, place, user(line.who), line.who, "join")
    async with database.begin() as tx:
        return await outcome(tx, room.id, [BOT])


async def outcome(tx: AsyncSession, matrix_id: str, nobody: list[str]) -> Outcome:
    """Return what stands in the newest minutes of a room; `nobody` are the bots."""
    room = await rooms.by_matrix_id(tx, matrix_id)
    assert room is not None
    found = await minutes.latest(tx, room.id)
    assert found is not None
    document = await gathering.gather(tx, found, nobody)
    return Outcome(
        topics=tuple(
            Topic(
                plain(topic.title),
                tuple(
                    Entry(one.decision.state if one.decision else one.kind, plain(one.text), one.by)
                    for one in topic.entries
                ),
            )
            for topic in document.topics
        ),
        resolutions=tuple((one.decision.state, plain(one.text)) for one in document.resolutions if one.decision),
        actions=tuple(Action(plain(one.text), frozenset(one.task.people)) for one in document.actions if one.task),
        present=frozenset(one.name for one in document.attendance.present) | frozenset(document.attendance.guests),
    )
