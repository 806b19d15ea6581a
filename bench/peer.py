"""The peers of the crate in Python: the same workloads as programs usually do them.

    python peer.py NAME FOLDER

NAME is a module of this folder: in_memory, compiled, vmap, original or scikit. FOLDER holds the digits as IDX files.
The first line of the output names the versions; then each line of the input is a workload in JSON, and each line of
the output its time, {"seconds": 7.2}, with what else is known of it.
"""

import importlib
import json
import platform
import signal
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy

from workloads import Side, Workload


@dataclass(frozen=True)
class Digits:
    """All training and test images, `[n, 28, 28]` of bytes, with their labels, `[n]`."""

    train: tuple[numpy.ndarray, numpy.ndarray]
    test: tuple[numpy.ndarray, numpy.ndarray]


def read(folder: Path) -> Digits:
    """The digits in `folder`, from plain IDX files named as MNIST's."""

    def values(name: str, header: int) -> numpy.ndarray:
        return numpy.fromfile(folder / name, dtype=numpy.uint8, offset=header)

    def pair(half: str) -> tuple[numpy.ndarray, numpy.ndarray]:
        images = values(f"{half}-images-idx3-ubyte", header=16)
        return images.reshape(-1, 28, 28), values(f"{half}-labels-idx1-ubyte", header=8).astype(numpy.int64)

    return Digits(pair("train"), pair("t10k"))


def main() -> None:
    """The command."""
    match sys.argv[1:]:
        case [name, folder] if name in {side.value for side in Side}:
            module = importlib.import_module(name)
        case _:
            sys.exit(__doc__)
    work = module.prepare(read(Path(folder)))
    say(module.versions() | {"numpy": numpy.__version__, "python": platform.python_version()})
    for line in sys.stdin:
        workload = Workload.from_json(line)
        say(answer(work, workload))


def answer(work, workload: Workload) -> dict:
    """What is answered after a round. A module's `work` may time itself, and then returns its part of the answer."""
    answers, start = [], time.perf_counter()
    while not answers or time.perf_counter() - start < workload.round_seconds:
        began = time.perf_counter()
        answers.append(work(workload) or {"seconds": time.perf_counter() - began})
    return answers[-1] | {"seconds": statistics.mean(each["seconds"] for each in answers)}


def say(values: dict) -> None:
    """Writes a line of the output."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C in run.py prints no traceback from here
    main()
