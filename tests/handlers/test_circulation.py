"""What uagbot promises about resolutions that go round: who is asked, and what people say to them (B2)."""

from datetime import UTC, datetime, timedelta

import pytest

from commands.resolutions.rounds import GRACE
from storage.municipalities import Standing
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat
from tests.handlers.house import Answer, House, TestRoom, user
from tests.handlers.resolution_rows import due_times, seat, stored, the_only, voices

UMLAUF = '!umlauf "Wir treten dem Netzwerk bei" bis="5 Arbeitstage"'
END = datetime(2026, 11, 9, 22, 59, tzinfo=UTC)  # Monday, 23:59 in Berlin


@pytest.fixture
async def other(house: House) -> TestRoom:
    """Give the room of a second group, of which Bodo is a member too."""
    return await house.room("UAG3", "Bodo", "Dieter", title="Verkehr", powers={"Dieter": 50})


def cards(answer: Answer) -> list[str]:
    """Return the last line with figures of each card that was shown or changed."""
    shown = [one for one in answer.sent if one.key == "circulation"]
    return [next(line for line in one.text.splitlines() if "zugestimmt" in line) for one in shown]


# -- how it begins


@pytest.mark.parametrize(
    "text",
    [
        UMLAUF,
        '!umlauf "Wir treten dem Netzwerk bei" bis 5 Arbeitstage',
        "!umlauf bis=5 Arbeitstage Wir treten dem Netzwerk bei",
        "!umlauf Wir treten dem Netzwerk bei bis fünf Arbeitstagen",
        "!umlauf Wir treten dem Netzwerk bei bis=9.11.",
        '!circulate "Wir treten dem Netzwerk bei" by="5 working days"',
        "!circulate Wir treten dem Netzwerk bei by five working days",
    ],
)
async def test_a_circulation_says_what_until_when_how_and_who(house: House, room: TestRoom, text: str) -> None:
    answer = await room.says(text)
    assert answer.message.text == (
        "Umlauf B-2026-001 (UAG1 Bürger-Apps)\nWir treten dem Netzwerk bei\n"
        "Gilt als beschlossen, wenn bis Montag, 9. November 2026, 23:59 Uhr niemand einen Einwand hat.\n"
        "Zustimmen: 👍 oder `!zustimmung B-2026-001`\n"
        'Einwand: `!einwand B-2026-001 "Grund"`\n'
        "Gefragt: die Mitglieder von UAG1 Bürger-Apps, ohne Gäste und Beobachtende\n"
        "0 von 3 haben zugestimmt, kein Einwand"
    )
    assert answer.message.mentions == []
    assert await due_times(house, "resolution deadline") == [END + GRACE]


async def test_a_circulation_speaks_the_language_of_each_room(house: House, room: TestRoom) -> None:
    english = await house.room("UAG3", "Dieter", language="en", title="Transport")
    answer = await room.says(f"{UMLAUF} räume=UAG1,UAG3")
    assert [one.room for one in answer.messages] == [room.id, english.id]
    assert answer.messages[1].text == (
        "Circulation B-2026-001 (UAG1 Bürger-Apps)\nWir treten dem Netzwerk bei\n"
        "Adopted if nobody objects until Monday, 9 November 2026, 23:59.\n"
        "Agree: 👍 or `!agree B-2026-001`\n"
        'Object: `!object B-2026-001 "reason"`\n'
        "Asked: the members of UAG1 Bürger-Apps and UAG3 Transport, but guests and observers\n"
        "0 of 4 have agreed, no objection"
    )


async def test_all_groups_are_asked_from_above_and_a_person_in_two_counts_once(
    house: House, room: TestRoom, other: TestRoom
) -> None:
    main = await house.room("INI", "Gerda", kind=RoomKind.MAIN, title="Initiative", powers={"Gerda": 50})
    answer = await main.says(f"{UMLAUF} räume=alle", who="Gerda")
    assert [one.room for one in answer.messages] == [main.id, room.id, other.id]
    assert cards(answer) == ["0 von 4 haben zugestimmt, kein Einwand"] * 3
    told = await room.says("!zustimmung", who="Bodo")
    assert cards(told) == ["1 von 4 hat zugestimmt, kein Einwand"] * 3
    told = await other.says('!einwand "Zu teuer"', who="Bodo")
    assert cards(told) == ["0 von 4 haben zugestimmt, 1 Einwand"] * 3
    assert "wer gefragt ist" in (await main.says("!zustimmung B-1", who="Gerda")).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('!umlauf "So"', "So geht es: `!umlauf"),
        ("!umlauf bis=Freitag", "So geht es: `!umlauf"),
        ('!umlauf "…" bis=Freitag', "Was ist beschlossen?"),
        ('!umlauf "So" bis=7.11.', "Samstag, 7. November 2026 liegt am Wochenende"),
        ('!umlauf "So" bis=7.11.', "`bis=9.11.`"),
        ('!umlauf "So" bis=1.1.2027', "Freitag, 1. Januar 2027 ist ein Feiertag (Neujahr)"),
        ('!umlauf "So" bis=1.1.2027', "`bis=4.1.`"),
        ('!umlauf "So" bis=heute 08:30', "liegt in der Vergangenheit"),
        ('!umlauf "So" bis=irgendwann', "habe ich nicht verstanden"),
        ('!umlauf "So" bis="0 Arbeitstage"', "habe ich nicht verstanden"),
        ('!umlauf "So" bis=Freitag räume=UAG9', "Eine Gruppe „UAG9“ gibt es nicht"),
        ('!umlauf "So" bis=Freitag räume=UAG5', "In UAG5 Leer ist niemand, der sich äußern kann"),
        ('!umlauf "So" bis=Freitag quorum=0', "habe ich nicht verstanden"),
        ('!umlauf "So" bis=Freitag art=losen', "habe ich nicht verstanden"),
        ('!umlauf "So" bis=Freitag prüfen=6.11.', "Bis zum Freitag, 6. November 2026 ist noch nichts beschlossen"),
        ("!umlauf ende B-1", "So geht es: `!umlauf"),
        ("!umlauf abbrechen B-9", "B-2026-009 gibt es in diesem Raum nicht"),
        ("!umlauf abbrechen", "So geht es: `!umlauf abbrechen"),
        ("!umlauf verlängern B-9", "So geht es: `!umlauf verlängern"),
        ("!zustimmung", "In diesem Raum ist kein Beschluss im Umlauf"),
        ('!einwand "So nicht"', "In diesem Raum ist kein Beschluss im Umlauf"),
        ("!einwand zurück", "In diesem Raum ist kein Beschluss im Umlauf"),
        ("!zustimmung B-1", "B-2026-001 ist kein Umlaufbeschluss"),
        ('!einwand B-1 "So nicht"', "B-2026-001 ist kein Umlaufbeschluss"),
        ("!zustimmung gern", "So geht es: `!zustimmung"),
    ],
)
async def test_what_is_no_circulation_changes_nothing(house: House, room: TestRoom, text: str, said: str) -> None:
    await room.says('!beschluss "Etwas Eingetragenes"')
    empty = await house.room("UAG5", "Hanno", title="Leer")
    await seat(house, "Hanno", standing=Standing.GUEST)
    before = await house.dump()
    assert said in (await room.says(text)).text
    assert await house.dump() == before
    assert empty.id != room.id


async def test_a_holiday_is_named_in_the_rooms_language(house: House) -> None:
    room = await house.room(language="en", powers={"Anna": 50})
    answer = await room.says('!circulate "So" by="1 January 2027"')
    assert "Friday, 1 January 2027 is a public holiday (New Year's Day)" in answer.text
    assert '`by="4 January"`' in answer.text


# -- agreeing and objecting


async def test_agreement_is_counted_in_place_and_acknowledged(room: TestRoom) -> None:
    made = await room.says(UMLAUF)
    first = await room.says("!zustimmung B-2026-001", who="Bodo")
    assert first.reactions == ["✅"]
    assert first.messages == []
    card = first.of("circulation")
    assert (card.relation, card.edits) == ("m.replace", made.message.event_id)
    second = await room.reacts(made.message.event_id, "👍🏽", who="Carla")
    assert second.reactions == []
    assert cards(second) == ["2 von 3 haben zugestimmt, kein Einwand"]
    assert cards(await room.says("!agree", who="Anna", reply_to=made.message.event_id))[0].startswith("3 von 3")
    assert cards(await room.says("!zustimmung", who="Anna"))[0].startswith("3 von 3")


async def test_an_objection_with_its_reason_is_told_everywhere(house: House, room: TestRoom, other: TestRoom) -> None:
    await seat(house, "Dieter", "Stendal")
    await room.says(f"{UMLAUF} räume=UAG1,UAG3")
    answer = await other.says('!einwand "Die Finanzierung ist offen"', who="Dieter")
    assert [one.room for one in answer.messages] == [other.id, room.id]
    assert (
        answer.messages[0].text
        == answer.messages[1].text
        == (
            "Einwand gegen B-2026-001 von Dieter (Stendal): Die Finanzierung ist offen\n"
            "Bleibt er bis Montag, 9. November 2026, 23:59 Uhr bestehen, kommt der Beschluss nicht zustande. "
            "Zurücknehmen: `!einwand zurück B-2026-001`"
        )
    )
    assert answer.messages[0].mentions == []
    assert answer.of("circulation").text.endswith(
        "0 von 4 haben zugestimmt, 1 Einwand\n\n- Einwand von Dieter (Stendal): Die Finanzierung ist offen"
    )
    back = await room.says("!einwand zurück", who="Dieter", reply_to=answer.messages[1].event_id)
    assert [one.room for one in back.messages] == [room.id, other.id]
    assert back.messages[0].text == "Dieter nimmt den Einwand gegen B-2026-001 zurück."
    assert cards(back) == ["0 von 4 haben zugestimmt, kein Einwand"] * 2


async def test_the_last_word_counts(room: TestRoom) -> None:
    await room.says(UMLAUF)
    await room.says("!zustimmung", who="Bodo")
    assert cards(await room.says("!einwand Zu teuer", who="Bodo")) == ["0 von 3 haben zugestimmt, 1 Einwand"]
    changed = await room.says("!zustimmung", who="Bodo")
    assert changed.text == "Bodo nimmt den Einwand gegen B-2026-001 zurück und stimmt zu."
    assert cards(changed) == ["1 von 3 hat zugestimmt, kein Einwand"]
    late = await room.says("!object Too dear", who="Bodo", after=timedelta(hours=-1))
    assert cards(late) == ["1 von 3 hat zugestimmt, kein Einwand"]


async def test_a_reply_or_a_number_says_which_where_more_go_round(room: TestRoom) -> None:
    first = await room.says(UMLAUF)
    await room.says('!umlauf "Ein neues Logo" bis="5 Arbeitstage"')
    for text in ("!zustimmung", '!einwand "Zu teuer"', "!einwand zurück"):
        assert "Im Umlauf sind B-2026-001, B-2026-002" in (await room.says(text)).text
    assert "Umlauf B-2026-001" in (await room.says("!zustimmung", reply_to=first.message.event_id)).sent[1].text
    assert "gegen B-2026-002 von Bodo: 14 Tage" in (await room.says("!einwand B-2 14 Tage fehlen", who="Bodo")).text
    reply = await room.says("!einwand 14 Tage fehlen", who="Bodo", reply_to=first.event_id)
    assert "gegen B-2026-001 von Bodo: 14 Tage fehlen" in reply.text


async def test_an_objection_needs_a_reason(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    before = await house.dump()
    for text in ("!einwand", "!einwand B-2026-001", '!einwand ""'):
        assert '`!einwand B-2026-001 "Grund"`' in (await room.says(text)).text
    assert "Sie keinen Einwand erhoben" in (await room.says("!einwand zurück")).text
    assert await house.dump() == before


@pytest.mark.parametrize("standing", [Standing.GUEST, Standing.OBSERVER])
async def test_guests_and_observers_have_no_voice(house: House, room: TestRoom, standing: Standing) -> None:
    await seat(house, "Carla", standing=standing)
    made = await room.says(UMLAUF)
    assert cards(made) == ["0 von 2 haben zugestimmt, kein Einwand"]
    before = await house.dump()
    for text in ("!zustimmung", '!einwand "So nicht"'):
        answer = await room.says(text, who="Carla")
        assert "wer gefragt ist: die Mitglieder von UAG1 Bürger-Apps, ohne Gäste und Beobachtende" in answer.text
    assert (await room.reacts(made.message.event_id, "👍", who="Carla")).sent == []
    assert await house.dump() == before


async def test_other_groups_have_no_voice(house: House, room: TestRoom, other: TestRoom) -> None:
    await room.says(UMLAUF)
    chat = await direct_chat(house, "Dieter")
    before = await house.dump()
    assert "gibt es in diesem Raum nicht" in (await other.says("!zustimmung B-1", who="Dieter")).text
    assert "in Ihren Gruppen nicht" in (await chat.says("einwand B-1 Nein", who="Dieter")).text
    assert await house.dump() == before


async def test_a_voice_can_be_raised_in_a_direct_chat(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    chat = await direct_chat(house, "Bodo")
    assert 'zum Beispiel `einwand B-2026-014 "Grund"`' in (await chat.says("zustimmung", who="Bodo")).text
    agreed = await chat.says("zustimmung B-1", who="Bodo")
    assert agreed.reactions == ["✅"]
    assert cards(agreed) == ["1 von 3 hat zugestimmt, kein Einwand"]
    answer = await chat.says('einwand B-1 "Zu früh"', who="Bodo")
    assert answer.reactions == ["✅"]
    assert [one.room for one in answer.messages] == [room.id]
    back = await chat.says("einwand zurück B-1", who="Bodo")
    assert back.reactions == ["✅"]
    assert [one.room for one in back.messages] == [room.id]


async def test_a_thumb_counts_only_on_the_message_that_asks(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    objection = await room.says('!einwand "Zu teuer"', who="Bodo")
    shown = await room.says("!beschluss B-1")
    entered = await room.says('!beschluss "Etwas anderes"')
    before = await house.dump()
    for message in (objection.message, shown.message, entered.message):
        assert (await room.reacts(message.event_id, "👍", who="Carla")).sent == []
    assert await house.dump() == before


async def test_what_is_deleted_was_not_said_and_silence_remains(house: House, room: TestRoom) -> None:
    made = await room.says(UMLAUF)
    thumb = await room.reacts(made.message.event_id, "👍", who="Carla")
    assert cards(await room.redacts(thumb.event_id, who="Carla")) == ["0 von 3 haben zugestimmt, kein Einwand"]
    await room.says("!zustimmung", who="Bodo")
    objection = await room.says('!einwand "Zu teuer"', who="Bodo")
    gone = await room.redacts(objection.event_id, who="Bodo")
    assert gone.text == "Bodo nimmt den Einwand gegen B-2026-001 zurück."
    assert cards(gone) == ["0 von 3 haben zugestimmt, kein Einwand"]
    assert (await room.redacts(objection.event_id, who="Bodo")).sent == []
    earlier = await room.says('!einwand "Zu früh"', who="Bodo")
    await room.says("!zustimmung", who="Bodo")
    assert cards(await room.redacts(earlier.event_id, who="Bodo")) == ["1 von 3 hat zugestimmt, kein Einwand"]
    assert len(await voices(house)) == 5


async def test_an_edit_of_an_objection_changes_its_reason(house: House, room: TestRoom, other: TestRoom) -> None:
    await room.says(f"{UMLAUF} räume=UAG1,UAG3")
    said = await room.says('!einwand "Zu teur"', who="Bodo")
    await other.says('!einwand "Zu früh"', who="Dieter")
    edited = await room.edits(said.event_id, '!einwand "Zu teuer"', who="Bodo")
    assert edited.reactions == ["✏️"]
    assert edited.messages == []
    notices = [one for one in edited.sent if one.key == "objection"]
    assert [one.edits for one in notices] == [one.event_id for one in said.messages]
    assert "von Bodo: Zu teuer" in notices[0].text
    assert "- Einwand von Bodo: Zu teuer\n- Einwand von Dieter: Zu früh" in edited.of("circulation").text
    before = await house.dump()
    assert (
        "durch Bearbeiten gilt er keinem anderen"
        in (await room.edits(said.event_id, "!einwand B-2 x", who="Bodo")).text
    )
    assert "Was spricht gegen" in (await room.edits(said.event_id, "!einwand", who="Bodo")).text
    assert "Befehl kein anderer" in (await room.edits(said.event_id, "!zustimmung", who="Bodo")).text
    assert (await room.edits(said.event_id, '!einwand "Fremd"', who="Carla")).sent == []
    assert await house.dump() == before


# -- editing, deleting, moving and calling off


async def test_an_edit_changes_text_and_deadline_before_anybody_speaks(house: House, room: TestRoom) -> None:
    made = await room.says(UMLAUF)
    edited = await room.edits(made.event_id, '!umlauf "Wir treten dem Netz bei" bis=13.11. prüfen=1.6.2027')
    assert edited.reactions == ["✏️"]
    assert "Wir treten dem Netz bei\nGilt als beschlossen, wenn bis Freitag, 13. Nov" in edited.of("circulation").text
    assert await due_times(house, "resolution deadline") == [END + timedelta(days=4) + GRACE]
    assert await due_times(house, "resolution review") == []
    assert "B-2026-001" in (await room.says("!beschlüsse netz")).text
    before = await house.dump()
    for text, said in (
        ('!umlauf "So" bis=13.11. räume=UAG1 quorum=5', "ändert sich durch Bearbeiten nicht"),
        ('!umlauf "So" bis=14.11.', "liegt am Wochenende"),
        ('!umlauf "B-2026-009" bis=13.11.', "sieht aus wie eine Nummer"),
    ):
        assert said in (await room.edits(made.event_id, text)).text
    assert await house.dump() == before


async def test_after_the_first_word_a_circulation_stays(house: House, room: TestRoom) -> None:
    made = await room.says(UMLAUF)
    thumb = await room.reacts(made.message.event_id, "👍", who="Carla")
    await room.redacts(thumb.event_id, who="Carla")
    before = await house.dump()
    for answer in (await room.edits(made.event_id, '!umlauf "So" bis=13.11.'), await room.redacts(made.event_id)):
        assert 'Abbrechen: `!umlauf abbrechen B-2026-001 "Grund"`' in answer.text
    assert await house.dump() == before


async def test_a_deleted_message_calls_a_circulation_off(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Wir bleiben draußen"')
    made = await room.says(f"{UMLAUF} ersetzt=B-1")
    assert "Soll durch B-2026-002 ersetzt werden" in (await room.says("!beschluss 1")).text
    gone = await room.redacts(made.event_id)
    assert gone.messages == []
    assert "Abgebrochen, ohne Ergebnis" in gone.of("circulation").text
    assert (await room.redacts(made.event_id)).sent == []
    assert "ersetzt" not in (await room.says("!beschluss 1")).text
    assert "ich nicht aus" in (await room.edits(made.event_id, UMLAUF)).text
    assert (await house.sleep(days=30)).sent == []


@pytest.mark.parametrize(
    "text", ['!umlauf abbrechen B-1 "Der Text war falsch"', '!circulate cancel B-1 "Der Text war falsch"']
)
async def test_calling_off_is_told_everywhere(house: House, room: TestRoom, other: TestRoom, text: str) -> None:
    made = await room.says(f"{UMLAUF} räume=UAG1,UAG3")
    before = await house.dump()
    refused = await other.says(text, who="Dieter")
    assert "nur, wer es angelegt hat, oder die Leitung dieses Raums: Anna" in refused.text
    assert await house.dump() == before
    answer = await room.says(text)
    assert [one.room for one in answer.messages] == [room.id, other.id]
    assert answer.messages[1].text == (
        "Der Umlauf B-2026-001 „Wir treten dem Netzwerk bei“ ist abgebrochen (Anna); beschlossen ist nichts.\n"
        "Grund: Der Text war falsch"
    )
    assert (await the_only(house)).outcome == {"reason": "Der Text war falsch"}
    assert (await house.sleep(days=30)).sent == []
    assert "nicht mehr äußern. Abgebrochen, ohne Ergebnis" in (await room.says("!zustimmung B-1")).text
    assert (await room.reacts(made.messages[0].event_id, "👍")).sent == []


async def test_more_time_is_told_with_the_old_deadline(house: House, room: TestRoom, other: TestRoom) -> None:
    made = await room.says(f"{UMLAUF} räume=UAG1,UAG3")
    before = await house.dump()
    for text, said in (
        ("!umlauf verlängern B-1 bis=6.11.", "aber nicht kürzer: B-2026-001 läuft bis Montag, 9. November"),
        ("!umlauf verlängern B-1 bis=14.11.", "`bis=16.11.`"),
    ):
        assert said in (await room.says(text)).text
    assert "nur, wer es angelegt hat" in (await room.says("!umlauf verlängern B-1 bis=13.11.", who="Bodo")).text
    assert await house.dump() == before
    answer = await room.says("!umlauf verlaengern bis=13.11.", reply_to=made.messages[0].event_id)
    assert [one.room for one in answer.messages] == [room.id, other.id]
    assert answer.messages[0].text == (
        "Der Umlauf B-2026-001 läuft jetzt bis Freitag, 13. November 2026, 23:59 Uhr "
        "(vorher Montag, 9. November 2026, 23:59 Uhr)."
    )
    assert "wenn bis Freitag, 13. November" in answer.of("circulation").text
    assert (await house.sleep_until(END + timedelta(hours=1))).sent == []
    assert "B-2026-001 ist beschlossen" in (await house.sleep(days=4)).text


async def test_the_author_may_lead_without_the_office(house: House, room: TestRoom) -> None:
    await room.says("!leitung @bodo")
    await room.says(UMLAUF, who="Bodo")
    await room.says("!leitung @bodo aus")
    assert "läuft jetzt bis" in (await room.says("!umlauf verlängern B-1 bis=13.11.", who="Bodo")).text
    assert "ist abgebrochen" in (await room.says("!umlauf abbrechen B-1", who="Bodo")).text
    assert [(one.created_by, one.state) for one in await stored(house)] == [(user("Bodo"), "withdrawn")]
