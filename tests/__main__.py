"""`python -m tests` runs every check of the project; further arguments go to pytest."""

import os
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
# Hundreds of processes load the same modules: the bots that tests start, and the workers of pytest.
COMPILED_ONCE = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
CHECKS = {
    "ruff check": [str(BIN / "ruff"), "check", "."],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "."],
    "mypy": [str(BIN / "mypy")],
    "import-linter": [str(BIN / "lint-imports"), "--no-logo"],
    "pytest": [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "4",
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
        "--durations",
        "25",
    ],
}


def main(pytest_arguments: list[str]) -> int:
    """Run all checks even if one fails, and print each name and time; returns 0 only if all passed."""
    results = [_run(name, argv + (pytest_arguments if name == "pytest" else [])) for name, argv in CHECKS.items()]
    print("\n".join(("", *(line for line, _ in results))))  # noqa: T201 - that is what it is for
    return 0 if all(passed for _, passed in results) else 1


def _run(name: str, argv: list[str]) -> tuple[str, bool]:
    print(f"\n--- {name}", flush=True)  # noqa: T201
    begin = time.monotonic()
    passed = subprocess.run(argv, cwd=PROJECT, env=COMPILED_ONCE, check=False).returncode == 0  # noqa: S603 - our own tools
    return f"{'passed' if passed else 'FAILED'}  {time.monotonic() - begin:6.1f} s  {name}", passed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
