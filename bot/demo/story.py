"""The story: a month of the initiative, scene by scene."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.demo import monday, opening, session, votes, weeks, work
from bot.demo.stage import Stage


@dataclass(frozen=True, slots=True)
class Scene:
    """A part of the story with the title that the progress shows."""

    title: str
    play: Callable[[Stage], Awaitable[None]]


SCENES = (
    Scene("Der Bot kommt in die Räume", opening.arrival),
    Scene("Eine fremde Einladung", opening.stranger),
    Scene("Tippfehler, Hilfe, falsche Rolle", opening.help_and_typos),
    Scene("Eine Gruppe arbeitet auf Englisch", opening.english_room),
    Scene("Eine Serie mit Feiertag", opening.series),
    Scene("Eine Umfrage, abgestimmt auf fünf Wegen", opening.poll_in_five_ways),
    Scene("Bearbeiten und löschen", opening.edits),
    Scene("Aufgaben aus dem Chat", opening.actions),
    Scene("Erledigt", opening.actions_done),
    Scene("Wer für welche Kommune steht", votes.municipalities),
    Scene("Eine Umfrage über sechs Räume, je Kommune eine Stimme", votes.six_rooms),
    Scene("Eine Terminumfrage wird zum Treffen", votes.date_poll),
    Scene("Ein Beschluss im Umlauf", votes.circulation),
    Scene("Das erste Treffen", weeks.first_meeting),
    Scene("Ein Ergebnis aus sechs Räumen", votes.six_rooms_result),
    Scene("Umfragen enden von selbst", weeks.deadlines),
    Scene("Der erste Wochenbericht", weeks.first_digest),
    Scene("Ein Schlüssel kommt zu spät", weeks.late_keys),
    Scene("Der Umlauf ist zu Ende", votes.circulation_result),
    Scene("Ein Stromausfall", weeks.power_cut),
    Scene("Erinnerungen", weeks.reminders),
    Scene("Der zweite Wochenbericht", weeks.second_digest),
    Scene("Aufgaben für Kommunen und Gruppen, und eine, die jemand sucht", work.shared_work),
    Scene("Ergebnisse, für alle sichtbar", work.results),
    Scene("Vor der Sitzung: Kalender, Zusagen, Anfragen", session.towards_the_meeting),
    Scene("Eine Tagesordnung, die sich selbst füllt", session.agenda),
    Scene("Die Sitzung, mit Stromausfall", session.session),
    Scene("Die Sitzung geht weiter", session.session_goes_on),
    Scene("Entwurf, Genehmigung, Veröffentlichung", session.minutes),
    Scene("Die letzte Woche", weeks.last_week),
    Scene("Vorschau auf den Wochenbericht: ein Satz dazu, dann anhalten", monday.preview),
    Scene("Montag: der eigene Wochenbericht, und der freigegebene", monday.release),
    Scene("Der Bericht für das Ministerium", monday.report),
    Scene("Wieder ein Treffen", weeks.next_month),
    Scene("Der Bot geht, und die Rechnung geht auf", weeks.farewell),
)
