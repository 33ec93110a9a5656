"""What uagbot promises about the pinned list of dates (M5)."""

from datetime import timedelta

from storage.rooms import RoomKind
from tests.handlers.house import BOT, Answer, House, TestRoom
from tests.handlers.meeting_rows import DECEMBER_8, ONCE, SERIES, due_times

LIST = "meeting-pinned"


def lists(answer: Answer, room: TestRoom) -> list[str]:
    """Return the lists that were posted or edited in a room."""
    return [one.text for one in answer.sent if (one.key, one.room) == (LIST, room.id)]


def pins(answer: Answer) -> list[tuple[str | None, str | None]]:
    """Return what was pinned and unpinned: how, and which message."""
    return [(one.relation, one.edits) for one in answer.sent if one.type == "m.room.pinned_events"]


async def test_a_pinned_list_is_edited_whenever_dates_change_or_pass(house: House) -> None:
    room = await house.room(powers={"Anna": 100, BOT: 50})
    await room.says(ONCE)
    pinned = await room.says("!termine anheften")
    posted = pinned.message
    assert posted.text == (
        "Die nächsten Termine\n\n- Di., 8. Dez., 10:00 Uhr: Workshop, Stadthaus Halle (Saale) · UAG1-2026-12-08\n\n"
        "Diese Liste bleibt aktuell. Alle Termine: `!termine`"
    )
    assert pins(pinned) == [("pin", posted.event_id)]
    assert await due_times(house, "meeting list") == [DECEMBER_8 + timedelta(minutes=90)]
    for text, shown in (
        ('!treffen einmalig 9.12. 10:00 "Klausur"', ": Klausur · UAG1-2026-12-09"),
        ("!treffen verschieben 9.12. auf 10.12.", "- Do., 10. Dez., 10:00 Uhr: Klausur"),
        ("!treffen ändern 10.12. titel=Klausurtag", ": Klausurtag (statt"),
        ("!treffen absagen 10.12. Sturm", ": Klausurtag – abgesagt: Sturm"),
        (SERIES, "- Mi., 4. Nov., 10:00 Uhr: UAG-Treffen"),
    ):
        answer = await room.says(text)
        (edit,) = [one for one in answer.sent if one.key == LIST]
        assert (edit.relation, edit.edits) == ("m.replace", posted.event_id)
        assert shown in edit.text, text
        assert len(await due_times(house, "meeting list")) == 1
    assert "UAG-Treffen" not in lists(await room.says("!treffen ende"), room)[0]
    passing = await house.sleep_until(DECEMBER_8 + timedelta(days=3))
    assert [len(text.split("\n- ")) - 1 for text in lists(passing, room)] == [1, 0]
    assert "Zurzeit steht kein Termin an." in lists(passing, room)[-1]
    assert await due_times(house, "meeting list") == []


async def test_the_main_room_pins_the_dates_of_all_groups(house: House, room: TestRoom) -> None:
    main = await house.room("INI", kind=RoomKind.MAIN, title="Initiative", powers={"Anna": 100})
    other = await house.room("UAG2", title="Mobilität", powers={"Anna": 100})
    await main.says("!termine anheften")
    assert "Workshop, Stadthaus Halle (Saale) · UAG1" in lists(await room.says(ONCE), main)[0]
    answer = await other.says(SERIES)
    assert "- Mi., 4. Nov., 10:00 Uhr: UAG-Treffen · UAG2" in lists(answer, main)[0]
    assert lists(answer, other) == []
    assert len(lists(await house.sleep(days=3), main)) >= 1


async def test_a_bot_that_may_not_pin_asks_for_it_and_keeps_the_list_up_to_date(room: TestRoom) -> None:
    pinned = await room.says("!termine anheften")
    assert [one.key for one in pinned.messages] == [LIST, "meeting-pin-by-hand"]
    assert "Bitte heften Sie die Liste selbst an" in pinned.messages[1].text
    assert "Workshop" in lists(await room.says(ONCE), room)[0]


async def test_an_unpinned_list_says_that_it_is_old_and_changes_no_more(house: House, room: TestRoom) -> None:
    first = (await room.says("!termine anheften")).messages[0]
    again = await room.says("!termine anheften")
    second = next(one for one in again.messages if one.key == LIST)
    assert pins(again) == [("unpin", first.event_id), ("pin", second.event_id)]
    old = next(one for one in again.sent if one.relation == "m.replace")
    assert (old.edits, "wird nicht mehr aktualisiert" in old.text) == (first.event_id, True)
    unpinned = await room.says("!termine loslösen")
    assert unpinned.reactions == ["✅"]
    assert pins(unpinned) == [("unpin", second.event_id)]
    assert lists(await room.says(ONCE), room) == []
    assert await due_times(house, "meeting list") == []
    assert "keine Liste der Termine angeheftet" in (await room.says("!termine loslösen")).text
    asked = await room.says("!termine anheften")
    assert pins(await room.redacts(asked.event_id)) == [("unpin", asked.messages[0].event_id)]
    assert lists(await room.says("!treffen absagen 8.12."), room) == []


async def test_only_a_chair_pins_and_english_rooms_read_english(house: House) -> None:
    room = await house.room(language="en", title="Citizen apps", powers={"Anna": 100, BOT: 100})
    assert "chair" in (await room.says("!meetings pin", who="Bodo")).text
    assert "No date is coming up at present." in (await room.says("!meetings pin")).message.text
    assert "chair" in (await room.says("!meetings unpin", who="Bodo")).text
    assert "up to date no more" in lists(await room.says("!meetings unpin"), room)[0]
    assert "To pin one: `!meetings pin`" in (await room.says("!meetings unpin")).text
