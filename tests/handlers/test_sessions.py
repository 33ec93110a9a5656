"""What uagbot promises about the beginning and the end of sessions (N1)."""

from datetime import timedelta

from storage import due
from storage.minutes import MinutesState
from tests.handlers.house import MONDAY, House, TestRoom, user
from tests.handlers.session_rows import (
    WEDNESDAY_10,
    approve,
    berlin,
    dates,
    items,
    plan,
    present,
    reply,
    sessions,
    texts,
)

NONE = "Hier läuft gerade keine Sitzung. Die Leitung beginnt eine mit `!sitzung start`."


async def test_the_start_shows_the_agenda_who_comes_and_how_minutes_are_taken(house: House, room: TestRoom) -> None:
    await room.says(WEDNESDAY_10)
    await plan(house, room, ("Haushalt", 20), "Verschiedenes")
    await reply(house, "UAG1-2026-11-04", Bodo="accepted", Carla="declined")
    await house.sleep_until(berlin(house, 9, 5, days=2))
    answer = await room.says("!sitzung start")
    assert answer.message.text.splitlines() == [
        "UAG-Treffen beginnt (UAG1-2026-11-04).",
        "Tagesordnung:",
        "",
        "1. Haushalt (20 min)",
        "2. Verschiedenes",
        "",
        "Zugesagt: Bodo.",
        "Abgesagt: Carla.",
        "Thema beginnen: `!thema weiter`",
        "Festhalten: `!info Text`, `!idee`, `!link`, `!beschlossen`, `!aufgabe`, oder 📌 auf eine Nachricht",
        "Anwesend: 👋 auf diese Nachricht oder `!da`",
    ]
    assert answer.message.mentions == []
    (found,) = await sessions(house)
    assert (found.state, found.started_at, found.started_by) == (MinutesState.RUNNING, house.now, user("Anna"))
    await room.reacts(answer.message.event_id, "👋", who="Bodo")
    waved = await room.reacts(answer.message.event_id, "🙋🏽‍♀️", who="Carla")
    assert waved.sent == []
    assert await present(house) == [(user(one), "present") for one in ("Anna", "Bodo", "Carla")]
    await room.redacts(waved.event_id, who="Carla")
    assert len(await present(house)) == 2


async def test_who_starts_ends_and_goes_on_and_what_is_said_to_everybody_else(house: House, room: TestRoom) -> None:
    for text in ("!sitzung", "!info Text", "!thema weiter", "!da", "!zurück", "!wort", "!unterthema X", "!wort liste"):
        assert (await room.says(text)).text == NONE, text
    assert (await room.says("!sitzung ende")).text == "Hier läuft keine Sitzung. Eine beginnen: `!sitzung start`"
    assert "Das geht bis zu einem Tag nach dem Ende" in (await room.says("!sitzung weiter")).text
    assert "nur die Leitung" in (await room.says("!sitzung start", who="Bodo")).text
    assert await sessions(house) == []

    begun = await room.says('!startmeeting "Kurze Absprache"')
    assert begun.text.startswith("Kurze Absprache beginnt (UAG1-2026-11-02).")
    await house.sleep(minutes=5)
    assert (await room.says("!sitzung start")).text == (
        "Kurze Absprache (UAG1-2026-11-02) läuft schon, seit Mo., 2. Nov., 09:00 Uhr. Beenden: `!sitzung ende`"
    )
    assert "nur die Leitung" in (await room.says("!sitzung ende", who="Bodo")).text
    ended = await room.says("!sitzung ende")
    assert ended.of("session-ended").content["body"] == (
        "Kurze Absprache ist beendet (09:00–09:05 Uhr).\nDoch noch nicht fertig: `!sitzung weiter`"
    )
    assert "Kurze Absprache wurde um 09:05 Uhr beendet. Fortsetzen:" in (await room.says("!sitzung ende")).text
    assert (await room.says("!info Zu spät")).text == NONE
    await house.sleep(hours=3)
    resumed = await room.says("!sitzung weiter")
    assert resumed.text == "Kurze Absprache geht weiter (seit 09:00 Uhr). Beenden: `!sitzung ende`"
    (found,) = await sessions(house)
    assert (found.is_running, found.ended_at, found.ended_by) == (True, None, None)
    await room.says("!endmeeting")
    await approve(house)
    assert "`!protokoll korrigieren UAG1-2026-11-02`" in (await room.says("!sitzung weiter")).text
    await house.sleep(hours=25)
    assert "Das geht bis zu einem Tag nach dem Ende" in (await room.says("!sitzung weiter")).text


async def test_meetbots_words_count_only_while_a_session_runs(house: House) -> None:
    room = await house.room(language="en", powers={"Anna": 100})
    for text in ("#endmeeting", "#info Something", "#topic Budget", "#undo", "#chair bodo", "#here", "#nick Carla"):
        assert (await room.says(text)).sent == [], text
    assert (await room.says("#startmeeting")).text.startswith("Meeting begins (UAG1-2026-11-02).")
    assert (await room.says("#topic next steps")).text == "Topic: next steps"
    assert (await room.says("#info Servers stand in Halle", who="Bodo")).reactions == ["✅"]
    assert (await room.says("#help Somebody to write the guide")).reactions == ["✅"]
    assert (await room.says("#chair bodo carla")).text == "This session is led by Anna, Bodo and Carla."
    assert (await room.says("#unchair Carla")).text == "This session is led by Anna and Bodo."
    assert (await room.says("#nick carla")).reactions == ["✅"]
    assert (await room.says("#topic Budget", who="Bodo")).text == "Topic: Budget"
    assert "Taken back: topic “Budget”" in (await room.says("#undo", who="Bodo")).text
    await room.says("#meetingname Weekly sync")
    ended = await room.says("#endmeeting", who="Bodo")
    assert ended.of("session-ended").text.startswith("Weekly sync has ended (09:00–09:00).")
    assert await texts(house) == [
        ("topic", "next steps"),
        ("info", "Servers stand in Halle"),
        ("info", "Somebody to write the guide"),
    ]
    assert len(await present(house)) == 3


async def test_the_nearest_date_is_the_one_that_starts(house: House, room: TestRoom) -> None:
    await room.says('!treffen einmalig 2.11. 11:00-12:00 "Vormittag"')
    await room.says('!treffen einmalig 2.11. 12:00-13:00 "Mittag"')
    await house.sleep_until(berlin(house, 9, 59))
    assert (await room.says("!sitzung start")).text.startswith("Sitzung beginnt (UAG1-2026-11-02-3).")  # 61 minutes
    await room.says("!sitzung ende")
    await house.sleep_until(berlin(house, 10, 1))
    assert (await room.says("!sitzung start")).text.startswith("Vormittag beginnt (UAG1-2026-11-02).")
    await house.sleep_until(berlin(house, 11, 58))
    await room.says("!sitzung ende")
    assert (await room.says("!sitzung start")).text.startswith("Mittag beginnt (UAG1-2026-11-02-2).")
    await house.sleep_until(berlin(house, 12, 30))
    await room.says("!sitzung ende")
    assert (await room.says("!sitzung start")).text.startswith("Sitzung beginnt (UAG1-2026-11-02-4).")
    assert len(await sessions(house)) == 4


async def test_a_chair_starts_a_date_by_a_reaction_to_a_message_about_it(house: House, room: TestRoom) -> None:
    card = (await room.says('!treffen einmalig 2.11. 10:00-11:00 "Runde"')).message.event_id
    early = await room.says('!treffen einmalig 9.11. 10:00-11:00 "Später"')
    await house.sleep_until(berlin(house, 9, 50))
    assert (await room.reacts(card, "▶️", who="Bodo")).sent == []
    too_early = await room.reacts(early.message.event_id, "▶️")
    assert "UAG1-2026-11-09 lässt sich jetzt nicht beginnen" in too_early.text
    assert (await room.reacts(card, "▶️")).text.startswith("Runde beginnt (UAG1-2026-11-02).")
    assert "läuft schon" in (await room.reacts(card, "▶️")).text
    await room.says("!sitzung ende")
    assert "oder er hat schon ein Protokoll" in (await room.reacts(card, "▶️")).text
    await room.says("!treffen absagen UAG1-2026-11-09")
    assert "Der Termin ist abgesagt." in (await room.reacts(early.message.event_id, "▶️")).text


async def test_the_end_of_a_series_leaves_the_minutes_of_a_session_that_began_early(
    house: House, room: TestRoom
) -> None:
    series = await room.says('!treffen jeden Montag 10:00 "Runde"')
    await house.sleep_until(berlin(house, 9, 50))
    await room.says("!sitzung start")
    await room.says("!info Bleibt stehen")
    assert "hat schon stattgefunden" in (await room.edits(series.event_id, '!treffen jeden Montag 11:00 "Runde"')).text
    await room.says("!treffen ende")
    assert list(await dates(house)) == ["UAG1-2026-11-02"]
    assert await texts(house) == [("info", "Bleibt stehen")]


async def test_a_group_may_let_its_sessions_start_by_themselves(house: House, room: TestRoom) -> None:
    await room.says('!treffen einmalig 2.11. 10:00-11:00 "Runde"')
    meeting = (await dates(house))["UAG1-2026-11-02"]

    async def planned() -> str:
        async with house.database.begin() as tx:
            await due.add(tx, "minutes scheduled", meeting.id, meeting.room_id, house.now)
        return (await house.sleep(seconds=0)).text

    await house.sleep_until(berlin(house, 10))
    assert "nicht" not in await planned()
    assert await sessions(house) == []
    assert "nur die Leitung" in (await room.says("!sitzung automatisch ja", who="Bodo")).text
    assert "von selbst zur geplanten Zeit" in (await room.says("!sitzung automatisch ja")).text
    await house.sleep(minutes=20)
    assert (await planned()).startswith("Runde beginnt (UAG1-2026-11-02).")
    (found,) = await sessions(house)
    assert (found.started_at, await present(house)) == (meeting.starts_at, [])
    assert await planned() == ""
    assert "mit `!sitzung start`" in (await room.says("!sitzung automatisch nein")).text


async def test_a_forgotten_session_ends_after_an_hour_of_silence_but_not_before_its_planned_end(
    house: House, room: TestRoom
) -> None:
    await room.says('!treffen einmalig 2.11. 10:00-12:00 "Runde"')
    await house.sleep_until(berlin(house, 10))
    await room.says("!sitzung start")
    await house.sleep_until(berlin(house, 11, 30))
    await room.says("!info Das letzte Wort", who="Bodo")
    assert "beendet" not in (await house.sleep_until(berlin(house, 12, 29))).text
    closed = await house.sleep_until(berlin(house, 12, 31))
    assert closed.of("session-ended").text == (
        "Runde ist von selbst beendet, weil lange nichts mehr festgehalten wurde (10:00–12:30 Uhr).\n"
        "Doch noch nicht fertig: `!sitzung weiter`"
    )
    (found,) = await sessions(house)
    assert (found.state, found.ended_by, found.ended_at) == (MinutesState.DRAFT, None, berlin(house, 12, 30))
    await room.says("!sitzung weiter")
    assert (await room.says("!idee Noch eine")).reactions == ["✅"]
    assert "von selbst beendet" in (await house.sleep(minutes=61)).text


async def test_a_session_goes_on_past_midnight_and_after_a_long_absence_of_the_bot(
    house: House, room: TestRoom
) -> None:
    await house.sleep_until(berlin(house, 23, 40))
    await room.says("!sitzung start")
    await house.sleep(minutes=30)
    await room.says("!info Nach Mitternacht")
    assert (await house.sleep(minutes=40)).sent == []
    ended = await house.sleep_until(house.now + timedelta(hours=8), away=True)
    assert "(23:40–01:10 Uhr)" in ended.of("session-ended").text
    assert list(await dates(house)) == ["UAG1-2026-11-02"]
    assert MONDAY.date() < (await sessions(house))[0].ended_at.date()  # type: ignore[union-attr]


async def test_the_end_closes_what_was_talked_about_and_puts_the_rest_off_until_it_goes_on(
    house: House, room: TestRoom
) -> None:
    await plan(house, room, "Haushalt", "Messe", "Verschiedenes")
    await room.says("!sitzung start")
    await room.says("!thema weiter")
    await house.sleep(minutes=1)
    await room.says("!thema weiter")
    await house.sleep(minutes=1)
    await room.says("!thema vertagen")
    ended = await room.says("!sitzung ende")
    assert "Vertagt auf das nächste Treffen: „Messe“, „Verschiedenes“." in ended.text
    closed = [("Haushalt", "done", 0), ("Messe", "open", 1), ("Verschiedenes", "open", 1)]
    assert await items(house) == closed
    await room.says("!sitzung weiter")
    assert await items(house) == [("Haushalt", "open", 0), ("Messe", "open", 0), ("Verschiedenes", "open", 0)]
    await room.says("!sitzung ende")
    assert await items(house) == closed
    await room.says('!sitzung start "Ohne Tagesordnung"')
    assert "Vertagt" not in (await room.says("!sitzung ende")).of("session-ended").text
    assert await items(house) == closed


async def test_a_start_by_mistake_is_withdrawn_while_nothing_has_come_of_it(house: House, room: TestRoom) -> None:
    before = await house.dump()
    started = await room.says("!sitzung start")
    renamed = await room.edits(started.event_id, '!sitzung start "Sondersitzung"')
    assert renamed.reactions == ["✏️"]
    assert renamed.of("session-started").text.startswith("Sondersitzung beginnt")
    withdrawn = await room.redacts(started.event_id)
    assert withdrawn.of("session-started").text == "Sondersitzung – der Beginn ist zurückgenommen."
    assert await house.dump() == before

    await room.says('!treffen einmalig 2.11. 9:30 "Runde"')
    planned = await room.says("!sitzung start")
    refused = await room.edits(planned.event_id, '!sitzung start "Anders"')
    assert "Eine bearbeitete Nachricht führe ich nicht aus" in refused.text
    await room.redacts(planned.event_id)
    assert await sessions(house) == []
    assert list(await dates(house)) == ["UAG1-2026-11-02"]
    again = await room.says("!sitzung start")
    await room.says("!info Etwas", who="Bodo")
    assert "In Runde wurde schon etwas festgehalten" in (await room.redacts(again.event_id)).text
    assert len(await sessions(house)) == 1
