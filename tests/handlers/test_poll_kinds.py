"""What uagbot promises about kinds of polls (P3, P10, P11, P12): several answers, dates, pulses, priorities."""

from datetime import UTC, datetime

import pytest

from tests.handlers.facts import plan_meeting
from tests.handlers.house import House, TestRoom

DATES = '!termin "Workshop Energie" 12.1. 10:00, 13.1. 14:00-16:00, 15.1. 9:00'


async def shown(house: House) -> str:
    return (await house.sleep(seconds=5)).of("poll-opened").text


# -- several answers


async def test_several_answers_come_by_one_command_or_by_reaction_after_reaction(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Welche Themen?" Bus Rad Bahn art=mehrfach max=2')
    assert [one.key for one in asked.sent] == ["poll-opened"]
    assert "Bis zu 2 Antworten sind möglich." in asked.message.text
    assert "mit den Reaktionen 1️⃣ 2️⃣ … oder mit `!stimme U1 1 2`" in asked.message.text
    await room.says("!stimme 1, 3", who="Bodo")
    first = await room.reacts(asked.message.event_id, "1️⃣")
    await house.sleep(seconds=1)
    await room.reacts(asked.message.event_id, "2️⃣")
    assert "1. Bus – 2\n2. Rad – 1\n3. Bahn – 1" in await shown(house)
    await room.reacts(asked.message.event_id, "3️⃣")
    assert (await house.sleep(seconds=5)).sent == []
    assert "1. Bus – 1\n2. Rad – 1\n3. Bahn – 2" in (await room.redacts(first.event_id)).of("poll-opened").text
    await room.says("!stimme 1")
    assert "1. Bus – 2\n2. Rad – 0\n3. Bahn – 1" in await shown(house)


async def test_too_many_answers_are_refused_and_change_nothing(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Welche Themen?" Bus Rad Bahn art=mehrfach max=2')
    before = await house.dump()
    refused = "höchstens 2 möglich, zum Beispiel `!stimme U1 1 2`"
    assert refused in (await room.says("!stimme 1 2 3")).text
    assert "U1 hat keine Antwort 9. Möglich sind 1 bis 3." in (await room.says("!stimme 1 9")).text
    assert "Nennen Sie eine oder mehrere Antworten" in (await room.says("!stimme U1 Flugzeug")).text
    assert await house.dump() == before


async def test_the_result_of_several_answers_is_in_shares_of_voters(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Welche Themen?" Bus Rad Bahn art=mehrfach bis=morgen')
    await room.says("!stimme 1 2")
    await room.says("!stimme 2", who="Bodo")
    result = (await house.sleep(days=2)).of("poll-result").text
    assert "█████░░░░░ Bus: 1 (50 %)\n██████████ Rad: 2 (100 %)\n░░░░░░░░░░ Bahn: 0 (0 %)" in result
    assert "Die meisten Stimmen hat Rad." in result


async def test_two_answers_to_one_question_are_one_too_many(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    assert "zählt nur eine Antwort, zum Beispiel `!stimme U1 1`" in (await room.says("!stimme U1 1 2")).text
    assert await house.dump() == before


async def test_a_number_that_may_be_a_poll_or_an_answer_is_asked_about(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Welche Themen?" Bus Rad Bahn art=mehrfach')
    await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    assert "Welche Umfrage? Offen sind U1, U2." in (await room.says("!stimme 1 2")).text
    assert await house.dump() == before
    assert (await room.says("!stimme 2 1")).reactions == ["✅"]
    assert (await room.says("!stimme U1 1 2")).reactions == ["✅"]


# -- dates


async def test_dates_are_listed_with_what_speaks_against_them(house: House, room: TestRoom) -> None:
    other = await house.room("UAG2", title="Mobilität")
    await plan_meeting(house, other, datetime(2026, 12, 8, 17, 0, tzinfo=UTC))
    await plan_meeting(house, room, datetime(2026, 12, 9, 17, 0, tzinfo=UTC))
    asked = await room.says(
        '!termin "Workshop" 8.12. 10:00, 9.12. 14:00-16:00, 12.12. 9:00, 6.1.2027 10:00, 25.12. 10:00 bis=4.12.'
    )
    assert "org.matrix.msc3381.poll.start" not in [one.type for one in asked.sent]
    assert (
        "1. Dienstag, 8. Dezember 2026, 10:00–11:00 Uhr (UAG2 trifft sich)\n"
        "2. Mittwoch, 9. Dezember 2026, 14:00–16:00 Uhr\n"
        "3. Samstag, 12. Dezember 2026, 09:00–10:00 Uhr (Wochenende)\n"
        "4. Freitag, 25. Dezember 2026, 10:00–11:00 Uhr (Feiertag: Erster Weihnachtstag)\n"
        "5. Mittwoch, 6. Januar 2027, 10:00–11:00 Uhr (Feiertag: Heilige Drei Könige)"
    ) in asked.message.text
    assert "oder `!stimme U1 1 ja 2 notfalls`" in asked.message.text


async def test_dates_rank_by_how_many_can_and_the_best_can_be_settled(house: House, room: TestRoom) -> None:
    asked = await room.says(f"{DATES} bis=20.11.")
    await room.says("!stimme 1 ja 2 vielleicht")
    await room.says("!stimme 1 notfalls 2 ja 3 nein", who="Bodo")
    await room.reacts(asked.message.event_id, "2️⃣", who="Carla")
    assert "10:00–11:00 Uhr – 1 ja, 1 notfalls" in (await shown(house))
    result = (await house.sleep(days=20)).of("poll-result").text
    assert "2. Mi., 13. Jan., 14:00–16:00 Uhr: 2 ja, 1 notfalls\n1. Di., 12. Jan." in result
    assert "Am besten passt Mittwoch, 13. Januar 2027, 14:00–16:00 Uhr. Festlegen: `!termin fest U1 2`" in result
    assert "Beteiligung: 3 von 3" in result


async def test_dates_that_are_equally_good_are_all_named(house: House, room: TestRoom) -> None:
    await room.says(f"{DATES} bis=20.11.")
    await room.says("!stimme 1 3")
    result = (await house.sleep(days=20)).of("poll-result").text
    assert "Gleich gut passen Dienstag" in result
    assert "und Freitag" in result
    assert "`!termin fest U1 1`" in result


async def test_a_date_that_suits_nobody_does_not_win(house: House, room: TestRoom, main: TestRoom) -> None:
    await room.says(f"{DATES} bis=3.11.")
    await room.says("!stimme 1 nein 2 nein 3 nein")
    result = (await house.sleep(days=2)).of("poll-result").text
    assert "Keiner der Termine passt." in result
    assert "keiner der Termine passt" in (await main.says("!wochenbericht")).text


async def test_the_digest_tells_how_well_a_date_suits(house: House, room: TestRoom, main: TestRoom) -> None:
    await room.says(f"{DATES} bis=3.11.")
    await room.says("!stimme 1 ja 2 notfalls")
    await room.says("!stimme 1 notfalls", who="Bodo")
    await house.sleep(days=2)
    assert (
        "Di., 12. Jan., 10:00 Uhr, 1 ja, 1 notfalls (Beteiligung 2 von 3)" in (await main.says("!wochenbericht")).text
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('!termin "Workshop" 12.1. 10:00', "Eine Terminumfrage braucht 2 bis 20 Termine, hier ist es nur eine"),
        ('!termin "Workshop"', "hier steht keine"),
        ('!termin "Workshop" 12.1., 13.1. 10:00', "Um wie viel Uhr am Dienstag, 12. Januar 2027?"),
        ('!termin "Workshop" 12.1. 10:00, 12.1. 10:00', "steht zweimal da"),
        ('!termin "Workshop" 31.2. 10:00, 12.1. 10:00', "gibt es im Kalender nicht"),
        ('!termin "Workshop" 1.11.2026 10:00, 12.1. 10:00', "liegt in der Vergangenheit"),
        ('!termin "Workshop" bald, später', "So geht es"),
        ('!termin "" 12.1. 10:00, 13.1. 10:00', "Die Frage fehlt. `!termin"),
        ('!rangfolge "Was zuerst?" Rufbus', "braucht 2 bis 20 Antworten"),
        ('!rangfolge "Was zuerst?" Rufbus Rad punkte=0', "1 bis 100 Punkte verteilen, zum Beispiel `punkte=5`"),
        ('!rangfolge "Was zuerst?" Rufbus Rad punkte=101', "1 bis 100 Punkte"),
        ('!umfrage "" Ja Nein', "Die Frage fehlt. `!umfrage"),
        ('!umfrage "Wo?" Halle Halle, Stendal', "steht zweimal da"),
        ('!umfrage "Wo?" Köthen Koethen', "steht zweimal da"),
        ('!umfrage "Wo?" Halle ""', "hier ist es nur eine"),
        ('!umfrage "Wo?" Halle Stendal max=2', "nur mit `art=mehrfach`"),
        ('!umfrage "Wo?" Halle Stendal Jena art=mehrfach max=4', "2 bis 3 Antworten möglich"),
        ('!umfrage "Wo?" Halle Stendal art=mehrfach max=1', "2 bis 2 Antworten"),
        ('!umfrage "Wo?" Halle Stendal quorum=0', "nicht verstanden"),
        ('!umfrage "Wo?" Halle Stendal quorum=101%', "nicht verstanden"),
        ('!umfrage "Wo?" Halle Stendal mehrheit=dreiviertel', "mehrheit=einfach|absolut|zweidrittel"),
        ('!umfrage "Wo?" ' + "x" * 151 + " Stendal", "151 Zeichen, höchstens 150"),
        ("!stimmungsbild", "So geht es"),
    ],
)
async def test_what_no_poll_can_be_gets_a_clear_answer_and_changes_nothing(
    house: House, room: TestRoom, text: str, said: str
) -> None:
    before = await house.dump()
    assert said in (await room.says(text)).message.text
    assert await house.dump() == before


async def test_who_lists_answers_types_commas(room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle, Stendal, "Ja, gern",')
    assert "1. Halle\n2. Stendal\n3. Ja, gern\n" in asked.message.text


async def test_dates_in_english(house: House) -> None:
    room = await house.room("UAG1", title="Citizen apps", language="en")
    asked = await room.says('!findtime "Workshop" 12 December 10:00, 14 December 14:00 by=Friday')
    assert "(weekend)" in asked.message.text
    assert "`!vote U1 1 yes 2 maybe`" in asked.message.text
    await room.says("!vote 1 maybe 2 yes")
    result = (await house.sleep(days=7)).of("poll-result").text
    assert "Best: Monday, 14 December 2026" in result
    assert "`!findtime fix U1 2`" in result


# -- pulses


async def test_a_pulse_has_five_steps_and_shows_the_change_since_last_time(house: House, room: TestRoom) -> None:
    asked = await room.says('!stimmungsbild "Kommen wir voran?"')
    assert "1 heißt gar nicht, 5 voll und ganz." in asked.message.text
    assert "1. ★☆☆☆☆" in asked.message.text
    await room.votes(asked.of("poll-native").event_id, ["4"])
    await room.says("!stimme 3", who="Bodo")
    first = (await house.sleep(days=4)).of("poll-result").text
    assert "Im Mittel 3,5 von 5." in first
    assert "Zum ersten Mal gefragt." in first
    again = await room.says('!stimmungsbild "Kommen wir voran?"')
    await room.reacts(again.message.event_id, "5️⃣")
    second = (await house.sleep(days=4)).of("poll-result").text
    assert "Beim letzten Mal: 3,5, also 1,5 mehr." in second
    assert (await room.says("!umfrage stand U2")).text == second
    assert (await room.says("!umfrage stand U1")).text == first


@pytest.mark.parametrize(("vote", "change"), [(2, "also 2,0 weniger"), (4, "also unverändert")])
async def test_a_pulse_also_falls_or_stays(house: House, room: TestRoom, vote: int, change: str) -> None:
    for number, step in ((1, 4), (2, vote)):
        await room.says('!stimmungsbild "Kommen wir voran?"')
        await room.says(f"!stimme U{number} {step}")
        text = (await house.sleep(days=4)).of("poll-result").text
    assert f"Beim letzten Mal: 4,0, {change}." in text


async def test_the_four_keys_are_four_pulses_that_only_the_chair_asks_for(house: House, room: TestRoom) -> None:
    before = await house.dump()
    assert "nur die Leitung" in (await room.says("!stimmungsbild schlüssel", who="Bodo")).text
    assert await house.dump() == before
    asked = await room.says("!stimmungsbild schlüssel")
    assert [one.text.splitlines()[0] for one in asked.messages] == [
        "Umfrage U1: Sichtbarkeit und Relevanz",
        "Umfrage U2: Motivation und Selbstwirksamkeit",
        "Umfrage U3: Kooperation und Kulturwandel",
        "Umfrage U4: Sensibilisierung und Wissen",
    ]
    for poll, step in ((1, 1), (2, 2), (3, 3), (4, 4)):
        await room.says(f"!stimme U{poll} {step}")
    closed = await house.sleep(days=4)
    assert [one.text.splitlines()[0] for one in closed.messages if one.key == "poll-result"] == [
        "Ergebnis U1: Sichtbarkeit und Relevanz",
        "Ergebnis U2: Motivation und Selbstwirksamkeit",
        "Ergebnis U3: Kooperation und Kulturwandel",
        "Ergebnis U4: Sensibilisierung und Wissen",
    ]
    await room.says("!stimmungsbild schlüssel")
    await room.says("!stimme U6 4")
    texts = [one.text for one in (await house.sleep(days=4)).messages if one.key == "poll-result"]
    assert "Beim letzten Mal: 2,0, also 2,0 mehr." in texts[1]
    assert "Es hat niemand abgestimmt." in texts[0]


async def test_the_keys_are_asked_in_the_language_of_the_room(house: House) -> None:
    room = await house.room("UAG1", language="en", powers={"Anna": 100})
    asked = await room.says("!pulse keys")
    assert "Visibility and relevance" in asked.messages[0].text
    assert "1 is not at all, 5 is very much." in asked.messages[0].text
    await room.says("!vote U1 5")
    assert "On average 5.0 of 5.\nAsked for the first time." in (await house.sleep(days=4)).of("poll-result").text


# -- priorities


async def test_a_ranking_spreads_points_and_has_a_clear_result(house: House, room: TestRoom) -> None:
    asked = await room.says('!rangfolge "Was zuerst?" Rufbus Leihräder Mitfahrbank punkte=5 bis=morgen')
    assert "Jede Stimme verteilt 5 Punkte." in asked.message.text
    assert "jede Reaktion 1️⃣ 2️⃣ … gibt einen Punkt, mehrere gehen mit `!stimme U1 1=4 2=1`" in asked.message.text
    await room.says("!stimme 1=3 2=2")
    await room.says("!stimme Mitfahrbank=4 Rufbus", who="Bodo")
    await room.reacts(asked.message.event_id, "3️⃣", who="Carla")
    await house.sleep(seconds=1)
    await room.reacts(asked.message.event_id, "3️⃣", who="Carla")
    assert "1. Rufbus – 4 Punkte\n2. Leihräder – 2 Punkte\n3. Mitfahrbank – 6 Punkte" in (await shown(house)).replace(
        "\N{NO-BREAK SPACE}", " "
    )
    result = (await house.sleep(days=2)).of("poll-result").text
    assert "1. █████░░░░░ Mitfahrbank: 6 Punkte\n2. ███░░░░░░░ Rufbus: 4 Punkte" in result
    assert "Am wichtigsten ist Mitfahrbank." in result


async def test_more_points_than_there_are_do_not_count(house: House, room: TestRoom) -> None:
    asked = await room.says('!rangfolge "Was zuerst?" Rufbus Leihräder punkte=3')
    before = await house.dump()
    assert "verteilt jede Stimme 3, zum Beispiel `!stimme U1 1=2 2=1`" in (await room.says("!stimme 1=3 2=1")).text
    assert "Verteilen Sie" in (await room.says("!stimme 1=0")).text
    assert await house.dump() == before
    for second in range(5):
        await room.reacts(asked.message.event_id, "1️⃣")
        await house.sleep(seconds=second)
    assert (
        "1. Rufbus – 3" in (await room.says("!umfrage stand U1")).text
        or "Rufbus: 3" in (await room.says("!umfrage stand U1")).text
    )


async def test_the_digest_counts_a_ranking_in_points(house: House, room: TestRoom, main: TestRoom) -> None:
    await room.says('!rangfolge "Was zuerst?" Rufbus Leihräder bis=morgen')
    await room.says("!stimme 1=3 2=1")
    await house.sleep(days=2)
    assert "Rufbus, 3 von 4 Punkten" in (await main.says("!wochenbericht")).text


async def test_a_ranking_in_english_names_ties(house: House) -> None:
    room = await house.room("UAG1", language="en")
    await room.says('!rank "What first?" Buses Bicycles points=2 by=tomorrow')
    await room.says("!vote Buses Bicycles")
    assert "Tie: Buses and Bicycles." in (await house.sleep(days=2)).of("poll-result").text


@pytest.mark.parametrize(
    ("ask", "again", "said"),
    [
        ('!umfrage "Wo?" Halle Stendal art=mehrfach', '!umfrage "Wo?" Halle Stendal Jena art=mehrfach', "3. Jena"),
        (DATES, '!termin "Workshop" 12.1. 10:00, 14.1. 14:00', "2. Donnerstag, 14. Januar 2027"),
        ('!rangfolge "Was?" Rad Bus', '!rangfolge "Was?" Rad Bus Bahn punkte=9', "Jede Stimme verteilt 9 Punkte"),
        ('!stimmungsbild "Wie ist es?"', '!stimmungsbild "Wie läuft es?"', "U1: Wie läuft es?"),
    ],
)
async def test_every_kind_can_be_edited_and_withdrawn_until_somebody_has_voted(
    house: House, room: TestRoom, ask: str, again: str, said: str
) -> None:
    asked = await room.says(ask)
    edited = await room.edits(asked.event_id, again)
    assert edited.reactions == ["✏️"]
    assert said in edited.of("poll-opened").text
    await room.reacts(asked.message.event_id, "1️⃣", who="Bodo")
    assert "schon Stimmen abgegeben" in (await room.edits(asked.event_id, ask)).text
    assert "läuft weiter" in (await room.redacts(asked.event_id)).text
    await house.sleep(days=8)
    second = await room.says(ask)
    assert "abgebrochen" in (await room.redacts(second.event_id)).text
    assert (await house.sleep(days=8)).sent == []


async def test_one_choice_does_not_become_several_by_an_edit(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle Stendal')
    before = await house.dump()
    assert "bleibt, wie sie ist" in (await room.edits(asked.event_id, '!umfrage "Wo?" Halle Jena art=mehrfach')).text
    assert "kein anderer" in (await room.edits(asked.event_id, '!rangfolge "Wo?" Halle Jena')).text
    assert await house.dump() == before


async def test_a_vote_that_was_edited_stays_as_it_was(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    voted = await room.says("!stimme 1")
    await house.sleep(seconds=5)
    assert "als neue Nachricht" in (await room.edits(voted.event_id, "!stimme 2")).text
    assert "Halle: 1" in (await room.says("!umfrage stand U1")).text
    assert (await house.sleep(minutes=1)).sent == []
