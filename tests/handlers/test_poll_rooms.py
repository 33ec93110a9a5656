"""What uagbot promises about polls in several rooms (P9): one question, one tally, the result everywhere."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from storage import seen
from storage.rooms import RoomKind
from storage.seen import Seen
from tests.handlers.facts import direct_chat
from tests.handlers.house import BOT, Answer, House, TestRoom, user


@dataclass
class Initiative:
    """The main room (Gerda leads it) and two groups; Carla is in both, Elke in the main room only."""

    house: House
    main: TestRoom
    apps: TestRoom
    traffic: TestRoom

    async def ask(self, text: str = '!umfrage "Wo?" Halle Stendal räume=alle', who: str = "Gerda") -> Answer:
        return await self.main.says(text, who=who)


@pytest.fixture
async def initiative(house: House) -> Initiative:
    kind, powers = RoomKind.MAIN, {"Gerda": 100}
    main = await house.room("INI", "Gerda", "Anna", "Carla", "Elke", kind=kind, title="Initiative", powers=powers)
    apps = await house.room("UAG1", "Anna", "Bodo", "Carla", powers={"Anna": 100})
    traffic = await house.room("UAG2", "Carla", "Dieter", title="Mobilität", powers={"Dieter": 100})
    return Initiative(house, main, apps, traffic)


def where(answer: Answer, key: str) -> list[str]:
    return [one.room for one in answer.sent if one.key == key]


async def test_all_groups_are_asked_and_the_room_that_asks_is_told(initiative: Initiative) -> None:
    asked = await initiative.ask()
    groups = [initiative.apps.id, initiative.traffic.id]
    assert where(asked, "poll-native") == where(asked, "poll-opened") == groups
    assert "Gefragt: UAG1 und UAG2." in asked.of("poll-opened").text
    told = asked.of("poll-sent")
    assert told.room == initiative.main.id
    assert told.text.startswith("U1 „Wo?“ geht an UAG1 und UAG2 und läuft bis Montag, 9. November 2026, 09:00 Uhr.")
    assert "m.in_reply_to" in told.content["m.relates_to"]


async def test_rooms_can_be_listed_and_the_one_that_asks_reads_its_poll_as_the_answer(initiative: Initiative) -> None:
    asked = await initiative.traffic.says('!umfrage "Wo?" Halle Stendal räume=uag1, UAG2', who="Dieter")
    assert where(asked, "poll-opened") == [initiative.traffic.id, initiative.apps.id]
    assert asked.messages[0].content["m.relates_to"] == {"m.in_reply_to": {"event_id": asked.event_id}}
    assert "m.relates_to" not in asked.messages[1].content


@pytest.mark.parametrize(
    ("rooms_", "said"), [("UAG9", "Eine Gruppe „UAG9“ gibt es nicht."), (",", "Es ist noch keine Arbeitsgruppe")]
)
async def test_rooms_that_do_not_exist_are_refused(initiative: Initiative, rooms_: str, said: str) -> None:
    before = await initiative.house.dump()
    assert said in (await initiative.ask(f'!umfrage "Wo?" Halle Stendal räume={rooms_}')).text
    assert await initiative.house.dump() == before


async def test_only_who_leads_asks_other_rooms(initiative: Initiative) -> None:
    before = await initiative.house.dump()
    assert "nur die Leitung" in (await initiative.ask(who="Anna")).text
    assert await initiative.house.dump() == before


async def test_there_is_one_tally_and_who_is_in_two_rooms_counts_once(initiative: Initiative) -> None:
    house = initiative.house
    asked = await initiative.ask()
    natives = {one.room: one.event_id for one in asked.sent if one.key == "poll-native"}
    statuses = {one.room: one.event_id for one in asked.sent if one.key == "poll-opened"}
    await initiative.apps.votes(natives[initiative.apps.id], ["1"], who="Carla")
    await initiative.apps.says("!stimme 1", who="Bodo")
    await house.sleep(seconds=1)
    await initiative.traffic.reacts(statuses[initiative.traffic.id], "2️⃣", who="Carla")
    shown = await house.sleep(seconds=5)
    assert where(shown, "poll-opened") == [initiative.apps.id, initiative.traffic.id]
    assert {one.edits for one in shown.sent} == set(statuses.values())
    assert all("1. Halle – 1\n2. Stendal – 1" in one.text for one in shown.sent)
    assert all("2 von 4 Stimmen abgegeben" in one.text for one in shown.sent)


async def test_the_result_goes_to_every_room_with_a_breakdown_by_group(initiative: Initiative) -> None:
    await initiative.ask()
    await initiative.apps.says("!stimme 1", who="Bodo")
    await initiative.traffic.says("!stimme 2", who="Carla")
    await initiative.traffic.says("!stimme 2", who="Dieter")
    told = await initiative.house.sleep(days=8)
    assert sorted(where(told, "poll-result")) == sorted([initiative.main.id, initiative.apps.id, initiative.traffic.id])
    assert where(told, "poll-result-line") == [initiative.apps.id, initiative.traffic.id]
    text = told.of("poll-result").text
    assert "Beteiligung: 3 von 4" in text
    assert "- UAG1 Bürger-Apps: 2 von 3, vorn: Halle, Stendal\n- UAG2 Mobilität: 2 von 2, vorn: Stendal" in text
    assert "Wer in mehreren Gruppen ist, steht in jeder; im Ergebnis zählt jede Stimme einmal." in text
    assert (await initiative.house.sleep(days=30)).sent == []


async def test_the_main_room_reads_the_result_of_a_poll_of_several_groups_that_one_of_them_asked(
    initiative: Initiative,
) -> None:
    asked = await initiative.apps.says('!umfrage "Wo?" Halle Stendal räume=alle', who="Anna")
    assert initiative.main.id not in where(asked, "poll-opened")
    ending = await initiative.apps.says("!umfrage ende U1", who="Anna")
    assert "U1 endet jetzt; das Ergebnis kommt in wenigen Sekunden." in ending.message.text
    ended = await initiative.house.sleep(seconds=5)
    assert where(ended, "poll-result") == [initiative.apps.id, initiative.traffic.id, initiative.main.id]


async def test_what_was_said_in_another_room_before_the_end_counts_though_it_is_read_after_it(
    initiative: Initiative,
) -> None:
    await initiative.apps.says('!umfrage "Wo?" Halle Stendal räume=alle', who="Anna")
    await initiative.house.sleep(minutes=1)
    await initiative.apps.says("!umfrage ende U1", who="Anna")
    in_time = await initiative.traffic.says("!stimme U1 2", who="Dieter", after=timedelta(seconds=-1))
    assert in_time.reactions == ["✅"]
    late = await initiative.traffic.says("!stimme U1 1", who="Carla", after=timedelta(seconds=1))
    assert "schon beendet" in late.text
    assert "Stendal: 1 (100 %)" in (await initiative.house.sleep(seconds=5)).of("poll-result").text


async def test_the_result_of_one_group_stays_in_it(initiative: Initiative) -> None:
    await initiative.apps.says('!umfrage "Wo?" Halle Stendal', who="Anna")
    assert where(await initiative.house.sleep(days=8), "poll-result") == [initiative.apps.id]


async def test_each_room_reads_its_own_language(initiative: Initiative) -> None:
    await initiative.traffic.says("!sprache englisch", who="Dieter")
    asked = await initiative.ask()
    texts = {one.room: one.text for one in asked.sent if one.key == "poll-opened"}
    assert "Gefragt: UAG1 und UAG2." in texts[initiative.apps.id]
    assert "Asked: UAG1 and UAG2." in texts[initiative.traffic.id]


async def test_members_of_the_rooms_vote_from_elsewhere_and_others_do_not(initiative: Initiative) -> None:
    await initiative.ask()
    chat, other = await direct_chat(initiative.house, "Bodo"), await direct_chat(initiative.house, "Elke")
    before = await initiative.house.dump()
    assert "gibt es in Ihren Räumen nicht" not in (await other.says("stimme U1 1", who="Elke")).text
    assert "stimmt ab, wer in UAG1 und UAG2 Mitglied ist" in (await initiative.main.says("!stimme 1", who="Elke")).text
    assert await initiative.house.dump() == before
    assert (await initiative.main.says("!stimme 1", who="Anna")).reactions == ["✅"]
    assert (await chat.says("stimme 1", who="Bodo")).reactions == ["✅"]
    assert "Beteiligung: 2 von 4" in (await chat.says("umfrage stand U1", who="Bodo")).text


async def test_a_reaction_where_nobody_is_asked_is_no_vote(initiative: Initiative) -> None:
    asked = await initiative.ask()
    before = await initiative.house.dump()
    assert (await initiative.main.reacts(asked.of("poll-sent").event_id, "1️⃣", who="Anna")).sent == []
    assert await initiative.house.dump() == before


async def test_an_edit_adds_and_removes_rooms(initiative: Initiative) -> None:
    asked = await initiative.ask('!umfrage "Wo?" Halle Stendal räume=UAG1')
    edited = await initiative.main.edits(asked.event_id, '!umfrage "Wo?" Halle Stendal räume=UAG2', who="Gerda")
    assert edited.reactions == ["✏️"]
    assert where(edited, "poll-opened") == [initiative.traffic.id]
    gone = [one for one in edited.sent if one.room == initiative.apps.id]
    assert [one.type for one in gone] == ["org.matrix.msc3381.poll.end", "m.room.message"]
    assert gone[1].text == "Über U1 „Wo?“ wird in diesem Raum doch nicht abgestimmt."
    status = next(one.event_id for one in asked.sent if one.key == "poll-opened")
    assert (await initiative.apps.reacts(status, "1️⃣", who="Bodo")).sent == []
    assert "gibt es in diesem Raum nicht" in (await initiative.apps.says("!stimme 1", who="Bodo", reply_to=status)).text
    assert "keine Umfrage offen" in (await initiative.apps.says("!stimme 1", who="Bodo")).text
    assert (await initiative.traffic.says("!stimme 1", who="Dieter")).reactions == ["✅"]
    assert "0 von 2" not in (await initiative.main.says("!umfrage stand U1", who="Gerda")).text


async def test_an_edit_keeps_the_rooms_that_stay(initiative: Initiative) -> None:
    asked = await initiative.ask('!umfrage "Wo?" Halle Stendal räume=UAG1')
    first = asked.of("poll-opened")
    edited = await initiative.main.edits(asked.event_id, '!umfrage "Wann?" Heute Morgen räume=UAG1,UAG2', who="Gerda")
    shown = {one.room: one for one in edited.sent if one.key == "poll-opened"}
    assert shown[initiative.apps.id].edits == first.event_id
    assert shown[initiative.traffic.id].relation is None
    assert all("U1: Wann?" in one.text for one in shown.values())
    back = await initiative.main.edits(asked.event_id, '!umfrage "Wann?" Heute Morgen', who="Gerda")
    assert where(back, "poll-not-here") == [initiative.apps.id, initiative.traffic.id] * 2
    assert where(back, "poll-opened") == [initiative.main.id]


async def test_only_who_leads_adds_rooms_by_an_edit(initiative: Initiative) -> None:
    asked = await initiative.main.says('!umfrage "Wo?" Halle Stendal', who="Anna")
    before = await initiative.house.dump()
    refused = await initiative.main.edits(asked.event_id, '!umfrage "Wo?" Halle Stendal räume=alle', who="Anna")
    assert "nur die Leitung" in refused.text
    assert await initiative.house.dump() == before


async def test_a_room_that_the_bot_has_left_counts_no_more(initiative: Initiative) -> None:
    await initiative.ask()
    await initiative.traffic.says("!stimme 2", who="Dieter")
    await initiative.traffic.says("!stimme 2", who="Carla")
    async with initiative.house.database.begin() as tx:
        await seen.left(tx, [initiative.traffic.id])
    told = await initiative.house.sleep(days=8)
    assert sorted(where(told, "poll-result")) == sorted([initiative.main.id, initiative.apps.id])
    assert "Stendal: 1 (100 %)" in told.of("poll-result").text
    assert "Beteiligung: 1 von 3" in told.of("poll-result").text


async def test_a_poll_goes_on_when_the_bot_has_left_the_room_that_asked(initiative: Initiative) -> None:
    house = initiative.house
    await initiative.ask()
    async with house.database.begin() as tx:
        await seen.left(tx, [initiative.main.id])
    await initiative.apps.says("!stimme 1", who="Bodo")
    assert (await house.sleep(minutes=1)).sent == []
    assert (await house.dispatcher.upkeep(house.now)).handled
    assert where(await house.sleep(seconds=1), "poll-opened") == [initiative.apps.id, initiative.traffic.id]
    assert not (await house.dispatcher.upkeep(house.now)).handled
    told = await house.sleep(days=8)
    assert where(told, "poll-result") == [initiative.apps.id, initiative.traffic.id]


async def test_a_poll_is_asked_again_in_the_room_that_replaces_one(initiative: Initiative) -> None:
    house = initiative.house
    asked = await initiative.ask()
    await initiative.traffic.says("!stimme 2", who="Dieter")
    await house.sleep(seconds=5)
    people = {user(one): (one, "join") for one in ("Carla", "Dieter")} | {BOT: ("uagbot", "join")}
    for state in (Seen(initiative.traffic.id, successor="!new"), Seen("!new", people=people, whole=True)):
        async with house.database.begin() as tx:
            await seen.write(tx, [state], house.now, "de", "Europe/Berlin", introduce=True)
    moved = await house.sleep(seconds=0)
    room = TestRoom(house, "!new")
    assert where(moved, "poll-native") == where(moved, "poll-opened") == ["!new"]
    assert "1. Halle – 0\n2. Stendal – 1" in moved.of("poll-opened").text
    await room.reacts(moved.of("poll-opened").event_id, "1️⃣", who="Carla")
    shown = await house.sleep(seconds=5)
    assert {one.room: one.edits for one in shown.sent} == {
        initiative.apps.id: next(one.event_id for one in asked.sent if one.key == "poll-opened"),
        "!new": moved.of("poll-opened").event_id,
    }
    told = await house.sleep(days=8)
    ends = {one.room: one.edits for one in told.sent if one.key == "poll-result-line"}
    assert ends["!new"] == moved.of("poll-native").event_id
