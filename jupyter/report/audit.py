"""What the original report got wrong: its defects and its conclusions, as cells of the notebooks show them."""

from collections import Counter
from dataclasses import dataclass

from report import wire
from report.results import PageError, Place, Results
from report.wire import Conclusion, Conclusions, Defect, Defects

NUMBERS = wire.values(Defect, "number")
VERDICTS = wire.values(Conclusion, "verdict")


@dataclass(frozen=True)
class Audit:
    """Defects in the order of their numbers, conclusions in the order of their parts, each with its cell."""

    defects: list[tuple[Place, Defect]]
    conclusions: list[tuple[Place, Conclusion]]

    @property
    def missing(self) -> list[int]:
        """Numbers of the defects that no notebook shows."""
        return sorted(set(NUMBERS) - {defect.number for _, defect in self.defects})

    @property
    def counts(self) -> dict[str, int]:
        """How many conclusions have each verdict that occurs."""
        found = Counter(conclusion.verdict for _, conclusion in self.conclusions)
        return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}


def audit(pages: list[Results]) -> Audit:
    """The audit by all notebooks together. Raises PageError for a defect that is shown twice."""
    defects: dict[int, tuple[Place, Defect]] = {}
    conclusions = []
    for results in pages:
        for place, defect in ((place, defect) for place, shown in results.shown(Defects) for defect in shown.defects):
            if first := defects.get(defect.number):
                raise PageError(f"{place}: defect {defect.number} is shown already by {first[0]}; show it once")
            defects[defect.number] = place, defect
        for place, shown in results.shown(Conclusions):
            conclusions += [(place, conclusion) for conclusion in shown.conclusions]
    return Audit([defects[number] for number in sorted(defects)], sorted(conclusions, key=lambda pair: pair[1].part))
