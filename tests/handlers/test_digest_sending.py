"""What uagbot promises about when and how often the weekly digest is sent (D1, D2)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import event, select, update

from commands.capabilities import CAPABILITIES
from commands.digests.previewing import PREVIEW
from commands.digests.sending import SEND
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Message
from storage.actions import ActionState
from storage.digests import Digest, claim
from storage.due import Due
from storage.rooms import Room, RoomKind
from tests.handlers.digest_rows import (
    A_DAY,
    A_WEEK,
    FRIDAY,
    HOUR,
    NEXT_MONDAY,
    add_item,
    add_meeting,
    add_result,
    planned,
    room_id,
    stored,
)
from tests.handlers.house import MONDAY, House, TestRoom, user
from tests.handlers.minutes_rows import hold

# -- when it is sent


async def test_the_main_and_the_coordinators_room_get_it_and_no_other(
    house: House, main: TestRoom, room: TestRoom
) -> None:
    coordinators = await house.room("KO", kind=RoomKind.COORDINATORS, title="Koordination")
    await house.dispatcher.upkeep(house.now)
    await add_item(house, room, "Leitfaden")
    sent = [one for one in (await house.sleep_until(NEXT_MONDAY)).messages if one.key == "digest"]
    assert [one.room for one in sent] == [main.id, coordinators.id]
    assert len({one.text for one in sent}) == 1


@pytest.mark.usefixtures("main")
async def test_nothing_happened_nothing_is_sent_but_the_windows_stay_gapless(house: House, room: TestRoom) -> None:
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []
    await add_item(house, room, "Leitfaden", created_at=NEXT_MONDAY)
    answer = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    assert answer.message.text.startswith("Wochenbericht 9.–15. November 2026")
    assert [(one.week, one.since, one.until) for one in await stored(house)] == [
        ("2026-W46", NEXT_MONDAY - A_WEEK, NEXT_MONDAY),
        ("2026-W47", NEXT_MONDAY, NEXT_MONDAY + A_WEEK),
    ]
    assert await planned(house) == [NEXT_MONDAY + 2 * A_WEEK]


async def test_on_a_public_holiday_it_comes_on_the_next_working_day(house: House) -> None:
    house.now = datetime(2027, 3, 23, 8, tzinfo=UTC)
    main = await house.room("INI", kind=RoomKind.MAIN)
    await house.dispatcher.upkeep(house.now)
    await add_item(house, main, "Leitfaden")
    assert (await house.sleep_until(datetime(2027, 3, 30, 5, 59, tzinfo=UTC))).sent == []  # Easter Monday is over
    assert (await house.sleep_until(datetime(2027, 3, 30, 6, tzinfo=UTC))).message.key == "digest"
    assert await planned(house) == [datetime(2027, 4, 5, 6, tzinfo=UTC)]


async def test_it_comes_at_the_same_hour_after_the_clocks_changed(house: House) -> None:
    house.now = datetime(2026, 10, 13, 8, tzinfo=UTC)
    await house.room("INI", kind=RoomKind.MAIN)
    await house.dispatcher.upkeep(house.now)
    assert await planned(house) == [datetime(2026, 10, 19, 6, tzinfo=UTC)]
    await house.sleep_until(datetime(2026, 10, 20, 6, tzinfo=UTC))
    assert await planned(house) == [datetime(2026, 10, 26, 7, tzinfo=UTC)]


@pytest.mark.usefixtures("main")
async def test_late_after_a_downtime_it_comes_once_and_says_how_old_it_is(house: House, room: TestRoom) -> None:
    await add_item(house, room, "Leitfaden")
    await add_item(house, room, "Zu spät für diese Woche", created_at=NEXT_MONDAY + HOUR)
    answer = await house.sleep_until(NEXT_MONDAY + A_DAY, away=True)
    assert "Verspätet, der Bot war nicht erreichbar. Stand: Montag, 9. November 2026, 08:00 Uhr" in answer.message.text
    assert "Zu spät" not in answer.message.text
    assert (await stored(house))[0].until == NEXT_MONDAY
    assert (await house.sleep(days=2)).sent == []
    following = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    assert "A2 Zu spät für diese Woche" in following.message.text
    assert "Verspätet" not in following.message.text
    assert "A1" not in following.message.text


@pytest.mark.usefixtures("main")
async def test_several_missed_weeks_become_one_digest_of_all_of_them(house: House, room: TestRoom) -> None:
    for week in range(4):
        await add_item(house, room, f"Woche {week}", created_at=MONDAY + week * A_WEEK)
    answer = await house.sleep_until(NEXT_MONDAY + 2 * A_WEEK + A_DAY, away=True)
    assert answer.message.text.startswith("Wochenbericht 2.–22. November 2026\n\nVerspätet")
    assert [f"Woche {week}" in answer.message.text for week in range(4)] == [True, True, True, False]
    assert "Vorwoche" not in answer.message.text
    assert [one.week for one in await stored(house)] == ["2026-W48"]
    assert await planned(house) == [NEXT_MONDAY + 3 * A_WEEK]
    assert "Woche 3" in (await house.sleep_until(NEXT_MONDAY + 3 * A_WEEK)).message.text


async def test_a_room_that_is_a_plain_group_by_then_gets_none(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden")
    async with house.database.begin() as tx:
        await tx.execute(update(Room).values(kind=RoomKind.GROUP))
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []
    assert (await stored(house), await planned(house)) == ([], [])


# -- exactly once


async def test_two_processes_send_it_once(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden")
    async with house.database.begin() as tx:
        number = await tx.scalar(select(Room.id))
        assert number is not None
        tx.add(Due(what=SEND, subject=number, room_id=number, at=NEXT_MONDAY - A_WEEK, try_at=NEXT_MONDAY))
    house.now = NEXT_MONDAY
    second = Dispatcher(house.database, house.setup, CAPABILITIES)
    await asyncio.gather(house.dispatcher.deadlines.fire_next(house.now), second.deadlines.fire_next(house.now))
    assert [one.key for one in await house.deliver()] == ["digest"]
    assert (await house.sleep(days=1)).sent == []
    assert [one.week for one in await stored(house)] == ["2026-W46"]
    assert await planned(house) == [NEXT_MONDAY + A_WEEK]


async def test_who_comes_second_while_the_first_is_still_at_work_does_nothing(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden")
    number = await room_id(house, main)
    async with house.database.begin() as tx:
        row = Digest(room_id=number, week="2026-W46", since=NEXT_MONDAY - A_WEEK, until=NEXT_MONDAY)
        assert await claim(tx, row)
        second = asyncio.create_task(house.dispatcher.deadlines.fire_next(NEXT_MONDAY))
        await asyncio.sleep(0.3)
        assert not second.done()
    assert (await second).handled
    assert await house.deliver() == []


async def test_a_week_is_claimed_once_and_the_transaction_goes_on(house: House, main: TestRoom) -> None:
    number = await room_id(house, main)
    for expected in (True, False):
        async with house.database.begin() as tx:
            row = Digest(room_id=number, week="2026-W46", since=NEXT_MONDAY - A_WEEK, until=NEXT_MONDAY)
            assert await claim(tx, row) is expected
            assert await tx.scalar(select(Room.id)) == number
    assert len(await stored(house)) == 1


async def test_a_crash_before_the_end_leaves_nothing_and_the_next_try_sends_it_once(
    house: House, main: TestRoom
) -> None:
    await add_item(house, main, "Leitfaden")
    with failing_commits(house):
        await house.dispatcher.deadlines.fire_next(NEXT_MONDAY)
    assert (await stored(house), await house.deliver()) == ([], [])
    assert await planned(house) == [NEXT_MONDAY]
    house.now = NEXT_MONDAY
    answer = await house.sleep(hours=1)
    assert [one.key for one in answer.sent] == ["digest"]
    assert (await stored(house))[0].until == NEXT_MONDAY


@contextmanager
def failing_commits(house: House) -> Iterator[None]:
    """Let the first commit fail, after all work was done."""
    left = [True]

    def fail(_: object) -> None:
        if left:
            left.clear()
            raise RuntimeError("the power went off")

    event.listen(house.database.engine.sync_engine, "commit", fail)
    yield
    event.remove(house.database.engine.sync_engine, "commit", fail)


# -- who plans it


async def test_upkeep_plans_each_receiving_room_once(house: House) -> None:
    await house.room("UAG1")
    assert not (await house.dispatcher.upkeep(house.now)).handled
    await house.room("INI", kind=RoomKind.MAIN)
    await house.room("KO", kind=RoomKind.COORDINATORS)
    outcome = await house.dispatcher.upkeep(house.now)
    assert (outcome.handled, outcome.next_due) == (True, FRIDAY)
    before = await house.dump()
    assert not (await house.dispatcher.upkeep(house.now + A_DAY)).handled
    assert await house.dump() == before
    assert await planned(house) == [NEXT_MONDAY, NEXT_MONDAY]
    assert await planned(house, PREVIEW) == [FRIDAY]


async def test_a_room_that_becomes_the_main_room_gets_its_digest(house: House) -> None:
    room = await house.room(None, kind=RoomKind.PLAIN, powers={"Anna": 100})
    await room.says('!gruppe einrichten INI "Initiative" art=haupt')
    await house.dispatcher.upkeep(house.now)
    await room.says('!umfrage "Wo tagen wir?" Halle Stendal bis=Mittwoch')
    assert "INI Initiative" in (await house.sleep_until(NEXT_MONDAY)).of("digest").text


@pytest.mark.usefixtures("main")
async def test_upkeep_costs_one_query_when_nothing_is_missing_and_leaves_what_is_late(house: House) -> None:
    with counted(house) as queries:
        await house.dispatcher.upkeep(NEXT_MONDAY + 9 * A_DAY)
    assert len(queries) == 1
    assert await planned(house) == [NEXT_MONDAY]


async def test_another_day_in_the_configuration_moves_what_is_planned(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden", created_at=NEXT_MONDAY - A_DAY)
    house.setup = replace(house.setup, digest_day=2, digest_time="16:30")
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []  # also where nobody has looked for what is missing
    wednesday = datetime(2026, 11, 11, 15, 30, tzinfo=UTC)
    assert await planned(house) == [wednesday]
    house.setup = replace(house.setup, digest_day=1, digest_time="07:00")
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    await house.dispatcher.upkeep(house.now)
    assert await planned(house) == [datetime(2026, 11, 10, 6, tzinfo=UTC)]
    assert (await house.sleep_until(wednesday)).message.text.startswith("Wochenbericht 3.–9. November 2026")


# -- what it costs


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    """Collect the queries that are made meanwhile."""
    found: list[str] = []

    def note(*details: Any) -> None:
        if details[2].startswith("SELECT"):
            found.append(details[2])

    event.listen(house.database.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(house.database.engine.sync_engine, "before_cursor_execute", note)


async def test_the_number_of_queries_does_not_grow_with_groups_or_items(house: House, main: TestRoom) -> None:
    async def queries_for(event_id: str) -> int:
        message = Message("text", event_id, main.id, user("Anna"), house.now, text="!wochenbericht")
        with counted(house) as queries:
            await house.dispatcher.handle(message, house.now)
        return len(queries)

    await fill(house, main, 1)
    few = await queries_for("$few")
    for number in range(1, 5):
        await fill(house, await house.room(f"UAG{number}"), 4)
    assert await queries_for("$many") == few
    assert few <= 45


async def fill(house: House, room: TestRoom, count: int) -> None:
    for number in range(count):
        await room.says(f'!umfrage "Frage {number}?" Ja Nein')
        await add_item(house, room, f"Neu {number}", "Anna", "Bodo")
        await add_item(house, room, f"Alt {number}", "Carla", due_on=date(2026, 10, 1))
        await add_item(house, room, f"Blockiert {number}", state=ActionState.BLOCKED)
        await add_item(house, room, f"Gesucht {number}", wanted=True)
        await add_result(house, room, f"Ergebnis {number}")
        name = f"{room.id}-{number}"
        await add_meeting(house, room, name, house.now + number * HOUR)
        await hold(house, room, f"{name}-AGO", started_at=house.now - A_DAY - number * HOUR)
