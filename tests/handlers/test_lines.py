"""What uagbot promises about topics and about what is tagged by command, until it is approved (N2, N4)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from commands.kit.message import Message
from storage.agenda import AgendaItem
from tests.handlers.house import House, TestRoom, user
from tests.handlers.meeting_rows import due_times
from tests.handlers.session_rows import approve, everything, items, lines, plan, present, texts


@pytest.fixture
async def session(room: TestRoom) -> TestRoom:
    """Give the group's room while a session runs."""
    await room.says("!sitzung start")
    return room


async def test_topics_walk_through_the_agenda(house: House, session: TestRoom) -> None:
    await plan(house, session, ("Haushalt", 15), "Messe", "Verschiedenes")
    said = [(await session.says(text)).text for text in ("!thema 2", "!thema weiter", "!thema weiter")]
    assert said == ["TOP 2: Messe", "TOP 3: Verschiedenes", "TOP 1: Haushalt, 15 min"]
    done = await session.says("!thema weiter")
    assert done.text == ('Die Tagesordnung ist durch. Noch ein Thema: `!thema "Titel"`, beenden: `!sitzung ende`')
    assert "Einen Punkt 4 hat die Tagesordnung nicht; möglich sind 1 bis 3." in (await session.says("!thema 4")).text
    assert (await session.says('!thema "4"')).text == "Thema: 4"
    assert (await session.says("!thema weiter im Text")).text == "Thema: weiter im Text"
    assert "Gerade läuft kein Punkt der Tagesordnung" in (await session.says("!thema vertagen")).text
    assert (await session.says("!thema 2.")).text == "TOP 2: Messe"
    await house.sleep(minutes=1)
    assert (await session.says("!thema vertagen")).reactions == ["✅"]
    assert "Gerade läuft kein Punkt" in (await session.says("!thema vertagen")).text
    for text in ("!thema weiter", "!thema 1", '!thema "X"', '!unterthema "X"', "!thema vertagen"):
        assert "nur die Leitung" in (await session.says(text, who="Bodo")).text, text
    assert len(await lines(house)) == 7


async def test_an_empty_agenda_says_so(session: TestRoom) -> None:
    assert (await session.says("!thema weiter")).text.startswith("Auf der Tagesordnung steht nichts.")
    assert "Einen Punkt 1 hat die Tagesordnung nicht." in (await session.says("!thema 1")).text


async def test_what_everybody_notes_down_is_acknowledged_by_a_reaction_alone(house: House, session: TestRoom) -> None:
    await session.says('!thema "Server"')
    assert "So geht es" in (await session.says("!thema")).text
    for text in (
        '!unterthema "Standort"',
        "!info Der Server steht in <b>Halle</b>\nund in Stendal",
        '!idee "Eine Sprechstunde"',
        "!link Folien dazu: https://www.example.org/a?b=c.",
        "!link <https://www.example.org/leitfaden>",
    ):
        answer = await session.says(text)
        assert (answer.reactions, answer.messages) == (["✅"], []), text
    assert await texts(house) == [
        ("topic", "Server"),
        ("subtopic", "Standort"),
        ("info", "Der Server steht in <b>Halle</b> und in Stendal"),
        ("idea", "Eine Sprechstunde"),
        ("link", "https://www.example.org/a?b=c Folien dazu:"),
        ("link", "https://www.example.org/leitfaden"),
    ]
    assert (await session.says("!info")).text.startswith("Was soll ins Protokoll? Zum Beispiel `!info Text`, oder")
    assert (await session.says("!idee")).text.startswith("Was soll ins Protokoll? Zum Beispiel `!idee Text`")
    assert "Darin ist kein Link." in (await session.says("!link ftp://example.org")).text
    assert "höchstens 500" in (await session.says("!info " + "x" * 501)).text
    assert len(await lines(house)) == 6
    late = await session.says("!info Vorher gesagt", who="Carla", after=-timedelta(minutes=1))
    assert (await lines(house))[0].event_id == late.event_id  # ordered by the server's clock
    assert {one for one, _ in await present(house)} == {user("Anna"), user("Carla")}


async def test_a_reply_with_words_keeps_its_words_and_leads_to_the_message_replied_to(
    house: House, session: TestRoom
) -> None:
    chat = (await session.says("Wo steht eigentlich der Server?", who="Carla")).event_id
    answer = await session.says("!info Der Server steht in Halle", who="Bodo", reply_to=chat)
    (line,) = await lines(house)
    assert (line.text, line.by) == ("Der Server steht in Halle", user("Bodo"))
    assert (line.event_id, line.source_event_id) == (answer.event_id, chat)
    assert (await session.edits(chat, "Etwas ganz anderes", who="Carla")).sent == []
    await session.redacts(chat, who="Carla")
    assert await texts(house) == [("info", "Der Server steht in Halle")]
    to_command = await session.says("!idee Noch etwas", reply_to=answer.event_id)
    assert (await lines(house))[1].source_event_id == to_command.event_id


async def test_edits_and_deletions_change_the_minutes_until_they_are_approved(house: House, session: TestRoom) -> None:
    await plan(house, session, "Haushalt", "Messe")
    topic = await session.says('!thema "Servr"')
    item = await session.says("!thema 1")
    info = await session.says("!info Der Server steht in Hale", who="Bodo")
    link = await session.says("!link https://www.example.org Seite", who="Bodo")

    corrected = await session.edits(topic.event_id, '!thema "Server"')
    assert corrected.reactions == ["✏️"]
    assert corrected.of("topic-begun").text == "Thema: Server"
    assert (await session.edits(item.event_id, "!thema 2")).of("topic-begun").text == "TOP 2: Messe"
    assert "Einen Punkt 9 hat" in (await session.edits(item.event_id, "!thema 9")).text
    changed = await session.edits(info.event_id, "!info Der Server steht in Halle", who="Bodo")
    assert (changed.reactions, changed.messages) == (["✏️"], [])
    assert (await session.edits(info.event_id, "!info Falsch", who="Carla")).sent == []
    assert "kein Link" in (await session.edits(link.event_id, "!link keiner", who="Bodo")).text
    assert await texts(house) == [
        ("topic", "Server"),
        ("topic", "Messe"),
        ("info", "Der Server steht in Halle"),
        ("link", "https://www.example.org Seite"),
    ]
    assert (await session.redacts(link.event_id, who="Bodo")).sent == []
    gone = await session.redacts(topic.event_id)
    assert gone.of("topic-begun").text == "Server (zurückgenommen)"

    await session.says("!sitzung ende")
    assert (await session.edits(info.event_id, "!info Der Server steht in Halle/S.", who="Bodo")).reactions == ["✏️"]
    await approve(house)
    before = await house.dump()
    for answer in (
        await session.edits(info.event_id, "!info Nachträglich", who="Bodo"),
        await session.redacts(info.event_id, who="Bodo"),
        await session.edits(item.event_id, "!thema 1"),
        await session.redacts(item.event_id),
    ):
        assert answer.text == (
            "Das Protokoll UAG1-2026-11-02 ist genehmigt und bleibt, wie es ist. Zum Ändern öffnet es die Leitung mit"
            " `!protokoll korrigieren UAG1-2026-11-02`."
        )
    assert await house.dump() == before


async def test_undo_takes_back_what_was_entered_last_by_whom_may(house: House, session: TestRoom) -> None:
    for text, who in (
        ('!thema "Server"', "Anna"),
        ("!info Von Bodo", "Bodo"),
        ("!da @carla", "Bodo"),
        ('!da Gast "Frau Meier (MID)"', "Bodo"),
        ("!idee Von Carla", "Carla"),
    ):
        await house.sleep(minutes=1)
        await session.says(text, who=who)
    assert "nur, wer es angelegt hat, oder die Leitung" in (await session.says("!zurück", who="Bodo")).text
    said = [(await session.says("!zurück", who=who)).text for who in ("Carla", "Bodo", "Bodo", "Anna", "Anna")]
    assert said == [
        "Zurückgenommen: Idee „Von Carla“",
        "Zurückgenommen: Gast Frau Meier (MID)",
        "Zurückgenommen: anwesend Carla",
        "Zurückgenommen: Information „Von Bodo“",
        "Zurückgenommen: Thema „Server“",
    ]
    assert await present(house) == [(user("Anna"), "present")]  # she has started the session
    assert (await session.says("!zurück")).text.startswith("Im Protokoll steht noch nichts, das sich zurücknehmen")
    assert await lines(house) == []


async def test_what_other_capabilities_do_in_a_session_is_planned_by_name(house: House, session: TestRoom) -> None:
    await house.sleep(minutes=1)
    await session.says('!beschluss "Der Server bleibt in Halle"')
    assert "nur, wer es angelegt hat, oder die Leitung" in (await session.says("!zurück", who="Bodo")).text
    said: dict[str, Any] = {"room": session.id, "sender": user("Anna"), "at": house.now}
    for text, job in (("!zurück", "resolution undo"), ("!sitzung ende", "minutes draft")):
        await house.dispatcher.handle(Message(kind="text", event_id=f"${job}", text=text, **said), house.now)
        assert await due_times(house, job) == [house.now]
    assert await present(house) == [(user("Anna"), "present")]


async def test_what_was_undone_is_not_edited_back(house: House, session: TestRoom) -> None:
    info = await session.says("!info Falsch")
    topic = await session.says('!thema "Falsch"')
    await house.sleep(minutes=1)
    assert (await session.says("!zurück")).of("topic-begun").text == "Falsch (zurückgenommen)"
    await session.says("!zurück")
    for event_id, text in ((info.event_id, "!info Richtig"), (topic.event_id, '!thema "Richtig"')):
        assert "Eine bearbeitete Nachricht führe ich nicht aus" in (await session.edits(event_id, text)).text
        assert (await session.redacts(event_id)).sent == []
    assert await lines(house) == []


async def test_the_time_of_a_topic_is_watched_while_it_is_the_topic(house: House, session: TestRoom) -> None:
    budget, *_ = await plan(house, session, ("Haushalt", 15), ("Messe", 10), "Verschiedenes")
    await session.says("!thema weiter")
    warned = await house.sleep(minutes=12)
    assert warned.text == "Noch 3 Minuten für „Haushalt“."
    assert (await house.sleep(minutes=3)).text == (
        "Die Zeit für „Haushalt“ ist um. Weiter: `!thema weiter`, vertagen: `!thema vertagen`"
    )
    await session.says("!thema weiter")
    await house.sleep(minutes=1)
    await session.says("!thema weiter")
    assert (await house.sleep(minutes=30)).sent == []
    await session.says("!thema 1")
    assert (await house.sleep_until(house.now + timedelta(minutes=14), away=True)).text == (
        "Noch 1 Minute für „Haushalt“."
    )
    async with house.database.begin() as tx:
        (await tx.get_one(AgendaItem, budget)).budget = 20
    assert (await house.sleep(minutes=5)).sent == []
    assert "ist um" in (await house.sleep(minutes=1)).text
    again = await session.says("!thema 1")
    await session.edits(again.event_id, "!thema 2")
    assert (await house.sleep(minutes=8)).text == "Noch 2 Minuten für „Messe“."
    await session.says("!sitzung ende")
    assert (await house.sleep(minutes=15)).sent == []
    assert await items(house) == [("Haushalt", "done", 0), ("Messe", "done", 0), ("Verschiedenes", "done", 0)]


async def test_only_what_was_tagged_is_stored(house: House, session: TestRoom) -> None:
    await session.says("!info Der Server steht in Halle")
    before = await everything(house)
    chat = await session.says("Geheimnis: der Server in Stendal", who="Bodo")
    reply = await session.says("Geheimnis Nr. 2", who="Carla", reply_to=chat.event_id)
    await session.edits(reply.event_id, "Geheimnis Nr. 3", who="Carla")
    await session.reacts(chat.event_id, "👍", who="Anna")
    await session.redacts(chat.event_id, who="Bodo")
    assert await everything(house) == before
    await session.says("!idee Mehr Server", who="Bodo")
    assert not any("Geheimnis" in cell for rows in (await everything(house)).values() for row in rows for cell in row)


async def test_a_line_costs_the_same_however_many_there_are(house: House, session: TestRoom) -> None:
    engine = house.database.engine.sync_engine
    counted: list[str] = []

    def count(*args: object) -> None:
        counted.append(str(args[2]))

    async def cost(text: str) -> int:
        counted.clear()
        await session.says(text)
        return len(counted)

    await session.says("!info Erste Zeile")
    event.listen(engine, "before_cursor_execute", count)
    try:
        few = [await cost("!info Noch eine"), await cost("!zurück")]
        for number in range(60):
            await session.says(f"!info Zeile {number}")
        many = [await cost("!info Noch eine"), await cost("!zurück")]
        statements = [one for one in counted if "minute_lines" in one and "SELECT" in one]
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert many == few
    assert all("LIMIT" in one or "event_id" in one for one in statements)
