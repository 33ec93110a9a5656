"""`uagbot backup` and `uagbot restore`, with progress on a terminal and one line at the end."""

import contextlib
import importlib.metadata
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.clock import Clock
from bot.settings import Settings
from storage.archive import Manifest, Tell
from storage.backup import back_up
from storage.database import Database
from storage.restore import restore

STEPS = {"rows": "Rows", "check": "Checking the file"}


async def make_copy(settings: Settings, file: Path, console: Console) -> None:
    """Copy database and keys into `file`; see `back_up` for what it raises."""
    # A timer that stops the command shall not leave half a copy of the keys behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    database = Database(settings.storage.url)
    try:
        with _progress(console) as tell:
            manifest = await back_up(
                database,
                settings.storage.keys,
                file,
                user=settings.matrix.user,
                version=_version(),
                now=Clock()(),
                tell=tell,
            )
    finally:
        await database.close()
    console.print(f"Copied {_contents(manifest)} to {escape(str(file))} ({_size(file)}).", soft_wrap=True)
    if not manifest.stores:
        console.print(f"There are no encryption keys in {escape(str(settings.storage.keys))}.", soft_wrap=True)


async def bring_back(settings: Settings, file: Path, console: Console) -> None:
    """Restore database and keys from `file`; see `restore` for what it raises."""
    os.umask(0o077)  # the database, which may hold the access token, is made here
    database = Database(settings.storage.url)
    try:
        with _progress(console) as tell:
            manifest = await restore(
                database, settings.storage.keys, file, user=settings.matrix.user, now=Clock()(), tell=tell
            )
    finally:
        await database.close()
    console.print(f"Restored {_contents(manifest)} as of {manifest.created_at:%Y-%m-%d %H:%M} UTC.", soft_wrap=True)


def _contents(manifest: Manifest) -> str:
    rows, stores = sum(manifest.rows.values()), len(manifest.stores)
    return f"{rows} rows of {len(manifest.rows)} tables and {stores} {'key store' if stores == 1 else 'key stores'}"


def _size(file: Path) -> str:
    return decimal(file.stat().st_size)


def _version() -> str:
    try:
        return importlib.metadata.version("uagbot")
    except importlib.metadata.PackageNotFoundError:  # run from its source
        return "unknown"


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Tell]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks = {step: progress.add_task(words, total=None, visible=False) for step, words in STEPS.items()}

        def tell(step: str, done: int, total: int) -> None:
            progress.update(tasks[step], completed=done, total=total, visible=True)

        yield tell
