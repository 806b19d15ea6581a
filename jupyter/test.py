"""Runs all tests, whatever fails, and counts them in its last line.

    python3 environment.py run python test.py
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from environment import find_chromium

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Stage:
    """A command, and how its lines tell how many tests passed and failed; none: it is one test."""

    name: str
    command: str
    passed: str = ""
    failed: str = ""


PYTEST = (r"^=+ .*?(\d+) passed", r"^=+ .*?(\d+) (?:failed|errors?)")
STAGES = (
    Stage("Rust formatting", "cargo fmt --all --check"),
    Stage("Rust lints", "cargo clippy --workspace --all-targets --all-features --locked -- -D warnings"),
    Stage(
        "Rust tests",
        "cargo test --workspace --all-features --locked --no-fail-fast",
        r"^test result: .* (\d+) passed;",
        r"^test result: .* (\d+) failed;",
    ),
    Stage("Python tests", "python -m pytest -c jupyter/pytest.ini jupyter/tests data", *PYTEST),
    Stage("Report, with all notebooks and their claims", "python jupyter/report.py"),
)
BROWSER_TESTS = Stage("Browser tests", "python jupyter/browser/run.py", *PYTEST)


def count(pattern: str, line: str) -> int:
    return sum(map(int, re.findall(pattern, line))) if pattern else 0


def run(stage: Stage) -> tuple[int, int]:
    """Runs a stage, shows its output and returns how many tests passed and failed."""
    print(f"\n== {stage.name}: {stage.command}", flush=True)
    passed = failed = 0
    # One stream, so that errors stand where they occurred.
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with subprocess.Popen(stage.command.split(), cwd=ROOT, **output) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            passed += count(stage.passed, line)
            failed += count(stage.failed, line)
    if process.returncode:
        return passed, max(failed, 1)
    return (passed if stage.passed else 1), failed


def main() -> int:
    chromium = find_chromium()
    stages = (*STAGES, BROWSER_TESTS) if chromium else STAGES
    results = [run(stage) for stage in stages]
    print()
    for stage, (passed, failed) in zip(stages, results):
        print(f"{stage.name}: {passed} passed, {failed} failed")
    if not chromium:
        print(f"{BROWSER_TESTS.name}: not run, Chromium is not there")
    passed, failed = (sum(column) for column in zip(*results))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
