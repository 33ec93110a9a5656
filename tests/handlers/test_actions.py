"""What uagbot promises about action items (A1, A3, A4, A5, R8)."""

from datetime import date, datetime, timedelta

import pytest

from storage import rooms
from storage.actions import ActionItem, Assignee
from storage.meetings import Meeting
from storage.rooms import RoomKind
from tests.handlers.house import BOT, MONDAY, Answer, House, TestRoom, user


async def direct_chat(house: House, who: str) -> TestRoom:
    return await house.room(None, who, kind=RoomKind.DIRECT, title="")


async def plan_meeting(house: House, room: TestRoom, starts_at: datetime) -> None:
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        tx.add(
            Meeting(
                name=f"UAG1-{starts_at:%Y-%m-%d-%H}",
                room_id=home.id,
                original=starts_at.replace(tzinfo=None),
                title="UAG-Treffen",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
                zone="Europe/Berlin",
                uid=f"{starts_at:%Y%m%d%H}@localhost",
                created_by=user("Anna"),
                created_at=house.now,
            )
        )


async def fill(house: House, room: TestRoom, number: int) -> None:
    """Store many items, the first due first, all Anna's."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        for day in range(number):
            item = ActionItem(
                room_id=home.id,
                text=f"Schritt {day}",
                due_on=date(2026, 11, 10) + timedelta(days=day),
                created_by=user("Anna"),
                created_at=house.now,
            )
            tx.add(item)
            await tx.flush()
            tx.add(Assignee(action_id=item.id, user_id=user("Anna")))


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


async def test_a_reply_without_text_is_asked_for_the_text(house: House, room: TestRoom) -> None:
    before = await house.dump()
    for text in ("!aufgabe", "!aufgabe @bodo", "!aufgabe #pilot bis Freitag"):
        answer = await room.says(text, reply_to="$chat")
        assert "den Text anderer Nachrichten speichere ich nicht" in answer.message.text
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
        "- Mo., 2. Nov., 09:00 Uhr: Anna hat sie angelegt",
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


# -- rooms and direct chats


async def test_an_item_of_another_room_cannot_be_reached(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    await room.says("!aufgabe Leitfaden")
    before = await house.dump()
    for text in ("!erledigt 1", "!aufgabe 1", "!aufgabe 1 an @bodo", "!notiz 1 so", "!offen 1", "!ruhe A1"):
        assert "Eine Aufgabe A1 gibt es in diesem Raum nicht" in (await other.says(text)).message.text
    assert "A2 1 Flyer" in (await other.says("!aufgabe 1 Flyer")).message.text
    assert (await house.dump())["actions"][:1] == before["actions"]


async def test_a_direct_chat_reaches_the_items_of_ones_own_groups(house: House, room: TestRoom) -> None:
    made = await room.says("!aufgabe @anna Leitfaden bis 13.11.")
    chat = await direct_chat(house, "Bodo")
    moved = await chat.says("!aufgabe 1 an @carla", who="Bodo")
    assert moved.reactions == ["👍"]
    assert moved.message.room == room.id
    assert moved.message.text == "A1 Leitfaden liegt jetzt bei Carla (vorher Anna), geändert von Bodo."
    assert moved.message.mentions == [user("Carla")]
    assert "Carla" in (await chat.says("erledigt 1", who="Bodo")).of("action-item").text
    assert (await chat.says("!offen 1", who="Bodo")).of("action-item").edits == made.message.event_id
    stranger = await direct_chat(house, "Dieter")
    assert "in Ihren Gruppen nicht" in (await stranger.says("!aufgabe 1", who="Dieter")).message.text
    assert "nur im Raum einer Arbeitsgruppe" in (await chat.says("!aufgabe @carla Neues", who="Bodo")).message.text


async def test_only_members_of_its_room_can_be_given_an_item(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe Leitfaden")
    await house.room("UAG2", "Bodo", "Dieter", title="Mobilität")
    chat = await direct_chat(house, "Bodo")
    before = await house.dump()
    assert (
        "Dieter gehört nicht zum Raum UAG1 Bürger-Apps" in (await chat.says("!aufgabe 1 an @dieter", who="Bodo")).text
    )
    assert "heißt niemand „@dieter“" in (await room.says("!aufgabe 1 an @dieter")).text
    assert "heißt niemand „@edith“" in (await chat.says("!aufgabe 1 an @edith", who="Bodo")).text
    assert await house.dump() == before


async def test_a_room_that_is_no_group_says_so(house: House) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN)
    for text in ("!aufgabe Leitfaden", "!aufgaben", "!meine"):
        assert "noch keine Arbeitsgruppe" in (await plain.says(text)).message.text


# -- A4: lists


async def test_the_list_is_in_order_of_urgency_and_says_it_in_words(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @anna Später bis 30.11. #pilot")
    await room.says("!aufgabe Irgendwann")
    await room.says("!aufgabe @bodo Bald bis 6.11.")
    await room.says("!blockiert 1 Geld fehlt")
    await house.sleep(days=7)
    listed = (await room.says("!aufgaben")).message.text
    assert listed.split("\n") == [
        "Offene Aufgaben: 3",
        "",
        "- A3 Bald · Bodo · ⚠ überfällig seit Fr., 6. Nov.",
        "- A1 Später · Anna · bis Mo., 30. Nov. · blockiert · #pilot",
        "- A2 Irgendwann · noch niemand zuständig",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("!aufgaben", {1, 2, 3}),
        ("!aufgaben offen", {1, 2, 3}),
        ("!aufgaben überfällig", {2}),
        ("!aufgaben ueberfaellig @anna", {2}),
        ("!aufgaben @bodo überfällig", set()),
        ("!aufgaben erledigt", {4}),
        ("!aufgaben alle", {1, 2, 3, 4, 5}),
        ("!aufgaben @anna", {1, 2}),
        ("!aufgaben @anna @bodo", {1, 2, 3}),
        ("!aufgaben #pilot", {1, 3}),
        ("!aufgaben #pilot #ki", {3}),
        ("!aufgaben #pilot @anna offen", {1}),
        ("!actions overdue", {2}),
        ("!actions done #pilot", {4}),
        ("!actions all @anna", {1, 2, 4}),
        ("!actions open", {1, 2, 3}),
    ],
)
async def test_filters_combine(house: House, room: TestRoom, text: str, found: set[int]) -> None:
    await room.says("!aufgabe @anna Eins bis 30.11. #pilot")
    await room.says("!aufgabe @anna Zwei bis 3.11.")
    await room.says("!aufgabe @bodo Drei #pilot #ki")
    await room.says("!aufgabe @anna Vier #pilot")
    await room.says("!aufgabe Fünf")
    await room.says("!erledigt 4")
    await room.says("!verworfen 5 nicht nötig")
    await house.sleep(days=2)
    listed = (await room.says(text)).message.text
    assert {number for number in range(1, 6) if f"- A{number} " in listed} == found
    if not found:
        assert listed == "Keine überfälligen Aufgaben von Bodo."


async def test_a_long_list_is_cut_with_a_count_and_continued_in_a_thread(house: House, room: TestRoom) -> None:
    await fill(house, room, 60)
    first, second, third = (await room.says("!aufgaben")).messages
    assert first.text.count("\n- ") == 12
    assert "Offene Aufgaben: 60" in first.text
    assert "… und 48 weitere im Thread" in first.text
    assert (second.relation, third.relation) == ("m.thread", "m.thread")
    assert (second.text.count("- A"), third.text.count("- A")) == (40, 8)
    assert "- A13 " in second.text
    assert "- A60 " in third.text


async def test_more_than_a_hundred_items_ask_for_a_filter(house: House, room: TestRoom) -> None:
    await fill(house, room, 105)
    answer = await room.says("!aufgaben")
    assert "… und 93 weitere; im Thread stehen die ersten 100" in answer.messages[0].text
    assert "!aufgaben überfällig" in answer.messages[0].text
    assert "… und 5 weitere, die hier nicht stehen" in answer.messages[-1].text
    assert sum(one.text.count("- A") for one in answer.messages) == 100


async def test_the_common_rooms_show_the_items_of_a_group(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @bodo Leitfaden bis 6.11.")
    main = await house.room("Alle", kind=RoomKind.MAIN, title="Initiative")
    assert "Diese Gruppe hat keine offenen Aufgaben" in (await main.says("!aufgaben")).message.text
    listed = (await main.says("!aufgaben gruppe=UAG1")).message.text
    assert "Offene Aufgaben in UAG1 Bürger-Apps: 1" in listed
    assert "A1 Leitfaden" in listed
    assert "A1 Leitfaden" in (await main.says("!actions group=uag1")).message.text
    other = await house.room("UAG2", title="Mobilität")
    assert "gemeinsame Raum" in (await other.says("!aufgaben gruppe=UAG1")).message.text
    assert "A1 Leitfaden" in (await room.says("!aufgaben gruppe=UAG1")).message.text


async def test_mine_are_this_groups_in_a_room_and_all_groups_in_a_direct_chat(house: House, room: TestRoom) -> None:
    tenth = await house.room("UAG10", title="Energie")
    second = await house.room("UAG2", title="Mobilität")
    await tenth.says("!aufgabe @bodo Zehn bis 6.11.")
    await second.says("!aufgabe @bodo Zwei")
    await room.says("!aufgabe @bodo Eins bis 30.11.")
    await room.says("!aufgabe @bodo Fertig")
    await room.says("!erledigt 4")
    await room.says("!aufgabe @anna Fremd")
    here = (await room.says("!meine", who="Bodo")).message.text
    assert "- A3 Eins" in here
    assert "A1" not in here
    assert "`!meine` im direkten Chat" in here
    chat = await direct_chat(house, "Bodo")
    everywhere = (await chat.says("!meine", who="Bodo")).message.text
    assert everywhere.split("\n\n") == [
        "Meine Aufgaben: 3",
        "UAG1 Bürger-Apps",
        "- A3 Eins · Bodo · bis Mo., 30. Nov.",
        "UAG2 Mobilität",
        "- A2 Zwei · Bodo",
        "UAG10 Energie",
        "- A1 Zehn · Bodo · bis Fr., 6. Nov.",
    ]
    none = await (await direct_chat(house, "Carla")).says("!mine", who="Carla")
    assert none.message.text == "Sie haben keine offenen Aufgaben."


async def test_who_left_a_group_does_not_see_its_items_any_more(house: House, room: TestRoom) -> None:
    await room.says("!aufgabe @bodo Leitfaden bis 6.11.")
    chat = await direct_chat(house, "Bodo")
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        await rooms.set_member(tx, home, user("Bodo"), "Bodo", "leave")
    assert "keine offenen Aufgaben" in (await chat.says("!meine", who="Bodo")).message.text
    assert "in Ihren Gruppen nicht" in (await chat.says("!aufgabe 1", who="Bodo")).message.text
    assert (await house.sleep(days=30)).sent == []


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
    assert "💤 Nächste Erinnerung: Montag, 16. November 2026" in answer.of("action-reminder").text
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


# -- bad input, English


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!aufgabe @dieter Leitfaden", "In diesem Raum heißt niemand „@dieter“"),
        (f"!aufgabe @{BOT.removeprefix('@')} Leitfaden", "In diesem Raum heißt niemand"),
        ("!aufgabe Leitfaden bis=1.11.2026", "Sonntag, 1. November 2026 liegt in der Vergangenheit"),
        ("!aufgabe Leitfaden bis 31.2.", "gibt es im Kalender nicht"),
        ("!aufgabe Leitfaden bis=Freitga", "nicht verstanden"),
        ("!aufgabe " + "x" * 501, "501 Zeichen, höchstens 500"),
        ("!aufgabe " + "x" * 60_000, "zu lang für einen Befehl"),
        ("!aufgabe „Leitfaden", "Anführungszeichen"),
        ("!aufgabe 1 bis Freitga", "Soll sich A1 ändern?"),
        ("!aufgabe A1 an Bodo", "Soll sich A1 ändern?"),
        ("!aufgabe 1 an @dieter", "In diesem Raum heißt niemand „@dieter“"),
        ("!aufgabe 1 bis 1.11.2026", "liegt in der Vergangenheit"),
        ("!aufgabe 99", "Eine Aufgabe A99 gibt es in diesem Raum nicht"),
        ("!erledigt", "So geht es: `!erledigt A14 [Notiz]`"),
        ("!erledigt alles", "So geht es: `!erledigt A14 [Notiz]`"),
        ("!erledigt 99", "Eine Aufgabe A99 gibt es in diesem Raum nicht"),
        ("!erledigt 99999999999999999999", "So geht es"),
        ("!erledigt 1 " + "x" * 501, "höchstens 500"),
        ("!erledgit 1", "Meinten Sie `!erledigt`"),
        ("!blockiert 1", "So geht es: `!blockiert A14 Grund`"),
        ("!verworfen 1", "So geht es: `!verworfen A14 Grund`"),
        ("!notiz 1", "So geht es: `!notiz A14 Notiz`"),
        ("!aufgaben Quatsch", "So geht es: `!aufgaben [offen|überfällig|erledigt|alle …] [#Stichwort] [gruppe=UAG1]`"),
        ("!aufgaben @dieter", "In diesem Raum heißt niemand „@dieter“"),
        ("!aufgaben gruppe=UAG9", "Eine Gruppe „UAG9“ gibt es nicht"),
        ("!ruhe", "So geht es: `!ruhe Dauer`"),
        ("!ruhe Quatsch", "So geht es: `!ruhe Dauer`"),
        ("!ruhe bis 1.11.2026", "liegt in der Vergangenheit"),
        ("!ruhe A1", "A1 hat keinen Tag"),
        ("!ruhe A2", "A2 liegt nicht bei Ihnen"),
        ("!erinnerungen vielleicht", "So geht es: `!erinnerungen [aus|an]`"),
    ],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    await room.says("!aufgabe @anna Leitfaden")
    await room.says("!aufgabe @bodo Flyer bis 12.11.")
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_action_items_speak_english_in_an_english_room(house: House) -> None:
    room = await house.room("UAG1", title="Citizen apps", language="en")
    made = await room.says("!action @bodo write the guide by 13 November #pilot")
    assert made.message.text == (
        "A1 write the guide · Bodo · by Friday, 13 November 2026 · #pilot\nDone: ✅ or `!done 1`"
    )
    moved = await room.says("!action 1 to @carla by Monday")
    assert "is now with Carla (before: Bodo) and is to be done by Monday, 9 November 2026" in moved.message.text
    blocked = await room.says("!blocked 1 no money")
    assert blocked.message.text == "A1 write the guide is blocked: no money\nIt goes on? `!reopen 1`"
    assert (await room.says("!reopen 1")).reactions == ["👍"]
    assert (await room.says("!note 1 a draft is there")).reactions == ["👍"]
    assert "overdue since Mon 9 Nov" in (await _later(house, room, "!actions"))
    assert (await room.says("!done 1 at last")).reactions == ["✅"]
    assert "is closed already.\n✅ Done on" in (await room.says("!drop 1 not needed")).message.text
    shown = (await room.says("!action 1")).message.text
    for line in (
        "ticked it off: at last",
        "noted: a draft is there",
        "opened it again",
        "set a new day: Monday",
        "created it",
    ):
        assert line in shown
    assert "Finished action items: 1" in (await room.says("!actions done")).message.text
    assert "You have no open action items in this group." in (await room.says("!mine")).message.text
    assert "Up to and including" in (await room.says("!quiet until Friday")).message.text
    assert "You get reminders" in (await room.says("!quiet off")).message.text
    assert "You get no reminders" in (await room.says("!reminders off")).message.text


async def _later(house: House, room: TestRoom, text: str) -> str:
    await house.sleep(days=10)
    return (await room.says(text)).message.text
