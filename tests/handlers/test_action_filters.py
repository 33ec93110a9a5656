"""What uagbot promises about lists of action items of towns and groups, and about the order of one's own (A4)."""

import pytest
from sqlalchemy import text

from storage import action_lists, municipalities, rooms
from storage.action_lists import Filter
from storage.actions import ActionState
from storage.digests import DigestRule
from storage.municipalities import Standing
from tests.handlers.facts import direct_chat, fill, leave, sit
from tests.handlers.house import House, TestRoom, user


async def group_with_everything(house: House, room: TestRoom) -> TestRoom:
    """Lay down nine items of two groups, in every state; returns the other group's room, a week later."""
    other = await house.room("UAG2", "Anna", "Bodo", "Dora", title="Mobilität")
    await sit(house, "Halle (Saale)", "Bodo")
    await sit(house, "Magdeburg", "Anna")
    for said in (
        "!aufgabe @anna Leitfaden schreiben bis 6.11. #pilot",
        "!aufgabe @bodo @carla Kommunen fragen bis 13.11. #umfrage",
        "!aufgabe @Halle Fragebogen prüfen bis 20.11.",
        "!aufgabe Aufräumen bis 30.12.",
        "!aufgabe @anna Plakat drucken bis 5.11. #pilot",
    ):
        await room.says(said)
    await other.says("!aufgabe @UAG1 Schnittstelle beschreiben bis 11.11. #pilot")
    await other.says("!aufgabe @bodo Fahrplan einlesen bis 1.12.")
    await room.says('!gesucht "Wer prüft die Karten?" bis=4.11.')
    await other.says("!aufgabe @Magdeburg @anna Haltestellen zählen")
    await room.says("!blockiert 2 Freigabe fehlt")
    await room.says("!erledigt 5")
    await house.sleep(days=7)
    return other


def numbers(listed: str) -> list[int]:
    """Return the items of a list in its order."""
    lines = [line for line in listed.split("\n") if line.startswith("- A")]
    return [int(line.removeprefix("- A").partition(" ")[0]) for line in lines]


async def test_filters_combine_in_any_order_and_the_heading_repeats_them(house: House, room: TestRoom) -> None:
    await group_with_everything(house, room)
    for said, found, heading in (
        ("!aufgaben", [8, 1, 2, 3, 4, 6], "Offene Aufgaben: 6, davon 1 von anderen Gruppen"),
        ("!aufgaben blockiert", [2], "Blockierte Aufgaben: 1"),
        ("!aufgaben überfällig blockiert", [], "Keine überfälligen, blockierten Aufgaben."),
        ("!aufgaben gesucht", [8], "Aufgaben, für die jemand gesucht wird: 1"),
        ("!aufgaben alle gesucht", [8], "Aufgaben, für die jemand gesucht wird: 1"),
        ("!aufgaben gesucht @anna", [], "Keine Aufgaben von Anna, für die jemand gesucht wird."),
        ("!aufgaben kommune=Halle", [3], "Offene Aufgaben von Halle (Saale): 1"),
        ('!aufgaben kommune="Halle (Saale)" offen', [3], "Offene Aufgaben von Halle (Saale): 1"),
        ("!aufgaben @Halle @anna", [1, 3], "Offene Aufgaben von Anna und Halle (Saale): 2"),
        ("!aufgaben #pilot @UAG1", [6], "Offene Aufgaben von UAG1 #pilot: 1, davon 1 von anderen Gruppen"),
        ("!aufgaben @anna erledigt #pilot", [5], "Erledigte Aufgaben von Anna #pilot: 1"),
        ("!aufgaben #pilot alle", [1, 5, 6], "Alle Aufgaben #pilot: 3, davon 1 von anderen Gruppen"),
        ("!actions wanted overdue", [8], "Überfällige Aufgaben, für die jemand gesucht wird: 1"),
        ("!actions municipality=Magdeburg all", [], "Keine Aufgaben von Magdeburg."),
    ):
        listed = (await room.says(said)).message.text
        assert numbers(listed) == found, said
        assert listed.split("\n")[0] == heading


async def test_what_contradicts_itself_or_is_unknown_is_refused_and_changes_nothing(
    house: House, room: TestRoom
) -> None:
    await group_with_everything(house, room)
    before = await house.dump()
    for said, answer in (
        ("!aufgaben erledigt überfällig", "Bitte nennen Sie nur eines davon, zum Beispiel `!aufgaben erledigt`"),
        ("!aufgaben export gesucht erledigt", "Bitte nennen Sie nur eines davon"),
        ("!aufgaben kommune=Hale", 'Meinten Sie `@"Halle (Saale)"`'),
        ("!aufgaben @Atlantis", "auch keine Gruppe und keine Kommune"),
        ("!aufgaben export #nix", "deshalb kommt keine Datei"),
        ("!aufgaben export Quatsch", "So geht es: `!aufgaben export"),
    ):
        assert answer in (await room.says(said)).text
    assert await house.dump() == before


async def test_what_other_groups_have_given_stands_under_their_name(house: House, room: TestRoom) -> None:
    other = await group_with_everything(house, room)
    listed = (await room.says("!aufgaben")).message
    assert listed.text.endswith("Von UAG2 Mobilität\n\n- A6 Schnittstelle beschreiben · bis Mi., 11. Nov. · #pilot")
    assert "<h4>Von UAG2 Mobilität</h4>" in listed.html
    assert "- A6 Schnittstelle beschreiben · UAG1 · bis" in (await other.says("!aufgaben")).message.text
    await fill(house, room, 130)
    answer = await room.says("!aufgaben")
    assert "Offene Aufgaben: 136, davon 1 von anderen Gruppen" in answer.messages[0].text
    assert "A6 Schnittstelle" in answer.messages[-1].text  # although more than a list shows are the group's own


async def test_more_than_five_hundred_are_not_counted(house: House, room: TestRoom) -> None:
    await fill(house, room, 501)
    answer = await room.says("!aufgaben")
    assert "Offene Aufgaben: über 500" in answer.messages[0].text
    assert "… und weitere; im Thread stehen die ersten 100." in answer.messages[0].text
    assert "… und weitere, die hier nicht stehen." in answer.messages[-1].text


async def test_my_list_goes_by_urgency_and_knows_my_town(house: House, room: TestRoom) -> None:
    other = await group_with_everything(house, room)
    chat = await direct_chat(house, "Anna")
    everywhere = (await chat.says("!meine")).message.text
    assert everywhere.split("\n\n") == [
        "Meine Aufgaben: 2",
        "⚠ Überfällig",
        "- A1 Leitfaden schreiben · UAG1 · seit Fr., 6. Nov. · #pilot",
        "Ohne Tag",
        "- A9 Haltestellen zählen · UAG2 · Anna und Magdeburg",
    ]
    bodos = await direct_chat(house, "Bodo")
    await leave(house, other, "Bodo")
    assert numbers((await bodos.says("!meine", who="Bodo")).message.text) == [2, 3, 7]
    assert numbers((await room.says("!meine", who="Bodo")).message.text) == [2, 3]
    async with house.database.begin() as tx:
        await municipalities.change_standing(tx, [user("Bodo")], Standing.OBSERVER, user("Anna"), house.now)
    assert numbers((await bodos.says("!meine", who="Bodo")).message.text) == [2, 7]
    doras = await direct_chat(house, "Dora")
    assert "keine offenen Aufgaben" in (await doras.says("!meine", who="Dora")).message.text


async def test_a_group_that_keeps_its_content_inside_shows_its_items_to_itself_alone(
    house: House, room: TestRoom, main: TestRoom
) -> None:
    other = await group_with_everything(house, room)
    assert numbers((await main.says("!aufgaben gruppe=UAG1")).message.text) == [8, 1, 2, 3, 4, 6]
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, other.id)
        assert home is not None
        tx.add(DigestRule(room_id=home.id, counts_only=True))
    refused = await main.says("!aufgaben gruppe=UAG2")
    assert "UAG2 Mobilität hält seine Aufgaben im eigenen Raum" in refused.message.text
    assert "im eigenen Raum" in (await main.says("!aufgaben export gruppe=UAG2")).message.text
    assert numbers((await main.says("!aufgaben gruppe=UAG1")).message.text) == [8, 1, 2, 3, 4]
    assert numbers((await room.says("!aufgaben")).message.text) == [8, 1, 2, 3, 4, 6]
    assert numbers((await other.says("!aufgaben")).message.text) == [6, 7, 9]


async def test_rare_and_frequent_things_are_found_alike(
    house: House, room: TestRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await group_with_everything(house, room)
    for number in (1, 3, 8):
        await room.says(f"!erledigt {number}")
        await house.sleep(hours=1)
    asked = (
        "!aufgaben erledigt",
        "!aufgaben erledigt #pilot",
        "!aufgaben erledigt #pilot @anna @Halle",
        "!aufgaben alle @Halle",
    )
    first = [numbers((await room.says(said)).message.text) for said in asked]
    assert first == [[8, 3, 1, 5], [1, 5], [1, 5], [3]]
    monkeypatch.setattr(action_lists, "FEW", 1)
    assert [numbers((await room.says(said)).message.text) for said in asked] == first


async def test_lists_use_indexes_and_look_at_no_more_than_they_must(house: House) -> None:
    if house.database.engine.dialect.name != "sqlite":
        pytest.skip("the plan is SQLite's")
    busy = Filter(room_id=1, people=["@bodo:localhost"], tags=["pilot"])
    anywhere = Filter(people=busy.people)
    [bodo, pilot] = action_lists.lookups(busy)
    done = [ActionState.DONE]
    by_day = "SEARCH actions USING COVERING INDEX ix_actions_room_id_state_due_on (room_id=? AND state=?)"
    newest = "SEARCH actions USING COVERING INDEX ix_actions_room_id_closed_at_state (room_id=? AND closed_at>?)"
    for query, begins, sorts in (
        (action_lists.unfinished(busy, [ActionState.OPEN], bodo, [pilot]), by_day, True),
        (
            action_lists.unfinished(anywhere, [ActionState.OPEN], None, [bodo]),
            "ix_actions_state_due_on (state=?)",
            True,
        ),
        (
            action_lists.unfinished(anywhere, [ActionState.OPEN], bodo),
            "ix_assignees_user_id_action_id (user_id=?)",
            True,
        ),
        (action_lists.finished(Filter(room_id=1), done), newest, False),
        (action_lists.finished(busy, done, None, [bodo, pilot]), newest, False),
        (action_lists.finished(busy, done, bodo, [pilot]), "ix_assignees_user_id_action_id (user_id=?)", True),
        (action_lists.finished(busy, done, pilot, [bodo]), "ix_action_tags_tag_action_id (tag=?)", True),
    ):
        compiled = query.limit(100).compile(house.database.engine, compile_kwargs={"literal_binds": True})
        async with house.database.begin() as tx:
            plan = [str(row) for row in await tx.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
        assert any(begins in step for step in plan), plan
        assert not [step for step in plan if "SCAN" in step], plan
        assert any("FOR ORDER BY" in step for step in plan) is sorts, plan
