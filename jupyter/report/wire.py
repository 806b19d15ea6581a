"""The messages in which notebooks tell the report their results: MIME types and fields.

crate/src/show/wire.rs writes them. crate/tests/golden/wire.json has an example of each: a Rust test holds the crate to
it, a Python test this module.
"""

from dataclasses import dataclass, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

# What our runs say about a conclusion or an answer of the original.
Support = Literal["supported", "not supported", "reversed", "not testable", "not checked"]


class WireError(ValueError):
    """A message that is not as agreed; the text says what is expected and what was found."""


@dataclass(frozen=True)
class Data:
    """The images that a notebook runs on."""

    kind: Literal["mnist", "own", "synthetic"]
    description: str


@dataclass(frozen=True)
class Session:
    """What a notebook runs with. Its results are `judged` if they are the full ones on MNIST: only then are published
    values compared, and claims and conclusions checked."""

    hinge: str
    libtorch: str
    data: Data
    quick: bool
    judged: bool


@dataclass(frozen=True)
class Row:
    """A published value and our runs over seeds: mean, standard deviation and 95 % prediction interval.

    Accuracies are fractions. `inside` says whether the value lies in the interval; None: the results are not judged.
    """

    quantity: str
    setting: str
    epoch: int
    source: str
    published: int | float
    mean: int | float
    sd: int | float
    low: int | float
    high: int | float
    inside: bool | None
    seeds: int


@dataclass(frozen=True)
class Comparison:
    """The published values of a part of the assignment: "1c", "4"."""

    part: str
    rows: list[Row]


@dataclass(frozen=True)
class Claim:
    """A sentence of an answer, the figure that decides it, and what is required of that."""

    sentence: str
    figure: str
    required: str
    verdict: Literal["holds", "fails", "not confirmed", "not checked"]


@dataclass(frozen=True)
class Claims:
    """The claims that a cell checks."""

    claims: list[Claim]


@dataclass(frozen=True)
class Defect:
    """A defect of the original by its number, 1 to 9, and the figures that show it."""

    number: Literal[1, 2, 3, 4, 5, 6, 7, 8, 9]
    title: str
    evidence: str


@dataclass(frozen=True)
class Defects:
    """The defects that a cell shows."""

    defects: list[Defect]


@dataclass(frozen=True)
class Conclusion:
    """A conclusion of the original on a part of the assignment, our verdict, and the figures behind it."""

    part: str
    statement: str
    verdict: Support
    evidence: str


@dataclass(frozen=True)
class Conclusions:
    """The conclusions that a cell judges."""

    conclusions: list[Conclusion]


@dataclass(frozen=True)
class Layer:
    """A layer of a classifier. Its weights are multiples of `step`: 16-bit whole numbers, little-endian in base64, a
    row for each output."""

    step: float
    weights: str
    biases: list[float]


@dataclass(frozen=True)
class Classifier:
    """A network on a representation of images, and a digit for each tested image: its prediction."""

    name: str
    sees: Literal["pixels", "deskewed pixels", "HOG", "deskewed HOG"]
    layers: list[Layer]
    predictions: str


@dataclass(frozen=True)
class Image:
    """A test image by its index, with its 784 pixels in base64."""

    index: int
    label: int
    pixels: str


@dataclass(frozen=True)
class Classifiers:
    """Trained classifiers, the labels of the tested images, a digit for each, and test images to choose from."""

    training_images: int
    labels: str
    classifiers: list[Classifier]
    images: list[Image]

    def correct(self, classifier: Classifier) -> int:
        """How many of the tested images it classifies correctly."""
        return sum(map(str.__eq__, self.labels, classifier.predictions))


@dataclass(frozen=True)
class Answer:
    """The answer to a question of a part of the assignment with the figure that it rests on, and what the original
    answered: `verdict` and `evidence` are on that."""

    part: str
    question: str
    answer: str
    quantity: str
    mean: str
    interval: str
    seeds: int
    original: str
    verdict: Support
    evidence: str


@dataclass(frozen=True)
class Answers:
    """The answers that a cell gives."""

    answers: list[Answer]


@dataclass(frozen=True)
class Failure:
    """Why a cell failed, in the fields of Jupyter's `error` message; the kernel's launcher turns it into one."""

    ename: str
    evalue: str
    traceback: list[str]


MESSAGES = (Session, Comparison, Claims, Defects, Conclusions, Classifiers, Answers, Failure)
Kind = TypeVar("Kind")


def mime(kind: type) -> str:
    """The MIME type of a kind of message."""
    return f"application/vnd.hinge.{kind.__name__.lower()}+json"


def values(kind: type, field: str) -> tuple:
    """The values that a field may have: `values(Claim, "verdict")`."""
    return get_args(get_type_hints(kind)[field])


def parse(kind: type[Kind], value: Any, name: str = "message") -> Kind:
    """JSON as a message or another type of its fields. Raises WireError for anything else."""
    if get_origin(kind) is list and isinstance(value, list):
        return [parse(get_args(kind)[0], each, name) for each in value]
    if get_origin(kind) is Literal:
        if type(value) not in map(type, get_args(kind)) or value not in get_args(kind):
            raise WireError(f"expected a {name} among {', '.join(map(str, get_args(kind)))}, found {value}")
        return value
    if is_dataclass(kind) and isinstance(value, dict):
        wanted = get_type_hints(kind)
        if set(value) != set(wanted):
            raise WireError(
                f"expected the fields {', '.join(sorted(wanted))} of a {kind.__name__.lower()}, "
                f"found {', '.join(sorted(value))}"
            )
        return kind(**{field: parse(wanted[field], each, field) for field, each in value.items()})
    if get_origin(kind) is list or is_dataclass(kind) or not isinstance(value, kind):
        raise WireError(f"expected a {name} of type {getattr(kind, '__name__', kind)}, found {value!r}")
    return value
