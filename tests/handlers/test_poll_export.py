"""The export of a poll (P13): every ballot with the event that backs it, to who leads the poll, in a direct chat."""

import csv
import io
import json

from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom


async def test_every_ballot_comes_with_the_event_that_backs_it(house: House, room: TestRoom) -> None:
    asked = await room.says('!umfrage "Wo?" Halle =Stendal')
    first = await room.says("!stimme 1", who="Bodo")
    await house.sleep(seconds=1)
    second = await room.reacts(asked.of("poll-opened").event_id, "2️⃣", who="Bodo")
    await house.sleep(seconds=1)
    third = await room.votes(asked.of("poll-native").event_id, ["1"], who="Carla")
    chat = await direct_chat(house, "Anna")
    answer = await chat.says("umfrage export U1")
    table, tree = [one for one in answer.sent if one.file_text]
    assert table.file_text is not None
    assert tree.file_text is not None
    assert [one.content["filename"] for one in (table, tree)] == ["U1.csv", "U1.json"]
    rows = list(csv.DictReader(io.StringIO(table.file_text)))
    assert [(row["event"], row["member"], row["counted"]) for row in rows] == [
        (first.event_id, "'@bodo:localhost", "False"),
        (second.event_id, "'@bodo:localhost", "True"),
        (third.event_id, "'@carla:localhost", "True"),
    ]
    assert list(rows[0])[-2:] == ["Halle", "'=Stendal"]
    told = json.loads(tree.file_text)
    assert told["result"] == {"votes": [1, 1], "voters": 2, "eligible": 3}
    assert {one["event"] for one in told["ballots"]} == {first.event_id, second.event_id, third.event_id}


async def test_a_group_is_not_told_who_voted_what(room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    answer = await room.says("!umfrage export U1")
    assert "nur im direkten Chat" in answer.text
    assert not [one for one in answer.sent if one.file_text]


async def test_only_who_leads_a_poll_gets_it(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal')
    chat = await direct_chat(house, "Bodo")
    answer = await chat.says("umfrage export U1", who="Bodo")
    assert "nur, wer es angelegt hat, oder die Leitung" in answer.text
    stranger = await direct_chat(house, "Fritz")
    assert "gibt es in Ihren Räumen nicht" in (await stranger.says("umfrage export U1", who="Fritz")).text


async def test_a_hidden_poll_is_not_handed_out_before_its_end(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal verdeckt=ja')
    chat = await direct_chat(house, "Anna")
    assert "ist verdeckt und läuft noch" in (await chat.says("umfrage export U1")).text
    await room.says("!umfrage ende U1")
    assert (await chat.says("umfrage export U1")).sent[0].file_text


async def test_a_hidden_poll_that_was_cancelled_is_not_handed_out(house: House, room: TestRoom) -> None:
    await room.says('!umfrage "Wo?" Halle Stendal verdeckt=ja')
    await room.says("!stimme 1", who="Bodo")
    await room.says("!umfrage abbrechen U1")
    chat = await direct_chat(house, "Anna")
    answer = await chat.says("umfrage export U1")
    assert "wurde abgebrochen; es gibt kein Ergebnis" in answer.text
    assert not [one for one in answer.sent if one.file_text]
