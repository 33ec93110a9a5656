"""What uagbot promises about meetings that are moved, cancelled, changed or edited (M2, R8)."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.handlers.house import House, TestRoom
from tests.handlers.meeting_rows import DECEMBER_8, ONCE, SERIES, due_times, one, series, stored

# -- M2: moving, cancelling, changing, ending


async def test_a_moved_date_is_told_and_its_reminders_follow(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    answer = await room.says("!treffen verschieben UAG1-2026-12-08 auf 10.12. 14:00")
    assert answer.message.text == (
        "Workshop ist verschoben\nNeu: Donnerstag, 10. Dezember 2026, 14:00–15:30 Uhr\n"
        "Bisher: Dienstag, 8. Dezember 2026, 10:00 Uhr\nOrt: Stadthaus Halle (Saale)"
    )
    meeting = await one(house, "UAG1-2026-12-08")
    new = datetime(2026, 12, 10, 13, 0, tzinfo=UTC)
    assert (meeting.starts_at, meeting.sequence, meeting.original.day) == (new, 1, 8)
    assert await due_times(house, "meeting start") == [new]
    assert await due_times(house, "meeting reminder") == [
        new - timedelta(days=7),
        new - timedelta(days=1),
        new - timedelta(minutes=15),
    ]
    assert "(statt Di., 8. Dez.) · UAG1-2026-12-08" in (await room.says("!termine")).text


@pytest.mark.parametrize(
    ("to", "new"),
    [
        ("auf 10.12.", "Donnerstag, 10. Dezember 2026, 10:00–11:30 Uhr"),
        ("auf 14:00", "Dienstag, 8. Dezember 2026, 14:00–15:30 Uhr"),
        ("auf 14:00-15:00", "Dienstag, 8. Dezember 2026, 14:00–15:00 Uhr"),
        ("auf 10.12. 9:00-12:00", "Donnerstag, 10. Dezember 2026, 09:00–12:00 Uhr"),
        ("auf=10.12. 9:00", "Donnerstag, 10. Dezember 2026, 09:00–10:30 Uhr"),
        ("auf Mi 9-10 Uhr", "Mittwoch, 4. November 2026, 09:00–10:00 Uhr"),
        ("to 10 December 9 am", "Donnerstag, 10. Dezember 2026, 09:00–10:30 Uhr"),
    ],
)
async def test_what_is_not_said_stays_when_a_date_moves(room: TestRoom, to: str, new: str) -> None:
    await room.says(ONCE)
    assert f"Neu: {new}\n" in (await room.says(f"!treffen verschieben 8.12. {to}")).text


async def test_a_date_is_meant_by_name_by_day_or_by_reply(room: TestRoom) -> None:
    opened = await room.says(ONCE)
    assert "Neu: Mittwoch, 9." in (await room.says("!treffen verschieben uag1-2026-12-08 auf 9.12.")).text
    assert "Neu: Donnerstag, 10." in (await room.says("!treffen verschieben 2026-12-09 auf 10.12.")).text
    assert "Neu: Freitag, 11." in (await room.says("!treffen verschieben 8.12. auf 11.12.")).text  # its original day
    replied = await room.says("!treffen verschieben auf 14.12.", reply_to=opened.message.event_id)
    assert "Neu: Montag, 14." in replied.text
    cancelled = await room.says("!treffen absagen Der Raum ist belegt", reply_to=replied.message.event_id)
    assert "Grund: Der Raum ist belegt" in cancelled.text


async def test_a_cancelled_date_is_told_and_nobody_is_reminded_of_it(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    answer = await room.says('!treffen absagen 8.12. "10:00 ist zu früh"')
    assert answer.message.text == (
        "Workshop fällt aus\nAbgesagt ist der Termin am Dienstag, 8. Dezember 2026, 10:00 Uhr.\n"
        "Grund: 10:00 ist zu früh"
    )
    listed = await room.says("!termine")
    assert "- Di., 8. Dez., 10:00 Uhr: Workshop – abgesagt: 10:00 ist zu früh" in listed.message.text
    assert ": Workshop</del> – abgesagt" in listed.message.html
    assert (await house.sleep(days=40)).sent == []
    assert "Es steht kein Termin an." in (await room.says("!termine")).text


async def test_a_deleted_cancellation_lets_the_date_take_place(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    cancelled = await room.says("!treffen absagen 8.12. Sturm")
    back = await room.redacts(cancelled.event_id)
    assert back.message.text.startswith("Workshop findet doch statt\nDienstag, 8. Dezember 2026, 10:00–11:30 Uhr")
    meeting = await one(house, "UAG1-2026-12-08")
    assert (meeting.state, meeting.reason, meeting.sequence) == ("planned", None, 2)
    assert len(await due_times(house, "meeting reminder", meeting)) == 3
    late = await room.says("!treffen absagen 8.12.")
    await house.sleep(days=40)
    assert "ist vorbei" in (await room.redacts(late.event_id)).text


async def test_one_date_changes_by_itself_or_with_its_whole_series(house: House, room: TestRoom) -> None:
    await room.says(SERIES)
    alone = await room.says("!treffen ändern 2.12. ort=Rathaus Stendal link=- titel=Vor Ort")
    assert alone.message.text == (
        "Geändert: Vor Ort\nMittwoch, 2. Dezember 2026, 10:00–11:30 Uhr\nOrt: Rathaus Stendal"
    )
    every = await room.says('!treffen ändern 4.11. serie=ja titel="Große Runde" link=https://neu.example.org')
    assert every.message.text.startswith("Geändert für alle kommenden Termine.\nGroße Runde: jeden 1. Mittwoch")
    found = await stored(house)
    assert {(meeting.title, meeting.link) for meeting in found} == {("Große Runde", "https://neu.example.org")}
    assert [meeting.place for meeting in found][:3] == [None, "Rathaus Stendal", None]
    kept = await series(house)
    assert (kept.title, kept.sequence) == ("Große Runde", 1)
    await house.sleep(days=3)
    assert {meeting.title for meeting in await stored(house)} == {"Große Runde"}
    assert len(await stored(house)) == 9


async def test_a_holiday_rule_changes_only_dates_that_nobody_changed(house: House, room: TestRoom) -> None:
    await room.says(SERIES)
    await room.says("!treffen verschieben UAG1-2027-01-06 auf 5.1.")
    changed = await room.says("!treffen ändern 4.11. feiertag=auslassen")
    assert "- Dienstag, 5. Januar 2027, 10:00 Uhr statt Mittwoch, 6. Januar 2027 (Heilige Drei Könige)" in changed.text
    assert all(meeting.is_planned for meeting in await stored(house))


async def test_a_skipped_date_can_be_moved_and_then_takes_place(house: House, room: TestRoom) -> None:
    await room.says(f"{SERIES} feiertag=auslassen")
    assert "fällt schon aus" in (await room.says("!treffen absagen 6.1.")).text
    assert "Neu: Freitag, 8. Januar 2027" in (await room.says("!treffen verschieben 6.1. auf 8.1.")).text
    assert (await one(house, "UAG1-2027-01-06")).is_planned


async def test_a_date_moved_onto_a_holiday_moves_but_it_is_said(room: TestRoom) -> None:
    await room.says(ONCE)
    moved = await room.says("!treffen verschieben 8.12. auf 25.12.")
    assert "Bitte beachten: Der neue Tag ist ein Feiertag (Erster Weihnachtstag)." in moved.text


async def test_a_date_that_has_begun_is_not_moved_but_can_be_cancelled_once(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    await house.sleep_until(DECEMBER_8 + timedelta(minutes=5))
    before = await house.dump()
    refused = await room.says("!treffen verschieben 8.12. auf 10.12.")
    assert "hat schon begonnen und bleibt deshalb, wie er ist" in refused.message.text
    assert await house.dump() == before
    assert "fällt aus" in (await room.says("!treffen absagen 8.12. Feueralarm")).message.text
    before = await house.dump()
    assert "fällt schon aus" in (await room.says("!treffen absagen 8.12.")).message.text
    assert await house.dump() == before


async def test_an_agenda_fills_itself_three_days_before_wherever_the_date_goes(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    assert await due_times(house, "agenda fill") == [DECEMBER_8 - timedelta(days=3)]
    await room.says("!treffen verschieben 8.12. auf 10.12.")
    await room.says("!treffen erinnerungen 2d")
    assert await due_times(house, "agenda fill") == [DECEMBER_8 - timedelta(days=1)]
    cancelled = await room.says("!treffen absagen 10.12.")
    assert await due_times(house, "agenda fill") == []
    await room.redacts(cancelled.event_id)
    assert await due_times(house, "agenda fill") == [DECEMBER_8 - timedelta(days=1)]
    await room.says('!treffen jeden 3. Mittwoch im Monat 10:00 "Runde"')
    assert len(await due_times(house, "agenda fill")) == 9
    await room.says("!treffen ende")
    assert len(await due_times(house, "agenda fill")) == 1


@pytest.mark.parametrize(
    "text", ["!treffen ende", "!treffen ende 2.12.", "!treffen serie ende UAG1-2027-01-06", "!meeting end"]
)
async def test_a_series_ends_and_its_coming_dates_vanish(house: House, room: TestRoom, text: str) -> None:
    await room.says(SERIES)
    await house.sleep(days=3)
    ended = await room.says(text)
    assert ended.message.text == (
        "Die Serie „UAG-Treffen“ ist beendet.\nAlle geplanten Termine ab Mittwoch, 2. Dezember 2026 entfallen."
    )
    assert [meeting.name for meeting in await stored(house)] == ["UAG1-2026-11-04"]
    for job in ("meeting reminder", "meeting start", "meeting series top up"):
        assert await due_times(house, job) == []
    assert (await house.sleep(days=60)).sent == []
    assert "Diese Gruppe hat keine Serie." in (await room.says("!treffen ende")).text


async def test_a_series_is_ended_by_a_reply_and_asked_for_if_there_are_two(room: TestRoom) -> None:
    first = await room.says(SERIES)
    await room.says('!treffen jeden Freitag 9:00 "Frühstück"')
    which = await room.says("!treffen ende")
    assert "Welche Serie meinen Sie?" in which.text
    assert "`UAG1-2026-11-04` (UAG-Treffen), `UAG1-2026-11-06` (Frühstück)" in which.text
    ended = await room.says("!treffen ende", reply_to=first.message.event_id)
    assert "„UAG-Treffen“ ist beendet" in ended.text
    assert "ist schon beendet" in (await room.says("!treffen ende", reply_to=first.message.event_id)).text


async def test_what_was_said_about_a_vanished_date_never_means_another_one(house: House, room: TestRoom) -> None:
    await room.says(SERIES)
    reminder = await house.sleep(days=1, hours=2)
    assert "Erinnerung: UAG-Treffen" in reminder.text
    await room.says("!treffen ende")
    await room.says(ONCE)
    answer = await room.says("!treffen absagen", reply_to=reminder.messages[0].event_id)
    assert "Diesen Termin gibt es nicht mehr." in answer.text
    assert (await one(house, "UAG1-2026-12-08")).is_planned


async def test_only_its_chair_sets_moves_cancels_and_ends(house: House, room: TestRoom) -> None:
    await room.says(SERIES)
    before = await house.dump()
    for text in (
        SERIES,
        ONCE,
        "!treffen verschieben 2.12. auf 3.12.",
        "!treffen absagen 2.12.",
        "!treffen ändern 2.12. ort=Hier",
        "!treffen ändern 2.12. ort=Hier serie=ja",
        "!treffen ende",
        "!treffen erinnerungen 1d",
        "!treffen erinnerungen aus",
    ):
        assert "die Leitung dieses Raums" in (await room.says(text, who="Carla")).text, text
    assert await house.dump() == before
    assert "Die nächsten Termine" in (await room.says("!termine", who="Carla")).text
    assert "7 Tage" in (await room.says("!treffen erinnerungen", who="Carla")).text


async def test_a_date_of_another_room_cannot_be_reached(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität", powers={"Anna": 100})
    await room.says(SERIES)
    before = await house.dump()
    for text in (
        "!treffen verschieben UAG1-2026-12-02 auf 3.12.",
        "!treffen absagen UAG1-2026-12-02",
        "!treffen ändern UAG1-2026-12-02 ort=Hier",
        "!treffen ende UAG1-2026-12-02",
    ):
        assert "Einen Termin UAG1-2026-12-02 gibt es in diesem Raum nicht." in (await other.says(text)).text
    assert "hat diese Gruppe keinen Termin" in (await other.says("!treffen absagen 2.12.")).text
    assert await house.dump() == before


# -- R8: edits and redactions


async def test_an_edit_makes_the_series_anew_under_the_same_uid(house: House, room: TestRoom) -> None:
    opened = await room.says('!treffen jeden 1. Mittwoch im Monat 10:00 "UAG-Trefen"')
    before = {meeting.name: meeting.id for meeting in await stored(house)}
    uid = (await series(house)).uid
    edited = await room.edits(opened.event_id, '!treffen jeden Mittwoch 9:00-9:30 "UAG-Treffen" feiertag=auslassen')
    assert edited.reactions == ["✏️"]
    assert edited.of("series-opened").edits == opened.message.event_id
    assert "UAG-Treffen: jeden Mittwoch, 09:00–09:30 Uhr" in edited.of("series-opened").text
    kept, found = await series(house), await stored(house)
    assert (kept.uid, kept.sequence, kept.minutes) == (uid, 1, 30)
    assert [meeting.name for meeting in found][:3] == ["UAG1-2026-11-04", "UAG1-2026-11-11", "UAG1-2026-11-18"]
    assert {(meeting.title, f"{meeting.original:%H:%M}") for meeting in found} == {("UAG-Treffen", "09:00")}
    assert found[0].id == before["UAG1-2026-11-04"]
    assert {meeting.id for meeting in found[1:4]}.isdisjoint(before.values())
    assert len(await due_times(house, "meeting start")) == 8
    announced = await house.sleep(days=2)
    assert [message.text.splitlines()[0] for message in announced.messages] == [
        "Erinnerung: UAG-Treffen morgen",
        "Erinnerung: UAG-Treffen in 15 Minuten",
        "Erinnerung: UAG-Treffen in 7 Tagen",
        "UAG-Treffen beginnt jetzt.",
    ]


async def test_an_edit_is_refused_once_a_date_has_begun_or_was_changed(house: House, room: TestRoom) -> None:
    opened = await room.says(SERIES)
    await room.says("!treffen absagen 2.12.")
    before = await house.dump()
    changed = SERIES.replace("10:00", "09:00")
    assert "wurden schon geändert" in (await room.edits(opened.event_id, changed)).text
    assert await house.dump() == before
    await house.sleep(days=3)
    before = await house.dump()
    assert "hat schon stattgefunden" in (await room.edits(opened.event_id, changed)).text
    assert "hat schon stattgefunden" in (await room.redacts(opened.event_id)).text
    assert await house.dump() == before


async def test_a_deleted_command_ends_its_series_or_cancels_its_date(house: House, room: TestRoom) -> None:
    opened, once = await room.says(SERIES), await room.says(ONCE)
    assert "„UAG-Treffen“ ist beendet" in (await room.redacts(opened.event_id)).text
    assert "Workshop fällt aus" in (await room.redacts(once.event_id)).text
    assert [meeting.state for meeting in await stored(house)] == ["cancelled"]
    assert (await house.sleep(days=60)).sent == []
    late = await room.says('!treffen einmalig 15.1. 10:00 "Klausur"')
    await house.sleep(days=20)
    assert "hat schon begonnen" in (await room.redacts(late.event_id)).text


async def test_an_edited_single_date_is_renamed_and_planned_anew(house: House, room: TestRoom) -> None:
    opened = await room.says(ONCE)
    uid = (await one(house, "UAG1-2026-12-08")).uid
    edited = await room.edits(opened.event_id, '!treffen einmalig 18.12. 10:00 "Workshop Energie"')
    assert edited.reactions == ["✏️"]
    assert "Workshop Energie\nFreitag, 18. Dezember 2026, 10:00–11:00 Uhr" in edited.of("meeting-opened").text
    meeting = await one(house, "UAG1-2026-12-18")
    assert (meeting.uid, meeting.sequence, meeting.place) == (uid, 1, None)
    assert await due_times(house, "meeting start") == [DECEMBER_8 + timedelta(days=10)]
    await room.says("!treffen verschieben 18.12. auf 17.12.")
    assert "wurde inzwischen geändert" in (await room.edits(opened.event_id, ONCE)).text
