"""The PyTorch peers of the crate: the same workloads, in the usual ways of writing them.

    python peer.py in_memory FOLDER    images as one tensor, see in_memory.py
    python peer.py original FOLDER     images one by one, as the original did, see original.py

FOLDER holds the digits as IDX files. The first line of the output says what runs; then each line of the input is
a workload in JSON, and each line of the output its time, {"seconds": 7.2}.
"""

import json
import platform
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
import torchvision

import in_memory
import original
from workloads import Workload

PEERS = {"in_memory": in_memory, "original": original}


@dataclass(frozen=True)
class Digits:
    """All training and test images, `[n, 28, 28]` of bytes, with their labels, `[n]`."""

    train: tuple[torch.Tensor, torch.Tensor]
    test: tuple[torch.Tensor, torch.Tensor]


def read(folder: Path) -> Digits:
    """The digits in `folder`, from plain IDX files named as MNIST's."""

    def values(name: str, header: int) -> torch.Tensor:
        return torch.from_numpy(numpy.fromfile(folder / name, dtype=numpy.uint8, offset=header))

    def pair(half: str) -> tuple[torch.Tensor, torch.Tensor]:
        images = values(f"{half}-images-idx3-ubyte", header=16)
        return images.view(-1, 28, 28), values(f"{half}-labels-idx1-ubyte", header=8).long()

    return Digits(pair("train"), pair("t10k"))


def main() -> None:
    match sys.argv[1:]:
        case [name, folder] if name in PEERS:
            work = PEERS[name].prepare(read(Path(folder)))
        case _:
            sys.exit(__doc__)
    say(
        torch=torch.__version__,
        torchvision=torchvision.__version__,
        numpy=numpy.__version__,
        python=platform.python_version(),
        threads=torch.get_num_threads(),
    )
    for line in sys.stdin:
        workload = Workload.from_json(line)
        start = time.perf_counter()
        work(workload)
        say(seconds=time.perf_counter() - start)


def say(**values) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who interrupts run.py need not see where this one was
    main()
