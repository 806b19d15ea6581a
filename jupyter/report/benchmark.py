"""The benchmark's results: bench/results.json, and the figure of them that the crate draws, bench/results.svg."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from report.results import PageError

OURS = "ours"
# On a machine that is busier than this, times mean little: threads that wait for each other suffer most.
BUSY = 0.1


@dataclass(frozen=True)
class Timing:
    """How long a piece of work took: the seconds of every run, by side; ours is always among them."""

    name: str
    title: str
    train: int
    epochs: int
    seconds: dict[str, list[float]]

    @property
    def size(self) -> str:
        """How much work it is."""
        images = f"{self.train:,}".replace(",", "\N{NO-BREAK SPACE}")
        return f"{images} images, {self.epochs} epoch{'s' if self.epochs > 1 else ''}"

    def median(self, side: str) -> float:
        """The median of a side's seconds."""
        return statistics.median(self.seconds[side])

    def ratio(self, side: str) -> float:
        """A side's median divided by ours: our speed-up over it."""
        return self.median(side) / self.median(OURS)


@dataclass(frozen=True)
class Benchmark:
    """What `make bench` measured.

    `sides` gives the name that readers see for each side, `times` how often each side did each piece of work, `busy`
    the fraction of the processors' time that other programs took at the start; `figure` is an SVG image.
    """

    date: str
    machine: str
    data: str
    is_mnist: bool
    times: int
    busy: float
    sides: dict[str, str]
    versions: dict[str, str]
    threads: dict[str, int]
    timings: list[Timing]
    figure: bytes

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
        }

    @property
    def description(self) -> str:
        """The figure in words."""
        sentences = ["Median times on a logarithmic axis."]
        for timing in self.timings:
            medians = (f"{self.sides[side]} {number(timing.median(side))} s" for side in timing.seconds)
            sentences.append(f"{timing.title}, {timing.size}: {', '.join(medians)}.")
        return " ".join(sentences)


def read(path: Path) -> Benchmark | None:
    """The results at `path`, with the figure beside it; None if there are none.

    Raises PageError for anything but what `make bench` writes.
    """
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_bytes())
        fields = ("name", "title", "train", "epochs", "seconds")
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
