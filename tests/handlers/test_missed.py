"""What members get who come late to a meeting."""

from datetime import timedelta

from storage.minutes import LineKind, MinutesState
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom
from tests.handlers.minutes_rows import USUAL, decide, give, hold


async def test_who_comes_late_reads_in_the_direct_chat_what_was_said_so_far(house: House, room: TestRoom) -> None:
    number = await hold(house, room, state=MinutesState.RUNNING)
    await decide(house, number, "Wir drehen ein Video")
    await give(house, number, "Drehbuch schreiben", "Anna")
    refused = await room.says("!verpasst", who="Carla")
    assert "direkten Chat" in refused.text
    assert refused.reactions == []

    chat = await direct_chat(house, "Carla")
    answer = await room.says("!verpasst", who="Carla")
    assert answer.reactions == ["✅"]
    told, detail = answer.messages
    assert (told.room, detail.room) == (chat.id, chat.id)
    assert "seit 09:00 Uhr · jetzt: Website" in told.text
    assert f"B-2026-{number:03} beschlossen: Wir drehen ein Video" in told.text
    assert "Drehbuch schreiben – Anna" in told.text
    assert detail.relation == "m.thread"
    assert detail.text.splitlines() == [
        "- Begrüßung",
        "- 09:02 Die <b>Satzung</b> ist fertig (Bodo)",
        "- Website",
        f"- 09:03 B-2026-{number:03} beschlossen: Wir drehen ein Video (Anna)",
        "- 09:04 Idee: Ein Video drehen (Bodo)",
        "- 09:04 Aufgabe A1: Drehbuch schreiben – Anna (Anna)",
        "- 09:05 Link: https://example.org/entwurf Entwurf (Bodo)",
    ]


async def test_a_direct_chat_tells_of_all_meetings_of_ones_own_groups(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Bodo", "Dora", language="en")
    await hold(house, room, state=MinutesState.RUNNING)
    await hold(house, other, "UAG2-2026-11-02", state=MinutesState.RUNNING, lines=())
    both, hers = await direct_chat(house, "Bodo"), await direct_chat(house, "Dora")
    said = [one.text for one in (await both.says("verpasst", who="Bodo")).messages if one.key == "minutes-missed"]
    assert ["UAG1" in one for one in said] == [True, False]
    [mine] = (await hers.says("verpasst", who="Dora")).messages
    assert "UAG2-2026-11-02" in mine.text
    assert "UAG1" not in mine.text


async def test_nothing_is_missed_where_nothing_runs(house: House, room: TestRoom) -> None:
    await hold(house, room, lines=())
    chat = await direct_chat(house, "Bodo")
    for said in (await room.says("!verpasst"), await chat.says("verpasst", who="Bodo")):
        assert "keine Sitzung" in said.text
        assert "`!protokoll`" in said.text


async def test_a_long_meeting_is_told_on_one_screen_and_in_few_messages(house: House, room: TestRoom) -> None:
    lines = [(LineKind.TOPIC, f"Thema {number} {'x' * 200}") for number in range(20)]
    lines += [(LineKind.INFO, f"Punkt {number}") for number in range(85)]
    await hold(
        house, room, state=MinutesState.RUNNING, lines=lines + list(USUAL), started_at=house.now - timedelta(hours=2)
    )
    await direct_chat(house, "Carla")
    told, *detail = (await room.says("!verpasst", who="Carla")).messages
    assert len(told.text.splitlines()) < 20
    assert "und 14 weitere Themen" in told.text
    assert len(detail) == 3
