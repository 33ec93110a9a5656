"""What uagbot promises about action items: how they come to be and how they get done (A1, A3, R8)."""

from datetime import datetime, timedelta

import pytest

from tests.handlers.facts import plan_meeting
from tests.handlers.house import MONDAY, House, TestRoom, user

# -- A1: how an item comes to be


async def test_an_item_shows_its_number_its_people_its_day_written_out_and_its_tags(room: TestRoom) -> None:
    answer = await room.says("!aufgabe @bodo Leitfaden schreiben bis 13.11. #pilot")
    assert answer.message.text == (
        "A1 Leitfaden schreiben · Bodo · bis Freitag, 13. November 2026 · #pilot\nFertig: ✅ oder `!erledigt 1`"
    )
    assert answer.message.mentions == [user("Bodo")]
    assert answer.message.content["m.relates_to"] == {"m.in_reply_to": {"event_id": answer.event_id}}


@pytest.mark.parametrize(
    "text",
    [
        "!aufgabe @anna @bodo Leitfaden schreiben bis 13.11. #pilot",
        "!aufgabe @anna und @bodo Leitfaden schreiben #pilot bis Freitag, 13.11.",
        "!aufgabe @Anna:localhost, @bodo: „Leitfaden schreiben“ #Pilot bis=13.11.2026",
        "!AUFGABE bis=13.11. @anna & @bodo #pilot Leitfaden schreiben",
        "!action @anna and @bodo Leitfaden schreiben by 13 November #pilot",
    ],
)
async def test_people_day_and_tags_may_be_typed_in_many_ways(room: TestRoom, text: str) -> None:
    answer = await room.says(text)
    assert answer.message.text == (
        "A1 Leitfaden schreiben · Anna und Bodo · bis Freitag, 13. November 2026 · #pilot"
        "\nFertig: ✅ oder `!erledigt 1`"
    )
    assert answer.message.mentions == [user("Bodo")]


async def test_who_takes_an_item_on_is_not_rung(room: TestRoom) -> None:
    answer = await room.says("!aufgabe @anna Leitfaden schreiben")
    assert answer.message.mentions == []
    assert answer.message.content["msgtype"] == "m.notice"


async def test_an_item_of_nobody_says_how_to_give_it_to_somebody(room: TestRoom) -> None:
    answer = await room.says("!aufgabe Leitfaden schreiben")
    assert answer.message.text == (
        "A1 Leitfaden schreiben\nNoch niemand zuständig: `!aufgabe 1 an @name`\nFertig: ✅ oder `!erledigt 1`"
    )


async def test_without_a_day_the_next_meeting_is_meant_not_the_one_that_runs(house: House, room: TestRoom) -> None:
    await plan_meeting(house, room, MONDAY - timedelta(hours=1))
    await plan_meeting(house, room, datetime.fromisoformat("2026-12-08T09:00+00:00"))
    other = await house.room("UAG2", title="Mobilität")
    answer = await room.says("!aufgabe @anna Leitfaden schreiben")
    assert answer.message.text == (
        "A1 Leitfaden schreiben · Anna · bis Dienstag, 8. Dezember 2026 (nächstes Treffen)"
        "\nFertig: ✅ oder `!erledigt 1`"
    )
    assert "bis" not in (await other.says("!aufgabe @anna Leitfaden schreiben")).message.text


async def test_an_item_links_to_the_message_that_it_arose_from(room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden schreiben", reply_to="$chat")
    own = await room.says("!aufgabe @anna Flyer drucken")
    assert f'<a href="https://matrix.to/#/{room.id}/$chat">' in (await room.says("!aufgabe 1")).message.html
    listed = await room.says("!aufgaben")
    assert f'<a href="https://matrix.to/#/{room.id}/$chat">A1</a>' in listed.message.html
    assert f'<a href="https://matrix.to/#/{room.id}/{own.event_id}">A2</a>' in listed.message.html


async def test_without_text_it_is_asked_for_unless_a_member_has_said_it(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    for text in ("!aufgabe", "!aufgabe @bodo", "!aufgabe #pilot bis Freitag"):
        for reply_to in (None, asked.message.event_id, asked.event_id):
            answer = await room.says(text, reply_to=reply_to)
            assert "Bitte schreiben Sie es dazu" in answer.message.text
    assert await house.dump() == before


async def test_markup_in_user_text_is_text_and_rings_nobody(room: TestRoom) -> None:
    answer = await room.says("!aufgabe <b>@room</b> {{ 7 * 7 }} <script>alert(1)</script>")
    assert "<b>@room</b> {{ 7 * 7 }} <script>" in answer.message.text
    assert "<script>" not in answer.message.html
    assert answer.message.mentions == []
    blocked = await room.says("!blockiert 1 <i>@bodo</i> fehlt")
    assert "<i>@bodo</i> fehlt" in blocked.message.text
    assert "<i>" not in blocked.message.html
    assert blocked.message.mentions == []


# -- R8: edits and deletions


async def test_an_edit_changes_text_people_day_and_tags_in_place(room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfden schreiben bis 13.11. #pilto")
    edited = await room.edits(made.event_id, "!aufgabe @carla Leitfaden schreiben bis 20.11. #pilot")
    assert edited.reactions == ["✏️"]
    shown = edited.of("action-item")
    assert (shown.relation, shown.edits) == ("m.replace", made.message.event_id)
    assert (
        shown.text
        == "A1 Leitfaden schreiben · Carla · bis Freitag, 20. November 2026 · #pilot\nFertig: ✅ oder `!erledigt 1`"
    )
    assert edited.of("action-changed").mentions == [user("Carla")]
    assert "Anna hat den Text bearbeitet" in (await room.says("!aufgabe 1")).text


async def test_an_edit_leaves_what_later_commands_have_set(room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfden bis 13.11.")
    await room.says("!aufgabe 1 an @bodo bis 20.11.")
    edited = await room.edits(made.event_id, "!aufgabe @anna Leitfaden bis 13.11.")
    assert edited.messages == []
    assert (
        edited.of("action-item").text
        == "A1 Leitfaden · Bodo · bis Freitag, 20. November 2026\nFertig: ✅ oder `!erledigt 1`"
    )


async def test_an_edit_of_a_finished_item_is_refused(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe Leitfaden")
    await room.says("!erledigt 1")
    before = await house.dump()
    assert "ist schon abgeschlossen" in (await room.edits(made.event_id, "!aufgabe Leitfäden")).text
    assert await house.dump() == before


async def test_a_deleted_message_drops_its_item_unless_it_is_done(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfaden bis 13.11.")
    gone = await room.redacts(made.event_id)
    assert gone.messages == []
    assert "Verworfen am Montag, 2. November 2026: Nachricht gelöscht" in gone.of("action-item").text
    second = await room.says("!aufgabe @anna Flyer")
    await room.says("!erledigt 2")
    assert (await room.redacts(second.event_id)).sent == []
    assert "Anna hat sie erledigt" in (await room.says("!aufgabe 2")).text
    assert (await house.sleep(days=30)).sent == []


# -- A3: how far it is


async def test_done_is_acknowledged_by_a_reaction_and_shown_in_place(room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfaden bis 13.11.")
    done = await room.says("!erledigt 1 liegt im Ordner", who="Bodo")
    assert done.reactions == ["✅"]
    assert done.messages == []
    assert done.of("action-item").edits == made.message.event_id
    assert "✅ Erledigt am Montag, 2. November 2026 von Bodo: liegt im Ordner" in done.of("action-item").text


@pytest.mark.parametrize("text", ["!erledigt A1", "!erledigt a1,", "!done 1", "!Erledigt 1"])
async def test_the_number_may_have_its_letter(room: TestRoom, text: str) -> None:
    await room.says("!aufgabe Leitfaden")
    assert (await room.says(text)).reactions == ["✅"]


async def test_closing_twice_changes_nothing_and_says_who_did_it(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe Leitfaden")
    await room.says("!erledigt 1", who="Bodo")
    before = await house.dump()
    for text in ("!erledigt 1", "!verworfen 1 doch nicht", "!blockiert 1 Geld fehlt", "!aufgabe 1 an @anna"):
        answer = await room.says(text)
        assert "A1 Leitfaden ist schon abgeschlossen" in answer.message.text
        assert "Erledigt am Montag, 2. November 2026 von Bodo" in answer.message.text
        assert "!offen 1" in answer.message.text
    assert await house.dump() == before


async def test_blocked_and_dropped_say_why_and_reopened_takes_it_up_again(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe Leitfaden")
    before = await house.dump()
    assert "A1 ist offen" in (await room.says("!offen 1")).text
    assert await house.dump() == before
    blocked = await room.says("!blockiert 1 Die Freigabe fehlt")
    assert blocked.reactions == ["👍"]
    assert blocked.message.text == "A1 Leitfaden ist blockiert: Die Freigabe fehlt\nGeht es weiter? `!offen 1`"
    assert "Blockiert am Montag" in blocked.of("action-item").text
    opened = await room.says("!offen 1")
    assert opened.reactions == ["👍"]
    assert opened.messages == []
    assert "Blockiert" not in opened.of("action-item").text
    dropped = await room.says("!verworfen 1 Der Termin ist abgesagt")
    assert "A1 Leitfaden ist verworfen: Der Termin ist abgesagt" in dropped.message.text
    assert (await room.says("!offen 1")).reactions == ["👍"]


async def test_a_reply_needs_no_number(room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfaden")
    message = made.message.event_id
    await room.says("!aufgabe @anna Flyer")
    assert "liegt jetzt bei Bodo (vorher Anna)" in (await room.says("!aufgabe an @bodo", reply_to=message)).text
    assert (await room.says("!notiz Der Entwurf ist da", reply_to=made.event_id)).reactions == ["👍"]
    assert "notiert: Der Entwurf ist da" in (await room.says("!aufgabe", reply_to=message)).text
    done = await room.says("!erledigt 1", reply_to=message)
    assert "von Anna" in done.of("action-item").text
    assert not done.of("action-item").text.endswith("1")
    assert "A3 Neues" in (await room.says("!aufgabe @bodo Neues", reply_to=message)).message.text


async def test_a_reply_that_names_another_item_is_asked_which(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe Leitfaden")
    await room.says("!aufgabe Flyer")
    before = await house.dump()
    answer = await room.says("!erledigt 2", reply_to=made.message.event_id)
    assert "Meinen Sie A1, auf die Sie antworten, oder A2?" in answer.message.text
    assert await house.dump() == before
    assert "A2 Flyer" in (await room.says("!erledigt A2", reply_to=made.message.event_id)).of("action-item").text


async def test_reassigning_rings_the_new_people_and_leaves_a_trace(room: TestRoom) -> None:
    await room.says("!aufgabe @anna @bodo Leitfaden bis 13.11.")
    moved = await room.says("!aufgabe 1 an @bodo und @carla bis 20.11.")
    assert moved.reactions == ["👍"]
    assert moved.message.text == (
        "A1 Leitfaden liegt jetzt bei Bodo und Carla (vorher Anna und Bodo) "
        "und ist bis Freitag, 20. November 2026 zu tun (vorher Freitag, 13. November 2026)."
    )
    assert moved.message.mentions == [user("Carla")]
    assert (
        moved.of("action-item").text
        == "A1 Leitfaden · Bodo und Carla · bis Freitag, 20. November 2026\nFertig: ✅ oder `!erledigt 1`"
    )
    again = await room.says("!aufgabe 1 an @bodo @carla bis=20.11.")
    assert (again.reactions, again.messages) == (["👍"], [])
    day = await room.says("!aufgabe 1 bis Montag")
    assert day.message.text == (
        "A1 Leitfaden ist bis Montag, 9. November 2026 zu tun (vorher Freitag, 20. November 2026)."
    )
    assert day.message.mentions == []


async def test_an_item_shows_its_history_with_who_and_when(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Leitfaden")
    await room.says("!aufgabe 1 an @bodo bis 20.11.")
    await house.sleep(hours=2)
    await room.says("!blockiert 1 Geld fehlt", who="Bodo")
    await room.says("!notiz 1 Antrag läuft", who="Carla")
    shown = (await room.says("!aufgabe 1")).message.text
    assert shown.split("Verlauf\n\n")[1].split("\n") == [
        "- Mo., 2. Nov., 11:00 Uhr: Carla notiert: Antrag läuft",
        "- Mo., 2. Nov., 11:00 Uhr: Bodo hat sie als blockiert gemeldet: Geld fehlt",
        "- Mo., 2. Nov., 09:00 Uhr: Anna hat eine neue Frist gesetzt: Freitag, 20. November 2026",
        "- Mo., 2. Nov., 09:00 Uhr: Anna hat sie Bodo gegeben",
        "- Mo., 2. Nov., 09:00 Uhr: Anna hat sie angelegt, für Anna",
    ]


async def test_a_long_history_goes_on_in_a_thread(room: TestRoom) -> None:
    await room.says("!aufgabe Leitfaden")
    for number in range(13):
        await room.says(f"!notiz 1 Schritt Nummer {number}")
    answer = await room.says("!aufgabe 1")
    first, rest = answer.messages
    assert "… und 2 ältere Änderungen im Thread" in first.text
    assert first.text.count("\n- ") == 12
    assert rest.relation == "m.thread"
    assert "Schritt Nummer 0" in rest.text
    assert "angelegt" in rest.text


async def test_a_tick_on_the_bots_message_is_done_and_taken_back_is_open(room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfaden bis 13.11.")
    ticked = await room.reacts(made.message.event_id, "✅", who="Bodo")
    assert ticked.messages == []
    assert "Erledigt am Montag, 2. November 2026 von Bodo" in ticked.of("action-item").text
    assert (await room.reacts(made.message.event_id, "✅", who="Carla")).sent == []
    back = await room.redacts(ticked.event_id, who="Bodo")
    assert (
        back.of("action-item").text
        == "A1 Leitfaden · Anna · bis Freitag, 13. November 2026\nFertig: ✅ oder `!erledigt 1`"
    )
    assert "Bodo hat sie wieder geöffnet" in (await room.says("!aufgabe 1")).text


async def test_taking_back_an_old_tick_leaves_a_newer_one(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe Leitfaden")
    first = await room.reacts(made.message.event_id, "✅", who="Bodo")
    await house.sleep(minutes=1)
    await room.says("!offen 1")
    await house.sleep(minutes=1)
    second = await room.says("!erledigt 1")
    assert (await room.redacts(first.event_id, who="Bodo")).sent == []
    assert "von Anna" in (await room.says("!aufgabe 1")).text
    assert "Erledigt" not in (await room.redacts(second.event_id)).of("action-item").text


async def test_other_reactions_do_nothing(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfaden bis 13.11.")
    before = await house.dump()
    assert (await room.reacts(made.message.event_id, "❤️")).sent == []
    assert (await room.reacts(made.message.event_id, "💤", who="Carla")).sent == []
    assert await house.dump() == before
