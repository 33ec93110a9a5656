"""What uagbot promises about what the weekly digest says, and to whom (D1, D3)."""

from datetime import date, timedelta

import pytest

from storage.actions import ActionState
from storage.meetings import MeetingState
from storage.rooms import RoomKind
from tests.handlers.digest_rows import A_DAY, A_WEEK, HOUR, NEXT_MONDAY, add_item, add_meeting
from tests.handlers.house import House, TestRoom

# -- what it says


async def test_the_digest_says_what_happened_by_group_and_what_comes_next(
    house: House, main: TestRoom, room: TestRoom
) -> None:
    await room.says('!umfrage "Wo tagen wir?" Halle Stendal bis=Mittwoch')
    await room.says("!stimme 1", who="Bodo")
    await main.says('!umfrage "Welches Logo?" Kreis Stern bis="10.11. 12:00"')
    await add_item(
        house, room, "Leitfaden schreiben", "Anna", "Bodo", due_on=date(2026, 11, 20), source_event_id="$src"
    )
    await add_item(house, room, "Raum buchen", "Carla", due_on=date(2026, 11, 6))
    await add_item(house, room, "Protokoll", state=ActionState.DONE, closed_at=house.now + HOUR)
    await add_item(house, room, "Server", "Anna", state=ActionState.BLOCKED, created_at=house.now - A_WEEK)
    await add_meeting(house, room, "UAG1-2026-11-03", house.now + A_DAY)
    await add_meeting(house, room, "UAG1-2026-11-10", house.now + A_WEEK + A_DAY, link="https://video.example.org/1")
    await add_meeting(
        house, room, "UAG1-2026-11-17", house.now + 15 * A_DAY, state=MeetingState.CANCELLED, reason="Messe"
    )
    await add_meeting(house, room, "UAG1-2026-12-08", house.now + 36 * A_DAY)
    answer = await house.sleep_until(NEXT_MONDAY)
    assert answer.of("digest").room == main.id
    assert answer.of("digest").text == (
        "Wochenbericht 2.–8. November 2026\n\n"
        "INI Initiative\n\n"
        "- Zur Abstimmung\n"
        "  - U2 Welches Logo? – bis Di., 10. Nov., 12:00 Uhr, Beteiligung 0 von 3\n\n"
        "UAG1 Bürger-Apps\n\n"
        "- Entschieden\n"
        "  - U1 Wo tagen wir? – Halle, 1 von 1 Stimme (Beteiligung 1 von 3)\n"
        "- Neu: 1 Aufgabe\n"
        "  - A1 Leitfaden schreiben – Anna und Bodo, bis Fr., 20. Nov.\n"
        "- Erledigt: 1 Aufgabe\n"
        "  - A3 Protokoll\n"
        "- Überfällig: 1 Aufgabe\n"
        "  - A2 Raum buchen – Carla, seit Fr., 6. Nov.\n"
        "- Blockiert: 1 Aufgabe\n"
        "  - A4 Server – Anna\n"
        "- Treffen\n"
        "  - Di., 3. Nov.: UAG-Treffen (UAG1-2026-11-03)\n"
        "- Nächste zwei Wochen\n"
        "  - Di., 10. Nov., 09:00 Uhr: UAG-Treffen (https://video.example.org/1) (UAG1-2026-11-10)\n"
        "  - Di., 17. Nov., 09:00 Uhr: UAG-Treffen (UAG1-2026-11-17) – abgesagt: Messe"
    )


@pytest.mark.usefixtures("main")
async def test_ids_link_to_where_the_room_reads_of_them(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=Mittwoch')
    await add_item(house, room, "Leitfaden", source_event_id="$src")
    answer = await house.sleep_until(NEXT_MONDAY)
    result = answer.of("poll-result")
    assert f'<a href="https://matrix.to/#/{room.id}/{result.event_id}">U1</a>' in answer.of("digest").html
    assert f'<a href="https://matrix.to/#/{room.id}/$src">A1</a>' in answer.of("digest").html


@pytest.mark.usefixtures("main")
async def test_the_week_is_held_against_the_one_before_in_words(house: House, room: TestRoom) -> None:
    await add_item(house, room, "Eins", state=ActionState.DONE, closed_at=house.now + HOUR)
    await add_item(house, room, "Zwei", state=ActionState.DROPPED, due_on=date(2026, 11, 3), closed_at=NEXT_MONDAY)
    await add_item(house, room, "Drei", state=ActionState.DONE, closed_at=NEXT_MONDAY)
    await add_item(house, room, "Vier", state=ActionState.DONE, closed_at=NEXT_MONDAY + HOUR)
    first = await house.sleep_until(NEXT_MONDAY)
    assert "Überfällig: 1 Aufgabe\n  - A2 Zwei, seit Di., 3. Nov." in first.text
    second = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    assert "Erledigt: 2 Aufgaben, eine mehr als in der Vorwoche\n" in second.text
    assert "Überfällig: keine Aufgabe mehr, in der Vorwoche noch eine" in second.text


@pytest.mark.usefixtures("main")
async def test_a_tie_and_a_poll_without_votes_say_so(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal Naumburg bis=Mittwoch')
    await room.says("!stimme U1 1", who="Anna")
    await room.says("!stimme U1 2", who="Bodo")
    await room.says('!umfrage "Wann?" Heute Morgen bis=Mittwoch')
    text = (await house.sleep_until(NEXT_MONDAY)).of("digest").text
    assert "U1 Wo? – Gleichstand: Halle und Stendal, je 1 von 2 Stimmen (Beteiligung 2 von 3)" in text
    assert "U2 Wann? – niemand hat abgestimmt (Beteiligung 0 von 3)" in text


@pytest.mark.usefixtures("main")
async def test_a_vote_that_was_changed_or_taken_back_counts_as_in_the_poll(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis=Mittwoch')
    await room.says("!stimme 1", who="Anna")
    await room.says("!stimme 2", who="Anna", after=timedelta(seconds=1))
    native = asked.of("poll-native").event_id
    await room.votes(native, ["1"], who="Bodo")
    await room.votes(native, [], who="Bodo")
    text = (await house.sleep_until(NEXT_MONDAY)).of("digest").text
    assert "U1 Wo? – Stendal, 1 von 1 Stimme (Beteiligung 1 von 3)" in text


@pytest.mark.usefixtures("main")
async def test_a_cancelled_poll_is_not_mentioned(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!umfrage abbrechen U1")
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []


@pytest.mark.usefixtures("main")
async def test_markup_in_user_text_is_text_and_nobody_is_mentioned(house: House, room: TestRoom) -> None:
    await add_item(house, room, "<b>@room</b> {{ 7 * 7 }}", "Anna")
    sent = (await house.sleep_until(NEXT_MONDAY)).of("digest")
    assert "A1 <b>@room</b> {{ 7 * 7 }} – Anna" in sent.text
    assert "<b>@room" not in sent.html
    assert (sent.content["m.mentions"], sent.content["msgtype"]) == ({}, "m.notice")
    assert "matrix.to/#/@" not in sent.html


async def test_what_does_not_fit_on_a_screen_goes_on_in_the_thread_group_by_group(house: House, main: TestRoom) -> None:
    for number in range(1, 5):
        room = await house.room(f"UAG{number}", title="Viel los")
        for count in range(7):
            await add_item(house, room, f"Neues {count}")
            await add_item(house, room, f"Altes {count}", due_on=date(2026, 11, 3))
    first, second = (await house.sleep_until(NEXT_MONDAY)).messages
    assert "- Neu: 7 Aufgaben\n  - A1 Neues 0\n" in first.text
    assert (
        "  - A9 Neues 4\n  - und 2 weitere\n- Überfällig: 7 Aufgaben\n  - A2 Altes 0, seit Di., 3. Nov.\n" in first.text
    )
    assert first.text.endswith("Weiter im Thread: UAG3 Viel los und UAG4 Viel los.")
    assert second.text.startswith("UAG3 Viel los\n\n- Neu")
    assert (second.relation, second.room) == ("m.thread", main.id)
    assert len([line for line in first.text.splitlines() if line]) <= 35


async def test_an_english_room_reads_it_in_english(house: House) -> None:
    await house.room("INI", kind=RoomKind.MAIN, title="Initiative", language="en")
    group = await house.room("UAG1", title="Citizen apps", language="en")
    await house.dispatcher.upkeep(house.now)
    await group.says('!poll "Where?" Halle Stendal by=Wednesday')
    await add_item(house, group, "Write the guide", "Anna", "Bodo", due_on=date(2026, 11, 20))
    text = (await house.sleep_until(NEXT_MONDAY)).of("digest").text
    assert text.startswith("Weekly digest 2–8 November 2026\n\nUAG1 Citizen apps")
    assert "- Decided\n  - U1 Where? – nobody voted (turnout 0 of 3)" in text
    assert "- New: 1 action item\n  - A1 Write the guide – Anna and Bodo, due Fri 20 Nov" in text


# -- shown on request


async def test_everybody_can_see_the_last_seven_days_at_any_time(house: House, main: TestRoom, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    await add_item(house, room, "Leitfaden")
    await add_item(house, other, "Fahrplan")
    await add_item(house, other, "Vergangenes", created_at=house.now - A_WEEK)
    before = await house.dump()
    everything = await main.says("!wochenbericht", who="Bodo")
    assert everything.text.startswith("Wochenbericht 26. Oktober – 2. November 2026\n\nUAG1 Bürger-Apps")
    assert ("A1 Leitfaden" in everything.text, "A2 Fahrplan" in everything.text) == (True, True)
    assert "Vergangenes" not in everything.text
    own = await room.says("!digest")
    assert ("A1 Leitfaden" in own.text, "A2 Fahrplan" in own.text) == (True, False)
    assert own.message.content["m.relates_to"] == {"m.in_reply_to": {"event_id": own.event_id}}
    assert await house.dump() == before


async def test_in_a_direct_chat_it_shows_the_groups_that_one_is_a_member_of(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Dieter", title="Mobilität")
    await add_item(house, room, "Leitfaden")
    await add_item(house, other, "Fahrplan")
    chat = await house.room(None, "Dieter", kind=RoomKind.DIRECT, title="")
    assert "UAG2 Mobilität" in (await chat.says("!wochenbericht", who="Dieter")).text
    assert "Leitfaden" not in (await chat.says("wochenbericht", who="Dieter")).text
    nobodys = await house.room(None, "Edith", kind=RoomKind.DIRECT, title="")
    assert "noch in keiner Arbeitsgruppe Mitglied" in (await nobodys.says("!wochenbericht", who="Edith")).text


async def test_a_quiet_week_is_told_in_one_sentence(house: House, room: TestRoom) -> None:
    assert (await room.says("!wochenbericht")).text == (
        "Wochenbericht 26. Oktober – 2. November 2026: In dieser Zeit ist nichts geschehen, "
        "und in den nächsten zwei Wochen steht nichts an."
    )
    english = await house.room("UAG2", title="Mobility", language="en")
    assert "nothing happened in this time" in (await english.says("!digest")).text


@pytest.mark.parametrize(
    ("text", "said"),
    [("!wochenbericht alle", "So geht es: `!wochenbericht`"), ("!wochnbericht", "Meinten Sie `!wochenbericht`")],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_a_room_that_is_no_group_is_told_how_to_become_one(house: House) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN)
    assert "noch keine Arbeitsgruppe" in (await plain.says("!wochenbericht")).text


async def test_what_the_coordinators_do_among_themselves_stays_in_their_room(house: House) -> None:
    main = await house.room("MAIN", kind=RoomKind.MAIN, title="Initiative")
    coordinators = await house.room("KO", kind=RoomKind.COORDINATORS, title="Koordination")
    await coordinators.says('!umfrage "Wer moderiert?" Anna Bodo')
    assert "Wer moderiert?" in (await coordinators.says("!wochenbericht")).text
    assert "Wer moderiert?" not in (await main.says("!wochenbericht")).text
