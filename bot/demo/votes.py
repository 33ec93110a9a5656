"""The votes of the story: one over all six groups, a date poll that becomes a meeting, a resolution that goes round."""

from bot.demo.cast import GROUPS, TOWNS
from bot.demo.stage import Stage, number_in, on, resolution_in

POLL_END = "org.matrix.msc3381.poll.end"


async def municipalities(stage: Stage) -> None:
    """Everybody says which municipality they stand for; a typing error is understood."""
    await stage.until(on(2, 11, 20))
    main = stage["INI"]
    for who, town in TOWNS.items():
        await stage.says(who, main, f"!kommune {town}", town)
    await stage.says("Hanno", main, "!kommune Quedlinborg", "Meinten Sie", "Quedlinburg")
    await stage.says("Gerda", main, "!kommunen", *sorted(set(TOWNS.values())))


async def six_rooms(stage: Stage) -> None:
    """One municipality, one vote, over all six groups; two of one town differ, and then agree."""
    await stage.until(on(2, 11, 40))
    main, apps, people, mobility = stage["INI"], stage["UAG1"], stage["UAG6"], stage["UAG2"]
    command = (
        '!umfrage "Wo findet der Kongress statt?" Magdeburg Wernigerode '
        "räume=alle wahlrecht=kommune quorum=50% bis Donnerstag 12 Uhr"
    )
    sent = await stage.says("Anna", main, command, "geht an UAG1, UAG2, UAG3, UAG4, UAG5 und UAG6", "5. November 2026")
    number = number_in(sent, "U")
    for plan in GROUPS:
        if plan.key != "UAG5":
            words = "Wo findet der Kongress statt?", "Jede Kommune hat eine Stimme", "0 von 8 Stimmen"
            await stage.shows(stage[plan.key], "die Umfrage in jedem Raum", f"Umfrage U{number}", *words)
    poll = await stage.shows(people, "die Umfrage", f"Umfrage U{number}")
    native = await stage.native_poll(people, poll)
    await stage.votes("Ina", people, native, "1")
    await stage.becomes(people, poll, "die erste Stimme", "1. Magdeburg – 1", "1 von 8 Stimmen")
    await stage.says("Anna", apps, f"!stimme U{number} 2", reaction="✅")
    await stage.shows(
        stage["UAG3"], "zwei aus einer Kommune", "Halle (Saale) hat in U", "verschieden gestimmt", "Anna", "Ina"
    )
    await stage.becomes(people, poll, "uneinig", "Ohne Stimme, weil uneinig: Halle (Saale)", "0 von 8 Stimmen")
    await stage.votes("Ina", people, native, "2")
    await stage.becomes(people, poll, "wieder einig", "2. Wernigerode – 1", "1 von 8 Stimmen")
    first = await stage.shows(apps, "die Umfrage", f"Umfrage U{number}")
    await stage.reacts("Edith", apps, first, "2️⃣")
    await stage.says("Bodo", mobility, "!stimme 1", reaction="✅")
    await stage.says("Fritz", mobility, f"!stimme U{number} Wernigerode", reaction="✅")
    await stage.says("Dieter", stage["UAG4"], "!stimme 2", reaction="✅")
    await stage.says("Dieter", stage["UAG4"], "!stimme 3", f"U{number} hat keine Antwort 3")
    await stage.becomes(people, poll, "Stimmen aus allen Räumen", "1. Magdeburg – 1", "2. Wernigerode – 4", "5 von 8")
    await stage.says(
        "Anna", main, f"!umfrage prüfen U{number}", f"Ich lese die Stimmen zu U{number} auf dem Server nach"
    )
    await stage.shows(main, "die Prüfung", f"U{number} geprüft", "7 Stimmabgaben", "Alle sind gezählt, keine zu viel")


async def date_poll(stage: Stage) -> None:
    """A date poll marks holidays and weekends, and becomes a meeting."""
    await stage.until(on(2, 12, 10))
    energy = stage["UAG3"]
    poll = await stage.says(
        "Carla",
        energy,
        '!termin "Workshop Energie" 6.1. 10:00, 13.1. 14:00-16:00, 16.1. 9:00',
        "1. Mittwoch, 6. Januar 2027, 10:00–11:00 Uhr – Feiertag: Heilige Drei Könige",
        "2. Mittwoch, 13. Januar 2027, 14:00–16:00 Uhr",
        "3. Samstag, 16. Januar 2027, 09:00–10:00 Uhr – Wochenende",
    )
    number = number_in(poll, "U")
    await stage.says("Dieter", energy, f"!stimme U{number} 1 nein 2 ja 3 notfalls", reaction="✅")
    await stage.reacts("Ina", energy, poll, "2️⃣")
    await stage.becomes(energy, poll, "zwei Stimmen", "14:00–16:00 Uhr – 2 ja", "1 notfalls", "2 von 4 Stimmen")
    await stage.says(
        "Carla",
        energy,
        f"!termin fest U{number} 2 ort=Stadthaus",
        "Workshop Energie",
        "Mittwoch, 13. Januar 2027, 14:00–16:00 Uhr",
        "Stadthaus",
    )
    await stage.shows(energy, "das Ergebnis", f"Ergebnis U{number}", "Am besten passt Mittwoch, 13. Januar 2027")
    await stage.says("Dieter", energy, "!termine", "UAG3-2027-01-13", "Workshop Energie")


async def circulation(stage: Stage) -> None:
    """A resolution goes round for five working days; an objection is raised, and withdrawn once it is met."""
    await stage.until(on(2, 12, 30))
    apps = stage["UAG1"]
    command = '!umlauf "Der Leitfaden für Bürger-Apps gilt ab Januar" bis="5 Arbeitstage"'
    card = await stage.says("Anna", apps, command, "B-2026-", "Der Leitfaden", "Montag, 9. November 2026, 23:59 Uhr")
    name = resolution_in(card)
    await stage.says("Dieter", apps, f"!einwand {name}", "Grund")
    await stage.says("Carla", apps, f'!einwand {name} "Die Kosten fehlen noch"', "Die Kosten fehlen noch")
    await stage.becomes(apps, card, "der Einwand", "1 Einwand")
    await stage.reacts("Bodo", apps, card, "👍")
    await stage.becomes(apps, card, "die Zustimmung", "1 von 5")
    await stage.chats("Anna", apps, "Carla, die Kosten stehen jetzt auf Seite 4.")
    await stage.says("Carla", apps, f"!einwand zurück {name}", name)
    await stage.says("Anna", apps, '!beschluss "Wir treffen uns künftig in Stendal"', "Beschlossen am Montag")


async def six_rooms_result(stage: Stage) -> None:
    """The result reaches every room and the main room, by municipality and by group."""
    await stage.until(on(5, 12, 5))
    for key in ("INI", "UAG1", "UAG2", "UAG3", "UAG4", "UAG6"):
        await stage.shows(
            stage[key], "Ergebnis über sechs Räume", "Wo findet der Kongress statt?", "Wernigerode: 4 (80 %)",
            "Die meisten Stimmen hat Wernigerode", "Beteiligung: 5 von 8 (63 %) Kommunen", "UAG6 Beteiligung",
        )  # fmt: skip
    await stage.look()
    stage.expect_count(stage["INI"], 1, "Ergebnis U", "Wo findet der Kongress statt?")


async def circulation_result(stage: Stage) -> None:
    """Nobody objects any more: the resolution is adopted, stands in the register, and shows how it came about."""
    await stage.until(on(10, 8))
    apps = stage["UAG1"]
    told = await stage.shows(apps, "das Ende des Umlaufs", "B-2026-", "ist beschlossen", "Der Leitfaden")
    name = resolution_in(told)
    task = await stage.says(
        "Anna",
        apps,
        f"!aufgabe @Dieter Leitfaden verschicken bis 20.11. zu={name}",
        "Leitfaden verschicken",
        at=["Dieter"],
    )
    await stage.says(
        "Dieter", apps, f"!beschluss {name}", "Der Leitfaden", "Beschlossen am", f"A{number_in(task, 'A')}"
    )
    await stage.says("Carla", apps, "!beschlüsse Leitfaden", name, "Der Leitfaden", without=["Stendal"])
