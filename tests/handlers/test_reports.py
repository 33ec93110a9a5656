"""Reports (D6): who gets one and where, of which period, and what stands in the message and in the files."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from storage import rooms
from storage.meetings import MeetingState
from storage.requests import Request, RequestState
from storage.rooms import Room
from tests.handlers.digest_rows import add_item, add_meeting
from tests.handlers.facts import direct_chat, sit
from tests.handlers.house import Answer, House, TestRoom, user

A_DAY = timedelta(days=1)


def files(answer: Answer) -> dict[str, str]:
    """Return the files that came with an answer, by their names; they stand in the thread."""
    found = [one for one in answer.sent if one.file_text is not None]
    assert all(one.relation == "m.thread" for one in found)
    return {one.content["filename"]: one.file_text or "" for one in found}


@pytest.fixture
async def october(house: House, room: TestRoom, main: TestRoom, coordination: TestRoom) -> None:
    """Let things have happened in October 2026, at both of its edges, and outside of it."""
    await sit(house, "Halle (Saale)", "Anna")
    await sit(house, "Stendal", "Bodo")
    first, last = datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 22, 59, tzinfo=UTC)
    done = {"state": "done", "closed_at": last}
    await add_item(house, room, "Als Erstes <i>im</i> Oktober", "Anna", created_at=first, **done)
    await add_item(house, room, "Noch im September", created_at=first - timedelta(seconds=1))
    await add_item(house, room, "Schon im November", created_at=last + timedelta(minutes=1))
    await add_item(house, coordination, "Unter uns", created_at=last)
    await add_meeting(house, room, "UAG1-2026-10-06", datetime(2026, 10, 6, 8, tzinfo=UTC))
    await add_meeting(
        house,
        room,
        "UAG1-2026-10-13",
        datetime(2026, 10, 13, 8, tzinfo=UTC),
        state=MeetingState.CANCELLED,
        reason="Messe",
    )
    await add_meeting(house, main, "INI-2026-11-03", datetime(2026, 11, 3, 9, tzinfo=UTC))
    async with house.database.begin() as tx:
        group, other = [await rooms.by_matrix_id(tx, one.id) for one in (room, main)]
        assert group is not None
        assert other is not None
        tx.add(_answered(other, group, last))
        tx.add(_answered(group, other, last + A_DAY))


def _answered(asking: Room, asked: Room, at: datetime) -> Request:
    return Request(
        from_room_id=asking.id,
        to_room_id=asked.id,
        question="Wann ist die App fertig?",
        state=RequestState.ANSWERED,
        asked_by=user("Anna"),
        asked_at=at - A_DAY,
        answer="Bald",
        answered_by=user("Bodo"),
        answered_at=at,
    )


@pytest.mark.usefixtures("october")
async def test_the_last_month_is_told_in_a_few_words_and_whole_in_files(house: House, coordination: TestRoom) -> None:
    before = await house.dump()
    answer = await coordination.says("!bericht", who="Carla")
    first, html, md = answer.messages
    assert first.text.splitlines() == [
        "Bericht Oktober 2026",
        "",
        "- Treffen: 1, dazu 1 abgesagt",
        "- Beschlüsse: keine gefasst",
        "- Ergebnisse: keine",
        "- Aufgaben: 1 neu, 1 erledigt; 1 offen",
        "- Anfragen zwischen Gruppen: 1 beantwortet",
        "",
        "Der ganze Bericht: als Dateien im Thread",
    ]
    assert [one.text for one in (html, md)] == [
        "Bericht Oktober 2026, HTML zum Lesen und Drucken",
        "Bericht Oktober 2026, Markdown zum Weiterschreiben",
    ]
    assert not any(one.mentions for one in answer.messages)
    found = files(answer)
    assert list(found) == ["bericht-2026-10.html", "bericht-2026-10.md"]
    assert found["bericht-2026-10.html"].startswith('<!DOCTYPE html>\n<html lang="de">')
    text = found["bericht-2026-10.md"]
    for told in ("# Sachbericht Oktober 2026", "**Initiative**", "neu: 1 (A1)", "erledigt: 1 (A1)", "UAG1-2026-10-06"):
        assert told in text
    assert "(UAG1-2026-10-13) – abgesagt: Messe" in text
    assert "(INI-2026-11-03) – geplant" in text
    assert "- F1 Wann ist die App fertig? – gefragt von INI Initiative" in text
    assert "F2" not in text
    assert "Koordination" not in text
    assert "2. Oktober" not in text
    assert await house.dump() == before


@pytest.mark.usefixtures("october")
async def test_a_coordinator_gets_it_in_a_direct_chat_too_in_its_language(house: House) -> None:
    chat = await direct_chat(house, "Carla")
    await chat.says('highlight "Das Land fördert die Apps"', who="Carla")
    assert "Das Land fördert" not in (await chat.says("wochenbericht", who="Carla")).text
    await chat.says("sprache en", who="Carla")
    answer = await chat.says("report Q4 2026", who="Carla")
    assert "Report Q4 2026\n\nThis period is still running. As of Monday, 2 November 2026, 09:00" in answer.text
    assert "- Meetings: 1, and 1 cancelled\n" in answer.text
    assert "- Action items: 2 new, 1 done; 2 open\n" in answer.text
    found = files(answer)
    assert list(found) == ["report-2026-Q4.html", "report-2026-Q4.md"]
    assert "# Report Q4 2026" in found["report-2026-Q4.md"]
    assert "Das Land fördert die Apps" in found["report-2026-Q4.md"]
    assert "<h1>Report Q4 2026</h1>" in found["report-2026-Q4.html"].replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.usefixtures("coordination")
async def test_nobody_else_gets_it_and_no_other_room(house: House, room: TestRoom) -> None:
    assert "nur die Koordination" in (await room.says("!bericht")).message.text
    assert "nur die Koordination" in (await (await direct_chat(house, "Anna")).says("bericht 2026")).message.text
    refused = await room.says("!bericht 2026", who="Carla")
    assert "nur im Raum der Koordination und im direkten Chat" in refused.message.text
    assert not files(refused)


async def test_what_is_no_period_that_has_begun_is_told_with_what_to_type(coordination: TestRoom) -> None:
    unknown = (await coordination.says("!bericht <i>neulich</i>", who="Carla")).message
    assert "„<i>neulich</i>“ ist kein Monat, kein Quartal und kein Jahr" in unknown.text
    assert "`!bericht 2026-Q3` `!bericht Juli 2026` `!bericht letzter Monat` `!bericht 2026`" in unknown.text
    ahead = (await coordination.says("!bericht 1. Quartal 2027", who="Carla")).message
    assert "Dieser Zeitraum hat noch nicht begonnen: 1. Quartal 2027." in ahead.text
    assert "`!bericht 2026-Q3`" in ahead.text


async def test_where_nothing_was_it_says_so(coordination: TestRoom) -> None:
    answer = await coordination.says("!bericht 2025", who="Carla")
    assert "In diesem Zeitraum ist nichts festgehalten." in answer.text
    assert "In diesem Zeitraum war kein Treffen." in files(answer)["bericht-2025.md"]


@pytest.mark.usefixtures("october")
async def test_a_month_ends_by_the_initiatives_clocks(house: House, coordination: TestRoom) -> None:
    house.now = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)  # in Berlin it is November
    assert (await coordination.says("!bericht dieser Monat", who="Carla")).text.startswith("Bericht November 2026")
    async with house.database.begin() as tx:
        for one in await tx.scalars(select(Room)):
            one.zone = "America/New_York"
    assert "Aufgaben: 1 neu" in (await coordination.says("!bericht Oktober", who="Carla")).text
