"""What uagbot promises about what the digest knows: minutes, results, calls; and what stays inside (D1, D7)."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from storage.assignment import GroupAssignee, TownAssignee
from storage.minutes import Minutes, MinutesState
from storage.rooms import RoomKind
from tests.handlers.digest_rows import (
    A_DAY,
    A_WEEK,
    HOUR,
    NEXT_MONDAY,
    add_highlight,
    add_item,
    add_meeting,
    add_result,
    room_id,
)
from tests.handlers.house import House, TestRoom
from tests.handlers.minutes_rows import hold
from tests.handlers.resolution_rows import seat
from tests.handlers.towns import town

ADDRESS = "https://uagbot.example.org"


@pytest.fixture
def web(house: House) -> House:
    """Let the bot have a web server."""
    house.setup = replace(house.setup, web=ADDRESS)
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    return house


async def approve(house: House, number: int) -> None:
    async with house.database.begin() as tx:
        await tx.execute(update(Minutes).where(Minutes.id == number).values(state=MinutesState.APPROVED, version=1))


async def test_meetings_tell_how_far_their_minutes_are_and_which_part_of_the_municipalities_was_there(
    web: House, main: TestRoom, room: TestRoom
) -> None:
    for who, name in (("Anna", "Halle (Saale)"), ("Bodo", "Stendal"), ("Carla", "Wernigerode")):
        await seat(web, who, name)
    await seat(web, "Dora", "Magdeburg")  # she was there, and has left the group since
    done = await hold(web, room, "UAG1-2026-11-02", here=("Anna", "Bodo", "Dora"))
    await approve(web, done)
    await hold(web, room, "UAG1-2026-11-03", started_at=web.now + A_DAY, here=(), lines=())
    await hold(web, room, "UAG1-2026-11-04", started_at=web.now + 2 * A_DAY, state=MinutesState.RUNNING, lines=())
    await main.says("!wochenbericht")  # nobody has asked for the archive yet, and no address is made
    before = (await web.sleep_until(NEXT_MONDAY)).of("digest")
    assert (
        "- Treffen\n"
        "  - Mo., 2. Nov.: UAG-Treffen (UAG1-2026-11-02), 3 von 4 Kommunen da – Protokoll genehmigt\n"
        "  - Di., 3. Nov.: UAG-Treffen (UAG1-2026-11-03) – Protokoll als Entwurf\n"
        "  - Mi., 4. Nov.: UAG-Treffen (UAG1-2026-11-04), 2 von 3 Kommunen da"
    ) in before.text
    await main.says("!protokolle link")
    shown = (await main.says("!wochenbericht")).message
    link = shown.html.partition('da – <a href="')[2].partition('"')[0]
    assert link.startswith(f"{ADDRESS}/archive/")
    assert link.endswith("/UAG1-2026-11-02")
    assert ADDRESS not in (await room.says("!wochenbericht")).message.html  # its own archive has no address yet


async def test_calls_results_and_assignees_of_all_kinds(house: House, main: TestRoom, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    await seat(house, "Bodo", "Stendal")
    free = await add_item(house, room, "Flyer verteilen", wanted=True, due_on=date(2026, 12, 1))
    taken = await add_item(house, room, "Plakate kleben", "Anna", wanted=True)
    by_town = await add_item(house, room, "Umfrage auswerten", wanted=True)
    by_group = await add_item(house, room, "Fahrplan prüfen", wanted=True)
    stendal = (await town(house, "Stendal")).id
    async with house.database.begin() as tx:
        tx.add(TownAssignee(action_id=by_town, municipality_id=stendal))
        tx.add(GroupAssignee(action_id=by_group, room_id=await room_id(house, other)))
    await add_result(house, room, "Leitfaden 1.0", link="https://example.org/leitfaden", event_id="$result")
    await add_result(house, room, "Ein Irrtum", withdrawn_at=house.now)
    await add_highlight(house, "Der Leitfaden ist fertig", counts_at=house.now + HOUR)
    await add_highlight(house, "Erst nächste Woche", counts_at=NEXT_MONDAY)
    own = (await room.says("!wochenbericht")).text
    assert "Leitfaden ist fertig" not in own
    sent = (await house.sleep_until(NEXT_MONDAY)).of("digest")
    assert sent.room == main.id
    assert sent.text == (
        "Wochenbericht 2.–8. November 2026\n\n"
        "Das Wichtigste\n\n"
        "- Der Leitfaden ist fertig\n\n"
        "UAG1 Bürger-Apps\n\n"
        "- Neu: 3 Aufgaben\n"
        f"  - A{taken} Plakate kleben – Anna\n"
        f"  - A{by_town} Umfrage auswerten – Stendal\n"
        f"  - A{by_group} Fahrplan prüfen – UAG2\n"
        "- Gesucht: jemand für 1 Aufgabe\n"
        f"  - A{free} Flyer verteilen, bis Di., 1. Dez.\n"
        "- Ergebnisse\n"
        "  - E1 Leitfaden 1.0 (https://example.org/leitfaden)"
    )
    assert f'<a href="https://matrix.to/#/{room.id}/$result">E1</a>' in sent.html


@pytest.mark.usefixtures("main")
async def test_a_vote_on_a_resolution_stands_once_as_open_and_then_as_resolved(house: House, room: TestRoom) -> None:
    await room.says('!umlauf "Wir treten dem Netzwerk bei" bis="5 Arbeitstage" art=abstimmung')
    shown = (await room.says("!wochenbericht")).text
    assert "- Zur Abstimmung\n  - U1 " in shown
    for who in ("Anna", "Bodo", "Carla"):
        await room.says("!stimme U1 1", who=who)
    await house.sleep(days=8)
    shown = (await room.says("!wochenbericht")).text
    assert "- Entschieden\n  - B-2026-001 Wir treten dem Netzwerk bei – beschlossen" in shown
    assert "U1" not in shown


# -- what stays inside


async def busy(house: House, room: TestRoom) -> None:
    """Let something of every kind happen in a room."""
    await room.says('!beschluss "Geheime Gründung"')
    await room.says('!umfrage "Geheime Frage?" Ja Nein bis=11.11.')
    await add_item(house, room, "Geheime Aufgabe", "Anna")
    await add_item(house, room, "Geheimer Server", "Anna", created_at=house.now - A_WEEK, state="blocked")
    await add_item(house, room, "Geheime Altlast", "Anna", due_on=date(2026, 10, 30))
    await add_meeting(house, room, f"{room.id}-1", house.now + 8 * A_DAY, title="Geheimes Treffen")
    await add_result(house, room, "Geheimes Ergebnis")


async def test_a_group_that_keeps_its_content_inside_is_told_in_numbers_elsewhere(
    house: House, main: TestRoom, room: TestRoom
) -> None:
    coordinators = await house.room("KO", "Gerda", kind=RoomKind.COORDINATORS, title="Koordination")
    chat = await house.room(None, "Anna", kind=RoomKind.DIRECT, title="")
    await busy(house, room)
    assert "Geheime Gründung" in (await main.says("!wochenbericht")).text
    assert "nur die Leitung" in (await room.says("!wochenbericht zahlen an", who="Bodo")).text
    assert "anderen Räumen von dieser Gruppe ab jetzt nur Zahlen" in (await room.says("!wochenbericht zahlen an")).text
    numbers = (
        "- UAG1 Bürger-Apps: 1 Beschluss · 1 Umfrage offen · Aufgaben: 2 neu, 1 überfällig, 1 blockiert · "
        "nächstes Treffen Di., 10. Nov., 09:00 Uhr · 1 Ergebnis"
    )
    for place in (main, coordinators, chat):
        shown = (await place.says("!wochenbericht")).message
        assert numbers in shown.text
        assert "eheim" not in str(shown.content)
    own = (await room.says("!wochenbericht")).text
    assert own.count("eheim") == 7
    assert own.endswith("Andere Räume erfahren von dieser Gruppe nur Zahlen.")
    assert "ab jetzt, was diese Gruppe" in (await room.says("!digest counts off")).text
    assert "Geheime Gründung" in (await main.says("!wochenbericht")).text


@pytest.mark.parametrize("text", ["!wochenbericht zahlen", "!wochenbericht zahlen vielleicht"])
async def test_what_counts_mode_does_not_understand_it_explains(house: House, room: TestRoom, text: str) -> None:
    before = await house.dump()
    assert "!wochenbericht zahlen an" in (await room.says(text)).text
    assert await house.dump() == before


async def test_a_room_that_is_no_group_keeps_nothing_inside(house: House) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN, powers={"Anna": 100})
    assert "noch keine Arbeitsgruppe" in (await plain.says("!wochenbericht zahlen an")).text
