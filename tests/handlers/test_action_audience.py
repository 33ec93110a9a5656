"""What uagbot promises about whom reminders of action items reach (A5): people, municipalities and groups."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, insert

from storage import due, rooms
from storage.actions import ActionChange
from storage.digests import DigestRule
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat, fill, leave, sit
from tests.handlers.house import House, TestRoom, user


def when(day: str) -> datetime:
    """Return 9:00 of that day, in winter."""
    return datetime.fromisoformat(f"{day}T08:00+00:00")


@pytest.fixture
async def initiative(house: House) -> TestRoom:
    """Give the main room; Emil and Frida are in it."""
    return await house.room("INI", "Emil", "Frida", kind=RoomKind.MAIN, title="Initiative")


async def test_for_a_municipality_up_to_five_of_those_in_the_room_are_asked_the_deputy_first(
    house: House, initiative: TestRoom
) -> None:
    people = ["Anna", "Bodo", "Carla", "Dora", "Gerda", "Hanno", "Ida"]
    room = await house.room("UAG1", *people)
    await sit(house, "Stendal", *people[1:], "Emil", deputy="Ida")
    chat = await direct_chat(house, "Carla")
    await room.says("!aufgabe @Stendal @carla Leitfaden bis 12.11.")
    await room.says("!erinnerungen aus", who="Bodo")
    private, public = (await house.sleep_until(when("2026-11-09"))).messages
    assert (private.room, private.mentions) == (chat.id, [user("Carla")])
    assert private.text.startswith("Erinnerung: A1 Leitfaden (UAG1 Bürger-Apps) – fällig")
    assert public.mentions == [user(who) for who in ("Ida", "Dora", "Gerda", "Hanno")]
    assert public.text.startswith("Ida, Dora, Gerda und Hanno: A1 Leitfaden für Stendal – fällig Donnerstag")
    assert initiative.id not in {private.room, public.room}


async def test_where_nobody_in_the_room_stands_for_it_those_elsewhere_are_asked_and_reach_the_item_from_there(
    house: House, room: TestRoom, initiative: TestRoom
) -> None:
    await sit(house, "Burg", "Emil", "Frida", deputy="Frida")
    chat = await direct_chat(house, "Emil")
    await room.says("!aufgabe @Burg Plakate drucken bis 12.11.")
    private, public = (await house.sleep_until(when("2026-11-09"))).messages
    assert (private.room, private.mentions) == (chat.id, [user("Emil")])
    assert (public.room, public.mentions) == (initiative.id, [user("Frida")])
    assert public.text.startswith("Frida: A1 Plakate drucken (UAG1 Bürger-Apps) für Burg – fällig Donnerstag")
    asleep = await initiative.reacts(public.event_id, "💤", who="Frida")
    assert "💤 Frida wieder am Mittwoch, 11. November 2026" in asleep.of("action-reminder").text
    assert "die anderen wie bisher" in (await initiative.says("!ruhe A1 1 Woche", who="Frida")).text
    assert [one.room for one in (await house.sleep_until(when("2026-11-12"))).messages] == [chat.id]
    ticked = await initiative.reacts(public.event_id, "✅", who="Frida")
    assert {one.edits for one in ticked.sent if one.room == initiative.id} == {public.event_id}
    assert (await initiative.says("!offen 1", who="Frida")).reactions == ["👍"]


async def test_what_a_group_keeps_inside_is_told_elsewhere_in_direct_chats_only(
    house: House, room: TestRoom, initiative: TestRoom
) -> None:
    await sit(house, "Burg", "Emil", "Frida")
    chat = await direct_chat(house, "Emil")
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        tx.add(DigestRule(room_id=home.id, counts_only=True))
    await room.says("!aufgabe @Burg Plakate drucken bis 12.11.")
    assert [one.room for one in (await house.sleep_until(when("2026-11-12"))).messages] == [chat.id, chat.id]
    assert "gibt es in diesem Raum nicht" in (await initiative.says("!aufgabe 1", who="Emil")).text


async def test_a_group_is_reminded_in_its_own_room_and_its_chairs_are_rung(house: House, room: TestRoom) -> None:
    led = await house.room("UAG3", "Dora", "Emil", title="Mobilität", powers={"Dora": 50})
    free = await house.room("UAG4", "Frida", title="Energie")
    await room.says("!aufgabe @UAG3 @UAG4 Strecken planen bis 12.11.")
    first, second = (await house.sleep_until(when("2026-11-09"))).messages
    assert (first.room, first.mentions) == (led.id, [user("Dora")])
    assert first.text.startswith("Dora: A1 Strecken planen (UAG1 Bürger-Apps) – fällig Donnerstag")
    assert (second.room, second.mentions) == (free.id, [])
    assert second.text.startswith("Erinnerung: A1 Strecken planen (UAG1 Bürger-Apps)")
    assert "liegt nicht bei Ihnen" in (await led.says("!ruhe A1", who="Emil")).text
    await led.reacts(first.event_id, "💤", who="Dora")
    [woken] = (await house.sleep_until(when("2026-11-11"))).messages
    assert (woken.room, woken.mentions) == (led.id, [user("Dora")])
    await led.says("!ruhe A1 bis 20.11.", who="Dora")
    assert [one.room for one in (await house.sleep_until(when("2026-11-19"))).messages] == [free.id] * 2
    assert [one.room for one in (await house.sleep_until(when("2026-11-20"))).messages] == [led.id]


async def test_putting_off_is_for_oneself_and_nobody_is_reminded_twice_on_one_morning(
    house: House, room: TestRoom
) -> None:
    chat = await direct_chat(house, "Bodo")
    await room.says("!aufgabe @anna @bodo @carla Leitfaden bis 12.11.")
    private, public = (await house.sleep_until(when("2026-11-09"))).messages
    await room.reacts(public.event_id, "💤")
    both = await room.reacts(public.event_id, "💤", who="Carla")
    assert both.of("action-reminder").text.count("💤") == 3
    await room.redacts(both.event_id, who="Carla")
    own = await chat.reacts(private.event_id, "💤", who="Bodo")
    assert "💤 Nächste Erinnerung: Mittwoch, 11. November 2026" in own.of("action-reminder").text
    await chat.says("!ruhe A1 bis 12.11.", who="Bodo")
    assert [one.mentions for one in (await house.sleep_until(when("2026-11-11"))).messages] == [[user("Anna")]]
    morning = (await house.sleep_until(when("2026-11-12") + timedelta(hours=5))).messages
    assert [one.mentions for one in morning] == [[user("Bodo")], [user("Anna"), user("Carla")]]
    await room.says("!ruhe A1 3 Wochen")
    away = await house.sleep_until(datetime.fromisoformat("2026-12-05T22:00+00:00"), away=True)
    assert away.sent == []
    back = (await house.sleep_until(when("2026-12-07"))).messages
    assert [one.mentions for one in back] == [[user("Bodo")], [user("Anna"), user("Carla")]]
    await room.says("!ruhe A1 3 Wochen")
    await room.says("!aufgabe 1 bis 15.12.")
    assert [user("Anna"), user("Carla")] in [one.mentions for one in (await house.sleep(days=8)).messages]


async def test_where_all_have_left_the_room_hears_at_most_weekly_how_to_give_it_to_somebody(
    house: House, room: TestRoom
) -> None:
    await sit(house, "Zeitz")
    await room.says("!aufgabe @bodo @Zeitz Leitfaden bis 12.11.")
    await leave(house, room, "Bodo")
    left = (await house.sleep_until(when("2026-11-09"))).message
    assert left.mentions == []
    assert left.text == (
        "Erinnerung: A1 Leitfaden – fällig Donnerstag, 12. November 2026\n"
        "Von denen, die dafür zuständig sind, ist niemand hier. Wer übernimmt? `!aufgabe 1 an @name`\n"
        "Nicht mehr nötig: `!verworfen 1 Grund`"
    )
    assert (await house.sleep_until(when("2026-11-12"))).messages == []
    assert "⚠ überfällig seit" in (await house.sleep_until(when("2026-11-19"))).message.text
    assert len((await house.sleep_until(when("2026-12-10"))).messages) == 3
    await room.reacts(left.event_id, "✅")
    assert (await house.sleep(days=20)).messages == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_reminder_asks_as_many_statements_among_many_items_and_after_many_changes(
    house: House, room: TestRoom
) -> None:
    await sit(house, "Stendal", "Bodo", "Carla")
    await house.room("UAG3", "Dora", title="Mobilität", powers={"Dora": 50})
    await direct_chat(house, "Bodo")
    await room.says("!aufgabe @anna @Stendal @UAG3 Leitfaden bis 12.11.")
    asked: list[str] = []
    event.listen(house.database.engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    async def cost(day: str) -> int:
        house.now = when(day)
        asked.clear()
        assert (await house.dispatcher.deadlines.fire_next(house.now)).handled
        statements = len(asked)
        assert len(await house.deliver()) == 3
        return statements

    first = await cost("2026-11-09")
    await fill(house, room, 200)
    change = {"action_id": 1, "at": house.now, "by": user("Anna"), "what": "note", "note": "Notiz"}
    async with house.database.begin() as tx:
        await tx.execute(insert(ActionChange), [change] * 200)
        assert await due.next_at(tx) == when("2026-11-12")
    assert await cost("2026-11-12") == first
    assert first < 40
