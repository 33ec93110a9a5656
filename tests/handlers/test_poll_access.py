"""What uagbot promises about leading polls (P4): who ends, extends and cancels them, and from where."""

from datetime import timedelta

import pytest

from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom

LEADING = ("!umfrage ende U1", "!umfrage verlängern U1 bis=20.11.", "!umfrage abbrechen U1")


@pytest.fixture
async def rooms(house: House) -> dict[str, TestRoom]:
    """Give the main room that Gerda leads, and two groups that it asks; Anna leads one of them, and so does Hanno."""
    kind = RoomKind.MAIN
    main = await house.room("INI", "Gerda", "Elke", kind=kind, title="Initiative", powers={"Gerda": 100})
    apps = await house.room("UAG1", "Anna", "Bodo", "Gerda", powers={"Anna": 100})
    other = await house.room("UAG2", "Hanno", title="Mobilität", powers={"Hanno": 100})
    return {"main": main, "apps": apps, "other": other}


@pytest.mark.parametrize("text", LEADING)
async def test_who_asked_leads_a_poll_from_every_room_that_is_asked(
    house: House, rooms: dict[str, TestRoom], text: str
) -> None:
    await rooms["main"].says('!umfrage "Wo?" Halle Stendal räume=UAG1', who="Gerda")
    answer = await rooms["apps"].says(text, who="Gerda")
    assert answer.messages[0].room == rooms["apps"].id
    assert "m.in_reply_to" in answer.messages[0].content["m.relates_to"]
    assert "nur" not in answer.messages[0].text
    assert (await house.sleep(days=30)).of("poll-result") if "verlängern" in text else True


@pytest.mark.parametrize("text", LEADING)
async def test_the_chair_of_a_room_that_is_asked_does_not_lead_the_poll_of_another(
    house: House, rooms: dict[str, TestRoom], text: str
) -> None:
    await rooms["main"].says('!umfrage "Wo?" Halle Stendal räume=alle', who="Gerda")
    before = await house.dump()
    assert "nur, wer es angelegt hat, oder die Leitung" in (await rooms["apps"].says(text)).text
    assert await house.dump() == before


@pytest.mark.parametrize("text", LEADING)
async def test_the_chair_of_the_room_that_asked_leads_it(rooms: dict[str, TestRoom], text: str) -> None:
    await rooms["main"].says('!umfrage "Wo?" Halle Stendal', who="Elke")
    assert "die Leitung" not in (await rooms["main"].says(text, who="Gerda")).text


@pytest.mark.parametrize("text", LEADING)
async def test_a_poll_is_led_neither_from_other_rooms_nor_from_a_direct_chat(
    house: House, rooms: dict[str, TestRoom], text: str
) -> None:
    chat = await direct_chat(house, "Gerda")
    await rooms["main"].says('!umfrage "Wo?" Halle Stendal räume=UAG1', who="Gerda")
    before = await house.dump()
    assert "gibt es in diesem Raum nicht" in (await rooms["other"].says(text, who="Hanno")).text
    assert "nur im Raum einer Arbeitsgruppe" in (await chat.says(text, who="Gerda")).text
    assert await house.dump() == before


@pytest.mark.parametrize("text", [*LEADING, "!stimme U1 1", "!stimme 1"])
async def test_what_is_over_stays_over_and_says_so(house: House, room: TestRoom, text: str) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!umfrage ende U1")
    before = await house.dump()
    said = "ist schon beendet. `!umfrage stand U1` zeigt das Ergebnis"
    assert (said if "U1" in text else "keine Umfrage offen") in (await room.says(text)).text
    assert await house.dump() == before


@pytest.mark.parametrize("text", [*LEADING, "!stimme U1 1", "!umfrage stand U1", "!umfrage prüfen U1"])
async def test_what_was_cancelled_says_that_there_is_no_result(house: House, room: TestRoom, text: str) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    cancelled = await room.says("!umfrage abbrechen U1")
    assert "Abgebrochen." in cancelled.of("poll-opened").text
    before = await house.dump()
    assert "U1 wurde abgebrochen; es gibt kein Ergebnis." in (await room.says(text)).text
    assert await house.dump() == before
    assert (await house.sleep(days=30)).sent == []


@pytest.mark.parametrize("deadline", ["Freitag", "morgen 8:00"])
async def test_an_extension_is_to_a_later_time(house: House, room: TestRoom, deadline: str) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    refused = (await room.says(f"!umfrage verlängern U1 bis={deadline}")).text
    assert "U1 läuft schon bis Montag, 9. November 2026, 09:00 Uhr. Nennen Sie einen späteren Zeitpunkt" in refused
    assert "`!umfrage ende U1`" in refused
    assert await house.dump() == before


async def test_every_extension_leaves_its_trace(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=Mittwoch')
    await room.says("!umfrage verlängern U1 bis=Donnerstag")
    moved = await room.says("!umfrage verlängern U1 bis=Freitag")
    assert "(vorher Donnerstag, 5. November 2026, 23:59 Uhr)" in moved.text
    (poll,) = (await house.dump())["polls"]
    assert str(poll).count("'by': '@anna:localhost'") == 2


async def test_an_extension_is_told_in_every_room(rooms: dict[str, TestRoom]) -> None:
    await rooms["main"].says('!umfrage "Wo?" Halle Stendal räume=alle', who="Gerda")
    moved = await rooms["main"].says("!umfrage verlängern U1 bis=20.11.", who="Gerda")
    assert {one.room for one in moved.messages} == {room.id for room in rooms.values()}
    assert [one.room for one in moved.sent if one.key == "poll-opened"] == [rooms["apps"].id, rooms["other"].id]


async def test_what_was_said_after_the_end_while_the_bot_was_away_changes_nothing(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=morgen')
    house.now += timedelta(days=3)
    answer = await room.says("!umfrage verlängern U1 bis=Freitag")
    assert "ist schon beendet" in answer.messages[0].text
    assert "Ergebnis U1" in answer.messages[1].text


async def test_the_list_in_several_rooms_is_the_same_poll(rooms: dict[str, TestRoom]) -> None:
    await rooms["main"].says('!umfrage "Wo?" Halle Stendal räume=UAG1', who="Gerda")
    for place in ("main", "apps"):
        assert "U1 Wo? – 0 von 3 Stimmen" in (await rooms[place].says("!umfragen", who="Gerda")).text
    assert "noch keine Umfrage" in (await rooms["other"].says("!umfragen", who="Hanno")).text


async def test_markup_in_answers_is_text_everywhere(room: TestRoom) -> None:
    await room.says('!umfrage "<i>Wo</i>?" <b>Halle</b> {{7*7}} namentlich=ja')
    await room.says("!stimme 1")
    for text in ("!umfrage stand U1", "!umfragen", "!umfrage verlängern U1 bis=20.11.", "!umfrage ende U1"):
        answer = await room.says(text)
        assert "<i>" not in "".join(one.html for one in answer.messages)
        assert "<b>" not in "".join(one.html for one in answer.messages)
    assert "Die meisten Stimmen hat <b>Halle</b>." in answer.of("poll-result").text
