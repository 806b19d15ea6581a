"""The benchmark's results, bench/results.json, and the figure that shows them."""

import html
import json
import math
import statistics
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from report.results import PageError


class Side(str, Enum):
    """Who does the work."""

    OURS = "ours"
    IN_MEMORY = "in_memory"
    ORIGINAL = "original"
    LIMIT = "limit"

    @property
    def label(self) -> str:
        """The name that readers see."""
        return LABELS[self]


LABELS = {
    Side.OURS: "ours",
    Side.IN_MEMORY: "PyTorch in memory",
    Side.ORIGINAL: "original's code",
    Side.LIMIT: "arithmetic's limit",
}


# A machine that is busier than this gives times that mean little: threads that wait for each other suffer most.
BUSY = 0.1


@dataclass(frozen=True)
class Timing:
    """How long a piece of work took: the seconds of every run, by side; ours is always among them."""

    name: str
    title: str
    train: int
    epochs: int
    seconds: dict[Side, list[float]]

    @property
    def size(self) -> str:
        """How much work it is."""
        images = f"{self.train:,}".replace(",", "\N{NO-BREAK SPACE}")
        return f"{images} images, {self.epochs} epoch{'s' if self.epochs > 1 else ''}"

    def median(self, side: Side) -> float:
        """The median of the seconds of a side."""
        return statistics.median(self.seconds[side])

    def ratio(self, side: Side) -> float:
        """How many times as long as ours a side takes, by the medians."""
        return self.median(side) / self.median(Side.OURS)


@dataclass(frozen=True)
class Benchmark:
    """What `make bench` measured.

    `times` is how often each side did each piece of work, `busy` the fraction of the processors' time that other
    programs took when it began.
    """

    date: str
    machine: str
    data: str
    is_mnist: bool
    times: int
    busy: float
    versions: dict[str, str]
    threads: dict[str, int]
    timings: list[Timing]

    @property
    def warnings(self) -> list[str]:
        """What a reader must know before anything else."""
        warnings = []
        if not self.is_mnist:
            warnings.append(f"These times are on {self.data}, not on MNIST.")
        if self.busy > BUSY:
            warnings.append(f"The machine was {self.busy:.0%} busy with other work when these times were measured.")
        return warnings

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What was run, as name and value."""
        return [
            ("Data", self.data),
            ("Versions", ", ".join(f"{name} {version}" for name, version in self.versions.items())),
            ("Machine", f"{self.machine}, {self.busy:.0%} busy with other work"),
            ("Threads", ", ".join(f"{Side(side).label} {count}" for side, count in self.threads.items())),
            ("Measured", self.date),
        ]


def read(path: Path) -> Benchmark | None:
    """The results at `path`; None if there are none. Raises PageError for anything else than `make bench` writes."""
    try:
        values = json.loads(path.read_bytes())
        timings = [timing(work) for work in values.pop("workloads")]
        return Benchmark(**values, timings=timings)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise PageError(f"{path.name}: expected what `make bench` writes, found something else ({error!r})") from error


def write(benchmark: Benchmark, path: Path) -> None:
    """Writes results, with the medians and ratios for who reads the file itself."""
    values = vars(benchmark) | {"workloads": [record(timing) for timing in benchmark.timings]}
    del values["timings"]
    new = path.with_suffix(".new")
    new.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    new.replace(path)


def timing(work: dict) -> Timing:
    """A piece of work as the file has it."""
    seconds = {Side(side): values for side, values in work["seconds"].items()}
    return Timing(work["name"], work["title"], work["train"], work["epochs"], seconds)


def record(timing: Timing) -> dict:
    """A piece of work as the file has it; ratios are to ours."""
    return vars(timing) | {
        "medians": {side: round(timing.median(side), 6) for side in timing.seconds},
        "ratios": {side: round(timing.ratio(side), 3) for side in timing.seconds if side != Side.OURS},
    }


def number(value: float) -> str:
    """Three digits of a number: "0.00512", "1.34", "128"."""
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


WIDTH, LEFT, RIGHT = 800, 150, 680
LINE, GAP = 18, 12
INK, MUTED, GRID = "#222", "#646464", "#e1e1e1"
# Okabe and Ito's colours; the shapes tell the sides apart without them.
MARKS = {
    Side.OURS: '<circle cx="{x}" cy="{y}" r="5.5" fill="#0072b2"/>',
    Side.IN_MEMORY: '<path d="M{x} {y}m-5-5h10v10h-10z" fill="#d55e00"/>',
    Side.ORIGINAL: '<path d="M{x} {y}m0-6l6.5 11h-13z" fill="#009e73"/>',
    Side.LIMIT: '<path d="M{x} {y}m0-7v14" stroke="#222" stroke-width="3"/>',
}


class Axis:
    """A logarithmic axis of seconds, from one power of ten to another."""

    def __init__(self, timings: list[Timing]):
        logarithms = [math.log10(timing.median(side)) for timing in timings for side in timing.seconds]
        self.low, self.high = math.floor(min(logarithms)), math.floor(max(logarithms)) + 1

    def at(self, seconds: float) -> float:
        """Where on the picture a number of seconds is."""
        share = (math.log10(seconds) - self.low) / (self.high - self.low)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def draw(self, height: int) -> list[str]:
        """A line at each power of ten."""
        drawn = []
        for power in range(self.low, self.high + 1):
            x, seconds = self.at(10.0**power), f"{10.0**power:g} s"
            drawn.append(f'<path d="M{x} {2 * LINE}V{height - LINE}" stroke="{GRID}"/>')
            drawn += [text(x, y, seconds, f'text-anchor="middle" fill="{MUTED}"') for y in (LINE, height - 4)]
        return drawn


def plot(timings: list[Timing]) -> str:
    """The medians as an SVG image: under each piece of work a line for each side."""
    axis, drawn, y = Axis(timings), [], 2 * LINE
    for timing in timings:
        y += LINE
        drawn.append(text(10, y, f"{timing.title}, {timing.size}", f'font-weight="bold" fill="{INK}"'))
        for side in timing.seconds:
            y += LINE
            drawn += draw_side(timing, side, axis, y)
        y += GAP
    height = y + 2 * LINE
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            *axis.draw(height),
            *drawn,
            "</svg>",
        )
    )


def draw_side(timing: Timing, side: Side, axis: Axis, y: int) -> list[str]:
    """The name, the mark and the numbers of a side, on the line at `y`."""
    x, middle = axis.at(timing.median(side)), y - 4
    return [
        f'<path d="M{LEFT} {middle}H{x}" stroke="{GRID}"/>',
        text(LEFT - 10, y, side.label, f'text-anchor="end" fill="{INK}"'),
        MARKS[side].format(x=x, y=middle),
        text(x + 12, y, numbers(timing, side), f'fill="{INK}"'),
    ]


def numbers(timing: Timing, side: Side) -> str:
    """The median of a side and its ratio to ours."""
    seconds = f"{number(timing.median(side))} s"
    return seconds if side == Side.OURS else f"{seconds} ({number(timing.ratio(side))} ×)"


def text(x: float, y: float, content: str, attributes: str) -> str:
    """Text at a point of an SVG image."""
    return f'<text x="{x}" y="{y}" {attributes}>{html.escape(content)}</text>'


def description(timings: list[Timing]) -> str:
    """The figure in words, for who does not see it."""

    def sides(timing: Timing) -> str:
        return ", ".join(f"{side.label} {number(timing.median(side))} s" for side in timing.seconds)

    sentences = [f"{timing.title}, {timing.size}: {sides(timing)}." for timing in timings]
    return " ".join(("Median times on a logarithmic axis.", *sentences))
