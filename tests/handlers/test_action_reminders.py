"""What uagbot promises about reminders of action items (A5)."""

from datetime import datetime, timedelta

import pytest

from tests.handlers.facts import direct_chat
from tests.handlers.house import Answer, House, TestRoom, user

# -- A5: reminders


def when(day: str) -> datetime:
    """Return 9:00 of that day, in winter."""
    return datetime.fromisoformat(f"{day}T08:00+00:00")


async def test_reminders_ring_the_assignees_in_the_room_before_on_the_day_and_weekly(
    house: House, room: TestRoom
) -> None:
    await room.says("!aufgabe @bodo @carla Leitfaden bis 12.11.")
    assert (await house.sleep_until(when("2026-11-09") - timedelta(seconds=1))).sent == []
    before = await house.sleep_until(when("2026-11-09"))
    assert before.message.text.startswith(
        "Bodo und Carla: A1 Leitfaden – fällig Donnerstag, 12. November 2026\nFertig: ✅"
    )
    assert before.message.mentions == [user("Bodo"), user("Carla")]
    assert before.message.content["msgtype"] == "m.text"
    assert "heute fällig" in (await house.sleep_until(when("2026-11-12"))).message.text
    assert (await house.sleep_until(when("2026-11-19") - timedelta(seconds=1))).sent == []
    late = await house.sleep_until(when("2026-11-19"))
    assert "⚠ überfällig seit Donnerstag, 12. November 2026" in late.message.text
    assert len((await house.sleep_until(when("2026-12-03"))).messages) == 2


async def test_who_keeps_a_direct_chat_is_reminded_there_the_others_in_the_room(house: House, room: TestRoom) -> None:
    chat = await direct_chat(house, "Bodo")
    await room.says("!aufgabe @anna @bodo @carla Leitfaden bis 12.11.")
    reminded = await house.sleep_until(when("2026-11-09"))
    private, public = reminded.messages
    assert (private.room, private.mentions) == (chat.id, [user("Bodo")])
    assert private.text.startswith("Erinnerung: A1 Leitfaden (UAG1 Bürger-Apps) – fällig Donnerstag")
    assert (public.room, public.mentions) == (room.id, [user("Anna"), user("Carla")])
    assert public.text.startswith("Anna und Carla: A1 Leitfaden – fällig")


async def test_a_tick_on_a_reminder_is_done_and_shown_there_too(house: House, room: TestRoom) -> None:
    chat = await direct_chat(house, "Bodo")
    made = await room.says("!aufgabe @bodo Leitfaden bis 12.11.")
    reminder = (await house.sleep_until(when("2026-11-09"))).message
    ticked = await chat.reacts(reminder.event_id, "✅", who="Bodo")
    assert ticked.of("action-item").edits == made.message.event_id
    assert ticked.of("action-reminder").edits == reminder.event_id
    assert "✅ Erledigt am Montag, 9. November 2026 von Bodo" in ticked.of("action-reminder").text
    back = await chat.redacts(ticked.event_id, who="Bodo")
    assert "fällig Donnerstag" in back.of("action-reminder").text


async def test_a_tick_on_a_reminder_in_the_room_is_shown_on_both_messages(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe @bodo Leitfaden bis 12.11.")
    reminder = (await house.sleep_until(when("2026-11-09"))).message
    ticked = await room.reacts(reminder.event_id, "✅", who="Bodo")
    assert ticked.messages == []
    assert [one.edits for one in ticked.sent] == [made.message.event_id, reminder.event_id]
    assert all("Erledigt am Montag, 9. November 2026 von Bodo" in one.text for one in ticked.sent)


async def test_a_reply_to_a_reminder_needs_no_number(house: House, room: TestRoom) -> None:
    chat = await direct_chat(house, "Bodo")
    await room.says("!aufgabe @bodo Leitfaden bis 12.11.")
    reminder = (await house.sleep_until(when("2026-11-09"))).message
    assert (await chat.says("!erledigt ging schnell", who="Bodo", reply_to=reminder.event_id)).reactions == ["✅"]


async def test_finished_moved_and_unassigned_items_are_not_reminded_of(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Erledigt bis 12.11.")
    await room.says("!aufgabe @anna Verworfen bis 12.11.")
    await room.says("!aufgabe @anna Verschoben bis 12.11.")
    await room.says("!aufgabe Niemand bis 12.11.")
    await room.says("!aufgabe @anna Ohne Tag")
    await room.says("!erledigt 1")
    await room.says("!verworfen 2 nicht nötig")
    await room.says("!aufgabe 3 bis 30.11.")
    assert (await house.sleep_until(when("2026-11-26"))).sent == []
    assert "A3 Verschoben" in (await house.sleep_until(when("2026-11-27"))).message.text


async def test_a_reopened_item_is_reminded_of_again(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden bis 12.11.")
    await room.says("!erledigt 1")
    await house.sleep_until(when("2026-11-10"))
    await room.says("!offen 1")
    assert "heute fällig" in (await house.sleep_until(when("2026-11-12"))).message.text


async def test_blocked_items_are_reminded_of_only_when_overdue(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden bis 12.11.")
    await room.says("!blockiert 1 Geld fehlt")
    assert (await house.sleep_until(when("2026-11-18"))).sent == []
    late = (await house.sleep_until(when("2026-11-19"))).message.text
    assert "überfällig seit Donnerstag" in late
    assert "Blockiert am Montag, 2. November 2026 von Anna: Geld fehlt" in late


async def test_what_fell_due_while_the_bot_was_away_comes_once_and_in_working_hours(
    house: House, room: TestRoom
) -> None:
    await room.says("!aufgabe @anna Leitfaden bis 12.11.")
    away = await house.sleep_until(datetime.fromisoformat("2026-11-14T22:00+00:00"), away=True)
    assert away.sent == []
    back = await house.sleep_until(when("2026-11-16") + timedelta(hours=1))
    assert "überfällig seit Donnerstag, 12. November 2026" in back.message.text
    assert (await house.sleep_until(when("2026-11-19") - timedelta(seconds=1))).sent == []
    assert len((await house.sleep_until(when("2026-11-19"))).messages) == 1


async def test_a_reminder_that_is_late_by_day_comes_at_once(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden bis 12.11.")
    back = await house.sleep_until(datetime.fromisoformat("2026-11-13T10:00+00:00"), away=True)
    assert "überfällig seit Donnerstag, 12. November 2026" in back.message.text


async def test_who_wants_quiet_gets_none_and_the_others_still_do(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna @bodo Leitfaden bis 12.11.")
    said = await room.says("!ruhe bis 12.11.")
    assert said.message.text.startswith("Bis einschließlich Donnerstag, 12. November 2026 bekommen Sie keine")
    assert (await house.sleep_until(when("2026-11-09"))).message.mentions == [user("Bodo")]
    assert (await house.sleep_until(when("2026-11-12"))).message.mentions == [user("Bodo")]
    assert (await house.sleep_until(when("2026-11-19"))).message.mentions == [user("Anna"), user("Bodo")]


async def test_quiet_ends_by_command_and_reminders_are_off_by_choice(house: House, room: TestRoom) -> None:
    chat = await direct_chat(house, "Bodo")
    await room.says("!aufgabe @bodo Leitfaden bis 12.11.")
    assert "Sie bekommen Erinnerungen" in (await chat.says("!erinnerungen", who="Bodo")).text
    assert "Sie bekommen keine Erinnerungen" in (await chat.says("!erinnerungen aus", who="Bodo")).text
    assert (await house.sleep_until(when("2026-11-09"))).sent == []
    await chat.says("!ruhe bis 16.11.", who="Bodo")
    assert "Sie bekommen keine Erinnerungen" in (await chat.says("!ruhe aus", who="Bodo")).text
    assert "Sie bekommen Erinnerungen" in (await chat.says("!reminders on", who="Bodo")).text
    assert "heute fällig" in (await house.sleep_until(when("2026-11-12"))).message.text


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("!ruhe 2 Wochen", "Montag, 16. November 2026"),
        ("!ruhe für 3 Tage", "Donnerstag, 5. November 2026"),
        ("!ruhe bis Freitag", "Freitag, 6. November 2026"),
        ("!ruhe bis in 2 Wochen", "Montag, 16. November 2026"),
        ("!ruhe Ende des Monats", "Montag, 30. November 2026"),
        ("!quiet 2 weeks", "Montag, 16. November 2026"),
        ("!quiet until 8 December", "Dienstag, 8. Dezember 2026"),
        ("!quiet for one week", "Montag, 9. November 2026"),
    ],
)
async def test_quiet_understands_durations_and_days(room: TestRoom, text: str, until: str) -> None:
    answer = await room.says(text)
    assert f"Bis einschließlich {until} bekommen Sie" in answer.message.text
    assert "Sie bekommen Erinnerungen" in (await room.says("!ruhe aus")).text


async def snoozed(house: House, room: TestRoom) -> Answer:
    await room.says("!aufgabe @anna @bodo Leitfaden bis 12.11.")
    reminder = (await house.sleep_until(when("2026-11-12"))).messages[-1]
    return await room.reacts(reminder.event_id, "💤")


async def test_a_sleepy_reaction_puts_an_item_off_for_two_days(house: House, room: TestRoom) -> None:
    answer = await snoozed(house, room)
    assert answer.messages == []
    assert "💤 Anna wieder am Montag, 16. November 2026" in answer.of("action-reminder").text
    assert (await house.sleep_until(when("2026-11-16") - timedelta(seconds=1))).sent == []
    assert "überfällig" in (await house.sleep_until(when("2026-11-16"))).message.text
    assert len((await house.sleep_until(when("2026-11-19"))).messages) == 1


async def test_a_sleepy_reaction_taken_back_leaves_the_usual_reminders(house: House, room: TestRoom) -> None:
    answer = await snoozed(house, room)
    back = await room.redacts(answer.event_id)
    assert "💤 oder" in back.of("action-reminder").text
    assert (await house.sleep_until(when("2026-11-19") - timedelta(seconds=1))).sent == []
    assert "überfällig" in (await house.sleep_until(when("2026-11-19"))).message.text


async def test_an_item_is_put_off_by_command_too(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden bis 12.11.")
    reminder = (await house.sleep_until(when("2026-11-09"))).message
    assert "am Mittwoch, 11. November 2026" in (await room.says("!ruhe", reply_to=reminder.event_id)).text
    assert "am Montag, 23. November 2026" in (await room.says("!ruhe A1 2 Wochen")).text
    assert (await house.sleep_until(when("2026-11-22"))).sent == []
    assert "überfällig" in (await house.sleep_until(when("2026-11-23"))).message.text


async def test_putting_off_never_brings_a_reminder_forward(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden bis 30.11.")
    assert "am Freitag, 27. November 2026" in (await room.says("!ruhe A1")).text
    assert (await house.sleep_until(when("2026-11-26"))).sent == []


async def test_reminders_speak_the_language_of_the_room_that_they_go_to(house: House) -> None:
    room = await house.room("UAG1", title="Citizen apps", language="en")
    chat = await direct_chat(house, "Bodo")
    await room.says("!action @anna @bodo write the guide by 12 November")
    private, public = (await house.sleep_until(when("2026-11-09"))).messages
    assert private.room == chat.id
    assert "(UAG1 Citizen apps) – fällig Donnerstag, 12. November 2026" in private.text
    assert "Anna: A1 write the guide – due on Thursday, 12 November 2026" in public.text
