"""Measures the register of resolutions: finding some of many, and entering one more."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, insert, select

from storage import resolutions, rooms
from storage.database import Database
from storage.resolutions import Resolution, ResolutionState, ResolutionWord
from storage.words import words_of
from tests.bench.large import MANY, Samples, cpu, house, in_turn, medians
from tests.handlers.house import House, user

FEW = 100
ENTRIES = 12
"""So many are entered in each register, for each try of the others."""
SHOWN = 12
YEARS = range(2017, 2027)
WHAT = ("Rufbus", "Leihrad", "Bürger-App", "Ladesäule", "Schulcampus", "Glasfaser", "Radweg", "Fördermittel")
ROUNDS = ("beschaffen", "erproben", "ausschreiben", "fortführen", "einstellen", "auswerten", "vertagen")
SEARCHES = {"none": "", "one": "gemeinde", "two": "gemeinde radweg"}
"""The first word begins one of every text, the second one of every eighth: no search finds more."""


async def measure_register(tries: int) -> dict[str, float]:
    """Measure a look into a register of 10,000 resolutions, and entering one there and in one of 100, in turn."""
    samples: Samples = {}
    async with house() as few, house() as many:
        sizes = {FEW: few, MANY: many}
        room_ids = {size: await _lay_down(place, size) for size, place in sizes.items()}
        for turn in range(tries * ENTRIES):
            for size in in_turn(sizes, turn):
                place = sizes[size]
                await _enter(place, room_ids[size][0], samples, f"enter_{size}_ms", turn)
            await _look(many.database, room_ids[MANY], samples)
        async with many.database.begin() as tx:
            assert await resolutions.count(tx, resolutions.register()) == MANY
    found = medians(samples)
    found["enter_ratio"] = found[f"enter_{MANY}_ms"] / found[f"enter_{FEW}_ms"]
    return found


def _text(number: int) -> str:
    what, how = WHAT[number % len(WHAT)], ROUNDS[number % len(ROUNDS)]
    return f"Die Gemeinden wollen den {what} im Abschnitt {number} gemeinsam {how} und jährlich darüber berichten."


async def _lay_down(place: House, size: int) -> list[int]:
    """Store so many resolutions of seven groups and ten years, and their words."""
    groups = [await place.room(f"UAG{number}") for number in range(1, 8)]
    async with place.database.begin() as tx:
        found = await rooms.by_matrix_ids(tx, [group.id for group in groups])
        room_ids = [found[group.id].id for group in groups]
        rows = [_row(place, number, size, room_ids) for number in range(size)]
        await tx.execute(insert(Resolution), rows)
        stored = await tx.execute(select(Resolution.id, Resolution.text))
        words = [{"word": word, "resolution_id": number} for number, text in stored for word in words_of(text)]
        await tx.execute(insert(ResolutionWord), words)
    return room_ids


def _row(place: House, number: int, size: int, room_ids: Sequence[int]) -> dict[str, object]:
    at = place.now - timedelta(days=(size - number) * 3650 / size)
    return {
        "year": YEARS[number * len(YEARS) // size],
        "number": number % (size // len(YEARS)) + 1,
        "room_id": room_ids[number % len(room_ids)],
        "text": _text(number),
        "state": ResolutionState.ADOPTED,
        "procedure": "entered",
        "created_by": user("Anna"),
        "created_at": at,
        "decided_at": at,
        "decided_on": at.date(),
        "outcome": {},
    }


async def _enter(place: House, room_id: int, samples: Samples, key: str, turn: int) -> None:
    """Enter a resolution as a command does, and take it out again."""
    with cpu(samples, key):
        async with place.database.begin() as tx:
            row = Resolution(
                year=YEARS[-1],
                number=await resolutions.next_number(tx, YEARS[-1]),
                room_id=room_id,
                text=_text(turn),
                state=ResolutionState.ADOPTED,
                created_by=user("Anna"),
                created_at=place.now,
                decided_at=place.now,
                decided_on=place.now.date(),
            )
            tx.add(row)
            await resolutions.index(tx, row)
    async with place.database.begin() as tx:
        await tx.execute(delete(Resolution).where(Resolution.id == row.id))


async def _look(database: Database, room_ids: Sequence[int], samples: Samples) -> None:
    """Count and show the newest that fit, as a command does."""
    queries = {f"register_{name}_ms": resolutions.register(search=search) for name, search in SEARCHES.items()}
    group, year = room_ids[:1], YEARS[-2]
    queries["register_filter_ms"] = resolutions.register(room_ids=group, year=year)
    queries["register_filter_one_ms"] = resolutions.register(search=SEARCHES["one"], room_ids=group, year=year)
    for key, query in queries.items():
        with cpu(samples, key):
            async with database.begin() as tx:
                count = await resolutions.count(tx, query)
                found = await resolutions.top(tx, query, SHOWN)
        assert len(found) == min(count, SHOWN) > 0, key
