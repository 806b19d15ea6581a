"""Runs all tests, even after failures, and counts them in its last line.

Tests of kernels and of pages mostly wait, for a compiler on one core or for a browser: two lanes of stages run side by
side.

python jupyter/tests/run.py
"""

import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
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
RUST = (
    Stage("Rust formatting", "cargo fmt --all --check"),
    Stage("Rust lints", "cargo clippy --workspace --all-targets --all-features --locked -- -D warnings"),
    Stage(
        "Rust tests",
        f"cargo test {PACKAGES} --locked --no-fail-fast",
        r"^test result: .* (\d+) passed;",
        r"^test result: .* (\d+) failed;",
    ),
)
PYTHON = (
    Stage("Python formatting", "ruff format --check"),
    Stage("Python lints", "ruff check"),
    # Kernels mostly compile one thing at a time: two files of tests run side by side.
    Stage("Python tests", "python -m pytest --numprocesses=2 --dist=loadfile", *PYTEST),
)
REPORT = Stage("Report, with all notebooks and their claims", "python -m report.build")
BROWSER_TESTS = Stage("Browser tests", "python jupyter/browser/run.py", *PYTEST)


def count(pattern: str, line: str) -> int:
    return sum(map(int, re.findall(pattern, line))) if pattern else 0


class Runner:
    """Runs stages, some side by side, and shows their output line by line, under the names of their stages."""

    def __init__(self):
        self.lock, self.shown = threading.Lock(), None
        self.running: set[subprocess.Popen] = set()
        self.is_stopped = False

    def run_side_by_side(self, *lanes: tuple[Stage, ...]) -> dict[Stage, Outcome]:
        """Runs the stages of each lane one after the other; returns what came of each."""
        with ThreadPoolExecutor(len(lanes)) as pool:
            try:
                of_lanes = list(pool.map(self.run_lane, lanes))
            except BaseException:
                self.stop()
                raise
        return {stage: outcome for lane in of_lanes for stage, outcome in lane.items()}

    def run_lane(self, stages: tuple[Stage, ...]) -> dict[Stage, Outcome]:
        return {stage: self.run(stage) for stage in stages if not self.is_stopped}

    def stop(self) -> None:
        """Terminates what runs; it must in turn end what it started."""
        self.is_stopped = True
        for process in tuple(self.running):
            process.terminate()

    def run(self, stage: Stage) -> Outcome:
        self.show(stage)
        outcome, start = Outcome(), time.monotonic()
        # One stream, so that errors appear in their place.
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        with subprocess.Popen(stage.command.split(), cwd=ROOT, **output) as process:
            self.running.add(process)
            for line in process.stdout:
                self.show(stage, line)
                outcome.passed += count(stage.passed, line)
                outcome.failed += count(stage.failed, line)
                outcome.skipped += SKIPPED.findall(line)
        self.running.remove(process)
        outcome.seconds = time.monotonic() - start
        if process.returncode:
            outcome.failed = max(outcome.failed, 1)
        elif not stage.passed:
            outcome.passed = 1
        return outcome

    def show(self, stage: Stage, line: str = "") -> None:
        with self.lock:
            if self.shown is not stage:
                print(f"\n== {stage.name}: {stage.command}")
            self.shown = stage
            print(line, end="", flush=True)


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # The kernels' dependencies are also those of the tests; compiling them again would take four minutes.
    folder.lend(ROOT / "target")
    chromium, runner = find_chromium(), Runner()
    # The others use what the crate's tests compile.
    outcomes = runner.run_side_by_side(RUST)
    outcomes |= runner.run_side_by_side(PYTHON, (REPORT, BROWSER_TESTS) if chromium else (REPORT,))
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
