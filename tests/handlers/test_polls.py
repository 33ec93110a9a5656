"""What uagbot promises about polls (P1, P2, P4, P5, R8)."""

from datetime import timedelta

import pytest

from tests.handlers.house import MONDAY, House, TestRoom


async def test_a_poll_is_native_and_has_one_status_message(room: TestRoom) -> None:
    answer = await room.says('!umfrage "Wo tagen wir?" Halle Stendal bis=Freitag')
    start = answer.of("poll-native")
    assert start.type == "org.matrix.msc3381.poll.start"
    poll = start.content["org.matrix.msc3381.poll.start"]
    assert [one["org.matrix.msc1767.text"] for one in poll["answers"]] == ["Halle", "Stendal"]
    assert poll["max_selections"] == 1
    assert "Umfrage U1: Wo tagen wir?" in answer.message.text
    assert "1. Halle\n2. Stendal" in answer.message.text
    assert "Freitag, 6. November 2026, 23:59 Uhr" in answer.message.text
    assert answer.message.content["m.relates_to"] == {"m.in_reply_to": {"event_id": answer.event_id}}


@pytest.mark.parametrize(
    "text",
    [
        '!umfrage "Wo tagen wir?" Halle "Lutherstadt Wittenberg" bis Freitag 12 Uhr',
        "!umfrage „Wo tagen wir?“ Halle „Lutherstadt Wittenberg“ bis=Freitag 12 Uhr",
        "!UMFRAGE “Wo tagen wir?” Halle »Lutherstadt Wittenberg« bis=6.11.2026 12:00",
        '!umfrage bis="Freitag 12:00" "Wo tagen wir?"\n- Halle\n- Lutherstadt Wittenberg',
        '!poll "Wo tagen wir?" Halle "Lutherstadt Wittenberg" by=Friday 12:00',
    ],
)
async def test_phones_type_quotes_lists_and_deadlines_in_many_ways(room: TestRoom, text: str) -> None:
    answer = await room.says(text)
    assert "U1: Wo tagen wir?" in answer.message.text
    assert "1. Halle\n2. Lutherstadt Wittenberg" in answer.message.text
    assert "Freitag, 6. November 2026, 12:00 Uhr" in answer.message.text


async def test_votes_by_all_ways_make_one_tally_and_the_latest_counts(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    native, status = asked.of("poll-native").event_id, asked.message.event_id
    await house.sleep(minutes=1)
    await room.votes(native, ["1"], who="Anna")
    await room.reacts(status, "2️⃣", who="Bodo")
    voted = await room.says("!stimme 2", who="Carla", reply_to=status)
    assert voted.reactions == ["✅"]
    shown = (await house.sleep(seconds=5)).of("poll-opened")
    assert (shown.relation, shown.edits) == ("m.replace", status)
    assert "1. Halle – 1\n2. Stendal – 2" in shown.text
    await room.says("!stimme U1 2", who="Anna")
    assert "2. Stendal – 3" in (await house.sleep(seconds=5)).of("poll-opened").text
    await room.says("!stimme 1 1", who="Bodo", after=timedelta(seconds=-31))
    assert (await house.sleep(seconds=5)).sent == []


async def test_a_redacted_vote_falls_back_to_the_one_before(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!stimme 1")
    await house.sleep(seconds=5)
    second = await room.reacts(asked.message.event_id, "2️⃣")
    assert "2. Stendal – 1" in (await house.sleep(seconds=5)).of("poll-opened").text
    await room.redacts(second.event_id)
    assert "1. Halle – 1" in (await house.sleep(seconds=5)).of("poll-opened").text


async def test_a_native_vote_can_be_taken_back(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    await room.votes(asked.of("poll-native").event_id, ["1"])
    await house.sleep(seconds=1)
    await room.votes(asked.of("poll-native").event_id, [])
    assert (await house.sleep(seconds=5)).sent == []
    listed = await room.says("!umfragen")
    assert "U1 Wo? – 0 von 3 Stimmen" in listed.text


async def test_a_poll_closes_itself_once_with_its_result(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis=morgen 12:00')
    await room.says("!stimme 2", who="Bodo")
    closed = await house.sleep(days=2)
    result = closed.of("poll-result")
    assert "Ergebnis U1: Wo?" in result.text
    assert "██████████ Stendal: 1 (100 %)" in result.text
    assert "Die meisten Stimmen hat Stendal." in result.text
    assert "Beteiligung: 1 von 3 (33 %)" in result.text
    end = closed.of("poll-result-line")
    assert (end.type, end.relation, end.edits) == (
        "org.matrix.msc3381.poll.end",
        "m.reference",
        asked.of("poll-native").event_id,
    )
    assert "Beendet" in [one for one in closed.sent if one.key == "poll-opened"][-1].text
    assert (await house.sleep(days=7)).sent == []


@pytest.mark.parametrize(("word", "last"), [("ende", "poll-result"), ("abbrechen", "poll-cancelled")])
async def test_the_outcome_is_what_one_reads_last_and_what_answers(room: TestRoom, word: str, last: str) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    ended = await room.says(f"!umfrage {word} U1")
    assert [one.key for one in ended.sent] == ["poll-opened", f"{last}-line", last]
    assert ended.message.content["m.relates_to"] == {"m.in_reply_to": {"event_id": ended.event_id}}


async def test_bars_stand_below_each_other_without_bullets(room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!stimme 1")
    bars = "██████████ Halle: 1 (100 %)\n░░░░░░░░░░ Stendal: 0 (0 %)\nBeteiligung: 1 von 3"
    assert f"U1: Wo?\n{bars}" in (await room.says("!umfrage stand U1")).text
    assert "Wo?\n██████████ Halle: 1 (100 %)\n" in (await room.says("!umfrage ende U1")).text


async def test_what_fell_due_while_the_bot_was_away_happens_once_and_says_so(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=morgen 12:00')
    closed = await house.sleep_until(MONDAY + timedelta(days=5), away=True)
    assert "verspätet, der Bot war nicht erreichbar" in closed.message.text
    assert (await house.sleep(days=1)).sent == []


async def test_late_votes_do_not_count_by_the_servers_clock(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis="in 2 Stunden"')
    late = await room.says("!stimme 1", after=timedelta(hours=3))
    assert "U1 ist schon beendet" in late.text
    await room.reacts(asked.message.event_id, "1️⃣", who="Bodo")
    closed = await house.sleep(hours=4)
    assert "Halle: 1" in closed.message.text
    assert (await room.votes(asked.of("poll-native").event_id, ["2"])).sent == []
    assert "ist schon beendet" in (await room.says("!stimme U1 2")).text


async def test_a_tie_is_named(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal Jena bis=morgen')
    await room.says("!stimme 1", who="Anna")
    await room.says("!stimme 2", who="Bodo")
    assert "Gleichstand: Halle und Stendal." in (await house.sleep(days=3)).of("poll-result").text


async def test_a_deadline_can_be_moved_and_leaves_a_trace(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=morgen')
    moved = await room.says("!umfrage verlängern U1 bis=Freitag")
    assert "Freitag, 6. November 2026, 23:59 Uhr (vorher Dienstag, 3. November 2026, 23:59 Uhr)" in moved.text
    assert "(verlängert)" in moved.of("poll-opened").text
    assert (await house.sleep(days=3)).sent == []
    assert "Es hat niemand abgestimmt." in (await house.sleep(days=3)).text


async def test_only_its_author_or_a_chair_ends_extends_or_cancels_a_poll(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal', who="Bodo")
    before = await house.dump()
    for text in ("!umfrage ende 1", "!umfrage abbrechen 1", "!umfrage verlängern 1 bis=Freitag"):
        assert "nur, wer es angelegt hat, oder die Leitung" in (await room.says(text, who="Carla")).text
    assert await house.dump() == before
    assert "Ergebnis U1" in (await room.says("!umfrage ende 1", who="Bodo")).text
    await room.says('!umfrage "Wann?" Heute Morgen', who="Bodo")
    assert "abgebrochen" in (await room.says("!umfrage abbrechen U2", who="Anna")).text
    assert "wurde abgebrochen" in (await room.says("!umfrage stand U2", who="Anna")).text


async def test_an_edit_changes_the_question_until_somebody_has_voted(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Hale Stendal')
    edited = await room.edits(asked.event_id, '!umfrage "Wo?" Halle Stendal Jena')
    assert edited.reactions == ["✏️"]
    assert "1. Halle\n2. Stendal\n3. Jena" in edited.of("poll-opened").text
    assert edited.of("poll-native").relation == "m.replace"
    await room.says("!stimme 1")
    refused = await room.edits(asked.event_id, '!umfrage "Wo?" Halle Stendal')
    assert "sind schon Stimmen abgegeben" in refused.text
    await house.sleep(seconds=5)
    await room.says("!stimme 3")
    assert "3. Jena – 1" in (await house.sleep(seconds=5)).of("poll-opened").text


async def test_a_deleted_question_withdraws_the_poll_unless_somebody_voted(room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    assert "abgebrochen" in (await room.redacts(asked.event_id)).text
    second = await room.says('!umfrage "Wann?" Heute Morgen')
    await room.says("!stimme 1")
    assert "U2 läuft weiter" in (await room.redacts(second.event_id)).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('!umfrage "Wo?" Halle', "braucht 2 bis 20 Antworten, hier ist es nur eine"),
        ('!umfrage "Wo?" ' + " ".join(f"A{n}" for n in range(21)), "hier sind es 21"),
        ('!umfrage "Wo?" Halle halle', "steht zweimal da"),
        ("!umfrage", 'So geht es: `!umfrage "Frage" [Antwort …] [bis=Frist] …`'),
        ('!umfrage "Wo? Halle Stendal', "Anführungszeichen"),
        ('!umfrage "Wo?" Halle Stendal bis=gestern', "nicht verstanden"),
        ('!umfrage "Wo?" Halle Stendal bis=1.11.2026', "Sonntag, 1. November 2026 liegt in der Vergangenheit"),
        ('!umfrage "Wo?" Halle Stendal bis=31.2.', "gibt es im Kalender nicht"),
        ('!umfrage "Wo?" Halle Stendal bsi=Freitag', "Meinten Sie `bis=`"),
        ('!umfrage "Wo?" Halle Stendal bis Freitga', "nicht verstanden"),
        ('!umfrage "' + "x" * 501 + '" Halle Stendal', "501 Zeichen, höchstens 500"),
        ("!umfrage " + "x" * 60_000, "zu lang für einen Befehl"),
        ("!umfrga", "Meinten Sie `!umfrage`"),
        ("!stimme", "Hier ist keine Umfrage offen"),
        ("!stimme 1", "Hier ist keine Umfrage offen"),
        ("!stimme U9 1", "Eine Umfrage U9 gibt es in diesem Raum nicht"),
        ("!umfrage stand U9", "Eine Umfrage U9 gibt es in diesem Raum nicht"),
        ("!umfrage stand 99999999999999999999", "So geht es"),
    ],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_a_poll_of_another_room_cannot_be_reached(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    await room.says('!umfrage "Wo?" Halle Stendal')
    assert "gibt es in diesem Raum nicht" in (await other.says("!stimme U1 1")).text
    assert "gibt es in diesem Raum nicht" in (await other.says("!umfrage stand U1")).text


async def test_markup_in_user_text_is_text_and_rings_nobody(room: TestRoom) -> None:
    answer = await room.says('!umfrage "<b>@room</b> {{ 7 * 7 }}?" <script>alert(1)</script> Nein')
    assert "<b>@room</b> {{ 7 * 7 }}?" in answer.message.text
    assert "&lt;script&gt;" in answer.message.html
    assert "<script>" not in answer.message.html
    assert answer.message.content["m.mentions"] == {}


async def test_polls_speak_english_in_an_english_room(house: House) -> None:
    room = await house.room("UAG1", title="Citizen apps", language="en")
    asked = await room.says('!poll "Where?" Halle Stendal by=Friday')
    assert "0 of 3 votes cast · until Friday, 6 November 2026, 23:59" in asked.message.text
    await room.says("!vote 1")
    assert "Most votes: Halle." in (await house.sleep(days=7)).text
    assert "U1 Where? – 1 of 3 votes" in (await room.says("!polls")).text


async def test_the_list_shows_open_polls_then_the_latest_results(house: House, room: TestRoom) -> None:
    assert "noch keine Umfrage" in (await room.says("!umfragen")).text
    await room.says('!umfrage "Wo?" Halle Stendal bis=morgen')
    await room.says("!stimme 1")
    await house.sleep(days=3)
    await room.says('!umfrage "Wann?" Heute Morgen')
    listed = await room.says("!umfragen")
    assert "Offene Umfragen\n\n- U2 Wann? – 0 von 3 Stimmen" in listed.text
    assert "Zuletzt beendet\n\n- U1 Wo? – 1 von 3 Stimmen" in listed.text


async def test_nobody_edits_the_command_of_somebody_else(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    assert (await room.edits(asked.event_id, '!umfrage "Wo?" Jena Erfurt', who="Bodo")).sent == []
    await room.says("!stimme 1")
    assert "1. Halle – 1" in (await house.sleep(seconds=5)).of("poll-opened").text
