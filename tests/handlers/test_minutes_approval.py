"""From the end of a meeting to its approved and published minutes, and back for a correction."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.minutes.approving import DRAFT
from storage import due, rooms
from storage.agenda import AgendaItem, AgendaSource, AgendaState
from storage.minutes import LineKind, Minutes, MinutesState, MinutesVersion
from tests.handlers.facts import direct_chat, sit
from tests.handlers.house import Answer, House, TestRoom
from tests.handlers.minutes_rows import change_line, decide, give, hold, put_on_agenda

WEB = "https://uagbot.example.org"
A_MONTH = timedelta(days=30)


def on_the_web(house: House) -> None:
    house.setup = replace(house.setup, web=WEB)
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)


async def end(house: House, room: TestRoom, minutes_id: int) -> Answer:
    """Let what follows the end of a meeting happen."""
    async with house.database.begin() as tx:
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        await due.add(tx, DRAFT, minutes_id, home.id, house.now)
    return await house.sleep(seconds=1)


async def versions(house: House) -> list[MinutesVersion]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(MinutesVersion).order_by(MinutesVersion.version)))


async def set_state(house: House, minutes_id: int, state: MinutesState) -> None:
    async with house.database.begin() as tx:
        (await tx.get_one(Minutes, minutes_id)).state = state


async def test_a_meeting_that_ended_shows_its_draft_once_with_the_minutes_as_a_file(
    house: House, room: TestRoom
) -> None:
    await sit(house, "Halle (Saale)", "Anna")
    await sit(house, "Stendal", "Bodo", "Carla")
    number = await hold(house, room)
    await decide(house, number, "Wir drehen ein Video")
    await give(house, number, "Drehbuch schreiben", "Anna", "Bodo", due_on=date(2026, 11, 16))
    await put_on_agenda(house, number, "Haushalt", AgendaSource.SAID, None)
    told, file = (await end(house, room, number)).messages
    assert told.key == "minutes-draft"
    assert "2 von 2 Kommunen vertreten" in told.text
    assert "1. Begrüßung\n2. Website" in told.text
    assert f"B-2026-{number:03} beschlossen: Wir drehen ein Video" in told.text
    assert "Drehbuch schreiben – Anna und Bodo, bis Montag, 16. November 2026" in told.text
    assert "`!protokoll genehmigen UAG1-2026-11-02`" in told.text
    assert len(told.text.splitlines()) < 25
    assert told.mentions == []
    assert file.relation == "m.thread"
    assert file.content["filename"] == "UAG1-2026-11-02.md"
    assert file.file_text is not None
    assert "- Die \\<b\\>Satzung\\</b\\> ist fertig (Bodo, [9:02]" in file.file_text.replace("[09:02]", "[9:02]")
    assert f"https://matrix.to/#/{room.id}/$" in file.file_text
    assert "## Nicht behandelt\n\n- Haushalt" in file.file_text

    await set_state(house, number, MinutesState.RUNNING)
    assert (await end(house, room, number)).sent == []
    await set_state(house, number, MinutesState.DRAFT)
    assert len((await end(house, room, number)).messages) == 2


async def test_approving_keeps_a_version_publishes_it_and_ends_its_agenda_item(
    house: House, room: TestRoom, main: TestRoom, coordination: TestRoom
) -> None:
    number = await hold(house, room)
    await decide(house, number, "Wir drehen ein Video")
    await put_on_agenda(house, number, "Protokoll genehmigen", AgendaSource.MINUTES, number)
    assert "nur die Leitung" in (await room.says("!protokoll genehmigen", who="Bodo")).text
    before = await house.dump()
    assert "gibt es hier nicht" in (await main.says("!protokoll UAG1-2026-11-02")).text
    assert "gibt es hier nicht" in (await room.says("!protokoll genehmigen UAG1-2026-10-05")).text
    assert await house.dump() == before

    answer = await room.says("!protokoll genehmigen")
    told, published = answer.of("minutes-now-approved"), answer.of("minutes-published")
    assert "Version 1, veröffentlicht im Hauptraum" in told.text
    assert (told.room, published.room) == (room.id, main.id)
    assert "Protokoll von UAG1 Bürger-Apps: UAG-Treffen (UAG1-2026-11-02)" in published.text
    assert "Wir drehen ein Video" in published.text
    files = [one for one in answer.messages if one.key == "minutes-file"]
    assert [(one.room, one.content["filename"]) for one in files] == [
        (room.id, "UAG1-2026-11-02.md"),
        (main.id, "UAG1-2026-11-02.md"),
    ]
    assert "Genehmigt am Montag, 2. November 2026 (Anna)" in str(files[0].file_text)
    [kept] = await versions(house)
    assert kept.document["topics"][1]["title"] == "Website"
    async with house.database.begin() as tx:
        assert (await tx.scalars(select(AgendaItem.state))).all() == [AgendaState.DONE]

    before = await house.dump()
    assert "schon genehmigt (Version 1)" in (await room.says("!protokoll genehmigen UAG1-2026-11-02")).text
    assert "wartet kein Entwurf" in (await room.says("!protokoll genehmigen")).text
    assert await house.dump() == before
    assert "Website" in (await main.says("!protokoll UAG1-2026-11-02")).messages[0].text
    elsewhere = await coordination.says("!protokoll korrigieren UAG1-2026-11-02", who="Gerda")
    assert "gibt es hier nicht" in elsewhere.text


async def test_a_correction_makes_a_second_version_and_says_everywhere_what_is_different(
    house: House, room: TestRoom, main: TestRoom
) -> None:
    number = await hold(house, room)
    assert "noch nicht genehmigt" in (await room.says("!protokoll korrigieren UAG1-2026-11-02")).text
    assert "noch kein Protokoll genehmigt" in (await room.says("!protokoll korrigieren")).text
    approved = await room.says("!protokoll genehmigen")
    await house.sleep(days=1)
    reopened = await room.says("!protokoll korrigieren", reply_to=approved.of("minutes-now-approved").event_id)
    assert "Veröffentlicht bleibt Version 1" in reopened.text
    await change_line(house, number, "Ein Video drehen", "Zwei Videos drehen")
    await change_line(house, number, "Die <b>Satzung</b> ist fertig", None)
    assert "Ein Video" in str((await main.says("!protokoll format=txt")).message.file_text)
    assert "Zwei Videos" in str((await room.says("!protokoll format=txt")).message.file_text)
    assert "Entwurf einer Korrektur von Version 1" in (await room.says("!protokoll")).messages[0].text

    answer = await room.says("!protokoll genehmigen")
    for key in ("minutes-now-approved", "minutes-published"):
        text = answer.of(key).text
        assert "Anders als in Version 1:" in text
        assert "- Entfallen: Die <b>Satzung</b> ist fertig" in text
        assert "- Geändert: Idee: Zwei Videos drehen (vorher: Idee: Ein Video drehen)" in text
    file = str(next(one.file_text for one in answer.messages if one.key == "minutes-file"))
    assert "## Änderungen gegenüber Version 1\n\n- Entfallen" in file
    first, second = await versions(house)
    assert "Ein Video drehen" in str(first.document)
    assert "Zwei Videos drehen" in str(second.document)
    page = str((await main.says("!protokoll format=html")).message.file_text)
    assert '<h2 id="changes">Änderungen gegenüber Version 1</h2>' in page
    assert "Version 2" in page


async def test_a_meeting_that_runs_is_neither_approved_nor_shown(house: House, room: TestRoom) -> None:
    assert "noch kein Protokoll" in (await room.says("!protokoll")).text
    await hold(house, room, state=MinutesState.RUNNING)
    before = await house.dump()
    for said in ("", " genehmigen UAG1-2026-11-02", " korrigieren UAG1-2026-11-02", " UAG1-2026-11-02"):
        assert "läuft noch" in (await room.says(f"!protokoll{said}")).text
    assert "noch kein Protokoll" in (await room.says("!protokolle")).text
    assert await house.dump() == before


async def test_minutes_lead_to_the_ones_before_and_after_and_are_listed_newest_first(
    house: House, room: TestRoom, main: TestRoom
) -> None:
    other = await house.room("UAG2", "Anna", title="Wärme", powers={"Anna": 100}, language="en")
    chat = await direct_chat(house, "Bodo")
    for number, name in enumerate(["UAG1-2026-11-02", "UAG1-2026-12-02", "UAG1-2027-01-01"]):
        await hold(house, room, name, started_at=house.now + number * A_MONTH, lines=[(LineKind.TOPIC, name)])
    await hold(house, other, "UAG2-2026-11-02", lines=())
    shown = await room.says("!protokoll uag1-2026-12-02")
    assert "Davor: `!protokoll UAG1-2026-11-02`\nDanach: `!protokoll UAG1-2027-01-01`" in shown.messages[0].text
    assert [one.content["filename"].rpartition(".")[2] for one in shown.messages[1:]] == ["md", "html", "txt"]
    assert "UAG1-2027-01-01" in (await room.says("!protokoll")).messages[0].text

    await room.says("!protokoll genehmigen UAG1-2026-11-02")
    await other.says("!minutes approve")
    listed = (await room.says("!protokolle")).message.text
    assert listed.index("2027-01-01 – Entwurf") < listed.index("2026-12-02 – Entwurf") < listed.index("2026-11-02")
    assert "UAG2" not in listed
    everywhere = (await main.says("!protokolle")).message.text
    assert everywhere.startswith("2 Protokolle aller Gruppen")
    assert "UAG2 Wärme · UAG2-2026-11-02" in everywhere
    assert "Entwurf" not in everywhere
    assert (await chat.says("protokolle", who="Bodo")).message.text == everywhere
    assert "UAG1-2026-11-02" in (await chat.says("protokoll", who="Bodo")).messages[0].text
    stranger = await direct_chat(house, "Emil")
    for said in ("protokolle", "protokoll", "protokoll UAG1-2026-11-02", "protokolle link"):
        assert "nur Mitglieder der Gruppen" in (await stranger.says(said, who="Emil")).message.text
    assert "There are no minutes UAG1-2026-12-02" in (await other.says("!minutes UAG1-2026-12-02")).text
    english = str((await other.says("!minutes format=md")).message.file_text)
    assert "Nothing was noted." in english
    assert "Approved on Monday, 2 November 2026 (Anna)" in english


async def test_long_lists_go_on_in_the_thread(house: House, room: TestRoom) -> None:
    for day in range(1, 18):
        await hold(house, room, f"UAG1-2026-10-{day:02}", started_at=house.now - timedelta(days=day), lines=())
    first, more = (await room.says("!protokolle")).messages
    assert "und 5 weitere im Thread" in first.text
    assert more.relation == "m.thread"
    assert more.text.count("UAG1-2026-10-") == 5


async def test_addresses_of_the_archive_are_given_and_replaced_by_those_who_may(
    house: House, room: TestRoom, main: TestRoom, coordination: TestRoom
) -> None:
    assert "nicht eingeschaltet" in (await room.says("!protokolle link")).text
    on_the_web(house)
    first = (await room.says("!protokolle link", who="Bodo")).message.text
    assert f"{WEB}/archive/" in first
    assert "auch Entwürfe" in first
    assert (await room.says("!protokolle link")).message.text == first
    everywhere = (await main.says("!protokolle link")).message.text
    assert everywhere == (await coordination.says("!protokolle link", who="Gerda")).message.text != first
    assert "nur die Leitung" in (await room.says("!protokolle link neu", who="Bodo")).text
    assert "nur die Koordination" in (await main.says("!protokolle link neu", who="Bodo")).text
    renewed = (await room.says("!protokolle link neu")).message.text
    assert "die alte gilt nicht mehr" in renewed
    assert (await main.says("!protokolle link")).message.text == everywhere
    await coordination.says("!protokolle link neu", who="Gerda")
    assert (await main.says("!protokolle link")).message.text != everywhere

    number = await hold(house, room)
    draft = (await end(house, room, number)).of("minutes-draft").text
    secret = renewed.partition(f"{WEB}/archive/")[2].partition("/")[0]
    assert f"{WEB}/archive/{secret}/UAG1-2026-11-02" in draft
    answer = await room.says("!protokoll genehmigen")
    assert f"{WEB}/archive/" in answer.of("minutes-published").text
    assert secret not in answer.of("minutes-published").text
    assert [one.room for one in answer.messages if one.key == "minutes-file"] == [room.id]


async def test_a_session_becomes_minutes_that_change_until_they_are_approved(
    house: House, room: TestRoom, main: TestRoom
) -> None:
    await room.says('!sitzung start "Sondersitzung"')
    await room.says('!thema "Website"')
    info = await room.says("!info Der Server steht", who="Bodo")
    await house.sleep(minutes=5)
    ended = await room.says("!sitzung ende")
    assert [one.key for one in ended.messages] == ["session-ended", "minutes-draft", "minutes-file"]
    assert "1. Website" in ended.of("minutes-draft").text
    await room.edits(info.event_id, "!info Der Server läuft", who="Bodo")
    assert "- Der Server läuft (Bodo, 09:00) [2]" in str((await room.says("!protokoll format=txt")).message.file_text)
    await room.says("!sitzung weiter")
    again = await room.says("!sitzung ende")
    assert [one.key for one in again.messages].count("minutes-draft") == 1

    await room.says("!protokoll genehmigen", reply_to=again.of("minutes-draft").event_id)
    refused = await room.edits(info.event_id, "!info Der Server fehlt", who="Bodo")
    assert "!protokoll korrigieren" in refused.text
    assert "läuft" in str((await main.says("!protokoll format=md")).message.file_text)
    await room.says("!protokoll korrigieren")
    await room.edits(info.event_id, "!info Der Server fehlt", who="Bodo")
    corrected = await room.says("!protokoll genehmigen")
    assert "Geändert: Der Server fehlt (vorher: Der Server läuft)" in corrected.of("minutes-published").text
