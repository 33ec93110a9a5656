"""What uagbot promises about rooms, groups, chairs and its own coming (R1, R2, R3, R6, R7)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from storage import due, rooms
from storage.actions import ActionItem
from storage.meetings import Meeting, MeetingState
from storage.rooms import Room, RoomKind
from tests.handlers.house import BOT, Answer, House, TestRoom, user


async def stored(house: House, room: TestRoom) -> Room:
    """Return what is stored of a room."""
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
    assert found is not None
    return found


async def happens(house: House, room: TestRoom, what: str) -> Answer:
    """Let a job about the room fall due."""
    row = await stored(house, room)
    async with house.database.begin() as tx:
        await due.add(tx, what, row.id, row.id, house.now)
    return await house.sleep(seconds=1)


@pytest.fixture
async def plain(house: House) -> TestRoom:
    """Give a room that is no group yet; Anna may moderate it."""
    return await house.room(None, kind=RoomKind.PLAIN, powers={"Anna": 100})


# -- setting up


@pytest.mark.parametrize(
    "text",
    [
        '!gruppe einrichten UAG1 "Bürger-Apps"',
        "!gruppe einrichten uag1 „Bürger-Apps“",
        "!gruppe einrichten UAG1 Bürger-Apps art=gruppe",
        "!group setup UAG1 “Bürger-Apps” kind=group",
    ],
)
async def test_a_chair_makes_a_room_a_group(house: House, plain: TestRoom, text: str) -> None:
    answer = await plain.says(text)
    assert "Dieser Raum ist jetzt die Arbeitsgruppe UAG1 Bürger-Apps." in answer.message.text
    room = await stored(house, plain)
    assert (room.kind, room.key, room.title) == ("group", "UAG1", "Bürger-Apps")
    assert "Umfrage U1" in (await plain.says('!umfrage "Wo?" Halle Stendal')).text


async def test_setting_up_again_changes_name_and_keeps_the_kind(house: House) -> None:
    room = await house.room("MAIN", kind=RoomKind.MAIN, title="Alle", powers={"Anna": 50})
    again = await room.says('!gruppe einrichten LAND "Landesinitiative"')
    assert "heißt jetzt LAND Landesinitiative, vorher MAIN Alle" in again.message.text
    assert (await stored(house, room)).kind == "main"
    same = await room.says('!gruppe einrichten land "Landesinitiative  Sachsen-Anhalt"')
    assert "heißt jetzt LAND Landesinitiative Sachsen-Anhalt" in same.text


async def test_an_edited_setup_corrects_itself_in_place(house: House, plain: TestRoom) -> None:
    first = await plain.says('!gruppe einrichten UAG1 "Bürger-Aps"')
    edited = await plain.edits(first.event_id, '!gruppe einrichten UAG1 "Bürger-Apps"')
    assert edited.reactions == ["✏️"]
    assert edited.of("group-set-up").edits == first.message.event_id
    assert "die Arbeitsgruppe UAG1 Bürger-Apps." in edited.of("group-set-up").text
    await house.room("UAG2")
    before = await house.dump()
    assert "Das Kürzel UAG2 hat schon" in (await plain.edits(first.event_id, "!gruppe einrichten UAG2 x")).text
    assert (await plain.edits(first.event_id, "!gruppe einrichten UAG3 x", who="Bodo")).sent == []
    assert await house.dump() == before


async def test_an_edit_from_another_room_changes_nothing(house: House, plain: TestRoom) -> None:
    first = await plain.says('!gruppe einrichten UAG1 "Bürger-Apps"')
    other = await house.room("UAG2", powers={"Anna": 100})
    before = await house.dump()
    answer = await other.edits(first.event_id, "!gruppe einrichten UAG9 x")
    assert "Eine bearbeitete Nachricht führe ich nicht aus" in answer.text
    assert await house.dump() == before


async def test_a_deleted_setup_is_refused_with_the_reason(house: House, plain: TestRoom) -> None:
    first = await plain.says('!gruppe einrichten UAG1 "Bürger-Apps"')
    before = await house.dump()
    refused = await plain.redacts(first.event_id)
    assert "Dieser Raum bleibt UAG1 Bürger-Apps" in refused.message.text
    assert '`!gruppe einrichten UAG1 "Neuer Titel"`' in refused.text
    assert await house.dump() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!gruppe einrichten", 'So geht es: `!gruppe einrichten Kürzel "Titel" [art=gruppe|haupt|koordination]`'),
        ("!gruppe einrichten UAG1", "So geht es"),
        ('!gruppe einrichten "UAG 1" x', "„UAG 1“ geht nicht als Kürzel"),
        ("!gruppe einrichten UAG_1 x", "1 bis 16 Buchstaben, Ziffern oder Bindestriche"),
        ("!gruppe einrichten " + "A" * 17 + " x", "geht nicht als Kürzel"),
        ("!gruppe einrichten <b>fett</b> x", "„<b>fett</b>“ geht nicht als Kürzel"),
        ("!gruppe einrichten UAG1 " + "x" * 201, "201 Zeichen, höchstens 200"),
        ("!gruppe einrichten UAG1 x art=verein", "„art verein“ habe ich nicht verstanden"),
        ("!gruppe einrichten uag7 x", "Das Kürzel UAG7 hat schon UAG7 Mobilität"),
        ("!gruppe", "noch keine Arbeitsgruppe"),
        ("!gruppe UAG7", "noch keine Arbeitsgruppe"),
        ("!leitung @bodo", "noch keine Arbeitsgruppe"),
        ("!sprache", "So geht es: `!sprache deutsch|englisch`"),
        ("!sprache französisch", "So geht es: `!sprache deutsch|englisch`"),
        ("!zeitzone", "So geht es: `!zeitzone Zone`"),
        ("!zeitzone Halle", "Die Zeitzone „Halle“ gibt es nicht"),
    ],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, plain: TestRoom, text: str, said: str
) -> None:
    await house.room("UAG7", title="Mobilität")
    before = await house.dump()
    assert said in (await plain.says(text)).message.text
    assert await house.dump() == before


async def test_a_direct_chat_is_no_group(house: House) -> None:
    chat = await house.room(None, "Anna", kind=RoomKind.DIRECT)
    before = await house.dump()
    assert "Ein direkter Chat kann keine Arbeitsgruppe sein" in (await chat.says("gruppe einrichten UAG1 x")).text
    assert await house.dump() == before


async def test_members_set_nothing_up(house: House, plain: TestRoom) -> None:
    before = await house.dump()
    for text in ("!gruppe einrichten UAG1 x", "!sprache en", "!zeitzone Europe/Paris"):
        assert (await plain.says(text, who="Bodo")).text == "Das darf nur die Leitung dieses Raums: Anna."
    assert await house.dump() == before


# -- main and coordinators' room


@pytest.mark.parametrize("kind", ["haupt", "koordination"])
async def test_the_first_chair_may_make_it_and_then_only_coordinators(house: House, plain: TestRoom, kind: str) -> None:
    first = await plain.says(f"!gruppe einrichten EINS Erster art={kind}")
    assert {"haupt": "der Hauptraum", "koordination": "der Raum der Koordination"}[kind] in first.text
    second = await house.room(None, "Edith", "Dieter", kind=RoomKind.PLAIN, powers={"Edith": 100})
    before = await house.dump()
    assert "nur die Koordination" in (await second.says(f"!gruppe einrichten ZWEI x art={kind}", who="Edith")).text
    assert await house.dump() == before
    assert "Arbeitsgruppe ZWEI x" in (await second.says("!gruppe einrichten ZWEI x", who="Edith")).text
    assert "nur die Koordination" in (await second.says(f"!gruppe einrichten ZWEI x art={kind}", who="Edith")).text
    setup = replace(house.setup, coordinators=frozenset({user("Dieter")}))
    house.dispatcher = Dispatcher(house.database, setup, CAPABILITIES)
    changed = await second.says(f"!gruppe einrichten ZWEI x art={kind}", who="Dieter")
    assert "ZWEI x" in changed.text
    assert (await stored(house, second)).kind == (await stored(house, plain)).kind


async def test_nobody_becomes_coordinator_because_the_bot_left_their_room(house: House, plain: TestRoom) -> None:
    left = await house.room("KOORD", "Dieter", kind=RoomKind.COORDINATORS)
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, left.id)
        assert found is not None
        found.joined = False
    assert "nur die Koordination" in (await plain.says("!gruppe einrichten X x art=koordination")).text


# -- what a group shows


async def test_a_group_shows_chairs_next_meeting_and_what_is_open(house: House, room: TestRoom) -> None:
    empty = await room.says("!gruppe")
    assert empty.message.text == (
        "UAG1 Bürger-Apps\n\n- Leitung: Anna\n- Nächstes Treffen: keines geplant\n"
        "- Offene Aufgaben: 0\n- Offene Umfragen: 0"
    )
    row, other = await stored(house, room), await stored(house, await house.room("UAG2"))
    async with house.database.begin() as tx:
        for group, days in ((row, 8), (row, 36), (other, 1)):
            starts = house.now + timedelta(days=days)
            tx.add(
                Meeting(
                    name=f"{group.key}-{days}", room_id=group.id, original=starts.replace(tzinfo=None),
                    title="UAG-Treffen", starts_at=starts, ends_at=starts + timedelta(hours=1), zone=group.zone,
                    state=MeetingState.PLANNED, created_by=BOT, created_at=house.now,
                )
            )  # fmt: skip
            due_on = date(2026, 11, 1) + timedelta(days=days - 8)
            tx.add(ActionItem(room_id=group.id, text="x", due_on=due_on, created_by=BOT, created_at=house.now))
    await room.says('!umfrage "Wo?" Halle Stendal')
    shown = (await room.says("!group")).message.text
    assert "Nächstes Treffen: Di., 10. Nov., 09:00 Uhr, UAG-Treffen (UAG1-8)" in shown
    assert "Offene Aufgaben: 2, davon 1 überfällig\n- Offene Umfragen: 1" in shown


async def test_groups_are_listed_in_order_as_links(house: House, plain: TestRoom) -> None:
    assert "noch keine Gruppe eingerichtet" in (await plain.says("!gruppen")).text
    for number in (10, 2, 1):
        await house.room(f"UAG{number}", title="<b>Apps</b>")
    await house.room("KOORD", kind=RoomKind.COORDINATORS, title="Koordination")
    main = await house.room("ALLE", kind=RoomKind.MAIN, title="Initiative")
    listed = (await plain.says("!gruppen")).message
    lines = ["ALLE Initiative (Hauptraum)", *(f"UAG{number} <b>Apps</b>" for number in (1, 2, 10))]
    assert listed.text == "\n- ".join(["Gruppen\n", *lines, "KOORD Koordination (Koordination)"])
    assert f'<a href="https://matrix.to/#/{main.id}">ALLE Initiative</a>' in listed.html
    assert "UAG1 &lt;b&gt;Apps" in listed.html


async def test_a_long_list_of_groups_goes_on_in_a_thread(house: House) -> None:
    for number in range(1, 16):
        room = await house.room(f"UAG{number}", title="Apps")
    first, second = (await room.says("!groups")).messages
    assert "UAG12 Apps\n\nund 3 weitere im Thread" in first.text
    assert second.text == "- UAG13 Apps\n- UAG14 Apps\n- UAG15 Apps"
    assert (second.relation, second.edits) == ("m.thread", first.event_id)


# -- chairs


async def test_chairs_are_named_and_taken_back(house: House, room: TestRoom) -> None:
    assert (await room.says("!leitung", who="Carla")).text == "Die Leitung hat Anna."
    before = await house.dump()
    assert "nur die Leitung" in (await room.says("!leitung @carla", who="Carla")).text
    assert await house.dump() == before
    assert (await room.says("!leitung @bodo")).text == "Die Leitung haben jetzt Anna und Bodo."
    both = await room.says("!chair @bodo:localhost und @carla", who="Bodo")
    assert both.text == "Die Leitung haben jetzt Anna, Bodo und Carla."
    assert both.message.mentions == []
    gone = await room.says("!leitung @bodo @carla aus")
    assert gone.text == "Nicht mehr in der Leitung: Bodo und Carla. Die Leitung hat jetzt Anna."
    assert await house.dump() == before
    assert "nur die Leitung" in (await room.says("!sprache en", who="Bodo")).text


async def test_power_in_the_room_is_not_taken_back_by_command(room: TestRoom) -> None:
    kept = await room.says("!chair @anna off")
    assert "kommt hier aus den Moderationsrechten im Raum" in kept.text
    assert kept.text.endswith("Die Leitung hat jetzt Anna.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!leitung Bodo", "So geht es: `!leitung @name [aus]`"),
        ("!leitung @bodo weg", "So geht es: `!leitung @name [aus]`"),
        ("!leitung @dieter", "In diesem Raum heißt niemand „@dieter“"),
        ("!leitung @uagbot", "In diesem Raum heißt niemand „@uagbot“"),
    ],
)
async def test_bad_chairs_get_a_clear_answer_and_change_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


# -- language and zone


@pytest.mark.parametrize("text", ["!sprache en", "!sprache englisch", "!language English", "!Sprache EN"])
async def test_a_room_chooses_its_language(house: House, room: TestRoom, text: str) -> None:
    answer = await room.says(text)
    assert answer.text == "From now on I answer in English here."
    assert "Chaired by Anna" in (await room.says("!leitung")).text
    assert (await room.says("!language de")).text == "Ab jetzt antworte ich hier auf Deutsch."
    assert (await stored(house, room)).language == "de"


async def test_a_room_chooses_its_zone(house: House, room: TestRoom) -> None:
    answer = await room.says("!zeitzone europe/lisbon")
    assert "gilt jetzt die Zeitzone Europe/Lisbon; dort ist es 08:00 Uhr" in answer.text
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis="morgen 12:00"')
    assert "Dienstag, 3. November 2026, 12:00 Uhr" in asked.text
    assert "2026-11-03 12:00:00" in str((await house.dump())["polls"])


async def test_everybody_is_at_home_in_a_direct_chat(house: House) -> None:
    chat = await house.room(None, "Bodo", kind=RoomKind.DIRECT)
    assert "From now on" in (await chat.says("sprache englisch", who="Bodo")).text
    assert "it is 09:00 there" in (await chat.says("timezone Europe/Paris", who="Bodo")).text


# -- coming into a room and moving with it


async def test_the_bot_introduces_itself_once_per_room(house: House, plain: TestRoom) -> None:
    said = (await happens(house, plain, "room joined")).message
    assert said.text.split("\n")[0].startswith("Guten Tag. Ich bin uagbot und helfe bei Umfragen")
    assert "`!hilfe`" in said.text
    assert "keine Gespräche: `!datenschutz`" in said.text
    assert said.text.endswith('`!gruppe einrichten UAG1 "Bürger-Apps"`')
    assert (await happens(house, plain, "room joined")).sent == []
    await house.sleep(days=400)
    assert (await happens(house, plain, "room joined")).sent == []


async def test_a_group_is_greeted_in_three_lines_and_in_its_language(house: House) -> None:
    room = await house.room("UAG1", language="en")
    said = (await happens(house, room, "room joined")).message
    assert len(said.text.splitlines()) == 3
    assert "`!privacy`" in said.text
    assert "group setup" not in said.text


async def test_a_direct_chat_is_greeted_by_name(house: House) -> None:
    chat = await house.room(None, "Anna", kind=RoomKind.DIRECT)
    said = (await happens(house, chat, "room joined")).message
    assert said.text.startswith("Guten Tag, Anna. Ich bin uagbot")
    assert "`hilfe` zeigt Ihnen alle Befehle" in said.text
    assert "einrichten" not in said.text


async def test_an_upgrade_is_told_in_the_new_room_and_to_the_coordinators(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await happens(house, room, "room joined")
    coordinators = await house.room("KOORD", "Dieter", kind=RoomKind.COORDINATORS)
    async with house.database.begin() as tx:
        old = await rooms.by_matrix_id(tx, room.id)
        assert old is not None
        await rooms.move(tx, old, "!new")
    moved = TestRoom(house, "!new")
    told = await happens(house, moved, "room upgraded")
    assert {(one.room, one.key) for one in told.messages} == {
        ("!new", "room-upgraded"),
        (coordinators.id, "room-upgraded-report"),
        ("!new", "poll-opened"),
    }
    assert told.of("poll-native").room == "!new"
    await moved.reacts(told.of("poll-opened").event_id, "1️⃣", who="Bodo")
    assert "1. Halle – 1" in (await house.sleep(seconds=5)).of("poll-opened").text
    assert "UAG1 Bürger-Apps ist in einen neuen Raum umgezogen" in told.of("room-upgraded-report").text
    assert "U1: Wo?" in (await moved.says("!umfrage stand U1")).text
    assert (await happens(house, moved, "room joined")).sent == []


async def test_the_coordinators_own_upgrade_is_told_once(house: House) -> None:
    room = await house.room("KOORD", "Dieter", kind=RoomKind.COORDINATORS)
    assert [one.key for one in (await happens(house, room, "room upgraded")).sent] == ["room-upgraded"]


async def test_a_failed_upgrade_asks_the_coordinators_for_an_invitation(house: House, room: TestRoom) -> None:
    coordinators = await house.room("KOORD", "Dieter", kind=RoomKind.COORDINATORS)
    async with house.database.begin() as tx:
        old = await rooms.by_matrix_id(tx, room.id)
        assert old is not None
        old.successor = "!new"
    told = (await happens(house, room, "room upgrade failed")).message
    assert told.room == coordinators.id
    assert "UAG1 Bürger-Apps wurde durch einen neuen Raum ersetzt" in told.text
    assert "`!new`" in told.text
    assert f"`/invite {BOT}`" in told.text
    async with house.database.begin() as tx:
        old = await rooms.by_matrix_id(tx, room.id)
        assert old is not None
        await rooms.move(tx, old, "!new")
    assert (await happens(house, TestRoom(house, "!new"), "room upgrade failed")).sent == []


async def test_a_group_speaks_english(house: House) -> None:
    room = await house.room(None, kind=RoomKind.PLAIN, language="en", powers={"Anna": 100})
    assert 'group setup UAG1 "Citizen apps"`' in (await room.says("!group")).text
    assert "the main room ALL Everybody" in (await room.says("!group setup ALL Everybody kind=main")).text
    assert "now called ALL All of us, before ALL Everybody" in (await room.says("!group setup ALL All of us")).text
    assert "Chairs: Anna\n- Next meeting: none planned" in (await room.says("!group")).text
    assert "ALL All of us (main room)" in (await room.says("!groups")).text
    assert (await room.says("!chair @bodo")).text == "Now chaired by Anna and Bodo."
    assert "only the chair" in (await room.says("!language de", who="Carla")).text.lower()
