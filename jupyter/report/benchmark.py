"""The benchmark's results: bench/results.json, and the figure of them that the crate draws, bench/results.svg."""

import dataclasses
import json
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

from report.results import PageError

OURS = "ours"
# On a machine that is busier than this, times mean little: threads that wait for each other suffer most.
BUSY = 0.1
# What readers must know of each side to judge a comparison.
DIFFERENCES = {
    "ours": "This crate.",
    "in_memory": "A PyTorch program written for speed: all images are one tensor, and r4 transforms those of an epoch "
    "at once; many seeds are trained by one process for each core.",
    "compiled": "The same, with model and loss compiled by torch.compile; compiling is not in the times.",
    "vmap": "PyTorch with all models of many seeds stacked, trained as one by torch.func.vmap.",
    "original": "The original's code: Pillow images, transformed one by one as a DataLoader requests them.",
    "scikit": "SGDClassifier for linear models: a step for every image instead of every 32, and one-vs-rest; "
    "MLPClassifier for the hidden layer: logistic loss; LinearSVC for the exact linear SVM: the same problem; SVC for "
    "the RBF kernel: 45 SVMs of two classes, one-vs-one, with unpenalised biases. It computes no losses after an "
    "epoch, only accuracies.",
    "candle": "A Rust program with candle on the CPU, built for this processor: the same steps as PyTorch in memory.",
}


@dataclass(frozen=True)
class Timing:
    """How long a piece of work took: the seconds of every run, by side; ours is always among them.

    With `seeds` above 1 so many runs were done side by side, and the seconds are those of one. `flops` and `bytes` are
    the arithmetic and the memory traffic that the work needs at least, where they are counted; `memory` is the peak of
    resident memory in bytes, `gaps` the relative duality gaps that exact solvers reached. `took` is how many seconds
    measuring lasted.
    """

    name: str
    title: str
    group: str
    train: int
    epochs: int
    seeds: int
    seconds: dict[str, list[float]]
    flops: float | None
    bytes: float | None
    memory: dict[str, int | None]
    gaps: dict[str, float]
    took: float

    @property
    def size(self) -> str:
        """How much work it is."""
        images = f"{self.train:,}".replace(",", "\N{NO-BREAK SPACE}")
        epochs = f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}" if self.epochs else None
        seeds = f"{self.seeds} seeds" if self.seeds > 1 else None
        return ", ".join(filter(None, (f"{images} images", epochs, seeds)))

    @property
    def peers(self) -> list[str]:
        """The other sides."""
        return [side for side in self.seconds if side != OURS]

    def median(self, side: str) -> float:
        """The median of a side's seconds."""
        return statistics.median(self.seconds[side])

    def shown(self, side: str) -> tuple[str, str]:
        """A side's median with its unit, and the shortest and the longest time if there are several."""
        median, times = self.median(side), self.seconds[side]
        factor, unit = (1, "s") if median >= 1 else (1000, "ms")
        between = f"{number(min(times) * factor)}–{number(max(times) * factor)}" if len(times) > 1 else ""
        return f"{number(median * factor)}\N{NO-BREAK SPACE}{unit}", between

    def ratio(self, side: str) -> float:
        """A side's median divided by ours: our speed-up over it."""
        return self.median(side) / self.median(OURS)


@dataclass(frozen=True)
class Benchmark:
    """What `make bench` measured.

    `sides` gives the name that readers see for each side, `times` how often ours and PyTorch in memory did each piece
    of work, `busy` the fraction of the processors' time that other programs took at the start. `peak` is what the
    machine can do at most, FLOPs and bytes from and to memory per second; `starts` is how many seconds after its start
    a side is ready to work, and at the end of its first epoch. `figure` is an SVG image.
    """

    date: str
    machine: str
    data: str
    is_mnist: bool
    times: int
    busy: float
    peak: dict[str, float] | None
    starts: dict[str, dict[str, float]]
    sides: dict[str, str]
    versions: dict[str, str]
    threads: dict[str, int]
    timings: list[Timing]
    figure: bytes = b""

    def share(self, timing: Timing) -> float | None:
        """The shortest time in which this machine could do a piece of work, divided by our time: of the peak rate, or
        of the bandwidth if that binds. None where either is unknown."""
        if timing.flops is None or self.peak is None:
            return None
        shortest = max(timing.flops / self.peak["flops"], timing.bytes / self.peak["bytes"])
        return shortest / timing.median(OURS)

    @property
    def warnings(self) -> list[str]:
        """What a reader must know first."""
        warnings = []
        if not self.is_mnist:
            warnings.append(f"These times are on {self.data}, not on MNIST.")
        if self.busy > BUSY:
            warnings.append(f"The machine was {self.busy:.0%} busy with other work when these times were measured.")
        return warnings

    @property
    def facts(self) -> dict[str, str]:
        """What was run, by name."""
        return {
            "Data": self.data,
            "Versions": ", ".join(f"{name} {version}" for name, version in self.versions.items()),
            "Machine": f"{self.machine}, {self.busy:.0%} busy with other work",
            "Threads": ", ".join(f"{self.sides[side]} {count}" for side, count in self.threads.items()),
            "Measured": self.date,
        } | self.peaks

    @property
    def peaks(self) -> dict[str, str]:
        """What the machine can do, if it was measured."""
        if self.peak is None:
            return {}
        rate, bandwidth = (self.peak[unit] / 1e9 for unit in ("flops", "bytes"))
        return {"Peak": f"{rate:.0f} GFLOP/s in single precision, {bandwidth:.0f} GB/s from and to memory"}

    @property
    def description(self) -> str:
        """The figure in words."""
        sentences = ["How many times faster this crate is than others, on a logarithmic axis."]
        for timing in self.timings:
            ratios = (f"{self.sides[side]} {number(timing.ratio(side))}" for side in timing.peers)
            sentences.append(f"{timing.title}, {timing.size}: {', '.join(ratios)}.")
        return " ".join(sentences)

    @property
    def table(self) -> str:
        """Our speed-ups as README shows them."""
        peers = [side for side in self.sides if side != OURS]
        lines = [["training", *(self.sides[side] for side in peers)], ["---"] * (len(peers) + 1)]
        for timing in self.timings:
            ratios = (f"{timing.ratio(side):.1f}" if side in timing.seconds else "–" for side in peers)
            lines.append([f"{timing.title}, {timing.size}".replace("\N{NO-BREAK SPACE}", " "), *ratios])
        return "".join(
            f"|{'|'.join(cells)}|\n" if cells[0] == "---" else f"| {' | '.join(cells)} |\n" for cells in lines
        )


def with_table(readme: str, measured: Benchmark) -> str:
    """README with the table of its section Speed made from these results."""
    before, section = readme.split("## Speed\n")
    rows = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
    return f"{before}## Speed\n{rows.sub(lambda _: measured.table, section, count=1)}"


def durations(path: Path) -> dict[str, float]:
    """How many seconds measuring each piece of work lasted, by name; nothing if that cannot be read."""
    try:
        works = json.loads(path.read_bytes())["workloads"]
        return {work["name"]: work["took"] for work in works if work["took"]}
    except (OSError, ValueError, KeyError):
        return {}


def read(path: Path) -> Benchmark | None:
    """The results at `path`, with the figure beside it; None if there are none.

    Raises PageError for anything but what `make bench` writes.
    """
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_bytes())
        fields = [field.name for field in dataclasses.fields(Timing)]
        timings = [Timing(**{field: work[field] for field in fields}) for work in values.pop("workloads")]
        benchmark = Benchmark(**values, timings=timings, figure=path.with_suffix(".svg").read_bytes())
        if unknown := set().union(*(timing.seconds for timing in timings)) - set(benchmark.sides):
            raise ValueError(f"unknown sides: {', '.join(sorted(unknown))}")
        return benchmark
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PageError(f"{path.name}: expected what `make bench` writes, found something else ({error})") from error


def number(value: float) -> str:
    """Three digits of a number: "0.00512", "1.34", "128"."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
