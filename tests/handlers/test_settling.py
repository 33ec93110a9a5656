"""A date poll becomes a meeting (P10): with its reminders, told in every room that was asked."""

import pytest

from tests.handlers.house import House, TestRoom

ASK = '!termin "Workshop Energie" 12.1. 10:00, 13.1. 14:00-16:00, 15.1. 9:00'


async def test_a_date_of_a_poll_becomes_a_meeting_with_reminders(house: House, room: TestRoom) -> None:
    await room.says(ASK)
    await room.says("!stimme 2", who="Bodo")
    settled = await room.says("!termin fest U1 2 ort=Stadthaus")
    card = settled.of("meeting-opened")
    assert "Workshop Energie" in card.text
    assert "Mittwoch, 13. Januar 2027, 14:00–16:00 Uhr" in card.text
    assert "Ort: Stadthaus" in card.text
    assert "Am besten passt Mittwoch, 13. Januar 2027, 14:00–16:00 Uhr" in settled.of("poll-result").text
    assert "UAG1-2027-01-13" in (await room.says("!termine")).text
    assert [one.key for one in (await house.sleep(days=68)).sent] == ["meeting-reminder"]


async def test_a_reply_with_the_number_settles_a_poll_that_has_ended(room: TestRoom) -> None:
    await room.says(ASK)
    ended = await room.says("!umfrage ende U1")
    settled = await room.says("!termin fest 3", reply_to=ended.message.event_id)
    assert "Freitag, 15. Januar 2027, 09:00–10:00 Uhr" in settled.message.text


async def test_all_rooms_that_were_asked_hear_of_the_date(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Anna", "Dieter", title="Mobilität", powers={"Anna": 100})
    await room.says(f"{ASK} räume=UAG1,UAG2")
    settled = await room.says("!termin fest U1 1")
    told = settled.of("meeting-settled")
    assert told.room == other.id
    assert "Der Termin steht, Dienstag, 12. Januar 2027, 10:00–11:00 Uhr (UAG1 Bürger-Apps)" in told.text
    assert "nicht gestellt" in (await other.says("!termin fest U1 1", who="Anna")).text


async def test_a_deleted_command_takes_the_meeting_back(room: TestRoom) -> None:
    await room.says(ASK)
    settled = await room.says("!termin fest U1 1")
    assert "fällt aus" in (await room.redacts(settled.event_id)).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!termin fest U1 4", "hat keinen Termin 4. Möglich sind 1 bis 3"),
        ("!termin fest U7 1", "hat dieser Raum nicht gestellt"),
        ("!termin fest U2 1", "hat dieser Raum nicht gestellt"),
        ("!termin fest", "So geht es"),
        ('!termin "Workshop" 12.1. 10:00', "braucht 2 bis 20 Termine, hier ist es nur eine"),
        ('!termin "Workshop"', "hier steht keine"),
        ('!termin "Workshop" 12.1. 10:00, 12.1. 10:00', "steht zweimal da"),
        ('!termin "Workshop" 12.1., 13.1. 10:00', "Uhrzeit"),
        ('!termin "Workshop" 1.11.2026 10:00, 13.1. 10:00', "liegt in der Vergangenheit"),
    ],
)
async def test_what_cannot_be_settled_is_refused_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    await room.says(ASK)
    await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_only_a_chair_settles_a_date(room: TestRoom) -> None:
    await room.says(ASK)
    assert "Das darf nur die Leitung" in (await room.says("!termin fest U1 1", who="Bodo")).text


async def test_dates_are_settled_in_english_too(house: House) -> None:
    room = await house.room("UAG1", title="Citizen apps", language="en", powers={"Anna": 100})
    await room.says('!findtime "Energy workshop" 12 January 10:00, 13 January 14:00')
    settled = await room.says("!findtime fix U1 1")
    assert "Energy workshop" in settled.of("meeting-opened").text
    assert "Tuesday, 12 January 2027, 10:00–11:00" in settled.of("meeting-opened").text
