"""The worked example of docs/architecture.md: a capability is a folder, a storage file, a migration and one line."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
FILE = re.compile(r"^`(\S+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TALK = re.compile(r"^```\n(Anna: .*?)^```$", re.MULTILINE | re.DOTALL)

SCRIPT = """
import asyncio, sys
from pathlib import Path
from storage.database import Database
from tests.handlers.house import House

async def main():
    database = Database(f"sqlite+aiosqlite:///{Path(sys.argv[1]) / 'uagbot.db'}")
    await database.upgrade()
    room = await House(database).room(powers={"Anna": 100})
    lines = Path(sys.argv[2]).read_text("utf-8").splitlines()
    for asked, answered in zip(lines[::2], lines[1::2], strict=True):
        who, _, text = asked.partition(": ")
        said = (await room.says(text, who=who)).text
        assert answered.removeprefix("uagbot: ") in said, said
        print(said)
    await database.close()

asyncio.run(main())
"""


def test_a_capability_is_its_folder_its_storage_file_a_migration_and_one_line(tmp_path: Path) -> None:
    copy = tmp_path / "program"
    for package in ("bot", "commands", "storage", "tests"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    files = dict(FILE.findall(PAGE))
    assert len(files) == 6
    for name, text in files.items():
        assert not (copy / name).exists()
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text.replace('"HEAD"', f'"{_head()}"'), "utf-8")
    capabilities = copy / "commands" / "capabilities.py"
    line = "    __import__('commands.mottos').mottos.CAPABILITY,\n"
    listed = capabilities.read_text("utf-8").replace(" = (\n", f" = (\n{line}", 1)
    capabilities.write_text(listed, "utf-8")
    (found,) = TALK.findall(PAGE)
    (tmp_path / "talk").write_text(found, "utf-8")
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", SCRIPT, str(tmp_path), str(tmp_path / "talk")],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Gemeinsam <b>digital</b>" in done.stdout


def _head() -> str:
    versions = sorted((ROOT / "storage" / "migrations" / "versions").glob("[0-9]*.py"))
    return versions[-1].name.partition("_")[0]
