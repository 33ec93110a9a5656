"""The action items of a group as files: with who has them and all that happened to them, as CSV and as JSON."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from commands.actions.filters import Asked, Question, question
from commands.actions.items import GIVING, link
from commands.actions.notes import noted
from commands.kit import csvfile
from commands.kit.assigned import Assigned, assigned_to
from commands.kit.context import Context
from commands.kit.readers import GroupName, TagWords
from commands.kit.say import File, Refusal, Say
from commands.kit.triggers import Answer, command
from commands.kit.who import GivenTo
from storage import action_lists, actions, rooms
from storage.actions import ActionChange, ActionItem
from storage.rooms import Room

MOST = 5_000
AT_ONCE = 100
"""So many are read before others are heard."""
NAMES = {"de": "Aufgaben", "en": "actions"}
Row = dict[str, Any]


@command("action export")
async def export_actions(
    ctx: Context,
    *filters: Asked,
    tags: TagWords | None = None,
    town: GivenTo | None = None,
    group: GroupName | None = None,
) -> Answer:
    """Hand out the items of this group and those given to it by others: all, or those that all filters let through.

    The most urgent ones and the latest, where there are more than fit in a file.
    """
    asked = await question(ctx, filters, tags or (), town, group, "all")
    numbers = await action_lists.find_numbers(ctx.tx, asked.of_group(ctx), MOST + 1)
    if len(numbers) <= MOST:
        numbers += await action_lists.find_numbers(ctx.tx, asked.given(ctx), MOST + 1 - len(numbers))
    if not numbers:
        raise Refusal("action-export-empty")
    rows: list[Row] = []
    for at in range(0, min(len(numbers), MOST), AT_ONCE):
        rows += await _rows(ctx, numbers[at : min(at + AT_ONCE, MOST)])
        await asyncio.sleep(0)
    files = await asyncio.to_thread(_files, asked, rows, cut=len(numbers) > MOST)
    data = {"count": len(rows), "cut": len(numbers) > MOST, "group": asked.words["group"]}
    table, whole = (Say(key="action-exported", data={**data, "form": form}, file=one) for form, one in files.items())
    return Say(key=table.key, data=table.data, file=table.file, thread=whole)


def _files(asked: Question, rows: Sequence[Row], *, cut: bool) -> dict[str, File]:
    """Write both files, by what people call their form."""
    name = f"{asked.home.key or asked.home.id}-{NAMES[asked.home.language]}"
    return {
        "CSV": File(f"{name}.csv", "text/csv", as_csv(rows)),
        "JSON": File(f"{name}.json", "application/json", as_json(asked.home.name, rows, cut=cut)),
    }


def as_csv(rows: Sequence[Row]) -> str:
    """Return one line per item; people, municipalities, groups and tags in one cell each, the history as its length."""
    heads = ["id", "group", "text", "state", "wanted", "people", "municipalities", "groups", "due", "tags"]
    heads += ["created_by", "created_at", "closed_at", "source", "changes"]
    return csvfile.table([heads, *(_columns(row) for row in rows)])


def as_json(group: str, rows: Sequence[Row], *, cut: bool) -> str:
    """Return the items with their whole history; `complete` is whether these are all."""
    return json.dumps({"group": group, "complete": not cut, "actions": rows}, ensure_ascii=False, indent=2) + "\n"


def _columns(row: Row) -> list[csvfile.Cell]:
    return [
        *(row[key] for key in ("id", "group", "text", "state", "wanted")),
        "; ".join(one["name"] for one in row["people"]),
        *("; ".join(row[key]) for key in ("municipalities", "groups")),
        row["due"],
        " ".join(f"#{tag}" for tag in row["tags"]),
        row["created_by"]["name"],
        *(row[key] for key in ("created_at", "closed_at", "source")),
        len(row["history"]),
    ]


async def _rows(ctx: Context, numbers: Sequence[int]) -> list[Row]:
    found = await action_lists.items(ctx.tx, numbers)
    assigned, tags = await assigned_to(ctx.tx, numbers), await actions.tags(ctx.tx, numbers)
    changes = await actions.histories(ctx.tx, numbers)
    homes = await rooms.by_numbers(ctx.tx, {one.room_id for one in found})
    by = {*(one.created_by for one in found), *(change.by for its in changes.values() for change in its)}
    names = await rooms.names(ctx.tx, by)
    return [
        _row(one, homes[one.room_id], assigned[one.id], tags.get(one.id, []), changes.get(one.id, []), names)
        for one in found
    ]


def _row(
    action: ActionItem,
    home: Room,
    assigned: Assigned,
    tags: Sequence[str],
    changes: Sequence[ActionChange],
    names: Mapping[str, str],
) -> Row:
    return {
        "id": f"A{action.id}",
        "group": home.key or home.name,
        "text": action.text,
        "state": action.state,
        "wanted": action.wanted,
        "people": [{"id": one.user_id, "name": one.name} for one in assigned.people],
        "municipalities": [one.name for one in assigned.towns],
        "groups": [one.key or one.name for one in assigned.groups],
        "due": action.due_on.isoformat() if action.due_on else None,
        "tags": list(tags),
        "created_by": {"id": action.created_by, "name": names[action.created_by]},
        "created_at": _iso(action.created_at),
        "closed_at": _iso(action.closed_at) if action.closed_at else None,
        "source": link(action, home),
        "history": [_change(one, names) for one in changes],
    }


def _change(one: ActionChange, names: Mapping[str, str]) -> Row:
    whom = noted(one.note) if one.what in GIVING else None
    return {
        "at": _iso(one.at),
        "by": {"id": one.by, "name": names[one.by]},
        "what": one.what,
        "note": one.note if whom is None else None,
        **({"assigned": [*whom.users, *whom.bodies]} if whom is not None else {}),
    }


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
