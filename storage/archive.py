"""The file that holds a copy of database and keys: a zip with a manifest, one member per table and per key store."""

import contextlib
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

FORMAT = 1
MANIFEST = "manifest.json"
TABLES, ROWS = "tables/", ".jsonl"
KEYS, STORE = "keys/", ".db"
PRIVATE = 0o600
CHUNK = 1 << 18
ZIP = b"PK\x03\x04"

Tell = Callable[[str, int, int], None]
"""Told while work goes on: the step (`rows`, `check`), how much of it is done, and of how much."""


class ArchiveTrouble(Exception):
    """A copy cannot be made or used: `reason` is a word for the operator's message, `detail` says where."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a copy says of itself; `schema` is the migration that it was made at.

    `rows` counts by table, `sha256` is by member, `numbers` is the highest number that a table ever gave to a row,
    which may be gone since: it shall not be given again.
    """

    format: int
    version: str
    schema: str
    created_at: datetime
    user: str
    device: str | None
    rows: dict[str, int]
    numbers: dict[str, int]
    sha256: dict[str, str]

    @classmethod
    def read(cls, text: bytes, where: str) -> Self:
        """Understand what `dump` wrote. Raises ArchiveTrouble: `damaged`, `foreign`, `newer`."""
        try:
            found = json.loads(text)
        except ValueError:
            raise ArchiveTrouble("damaged", f"{where}: {MANIFEST}") from None
        if not isinstance(found, dict) or not isinstance(found.get("format"), int):
            raise ArchiveTrouble("foreign", where)
        if found["format"] > FORMAT:
            raise ArchiveTrouble("newer", f"{where}: made by {found.get('version')}")
        try:
            made = datetime.fromisoformat(found["created_at"])
            tables = {name: dict(found[name]) for name in ("rows", "numbers", "sha256")}
            return cls(**{**found, **tables, "created_at": made})
        except (KeyError, TypeError, ValueError):
            raise ArchiveTrouble("foreign", where) from None

    def dump(self) -> bytes:
        """Return the text that stands in the file."""
        fields = {**asdict(self), "created_at": self.created_at.isoformat()}
        return json.dumps(fields, indent=1, ensure_ascii=False).encode()

    @property
    def fingerprint(self) -> str:
        """Return what tells this copy from every other one."""
        return hashlib.sha256(self.dump()).hexdigest()[:16]

    @property
    def stores(self) -> list[str]:
        """The file names of the key stores."""
        return [name.removeprefix(KEYS) for name in self.sha256 if name.startswith(KEYS)]


class Writer:
    """A copy that is being written; `folder` is a private place for what is needed meanwhile."""

    def __init__(self, members: ZipFile, folder: Path) -> None:
        self._members = members
        self.folder = folder
        self.sha256: dict[str, str] = {}

    @contextlib.contextmanager
    def member(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Begin a member; what is yielded appends to it."""
        digest = hashlib.sha256()
        with self._members.open(_private(name), "w", force_zip64=True) as stream:

            def write(content: bytes) -> None:
                digest.update(content)
                stream.write(content)

            yield write
        self.sha256[name] = digest.hexdigest()

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, behind everything that it speaks of."""
        self._members.writestr(_private(MANIFEST), manifest.dump())


def _private(name: str) -> ZipInfo:
    member = ZipInfo(name)
    member.compress_type = ZIP_DEFLATED
    member.external_attr = PRIVATE << 16
    return member


@contextlib.contextmanager
def written(file: Path) -> Iterator[Writer]:
    """Write a whole file, readable by its owner only, or none: under another name until it is safe on the disk.

    Raises ArchiveTrouble("unwritable") where the disk is to blame.
    """
    try:
        if file.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with tempfile.TemporaryDirectory(prefix=".uagbot-backup-", dir=file.parent) as folder:
            part = Path(folder) / "part"
            with open(part, "xb", opener=_privately) as stream:
                with ZipFile(stream, "w", ZIP_DEFLATED) as members:
                    yield Writer(members, Path(folder))
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        raise ArchiveTrouble("unwritable", f"{file}: {error.strerror or error}") from error


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Archive:
    """A copy that was examined and found whole."""

    def __init__(self, members: ZipFile, manifest: Manifest) -> None:
        self._members = members
        self.manifest = manifest

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table as they were written, one at a time."""
        member = cast("io.RawIOBase", self._members.open(f"{TABLES}{table}{ROWS}"))
        with io.BufferedReader(member, CHUNK) as stream:  # zipfile reads lines slowly
            for line in stream:
                yield dict(json.loads(line))

    def unpack(self, store: str, target: Path) -> None:
        """Write a key store to a new file, safe on the disk."""
        with (
            self._members.open(f"{KEYS}{store}") as stream,
            open(target, "xb", opener=_privately) as copy,
        ):
            while content := stream.read(CHUNK):
                copy.write(content)
            copy.flush()
            os.fsync(copy.fileno())


@contextlib.contextmanager
def opened(file: Path, tell: Tell) -> Iterator[Archive]:
    """Open a copy and examine every byte of it.

    Raises ArchiveTrouble: `unreadable`, `foreign` (no copy of ours), `damaged`, `newer`.
    """
    try:
        stream = file.open("rb")
    except OSError as error:
        raise ArchiveTrouble("unreadable", f"{file}: {error.strerror}") from error
    with stream, _members(stream, file) as members:
        archive = Archive(members, _manifest(members, file))
        _examine(members, archive.manifest, file, tell)
        yield archive


def _members(stream: IO[bytes], file: Path) -> ZipFile:
    try:
        begin = stream.read(len(ZIP))
        return ZipFile(stream)
    except OSError as error:
        raise ArchiveTrouble("unreadable", f"{file}: {error.strerror}") from error
    except Exception as error:  # any byte may be wrong, and zipfile lets all kinds of errors out
        raise ArchiveTrouble("damaged" if begin == ZIP else "foreign", str(file)) from error


def _manifest(members: ZipFile, file: Path) -> Manifest:
    if MANIFEST not in members.namelist():
        raise ArchiveTrouble("foreign", str(file))
    try:
        text = members.read(MANIFEST)
    except Exception as error:  # see _members
        raise ArchiveTrouble("damaged", f"{file}: {MANIFEST}") from error
    return Manifest.read(text, str(file))


def _examine(members: ZipFile, manifest: Manifest, file: Path, tell: Tell) -> None:
    """Compare the members with what the manifest says of them."""
    wanted = {MANIFEST, *(f"{TABLES}{table}{ROWS}" for table in manifest.rows)}
    wanted |= {name for name in manifest.sha256 if name.startswith(KEYS) and _is_store(name.removeprefix(KEYS))}
    if sorted(members.namelist()) != sorted(wanted) or wanted != {MANIFEST, *manifest.sha256}:
        raise ArchiveTrouble("damaged", str(file))
    done, total = 0, sum(one.file_size for one in members.infolist())
    for name, expected in manifest.sha256.items():
        try:
            digest = hashlib.sha256()
            with members.open(name) as stream:
                while content := stream.read(CHUNK):
                    digest.update(content)
                    done += len(content)
                    tell("check", done, total)
        except Exception as error:  # see _members
            raise ArchiveTrouble("damaged", f"{file}: {name}") from error
        if digest.hexdigest() != expected:
            raise ArchiveTrouble("damaged", f"{file}: {name}")


def _is_store(name: str) -> bool:
    return Path(name).name == name and name.endswith(STORE)
