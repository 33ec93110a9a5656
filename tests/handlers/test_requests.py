"""What uagbot promises about requests of one group to another (M10)."""

import re

import pytest

from tests.handlers.agenda_rows import TUESDAY, begin, items, leave_room, request, titles
from tests.handlers.house import Answer, House, TestRoom, user


@pytest.fixture
async def other(house: House) -> TestRoom:
    """Give the room of another group with Dora, who leads it, and Emil."""
    return await house.room("UAG3", "Dora", "Emil", title="Energie", powers={"Dora": 100})


def listed(answer: Answer) -> list[str]:
    return [line for line in answer.message.text.splitlines() if re.match(r"\d+\. |- ", line)]


def texts(answer: Answer) -> dict[str, str]:
    """Return what was said or edited, by text key."""
    return {one.key: one.text for one in answer.sent}


async def test_a_question_comes_to_the_other_group_and_its_answer_comes_back(
    house: House, room: TestRoom, other: TestRoom
) -> None:
    await other.says(TUESDAY, who="Dora")
    await other.says("!tagesordnung", who="Dora")
    asked = await room.says('!an uag3 "Welche Kommunen <b>testen</b>?"')
    here, there = asked.messages
    assert (here.room, there.room) == (room.id, other.id)
    assert here.text == "F1 an UAG3 Energie: Welche Kommunen <b>testen</b>?\nOffen. Die Antwort kommt hierher."
    assert there.text.startswith("F1 Frage von UAG1 Bürger-Apps (Anna): Welche Kommunen <b>testen</b>?\n")
    assert '`!antwort F1 "…"`' in there.text
    assert "1. Welche Kommunen <b>testen</b>? · F1 aus UAG1" in texts(asked)["agenda"]
    assert listed(await room.says("!anfragen")) == [
        "- F1 an UAG3 Energie: Welche Kommunen <b>testen</b>? · Mo., 2. Nov."
    ]
    assert '`!antwort F1 "…"`' in (await other.says("!anfragen", who="Emil")).text
    answered = await other.says("!antwort Köthen und Zerbst", who="Emil", reply_to=there.event_id)
    assert answered.reactions == ["✅"]
    told = answered.of("request-answered")
    assert (told.room, told.mentions, told.content["msgtype"]) == (room.id, [user("Anna")], "m.text")
    assert told.text == (
        "Anna: UAG3 Energie hat auf F1 „Welche Kommunen <b>testen</b>?“ geantwortet:\nKöthen und Zerbst (Emil)"
    )
    for key, edited in (("request-sent", here), ("request-received", there)):
        assert answered.of(key).edits == edited.event_id
        assert "✅ Antwort vom Montag, 2. November 2026 (Emil): Köthen und Zerbst" in answered.of(key).text
    assert "Noch steht nichts darauf" in texts(answered)["agenda"]
    assert await titles(house, "done") == ["Welche Kommunen <b>testen</b>?"]
    assert "Keine Anfrage ist offen" in (await room.says("!anfragen")).text


async def test_a_second_answer_replaces_the_first_and_an_edit_or_deletion_changes_it(
    house: House, room: TestRoom, other: TestRoom
) -> None:
    await room.says('!an UAG3 "Wer testet?"')
    first = await other.says("!antwort F1 Köthen", who="Emil")
    second = await other.says('!antwort 1 "Zerbst"', who="Dora")
    assert texts(second)["request-answer-replaced"] == "Die neue Antwort auf F1 ersetzt die von Emil."
    assert (
        "UAG3 Energie hat die Antwort auf F1 „Wer testet?“ geändert:\nZerbst (Dora)"
        in texts(second)["request-answered"]
    )
    assert "edit-not-run" in texts(await other.edits(first.event_id, "!antwort F1 Dessau", who="Emil"))
    assert (await other.redacts(first.event_id, who="Emil")).sent == []
    edited = await other.edits(second.event_id, "!antwort 1 Zerbst und Köthen", who="Dora")
    assert edited.reactions == ["✏️"]
    assert edited.messages == []
    assert "Zerbst und Köthen (Dora)" in texts(edited)["request-answered"]
    gone = await other.redacts(second.event_id, who="Dora")
    assert texts(gone)["request-answered"] == "UAG3 Energie hat die Antwort auf F1 „Wer testet?“ zurückgenommen."
    assert "Offen. Die Antwort kommt hierher." in texts(gone)["request-sent"]
    assert (await request(house)).is_open
    assert await titles(house) == ["Wer testet?"]
    await other.says("!antwort F1 Dessau", who="Emil")
    assert (await request(house)).answer == "Dessau"


async def test_an_edited_question_changes_everywhere_and_a_deleted_one_is_withdrawn(
    house: House, room: TestRoom, other: TestRoom
) -> None:
    await other.says("!tagesordnung", who="Dora")
    asked = await room.says('!an UAG3 "Wer tested?"')
    edited = await room.edits(asked.event_id, '!an UAG3 "Wer testet?"')
    assert edited.reactions == ["✏️"]
    assert "F1 an UAG3 Energie: Wer testet?" in texts(edited)["request-sent"]
    assert "(Anna): Wer testet?" in texts(edited)["request-received"]
    assert "1. Wer testet? · F1 aus UAG1" in texts(edited)["agenda"]
    stays = await room.edits(asked.event_id, '!an UAG1 "Wer testet?"')
    assert "F1 ging an UAG3 Energie; das bleibt" in stays.text
    gone = await room.redacts(asked.event_id)
    for key in ("request-sent", "request-received"):
        assert "Zurückgezogen: Die Nachricht wurde gelöscht." in texts(gone)[key]
    assert await titles(house) == []
    assert "braucht keine Antwort mehr" in (await other.says("!antwort F1 Köthen", who="Emil")).text
    late = await room.says('!an UAG3 "Noch etwas?"')
    await other.says("!antwort F2 Nein", who="Emil")
    assert "F2 ist nicht mehr offen" in (await room.edits(late.event_id, '!an UAG3 "Anderes?"')).text
    assert (await room.redacts(late.event_id)).sent == []


async def test_an_item_that_the_meeting_is_talking_about_stays_when_it_is_answered(
    house: House, room: TestRoom, other: TestRoom
) -> None:
    await other.says(TUESDAY, who="Dora")
    await room.says('!an UAG3 "Wer testet?"')
    await house.sleep(days=8, hours=1)
    await begin(house, "UAG3-2026-11-10", "Wer testet?")
    await other.says("!antwort F1 Köthen", who="Emil")
    assert [item.is_open for item in await items(house)] == [True]


async def test_what_cannot_be_asked_or_answered_is_refused_and_stores_nothing(
    house: House, room: TestRoom, other: TestRoom
) -> None:
    third = await house.room("UAG4", "Fritz", title="Verkehr")
    left = await house.room("UAG5", "Gerda", title="Archive")
    await leave_room(house, left)
    await room.says('!an UAG3 "Wer testet?"')
    before = await house.dump()
    for place, who, text, said in (
        (room, "Anna", '!an UAG1 "Wer?"', "UAG1 ist diese Gruppe selbst. Fragen können Sie: UAG3 und UAG4."),
        (room, "Anna", '!an UAG9 "Wer?"', "Eine Gruppe „UAG9“ gibt es nicht."),
        (room, "Anna", '!an UAG5 "Wer?"', "Im Raum von UAG5 Archive bin ich nicht mehr"),
        (room, "Anna", "!an UAG3", 'So geht es: `!an UAG2 "Frage"`'),
        (room, "Anna", '!an UAG3 ""', "Bitte schreiben Sie den Text dazu"),
        (room, "Anna", "!an UAG3 " + "x" * 501, "höchstens 500 sind möglich"),
        (room, "Anna", "!antwort F1 Wir", "F1 richtet sich an UAG3 Energie; nur dort"),
        (other, "Emil", "!antwort F7 Wir", "Eine Anfrage F7 gibt es in diesem Raum nicht."),
        (other, "Emil", "!antwort Wir", "So geht es: `!antwort F3"),
        (other, "Emil", "!antwort F1", "So geht es: `!antwort F3"),
        (third, "Fritz", "!antwort F1 Wir", "Eine Anfrage F1 gibt es in diesem Raum nicht."),
    ):
        assert said in (await place.says(text, who=who)).message.text, text
    assert await house.dump() == before


async def test_main_room_and_coordinators_ask_and_are_asked_and_long_lists_go_on_in_a_thread(
    house: House, main: TestRoom, coordination: TestRoom
) -> None:
    await main.says('!an KO "Wann tagen wir?"')
    await coordination.says('!an INI "Wer kommt?"', who="Gerda")
    for number in range(12):
        await main.says(f'!an KO "Frage {number}?"')
    first, rest = (await coordination.says("!anfragen", who="Gerda")).messages
    assert first.text.startswith("Offene Anfragen: 14\n\n- F1 von INI Initiative: Wann tagen wir?")
    assert "… und 2 weitere im Thread" in first.text
    assert "- F2 an INI Initiative: Wer kommt?" in rest.text
    assert (await coordination.says("!antwort F1 Morgen", who="Gerda")).of("request-answered").room == main.id


async def test_each_room_reads_a_request_in_its_own_language(house: House, other: TestRoom) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100})
    asked = await room.says('!ask UAG3 "Who tests?"')
    assert asked.messages[0].text == "F1 to UAG3 Energie: Who tests?\nOpen. The answer comes here."
    assert asked.messages[1].text.startswith("F1 Frage von UAG1 Citizen apps (Anna): Who tests?")
    answered = await other.says("!antwort F1 Köthen", who="Emil")
    assert "Anna: UAG3 Energie has answered F1 “Who tests?”:\nKöthen (Emil)" in texts(answered)["request-answered"]
    assert "✅ Answered on Monday, 2 November 2026 (Emil): Köthen" in texts(answered)["request-sent"]
