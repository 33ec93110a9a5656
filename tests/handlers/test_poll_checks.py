"""What uagbot promises about `!umfrage prüfen`: ballots that got lost come back from the server, and no others."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from commands.kit.message import Message
from storage.rooms import RoomKind
from tests.handlers.facts import direct_chat, lose_ballots, outcomes, sit
from tests.handlers.house import House, TestRoom, user

ALL_THERE = "Alle sind gezählt, keine zu viel."


async def checked(room: TestRoom, poll: int = 1, who: str = "Anna") -> str:
    """Ask for a check; returns its answer, which comes after a notice that it is under way."""
    answer = await room.says(f"!umfrage prüfen U{poll}", who=who)
    notice, result = answer.messages[0], answer.of("poll-checked")
    assert notice.text == f"Ich lese die Stimmen zu U{poll} auf dem Server nach und melde mich hier."
    return result.text


async def all_ways(house: House, room: TestRoom) -> None:
    """Ask, and let four people vote: natively, by reaction, by command, in the direct chat."""
    asked = await room.says('!umfrage "Wo?" Halle Stendal Jena bis=Freitag')
    await house.sleep(minutes=1)
    await room.votes(asked.of("poll-native").event_id, ["1"], who="Anna")
    await room.reacts(asked.message.event_id, "2️⃣", who="Bodo")
    await room.says("!stimme 2", who="Carla")
    chat = await direct_chat(house, "Dieter")
    await chat.says("stimme U1 Jena", who="Dieter")
    await house.sleep(seconds=5)


@pytest.fixture
async def four(house: House) -> TestRoom:
    """Give a room of four in which all have voted, each in another way."""
    room = await house.room("UAG1", "Anna", "Bodo", "Carla", "Dieter", powers={"Anna": 100})
    await all_ways(house, room)
    return room


async def test_what_agrees_is_said_to_agree_and_changes_nothing(house: House, four: TestRoom) -> None:
    before = await house.dump()
    assert await checked(four) == f"U1 geprüft: Auf dem Server stehen 4 Stimmabgaben. {ALL_THERE}"
    assert await house.dump() == before
    assert (await house.sleep(seconds=10)).sent == []


@pytest.mark.parametrize("who", ["Anna", "Bodo", "Carla", "Dieter"])
async def test_a_ballot_that_got_lost_comes_back_however_it_was_given(house: House, four: TestRoom, who: str) -> None:
    before = (await house.dump())["ballots"]
    await lose_ballots(house, who)
    text = await checked(four)
    assert "stehen 4 Stimmabgaben. Davon fehlte eine und ist jetzt gezählt." in text
    assert "Der Stand ändert sich dadurch." not in text
    assert sorted(row[1:] for row in (await house.dump())["ballots"]) == sorted(row[1:] for row in before)
    assert ALL_THERE in await checked(four)


async def test_all_ballots_come_back_and_what_was_shown_stays(house: House, four: TestRoom) -> None:
    await lose_ballots(house)
    assert "Davon fehlten 4 und sind jetzt gezählt." in await checked(four)
    assert ALL_THERE in await checked(four)
    assert "Beteiligung: 4 von 4" in (await four.says("!umfrage stand U1")).text
    assert (await house.sleep(seconds=5)).sent == []


async def test_a_loss_that_had_been_shown_changes_how_it_stands(house: House, four: TestRoom) -> None:
    await lose_ballots(house, "Bodo", "Carla")
    await four.says("!stimme 3")
    await house.sleep(seconds=5)
    assert "Der Stand ändert sich dadurch." in await checked(four)
    assert "4 von 4 Stimmen" in (await house.sleep(seconds=5)).of("poll-opened").text


async def test_ballots_of_a_closed_poll_come_back_and_what_was_told_stays(house: House, four: TestRoom) -> None:
    await house.sleep(days=8)
    told = await outcomes(house)
    await lose_ballots(house)
    text = await checked(four)
    assert "Davon fehlten 4 und sind jetzt gezählt." in text
    assert "anderes" not in text
    assert ALL_THERE in await checked(four)
    assert await outcomes(house) == told
    assert (await house.sleep(days=8)).sent == []


async def test_a_result_that_missed_ballots_is_named_wrong_each_time_but_stays(house: House, four: TestRoom) -> None:
    await lose_ballots(house, "Bodo", "Carla")
    await house.sleep(days=8)
    told = await outcomes(house)
    said = "Das Ergebnis wäre damit ein anderes als das verkündete; das verkündete bleibt stehen."
    assert said in await checked(four)
    assert said in await checked(four)
    assert await outcomes(house) == told
    assert "Stendal: 0" in (await four.says("!umfrage stand U1")).text


async def test_a_redacted_ballot_does_not_come_back(house: House, four: TestRoom) -> None:
    voted = await four.says("!stimme 3", who="Carla")
    await four.redacts(voted.event_id, who="Carla")
    await lose_ballots(house)
    assert "stehen 4 Stimmabgaben" in await checked(four)
    assert "Stendal: 2" in (await four.says("!umfrage stand U1")).text


async def test_a_ballot_that_the_server_does_not_show_goes_on_counting(house: House, four: TestRoom) -> None:
    gone = next(one for one in house.on_server.values() if one.kind == "reaction")
    del house.on_server[gone.event_id]
    before = (await house.dump())["ballots"]
    text = await checked(four)
    assert "stehen 3 Stimmabgaben. Alle sind gezählt." in text
    assert "Gezählt, aber dort nicht zu lesen: Stimmen von Bodo." in text
    assert (await house.dump())["ballots"] == before


async def test_what_did_not_count_before_does_not_by_a_check(house: House, four: TestRoom) -> None:
    status = next(one for one in house.on_server.values() if one.kind == "reaction").relates_to
    assert status is not None
    for text, after in (
        ("!stimme 1", timedelta(days=9)),
        ("!stimme 1", timedelta(days=-9)),
        ("!stimme 7", timedelta()),
    ):
        await four.says(text, who="Bodo", after=after)
    for key, after in (("1️⃣", timedelta(days=9)), ("1️⃣", timedelta(days=-9)), ("9️⃣", timedelta()), ("👍", timedelta())):
        await four._event("reaction", "Bodo", text=key, relates_to=status, after=after)
    bot = house.setup.user_id
    await four.reacts(status, "1️⃣", who=bot)
    assert f"stehen 4 Stimmabgaben. {ALL_THERE}" in await checked(four)


@pytest.mark.parametrize("ends", ["!umfrage ende U1", None])
async def test_votes_after_an_end_are_no_ballots_that_got_lost(house: House, four: TestRoom, ends: str | None) -> None:
    status = next(one.relates_to for one in house.on_server.values() if one.kind == "reaction")
    assert status is not None
    if ends:
        house.now += timedelta(hours=1)  # the bot was away for an hour
        await four.says(ends, after=timedelta(minutes=-30))
        await four._event("reaction", "Bodo", text="1️⃣", relates_to=status, after=timedelta(minutes=-20))
    else:
        await house.sleep(days=8)
        await four.reacts(status, "1️⃣", who="Bodo")
    assert f"stehen 4 Stimmabgaben. {ALL_THERE}" in await checked(four)


async def test_a_ballot_that_a_check_has_seen_first_is_acknowledged_and_there_once(
    house: House, four: TestRoom
) -> None:
    early = Message("text", "$early", four.id, user("Anna"), house.now, text="!stimme U1 3")
    status = next(one.relates_to for one in house.on_server.values() if one.kind == "reaction")
    reaction = Message("reaction", "$early2", four.id, user("Bodo"), house.now, text="3️⃣", relates_to=status)
    house.on_server["$early2"] = reaction
    assert "Davon fehlte eine und ist jetzt gezählt." in await checked(four)
    assert (await house.hear(reaction)).messages == []
    assert (await house.hear(early)).reactions == ["✅"]
    assert len((await house.dump())["ballots"]) == 6
    assert "stehen 6 Stimmabgaben" in await checked(four)


async def test_a_ballot_that_comes_back_may_divide_a_municipality_and_that_is_told(
    house: House, room: TestRoom
) -> None:
    await sit(house, "Halle (Saale)", "Anna", "Bodo")
    await room.says('!umfrage "Wo?" Halle Stendal wahlrecht=kommune')
    await room.says("!stimme 1")
    await room.says("!stimme 2", who="Bodo")
    await lose_ballots(house, "Bodo")
    await house.sleep(seconds=5)
    assert "Der Stand ändert sich dadurch." in await checked(room)
    assert (await house.sleep(seconds=5)).of("poll-conflict").mentions == [user("Anna"), user("Bodo")]


async def in_turn(room: TestRoom, event: str, key: str, house: House) -> None:
    await room.reacts(event, key, who="Bodo")
    await house.sleep(seconds=1)


@pytest.mark.parametrize(
    ("ask", "vote", "line"),
    [
        ('!umfrage "Was?" Bus Rad Bahn art=mehrfach', "!stimme U1 2 3", "Bus: 1 (50 %)\n██████████ Rad: 2"),
        ('!rangfolge "Was?" Bus Rad Bahn', "!stimme Rad=3 3", "Rad: 4 Punkte"),
        ('!termin "Was?" 12.1. 10:00, 13.1. 10:00', "!stimme 1 nein 2 vielleicht", "10:00–11:00 Uhr: 1 ja, 1 notfalls"),
        ('!stimmungsbild "Wie?"', "!stimme 2", "★★☆☆☆: 2"),
    ],
)
async def test_ballots_of_every_kind_come_back_as_they_were(
    house: House, room: TestRoom, ask: str, vote: str, line: str
) -> None:
    asked = await room.says(ask)
    await house.sleep(minutes=1)
    await room.says(vote)
    await in_turn(room, asked.message.event_id, "1️⃣", house)
    await in_turn(room, asked.message.event_id, "2️⃣", house)
    before = await house.dump()
    assert line in (stood := (await room.says("!umfrage stand U1")).text)
    await lose_ballots(house)
    assert "Davon fehlten 3 und sind jetzt gezählt." in await checked(room)
    assert (await room.says("!umfrage stand U1")).text == stood
    assert sorted(row[1:] for row in (await house.dump())["ballots"]) == sorted(row[1:] for row in before["ballots"])


async def test_a_ballot_comes_back_from_every_room_that_it_may_stand_in(house: House) -> None:
    kind, powers = RoomKind.MAIN, {"Gerda": 100}
    main = await house.room("INI", "Gerda", "Anna", kind=kind, title="Initiative", powers=powers)
    apps = await house.room("UAG1", "Anna", "Bodo")
    traffic = await house.room("UAG2", "Dieter", title="Mobilität")
    asked = await main.says('!umfrage "Wo?" Halle Stendal räume=alle', who="Gerda")
    ways: list[Callable[[], Awaitable[object]]] = [
        lambda: main.says("!stimme 1", who="Anna"),
        lambda: apps.says("!stimme 2", who="Bodo"),
        lambda: traffic.reacts(
            next(one.event_id for one in asked.sent if one.key == "poll-opened" and one.room == traffic.id),
            "1️⃣",
            who="Dieter",
        ),
    ]
    for way in ways:
        await way()
    assert (await main.reacts(asked.of("poll-sent").event_id, "2️⃣", who="Gerda")).sent == []
    await lose_ballots(house)
    assert "stehen 3 Stimmabgaben. Davon fehlten 3" in await checked(main, who="Gerda")
    assert "Beteiligung: 3 von 3" in (await main.says("!umfrage stand U1", who="Gerda")).text
    await main.says("!umfrage ende U1", who="Gerda")
    ended = await house.sleep(seconds=5)
    assert "- UAG1 Bürger-Apps: 2 von 2" in ended.of("poll-result").text
    assert ALL_THERE in await checked(apps)


async def test_a_check_is_for_polls_that_can_be_reached(house: House, four: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    before = await house.dump()
    assert "gibt es in diesem Raum nicht" in (await other.says("!umfrage prüfen U1")).text
    assert "gibt es in diesem Raum nicht" in (await four.says("!umfrage prüfen U9")).text
    assert "So geht es: `!umfrage prüfen U7`" in (await four.says("!umfrage prüfen")).text
    assert await house.dump() == before


@pytest.mark.usefixtures("four")
async def test_a_check_answers_where_it_was_asked_for_also_in_the_direct_chat(house: House) -> None:
    chat = await direct_chat(house, "Bodo")
    answer = await chat.says("umfrage prüfen U1", who="Bodo")
    assert {one.room for one in answer.sent} == {chat.id}
    assert ALL_THERE in answer.of("poll-checked").text


async def test_a_check_in_english(house: House) -> None:
    room = await house.room("UAG1", language="en")
    await room.says('!poll "Where?" Halle Stendal')
    await room.says("!vote 1")
    await lose_ballots(house)
    answer = await room.says("!poll check U1")
    assert answer.of("poll-checked").text == (
        "U1 checked: there is 1 ballot on the server. One of them was missing and is counted now.\n"
        "This changes how it stands."
    )
