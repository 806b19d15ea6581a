"""Measures the crate and its PyTorch peers side by side, and writes bench/results.json.

    python run.py [--times N] [WORKLOAD ...]

A side is a process that does one piece of work after another. On each piece the sides take turns: one warm-up each,
then N rounds. Where workloads are named, only those are measured, and bench/results.json stays as it is. `make bench`
runs this in the project's environment; the peers have one of their own, target/bench-venv, which is installed the
first time.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import psutil

from report import benchmark, build
from report.benchmark import Benchmark, Timing
from setup import environment
from setup.environment import ROOT, Missing
from workloads import SIDES, Kind, Side, Workload

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
FIGURE = HERE / "results.svg"
VENV = ROOT / "target" / "bench-venv"
DIGITS = ROOT / "target" / "bench-digits"
OUR_PROGRAM = ("cargo", "run", "--release", "--quiet", "--package", "hinge-bench", "--")
BOTH = (Side.OURS, Side.IN_MEMORY)
WITH_ORIGINAL = (*BOTH, Side.ORIGINAL)
WORKLOADS = {
    Workload(Kind.LINEAR_SVM): WITH_ORIGINAL,
    Workload(Kind.LOGISTIC_REGRESSION): BOTH,
    Workload(Kind.HIDDEN): (*WITH_ORIGINAL, Side.LIMIT),
    Workload(Kind.HIDDEN_AUGMENTED): (*WITH_ORIGINAL, Side.LIMIT),
    Workload(Kind.AUGMENTING): BOTH,
} | {
    Workload(kind, train, epochs=1): BOTH
    for kind in (Kind.LINEAR_SVM, Kind.HIDDEN) for train in (1_000, 10_000, 60_000)
}  # fmt: skip


def main() -> int:
    """The command; returns its exit status."""
    arguments = parse()
    try:
        measure_all(arguments.workloads, arguments.times)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: nothing is written.", file=sys.stderr)
        return 130
    return 0


def parse() -> argparse.Namespace:
    """The arguments of the command."""
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(description="Measures the crate and its PyTorch peers side by side.")
    parser.add_argument("--times", type=int, default=5, help="how often each side does each piece of work (5)")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"what to measure: {', '.join(names)}")
    arguments = parser.parse_args()
    if arguments.times < 1:
        parser.error(f"--times must be at least 1, but it is {arguments.times}")
    if unknown := set(arguments.workloads) - set(names):
        parser.error(f"expected workloads among {', '.join(names)}, found {', '.join(sorted(unknown))}")
    return arguments


def measure_all(names: list[str], times: int) -> None:
    """Measures the workloads with these names; without names all, and writes the results. Raises Missing."""
    install_peers()
    digits, busy = write_digits(), busy_with_other_work()
    chosen = choose(names, digits["train"])
    print(
        f"On {digits['description']}; median seconds of {times} runs, and how many times as long as ours:", flush=True
    )
    with contextlib.ExitStack() as stack:
        needed = set().union(*chosen.values())
        processes = {side: stack.enter_context(Process(side)) for side in Side if side in needed}
        timings = []
        for workload, sides in chosen.items():
            timings.append(measure(workload, {side: processes[side] for side in sides}, times))
            print(row(timings[-1]), flush=True)
    if not names:
        write(results(digits, times, busy, processes, timings))


def choose(names: list[str], images: int) -> dict:
    """The workloads with these names, or else all, with their sides; those that need more training images are not."""
    chosen = {workload: sides for workload, sides in WORKLOADS.items() if not names or workload.name in names}
    for workload in [workload for workload in chosen if workload.train > images]:
        print(f"{workload.name} is left out, since there are only {images} training images.")
        del chosen[workload]
    return chosen


def measure(workload: Workload, processes: dict, times: int) -> Timing:
    """How long a workload takes each side; the sides take turns."""
    for process in processes.values():
        process.seconds(workload)
    seconds = {side: [] for side in processes}
    for _ in range(times):
        for side, process in processes.items():
            seconds[side].append(round(process.seconds(workload), 6))
    return Timing(workload.name, workload.kind.title, workload.train, workload.epochs, seconds)


def row(timing: Timing) -> str:
    """A line of the table."""
    cells = []
    for side in timing.seconds:
        ratio = "" if side is Side.OURS else f" ({benchmark.number(timing.ratio(side))} ×)"
        cells.append(f"{SIDES[side]} {benchmark.number(timing.median(side))} s{ratio}")
    return "  ".join((f"{timing.name:<20}", *(f"{cell:<36}" for cell in cells))).rstrip()


def results(digits: dict, times: int, busy: float, processes: dict, timings: list[Timing]) -> Benchmark:
    """The timings with what they were measured on."""
    versions = {"rustc": build.rustc_version(), "libtorch": environment.LIBTORCH_VERSION}
    for process in processes.values():
        versions |= process.versions
    return Benchmark(
        date=date.today().isoformat(),
        machine=build.machine(),
        data=digits["description"],
        is_mnist=digits["is_mnist"],
        times=times,
        busy=busy,
        sides=SIDES,
        versions=versions,
        threads={side: process.threads for side, process in processes.items()},
        timings=timings,
    )


def write(benchmark: Benchmark) -> None:
    """Writes the results, with medians and ratios for readers of the file, and the figure of them."""
    values = vars(benchmark) | {"workloads": [record(timing) for timing in benchmark.timings]}
    del values["timings"]
    new = RESULTS.with_suffix(".new")
    new.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    new.replace(RESULTS)
    environment.call(*OUR_PROGRAM, "figure", RESULTS, FIGURE, cwd=ROOT)
    print(f"{RESULTS.relative_to(ROOT)} and {FIGURE.relative_to(ROOT)} are written.")


def record(timing: Timing) -> dict:
    """A piece of work as the file has it; ratios are to ours."""
    return vars(timing) | {
        "medians": {side: round(timing.median(side), 6) for side in timing.seconds},
        "ratios": {side: round(timing.ratio(side), 3) for side in timing.seconds if side is not Side.OURS},
    }


def busy_with_other_work() -> float:
    """The fraction of the processors' time that other programs take, over a few seconds."""
    busy = round(psutil.cpu_percent(interval=3) / 100, 3)
    if busy > benchmark.BUSY:
        print(f"The machine is {busy:.0%} busy with other work: the times will be too long, PyTorch's most.")
    return busy


def write_digits() -> dict:
    """Writes the crate's digits for the peers; the result says which they are, and how many."""
    command = (*OUR_PROGRAM, "digits", str(DIGITS))
    program = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if program.returncode:
        raise Missing("The digits are not written, so nothing is measured; the reason is above.")
    return json.loads(program.stdout)


class Process:
    """A side that waits for work; `versions` is what it runs with, `threads` on how many."""

    def __init__(self, side: Side):
        self.side = side
        self.process = subprocess.Popen(
            command(side), cwd=ROOT, env=variables(side), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> "Process":
        self.versions = self.answer()
        self.threads = self.versions.pop("threads")
        return self

    def __exit__(self, *_) -> None:
        self.process.stdin.close()
        self.process.wait()

    def seconds(self, workload: Workload) -> float:
        """How long a workload takes."""
        self.process.stdin.write(workload.to_json() + "\n")
        self.process.stdin.flush()
        return self.answer()["seconds"]

    def answer(self) -> dict:
        """What it says next; lines on the progress are passed over."""
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise Missing(f"{SIDES[self.side]}: expected an answer, but the process ended; the reason is above.")


def command(side: Side) -> list[str]:
    """The command that does the work of a side."""
    if side in (Side.OURS, Side.LIMIT):
        return [*OUR_PROGRAM, side.value]
    return [str(VENV / "bin" / "python"), str(HERE / "peer.py"), side.value, str(DIGITS)]


def variables(side: Side) -> dict[str, str]:
    """The environment of a side; PyTorch brings a libtorch of its own."""
    ours = (environment.LIBRARY_PATH,) if side in (Side.IN_MEMORY, Side.ORIGINAL) else ()
    return {name: value for name, value in os.environ.items() if name not in ours}


def install_peers() -> None:
    """Installs PyTorch for the peers, unless it is there."""
    what = f"Installing PyTorch in {VENV.relative_to(ROOT)} (5 GB on Linux)"
    environment.separate_venv(VENV, HERE / "requirements.txt", what)


if __name__ == "__main__":
    sys.exit(main())
