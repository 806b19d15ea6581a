"""An executed notebook with the messages in the outputs of its cells: its session, comparisons, claims."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from report import wire
from report.wire import Claim, Claims, Comparison, Kind, Row, Session

# Instead of what is not known of an execution before that of the report.
STORED = "not recorded"
# The tag of the cell whose figure is on the cover.
OVERVIEW = "overview"


class PageError(Exception):
    """A notebook cannot be shown; the message names it and the reason."""


@dataclass(frozen=True)
class Place:
    """The code cell that shows something: its notebook's name and short title, and its number there."""

    notebook: str
    title: str
    cell: int

    @property
    def href(self) -> str:
        """The link to it in the report."""
        return f"#{self.notebook}/cell-{self.cell}"

    def __str__(self) -> str:
        return f"{self.notebook}.ipynb, code cell {self.cell}"


@dataclass(frozen=True)
class Results:
    """One executed notebook: its messages in order, each with its cell."""

    name: str
    title: str
    notebook: NotebookNode
    messages: list[tuple[Place, object]]

    def shown(self, kind: type[Kind]) -> list[tuple[Place, Kind]]:
        """The messages of a kind."""
        return [(place, message) for place, message in self.messages if isinstance(message, kind)]

    @property
    def session(self) -> Session:
        """What it ran with."""
        return self.shown(Session)[0][1]

    @property
    def run(self) -> dict:
        """How and when it was executed."""
        return self.notebook.metadata.run

    @property
    def comparisons(self) -> list[Comparison]:
        """All that it compares with published values."""
        return [comparison for _, comparison in self.shown(Comparison)]

    @property
    def rows(self) -> list[Row]:
        """All published values that it compares."""
        return [row for comparison in self.comparisons for row in comparison.rows]

    @property
    def claims(self) -> dict[str, int]:
        """How many of its claims have each verdict."""
        counts = Counter(claim.verdict for _, claims in self.shown(Claims) for claim in claims.claims)
        return {verdict: counts[verdict] for verdict in wire.values(Claim, "verdict")}

    @property
    def overview(self) -> str | None:
        """The figure in the outputs of a cell with the tag "overview", as HTML."""
        for cell in self.notebook.cells:
            if OVERVIEW in cell.metadata.get("tags", []):
                shown = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
                return next(iter(shown), None)
        return None

    @property
    def is_task(self) -> bool:
        """Whether it answers a task of the assignment: its name begins with the task's number."""
        return self.name[0].isdigit()

    @property
    def warnings(self) -> list[str]:
        """What readers must know first: the results are not on MNIST, or not from a full run."""
        warnings = []
        if self.run.get("inputs") == STORED:
            warnings.append("These are the results stored in the notebooks; `make report` executes them again.")
        if self.session.data.kind != "mnist":
            warnings.append(f"These results are on {self.session.data.description}, not on MNIST.")
        if self.session.quick:
            warnings.append("These results are from a quick run, with fewer seeds and images than the answers rest on.")
        return warnings


def read(path: Path) -> Results:
    """The results of an executed notebook. Raises PageError for a message that is not as agreed, and for no session."""
    notebook = nbformat.read(path, as_version=4)
    results = Results(path.stem, title(notebook) or path.stem, notebook, [])
    kinds = {wire.mime(kind): kind for kind in wire.MESSAGES}
    for cell in notebook.cells:
        place = Place(results.name, short(results.title), cell.get("execution_count"))
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            try:
                results.messages.extend((place, wire.parse(kinds[mime], data[mime])) for mime in kinds.keys() & data)
            except wire.WireError as error:
                raise PageError(f"{place}: {error}") from error
    if not results.shown(Session):
        raise PageError(f"{path.name}: no cell shows the session, so the report cannot say which data it is on")
    return results


def title(notebook: NotebookNode) -> str | None:
    """The text of the first heading."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"^# +(.+?)[ #]*$", text, re.MULTILINE)
    return re.sub(r"[*`]", "", heading[1]) if heading else None


def short(title: str) -> str:
    """A title up to its colon: "Task 1" of "Task 1: a linear SVM"."""
    return title.partition(":")[0]


def part(name: str) -> str:
    """The name of a part for readers: "Task 1, part b" of "1b"."""
    match = re.fullmatch(r"(\d+)([a-z]?)", name)
    if not match:
        return name
    return f"Task {match[1]}, part {match[2]}" if match[2] else f"Task {match[1]}"
