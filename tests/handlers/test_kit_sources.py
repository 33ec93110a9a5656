"""What the kit promises for messages of the past, for MeetBot's words, and for those who lead a meeting."""

from typing import Any

import pytest

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Message
from commands.kit.triggers import Job
from storage.minutes import MinutesState
from tests.handlers import sample
from tests.handlers.house import House, TestRoom, user
from tests.handlers.running_meeting import begin, set_state
from tests.handlers.test_kit import heard

WORDS = "Am Marktplatz in Burg steht eine Linde"


def test_what_edits_and_redactions_find_by_name_has_a_name_of_its_own() -> None:
    found = [trigger for capability in CAPABILITIES for trigger in capability.triggers]
    names = [one.name for one in found if not isinstance(one, Job)]
    assert sorted(names) == sorted(set(names))


# -- MeetBot's words


async def test_meetbots_words_count_while_a_meeting_runs(house: House, room: TestRoom, ran: list[str]) -> None:
    chat = await room.says("#probe eins")
    assert chat.sent == []
    assert (await room.edits(chat.event_id, "#probe zwei")).sent == []
    assert (await room.says("#prob eins")).sent == []
    await begin(house, room)
    said = await room.says("#PROBE drei")
    assert said.text == "Gesagt: drei"
    assert "bearbeitete Nachricht führe ich nicht aus" in (await room.edits(chat.event_id, "#probe vier")).text
    other = await house.room("UAG2")
    assert (await other.says("#probe fünf")).sent == []
    for text in ("#prob sechs", "#probe", "# probe sieben", "#gruppe"):
        assert "Gesagt" not in (await room.says(text)).text
    await set_state(house, MinutesState.DRAFT)
    assert (await room.says("#probe acht")).sent == []
    assert (await room.edits(said.event_id, "#probe neun")).of("sample-said").text == "Gesagt: neun"
    assert (await room.says("!probe raute zehn")).text == "Gesagt: zehn"
    assert ran == ["hash drei", "hash zehn"]


async def test_the_word_that_starts_a_meeting_always_counts(house: House, room: TestRoom, ran: list[str]) -> None:
    house.dispatcher = Dispatcher(house.database, house.setup, (sample.capability(ran),))
    for text in ("#startmeeting eins", "#StartMeeting zwei"):
        assert "Gesagt" in (await room.says(text)).text
    assert (await room.says("#startmeetings drei")).sent == []
    assert ran == ["hash eins", "hash zwei"]


@pytest.mark.parametrize("text", ["!prob raut x", "!acceptd so", "!agred so", "!inconclusiv x", "!motio x"])
async def test_a_near_miss_never_means_a_word_of_meetbot(room: TestRoom, text: str) -> None:
    assert "#" not in (await room.says(text)).text


# -- reactions to what members say


async def test_a_reaction_to_a_message_reads_it_as_it_is_now(room: TestRoom, ran: list[str]) -> None:
    said = await room.says(WORDS, who="Bodo")
    await room.edits(said.event_id, "Im Park\nsteht eine Linde", who="Bodo")
    await room.edits(said.event_id, "Nirgends steht etwas", who="Carla")
    kept = await room.reacts(said.event_id, "🌳", who="Carla")
    assert kept.text == f"Gesagt: {user('Bodo')} Im Park steht eine Linde ({user('Carla')})"
    (reaction,) = [one for one in kept.sent if one.type == "m.reaction"]
    assert reaction.content["m.relates_to"] == {
        "rel_type": "m.annotation",
        "event_id": said.event_id,
        "key": "🌱",
    }
    assert (await room.reacts(said.event_id, "🍂", who="Carla")).sent == []
    assert ran == [f"kept {said.event_id}", "look at Im Park steht eine Linde"]


async def test_a_reaction_to_a_command_or_to_the_bot_means_no_message(room: TestRoom, ran: list[str]) -> None:
    asked = await room.says("!probe weiter")
    odd = await room.says("!wow toll")
    for event_id in (asked.event_id, odd.event_id, asked.messages[0].event_id):
        assert (await room.reacts(event_id, "🌳")).sent == []
    assert ran == []


async def test_a_message_that_is_gone_is_said_once_and_one_untagged_never(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    said = await room.says(WORDS, who="Bodo")
    await room.redacts(said.event_id, who="Bodo")
    assert (await room.reacts(said.event_id, "🌳")).sent == []
    assert "kann ich nicht lesen" in (await house.sleep(minutes=1)).message.text
    other = await room.says(WORDS, who="Bodo")
    tag = Message("reaction", "$tag", room.id, user("Anna"), house.now, text="🌳", relates_to=other.event_id)
    await house.dispatcher.handle(tag, house.now)
    await room.redacts("$tag")
    assert (await house.sleep(minutes=1)).sent == []
    assert ran[-1] == "forgot"
    assert (await house.dump())["tagged_messages"] == []


async def test_a_message_whose_key_comes_a_little_later_is_read_then(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    said = await room.says(WORDS, who="Bodo")
    late = house.on_server.pop(said.event_id)
    await room.reacts(said.event_id, "🌳")
    assert (await house.sleep(seconds=25)).sent == []
    house.on_server[said.event_id] = late
    await house.sleep(seconds=10)
    assert ran[-1] == f"look at {WORDS}"
    assert (await house.sleep(minutes=2)).sent == []


# -- edits and redactions of what was no command


async def test_an_edit_reaches_all_that_was_made_of_a_message_once(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    said = await room.says(WORDS, who="Bodo")
    assert (await room.edits(said.event_id, "Noch nichts", who="Bodo")).sent == []
    await room.reacts(said.event_id, "🌳", who="Anna")
    await room.reacts(said.event_id, "🌳", who="Carla")
    ran.clear()
    edit: dict[str, Any] = {"kind": "edit", "relates_to": said.event_id, "sender": user("Bodo")}
    answer = await heard(house, room, "$edit", "!eine Eiche", **edit)
    expected = [f"{name} {number}" for name in ("sample source", "sample second source") for number in (1, 2)]
    assert ran == [f"{one} {user('Bodo')} !eine Eiche" for one in expected]
    assert len(answer.messages) == 4
    assert (await heard(house, room, "$edit", "!eine Eiche", **edit)).sent == []
    ran.clear()
    gone: dict[str, Any] = {"kind": "redaction", "relates_to": said.event_id}
    await heard(house, room, "$gone", "", **gone)
    await heard(house, room, "$gone", "", **gone)
    assert ran == [f"{one} gone" for one in expected]


async def test_an_edit_into_a_command_is_no_source(room: TestRoom, ran: list[str]) -> None:
    said = await room.says(WORDS, who="Bodo")
    await room.reacts(said.event_id, "🌳", who="Anna")
    ran.clear()
    assert "führe ich nicht aus" in (await room.edits(said.event_id, "!probe weiter", who="Bodo")).message.text
    assert ran == []


# -- who leads, and what is shown in place


async def test_leads_and_scribes_are_chairs_while_their_meeting_runs(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    assert "nur die Leitung" in (await room.says("!probe leiten x", who="Bodo")).text
    await begin(house, room, leads=["Bodo"], scribes=["Carla"])
    for who in ("Bodo", "Carla"):
        assert (await room.says("!probe leiten x", who=who)).text == "Gesagt: x"
    other = await house.room("UAG2", powers={"Anna": 100})
    assert "nur die Leitung" in (await other.says("!probe leiten x", who="Bodo")).text
    await set_state(house, MinutesState.DRAFT)
    assert "nur die Leitung" in (await room.says("!probe leiten x", who="Carla")).text
    assert ran == ["lead", "lead"]


async def test_nothing_is_shown_in_place_of_a_message_that_never_was(house: House, room: TestRoom) -> None:
    await begin(house, room)
    said = await room.says("!aufgabe Leitfaden schreiben")
    edited = await room.edits(said.event_id, "!aufgabe Leitfäden schreiben")
    assert [one.type for one in edited.sent] == ["m.reaction"]
