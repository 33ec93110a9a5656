"""What uagbot promises about meetings: series, single dates, lists and bad input (M1, M5)."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import event

from storage.rooms import RoomKind
from tests.handlers.house import MONDAY, House, TestRoom
from tests.handlers.meeting_rows import DECEMBER_8, ONCE, SERIES, due_times, one, stored

# -- M1: a series


async def test_a_series_shows_its_rule_and_the_next_six_dates_with_the_holiday_among_them(room: TestRoom) -> None:
    answer = await room.says(SERIES)
    lines = answer.message.text.splitlines()
    assert lines[:2] == [
        "UAG-Treffen: jeden 1. Mittwoch im Monat, 10:00–11:30 Uhr",
        "Link: https://meet.example.org/uag1",
    ]
    assert [line for line in lines if line.startswith("- ")] == [
        "- Mittwoch, 4. November 2026",
        "- Mittwoch, 2. Dezember 2026",
        "- Mittwoch, 6. Januar 2027 – Feiertag: Heilige Drei Könige",
        "- Mittwoch, 3. Februar 2027",
        "- Mittwoch, 3. März 2027",
        "- Mittwoch, 7. April 2027",
    ]
    assert "Auch an Feiertagen findet das Treffen statt." in answer.text
    assert "`!treffen ändern UAG1-2027-01-06 feiertag=auslassen`" in answer.text
    assert "Erinnerung: 7 Tage, 1 Tag und 15 Minuten vorher." in answer.text
    assert answer.message.mentions == []


@pytest.mark.parametrize(
    ("rule", "line", "said"),
    [
        ("auslassen", "- Mittwoch, 6. Januar 2027 entfällt: Heilige Drei Könige", "Termine an Feiertagen entfallen."),
        (
            "verschieben",
            "- Donnerstag, 7. Januar 2027 statt Mittwoch, 6. Januar 2027 (Heilige Drei Könige)",
            "rücken auf den nächsten Arbeitstag",
        ),
        ("lassen", "- Mittwoch, 6. Januar 2027 – Feiertag: Heilige Drei Könige", "Auch an Feiertagen"),
    ],
)
async def test_a_holiday_is_left_out_moved_or_kept_as_the_chair_says(
    house: House, room: TestRoom, rule: str, line: str, said: str
) -> None:
    answer = await room.says(f"{SERIES} feiertag={rule}")
    assert line in answer.text
    assert said in answer.text
    assert sum(line.startswith("- ") for line in answer.text.splitlines()) == (7 if rule == "auslassen" else 6)
    epiphany = await one(house, "UAG1-2027-01-06")
    assert f"{epiphany.original:%Y-%m-%d %H:%M}" == "2027-01-06 10:00"
    assert epiphany.starts_at.day == (7 if rule == "verschieben" else 6)
    assert epiphany.state == ("skipped" if rule == "auslassen" else "planned")
    assert len(await due_times(house, "meeting start", epiphany)) == (0 if rule == "auslassen" else 1)


async def test_the_english_series_says_the_same(house: House) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100})
    answer = await room.says(
        '!meeting every 1st Wednesday 10:00-11:30 "Group meeting" place=Town hall Halle holiday=move'
    )
    assert "Group meeting: every 1st Wednesday of the month, 10:00–11:30\nPlace: Town hall Halle" in answer.text
    assert "- Thursday, 7 January 2027 instead of Wednesday, 6 January 2027 (Epiphany)" in answer.text
    assert "Dates on public holidays move to the next working day." in answer.text
    skipped = await room.says("!meeting change UAG1-2027-01-06 holiday=skip")
    assert "- Wednesday, 6 January 2027 does not take place: Epiphany" in skipped.text


@pytest.mark.parametrize(
    ("pattern", "rule", "first"),
    [
        ("jeden 2. Dienstag im Monat 10:00", "jeden 2. Dienstag im Monat, 10:00–11:00 Uhr", "10. November"),
        ("jeden letzten Donnerstag 14 Uhr", "jeden letzten Donnerstag im Monat, 14:00–15:00 Uhr", "26. November"),
        ("alle 2 Wochen montags 9:30-10:00", "alle 2 Wochen am Montag, 09:30–10:00 Uhr", "2. November"),
        ("jeden Montag 8:00-9:00", "jeden Montag, 08:00–09:00 Uhr", "9. November"),
        ("monatlich am 15. 10:00", "am 15. jedes Monats, 10:00–11:00 Uhr", "15. November"),
    ],
)
async def test_every_pattern_is_said_back_in_words(room: TestRoom, pattern: str, rule: str, first: str) -> None:
    answer = await room.says(f'!treffen {pattern} "Runde"')
    assert f"Runde: {rule}" in answer.text
    assert f", {first} 2026" in next(line for line in answer.text.splitlines() if line.startswith("- "))


async def test_eight_dates_are_always_ahead_and_one_is_added_when_one_is_over(house: House, room: TestRoom) -> None:
    await room.says('!treffen jeden Montag 10:00 "Runde" feiertag=auslassen')
    assert [meeting.state for meeting in await stored(house)] == ["planned"] * 8
    await house.sleep(hours=1.5)  # the first has begun
    assert len(await stored(house)) == 8
    await house.sleep(hours=1)
    found = await stored(house)
    assert [f"{meeting.original:%d.%m.}" for meeting in found][-2:] == ["21.12.", "28.12."]
    await house.sleep(days=200)
    found = await stored(house)
    assert sum(meeting.is_planned and meeting.starts_at > house.now for meeting in found) == 8
    assert {meeting.name for meeting in found if meeting.state == "skipped"} == {"UAG1-2027-03-29", "UAG1-2027-05-17"}
    assert len({meeting.uid for meeting in found}) == 1
    assert len(await due_times(house, "meeting series top up")) == 1


async def test_after_a_long_absence_a_series_goes_on_from_today(house: House, room: TestRoom) -> None:
    await room.says('!treffen jeden Montag 10:00 "Runde"')
    sent = await house.sleep_until(MONDAY + timedelta(days=365), away=True)
    assert sent.sent == []
    found = await stored(house)
    assert len(found) == 16
    assert min(meeting.starts_at for meeting in found[8:]) > MONDAY + timedelta(days=365)
    assert {meeting.starts_at.hour for meeting in found} == {9}


# -- M1: one date


async def test_one_date_is_written_out_with_place_and_end(house: House, room: TestRoom) -> None:
    answer = await room.says(ONCE)
    assert answer.message.text.startswith(
        "Workshop\nDienstag, 8. Dezember 2026, 10:00–11:30 Uhr\nOrt: Stadthaus Halle (Saale)\n"
    )
    meeting = await one(house, "UAG1-2026-12-08")
    assert (meeting.starts_at, meeting.ends_at) == (DECEMBER_8, DECEMBER_8 + timedelta(minutes=90))
    assert meeting.uid.endswith("@uagbot")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ('!treffen einmalig 8.12. 10:00 "Workshop"', "Dienstag, 8. Dezember 2026, 10:00–11:00 Uhr"),
        ('!treffen einmalig 8.12. 10:00 dauer=90min "Workshop"', "Dienstag, 8. Dezember 2026, 10:00–11:30 Uhr"),
        ("!treffen einmalig 8.12. 10:00 Workshop dauer=2 Stunden", "Dienstag, 8. Dezember 2026, 10:00–12:00 Uhr"),
        ("!treffen 8.12. 10-12 Uhr Workshop", "Dienstag, 8. Dezember 2026, 10:00–12:00 Uhr"),
        ('!treffen einmalig 2026-12-08 10:00 bis 11:15 "Workshop"', "Dienstag, 8. Dezember 2026, 10:00–11:15 Uhr"),
        ('!meeting once 8 December 10 am "Workshop" length=45', "Dienstag, 8. Dezember 2026, 10:00–10:45 Uhr"),
        ('!treffen einmalig 15:00 "Workshop"', "Montag, 2. November 2026, 15:00–16:00 Uhr"),
        ('!treffen einmalig 8:00 "Workshop"', "Dienstag, 3. November 2026, 08:00–09:00 Uhr"),
        ('!treffen einmalig 8.12. 23:00 "Workshop" dauer=3h', "8. Dezember 2026, 23:00 Uhr bis Mittwoch, 9. Dezember"),
        ('!treffen einmalig 6.1. 10:00 "Workshop"', "Dieser Tag ist ein Feiertag: Heilige Drei Könige."),
    ],
)
async def test_one_date_is_typed_in_many_ways(room: TestRoom, text: str, when: str) -> None:
    answer = await room.says(text)
    assert answer.message.text.startswith("Workshop\n")
    assert when in answer.text


async def test_names_count_up_when_a_day_has_several_meetings(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    await room.says('!treffen einmalig 8.12. 14:00 "Nachklang"')
    assert [meeting.name for meeting in await stored(house)] == ["UAG1-2026-12-08", "UAG1-2026-12-08-2"]
    moved = await room.says("!treffen verschieben 8.12. auf 9.12.")
    assert "gibt es mehrere Termine" in moved.text
    assert "`UAG1-2026-12-08-2` (Nachklang)" in moved.text


async def test_a_place_may_have_several_words_and_the_title_may_come_after_it(room: TestRoom) -> None:
    answer = await room.says(
        '!treffen einmalig 8.12. 10:00 ort=Stadthaus Halle (Saale) "Workshop Energie" link=http://a.example'
    )
    assert "Workshop Energie\n" in answer.text
    assert "Ort: Stadthaus Halle (Saale)\nLink: http://a.example\n" in answer.text


# -- M5: lists


async def test_long_lists_are_cut_with_a_count_and_go_on_in_a_thread(room: TestRoom) -> None:
    await room.says(SERIES)
    await room.says('!treffen jeden Freitag 9:00 "Frühstück"')
    listed = await room.says("!termine")
    first, rest = listed.messages
    assert sum(line.startswith("- ") for line in first.text.splitlines()) == 10
    assert "6 weitere Termine stehen im Thread." in first.text
    assert rest.relation == "m.thread"
    assert sum(line.startswith("- ") for line in rest.text.splitlines()) == 6


async def test_very_long_lists_say_how_many_more_there_are(room: TestRoom) -> None:
    for number in range(7):
        await room.says(f'!treffen jeden Freitag {8 + number}:00 "Runde {number}"')
    listed = await room.says("!termine")
    assert "46 weitere Termine stehen im Thread." in listed.messages[0].text
    assert "Und 6 weitere." in listed.messages[1].text


@pytest.mark.parametrize(
    ("text", "move", "cancel"),
    [
        (SERIES, "treffen verschieben 4.11. auf 14:00", "treffen absagen 4.11."),
        (ONCE, "treffen verschieben 8.12. auf 14:00", "treffen absagen 8.12."),
        ('!treffen 5.10.2027 10:00 "Klausur"', "treffen verschieben 5.10.2027 auf 14:00", "treffen absagen 5.10.2027"),
        ('!meeting 8 December 10:00 "Workshop"', "meeting move 8 December to 14:00", "meeting cancel 8 December"),
        ('!meeting 5.10.2027 10:00 "Retreat"', "meeting move 5 October 2027 to 14:00", "meeting cancel 5 October 2027"),
    ],
)
async def test_what_is_shown_to_move_or_cancel_a_date_works(house: House, text: str, move: str, cancel: str) -> None:
    english = text.startswith("!meeting")
    room = await house.room("UAG1", powers={"Anna": 100}, language="en" if english else "de")
    opened = (await room.says(text)).text
    assert f"`!{move}`" in opened
    assert f"`!{cancel}`" in opened
    assert "14:00" in (await room.says(f"!{move}")).message.text
    assert ("does not take place" if english else "fällt aus") in (await room.says(f"!{cancel}")).message.text


async def test_all_groups_are_listed_with_their_keys(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität", powers={"Anna": 100})
    await room.says(SERIES)
    await other.says(f"{SERIES} feiertag=auslassen")
    own = await room.says("!termine")
    assert "UAG2" not in own.text
    every = await room.says("!termine alle")
    assert (
        "- Mi., 4. Nov., 10:00 Uhr: UAG-Treffen · UAG1\n- Mi., 4. Nov., 10:00 Uhr: UAG-Treffen · UAG2\n" in every.text
    )
    skipped = "- Mi., 6. Jan., 10:00 Uhr: UAG-Treffen · UAG2 – entfällt: Heilige Drei Könige"
    assert skipped in every.messages[0].text
    assert ": UAG-Treffen</del> · UAG2" in every.messages[0].html


async def test_a_direct_chat_lists_the_groups_of_the_person(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Anna", "Dieter", title="Mobilität", powers={"Anna": 100})
    direct = await house.room(None, "Dieter", kind=RoomKind.DIRECT)
    await room.says(SERIES)
    await other.says(ONCE)
    assert "UAG1" not in (await direct.says("termine", who="Dieter")).text
    assert ": Workshop, Stadthaus Halle (Saale) · UAG2" in (await direct.says("!termine", who="Dieter")).text
    assert ": UAG-Treffen · UAG1" in (await direct.says("termine alle", who="Dieter")).text
    assert "nur im Raum einer Arbeitsgruppe" in (await direct.says(SERIES, who="Dieter")).text


async def test_a_room_that_is_no_group_hears_how_to_become_one(house: House) -> None:
    room = await house.room(None, kind=RoomKind.PLAIN, powers={"Anna": 100})
    before = await house.dump()
    for text in ("!termine", "!termine alle", SERIES, ONCE):
        assert "noch keine Arbeitsgruppe" in (await room.says(text)).text
    assert await house.dump() == before


async def test_an_empty_list_says_how_to_set_a_date(room: TestRoom) -> None:
    assert "Es steht kein Termin an. Einen festlegen:" in (await room.says("!termine")).text
    assert "In Ihren Gruppen steht kein Termin an." in (await room.says("!termine alle")).text


# -- bad input


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!treffen", "So geht es: `!treffen jeden 2. Dienstag im Monat"),
        ("!treffen Workshop", "So geht es"),
        ("!treffen jeden 2. Dienstag im Monat 10:00", "So geht es"),
        ('!treffen jeden 2. Dienstag im Monat "x"', "Um wie viel Uhr?"),
        ('!treffen jeden 6. Dienstag im Monat 10:00 "x"', "gibt es im Kalender nicht"),
        ('!treffen jeden Dienstag 10:00-9:00 "x"', "gibt es im Kalender nicht"),
        ('!treffen jeden Dienstag 10:00 ""', "braucht einen Titel"),
        ('!treffen jeden Dienstag 10:00 "' + "x" * 121 + '"', "121 Zeichen, höchstens 120"),
        ('!treffen jeden Dienstag 10:00 "x" link=javascript:alert(1)', "ist kein Link"),
        ('!treffen jeden Dienstag 10:00 "x" link=meet.example.org', "ist kein Link"),
        ('!treffen jeden Dienstag 10:00 "x" link=https://a.example/' + "x" * 490, "höchstens 500"),
        ('!treffen jeden Dienstag 10:00 "x" ort="' + "x" * 151 + '"', "höchstens 150"),
        ('!treffen jeden Dienstag 10:00 "x" feiertag=vielleicht', "auslassen|verschieben|lassen"),
        ('!treffen jeden Dienstag 10:00 "x" feiertage=auslassen', "Meinten Sie `feiertag=`"),
        ('!treffen jeden Dienstag 10:00-11:00 "x" dauer=90min', "entweder das Ende an"),
        ('!treffen jeden Dienstag 10:00 "x" dauer=25h', "nicht verstanden"),
        ("!treffen einmalig", "So geht es: `!treffen einmalig"),
        ('!treffen einmalig 8.12. "x"', "Um wie viel Uhr am Dienstag, 8. Dezember 2026?"),
        ('!treffen einmalig 31.2. 10:00 "x"', "gibt es im Kalender nicht"),
        ('!treffen einmalig 1.11.2026 10:00 "x"', "liegt in der Vergangenheit"),
        ('!treffen einmalig 3.11. 10:00 "x"', "beginnt schon „Vorhanden“ (UAG1-2026-11-03)"),
        ('!treffen einmalig 8.12. 10:00-11:00 "x" dauer=90min', "entweder das Ende an"),
        ("!treffen verschieben", "So geht es: `!treffen verschieben"),
        ("!treffen verschieben UAG1-2026-11-03", "So geht es"),
        ("!treffen verschieben auf 8.12. 10:00", "Welchen Termin meinen Sie?"),
        ("!treffen verschieben UAG1-2026-11-03 auf 1.11.2026", "liegt in der Vergangenheit"),
        ("!treffen verschieben UAG1-2026-11-03 auf 4.11. 10:00", "beginnt schon „Zweites“"),
        ("!treffen verschieben UAG1-2026-11-03 auf 31.2.", "gibt es im Kalender nicht"),
        ("!treffen verschieben UAG1-2026-11-03 auf 10:00", "liegt schon dort: Dienstag, 3. November 2026, 10:00–11:00"),
        ("!treffen verschieben UAG1-2026-11-05 auf 8.12.", "fällt schon aus"),
        ("!treffen verschieben UAG1-2026-12-99 auf 8.12.", "Einen Termin UAG1-2026-12-99 gibt es"),
        ("!treffen verschieben 24.12. auf 27.12.", "Am Donnerstag, 24. Dezember 2026 hat diese Gruppe keinen Termin"),
        ("!treffen absagen", "Welchen Termin meinen Sie?"),
        ("!treffen absagen UAG1-2026-11-05", "fällt schon aus"),
        ("!treffen absagen UAG1-2026-11-03 " + "x" * 301, "301 Zeichen, höchstens 300"),
        ("!treffen ändern UAG1-2026-11-03", "Was soll sich ändern?"),
        ("!treffen ändern UAG1-2026-11-03 link=ftp://a.example", "ist kein Link"),
        ("!treffen ändern UAG1-2026-11-03 titel=Vorhanden link=-", "war schon so. Geändert ist nichts"),
        ('!treffen ändern UAG1-2026-11-03 titel=""', "„titel"),
        ("!treffen ändern UAG1-2026-11-03 serie=ja ort=Hier", "gehört zu keiner Serie"),
        ("!treffen ändern UAG1-2026-11-05 ort=Hier", "fällt schon aus"),
        ("!treffen ende UAG1-2026-11-03", "gehört zu keiner Serie"),
        ("!treffen ende", "Diese Gruppe hat keine Serie."),
        ("!treffen erinnerungen bald", "So geht es"),
        ("!treffen erinnerungen 0d", "So geht es"),
        ("!treffen erinnerungen 61d", "So geht es"),
        ("!treffen erinnerungen 6d 5d 4d 3d 2d 1d", "Höchstens 5 Erinnerungen"),
    ],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    await room.says('!treffen einmalig 3.11. 10:00 "Vorhanden"')
    await room.says('!treffen einmalig 4.11. 10:00 "Zweites"')
    await room.says('!treffen einmalig 5.11. 10:00 "Abgesagt"')
    await room.says("!treffen absagen 5.11.")
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_a_date_that_is_over_stays_as_it_was(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    await house.sleep_until(DECEMBER_8 + timedelta(hours=2))
    before = await house.dump()
    for text in (
        "!treffen verschieben UAG1-2026-12-08 auf 10.12.",
        "!treffen absagen UAG1-2026-12-08",
        "!treffen ändern UAG1-2026-12-08 ort=Hier",
    ):
        assert "UAG1-2026-12-08 ist vorbei." in (await room.says(text)).text
    assert await house.dump() == before


async def test_markup_in_user_text_is_text_and_rings_nobody(house: House, room: TestRoom) -> None:
    answer = await room.says(
        '!treffen einmalig 8.12. 10:00 "<b>@room</b> {{ 7 * 7 }}" ort="<script>" link="https://a.example/?a=1&b=2"'
    )
    assert "<b>@room</b> {{ 7 * 7 }}" in answer.message.text
    assert "&lt;script&gt;" in answer.message.html
    assert '<a href="https://a.example/?a=1&amp;b=2">' in answer.message.html
    for message in (answer.message, *(await house.sleep(days=40)).messages):
        assert "<script>" not in message.html
        assert "&lt;b&gt;@room&lt;/b&gt;" in message.html
        assert message.content["m.mentions"] == {}
        assert message.content["msgtype"] == "m.notice"


async def test_planning_takes_few_statements_however_many_dates_there_are_and_were(
    house: House, room: TestRoom
) -> None:
    counted = itertools.count(1)
    await room.says('!treffen jeden Montag 10:00 "Runde"')
    event.listen(house.database.engine.sync_engine, "before_cursor_execute", lambda *_: next(counted))
    await house.sleep_until(MONDAY + timedelta(hours=2))
    first = next(counted)
    await house.sleep_until(MONDAY + timedelta(days=7 * 30 - 1))
    before = next(counted)
    await house.sleep_until(MONDAY + timedelta(days=7 * 30, hours=2))
    assert next(counted) - before <= first + 10
    before = next(counted)
    await room.says('!treffen jeden Freitag 10:00 "Runde"')
    assert next(counted) - before <= 40  # the house asks once what is due
