"""What is measured: pieces of work that each side of the benchmark does in its own way."""

import json
from dataclasses import asdict, dataclass
from enum import Enum


class Side(str, Enum):
    """What does the work: this crate, PyTorch in two ways, or the arithmetic alone."""

    OURS = "ours"
    IN_MEMORY = "in_memory"
    ORIGINAL = "original"
    LIMIT = "limit"


# The names that readers see.
SIDES = {
    Side.OURS: "ours",
    Side.IN_MEMORY: "PyTorch in memory",
    Side.ORIGINAL: "original's code",
    Side.LIMIT: "arithmetic's limit",
}


class Kind(str, Enum):
    """What is trained, and on what. All of it is the report's protocol but for the number of images."""

    LINEAR_SVM = "linear_svm"
    LOGISTIC_REGRESSION = "logistic_regression"
    HIDDEN = "hidden"
    HIDDEN_AUGMENTED = "hidden_augmented"
    AUGMENTING = "augmenting"

    @property
    def title(self) -> str:
        """As a table says it."""
        return TITLES[self]


TITLES = {
    Kind.LINEAR_SVM: "Linear SVM",
    Kind.LOGISTIC_REGRESSION: "Logistic regression",
    Kind.HIDDEN: "Hidden layer",
    Kind.HIDDEN_AUGMENTED: "Hidden layer, augmented by r4",
    Kind.AUGMENTING: "Augmenting by r4 alone",
}


@dataclass(frozen=True)
class Workload:
    """Samples `train` training images and the test images, initialises a model, trains it for `epochs` epochs and
    scores it on both sets after each. `AUGMENTING` only makes the training images of that many epochs."""

    kind: Kind
    train: int = 150
    epochs: int = 100

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        name = self.kind.value.replace("_", "-")
        return name if self.train == Workload.train else f"{name}-{self.train}"

    def to_json(self) -> str:
        """The line that asks a side for it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Workload":
        """The workload that a line asks for."""
        values = json.loads(line)
        return cls(**values | {"kind": Kind(values["kind"])})
