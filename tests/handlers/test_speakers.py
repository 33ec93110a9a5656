"""What uagbot promises about the list of speakers (N5)."""

from tests.handlers.house import House, TestRoom, user
from tests.handlers.session_rows import present

HINT = "Melden: ✋ auf diese Nachricht oder `!wort` · zurückziehen: `!wort zurück`"


async def test_the_list_is_one_message_that_is_edited_in_place(house: House, room: TestRoom) -> None:
    await room.says("!sitzung start")
    first = await room.says("!wort", who="Bodo")
    assert first.message.text == f"Redeliste\n\n1. Bodo\n\n{HINT}"
    assert first.message.mentions == []
    assert "an Stelle 1" in (await room.says("!wort", who="Bodo")).text
    await house.sleep(minutes=1)
    second = await room.says("!wort", who="Carla")
    assert (second.reactions, second.messages) == (["✅"], [])
    assert (second.of("speaker-queue").edits, second.of("speaker-queue").text) == (
        first.message.event_id,
        f"Redeliste\n\n1. Bodo\n2. Carla\n\n{HINT}",
    )
    await house.sleep(minutes=1)
    raised = await room.reacts(first.message.event_id, "🙋")
    assert "3. Anna" in raised.of("speaker-queue").text
    assert (await room.reacts(first.message.event_id, "✋🏿", who="Carla")).messages == []
    given = await room.says("!wort an @carla")
    assert given.message.text == "Das Wort hat Carla."
    assert given.message.mentions == [user("Carla")]
    assert f"1. Bodo\n2. Anna\n\n{HINT}" in given.of("speaker-queue").text
    assert "1. Anna" in (await room.redacts(first.event_id, who="Bodo")).of("speaker-queue").text
    assert (await room.says("!wort weiter")).message.text == "Das Wort hat Anna."
    assert (await room.redacts(raised.event_id)).sent == []  # she has spoken
    empty = (await room.says("!wort liste")).message
    assert empty.text == f"Redeliste\nGerade will niemand sprechen.\n{HINT}"
    by_hand = await room.reacts(empty.event_id, "✋", who="Bodo")
    assert by_hand.of("speaker-queue").edits == empty.event_id
    assert "niemand" in (await room.redacts(by_hand.event_id, who="Bodo")).of("speaker-queue").text
    assert {one for one, _ in await present(house)} == {user(one) for one in ("Anna", "Bodo", "Carla")}


async def test_what_does_not_count_says_what_to_type(room: TestRoom) -> None:
    started = (await room.says("!sitzung start")).message.event_id
    assert (await room.says("!wort zurück")).text == "Sie stehen nicht auf der Redeliste. Melden: `!wort`"
    assert (await room.says("!wort weiter")).text == "Auf der Redeliste steht niemand. Das Wort geben: `!wort an @name`"
    assert "`!wort an @bodo:localhost`" in (await room.says("!wort an @bodo @carla")).text
    assert "nur die Leitung" in (await room.says("!wort an @bodo", who="Bodo")).text
    assert "heißt niemand" in (await room.says("!wort an @emil")).text
    assert (await room.reacts(started, "✋", who="Bodo")).message.text.startswith("Redeliste\n\n1. Bodo")
    withdrawn = await room.says("!wort zurück", who="Bodo")
    assert (withdrawn.reactions, withdrawn.messages) == (["✅"], [])
    assert (await room.says("!wort an carla")).message.text == "Das Wort hat Carla."  # who had not asked for it
    ended = (await room.says("!sitzung ende")).of("session-ended")
    assert (await room.reacts(ended.event_id, "✋", who="Bodo")).sent == []
