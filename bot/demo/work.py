"""Work of many: items of municipalities and groups, open calls, items that come again, and results for all to see."""

from bot.demo.stage import Stage, number_in, on

GUIDE = "https://www.example.org/leitfaden"


async def shared_work(stage: Stage) -> None:
    """A municipality and another group get an item, somebody takes what is called out, and a done one comes again."""
    apps, mobility, energy, chat = stage["UAG1"], stage["UAG2"], stage["UAG3"], stage["Ina"]
    await stage.until(on(19, 9, 20))
    text = "!aufgabe @Stendal Logo der Stadt für die App schicken bis 4.12."
    await stage.says("Anna", apps, text, "Logo der Stadt", "Stendal", "bis Freitag, 4. Dezember 2026")
    text = "!aufgabe @UAG3 Ladepunkte an den Haltestellen prüfen bis 27.11."
    given = await stage.says("Bodo", mobility, text, "Ladepunkte", "UAG3", "bis Freitag, 27. November 2026")
    asked = await stage.shows(
        energy, "die Aufgabe in der anderen Gruppe", "UAG2 Mobilität gibt dieser Gruppe eine Aufgabe", "Ladepunkte"
    )
    await stage.says("Dieter", energy, "!erledigt alle zwölf sind frei", reaction="✅", reply_to=asked)
    await stage.becomes(mobility, given, "erledigt von der anderen Gruppe", "Erledigt am", "von Dieter")
    unseen = f"!erledigt {number_in(given, 'A')}"
    await stage.says("Edith", stage["UAG4"], unseen, "gibt es in diesem Raum nicht")

    call = '!gesucht "Anleitung der App ins Englische übersetzen" bis 11.12. #leitfaden'
    wanted = await stage.says("Edith", apps, call, "Wer übernimmt das?", "Anleitung", "#leitfaden")
    await stage.says("Ina", chat, "gesucht", "Gesucht", "Anleitung der App")
    await stage.reacts("Bodo", apps, wanted, "🙋")
    await stage.shows(apps, "wer es übernimmt", "Bodo übernimmt A", "Anleitung der App")
    await stage.becomes(apps, wanted, "die übernommene Aufgabe", "Anleitung der App", "Bodo")

    text = "!aufgabe @Ina Zählerstände der Rathäuser melden jeden Monat bis 30.11."
    monthly = await stage.says(
        "Carla", energy, text, "Zählerstände", "am letzten Tag jedes Monats", "30. November", at=["Ina"]
    )
    await stage.says("Ina", chat, f"erledigt {number_in(monthly, 'A')}", reaction="✅")
    await stage.shows(energy, "die nächste des Monats", "Zählerstände", "folgt auf A", "bis Donnerstag, 31. Dezember")


async def results(stage: Stage) -> None:
    """A result is told, found again, and its message edited; a message of the past becomes one."""
    apps, villages, main = stage["UAG1"], stage["UAG5"], stage["INI"]
    await stage.until(on(19, 9, 40))
    text = f'!ergebnis "Leitfaden für Bürger-Apps erschienen" link={GUIDE}'
    command = await stage.sends("Anna", apps, text)
    told = await stage.answered(apps, command, "Ergebnis E", "Leitfaden für Bürger-Apps erschienen", GUIDE)
    await stage.edits("Anna", apps, command, text.replace("erschienen", "veröffentlicht"))
    await stage.becomes(apps, told, "das bearbeitete Ergebnis", "Bürger-Apps veröffentlicht")
    await stage.says("Hanno", villages, '!result "Village walk documented"', "Result E", "Village walk documented")
    await stage.says("Gerda", main, "!ergebnisse Leitf", "Leitfaden für Bürger-Apps veröffentlicht", "UAG1 Bürger-Apps")
