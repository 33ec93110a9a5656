"""What uagbot promises about results of the groups (I1): how they are told, changed and taken back."""

from dataclasses import replace

from commands.kit.message import Message
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom, user
from tests.handlers.result_rows import stored
from tests.handlers.running_meeting import begin

GUIDE = "Leitfaden für Bürger-Apps veröffentlicht"
PAGE, OTHER = "https://www.example.org/leitfaden", "https://www.example.org/neu"

# -- told by a command


async def test_anybody_tells_a_result_with_its_link(house: House, room: TestRoom) -> None:
    told = await room.says(f'!ergebnis "{GUIDE}" link={PAGE}', who="Bodo")
    assert told.message.text == f"Ergebnis E1 {GUIDE}\n{PAGE}\nUAG1 Bürger-Apps · Montag, 2. November 2026"
    assert f'<a href="{PAGE}">{PAGE}</a>' in told.message.html
    bare = await room.says(f"!ergebnis Drei Kommunen sind beigetreten:\n{OTHER}.", who="Bodo")
    assert bare.message.text.startswith(f"Ergebnis E2 Drei Kommunen sind beigetreten\n{OTHER}\n")
    without = await room.says("!ergebnis Der <b>Server</b> läuft: siehe https://a.example im Netz")
    assert "E3 Der <b>Server</b> läuft: siehe https://a.example im Netz" in without.text
    assert "Einen Link dazu: `!ergebnis E3 link=https://…`" in without.text
    shown = await room.says("!ergebnis E1")
    assert shown.message.text == (
        f"Ergebnis E1 {GUIDE}\n{PAGE}\nUAG1 Bürger-Apps · Montag, 2. November 2026 · genannt von Bodo · Zur Nachricht"
    )
    assert f'<a href="https://matrix.to/#/{room.id}/{told.event_id}">' in shown.message.html
    assert (await room.says("!ergebnis", reply_to=told.message.event_id)).text == shown.text
    assert f"Neuestes Ergebnis: {without.text.split(chr(10))[0][12:]} (E3)" in (await room.says("!gruppe")).text
    assert [(one.created_by, one.link) for one in await stored(house)] == [
        (user("Bodo"), PAGE),
        (user("Bodo"), OTHER),
        (user("Anna"), None),
    ]


async def test_english_rooms_read_english(house: House) -> None:
    room = await house.room("UAG9", language="en", title="Open data")
    told = await room.says(f'!result "Guide published" link={PAGE}')
    assert told.message.text == f"Result E1 Guide published\n{PAGE}\nUAG9 Open data · Monday, 2 November 2026"
    assert "told by Anna · Go to the message" in (await room.says("!result E1")).text
    assert (await room.says("!results")).message.text.startswith("Our results: 1\n\n- E1 Guide published – Mon 2 Nov")
    assert "There is no result E7 here" in (await room.says("!result E7")).text
    assert "What is the result?" in (await room.says(f"!result {PAGE}")).text
    assert "Withdrawn on Monday" in (await room.says("!result withdraw E1")).of("result-told").text
    assert "was withdrawn on Monday" in (await room.says("!result E1")).text


async def test_what_is_no_result_gets_a_clear_answer_and_changes_nothing(house: House, room: TestRoom) -> None:
    await room.says(f'!ergebnis "{GUIDE}" link={PAGE}')
    plain = await house.room(None, kind=RoomKind.PLAIN)
    before = await house.dump()
    for text, answer in (
        ("!ergebnis", 'So geht es: `!ergebnis "Text" [link=https://…]`'),
        (f"!ergebnis {PAGE}", "Was ist das Ergebnis?"),
        ('!ergebnis "…"', "Was ist das Ergebnis?"),
        ('!ergebnis "E1"', "sieht aus wie eine Nummer"),
        ("!ergebnis Neues link=javascript:alert(1)", "„javascript:alert(1)“ ist kein Link"),
        ("!ergebnis E1 link=www.example.org", "ist kein Link. Er beginnt mit https:// oder http://"),
        (f"!ergebnis Neues link=https://example.org/{'x' * 500}", "höchstens 500"),
        (f"!ergebnis {'x' * 501}", "501 Zeichen, höchstens 500"),
        (f"!ergebnis {'x' * 499} {OTHER} link={PAGE}", "höchstens 500"),
        ("!ergebnis E9", "Ein Ergebnis E9 gibt es hier nicht"),
        ("!ergebnis E9 Neues", 'in Anführungszeichen: `!ergebnis "Text"`'),
        ("!ergebnis zurück E9", "gibt es hier nicht"),
        ('!ergebnis E1 "…"', "Was ist das Ergebnis?"),
    ):
        assert answer in (await room.says(text)).message.text, text
    for text in ("!ergebnis Neues", "!ergebnis E1", "!ergebnisse"):
        assert "noch keine Arbeitsgruppe" in (await plain.says(text)).message.text
    assert await house.dump() == before


# -- changed and taken back


async def test_the_author_or_who_leads_changes_and_withdraws(house: House, room: TestRoom) -> None:
    above = await house.room("KO", "Gerda", kind=RoomKind.COORDINATORS, title="Koordination")
    chat = await direct_chat(house, "Anna")
    told = await room.says(f'!ergebnis "{GUIDE}"', who="Bodo")
    linked = await room.says(f"!ergebnis {PAGE}", who="Bodo", reply_to=told.message.event_id)
    assert (linked.reactions, linked.messages) == (["👍"], [])
    assert f"Ergebnis E1 {GUIDE}\n{PAGE}\n" in linked.of("result-told").text
    for text in ("!ergebnis E1 Anders", "!ergebnis zurück E1"):
        assert "nur, wer es angelegt hat, oder die Leitung" in (await room.says(text, who="Carla")).message.text
    by_chair = await chat.says(f'ergebnis E1 "Leitfaden erschienen" link={OTHER}')
    assert by_chair.message.room == room.id
    assert by_chair.message.text == f"Anna hat das Ergebnis E1 geändert: Leitfaden erschienen\n{OTHER}"
    again = await room.says(f"!ergebnis E1 Leitfaden erschienen link={OTHER}", who="Bodo")
    assert [one.type for one in again.sent] == ["m.reaction"]
    bare = await room.says("!ergebnis E1 link=-", who="Bodo")
    assert OTHER not in bare.of("result-told").text
    assert "E1 Leitfaden erschienen" in (await room.says("!ergebnisse ersch")).text
    second = await room.says("!ergebnis Ein anderes", reply_to=told.message.event_id)
    assert "E2 Ein anderes" in second.text
    gone = await above.says("!ergebnis zurück E1", who="Gerda")
    assert gone.of("result-told").text == "Ergebnis E1\nZurückgenommen am Montag, 2. November 2026"
    assert gone.message.text == "Gerda hat das Ergebnis E1 zurückgenommen."
    for text in ("!ergebnis E1", "!ergebnis E1 Doch", "!ergebnis zurück E1"):
        assert "wurde am Montag, 2. November 2026 zurückgenommen" in (await room.says(text)).message.text
    assert "E1 " not in (await room.says("!ergebnisse")).text


async def test_an_edit_corrects_and_a_deletion_withdraws(house: House, room: TestRoom) -> None:
    told = await room.says(f'!ergebnis "{GUIDE}" link={PAGE}')
    edited = await room.edits(told.event_id, '!ergebnis "Leitfaden erschienen"')
    assert edited.reactions == ["✏️"]
    assert f"E1 Leitfaden erschienen\n{PAGE}\n" in edited.of("result-told").text
    assert OTHER in (await room.edits(told.event_id, f"!ergebnis Leitfaden erschienen {OTHER}")).of("result-told").text
    assert "E1" in (await room.says("!ergebnisse erschienen")).text
    before = await house.dump()
    for text in ("!ergebnis", "!ergebnis E1", f"!ergebnis {'x' * 501}", "!ergebnis Neu link=x", '!aufgabe "Neu"'):
        assert (await room.edits(told.event_id, text)).message.text
    assert await house.dump() == before
    gone = await room.redacts(told.event_id)
    assert gone.of("result-told").text.startswith("Ergebnis E1\nZurückgenommen")
    assert (await room.redacts(told.event_id)).sent == []
    assert "führe ich nicht aus" in (await room.edits(told.event_id, "!ergebnis Doch")).text
    assert "Diese Gruppe hat noch keine Ergebnisse" in (await room.says("!ergebnisse")).text


# -- of messages


async def test_a_reply_without_words_makes_a_result_of_what_was_said(house: House, room: TestRoom) -> None:
    said = await room.says(f"{GUIDE}:\n{PAGE}", who="Bodo")
    made = await room.says("!ergebnis", who="Carla", reply_to=said.event_id)
    assert made.reactions == ["✅"]
    assert made.message.text.startswith(f"Ergebnis E1 {GUIDE}\n{PAGE}\n")
    shown = await room.says("!ergebnis 1")
    assert f'<a href="https://matrix.to/#/{room.id}/{said.event_id}">' in shown.message.html
    assert "genannt von Carla" in shown.text
    again = await room.reacts(said.event_id, "🏆")
    assert (again.reactions, again.messages) == (["✅"], [])
    assert (await room.redacts(again.event_id)).sent == []
    assert (await room.edits(said.event_id, "Nichts", who="Anna")).sent == []
    for text in ("x" * 501, PAGE, "E1"):
        assert (await room.edits(said.event_id, text, who="Bodo")).sent == []
    followed = await room.edits(said.event_id, "Leitfaden\nerschienen", who="Bodo")
    assert followed.reactions == ["✏️"]
    assert f"E1 Leitfaden erschienen\n{PAGE}\n" in followed.of("result-told").text
    linked = await room.edits(made.event_id, f"!ergebnis link={OTHER}", who="Carla")
    assert f"E1 Leitfaden erschienen\n{OTHER}\n" in linked.of("result-told").text
    (one,) = await stored(house)
    assert (one.created_by, one.said_by) == (user("Carla"), user("Bodo"))
    own = await room.edits(made.event_id, "!ergebnis Eigene Worte", who="Carla")
    assert "E1 Eigene Worte" in own.of("result-told").text
    assert (await room.edits(said.event_id, GUIDE, who="Bodo")).sent == []
    assert (await room.redacts(said.event_id, who="Bodo")).sent == []
    assert "Zurückgenommen" in (await room.redacts(made.event_id, who="Carla")).of("result-told").text


async def test_a_cup_makes_a_result_and_what_is_deleted_withdraws_it(house: House, room: TestRoom) -> None:
    said = await room.says(GUIDE, who="Bodo")
    cup = await room.reacts(said.event_id, "🏆", who="Carla")
    assert (cup.reactions, cup.message.text.split("\n")[0]) == (["✅"], f"Ergebnis E1 {GUIDE}")
    assert "E1\nZurückgenommen" in (await room.redacts(cup.event_id, who="Carla")).of("result-told").text
    await room.says(f"!ergebnis {OTHER}", reply_to=said.event_id)
    assert [(one.id, one.link) for one in await stored(house)] == [(1, None), (2, OTHER)]
    assert "E2\nZurückgenommen" in (await room.redacts(said.event_id, who="Bodo")).of("result-told").text
    plain = await house.room(None, kind=RoomKind.PLAIN)
    chat, asked = await plain.says(GUIDE), await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    assert (await plain.reacts(chat.event_id, "🏆")).sent == []
    assert (await room.reacts(asked.event_id, "🏆")).sent == []
    long, bare = await room.says("x" * 501), await room.says(PAGE)
    assert "501 Zeichen" in (await room.reacts(long.event_id, "🏆")).message.text
    assert "Was ist das Ergebnis?" in (await room.says("!ergebnis", reply_to=bare.event_id)).message.text
    await room.says("!ergebnis", reply_to="$gone")
    assert "kann ich nicht lesen" in (await house.sleep(minutes=1)).message.text
    assert await house.dump() == before


async def test_a_tag_taken_back_before_its_message_is_read_makes_nothing(house: House, room: TestRoom) -> None:
    said = await room.says(GUIDE)
    tag = Message("text", "$tag", room.id, user("Anna"), house.now, text="!ergebnis", relates_to=said.event_id)
    edit = replace(tag, kind="edit", event_id="$edit", relates_to=tag.event_id)
    for event in (tag, edit, replace(edit, kind="redaction", event_id="$redaction")):
        await house.dispatcher.handle(event, house.now)
    assert [one.key for one in (await house.sleep(minutes=1)).sent] == ["edit-not-run"]
    assert await stored(house) == []


async def test_in_a_meeting_results_are_acknowledged_only(house: House, room: TestRoom) -> None:
    await begin(house, room)
    said = await room.says("Halle (Saale) ist dabei", who="Bodo")
    told = await room.says(f'!ergebnis "{GUIDE}"')
    for answer in (told, await room.reacts(said.event_id, "🏆"), await room.says("!ergebnis", reply_to=said.event_id)):
        assert (answer.reactions, answer.messages) == (["✅"], [])
    assert [one.text for one in await stored(house)] == [GUIDE, "Halle (Saale) ist dabei"]
    assert (await room.edits(told.event_id, "!ergebnis Anders")).reactions == ["✏️"]
    assert (await room.redacts(told.event_id)).sent == []
    assert [one.withdrawn_at is None for one in await stored(house)] == [False, True]
