"""The README keeps its word: its table is the program's, its commands are the ones that are tried."""

from pathlib import Path

from commands.capabilities import CAPABILITIES
from commands.help.table import command_table
from commands.kit.texts import LANGUAGES, load_catalogue
from commands.kit.vocabulary import Vocabulary

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SET_UP = (
    "python3 -m venv .venv"
    " && .venv/bin/pip install -q -r requirements-dev.lock"
    " && .venv/bin/pip install -q --no-deps -e ."
)


def test_the_command_table_is_the_one_that_the_program_prints() -> None:
    packages = ["commands.kit", *(capability.package for capability in CAPABILITIES)]
    vocabulary = Vocabulary(CAPABILITIES, {name: load_catalogue(name, packages) for name in LANGUAGES})
    shown = README.partition("<!-- commands -->\n")[2].partition("<!-- /commands -->")[0]
    assert shown == command_table(vocabulary, "de")


def test_both_commands_set_everything_up() -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert lines == [f"{SET_UP} && .venv/bin/uagbot demo", f"{SET_UP} && .venv/bin/python -m tests"]
