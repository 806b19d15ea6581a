"""Measures the crate and its peers side by side, and writes bench/results.json, its figure and README's table.

    python run.py [--times N] [--anyway] [WORKLOAD ...]

For each workload a fresh process of every side warms up, then the sides alternate: N rounds of ours and of PyTorch in
memory, and as many of the others as fit into ten seconds; if none does, the first round is what counts, and of
torch.compile, which compiles in that, the second. A round lasts at least a fifth of a second. If workloads are named,
only those are measured, and nothing is written. `make bench` runs this in the project's environment, on an idle
machine: on a busy one it refuses, unless there is `--anyway`. The peers run in another, target/bench-venv, which is
installed the first time.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import psutil

import sides
from report import benchmark, build
from report.benchmark import Benchmark, Timing
from setup import environment
from setup.environment import ROOT, Missing
from sides import DIGITS, HERE, Process
from workloads import SIDES, Kind, Side, Workload

RESULTS = HERE / "results.json"
FIGURE = HERE / "results.svg"
README = ROOT / "README.md"
BOTH = (Side.OURS, Side.IN_MEMORY)
TRAINERS = (*BOTH, Side.COMPILED, Side.SCIKIT, Side.CANDLE)
MANY_SEEDS = (*BOTH, Side.VMAP)
EXACT = (Side.OURS, Side.SCIKIT)
WORKLOADS = {
    Workload(Kind.LINEAR_SVM): (*TRAINERS, Side.ORIGINAL),
    Workload(Kind.LOGISTIC_REGRESSION): TRAINERS,
    Workload(Kind.HIDDEN): (*TRAINERS, Side.ORIGINAL),
    Workload(Kind.HIDDEN_AUGMENTED): (*BOTH, Side.COMPILED, Side.ORIGINAL),
    Workload(Kind.AUGMENTING): BOTH,
} | {
    Workload(kind, train, epochs=1): (*BOTH, Side.CANDLE)
    for kind in (Kind.LINEAR_SVM, Kind.HIDDEN) for train in (1_000, 10_000, 60_000)
} | {
    Workload(Kind.LINEAR_SVM, seeds=200): MANY_SEEDS,
    Workload(Kind.HIDDEN, seeds=36): MANY_SEEDS,
} | {
    Workload(kind, train, epochs=0): EXACT
    for kind in (Kind.EXACT_LINEAR, Kind.EXACT_RBF) for train in (150, 1_000, 5_000)
}  # fmt: skip
# PyTorch trains fewer models, two processes' worth of the hidden layer: the time that counts is that of one.
FEWER_SEEDS = {Kind.LINEAR_SVM: 20, Kind.HIDDEN: 2}
# The seconds that the rounds of a slow side may take.
ROUNDS = 10


def main() -> int:
    """The command; returns its exit status."""
    arguments = parse()
    try:
        measure_all(arguments.workloads, arguments.times, arguments.anyway)
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
    parser = argparse.ArgumentParser(description="Measures the crate and its peers side by side.")
    parser.add_argument("--times", type=int, default=5, help="how often ours and PyTorch do each piece of work (5)")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine, too")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"what to measure: {', '.join(names)}")
    arguments = parser.parse_args()
    if arguments.times < 1:
        parser.error(f"--times must be at least 1, but it is {arguments.times}")
    if unknown := set(arguments.workloads) - set(names):
        parser.error(f"expected workloads among {', '.join(names)}, found {', '.join(sorted(unknown))}")
    return arguments


def measure_all(names: list[str], times: int, anyway: bool) -> None:
    """Measures the workloads with these names; without names all, and writes the results. Raises Missing."""
    busy = busy_with_other_work(anyway)
    sides.install_peers()
    digits, machine = sides.ask("digits", DIGITS), sides.ask("machine")
    print(f"The machine's peak: {machine['flops'] / 1e9:.0f} GFLOP/s, {machine['bytes'] / 1e9:.0f} GB/s.")
    print(f"On {digits['description']}; median seconds, and multiples of ours:", flush=True)
    chosen = choose(names, digits["train"])
    versions, threads, timings = {}, {}, []
    for workload in with_time_left(list(chosen)):
        timings.append(measure(workload, chosen[workload], times, versions, threads))
        print(row(timings[-1]), flush=True)
    if names:
        return
    known = {"rustc": build.rustc_version(), "libtorch": environment.LIBTORCH_VERSION}
    write(
        Benchmark(
            date=date.today().isoformat(),
            machine=build.machine(),
            data=digits["description"],
            is_mnist=digits["is_mnist"],
            times=times,
            busy=busy,
            peak=machine,
            starts={side: start_up(side) for side in SIDES if side in threads},
            sides=SIDES,
            versions=known | versions,
            threads=threads,
            timings=timings,
        )
    )


def choose(names: list[str], images: int) -> dict:
    """The workloads with these names, or all, and their sides; those that need more training images are left out."""
    chosen = {workload: sides for workload, sides in WORKLOADS.items() if not names or workload.name in names}
    for workload in [workload for workload in chosen if workload.train > images]:
        print(f"{workload.name} is left out, since there are only {images} training images.")
        del chosen[workload]
    return chosen


def with_time_left(workloads: list[Workload]) -> Iterator[Workload]:
    """The workloads, each announced with the time that all that are left will take, judged by the last results."""
    lasting = benchmark.durations(RESULTS)
    expected = [lasting.get(workload.name, statistics.mean(lasting.values() or [60])) for workload in workloads]
    start = time.monotonic()
    for index, workload in enumerate(workloads):
        speed = (time.monotonic() - start) / sum(expected[:index]) if index else 1
        minutes = speed * sum(expected[index:]) / 60
        print(f"  {index + 1} of {len(workloads)}, about {minutes:.0f} min left: {workload.name}", flush=True)
        yield workload


def measure(workload: Workload, chosen: tuple, times: int, versions: dict, threads: dict) -> Timing:
    """Measures a workload; the sides take turns. What they run with is added to `versions` and `threads`."""
    began, seconds, answers, rounds = time.monotonic(), {}, {}, {}
    with contextlib.ExitStack() as stack:
        processes = {side: stack.enter_context(Process(side)) for side in chosen}
        requests = {side: request(workload, side) for side in chosen}
        for side, process in processes.items():
            first = time.monotonic()
            bound = answers[Side.OURS].get("dual") if side is not Side.OURS else None
            requests[side] = replace(requests[side], bound=bound)
            answers[side] = process.work(requests[side])
            rounds[side] = number_of_rounds(workload, side, times, time.monotonic() - first)
            seconds[side] = [] if rounds[side] else [round(answers[side]["seconds"], 6)]
            versions |= process.versions
            threads[side] = process.threads
        for turn in range(times):
            for side, process in processes.items():
                if turn < rounds[side]:
                    answers[side] = process.work(requests[side])
                    seconds[side].append(round(answers[side]["seconds"], 6))
        memory = {side: process.memory() for side, process in processes.items()}
    return Timing(
        name=workload.name,
        title=workload.kind.title,
        group=workload.group,
        train=workload.train,
        epochs=workload.epochs,
        seeds=workload.seeds,
        seconds=seconds,
        flops=answers[Side.OURS].get("flops"),
        bytes=answers[Side.OURS].get("bytes"),
        memory=memory,
        gaps={side: answer["gap"] for side, answer in answers.items() if "gap" in answer},
        took=round(time.monotonic() - began, 1),
    )


def request(workload: Workload, side: Side) -> Workload:
    """What a side is asked to do: PyTorch is spared some of the seeds, since the time is that of one."""
    if workload.seeds == 1 or side is Side.OURS:
        return workload
    return replace(workload, seeds=FEWER_SEEDS[workload.kind])


def number_of_rounds(workload: Workload, side: Side, times: int, first: float) -> int:
    """How often a side is measured after its first run, given the seconds of that; 0 if that run is to count."""
    if side in BOTH and workload.seeds == 1:
        return times
    # In its first run torch.compile compiles, which may take much longer than the work.
    least = 1 if side is Side.COMPILED else 0
    return max(least, min(times, int(ROUNDS / first)))


def start_up(side: Side) -> dict:
    """The medians of three starts, in seconds."""
    starts = [sides.start_up(side) for _ in range(3)]
    return {name: round(statistics.median(start[name] for start in starts), 3) for name in starts[0]}


def row(timing: Timing) -> str:
    """A line of the table."""
    cells = []
    for side in timing.seconds:
        ratio = "" if side is Side.OURS else f" ({benchmark.number(timing.ratio(side))} ×)"
        cells.append(f"{SIDES[side]} {benchmark.number(timing.median(side))} s{ratio}")
    return "  ".join((f"{timing.name:<20}", *(f"{cell:<36}" for cell in cells))).rstrip()


def write(measured: Benchmark) -> None:
    """Writes the results, with medians and ratios for readers of the file, their figure, and README's table."""
    values = vars(measured) | {"workloads": [record(timing, measured) for timing in measured.timings]}
    del values["timings"], values["figure"]
    new = RESULTS.with_suffix(".new")
    new.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    new.replace(RESULTS)
    sides.ask("figure", RESULTS, FIGURE)
    README.write_text(benchmark.with_table(README.read_text(), measured))
    print(f"{RESULTS.relative_to(ROOT)}, {FIGURE.relative_to(ROOT)} and README's table are written.")


def record(timing: Timing, measured: Benchmark) -> dict:
    """A piece of work as the file has it; ratios are to ours."""
    share = measured.share(timing)
    return vars(timing) | {
        "medians": {side: round(timing.median(side), 6) for side in timing.seconds},
        "ratios": {side: round(timing.ratio(side), 3) for side in timing.seconds if side != Side.OURS},
        "share": share and round(share, 3),
    }


def busy_with_other_work(anyway: bool) -> float:
    """The fraction of the processors' time that other programs take, over 3 seconds. Raises Missing if it is much."""
    busy = round(psutil.cpu_percent(interval=3) / 100, 3)
    if busy > benchmark.BUSY and not anyway:
        raise Missing(
            f"The machine is {busy:.0%} busy with other work, at most {benchmark.BUSY:.0%} is allowed: the times would "
            "be too long, PyTorch's above all. Measure when it is idle, or with `--anyway` (`make bench ANYWAY=1`)."
        )
    return busy


if __name__ == "__main__":
    sys.exit(main())
