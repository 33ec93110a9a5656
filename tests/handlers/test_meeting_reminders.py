"""What uagbot promises about reminders and the start of meetings (M3)."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import event

from storage import meetings
from storage.agenda import AgendaItem, AgendaSource
from storage.rsvps import Rsvp
from tests.handlers.house import BOT, House, TestRoom
from tests.handlers.meeting_rows import DECEMBER_8, ONCE, due_times, one

# -- M3: reminders and the start


async def test_reminders_come_a_week_a_day_and_a_quarter_of_an_hour_before_then_the_start(
    house: House, room: TestRoom
) -> None:
    await room.says(f"{ONCE} link=https://meet.example.org/uag1")
    sent = (await house.sleep(days=40)).messages
    when = "\nDienstag, 8. Dezember 2026, 10:00–11:30 Uhr\nOrt: Stadthaus Halle (Saale)\nLink: https://meet.example.org/uag1"
    asked = "\nKommen Sie? 👍 ja, 👎 nein, 🤔 vielleicht"
    assert [message.text for message in sent] == [
        f"Erinnerung: Workshop in 7 Tagen{when}{asked}",
        f"Erinnerung: Workshop morgen{when}{asked}",
        f"Erinnerung: Workshop in 15 Minuten{when}{asked}",
        f"Workshop beginnt jetzt.{when.partition('Uhr')[2]}\nProtokoll führen (Leitung): `!sitzung start`",
    ]
    assert all(message.content["m.mentions"] == {} for message in sent)


async def test_english_reminders_and_lists(house: House) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100})
    await room.says('!meeting once 8 December 10:00-11:30 "Workshop" place="Town hall"')
    assert "- Tue 8 Dec, 10:00: Workshop, Town hall · UAG1-2026-12-08" in (await room.says("!meetings")).text
    moved = await room.says("!meeting move UAG1-2026-12-08 to 25 December 10:00")
    assert "New: Friday, 25 December 2026, 10:00–11:30\nBefore: Tuesday, 8 December 2026, 10:00" in moved.text
    assert "Please note: the new day is a public holiday (Christmas Day)." in moved.text
    sent = (await house.sleep(days=53, hours=2)).messages
    assert [message.text.splitlines()[0] for message in sent] == [
        "Reminder: Workshop in 7 days",
        "Reminder: Workshop tomorrow",
        "Reminder: Workshop in 15 minutes",
        "Workshop begins now.",
    ]
    await room.says('!meeting once 8 January 10:00 "Retreat"')
    cancelled = await room.says('!meeting cancel 8 January "Snow"')
    assert cancelled.message.text == (
        "Retreat does not take place\nCancelled is the date on Friday, 8 January 2027, 10:00.\nReason: Snow"
    )


async def test_reminders_that_lie_in_the_past_are_not_planned(house: House, room: TestRoom) -> None:
    await room.says('!treffen einmalig heute 10:10 "Kurz"')
    assert len(await due_times(house, "meeting reminder")) == 1
    await room.says('!treffen einmalig heute 9:10 "Gleich"')
    assert len(await due_times(house, "meeting reminder")) == 1


@pytest.mark.parametrize(
    ("before", "texts"),
    [
        (timedelta(days=6), ["Erinnerung: Workshop in 6 Tagen (verspätet, der Bot war nicht erreichbar)"]),
        (timedelta(hours=3), ["Erinnerung: Workshop heute (verspätet, der Bot war nicht erreichbar)"]),
        (timedelta(minutes=10), ["Erinnerung: Workshop in 10 Minuten"]),
        (timedelta(minutes=3), ["Erinnerung: Workshop in 3 Minuten (verspätet, der Bot war nicht erreichbar)"]),
        (timedelta(minutes=-5), ["Workshop beginnt jetzt."]),
        (timedelta(minutes=-30), ["Workshop hat um 10:00 Uhr begonnen (verspätet, der Bot war nicht erreichbar)."]),
        (timedelta(minutes=-90), []),
        (timedelta(days=-3), []),
    ],
)
async def test_after_an_absence_only_what_still_makes_sense_is_said(
    house: House, room: TestRoom, before: timedelta, texts: list[str]
) -> None:
    await room.says(ONCE)
    sent = await house.sleep_until(DECEMBER_8 - before, away=True)
    assert [message.text.splitlines()[0] for message in sent.messages] == texts
    again = await house.sleep_until(DECEMBER_8 - before)
    assert again.sent == []


async def test_a_group_chooses_its_own_reminders(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    chosen = await room.says("!treffen erinnerungen 2 Stunden, 3d 3t")
    assert chosen.message.text == (
        "An die Treffen dieser Gruppe erinnere ich ab jetzt 3 Tage und 2 Stunden vorher; den Beginn sage ich an."
    )
    assert await due_times(house, "meeting reminder") == [
        DECEMBER_8 - timedelta(days=3),
        DECEMBER_8 - timedelta(hours=2),
    ]
    await room.says("!treffen erinnerungen aus")
    assert await due_times(house, "meeting reminder") == []
    assert await due_times(house, "meeting start") == [DECEMBER_8]
    assert "Erinnerung" not in (await room.says('!treffen einmalig 9.12. 10:00 "Still"')).text
    assert "erinnere ich nicht" in (await room.says("!treffen erinnerungen")).text
    await room.says("!meeting reminders 1w")
    assert "7 Tage vorher" in (await room.says("!treffen erinnerungen")).text


async def test_a_choice_of_reminders_leaves_a_start_that_is_overdue_alone(house: House, room: TestRoom) -> None:
    await room.says(ONCE)
    house.now = DECEMBER_8 + timedelta(minutes=2)
    overdue = await room.says("!treffen erinnerungen 1d")
    assert overdue.of("meeting-begins").text.startswith("Workshop beginnt jetzt.")


async def test_reminders_show_the_agenda_of_that_date_and_the_start_does_not_repeat_it(
    house: House, room: TestRoom
) -> None:
    await room.says(ONCE)
    await room.says('!treffen einmalig 9.12. 10:00 "Nachklang"')
    first, second = await one(house, "UAG1-2026-12-08"), await one(house, "UAG1-2026-12-09")
    items = [("Begrüßung & <b>Dank</b>", 5, None), ("Nur danach", 15, second.id), ("Förderung", None, first.id)]
    items += [(f"Punkt {number}", 10, None) for number in range(8)]
    async with house.database.begin() as tx:
        for position, (title, budget, meeting_id) in enumerate(items):
            item = {"title": title, "budget": budget, "meeting_id": meeting_id, "position": position}
            origin = {"source": AgendaSource.SAID, "created_by": BOT, "created_at": house.now}
            tx.add(AgendaItem(room_id=first.room_id, **item, **origin))
    sent = (await house.sleep_until(DECEMBER_8)).messages
    agenda = "Tagesordnung:\n\n1. Begrüßung & <b>Dank</b> (5 min)\n2. Förderung\n3. Punkt 0 (10 min)\n"
    assert agenda in sent[0].text
    assert "8. Punkt 5 (10 min)\n\nUnd 2 weitere Punkte: `!tagesordnung`" in sent[0].text
    assert "Punkt 0" not in next(message for message in sent if message.key == "meeting-begins").text
    after = next(message for message in sent if message.text.startswith("Erinnerung: Nachklang"))
    assert "Tagesordnung:\n\n1. Nur danach (15 min)\n\nKommen Sie?" in after.text
    reminded = [one for one in (await house.sleep(hours=25)).messages if one.key == "meeting-reminder"]
    assert "1. Begrüßung" in reminded[-1].text  # the first is over: what was left is for this one


async def test_a_reminder_takes_as_few_queries_with_many_answers_as_with_none(house: House, room: TestRoom) -> None:
    await room.says('!treffen einmalig 8.12. 10:00 "Leer"')
    await room.says('!treffen einmalig 9.12. 10:00 "Voll"')
    async with house.database.begin() as tx:
        full = await meetings.find(tx, "UAG1-2026-12-09")
        assert full is not None
        for number in range(200):
            said = {"user_id": f"@p{number}:localhost", "answer": "accepted", "event_id": f"$said{number}"}
            tx.add(Rsvp(meeting_id=full.id, said_at=house.now, **said))
    counts = []
    for day in (1, 2):
        counted = itertools.count()
        event.listen(
            house.database.engine.sync_engine, "before_cursor_execute", lambda *_, counted=counted: next(counted)
        )
        reminded = await house.sleep_until(DECEMBER_8 + timedelta(days=day - 8))
        assert [message.key for message in reminded.messages] == ["meeting-reminder"]
        counts.append(next(counted))
    assert counts[0] == counts[1]
