"""What the kit promises for deadlines, and for jobs that look at the server before they work."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from commands.kit.dispatch import Dispatcher
from commands.kit.message import Message
from storage import due, rooms
from storage.due import Due
from tests.handlers import sample
from tests.handlers.house import House, TestRoom, user


async def plan(house: House, room: TestRoom, what: str, subject: int, **after: float) -> None:
    """Plan a job for the room."""
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        await due.add(tx, what, subject, found.id, house.now + timedelta(**after))


async def test_a_broken_job_waits_longer_each_time_and_blocks_nobody(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    await plan(house, room, "sample broken deadline", 1)
    await plan(house, room, "no such job", 2)
    await plan(house, room, "sample deadline", 3, seconds=1)
    before = await house.dump()
    done = await house.sleep(seconds=2)
    assert done.text == "Gesagt: deadline 3"
    assert ran == ["broken deadline", "deadline 3"]
    assert (await house.dump())["people"] == before["people"] == []
    delays = []
    for _ in range(9):
        async with house.database.begin() as tx:
            row = await tx.scalar(select(Due).where(Due.what == "sample broken deadline"))
        assert row is not None
        delays.append((row.try_at - house.now).total_seconds())
        assert (await house.sleep_until(row.try_at)).sent == []
    assert delays[0] <= 30
    assert delays[1:] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert ran.count("broken deadline") == 10
    assert ran.count("deadline 3") == 1


async def test_due_rows_wait_while_the_bot_is_not_in_their_room(house: House, room: TestRoom, ran: list[str]) -> None:
    await plan(house, room, "sample deadline", 1)
    for joined in (False, True):
        async with house.database.begin() as tx:
            found = await rooms.by_matrix_id(tx, room.id)
            assert found is not None
            found.joined = joined
        assert (await house.dispatcher.deadlines.fire_next(house.now)).handled is joined
        assert ran == (["deadline 1"] if joined else [])


# -- jobs that look at the server


async def test_a_job_finds_what_is_on_the_server_in_order_and_without_what_was_taken_back(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    led = await room.says("!probe leiten Wohin?")
    event = led.message.event_id
    await room.reacts(event, "2️⃣", who="Bodo")
    await room.votes(event, ["halle"], who="Carla")
    taken_back = await room.votes(event, ["stendal"], who="Bodo")
    await room.votes("$other", ["stendal"], who="Bodo")
    await room.says("Gute Frage", reply_to=event)
    await room.edits(event, "!probe leiten Woher?", who="Bodo")
    await room.redacts(taken_back.event_id, who="Bodo")
    await house.sleep(seconds=1)
    await room.votes(event, ["genthin"], who="Bodo")
    found = (await room.says("!probe nachsehen")).message.text
    assert found.splitlines() == [
        "Gefunden:",
        f"text {user('Anna')} !probe leiten Wohin?",
        f"reaction {user('Bodo')} 2️⃣",
        f"vote {user('Carla')} halle",
        f"edit {user('Bodo')} !probe leiten Woher?",
        f"vote {user('Bodo')} genthin",
    ]
    assert ran == ["lead", "look 5"]


async def test_what_bots_said_is_not_found(house: House, room: TestRoom, ran: list[str]) -> None:
    setup = replace(house.setup, bots=frozenset({"@otherbot:localhost"}))
    house.dispatcher = Dispatcher(house.database, setup, (sample.capability(ran),))
    led = await room.says("!probe leiten Wohin?")
    await room.reacts(led.message.event_id, "1️⃣", who="@otherbot:localhost")
    await room.says("!probe nachsehen")
    assert ran == ["lead", "look 1"]


async def test_the_wake_up_leaves_looks_alone(house: House, room: TestRoom, ran: list[str]) -> None:
    await plan(house, room, "sample look", 1)
    deadlines = house.dispatcher.deadlines
    assert not (await deadlines.fire_next(house.now)).handled
    assert ran == []
    async with house.database.begin() as tx:
        assert await due.next_at(tx) == house.now
        assert await due.next_at(tx, only=deadlines.looking) == house.now
        assert await due.next_at(tx, without=deadlines.looking) is None


async def test_an_errand_whose_row_has_gone_is_not_run(house: House, room: TestRoom, ran: list[str]) -> None:
    await plan(house, room, "sample look", 1)
    deadlines = house.dispatcher.deadlines
    errand = await deadlines.next_errand(house.now)
    assert errand is not None
    async with house.database.begin() as tx:
        await due.cancel(tx, "sample look", 1)
    await plan(house, room, "sample look", 2)  # SQLite gives this row the id of the one that has gone
    assert not (await deadlines.run(errand, [], house.now)).handled
    assert not (await deadlines.put_off(errand, house.now)).handled
    assert ran == []
    assert (await house.sleep(seconds=1)).text == "Gefunden:"


async def test_what_was_taken_back_while_the_server_was_read_is_not_found(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    led = await room.says("!probe leiten Wohin?")
    vote = await room.votes(led.message.event_id, ["halle"], who="Bodo")
    await plan(house, room, "sample look", 1)
    deadlines = house.dispatcher.deadlines
    errand = await deadlines.next_errand(house.now)
    assert errand is not None
    read = [house.on_server[led.event_id], house.on_server[vote.event_id], house.on_server[led.event_id]]
    message = Message("redaction", "$gone", room.id, user("Bodo"), house.now, relates_to=vote.event_id)
    await house.dispatcher.handle(message, house.now)
    assert (await deadlines.run(errand, read, house.now)).handled
    assert ran == ["lead", "look 1"]


async def test_a_look_that_cannot_be_said_waits_and_blocks_nobody(house: House, room: TestRoom, ran: list[str]) -> None:
    await plan(house, room, "sample blind look", 1)
    await plan(house, room, "sample look", 2)
    assert (await house.sleep(seconds=1)).text == "Gefunden:"
    assert ran == ["look 0"]
    async with house.database.begin() as tx:
        row = await tx.scalar(select(Due))
    assert row is not None
    assert (row.what, row.attempts) == ("sample blind look", 1)
    assert row.try_at >= house.now + timedelta(seconds=29)
