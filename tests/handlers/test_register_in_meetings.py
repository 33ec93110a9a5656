"""What uagbot promises about resolutions, action items and votes while a meeting runs (N2, N4, N5)."""

from datetime import timedelta

import pytest

from storage.minutes import MinutesState
from storage.resolutions import Procedure
from tests.handlers.house import House, TestRoom
from tests.handlers.running_meeting import begin, do, in_minutes, items, resolved, set_state, the_minutes

IN_MINUTES = "steht in einem genehmigten Protokoll"


async def test_in_a_meeting_they_stand_in_the_registers_and_are_acknowledged_only(house: House, room: TestRoom) -> None:
    await begin(house, room)
    await house.sleep(minutes=5)
    said = [
        await room.says('!beschlossen "Der Leitfaden gilt"'),
        await room.says("#agreed Das Logo bleibt"),
        await room.says("#accepted Halle lädt ein"),
        await room.says('!abgelehnt "Ein eigener Server"'),
        await room.says("#rejected Ein Maskottchen"),
        await room.says("#failed Ein zweites Maskottchen"),
        await room.says("!vertagt Die Wahl der Sprecherin"),
        await room.says("#inconclusive Der Ort"),
        await room.says("!aufgabe @bodo Leitfaden verteilen", who="Carla"),
    ]
    assert [(one.reactions, one.messages) for one in said] == [(["✅"], [])] * len(said)
    minutes = await the_minutes(house)
    assert minutes.heard_at == house.now
    assert [(one.state, one.meeting_id, one.said_at) for one in await resolved(house)] == [
        (state, minutes.meeting_id, house.now) for state in [*["adopted"] * 3, *["rejected"] * 3, *["postponed"] * 2]
    ]
    assert await in_minutes(house) == [(1, minutes.meeting_id)]
    register = (await room.says("!beschlüsse")).text
    assert "Der Leitfaden gilt" in register
    assert "Bodo" in (await room.says("!aufgaben")).text
    assert "Treffen: UAG-Treffen" in (await room.says("!beschluss", reply_to=said[0].event_id)).text
    assert (await room.says("!erledigt", reply_to=said[-1].event_id)).reactions == ["✅"]


async def test_edits_and_deletions_in_a_meeting_change_and_take_back(house: House, room: TestRoom) -> None:
    await begin(house, room)
    decided = await room.says('!beschlossen "Der Leitfden gilt"')
    given = await room.says("!aufgabe @bodo Leitfden verteilen")
    for edited in (
        await room.edits(decided.event_id, '!beschlossen "Der Leitfaden gilt"'),
        await room.edits(given.event_id, "!aufgabe @carla Leitfaden verteilen"),
    ):
        assert (edited.reactions, len(edited.sent)) == (["✏️"], 1)
    assert [one.text for one in await resolved(house)] == ["Der Leitfaden gilt"]
    assert "A1 Leitfaden verteilen · Carla" in (await room.says("!aufgabe 1")).text
    assert (await room.redacts(decided.event_id)).sent == []
    assert (await room.redacts(given.event_id)).sent == []
    assert [one.state for one in await resolved(house)] == ["withdrawn"]
    assert [one.state for one in await items(house)] == ["dropped"]
    assert await in_minutes(house) == []


async def test_what_stands_in_approved_minutes_stays_until_they_are_opened_again(house: House, room: TestRoom) -> None:
    await begin(house, room)
    decided = await room.says('!beschlossen "Der Leitfaden gilt"')
    given = await room.says("!aufgabe Leitfaden verteilen")
    await set_state(house, MinutesState.APPROVED)
    before = await house.dump()
    for answer in (
        await room.edits(decided.event_id, '!beschlossen "Anders"'),
        await room.redacts(decided.event_id),
        await room.edits(given.event_id, "!aufgabe Anderes"),
        await room.redacts(given.event_id),
    ):
        assert IN_MINUTES in answer.message.text
        assert "`!protokoll korrigieren UAG1-2026-11-02-0800`" in answer.message.text
    assert await house.dump() == before
    assert (await room.says("!erledigt 1")).reactions == ["✅"]
    await house.sleep(minutes=30)
    late = await room.says('!beschluss "Nach der Genehmigung"')  # the planned time is not over
    assert late.message.text.endswith("UAG1 Bürger-Apps")
    await set_state(house, MinutesState.DRAFT)
    assert (await room.edits(decided.event_id, '!beschlossen "Anders"')).reactions == ["✏️"]


async def test_those_who_lead_or_write_may_decide_while_the_meeting_runs(house: House, room: TestRoom) -> None:
    assert "nur die Leitung" in (await room.says('!beschlossen "So"', who="Bodo")).text
    await begin(house, room, leads=["Bodo"], scribes=["Carla"])
    for who in ("Bodo", "Carla"):
        assert (await room.says(f'!beschlossen "So will es {who}"', who=who)).reactions == ["✅"]
    await set_state(house, MinutesState.DRAFT)
    assert "nur die Leitung" in (await room.says('!beschlossen "So"', who="Bodo")).text


# -- MeetBot's action items


async def test_meetbots_word_finds_whom_the_text_names(house: House, room: TestRoom) -> None:
    assert (await room.says("#action Anna schreibt mit bodo: das Protokoll")).sent == []
    await begin(house, room)
    given = await room.says("#action Anna schreibt mit bodo: das Protokoll #eilt")
    assert given.reactions == ["✅"]
    assert "A1 Anna schreibt mit bodo: das Protokoll · Anna und Bodo · #eilt" in (await room.says("!aufgabe 1")).text
    await room.edits(given.event_id, "#action Carla schreibt das Protokoll")
    assert "A1 Carla schreibt das Protokoll · Carla" in (await room.says("!aufgabe 1")).text
    await room.says("!aufgabe Anna anrufen")
    assert "Noch niemand zuständig" in (await room.says("!aufgabe 2")).text
    assert "Was ist zu tun?" in (await room.says("#action")).text


# -- taking back the newest thing


async def test_undoing_does_what_deleting_would_or_says_why_not(house: House, room: TestRoom) -> None:
    await begin(house, room)
    await room.says('!beschlossen "Der Leitfaden gilt"')
    await room.says("!aufgabe Verteilen zu=B-1")
    assert "an ihm hängt die Aufgabe A1" in (await do(house, room, "resolution undo", 1)).message.text
    assert (await do(house, room, "action undo", 1)).sent == []
    assert [one.state for one in await items(house)] == ["dropped"]
    assert await in_minutes(house) == []
    assert "Zurückgenommen am Montag, 2. November 2026" in (await room.says("!aufgabe 1")).text
    assert "ist schon abgeschlossen" in (await do(house, room, "action undo", 1)).message.text
    await room.says('!beschlossen "Das Logo bleibt"')
    assert (await do(house, room, "resolution undo", 2)).sent == []
    assert [one.state for one in await resolved(house)] == ["adopted", "withdrawn"]
    assert "gibt es nicht mehr" in (await do(house, room, "resolution undo", 99)).message.text
    assert "gibt es in diesem Raum nicht" in (await do(house, room, "action undo", 99)).message.text


# -- N5: votes


@pytest.mark.parametrize("text", ['!abstimmung "Wir treten bei"', '!motion "Wir treten bei"'])
async def test_without_a_meeting_there_are_other_ways_to_vote(house: House, room: TestRoom, text: str) -> None:
    before = await house.dump()
    refused = await room.says(text)
    assert "!umlauf" in refused.message.text
    assert "!umfrage" in refused.message.text
    assert (await room.says("#motion Wir treten bei")).sent == []
    assert await house.dump() == before


async def test_a_vote_ends_when_all_have_voted_and_enters_the_register(house: House, room: TestRoom) -> None:
    await begin(house, room)
    assert "nur die Leitung" in (await room.says('!abstimmung "So"', who="Bodo")).text
    asked = await room.says('!abstimmung "Wir treten dem Netzwerk bei" mehrheit=absolut')
    assert asked.reactions == ["✅"]
    assert "Wir treten dem Netzwerk bei" in asked.of("poll-opened").text
    for answer in (
        await room.edits(asked.event_id, '!abstimmung "Wir treten nicht bei"'),
        await room.redacts(asked.event_id),
        await do(house, room, "resolution undo", 1),
    ):
        assert "`!umfrage abbrechen U1`" in answer.message.text
    for who, choice in (("Anna", 1), ("Bodo", 1), ("Carla", 2)):
        await room.says(f"!stimme U1 {choice}", who=who)
    ended = await house.sleep(seconds=6)
    assert "B-2026-001 ist angenommen: Wir treten dem Netzwerk bei" in ended.of("resolution-voted").text
    (resolution,) = await resolved(house)
    assert (resolution.state, resolution.procedure) == ("adopted", Procedure.VOTE)
    assert resolution.meeting_id == (await the_minutes(house)).meeting_id
    assert "wurde abgestimmt, das Ergebnis bleibt" in (await do(house, room, "resolution undo", 1)).message.text


async def test_a_vote_lasts_five_minutes_or_until_its_deadline(house: House, room: TestRoom) -> None:
    await begin(house, room)
    await room.says("#motion Wir treten bei")
    await room.says('!abstimmung "Wir bleiben dabei" bis="in 20 Minuten" quorum=2')
    await room.says("!stimme U1 1", who="Bodo")
    assert await _decided(house, timedelta(minutes=4, seconds=55)) == ["open", "open"]
    assert await _decided(house, timedelta(seconds=15)) == ["adopted", "open"]
    assert await _decided(house, timedelta(minutes=20)) == ["adopted", "rejected"]


async def _decided(house: House, after: timedelta) -> list[str]:
    await house.sleep_until(house.now + after)
    return [one.state for one in await resolved(house)]
