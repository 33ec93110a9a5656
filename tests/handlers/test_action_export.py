"""What uagbot promises about action items as files (A7)."""

import csv
import io
import json
from typing import Any

import pytest

from commands.actions import export
from tests.handlers.facts import fill, sit
from tests.handlers.house import Answer, House, TestRoom


def table(answer: Answer) -> list[dict[str, str]]:
    (text,) = [one.file_text for one in answer.sent if one.content.get("info", {}).get("mimetype") == "text/csv"]
    return list(csv.DictReader(io.StringIO(text or "")))


def whole(answer: Answer) -> dict[str, Any]:
    (text,) = [
        one.file_text for one in answer.sent if one.content.get("info", {}).get("mimetype") == "application/json"
    ]
    found: dict[str, Any] = json.loads(text or "")
    return found


async def test_an_export_holds_everything_about_the_items_that_the_filters_let_through(
    house: House, room: TestRoom
) -> None:
    other = await house.room("UAG2", "Anna", "Dora", title="Mobilität")
    await sit(house, "Halle (Saale)", "Bodo")
    made = await room.says('!aufgabe @anna @Halle Leitfaden; "sehr kurz" schreiben, bald bis 6.11. #pilot #ki')
    await room.says("!aufgabe @bodo Flyer bis 30.11.")
    await other.says("!aufgabe @UAG1 Schnittstelle beschreiben")
    await room.says("!aufgabe 1 an @carla", who="Bodo")
    await room.says("!erledigt 1 liegt im Projektordner", who="Carla")
    answer = await room.says("!aufgaben export", who="Bodo")
    first, second = answer.messages
    assert (first.text, second.text) == ("Aufgaben als CSV: 3", "Aufgaben als JSON: 3")
    assert (first.relation, second.relation) == (None, "m.thread")
    assert [one.content["filename"] for one in (first, second)] == ["UAG1-Aufgaben.csv", "UAG1-Aufgaben.json"]
    rows = table(answer)
    assert [row["id"] for row in rows] == ["A2", "A1", "A3"]
    assert rows[1] == {
        "id": "A1",
        "group": "UAG1",
        "text": 'Leitfaden; "sehr kurz" schreiben, bald',
        "state": "done",
        "wanted": "False",
        "people": "Carla",
        "municipalities": "",
        "groups": "",
        "due": "2026-11-06",
        "tags": "#ki #pilot",
        "created_by": "Anna",
        "created_at": "2026-11-02T08:00:00+00:00",
        "closed_at": "2026-11-02T08:00:00+00:00",
        "source": f"https://matrix.to/#/{room.id}/{made.event_id}",
        "changes": "3",
    }
    assert (rows[2]["group"], rows[2]["groups"]) == ("UAG2", "UAG1")
    kept = whole(answer)
    assert (kept["group"], kept["complete"]) == ("UAG1 Bürger-Apps", True)
    history = kept["actions"][1]["history"]
    assert [(one["what"], one["by"]["name"], one["note"]) for one in history] == [
        ("created", "Anna", None),
        ("assigned", "Bodo", None),
        ("done", "Carla", "liegt im Projektordner"),
    ]
    assert history[0]["assigned"] == ["@anna:localhost", "Halle (Saale)"]
    assert [row["id"] for row in table(await room.says("!actions export done #pilot"))] == ["A1"]
    assert [row["id"] for row in table(await room.says("!aufgaben export @bodo"))] == ["A2"]


async def test_no_cell_is_a_formula_and_json_is_what_people_wrote(room: TestRoom) -> None:
    texts = ["=1+1", "+49 345 1", "-minus", '"\u200b=HYPERLINK(1)"', "＝SUM(A1)", "Kosten = 3"]
    for text in texts:
        await room.says(f"!aufgabe {text}")
    answer = await room.says("!aufgaben export")
    written = [row["text"] for row in table(answer)]
    assert [cell.startswith("'") for cell in written] == [True] * 5 + [False]
    assert [cell.removeprefix("'") for cell in written] == [one["text"] for one in whole(answer)["actions"]]


async def test_what_does_not_fit_in_a_file_is_said(
    house: House, room: TestRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST", 5)
    monkeypatch.setattr(export, "AT_ONCE", 2)
    await fill(house, room, 6)
    answer = await room.says("!aufgaben export")
    assert "Aufgaben als CSV: 5. Mehr gibt die Datei nicht her" in answer.messages[0].text
    assert [row["text"] for row in table(answer)] == [f"Schritt {number}" for number in range(5)]
    assert whole(answer)["complete"] is False
    await room.says("!erledigt 1")
    await room.says("!erledigt 2")
    assert "Mehr gibt" not in (await room.says("!aufgaben export offen")).text


async def test_files_speak_english_in_an_english_room(house: House) -> None:
    room = await house.room("UAG9", language="en")
    await room.says("!action write the guide by 13 November")
    answer = await room.says("!actions export")
    assert [one.text for one in answer.messages] == ["Action items as CSV: 1", "Action items as JSON: 1"]
    assert answer.messages[0].content["filename"] == "UAG9-actions.csv"
    assert "there is no file" in (await room.says("!actions export done")).text
