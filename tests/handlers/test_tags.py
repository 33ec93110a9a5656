"""What uagbot promises about messages of the past that somebody tags, by reply or by reaction (N3, N4)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from commands.kit.message import Message
from storage.tagged import TaggedMessage
from tests.handlers.house import House, TestRoom, user
from tests.handlers.session_rows import approve, lines, present, sessions, texts

CHAT = "Der Server steht jetzt in Halle: https://www.example.org/server"


@pytest.fixture
async def session(room: TestRoom) -> TestRoom:
    """Give the group's room while a session runs."""
    await room.says("!sitzung start")
    return room


async def test_a_reply_without_words_and_a_reaction_take_the_words_of_the_message(
    house: House, session: TestRoom
) -> None:
    chat = await session.says(CHAT, who="Carla")
    await house.sleep(minutes=5)
    tagged = await session.says("!info", who="Bodo", reply_to=chat.event_id)
    assert (tagged.reactions, tagged.messages) == (["✅"], [])
    assert tagged.sent[0].content["m.relates_to"]["event_id"] == tagged.event_id
    light = await session.reacts(chat.event_id, "💡", who="Bodo")
    assert light.sent[0].content["m.relates_to"] == {
        "rel_type": "m.annotation",
        "event_id": chat.event_id,
        "key": "✅",
    }
    await session.reacts(chat.event_id, "🔗", who="Anna")
    assert await texts(house) == [
        ("info", CHAT),
        ("idea", CHAT),
        ("link", "https://www.example.org/server Der Server steht jetzt in Halle:"),
    ]
    first = (await lines(house))[0]
    assert (first.by, first.at) == (user("Carla"), house.now - timedelta(minutes=5))
    assert (first.event_id, first.source_event_id) == (tagged.event_id, chat.event_id)
    assert [one for one, _ in await present(house)] == [user("Anna"), user("Carla"), user("Bodo")]
    again = await session.reacts(chat.event_id, "📌", who="Anna")
    await session.redacts(again.event_id, who="Anna")
    assert len(await lines(house)) == 3


async def test_a_tag_that_is_taken_back_takes_its_line_back(house: House, session: TestRoom) -> None:
    chat = await session.says(CHAT, who="Carla")
    pin = await session.reacts(chat.event_id, "📌", who="Bodo")
    command = await session.says("!idee", who="Bodo", reply_to=chat.event_id)
    assert len(await lines(house)) == 2
    await session.redacts(pin.event_id, who="Bodo")
    await session.redacts(command.event_id, who="Bodo")
    assert await lines(house) == []
    await session.reacts(chat.event_id, "📌", who="Anna")
    await house.sleep(minutes=1)
    await session.says("!info Danach")
    await house.sleep(minutes=1)
    late = await session.reacts(chat.event_id, "💡", who="Bodo")
    assert "Idee" in (await session.says("!zurück", who="Bodo")).text  # what was tagged last, not what was said last
    await session.redacts(late.event_id, who="Bodo")
    assert await texts(house) == [("info", CHAT), ("info", "Danach")]


async def test_a_tag_taken_back_before_its_message_was_read_makes_nothing(house: House, session: TestRoom) -> None:
    chat = await session.says(CHAT, who="Carla")
    said: dict[str, Any] = {"room": session.id, "sender": user("Bodo"), "at": house.now}
    for way in (
        Message("reaction", "$pin", text="📌", relates_to=chat.event_id, **said),
        Message("text", "$idea", text="!idee", relates_to=chat.event_id, **said),
    ):
        await house.dispatcher.handle(way, house.now)  # and the server is not asked yet
        async with house.database.begin() as tx:
            assert (await tx.scalars(select(TaggedMessage.event_id))).all() == [way.event_id]
        await house.dispatcher.handle(
            Message("redaction", f"{way.event_id}-", relates_to=way.event_id, **said), house.now
        )
    assert (await house.sleep(minutes=5)).sent == []
    assert await lines(house) == []


async def test_edits_and_deletions_of_a_tagged_message_change_the_minutes_until_they_are_approved(
    house: House, session: TestRoom
) -> None:
    chat = await session.says("Der Server steht in Hale", who="Carla")
    await session.reacts(chat.event_id, "📌")
    await session.says("!idee", reply_to=chat.event_id)
    corrected = await session.edits(chat.event_id, "Der Server steht in Halle", who="Carla")
    assert set(corrected.reactions) == {"✏️"}
    assert (await session.edits(chat.event_id, "Etwas anderes", who="Bodo")).sent == []
    assert await texts(house) == [("info", "Der Server steht in Halle"), ("idea", "Der Server steht in Halle")]
    other = await session.says("Wird gelöscht", who="Carla")
    await session.reacts(other.event_id, "📌")
    assert len(await lines(house)) == 3
    assert (await session.redacts(other.event_id, who="Carla")).sent == []
    assert len(await lines(house)) == 2
    await session.says("!sitzung ende")
    await session.edits(chat.event_id, "Der Server steht in Halle (Saale)", who="Carla")
    assert (await texts(house))[0] == ("info", "Der Server steht in Halle (Saale)")
    await approve(house)
    assert (await session.edits(chat.event_id, "Der Server ist fort", who="Carla")).sent == []
    assert (await session.redacts(chat.event_id, who="Carla")).sent == []
    assert (await texts(house))[0] == ("info", "Der Server steht in Halle (Saale)")


async def test_a_message_belongs_to_the_session_that_it_was_said_in(house: House, room: TestRoom) -> None:
    before = await room.says("Vor der Sitzung", who="Carla")
    assert (await room.reacts(before.event_id, "📌")).sent == []
    assert "keine Sitzung" in (await room.says("!info", reply_to=before.event_id)).text
    await house.sleep(minutes=1)
    await room.says("!sitzung start")
    await house.sleep(minutes=1)
    during = await room.says("In der Sitzung", who="Carla")
    await room.reacts(before.event_id, "📌", who="Bodo")
    (line,) = await lines(house)
    assert (line.at, line.by) == (house.now, user("Carla"))  # said before it began: it stands where it was tagged
    assert user("Carla") not in [one for one, _ in await present(house)]
    await room.says("!sitzung ende")
    await house.sleep(minutes=1)

    after = await room.says("Nach der Sitzung", who="Carla")
    assert (await room.reacts(after.event_id, "📌")).sent == []
    outside = await room.says("!info", reply_to=after.event_id)
    assert outside.text.startswith("Die Nachricht, die Anna markiert hat, gehört zu keiner Sitzung")
    assert (await room.says("!idee", reply_to=during.event_id)).reactions == ["✅"]
    worded = await room.says("!info Mit eigenen Worten", who="Bodo", reply_to=during.event_id)
    assert worded.reactions == ["✅"]
    assert (await room.edits(worded.event_id, "!info Mit besseren Worten", who="Bodo")).reactions == ["✏️"]
    assert {one.text: one.by for one in await lines(house)} == {
        "Vor der Sitzung": user("Carla"),
        "In der Sitzung": user("Carla"),
        "Mit besseren Worten": user("Bodo"),
    }
    await house.sleep(minutes=1)
    await room.says("!sitzung start")
    await room.reacts(during.event_id, "🔗")
    await room.reacts(during.event_id, "📌")
    assert len(await sessions(house)) == 2
    assert len(await lines(house, 0)) == 4
    assert await lines(house, 1) == []
    await approve(house, 0)
    assert (await room.reacts(during.event_id, "💡")).reactions == ["✅"]
    assert await texts(house, 1) == [("idea", "In der Sitzung")]


async def test_what_cannot_be_read_or_holds_no_link_is_said_in_one_line(house: House, session: TestRoom) -> None:
    lost = await session.says("Verschlüsselt", who="Carla")
    house.on_server.pop(lost.event_id)
    unreadable = "Die Nachricht, die Bodo markiert hat, kann ich nicht lesen; im Protokoll steht sie nicht."
    assert (await session.reacts(lost.event_id, "📌", who="Bodo")).sent == []
    assert (await house.sleep(minutes=1)).message.text.startswith(unreadable)
    await session.says("!info", who="Bodo", reply_to=lost.event_id)
    assert (await house.sleep(minutes=1)).message.text.startswith(unreadable)
    plain = await session.says("Ganz ohne", who="Carla")
    assert "ist kein Link" in (await session.reacts(plain.event_id, "🔗")).message.text
    own = await session.says("!thema Server")
    assert "Was soll ins Protokoll?" in (await session.says("!info", reply_to=own.message.event_id)).text
    assert "Was soll ins Protokoll?" in (await session.says("!info", reply_to=own.event_id)).text
    assert (await session.reacts(own.event_id, "📌")).sent == []
    long = await session.says("Sehr viel " * 400, who="Carla")
    await session.reacts(long.event_id, "📌")
    assert [len(text) for _, text in await texts(house)] == [6, 1000]
