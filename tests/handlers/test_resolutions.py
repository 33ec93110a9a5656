"""What uagbot promises about resolutions that chairs enter, what they replace and what hangs on them (B1, B3, B4)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from storage.polls import PollKind, PollState
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat, plan_meeting
from tests.handlers.house import MONDAY, House, TestRoom
from tests.handlers.resolution_rows import due_times, ended_poll, stored, the_only

# -- B1: how a resolution comes into the register


@pytest.mark.parametrize(
    "text",
    [
        '!beschluss "Der Leitfaden gilt ab Januar"',
        "!beschlossen Der Leitfaden gilt ab Januar",
        "!resolve „Der Leitfaden gilt ab Januar“",
        "!agreed Der Leitfaden gilt ab Januar",
    ],
)
async def test_a_resolution_has_a_name_a_text_a_day_and_a_group(room: TestRoom, text: str) -> None:
    answer = await room.says(text)
    assert answer.message.text == (
        "B-2026-001 Der Leitfaden gilt ab Januar\nBeschlossen am Montag, 2. November 2026 · UAG1 Bürger-Apps"
    )
    assert answer.message.mentions == []
    assert answer.message.content["m.relates_to"] == {"m.in_reply_to": {"event_id": answer.event_id}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('!abgelehnt "Ein eigener Server"', "Abgelehnt am Montag, 2. November 2026"),
        ('!rejected "Ein eigener Server"', "Abgelehnt am Montag, 2. November 2026"),
        ('!vertagt "Ein eigener Server"', "Vertagt am Montag, 2. November 2026"),
        ('!postponed "Ein eigener Server" review=1.12.', "Wiedervorlage: Dienstag, 1. Dezember 2026"),
    ],
)
async def test_what_was_rejected_or_postponed_is_kept_too(room: TestRoom, text: str, said: str) -> None:
    assert said in (await room.says(text)).message.text
    assert "B-2026-001 Ein eigener Server" in (await room.says("!beschlüsse")).text


async def test_english_rooms_read_english(house: House) -> None:
    room = await house.room(language="en", powers={"Anna": 50})
    answer = await room.says('!resolve "The guide applies" review=2027-06-01')
    assert answer.text == (
        "B-2026-001 The guide applies\nAdopted on Monday, 2 November 2026 · UAG1 Bürger-Apps"
        "\nReview: Tuesday, 1 June 2027"
    )
    assert "B-2026-001 The guide applies" in (await room.says("!resolution 1")).text


async def test_numbers_run_over_all_groups_and_stay_taken(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", powers={"Bodo": 50})
    first = await room.says('!beschluss "Erstens so"')
    await other.says('!abgelehnt "Zweitens so"', who="Bodo")
    await room.redacts(first.event_id)
    await room.says('!vertagt "Drittens so"')
    assert [(one.name, one.state) for one in await stored(house)] == [
        ("B-2026-001", "withdrawn"),
        ("B-2026-002", "rejected"),
        ("B-2026-003", "postponed"),
    ]


async def test_the_year_is_that_of_the_room_when_it_was_said(house: House, room: TestRoom) -> None:
    house.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # 0:30 in Berlin
    answer = await room.says('!beschluss "Ein gutes neues Jahr"')
    assert answer.text.startswith("B-2027-001 Ein gutes neues Jahr\nBeschlossen am Freitag, 1. Januar 2027")
    late = await room.says('!beschluss "Noch im alten"', after=timedelta(hours=-1))
    assert late.text.startswith("B-2026-001 Noch im alten\nBeschlossen am Donnerstag, 31. Dezember 2026")


async def test_a_meeting_that_takes_place_is_noted(house: House, room: TestRoom) -> None:
    await plan_meeting(house, room, MONDAY - timedelta(hours=1))
    await plan_meeting(house, room, MONDAY + timedelta(hours=1))
    other = await house.room("UAG2", powers={"Anna": 50})
    answer = await room.says('!beschlossen "Der Leitfaden gilt ab Januar"')
    assert answer.text.endswith("UAG1 Bürger-Apps · UAG-Treffen (UAG1-2026-11-02-07)")
    assert "Treffen: UAG-Treffen, Montag, 2. November 2026" in (await room.says("!beschluss 1")).text
    assert "Treffen" not in (await other.says('!beschluss "Anderswo"')).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!beschluss", "So geht es:"),
        ('!beschluss ""', "Was ist beschlossen?"),
        ("!vertagt …", "Was ist beschlossen?"),
        ("!beschluss B14", "„B14“ ist kein Beschluss"),
        ("!beschlossen B-2026-", "sieht aus wie eine Nummer"),
        ('!beschluss "14"', "sieht aus wie eine Nummer"),
        ("!beschluss B-2026-014", "Einen Beschluss B-2026-014 gibt es in diesem Raum nicht"),
        ("!beschluss 14", "Einen Beschluss B-2026-014 gibt es in diesem Raum nicht"),
        ('!beschluss "So" prüfen=1.10.2026', "liegt in der Vergangenheit"),
        ('!beschluss "So" prüfen=irgendwann', "habe ich nicht verstanden"),
        ('!beschluss "So" ersetzt=B14', "habe ich nicht verstanden"),
        ('!beschluss "So" ersetzt=B-2025-031', "Einen Beschluss B-2025-031 gibt es in diesem Raum nicht"),
        ('!beschluss "So', "Anführungszeichen"),
        (f'!beschluss "{"x" * 501}"', "zu lang"),
        ("!beschluss aus U7", "Eine Umfrage U7 gibt es in diesem Raum nicht"),
        ("!beschluss aus Halle", "So geht es: `!beschluss aus U7"),
        ("!abgelehnt", "So geht es:"),
    ],
)
async def test_what_is_no_resolution_changes_nothing(house: House, room: TestRoom, text: str, said: str) -> None:
    before = await house.dump()
    answer = await room.says(text)
    assert said in answer.text
    assert await house.dump() == before


@pytest.mark.parametrize(
    "text",
    ['!beschluss "So"', '!abgelehnt "So"', '!vertagt "So"', "!beschluss aus U1", '!umlauf "So" bis="5 Arbeitstage"'],
)
async def test_only_chairs_decide(house: House, room: TestRoom, text: str) -> None:
    await ended_poll(house, room, "So?", {"Ja": 3, "Nein": 0})
    before = await house.dump()
    assert "Das darf nur die Leitung dieses Raums: Anna" in (await room.says(text, who="Bodo")).text
    assert await house.dump() == before


async def test_markup_in_a_text_is_text(room: TestRoom) -> None:
    answer = await room.says('!beschluss "<b>@room</b> {{ 7 * 7 }}"')
    assert "<b>@room</b> {{ 7 * 7 }}" in answer.text
    assert "<b>" not in answer.message.html
    assert answer.message.mentions == []


# -- B1: from a poll


async def test_a_poll_becomes_a_resolution(house: House, room: TestRoom) -> None:
    number = await ended_poll(house, room, "Wo tagen wir im März?", {"Halle": 1, "Stendal": 5})
    answer = await room.says(f"!beschluss aus U{number}")
    assert answer.text == (
        "B-2026-001 Wo tagen wir im März? Stendal\nBeschlossen am Montag, 2. November 2026 · UAG1 Bürger-Apps"
        f"\nAbstimmung U{number}: Halle 1, Stendal 5 · Beteiligung 6 von 9 (67 %)"
    )
    assert (await the_only(house)).outcome == {"eligible": 9, "voters": 6, "verdict": "won"}
    again = await room.says(f"!resolve from U{number}")
    assert f"Aus U{number} ist schon B-2026-001 geworden" in again.text


@pytest.mark.parametrize(
    ("question", "votes", "said"),
    [
        ("Treten wir bei?", {"Ja": 5, "Nein": 1}, "Treten wir bei?\nBeschlossen"),
        ("Treten wir bei?", {"Yes": 1, "No": 5, "Abstention": 0}, "Treten wir bei?\nAbgelehnt"),
        ("Ort der Tagung", {"Halle": 5, "Stendal": 1}, "Ort der Tagung: Halle\nBeschlossen"),
    ],
)
async def test_a_no_rejects_what_was_asked(
    house: House, room: TestRoom, question: str, votes: dict[str, int], said: str
) -> None:
    number = await ended_poll(house, room, question, votes)
    assert f"B-2026-001 {said}" in (await room.says(f"!beschlossen aus U{number}")).text


async def test_a_resolution_from_a_poll_may_have_its_own_words(house: House, room: TestRoom) -> None:
    number = await ended_poll(house, room, "Wann?", {"a/b": 5, "c/d": 1}, kind=PollKind.PULSE)
    refused = await room.says(f"!beschluss aus U{number}")
    assert f'`!beschluss aus U{number} "Text"`' in refused.text
    answer = await room.says(f'!beschluss aus U{number} "Wir tagen im März" prüfen=1.3.2027')
    assert answer.text.startswith("B-2026-001 Wir tagen im März\n")
    assert "Wiedervorlage: Montag, 1. März 2027" in answer.text


@pytest.mark.parametrize(
    ("votes", "fields", "said"),
    [
        ({"Ja": 0, "Nein": 0}, {}, "niemand hat abgestimmt"),
        ({"Ja": 3, "Nein": 3}, {}, "Gleichstand"),
        ({"Ja": 3, "Nein": 1}, {"quorum": "50%"}, "das Quorum ist nicht erreicht (4 von 5 nötigen)"),
        ({"Ja": 3, "Nein": 2}, {"majority": "two-thirds"}, "die nötige Mehrheit ist nicht erreicht"),
        ({"Ja": 3, "Nein": 2}, {"state": PollState.CANCELLED}, "abgebrochen"),
        ({"Ja": 3, "Nein": 2}, {"state": PollState.OPEN, "closed_at": None}, "läuft noch bis"),
    ],
)
async def test_a_poll_without_a_result_decides_nothing(
    house: House, room: TestRoom, votes: dict[str, int], fields: dict[str, Any], said: str
) -> None:
    number = await ended_poll(house, room, "Treten wir bei?", votes, **fields)
    before = await house.dump()
    assert said in (await room.says(f"!beschluss aus U{number}")).text
    assert await house.dump() == before


async def test_a_poll_can_be_used_where_it_was_asked_and_nowhere_else(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", powers={"Anna": 50})
    third = await house.room("UAG3", powers={"Anna": 50})
    number = await ended_poll(house, room, "Treten wir bei?", {"Ja": 5, "Nein": 1}, asked=[room, other])
    assert "gibt es in diesem Raum nicht" in (await third.says(f"!beschluss aus U{number}")).text
    made = await other.says(f"!beschluss aus U{number}")
    assert made.text.startswith("B-2026-001")
    await other.redacts(made.event_id)
    assert (await room.says(f"!beschluss aus U{number}")).text.startswith("B-2026-002")


# -- R8: edits and deletions


async def test_an_edit_corrects_text_and_options(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Das Alte"')
    made = await room.says('!beschluss "Der Leitfden gilt" prüfen=1.12.')
    edited = await room.edits(made.event_id, '!beschluss "Der Leitfaden gilt" ersetzt=B-1 prüfen=2.12.')
    assert edited.reactions == ["✏️"]
    shown = edited.of("resolution-entered")
    assert (shown.relation, shown.edits) == ("m.replace", made.message.event_id)
    assert "B-2026-002 Der Leitfaden gilt" in shown.text
    assert "Ersetzt B-2026-001\nWiedervorlage: Mittwoch, 2. Dezember 2026" in shown.text
    assert await due_times(house, "resolution review") == [datetime(2026, 12, 2, 7, tzinfo=UTC)]
    assert "Beschlüsse mit „Leitfden“" in (await room.says("!beschlüsse Leitfden")).text
    assert "B-2026-002" in (await room.says("!beschlüsse leitfaden")).text
    await room.edits(made.event_id, '!beschluss "Der Leitfaden gilt"')
    assert await due_times(house, "resolution review") == []
    assert "Ersetzt" not in (await room.says("!beschluss 1")).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('!beschluss "Neu" ersetzt=B-1', "bleibt, wie er ist: Ersetzen kann ihn nur ein anderer Beschluss"),
        ("!beschluss B-1", "So geht es"),
        ('!vertagt "Neu"', "wird aus einem Befehl kein anderer"),
        ("!beschluss", "Was ist beschlossen?"),
    ],
)
async def test_a_wrong_edit_changes_nothing(house: House, room: TestRoom, text: str, said: str) -> None:
    made = await room.says('!beschluss "Der Leitfaden gilt"')
    before = await house.dump()
    answer = await room.edits(made.event_id, text)
    assert said in answer.text or "sieht aus wie eine Nummer" in answer.text
    assert await house.dump() == before


async def test_what_hangs_on_a_resolution_keeps_it_as_it_is(house: House, room: TestRoom) -> None:
    first = await room.says('!beschluss "Der Leitfaden gilt"')
    await room.says("!aufgabe Verteilen", reply_to=first.message.event_id)
    second = await room.says('!beschluss "Neues Logo"')
    await room.says('!beschluss "Altes Logo" ersetzt=B-2')
    before = await house.dump()
    for made, said in ((first, "hängt die Aufgabe A1"), (second, "B-2026-003 ersetzt ihn")):
        assert said in (await room.edits(made.event_id, '!beschluss "Anders"')).text
        assert said in (await room.redacts(made.event_id)).text
    assert await house.dump() == before


async def test_a_deleted_message_takes_its_resolution_back(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt" prüfen=1.12.')
    made = await room.says('!beschluss "Ein neuer gilt" ersetzt=B-1 prüfen=1.12.')
    gone = await room.redacts(made.event_id)
    assert gone.messages == []
    assert gone.of("resolution-entered").text == "B-2026-002 Ein neuer gilt\nZurückgenommen · UAG1 Bürger-Apps"
    assert (await room.redacts(made.event_id)).sent == []
    assert "B-2026-002" not in (await room.says("!beschlüsse")).text
    assert "Zurückgenommen" in (await room.says("!beschluss 2")).text
    assert "B-2026-001" in (await house.sleep(days=30)).text  # it is in force again, and its review comes
    assert "lässt sich nicht ersetzen" in (await room.says('!beschluss "So" ersetzt=B-2')).text
    assert "ich nicht aus" in (await room.edits(made.event_id, '!beschluss "Doch"')).text


# -- B4: what replaces what, and reviews


async def test_both_say_which_replaces_which(room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt ab Januar"')
    answer = await room.says('!beschluss "Der Leitfaden gilt ab Februar" ersetzt=B-2026-001')
    assert answer.message.text.endswith("Ersetzt B-2026-001")
    assert "Ersetzt durch B-2026-002" in (await room.says("!beschluss 1")).text
    assert "Ersetzt B-2026-001" in (await room.says("!beschluss 2")).text
    assert "· ersetzt durch B-2026-002" in (await room.says("!beschlüsse")).text


async def test_only_what_is_in_force_can_be_replaced(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Erstens so"')
    await room.says('!beschluss "Zweitens so" ersetzt=B-1')
    gone = await room.says('!beschluss "Drittens so"')
    await room.redacts(gone.event_id)
    await room.says('!umlauf "Viertens so" bis="5 Arbeitstage" ersetzt=B-2')
    before = await house.dump()
    for text, said in (
        ("ersetzt=B-1", "ist schon ersetzt durch B-2026-002: Zweitens so"),
        ("ersetzt=B-2", "soll schon durch B-2026-004 ersetzt werden"),
        ("ersetzt=B-3", "er gilt nicht mehr"),
        ("ersetzt=B-4", "darüber ist noch nicht entschieden (bis Montag, 9. November 2026, 23:59 Uhr)"),
    ):
        assert said in (await room.says(f'!beschluss "Anders" {text}')).text
        assert said in (await room.says(f'!umlauf "Anders" bis="5 Arbeitstage" {text}')).text
    assert "Ersetzen kann ihn nur ein anderer Beschluss" in (await room.says('!abgelehnt "So" ersetzt=B-2')).text
    assert await house.dump() == before


async def test_another_groups_resolution_is_replaced_from_above_only(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt"')
    other = await house.room("UAG2", powers={"Anna": 50})
    main = await house.room("INI", "Anna", kind=RoomKind.MAIN, title="Initiative", powers={"Anna": 50})
    before = await house.dump()
    refused = await other.says('!beschluss "Unserer gilt" ersetzt=B-1')
    assert "B-2026-001 gehört der Gruppe UAG1 Bürger-Apps" in refused.text
    assert await house.dump() == before
    answer = await main.says('!beschluss "Einer für alle" ersetzt=B-1')
    assert [one.room for one in answer.messages] == [main.id, room.id]
    assert answer.of("resolution-replaced").text == (
        "B-2026-001 Der Leitfaden gilt ist ersetzt durch B-2026-002: Einer für alle"
    )


async def test_a_review_comes_on_its_morning(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt" prüfen=2027-06-01')
    assert (await house.sleep_until(datetime(2027, 6, 1, 5, 59, tzinfo=UTC))).sent == []
    answer = await house.sleep(minutes=1)  # 8:00 in Berlin
    assert answer.message.text.startswith("Wiedervorlage: B-2026-001 Der Leitfaden gilt\nBeschlossen am Montag")
    assert '`!beschluss "Text" ersetzt=B-2026-001`' in answer.text
    assert answer.message.mentions == []
    replaced = await room.says('!beschluss "Ein neuer gilt" ersetzt=B-2026-001', reply_to=answer.message.event_id)
    assert "Ersetzt B-2026-001" in replaced.text
    assert (await house.sleep(days=400)).sent == []


async def test_what_is_replaced_is_not_reviewed(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt" prüfen=2027-06-01')
    await room.says('!beschluss "Ein neuer gilt" ersetzt=B-1')
    assert (await house.sleep(days=400)).sent == []
    assert (await stored(house))[0].review_on == date(2027, 6, 1)


# -- B3: one resolution with all that hangs on it


@pytest.mark.parametrize("text", ["B-2026-001", "b-2026-1", "B-1", "1", "B–2026–001:"])
async def test_a_resolution_is_called_in_many_ways(room: TestRoom, text: str) -> None:
    made = await room.says('!beschluss "Der Leitfaden gilt"')
    answer = await room.says(f"!beschluss {text}", who="Bodo")
    assert answer.text == (
        "B-2026-001 Der Leitfaden gilt\n"
        "Beschlossen am Montag, 2. November 2026 · UAG1 Bürger-Apps · eingetragen von Anna · Zur Nachricht"
    )
    assert f'href="https://matrix.to/#/{room.id}/{made.event_id}"' in answer.message.html
    assert (await room.says("!resolution", reply_to=made.message.event_id)).text == answer.text
    assert (await room.says("!beschluss", reply_to=made.event_id)).text == answer.text


async def test_the_chain_shows_action_items_and_how_far_they_are(room: TestRoom) -> None:
    made = await room.says('!beschluss "Der Leitfaden gilt"')
    first = await room.says("!aufgabe @bodo Leitfaden verteilen bis 13.11.", reply_to=made.message.event_id)
    assert "A1 Leitfaden verteilen · Bodo · bis Freitag, 13. November 2026 · zu B-2026-001" in first.text
    assert "· zu B-2026-001" in (await room.says("!aufgabe Druckerei fragen zu=B-1")).text
    await room.says("!action Plakate from=B-2026-001")
    await room.says("!aufgabe Etwas anderes")
    await room.says("!erledigt A1")
    assert (await room.says("!beschluss 1")).text.endswith(
        "Aufgaben: 1 von 3 erledigt\n\n- A1 Leitfaden verteilen – erledigt\n- A2 Druckerei fragen – offen\n"
        "- A3 Plakate – offen"
    )


async def test_an_item_can_be_tied_to_a_resolution_later_by_an_edit(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt"')
    item = await room.says("!aufgabe Verteilen")
    edited = await room.edits(item.event_id, "!aufgabe Verteilen zu=B-1")
    assert "zu B-2026-001" in edited.of("action-item").text
    before = await house.dump()
    assert "B-2026-099 gibt es in diesem Raum nicht" in (await room.says("!aufgabe Verteilen zu=B-99")).text
    assert await house.dump() == before


async def test_a_resolution_is_seen_by_its_group_and_from_above(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt"')
    main = await house.room("INI", "Gerda", kind=RoomKind.MAIN, title="Initiative", powers={"Gerda": 50})
    above = await house.room("KO", "Gerda", kind=RoomKind.COORDINATORS, title="Koordination")
    other = await house.room("UAG2", "Anna", "Dieter")
    bodo, dieter = await direct_chat(house, "Bodo"), await direct_chat(house, "Dieter")
    for where, who in ((main, "Gerda"), (above, "Gerda"), (bodo, "Bodo")):
        assert "Der Leitfaden gilt" in (await where.says("!beschluss B-1", who=who)).text
    for where, who in ((other, "Anna"), (dieter, "Dieter")):
        answer = await where.says("!beschluss B-1", who=who)
        assert "Einen Beschluss B-2026-001 gibt es in" in answer.text
        assert "Leitfaden" not in answer.text
    await main.says('!beschluss "Einer für alle"', who="Gerda")
    assert "Einer für alle" in (await dieter.says("beschluss B-2", who="Dieter")).text


async def test_nothing_is_entered_in_a_direct_chat(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt"')
    chat = await direct_chat(house, "Anna")
    before = await house.dump()
    assert "nur im Raum einer Arbeitsgruppe" in (await chat.says('beschluss "So"')).text
    assert "nur im Raum einer Arbeitsgruppe" in (await chat.says("beschluss aus U1")).text
    assert await house.dump() == before
