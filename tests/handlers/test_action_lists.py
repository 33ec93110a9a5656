"""What uagbot promises about lists of action items, rooms and bad input (A4)."""

import pytest

from storage import rooms
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat, fill, leave, said_later
from tests.handlers.house import BOT, House, TestRoom, user

# -- rooms and direct chats


async def test_an_item_of_another_room_cannot_be_reached(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    await room.says("!aufgabe Leitfaden")
    before = await house.dump()
    for text in ("!erledigt 1", "!aufgabe 1", "!aufgabe 1 an @bodo", "!notiz 1 so", "!offen 1", "!ruhe A1"):
        assert "Eine Aufgabe A1 gibt es in diesem Raum nicht" in (await other.says(text)).message.text
    assert "A2 1 Flyer" in (await other.says("!aufgabe 1 Flyer")).message.text
    assert (await house.dump())["actions"][:1] == before["actions"]


async def test_a_direct_chat_reaches_the_items_of_ones_own_groups(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfaden bis 13.11.")
    chat = await direct_chat(house, "Bodo")
    moved = await chat.says("!aufgabe 1 an @carla", who="Bodo")
    assert moved.reactions == ["👍"]
    assert moved.message.room == room.id
    assert moved.message.text == "A1 Leitfaden liegt jetzt bei Carla (vorher Anna), geändert von Bodo."
    assert moved.message.mentions == [user("Carla")]
    assert "Carla" in (await chat.says("erledigt 1", who="Bodo")).of("action-item").text
    assert (await chat.says("!offen 1", who="Bodo")).of("action-item").edits == made.message.event_id
    stranger = await direct_chat(house, "Dieter")
    assert "in Ihren Gruppen nicht" in (await stranger.says("!aufgabe 1", who="Dieter")).message.text
    assert "nur im Raum einer Arbeitsgruppe" in (await chat.says("!aufgabe @carla Neues", who="Bodo")).message.text


async def test_only_members_of_its_room_can_be_given_an_item(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe Leitfaden")
    await house.room("UAG2", "Bodo", "Dieter", title="Mobilität")
    chat = await direct_chat(house, "Bodo")
    before = await house.dump()
    assert (
        "Dieter gehört nicht zum Raum UAG1 Bürger-Apps" in (await chat.says("!aufgabe 1 an @dieter", who="Bodo")).text
    )
    assert "heißt niemand „@dieter“" in (await room.says("!aufgabe 1 an @dieter")).text
    assert "heißt niemand „@edith“" in (await chat.says("!aufgabe 1 an @edith", who="Bodo")).text
    assert await house.dump() == before


async def test_people_are_found_by_names_that_begin_with_an_umlaut_in_any_case(house: House, room: TestRoom) -> None:
    async with house.database.begin() as tx:
        place = await rooms.by_matrix_id(tx, room.id)
        assert place is not None
        await rooms.set_member(tx, place, "@oezlem:localhost", "Özlem", "join")
    for written in ("@Özlem", "@özlem", "@ÖZLEM", "@oezlem", "@Oezlem:localhost"):
        assert "Leitfaden · Özlem" in (await room.says(f"!aufgabe {written} Leitfaden")).text


async def test_a_room_that_is_no_group_says_so(house: House) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN)
    for text in ("!aufgabe Leitfaden", "!aufgaben", "!meine"):
        assert "noch keine Arbeitsgruppe" in (await plain.says(text)).message.text


# -- A4: lists


async def test_the_list_is_in_order_of_urgency_and_says_it_in_words(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Später bis 30.11. #pilot")
    await room.says("!aufgabe Irgendwann")
    await room.says("!aufgabe @bodo Bald bis 6.11.")
    await room.says("!blockiert 1 Geld fehlt")
    await house.sleep(days=7)
    listed = (await room.says("!aufgaben")).message.text
    assert listed.split("\n") == [
        "Offene Aufgaben: 3",
        "",
        "- A3 Bald · Bodo · ⚠ überfällig seit Fr., 6. Nov.",
        "- A1 Später · Anna · bis Mo., 30. Nov. · blockiert · #pilot",
        "- A2 Irgendwann · noch niemand zuständig",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("!aufgaben", {1, 2, 3}),
        ("!aufgaben offen", {1, 2, 3}),
        ("!aufgaben überfällig", {2}),
        ("!aufgaben ueberfaellig @anna", {2}),
        ("!aufgaben @bodo überfällig", set()),
        ("!aufgaben erledigt", {4}),
        ("!aufgaben alle", {1, 2, 3, 4, 5}),
        ("!aufgaben @anna", {1, 2}),
        ("!aufgaben @anna @bodo", {1, 2, 3}),
        ("!aufgaben #pilot", {1, 3}),
        ("!aufgaben #pilot #ki", {3}),
        ("!aufgaben #pilot @anna offen", {1}),
        ("!actions overdue", {2}),
        ("!actions done #pilot", {4}),
        ("!actions all @anna", {1, 2, 4}),
        ("!actions open", {1, 2, 3}),
    ],
)
async def test_filters_combine(house: House, room: TestRoom, text: str, found: set[int]) -> None:
    await room.says("!aufgabe @anna Eins bis 30.11. #pilot")
    await room.says("!aufgabe @anna Zwei bis 3.11.")
    await room.says("!aufgabe @bodo Drei #pilot #ki")
    await room.says("!aufgabe @anna Vier #pilot")
    await room.says("!aufgabe Fünf")
    await room.says("!erledigt 4")
    await room.says("!verworfen 5 nicht nötig")
    await house.sleep(days=2)
    listed = (await room.says(text)).message.text
    assert {number for number in range(1, 6) if f"- A{number} " in listed} == found
    if not found:
        assert listed == "Keine überfälligen Aufgaben von Bodo."


async def test_a_long_list_is_cut_with_a_count_and_continued_in_a_thread(house: House, room: TestRoom) -> None:
    await fill(house, room, 60)
    first, second, third = (await room.says("!aufgaben")).messages
    assert first.text.count("\n- ") == 12
    assert "Offene Aufgaben: 60" in first.text
    assert "… und 48 weitere im Thread" in first.text
    assert (second.relation, third.relation) == ("m.thread", "m.thread")
    assert (second.text.count("- A"), third.text.count("- A")) == (40, 8)
    assert "- A13 " in second.text
    assert "- A60 " in third.text


async def test_more_than_a_hundred_items_ask_for_a_filter(house: House, room: TestRoom) -> None:
    await fill(house, room, 105)
    answer = await room.says("!aufgaben")
    assert "… und 93 weitere; im Thread stehen die ersten 100" in answer.messages[0].text
    assert "!aufgaben überfällig" in answer.messages[0].text
    assert "… und 5 weitere, die hier nicht stehen" in answer.messages[-1].text
    assert sum(one.text.count("- A") for one in answer.messages) == 100


async def test_the_common_rooms_show_the_items_of_a_group(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @bodo Leitfaden bis 6.11.")
    main = await house.room("Alle", kind=RoomKind.MAIN, title="Initiative")
    assert "Diese Gruppe hat keine offenen Aufgaben" in (await main.says("!aufgaben")).message.text
    listed = (await main.says("!aufgaben gruppe=UAG1")).message.text
    assert "Offene Aufgaben in UAG1 Bürger-Apps: 1" in listed
    assert "A1 Leitfaden" in listed
    assert "A1 Leitfaden" in (await main.says("!actions group=uag1")).message.text
    other = await house.room("UAG2", title="Mobilität")
    assert "gemeinsame Raum" in (await other.says("!aufgaben gruppe=UAG1")).message.text
    assert "A1 Leitfaden" in (await room.says("!aufgaben gruppe=UAG1")).message.text


async def test_mine_are_this_groups_in_a_room_and_all_groups_in_a_direct_chat(house: House, room: TestRoom) -> None:
    tenth = await house.room("UAG10", title="Energie")
    second = await house.room("UAG2", title="Mobilität")
    await tenth.says("!aufgabe @bodo Zehn bis 6.11.")
    await second.says("!aufgabe @bodo Zwei")
    await room.says("!aufgabe @bodo Eins bis 30.11.")
    await room.says("!aufgabe @bodo Fertig")
    await room.says("!erledigt 4")
    await room.says("!aufgabe @anna Fremd")
    here = (await room.says("!meine", who="Bodo")).message.text
    assert "- A3 Eins" in here
    assert "A1" not in here
    assert "`!meine` im direkten Chat" in here
    chat = await direct_chat(house, "Bodo")
    everywhere = (await chat.says("!meine", who="Bodo")).message.text
    assert everywhere.split("\n\n") == [
        "Meine Aufgaben: 3",
        "In den nächsten sieben Tagen",
        "- A1 Zehn · UAG10 · bis Fr., 6. Nov.",
        "Später",
        "- A3 Eins · UAG1 · bis Mo., 30. Nov.",
        "Ohne Tag",
        "- A2 Zwei · UAG2",
    ]
    none = await (await direct_chat(house, "Carla")).says("!mine", who="Carla")
    assert none.message.text == "Sie haben keine offenen Aufgaben."


async def test_who_left_a_group_still_sees_there_what_is_theirs_and_nothing_else(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @bodo Leitfaden bis 6.11.")
    await room.says("!aufgabe @anna Flyer bis 6.11.")
    chat = await direct_chat(house, "Bodo")
    await leave(house, room, "Bodo")
    left = (await chat.says("!meine", who="Bodo")).message.text
    assert "A1 Leitfaden · UAG1" in left
    assert "A2" not in left
    assert "Nicht mehr im Raum UAG1 Bürger-Apps: Bodo" in (await chat.says("!aufgabe 1", who="Bodo")).message.text
    assert "in Ihren Gruppen nicht" in (await chat.says("!aufgabe 2", who="Bodo")).message.text
    told = {(one.room, one.key) for one in (await house.sleep(days=30)).sent}
    assert told == {(room.id, "action-left"), (room.id, "action-reminder")}  # the second is for Anna


# -- bad input, English


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!aufgabe @dieter Leitfaden", "In diesem Raum heißt niemand „@dieter“"),
        (f"!aufgabe @{BOT.removeprefix('@')} Leitfaden", "ist ein Bot und kann keine Aufgabe haben"),
        ("!aufgabe Leitfaden bis=1.11.2026", "Sonntag, 1. November 2026 liegt in der Vergangenheit"),
        ("!aufgabe Leitfaden bis 31.2.", "gibt es im Kalender nicht"),
        ("!aufgabe Leitfaden bis=Freitga", "nicht verstanden"),
        ("!aufgabe " + "x" * 501, "501 Zeichen, höchstens 500"),
        ("!aufgabe " + "x" * 60_000, "zu lang für einen Befehl"),
        ("!aufgabe „Leitfaden", "Anführungszeichen"),
        ("!aufgabe 1 bis Freitga", "Soll sich A1 ändern?"),
        ("!aufgabe A1 an Dieter", "Soll sich A1 ändern?"),
        ("!aufgabe 1 an @dieter", "In diesem Raum heißt niemand „@dieter“"),
        ("!aufgabe 1 bis 1.11.2026", "liegt in der Vergangenheit"),
        ("!aufgabe 99", "Eine Aufgabe A99 gibt es in diesem Raum nicht"),
        ("!erledigt", "So geht es: `!erledigt A14 [Notiz]`"),
        ("!erledigt alles", "So geht es: `!erledigt A14 [Notiz]`"),
        ("!erledigt 99", "Eine Aufgabe A99 gibt es in diesem Raum nicht"),
        ("!erledigt 99999999999999999999", "So geht es"),
        ("!erledigt 1 " + "x" * 501, "höchstens 500"),
        ("!erledgit 1", "Meinten Sie `!erledigt`"),
        ("!blockiert 1", "So geht es: `!blockiert A14 Grund`"),
        ("!verworfen 1", "So geht es: `!verworfen A14 Grund`"),
        ("!notiz 1", "So geht es: `!notiz A14 Notiz`"),
        ("!aufgaben Quatsch", "So geht es: `!aufgaben [offen|überfällig|erledigt|blockiert|gesucht|alle …]"),
        ("!aufgaben @dieter", "In diesem Raum heißt niemand „@dieter“"),
        ("!aufgaben gruppe=UAG9", "Eine Gruppe „UAG9“ gibt es nicht"),
        ("!ruhe", "So geht es: `!ruhe Dauer`"),
        ("!ruhe Quatsch", "So geht es: `!ruhe Dauer`"),
        ("!ruhe bis 1.11.2026", "liegt in der Vergangenheit"),
        ("!ruhe A1", "A1 hat keinen Tag"),
        ("!ruhe A2", "A2 liegt nicht bei Ihnen"),
        ("!erinnerungen vielleicht", "So geht es: `!erinnerungen [aus|an]`"),
    ],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    await room.says("!aufgabe @anna Leitfaden")
    await room.says("!aufgabe @bodo Flyer bis 12.11.")
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_action_items_speak_english_in_an_english_room(house: House) -> None:
    room = await house.room("UAG1", title="Citizen apps", language="en")
    made = await room.says("!action @bodo write the guide by 13 November #pilot")
    assert made.message.text == (
        "A1 write the guide · Bodo · by Friday, 13 November 2026 · #pilot\nDone: ✅ or `!done 1`"
    )
    moved = await room.says("!action 1 to @carla by Monday")
    assert "is now with Carla (before: Bodo) and is to be done by Monday, 9 November 2026" in moved.message.text
    blocked = await room.says("!blocked 1 no money")
    assert blocked.message.text == "A1 write the guide is blocked: no money\nIt goes on? `!reopen 1`"
    assert (await room.says("!reopen 1")).reactions == ["👍"]
    assert (await room.says("!note 1 a draft is there")).reactions == ["👍"]
    assert "overdue since Mon 9 Nov" in (await said_later(house, room, "!actions"))
    assert (await room.says("!done 1 at last")).reactions == ["✅"]
    assert "is closed already.\n✅ Done on" in (await room.says("!drop 1 not needed")).message.text
    shown = (await room.says("!action 1")).message.text
    for line in (
        "ticked it off: at last",
        "noted: a draft is there",
        "opened it again",
        "set a new day: Monday",
        "created it",
    ):
        assert line in shown
    assert "Finished action items: 1" in (await room.says("!actions done")).message.text
    assert "You have no open action items in this group." in (await room.says("!mine")).message.text
    assert "Up to and including" in (await room.says("!quiet until Friday")).message.text
    assert "You get reminders" in (await room.says("!quiet off")).message.text
    assert "You get no reminders" in (await room.says("!reminders off")).message.text
