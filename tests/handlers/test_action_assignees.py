"""What uagbot promises about who has an action item: people, municipalities and groups, and who reaches it (A1, A3)."""

import pytest
from sqlalchemy import event

from storage import actions, assignment
from storage.actions import ActionChange
from storage.municipalities import Standing
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat, leave, sit
from tests.handlers.house import House, TestRoom, user


@pytest.fixture
async def mobility(house: House) -> TestRoom:
    """Give the room of another group; Dora and Emil are in it, Dora is its chair."""
    return await house.room("UAG3", "Dora", "Emil", title="Mobilität", powers={"Dora": 100})


@pytest.fixture
async def towns(house: House) -> None:
    """Let Anna stand for Halle, Bodo and Dora for Stendal; Carla is a guest of Stendal, nobody stands for Zeitz."""
    await sit(house, "Halle (Saale)", "Anna")
    await sit(house, "Stendal", "Bodo", "Dora")
    await sit(house, "Stendal", "Carla", standing=Standing.GUEST)
    await sit(house, "Zeitz")


@pytest.mark.usefixtures("towns")
async def test_people_towns_and_groups_share_an_item_and_each_is_told_in_its_way(
    room: TestRoom, mobility: TestRoom
) -> None:
    given = await room.says("!aufgabe @Stendal @carla @uag3 Leitfaden schreiben bis 13.11. #pilot")
    card, notice = given.messages
    assert card.text.startswith("A1 Leitfaden schreiben · Carla, Stendal und UAG3 · bis Freitag, 13. November 2026")
    assert card.mentions == [user("Carla"), user("Bodo")]
    assert f'<a href="https://matrix.to/#/{user("Carla")}">Carla</a>, Stendal und UAG3' in card.html
    assert (notice.room, notice.mentions, notice.key) == (mobility.id, [], "action-for-group")
    assert notice.text.startswith("UAG1 Bürger-Apps gibt dieser Gruppe eine Aufgabe:\nA1 Leitfaden schreiben")
    assert f'<a href="https://matrix.to/#/{room.id}/{given.event_id}">' in notice.html
    alone = await room.says("!aufgabe @Zeitz @Halle Plakate aufhängen")
    assert "Halle (Saale) und Zeitz" in alone.message.text
    assert "Niemand aus dieser Gruppe steht für Zeitz." in alone.message.text
    assert alone.message.mentions == []
    ticked = await mobility.reacts(notice.event_id, "✅", who="Emil")
    assert {one.room for one in ticked.sent} == {room.id, mobility.id}
    assert all("Erledigt am Montag, 2. November 2026 von Emil" in one.text for one in ticked.sent)
    back = await mobility.redacts(ticked.event_id, who="Emil")
    assert not any("Erledigt" in one.text for one in back.sent)


@pytest.mark.usefixtures("towns", "mobility")
async def test_whom_an_item_is_for_may_be_typed_in_many_ways(room: TestRoom) -> None:
    for number, (text, who, what) in enumerate(
        (
            ('!aufgabe @"Halle (Saale)" Text', "Halle (Saale)", "Text"),
            ("!aufgabe @„Halle (Saale)“, @Zeitz: Text", "Halle (Saale) und Zeitz", "Text"),
            ("!aufgabe @Halle (Saale) Text", "Halle (Saale)", "Text"),
            ("!aufgabe @Stadt Halle Zeitz fragen", "Halle (Saale)", "Zeitz fragen"),
            ("!aufgabe @UAG3,Stendal Text", "Stendal und UAG3", "Text"),
            ("!aufgabe Text für=UAG3,Stendal", "Stendal und UAG3", "Text"),
            ('!aufgabe für="Halle (Saale)" Zeitz besuchen', "Halle (Saale)", "Zeitz besuchen"),
            ('!aufgabe Text für=@"Halle (Saale)"', "Halle (Saale)", "Text"),
            ("!action for=Stendal visit Zeitz", "Stendal", "visit Zeitz"),
            ("!aufgabe @bodo für=Stendal, @carla Zeitz und Halle", "Bodo, Carla und Stendal", "Zeitz und Halle"),
            ("!aufgabe @carla und Bodo fragen für Halle", "Carla", "und Bodo fragen für Halle"),
        ),
        start=1,
    ):
        assert (await room.says(text)).messages[0].text.startswith(f"A{number} {what} · {who}\n"), text


async def test_a_name_means_a_person_before_a_group_and_a_group_before_a_municipality(house: House) -> None:
    room = await house.room("UAG1", "Anna", "Uag3", "Stendal")
    await house.room("UAG3", "Dora")
    await house.room("ZEITZ", "Dora")
    for name in ("Stendal", "Zeitz", "UAG3"):
        await sit(house, name)
    for typed, kinds in (
        ("@stendal", (1, 0, 0)),
        ("@uag3", (1, 0, 0)),
        ("@zeitz", (0, 0, 1)),
        ("für=Stendal", (0, 1, 0)),
        ("für=UAG3", (0, 0, 1)),
        ("für=@Stendal,Stendal", (1, 1, 0)),
        ("für=Anna", (1, 0, 0)),
    ):
        number = (await room.says(f"!aufgabe {typed} Text")).messages[0].text.split()[0]
        async with house.database.begin() as tx:
            found = await actions.find(tx, int(number[1:]))
            assert found is not None
            given = [await query(tx, [found.id]) for query in (assignment.people, assignment.towns, assignment.groups)]
        assert tuple(len(one.get(found.id, [])) for one in given) == kinds, typed


@pytest.mark.usefixtures("towns", "mobility")
async def test_who_cannot_have_an_item_is_refused_with_what_to_type_instead(house: House, room: TestRoom) -> None:
    await sit(house, "Halle (Westf.)")
    await leave(house, room, "Carla")
    await room.says("!aufgabe Leitfaden")
    before = await house.dump()
    for text, said in (
        ("!aufgabe @Stendahl Text", "Meinten Sie `@Stendal`?"),
        ("!aufgabe 1 an Stendahl", "Meinten Sie `@Stendal`?"),
        ("!aufgabe @Halle Text", '`@"Halle (Saale)"` oder `@"Halle (Westf.)"`'),
        ("!aufgabe 1 an @Hale", 'Meinten Sie `@"Halle (Saale)"`?'),
        ("!aufgabe Text für=UAG9", "So geht es"),
        ("!aufgabe @UAG1 Text", "Die Aufgaben dieses Raums sind schon die von UAG1"),
        ("!aufgabe 1 an UAG1", "Die Aufgaben dieses Raums sind schon die von UAG1"),
        ("!aufgabe @carla:localhost Text", "Carla gehört nicht zum Raum UAG1 Bürger-Apps"),
        ("!aufgabe 1 an @carla:localhost", "Carla gehört nicht zum Raum UAG1 Bürger-Apps"),
        ("!aufgabe 1 an uagbot", "ist ein Bot"),
        ("!aufgabe @niemand,@anna Text", "In diesem Raum heißt niemand „@niemand“"),
        ("!aufgabe " + "x" * 10_000, "zu lang"),
    ):
        answer = (await room.says(text)).message
        assert said.casefold() in answer.text.casefold(), (text, answer.text)
    assert await house.dump() == before


@pytest.mark.usefixtures("towns")
async def test_an_item_is_passed_on_between_people_towns_and_groups(
    house: House, room: TestRoom, mobility: TestRoom
) -> None:
    await room.says("!aufgabe @bodo @uag3 Leitfaden")
    moved = await room.says("!aufgabe 1 an Stendal und @carla")
    told = moved.of("action-changed")
    assert told.text == "A1 Leitfaden liegt jetzt bei Carla und Stendal (vorher Bodo und UAG3)."
    assert told.mentions == [user("Carla")]  # Bodo stands for Stendal, and had it before
    gone = moved.of("action-for-group")
    assert (gone.room, gone.relation) == (mobility.id, "m.replace")
    assert gone.text == "A1 Leitfaden: UAG1 Bürger-Apps hat diese Aufgabe inzwischen anderen gegeben."
    assert "gibt es in diesem Raum nicht" in (await mobility.says("!aufgabe 1", who="Dora")).text
    assert (await room.says("!aufgabe 1 an Stendal, @carla")).reactions == ["👍"]
    again = await room.says("!aufgabe 1 an UAG3")
    assert again.of("action-for-group").relation is None
    inside = await mobility.says("!aufgabe 1 an UAG3 und @emil", who="Dora")
    assert inside.of("action-changed").text == (
        "A1 Leitfaden liegt jetzt bei Emil und UAG3 (vorher UAG3), geändert von Dora."
    )
    shown = (await room.says("!aufgabe 1")).message.text
    assert shown.split("Verlauf\n\n")[1].split("\n") == [
        "- Mo., 2. Nov., 09:00 Uhr: Dora hat sie Emil und UAG3 gegeben",
        "- Mo., 2. Nov., 09:00 Uhr: Anna hat sie UAG3 gegeben",
        "- Mo., 2. Nov., 09:00 Uhr: Anna hat sie Carla und Stendal gegeben",
        "- Mo., 2. Nov., 09:00 Uhr: Anna hat sie angelegt, für Bodo und UAG3",
    ]
    async with house.database.begin() as tx:
        found = await actions.find(tx, 1)
        assert found is not None
        assert found.revision == 4
        assert found.changed_at == house.now


async def test_what_older_versions_wrote_into_the_history_still_reads(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe Leitfaden")
    async with house.database.begin() as tx:
        note = f"{user('Bodo')} {user('Carla')}"
        tx.add(ActionChange(action_id=1, at=house.now, by=user("Anna"), what="assigned", note=note))
    assert "Anna hat sie Bodo und Carla gegeben" in (await room.says("!aufgabe 1")).text


@pytest.mark.usefixtures("towns", "mobility")
async def test_an_edit_changes_towns_and_groups_too(room: TestRoom) -> None:
    made = await room.says("!aufgabe @Halle Leitfaden")
    edited = await room.edits(made.event_id, "!aufgabe @Stendal @UAG3 Leitfaden")
    assert edited.of("action-changed").mentions == [user("Bodo")]
    assert edited.of("action-for-group").relation is None
    assert "Anna hat den Text bearbeitet, jetzt für Stendal und UAG3" in (await room.says("!aufgabe 1")).text


@pytest.mark.usefixtures("towns")
async def test_an_item_is_reached_by_those_whom_it_concerns_and_is_unknown_to_all_others(
    house: House, room: TestRoom, mobility: TestRoom, main: TestRoom
) -> None:
    await room.says("!aufgabe @Stendal Leitfaden")
    await room.says("!aufgabe @UAG3 Flyer")
    for who, number, there in (
        ("Carla", 1, True),  # of the room
        ("Dora", 1, True),  # stands for Stendal
        ("Dora", 2, True),  # of the group
        ("Emil", 2, True),
        ("Emil", 1, False),
        ("Gerda", 1, False),
        ("Gerda", 2, False),
    ):
        chat = await direct_chat(house, who)
        shown = (await chat.says(f"aufgabe {number}", who=who)).message.text
        unknown = (await chat.says("aufgabe 99", who=who)).message.text
        assert (shown != unknown.replace("A99", f"A{number}")) == there, (who, number)
        assert (await chat.says(f"notiz {number} gesehen", who=who)).reactions == (["👍"] if there else [])
    for place, who in ((mobility, "Dora"), (main, "Anna")):
        before = await house.dump()
        for command in ("!aufgabe {}", "!erledigt {}", "!übernehme {}", "!aufgabe {} an @dora", "!gesucht {}"):
            hidden = (await place.says(command.format(1), who=who)).text
            assert hidden.replace("A1", "A99") == (await place.says(command.format(99), who=who)).text
        assert await house.dump() == before


@pytest.mark.usefixtures("towns", "main")
async def test_who_left_keeps_the_item_and_it_says_so_until_it_is_passed_on(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @bodo @Stendal Leitfaden")
    await leave(house, room, "Bodo")
    shown = (await room.says("!aufgabe 1")).message.text
    assert "Leitfaden · Bodo und Stendal" in shown
    assert "Nicht mehr im Raum UAG1 Bürger-Apps: Bodo" in shown
    assert "Niemand aus dieser Gruppe steht für Stendal." in shown
    assert "liegt jetzt bei Carla" in (await room.says("!aufgabe 1 an @carla")).text
    assert "Nicht mehr" not in (await room.says("!aufgabe 1")).text


@pytest.mark.usefixtures("towns", "mobility")
async def test_minutes_name_towns_and_groups_too_and_the_group_is_told_during_a_session(room: TestRoom) -> None:
    await room.says("!sitzung start")
    given = await room.says("!aufgabe @bodo @Halle @UAG3 Leitfaden")
    assert given.reactions == ["✅"]
    assert given.message.key == "action-for-group"
    ended = (await room.says("!sitzung ende")).sent
    text = "\n".join([*(one.text for one in ended), *(one.file_text or "" for one in ended)])
    assert "Halle (Saale)" in text
    assert "UAG3" in text


async def test_who_has_many_items_is_read_by_the_same_few_statements_as_of_one(house: House, room: TestRoom) -> None:
    asked: list[str] = []
    event.listen(house.database.engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    async def cost() -> int:
        asked.clear()
        await room.says("!aufgabe @bodo @Halle @Stendal @UAG3 @UAG4 Text")
        return len(asked)

    for key in ("UAG3", "UAG4"):
        await house.room(key, "Dora", kind=RoomKind.GROUP)
    for name in ("Halle (Saale)", "Stendal"):
        await sit(house, name, "Bodo")
    first = await cost()
    for number in range(30):
        await sit(house, f"Ort {number}", "Carla")
    await cost()
    assert await cost() <= first


async def test_tags_are_letters_digits_hyphens_and_underscores_in_lower_case(house: House, room: TestRoom) -> None:
    for number, (typed, tags, words) in enumerate(
        (
            ("#Pilot, #A_b-1.", ["a_b-1", "pilot"], "Text"),
            ("#Stra\u00dfe #Z\u0065\u0301 #\u200fx\u200e", ["straße", "x", "z\u00e9"], "Text"),
            ('# #! #"x #<b> #🎉 #uag1:example.org', [], 'Text # #! #"x #<b> #🎉 #uag1:example.org'),
        ),
        start=1,
    ):
        await room.says(f"!aufgabe Text {typed}")
        async with house.database.begin() as tx:
            found = await actions.find(tx, number)
            assert found is not None
            assert found.text == words
            assert (await actions.tags(tx, [number])).get(number, []) == tags
    before = await house.dump()
    for odd in ("#a;b", "#a<b>", "#" + "x" * 41, "#a\u0001b"):
        assert "geht nicht als Stichwort" in (await room.says(f"!aufgabe Text {odd}")).message.text
    assert await house.dump() == before
