"""What uagbot promises about the preview, highlights, holding and releasing the digest (D3)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commands.capabilities import CAPABILITIES
from commands.digests.previewing import PREVIEW
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Message
from storage.rooms import RoomKind
from tests.handlers.digest_rows import A_DAY, A_WEEK, FRIDAY, HOUR, NEXT_MONDAY, add_item, planned, stored
from tests.handlers.house import Answer, House, TestRoom, user

A_MOMENT = timedelta(microseconds=1)


@pytest.fixture
async def planned_main(house: House, main: TestRoom, coordination: TestRoom) -> TestRoom:
    """Give the main room, where the coordinators' room knows of its digest too."""
    assert coordination.id
    await house.dispatcher.upkeep(house.now)
    return main


def keys(answer: Answer, room: TestRoom) -> list[str]:
    """Return what was said in a room, without edits."""
    return [one.key for one in answer.messages if one.room == room.id]


def edit_of(answer: Answer, key: str) -> str:
    """Return how a message reads after its edit."""
    return next(one.text for one in reversed(answer.sent) if one.key == key and one.relation == "m.replace")


# -- the preview


async def test_coordinators_see_the_digest_of_the_main_room_on_the_working_day_before_and_once(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    await add_item(house, coordination, "Unter uns")
    draft, state = (await house.sleep_until(FRIDAY)).messages
    assert {draft.room, state.room} == {coordination.id}
    assert "A1 Leitfaden" in draft.text
    assert "Unter uns" not in draft.text
    assert draft.text.startswith("Vorschau, Stand jetzt:\n\nWochenbericht 2.–8. November 2026")
    assert state.text.startswith("Dieser Wochenbericht geht am Montag, 9. November 2026, 08:00 Uhr an INI Initiative.")
    assert (draft.mentions, state.mentions) == ([], [])
    answer = await house.sleep_until(NEXT_MONDAY)
    assert keys(answer, planned_main) == ["digest"]
    assert edit_of(answer, "digest-preview") == "Dieser Wochenbericht ist an INI Initiative gegangen."
    assert await planned(house, PREVIEW) == [FRIDAY + A_WEEK]


@pytest.mark.usefixtures("planned_main")
async def test_a_preview_that_is_late_comes_only_before_the_digest_itself(house: House, coordination: TestRoom) -> None:
    assert keys(await house.sleep_until(NEXT_MONDAY - HOUR, away=True), coordination) == [
        "digest-draft-empty",
        "digest-preview",
    ]
    assert keys(await house.sleep_until(NEXT_MONDAY + A_WEEK + HOUR, away=True), coordination) == []
    assert await planned(house, PREVIEW) == [FRIDAY + 2 * A_WEEK]


@pytest.mark.usefixtures("planned_main")
async def test_the_preview_moves_with_the_settings_and_can_be_switched_off(house: House) -> None:
    for changed, at in (
        ({"digest_preview": timedelta(hours=1)}, NEXT_MONDAY - HOUR),
        ({"digest_day": 2, "digest_preview": timedelta(hours=18)}, datetime(2026, 11, 3, 13, tzinfo=UTC)),
        ({"digest_preview": None}, None),
    ):
        house.setup = replace(house.setup, **changed)
        house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
        await house.dispatcher.upkeep(house.now)
        assert await planned(house, PREVIEW) == ([at] if at else [datetime(2026, 11, 3, 13, tzinfo=UTC)])
    assert "digest-preview" not in [one.key for one in (await house.sleep(days=3)).sent]
    assert await planned(house, PREVIEW) == []


async def test_only_coordinators_see_and_change_what_is_not_sent_and_not_in_rooms_of_others(
    house: House, planned_main: TestRoom, room: TestRoom
) -> None:
    chat = await house.room(None, "Carla", kind=RoomKind.DIRECT, language="en")
    before = await house.dump()
    for text in ("!wochenbericht vorschau", "!wochenbericht anhalten", '!highlight "Neu"', "!highlights"):
        assert (await planned_main.says(text, who="Bodo")).message.key == "role-needed"
        assert (await room.says(text, who="Carla")).message.key == "digest-not-here"
    assert await house.dump() == before
    assert (await chat.says("digest preview", who="Carla")).messages[-1].text.startswith("This digest goes to INI")


async def test_without_a_coordinators_or_a_main_room_all_goes_as_before(house: House, room: TestRoom) -> None:
    house.setup = replace(house.setup, coordinators=frozenset({user("Carla")}))
    house.dispatcher = Dispatcher(house.database, house.setup, CAPABILITIES)
    chat = await house.room(None, "Carla", kind=RoomKind.DIRECT)
    assert (await chat.says("!wochenbericht anhalten", who="Carla")).message.key == "digest-no-main"
    main = await house.room("INI", kind=RoomKind.MAIN)
    await house.dispatcher.upkeep(house.now)
    await add_item(house, room, "Leitfaden")
    assert keys(await house.sleep_until(NEXT_MONDAY), main) == ["digest"]


# -- highlights


async def test_a_highlight_is_shown_changed_and_taken_back_until_it_was_sent(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    await house.sleep_until(FRIDAY)
    said = await coordination.says('!highlight "Das Land <b>fördert</b>"', who="Carla")
    assert "vom Montag, 9. November 2026, 08:00 Uhr: „Das Land <b>fördert</b>“" in said.message.text
    assert "Am Anfang steht:\n\n- Das Land <b>fördert</b>" in edit_of(said, "digest-preview")
    changed = await coordination.edits(said.event_id, '!highlight "Das Land fördert"', who="Carla")
    assert changed.reactions == ["✏️"]
    assert "- Das Land fördert\n" in edit_of(changed, "digest-preview")
    second = await coordination.says("!hervorheben Noch etwas", who="Gerda")
    listed = (await coordination.says("!highlights", who="Gerda")).message.text
    assert "- Das Land fördert (Carla)\n- Noch etwas (Gerda)\n\nNoch 3 Sätze" in listed
    assert "Noch etwas" not in edit_of(await coordination.redacts(second.event_id, who="Gerda"), "digest-preview")
    sent = [one for one in (await house.sleep_until(NEXT_MONDAY)).messages if one.key == "digest"]
    assert [one.room for one in sent] == [planned_main.id, coordination.id]
    assert all("Das Wichtigste\n\n- Das Land fördert\n\nUAG1" in one.text for one in sent)
    late = await coordination.edits(said.event_id, '!highlight "Zu spät"', who="Carla")
    assert late.message.key == "highlight-sent"
    assert (await coordination.redacts(said.event_id, who="Carla")).message.key == "highlight-sent"
    assert "noch nichts" in (await coordination.says("!highlights", who="Carla")).message.text


async def test_the_main_room_reads_a_highlight_only_when_it_was_sent(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    await house.sleep_until(FRIDAY)
    await coordination.says('!highlight "Das Land fördert"', who="Carla")
    assert "Das Land fördert" in (await coordination.says("!wochenbericht", who="Carla")).message.text
    assert "Das Land fördert" not in (await planned_main.says("!wochenbericht")).message.text
    await house.sleep_until(NEXT_MONDAY)
    assert "Das Land fördert" in (await planned_main.says("!wochenbericht")).message.text


@pytest.mark.usefixtures("planned_main")
async def test_highlights_are_few_and_short(house: House, coordination: TestRoom) -> None:
    for text, key in (('!highlight ""', "highlight-empty"), (f"!highlight {'x' * 201}", "highlight-too-long")):
        assert (await coordination.says(text, who="Carla")).message.key == key
    for number in range(5):
        assert (await coordination.says(f"!highlight Nummer {number}", who="Carla")).messages[
            0
        ].key == "highlight-added"
    before = await house.dump()
    assert (await coordination.says("!highlight Nummer 5", who="Carla")).message.key == "highlight-enough"
    assert await house.dump() == before


# -- holding and releasing


async def test_what_is_held_waits_until_it_is_released_and_is_then_sent_once(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    await house.sleep_until(FRIDAY)
    held = await coordination.says("!wochenbericht anhalten", who="Carla")
    assert held.message.text.startswith("Carla hat den Wochenbericht angehalten: Er geht am Montag, 9. November")
    assert edit_of(held, "digest-preview").startswith("Angehalten von Carla")
    assert (await coordination.says("!wochenbericht anhalten", who="Gerda")).message.key == "digest-is-held"
    due = await house.sleep_until(NEXT_MONDAY)
    assert (keys(due, planned_main), keys(due, coordination)) == ([], ["digest-waits", "digest"])
    assert due.of("digest-waits").mentions == [user("Carla")]
    await house.sleep(hours=1)
    await coordination.says('!highlight "Spät, aber wichtig"', who="Gerda")
    await add_item(house, room, "Zu spät", created_at=NEXT_MONDAY + HOUR)
    freed = await coordination.says("!wochenbericht freigeben", who="Gerda")
    digest = next(one for one in freed.messages if one.room == planned_main.id)
    assert digest.text.startswith("Wochenbericht 2.–8. November 2026")
    assert digest.text.endswith(
        "Stand: Montag, 9. November 2026, 08:00 Uhr; freigegeben am Montag, 9. November 2026, 09:00 Uhr."
    )
    assert "Das Wichtigste\n\n- Spät, aber wichtig\n\nUAG1" in digest.text
    assert ("Leitfaden" in digest.text, "Zu spät" in digest.text, "Verspätet" in digest.text) == (True, False, False)
    assert edit_of(freed, "digest-waits").endswith("ist er an INI Initiative gegangen.")
    again = await coordination.says("!wochenbericht freigeben", who="Gerda")
    assert "nicht angehalten: Er geht am Montag, 16. November 2026" in again.message.text
    following = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    text = next(one.text for one in following.messages if one.room == planned_main.id)
    assert ("A2 Zu spät" in text, "Das Wichtigste" in text) == (True, False)
    mine = [one for one in await stored(house) if one.room_id == 1]
    assert [(one.since, one.until) for one in mine] == [
        (NEXT_MONDAY - A_WEEK, NEXT_MONDAY),
        (NEXT_MONDAY, NEXT_MONDAY + A_WEEK),
    ]


async def test_what_is_released_in_time_goes_at_its_time(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    shown = (await house.sleep_until(FRIDAY)).of("digest-preview").event_id
    held = await coordination.reacts(shown, "⏸️", who="Carla")
    assert (keys(held, coordination), edit_of(held, "digest-preview")[:10]) == ([], "Angehalten")
    freed = await coordination.says("!wochenbericht freigeben", who="Gerda")
    assert freed.message.text.endswith("Er geht am Montag, 9. November 2026, 08:00 Uhr an INI Initiative.")
    sent = await house.sleep_until(NEXT_MONDAY)
    assert keys(sent, planned_main) == ["digest"]
    assert (await coordination.reacts(shown, "⏸", who="Carla")).message.key == "digest-is-sent"
    assert (await coordination.reacts(shown, "▶️", who="Carla")).message.key == "digest-is-sent"


async def test_taking_a_button_back_undoes_what_it_did_and_nothing_else(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    shown = (await house.sleep_until(FRIDAY)).of("digest-preview").event_id
    first = await coordination.reacts(shown, "⏸️", who="Carla")
    await house.sleep(minutes=1)
    freed = await coordination.reacts(shown, "▶️", who="Carla")
    await house.sleep(minutes=1)
    assert edit_of(await coordination.redacts(freed.event_id), "digest-preview").startswith("Angehalten von Carla")
    freed = await coordination.reacts(shown, "▶️", who="Gerda")
    await house.sleep(minutes=1)
    await coordination.says("!wochenbericht anhalten", who="Gerda")
    assert (await coordination.redacts(first.event_id, who="Carla")).sent == []  # Gerda holds it now
    assert (await coordination.redacts(freed.event_id, who="Gerda")).sent == []
    waits = (await house.sleep_until(NEXT_MONDAY)).of("digest-waits")
    await house.sleep(minutes=1)
    released = await coordination.reacts(waits.event_id, "▶️", who="Carla")
    assert keys(released, planned_main) == ["digest-late"]
    assert (await coordination.redacts(released.event_id, who="Carla")).sent == []  # it is sent
    assert (await house.sleep(days=3)).sent == []


async def test_taking_back_what_held_a_digest_beyond_its_time_releases_it(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    held = await coordination.says("!wochenbericht anhalten", who="Carla")
    await house.sleep_until(NEXT_MONDAY + A_DAY)
    freed = await coordination.redacts(held.event_id, who="Carla")
    assert keys(freed, planned_main) == ["digest-late"]
    assert keys(await house.sleep_until(NEXT_MONDAY + 2 * A_DAY), planned_main) == []


async def test_a_button_is_for_coordinators(house: House, planned_main: TestRoom, coordination: TestRoom) -> None:
    shown = (await house.sleep_until(FRIDAY)).of("digest-preview").event_id
    before = await house.dump()
    assert planned_main.id
    for key in ("⏸️", "▶️"):
        assert (await coordination.reacts(shown, key, who="Fritz")).sent == []
    assert await house.dump() == before


async def test_what_is_never_released_stands_in_the_next_one(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    await coordination.says("!wochenbericht anhalten", who="Carla")
    waits = (await house.sleep_until(NEXT_MONDAY)).of("digest-waits")
    await add_item(house, room, "Plakat")
    preview = await house.sleep_until(FRIDAY + A_WEEK)
    assert "Wochenbericht 2.–15. November 2026" in preview.of("digest-draft").text
    answer = await house.sleep_until(NEXT_MONDAY + A_WEEK)
    digest = next(one for one in answer.messages if one.room == planned_main.id)
    assert digest.text.startswith("Wochenbericht 2.–15. November 2026")
    assert ("A1 Leitfaden" in digest.text, "A2 Plakat" in digest.text) == (True, True)
    assert keys(answer, coordination) == ["digest-overtaken", "digest"]
    assert edit_of(answer, "digest-waits").endswith("gegangen.")
    assert (await coordination.reacts(waits.event_id, "▶️", who="Carla")).message.key == "digest-is-sent"


async def test_what_is_released_but_empty_is_told_so(
    house: House, planned_main: TestRoom, coordination: TestRoom
) -> None:
    await coordination.says("!wochenbericht anhalten", who="Carla")
    await house.sleep_until(NEXT_MONDAY + HOUR)
    freed = await coordination.says("!wochenbericht freigeben", who="Carla")
    assert (keys(freed, planned_main), keys(freed, coordination)) == ([], ["digest-released", "digest-nothing-sent"])


async def test_two_processes_send_what_was_released_once_also_just_before_the_next_one(
    house: House, planned_main: TestRoom, coordination: TestRoom, room: TestRoom
) -> None:
    await add_item(house, room, "Leitfaden")
    await coordination.says("!wochenbericht anhalten", who="Carla")
    await house.sleep_until(NEXT_MONDAY + A_WEEK - A_DAY)
    house.now = NEXT_MONDAY + A_WEEK - A_MOMENT
    second = Dispatcher(house.database, house.setup, CAPABILITIES)
    deadlines, others = house.dispatcher.deadlines, second.deadlines
    said = Message("text", "$free", coordination.id, user("Carla"), house.now, text="!wochenbericht freigeben")
    await house.dispatcher.handle(said, house.now)
    house.now += A_MOMENT  # the next one is due too, before anything was sent
    for _ in range(4):
        await asyncio.gather(deadlines.fire_next(house.now), others.fire_next(house.now))
    sent = [one for one in await house.deliver() if one.room == planned_main.id]
    assert [one.text[:34] for one in sent] == ["Wochenbericht 2.–15. November 2026"]
    assert [one.until for one in await stored(house) if one.room_id == 1] == [NEXT_MONDAY + A_WEEK]
