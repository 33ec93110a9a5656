"""The first day of the story: the bot arrives, and the groups get to work."""

from bot.demo.cast import COORDINATORS, GROUPS, MAIN, STRANGER, TOWNS
from bot.demo.ledger import Event
from bot.demo.stage import BETWEEN_WORDS, Place, Stage, number_in, on


async def arrival(stage: Stage) -> None:
    """The bot follows its invitations, and each chair sets the room up."""
    towns = ", ".join(f"{name} für {town}" for name, town in TOWNS.items())
    await stage.chats("Anna", stage["INI"], f"Guten Morgen, hier schreiben: {towns}. Ab heute hilft uns uagbot.")
    for plan in (MAIN, COORDINATORS, *GROUPS):
        await stage.shows(stage[plan.key], "Begrüßung", "Ich bin uagbot", "!hilfe", "!datenschutz")
    command = '!gruppe einrichten KO "Koordination" art=koordination'
    await stage.says("Anna", stage["KO"], command, "Raum der Koordination", "KO")
    for plan in GROUPS:
        command = f'!gruppe einrichten {plan.key} "{plan.title}"'
        await stage.says(plan.chair, stage[plan.key], command, "die Arbeitsgruppe", plan.key, plan.title)
    titles = [plan.title for plan in (MAIN, COORDINATORS, *GROUPS)]
    await stage.says("Gerda", stage["INI"], "!gruppen", *titles)


async def stranger(stage: Stage) -> None:
    """Somebody who may not invite the bot does; it declines and tells the coordinators."""
    await stage.until(on(2, 9, 5))
    hanno = stage.members[STRANGER]
    room = await hanno.create_room("Stammtisch", invite=[stage.bot_id], encrypted=stage.encrypted)
    table = Place(room, "Stammtisch", "ein Raum, in den der Bot nicht darf", hanno, (STRANGER,), stage.encrypted)

    def declined(event: Event) -> bool:
        return event.get("state_key") == stage.bot_id and event["content"]["membership"] == "leave"

    await stage.sees(table, "der Bot lehnt die Einladung ab", declined)
    await stage.shows(stage["KO"], "Meldung an die Koordination", "Einladung abgelehnt", "@hanno:localhost", room)


async def help_and_typos(stage: Stage) -> None:
    """A typing error is understood, help is short, and a command that is not yours is refused."""
    await stage.until(on(2, 9, 10))
    apps = stage["UAG1"]
    await stage.says("Dieter", apps, "!umfarge Kaffee oder Tee", "Meinten Sie `!umfrage`?")
    await stage.says("Dieter", apps, "!hilfe", "Das kann ich", "!umfrage", "!treffen", "!aufgabe", "!hilfe umfrage")
    await stage.says("Dieter", apps, "!hilfe stimme", "!stimme", "Beispiel: `!stimme U7 2`")
    await stage.says("Bodo", apps, "!leitung @Bodo", "Das darf nur die Leitung dieses Raums: Anna", at=["Bodo"])
    await stage.says("Bodo", apps, "!leitung", "Die Leitung hat Anna")
    await stage.chats("Carla", apps, "Guten Morgen, ich bin heute nur am Telefon dabei.")


async def english_room(stage: Stage) -> None:
    """A group with guests from abroad works in English."""
    await stage.until(on(2, 9, 20))
    villages = stage["UAG5"]
    await stage.says("Edith", villages, "!sprache en", "From now on I answer in English here.")
    poll = await stage.says(
        "Fritz", villages, '!poll "Which village goes first?" Tangerhütte Arendsee Gerbstedt by 6 November 18:00',
        "Poll U", "Which village goes first?", "until Friday", "6 November 2026, 18:00",
    )  # fmt: skip
    number = number_in(poll, "U")
    await stage.says("Hanno", villages, f"!vote U{number} 2", reaction="✅")
    await stage.says("Ina", villages, "!vote 2", reaction="✅", reply_to=poll)
    await stage.becomes(villages, poll, "Stand der Umfrage", "2 of 4 votes cast")
    command = "!action @Hanno ask the village councils for rooms by 18 November #rooms"
    await stage.says(
        "Edith",
        villages,
        command,
        "ask the village councils for rooms",
        "Hanno",
        "18 November 2026",
        "#rooms",
        at=["Hanno"],
    )
    command = '!meeting once 17 November 14:00-16:00 "Village walk" place="Market square, Arendsee"'
    await stage.says(
        "Edith", villages, command, "Village walk", "Tuesday", "17 November 2026", "Market square, Arendsee"
    )
    await stage.says("Ina", villages, '!meeting once 18 November 14:00 "Coffee"', "Only the chair", "Edith")


async def series(stage: Stage) -> None:
    """A monthly series: six dates with a holiday, one moved, one cancelled."""
    await stage.until(on(2, 9, 40))
    mobility = stage["UAG2"]
    link = "https://konferenz.example.org/uag2"
    await stage.says(
        "Bodo", mobility,
        f'!treffen jeden 1. Mittwoch im Monat 10:00-11:30 "UAG Mobilität" link={link} feiertag=verschieben',
        "UAG Mobilität", "jeden 1. Mittwoch im Monat, 10:00–11:30 Uhr", link,
        "- Mittwoch, 4. November 2026", "- Mittwoch, 2. Dezember 2026",
        "- Donnerstag, 7. Januar 2027 statt Mittwoch, 6. Januar 2027 (Heilige Drei Könige)",
        "- Mittwoch, 3. Februar 2027", "- Mittwoch, 3. März 2027", "- Mittwoch, 7. April 2027",
        "7 Tage, 1 Tag und 15 Minuten vorher",
        without=["Mai 2027"],
    )  # fmt: skip
    moved = "Donnerstag, 4. Februar 2027, 14:00–15:30 Uhr"
    before = "Bisher: Mittwoch, 3. Februar 2027, 10:00 Uhr"
    command = "!treffen verschieben UAG2-2027-02-03 auf 4.2. 14:00"
    await stage.says("Fritz", mobility, command, "Das darf nur", "Leitung dieses Raums: Bodo")
    await stage.says("Bodo", mobility, command, "UAG Mobilität ist verschoben", moved, before)
    command = '!treffen absagen UAG2-2027-04-07 "Kongress in Magdeburg"'
    await stage.says(
        "Bodo", mobility, command, "UAG Mobilität fällt aus", "Mittwoch, 7. April 2027", "Grund: Kongress in Magdeburg"
    )
    await stage.says(
        "Gerda", mobility, "!termine",
        "UAG2-2026-11-04", "UAG2-2026-12-02", "Do., 7. Jan., 10:00 Uhr: UAG Mobilität (statt Mi., 6. Jan.)",
        "Do., 4. Feb., 14:00 Uhr: UAG Mobilität (statt Mi., 3. Feb.)", "abgesagt: Kongress in Magdeburg",
    )  # fmt: skip
    workshop = '!treffen einmalig 24.11. 14:00-16:00 "Werkstatt Beteiligung" ort="Altes Rathaus, Wittenberg"'
    await stage.says(
        "Fritz", stage["UAG6"], workshop,
        "Werkstatt Beteiligung", "Dienstag, 24. November 2026, 14:00–16:00 Uhr", "Ort: Altes Rathaus, Wittenberg",
    )  # fmt: skip


async def poll_in_five_ways(stage: Stage) -> None:
    """One tally for native votes, reactions, commands and replies; the latest vote of a person counts."""
    await stage.until(on(2, 10))
    apps = stage["UAG1"]
    command = '!umfrage "Wo tagen wir im März?" Halle Stendal Wernigerode bis Freitag 12 Uhr'
    poll = await stage.says(
        "Anna", apps, command,
        "Wo tagen wir im März?", "1. Halle", "2. Stendal", "3. Wernigerode",
        "0 von 5 Stimmen", "bis Freitag, 6. November 2026, 12:00 Uhr",
    )  # fmt: skip
    number, native = number_in(poll, "U"), await stage.native_poll(apps, poll)
    await stage.votes("Bodo", apps, native, "1")
    await stage.becomes(apps, poll, "native Stimme", "1. Halle – 1", "1 von 5 Stimmen")
    await stage.reacts("Carla", apps, poll, "2️⃣")
    await stage.becomes(apps, poll, "Stimme per Reaktion", "2. Stendal – 1", "2 von 5 Stimmen")
    await stage.says("Dieter", apps, f"!stimme U{number} 2", reaction="✅")
    await stage.becomes(apps, poll, "Stimme per Befehl", "2. Stendal – 2", "3 von 5 Stimmen")
    await stage.says("Edith", apps, "!stimme 3", reaction="✅", reply_to=poll)
    await stage.becomes(apps, poll, "Stimme als Antwort", "3. Wernigerode – 1", "4 von 5 Stimmen")
    await stage.votes("Carla", apps, native, "3")
    await stage.becomes(
        apps, poll, "wer neu stimmt, ändert seine Stimme", "2. Stendal – 1", "3. Wernigerode – 2", "4 von 5"
    )
    key = await stage.reacts("Anna", apps, poll, "1️⃣")
    await stage.becomes(apps, poll, "alle haben gestimmt", "1. Halle – 2", "5 von 5 Stimmen")
    stage.bot.time.move_to(stage.bot.time.now() + BETWEEN_WORDS)
    back = await stage.members["Anna"].redact(apps.id, key)
    await stage.becomes(apps, poll, "eine gelöschte Stimme zählt nicht", "1. Halle – 1", "4 von 5 Stimmen", after=back)
    await stage.says("Dieter", apps, f"!stimme U{number} 7", f"U{number} hat keine Antwort 7", "1 bis 3")
    await stage.says("Bodo", apps, f"!umfrage stand U{number}", "Wernigerode: 2 (50 %)", "Beteiligung: 4 von 5 (80 %)")


async def edits(stage: Stage) -> None:
    """An edited command changes what it made, a deleted one takes it back."""
    await stage.until(on(2, 10, 20))
    room = stage["UAG6"]
    text = '!umfrage "Welches Werkzeug nehmen wir?" Karte Fragebogen bis 10.11.'
    command = await stage.sends("Ina", room, text)
    poll = await stage.answered(
        room, command, "Welches Werkzeug nehmen wir?", "2. Fragebogen", "10. November 2026, 23:59 Uhr"
    )
    better = '!umfrage "Welches Werkzeug nehmen wir zuerst?" Karte Fragebogen Werkstatt bis 10.11.'
    await stage.edits("Ina", room, command, better)
    await stage.becomes(room, poll, "die bearbeitete Umfrage", "nehmen wir zuerst?", "3. Werkstatt")
    await stage.members["Ina"].redact(room.id, command)
    await stage.shows(room, "die gelöschte Umfrage", "nehmen wir zuerst?", "abgebrochen")


async def actions(stage: Stage) -> None:
    """Action items from chat: assigned, edited, given to somebody else, moved to another day."""
    await stage.until(on(2, 10, 40))
    energy = stage["UAG3"]
    chat = await stage.direct_chat("Ina")
    await stage.shows(chat, "Begrüßung im direkten Chat", "Ich bin uagbot", "hilfe")
    text = "!aufgabe @Dieter Verbräuche der Schulen zusammentragen bis 12.11. #messen"
    command = await stage.sends("Carla", energy, text, at=["Dieter"])
    measuring = await stage.answered(
        energy, command, "A", "Verbräuche der Schulen", "Dieter", "bis Donnerstag, 12. November 2026", "#messen"
    )
    better = text.replace("der Schulen", "der Schulen und Kitas")
    await stage.edits("Carla", energy, command, better, at=["Dieter"])
    await stage.becomes(energy, measuring, "die bearbeitete Aufgabe", "der Schulen und Kitas", "#messen")
    text = "!aufgabe @Ina Netzbetreiber nach Anschlüssen fragen bis Mittwoch 11.11."
    await stage.says("Carla", energy, text, "Netzbetreiber", "Ina", "bis Mittwoch, 11. November 2026", at=["Ina"])
    text = "!aufgabe @Dieter Angebot für das Solarkataster einholen bis 20.11. #dächer"
    offer = await stage.says(
        "Carla", energy, text, "Solarkataster", "Dieter", "20. November 2026", "#dächer", at=["Dieter"]
    )
    number = number_in(offer, "A")
    changed = await stage.says(
        "Dieter",
        energy,
        f"!aufgabe A{number} an @Anna",
        "liegt jetzt bei Anna (vorher Dieter)",
        reaction="👍",
        at=["Anna"],
    )
    await stage.becomes(energy, offer, "die neu vergebene Aufgabe", "Solarkataster", "Anna")
    await stage.says(
        "Anna", energy, "!aufgabe bis 24.11.", "bis Dienstag, 24. November 2026", reaction="👍", reply_to=changed
    )


async def actions_done(stage: Stage) -> None:
    """Action items are ticked off by command and by reaction, and listed for the group and for a person."""
    await stage.until(on(2, 11))
    energy = stage["UAG3"]
    text = "!aufgabe @Anna Förderaufruf lesen bis Montag"
    reading = await stage.says("Carla", energy, text, "Förderaufruf", "Anna", "Montag, 9. November 2026", at=["Anna"])
    await stage.says("Anna", energy, f"!erledigt {number_in(reading, 'A')} der Antrag lohnt sich", reaction="✅")
    await stage.becomes(
        energy, reading, "die erledigte Aufgabe", "Erledigt am Montag, 2. November 2026 von Anna", "lohnt sich"
    )
    text = "!aufgabe @Dieter Raum für die Beratung buchen bis 16.11."
    booking = await stage.says("Carla", energy, text, "Raum für die Beratung", "Dieter", at=["Dieter"])
    await stage.members["Dieter"].react(energy.id, booking["event_id"], "✅")
    await stage.becomes(energy, booking, "die abgehakte Aufgabe", "Erledigt am Montag, 2. November 2026 von Dieter")
    await stage.says(
        "Carla", energy, "!aufgaben", "Offene Aufgaben: 3", "#messen", "Ina", "Anna", without=["Förderaufruf"]
    )
    await stage.says("Ina", stage["Ina"], "meine", "Meine Aufgaben: 1", "UAG3", "Netzbetreiber")
