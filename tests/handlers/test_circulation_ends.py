"""What uagbot promises about the end of a circulation: what it decides, who hears it, and what a vote does (B2)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from commands.resolutions.rounds import GRACE
from storage import due, polls, rooms
from storage.due import Due
from storage.municipalities import Standing
from storage.polls import Majority, Poll, PollState, Suffrage
from storage.rooms import RoomKind
from tests.handlers.house import House, TestRoom, user
from tests.handlers.resolution_rows import due_times, room_of, seat, stored, the_only

UMLAUF = '!umlauf "Wir treten dem Netzwerk bei" bis="5 Arbeitstage"'
END = datetime(2026, 11, 9, 22, 59, tzinfo=UTC)  # Monday, 23:59 in Berlin


@pytest.fixture
async def other(house: House) -> TestRoom:
    """Give the room of a second group, of which Bodo is a member too."""
    return await house.room("UAG3", "Bodo", "Dieter", title="Verkehr", powers={"Dieter": 50})


@pytest.fixture
async def above(house: House) -> TestRoom:
    """Give the main room; its digest is not planned."""
    return await house.room("INI", "Gerda", kind=RoomKind.MAIN, title="Initiative", powers={"Gerda": 50})


# -- by consent


async def test_silence_is_consent_and_the_end_is_told_once_in_every_room(
    house: House, room: TestRoom, other: TestRoom, above: TestRoom
) -> None:
    await room.says(f"{UMLAUF} räume=UAG1,UAG3")
    await room.says("!zustimmung", who="Carla")
    assert (await house.sleep_until(END + GRACE - timedelta(seconds=1))).sent == []
    answer = await house.sleep(seconds=1)
    assert [one.room for one in answer.messages] == [room.id, other.id, above.id]
    said = (
        "B-2026-001 ist beschlossen: Wir treten dem Netzwerk bei\n"
        "Umlauf von UAG1 Bürger-Apps: 1 von 4 hat zugestimmt, kein Einwand, 3 ohne Äußerung"
    )
    assert [one.text for one in answer.messages] == [said] * 3
    assert not any(one.mentions for one in answer.messages)
    assert "Beschlossen am Montag, 9. November 2026\n1 von 4 hat zugestimmt" in answer.of("circulation").text
    resolution = await the_only(house)
    assert (resolution.state, resolution.decided_on) == ("adopted", date(2026, 11, 9))
    assert resolution.outcome == {"eligible": 4, "agreed": 1, "silent": 3, "objections": []}
    assert (await house.sleep(days=30)).sent == []


async def test_an_objection_that_stands_prevents_it_and_is_recorded(
    house: House, room: TestRoom, above: TestRoom
) -> None:
    await seat(house, "Bodo", "Stendal")
    await room.says('!beschluss "Wir bleiben draußen"')
    await room.says(f"{UMLAUF} ersetzt=B-1 prüfen=1.6.2027")
    await room.says('!einwand "Die Finanzierung ist offen"', who="Bodo")
    answer = await house.sleep_until(END + GRACE)
    assert [one.room for one in answer.messages] == [room.id, above.id]
    assert answer.messages[0].text == (
        "B-2026-002 ist nicht zustande gekommen: Wir treten dem Netzwerk bei\n"
        "Umlauf von UAG1 Bürger-Apps: 0 von 3 haben zugestimmt, 1 Einwand, 2 ohne Äußerung\n\n"
        "- Einwand von Bodo (Stendal): Die Finanzierung ist offen"
    )
    resolution = (await stored(house))[1]
    assert resolution.outcome["objections"] == [[user("Bodo"), "Stendal", "Die Finanzierung ist offen"]]
    shown = (await room.says("!beschluss B-2")).text
    assert "Nicht zustande gekommen am Montag, 9. November 2026 · UAG1 Bürger-Apps · vorgelegt von Anna" in shown
    assert "Umlauf: 0 von 3 haben zugestimmt, 1 Einwand" in shown
    assert "- Einwand von Bodo (Stendal): Die Finanzierung ist offen" in shown
    assert "nicht zustande gekommen Mo., 9. Nov." in (await room.says("!beschlüsse")).text
    assert "rsetzt" not in (await room.says("!beschluss 1")).text
    assert "Ersetzt B-2026-001" in (await room.says('!beschluss "Doch" ersetzt=B-1')).text
    assert (await house.sleep(days=400)).sent == []  # nothing is left to review


async def test_an_objection_taken_back_in_time_does_not_count(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    await room.says('!einwand "Zu teuer"', who="Bodo")
    await house.sleep_until(END - timedelta(seconds=1))
    assert (await room.says("!einwand zurück", who="Bodo", after=timedelta(seconds=1))).messages
    assert "B-2026-001 ist beschlossen" in (await house.sleep_until(END + GRACE)).text


async def test_what_was_said_in_time_counts_however_late_it_is_read(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    house.now = END + timedelta(minutes=5)
    said = await room.says('!einwand "Zu teuer"', who="Bodo", after=timedelta(minutes=-5))
    assert "nicht zustande gekommen" in said.text + (await house.sleep(seconds=0)).text


async def test_what_is_said_after_the_end_is_too_late_even_before_it_was_handled(house: House, room: TestRoom) -> None:
    made = await room.says(UMLAUF)
    said = await room.says('!einwand "Zu teuer"', who="Bodo")
    await house.sleep_until(END - timedelta(seconds=1))
    before = await house.dump()
    too_late = timedelta(seconds=2)
    for text in ("!zustimmung", '!einwand "Doch"', "!einwand zurück", "!umlauf abbrechen B-1"):
        answer = await room.says(text, after=too_late)
        assert "Die Frist ist am Montag, 9. November 2026, 23:59 Uhr abgelaufen" in answer.text
    assert (await room.reacts(made.message.event_id, "👍", after=too_late)).sent == []
    assert (await room.redacts(said.event_id, who="Bodo", after=too_late)).sent == []
    assert await house.dump() == before


async def test_after_the_end_the_outcome_is_the_answer(house: House, room: TestRoom) -> None:
    made = await room.says(UMLAUF)
    said = await room.says('!einwand "Zu teuer"', who="Bodo")
    await room.says("!zustimmung", who="Carla")
    await house.sleep_until(END + timedelta(hours=1))
    before = await house.dump()
    for text in (
        "!zustimmung B-1",
        '!einwand B-1 "Doch"',
        "!einwand zurück B-1",
        "!umlauf abbrechen B-1",
        "!umlauf verlängern B-1 bis=30.11.",
    ):
        assert (await room.says(text)).text == (
            "Zu B-2026-001 kann man sich nicht mehr äußern. Nicht zustande gekommen am Montag, 9. November 2026: "
            "1 von 3 hat zugestimmt, 1 Einwand. Mehr: `!beschluss B-2026-001`"
        )
    assert "nicht mehr äußern" in (await room.edits(said.event_id, '!einwand "Anders"', who="Bodo")).text
    assert (await room.reacts(made.message.event_id, "👍")).sent == []
    assert (await room.redacts(made.event_id)).sent == []
    assert (await room.redacts(said.event_id, who="Bodo")).sent == []
    assert await house.dump() == before


async def test_a_bot_that_was_away_decides_once_and_says_that_it_is_late(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    late = await house.sleep_until(END + timedelta(hours=9), away=True)
    assert late.message.text.startswith(
        "B-2026-001 ist beschlossen (verspätet, der Bot war nicht erreichbar): Wir treten dem Netzwerk bei"
    )
    assert (await the_only(house)).decided_on == date(2026, 11, 9)
    assert (await house.sleep(days=30)).sent == []


async def test_who_may_speak_is_counted_at_the_end(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    await room.says('!einwand "Zu teuer"', who="Bodo")
    await room.says("!zustimmung", who="Carla")
    await seat(house, "Bodo", standing=Standing.GUEST)
    assert "1 von 2 hat zugestimmt, kein Einwand, 1 ohne" in (await house.sleep_until(END + GRACE)).text


async def test_nobody_cannot_consent(house: House, room: TestRoom) -> None:
    await room.says(UMLAUF)
    for name in ("Anna", "Bodo", "Carla"):
        await seat(house, name, standing=Standing.OBSERVER)
    assert "Es war niemand mehr da" in (await house.sleep_until(END + GRACE)).text
    assert (await the_only(house)).state == "rejected"


async def test_what_is_adopted_replaces_and_is_reviewed(house: House, room: TestRoom, above: TestRoom) -> None:
    await room.says('!beschluss "Wir bleiben draußen"')
    await above.says(f"{UMLAUF} räume=UAG1 ersetzt=B-1 prüfen=1.6.2027", who="Gerda")
    answer = await house.sleep_until(END + GRACE)
    assert answer.of("resolution-replaced").room == room.id
    assert answer.of("circulation-ended").text.endswith("Ersetzt B-2026-001")
    assert [one.room for one in answer.messages] == [above.id, room.id, room.id]
    assert "Ersetzt durch B-2026-002" in (await room.says("!beschluss B-1")).text
    review = await house.sleep(days=400)
    assert review.message.room == above.id
    assert review.text.startswith("Wiedervorlage: B-2026-002 Wir treten dem Netzwerk bei")


async def test_a_room_that_replaces_another_is_asked_anew(house: House, room: TestRoom, other: TestRoom) -> None:
    await room.says(f"{UMLAUF} räume=UAG1,UAG3")
    await other.says("!zustimmung", who="Bodo")
    async with house.database.begin() as tx:
        old = await rooms.by_matrix_id(tx, other.id)
        assert old is not None
        await rooms.move(tx, old, "!new")
        await due.add(tx, "room upgraded", old.id, old.id, house.now)
    moved = await house.sleep(seconds=0)
    card = moved.of("circulation")
    assert (card.room, card.relation) == ("!new", None)
    assert card.text.endswith("1 von 4 hat zugestimmt, kein Einwand")
    told = await TestRoom(house, "!new").reacts(card.event_id, "👍", who="Dieter")
    assert [one.edits for one in told.sent if one.room == "!new"] == [card.event_id]
    assert told.of("circulation").text.endswith("2 von 4 haben zugestimmt, kein Einwand")


# -- by a vote


async def _poll(house: House) -> Poll:
    async with house.database.begin() as tx:
        found = await polls.find(tx, 1)
        assert found is not None
        return found


async def _end(house: House, votes: list[int], state: PollState = PollState.CLOSED, **fields: Any) -> None:
    """Let the poll end as the polls do: with its tally, and what follows planned."""
    async with house.database.begin() as tx:
        poll = await polls.find(tx, 1)
        assert poll is not None
        poll.state, poll.closed_at = state, house.now
        poll.outcome = {"votes": votes, "voters": sum(votes), "eligible": 9}
        for name, value in fields.items():
            setattr(poll, name, value)
        assert poll.then is not None
        await tx.execute(delete(Due))
        tx.add(Due(at=house.now, try_at=house.now, what=poll.then, subject=poll.id, room_id=poll.room_id))


@pytest.mark.parametrize(
    ("options", "suffrage", "quorum", "majority"),
    [
        ("art=abstimmung", Suffrage.PERSON, None, Majority.SIMPLE),
        ("kind=vote", Suffrage.PERSON, None, Majority.SIMPLE),
        ("wahlrecht=kommune", Suffrage.MUNICIPALITY, None, Majority.SIMPLE),
        ("suffrage=municipality quorum=50%", Suffrage.MUNICIPALITY, "50%", Majority.SIMPLE),
        ("quorum=5 mehrheit=zweidrittel", Suffrage.PERSON, "5", Majority.TWO_THIRDS),
        ("majority=absolute", Suffrage.PERSON, None, Majority.ABSOLUTE),
    ],
)
async def test_a_vote_is_a_poll_of_the_rooms_asked(
    house: House, room: TestRoom, other: TestRoom, options: str, suffrage: str, quorum: str | None, majority: str
) -> None:
    answer = await room.says(f"{UMLAUF} räume=UAG1,UAG3 {options}")
    assert answer.messages[0].text == (
        "Umlauf B-2026-001 Wir treten dem Netzwerk bei\n"
        "Darüber wird abgestimmt: U1, bis Montag, 9. November 2026, 23:59 Uhr\n"
        "Gefragt: die Mitglieder von UAG1 Bürger-Apps und UAG3 Verkehr, ohne Gäste und Beobachtende"
    )
    poll = await _poll(house)
    assert (poll.question, poll.options) == ("Wir treten dem Netzwerk bei", ["Ja", "Nein", "Enthaltung"])
    assert (poll.suffrage, poll.quorum, poll.majority) == (suffrage, quorum, majority)
    assert (poll.closes_at, poll.opened_by, poll.then) == (END, user("Anna"), "resolution voted")
    async with house.database.begin() as tx:
        asked = {one.id for one in (await polls.rooms_of(tx, [1]))[1]}
    assert asked == {(await room_of(house, room)).id, (await room_of(house, other)).id}
    assert poll.room_id == (await room_of(house, room)).id
    assert (await the_only(house)).poll_id == 1
    assert await due_times(house, "resolution deadline") == []


async def test_a_vote_is_cast_and_counted_as_any_poll(house: House, room: TestRoom, above: TestRoom) -> None:
    begun = await room.says(f"{UMLAUF} art=abstimmung quorum=50%")
    assert "org.matrix.msc3381.poll.start" in [one.type for one in begun.sent]
    await room.says("!stimme U1 1", who="Bodo")
    await room.says("!stimme U1 Ja", who="Carla")
    ended = await house.sleep_until(END + timedelta(hours=1))
    told = [one for one in ended.messages if one.key == "resolution-voted"]
    assert [one.room for one in told] == [room.id, above.id]
    assert told[0].text == (
        "B-2026-001 ist angenommen: Wir treten dem Netzwerk bei\n"
        "Abstimmung U1: Ja 2, Nein 0, Enthaltung 0 · Beteiligung 2 von 3 (67 %)"
    )
    assert (await house.sleep(days=30)).sent == []


async def test_an_english_room_votes_in_english(house: House) -> None:
    room = await house.room(language="en", powers={"Anna": 50})
    answer = await room.says('!circulate "We join" by="5 working days" kind=vote')
    assert "This is voted on: U1, until Monday, 9 November 2026, 23:59" in answer.text
    assert (await _poll(house)).options == ["Yes", "No", "Abstention"]


@pytest.mark.parametrize(
    ("votes", "fields", "state", "said"),
    [
        ([5, 2, 1], {}, "adopted", "ist angenommen: Wir treten dem Netzwerk bei"),
        ([2, 5, 1], {}, "rejected", "Die meisten Stimmen sind dagegen."),
        ([3, 3, 0], {}, "rejected", "Gleichstand ist keine Mehrheit."),
        ([0, 0, 0], {}, "rejected", "Niemand hat abgestimmt."),
        ([3, 0, 0], {"quorum": "50%"}, "rejected", "das Quorum ist nicht erreicht"),
        ([3, 2, 0], {"majority": "two-thirds"}, "rejected", "Die nötige Mehrheit ist nicht erreicht."),
    ],
)
async def test_a_vote_decides(
    house: House,
    room: TestRoom,
    other: TestRoom,
    above: TestRoom,
    votes: list[int],
    fields: dict[str, Any],
    state: str,
    said: str,
) -> None:
    await room.says(f"{UMLAUF} räume=UAG1,UAG3 art=abstimmung")
    await _end(house, votes, **fields)
    answer = await house.sleep(seconds=0)
    assert [one.room for one in answer.messages] == [room.id, other.id, above.id]
    assert said in answer.messages[0].text
    assert f"Abstimmung U1: Ja {votes[0]}, Nein {votes[1]}, Enthaltung {votes[2]} · Beteiligung" in answer.text
    resolution = await the_only(house)
    assert (resolution.state, resolution.decided_on) == (state, date(2026, 11, 2))
    assert resolution.outcome["voters"] == sum(votes)
    shown = (await room.says("!beschluss B-1")).text
    assert f"Nein {votes[1]}, Enthaltung {votes[2]}" in shown
    assert "Aus U1 ist schon B-2026-001 geworden" in (await room.says("!beschluss aus U1")).text
    assert (await house.sleep(days=30)).sent == []


async def test_a_cancelled_vote_decides_nothing(house: House, room: TestRoom) -> None:
    await room.says(f"{UMLAUF} art=abstimmung")
    await _end(house, [3, 0, 0], PollState.CANCELLED)
    answer = await house.sleep(seconds=0)
    assert answer.text == (
        "B-2026-001 Wir treten dem Netzwerk bei\nDie Abstimmung U1 wurde abgebrochen; darüber ist nichts beschlossen."
    )
    assert (await the_only(house)).state == "withdrawn"
    assert "Die Abstimmung U1 wurde abgebrochen" in (await room.says("!beschluss B-1")).text


async def test_a_vote_is_spoken_to_by_voting(house: House, room: TestRoom) -> None:
    made = await room.says(f"{UMLAUF} art=abstimmung")
    before = await house.dump()
    for text in (
        "!zustimmung B-1",
        '!einwand B-1 "Zu teuer"',
        "!einwand zurück B-1",
        "!umlauf abbrechen B-1",
        "!umlauf verlängern B-1 bis=13.11.",
    ):
        answer = await room.says(text)
        assert "mit `!stimme U1 1` dafür, mit `!stimme U1 2` dagegen" in answer.text
    assert "`!umfrage abbrechen U1`" in (await room.redacts(made.event_id)).text
    assert "`!umfrage abbrechen U1`" in (await room.edits(made.event_id, UMLAUF)).text
    assert (await room.reacts(made.messages[0].event_id, "👍")).sent == []
    assert await house.dump() == before
    shown = (await room.says("!beschluss B-1")).text
    assert "In Abstimmung" in shown
    assert "Abgestimmt wird in U1 bis Montag, 9. November 2026, 23:59 Uhr" in shown
    assert "in Abstimmung" in (await room.says("!beschlüsse")).text
