"""What is handed to operators beside the code: lock files, image, unit, licence, documentation."""

import ast
import configparser
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bot.cli import DATABASE_TROUBLE
from bot.doctor.check import subscriptions
from bot.health import Health
from bot.settings import Web
from bot.web.state import _Figures
from tests import __main__ as checks

PROJECT = Path(__file__).parents[1]
OFFICIAL_EUPL = "57fb42fbcd0b037ce528ed8f72f1ec095d67bc6825ecf1448ff39be1fe68a4b4"
PINNED = re.compile(r"([a-z0-9-]+)==([^ ;]+)( ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)")


def text(name: str) -> str:
    return (PROJECT / name).read_text("utf-8")


# Lock files


def locked(name: str) -> dict[str, str]:
    return {package: version for package, version, _, _ in PINNED.findall(text(name))}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_holds_versions_and_hashes_and_nothing_else(name: str) -> None:
    assert PINNED.sub("", text(name)).strip() == ""
    assert "://" not in text(name)
    assert len(locked(name)) > 50


def test_both_lock_files_agree() -> None:
    small, large = locked("requirements.lock"), locked("requirements-dev.lock")
    assert small.items() <= large.items()


def test_every_dependency_is_locked_in_a_version_that_fits() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    runs = [*project["dependencies"], *extras["postgres"]]
    everything = [*runs, *(one for extra in extras.values() for one in extra if not one.startswith("uagbot"))]
    for name, wanted in (("requirements.lock", runs), ("requirements-dev.lock", everything)):
        versions = locked(name)
        for one in map(Requirement, wanted):
            assert one.specifier.contains(versions[one.name]), f"{one} in {name}"
    assert not {"pytest", "matrix-synapse", "mypy"} & locked("requirements.lock").keys()


# The image


def instructions() -> list[tuple[str, str]]:
    lines = re.sub(r"\\\n\s*", "", text("Dockerfile")).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word and word[0] != "#"]


def test_the_image_is_built_from_what_is_needed_and_nothing_else() -> None:
    copied = [rest.split()[:-1] for word, rest in instructions() if word == "COPY" and not rest.startswith("--from")]
    sources = {source for one in copied for source in one}
    needed = {"requirements.lock", "pyproject.toml", "README.md", "LICENSE", "bot", "commands", "storage"}
    assert sources == needed
    let_in = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    assert let_in == needed
    assert "*" in text(".dockerignore").splitlines()


def test_the_image_installs_by_hash_and_in_two_stages() -> None:
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert installs == ["pip install --require-hashes --no-deps -r requirements.lock", "pip install --no-deps ."]
    stages = [rest for word, rest in instructions() if word == "FROM"]
    assert stages == ["python:3.11-slim AS build", "python:3.11-slim"]


def test_the_image_runs_the_bot_as_nobody_special_and_writes_to_data_only() -> None:
    last_stage = instructions()[[word for word, _ in instructions()].index("FROM", 1) :]
    found = dict(last_stage)
    assert int(found["USER"]) >= 1000
    assert found["VOLUME"] == found["WORKDIR"] == "/data"
    assert json.loads(found["ENTRYPOINT"]) == ["uagbot"]
    assert json.loads(found["CMD"]) == ["run"]
    environment = dict(one.split("=", 1) for one in shlex.split(found["ENV"]))
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert environment["UAGBOT_CONFIG"].startswith("/data/")


def test_the_image_asks_an_endpoint_that_there_is() -> None:
    [health] = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    program, option, code = json.loads(health.partition("CMD ")[2])
    assert (program, option) == ("python", "-c")
    ast.parse(code)
    assert "/readyz" in code
    assert '"/readyz"' in text("bot/web/state.py")


# The unit


def test_the_unit_gives_the_bot_time_to_stop_and_starts_it_again() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(text("deploy/uagbot.service"))
    service = unit["Service"]
    assert service["ExecStart"].endswith("/uagbot run")
    assert service["Restart"] == "on-failure"
    assert 5 < int(service["TimeoutStopSec"]) <= 10
    for hardened in ("DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices"):
        assert service[hardened] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert f"/var/lib/{service['StateDirectory']}" == service["WorkingDirectory"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "uagbot.service"
    unit.write_text(text("deploy/uagbot.service").replace("/opt/uagbot/bin/uagbot", sys.executable), "utf-8")
    verify = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)  # noqa: S603 - our own unit
    assert "uagbot.service" not in done.stdout + done.stderr
    assert done.returncode == 0


# Licence, changelog, documentation


def test_the_licence_is_the_official_text() -> None:
    for name in ("LICENSE", "LICENSES/EUPL-1.2.txt"):
        assert hashlib.sha256((PROJECT / name).read_bytes()).hexdigest() == OFFICIAL_EUPL
    assert tomllib.loads(text("REUSE.toml"))["annotations"][0]["SPDX-License-Identifier"] == "EUPL-1.2"


def test_the_changelog_begins_with_this_version() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    latest = re.search(r"^## \[(.+?)\] - (Unreleased|\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.MULTILINE)
    assert latest is not None
    assert latest[1] == version


def test_the_operators_guide_knows_every_message_with_which_the_bot_gives_up() -> None:
    guide = text("docs/operations.md")
    for message in DATABASE_TROUBLE.values():
        assert message.partition(". ")[0] in guide


def test_the_operators_guide_knows_every_line_that_warns_and_every_figure() -> None:
    guide = text("docs/operations.md")
    sources = [*(PROJECT / "bot").rglob("*.py"), *(PROJECT / "commands").rglob("*.py")]
    lines = {
        line
        for source in sources
        for line in re.findall(r'log\.(?:warning|error|exception)\(\s*"([^"]+)"', source.read_text("utf-8"))
    }
    assert len(lines) > 5
    figures = {one.name for one in _Figures(Health(datetime(2026, 12, 8, tzinfo=UTC)), {}).collect()}
    assert [one for one in sorted(lines | figures) if one not in guide] == []


# Commands


def test_ci_runs_the_second_command_of_the_readme() -> None:
    pattern = re.search(r"grep -E '([^']+)'", text(".ci/run"))
    assert pattern is not None
    [command] = re.findall(pattern[1], text("README.md"), re.MULTILINE)
    assert "-r requirements-dev.lock" in command


def test_all_checks_run_even_if_the_first_fails(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    python = [sys.executable, "-c"]
    show = "import sys; print('pytest got', sys.argv[1:])"
    monkeypatch.setattr(checks, "CHECKS", {"first": [*python, "raise SystemExit(3)"], "pytest": [*python, show]})
    assert checks.main(["-k", "polls"]) == 1
    output = capfd.readouterr().out
    assert "pytest got ['-k', 'polls']" in output
    assert re.search(r"^FAILED +\d+\.\d s  first$", output, re.MULTILINE)
    assert re.search(r"^passed +\d+\.\d s  pytest$", output, re.MULTILINE)
    monkeypatch.setattr(checks, "CHECKS", {"pytest": [*python, show]})
    assert checks.main([]) == 0


def test_the_command_for_all_checks_runs_them_in_this_order() -> None:
    assert list(checks.CHECKS) == ["ruff check", "ruff format", "mypy", "import-linter", "pytest"]


# What is reached from outside


def test_the_doctor_hints_at_calendars_that_nobody_else_can_subscribe_to() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        (found,) = subscriptions(Web(host=host))
        assert found.good
        assert "web.public_url" in found.what
    assert not list(subscriptions(Web(public_url="https://uagbot.example.org")))
    assert not list(subscriptions(Web(host="0.0.0.0")))  # noqa: S104 what an operator may set
    assert not list(subscriptions(Web(enabled=False)))
