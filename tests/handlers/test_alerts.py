"""What uagbot promises about what coordinators are told of: silent groups and towns, what is stuck, unanswered (D4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import event

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.kit.setup import Alerts
from storage.actions import ActionState
from storage.municipalities import Standing
from storage.rooms import RoomKind
from tests.handlers.alert_rows import add_request, grown_old, only_counted
from tests.handlers.digest_rows import A_DAY, A_WEEK, HOUR, NEXT_MONDAY, add_item, add_meeting
from tests.handlers.facts import direct_chat, sit
from tests.handlers.house import House, TestRoom

NOTHING = (
    "Nichts liegt brach: keine Gruppe oder Kommune ist lange still, keine Aufgabe lange liegen geblieben, "
    "keine Anfrage lange ohne Antwort."
)


async def shown(room: TestRoom) -> str:
    return (await room.says("!warnungen", who="Carla")).text


# -- what they say


async def test_coordinators_read_what_is_silent_stuck_and_unanswered_by_group_and_town(
    house: House, coordination: TestRoom, room: TestRoom
) -> None:
    other = await house.room("UAG2", title="Mobilität")
    secret = await house.room("UAG3", title="Vergabe")
    assert await shown(coordination) == NOTHING
    await sit(house, "Stendal", "Bodo")
    await sit(house, "Halle (Saale)")
    await grown_old(house, days=60)
    await only_counted(house, secret)
    old = {"created_at": house.now - 60 * A_DAY, "changed_at": house.now - 30 * A_DAY}
    await add_item(house, room, "<b>Bescheid</b>", "Anna", due_on=date(2026, 9, 1), source_event_id="$src", **old)
    await add_item(house, other, "Fahrplan", state=ActionState.BLOCKED, created_at=house.now - 40 * A_DAY)
    await add_item(house, secret, "Geheim", state=ActionState.BLOCKED, **old)
    await add_request(house, room, other, "Wer kennt wen?", days=20)
    await add_request(house, room, secret, "Wieviel?", days=15)
    before = await house.dump()
    answer = await coordination.says("!warnungen", who="Carla")
    assert answer.text == (
        "Was brachliegt\n\n"
        "- Still: 2 Gruppen, auch ohne Treffen in den nächsten zwei Wochen\n"
        "  - UAG2 Mobilität – seit mehr als 8 Wochen\n"
        "  - UAG3 Vergabe – seit 4 Wochen\n"
        "- Liegen geblieben: 3 Aufgaben, überfällig oder blockiert, ohne Änderung\n"
        "  - A2 Fahrplan – UAG2 Mobilität, blockiert, seit 5 Wochen\n"
        "  - A1 <b>Bescheid</b> – UAG1 Bürger-Apps, seit 4 Wochen\n"
        "  - nur gezählt: UAG3 Vergabe (1)\n"
        "- Kommunen ohne Lebenszeichen seit 8 Wochen oder länger: Stendal\n"
        "- Noch niemand eingetragen für: Halle (Saale) – `!kommune @name Halle (Saale)`\n"
        "- Ohne Antwort: 2 Anfragen\n"
        "  - F1 UAG1 Bürger-Apps an UAG2 Mobilität: Wer kennt wen? – seit 2 Wochen\n"
        "  - F2 UAG1 Bürger-Apps an UAG3 Vergabe – seit 2 Wochen"
    )
    assert "<b>Bescheid" not in answer.message.html
    assert f'<a href="https://matrix.to/#/{room.id}/$src">A1</a>' in answer.message.html
    assert answer.message.mentions == []
    assert await house.dump() == before


async def test_what_does_not_fit_on_a_screen_follows_in_the_thread(
    house: House, coordination: TestRoom, room: TestRoom
) -> None:
    for number in range(12):
        await add_item(house, room, f"Schritt {number}", due_on=date(2026, 9, 1), created_at=house.now - A_WEEK * 9)
    first, second = (await coordination.says("!alerts", who="Carla")).messages
    assert "Liegen geblieben: 12 Aufgaben" in first.text
    assert first.text.endswith("  - und 2 weitere\n\nWeiter im Thread.")
    assert second.relation == "m.thread"
    assert second.text == (
        "- Liegen geblieben: weitere\n"
        "  - A11 Schritt 10 – UAG1 Bürger-Apps, seit 9 Wochen\n"
        "  - A12 Schritt 11 – UAG1 Bürger-Apps, seit 9 Wochen"
    )


async def test_an_english_room_reads_it_in_english(house: House) -> None:
    room = await house.room("KO", "Carla", kind=RoomKind.COORDINATORS, title="Coordination", language="en")
    assert "Nothing lies idle" in (await room.says("!alerts", who="Carla")).text
    group = await house.room("UAG1", title="Citizen apps")
    await add_item(house, group, "Server", state=ActionState.BLOCKED, created_at=house.now - A_WEEK * 5)
    assert "  - A1 Server – UAG1 Citizen apps, blocked, for 5 weeks" in (await room.says("!alerts", who="Carla")).text


async def test_a_span_is_full_to_the_instant_and_counts_by_the_thresholds_of_the_operator(
    house: House, coordination: TestRoom, room: TestRoom
) -> None:
    house.setup = replace(house.setup, alerts=Alerts(A_WEEK, A_WEEK, A_WEEK, A_WEEK))
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    blocked = {"state": ActionState.BLOCKED, "created_at": house.now}
    await add_item(house, room, "Server", **blocked)
    await add_request(house, room, await house.room("UAG2"), "Wer?", days=0)
    # Nobody says anything meanwhile, for that counts: the clock alone moves.
    house.now += A_WEEK - timedelta(microseconds=2)
    assert await shown(coordination) == NOTHING
    house.now += timedelta(microseconds=1)  # and the answer counts what happens up to this instant
    text = await shown(coordination)
    assert [word in text for word in ("A1 Server", "F1 UAG1", "Still: 2 Gruppen")] == [True, True, True]


# -- signs of life


async def test_an_item_is_stuck_until_somebody_changes_it_and_overdue_by_the_clocks_of_its_room(
    house: House, coordination: TestRoom, room: TestRoom
) -> None:
    old = {"created_at": house.now - 60 * A_DAY}
    await add_item(house, room, "Fällig heute", due_on=house.now.date(), **old)
    await add_item(house, room, "Offen ohne Tag", **old)
    await add_item(house, room, "Erledigt", due_on=date(2026, 9, 1), state=ActionState.DONE, **old)
    await add_item(house, room, "Überfällig", due_on=house.now.date() - A_DAY, **old)
    text = await shown(coordination)
    assert "1 Aufgabe, überfällig" in text
    assert "A4 Überfällig" in text
    await room.says("!notiz A4 Ich bin dran")
    assert "A4" not in await shown(coordination)


async def test_a_group_gives_a_sign_of_life_by_whatever_happens_in_it(house: House, coordination: TestRoom) -> None:
    names = [
        "Umfrage",
        "Aufgabe",
        "Treffen",
        "Beschluss",
        "Anfrage",
        "Gefragte",
        "Punkt",
        "Still",
        "Bald",
        "Abgesagt",
        "Fern",
    ]
    groups = {name: await house.room(f"UAG{n}", title=name, powers={"Anna": 100}) for n, name in enumerate(names)}
    await grown_old(house, days=60)
    await groups["Umfrage"].says('!umfrage "Wo?" Halle Stendal')
    await groups["Aufgabe"].says("!aufgabe Leitfaden schreiben")
    await add_meeting(house, groups["Treffen"], "UAG2-2026-11-03", house.now + HOUR)
    await groups["Beschluss"].says("!beschluss Wir tagen in Halle")
    await groups["Anfrage"].says('!an UAG5 "Wer kennt wen?"')
    await groups["Anfrage"].says('!an UAG7 "Wer kennt niemanden?"')
    await groups["Gefragte"].says('!antwort F1 "Niemand"')
    await groups["Punkt"].says("!top Haushalt")
    await add_meeting(house, groups["Abgesagt"], "UAG9-2026-11-03", house.now + HOUR, state="cancelled")
    await house.sleep(days=20)
    await add_meeting(house, groups["Bald"], "UAG8-2026-12-05", house.now + 14 * A_DAY - HOUR)
    await add_meeting(house, groups["Fern"], "UAG10-2026-12-08", house.now + 15 * A_DAY)
    text = await shown(coordination)
    assert "Still: 3 Gruppen" in text
    silent = [f"{name} – seit mehr als 8 Wochen" in text for name in ("UAG7 Still", "UAG9 Abgesagt", "UAG10 Fern")]
    assert silent == [True, True, True]


async def test_a_municipality_gives_a_sign_of_life_by_whoever_stands_for_it(
    house: House, coordination: TestRoom
) -> None:
    people = ("Anna", "Bodo", "Carla", "Dora", "Emil")
    room = await house.room("UAG1", *people, "Franz", powers={"Anna": 100})
    towns = ("Stendal", "Magdeburg", "Zeitz", "Naumburg", "Dessau-Roßlau")
    for town, who in zip(towns, people, strict=True):
        await sit(house, town, who)
    await sit(house, "Halle (Saale)", "Greta", standing=Standing.OBSERVER)
    await sit(house, "Naumburg", "Franz", standing=Standing.OBSERVER)
    await grown_old(house, days=60)
    await room.says('!umfrage "Wo?" Halle Stendal', who="Anna")
    await room.says("!stimme 1", who="Bodo")
    await room.says("!aufgabe Leitfaden schreiben", who="Carla")
    await room.says("!kommune Zerbst", who="Emil")
    await room.says("!aufgabe Zuhören", who="Franz")
    text = await shown(coordination)
    assert "ohne Lebenszeichen seit 8 Wochen oder länger: Naumburg\n" in text
    assert "Noch niemand eingetragen für: Dessau-Roßlau und Halle (Saale)" in text
    await house.sleep(days=55)
    assert "oder länger: Naumburg\n" in await shown(coordination)
    await house.sleep(days=1, seconds=1)
    assert "oder länger: Magdeburg, Naumburg, Stendal, Zeitz und Zerbst\n" in await shown(coordination)


# -- who reads it


async def test_only_coordinators_read_it_in_their_room_or_in_a_direct_chat(
    house: House, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, coordination, "Vertraulich", state=ActionState.BLOCKED, created_at=house.now - A_WEEK * 5)
    await add_item(house, room, "Server", state=ActionState.BLOCKED, created_at=house.now - A_WEEK * 5)
    own = await shown(coordination)
    assert ("A1 Vertraulich" in own, "A2 Server" in own) == (True, True)
    chat = await shown(await direct_chat(house, "Carla"))
    assert ("Vertraulich" in chat, "A2 Server" in chat) == (False, True)
    others = await direct_chat(house, "Anna")
    before = await house.dump()
    assert "Das darf nur die Koordination" in (await others.says("!warnungen")).text
    assert "Das darf nur die Koordination" in (await room.says("!warnungen")).text
    assert "`!warnungen` in ihrem Raum oder im Direktchat" in (await room.says("!warnungen", who="Carla")).text
    assert "So geht es: `!warnungen`" in (await coordination.says("!warnungen alle", who="Carla")).text
    assert await house.dump() == before


# -- with the digest


async def test_they_go_with_the_coordinators_digest_even_where_nothing_else_happened(
    house: House, main: TestRoom, coordination: TestRoom
) -> None:
    await house.room("UAG1")
    await grown_old(house, days=60)
    await house.dispatcher.upkeep(house.now)
    answer = await house.sleep_until(NEXT_MONDAY)
    [sent] = [one for one in answer.messages if one.key == "digest"]
    assert sent.room == coordination.id
    assert sent.text == (
        "Wochenbericht 2.–8. November 2026\n\n"
        "Für die Koordination\n\n"
        "- Still: 1 Gruppe, auch ohne Treffen in den nächsten zwei Wochen\n"
        "  - UAG1 Bürger-Apps – seit mehr als 8 Wochen"
    )
    assert sent.mentions == []
    assert "Still: 1 Gruppe" in (await coordination.says("!wochenbericht", who="Carla")).text
    assert "Koordination" not in (await main.says("!wochenbericht")).text


async def test_the_first_digest_of_a_month_says_which_reports_are_ready(
    house: House, main: TestRoom, coordination: TestRoom
) -> None:
    house.now = datetime(2026, 12, 29, 8, tzinfo=UTC)
    await house.dispatcher.upkeep(house.now)
    await add_item(house, main, "Leitfaden")
    answer = await house.sleep_until(datetime(2027, 1, 4, 7, tzinfo=UTC))
    texts = {one.room: one.text for one in answer.messages}
    ready = "Berichte sind fertig: Monat `!bericht 2026-12` · Quartal `!bericht 2026-Q4` · Jahr `!bericht 2026`"
    assert ready in texts[coordination.id]
    assert "bericht 2026" not in texts[main.id]
    await add_item(house, main, "Logo")
    assert "Berichte sind fertig" not in (await house.sleep(days=7)).text


# -- what it costs


async def test_the_number_of_queries_does_not_grow(house: House, coordination: TestRoom, room: TestRoom) -> None:
    async def queries() -> int:
        with counted(house) as found:
            await coordination.says("!warnungen", who="Carla")
        return len(found)

    await fill(house, room)
    few = await queries()
    for number in range(2, 5):
        await fill(house, await house.room(f"UAG{number}"))
    assert await queries() == few
    assert few <= 25


async def fill(house: House, room: TestRoom) -> None:
    for number in range(3):
        await add_item(house, room, f"Nr. {number}", state=ActionState.BLOCKED, created_at=house.now - A_WEEK * 5)
        await add_request(house, room, room, "Wer?", days=20)
        await sit(house, f"{room.id} {number}", f"{room.id}{number}")
    await grown_old(house, days=60)


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    """Collect the queries that are made meanwhile."""
    found: list[str] = []

    def note(*details: Any) -> None:
        if details[2].startswith("SELECT"):
            found.append(details[2])

    event.listen(house.database.engine.sync_engine, "before_cursor_execute", note)
    yield found
    event.remove(house.database.engine.sync_engine, "before_cursor_execute", note)
