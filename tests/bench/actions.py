"""Measures lists of a million action items, and finishing one of so many."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Table, insert, text

from commands.kit.message import Message
from storage import action_lists, rooms
from storage.action_lists import Filter
from storage.actions import UNFINISHED, ActionItem, ActionState, ActionTag, Assignee, GroupAssignee, TownAssignee
from storage.base import Base
from storage.municipalities import Municipality
from tests.bench.large import Samples, cpu, house, in_turn, medians
from tests.handlers.facts import direct_chat
from tests.handlers.house import House, TestRoom, user

FEW, MANY = 1_000, 1_000_000
GROUPS = 6
TOWNS = 30
DONE = 20
"""So many are finished in each initiative, for each try of the others."""
EVERY_FINISHED = (ActionState.DONE, ActionState.DROPPED)

# One item in fifty is unfinished, most of them new ones; one in ten of these has no day, one in ten is blocked, one in
# twenty is an open call. `h` spreads what follows over all items, the same each time.
ITEMS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size),
h(i, h, age) AS (SELECT i, (i * 2654435761) % 4294967296 / 7, 1.0 * (:size - i) / :size FROM n),
s(i, h, age, state) AS (
    SELECT i, h, age, CASE WHEN age < 0.015 OR h % 200 = 7
    THEN CASE WHEN h % 10 = 3 THEN 'blocked' ELSE 'open' END
    ELSE CASE WHEN h % 97 = 5 THEN 'dropped' ELSE 'done' END END FROM h
)
INSERT INTO actions (id, room_id, text, state, due_on, created_by, created_at, closed_at, source_event_id, wanted,
    revision, changed_at)
SELECT i, :room + CASE WHEN :alone THEN 0 ELSE h / 1000 % :groups END,
    'Schritt ' || i || ' zum gemeinsamen Leitfaden für Bürger-Apps', state,
    CASE WHEN h % 10 = 1 THEN NULL ELSE date(:now, '-' || CAST(age * 2920 - h % 60 + 20 AS INTEGER) || ' days') END,
    :anna, datetime(:now, '-' || CAST(age * 2920 * 86400 AS INTEGER) || ' seconds') || '.000000',
    CASE WHEN state IN ('done', 'dropped') THEN
        datetime(:now, '-' || CAST(age * 2920 * 86400 - 1000 - h % (86400 * 30) AS INTEGER) || ' seconds') || '.000000'
    END,
    '$e' || i, h % 20 = 4, 3, datetime(:now, '-' || CAST(age * 2920 * 86400 AS INTEGER) || ' seconds') || '.000000'
FROM s
"""
# Bodo has every twentieth item, Carla the first hundred, everything else lies with 300 others; one item in twenty is
# a town's, one in a hundred another group's. A third of all is #pilot, #selten is on one in 10,000.
H = "(id * 2654435761) % 4294967296 / 7"
ASSIGNED = (
    f"INSERT INTO assignees SELECT id, CASE WHEN {H} % 20 = 11 THEN :bodo WHEN id <= 100 THEN"
    f" :carla ELSE '@m' || ({H} % 300) || :host END FROM actions WHERE NOT (wanted AND {H} % 20 = 4)",
    f"INSERT INTO town_assignees SELECT id, 1 + {H} % :towns FROM actions WHERE {H} % 21 = 2 AND NOT wanted",
    f"INSERT INTO group_assignees SELECT id, :room + {H} % :groups FROM actions WHERE {H} % 101 = 2 AND NOT wanted",
    f"INSERT INTO action_tags SELECT id, 'pilot' FROM actions WHERE {H} % 10 < 3",
    f"INSERT INTO action_tags SELECT id, 'thema' || {H} % 200 FROM actions WHERE {H} % 3 = 1",
    f"INSERT INTO action_tags SELECT id, 'selten' FROM actions WHERE {H} % 10007 = 5",
    "INSERT INTO action_changes (action_id, at, by, what, event_id)"
    " SELECT id, created_at, created_by, 'created', '$e' || id FROM actions",
    "INSERT INTO action_changes (action_id, at, by, what, event_id)"
    " SELECT id, closed_at, created_by, 'done', '$d' || id FROM actions WHERE closed_at IS NOT NULL",
)
PEOPLE = {"anna": user("Anna"), "bodo": user("Bodo"), "carla": user("Carla"), "host": ":localhost"}
FILLED = ("actions", "assignees", "town_assignees", "group_assignees", "action_tags", "action_changes")


@dataclass
class Place:
    """An initiative with its items: the first group's room, and one beyond the items for those that are finished."""

    house: House
    room: TestRoom
    room_id: int


@asynccontextmanager
async def place(size: int, *, alone: bool = False) -> AsyncIterator[Place]:
    """Give an initiative with so many items of six groups and eight years; `alone`: all of the first group."""
    async with house() as made:
        groups = [await made.room(f"UAG{number}") for number in range(1, GROUPS + 1)]
        async with made.database.begin() as tx:
            first = await rooms.by_matrix_id(tx, groups[0].id)
            assert first is not None
            towns = [{"name": f"Ort {number}", "sought": f"ort {number}"} for number in range(1, TOWNS + 1)]
            await tx.execute(insert(Municipality), [{**one, "created_at": made.now} for one in towns])
        facts = {"size": size, "room": first.id, "alone": alone, "groups": GROUPS, "towns": TOWNS}
        async with made.database.engine.begin() as connection:
            await connection.run_sync(_fill, {**facts, **PEOPLE, "now": f"{made.now:%Y-%m-%d %H:%M:%S}"})
        yield Place(made, groups[0], first.id)


def _fill(connection: Connection, facts: dict[str, object]) -> None:
    """Lay the items down; the indexes are made afterwards, which is faster."""
    indexes = [index for name in FILLED for index in Base.metadata.tables[name].indexes]
    for index in indexes:
        index.drop(connection)
    for statement in (ITEMS, *ASSIGNED):
        connection.execute(text(statement), facts)
    for index in indexes:
        index.create(connection)
