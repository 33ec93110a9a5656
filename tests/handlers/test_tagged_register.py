"""What uagbot promises about messages of the past that become resolutions and action items (N3, N4, A2)."""

from dataclasses import replace
from datetime import timedelta

from commands.kit.message import Message
from storage.minutes import MinutesState
from storage.rooms import RoomKind
from tests.handlers.facts import plan_meeting
from tests.handlers.house import House, TestRoom, user
from tests.handlers.running_meeting import begin, in_minutes, items, resolved, set_state, the_minutes

NOTE = "Wir brauchen einen Leitfaden"
WISH = "Der Leitfaden gilt ab Januar"

# -- action items, anywhere


async def test_a_reply_without_words_makes_an_item_of_what_was_said(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Der Leitfaden gilt"')
    said = await room.says(f"{NOTE}\n\nund zwar bald", who="Bodo")
    given = await room.says("!aufgabe @carla bis=13.11. zu=B-1 #pilot", reply_to=said.event_id)
    assert given.reactions == ["✅"]
    assert given.message.text.startswith(
        f"A1 {NOTE} und zwar bald · Carla · bis Freitag, 13. November 2026 · #pilot · zu B-2026-001"
    )
    assert given.message.mentions == [user("Carla")]
    (item,) = await items(house)
    assert (item.created_by, item.said_by) == (user("Anna"), user("Bodo"))
    shown = await room.says("!aufgabe 1")
    assert f'<a href="https://matrix.to/#/{room.id}/{said.event_id}">' in shown.message.html
    assert "Anna hat sie angelegt" in shown.text
    edited = await room.edits(given.event_id, "!aufgabe @bodo")
    assert f"A1 {NOTE} und zwar bald · Bodo · bis Freitag" in edited.of("action-item").text
    assert (await room.says("!erledigt", reply_to=given.event_id)).reactions == ["✅"]


async def test_a_reaction_makes_an_item_and_taken_back_takes_it_back(room: TestRoom) -> None:
    said = await room.says(NOTE, who="Bodo")
    given = await room.reacts(said.event_id, "📝", who="Carla")
    assert given.reactions == ["✅"]
    assert given.message.text.startswith(f"A1 {NOTE}\nNoch niemand zuständig")
    again = await room.reacts(said.event_id, "📝", who="Anna")
    assert (again.reactions, again.messages) == (["✅"], [])
    assert (await room.redacts(again.event_id)).sent == []
    gone = await room.redacts(given.event_id, who="Carla")
    assert "Zurückgenommen am Montag, 2. November 2026" in gone.of("action-item").text
    assert "Carla hat sie zurückgenommen" in (await room.says("!aufgabe 1")).text
    assert (await room.reacts(said.event_id, "📝")).message.text.startswith(f"A2 {NOTE}")


async def test_an_item_follows_the_message_that_holds_its_words(room: TestRoom) -> None:
    said = await room.says(NOTE, who="Bodo")
    await room.edits(said.event_id, f"{NOTE} und einen Flyer", who="Bodo")
    given = await room.says("!aufgabe", reply_to=said.event_id)
    assert given.message.text.startswith(f"A1 {NOTE} und einen Flyer")
    assert (await room.edits(said.event_id, "Nichts davon", who="Anna")).sent == []
    assert (await room.edits(said.event_id, "x" * 501, who="Bodo")).sent == []
    edited = await room.edits(said.event_id, "Wir brauchen\nPlakate", who="Bodo")
    assert edited.reactions == ["✏️"]
    assert edited.of("action-item").text.startswith("A1 Wir brauchen Plakate")
    own = await room.edits(given.event_id, "!aufgabe Plakate drucken")
    assert own.of("action-item").text.startswith("A1 Plakate drucken")
    assert (await room.edits(said.event_id, NOTE, who="Bodo")).sent == []
    second = await room.says("Halle fragen", who="Bodo")
    await room.reacts(second.event_id, "📝")
    gone = await room.redacts(second.event_id, who="Bodo")
    assert "Verworfen am Montag, 2. November 2026: Nachricht gelöscht" in gone.of("action-item").text
    assert (await room.edits(second.event_id, NOTE, who="Bodo")).sent == []


async def test_only_plain_messages_of_groups_are_tagged(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    plain = await house.room(None, kind=RoomKind.PLAIN)
    chat = await plain.says(NOTE)
    before = await house.dump()
    for target in (asked.event_id, asked.message.event_id):
        assert (await room.reacts(target, "📝")).sent == []
    assert (await plain.reacts(chat.event_id, "📝")).sent == []
    assert await house.dump() == before


async def test_what_cannot_be_read_or_is_too_long_is_said_and_makes_nothing(house: House, room: TestRoom) -> None:
    long = await room.says("x" * 501)
    before = await house.dump()
    unknown = await room.says("!aufgabe", reply_to="$gone")
    assert "kann ich nicht lesen" in (await house.sleep(minutes=1)).message.text
    assert "501 Zeichen, höchstens 500" in (await room.reacts(long.event_id, "📝")).message.text
    await room.says("!beschluss", reply_to="$gone")
    assert "kann ich nicht lesen" in (await house.sleep(minutes=1)).message.text
    assert "sieht aus wie eine Nummer" in (await room.says("!beschluss", reply_to=await _number(room))).message.text
    assert (await room.redacts(unknown.event_id)).sent == []
    assert "ich nicht aus" in (await room.edits(unknown.event_id, "!aufgabe Leitfaden")).text
    assert await house.dump() == before


async def _number(room: TestRoom) -> str:
    return (await room.says("B-2026-014", who="Bodo")).event_id


# -- resolutions


async def test_a_reply_without_words_makes_a_resolution_of_what_was_said(house: House, room: TestRoom) -> None:
    first = await room.says('!beschluss "Der alte Leitfaden gilt"')
    said = await room.says(WISH, who="Bodo")
    await house.sleep(days=1)
    assert "nur die Leitung" in (await room.says("!beschlossen", reply_to=said.event_id, who="Bodo")).text
    made = await room.says("!beschluss prüfen=2027-06-01 ersetzt=B-1", reply_to=said.event_id)
    assert made.reactions == ["✅"]
    assert made.message.text == (
        f"B-2026-002 {WISH}\nBeschlossen am Dienstag, 3. November 2026 · UAG1 Bürger-Apps"
        "\nErsetzt B-2026-001\nWiedervorlage: Dienstag, 1. Juni 2027"
    )
    shown = await room.says("!beschluss 2")
    assert f'href="https://matrix.to/#/{room.id}/{said.event_id}"' in shown.message.html
    assert "eingetragen von Anna" in shown.text
    again = await room.says("!beschlossen", reply_to=said.event_id)
    assert (again.reactions, again.messages) == (["✅"], [])
    assert "ist schon ersetzt" in (await room.says("!beschlossen ersetzt=B-1", reply_to=said.event_id)).message.text
    assert "B-2026-003" in (await room.says("!abgelehnt", reply_to=said.event_id)).message.text
    edited = await room.edits(made.event_id, "!beschluss ersetzt=B-1")
    assert "Wiedervorlage" not in edited.of("resolution-entered").text
    assert "Zurückgenommen" in (await room.redacts(made.event_id)).of("resolution-entered").text
    assert "Der alte Leitfaden gilt" in (await room.says("!beschluss", reply_to=first.message.event_id)).text
    assert "So geht es" in (await room.says("!beschlossen", reply_to=first.message.event_id)).text


async def test_a_resolution_follows_its_message_as_long_as_nothing_hangs_on_it(room: TestRoom) -> None:
    said = await room.says(WISH, who="Bodo")
    await room.says("!beschluss", reply_to=said.event_id)
    assert (await room.edits(said.event_id, "Anders", who="Anna")).sent == []
    assert (await room.edits(said.event_id, "B-2026-014", who="Bodo")).sent == []
    edited = await room.edits(said.event_id, "Der Leitfaden gilt ab Februar", who="Bodo")
    assert edited.reactions == ["✏️"]
    assert "B-2026-001 Der Leitfaden gilt ab Februar" in edited.of("resolution-entered").text
    assert "B-2026-001" in (await room.says("!beschlüsse Februar")).text
    await room.says("!aufgabe Verteilen zu=B-1")
    assert (await room.edits(said.event_id, WISH, who="Bodo")).sent == []
    assert "an ihm hängt die Aufgabe A1" in (await room.redacts(said.event_id, who="Bodo")).message.text
    second = await room.says("Das Logo bleibt", who="Bodo")
    await room.says("!beschluss", reply_to=second.event_id)
    gone = await room.redacts(second.event_id, who="Bodo")
    assert "Zurückgenommen" in gone.of("resolution-entered").text


# -- in meetings


async def test_in_a_meeting_tags_are_acknowledged_only_and_stand_where_they_were_said(
    house: House, room: TestRoom
) -> None:
    old = await room.says("Vor der Sitzung gesagt", who="Bodo")
    await house.sleep(minutes=10)
    await begin(house, room)
    began = house.now
    said = await room.says(WISH, who="Bodo")
    await house.sleep(minutes=10)
    tags = [
        await room.reacts(said.event_id, "⚖️"),
        await room.reacts(said.event_id, "📝", who="Carla"),
        await room.says("!beschlossen", reply_to=old.event_id),
        await room.says("#action", reply_to=old.event_id),
    ]
    assert [(one.reactions, one.messages) for one in tags] == [(["✅"], [])] * 4
    minutes = await the_minutes(house)
    assert minutes.heard_at == house.now
    assert {one.meeting_id for one in await resolved(house)} == {minutes.meeting_id}
    assert await in_minutes(house) == [(1, minutes.meeting_id), (2, minutes.meeting_id)]
    for made in (await resolved(house), await items(house)):
        assert [one.said_at for one in made] == [began, house.now]
    assert (await room.redacts(tags[0].event_id)).sent == []
    assert (await room.redacts(tags[1].event_id, who="Carla")).sent == []
    assert [one.state for one in await resolved(house)] == ["withdrawn", "adopted"]
    assert await in_minutes(house) == [(2, minutes.meeting_id)]


async def test_a_draft_takes_what_was_said_in_its_meeting_and_nothing_else(house: House, room: TestRoom) -> None:
    outside = await room.says("Vor der Sitzung gesagt")
    await house.sleep(minutes=10)
    await begin(house, room)
    said = await room.says(WISH, who="Bodo")
    await house.sleep(minutes=10)
    minutes = await set_state(house, MinutesState.DRAFT)
    await house.sleep(days=1)
    assert (await room.reacts(said.event_id, "⚖️", who="Bodo")).sent == []
    ignored = await room.reacts(outside.event_id, "⚖️")
    assert ignored.sent == []
    assert (await room.redacts(ignored.event_id)).sent == []
    adopted = await room.reacts(said.event_id, "⚖️")
    assert (adopted.reactions, adopted.messages) == (["✅"], [])
    given = await room.says("!aufgabe", reply_to=said.event_id)
    assert (given.reactions, given.messages) == (["✅"], [])
    (resolution,) = await resolved(house)
    assert (resolution.meeting_id, resolution.said_at) == (minutes.meeting_id, minutes.started_at)
    assert await in_minutes(house) == [(1, minutes.meeting_id)]
    await set_state(house, MinutesState.APPROVED)
    before = await house.dump()
    for answer in (
        await room.edits(said.event_id, "Anders", who="Bodo"),
        await room.redacts(said.event_id, who="Bodo"),
        await room.reacts(said.event_id, "⚖️"),
    ):
        assert answer.sent == []
    assert "genehmigten Protokoll" in (await room.redacts(adopted.event_id)).message.text
    assert await house.dump() == before


async def test_without_minutes_a_scale_means_nothing_and_a_planned_meeting_is_noted(
    house: House, room: TestRoom
) -> None:
    said = await room.says(WISH)
    assert (await room.reacts(said.event_id, "⚖️")).sent == []
    await plan_meeting(house, room, house.now - timedelta(hours=1))
    made = await room.says("!beschlossen", reply_to=said.event_id)
    assert made.message.text.endswith("UAG-Treffen (UAG1-2026-11-02-07)")


async def test_a_tag_taken_back_before_its_message_is_read_makes_nothing(house: House, room: TestRoom) -> None:
    said = await room.says(WISH)
    for text in ("!aufgabe", "!beschlossen"):
        command = Message("text", f"$tag {text}", room.id, user("Anna"), house.now, text=text, relates_to=said.event_id)
        edit = replace(command, kind="edit", event_id=f"$edit {text}", relates_to=command.event_id)
        for event in (command, edit, replace(edit, kind="redaction", event_id=f"$gone {text}")):
            await house.dispatcher.handle(event, house.now)
    assert [one.key for one in (await house.sleep(minutes=1)).sent] == ["edit-not-run", "edit-not-run"]
    assert await resolved(house) == []
    assert await items(house) == []
