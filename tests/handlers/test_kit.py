"""What the kit promises for every command, job and message (DESIGN: the two lives)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from commands.capabilities import CAPABILITIES
from commands.kit.dispatch import Dispatcher
from commands.kit.message import Kind, Message
from commands.kit.say import File, Say
from storage import inbox, rooms
from storage.outbox import Outgoing
from storage.rooms import RoomKind
from tests.handlers import sample
from tests.handlers.house import BOT, Answer, House, TestRoom, user


async def heard(house: House, room: TestRoom, event_id: str, text: str, **more: Any) -> Answer:
    """Let the bot hear one event, with the id given."""
    kind: Kind = "text"
    message = Message(
        kind=kind, event_id=event_id, room=room.id, sender=user("Anna"), at=house.now, text=text, mentions_bot=False
    )
    return await house.hear(replace(message, **more))


# -- what is a command


@pytest.mark.parametrize(
    "text",
    [
        *("!quatsch", "!wow, das ist gut", '!wow "das', "!", "!!!", "!?", "! umfrage", "!1 Umfrage"),
        *("!x " + "y" * 9_000, "!" + "x" * 60_000, "Guten Morgen", "hilfe", ""),
        *("uagbot ist nett", "@uagbot2 hilfe", "@uagbot:example.org hilfe"),
    ],
)
async def test_chat_is_left_alone(room: TestRoom, text: str) -> None:
    assert (await room.says(text)).sent == []


@pytest.mark.parametrize("text", ["danke", "das kann uagbot auch nicht", "hilfe"])
async def test_a_reply_to_the_bot_that_calls_it_nothing_is_chat(room: TestRoom, text: str) -> None:
    assert (await room.says(text, mentions_bot=True)).sent == []


@pytest.mark.parametrize(
    ("text", "mentions_bot"),
    [
        ("@uagbot hilfe", False),
        ("@uagbot: hilfe", False),
        ("uagbot: hilfe", False),
        ("uagbot, Hilfe", False),
        ("UAGBot: !hilfe", False),
        ("@uagbot:localhost hilfe", False),
        (f"{BOT}: hilfe", True),
        ("uagbot hilfe", True),
        ("!hilfe", False),
        ("!HILFE", True),
    ],
)
async def test_the_bot_is_called_by_prefix_or_by_name(room: TestRoom, text: str, mentions_bot: bool) -> None:
    assert "Das kann ich" in (await room.says(text, mentions_bot=mentions_bot)).text


@pytest.mark.parametrize(("text", "mentions_bot"), [("@uagbot quatsch", False), ("uagbot", True), ("!quatsch", True)])
async def test_who_calls_the_bot_by_name_is_answered(room: TestRoom, text: str, mentions_bot: bool) -> None:
    assert "Das habe ich nicht verstanden" in (await room.says(text, mentions_bot=mentions_bot)).text


async def test_a_direct_chat_needs_no_prefix_and_always_answers(house: House) -> None:
    chat = await house.room(None, "Anna", kind=RoomKind.DIRECT)
    assert "!umfrage" in (await chat.says("hilfe")).text
    assert "!umfrage" in (await chat.says("!hilfe")).text
    assert "!umfrage" in (await chat.says("hilfe", mentions_bot=True)).text
    assert "nicht verstanden" in (await chat.says("Danke schön")).text
    assert (await chat.says("!?")).sent == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("!umfrga", "!umfrage"),
        ("!umfage Wo? Halle Stendal", "!umfrage"),
        ('!umfrga "offen', "!umfrage"),
        ("!umfrga " + "x" * 9_000, "!umfrage"),
        ("!stimem 2", "!stimme"),
        ("!pol", "!poll"),
    ],
)
async def test_a_near_miss_is_asked_about(room: TestRoom, text: str, meant: str) -> None:
    assert f"Meinten Sie `{meant}`?" in (await room.says(text)).message.text


async def test_umlauts_may_be_written_out(room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    assert "läuft jetzt bis" in (await room.says("!umfrage verlaengern U1 bis=20.11.")).text


async def test_a_message_of_more_than_8000_characters_is_no_command(house: House, room: TestRoom) -> None:
    before = await house.dump()
    fits = "!umfrage " + "x" * 7_992
    assert "höchstens 8000 Zeichen" in (await room.says(fits + "x")).text
    assert "höchstens 500 sind möglich" in (await room.says(fits)).text
    assert await house.dump() == before


@pytest.mark.parametrize("who", [BOT, "@otherbot:localhost"])
async def test_bots_are_not_listened_to(house: House, room: TestRoom, who: str) -> None:
    house.dispatcher = Dispatcher(
        house.database, replace(house.setup, bots=frozenset({"@otherbot:localhost"})), CAPABILITIES
    )
    assert (await room.says("!hilfe", who=who)).sent == []
    assert (await room.says("@uagbot hilfe", who=who, mentions_bot=True)).sent == []


async def test_a_command_in_a_room_that_is_no_group_is_told_what_to_do(house: House) -> None:
    plain = await house.room(None, kind=RoomKind.PLAIN)
    before = await house.dump()
    for text in ('!umfrage "Wo?" Halle Stendal', "!umfrage", "!gruppe"):
        assert "`!gruppe einrichten UAG1" in (await plain.says(text)).text
    chat = await house.room(None, "Anna", kind=RoomKind.DIRECT)
    assert "nur im Raum einer Arbeitsgruppe" in (await chat.says('umfrage "Wo?" Halle Stendal')).text
    assert (await house.dump())["polls"] == before["polls"] == []


async def test_rooms_that_the_bot_does_not_know_or_has_left_are_silent(house: House, room: TestRoom) -> None:
    assert (await TestRoom(house, "!elsewhere").says("!hilfe")).sent == []
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        found.joined = False
    assert (await room.says("!hilfe")).sent == []


# -- once, and all or nothing


async def test_the_same_event_again_does_nothing(house: House, room: TestRoom) -> None:
    message = Message("text", "$one", room.id, user("Anna"), house.now, text='!umfrage "Wo?" Halle Stendal')
    assert (await house.dispatcher.handle(message, house.now)).handled
    assert len(await house.deliver()) == 2
    assert not (await house.dispatcher.handle(message, house.now)).handled
    assert await house.deliver() == []
    assert len((await house.dump())["polls"]) == 1


async def test_the_same_vote_again_does_nothing(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    vote: dict[str, Any] = {"kind": "reaction", "relates_to": asked.message.event_id}
    await heard(house, room, "$vote", "1️⃣", **vote)
    assert "1. Halle – 1" in (await house.sleep(seconds=5)).of("poll-opened").text
    await heard(house, room, "$vote", "1️⃣", **vote)
    assert (await house.sleep(seconds=5)).sent == []
    assert len((await house.dump())["ballots"]) == 1


async def test_a_refusal_leaves_nothing_behind_and_is_said_once(house: House, room: TestRoom, ran: list[str]) -> None:
    before = await house.dump()
    assert "Nein: today" in (await heard(house, room, "$no", "!probe nein")).text
    assert (await heard(house, room, "$no", "!probe nein")).sent == []
    assert ran == ["refuse"]
    assert await house.dump() == before


@pytest.mark.parametrize("text", ["!probe kaputt", "!probe irrtum"])
async def test_an_error_becomes_one_apology_without_its_words(
    house: House, room: TestRoom, ran: list[str], text: str
) -> None:
    before = await house.dump()
    answer = await heard(house, room, "$broken", text)
    assert "es wurde nichts gespeichert" in answer.message.text
    assert "secret" not in answer.message.text
    assert "Error" not in answer.message.text
    assert answer.message.content["m.relates_to"] == {"m.in_reply_to": {"event_id": "$broken"}}
    assert (await heard(house, room, "$broken", text)).sent == []
    assert len(ran) == 1
    assert await house.dump() == before


async def test_apologies_have_different_references(house: House, room: TestRoom, ran: list[str]) -> None:
    first = await heard(house, room, "$one", "!probe kaputt")
    assert first.text != (await heard(house, room, "$two", "!probe kaputt")).text
    assert ran == ["break", "break"]


# -- edits


async def test_an_edit_of_chat_is_chat(house: House, room: TestRoom) -> None:
    chat = await room.says("Guten Morgen")
    assert (await room.edits(chat.event_id, "Guten Tag")).sent == []
    wow = await room.says("!wow toll")
    assert (await room.edits(wow.event_id, "!wow ganz toll")).sent == []
    alone = await house.room(None, "Anna", kind=RoomKind.DIRECT)
    thanks = await alone.says("Danke")
    assert (await alone.edits(thanks.event_id, "Vielen Dank")).sent == []


@pytest.mark.parametrize("before", ["Guten Morgen", "!umfrga", "!umfragen", '!umfrage "Wo?" Halle'])
async def test_an_edit_never_is_a_new_command(house: House, room: TestRoom, before: str) -> None:
    said = await room.says(before)
    stored = await house.dump()
    edited = await room.edits(said.event_id, '!umfrage "Wo?" Halle Stendal')
    assert "Eine bearbeitete Nachricht führe ich nicht aus" in edited.message.text
    assert await house.dump() == stored


@pytest.mark.parametrize("after", ["!umfragen", "Guten Morgen", ""])
async def test_an_edit_turns_no_command_into_another(house: House, room: TestRoom, after: str) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    assert "wird aus einem Befehl kein anderer" in (await room.edits(asked.event_id, after)).text
    assert await house.dump() == before


async def test_an_edit_needs_the_role_of_its_command(house: House, room: TestRoom, ran: list[str]) -> None:
    said = await room.says("!probe leiten eins")
    assert said.text == "Gesagt: eins"
    assert (await room.edits(said.event_id, "!probe leiten drei")).of("sample-said").text == "Gesagt: drei"
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        found.powers = {}
    assert "nur die Leitung" in (await room.edits(said.event_id, "!probe leiten zwei")).text
    assert ran == ["lead", "lead otherwise"]


async def test_the_same_edit_again_does_nothing(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Hale Stendal')
    edit: dict[str, Any] = {"kind": "edit", "relates_to": asked.event_id}
    text = '!umfrage "Wo?" Halle Stendal'
    assert (await heard(house, room, "$edit", text, **edit)).reactions == ["✏️"]
    assert (await heard(house, room, "$edit", text, **edit)).sent == []


# -- roles


async def test_a_refused_role_says_who_may(house: House, room: TestRoom, ran: list[str]) -> None:
    before = await house.dump()
    refused = await room.says("!probe leiten x", who="Carla")
    assert refused.message.text == "Das darf nur die Leitung dieses Raums: Anna."
    assert refused.message.mentions == []
    headless = await house.room("UAG2")
    assert "wer in ihm Moderationsrechte hat" in (await headless.says("!probe leiten x")).text
    assert "nur die Koordination" in (await room.says("!probe koordinieren")).text
    assert ran == []
    assert {**await house.dump(), "rooms": 0, "members": 0} == {**before, "rooms": 0, "members": 0}


@pytest.mark.parametrize("powers", [{"users": {user("Bodo"): 50}}, {"creators": [user("Bodo")]}, {"users_default": 50}])
async def test_power_in_the_room_makes_a_chair(
    house: House, room: TestRoom, ran: list[str], powers: dict[str, Any]
) -> None:
    assert "nur die Leitung" in (await room.says("!probe leiten x", who="Bodo")).text
    async with house.database.begin() as tx:
        found = await rooms.by_matrix_id(tx, room.id)
        assert found is not None
        found.powers = powers
    assert (await room.says("!probe leiten x", who="Bodo")).text == "Gesagt: x"
    assert ran == ["lead"]


async def test_coordinators_sit_in_their_room_or_in_the_configuration(
    house: House, room: TestRoom, ran: list[str]
) -> None:
    await house.room("KOORD", "Bodo", kind=RoomKind.COORDINATORS)
    assert (await room.says("!probe koordinieren", who="Bodo")).text == "Gesagt: coordinated"
    assert "nur die Koordination" in (await room.says("!probe koordinieren", who="Carla")).text
    setup = replace(house.setup, coordinators=frozenset({user("Carla")}))
    house.dispatcher = Dispatcher(house.database, setup, (sample.capability(ran),))
    assert (await room.says("!probe koordinieren", who="Carla")).text == "Gesagt: coordinated"


# -- where answers go


@pytest.mark.parametrize("text", ["a=b", "Sitzung=2", 'Ort="Halle an der Saale"', "wo=hier und=da"])
@pytest.mark.usefixtures("ran")
async def test_what_only_looks_like_an_option_is_what_was_typed(room: TestRoom, text: str) -> None:
    assert f"Gesagt: {text}" in (await room.says(f"!probe leiten {text}")).text


async def test_answers_in_a_thread_stay_in_it(room: TestRoom, ran: list[str]) -> None:
    answer = await room.says("!probe weiter", thread="$root")
    assert [one.text for one in answer.messages] == ["Gesagt: one", "Gesagt: two"]
    for one in answer.messages:
        relation = one.content["m.relates_to"]
        assert (relation["rel_type"], relation["event_id"]) == ("m.thread", "$root")
        assert relation["m.in_reply_to"] == {"event_id": answer.event_id}
        assert one.relation is None
    assert ran == []


async def test_what_is_long_goes_on_in_a_thread_below_the_answer(room: TestRoom, ran: list[str]) -> None:
    answer = await room.says("!probe weiter")
    first, second = answer.messages
    assert first.content["m.relates_to"] == {"m.in_reply_to": {"event_id": answer.event_id}}
    assert (second.relation, second.edits) == ("m.thread", first.event_id)
    assert ran == []


@pytest.mark.usefixtures("ran")
async def test_a_file_has_its_text_as_caption_and_answers_as_any_message(house: House, room: TestRoom) -> None:
    answer = await room.says("!probe datei")
    minutes, plan = answer.messages
    assert minutes.content == {
        "msgtype": "m.file",
        "body": "Gesagt: das Protokoll",
        "format": "org.matrix.custom.html",
        "formatted_body": "Gesagt: das Protokoll",
        "filename": "Protokoll 7.md",
        "info": {"mimetype": "text/markdown", "size": len(sample.MINUTES.encode())},
        "m.mentions": {},
        "m.relates_to": {"m.in_reply_to": {"event_id": answer.event_id}},
    }
    assert minutes.file_text == sample.MINUTES
    assert (plan.file_text or "").startswith("BEGIN:VCALENDAR")
    assert (plan.relation, plan.edits) == ("m.thread", minutes.event_id)
    async with house.database.begin() as tx:
        assert (await tx.scalars(select(Outgoing.attachment).distinct())).all() == [None]


def test_a_file_cannot_be_shown_in_place_or_in_another_form() -> None:
    file = File("a.txt", "text/plain", "a")
    wrongs: list[dict[str, Any]] = [{"in_place": True}, {"form": lambda _: ("m.reaction", {})}]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="a message of its own"):
            Say(key="sample-said", file=file, **wrong)


async def test_a_report_reaches_every_coordinators_room_once(house: House, room: TestRoom) -> None:
    first = await house.room("KOORD", "Dieter", kind=RoomKind.COORDINATORS, language="en")
    second = await house.room("KOORD2", "Edith", kind=RoomKind.COORDINATORS)
    facts = {"inviter": "@x:example.org", "room": "!foreign:example.org"}
    assert (await house.dispatcher.report("invitation 1", house.now, "invitation-declined", **facts)).handled
    sent = await house.deliver()
    assert {one.room for one in sent} == {first.id, second.id} != {room.id}
    assert "I declined an invitation: from @x:example.org" in sent[0].text
    assert "von @x:example.org in den Raum `!foreign:example.org`" in sent[1].text
    assert not (await house.dispatcher.report("invitation 1", house.now, "invitation-declined", **facts)).handled
    assert await house.deliver() == []


async def test_silent_words_leave_no_more_than_their_event_id(house: House, room: TestRoom) -> None:
    before = await house.dump()
    said = await room.says("Ein vertrauliches Gespräch")
    async with house.database.begin() as tx:
        assert await inbox.find(tx, said.event_id) is None
    assert await house.dump() == before
