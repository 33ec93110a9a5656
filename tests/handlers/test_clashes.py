"""What uagbot promises about dates at the time of other meetings (M4)."""

import itertools

from sqlalchemy import event

from storage.rooms import RoomKind
from tests.handlers.house import House, TestRoom

OVERLAPS = "meeting-overlaps"


async def test_another_group_with_the_same_people_is_named_but_nothing_is_refused(house: House) -> None:
    mine = await house.room("UAG1", "Anna", "Bodo", "Carla", "Dora", "Emil", powers={"Anna": 100})
    other = await house.room("UAG3", "Anna", "Bodo", "Carla", "Dora", title="Energie", powers={"Anna": 100})
    far = await house.room("UAG4", "Frieda", title="Bauhof", powers={"Frieda": 100})
    await other.says('!treffen einmalig 8.12. 10:00-11:30 "Treffen Energie"')
    await far.says('!treffen einmalig 8.12. 10:00-11:30 "Ohne uns"', who="Frieda")
    opened = await mine.says('!treffen einmalig 8.12. 11:00 "Workshop"')
    assert [one.key for one in opened.messages] == ["meeting-opened", OVERLAPS]
    assert opened.of(OVERLAPS).text == (
        "Bitte beachten, zur gleichen Zeit:\n\n"
        "- UAG3 Energie tagt dann auch: Treffen Energie, Di., 8. Dez., 10:00–11:30 Uhr; "
        "4 Personen sind in beiden Gruppen: Anna, Bodo und 2 weitere"
    )
    assert opened.of(OVERLAPS).mentions == []
    assert (await mine.says("!treffen verschieben 8.12. auf 11:30-12:00")).message.key == "meeting-moved"
    moved = await mine.says("!treffen verschieben 8.12. auf 9:00-10:01")
    assert "UAG3 Energie" in moved.of(OVERLAPS).text
    await other.says("!treffen absagen 8.12.")
    assert (await mine.says("!treffen verschieben 8.12. auf 10:00-10:30")).message.key == "meeting-moved"
    edited = await other.says('!treffen einmalig 9.12. 10:00 "Ersatz"')
    assert OVERLAPS in [one.key for one in (await other.edits(edited.event_id, '!treffen 8.12. 10:10 "Ersatz"')).sent]


async def test_a_meeting_of_the_main_room_concerns_everybody_and_one_of_the_own_group_is_said_too(
    house: House, room: TestRoom
) -> None:
    main = await house.room("INI", "Anna", "Gerda", kind=RoomKind.MAIN, title="Initiative", powers={"Anna": 100})
    await main.says('!treffen einmalig 8.12. 10:00 "Vollversammlung"')
    await room.says('!treffen einmalig 8.12. 10:30-12:00 "Lang"')
    opened = await room.says('!treffen einmalig 8.12. 9:30-11:00 "Kurz"')
    assert opened.of(OVERLAPS).text.splitlines()[2:] == [
        "- INI Initiative tagt dann auch: Vollversammlung, Di., 8. Dez., 10:00–11:00 Uhr; das betrifft alle",
        "- Diese Gruppe hat schon Lang, Di., 8. Dez., 10:30–12:00 Uhr",
    ]
    assert "beginnt schon „Kurz“" in (await room.says('!treffen einmalig 8.12. 9:30 "Gleich"')).message.text


async def test_a_series_is_checked_over_its_next_dates_by_one_query(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität", powers={"Anna": 100})
    counts = []
    for text in ('jeden Montag 13:00 "Frei"', 'jeden Montag 10:00 "Runde"'):
        counted = itertools.count()
        event.listen(
            house.database.engine.sync_engine, "before_cursor_execute", lambda *_, counted=counted: next(counted)
        )
        opened = await room.says(f"!treffen {text}")
        counts.append(next(counted))
        await other.says('!treffen alle 2 Wochen montags 9:30-10:30 "Verkehr"')
    assert counts[1] <= counts[0] + 3  # who is in both groups, and the warning in its place
    clash = opened.of(OVERLAPS).text
    assert clash.count("\n- UAG2 Mobilität tagt dann auch: Verkehr") == 3
    assert "3 Personen sind in beiden Gruppen: Anna, Bodo und Carla" in clash
    assert clash.endswith("Und 1 weitere Überschneidung.")


async def test_a_settled_date_is_checked_and_english_rooms_read_english(house: House) -> None:
    room = await house.room("UAG1", "Anna", title="Citizen apps", language="en", powers={"Anna": 100})
    other = await house.room("UAG2", "Anna", title="Mobility", powers={"Anna": 100})
    await other.says('!treffen einmalig 13.1. 14:00 "Verkehr"')
    await room.says('!findtime "Workshop" 12 January 10:00, 13 January 14:00')
    settled = await room.says("!findtime fix U1 2")
    assert settled.of(OVERLAPS).text == (
        "Please note, at the same time:\n\n- UAG2 Mobility meets then too: Verkehr, Wed 13 Jan, 14:00–15:00; "
        "1 person is in both groups: Anna"
    )
