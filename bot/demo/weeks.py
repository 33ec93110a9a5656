"""The weeks of the story: reminders, deadlines, a power cut, digests, and the end of the month."""

from bot.demo.stage import Stage, number_in, on

DIGESTS = {
    9: "Wochenbericht 2.–8. November 2026",
    16: "Wochenbericht 9.–15. November 2026",
    23: "Wochenbericht 16.–22. November 2026",
    30: "Wochenbericht 23.–29. November 2026",
}
POLL_END = "org.matrix.msc3381.poll.end"


async def first_meeting(stage: Stage) -> None:
    """A meeting is announced the day before, a quarter of an hour before, and when it begins."""
    mobility = stage["UAG2"]
    link = "https://konferenz.example.org/uag2"
    await stage.until(on(3, 10, 5))
    await stage.shows(mobility, "Erinnerung am Tag vorher", "UAG Mobilität", "morgen", "4. November 2026, 10:00", link)
    await stage.until(on(4, 9, 50))
    await stage.shows(mobility, "Erinnerung kurz vorher", "UAG Mobilität", "in 15 Minuten", link)
    await stage.until(on(4, 10, 1))
    await stage.shows(mobility, "Ansage", "UAG Mobilität", "beginnt jetzt", link)
    await stage.chats("Bodo", mobility, "Willkommen. Heute geht es um den Rufbus.")
    text = "!aufgabe @Gerda Fahrgastzahlen beim Landkreis anfragen"
    await stage.says(
        "Bodo",
        mobility,
        text,
        "Fahrgastzahlen",
        "Gerda",
        "bis Mittwoch, 2. Dezember 2026 (nächstes Treffen)",
        at=["Gerda"],
    )


async def deadlines(stage: Stage) -> None:
    """Polls close by themselves at their deadline, once, and tell the result."""
    await stage.until(on(6, 12, 5))
    apps = stage["UAG1"]
    result = await stage.shows(
        apps, "Ergebnis", "Ergebnis U", "Wo tagen wir im März?", "Halle: 1 (25 %)", "Stendal: 1 (25 %)",
        "Wernigerode: 2 (50 %)", "Die meisten Stimmen hat Wernigerode", "Beteiligung: 4 von 5 (80 %)",
    )  # fmt: skip
    number = number_in(result, "U")
    stage.ledger.expect_words("das Ergebnis", result["content"]["body"], [], without=["verspätet"])
    await stage.sees(
        apps,
        "die native Umfrage ist beendet",
        lambda one: one["type"] == POLL_END and f"U{number}" in str(one["content"]),
    )
    await stage.says("Edith", apps, f"!stimme U{number} 1", f"U{number} ist schon beendet")
    await stage.shows(stage["Ina"], "Erinnerung an die Aufgabe", "Netzbetreiber", "UAG3 Energie", "11. November 2026")
    await stage.until(on(6, 18, 5))
    await stage.shows(
        stage["UAG5"], "Ergebnis auf Englisch", "Result of U", "Arendsee: 2 (100%)", "Turnout: 2 of 4 (50%)"
    )


async def first_digest(stage: Stage) -> None:
    """On Monday at eight the main room and the coordinators read what happened, once each."""
    await stage.until(on(9, 8, 30))
    for key in ("INI", "KO"):
        await stage.shows(
            stage[key], "Wochenbericht", DIGESTS[9],
            "UAG1 Bürger-Apps", "Entschieden", "Wo tagen wir im März?", "Wernigerode, 2 von 4 Stimmen",
            "UAG2 Mobilität", "Treffen", "Mi., 4. Nov.: UAG Mobilität", "UAG2-2026-11-04",
            "UAG3 Energie", "Erledigt: 2 Aufgaben", "Förderaufruf",
            "Verbräuche der Schulen und Kitas", "bis Do., 12. Nov.",
            "UAG5 Smart Villages", "Village walk", "UAG5-2026-11-17",
        )  # fmt: skip
    await stage.until(on(9, 9, 5))
    reminder = "Dieter: A", "Verbräuche der Schulen und Kitas", "fällig Donnerstag, 12. November 2026"
    await stage.shows(stage["UAG3"], "Erinnerung drei Tage vorher", *reminder)


async def late_keys(stage: Stage) -> None:
    """Messages whose key does not come are told of once in a sentence, and handled once when it comes."""
    energy, carla = stage["UAG3"], stage.members["Carla"]
    await stage.until(on(9, 9, 30))
    async with carla.late_keys(energy.id):
        first = await stage.sends("Carla", energy, "!gruppe")
        second = await stage.sends("Carla", energy, "!aufgaben @Dieter")
        await carla.wait_for_key_request(stage.bot_id)
        await stage.until(on(9, 9, 40))
        await stage.shows(energy, "Hinweis auf den fehlenden Schlüssel", "Carla", "kann ich nicht lesen", "Schlüssel")
    await stage.answered(energy, first, "UAG3 Energie", "Leitung: Carla")
    await stage.answered(energy, second, "Aufgaben von Dieter: 1", "Verbräuche")
    await stage.until(on(9, 10))
    stage.expect_count(energy, 1, "kann ich nicht lesen")


async def power_cut(stage: Stage) -> None:
    """The bot is killed; what members send meanwhile is done once when it is back, and votes keep their time."""
    data, apps, mobility, energy = (stage[key] for key in ("UAG4", "UAG1", "UAG2", "UAG3"))
    await stage.until(on(10, 9))
    command = '!umfrage "Welche Daten öffnen wir zuerst?" Haushalt Straßennetz Kita-Plätze bis heute 15 Uhr'
    poll = await stage.says("Dieter", data, command, "Welche Daten", "bis Dienstag, 10. November 2026, 15:00 Uhr")
    native = (await stage.native_poll(data, poll))["event_id"]
    await stage.members["Gerda"].vote(data.id, native, ["2"])
    await stage.becomes(data, poll, "Stimme vor dem Ausfall", "2. Straßennetz – 1", "1 von 3 Stimmen")
    await stage.until(on(10, 14, 40))
    number = number_in(poll, "U")
    first = await stage.sends("Bodo", apps, "!umfragen")
    stage.bot.kill()
    text = "!aufgabe @Fritz Haltestellen kartieren bis 27.11. #rufbus"
    second = await stage.sends("Bodo", mobility, text, at=["Fritz"])
    third = await stage.sends("Anna", energy, "!aufgaben @Dieter")
    fourth = await stage.sends("Ina", stage["UAG6"], "!termine")
    await stage.members["Edith"].vote(data.id, native, ["2"])
    stage.bot.time.move_to(on(10, 15, 20))
    await stage.members["Dieter"].vote(data.id, native, ["1"])  # too late
    stage.bot.time.move_to(on(10, 15, 30))
    await stage.bot.start()
    await stage.answered(apps, first, "Zuletzt beendet", "Wo tagen wir im März?")
    await stage.answered(mobility, second, "Haltestellen kartieren", "Fritz", "Freitag, 27. November 2026", "#rufbus")
    await stage.answered(energy, third, "Aufgaben von Dieter: 1", "Verbräuche")
    await stage.answered(stage["UAG6"], fourth, "Werkstatt Beteiligung", "UAG6-2026-11-24")
    await stage.shows(
        data, "Ergebnis nach dem Ausfall", f"Ergebnis U{number}", "(verspätet, der Bot war nicht erreichbar)",
        "Haushalt: 0 (0 %)", "Straßennetz: 2 (100 %)", "Beteiligung: 2 von 3 (67 %)",
    )  # fmt: skip
    await stage.look()
    stage.expect_count(data, 1, f"Ergebnis U{number}", "verspätet")
    stage.expect_count(data, 1, f"Ergebnis U{number}", kind=POLL_END)


async def reminders(stage: Stage) -> None:
    """Reminders go to the direct chat of those who have one, to the room for the others; overdue ones come back."""
    energy, chat = stage["UAG3"], stage["Ina"]
    await stage.until(on(11, 9, 5))
    reminder = await stage.shows(chat, "Erinnerung am Tag", "Netzbetreiber", "UAG3 Energie", "heute fällig")
    await stage.members["Ina"].react(chat.id, reminder["event_id"], "✅")
    await stage.becomes(chat, reminder, "im direkten Chat abgehakt", "Erledigt am Mittwoch, 11. November 2026 von Ina")
    await stage.until(on(12, 9, 5))
    await stage.shows(energy, "Erinnerung am Tag", "Dieter: A", "Verbräuche der Schulen und Kitas", "heute fällig")
    await stage.until(on(13, 10))
    await stage.says(
        "Carla",
        energy,
        "!aufgaben überfällig",
        "Überfällige Aufgaben: 1",
        "Verbräuche",
        "überfällig seit Do., 12. Nov.",
    )


async def second_digest(stage: Stage) -> None:
    """The next digest, and the same on demand."""
    await stage.until(on(16, 8, 30))
    words = "UAG3 Energie", "Überfällig: 1 Aufgabe", "seit Do., 12. Nov.", "Schulen und Kitas zusammentragen – Dieter"
    for key in ("INI", "KO"):
        await stage.shows(
            stage[key], "Wochenbericht", DIGESTS[16], *words,
            "UAG4 Verwaltungsdaten", "Straßennetz", "UAG6 Beteiligung", "Werkstatt Beteiligung", "UAG6-2026-11-24",
        )  # fmt: skip
    await stage.until(on(16, 10))
    await stage.says("Gerda", stage["INI"], "!wochenbericht", "Wochenbericht 9.–16. November 2026", *words)
    await stage.until(on(17, 14, 1))
    await stage.shows(stage["UAG5"], "Ansage auf Englisch", "Village walk", "begins now", "Market square, Arendsee")
    await stage.until(on(18, 10))
    await stage.says("Hanno", stage["UAG5"], "!actions", "Open action items: 1", "village councils")
    await stage.until(on(19, 9, 5))
    late = await stage.shows(
        stage["UAG3"], "Erinnerung, weil überfällig", "Dieter: A", "überfällig seit Donnerstag, 12. November"
    )
    await stage.says("Dieter", stage["UAG3"], "!erledigt jetzt liegen alle Zahlen vor", reaction="✅", reply_to=late)


async def last_week(stage: Stage) -> None:
    """The reminder a week ahead of the next meeting of the series."""
    await stage.until(on(25, 10, 5))
    await stage.shows(
        stage["UAG2"],
        "Erinnerung eine Woche vorher",
        "UAG Mobilität",
        "in 7 Tagen",
        "2. Dezember 2026, 10:00–11:30 Uhr",
    )


async def next_month(stage: Stage) -> None:
    """The next meeting of the series; every digest came once."""
    mobility = stage["UAG2"]
    await stage.until(on(2, 10, 1, month=12))
    await stage.says(
        "Hanno", mobility, "!gruppe", "UAG2 Mobilität", "Leitung: Bodo", "Offene Aufgaben: 2", "davon 1 überfällig"
    )
    for key in ("INI", "KO"):
        for title in DIGESTS.values():
            stage.expect_count(stage[key], 1, title, without="Vorschau")
    stage.expect_count(mobility, 2, "beginnt jetzt")


async def farewell(stage: Stage) -> None:
    """The bot ends when it is asked to, and every command of the month had exactly one answer."""
    await stage.bot.rest()
    status = await stage.bot.stop()
    came = "nicht innerhalb von 5 s" if status is None else f"Status {status}"
    stage.ledger.expect("SIGTERM beendet den Bot innerhalb von 5 s mit Status 0", came, held=status == 0)
    await stage.look()
    for place in stage.places.values():
        stage.ledger.expect_encrypted(place.key, place.timeline, encrypted=place.encrypted)
    stage.ledger.settle([place.timeline for place in stage.places.values()], stage.bot_id)
