"""Measures digests: of a usual initiative and of a great one, and what they cost where there is much history."""

import gc
import tracemalloc
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import insert

from storage import rooms
from storage.actions import ActionItem
from storage.assignment import Assignee
from storage.meetings import Meeting
from storage.results import GroupResult
from storage.rooms import Room
from tests.bench.large import Samples, cpu, house, in_turn, medians, new_message, standstill, statements
from tests.handlers.house import House, TestRoom, user

GROUPS = 6
MANY_GROUPS = 500
FEW, MANY = 10_000, 100_000
A_DAY = timedelta(days=1)
KINDS = 5


async def measure_digests(tries: int) -> dict[str, float]:
    """Measure `!wochenbericht` in the main room of six groups, with little and with much history behind them."""
    samples: Samples = {}
    async with house() as small, house() as old:
        sizes = {FEW: small, MANY: old}
        mains = {size: await _lay_down(place, GROUPS, 300, history=size) for size, place in sizes.items()}
        for turn in range(tries * 3):
            for size in in_turn(sizes, turn):
                await _ask(sizes[size], mains[size], samples, f"digest_history_{size}")
    found = medians(samples)
    found["digest_history_ratio"] = found[f"digest_history_{MANY}_ms"] / found[f"digest_history_{FEW}_ms"]
    return found


async def measure_great_digests(tries: int) -> dict[str, float]:
    """Measure the same of 500 groups, where 10,000 and where 100,000 action items matter this week."""
    samples: Samples = {}
    found: dict[str, float] = {}
    for size in (FEW, MANY):
        async with house() as place:
            main = await _lay_down(place, MANY_GROUPS, size)
            await _ask(place, main, {}, "")
            gc.freeze()  # as `uagbot run` does with what was loaded at the start
            for _ in range(tries):
                with statements(place) as asked:
                    await _ask(place, main, samples, f"digest_great_{size}")
            found[f"digest_great_{size}_queries"] = len(asked)
            tracemalloc.start()
            await _ask(place, main, {}, "")
            found[f"digest_great_{size}_mb"] = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
    found |= medians(samples)
    found["digest_great_memory_ratio"] = found[f"digest_great_{MANY}_mb"] / found[f"digest_great_{FEW}_mb"]
    return found


async def _ask(place: House, main: TestRoom, samples: Samples, key: str) -> None:
    """Let somebody ask for the digest, and drop what the bot would send."""
    message = new_message(place, main, "text", "Anna", text="!wochenbericht")
    async with standstill(samples, f"{key}_standstill_ms"):
        with cpu(samples, f"{key}_ms"):
            await place.dispatcher.handle(message, place.now)
    sent = await place.deliver()
    assert sent, "no digest"
    assert "apology" not in {one.key for one in sent}


async def _lay_down(place: House, groups: int, items: int, *, history: int = 0) -> TestRoom:
    """Store a week of so many groups with so many items that matter, and items that were done long ago."""
    main = await place.room("INI", kind="main", title="Initiative")
    async with place.database.begin() as tx:
        names = [f"UAG{number}" for number in range(1, groups + 1)]
        common = {"kind": "group", "title": "Digitale Verwaltung", "language": "de", "zone": "Europe/Berlin"}
        times = {"joined": True, "powers": {}, "created_at": place.now - 365 * A_DAY}
        await tx.execute(insert(Room), [{"matrix_id": f"!{name}", "key": name, **common, **times} for name in names])
        found = await rooms.by_matrix_ids(tx, [f"!{name}" for name in names])
        ids = [found[f"!{name}"].id for name in names]
        rows = [_item(place, number, ids) for number in range(items)]
        rows += [_done(place, number, ids) for number in range(history)]
        await tx.execute(insert(ActionItem), rows)
        assigned = [{"action_id": number, "user_id": user("Anna")} for number in range(1, items + 1, 2)]
        await tx.execute(insert(Assignee), assigned)
        await tx.execute(insert(Meeting), [_meeting(place, number, days) for number in ids for days in (-3, 4)])
        await tx.execute(insert(GroupResult), [_result(place, number) for number in ids])
    return main


def _item(place: House, number: int, ids: Sequence[int]) -> dict[str, object]:
    """In turn what is new, done this week, done in the week before, overdue, and wanted."""
    kind = number % KINDS
    done = kind in (1, 2)
    return {
        "room_id": ids[number % len(ids)],
        "text": f"Den Leitfaden {number} mit allen Kommunen abstimmen und veröffentlichen",
        "state": "done" if done else "open",
        "due_on": (place.now - 10 * A_DAY).date() if kind == 3 else None,
        "created_by": user("Anna"),
        "created_at": place.now - (A_DAY if kind == 0 else 40 * A_DAY),
        "closed_at": place.now - (2 + 7 * (kind == 2)) * A_DAY if done else None,
        "wanted": kind == 4,
    }


def _done(place: House, number: int, ids: Sequence[int]) -> dict[str, object]:
    at = place.now - timedelta(days=30 + number * 3650 / MANY)
    row = _item(place, number, ids) | {"state": "done", "wanted": False, "due_on": None}
    return row | {"created_at": at - 20 * A_DAY, "closed_at": at}


def _meeting(place: House, room_id: int, days: int) -> dict[str, object]:
    at = place.now + days * A_DAY
    name = f"UAG{room_id}-{at:%Y-%m-%d}"
    who = {"created_by": user("Anna"), "created_at": place.now, "zone": "Europe/Berlin"}
    times = {"original": at.replace(tzinfo=None), "starts_at": at, "ends_at": at + timedelta(hours=1)}
    return {"name": name, "room_id": room_id, "title": "UAG-Treffen", "uid": name, **who, **times}


def _result(place: House, room_id: int) -> dict[str, object]:
    told = {"created_by": user("Anna"), "created_at": place.now - A_DAY}
    return {"room_id": room_id, "text": "Ein Leitfaden liegt vor", **told}
