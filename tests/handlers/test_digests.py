"""What uagbot promises about the weekly digest (D1, D2, D3)."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from commands.capabilities import CAPABILITIES
from commands.digests.handlers import SEND
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Message
from storage import actions, rooms
from storage.actions import ActionItem, ActionState
from storage.digests import Digest, claim
from storage.due import Due
from storage.meetings import Meeting, MeetingState
from storage.rooms import Room, RoomKind
from tests.handlers.house import MONDAY, House, TestRoom, user

NEXT_MONDAY = datetime(2026, 11, 9, 7, tzinfo=UTC)  # 8:00 in Berlin
HOUR = timedelta(hours=1)
A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)


@pytest.fixture
async def main(house: House) -> TestRoom:
    """Give the main room, with its digest planned."""
    found = await house.room("INI", "Anna", "Bodo", "Carla", kind=RoomKind.MAIN, title="Initiative")
    await house.dispatcher.upkeep(house.now)
    return found


async def room_id(house: House, room: TestRoom) -> int:
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        return found.id


async def add_item(house: House, room: TestRoom, text: str, *who: str, **fields: Any) -> int:
    """Store an action item as its command does; it came up just now unless `fields` say otherwise."""
    number = await room_id(house, room)
    item = ActionItem(
        **{"room_id": number, "text": text, "created_by": user("Anna"), "created_at": house.now, "state": "open"}
        | fields
    )
    async with house.database.begin() as tx:
        tx.add(item)
        await tx.flush()
        await actions.assign(tx, item, map(user, who))
    return item.id


async def add_meeting(house: House, room: TestRoom, name: str, starts_at: datetime, **fields: Any) -> None:
    """Store a meeting of an hour and a half."""
    number = await room_id(house, room)
    meeting = Meeting(
        **{
            "name": name,
            "uid": name,
            "room_id": number,
            "original": starts_at.replace(tzinfo=None),
            "title": "UAG-Treffen",
            "starts_at": starts_at,
            "ends_at": starts_at + 1.5 * HOUR,
            "zone": "Europe/Berlin",
            "state": MeetingState.PLANNED,
            "created_by": user("Anna"),
            "created_at": house.now,
        }
        | fields
    )
    async with house.database.begin() as tx:
        tx.add(meeting)


async def stored(house: House) -> list[Digest]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Digest).order_by(Digest.until, Digest.id)))


async def planned(house: House) -> list[datetime]:
    async with house.database.begin() as tx:
        return list(await tx.scalars(select(Due.at).where(Due.what == SEND).order_by(Due.at)))


# -- what it says


async def test_the_digest_says_what_happened_by_group_and_what_comes_next(
    house: House, main: TestRoom, room: TestRoom
) -> None:
    await room.says('!umfrage "Wo tagen wir?" Halle Stendal bis=Mittwoch')
    await room.says("!stimme 1", who="Bodo")
    await main.says('!umfrage "Welches Logo?" Kreis Stern bis="10.11. 12:00"')
    await add_item(
        house, room, "Leitfaden schreiben", "Anna", "Bodo", due_on=date(2026, 11, 20), source_event_id="$src"
    )
    await add_item(house, room, "Raum buchen", "Carla", due_on=date(2026, 11, 6))
    await add_item(house, room, "Protokoll", state=ActionState.DONE, closed_at=house.now + HOUR)
    await add_item(house, room, "Server", "Anna", state=ActionState.BLOCKED, created_at=house.now - A_WEEK)
    await add_meeting(house, room, "UAG1-2026-11-03", house.now + A_DAY)
    await add_meeting(house, room, "UAG1-2026-11-10", house.now + A_WEEK + A_DAY, link="https://video.example.org/1")
    await add_meeting(
        house, room, "UAG1-2026-11-17", house.now + 15 * A_DAY, state=MeetingState.CANCELLED, reason="Messe"
    )
    await add_meeting(house, room, "UAG1-2026-12-08", house.now + 36 * A_DAY)
    answer = await house.sleep_until(NEXT_MONDAY)
    assert answer.of("digest").room == main.id
    assert answer.of("digest").text == (
        "Wochenbericht 2.–8. November 2026\n\n"
        "INI Initiative\n\n"
        "- Zur Abstimmung\n"
        "  - U2 Welches Logo? – bis Di., 10. Nov., 12:00 Uhr, Beteiligung 0 von 3\n\n"
        "UAG1 Bürger-Apps\n\n"
        "- Entschieden\n"
        "  - U1 Wo tagen wir? – Halle, 1 von 1 Stimme (Beteiligung 1 von 3)\n"
        "- Erledigt: 1 Aufgabe\n"
        "  - A3 Protokoll\n"
        "- Überfällig: 1 Aufgabe\n"
        "  - A2 Raum buchen – Carla, seit Fr., 6. Nov.\n"
        "- Neu: 1 Aufgabe\n"
        "  - A1 Leitfaden schreiben – Anna und Bodo, bis Fr., 20. Nov.\n"
        "- Blockiert: 1 Aufgabe\n"
        "  - A4 Server – Anna\n"
        "- Treffen\n"
        "  - Di., 3. Nov.: UAG-Treffen (UAG1-2026-11-03)\n"
        "- Nächste zwei Wochen\n"
        "  - Di., 10. Nov., 09:00 Uhr: UAG-Treffen (https://video.example.org/1) (UAG1-2026-11-10)\n"
        "  - Di., 17. Nov., 09:00 Uhr: UAG-Treffen (UAG1-2026-11-17) – abgesagt: Messe"
    )


@pytest.mark.usefixtures("main")
async def test_ids_link_to_where_the_room_reads_of_them(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=Mittwoch')
    await add_item(house, room, "Leitfaden", source_event_id="$src")
    answer = await house.sleep_until(NEXT_MONDAY)
    result = answer.of("poll-result")
    assert f'<a href="https://matrix.to/#/{room.id}/{result.event_id}">U1</a>' in answer.of("digest").html
    assert f'<a href="https://matrix.to/#/{room.id}/$src">A1</a>' in answer.of("digest").html


@pytest.mark.usefixtures("main")
async def test_the_week_is_held_against_the_one_before_in_words(house: House, room: TestRoom) -> None:
    await add_item(house, room, "Eins", state=ActionState.DONE, closed_at=house.now + HOUR)
    await add_item(house, room, "Zwei", state=ActionState.DROPPED, due_on=date(2026, 11, 3), closed_at=NEXT_MONDAY)
    await add_item(house, room, "Drei", state=ActionState.DONE, closed_at=NEXT_MONDAY)
    await add_item(house, room, "Vier", state=ActionState.DONE, closed_at=NEXT_MONDAY + HOUR)
    first = await house.sleep_until(NEXT_MONDAY)
    assert "Überfällig: 1 Aufgabe\n  - A2 Zwei, seit Di., 3. Nov." in first.text
    second = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    assert "Erledigt: 2 Aufgaben, in der Vorwoche 1\n" in second.text
    assert "Überfällig: keine Aufgabe mehr, in der Vorwoche 1" in second.text


@pytest.mark.usefixtures("main")
async def test_a_tie_and_a_poll_without_votes_say_so(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal Naumburg bis=Mittwoch')
    await room.says("!stimme U1 1", who="Anna")
    await room.says("!stimme U1 2", who="Bodo")
    await room.says('!umfrage "Wann?" Heute Morgen bis=Mittwoch')
    text = (await house.sleep_until(NEXT_MONDAY)).of("digest").text
    assert "U1 Wo? – Gleichstand: Halle und Stendal, je 1 von 2 Stimmen (Beteiligung 2 von 3)" in text
    assert "U2 Wann? – niemand hat abgestimmt (Beteiligung 0 von 3)" in text


@pytest.mark.usefixtures("main")
async def test_a_vote_that_was_changed_or_taken_back_counts_as_in_the_poll(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis=Mittwoch')
    await room.says("!stimme 1", who="Anna")
    await room.says("!stimme 2", who="Anna", after=timedelta(seconds=1))
    native = asked.of("poll-native").event_id
    await room.votes(native, ["1"], who="Bodo")
    await room.votes(native, [], who="Bodo")
    text = (await house.sleep_until(NEXT_MONDAY)).of("digest").text
    assert "U1 Wo? – Stendal, 1 von 1 Stimme (Beteiligung 1 von 3)" in text


@pytest.mark.usefixtures("main")
async def test_a_cancelled_poll_is_not_mentioned(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!umfrage abbrechen U1")
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []


@pytest.mark.usefixtures("main")
async def test_markup_in_user_text_is_text_and_nobody_is_mentioned(house: House, room: TestRoom) -> None:
    await add_item(house, room, "<b>@room</b> {{ 7 * 7 }}", "Anna")
    sent = (await house.sleep_until(NEXT_MONDAY)).of("digest")
    assert "A1 <b>@room</b> {{ 7 * 7 }} – Anna" in sent.text
    assert "<b>@room" not in sent.html
    assert (sent.content["m.mentions"], sent.content["msgtype"]) == ({}, "m.notice")
    assert "matrix.to/#/@" not in sent.html


async def test_what_does_not_fit_on_a_screen_goes_on_in_the_thread_group_by_group(house: House, main: TestRoom) -> None:
    for number in range(1, 5):
        room = await house.room(f"UAG{number}", title="Viel los")
        for count in range(7):
            await add_item(house, room, f"Neues {count}")
            await add_item(house, room, f"Altes {count}", due_on=date(2026, 11, 3))
    first, second = (await house.sleep_until(NEXT_MONDAY)).messages
    assert "- Überfällig: 7 Aufgaben\n  - A2 Altes 0, seit Di., 3. Nov.\n" in first.text
    assert "  - A10 Altes 4, seit Di., 3. Nov.\n  - und 2 weitere\n- Neu: 7 Aufgaben" in first.text
    assert first.text.endswith("Weiter im Thread: UAG3 Viel los und UAG4 Viel los.")
    assert second.text.startswith("UAG3 Viel los\n\n- Überfällig")
    assert (second.relation, second.room) == ("m.thread", main.id)
    assert len([line for line in first.text.splitlines() if line]) <= 35


async def test_an_english_room_reads_it_in_english(house: House) -> None:
    await house.room("INI", kind=RoomKind.MAIN, title="Initiative", language="en")
    group = await house.room("UAG1", title="Citizen apps", language="en")
    await house.dispatcher.upkeep(house.now)
    await group.says('!poll "Where?" Halle Stendal by=Wednesday')
    await add_item(house, group, "Write the guide", "Anna", "Bodo", due_on=date(2026, 11, 20))
    text = (await house.sleep_until(NEXT_MONDAY)).of("digest").text
    assert text.startswith("Weekly digest 2–8 November 2026\n\nUAG1 Citizen apps")
    assert "- Decided\n  - U1 Where? – nobody voted (turnout 0 of 3)" in text
    assert "- New: 1 action item\n  - A1 Write the guide – Anna and Bodo, due Fri 20 Nov" in text


# -- when it is sent


async def test_the_main_and_the_coordinators_room_get_it_and_no_other(
    house: House, main: TestRoom, room: TestRoom
) -> None:
    coordinators = await house.room("KO", kind=RoomKind.COORDINATORS, title="Koordination")
    await house.dispatcher.upkeep(house.now)
    await add_item(house, room, "Leitfaden")
    answer = await house.sleep_until(NEXT_MONDAY)
    assert [one.room for one in answer.messages] == [main.id, coordinators.id]
    assert len({one.text for one in answer.messages}) == 1


@pytest.mark.usefixtures("main")
async def test_nothing_happened_nothing_is_sent_but_the_windows_stay_gapless(house: House, room: TestRoom) -> None:
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []
    await add_item(house, room, "Leitfaden", created_at=NEXT_MONDAY)
    answer = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    assert answer.message.text.startswith("Wochenbericht 9.–15. November 2026")
    assert [(one.week, one.since, one.until) for one in await stored(house)] == [
        ("2026-W46", NEXT_MONDAY - A_WEEK, NEXT_MONDAY),
        ("2026-W47", NEXT_MONDAY, NEXT_MONDAY + A_WEEK),
    ]
    assert await planned(house) == [NEXT_MONDAY + 2 * A_WEEK]


async def test_on_a_public_holiday_it_comes_on_the_next_working_day(house: House) -> None:
    house.now = datetime(2027, 3, 23, 8, tzinfo=UTC)
    main = await house.room("INI", kind=RoomKind.MAIN)
    await house.dispatcher.upkeep(house.now)
    await add_item(house, main, "Leitfaden")
    assert (await house.sleep_until(datetime(2027, 3, 30, 5, 59, tzinfo=UTC))).sent == []  # Easter Monday is over
    assert (await house.sleep_until(datetime(2027, 3, 30, 6, tzinfo=UTC))).message.key == "digest"
    assert await planned(house) == [datetime(2027, 4, 5, 6, tzinfo=UTC)]


async def test_it_comes_at_the_same_hour_after_the_clocks_changed(house: House) -> None:
    house.now = datetime(2026, 10, 13, 8, tzinfo=UTC)
    await house.room("INI", kind=RoomKind.MAIN)
    await house.dispatcher.upkeep(house.now)
    assert await planned(house) == [datetime(2026, 10, 19, 6, tzinfo=UTC)]
    await house.sleep_until(datetime(2026, 10, 20, 6, tzinfo=UTC))
    assert await planned(house) == [datetime(2026, 10, 26, 7, tzinfo=UTC)]


@pytest.mark.usefixtures("main")
async def test_late_after_a_downtime_it_comes_once_and_says_how_old_it_is(house: House, room: TestRoom) -> None:
    await add_item(house, room, "Leitfaden")
    await add_item(house, room, "Zu spät für diese Woche", created_at=NEXT_MONDAY + HOUR)
    answer = await house.sleep_until(NEXT_MONDAY + A_DAY, away=True)
    assert "Verspätet, der Bot war nicht erreichbar. Stand: Montag, 9. November 2026, 08:00 Uhr" in answer.message.text
    assert "Zu spät" not in answer.message.text
    assert (await stored(house))[0].until == NEXT_MONDAY
    assert (await house.sleep(days=2)).sent == []
    following = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    assert "A2 Zu spät für diese Woche" in following.message.text
    assert "Verspätet" not in following.message.text
    assert "A1" not in following.message.text


@pytest.mark.usefixtures("main")
async def test_several_missed_weeks_become_one_digest_of_all_of_them(house: House, room: TestRoom) -> None:
    for week in range(4):
        await add_item(house, room, f"Woche {week}", created_at=MONDAY + week * A_WEEK)
    answer = await house.sleep_until(NEXT_MONDAY + 2 * A_WEEK + A_DAY, away=True)
    assert answer.message.text.startswith("Wochenbericht 2.–22. November 2026\n\nVerspätet")
    assert [f"Woche {week}" in answer.message.text for week in range(4)] == [True, True, True, False]
    assert "Vorwoche" not in answer.message.text
    assert [one.week for one in await stored(house)] == ["2026-W48"]
    assert await planned(house) == [NEXT_MONDAY + 3 * A_WEEK]
    assert "Woche 3" in (await house.sleep_until(NEXT_MONDAY + 3 * A_WEEK)).message.text


async def test_a_room_that_is_a_plain_group_by_then_gets_none(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden")
    async with house.database.begin() as tx:
        await tx.execute(update(Room).values(kind=RoomKind.GROUP))
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []
    assert (await stored(house), await planned(house)) == ([], [])


# -- exactly once


async def test_two_processes_send_it_once(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden")
    async with house.database.begin() as tx:
        number = await tx.scalar(select(Room.id))
        assert number is not None
        tx.add(Due(what=SEND, subject=number, room_id=number, at=NEXT_MONDAY - A_WEEK, try_at=NEXT_MONDAY))
    house.now = NEXT_MONDAY
    second = Dispatcher(house.database, house.setup, CAPABILITIES)
    await asyncio.gather(house.dispatcher.fire_next(house.now), second.fire_next(house.now))
    assert [one.key for one in await house.deliver()] == ["digest"]
    assert (await house.sleep(days=1)).sent == []
    assert [one.week for one in await stored(house)] == ["2026-W46"]
    assert await planned(house) == [NEXT_MONDAY + A_WEEK]


async def test_who_comes_second_while_the_first_is_still_at_work_does_nothing(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden")
    number = await room_id(house, main)
    async with house.database.begin() as tx:
        row = Digest(room_id=number, week="2026-W46", since=NEXT_MONDAY - A_WEEK, until=NEXT_MONDAY)
        assert await claim(tx, row)
        second = asyncio.create_task(house.dispatcher.fire_next(NEXT_MONDAY))
        await asyncio.sleep(0.3)
        assert not second.done()
    assert (await second).handled
    assert await house.deliver() == []


async def test_a_week_is_claimed_once_and_the_transaction_goes_on(house: House, main: TestRoom) -> None:
    number = await room_id(house, main)
    for expected in (True, False):
        async with house.database.begin() as tx:
            row = Digest(room_id=number, week="2026-W46", since=NEXT_MONDAY - A_WEEK, until=NEXT_MONDAY)
            assert await claim(tx, row) is expected
            assert await tx.scalar(select(Room.id)) == number
    assert len(await stored(house)) == 1


async def test_a_crash_before_the_end_leaves_nothing_and_the_next_try_sends_it_once(
    house: House, main: TestRoom
) -> None:
    await add_item(house, main, "Leitfaden")
    with failing_commits(house):
        await house.dispatcher.fire_next(NEXT_MONDAY)
    assert (await stored(house), await house.deliver()) == ([], [])
    assert await planned(house) == [NEXT_MONDAY]
    house.now = NEXT_MONDAY
    answer = await house.sleep(hours=1)
    assert [one.key for one in answer.sent] == ["digest"]
    assert (await stored(house))[0].until == NEXT_MONDAY


@contextmanager
def failing_commits(house: House) -> Iterator[None]:
    """Let the first commit fail, after all work was done."""
    left = [True]

    def fail(_: object) -> None:
        if left:
            left.clear()
            raise RuntimeError("the power went off")

    event.listen(house.database.engine.sync_engine, "commit", fail)
    yield
    event.remove(house.database.engine.sync_engine, "commit", fail)


# -- who plans it


async def test_upkeep_plans_each_receiving_room_once(house: House) -> None:
    await house.room("UAG1")
    assert not (await house.dispatcher.upkeep(house.now)).handled
    await house.room("INI", kind=RoomKind.MAIN)
    await house.room("KO", kind=RoomKind.COORDINATORS)
    outcome = await house.dispatcher.upkeep(house.now)
    assert (outcome.handled, outcome.next_due) == (True, NEXT_MONDAY)
    before = await house.dump()
    assert not (await house.dispatcher.upkeep(house.now + A_DAY)).handled
    assert await house.dump() == before
    assert await planned(house) == [NEXT_MONDAY, NEXT_MONDAY]


async def test_a_room_that_becomes_the_main_room_gets_its_digest(house: House) -> None:
    room = await house.room(None, kind=RoomKind.PLAIN, powers={"Anna": 100})
    await room.says('!gruppe einrichten INI "Initiative" art=haupt')
    await house.dispatcher.upkeep(house.now)
    await room.says('!umfrage "Wo tagen wir?" Halle Stendal bis=Mittwoch')
    assert "INI Initiative" in (await house.sleep_until(NEXT_MONDAY)).of("digest").text


@pytest.mark.usefixtures("main")
async def test_upkeep_costs_one_query_when_nothing_is_missing_and_leaves_what_is_late(house: House) -> None:
    with counted(house) as queries:
        await house.dispatcher.upkeep(NEXT_MONDAY + 9 * A_DAY)
    assert len(queries) == 1
    assert await planned(house) == [NEXT_MONDAY]


async def test_another_day_in_the_configuration_moves_what_is_planned(house: House, main: TestRoom) -> None:
    await add_item(house, main, "Leitfaden", created_at=NEXT_MONDAY - A_DAY)
    house.setup = replace(house.setup, digest_day=2, digest_time="16:30")
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    assert (await house.sleep_until(NEXT_MONDAY)).sent == []  # also where nobody has looked for what is missing
    wednesday = datetime(2026, 11, 11, 15, 30, tzinfo=UTC)
    assert await planned(house) == [wednesday]
    house.setup = replace(house.setup, digest_day=1, digest_time="07:00")
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    await house.dispatcher.upkeep(house.now)
    assert await planned(house) == [datetime(2026, 11, 10, 6, tzinfo=UTC)]
    assert (await house.sleep_until(wednesday)).message.text.startswith("Wochenbericht 3.–9. November 2026")


# -- shown on request


async def test_everybody_can_see_the_last_seven_days_at_any_time(house: House, main: TestRoom, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    await add_item(house, room, "Leitfaden")
    await add_item(house, other, "Fahrplan")
    await add_item(house, other, "Vergangenes", created_at=house.now - A_WEEK)
    before = await house.dump()
    everything = await main.says("!wochenbericht", who="Bodo")
    assert everything.text.startswith("Wochenbericht 26. Oktober – 2. November 2026\n\nUAG1 Bürger-Apps")
    assert ("A1 Leitfaden" in everything.text, "A2 Fahrplan" in everything.text) == (True, True)
    assert "Vergangenes" not in everything.text
    own = await room.says("!digest")
    assert ("A1 Leitfaden" in own.text, "A2 Fahrplan" in own.text) == (True, False)
    assert own.message.content["m.relates_to"] == {"m.in_reply_to": {"event_id": own.event_id}}
    assert await house.dump() == before


async def test_in_a_direct_chat_it_shows_the_groups_that_one_is_a_member_of(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Dieter", title="Mobilität")
    await add_item(house, room, "Leitfaden")
    await add_item(house, other, "Fahrplan")
    chat = await house.room(None, "Dieter", kind=RoomKind.DIRECT, title="")
    assert "UAG2 Mobilität" in (await chat.says("!wochenbericht", who="Dieter")).text
    assert "Leitfaden" not in (await chat.says("wochenbericht", who="Dieter")).text
    nobodys = await house.room(None, "Edith", kind=RoomKind.DIRECT, title="")
    assert "noch in keiner Arbeitsgruppe Mitglied" in (await nobodys.says("!wochenbericht", who="Edith")).text


async def test_a_quiet_week_is_told_in_one_sentence(house: House, room: TestRoom) -> None:
    assert (await room.says("!wochenbericht")).text == (
        "Wochenbericht 26. Oktober – 2. November 2026: In dieser Zeit ist nichts geschehen, "
        "und in den nächsten zwei Wochen steht nichts an."
    )
    english = await house.room("UAG2", title="Mobility", language="en")
    assert "nothing happened in this time" in (await english.says("!digest")).text


@pytest.mark.parametrize(
    ("text", "said"),
    [("!wochenbericht alle", "So geht es: `!wochenbericht`"), ("!wochnbericht", "Meinten Sie `!wochenbericht`")],
)
async def test_bad_input_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_a_room_that_is_no_group_is_told_how_to_become_one(house: House) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN)
    assert "noch keine Arbeitsgruppe" in (await plain.says("!wochenbericht")).text


# -- what it costs


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


async def test_the_number_of_queries_does_not_grow_with_groups_or_items(house: House, main: TestRoom) -> None:
    async def queries_for(event_id: str) -> int:
        message = Message("text", event_id, main.id, user("Anna"), house.now, text="!wochenbericht")
        with counted(house) as queries:
            await house.dispatcher.handle(message, house.now)
        return len(queries)

    await fill(house, main, 1)
    few = await queries_for("$few")
    for number in range(1, 5):
        await fill(house, await house.room(f"UAG{number}"), 4)
    assert await queries_for("$many") == few
    assert few <= 25


async def fill(house: House, room: TestRoom, count: int) -> None:
    for number in range(count):
        await room.says(f'!umfrage "Frage {number}?" Ja Nein')
        await add_item(house, room, f"Neu {number}", "Anna", "Bodo")
        await add_item(house, room, f"Alt {number}", "Carla", due_on=date(2026, 10, 1))
        await add_item(house, room, f"Blockiert {number}", state=ActionState.BLOCKED)
        name = f"{room.id}-{number}"
        await add_meeting(house, room, name, house.now + number * HOUR)


async def test_what_the_coordinators_do_among_themselves_stays_in_their_room(house: House) -> None:
    main = await house.room("MAIN", kind=RoomKind.MAIN, title="Initiative")
    coordinators = await house.room("KO", kind=RoomKind.COORDINATORS, title="Koordination")
    await coordinators.says('!umfrage "Wer moderiert?" Anna Bodo')
    assert "Wer moderiert?" in (await coordinators.says("!wochenbericht")).text
    assert "Wer moderiert?" not in (await main.says("!wochenbericht")).text
