"""What uagbot promises about the register of resolutions (B3)."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from storage import resolutions
from storage.resolutions import Procedure, Resolution, ResolutionState
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom, user
from tests.handlers.resolution_rows import room_of


async def fill(house: House, room: TestRoom, number: int) -> None:
    """Store many resolutions of this year."""
    home = await room_of(house, room)
    async with house.database.begin() as tx:
        for count in range(1, number + 1):
            resolution = Resolution(
                year=2026,
                number=count,
                room_id=home.id,
                text=f"Schritt {count}",
                state=ResolutionState.ADOPTED,
                procedure=Procedure.ENTERED,
                created_by=user("Anna"),
                created_at=house.now,
                decided_at=house.now,
                decided_on=house.now.date(),
                outcome={},
            )
            tx.add(resolution)
            await resolutions.index(tx, resolution)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("leitfaden", [1, 2]),
        ("LEIT", [1, 2]),
        ("Leitfaden Bürger", [2]),
        ("bürger leit", [2]),
        ('"Bürger-Apps"', [2]),
        ("apps", [2]),
        ("Straße", [3]),
        ("STRASSE", [3]),
        ("2027", [3]),
        ("faden", []),
        ("buerger", []),
        ("Leitfaden Straße", []),
        ("%", None),
        ("_", []),
    ],
)
async def test_words_are_found_by_how_they_begin_and_all_must_occur(
    room: TestRoom, search: str, found: list[int] | None
) -> None:
    await room.says('!beschluss "Der Leitfaden gilt ab Januar"')
    await room.says('!beschluss "Ein Leitfaden für Bürger-Apps"')
    await room.says('!abgelehnt "Neue Straße 2027"')
    text = (await room.says(f"!beschlüsse {search}")).message.text
    if found is None:
        assert "„%“ enthält kein Wort" in text
    elif not found:
        assert "Keine Beschlüsse mit" in text
        assert "alle müssen vorkommen" in text
    else:
        assert [number for number in (1, 2, 3) if f"B-2026-00{number}" in text] == found


async def test_the_newest_come_first_with_their_state(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Erstens so"')
    await room.says('!abgelehnt "Zweitens so"')
    await house.sleep(days=70)
    made = await room.says('!vertagt "Drittens so"')
    await room.says('!umlauf "Viertens so" bis=29.1.')
    answer = await room.says("!beschlüsse")
    assert answer.message.text == (
        "Beschlüsse: 4\n\n"
        "- B-2027-002 Viertens so – im Umlauf bis Fr., 29. Jan.\n"
        "- B-2027-001 Drittens so – vertagt Mo., 11. Jan.\n"
        "- B-2026-002 Zweitens so – abgelehnt Mo., 2. Nov.\n"
        "- B-2026-001 Erstens so – beschlossen Mo., 2. Nov."
    )
    assert f'<a href="https://matrix.to/#/{room.id}/{made.event_id}">B-2027-001</a>' in answer.message.html
    assert "Beschlüsse aus 2026: 2" in (await room.says("!beschlüsse jahr=2026")).text
    assert "Keine Beschlüsse aus 2025. Alle zeigt `!beschlüsse`" in (await room.says("!resolutions year=2025")).text


async def test_long_lists_go_on_in_a_thread(house: House, room: TestRoom) -> None:
    await fill(house, room, 13)
    first, second = (await room.says("!beschlüsse")).messages
    assert first.text.count("\n- ") == 12
    assert first.text.endswith("… und 1 weitere im Thread")
    assert second.relation == "m.thread"
    assert second.text.strip() == "- B-2026-001 Schritt 1 – beschlossen Mo., 2. Nov."


async def test_very_long_lists_say_what_they_leave_out(house: House, room: TestRoom) -> None:
    await fill(house, room, 103)
    answer = await room.says("!beschlüsse")
    assert "Beschlüsse: 103" in answer.messages[0].text
    assert "im Thread stehen die ersten 100" in answer.messages[0].text
    assert answer.text.count("Schritt") == 100
    assert "3 weitere, die hier nicht stehen" in answer.messages[-1].text
    assert "103 Schritt" in (await room.says("!beschlüsse schritt 103")).text


async def test_each_room_sees_what_it_may(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Dieter", title="Verkehr", powers={"Dieter": 50})
    main = await house.room("INI", "Gerda", kind=RoomKind.MAIN, title="Initiative", powers={"Gerda": 50})
    above = await house.room("KO", "Gerda", kind=RoomKind.COORDINATORS, title="Koordination")
    await room.says('!beschluss "Erstens so"')
    await other.says('!beschluss "Zweitens so"', who="Dieter")
    await main.says('!beschluss "Drittens so"', who="Gerda")
    assert "Beschlüsse: 1" in (await room.says("!beschlüsse")).text
    assert "Beschlüsse in UAG1 Bürger-Apps: 1" in (await room.says("!beschlüsse gruppe=UAG1")).text
    for where in (main, above):
        text = (await where.says("!beschlüsse", who="Gerda")).text
        assert "Beschlüsse: 3" in text
        assert "Zweitens so – beschlossen Mo., 2. Nov. · UAG2 Verkehr" in text
        text = (await where.says("!beschlüsse gruppe=UAG2", who="Gerda")).text
        assert "Beschlüsse in UAG2 Verkehr: 1" in text
    chat = await direct_chat(house, "Dieter")
    text = (await chat.says("beschlüsse", who="Dieter")).text
    assert "Beschlüsse: 2" in text
    assert "Erstens" not in text
    for where, who in ((room, "Anna"), (chat, "Dieter")):
        wanted = "UAG2" if where is room else "UAG1"
        refused = await where.says(f"!beschlüsse gruppe={wanted}", who=who)
        assert f"dort `!beschlüsse gruppe={wanted}`" in refused.text


async def test_an_empty_register_says_how_to_begin(house: House, room: TestRoom) -> None:
    assert '`!beschluss "Text"`' in (await room.says("!beschlüsse")).text
    plain = await house.room(None, kind=RoomKind.PLAIN)
    assert "noch keine Arbeitsgruppe" in (await plain.says("!beschlüsse")).text
    english = await house.room("UAG9", language="en")
    assert "There are no resolutions yet" in (await english.says("!resolutions")).text


async def test_searching_changes_nothing(house: House, room: TestRoom) -> None:
    await room.says('!beschluss "Erstens so"')
    before = await house.dump()
    for command in ("!beschlüsse", "!beschlüsse so jahr=2026", "!beschlüsse gruppe=UAG7", "!beschlüsse jahr=bald"):
        await room.says(command)
    assert await house.dump() == before


async def test_the_search_uses_the_index(house: House, room: TestRoom) -> None:
    if house.database.engine.dialect.name != "sqlite":
        pytest.skip("the plan is SQLite's")
    home = await room_of(house, room)
    query = resolutions.register(search="leitfaden apps", room_ids=[home.id], year=2026)
    compiled = query.compile(house.database.engine, compile_kwargs={"literal_binds": True})
    async with house.database.begin() as tx:
        plan = [str(row) for row in await tx.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    words = [step for step in plan if "resolution_words" in step]
    assert len(words) == 2
    assert all("USING COVERING INDEX" in step or "PRIMARY KEY" in step for step in words), plan
    assert all("word>?" in step or "word>" in step for step in words), plan
    assert not [step for step in plan if "SCAN" in step], plan


async def test_a_word_at_the_end_of_the_alphabet_is_found(room: TestRoom) -> None:
    await room.says('!beschluss "zz Ωmega 𝔘nicode"')
    for search in ("zz", "ωm", "𝔘"):
        assert "B-2026-001" in (await room.says(f"!beschlüsse {search}")).text


async def test_a_register_of_another_year_is_dated(house: House, room: TestRoom) -> None:
    house.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    await room.says('!beschluss "Ein gutes neues Jahr"')
    assert "B-2027-001" in (await room.says("!beschlüsse jahr=2027")).text
    assert "B-2027-001" in (await room.says("!beschluss 1")).text
