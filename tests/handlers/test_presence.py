"""What uagbot promises about who is there, who leads, and whether the group can decide (N2, N6)."""

from storage import rooms
from tests.handlers.house import House, TestRoom, user
from tests.handlers.session_rows import approve, present, reply, sessions

TOWNS = [
    *("Bernburg", "Burg", "Dessau", "Genthin", "Halberstadt", "Halle", "Köthen", "Magdeburg"),
    *("Merseburg", "Naumburg", "Quedlinburg", "Salzwedel", "Stendal", "Thale", "Zeitz"),
]
HALF = "Beschlussfähig ist diese Gruppe, wenn 50 % ihrer Kommunen vertreten sind (ohne Kommunen: ihrer Mitglieder)."


async def test_members_guests_and_the_excused_are_noted(house: House, room: TestRoom) -> None:
    await room.says("!sitzung start")
    for text in ("!da", "!da @bodo und @carla", "!da bodo", '!da Gast "Frau Meier (MID)"', "!entschuldigt Carla"):
        answer = await room.says(text)
        assert (answer.reactions, answer.messages) == (["✅"], []), text
    assert (await room.says("!excused", who="Bodo")).reactions == ["✅"]
    await room.says("!here", who="Bodo")
    assert await present(house) == [
        (user("Anna"), "present"),
        (user("Bodo"), "present"),
        (user("Carla"), "excused"),
        ("Frau Meier (MID)", "guest"),
    ]
    for text in ("!da Meier", "!da Frau Meier", "!entschuldigt @emil"):
        unknown = await room.says(text)
        assert 'Einen Gast vermerken Sie so: `!da Gast "Frau Meier (MID)"`' in unknown.text, text
    assert "höchstens 100" in (await room.says("!da Gast " + "x" * 101)).text
    assert (await room.says("!da liste")).text.splitlines() == [
        "2 von 3 Mitgliedern anwesend",
        "",
        "- Anna und Bodo",
        "",
        "Gäste: Frau Meier (MID).",
        "Entschuldigt: Carla.",
        'Dazu: `!da`, `!da Gast "Name"`, `!entschuldigt @name`',
    ]


async def test_who_says_what_stands_in_the_minutes_is_there(house: House, room: TestRoom) -> None:
    await room.says("!sitzung start")
    await room.says("!zurück")
    assert "1 von 3 Mitgliedern" in (await room.says("!da liste")).text
    first = await room.says("!info Eins", who="Carla")
    await room.says("!info Zwei", who="Carla")
    await room.redacts(first.event_id, who="Carla")
    await house.sleep(minutes=1)
    await room.says("!aufgabe Leitfaden", who="Bodo")
    assert "- Anna, Carla und Bodo" in (await room.says("!da liste")).text
    await room.says("!zurück", who="Bodo")
    await room.says("!zurück", who="Carla")
    assert "1 von 3 Mitgliedern" in (await room.says("!da liste")).text


async def test_edits_and_deletions_change_the_attendance_until_it_is_approved(house: House, room: TestRoom) -> None:
    await room.says("!sitzung start")
    both = await room.says("!da @bodo @carla")
    guest = await room.says("!da Gast Frau Maier")
    assert (await room.edits(both.event_id, "!da @carla")).reactions == ["✏️"]
    assert (await room.edits(guest.event_id, "!da Gast Frau Meier")).reactions == ["✏️"]
    assert {one for one, _ in await present(house)} == {user("Anna"), user("Carla"), "Frau Meier"}
    excused = await room.says("!entschuldigt @bodo")
    await room.edits(excused.event_id, "!entschuldigt @carla")
    assert dict(await present(house))[user("Carla")] == "excused"
    assert (await room.redacts(excused.event_id)).sent == []
    assert dict(await present(house))[user("Carla")] == "present"
    started = (await room.says("!sitzung ende")).of("session-ended")
    assert (await room.reacts(started.event_id, "👋", who="Bodo")).sent == []
    assert user("Bodo") not in dict(await present(house))
    await approve(house)
    before = await house.dump()
    assert "ist genehmigt" in (await room.edits(both.event_id, "!da @bodo")).text
    assert "ist genehmigt" in (await room.redacts(guest.event_id)).text
    assert await house.dump() == before


async def test_attendance_is_counted_in_municipalities_and_says_whether_the_group_can_decide(house: House) -> None:
    people = ("Anna", "Bodo", "Carla", "Dora", "Emil", "Frieda")
    room = await house.room("UAG1", *people, powers={"Anna": 100})
    for who, town in (("Anna", "Halle (Saale)"), ("Bodo", "Stendal"), ("Carla", "Stendal"), ("Dora", "Wittenberg")):
        await room.says(f"!kommune {town}", who=who)
    await room.says("!kommune als=gast", who="Emil")
    await room.says('!treffen einmalig 2.11. 10:00 "Runde"')
    await reply(house, "UAG1-2026-11-02", Bodo="declined", Dora="declined", Carla="accepted")
    assert (await room.says("!sitzung quorum")).text.startswith("Diese Gruppe hat keine Regel zur Beschlussfähigkeit.")
    assert "nur die Leitung" in (await room.says("!sitzung quorum 50 %", who="Bodo")).text
    assert (await room.says("!sitzung quorum 50 %")).text == HALF
    await house.sleep(minutes=30)
    await room.says("!sitzung start")
    assert (await room.says("!sitzung quorum")).text == (
        f"{HALF}\nJetzt: 1 von 3 Kommunen vertreten, nicht beschlussfähig (nötig: 2)."
    )
    await room.says("!da @emil @frieda")
    await room.says("!info Wer mitschreibt, ist da", who="Bodo")
    assert (await room.says("!anwesend", who="Carla")).text.splitlines() == [
        "2 von 3 Kommunen vertreten, beschlussfähig",
        "",
        "- Halle (Saale): Anna",
        "- Stendal: Bodo",
        "- Emil und Frieda",
        "",
        "Entschuldigt: Dora.",
        'Dazu: `!da`, `!da Gast "Name"`, `!entschuldigt @name`',
    ]
    async with house.database.begin() as tx:  # who was there counts, also after having left the room
        home = await rooms.by_matrix_id(tx, room.id)
        assert home is not None
        await rooms.set_member(tx, home, user("Bodo"), "Bodo", "leave")
    assert (await room.says("!da liste")).text.startswith("2 von 3 Kommunen vertreten, beschlussfähig")
    for rule in ("0", "101%", "viele"):
        assert "So geht es" in (await room.says(f"!sitzung quorum {rule}")).text, rule
    assert "keine Regel" in (await room.says("!sitzung quorum aus")).text
    await room.says("!sitzung ende")
    assert (await room.says("!da liste")).text.startswith("2 von 3 Kommunen vertreten\n")


async def test_a_long_list_goes_on_in_a_thread(house: House) -> None:
    people = [
        "Bodo",
        "Carla",
        "Dora",
        "Emil",
        "Frieda",
        "Gustav",
        "Hanna",
        "Ida",
        "Jana",
        "Karl",
        "Lena",
        "Mia",
        "Nils",
        "Otto",
        "Paula",
    ]
    room = await house.room("UAG1", "Anna", *people, powers={"Anna": 100})
    for who, place in zip(people, TOWNS, strict=True):
        await room.says(f"!kommune {place} neu=ja", who=who)
    await room.says("!sitzung start")
    await room.says("!da " + " ".join(f"@{who}" for who in people))
    first, rest = (await room.says("!da liste")).messages
    assert "4 weitere Kommunen stehen im Thread." in first.text
    assert (first.text.count("\n- "), rest.text.count("- "), rest.relation) == (12, 4, "m.thread")


async def test_leads_and_scribes_of_a_session_may_what_chairs_may_until_it_ends(house: House, room: TestRoom) -> None:
    for text in ("!sitzung leitung @bodo", "!schriftführung @carla", '!sitzung titel "X"'):
        assert "läuft gerade keine Sitzung" in (await room.says(text)).text
    await room.says("!sitzung start")
    assert "nur die Leitung" in (await room.says("!sitzung leitung @bodo", who="Bodo")).text
    assert (await room.says("!sitzung leitung @bodo")).text == "Leitung dieser Sitzung: Anna und Bodo."
    assert (await room.says("!schriftführung Carla", who="Bodo")).text == (
        "Leitung dieser Sitzung: Anna und Bodo.\nSchriftführung: Carla."
    )
    assert "heißt niemand „emil“" in (await room.says("!schriftführung emil")).text
    for who in ("Bodo", "Carla"):
        assert (await room.says('!thema "Server"', who=who)).text == "Thema: Server"
    assert (await room.says('!sitzung titel "Sondersitzung"', who="Carla")).reactions == ["✅"]
    assert (await room.says("!sitzung")).text == (
        "Sondersitzung läuft seit 09:00 Uhr (UAG1-2026-11-02).\nThema: Server"
    )
    assert (await room.says("!schriftführung aus Carla")).text == "Leitung dieser Sitzung: Anna und Bodo."
    assert "nur die Leitung" in (await room.says('!thema "Server"', who="Carla")).text
    assert (await room.says("!sitzung leitung aus @bodo", who="Bodo")).text == ("Leitung dieser Sitzung: Anna.")
    await room.says("!sitzung leitung @bodo")
    assert (await room.says("!sitzung ende", who="Bodo")).messages
    assert (await sessions(house))[0].ended_by == user("Bodo")
    assert "nur die Leitung" in (await room.says("!sitzung weiter", who="Bodo")).text
