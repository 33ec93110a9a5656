"""What uagbot promises about municipalities and guests (R4)."""

import pytest
from sqlalchemy import event

from storage import municipalities
from storage.municipalities import Municipality, Standing
from storage.rooms import RoomKind
from tests.handlers.house import House, TestRoom, user
from tests.handlers.towns import names, stand, town

# -- one's own municipality


@pytest.mark.parametrize(
    "text",
    [
        "!kommune Halle (Saale)",
        '!kommune "Halle (Saale)"',
        "!Kommune  Halle   (Saale).",
        "!municipality Halle (Saale)",
        "!kommune Halle (Saale) als=mitglied",
        "@uagbot kommune Halle (Saale)",
    ],
)
async def test_a_member_says_for_which_municipality_they_stand(house: House, room: TestRoom, text: str) -> None:
    answer = await room.says(text, who="Bodo")
    assert answer.message.text.startswith("Sie stehen jetzt für Halle (Saale).\n")
    assert answer.message.mentions == []
    assert await stand(house, "Bodo") == {"Bodo": ("Halle (Saale)", "member")}


@pytest.mark.parametrize(
    "text",
    ["!kommune halle", "!kommune HALLE (SAALE)", "!kommune Halle/Saale", "!kommune Stadt Halle", "kommune halle-saale"],
)
async def test_a_known_municipality_is_found_however_it_is_written(house: House, room: TestRoom, text: str) -> None:
    await room.says("!kommune Halle (Saale)")
    chat = await house.room(None, "Bodo", kind=RoomKind.DIRECT)
    assert (await chat.says(text, who="Bodo")).message.text == "Sie stehen jetzt für Halle (Saale)."
    assert await names(house) == ["Halle (Saale)"]
    assert await stand(house, "Anna", "Bodo") == dict.fromkeys(("Anna", "Bodo"), ("Halle (Saale)", "member"))


async def test_without_a_name_it_shows_what_one_stands_for_and_how_to_say_it(house: House, room: TestRoom) -> None:
    unsaid = (await room.says("!kommune")).message.text
    assert unsaid.startswith("Sie stehen für keine Kommune.\nSo sagen Sie es: `!kommune Halle (Saale)`")
    await room.says("!kommune Stendal")
    before = await house.dump()
    assert (await room.says("!kommune")).message.text.startswith("Sie stehen für Stendal.\nSo sagen Sie es")
    assert (await room.says("!kommune @anna", who="Bodo")).message.text == "Anna steht für Stendal."
    both = (await room.says("!kommune @anna @bodo und @carla", who="Bodo")).message
    assert both.text == "Anna steht für Stendal.\nBodo und Carla stehen für keine Kommune."
    assert both.mentions == []
    assert await house.dump() == before


async def test_a_seat_can_be_given_up(house: House, room: TestRoom) -> None:
    await room.says("!kommune Stendal")
    assert (await room.says("!kommune aus")).message.text == "Sie stehen jetzt für keine Kommune."
    assert await stand(house, "Anna") == {}
    assert (await room.says("!municipality off")).message.text == "Sie stehen jetzt für keine Kommune."


async def test_guests_and_observers_say_so_themselves(house: House, room: TestRoom) -> None:
    assert (await room.says("!kommune als=gast")).message.text == "Sie nehmen jetzt als Gast teil, ohne Stimme."
    await room.says("!kommune Stendal", who="Bodo")
    observing = (await room.says("!kommune als=beobachtung", who="Bodo")).message.text
    assert observing == "Sie nehmen jetzt zur Beobachtung teil (Stendal), ohne Stimme."
    assert await stand(house, "Anna", "Bodo") == {"Anna": (None, "guest"), "Bodo": ("Stendal", "observer")}
    assert (await room.says("!kommune als=mitglied", who="Bodo")).text == "Sie stehen jetzt für Stendal."
    assert "Sie stehen jetzt für Stendal." in (await room.says("!kommune Stendal")).text
    assert await stand(house, "Anna", "Bodo") == dict.fromkeys(("Anna", "Bodo"), ("Stendal", "member"))
    guest = await room.says("!kommune Halle (Saale) als=gast", who="Carla")
    assert "als Gast teil (Halle (Saale)), ohne Stimme" in guest.text


# -- new municipalities


async def test_the_coordinators_are_told_of_a_new_municipality(room: TestRoom, coordination: TestRoom) -> None:
    answer = await room.says('!kommune "Hohe Börde"', who="Bodo")
    assert "Hohe Börde ist neu in der Liste; die Koordination erfährt es." in answer.of("municipality-stands").text
    told = answer.of("municipality-new")
    assert told.room == coordination.id
    assert told.text.startswith("Neue Kommune: Hohe Börde, genannt von Bodo in UAG1 Bürger-Apps.\n")
    assert "`!kommune @name Richtiger Name`" in told.text
    assert told.mentions == []
    assert [one.key for one in (await room.says("!kommune hohe boerde")).sent] == ["municipality-stands"]


async def test_where_it_is_named_the_coordinators_are_not_told_twice(house: House, coordination: TestRoom) -> None:
    assert len((await coordination.says("!kommune Stendal", who="Gerda")).messages) == 1
    chat = await house.room(None, "Bodo", kind=RoomKind.DIRECT)
    told = (await chat.says("kommune Aken (Elbe)", who="Bodo")).of("municipality-new")
    assert "genannt von Bodo.\n" in told.text


@pytest.mark.parametrize("written", ["Hale", "Hallle", "Halle (Sale)", "ist Halle"])
async def test_a_name_that_nearly_spells_a_known_one_is_asked_back(
    house: House, room: TestRoom, coordination: TestRoom, written: str
) -> None:
    await coordination.says("!kommune Halle (Saale)", who="Gerda")
    before = await house.dump()
    asked = (await room.says(f"!kommune {written}")).message.text
    assert asked.startswith("Meinten Sie `!kommune Halle (Saale)`?\n")
    assert asked.endswith(f'`!kommune "{written}" neu=ja`')
    assert await house.dump() == before
    assert f"für {written}.\n" in (await room.says(f'!kommune "{written}" neu=ja')).of("municipality-stands").text
    assert written in await names(house)


async def test_a_part_of_a_name_is_asked_back(house: House, room: TestRoom) -> None:
    await room.says("!kommune Dessau-Roßlau")
    assert "Meinten Sie `!kommune Dessau-Roßlau`?" in (await room.says("!kommune Dessau", who="Bodo")).text
    assert await names(house) == ["Dessau-Roßlau"]


async def test_what_is_asked_back_can_be_sent_as_it_stands(
    house: House, room: TestRoom, coordination: TestRoom
) -> None:
    await coordination.says("!kommune Stendal", who="Gerda")
    asked = (await room.says("!kommune @anna @bodo Stendl als=gast", who="Carla")).message.text
    first, second = (line.partition("`")[2].rpartition("`")[0] for line in asked.splitlines())
    assert first == "!kommune @anna:localhost @bodo:localhost Stendal als=gast"
    assert second == '!kommune @anna:localhost @bodo:localhost "Stendl" als=gast neu=ja'
    await room.says(first, who="Carla")
    assert await stand(house, "Anna", "Bodo") == dict.fromkeys(("Anna", "Bodo"), ("Stendal", "guest"))
    await room.says(second, who="Carla")
    assert await stand(house, "Anna", "Bodo") == dict.fromkeys(("Anna", "Bodo"), ("Stendl", "guest"))


async def test_a_short_name_of_two_municipalities_is_no_answer(house: House, room: TestRoom) -> None:
    await room.says("!kommune Halle (Saale)")
    await room.says("!kommune Halle (Westfalen)", who="Bodo")
    before = await house.dump()
    refused = (await room.says("!kommune Halle", who="Carla")).message.text
    assert refused.startswith("„Halle“ ist nicht eindeutig. Gemeint sein kann: Halle (Saale) und Halle (Westfalen).")
    assert await house.dump() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!kommune " + "x" * 81, "81 Zeichen, höchstens 80"),
        ("!kommune " + "x" * 501, "501 Zeichen"),
        ('!kommune ""', "Für welche Kommune?"),
        ("!kommune neu=ja", "Für welche Kommune?"),
        ("!kommune Stadt", "„Stadt“ geht nicht als Name"),
        ("!kommune 39104", "„39104“ geht nicht als Name"),
        ("!kommune <b>Halle</b>", "„<b>Halle</b>“ geht nicht als Name"),
        ("!kommune Stendal @bodo", "für andere: `!kommune @name Stendal`"),
        ("!kommune wie geht das?", "geht nicht als Name"),
        ("!kommune aus Stendal", "„aus“ steht allein"),
        ("!kommune aus als=gast", "„aus“ steht allein"),
        ("!kommune Stendal als=chef", "„als chef“ habe ich nicht verstanden"),
        ("!kommune Stendal neu=nein", "„neu nein“ habe ich nicht verstanden"),
        ("!kommune @fritz Stendal", "heißt niemand „@fritz“"),
        ("!kommune @uagbot Stendal", "heißt niemand „@uagbot“"),
        ("!kommune @bodo Stendal", "Das darf nur die Koordination"),
        ("!kommune @bodo als=gast", "Das darf nur die Koordination"),
        ("!kommune @bodo aus", "Das darf nur die Koordination"),
        ("!kommunen alle", "So geht es: `!kommunen`"),
        ("!vertretung", "Sagen Sie zuerst, für welche Kommune Sie stehen: `!kommune Halle (Saale)`"),
        ("!vertretung @bodo", "Sagen Sie zuerst"),
        ("!vertretung aus", "Sagen Sie zuerst"),
        ("!vertretung @bodo für=Stendal", "Eine Kommune „Stendal“ hat noch niemand genannt. `!kommunen` zeigt alle."),
        ("!vertretung Bodo", "So geht es: `!vertretung [@name] [aus] [für=Kommune]`"),
    ],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


# -- for others


async def test_coordinators_say_it_for_several_at_once(house: House, room: TestRoom, coordination: TestRoom) -> None:
    answer = await room.says("!kommune @anna und @bodo Stendal", who="Carla")
    assert answer.of("municipality-stands").text.startswith("Anna und Bodo stehen jetzt für Stendal.")
    assert answer.of("municipality-stands").mentions == []
    assert answer.of("municipality-new").room == coordination.id
    assert await stand(house, "Anna", "Bodo", "Carla") == dict.fromkeys(("Anna", "Bodo"), ("Stendal", "member"))
    guest = (await room.says("!kommune @bodo als=gast", who="Carla")).message.text
    assert guest == "Bodo nimmt jetzt als Gast teil (Stendal), ohne Stimme."
    assert (await room.says("!kommune @anna aus", who="Carla")).text == "Anna steht jetzt für keine Kommune."
    assert await stand(house, "Anna", "Bodo") == {"Bodo": ("Stendal", "guest")}


async def test_naming_oneself_needs_no_office(room: TestRoom) -> None:
    assert "Sie stehen jetzt für Stendal." in (await room.says("!kommune @bodo Stendal", who="Bodo")).text


@pytest.mark.usefixtures("coordination")
async def test_who_was_set_by_coordinators_may_change_it(house: House, room: TestRoom) -> None:
    await room.says("!kommune @bodo Stendal", who="Carla")
    await room.says('!kommune "Halle (Saale)"', who="Bodo")
    assert await stand(house, "Bodo") == {"Bodo": ("Halle (Saale)", "member")}


# -- editing and deleting


@pytest.mark.usefixtures("coordination")
async def test_an_edit_corrects_the_municipality(house: House, room: TestRoom) -> None:
    first = await room.says("!kommune Stendl", who="Bodo")
    await house.sleep(minutes=1)
    edited = await room.edits(first.event_id, "!kommune Stendal", who="Bodo")
    assert edited.reactions == ["✏️"]
    assert edited.of("municipality-stands").text.startswith("Sie stehen jetzt für Stendal.")
    assert edited.of("municipality-new").text.startswith("Neue Kommune: Stendal, ")
    assert await names(house) == ["Stendal"]
    await house.sleep(minutes=1)
    again = await room.edits(first.event_id, "!kommune Stendal als=gast", who="Bodo")
    assert again.of("municipality-stands").text == "Sie nehmen jetzt als Gast teil (Stendal), ohne Stimme."
    assert len(again.messages) == 1
    await house.sleep(minutes=1)
    deleted = await room.redacts(first.event_id, who="Bodo")
    assert deleted.message.text == "Zurückgenommen: Bodo steht für keine Kommune mehr."
    assert await names(house) == []
    assert await stand(house, "Bodo") == {}


async def test_an_edit_can_give_up_the_seat(house: House, room: TestRoom) -> None:
    first = await room.says("!kommune Stendal", who="Bodo")
    edited = await room.edits(first.event_id, "!kommune aus", who="Bodo")
    assert edited.message.text == "Sie stehen jetzt für keine Kommune."
    assert await names(house) == []


async def test_an_edit_changes_for_whom_a_coordinator_said_it(
    house: House, room: TestRoom, coordination: TestRoom
) -> None:
    await coordination.says("!kommune Stendal", who="Gerda")
    await house.sleep(minutes=1)
    first = await room.says("!kommune @anna @bodo Stendal", who="Carla")
    await house.sleep(minutes=1)
    await room.edits(first.event_id, "!kommune @bodo Stendal", who="Carla")
    assert await stand(house, "Anna", "Bodo") == {"Bodo": ("Stendal", "member")}
    assert "Das darf nur" not in (await room.redacts(first.event_id, who="Carla")).text
    assert await stand(house, "Anna", "Bodo", "Gerda") == {"Gerda": ("Stendal", "member")}
    assert await names(house) == ["Stendal"]


async def test_an_edit_ends_the_office_of_whom_it_leaves_out(
    house: House, room: TestRoom, coordination: TestRoom
) -> None:
    await coordination.says("!kommune Stendal", who="Carla")
    await house.sleep(minutes=1)
    first = await room.says("!kommune @bodo Stendal", who="Carla")
    await room.says("!vertretung @bodo", who="Bodo")
    edited = await room.edits(first.event_id, "!kommune @carla Stendal", who="Carla")
    assert "Ohne Vertretung ist damit: Stendal." in edited.message.text
    assert (await town(house, "Stendal")).deputy is None


@pytest.mark.parametrize("text", ["!kommune Halle (Saale)", "!kommune aus", "!kommune", "!kommune als=gast"])
async def test_an_edit_of_what_is_not_so_any_more_changes_nothing(house: House, room: TestRoom, text: str) -> None:
    first = await room.says("!kommune Stendal", who="Bodo")
    await house.sleep(minutes=1)
    await room.says("!kommune Wittenberg", who="Bodo")
    before = await house.dump()
    refused = await room.edits(first.event_id, text, who="Bodo")
    assert "Eine bearbeitete Nachricht führe ich nicht aus" in refused.message.text
    assert (await room.redacts(first.event_id, who="Bodo")).sent == []
    assert await house.dump() == before


async def test_an_edit_must_name_a_municipality(house: House, room: TestRoom) -> None:
    first = await room.says("!kommune Stendal", who="Bodo")
    before = await house.dump()
    for text in ("!kommune", "!kommune als=gast", "!kommune aus als=gast", "!kommune @carla Stendal"):
        assert (await room.edits(first.event_id, text, who="Bodo")).messages
    assert await house.dump() == before


async def test_saying_the_same_again_does_not_make_it_the_later_messages(house: House, room: TestRoom) -> None:
    await room.says("!kommune Stendal", who="Bodo")
    await house.sleep(minutes=1)
    again = await room.says("!kommune stendal", who="Bodo")
    before = await house.dump()
    assert (await room.redacts(again.event_id, who="Bodo")).sent == []
    assert await house.dump() == before


async def test_a_municipality_that_others_stand_for_stays(house: House, room: TestRoom) -> None:
    first = await room.says("!kommune Stendal", who="Bodo")
    await room.says("!kommune Stendal als=gast", who="Carla")
    await room.redacts(first.event_id, who="Bodo")
    assert await names(house) == ["Stendal"]


# -- the list


async def test_the_list_names_who_stands_for_what_and_mentions_nobody(house: House) -> None:
    room = await house.room("UAG1", "Anna", "Bodo", "Carla", "Dieter", "Emil")
    await house.room("KO", "Anna", kind=RoomKind.COORDINATORS, title="Koordination")
    await room.says("!kommune @anna @bodo Zeitz")
    await room.says("!kommune Öbisfelde", who="Carla")
    await room.says("!vertretung @bodo")
    await room.says("!kommune als=gast", who="Dieter")
    shown = (await room.says("!kommunen", who="Emil")).message
    assert shown.text.splitlines() == [
        "Kommunen: 2",
        "",
        "- Öbisfelde (1): Carla",
        "- Zeitz (2): Anna und Bodo · Vertretung: Bodo",
        "",
        "In diesem Raum",
        "",
        "- Noch ohne Kommune: Emil",
        "- Als Gast: Dieter",
    ]
    assert shown.content["m.mentions"] == {}
    await room.says("!kommune @emil als=beobachtung")
    assert "- Zur Beobachtung: Emil" in (await room.says("!kommunen")).text
    assert "Noch ohne Kommune" not in (await room.says("!kommunen")).text


async def test_in_a_direct_chat_the_list_counts_people(house: House, room: TestRoom) -> None:
    await room.says("!kommune Stendal")
    chat = await house.room(None, "Bodo", kind=RoomKind.DIRECT)
    text = (await chat.says("kommunen", who="Bodo")).message.text
    assert "- Stendal (1)\n" in text
    assert "Anna" not in text
    assert "Noch ohne Kommune: Bodo" in text


async def test_an_empty_list_says_how_it_begins(room: TestRoom) -> None:
    text = (await room.says("!kommunen")).message.text
    assert text.startswith("Es hat noch niemand eine Kommune genannt. So geht es: `!kommune Halle (Saale)`\n")
    assert "- Noch ohne Kommune: Anna, Bodo und Carla" in text


async def test_a_long_list_goes_on_in_a_thread_and_takes_the_same_number_of_queries(house: House) -> None:
    room = await house.room("UAG1", *(f"Mitglied{number}" for number in range(40)))
    async with house.database.begin() as tx:
        for number in range(230):
            tx.add(Municipality(name=f"Ort {number:03}", sought=f"ort {number:03}", deputy=None, created_at=house.now))
        await tx.flush()
        first = (await municipalities.everything(tx))[0]
        people = [user(f"Mitglied{number}") for number in range(10)]
        await municipalities.take_seats(tx, people, first.id, Standing.MEMBER, people[0], house.now)
        first.deputy = user("Mitglied9")
    statements: list[str] = []
    engine = house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    shown, *thread = (await room.says("!kommunen", who="Mitglied0")).messages
    assert len([one for one in statements if one.startswith("SELECT")]) < 25
    assert "Kommunen: 230\n" in shown.text
    assert "- Ort 000 (10): Mitglied0, Mitglied1," in shown.text
    assert "und 4 weitere · Vertretung: Mitglied9" in shown.text
    assert "und 218 weitere im Thread" in shown.text
    assert "und 18 weitere" in shown.text  # of the 30 who have not said yet
    assert [one.relation for one in thread] == ["m.thread"] * 5
    assert thread[-1].text.endswith("und 30 weitere")
    assert sum(one.text.count("- Ort ") for one in (shown, *thread)) == 200


# -- English


async def test_municipalities_speak_english(house: House) -> None:
    room = await house.room("UAG1", "Anna", "Bodo", "Carla", "Dieter", language="en")
    coordination = await house.room("KO", "Carla", kind=RoomKind.COORDINATORS, title="Coordinators", language="en")
    assert "You stand for no municipality.\nThis is how" in (await room.says("!municipality")).text
    new = await room.says("!municipality Halle (Saale)")
    assert "You now stand for Halle (Saale).\nHalle (Saale) is new in the list" in new.of("municipality-stands").text
    assert "New municipality: Halle (Saale), named by Anna in UAG1" in new.of("municipality-new").text
    near = (await room.says("!municipality Hale", who="Bodo")).text
    assert "Did you mean `!municipality Halle (Saale)`?\n" in near
    assert '`!municipality "Hale" new=yes`' in near
    assert (
        "You now take part as a guest, without a vote." in (await room.says("!municipality as=guest", who="Bodo")).text
    )
    set_for_others = (await coordination.says("!municipality @carla as=observer", who="Carla")).text
    assert "You now take part as an observer" in set_for_others
    assert "The deputy of Halle (Saale) is Dieter" in (await room.says("!deputy @dieter")).text
    text = (await room.says("!municipalities")).text
    assert "Municipalities: 1" in text
    assert "- Halle (Saale) (2): Anna and Dieter · deputy: Dieter" in text
    assert "- Guests: Bodo\n- Observers: Carla" in text
    assert (
        "You now stand for no municipality.\nWithout a deputy now: Halle (Saale)."
        in (await room.says("!municipality off", who="Dieter")).text
    )
    assert "Halle (Saale) has no deputy." in (await room.says("!deputy off for Halle")).text
    assert "Taken back: Anna stands for no municipality any more." in (await room.redacts(new.event_id)).text
