"""What uagbot promises about open calls: items for whoever takes them (A1, A3)."""

import pytest
from sqlalchemy import text as sql

from storage import actions, assignment
from storage.digests import DigestRule
from tests.handlers.digest_rows import room_id
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom, user


@pytest.fixture
async def mobility(house: House) -> TestRoom:
    """Give the room of another group; Dora and Emil are in it."""
    return await house.room("UAG3", "Dora", "Emil", title="Mobilität")


async def holders(house: House, number: int) -> list[str]:
    async with house.database.begin() as tx:
        return (await assignment.people(tx, [number])).get(number, [])


async def test_a_call_is_taken_by_reaction_and_by_command_and_given_back(house: House, room: TestRoom) -> None:
    called = await room.says('!gesucht "Anleitung übersetzen" bis 20.11. #pilot')
    card = called.message
    assert card.text == (
        "A1 Anleitung übersetzen · bis Freitag, 20. November 2026 · #pilot"
        "\n🙋 Wer übernimmt das? Mit 🙋 oder `!übernehme 1`"
    )
    assert card.mentions == []
    taken = await room.reacts(card.event_id, "🙋🏽‍♀️", who="Bodo")
    assert taken.message.text == "🙋 Bodo übernimmt A1 Anleitung übersetzen"
    assert taken.message.mentions == []
    drawn = taken.of("action-item")
    assert (drawn.edits, drawn.text.split("\n")[0].split(" · ")[1]) == (card.event_id, "Bodo")
    assert (await room.reacts(card.event_id, "✋", who="Bodo")).sent == []
    second = await room.says("!übernehme", who="Carla", reply_to=card.event_id)
    assert second.message.text == "🙋 Carla übernimmt A1 Anleitung übersetzen, zusammen mit Bodo"
    assert "liegt schon bei Ihnen" in (await room.says("!übernehme 1", who="Carla")).message.text
    back = await room.redacts(second.event_id, who="Carla")
    assert back.message.text == "Carla gibt A1 Anleitung übersetzen zurück. Dafür zuständig: Bodo"
    assert back.message.mentions == []
    free = await room.redacts(taken.event_id, who="Bodo")
    assert free.message.mentions == [user("Anna")]
    assert "🙋 Wer übernimmt das?" in free.of("action-item").text
    assert await holders(house, 1) == []
    for command in ("!übernehme 1 zurück", "!take back 1"):
        await room.says("!take 1", who="Bodo")
        assert "Bodo gibt A1" in (await room.says(command, who="Bodo")).message.text
        assert "A1 liegt nicht bei Ihnen" in (await room.says(command, who="Bodo")).message.text
    shown = (await room.says("!aufgabe 1")).text
    for line in ("Bodo hat sie übernommen", "Bodo hat sie zurückgegeben", "Carla hat sie übernommen"):
        assert line in shown


async def test_taking_back_an_old_reaction_leaves_what_was_agreed_since(house: House, room: TestRoom) -> None:
    card = (await room.says("!gesucht Anleitung übersetzen")).message
    first = await room.reacts(card.event_id, "🙋", who="Bodo")
    await room.says("!aufgabe 1 an @bodo @carla")
    await room.says("!aufgabe 1 an @bodo")
    assert (await room.redacts(first.event_id, who="Bodo")).sent == []
    await room.says("!übernehme 1 zurück", who="Bodo")
    second = await room.reacts(card.event_id, "🙋", who="Bodo")
    await room.redacts(first.event_id, who="Bodo")
    assert await holders(house, 1) == [user("Bodo")]
    assert (await room.redacts(second.event_id, who="Anna")).sent == []  # a moderator removes a reaction
    assert await holders(house, 1) == [user("Bodo")]


async def test_an_edit_of_the_call_leaves_who_took_it_and_a_deletion_drops_it(house: House, room: TestRoom) -> None:
    called = await room.says("!gesucht Anleitung übersetzn")
    await room.says("!übernehme 1", who="Bodo")
    edited = await room.edits(called.event_id, "!gesucht Anleitung übersetzen bis 20.11.")
    assert edited.of("action-item").text.startswith("A1 Anleitung übersetzen · Bodo · bis Freitag")
    assert await holders(house, 1) == [user("Bodo")]
    assert "Nachricht gelöscht" in (await room.redacts(called.event_id)).of("action-item").text
    assert "ist schon abgeschlossen" in (await room.says("!übernehme 1")).message.text
    assert (await room.reacts(called.message.event_id, "🙋", who="Carla")).sent == []


async def test_any_item_of_the_room_can_be_taken_and_called_out(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe Leitfaden")
    called = await room.says("!gesucht 1")
    assert "🙋 Wer übernimmt das?" in called.message.text
    await room.says("!übernehme 1", who="Bodo")
    assert "liegt schon bei Bodo, deshalb wird niemand gesucht" in (await room.says("!gesucht 1")).message.text
    await room.says("!aufgabe @carla Flyer")
    assert "zusammen mit Carla" in (await room.says("!übernehme 2", who="Bodo")).message.text
    chat = await room.says("Jemand muss die Anleitung übersetzen", who="Carla")
    tagged = await room.says("!gesucht bis 20.11.", reply_to=chat.event_id)
    assert tagged.reactions == ["✅"]
    assert tagged.message.text.startswith("A3 Jemand muss die Anleitung übersetzen · bis Freitag")
    assert "🙋 Wer übernimmt das?" in tagged.message.text
    followed = await room.edits(chat.event_id, "Jemand muss sie bis Mai übersetzen", who="Carla")
    assert followed.of("action-item").text.startswith("A3 Jemand muss sie bis Mai übersetzen")
    other = await room.says("Wer kocht Kaffee?", who="Carla")
    await room.reacts(other.event_id, "📝", who="Bodo")
    assert "🙋 Wer übernimmt das?" in (await room.says("!gesucht", reply_to=other.event_id)).message.text
    async with house.database.begin() as tx:
        found = await actions.find(tx, 4)
        assert found is not None
        assert (found.wanted, found.revision) == (True, 2)


async def test_a_call_is_open_to_all_groups_and_its_room_is_told(
    house: House, room: TestRoom, mobility: TestRoom, main: TestRoom
) -> None:
    await room.says("!gesucht Anleitung übersetzen")
    assert "gibt es in diesem Raum nicht" in (await mobility.says("!übernehme 1", who="Dora")).text
    chat = await direct_chat(house, "Dora")
    taken = await chat.says("übernehme 1", who="Dora")
    thanks, told = taken.messages
    assert (thanks.room, told.room, told.mentions) == (chat.id, room.id, [user("Anna")])
    assert "UAG1 Bürger-Apps weiß Bescheid" in thanks.text
    assert told.text == "🙋 Dora aus einer anderen Gruppe übernimmt A1 Anleitung übersetzen"
    assert "Dora" in (await room.says("!aufgaben")).text
    own = await main.says("!übernehme 1", who="Bodo")
    assert [one.room for one in own.messages] == [main.id, room.id]
    assert own.messages[1].mentions == []
    too = await main.reacts(own.messages[0].event_id, "🙋", who="Carla")
    assert "zusammen mit Bodo und Dora" in too.of("action-taken").text
    assert (await chat.says("notiz 1 halb fertig", who="Dora")).reactions == ["👍"]
    assert "Nicht mehr im Raum" not in (await chat.says("aufgabe 1", who="Dora")).text
    assert (await chat.says("erledigt 1", who="Dora")).of("action-item").room == room.id
    for place, who in ((main, "Anna"), (await direct_chat(house, "Emil"), "Emil")):
        assert "wird niemand mehr gesucht" in (await place.says("!übernehme 1", who=who)).message.text
    outsider = await direct_chat(house, "Gerda")
    await room.says("!gesucht Flyer")
    assert "gibt es in Ihren Gruppen nicht" in (await outsider.says("übernehme 2", who="Gerda")).text
    assert "Zurzeit wird niemand gesucht" in (await outsider.says("gesucht", who="Gerda")).text


async def test_the_list_shows_each_place_the_calls_that_it_may_see(
    house: House, room: TestRoom, mobility: TestRoom, main: TestRoom
) -> None:
    await room.says("!gesucht Anleitung übersetzen bis 20.11.")
    await mobility.says("!gesucht Radwege zählen", who="Dora")
    await mobility.says("!gesucht Karte zeichnen bis 10.11.", who="Dora")
    await room.says("!aufgabe Leitfaden")
    assert (await room.says("!gesucht")).message.text == (
        "🙋 Gesucht in dieser Gruppe: 1 Aufgabe ist noch frei\n\n"
        "- A1 Anleitung übersetzen · bis Fr., 20. Nov.\n\nÜbernehmen: `!übernehme 1`"
    )
    everywhere = (await main.says("!gesucht")).message.text
    assert [everywhere.index(name) for name in ("UAG1", "A1", "UAG3", "A3", "A2")] == sorted(
        everywhere.index(name) for name in ("UAG1", "A1", "UAG3", "A3", "A2")
    )
    async with house.database.begin() as tx:
        tx.add(DigestRule(room_id=await room_id(house, mobility), counts_only=True))
    bodo, dora = await direct_chat(house, "Bodo"), await direct_chat(house, "Dora")
    for place, who, seen in (
        (main, "Anna", "A1"),
        (bodo, "Bodo", "A1"),
        (dora, "Dora", "A1 A2 A3"),
        (room, "Anna", "A1"),
    ):
        words = (await place.says("!gesucht", who=who)).message.text.split()
        assert sorted({word for word in words if word in ("A1", "A2", "A3")}) == seen.split()
    assert "gibt es in diesem Raum nicht" in (await main.says("!übernehme 2")).text
    assert await holders(house, 2) == []
    for number in range(14):
        await room.says(f"!gesucht Schritt {number}")
    first, rest = (await main.says("!gesucht")).messages
    assert "… und 3 weitere im Thread" in first.text
    assert rest.relation == "m.thread"


async def test_bad_input_to_calls_gets_a_clear_answer_and_changes_nothing(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @bodo Leitfaden")
    await room.says("!erledigt 1")
    chat, plain = await direct_chat(house, "Anna"), await house.room(None, kind="plain")
    before = await house.dump()
    for place, text, said in (
        (room, "!gesucht @bodo Text", "!aufgabe @name Text"),
        (room, "!gesucht Text für=Halle", "!aufgabe @name Text"),
        (room, "!gesucht bis Freitag", "Wofür wird jemand gesucht?"),
        (room, "!gesucht 1 mehr", "Soll sich A1 ändern?"),
        (room, "!gesucht 1", "ist schon abgeschlossen"),
        (room, "!gesucht 99", "Eine Aufgabe A99 gibt es in diesem Raum nicht"),
        (room, "!gesucht Text bis 1.11.2026", "liegt in der Vergangenheit"),
        (room, "!gesucht " + "x" * 501, "höchstens 500"),
        (room, "!übernehme", "So geht es: `!übernehme A14 [zurück]`"),
        (room, "!übernehme alles", "So geht es: `!übernehme A14 [zurück]`"),
        (room, "!übernehme 1", "ist schon abgeschlossen"),
        (room, "!übernehme zurück 1", "ist schon abgeschlossen"),
        (chat, "gesucht Text", "nur im Raum einer Arbeitsgruppe"),
        (plain, "!gesucht", "noch keine Arbeitsgruppe"),
        (plain, "!gesucht Text", "noch keine Arbeitsgruppe"),
        (plain, "!übernehme 1", "gibt es in diesem Raum nicht"),
    ):
        assert said in (await place.says(text)).message.text, text
    assert await house.dump() == before


async def test_calls_are_found_by_their_index(house: House) -> None:
    if house.database.engine.dialect.name != "sqlite":
        pytest.skip("the plan is SQLite's")
    compiled = assignment.open_calls([1, 2]).compile(house.database.engine, compile_kwargs={"literal_binds": True})
    async with house.database.begin() as tx:
        plan = [str(row) for row in await tx.execute(sql(f"EXPLAIN QUERY PLAN {compiled}"))]
    assert any("actions USING INDEX ix_actions_wanted" in step for step in plan), plan
    assert not [step for step in plan if "SCAN actions" in step], plan


async def test_calls_in_english(house: House) -> None:
    room = await house.room("UAG9", language="en")
    card = (await room.says('!help wanted "translate the manual" by 20 November')).message
    assert card.text.endswith("🙋 Who takes this on? With 🙋 or `!take 1`")
    assert (await room.says("!take 1", who="Bodo")).message.text == "🙋 Bodo takes on A1 translate the manual"
    assert "Bodo gives back A1" in (await room.says("!take 1 back", who="Bodo")).message.text
    assert "1 item is still free" in (await room.says("!wanted")).message.text
