"""What uagbot promises about agendas that fill themselves (M9)."""

import re
from datetime import datetime, timedelta

from storage import agenda, meetings
from storage.agenda import AgendaState
from storage.meetings import Meeting
from storage.minutes import Minutes, MinutesState
from tests.handlers.agenda_rows import LATER, TUESDAY, begin, plan, titles
from tests.handlers.house import Answer, House, TestRoom, user

FILL = "agenda fill"
NAME, LATER_NAME = "UAG1-2026-11-10", "UAG1-2026-12-08"


def listed(answer: Answer) -> list[str]:
    return [line for line in answer.message.text.splitlines() if re.match(r"\d+\. |- ", line)]


async def fill(house: House, room: TestRoom, name: str = NAME) -> Answer:
    """Let the job run now that the capability of meetings plans three days before a date."""
    await plan(house, room, FILL, name)
    return await house.sleep_until(house.now)


async def draft(house: House, at: datetime) -> None:
    """Leave draft minutes of a meeting behind."""
    async with house.database.begin() as tx:
        meeting = await meetings.find(tx, NAME)
        assert meeting is not None
        held = Meeting(
            name="UAG1-2026-10-06",
            room_id=meeting.room_id,
            original=at.replace(tzinfo=None),
            title="UAG-Treffen",
            starts_at=at,
            ends_at=at + timedelta(hours=1),
            zone="Europe/Berlin",
            created_by=user("Anna"),
            created_at=at,
        )
        tx.add(held)
        await tx.flush()
        tx.add(
            Minutes(
                room_id=meeting.room_id,
                meeting_id=held.id,
                state=MinutesState.DRAFT,
                started_at=at,
                started_by=user("Anna"),
                ended_at=at + timedelta(hours=1),
                heard_at=at,
            )
        )


async def end(house: House, name: str, *discussed: str) -> None:
    """Leave a date as its minutes do: what was talked about is done, the rest is postponed."""
    async with house.database.begin() as tx:
        meeting = await meetings.find(tx, name)
        assert meeting is not None
        for item in await agenda.of_meeting(tx, meeting.room_id, meeting.id):
            if item.title in discussed:
                item.state, item.closed_at, item.meeting_id = AgendaState.DONE, house.now, meeting.id
            else:
                item.meeting_id, item.postponed = None, item.postponed + 1


async def open_matters(house: House, room: TestRoom, other: TestRoom) -> None:
    """Leave open whatever can be."""
    await room.says("!aufgabe @bodo Leitfaden schreiben bis 6.11.")
    await room.says("!aufgabe @carla Karte zeichnen bis 10.11.")
    await room.says("!aufgabe @carla Flyer drucken bis 9.11.")
    await room.says("!aufgabe @carla Bericht bis 1.12.")
    await room.says('!umfrage "Wo tagen wir?" Halle Stendal bis=4.11.')
    await room.says("!stimme U1 1", who="Bodo")
    await room.says("!stimme U1 2", who="Carla")
    await room.says('!umfrage "Wer leitet?" Anna Bodo bis=20.11.')
    await room.says('!umfrage "Wann?" Früh Spät bis=4.11.')
    await room.says("!stimme U3 1", who="Bodo")
    await room.says("!vertagt Die Wahl der Sprecherin")
    await room.says("!vertagt Das Logo prüfen=2026-12-01")
    await room.says("!beschluss Der Leitfaden gilt prüfen=2026-11-09")
    await room.says("!beschluss Die App bleibt prüfen=2026-11-30")
    await other.says('!an UAG1 "Welche Kommunen testen?"', who="Dora")
    await draft(house, house.now - timedelta(days=27))


async def test_three_days_before_an_agenda_fills_itself_once_and_is_shown_anew(house: House, room: TestRoom) -> None:
    other = await house.room("UAG3", "Dora", "Emil", title="Energie")
    await room.says(TUESDAY)
    await open_matters(house, room, other)
    await room.says("!top immer Aktuelles 10min")
    await room.says("!top Radweg 15min", who="Bodo")
    await room.says("!tagesordnung")
    await house.sleep(days=5)
    filled = await house.sleep(hours=1)
    assert filled.message.text.startswith("Tagesordnung: UAG-Treffen\nDienstag, 10. November 2026")
    assert listed(filled) == [
        "1. Protokoll vom 6. Oktober 2026 genehmigen",
        "2. Welche Kommunen testen? · F1 aus UAG3",
        "3. Aktuelles · 10 min · ständiger Punkt",
        "4. Radweg · 15 min · von Bodo",
        "5. Leitfaden schreiben · A1, überfällig seit 1 Tag",
        "6. Offene Aufgaben (2): A2, A3",
        "7. Wo tagen wir? · U1, Gleichstand",
        "8. Wer leitet? · U2 läuft noch",
        "9. Die Wahl der Sprecherin · B-2026-001, vertagt",
        "10. Der Leitfaden gilt · B-2026-003, zu prüfen ab Mo., 9. Nov.",
    ]
    assert "25 von 90 Minuten verplant, 8 Punkte ohne Zeit" in filled.text
    for key in ("A1", "U1", "F1"):
        assert key in filled.message.html
    assert filled.message.html.count("https://matrix.to/#/!") >= 6
    before = await house.dump()
    assert (await fill(house, room)).sent == []
    assert await house.dump() == before


async def test_what_is_dropped_comes_again_at_the_next_date_only_and_what_is_settled_goes(
    house: House, room: TestRoom
) -> None:
    other = await house.room("UAG3", "Dora", "Emil", title="Energie")
    await room.says(TUESDAY)
    await room.says(LATER)
    await open_matters(house, room, other)
    await room.says("!top immer Aktuelles 10min")
    await house.sleep(days=5)
    first = await fill(house, room)
    assert len(listed(first)) == 9
    for title in ("Leitfaden schreiben", "Aktuelles", "Welche Kommunen testen?"):
        number = (await titles(house)).index(title) + 1
        await room.says(f"!top {number} streichen")
    filled = listed(await room.says("!tagesordnung füllen"))
    assert len(filled) == 6
    await room.says("!erledigt 2")
    await room.says("!umfrage ende U2")
    await room.says("!beschluss Die Wahl ist getroffen ersetzt=B-2026-001")
    shown = listed(await room.says("!tagesordnung"))
    assert shown == [
        "1. Protokoll vom 6. Oktober 2026 genehmigen",
        "2. Offene Aufgaben (1): A3",
        "3. Wo tagen wir? · U1, Gleichstand",
        "4. Wer leitet? · U2 ohne Ergebnis",
        "5. Der Leitfaden gilt · B-2026-003, zu prüfen ab Mo., 9. Nov.",
    ]
    await house.sleep(days=4)
    await end(house, NAME, "Wo tagen wir?", "Der Leitfaden gilt")
    await house.sleep(days=24)
    again = listed(await fill(house, room, LATER_NAME))
    assert again == [
        "1. Aktuelles · 10 min · ständiger Punkt",
        "2. Protokoll vom 6. Oktober 2026 genehmigen · vertagt seit 1 Sitzung",
        "3. Wer leitet? · U2 ohne Ergebnis · vertagt seit 1 Sitzung",
        "4. Welche Kommunen testen? · F1 aus UAG3",
        "5. Leitfaden schreiben · A1, überfällig seit 29 Tagen",
        "6. Flyer drucken · A3, überfällig seit 26 Tagen",
        "7. Bericht · A4, überfällig seit 4 Tagen",
        "8. Das Logo · B-2026-002, vertagt",
        "9. Die App bleibt · B-2026-004, zu prüfen ab Mo., 30. Nov.",
    ]


async def test_what_the_meeting_is_talking_about_stays_though_it_is_settled(house: House, room: TestRoom) -> None:
    await room.says(TUESDAY)
    await room.says("!aufgabe @bodo Leitfaden schreiben bis 6.11.")
    await house.sleep(days=7)
    await fill(house, room)
    await house.sleep(days=1)
    await begin(house, NAME, "Leitfaden schreiben")
    await room.says("!erledigt 1")
    assert listed(await room.says("!tagesordnung")) == ["1. Leitfaden schreiben"]


async def test_nothing_is_said_of_an_empty_agenda_or_of_a_date_that_is_off_or_over(
    house: House, room: TestRoom
) -> None:
    await room.says(TUESDAY)
    assert (await fill(house, room)).sent == []
    await room.says("!top Radweg")
    await room.says("!treffen absagen 10.11.")
    assert (await fill(house, room)).sent == []
    await room.says('!treffen einmalig 12.11. 10:00 "Ersatz"')
    await house.sleep(days=11)
    assert (await fill(house, room, "UAG1-2026-11-12")).sent == []
    assert await titles(house) == ["Radweg"]


async def test_only_the_chair_fills_an_agenda_and_two_dates_share_no_topic(house: House, room: TestRoom) -> None:
    await room.says(TUESDAY)
    await room.says('!treffen einmalig 11.11. 10:00 "Klausur"')
    await room.says("!aufgabe @bodo Leitfaden schreiben bis 3.11.")
    await room.says("!top immer Aktuelles")
    await house.sleep(days=5)
    assert "Das darf nur die Leitung" in (await room.says("!tagesordnung füllen", who="Bodo")).text
    assert listed(await room.says("!tagesordnung füllen")) == [
        "1. Aktuelles · ständiger Punkt",
        "2. Leitfaden schreiben · A1, überfällig seit 4 Tagen",
    ]
    assert listed(await fill(house, room, "UAG1-2026-11-11")) == ["- Aktuelles · ständiger Punkt"]
    await house.sleep(days=3, hours=5)
    await end(house, NAME)
    assert listed(await room.says("!tagesordnung")) == [
        "1. Aktuelles · ständiger Punkt",
        "2. Leitfaden schreiben · A1, überfällig seit 7 Tagen · vertagt seit 1 Sitzung",
    ]


async def test_the_english_agenda_fills_itself_in_english(house: House) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100})
    await room.says('!meeting once 10 November 10:00-11:30 "Group meeting"')
    await room.says("!action @bodo write the guide by 4 November")
    await room.says("!action @bodo print the flyer by 9 November")
    await draft(house, house.now - timedelta(days=27))
    await house.sleep(days=5)
    assert listed(await fill(house, room)) == [
        "1. Approve the minutes of 6 October 2026",
        "2. write the guide · A1, overdue for 3 days",
        "3. Open action items (1): A2",
    ]
