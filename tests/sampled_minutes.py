"""Minutes of a usual, an empty and a crowded meeting."""

from datetime import UTC, date, datetime, timedelta

from commands.minutes.document import (
    ACTION,
    RESOLUTION,
    Attendance,
    Attendee,
    Decision,
    Document,
    Entry,
    Task,
    Topic,
    Vote,
)
from commands.minutes.rendering import Edition
from storage.minutes import LineKind, MinutesState

BEGIN = datetime(2026, 12, 8, 9, 2, tzinfo=UTC)
ROOM = "https://matrix.to/#/!uag1:example.org/$"
DRAFT = Edition(MinutesState.DRAFT)
APPROVED = Edition(MinutesState.APPROVED, 1, BEGIN + timedelta(days=7), "Anna")
TOWNS = (
    "Aschersleben", "Bernburg (Saale)", "Bitterfeld-Wolfen", "Burg", "Dessau-Roßlau", "Eisleben", "Gardelegen",
    "Halberstadt", "Haldensleben", "Halle (Saale)", "Hettstedt", "Köthen (Anhalt)", "Magdeburg", "Merseburg",
    "Naumburg (Saale)", "Oschersleben (Bode)", "Quedlinburg", "Salzwedel", "Sangerhausen", "Schönebeck (Elbe)",
    "Stendal", "Weißenfels", "Wernigerode", "Zeitz",
)  # fmt: skip


def minute(number: int) -> datetime:
    return BEGIN + timedelta(minutes=number)


def line(number: int, text: str, kind: str = LineKind.INFO, by: str = "Bodo") -> Entry:
    return Entry(kind, f"line {number}", text, minute(number), by, f"{ROOM}line{number}")


def resolution(number: int, text: str, state: str = "adopted", vote: Vote | None = None, at: int = 10) -> Entry:
    name = f"B-2026-{number:03}"
    return Entry(
        RESOLUTION, name, text, minute(at), "Anna", f"{ROOM}b{number}", decision=Decision(name, state, vote=vote)
    )


def action(number: int, text: str, *people: str, due_on: date | None = None, at: int = 12) -> Entry:
    task = Task(f"A{number}", "open", people, due_on)
    return Entry(ACTION, f"A{number}", text, minute(at), "Anna", f"{ROOM}a{number}", task=task)


def topic(number: int, title: str, at: int, *entries: Entry) -> Topic:
    return Topic(f"topic {number}", title, minute(at), f"{ROOM}topic{number}", number, entries)


def usual() -> Document:
    vote = Vote("U7", (("Ja", 11), ("Nein", 2), ("Enthaltung", 1)), 14, 24)
    return Document(
        group="UAG1 Bürger-Apps",
        name="UAG1-2026-12-08",
        title="UAG-Treffen",
        starts_at=BEGIN,
        ends_at=minute(86),
        zone="Europe/Berlin",
        place="Stadthaus Halle (Saale)",
        link="https://konferenz.example.org/uag1",
        leads=("Anna",),
        scribes=("Bodo",),
        attendance=Attendance(
            present=(
                Attendee("Anna", "Halle (Saale)"),
                Attendee("Bodo", "Stendal"),
                Attendee("Carla", "Halle (Saale)"),
                Attendee("Dora"),
            ),
            excused=("Emil",),
            guests=("Frau Meier (MID)",),
            represented=2,
            towns=3,
            needed=2,
        ),
        topics=(
            Topic("", "", BEGIN, entries=(line(1, "Der Termin im Januar steht"),)),
            topic(
                1,
                "Stand der Website",
                3,
                line(4, "Die Seite ist <b>fast</b> fertig & wird *morgen* gezeigt"),
                line(5, "https://example.org/entwurf_(neu) Entwurf", LineKind.LINK),
                line(6, "Ein Video drehen", LineKind.IDEA, "Carla"),
                resolution(14, "Die Website geht am 1. Februar online", vote=vote),
                action(14, "Texte liefern", "Anna", "Bodo", due_on=date(2026, 12, 15)),
            ),
            topic(
                2,
                "Haushalt 2027",
                40,
                line(41, "Zeitplan", LineKind.SUBTOPIC),
                resolution(15, "Ein gemeinsamer Server", "rejected", at=42),
                action(15, "Angebote einholen", at=43),
                line(44, "Förderantrag", LineKind.POSTPONED),
            ),
        ),
        unreached=("Verschiedenes",),
    )


def empty() -> Document:
    return Document("UAG1 Bürger-Apps", "UAG1-2026-12-08", "Sitzung", BEGIN, minute(2), "Europe/Berlin")


def crowded(topics: int = 12, each: int = 6) -> Document:
    people = tuple(Attendee(f"Mitglied {number}", town) for number, town in enumerate([*TOWNS, *TOWNS], start=1))
    found = []
    for number in range(1, topics + 1):
        at = number * 10
        entries = [line(number * 1000 + n, f"Punkt {n} zu Thema {number}: {'Wort ' * 30}") for n in range(each)]
        long = "https://example.org/" + "sehr-langer-pfad/" * 12
        entries.append(line(number * 1000 + 900, long, LineKind.LINK))
        entries.append(resolution(number, "Wir beschließen das " + "und das " * 20, at=at + 3))
        entries.append(action(number, "Aufgabe " + "Wort " * 20, f"Mitglied {number}", due_on=date(2027, 1, number)))
        found.append(topic(number, f"Thema {number} mit einem Titel, der über mehr als eine Zeile geht", at, *entries))
    return Document(
        group="UAG3 Donaudampfschifffahrtsgesellschaftskapitänsmützenverordnung",
        name="UAG3-2026-12-08",
        title="Workshop",
        starts_at=BEGIN,
        ends_at=BEGIN + timedelta(hours=16),
        zone="Europe/Berlin",
        leads=("Mitglied 1", "Mitglied 2"),
        scribes=("Mitglied 3",),
        attendance=Attendance(people, ("Emil", "Frieda"), ("Frau Meier (MID)",), len(TOWNS), len(TOWNS), 12),
        topics=tuple(found),
        unreached=("Verschiedenes", "Termine"),
    )
