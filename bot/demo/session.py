"""The session of the story: an agenda that fills itself, a meeting with its minutes, their approval and publication."""

import re

from bot.demo.ledger import Event, text_of
from bot.demo.stage import Stage, Stuck, number_in, on, resolution_in

MEETING = "UAG6-2026-11-24"
ADDRESS = re.compile(r"https?://[^\s`)>]+")


async def towards_the_meeting(stage: Stage) -> None:
    """Calendar addresses, answers to the invitation, and what members put on the agenda."""
    people, mobility, main = stage["UAG6"], stage["UAG2"], stage["INI"]
    await stage.until(on(19, 10))
    told = await stage.says("Ina", people, "!kalender", "/calendar/", "webcal://")
    stage.addresses["Kalender von UAG6 (ICS)"] = address_in(told)
    told = await stage.says("Gerda", main, "!kalender", "/calendar/")
    stage.addresses["Kalender aller Gruppen (ICS)"] = address_in(told)
    await stage.reads("Kalender von UAG6 (ICS)", "Werkstatt Beteiligung", "Altes Rathaus\\, Wittenberg")
    await stage.says("Bodo", people, f"!zusage {MEETING}", reaction="✅")
    await stage.says("Carla", people, f"!absage {MEETING}", reaction="✅")
    await stage.says("Fritz", people, '!top immer "Aktuelles aus den Kommunen" 10min', reaction="✅")
    await stage.says("Fritz", people, "!sitzung quorum 50%", "50", "Kommunen vertreten")
    await stage.says("Bodo", people, '!top "Jugendforum im Frühjahr" 20min', reaction="✅")
    asked = await stage.says(
        "Gerda", mobility, '!an UAG6 "Wie erreichen wir die Pendler mit einer Befragung?"', "an UAG6", "Offen"
    )
    request = number_in(asked, "F")
    await stage.shows(people, "die Anfrage in der anderen Gruppe", f"F{request}", "Frage von UAG2", "Pendler")
    task = "!aufgabe @Carla Einladungen an die Schulen schicken bis 20.11."
    await stage.says("Fritz", people, task, "Einladungen an die Schulen", "Carla", at=["Carla"])


async def agenda(stage: Stage) -> None:
    """Three days before the meeting its agenda fills itself, and is changed by hand."""
    people = stage["UAG6"]
    await stage.until(on(21, 14, 5))
    found = await stage.shows(
        people, "die Tagesordnung", "Tagesordnung: Werkstatt Beteiligung", "Dienstag, 24. November 2026",
        "Jugendforum im Frühjahr", "20 min", "Aktuelles aus den Kommunen", "ständiger Punkt",
        "Pendler", "aus UAG2", "Einladungen an die Schulen", "überfällig seit",
    )  # fmt: skip
    number = place_of(found, "Jugendforum")
    await stage.says("Ina", people, f"!top {number} streichen", "Leitung")
    await stage.says("Bodo", people, f"!top {number} 30min", reaction="✅")
    await stage.becomes(people, found, "die geänderte Tagesordnung", "30 min")
    await stage.says("Fritz", people, "!top 12 streichen", "Einen Punkt 12 hat die Tagesordnung nicht")


async def session(stage: Stage) -> None:
    """The meeting: who may begin it, attendance, topics, tagged lines, an edit, an undo, a power cut in the middle."""
    people = stage["UAG6"]
    await stage.until(on(24, 14, 1))
    await stage.says("Bodo", people, "!sitzung start", "Das darf nur die Leitung", "Fritz")
    await stage.says("Ina", people, "!info zu früh", "läuft gerade keine Sitzung")
    begun = await stage.says(
        "Fritz", people, "!sitzung start", "Werkstatt Beteiligung", "beginnt", "Jugendforum", "Zugesagt: Bodo",
        "Abgesagt: Carla",
    )  # fmt: skip
    await stage.says("Bodo", people, "!sitzung start", "Das darf nur die Leitung")
    await stage.says("Fritz", people, "!sitzung start", "läuft schon")
    await stage.reacts("Bodo", people, begun, "👋")
    await stage.says("Fritz", people, "!da", reaction="✅")
    await stage.says("Fritz", people, '!da Gast "Frau Meier (Ministerium)"', reaction="✅")
    await stage.says("Fritz", people, "!schriftführung @Bodo", "Schriftführung", "Bodo", at=["Bodo"])
    await stage.says("Bodo", people, "!thema weiter", "TOP 1: Aktuelles aus den Kommunen")
    await stage.says("Fritz", people, "!info Wittenberg hat seit Montag ein Jugendbüro", reaction="✅")
    await stage.says("Bodo", people, "!thema weiter", "TOP 2: Jugendforum im Frühjahr")
    info = await stage.sends("Bodo", people, "!info Das Forum findet am 10. Mai in Wittenberg statt")
    await stage.acknowledged(people, info)
    await stage.edits("Bodo", people, info, "!info Das Forum findet am 17. Mai in Wittenberg statt")
    await stage.chats("Fritz", people, "Das Rathaus haben wir, nur der Ton fehlt noch.")
    said = await stage.chats("Bodo", people, "Die Schulen bringen eigene Technik mit.")
    await stage.reacts("Fritz", people, {"event_id": said}, "📌")
    await stage.acknowledged(people, said)
    await stage.says("Fritz", people, "#idea Eine Bühne nur für Schülerbands", reaction="✅")
    await stage.says("Bodo", people, "!info Das war ein Versehen", reaction="✅")
    await stage.says("Bodo", people, "!zurück", "Zurückgenommen", "Das war ein Versehen")
    last = await stage.sends("Fritz", people, "!beschlossen Das Jugendforum bekommt 2.000 Euro aus dem Topf der UAG")
    stage.bot.kill()
    second = await stage.sends("Bodo", people, "!aufgabe @Ina Schulen anschreiben bis 4.12.", at=["Ina"])
    await stage.bot.start()
    await stage.acknowledged(people, last)
    await stage.acknowledged(people, second)


async def session_goes_on(stage: Stage) -> None:
    """Somebody comes late, speaks, and an answer goes back to the group that asked."""
    people, mobility, chat = stage["UAG6"], stage["UAG2"], stage["Ina"]
    await stage.until(on(24, 14, 40))
    await stage.says("Bodo", people, "!thema weiter", "TOP 3", "Pendler")
    await stage.says("Ina", people, "!verpasst", reaction="✅")
    await stage.shows(chat, "was Ina verpasst hat", "Bisher in der laufenden Sitzung", "Jugendforum", "2.000 Euro")
    await stage.says("Ina", people, "!da", reaction="✅")
    await stage.says("Fritz", people, "!anwesend", "3 von 4 Kommunen vertreten", "beschlussfähig", "Frau Meier")
    await stage.says("Ina", people, "!wort", "Redeliste", "Ina")
    await stage.says("Fritz", people, "!wort an @Ina", "Das Wort hat Ina", at=["Ina"])
    await stage.says("Ina", people, "!link https://www.example.org/pendler Fragebogen für Pendler", reaction="✅")
    await stage.says("Fritz", people, '!antwort F1 "Mit dem Fragebogen, in den Zügen ausgehängt"', reaction="✅")
    await stage.shows(mobility, "die Antwort in der Gruppe, die gefragt hat", "Gerda", "F1", "in den Zügen")
    vote = '!abstimmung "Der Fragebogen wird gedruckt"'
    await stage.says("Fritz", people, vote, reaction="✅")
    poll = await stage.shows(people, "die Abstimmung", "Der Fragebogen wird gedruckt", "1. Ja", "3. Enthaltung")
    for who in ("Fritz", "Ina", "Carla"):
        await stage.reacts(who, people, poll, "1️⃣")
    await stage.reacts("Bodo", people, poll, "3️⃣")
    await stage.until(on(24, 15))
    await stage.shows(people, "das Ergebnis", "B-2026-", "ist angenommen", "Der Fragebogen wird gedruckt")
    await stage.says("Bodo", people, "!thema weiter", "TOP 4", "Einladungen an die Schulen")
    await stage.says("Fritz", people, "!thema vertagen", reaction="✅")


async def minutes(stage: Stage) -> None:
    """The draft, a late correction, the approval, and the publication in the main room and the archive."""
    people, main = stage["UAG6"], stage["INI"]
    await stage.until(on(24, 15, 40))
    await stage.says("Bodo", people, "!sitzung ende", "ist beendet")
    draft = await stage.shows(
        people, "der Entwurf", "Protokollentwurf", MEETING, "3 von 4 Kommunen vertreten", "beschlussfähig",
        "Jugendforum", "B-2026-", "2.000 Euro", "Schulen anschreiben", "Ina",
    )  # fmt: skip
    await stage.says("Fritz", people, "!sitzung ende", "läuft keine Sitzung")
    told = await stage.says("Fritz", people, "!protokolle link", "/archive/", "auch Entwürfe")
    stage.addresses["Protokoll von UAG6"] = f"{address_in(told).rstrip('/')}/{MEETING}"
    await stage.reads("Protokoll von UAG6", "17. Mai", "Entwurf", without=["10. Mai", "Das war ein Versehen"])
    await stage.says("Ina", people, "!protokoll genehmigen", "Das darf nur die Leitung")
    await stage.says("Fritz", people, f"!protokoll genehmigen {MEETING}", "Genehmigt", "Version 1")
    await stage.shows(
        main, "die Veröffentlichung im Hauptraum", "Protokoll von UAG6", MEETING, resolution_in(draft), "2.000 Euro"
    )
    await stage.says("Fritz", people, f"!protokoll genehmigen {MEETING}", "ist schon genehmigt")
    await stage.reads("Protokoll von UAG6", "17. Mai", "Genehmigt", "Frau Meier", "Fragebogen für Pendler")
    await stage.says("Carla", people, "!beschlüsse Jugendforum", resolution_in(draft))


def address_in(message: Event) -> str:
    """Return the first address in a message."""
    found = ADDRESS.search(text_of(message))
    if found is None:
        raise Stuck("eine Adresse")
    return found[0]


def place_of(message: Event, words: str) -> int:
    """Return the number of the line of a numbered list in which these words are."""
    for line in text_of(message).splitlines():
        number, dot, rest = line.strip().partition(".")
        if dot and number.isdecimal() and words in rest:
            return int(number)
    raise Stuck(words)
