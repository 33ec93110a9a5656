"""What uagbot promises about resolutions in the weekly digest."""

import pytest

from tests.handlers.house import House, TestRoom
from tests.handlers.resolution_rows import seat


@pytest.mark.parametrize("who", ["gruppe", "haupt"])
async def test_the_digest_tells_what_was_resolved(room: TestRoom, main: TestRoom, who: str) -> None:
    made = await room.says('!beschluss "Der Leitfaden gilt ab Januar"')
    await room.says('!abgelehnt "Ein eigener Server"')
    await room.says('!vertagt "Die Wahl der Sprecherin"')
    gone = await room.says('!beschluss "Ein Irrtum"')
    await room.redacts(gone.event_id)
    await room.says('!umlauf "Wir treten dem Netzwerk bei" bis="5 Arbeitstage"')
    answer = await (room if who == "gruppe" else main).says("!wochenbericht")
    assert (
        "- Entschieden\n"
        "  - B-2026-001 Der Leitfaden gilt ab Januar – beschlossen\n"
        "  - B-2026-002 Ein eigener Server – abgelehnt\n"
        "  - B-2026-003 Die Wahl der Sprecherin – vertagt"
    ) in answer.text
    assert "Irrtum" not in answer.text
    assert "Netzwerk" not in answer.text
    assert f'<a href="https://matrix.to/#/{room.id}/{made.event_id}">B-2026-001</a>' in answer.message.html


async def test_a_circulation_stands_in_the_digest_of_the_week_in_which_it_ended(
    house: House, room: TestRoom, main: TestRoom
) -> None:
    await seat(house, "Bodo", "Stendal")
    await room.says('!umlauf "Wir treten dem Netzwerk bei" bis="3 Arbeitstage"')
    await room.says('!umlauf "Ein neues Logo" bis="8 Arbeitstage"')
    await room.says('!einwand B-2 "Zu bunt"', who="Bodo")
    first, second = [
        one.text for one in (await house.sleep(days=14)).messages if one.room == main.id and one.key == "digest"
    ]
    assert "B-2026-001 Wir treten dem Netzwerk bei – beschlossen" in first
    assert "B-2026-002" not in first
    assert "B-2026-002 Ein neues Logo – nicht zustande gekommen" in second
    assert "B-2026-001" not in second


async def test_many_resolutions_are_cut(room: TestRoom) -> None:
    for number in range(8):
        await room.says(f'!beschluss "Schritt {number}"')
    text = (await room.says("!wochenbericht")).text
    assert text.count("– beschlossen") == 5
    assert "und 3 weitere Beschlüsse" in text


async def test_the_digest_speaks_english(house: House) -> None:
    room = await house.room(language="en", powers={"Anna": 50})
    await room.says('!rejected "A server of our own"')
    assert "- Decided\n  - B-2026-001 A server of our own – rejected" in (await room.says("!digest")).text
