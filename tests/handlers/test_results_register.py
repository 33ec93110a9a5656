"""What uagbot promises about the register of results (I1): what is found, and who sees it from where."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from storage import results
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom
from tests.handlers.result_rows import fill, keep_inside

PAGE = "https://www.example.org/leitfaden"


async def test_a_group_sees_its_own_newest_first_and_searches_by_how_words_begin(house: House, room: TestRoom) -> None:
    await room.says(f'!ergebnis "Der Leitfaden für Bürger-Apps gilt" link={PAGE}')
    await house.sleep(days=60)
    told = await room.says('!ergebnis "Neue Straße in Stendal"')
    answer = await room.says("!ergebnisse")
    assert answer.message.text == (
        "Unsere Ergebnisse: 2\n\n"
        "- E2 Neue Straße in Stendal – Fr., 1. Jan.\n"
        f"- E1 Der Leitfaden für Bürger-Apps gilt – Mo., 2. Nov. 2026 · Link ({PAGE})\n\n"
        "Die aller Gruppen: `!ergebnisse alle`"
    )
    assert f'<a href="https://matrix.to/#/{room.id}/{told.event_id}">E2</a>' in answer.message.html
    for search, found in (
        ("LEIT", [1]),
        ("bürger leit", [1]),
        ("apps", [1]),
        ("STRASSE", [2]),
        ("jahr=2026", [1]),
        ("year=2027", [2]),
        ("faden", []),
        ("Leitfaden Straße", []),
        ("jahr=2025", []),
        ("jahr=999999999", []),
        ("jahr=0", []),
    ):
        listed = (await room.says(f"!ergebnisse {search}")).message.text
        assert [number for number in (1, 2) if f"\n- E{number} " in listed] == found, search
        assert found or "Keine Ergebnisse" in listed
    before = await house.dump()
    assert "`!ergebnisse alle faden`" in (await room.says("!ergebnisse faden")).text
    assert "„%“ enthält kein Wort" in (await room.says("!ergebnisse %")).text
    assert "„jahr bald“ habe ich nicht verstanden" in (await room.says("!ergebnisse jahr=bald")).text
    assert "Eine Gruppe „UAG7“ gibt es nicht" in (await room.says("!ergebnisse gruppe=UAG7")).text
    assert await house.dump() == before


async def test_the_whole_initiative_sees_all_but_what_a_group_keeps_inside(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Dora", title="Verkehr")
    inside = await house.room("UAG3", "Emil", title="Personal")
    main = await house.room("INI", "Gerda", kind=RoomKind.MAIN, title="Initiative")
    above = await house.room("KO", "Gerda", kind=RoomKind.COORDINATORS, title="Koordination")
    chat, stranger = await direct_chat(house, "Dora"), await direct_chat(house, "Xaver")
    await room.says('!ergebnis "Erstens erreicht"')
    await other.says('!ergebnis "Zweitens erreicht"', who="Dora")
    await inside.says('!ergebnis "Drittens erreicht"', who="Emil")
    await keep_inside(house, inside)

    async def seen(where: TestRoom, who: str, words: str) -> list[str]:
        shown = (await where.says(words, who=who)).message.text
        return [word for word in ("Erstens", "Zweitens", "Drittens") if word in shown]

    for where, who, words, found in (
        (room, "Anna", "!ergebnisse", "1"),
        (room, "Anna", "!ergebnisse alle", "12"),
        (room, "Anna", "!ergebnisse gruppe=alle erreicht", "12"),
        (room, "Anna", "!ergebnisse gruppe=UAG2", "2"),
        (room, "Anna", "!results all zweit", "2"),
        (inside, "Emil", "!ergebnisse", "3"),
        (inside, "Emil", "!ergebnisse alle", "123"),
        (main, "Gerda", "!ergebnisse", "12"),
        (above, "Gerda", "!ergebnisse", "12"),
        (chat, "Dora", "ergebnisse", "12"),
        (chat, "Dora", "ergebnisse gruppe=UAG1", "1"),
        (stranger, "Xaver", "ergebnisse alle", ""),
        (stranger, "Xaver", "ergebnis E1", ""),
        (room, "Anna", "!ergebnis E2", "2"),
        (inside, "Emil", "!ergebnis E3", "3"),
        (room, "Anna", "!ergebnis E3", ""),
        (above, "Gerda", "!ergebnis E3", ""),
    ):
        expected = [("Erstens", "Zweitens", "Drittens")[int(one) - 1] for one in found]
        assert await seen(where, who, words) == expected, words
    listed = (await main.says("!ergebnisse", who="Gerda")).message.text
    assert "Ergebnisse aller Gruppen: 2" in listed
    assert "- E2 Zweitens erreicht – Mo., 2. Nov. · UAG2 Verkehr" in listed
    assert (
        "UAG3 Personal zeigt seine Ergebnisse nur im eigenen Raum" in (await room.says("!ergebnisse gruppe=UAG3")).text
    )
    assert "nur Mitglieder der Gruppen" in (await stranger.says("ergebnisse", who="Xaver")).text
    assert "gibt es hier nicht" in (await above.says("!ergebnis zurück E3", who="Gerda")).text


async def test_an_empty_register_says_how_to_begin(house: House, room: TestRoom) -> None:
    main = await house.room("INI", kind=RoomKind.MAIN, title="Initiative")
    assert "Diese Gruppe hat noch keine Ergebnisse. Das erste: `!ergebnis" in (await room.says("!ergebnisse")).text
    assert "Es gibt noch keine Ergebnisse" in (await main.says("!ergebnisse")).text
    assert "INI Initiative hat noch keine Ergebnisse" in (await room.says("!ergebnisse gruppe=INI")).text


async def test_long_lists_go_on_in_a_thread_and_say_what_they_leave_out(house: House, room: TestRoom) -> None:
    await fill(house, room, 103)
    answer = await room.says("!ergebnisse")
    assert "Unsere Ergebnisse: 103" in answer.messages[0].text
    assert answer.messages[0].text.count("\n- ") == 12
    assert "im Thread stehen die ersten 100" in answer.messages[0].text
    assert {one.relation for one in answer.messages[1:]} == {"m.thread"}
    assert answer.text.count("Schritt") == 100
    assert "3 weitere, die hier nicht stehen" in answer.messages[-1].text
    assert "E103 Schritt 103" in (await room.says("!ergebnisse schritt 103")).text


async def test_a_year_begins_by_the_clocks_of_the_room(house: House, room: TestRoom) -> None:
    house.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    await room.says("!ergebnis Ein gutes neues Jahr")
    assert "E1" in (await room.says("!ergebnisse jahr=2027")).text
    assert "Keine Ergebnisse aus 2026" in (await room.says("!ergebnisse jahr=2026")).text


async def test_the_search_uses_the_index(house: House) -> None:
    if house.database.engine.dialect.name != "sqlite":
        pytest.skip("the plan is SQLite's")
    for query in (results.register(search="leitfaden apps"), results.register(room_ids=[1]), results.register()):
        compiled = query.limit(100).compile(house.database.engine, compile_kwargs={"literal_binds": True})
        async with house.database.begin() as tx:
            plan = [str(row) for row in await tx.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
        words = [step for step in plan if "result_words" in step]
        assert all("USING COVERING INDEX" in step or "PRIMARY KEY" in step for step in words), plan
        assert all("word>?" in step or "word>" in step for step in words), plan
        assert not [step for step in plan if "SCAN" in step and "USING INDEX ix_results" not in step], plan
        assert words or not [step for step in plan if "TEMP B-TREE" in step], plan
