"""What uagbot promises about reminders that somebody wants for themselves (M3)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from storage import rooms
from storage.personal_reminders import PersonalReminder
from storage.rooms import RoomKind
from tests.handlers.house import House, TestRoom
from tests.handlers.meeting_rows import DECEMBER_8, ONCE, SERIES, due_times, one

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JOB = "meeting private reminder"


@pytest.fixture
async def chat(house: House) -> TestRoom:
    """Give the direct chat that Bodo keeps with the bot."""
    return await house.room(None, "Bodo", kind=RoomKind.DIRECT)


async def test_a_private_reminder_comes_once_and_rings_only_who_wanted_it(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    await room.says(ONCE)
    asked = await room.says("!erinnern 8.12. 2 Stunden", who="Bodo")
    assert asked.reactions == ["✅"]
    assert asked.message.room == chat.id
    assert "hier am Dienstag, 8. Dezember 2026, 08:00 Uhr an UAG1-2026-12-08 (Workshop)" in asked.text
    again = await chat.says("erinnern UAG1-2026-12-08 2h", who="Bodo")
    assert again.reactions == []
    assert await due_times(house, JOB) == [DECEMBER_8 - 2 * HOUR]
    sent = [message for message in (await house.sleep(days=60)).messages if message.room == chat.id]
    assert len(sent) == 1
    assert sent[0].text == (
        "Erinnerung: Workshop (UAG1 Bürger-Apps) heute\nDienstag, 8. Dezember 2026, 10:00–11:30 Uhr\n"
        "Ort: Stadthaus Halle (Saale)"
    )
    assert sent[0].mentions == ["@bodo:localhost"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("!erinnern", DECEMBER_8 - HOUR),
        ("!erinnern 1d", DECEMBER_8 - DAY),
        ("!erinnern 8.12. 1 Tag", DECEMBER_8 - DAY),
        ("!erinnern 8.12. 30 min", DECEMBER_8 - HOUR / 2),
        ("!remindme UAG1-2026-12-08 3 hours", DECEMBER_8 - 3 * HOUR),
        ("!remind me 8 December 1 week", DECEMBER_8 - 7 * DAY),
    ],
)
async def test_a_private_reminder_is_asked_for_in_many_ways(
    house: House, room: TestRoom, chat: TestRoom, text: str, at: object
) -> None:
    await room.says(ONCE)
    assert (await room.says(text, who="Bodo")).of("remind-me-set").room == chat.id
    assert await due_times(house, JOB) == [at]


async def test_a_private_reminder_follows_its_date_and_goes_with_it(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    opened = await room.says(ONCE)
    await room.says("!erinnern 2h", who="Bodo", reply_to=opened.message.event_id)
    await room.says("!treffen verschieben 8.12. auf 10.12.")
    assert await due_times(house, JOB) == [DECEMBER_8 + 2 * DAY - 2 * HOUR]
    cancelled = await room.says("!treffen absagen 10.12.")
    assert await due_times(house, JOB) == []
    await room.redacts(cancelled.event_id)
    assert await due_times(house, JOB) == [DECEMBER_8 + 2 * DAY - 2 * HOUR]
    # moved so near that the reminder would be late, it comes at once
    near = await room.says("!treffen verschieben 10.12. auf heute 10:00")
    assert near.of("meeting-private-reminder").text.startswith("Erinnerung: Workshop (UAG1 Bürger-Apps) in 60 Minuten")
    await room.says(SERIES)
    await chat.says("erinnern UAG1-2026-12-02 1d", who="Bodo")
    await room.says("!treffen ende")
    assert await due_times(house, JOB) == []


async def test_after_an_absence_the_nearest_comes_late_and_none_once_it_is_too_late(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    await room.says(ONCE)
    await room.says('!treffen einmalig 7.12. 10:00 "Vorher"')
    for text in ("8.12. 2d", "8.12. 1d", "7.12. 1h"):
        await chat.says(f"erinnern {text}", who="Bodo")
    sent = await house.sleep_until(DECEMBER_8 - 20 * HOUR, away=True)
    private = [message.text.splitlines()[0] for message in sent.messages if message.room == chat.id]
    assert private == [
        "Erinnerung: Workshop (UAG1 Bürger-Apps) morgen (verspätet, der Bot war nicht erreichbar)",
    ]
    async with house.database.begin() as tx:
        assert (await tx.scalars(select(PersonalReminder))).all() == []


async def test_private_reminders_are_switched_off_and_taken_back(house: House, room: TestRoom, chat: TestRoom) -> None:
    await room.says(SERIES)
    asked = await room.says("!erinnern 1d", who="Bodo")
    await room.says("!erinnern 2.12. 1d", who="Bodo")
    await room.says("!erinnern 2.12. 2d", who="Bodo")
    edited = await room.edits(asked.event_id, "!erinnern 2.12. 3d", who="Bodo")
    assert edited.reactions == ["✏️"]
    meeting = await one(house, "UAG1-2026-12-02")
    assert await due_times(house, JOB) == [meeting.starts_at - days * DAY for days in (3, 2, 1)]
    await room.redacts(asked.event_id, who="Bodo")
    assert len(await due_times(house, JOB)) == 2
    assert "An UAG1-2026-11-04 erinnere ich Sie nicht." in (await room.says("!erinnern aus 4.11.", who="Bodo")).text
    assert (await room.says("!erinnern aus 2.12.", who="Bodo")).reactions == ["✅"]
    await chat.says("erinnern UAG1-2027-02-03", who="Bodo")
    assert (await chat.says("remindme off", who="Bodo")).reactions == ["✅"]
    assert await due_times(house, JOB) == []
    assert "haben Sie hier keine" in (await room.says("!erinnern aus", who="Bodo")).text


async def test_who_left_the_group_is_not_reminded(house: House, room: TestRoom, chat: TestRoom) -> None:
    await room.says(ONCE)
    await chat.says("erinnern 8.12. 1d", who="Bodo")
    async with house.database.begin() as tx:
        home = await rooms.by_key(tx, "UAG1")
        assert home is not None
        await rooms.set_member(tx, home, "@bodo:localhost", "Bodo", "leave")
    assert all(message.room != chat.id for message in (await house.sleep(days=60)).messages)


async def test_what_cannot_be_reminded_of_is_refused_and_changes_nothing(
    house: House, room: TestRoom, chat: TestRoom
) -> None:
    await room.says(ONCE)
    await room.says('!treffen einmalig heute 10:00 "Gleich"')
    await room.says('!treffen einmalig 9.12. 10:00 "Abgesagt"')
    await room.says("!treffen absagen 9.12.")
    for minutes in range(1, 6):
        await room.says(f"!erinnern 8.12. {minutes}m", who="Bodo")
    await house.deliver()
    before = await house.dump()
    for text, said in (
        ("!erinnern 2h", "2 Stunden vorher ist schon vorbei. Kürzer vorher: `!erinnern UAG1-2026-11-02 15m`"),
        ("!erinnern 9.12. 1d", "findet nicht statt"),
        ("!erinnern 10.12. 1d", "keinen Termin"),
        ("!erinnern 8.12. 6m", "Höchstens 5 Erinnerungen"),
        ("!erinnern 8.12. 90d", "So geht es: `!erinnern"),
        ("!erinnern irgendwann", "So geht es"),
    ):
        assert said in (await room.says(text, who="Bodo")).message.text, text
    assert (
        "Bitte schreiben Sie @uagbot:localhost dort einmal `hilfe`"
        in (await room.says("!erinnern 8.12.", who="Carla")).text
    )
    assert "Welchen Termin meinen Sie?" in (await chat.says("erinnern 1d", who="Bodo")).message.text
    assert await house.dump() == before


async def test_english_private_reminders(house: House) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100})
    chat = await house.room(None, "Anna", kind=RoomKind.DIRECT, language="en")
    await room.says('!meeting once 8 December 10:00 "Workshop"')
    asked = await room.says("!remindme 1d")
    assert (
        "I will remind you here on Monday, 7 December 2026, 10:00 of UAG1-2026-12-08" in asked.of("remind-me-set").text
    )
    sent = await house.sleep(days=36)
    assert [message.text.splitlines()[0] for message in sent.messages if message.room == chat.id] == [
        "Reminder: Workshop (UAG1 Citizen apps) tomorrow"
    ]
