"""What uagbot promises about the rules of a vote (P3, P6, P8): quorum, majority, names, hidden polls, the end."""

from datetime import timedelta

import pytest

from tests.handlers.facts import direct_chat, leave, outcomes
from tests.handlers.house import MONDAY, Answer, House, TestRoom


async def result(house: House) -> str:
    return (await house.sleep(days=8)).of("poll-result").text


# -- quorum and majority


@pytest.mark.parametrize(
    ("quorum", "voters", "said"),
    [
        ("50%", 1, "Nicht gültig: Es fehlt 1 Stimme zur nötigen Beteiligung (2)."),
        ("50 %", 2, "Die meisten Stimmen hat Halle."),
        ("3", 2, "Nicht gültig: Es fehlt 1 Stimme zur nötigen Beteiligung (3)."),
        ("5", 3, "Nicht gültig: Es fehlen 2 Stimmen zur nötigen Beteiligung (5)."),
        ("2", 0, "Es hat niemand abgestimmt."),
    ],
)
async def test_a_quorum_decides_whether_a_vote_is_valid(
    house: House, room: TestRoom, quorum: str, voters: int, said: str
) -> None:
    asked = await room.says(f'!umfrage "Wo?" Halle Stendal quorum={quorum}')
    assert "Gültig ab" in asked.message.text
    for who in ("Anna", "Bodo", "Carla")[:voters]:
        await room.says("!stimme 1", who=who)
    assert said in await result(house)


@pytest.mark.parametrize(
    ("majority", "votes", "said"),
    [
        ("absolut", (1, 1, 2), "Halle hat die nötige Mehrheit."),
        ("absolut", (1, 2, 3), "Die nötige Mehrheit (mehr als die Hälfte) hat keine Antwort erreicht."),
        ("absolut", (1, 2), "Die nötige Mehrheit (mehr als die Hälfte) hat keine Antwort erreicht."),
        ("absolut", (1, 4, 4), "Halle hat die nötige Mehrheit."),
        ("zweidrittel", (1, 1, 2), "Halle hat die nötige Mehrheit."),
        ("zweidrittel", (1, 2), "Die nötige Mehrheit (zwei Drittel) hat keine Antwort erreicht."),
        ("einfach", (1, 1, 2), "Die meisten Stimmen hat Halle."),
        ("einfach", (4, 4), "Es gab nur Enthaltungen."),
    ],
)
async def test_a_majority_is_of_the_votes_without_abstentions(
    house: House, room: TestRoom, majority: str, votes: tuple[int, ...], said: str
) -> None:
    await room.says(f'!umfrage "Wo?" Halle Stendal Jena Enthaltung mehrheit={majority}')
    for who, vote in zip(("Anna", "Bodo", "Carla"), votes, strict=False):
        await room.says(f"!stimme {vote}", who=who)
    assert said in await result(house)


async def test_quorum_and_majority_in_english(house: House) -> None:
    room = await house.room("UAG1", language="en")
    asked = await room.says('!poll "Where?" Halle Stendal majority=two-thirds quorum=2')
    assert "Two thirds of the votes are needed.\nValid from 2 votes on." in asked.message.text
    await room.says("!vote 1")
    assert "Not valid: 1 vote is missing from the turnout needed (2)." in await result(house)


async def test_majorities_are_for_choices_only(house: House, room: TestRoom) -> None:
    before = await house.dump()
    assert "mehrheit=" in (await room.says('!rangfolge "Was?" Bus Rad mehrheit=absolut')).text
    assert (await house.dump())["ballots"] == before["ballots"]


# -- by name


async def test_votes_by_name_are_shown_as_soon_as_they_are_given(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal namentlich=ja')
    assert "Namentlich: Alle sehen, wer wie gestimmt hat." in asked.message.text
    await room.says("!stimme 2", who="Bodo")
    await room.says("!stimme 1")
    assert "- Anna: Halle\n- Bodo: Stendal" in (await room.says("!umfrage stand U1")).text
    assert "- Anna: Halle\n- Bodo: Stendal" in await result(house)


@pytest.mark.parametrize(
    ("ask", "vote", "line"),
    [
        ('!umfrage "Was?" Bus Rad art=mehrfach namentlich=ja', "1 2", "- Anna: Bus, Rad"),
        ('!rangfolge "Was?" Bus Rad namentlich=ja', "1=3 2=1", "- Anna: Bus 3, Rad 1"),
        (
            '!termin "Was?" 12.1. 10:00, 13.1. 10:00 namentlich=ja',
            "1 ja 2 nein",
            "- Anna: Dienstag, 12. Januar 2027, 10:00–11:00 Uhr ja, Mittwoch, 13. Januar 2027, 10:00–11:00 Uhr nein",
        ),
    ],
)
async def test_votes_by_name_say_what_was_chosen_in_every_kind(
    house: House, room: TestRoom, ask: str, vote: str, line: str
) -> None:
    await room.says(ask)
    await room.says(f"!stimme {vote}")
    assert line in await result(house)


async def test_many_votes_by_name_stand_in_the_thread(house: House) -> None:
    people = [f"{letter}na" for letter in "ABCDEFGHIJ"]
    room = await house.room("UAG1", *people)
    await room.says('!umfrage "Wo?" Halle Stendal namentlich=ja', who="Ana")
    for who in people:
        await room.says("!stimme 1", who=who)
    told = await house.sleep(days=8)
    names = told.of("poll-names")
    assert "im Thread" in told.of("poll-result").text
    assert (names.relation, names.edits) == ("m.thread", told.of("poll-result").event_id)
    assert names.text.count(": Halle") == 10


async def test_nobody_is_named_where_that_was_not_asked_for(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!stimme 1", who="Bodo")
    assert "Bodo" not in (await room.says("!umfrage stand U1")).text
    assert "Bodo" not in await result(house)
    assert "Bodo" not in str(await outcomes(house))


# -- hidden


async def test_a_hidden_poll_says_how_many_voted_and_all_the_rest_in_the_end(house: House, room: TestRoom) -> None:
    chat = await direct_chat(house, "Bodo")
    asked = await room.says('!umfrage "Wo?" Halle Stendal verdeckt=ja namentlich=ja')
    assert asked.of("poll-native").content["org.matrix.msc3381.poll.start"]["kind"].endswith(".undisclosed")
    assert "Am Ende sehen alle, wer wie gestimmt hat.\nVerdeckt: Zwischenstände zeige ich nicht." in asked.message.text
    assert "in der Umfrage oder im direkten Chat mit mir durch `!stimme U1 1`" in asked.message.text
    assert (await chat.says("stimme U1 2", who="Bodo")).reactions == ["✅"]
    await room.votes(asked.of("poll-native").event_id, ["1"])
    assert "1. Halle\n2. Stendal\n" in (shown := (await house.sleep(seconds=5)).of("poll-opened").text)
    assert "2 von 3 Stimmen abgegeben" in shown
    assert "Verdeckt: Was gewählt wurde, zeige ich erst am Ende." in (await room.says("!umfrage stand U1")).text
    told = await result(house)
    assert "█████░░░░░ Halle: 1 (50 %)" in told
    assert "- Anna: Halle\n- Bodo: Stendal" in told


@pytest.mark.parametrize(
    "ask",
    [
        '!umfrage "Was?" Bus Rad art=mehrfach verdeckt=ja',
        '!rangfolge "Was?" Bus Rad verdeckt=ja',
        '!termin "Was?" 12.1. 10:00, 13.1. 10:00 verdeckt=ja',
    ],
)
async def test_who_votes_on_a_hidden_poll_is_not_sent_to_reactions_that_all_can_see(room: TestRoom, ask: str) -> None:
    text = (await room.says(ask)).message.text
    assert "Abstimmen: im direkten Chat mit mir durch `!stimme U1 1" in text
    assert "1️⃣" not in text


async def test_a_hidden_poll_that_is_cancelled_never_says_how_it_stood(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal verdeckt=ja namentlich=ja')
    await room.says("!stimme 2", who="Bodo")
    await house.sleep(seconds=5)
    cancelled = await room.says("!umfrage abbrechen U1")
    asked_for = await room.says("!umfrage stand U1")
    for text in [one.text for one in (*cancelled.sent, *asked_for.sent)]:
        assert "Stendal: 1" not in text
        assert "Bodo" not in text
    assert (await outcomes(house))[0]["sealed"]


# -- the end


async def test_a_poll_that_ends_with_the_last_vote_ends_once_and_then(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal schluss=alle')
    await room.says("!stimme 1")
    await room.says("!stimme 1", who="Bodo")
    assert [one.key for one in (await house.sleep(seconds=5)).sent] == ["poll-opened"]
    await room.says("!stimme 2", who="Carla")
    ended = await house.sleep(seconds=5)
    assert [one.key for one in ended.sent] == ["poll-opened", "poll-result-line", "poll-result"]
    assert "Die meisten Stimmen hat Halle.\nBeteiligung: 3 von 3" in ended.message.text
    assert (await house.sleep(days=30)).sent == []
    assert "schon beendet" in (await room.says("!stimme U1 1")).text


async def test_a_poll_that_ends_with_the_last_vote_waits_for_those_who_took_theirs_back(
    house: House, room: TestRoom
) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal schluss=alle')
    for who in ("Anna", "Bodo"):
        await room.says("!stimme 1", who=who)
    await house.sleep(seconds=5)
    await room.votes(asked.of("poll-native").event_id, [], who="Bodo")
    await room.says("!stimme 1", who="Carla")
    assert (await house.sleep(seconds=5)).sent == []
    assert "2 von 3" in (await room.says("!umfrage stand U1")).text


async def test_a_poll_that_waits_for_all_ends_at_its_deadline_and_says_if_that_is_late(
    house: House, room: TestRoom
) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal schluss=alle bis=morgen')
    await room.says("!stimme 1")
    told = await house.sleep_until(MONDAY + timedelta(days=4), away=True)
    assert "verspätet, der Bot war nicht erreichbar" in told.of("poll-result").text


async def test_a_vote_of_the_last_second_counts_and_one_of_the_next_does_not(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis="in 2 Stunden"')
    end = MONDAY + timedelta(hours=2)
    await house.sleep_until(end + timedelta(seconds=3))
    await room.reacts(asked.message.event_id, "1️⃣", who="Bodo")
    assert (await room.says("!stimme 1", after=timedelta(seconds=-3))).reactions == ["✅"]
    assert "ist schon beendet" in (await room.says("!stimme 1", who="Carla")).text
    assert "ist schon beendet" in (await room.says("!umfrage verlängern U1 bis=morgen")).text
    told = (await house.sleep(seconds=5)).of("poll-result").text
    assert "Halle: 1 (100 %)" in told
    assert "verspätet" not in told


async def test_votes_before_the_question_do_not_count_by_the_servers_clock(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    answer = await room.says("!stimme 1", after=timedelta(hours=-1))
    assert "Diese Stimme ist älter als U1 „Wo?“. Bitte stimmen Sie noch einmal ab: `!stimme U1 1`" in answer.text
    late = await room._event("reaction", "Bodo", text="1️⃣", relates_to=asked.message.event_id, after=timedelta(-1))
    assert late.sent == []
    assert await house.dump() == before


async def test_what_was_said_between_the_question_and_its_hearing_counts(house: House, room: TestRoom) -> None:
    house.now += timedelta(hours=1)
    await room.says('!umfrage "Wo?" Halle Stendal', after=timedelta(hours=-1))
    assert (await room.says("!stimme 1", after=timedelta(minutes=-30))).reactions == ["✅"]


async def test_two_votes_of_one_instant_count_as_one(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!stimme 1")
    await room.says("!stimme 2")
    await room.reacts(asked.message.event_id, "2️⃣")
    assert "1 von 3 Stimmen abgegeben" in (await house.sleep(seconds=5)).of("poll-opened").text


async def test_who_has_left_counts_no_more_until_they_are_back(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says("!stimme 1", who="Bodo")
    await room.says("!stimme 2")
    await leave(house, room, "Bodo")
    assert "Beteiligung: 1 von 2" in (await room.says("!umfrage stand U1")).text
    assert "Halle: 0" in await result(house)


async def test_bots_have_no_vote(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    bot = house.setup.user_id
    assert "0 von 3 Stimmen" in asked.message.text
    for vote in (room.says("!stimme 1", who=bot), room.reacts(asked.message.event_id, "1️⃣", who=bot)):
        answer: Answer = await vote
        assert answer.sent == []
    assert "Es hat niemand abgestimmt." in await result(house)


@pytest.mark.parametrize("answers", [["3"], ["0"], ["01"], ["x"], ["9" * 5000], ["²"], []])
async def test_native_votes_for_what_does_not_exist_are_no_votes(
    house: House, room: TestRoom, answers: list[str]
) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    await room.votes(asked.of("poll-native").event_id, answers)
    assert (await house.sleep(seconds=5)).sent == []
    assert "Beteiligung: 0 von 3" in (await room.says("!umfrage stand U1")).text


async def test_reactions_for_what_does_not_exist_are_no_votes(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    for key in ("3️⃣", "🔟", "👍", "0️⃣", "1"):
        assert (await room.reacts(asked.message.event_id, key)).sent == []
    assert await house.dump() == before
