"""The bot among people on a real homeserver: invitations, direct chats, edits, native votes, upgrades."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.demo.member import Member
from bot.demo.speaker import Event
from bot.demo.synapse import Account, Synapse
from tests.real.conftest import People
from tests.real.running import RunningBot

NATIVE_START, NATIVE_END = "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.end"


@asynccontextmanager
async def a_bot(
    synapse: Synapse, folder: Path, name: str, rooms: dict[str, str] | None = None
) -> AsyncIterator[Account]:
    account = await asyncio.to_thread(synapse.register, name, "secret", "uagbot")
    with RunningBot(folder, synapse.url, account, rooms) as bot:
        yield account
        assert await asyncio.to_thread(bot.stop) == 0


def says(bot: Account, text: str) -> Callable[[Event], bool]:
    return lambda event: event["sender"] == bot.user_id and text in words(event)


def words(event: Event) -> str:
    content: dict[str, Any] = event["content"].get("m.new_content", event["content"])
    return str(content.get("body", "")) if event["type"] == "m.room.message" else ""


def is_in(user: str) -> Callable[[Event], bool]:
    return lambda event: event.get("state_key") == user and event["content"].get("membership") == "join"


async def a_group(anna: Member, bot: Account, *others: Member) -> str:
    room = await anna.create_room("UAG1", invite=[bot.user_id, *(one.user_id for one in others)])
    for one in others:
        await one.join(room)
    await anna.wait_for(room, is_in(bot.user_id))
    await anna.wait_for(room, says(bot, "!hilfe"))
    said = await anna.say(room, '!gruppe einrichten UAG1 "Bürger-Apps"')
    await anna.wait_for(room, says(bot, "UAG1"), after=said)
    return room


async def test_an_invited_bot_joins_introduces_itself_once_and_is_set_up_by_the_rooms_creator(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    (anna,) = await people("Anna")
    async with a_bot(synapse, tmp_path, "invited") as bot:
        room = await a_group(anna, bot)
        introductions = [one for one in anna.timeline[room] if "!datenschutz" in words(one)]
        assert len(introductions) == 1


async def test_votes_of_a_real_client_close_the_native_poll_with_its_result(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    anna, bodo, carla = await people("Anna", "Bodo", "Carla")
    async with a_bot(synapse, tmp_path, "voted") as bot:
        room = await a_group(anna, bot, bodo, carla)
        asked = await anna.say(room, '!umfrage "Wo tagen wir?" Halle Stendal')
        start = await anna.wait_for(room, lambda event: event["type"] == NATIVE_START, after=asked)
        status = await anna.wait_for(room, says(bot, "Umfrage U1"), after=asked)
        await bodo.vote(room, start["event_id"], ["2"])
        await carla.react(room, status["event_id"], "2️⃣")
        await anna.say(room, "!stimme 1", reply_to=status["event_id"])
        await anna.wait_for(room, says(bot, "3 von 3 Stimmen"), after=asked)
        await anna.say(room, "!umfrage ende U1")
        result = await anna.wait_for(room, says(bot, "Ergebnis U1"), after=asked)
        assert "Stendal: 2 (67 %)" in words(result)
        end = await anna.wait_for(room, lambda event: event["type"] == NATIVE_END, after=asked)
        assert end["content"]["m.relates_to"] == {"rel_type": "m.reference", "event_id": start["event_id"]}


async def test_an_edited_command_changes_what_it_made_and_a_deleted_one_withdraws_it(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    (anna,) = await people("Anna")
    async with a_bot(synapse, tmp_path, "edited") as bot:
        room = await a_group(anna, bot)
        asked = await anna.say(room, "!aufgabe Leitfaden schrieben bis 31.12.2027")
        await anna.wait_for(room, says(bot, "Leitfaden schrieben"), after=asked)
        edit = await anna.edit(room, asked, "!aufgabe Leitfaden schreiben bis 31.12.2027")
        await anna.wait_for(room, says(bot, "Leitfaden schreiben"), after=edit)
        await anna.wait_for(room, lambda event: event["type"] == "m.reaction", after=edit)
        await anna.redact(room, asked)
        await anna.wait_for(room, says(bot, "A1"), after=edit)


async def test_the_list_of_dates_is_pinned_beside_what_others_pinned_and_edited_in_place(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    (anna,) = await people("Anna")
    async with a_bot(synapse, tmp_path, "pinned") as bot:
        room = await a_group(anna, bot)
        hers = await anna.say(room, "Bitte beachten: die Hausordnung")
        await anna.set_state(room, "m.room.pinned_events", {"pinned": [hers]})
        said = await anna.say(room, "!termine anheften")
        await anna.wait_for(room, says(bot, "Bitte heften Sie die Liste selbst an"), after=said)
        await anna.set_power(room, bot.user_id, 50)
        said = await anna.say(room, "!termine anheften")
        posted = await anna.wait_for(room, says(bot, "Diese Liste bleibt aktuell"), after=said)
        await anna.wait_for(room, lambda event: event["type"] == "m.room.pinned_events", after=said)
        assert (await anna.state(room, "m.room.pinned_events"))["pinned"] == [hers, posted["event_id"]]
        said = await anna.say(room, '!treffen einmalig 8.12.2027 10:00 "Workshop"')
        edit = await anna.wait_for(room, says(bot, "10:00 Uhr: Workshop"), after=said)
        assert edit["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": posted["event_id"]}
        said = await anna.say(room, "!termine loslösen")
        await anna.wait_for(room, lambda event: event["type"] == "m.room.pinned_events", after=said)
        assert (await anna.state(room, "m.room.pinned_events"))["pinned"] == [hers]


async def test_a_direct_chat_needs_no_prefix(synapse: Synapse, people: People, tmp_path: Path) -> None:
    (anna,) = await people("Anna")
    async with a_bot(synapse, tmp_path, "direct") as bot:
        chat = await anna.create_room("", invite=[bot.user_id], direct=True)
        await anna.wait_for(chat, is_in(bot.user_id))
        said = await anna.say(chat, "hilfe umfrage")
        answer = await anna.wait_for(chat, says(bot, "!umfrage"), after=said)
        assert "Beispiel" in words(answer)


async def test_a_room_upgrade_is_followed_and_everything_moves_along(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    anna, bodo = await people("Anna", "Bodo")
    async with a_bot(synapse, tmp_path, "upgraded") as bot:
        room = await anna.create_room("UAG1", invite=[bot.user_id, bodo.user_id], room_version="11")
        await bodo.join(room)
        await anna.wait_for(room, is_in(bot.user_id))
        said = await anna.say(room, '!gruppe einrichten UAG1 "Bürger-Apps"')
        await anna.wait_for(room, says(bot, "UAG1"), after=said)
        said = await anna.say(room, "!aufgabe Leitfaden schreiben bis 31.12.2027")
        await anna.wait_for(room, says(bot, "A1"), after=said)
        new = await anna.upgrade_room(room, "12")
        await anna.invite(new, bot.user_id)
        await anna.wait_for(new, is_in(bot.user_id))
        said = await anna.say(new, "!aufgaben")
        answer = await anna.wait_for(new, says(bot, "Leitfaden schreiben"), after=said)
        assert "A1" in words(answer)


async def test_a_bot_that_was_removed_and_invited_again_goes_on_and_runs_nothing_old(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    (anna,) = await people("Anna")
    async with a_bot(synapse, tmp_path, "removed") as bot:
        room = await a_group(anna, bot)
        await anna.kick(room, bot.user_id)
        old = await anna.say(room, "!umfragen")
        await anna.invite(room, bot.user_id)
        await anna.wait_for(room, is_in(bot.user_id), after=old)
        new = await anna.say(room, "!umfragen")
        answer = await anna.wait_for(room, says(bot, "noch keine Umfrage"), after=new)
        assert answer["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == new
        answered = [one["content"].get("m.relates_to", {}).get("m.in_reply_to") for one in anna.timeline[room]]
        assert {"event_id": old} not in answered


async def test_an_invitation_from_another_server_is_declined_and_reported(
    synapse: Synapse, people: People, tmp_path: Path
) -> None:
    anna, hanno = await people("Anna", "Hanno")
    account = await asyncio.to_thread(synapse.register, "chosy", "secret", "uagbot")
    running = RunningBot(tmp_path, synapse.url, account)
    text = running.config.read_text("utf-8")
    running.config.write_text(text.replace("[storage]", f'invited_by = ["{anna.user_id}"]\n[storage]'), "utf-8")
    with running:
        coordinators = await anna.create_room("Koordination", invite=[account.user_id])
        await anna.wait_for(coordinators, is_in(account.user_id))
        said = await anna.say(coordinators, '!gruppe einrichten KO "Koordination" art=koordination')
        await anna.wait_for(coordinators, says(account, "KO"), after=said)
        strange = await hanno.create_room("Fremd", invite=[account.user_id])
        await anna.wait_for(coordinators, says(account, hanno.user_id), after=said)
        await hanno.wait_for(
            strange,
            lambda event: event.get("state_key") == account.user_id and event["content"].get("membership") == "leave",
        )
        assert running.stop() == 0
