"""Measures lists of a million action items, and finishing one of a thousand and of a million."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, insert, text

from commands.actions.export import MOST
from commands.meetings import feeds
from storage import rooms
from storage.base import Base
from storage.municipalities import Municipality, Seat, Standing
from tests.bench.large import Samples, cpu, house, in_turn, medians, new_message, standstill
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom, user

FEW, MANY = 1_000, 1_000_000
GROUPS, TOWNS = 6, 30
FINISHED = 40
"""So many are finished in each initiative, for each try of the others."""
LISTS = {
    "open": "!aufgaben",
    "overdue": "!aufgaben überfällig",
    "wanted": "!aufgaben gesucht",
    "done": "!aufgaben erledigt",
    "all": "!aufgaben alle",
    "person": "!aufgaben erledigt @bodo",
    "rare": "!aufgaben erledigt @carla",
    "tag": "!aufgaben alle #pilot",
    "rare_tag": "!aufgaben alle #selten",
    "town": "!aufgaben erledigt kommune=Ort3",
    "mixed": "!aufgaben alle @bodo #pilot",
    "nothing": "!aufgaben alle #nirgends",
}
"""Bodo has 50,000 items, Carla a hundred; #pilot is on 300,000, #selten on a hundred."""
PEOPLE = {"anna": user("Anna"), "bodo": user("Bodo"), "carla": user("Carla"), "host": ":localhost"}
FILLED = ("actions", "assignees", "town_assignees", "group_assignees", "action_tags", "action_changes")
# Of eight years, two in a hundred are unfinished: the newest, and some old ones. One in ten of these is blocked, one in
# ten has no day, one in twenty is an open call. `h` spreads what follows over all items, the same each time.
SPREAD = "(id * 2654435761) % 4294967296 / 7"
ITEMS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size),
h(i, h, age) AS (SELECT i, (i * 2654435761) % 4294967296 / 7, 2920.0 * 86400 * (:size - i) / :size FROM n),
s(i, h, age, state) AS (
    SELECT i, h, CAST(age AS INTEGER), CASE
        WHEN age > 2920 * 86400 * 0.015 AND h % 200 != 7 THEN CASE WHEN h % 97 = 5 THEN 'dropped' ELSE 'done' END
        WHEN h % 10 = 3 THEN 'blocked' ELSE 'open' END FROM h
)
INSERT INTO actions (id, room_id, text, state, due_on, created_by, created_at, closed_at, source_event_id, wanted,
    revision, changed_at)
SELECT i, :room + CASE WHEN :alone THEN 0 ELSE h / 1000 % :groups END,
    'Schritt ' || i || ' zum gemeinsamen Leitfaden für Bürger-Apps', state,
    CASE WHEN h % 10 = 1 THEN NULL ELSE date(:now, (h % 60 * 86400 - age) || ' seconds') END,
    :anna, datetime(:now, -age || ' seconds') || '.000000',
    CASE WHEN state IN ('done', 'dropped') THEN datetime(:now, (h % 2592000 - age) || ' seconds') || '.000000' END,
    '$e' || i, h % 20 = 4, 3, datetime(:now, -age || ' seconds') || '.000000'
FROM s
"""
REST = (
    """INSERT INTO assignees SELECT id, CASE WHEN {spread} % 20 = 11 THEN :bodo WHEN id <= 100 THEN :carla
       ELSE '@m' || ({spread} % 300) || :host END FROM actions WHERE NOT wanted""",
    "INSERT INTO town_assignees SELECT id, 1 + {spread} / 21 % :towns FROM actions WHERE {spread} % 21 = 2",
    "INSERT INTO group_assignees SELECT id, :room + {spread} / 101 % :groups FROM actions WHERE {spread} % 101 = 2",
    "INSERT INTO action_tags SELECT id, 'pilot' FROM actions WHERE {spread} % 10 < 3",
    "INSERT INTO action_tags SELECT id, 'thema' || ({spread} / 3 % 200) FROM actions WHERE {spread} % 3 = 1",
    "INSERT INTO action_tags SELECT id, 'selten' FROM actions WHERE {spread} % 10007 = 5",
    """INSERT INTO action_changes (action_id, at, by, what, event_id)
       SELECT id, created_at, created_by, 'created', '$e' || id FROM actions""",
    """INSERT INTO action_changes (action_id, at, by, what, event_id)
       SELECT id, closed_at, created_by, 'done', '$d' || id FROM actions WHERE closed_at IS NOT NULL""",
)


@dataclass
class Place:
    """An initiative with its items: the first group's room, Bodo's direct chat, and items that are to be finished."""

    house: House
    room: TestRoom
    chat: TestRoom
    unfinished: list[int]


async def measure_actions(tries: int) -> dict[str, float]:
    """Measure lists of a million items, of six groups and of one, and finishing one of a thousand and of a million."""
    samples: Samples = {}
    async with place(FEW) as few, place(MANY) as many:
        for turn in range(tries * FINISHED):
            for size in in_turn((FEW, MANY), turn):
                await _finish(few if size == FEW else many, samples, f"finish_{size}_ms")
        await _look(many, samples, tries, "list")
        await _export(many, samples)
        await _marks(many, samples, tries)
    async with place(MANY, alone=True) as alone:
        await _look(alone, samples, tries, "alone")
    found = medians(samples)
    return {**found, "finish_ratio": found[f"finish_{MANY}_ms"] / found[f"finish_{FEW}_ms"]}


@asynccontextmanager
async def place(size: int, *, alone: bool = False) -> AsyncIterator[Place]:
    """Give an initiative with so many items of six groups; `alone`: all of the first group."""
    async with house() as made:
        groups = [await made.room(f"UAG{number}") for number in range(1, GROUPS + 1)]
        chat = await direct_chat(made, "Bodo")
        async with made.database.begin() as tx:
            first = await rooms.by_matrix_id(tx, groups[0].id)
            assert first is not None
            towns = [{"name": f"Ort{number}", "sought": f"ort{number}"} for number in range(1, TOWNS + 1)]
            await tx.execute(insert(Municipality), [{**one, "created_at": made.now} for one in towns])
            seat = {"standing": Standing.MEMBER, "set_by": user("Anna"), "set_at": made.now}
            await tx.execute(insert(Seat), [{"user_id": user("Bodo"), "municipality_id": 3, **seat}])
        facts = {"size": size, "room": first.id, "alone": alone, "groups": GROUPS, "towns": TOWNS}
        async with made.database.engine.begin() as connection:
            await connection.run_sync(_fill, {**facts, **PEOPLE, "now": f"{made.now:%Y-%m-%d %H:%M:%S}"})
            query = "SELECT id FROM actions WHERE state = 'open' AND room_id = :room ORDER BY id DESC"
            unfinished = (await connection.execute(text(query), facts)).scalars().all()
        yield Place(made, groups[0], chat, list(unfinished))


def _fill(connection: Connection, facts: dict[str, object]) -> None:
    """Lay the items down; the indexes are made afterwards, which takes half the time."""
    indexes = [index for name in FILLED for index in Base.metadata.tables[name].indexes]
    for index in indexes:
        index.drop(connection)
    for statement in (ITEMS, *REST):
        connection.execute(text(statement.format(spread=SPREAD)), facts)
    for index in indexes:
        index.create(connection)


async def _say(where: TestRoom, command: str, who: str = "Anna") -> None:
    message = new_message(where.house, where, "text", who, text=command)
    assert (await where.house.dispatcher.handle(message, where.house.now)).handled


async def _finish(at: Place, samples: Samples, key: str) -> None:
    """Finish an item as a member does, and open it again."""
    number = at.unfinished[len(samples.get(key, ())) % min(len(at.unfinished), FINISHED)]
    with cpu(samples, key):
        await _say(at.room, f"!erledigt {number}")
    await at.house.deliver()
    await _say(at.room, f"!offen {number}")
    await at.house.deliver()


async def _look(at: Place, samples: Samples, tries: int, prefix: str) -> None:
    """Ask for each list as a member does."""
    asked = {name: (at.room, command, "Anna") for name, command in LISTS.items()}
    asked["mine"] = (at.chat, "!meine", "Bodo")
    for _ in range(tries):
        for name, (where, command, who) in asked.items():
            with cpu(samples, f"{prefix}_{name}_ms"):
                await _say(where, command, who)
            sent = await at.house.deliver()
            assert sent[0].key in ("action-list", "action-mine")
            assert ("Keine" in sent[0].text) == (name == "nothing"), sent[0].text


async def _export(at: Place, samples: Samples) -> None:
    """Ask for as many items as a file holds, with their histories."""
    async with standstill(samples, "export_standstill_ms"):
        with cpu(samples, "export_ms"):
            await _say(at.room, "!aufgaben export")
    sent = await at.house.deliver()
    assert sent[0].text.startswith(f"Aufgaben als CSV: {MOST}.")


async def _marks(at: Place, samples: Samples, tries: int) -> None:
    """Look whether a group's calendar and that of all groups have changed."""
    async with at.house.database.begin() as tx:
        every = await rooms.groups(tx)
    for _ in range(tries * 3):
        async with at.house.database.begin() as tx:
            with cpu(samples, "mark_ms"):
                await feeds.mark(tx, every[:1], at.house.now, every=False)
            with cpu(samples, "marks_ms"):
                await feeds.mark(tx, every, at.house.now, every=True)
