"""What uagbot promises about reminders of polls (P6): once, a day before the end, to those who have not voted."""

from datetime import timedelta

import pytest

from tests.handlers.facts import direct_chat, leave
from tests.handlers.house import MONDAY, Answer, House, TestRoom, user


def reminders(answer: Answer) -> list[tuple[str, list[str]]]:
    return [(one.room, one.mentions) for one in answer.sent if one.key == "poll-reminder"]


async def test_those_who_have_not_voted_are_reminded_once_a_day_before_the_end(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal bis=Freitag 12:00')
    await room.says("!stimme 1")
    await room.votes(asked.of("poll-native").event_id, ["1"], who="Bodo")
    await house.sleep(seconds=1)
    await room.votes(asked.of("poll-native").event_id, [], who="Bodo")
    assert reminders(await house.sleep_until(MONDAY + timedelta(days=3, hours=2, minutes=59))) == []
    reminded = await house.sleep(minutes=1)
    assert reminders(reminded) == [(room.id, [user("Bodo"), user("Carla")])]
    assert reminded.message.text == (
        "Noch bis Freitag, 6. November 2026, 12:00 Uhr: U1 Wo?\n"
        "Es fehlen noch: Bodo und Carla\n"
        "Abstimmen, zum Beispiel: `!stimme U1 1`"
    )
    assert reminders(await house.sleep(days=7)) == []


@pytest.mark.parametrize(
    ("ask", "how"),
    [
        ('!umfrage "Was?" Bus Rad art=mehrfach', "`!stimme U1 1 2`"),
        ('!rangfolge "Was?" Bus Rad punkte=1', "`!stimme U1 1=1`"),
        ('!rangfolge "Was?" Bus Rad punkte=2', "`!stimme U1 1=1 2=1`"),
        ('!termin "Was?" 12.1. 10:00, 13.1. 10:00', "`!stimme U1 1 ja 2 notfalls`"),
        ('!stimmungsbild "Wie?"', "`!stimme U1 1`"),
    ],
)
async def test_a_reminder_says_what_to_type_and_that_is_a_vote(
    house: House, room: TestRoom, ask: str, how: str
) -> None:
    await room.says(f"{ask} bis=Montag 9:00")
    assert how in (await house.sleep(days=6, hours=1)).of("poll-reminder").text
    assert (await room.says(how.strip("`"))).reactions == ["✅"]


async def test_a_poll_that_ends_within_a_day_reminds_nobody(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=morgen 8:00')
    assert reminders(await house.sleep(days=2)) == []


async def test_nobody_is_reminded_when_all_have_voted(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    for who in ("Anna", "Bodo", "Carla"):
        await room.says("!stimme 1", who=who)
    assert reminders(await house.sleep(days=8)) == []


async def test_an_extension_moves_the_reminder_and_makes_no_second_one(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal bis=Mittwoch')
    await room.says("!umfrage verlängern U1 bis=Freitag")
    assert reminders(await house.sleep(days=2)) == []
    assert len(reminders(await house.sleep(days=2))) == 1
    await room.says("!umfrage verlängern U1 bis=20.11.")
    assert reminders(await house.sleep(days=30)) == []


async def test_who_wants_no_reminders_gets_none(house: House, room: TestRoom) -> None:
    await room.says("!ruhe 2 Wochen", who="Bodo")
    await room.says("!erinnerungen aus", who="Carla")
    await room.says('!umfrage "Wo?" Halle Stendal')
    reminded = await house.sleep(days=6, hours=1)
    assert reminders(reminded) == [(room.id, [user("Anna")])]
    assert "Bodo" not in reminded.of("poll-reminder").text


async def test_who_has_left_is_not_reminded(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await leave(house, room, "Bodo")
    assert reminders(await house.sleep(days=8)) == [(room.id, [user("Anna"), user("Carla")])]


async def test_who_is_in_several_rooms_is_reminded_in_one(house: House) -> None:
    main = await house.room("INI", "Gerda", kind="main", title="Initiative", powers={"Gerda": 100})
    apps, traffic = await house.room("UAG1", "Anna", "Carla"), await house.room("UAG2", "Carla", "Dieter")
    await main.says('!umfrage "Wo?" Halle Stendal räume=alle', who="Gerda")
    await apps.says("!stimme 1", who="Anna")
    assert reminders(await house.sleep(days=8)) == [(traffic.id, [user("Carla"), user("Dieter")])]


async def test_a_reminder_that_is_late_still_comes_before_the_end(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    late = await house.sleep_until(MONDAY + timedelta(days=6, hours=20), away=True)
    assert len(reminders(late)) == 1


async def test_after_the_end_nobody_is_reminded(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    late = await house.sleep_until(MONDAY + timedelta(days=9), away=True)
    assert reminders(late) == []
    assert "verspätet" in late.of("poll-result").text


@pytest.mark.parametrize("text", ["!umfrage ende U1", "!umfrage abbrechen U1"])
async def test_a_poll_that_is_over_reminds_nobody(house: House, room: TestRoom, text: str) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    await room.says(text)
    assert (await house.sleep(days=30)).sent == []


async def test_reminders_in_english(house: House) -> None:
    room = await house.room("UAG1", language="en")
    await room.says('!poll "Where?" Halle Stendal')
    await room.says("!vote 1")
    assert (
        "Still missing: Bodo and Carla\nTo vote, for example: `!vote U1 1`"
        in (await house.sleep(days=6, hours=1)).of("poll-reminder").text
    )


async def test_the_direct_chat_votes_lists_and_shows_but_asks_nothing(house: House, room: TestRoom) -> None:
    chat = await direct_chat(house, "Bodo")
    await room.says('!umfrage "Wo?" Halle Stendal')
    assert "nur im Raum einer Arbeitsgruppe" in (await chat.says('umfrage "Wo?" Ja Nein', who="Bodo")).text
    assert "U1 Wo? – 0 von 3 Stimmen" in (await chat.says("umfragen", who="Bodo")).text
    assert (await chat.says("stimme 2", who="Bodo")).reactions == ["✅"]
    voted = await chat.says("stimme 1", who="Bodo", after=timedelta(seconds=1))
    await house.sleep(seconds=5)
    assert "Halle: 1" in (await chat.says("umfrage stand U1", who="Bodo")).text
    await chat.redacts(voted.event_id, who="Bodo")
    assert "2. Stendal – 1" in (await house.sleep(seconds=5)).of("poll-opened").text


async def test_a_direct_chat_reaches_no_polls_of_rooms_one_is_not_in(house: House, room: TestRoom) -> None:
    chat = await direct_chat(house, "Elke")
    await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    for text in ("stimme U1 1", "umfrage stand U1", "umfrage prüfen U1"):
        assert "gibt es in Ihren Räumen nicht" in (await chat.says(text, who="Elke")).text
    assert "noch keine Umfrage" in (await chat.says("umfragen", who="Elke")).text
    assert await house.dump() == before


async def test_several_open_polls_are_asked_about_in_the_direct_chat(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", "Bodo", title="Mobilität")
    chat = await direct_chat(house, "Bodo")
    await room.says('!umfrage "Wo?" Halle Stendal')
    await other.says('!umfrage "Wann?" Heute Morgen', who="Bodo")
    asked = await chat.says("stimme 1", who="Bodo")
    assert "Welche Umfrage? Offen sind U1, U2." in asked.text
    assert (await chat.says("stimme 2 1", who="Bodo")).reactions == ["✅"]
