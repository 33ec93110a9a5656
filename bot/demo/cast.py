"""Who plays: the members with their towns, and the rooms of the initiative."""

from dataclasses import dataclass

TOWNS = {
    "Anna": "Halle (Saale)",
    "Bodo": "Magdeburg",
    "Carla": "Dessau-Roßlau",
    "Dieter": "Stendal",
    "Edith": "Wernigerode",
    "Fritz": "Wittenberg",
    "Gerda": "Naumburg",
    "Hanno": "Quedlinburg",
    "Ina": "Halle (Saale)",
}
STRANGER = "Hanno"  # may not bring the bot into rooms


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A room to be made: its short name and title, what it is about, who creates it, and who is in it besides.

    Half of the rooms are encrypted in any case: those that work in confidence, and the two that read about them weekly.
    """

    key: str
    title: str
    topic: str
    chair: str
    members: tuple[str, ...]
    encrypted: bool = False

    @property
    def people(self) -> tuple[str, ...]:
        """All who are in the room."""
        return self.chair, *self.members


MAIN = RoomPlan("INI", "Initiative", "Alle Kommunen der Initiative", "Anna", tuple(TOWNS)[1:], encrypted=True)
COORDINATORS = RoomPlan("KO", "Koordination", "Abstimmung der Koordination", "Anna", ("Carla", "Gerda"), encrypted=True)
GROUPS = (
    RoomPlan("UAG1", "Bürger-Apps", "Ein Konto, ein Kalender, eine Mängelmeldung für alle", "Anna",
             ("Bodo", "Carla", "Dieter", "Edith"), encrypted=True),
    RoomPlan("UAG2", "Mobilität", "Rufbus, Rad und Mitfahrbank zwischen den Orten", "Bodo",
             ("Fritz", "Gerda", "Hanno")),
    RoomPlan("UAG3", "Energie", "Verbräuche messen, Dächer nutzen, Wärme planen", "Carla",
             ("Anna", "Dieter", "Ina"), encrypted=True),
    RoomPlan("UAG4", "Verwaltungsdaten", "Welche Daten wir öffnen, und wie", "Dieter",
             ("Edith", "Gerda")),
    RoomPlan("UAG5", "Smart Villages", "Smarte Dörfer, mit Gästen aus dem Partnerland", "Edith",
             ("Fritz", "Hanno", "Ina")),
    RoomPlan("UAG6", "Beteiligung", "Wie Einwohner mitreden, bevor entschieden ist", "Fritz",
             ("Bodo", "Carla", "Ina")),
)  # fmt: skip
ROOMS = (MAIN, COORDINATORS, *GROUPS)
