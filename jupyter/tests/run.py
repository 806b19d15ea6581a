"""Runs all tests, even after failures, and counts them in its last line.

python jupyter/tests/run.py
"""

import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from kernel import folder
from programs import PACKAGES
from setup.environment import find_chromium

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Stage:
    """A command, and the patterns in whose lines it counts passed and failed tests; without them it is one test."""

    name: str
    command: str
    passed: str = ""
    failed: str = ""


@dataclass
class Outcome:
    """The numbers of passed and failed tests of a stage, the skipped ones with place and reason, and its duration."""

    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0


SKIPPED = re.compile(r"^SKIPPED \[\d+\] (.+)")
PYTEST = (r"^=+ .*?(\d+) passed", r"^=+ .*?(\d+) (?:failed|errors?)")
STAGES = (
    Stage("Rust formatting", "cargo fmt --all --check"),
    Stage("Rust lints", "cargo clippy --workspace --all-targets --all-features --locked -- -D warnings"),
    Stage(
        "Rust tests",
        f"cargo test {PACKAGES} --locked --no-fail-fast",
        r"^test result: .* (\d+) passed;",
        r"^test result: .* (\d+) failed;",
    ),
    Stage("Python formatting", "ruff format --check"),
    Stage("Python lints", "ruff check"),
    # Kernels wait for their user and compile one thing at a time: some files of tests run side by side.
    Stage("Python tests", "python -m pytest --numprocesses=3 --dist=loadfile", *PYTEST),
    Stage("Report, with all notebooks and their claims", "python -m report.build"),
)
BROWSER_TESTS = Stage("Browser tests", "python jupyter/browser/run.py", *PYTEST)


def count(pattern: str, line: str) -> int:
    return sum(map(int, re.findall(pattern, line))) if pattern else 0


def run(stage: Stage) -> Outcome:
    """Runs a stage, shows its output and counts its tests."""
    print(f"\n== {stage.name}: {stage.command}", flush=True)
    outcome, start = Outcome(), time.monotonic()
    # One stream, so that errors appear in their place.
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    with subprocess.Popen(stage.command.split(), cwd=ROOT, **output) as process:
        try:
            for line in process.stdout:
                print(line, end="", flush=True)
                outcome.passed += count(stage.passed, line)
                outcome.failed += count(stage.failed, line)
                outcome.skipped += SKIPPED.findall(line)
        except BaseException:
            # It must in turn end what it started.
            process.terminate()
            raise
    outcome.seconds = time.monotonic() - start
    if process.returncode:
        outcome.failed = max(outcome.failed, 1)
    elif not stage.passed:
        outcome.passed = 1
    return outcome


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # The kernels' dependencies are also those of the tests; compiling them again would take four minutes.
    folder.lend(ROOT / "target")
    chromium = find_chromium()
    outcomes = {stage: run(stage) for stage in (*STAGES, BROWSER_TESTS) if chromium or stage is not BROWSER_TESTS}
    print()
    for stage, outcome in outcomes.items():
        print(f"{stage.name}: {outcome.passed} passed, {outcome.failed} failed, {outcome.seconds:.0f} s")
        for skipped in outcome.skipped:
            print(f"  not run: {skipped}")
    if not chromium:
        print(f"{BROWSER_TESTS.name}: not run, Chromium is not installed")
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(outcome.failed for outcome in outcomes.values())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
