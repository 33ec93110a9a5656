"""`uagbot members import`: all lines of a file in one transaction, or none."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import track
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import Clock
from bot.roster.plan import Change, Plan, Stand, Wish, compare
from bot.roster.sheet import Fault, RosterRefused, Row, decode, read
from bot.settings import Settings
from commands.kit.town_names import fold
from storage import due, municipalities, polls
from storage.database import Database, DatabaseTrouble
from storage.municipalities import Municipality, Standing


async def import_members(settings: Settings, file: Path, console: Console, wish: Wish, *, dry_run: bool) -> None:
    """Store what the lines of `file` say; the bot may run.

    Raises RosterRefused with what is wrong with each bad line, DatabaseTrouble, and OSError for a file that cannot be
    read; then nothing is stored.
    """
    rows, faults = _read(file)
    database = Database(settings.storage.url)
    try:
        await _demand_schema(database)
        async with database.begin() as tx:
            plan = await _plan(tx, rows, faults, wish, settings, file, console)
            if not dry_run:
                await _store(tx, plan, settings.matrix.user, Clock()())
    except IntegrityError:
        raise RosterRefused(
            ["Somebody changed the same seats just now, and nothing was imported. Import again."]
        ) from None
    finally:
        await database.close()
    _report(plan, console, dry_run=dry_run)


def _read(file: Path) -> tuple[list[Row], list[Fault]]:
    rows, faults = read(decode(file.read_bytes()))
    if not rows and not faults:
        raise RosterRefused([f"{file.name}: there is no member in it; write lines like @anna:example.org;Stendal"])
    return rows, faults


async def _demand_schema(database: Database) -> None:
    state = await database.examine()
    if state != "up to date":
        raise DatabaseTrouble("missing" if state == "empty" else "older", database.where)


async def _plan(
    tx: AsyncSession,
    rows: Sequence[Row],
    faults: Sequence[Fault],
    wish: Wish,
    settings: Settings,
    file: Path,
    console: Console,
) -> Plan:
    """Compare the lines with what is stored; raises RosterRefused if any of them cannot be used."""
    towns = {town.id: town.name for town in await municipalities.everything(tx)}
    seats: dict[str, Stand] = {
        user: (towns[number] if number is not None else None, standing)
        for user, (number, standing) in (await municipalities.all_seats(tx)).items()
    }
    shown = track(rows, "Comparing", console=console, transient=True, disable=not console.is_terminal)
    plan, more = compare(shown, list(towns.values()), seats, wish, settings.setup().nobody)
    bad = sorted([*faults, *more])
    if bad:
        lines = [f"{file.name}, line {fault.line}: {fault.text}" for fault in bad]
        wrong = "1 line is" if len(bad) == 1 else f"{len(bad)} lines are"
        raise RosterRefused([*lines, f"Nothing was imported: {wrong} wrong, {len(rows) - len(more)} right."])
    return plan


async def _store(tx: AsyncSession, plan: Plan, by: str, at: datetime) -> None:
    if not plan.changes:
        return
    for name in plan.municipalities:
        tx.add(Municipality(name=name, sought=fold(name), deputy=None, created_at=at))
    await tx.flush()
    numbers: dict[str | None, int | None] = {town.name: town.id for town in await municipalities.everything(tx)}
    numbers[None] = None

    def values(changes: Collection[Change]) -> list[dict[str, object]]:
        return [
            {
                "user_id": change.user_id,
                "municipality_id": numbers[change.now[0]],
                "standing": change.now[1],
                "set_by": by,
                "set_at": at,
            }
            for change in changes
        ]

    new = [change for change in plan.changes if change.before is None]
    changed = [change for change in plan.changes if change.before is not None]
    await municipalities.write_seats(tx, values(new), values(changed))
    await municipalities.end_offices(tx)
    for poll in await polls.all_open(tx):  # their votes may count differently now
        await due.add(tx, "poll status", poll.id, poll.room_id, at)


def _report(plan: Plan, console: Console, *, dry_run: bool) -> None:
    lines = [_line(change) for change in plan.changes] if dry_run else []
    if plan.municipalities:
        lines.append(f"New municipalities: {', '.join(plan.municipalities)}")
    counted = f"{plan.new} new, {len(plan.changes) - plan.new} changed, {plan.unchanged} unchanged."
    lines.append(f"Nothing was written. It would be {counted}" if dry_run else f"Imported: {counted}")
    console.out("\n".join(lines), highlight=False)


def _line(change: Change) -> str:
    before = f"so far {_said(change.before)}" if change.before else "new"
    return f"{change.user_id}: {_said(change.now)} ({before})"


def _said(stand: Stand) -> str:
    town, standing = stand
    if standing == Standing.MEMBER:
        return town or "no municipality"
    return f"{town} as {standing}" if town else standing
