"""What the original report got wrong: its defects and its conclusions, as cells of the notebooks show them."""

from collections import Counter
from dataclasses import dataclass, fields
from typing import TypeVar

from report.results import PageError, Results, shown

DEFECTS = "application/vnd.hinge.defects+json"
CONCLUSIONS = "application/vnd.hinge.conclusions+json"
NUMBERS = range(1, 10)
NOT_CHECKED = "not checked"
VERDICTS = ("supported", "not supported", "reversed", NOT_CHECKED)


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
class Defect:
    """A defect of the original by its number, 1 to 9, with the figures that show it."""

    number: int
    title: str
    evidence: str
    place: Place


@dataclass(frozen=True)
class Conclusion:
    """A conclusion of the original on a part of the assignment, one of VERDICTS on it, and the figures behind that."""

    part: str
    statement: str
    verdict: str
    evidence: str
    place: Place


@dataclass(frozen=True)
class Audit:
    """Defects in the order of their numbers, conclusions in the order of their parts."""

    defects: list[Defect]
    conclusions: list[Conclusion]

    @property
    def missing(self) -> list[int]:
        """Numbers of the defects that no notebook shows."""
        return sorted(set(NUMBERS) - {defect.number for defect in self.defects})

    @property
    def counts(self) -> dict[str, int]:
        """How many conclusions have each verdict that occurs."""
        found = Counter(conclusion.verdict for conclusion in self.conclusions)
        return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}


def audit(pages: list[Results]) -> Audit:
    """The audit by all notebooks together.

    Raises PageError for a defect that is shown twice or is none of the nine, an unknown verdict, and
    fields that are missing or unknown.
    """
    defects = [defect for results in pages for defect in entries(Defect, results, DEFECTS, "defects")]
    conclusions = [conclusion for results in pages for conclusion in judged(results)]
    require_numbers(defects)
    return Audit(
        sorted(defects, key=lambda defect: defect.number),
        sorted(conclusions, key=lambda conclusion: conclusion.part),
    )


Entry = TypeVar("Entry", Defect, Conclusion)


def entries(kind: type[Entry], results: Results, mime: str, name: str) -> list[Entry]:
    """What the cells of a notebook list under `name` in the given media type."""
    expected = {field.name for field in fields(kind)} - {"place"}
    found = []
    for cell, output in shown(results.notebook, mime):
        place = Place(results.name, results.short_title, cell.execution_count)
        for entry in output[name]:
            if set(entry) != expected:
                raise PageError(f"{place}: expected the fields {', '.join(sorted(expected))} in each of its {name}, "
                                f"found {', '.join(sorted(entry))}")
            found.append(kind(**entry, place=place))
    return found


def judged(results: Results) -> list[Conclusion]:
    """A notebook's conclusions, without a verdict if its results are not the full ones on MNIST."""
    found = entries(Conclusion, results, CONCLUSIONS, "conclusions")
    for conclusion in found:
        if conclusion.verdict not in VERDICTS:
            raise PageError(f"{conclusion.place}: expected a verdict among {', '.join(VERDICTS)}, "
                            f"found {conclusion.verdict}")
    if results.is_full_mnist:
        return found
    return [Conclusion(**vars(conclusion) | {"verdict": NOT_CHECKED}) for conclusion in found]


def require_numbers(defects: list[Defect]) -> None:
    """Raises PageError unless each defect has a number of its own, 1 to 9."""
    places = {}
    for defect in defects:
        if defect.number not in NUMBERS:
            raise PageError(f"{defect.place}: expected a defect's number from {NUMBERS[0]} to {NUMBERS[-1]}, "
                            f"found {defect.number}")
        if defect.number in places:
            raise PageError(f"{defect.place}: defect {defect.number} is shown already by {places[defect.number]}; "
                            "show it once")
        places[defect.number] = defect.place
