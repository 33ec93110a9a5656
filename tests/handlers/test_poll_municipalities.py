"""What uagbot promises where every municipality has one vote (P7)."""

from datetime import timedelta

import pytest

from storage.municipalities import Standing
from tests.handlers.facts import direct_chat, sit
from tests.handlers.house import House, TestRoom, user

ASK = '!umfrage "Wo?" Halle Stendal Jena wahlrecht=kommune'


@pytest.fixture
async def towns(house: House) -> TestRoom:
    """Give a room with Anna and Bodo for Halle, Carla for Stendal, and Dieter, who has not said for whom."""
    room = await house.room("UAG1", "Anna", "Bodo", "Carla", "Dieter", powers={"Anna": 100})
    await sit(house, "Halle (Saale)", "Anna", "Bodo")
    await sit(house, "Stendal", "Carla")
    return room


async def test_every_municipality_has_one_vote(house: House, towns: TestRoom) -> None:
    asked = await towns.says(ASK)
    assert "Jede Kommune hat eine Stimme." in asked.message.text
    assert "0 von 2 Stimmen abgegeben" in asked.message.text
    for who in ("Anna", "Bodo"):
        await towns.says("!stimme 1", who=who)
    await towns.says("!stimme 2", who="Carla")
    assert "1. Halle – 1\n2. Stendal – 1" in (await house.sleep(seconds=5)).of("poll-opened").text
    assert (
        "Gleichstand: Halle und Stendal.\nBeteiligung: 2 von 2 Kommunen (100 %)"
        in (await house.sleep(days=8)).of("poll-result").text
    )


async def test_a_conflict_is_told_once_counts_as_none_and_ends_with_agreement(house: House, towns: TestRoom) -> None:
    await towns.says(ASK)
    await towns.says("!stimme 1", who="Anna")
    await towns.says("!stimme 2", who="Bodo")
    shown = await house.sleep(seconds=5)
    assert "Ohne Stimme, weil uneinig: Halle (Saale).\n0 von 2 Stimmen abgegeben" in shown.of("poll-opened").text
    told = shown.of("poll-conflict")
    assert told.text.startswith("Anna und Bodo: Halle (Saale) hat in U1 „Wo?“ verschieden gestimmt")
    assert "`!vertretung @name`, wer für Halle (Saale) entscheidet." in told.text
    assert told.mentions == [user("Anna"), user("Bodo")]
    await towns.says("!stimme 3", who="Bodo")
    assert (await house.sleep(seconds=5)).sent == []
    assert "uneinig: Halle (Saale)" in (await towns.says("!umfrage stand U1")).text
    after = (await towns.says("!stimme 1", who="Bodo")).of("poll-opened").text
    assert "1. Halle – 1" in after
    assert "uneinig" not in after


async def test_a_conflict_that_is_not_resolved_is_no_vote_in_the_end(house: House, towns: TestRoom) -> None:
    await towns.says(ASK)
    await towns.says("!stimme 1", who="Anna")
    await towns.says("!stimme 2", who="Bodo")
    await towns.says("!stimme 3", who="Carla")
    told = (await house.sleep(days=8)).of("poll-result").text
    assert "Die meisten Stimmen hat Jena.\nOhne Stimme, weil uneinig: Halle (Saale)." in told
    assert "Beteiligung: 1 von 2" in told


async def test_the_deputy_decides_where_members_differ(house: House, towns: TestRoom) -> None:
    await sit(house, "Halle (Saale)", "Anna", "Bodo", deputy="Bodo")
    await towns.says(ASK)
    await towns.says("!stimme 1", who="Anna")
    assert "1. Halle – 1" in (await house.sleep(seconds=5)).of("poll-opened").text
    await towns.says("!stimme 2", who="Bodo")
    shown = await house.sleep(seconds=5)
    assert "1. Halle – 0\n2. Stendal – 1" in shown.of("poll-opened").text
    assert shown.messages == []


async def test_a_deputy_named_afterwards_resolves_the_conflict(house: House, towns: TestRoom) -> None:
    await towns.says(ASK)
    await towns.says("!stimme 1", who="Anna")
    await towns.says("!stimme 2", who="Bodo")
    await house.sleep(seconds=5)
    await sit(house, "Halle (Saale)", "Anna", "Bodo", deputy="Anna")
    assert "Halle: 1" in (await towns.says("!umfrage stand U1")).text
    assert "Die meisten Stimmen hat Halle." in (await house.sleep(days=8)).of("poll-result").text


async def test_each_of_those_who_differ_is_told_in_a_room_they_are_in(house: House) -> None:
    main = await house.room("INI", "Gerda", kind="main", title="Initiative", powers={"Gerda": 100})
    apps, traffic = await house.room("UAG1", "Anna", "Carla"), await house.room("UAG2", "Bodo", "Carla")
    await sit(house, "Halle (Saale)", "Anna", "Bodo")
    await main.says(f"{ASK} räume=alle", who="Gerda")
    await apps.says("!stimme 1", who="Anna")
    await traffic.says("!stimme 2", who="Bodo")
    told = [one for one in (await house.sleep(seconds=5)).sent if one.key == "poll-conflict"]
    assert [(one.room, one.mentions) for one in told] == [(apps.id, [user("Anna")]), (traffic.id, [user("Bodo")])]
    assert all(one.text.startswith("Anna und Bodo: Halle (Saale)") for one in told)


async def test_a_municipality_in_two_rooms_has_one_vote(house: House) -> None:
    main = await house.room("INI", "Gerda", kind="main", title="Initiative", powers={"Gerda": 100})
    apps, traffic = await house.room("UAG1", "Anna", "Carla"), await house.room("UAG2", "Bodo", title="Mobilität")
    await sit(house, "Halle (Saale)", "Anna", "Bodo")
    await sit(house, "Stendal", "Carla")
    await main.says(f"{ASK} räume=alle", who="Gerda")
    await apps.says("!stimme 1", who="Anna")
    await traffic.says("!stimme 1", who="Bodo")
    told = (await house.sleep(days=8)).of("poll-result").text
    assert "Halle: 1 (100 %)" in told
    assert "- UAG1 Bürger-Apps: 1 von 2, vorn: Halle\n- UAG2 Mobilität: 1 von 1, vorn: Halle" in told


async def test_who_has_not_said_for_whom_is_told_so_once_and_counts_after_that(house: House, towns: TestRoom) -> None:
    asked = await towns.says(ASK)
    first = await towns.reacts(asked.message.event_id, "2️⃣", who="Dieter")
    assert first.message.text == (
        "Dieter: In U1 hat jede Kommune eine Stimme. Ihre zählt, sobald Sie sagen, für welche Sie stehen: "
        "`!kommune Halle (Saale)`"
    )
    assert first.message.mentions == [user("Dieter")]
    assert (await towns.votes(asked.of("poll-native").event_id, ["3"], who="Dieter")).messages == []
    assert (await house.sleep(seconds=5)).sent == []
    await sit(house, "Magdeburg", "Dieter")
    assert "Beteiligung: 1 von 3" in (await towns.says("!umfrage stand U1")).text
    assert "Die meisten Stimmen hat Jena." in (await house.sleep(days=8)).of("poll-result").text


async def test_who_is_a_member_again_but_of_nothing_is_told_what_to_say(towns: TestRoom) -> None:
    asked = await towns.says(ASK)
    await towns.says("!kommune als=gast", who="Dieter")
    await towns.says("!kommune als=mitglied", who="Dieter")
    assert "Sagen Sie zuerst, für welche Sie stehen" in (await towns.says("!stimme 1", who="Dieter")).text
    assert "Ihre zählt, sobald Sie sagen" in (await towns.reacts(asked.message.event_id, "1️⃣", who="Dieter")).text


async def test_a_command_of_who_has_not_said_for_whom_is_refused_and_says_what_to_do(
    house: House, towns: TestRoom
) -> None:
    await towns.says(ASK)
    before = await house.dump()
    assert "Sagen Sie zuerst, für welche Sie stehen: `!kommune" in (await towns.says("!stimme 1", who="Dieter")).text
    assert await house.dump() == before


@pytest.mark.parametrize(
    ("standing", "said"),
    [(Standing.GUEST, "Als Gast stimmen Sie nicht mit."), (Standing.OBSERVER, "Als beobachtendes Mitglied stimmen")],
)
@pytest.mark.parametrize("suffrage", ["person", "kommune"])
async def test_guests_and_observers_have_no_vote(
    house: House, towns: TestRoom, standing: Standing, said: str, suffrage: str
) -> None:
    await sit(house, None, "Dieter", standing=standing)
    asked = await towns.says(f'!umfrage "Wo?" Halle Stendal wahlrecht={suffrage}')
    eligible = 3 if suffrage == "person" else 2
    assert f"0 von {eligible} Stimmen" in asked.message.text
    assert said in (await towns.says("!stimme 1", who="Dieter")).text
    assert (await towns.reacts(asked.message.event_id, "1️⃣", who="Dieter")).messages == []
    assert "Es hat niemand abgestimmt." in (await house.sleep(days=8)).of("poll-result").text


async def test_votes_by_name_stand_with_their_municipality(house: House, towns: TestRoom) -> None:
    await towns.says(f"{ASK} namentlich=ja")
    for who in ("Anna", "Bodo"):
        await towns.says("!stimme 1", who=who)
    await towns.says("!stimme 2", who="Carla")
    told = (await house.sleep(days=8)).of("poll-result").text
    assert "- Halle (Saale) (Anna, Bodo): Halle\n- Stendal (Carla): Stendal" in told


async def test_votes_of_people_by_name_stand_with_their_municipality_too(house: House, towns: TestRoom) -> None:
    await towns.says('!umfrage "Wo?" Halle Stendal namentlich=ja')
    for who in ("Dieter", "Bodo", "Carla"):
        await towns.says("!stimme 1", who=who)
    told = (await house.sleep(days=8)).of("poll-result").text
    assert "- Halle (Saale) (Bodo): Halle\n- Stendal (Carla): Halle\n- Dieter: Halle" in told


async def test_quorum_and_the_end_with_all_count_municipalities(house: House, towns: TestRoom) -> None:
    await towns.says(f"{ASK} schluss=alle quorum=100%")
    await towns.says("!stimme 1", who="Anna")
    await towns.says("!stimme 2", who="Bodo")
    await towns.says("!stimme 1", who="Carla")
    assert "poll-result" not in [one.key for one in (await house.sleep(seconds=5)).sent]
    await towns.says("!stimme 1", who="Bodo")
    assert "Die meisten Stimmen hat Halle." in (await house.sleep(seconds=5)).of("poll-result").text


async def test_a_poll_of_municipalities_before_anybody_sits_needs_a_vote_at_least(room: TestRoom) -> None:
    assert "Gültig ab 1 Stimme." in (await room.says(f"{ASK} quorum=50%")).message.text


async def test_municipalities_in_english(house: House) -> None:
    room = await house.room("UAG1", language="en")
    await sit(house, "Halle (Saale)", "Anna", "Bodo")
    asked = await room.says('!poll "Where?" Halle Stendal suffrage=municipality')
    assert "Every municipality has one vote." in asked.message.text
    assert "`!municipality Halle (Saale)`" in (await room.reacts(asked.message.event_id, "1️⃣", who="Carla")).text
    await room.says("!vote 1", who="Anna")
    await room.says("!vote 2", who="Bodo")
    assert "or name with `!deputy @name` who decides" in (await house.sleep(seconds=5)).of("poll-conflict").text
    assert "Turnout: 0 of 1 municipality (0%)" in (await house.sleep(days=8)).of("poll-result").text


async def test_the_reminder_leaves_out_whose_municipality_has_voted(house: House, towns: TestRoom) -> None:
    await towns.says(f"{ASK} bis=Freitag")
    await towns.says("!stimme 1", who="Anna")
    reminded = (await house.sleep(days=4)).of("poll-reminder")
    assert reminded.mentions == [user("Carla")]
    assert "Für ihre Kommune hat noch niemand abgestimmt: Carla" in reminded.text


async def test_a_vote_in_the_direct_chat_counts_for_the_municipality(house: House, towns: TestRoom) -> None:
    chat = await direct_chat(house, "Carla")
    await towns.says(ASK)
    assert (await chat.says("stimme U1 2", who="Carla")).reactions == ["✅"]
    await house.sleep_until(house.now + timedelta(seconds=5))
    assert "Stendal: 1" in (await towns.says("!umfrage stand U1")).text
