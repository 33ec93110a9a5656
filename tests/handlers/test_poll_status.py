"""What uagbot promises about the status message of a poll (P1): few edits, and the last state last."""

from datetime import timedelta

from sqlalchemy import func, select

from commands.kit.message import Message
from storage import due
from storage.outbox import Outgoing
from tests.handlers.house import Answer, House, TestRoom, user

CROWD = [f"m{number}" for number in range(100)]


def edits(answer: Answer) -> list[str]:
    return [one.text for one in answer.sent if one.key == "poll-opened"]


async def crowded(house: House) -> TestRoom:
    return await house.room("UAG1", *CROWD)


async def test_a_hundred_votes_in_a_second_are_one_edit(house: House) -> None:
    room = await crowded(house)
    asked = await room.says('!umfrage "Wo?" Halle Stendal', who="m0")
    await house.sleep(minutes=1)
    for number, who in enumerate(CROWD):
        house.now += timedelta(milliseconds=10)
        at = house.now
        await house.dispatcher.handle(
            Message("reaction", f"$r{number}", room.id, user(who), at, text="2️⃣", relates_to=asked.message.event_id), at
        )
    shown = await house.sleep(seconds=5)
    assert len(edits(shown)) == 1
    assert "2. Stendal – 100\n" in edits(shown)[0]
    assert (await house.sleep(minutes=1)).sent == []


async def test_votes_that_go_on_are_shown_every_five_seconds(house: House) -> None:
    room = await crowded(house)
    await room.says('!umfrage "Wo?" Halle Stendal', who="m0")
    await house.sleep(minutes=1)
    shown: list[str] = []
    for who in CROWD[:30]:
        shown += edits(await room.says("!stimme 1", who=who))
        shown += edits(await house.sleep(seconds=1))
    shown += edits(await house.sleep(seconds=5))
    assert len(shown) == 7
    assert "1. Halle – 30\n" in shown[-1]


async def test_only_the_last_state_is_sent_after_a_crash(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    for second, who in ((10, "Anna"), (20, "Bodo"), (30, "Carla")):
        house.now += timedelta(seconds=10)
        vote = Message("text", f"$v{second}", room.id, user(who), house.now, text="!stimme 2")
        await house.dispatcher.handle(vote, house.now)
        house.now += timedelta(seconds=5)
        while (await house.dispatcher.deadlines.fire_next(house.now)).handled:
            pass
    async with house.database.begin() as tx:
        waiting = select(func.count()).where(Outgoing.sent_at.is_(None), Outgoing.key == "poll-opened")
        assert await tx.scalar(waiting) == 1
    (text,) = edits(Answer(await house.deliver()))
    assert "2. Stendal – 3" in text


async def test_a_count_that_is_asked_for_from_elsewhere_waits_its_turn_too(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!stimme 1")
    for _ in range(3):
        house.now += timedelta(seconds=1)
        async with house.database.begin() as tx:
            await due.add(tx, "poll status", 1, 1, house.now)
        assert edits(await house.sleep(seconds=0)) == []
    assert len(edits(await house.sleep(seconds=5))) == 1
    assert edits(await house.sleep(minutes=1)) == []


async def test_a_count_that_gives_the_same_edits_nothing(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!stimme 1")
    assert len(edits(await house.sleep(seconds=5))) == 1
    await room.says("!stimme 1")
    assert (await house.sleep(minutes=1)).sent == []


async def test_an_extension_is_shown_at_once_and_the_votes_before_it_soon(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await house.sleep(seconds=3)
    await room.says("!stimme 1")
    moved = await room.says("!umfrage verlängern U1 bis=20.11.")
    assert "(verlängert)" in moved.of("poll-opened").text
    assert edits(await house.sleep(seconds=4)) == []
    (text,) = edits(await house.sleep(seconds=1))
    assert "1. Halle – 1" in text


async def test_the_end_overtakes_what_still_waits(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await house.sleep(minutes=1)
    await room.says("!stimme 1")
    ended = await room.says("!umfrage ende U1")
    assert edits(ended)[-1].splitlines()[-1] == "Beendet, 1 von 3 Stimmen abgegeben."
    assert (await house.sleep(minutes=1)).sent == []


async def test_votes_of_an_outage_are_all_there_when_the_bot_is_back(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis=morgen')
    house.now += timedelta(days=2)
    late = timedelta(days=-2, hours=1)
    for who in ("Anna", "Bodo"):
        vote = Message(
            "reaction", f"${who}", room.id, user(who), house.now + late, text="1️⃣", relates_to=asked.message.event_id
        )
        await house.dispatcher.handle(vote, house.now)
    ended = await house.sleep(seconds=1)
    assert "Halle: 2 (100 %)" in ended.of("poll-result").text
