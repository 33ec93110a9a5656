"""What uagbot promises about action items that come again (A7)."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from commands.kit.message import Message
from storage.actions import ActionItem
from storage.recurring import RecurringAction
from tests.handlers.facts import direct_chat, plan_meeting, sit
from tests.handlers.house import MONDAY, House, TestRoom, user
from tests.handlers.session_rows import WEDNESDAY_10

MONTHLY = "!aufgabe @bodo Statusbericht jeden Monat bis 30.11. #bericht"


async def numbers(house: House) -> list[int]:
    """Return the numbers of all items."""
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(ActionItem.id).order_by(ActionItem.id)))


async def test_the_next_item_follows_one_that_is_done_with_all_that_it_had(house: House, room: TestRoom) -> None:
    await house.room("UAG3", "Dora", title="Mobilität")
    await sit(house, "Stendal", "Carla")
    await room.says("!beschluss Wir berichten")
    made = await room.says("!aufgabe @bodo @Stendal @UAG3 Statusbericht jeden Monat bis 30.11. #bericht zu=1")
    assert "· bis Montag, 30. November 2026 · 🔁 am letzten Tag jedes Monats · #bericht" in made.messages[0].text
    chat = await direct_chat(house, "Bodo")
    done = await chat.says("!erledigt 1 liegt im Ordner", who="Bodo")
    assert "liegt im Ordner · weiter mit A2" in done.of("action-item").text
    card, notice = done.messages
    assert (card.room, card.mentions, notice.key) == (room.id, [], "action-for-group")
    assert card.text == (
        "A2 Statusbericht · Bodo, Stendal und UAG3 · bis Donnerstag, 31. Dezember 2026 · 🔁 am letzten Tag jedes Monats"
        " · #bericht · zu B-2026-001 · folgt auf A1\nFertig: ✅ oder `!erledigt 2`"
    )
    shown = (await room.says("!aufgabe 2")).message
    assert "Bodo hat A1 erledigt, diese folgt darauf" in shown.text
    assert made.event_id in shown.html
    assert "· bis Do., 31. Dez. · 🔁 am letzten Tag jedes Monats" in (await room.says("!aufgaben")).text
    assert "A2 Statusbericht" in (await house.sleep_until(MONDAY + timedelta(days=56))).text


async def test_there_is_one_that_follows_however_often_an_item_is_done_and_opened_again(
    house: House, room: TestRoom
) -> None:
    await room.says(MONTHLY)
    first = await room.says("!erledigt 1")
    assert "A2 Statusbericht" in first.message.text
    opened = await room.says("!offen 1")
    assert opened.messages == []
    assert "Zurückgenommen am Montag, 2. November 2026" in opened.sent[-1].text
    assert (await house.sleep_until(MONDAY + timedelta(days=29))).text.count("A2") == 0
    await room.says("!aufgabe 1 an @carla")
    reacted = await room.reacts((await room.says("!aufgabe 1")).message.event_id, "✅", who="Carla")
    assert reacted.messages == []
    assert "A2 Statusbericht · Carla · bis Donnerstag, 31. Dezember 2026" in reacted.sent[-1].text
    back = await room.redacts(reacted.event_id, who="Carla")
    assert "Zurückgenommen am" in back.sent[-1].text
    await room.says("!erledigt 1")
    await room.says("!notiz 2 ist angefangen")
    stays = await room.says("!offen 1")
    assert stays.message.text == (
        "A1 ist wieder offen. A2, die darauf folgt, bleibt: Daran hat sich schon etwas geändert.\n"
        "Nicht mehr nötig: `!verworfen 2 Grund`"
    )
    assert (await room.says("!erledigt 1")).messages == []
    assert await numbers(house) == [1, 2]


async def test_two_who_tick_it_off_at_once_make_one_that_follows(house: House, room: TestRoom) -> None:
    await room.says(MONTHLY)
    chat = await direct_chat(house, "Bodo")
    ticks = [
        Message("text", f"$tick{place.id}", place.id, user("Bodo"), house.now, text="!erledigt 1")
        for place in (room, chat)
    ]
    await asyncio.gather(*(house.dispatcher.handle(one, house.now) for one in ticks))
    assert not any(one.key == "apology" for one in await house.deliver())
    async with house.database.begin() as tx:
        assert await tx.scalar(select(func.count()).where(RecurringAction.follows_id == 1)) == 1
    assert await numbers(house) == [1, 2]


async def test_what_is_done_late_is_due_next_time_and_not_for_each_time_that_was_missed(
    house: House, room: TestRoom
) -> None:
    await room.says("!aufgabe @anna Newsletter alle 2 Wochen bis Freitag")
    await house.sleep(days=60)
    late = await room.says("!erledigt 1")
    assert "bis Freitag, 15. Januar 2027 · 🔁 alle 2 Wochen am Freitag" in late.message.text
    early = await room.says("!erledigt 2")
    assert "bis Freitag, 29. Januar 2027" in early.message.text
    await room.says("!aufgabe 3 bis 2.2.")
    assert "bis Freitag, 12. Februar 2027" in (await room.says("!erledigt 3")).message.text


async def test_it_begins_changes_and_ends_by_command(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden bis Freitag")
    begun = await room.says("!aufgabe 1 jede Woche")
    assert begun.reactions == ["👍"]
    assert begun.message.text == (
        "A1 Leitfaden kommt jetzt wieder: 🔁 jeden Freitag.\n"
        "Ist sie erledigt, folgt die nächste; diese ist bis Freitag, 6. November 2026 zu tun.\n"
        "Nicht mehr: `!aufgabe 1 einmalig`"
    )
    again = await room.says("!aufgabe 1 jeden Freitag")
    assert (again.reactions, again.messages) == (["👍"], [])
    both = await room.says("!aufgabe 1 an @bodo bis 15.11. jeden Monat")
    assert "liegt jetzt bei Bodo" in both.messages[0].text
    assert "🔁 am 15. jedes Monats" in both.messages[1].text
    assert (
        "Damit kommt sie auch nicht mehr wieder (bisher am 15. jedes Monats)"
        in (await room.says("!verworfen 1 Kein Bedarf")).message.text
    )
    assert "🔁 am 15." in (await room.says("!offen 1")).of("action-item").text
    ended = await room.says("!aufgabe 1 einmalig")
    assert ended.message.text == "A1 Leitfaden kommt nicht mehr wieder. Zu tun bleibt sie noch dieses Mal."
    history = (await room.says("!aufgabe 1")).text
    assert "Anna lässt sie nicht mehr wiederkommen" in history
    assert "Anna lässt sie wiederkommen: jeden Freitag" in history
    assert (await room.says("!aufgabe 1 jeden=aus")).messages == []
    assert (await room.says("!erledigt 1")).messages == []
    await room.says("!offen 1")
    assert "alle 3 Monate am 15." in (await room.says("!aufgabe 1 jeden=Quartal")).text
    assert "A2 Leitfaden · Bodo · bis Montag, 15. Februar 2027" in (await room.says("!erledigt 1")).message.text
    await room.says("!aufgabe 2 einmalig")
    await room.says("!offen 1")
    assert (await room.says("!erledigt 1")).messages == []
    assert await numbers(house) == [1, 2]


async def test_the_first_day_is_named_by_the_rule_or_the_next_meeting_or_asked_for(
    house: House, room: TestRoom
) -> None:
    before = await house.dump()
    asked = (await room.says("!aufgabe @anna Blumen jedes Jahr")).message.text
    assert asked == (
        "Bis wann zum ersten Mal? Bitte mit Tag, zum Beispiel `!aufgabe @name Text jeden Monat bis 15.12.`"
    )
    for text in ("!aufgabe Blumen alle 0 Wochen bis Freitag", "!aufgabe Blumen jeden=32. im Monat"):
        assert "gibt es in keinem Kalender" in (await room.says(text)).message.text
    assert "„jeden Blumen“ habe ich nicht verstanden" in (await room.says("!aufgabe jeden=Blumen Text")).message.text
    assert await house.dump() == before
    assert "A1 Blumen an alle Mitglieder\n" in (await room.says("!aufgabe Blumen an alle Mitglieder")).text
    assert "`!aufgabe 1 jeden Monat bis 15.12.`" in (await room.says("!aufgabe 1 jeden Monat")).message.text
    dated = (await room.says("!aufgabe 1 jeden 2. Dienstag im Monat")).message.text
    assert "🔁 jeden 2. Dienstag im Monat" in dated
    assert "bis Dienstag, 10. November 2026 zu tun" in dated
    assert "bis Montag, 9. November 2026 · 🔁 jeden Montag" in (await room.says("!aufgabe Post jeden Montag")).text
    await plan_meeting(house, room, MONDAY + timedelta(days=36))
    assert (
        "bis Dienstag, 8. Dezember 2026 (nächstes Treffen) · 🔁 am 8. jedes Monats"
        in (await room.says("!aufgabe Blumen jeden Monat")).text
    )


async def test_an_edit_says_anew_how_an_item_comes_again(room: TestRoom) -> None:
    made = await room.says(MONTHLY)
    edited = await room.edits(made.event_id, "!aufgabe @bodo Statusbericht jeden Monat bis 15.11.")
    assert "🔁 am 15. jedes Monats" in edited.of("action-item").text
    edited = await room.edits(made.event_id, "!aufgabe @bodo Statusbericht bis 15.11.")
    assert "🔁" not in edited.of("action-item").text
    await room.says("!aufgabe 1 jede Woche")
    edited = await room.edits(made.event_id, "!aufgabe @bodo Statusbericht jeden Monat bis 15.11.")
    assert "🔁 jeden Sonntag" in edited.of("action-item").text


async def test_what_a_member_has_said_comes_again_too_and_follows_its_author(house: House, room: TestRoom) -> None:
    said = await room.says("Wir müssen den Bericht schreiben", who="Bodo")
    made = await room.says("!aufgabe @carla jeden Monat bis 30.11.", reply_to=said.event_id)
    assert "A1 Wir müssen den Bericht schreiben · Carla · bis Montag, 30. November 2026 · 🔁" in made.text
    await room.says("!erledigt 1")
    edited = await room.edits(said.event_id, "Wir müssen den Jahresbericht schreiben", who="Bodo")
    assert "A2 Wir müssen den Jahresbericht schreiben" in edited.of("action-item").text
    await room.redacts(said.event_id, who="Bodo")
    assert "Verworfen am" in (await room.says("!aufgabe 2")).text
    assert (await house.sleep(days=60)).sent == []


async def test_while_a_meeting_runs_it_is_acknowledged_only(house: House, room: TestRoom) -> None:
    await room.says(WEDNESDAY_10)
    await house.sleep_until(MONDAY + timedelta(days=2, hours=1))
    await room.says("!sitzung start")
    assert (await room.says(MONTHLY)).messages == []
    done = await room.says("!erledigt 1")
    assert (done.reactions, done.messages) == (["✅"], [])
    assert "folgt auf A1" in (await room.says("!aufgabe 2")).text
    ended = await room.says("!sitzung ende")
    assert "A2" not in ended.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_it_is_said_in_english_too(house: House) -> None:
    room = await house.room("UAG1", title="Citizen apps", language="en", powers={"Anna": 100})
    made = await room.says("!action @bodo write the report every 2nd Tuesday of the month")
    assert "by Tuesday, 10 November 2026 · 🔁 every 2nd Tuesday of the month" in made.message.text
    changed = await room.says("!action 1 each quarter by 31 December")
    assert "comes again now: 🔁 every 3 months on the last day." in changed.messages[1].text
    assert "by Wednesday, 31 March 2027" in (await room.says("!done 1")).message.text
    assert (
        "2 write the report comes no more. It is still to be done this time."
        in (await room.says("!action 2 once")).message.text
    )
    assert "Anna ticked A1 off, this one follows" in (await room.says("!action 2")).text
