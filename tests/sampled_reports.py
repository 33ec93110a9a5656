"""Facts of a usual, an empty and a crowded quarter, and the reports that are made of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from commands.chronicle.content import (
    Facts,
    GroupFact,
    HighlightFact,
    ItemFact,
    MeetingFact,
    PollFact,
    ResolutionFact,
    ResultFact,
)
from commands.chronicle.rule import digest
from commands.reports.figures import LISTED, Answer, Report, figures
from commands.reports.periods import Period
from commands.reports.rendering import Frame
from commands.votes.result import result_of
from storage.polls import Poll

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = Period("quarter", 2026, 4)
NOVEMBER = Period("month", 2026, 11)
BEGIN = datetime(2026, 10, 6, 8, tzinfo=UTC)
A_DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MADE_AT = datetime(2027, 1, 4, 9, 30, tzinfo=UTC)
ROOM = "https://matrix.to/#/!uag1:example.org/$"
SEATED = {
    1: ("Halle (Saale)", "Magdeburg", "Dessau-Roßlau", "Stendal"),
    2: ("Halle (Saale)", "Stendal", "Verbandsgemeinde Beetzendorf-Diesdorf"),
    3: ("Magdeburg", "Öbisfelde-Weferlingen"),
}
TOWNS = (
    "Aken (Elbe)", "Aschersleben", "Bernburg (Saale)", "Bitterfeld-Wolfen", "Burg", "Dessau-Roßlau", "Gardelegen",
    "Halberstadt", "Haldensleben", "Halle (Saale)", "Hettstedt", "Kalbe (Milde)", "Köthen (Anhalt)",
    "Lutherstadt Eisleben", "Lutherstadt Wittenberg", "Magdeburg", "Merseburg", "Naumburg (Saale)",
    "Oebisfelde-Weferlingen", "Oschersleben (Bode)", "Quedlinburg", "Salzwedel", "Sangerhausen", "Schönebeck (Elbe)",
    "Stendal", "Verbandsgemeinde Beetzendorf-Diesdorf", "Verbandsgemeinde Saale-Wipper", "Weißenfels", "Wernigerode",
    "Zeitz",
)  # fmt: skip


def group(number: int, name: str, *, counts_only: bool = False, open_items: int = 0) -> GroupFact:
    return GroupFact(number, name, BERLIN, BEGIN - 90 * A_DAY, counts_only, open_items=open_items)


def meeting(group: int, day: int, *towns: str, key: str = "", of: int = 4, **more: object) -> MeetingFact:
    at = BEGIN + day * A_DAY
    name = f"{key or f'UAG{group}'}-{at:%Y-%m-%d}"
    fields = {"title": "UAG-Treffen", "towns": towns or None, "of_towns": of, **more}
    return MeetingFact(name, group, starts_at=at, ends_at=at + 1.5 * HOUR, **fields)  # type: ignore[arg-type]


def poll(number: int, group: int, question: str, votes: dict[str, int], eligible: int, day: int = 20) -> PollFact:
    asked = Poll(kind="single", options=list(votes), majority="simple", quorum=None, outcome={})
    counted = {"votes": list(votes.values()), "voters": sum(votes.values()), "eligible": eligible}
    at = BEGIN + day * A_DAY
    return PollFact(number, group, question, at - 7 * A_DAY, at, at, result_of(asked, counted), f"{ROOM}u{number}")


def dates(number: int, group: int, question: str, yes: list[int], eligible: int) -> PollFact:
    proposed = [f"2026-12-0{day}T09:00+00:00/2026-12-0{day}T11:00+00:00" for day in range(1, len(yes) + 1)]
    asked = Poll(kind="date", options=proposed, majority="simple", quorum=None, outcome={})
    counted = {"votes": yes, "maybe": [1] * len(yes), "voters": eligible - 1, "eligible": eligible}
    at = BEGIN + 25 * A_DAY
    return PollFact(number, group, question, at - 7 * A_DAY, at, at, result_of(asked, counted), f"{ROOM}u{number}")


def item(number: int, group: int, came: int, done: int | None = None, due: date | None = None) -> ItemFact:
    closed = None if done is None else BEGIN + done * A_DAY
    return ItemFact(number, group, BEGIN + came * A_DAY, closed, done is not None, blocked=False, due_on=due)


def resolution(
    number: int, group: int, text: str, state: str = "adopted", day: int = 30, *, lapsed: bool = False
) -> ResolutionFact:
    name = f"B-2026-{number:03}"
    return ResolutionFact(name, group, text, state, BEGIN + day * A_DAY, lapsed, f"{ROOM}b{number}")


def usual() -> Facts:
    return Facts(
        groups=[
            group(1, "INI Zukunft vor Ort", open_items=1),
            group(2, "UAG1 Bürger-Apps", open_items=3),
            group(3, "UAG2 Sicherheit", counts_only=True, open_items=1),
            group(4, "UAG3 Archiv"),
        ],
        meetings=[
            meeting(1, 7, "Halle (Saale)", "Magdeburg", "Stendal", key="INI", minutes="approved"),
            meeting(
                2, 0, "Halle (Saale)", "Stendal", of=3, minutes="approved", minutes_link="https://bot.example.org/a/1"
            ),
            meeting(2, 35, "Halle (Saale)", of=3),
            meeting(2, 63, of=3),
            meeting(2, 70, of=3, cancelled=True, reason="Messe in Magdeburg"),
            meeting(2, 98, of=3),
            meeting(3, 21, "Magdeburg", of=2, title="Notfallplan"),
        ],
        resolutions=[
            resolution(14, 1, "Die Website geht am 1. Februar online"),
            resolution(15, 2, "Ein <b>zweiter</b> Server | wird [beschafft](https://example.org)", "postponed"),
            resolution(16, 2, "Logo in Rot", "rejected", lapsed=True),
            resolution(17, 3, "Notfallplan beschließen"),
        ],
        polls=[
            poll(7, 2, "Wo tagen wir im März?", {"Halle (Saale)": 5, "Stendal": 4}, 12),
            poll(8, 2, "Mit Imbiss?", {"Ja": 2, "Nein": 2}, 12),
            dates(6, 2, "Workshop Energie", [2, 5, 4], 8),
            poll(9, 3, "Welches Notfallpasswort?", {"Geheim": 2}, 3),
        ],
        results=[
            ResultFact(3, 2, "Die App ist in 12 Kommunen im Einsatz", BEGIN + 40 * A_DAY, "https://example.org/app"),
            ResultFact(4, 3, "Notfallplan liegt vor", BEGIN + 50 * A_DAY),
        ],
        items=[
            *(item(number, 2, 3 + number, 20 + 3 * number if number % 4 else None) for number in range(10, 24)),
            item(30, 1, 10, due=date(2026, 12, 1)),
            item(31, 3, 10, 20),
            item(32, 3, 10),
        ],
        highlights=[HighlightFact(1, "Das Land fördert die Apps bis 2028", BEGIN + 50 * A_DAY)],
    )


def crowded() -> Facts:
    long = "Bis zum Sommer mit allen beteiligten Kommunen einen gemeinsamen Leitfaden abstimmen und veröffentlichen"
    numbers = range(1, 9)
    return Facts(
        groups=[group(one, f"UAG{one} Bürgerdienste und Verwaltungsdigitales", open_items=400) for one in numbers],
        meetings=[
            meeting(one, 7 * week, *TOWNS[(one + week) % 7 :: 2], of=30) for one in numbers for week in range(13)
        ],
        resolutions=[
            resolution(100 * one + n, one, long, ("adopted", "rejected")[n % 2]) for one in (1, 2) for n in range(6)
        ],
        polls=[poll(10 * one + n, one, long, dict.fromkeys(TOWNS[:6], 1), 6) for one in (1, 2) for n in range(4)],
        results=[ResultFact(10 * one + n, one, long, BEGIN + n * A_DAY) for one in numbers for n in range(one)],
        items=[item(1000 * one + n, one, n % 80, 80 if n % 3 else None) for one in numbers for n in range(250)],
    )


WORLDS = {"usual": usual(), "empty": Facts([]), "crowded": crowded()}
ANSWERS = [
    Answer(3, "UAG2 Sicherheit", 2, "Wer verwahrt die Schlüssel?", BEGIN + 30 * A_DAY),
    Answer(4, "UAG3 Archiv", 2, "Welche Formate nimmt die App?", BEGIN + 31 * A_DAY),
]


def report(world: Facts, period: Period = QUARTER, until: datetime | None = None) -> Report:
    """Return the report on a period, as things stand at its end unless it is still running."""
    since, end = period.window(BERLIN)
    until = until or end
    content = digest(world, since, until, most=LISTED, silent=True)
    answers = ANSWERS if any(one.id == 4 for one in world.groups) and len(world.groups) == 4 else []
    return figures(content, period, BERLIN, SEATED if len(world.groups) == 4 else {}, answers)


def frame(language: Literal["de", "en"], initiative: str = "Zukunft vor Ort") -> Frame:
    return Frame(language, BERLIN, initiative, MADE_AT)
