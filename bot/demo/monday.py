"""The digest as coordinators make it: preview, highlight, hold, release; one's own; and the report of a month."""

from bot.demo.stage import Stage, on

TITLE = "Wochenbericht 23.–29. November 2026"
HIGHLIGHT = "Das Land fördert ab Januar auch kleine Kommunen"
REPORT = "bericht-2026-11"


async def preview(stage: Stage) -> None:
    """On Friday coordinators see Monday's digest, put something at its top, and hold it back."""
    coordinators, chat = stage["KO"], stage["Ina"]
    await stage.until(on(27, 14, 5))
    shown = await stage.shows(
        coordinators, "die Vorschau", "Dieser Wochenbericht geht am", "Montag, 30. November 2026, 08:00 Uhr"
    )
    await stage.says("Bodo", stage["INI"], f'!highlight "{HIGHLIGHT}"', "Koordination")
    await stage.says("Carla", coordinators, f'!highlight "{HIGHLIGHT}"', HIGHLIGHT)
    await stage.becomes(coordinators, shown, "die Vorschau mit dem Satz am Anfang", HIGHLIGHT)
    await stage.reacts("Gerda", coordinators, shown, "⏸️")
    await stage.becomes(coordinators, shown, "die angehaltene Vorschau", "Angehalten", "Gerda")
    await stage.says("Ina", chat, "wochenbericht abo", "persönlichen Wochenbericht", "Montag, 30. November 2026")


async def release(stage: Stage) -> None:
    """On Monday the digest waits until it is released; one's own comes at its time."""
    coordinators, main = stage["KO"], stage["INI"]
    await stage.until(on(30, 8, 30))
    await stage.shows(coordinators, "Wochenbericht", TITLE, HIGHLIGHT, "UAG2-2026-12-02", "UAG6-2026-11-24")
    await stage.shows(coordinators, "der Hinweis", "wartet auf Freigabe")
    await stage.shows(stage["Ina"], "der eigene Wochenbericht", "Das wartet auf Sie")
    stage.expect_count(main, 0, TITLE)
    await stage.says("Carla", coordinators, "!wochenbericht freigeben", "Er geht jetzt an INI Initiative")
    await stage.shows(
        main, "der freigegebene Wochenbericht", TITLE, HIGHLIGHT, "UAG2-2026-12-02", "UAG6-2026-11-24", "freigegeben"
    )
    await stage.says("Gerda", coordinators, "!wochenbericht anhalten", "Montag, 7. Dezember 2026")
    await stage.says("Gerda", coordinators, "!wochenbericht freigeben", "Montag, 7. Dezember 2026")


async def report(stage: Stage) -> None:
    """The report of the month for the ministry, to read and print, and to write on."""
    coordinators = stage["KO"]
    await stage.until(on(1, 9, 30, month=12))
    await stage.says("Bodo", stage["INI"], "!bericht", "Das darf nur die Koordination")
    await stage.says("Carla", coordinators, "!bericht November", "Bericht November 2026", "Treffen:", "Beschlüsse:")
    await stage.keeps(coordinators, f"{REPORT}.html", "<svg", "Halle (Saale)", "Jugendforum", "Leitfaden", HIGHLIGHT)
    await stage.keeps(coordinators, f"{REPORT}.md", "# Sachbericht November 2026", "B-2026-", "UAG6-2026-11-24")
