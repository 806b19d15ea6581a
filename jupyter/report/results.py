"""What an executed notebook says of its own run and results, in the outputs of its cells."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

SESSION = "application/vnd.hinge.session+json"
COMPARISON = "application/vnd.hinge.comparison+json"
CLAIMS = "application/vnd.hinge.claims+json"
VERDICTS = ("holds", "fails", "not checked")


class PageError(Exception):
    """A notebook that cannot be shown; the message names it and what in it."""


@dataclass
class Row:
    """A published value against our runs over seeds; accuracies are fractions.

    `inside` tells whether it lies inside their 95 % prediction interval, and is None on other images
    than MNIST, about which nothing was published.
    """

    part: str
    quantity: str
    setting: str
    source: str
    published: float
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    inside: bool | None
    seeds: int
    epoch: int

    @property
    def is_accuracy(self) -> bool:
        """Whether the values are fractions to be shown in percent."""
        return "accuracy" in self.quantity


@dataclass
class Results:
    """One executed notebook.

    `session` is what its first cell found (versions, data, quick mode; empty if it says nothing),
    `rows` all comparisons, `claims` how many have each verdict, `run` how and when it was executed.
    """

    name: str
    title: str
    notebook: NotebookNode
    session: dict
    run: dict
    rows: list[Row] = field(default_factory=list)
    claims: dict[str, int] = field(default_factory=dict)

    @property
    def is_task(self) -> bool:
        """Whether it answers a task of the assignment: its name begins with the task's number."""
        return self.name[0].isdigit()

    @property
    def short_title(self) -> str:
        """The title up to a colon: "Task 1" of "Task 1: a linear SVM"."""
        return self.title.partition(":")[0]

    @property
    def is_full_mnist(self) -> bool:
        """Whether the results are those that answers may rest on: all seeds, on MNIST."""
        return data_kind(self.session) == "mnist" and not self.session.get("quick")

    @property
    def warnings(self) -> list[str]:
        """What a reader must know before anything else: not MNIST, not the full run."""
        kind = data_kind(self.session)
        warnings = []
        if kind == "synthetic":
            warnings.append("These results are on synthetic digits, not on MNIST.")
        elif kind != "mnist":
            warnings.append("These results are on other images than MNIST.")
        if self.session.get("quick"):
            warnings.append("These results are of a quick run, with fewer seeds and images than the answers rest on.")
        return warnings


def read(path: Path) -> Results:
    """The results of the executed notebook at `path`."""
    notebook = nbformat.read(path, as_version=4)
    session = next(iter(outputs(notebook, SESSION)), {})
    is_mnist = data_kind(session) == "mnist"
    claims = [claim for output in outputs(notebook, CLAIMS) for claim in output["claims"]]
    return Results(
        name=path.stem,
        title=title(notebook) or path.stem,
        notebook=notebook,
        session=session,
        run=notebook.metadata.get("run", {}),
        rows=[row for output in outputs(notebook, COMPARISON) for row in rows(output, is_mnist)],
        claims={verdict: count(claims, verdict) for verdict in VERDICTS},
    )


def data_kind(session: dict) -> str | None:
    """Which images a session is on: "mnist", "own" or "synthetic"."""
    return session.get("data", {}).get("kind")


def outputs(notebook: NotebookNode, mime: str) -> list[dict]:
    """Everything that the cells show as the given media type, in order."""
    return [output for _, output in shown(notebook, mime)]


def shown(notebook: NotebookNode, mime: str) -> list[tuple[NotebookNode, dict]]:
    """The same, each with the cell that shows it."""
    return [
        (cell, output.data[mime])
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if mime in output.get("data", {})
    ]


def title(notebook: NotebookNode) -> str | None:
    """The text of the first heading."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"^# +(.+?)[ #]*$", text, re.MULTILINE)
    return re.sub(r"[*`]", "", heading[1]) if heading else None


def part(name: str) -> str:
    """ "1b" or "4" as a reader says it."""
    match = re.fullmatch(r"(\d+)([a-z]?)", name)
    if not match:
        return name
    return f"Task {match[1]}, part {match[2]}" if match[2] else f"Task {match[1]}"


def rows(comparison: dict, is_mnist: bool) -> list[Row]:
    """The rows of one comparison."""
    found = [Row(part=comparison["part"], **row) for row in comparison["rows"]]
    return found if is_mnist else [replace(row, inside=None) for row in found]


def count(claims: list[dict], verdict: str) -> int:
    """How many claims have a verdict; one that is not checked may add the reason."""
    return sum(claim["verdict"].startswith(verdict) for claim in claims)
