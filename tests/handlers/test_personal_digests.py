"""What uagbot promises about the personal digest: only what needs somebody, once a week, and to nobody else (D5)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Message
from storage import rooms, seen
from storage.actions import ActionChange
from storage.assignment import Assignee, GroupAssignee, TownAssignee
from storage.base import Base
from storage.digests import DigestSubscription
from storage.municipalities import Municipality
from storage.rooms import RoomKind
from storage.seen import Seen
from tests.handlers.digest_rows import A_DAY, A_WEEK, HOUR, NEXT_MONDAY, add_item, add_meeting, planned, room_id, stored
from tests.handlers.house import BOT, MONDAY, Answer, House, TestRoom, user


@pytest.fixture
async def chat(house: House) -> TestRoom:
    """Give the direct chat of Anna with the bot."""
    return await house.room(None, "Anna", kind=RoomKind.DIRECT)


async def keep(house: House, *rows: Base) -> None:
    async with house.database.begin() as tx:
        tx.add_all(rows)


async def subscribed(house: House) -> list[str]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(DigestSubscription.user_id)))


def personal(answer: Answer) -> list[str]:
    """Return the personal digests among what was sent."""
    return [one.text for one in answer.messages if one.key == "digest-personal"]


async def test_it_says_what_needs_me_with_the_command_that_settles_it_and_nothing_else(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    other = await house.room("UAG2", "Dora", "Emil")
    await chat.says("!wochenbericht abo")
    await add_item(house, room, "Förderbescheid", "Anna", due_on=date(2026, 11, 6), source_event_id="$src")
    await add_item(house, room, "Leitfaden", "Anna", "Bodo", due_on=date(2026, 11, 23))
    await add_item(house, room, "Später", "Anna", due_on=date(2026, 12, 24), created_at=house.now - A_WEEK)
    await add_item(house, room, "Für andere", "Bodo", due_on=date(2026, 11, 6))
    await add_item(house, other, "Als Gesuch übernommen", "Anna", due_on=date(2026, 11, 6))
    await add_item(house, other, "Fremdes", "Dora", due_on=date(2026, 11, 6))
    await room.says('!umfrage "Wo tagen wir?" Halle Stendal bis=30.11.')
    await room.says('!umfrage "Wann?" Früh Spät bis=30.11.')
    await room.says("!stimme U2 1")
    await other.says('!umfrage "Geheim?" Ja Nein bis=30.11.', who="Dora")
    await room.says("!treffen einmalig 17.11. 10:00-11:30 Plenum")
    await room.says("!treffen einmalig 18.11. 10:00-11:30 Beirat")
    await chat.says("!absage UAG1-2026-11-18")
    await other.says('!an UAG1 "Welche Kommunen testen?"', who="Dora")
    answer = await house.sleep_until(NEXT_MONDAY)
    say = answer.of("digest-personal")
    assert (say.room, say.mentions) == (chat.id, [user("Anna")])
    assert say.text == (
        "Das wartet auf Sie, Montag, 9. November 2026\n\n"
        "- Überfällig\n"
        "  - A1 Förderbescheid (UAG1), seit Fr., 6. Nov.: `!erledigt 1`\n"
        "  - A5 Als Gesuch übernommen (UAG2), seit Fr., 6. Nov.: `!erledigt 5`\n"
        "- Ihre Stimme fehlt\n"
        "  - U1 Wo tagen wir? (UAG1), bis Mo., 30. Nov., 23:59 Uhr: `!stimme U1 …`\n"
        "- In den nächsten zwei Wochen fällig\n"
        "  - A2 Leitfaden (UAG1), bis Mo., 23. Nov.: `!erledigt 2`\n"
        "- Kommen Sie? Zusage, Absage oder Vielleicht\n"
        "  - Di., 17. Nov., 10:00 Uhr: Plenum (UAG1): `!zusage UAG1-2026-11-17`\n"
        "- Anfragen an Ihre Gruppe\n"
        "  - F1 von UAG2: Welche Kommunen testen? – im Raum UAG1: `!antwort F1 …`"
    )
    assert f'<a href="https://matrix.to/#/{room.id}/$src">A1</a>' in say.html
    assert say.html.count("<a href=") == 4  # Leitfaden has no message
    for command in ("erledigt 1", "erledigt 5", "stimme U1 1", "erledigt 2", "zusage UAG1-2026-11-17"):
        await chat.says(f"!{command}")
    await room.says("!antwort F1 Keine")
    assert (await chat.says("!wochenbericht persönlich")).message.key == "digest-personal-nothing"
    assert personal(await house.sleep_until(NEXT_MONDAY + A_WEEK)) == []


async def test_what_is_given_to_my_town_or_the_group_that_i_lead_is_mine_too(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    other = await house.room("UAG2", "Dora", "Emil")
    await room.says("!kommune Halle")
    async with house.database.begin() as tx:
        town = (await tx.scalars(select(Municipality.id))).one()
    ids = [await add_item(house, room, text, created_at=house.now - 9 * A_DAY) for text in ("Stadt", "Neu")]
    ids += [await add_item(house, other, text) for text in ("Stadt anderswo", "Gruppe")]
    ids += [await add_item(house, room, "Ruf", wanted=True)]
    await keep(
        house,
        *(TownAssignee(action_id=ids[at], municipality_id=town) for at in (0, 2)),
        Assignee(action_id=ids[1], user_id=user("Anna")),
        GroupAssignee(action_id=ids[3], room_id=await room_id(house, room)),
        *(ActionChange(action_id=ids[at], at=house.now, by=user("Bodo"), what="assigned") for at in (0, 1)),
    )
    text = (await chat.says("!wochenbericht persönlich")).message.text
    assert [f"A{number} " in text for number in ids] == [True, True, False, True, True]
    assert text.index("Neu für Sie") < text.index("A4 Gruppe (UAG2)") < text.index("Gesucht") < text.index("A5 Ruf")
    await room.says("!kommune aus")
    assert "A1 " not in (await chat.says("!wochenbericht persönlich")).message.text


async def test_a_poll_by_municipality_needs_nobody_whose_town_has_voted(room: TestRoom, chat: TestRoom) -> None:
    for who in ("Anna", "Bodo"):
        await room.says("!kommune Halle", who=who)
    await room.says('!umfrage "Wo?" Hier Dort bis=30.11. wahlrecht=kommune verdeckt=ja')
    assert "U1 Wo?" in (await chat.says("!wochenbericht persönlich")).message.text
    await room.says("!stimme U1 1", who="Bodo")
    assert (await chat.says("!wochenbericht persönlich")).message.key == "digest-personal-nothing"


async def test_who_asks_in_a_group_gets_it_in_the_direct_chat_and_the_group_sees_no_more_than_a_reaction(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    before = await house.dump()
    assert (await room.says("!wochenbericht abo", who="Bodo")).message.key == "digest-no-chat"
    assert await house.dump() == before
    answer = await room.says("!wochenbericht abo")
    assert (answer.reactions, answer.message.room) == (["👍"], chat.id)
    assert "Der nächste kommt am Montag, 9. November 2026, 08:00 Uhr." in answer.message.text
    assert "haben den persönlichen Wochenbericht schon" in (await chat.says("!wochenbericht abo")).message.text
    await add_item(house, room, "Leitfaden", "Anna")
    assert [one.room for one in (await room.says("!wochenbericht persönlich")).messages] == [chat.id]
    assert "keinen persönlichen Wochenbericht mehr" in (await chat.says("!wochenbericht abo aus")).message.text
    assert "keinen persönlichen Wochenbericht bestellt" in (await chat.says("wochenbericht abo aus")).message.text
    assert (await subscribed(house), (await house.sleep_until(NEXT_MONDAY)).sent) == ([], [])


async def test_it_comes_once_a_week_also_with_two_processes_and_after_a_downtime(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    await chat.says("!wochenbericht abo")
    assert not (await house.dispatcher.upkeep(house.now)).handled
    await add_item(house, room, "Leitfaden", "Anna")
    house.now = NEXT_MONDAY + A_WEEK + HOUR  # two of them were missed
    second = Dispatcher(house.database, house.setup, CAPABILITIES)
    await asyncio.gather(house.dispatcher.deadlines.fire_next(house.now), second.deadlines.fire_next(house.now))
    assert [one.key for one in await house.deliver()] == ["digest-personal"]
    assert [(one.week, one.since) for one in await stored(house)] == [("2026-W47", MONDAY)]
    assert await planned(house) == [NEXT_MONDAY + 2 * A_WEEK]
    assert (await house.sleep_until(NEXT_MONDAY + 2 * A_WEEK)).sent == []  # it is not new any more


async def test_who_wants_quiet_hears_of_what_was_new_meanwhile_afterwards(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    await chat.says("!wochenbericht abo")
    await chat.says("!ruhe 10.11.")
    await add_item(house, room, "Leitfaden", "Anna")
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []
    assert "A1 Leitfaden" in personal(await house.sleep_until(NEXT_MONDAY + A_WEEK))[0]


async def test_who_leaves_the_chat_or_removes_the_bot_gets_none_any_more(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden", "Anna", due_on=date(2026, 11, 6))
    for gone in ("member", "bot"):
        await chat.says("!wochenbericht abo")
        async with house.database.begin() as tx:
            if gone == "member":
                left = Seen(chat.id, people={user("Anna"): ("Anna", "leave")})
                await seen.write(tx, [left], house.now, "de", "Europe/Berlin", introduce=False)
            else:
                await seen.left(tx, [chat.id])
        assert await subscribed(house) == []
        async with house.database.begin() as tx:
            back = await rooms.by_matrix_id(tx, chat.id)
            assert back is not None
            back.joined = True
            await rooms.set_members(tx, back, {one: (one, "join") for one in (user("Anna"), BOT)})
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []
    assert not (await house.dispatcher.upkeep(house.now)).handled


async def test_coordinators_are_told_that_the_digest_waits_for_them(
    house: House, main: TestRoom, coordination: TestRoom
) -> None:
    chat = await house.room(None, "Carla", kind=RoomKind.DIRECT)
    assert main.id
    await chat.says("!wochenbericht abo", who="Carla")
    await coordination.says("!wochenbericht anhalten", who="Gerda")
    assert "Der Wochenbericht wartet auf Freigabe" in personal(await house.sleep_until(NEXT_MONDAY))[0]
    await coordination.says("!wochenbericht freigeben", who="Gerda")
    assert (await chat.says("!wochenbericht persönlich", who="Carla")).message.key == "digest-personal-nothing"


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


async def test_the_number_of_queries_does_not_grow_with_groups_or_items(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    async def queries_for(event_id: str) -> int:
        message = Message("text", event_id, chat.id, user("Anna"), house.now, text="wochenbericht persönlich")
        with counted(house) as queries:
            await house.dispatcher.handle(message, house.now)
        return len(queries)

    await fill(house, room, 1)
    few = await queries_for("$few")
    for number in range(3):
        await fill(house, await house.room(f"UAG{number + 2}", powers={"Anna": 50}), 3)
    assert await queries_for("$many") == few
    assert few <= 30


async def fill(house: House, room: TestRoom, count: int) -> None:
    for number in range(count):
        await room.says(f'!umfrage "Frage {number}?" Ja Nein')
        await add_item(house, room, f"Neu {number}", "Anna", "Bodo")
        await add_item(house, room, f"Ruf {number}", wanted=True)
        await add_meeting(house, room, f"{room.id}-{number}", house.now + number * HOUR + timedelta(minutes=1))
