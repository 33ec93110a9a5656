"""Action items in calendars: those with a day, for as long as somebody wants to see them, and without people."""

from typing import Any

from icalendar import Calendar

from storage import rooms
from storage.digests import DigestRule
from tests.handlers.facts import direct_chat, sit
from tests.handlers.house import House, TestRoom


async def tasks(where: TestRoom, text: str = "!kalender datei") -> dict[str, Any]:
    """Return the tasks of a calendar's file by their titles."""
    answer = await where.says(text)
    (file,) = [one for one in answer.sent if one.file_text]
    return {str(one["SUMMARY"]): one for one in Calendar.from_ical(str(file.file_text)).todos}


async def test_a_calendar_holds_what_has_a_day_and_what_was_finished_lately(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Anna", "Dora", title="Mobilität")
    await sit(house, "Halle (Saale)", "Bodo")
    made = await room.says("!aufgabe @anna @Halle Leitfaden bis 13.11. #pilot")
    await room.says("!aufgabe Irgendwann")
    await room.says("!aufgabe @bodo Flyer bis 20.11.")
    await other.says("!aufgabe @UAG1 Schnittstelle bis 11.11.")
    await room.says("!blockiert 1 Anna ist krank")
    await room.says("!erledigt 3")
    found = await tasks(room)
    assert list(found) == ["A4 Schnittstelle", "A1 Leitfaden", "A3 Flyer"]
    guide = found["A1 Leitfaden"]
    assert [str(one) for one in guide.categories] == ["UAG1", "pilot"]
    assert str(guide["DESCRIPTION"]) == "Blockiert\nZuständig: Halle (Saale)"
    assert str(guide["URL"]).endswith(f"/{made.event_id}")
    assert guide["SEQUENCE"] == 2
    assert not [one for one in found.values() if "Anna" in one.to_ical().decode() or "Bodo" in one.to_ical().decode()]
    assert [str(one) for one in found["A4 Schnittstelle"].categories] == ["UAG2"]
    assert str(found["A3 Flyer"]["STATUS"]) == "COMPLETED"
    assert list(await tasks(other)) == ["A4 Schnittstelle"]
    await room.says("!aufgabe 1 bis 27.11.")
    again = (await tasks(room))["A1 Leitfaden"]
    assert (again["UID"], again["SEQUENCE"]) == (guide["UID"], 3)
    await house.sleep(days=29)
    assert "A3 Flyer" in await tasks(room)
    await house.sleep(days=2)
    assert list(await tasks(room)) == ["A4 Schnittstelle", "A1 Leitfaden"]


async def test_a_date_alone_brings_no_tasks_and_all_groups_none_of_what_stays_inside(
    house: House, room: TestRoom, main: TestRoom
) -> None:
    other = await house.room("UAG2", "Anna", title="Mobilität")
    await room.says("!aufgabe Leitfaden bis 13.11.")
    await other.says("!aufgabe Fahrplan bis 14.11.")
    await room.says('!treffen einmalig 8.12. 10:00-11:30 "Workshop"')
    assert await tasks(room, "!kalender datei UAG1-2026-12-08") == {}
    assert list(await tasks(main)) == ["A1 Leitfaden", "A2 Fahrplan"]
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, other.id)
        assert home is not None
        tx.add(DigestRule(room_id=home.id, counts_only=True))
    assert list(await tasks(main)) == ["A1 Leitfaden"]
    assert list(await tasks(await direct_chat(house, "Anna"), "kalender datei")) == ["A1 Leitfaden"]
    assert list(await tasks(other)) == ["A2 Fahrplan"]
