"""The workloads of the benchmark, and the sides that do them."""

import json
from dataclasses import asdict, dataclass
from enum import Enum


class Side(str, Enum):
    """What does the work: this crate, or a program that a user might write instead."""

    OURS = "ours"
    IN_MEMORY = "in_memory"
    COMPILED = "compiled"
    VMAP = "vmap"
    ORIGINAL = "original"
    SCIKIT = "scikit"
    CANDLE = "candle"


# The names that readers see.
SIDES = {
    Side.OURS: "ours",
    Side.IN_MEMORY: "PyTorch in memory",
    Side.COMPILED: "torch.compile",
    Side.VMAP: "torch.func.vmap",
    Side.ORIGINAL: "original's code",
    Side.SCIKIT: "scikit-learn",
    Side.CANDLE: "candle (Rust)",
}


class Kind(str, Enum):
    """What is trained, and on what: the report's protocol, except for the number of images."""

    LINEAR_SVM = "linear_svm"
    LOGISTIC_REGRESSION = "logistic_regression"
    HIDDEN = "hidden"
    HIDDEN_AUGMENTED = "hidden_augmented"
    AUGMENTING = "augmenting"
    EXACT_LINEAR = "exact_linear"
    EXACT_RBF = "exact_rbf"

    @property
    def title(self) -> str:
        """The name in tables."""
        return TITLES[self]


TITLES = {
    Kind.LINEAR_SVM: "Linear SVM",
    Kind.LOGISTIC_REGRESSION: "Logistic regression",
    Kind.HIDDEN: "Hidden layer",
    Kind.HIDDEN_AUGMENTED: "Hidden layer, augmented by r4",
    Kind.AUGMENTING: "Augmenting by r4 alone",
    Kind.EXACT_LINEAR: "Exact linear SVM",
    Kind.EXACT_RBF: "Exact SVM, RBF kernel",
}


@dataclass(frozen=True)
class Workload:
    """Samples `train` training images and the test images, initialises a model, trains it for `epochs` epochs and
    scores it on both sets after each.

    `AUGMENTING` only makes the training images of that many epochs. The exact SVMs, without epochs, solve the convex
    problem for the first `train` images. With `seeds` above 1 so many runs are done side by side, and the time is that
    of one: the total by their number. `bound` is what is known of the optimum, a lower bound.

    A round repeats the work until `round_seconds` are over, and its time is the mean: a single run of some milliseconds
    would measure how threads wake. Training draws other images each time, an exact SVM solves the same problem.
    """

    kind: Kind
    train: int = 150
    epochs: int = 100
    seeds: int = 1
    bound: float | None = None
    round_seconds: float = 0.2

    @property
    def name(self) -> str:
        """The name on the command line."""
        size = str(self.train) if self.train != Workload.train else ""
        seeds = f"{self.seeds}-seeds" if self.seeds > 1 else ""
        return "-".join(filter(None, (self.kind.value.replace("_", "-"), size, seeds)))

    @property
    def group(self) -> str:
        """The heading under which it is listed."""
        if self.kind in (Kind.EXACT_LINEAR, Kind.EXACT_RBF):
            return "Exact SVMs, at the same duality gap"
        if self.seeds > 1:
            return "One of many seeds, trained side by side"
        return "The report's protocol" if self.epochs > 1 else "One epoch on more images"

    def to_json(self) -> str:
        """The line that asks a side for it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Workload":
        """The workload that a line asks for."""
        values = json.loads(line)
        return cls(**values | {"kind": Kind(values["kind"])})
