"""Makes an exercise of the notebooks: assignment/ holds them without answers, for students to solve.

    python -m assignment.exercise [--hide-thresholds]

Cells are chosen by their tags, as nbconvert's preprocessors do. A cell tagged `solution` becomes a place for the
student's own; one tagged `solution-only` is removed. All others stay, among them the claims, which check the student's
results; `--hide-thresholds` makes unreadable what they require. The notebooks themselves stay as they are.
"""

import argparse
import itertools
import math
import re
import shutil
import struct
import sys
from pathlib import Path

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor, Preprocessor, TagRemovePreprocessor
from nbformat import NotebookNode

from kernel import folder

NOTEBOOKS = folder.ROOT / "notebooks"
ASSIGNMENT = folder.ROOT / "assignment"
SOLUTION, SOLUTION_ONLY = "solution", "solution-only"
ANSWER = "*Your answer, in three to six sentences, with what you doubt:*"
# What a line of Rust at the left margin defines: the pattern of a `let`, or the name of another item.
DEFINITION = re.compile(r"^(?:let (?:mut )?([^=:;]+)|(?:fn|struct|enum|type|const|static) (\w+))", re.MULTILINE)
# What follows a name where it is used: a call of it, and calls of methods.
CALLS = r"(?:\((?:[^()\n]|\([^()\n]*\))*\)|\.\w+(?=[(.])|::<[\w<>:, ]+>|\?)*"
STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
REQUIRED = re.compile(r"Required::(\w+)\(([^()]*)\)")


def main() -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Makes an exercise of the notebooks in assignment/.")
    parser.add_argument("--hide-thresholds", action="store_true", help="make unreadable what the claims require")
    options = parser.parse_args()
    try:
        make(NOTEBOOKS, ASSIGNMENT, options.hide_thresholds)
    except FileExistsError:
        print(f"{ASSIGNMENT} is there already and may hold answers: move it away first.", file=sys.stderr)
        return 1
    print(f"{ASSIGNMENT}: the exercise; teacher.md is for you, start-here.md for students.")
    return 0


def make(notebooks: Path, assignment: Path, hide_thresholds: bool = False) -> None:
    """Writes the exercise and its two notes to the folder `assignment`. Raises FileExistsError if there is one."""
    assignment.mkdir()
    for note in Path(__file__).parent.glob("*.md"):
        shutil.copy(note, assignment)
    for path in sorted(notebooks.glob("[0-9]*.ipynb")):
        nbformat.write(exercise(nbformat.read(path, as_version=4), hide_thresholds), assignment / path.name)


def exercise(notebook: NotebookNode, hide_thresholds: bool = False) -> NotebookNode:
    """A notebook without its solutions and outputs."""
    steps = (
        Blank(enabled=True),
        TagRemovePreprocessor(enabled=True, remove_cell_tags={SOLUTION_ONLY}),
        ClearOutputPreprocessor(enabled=True),
        HideThresholds(enabled=hide_thresholds),
    )
    for step in steps:
        notebook, _ = step(notebook, {})
    return notebook


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


class Blank(Preprocessor):
    """Replaces solutions by a place for the student's own, which fails with what is missing until it is filled."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        kept = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code" and not is_solution(cell))
        kept = STRING.sub('""', kept)
        starts = [index for index, cell in enumerate(notebook.cells) if SOLUTION in tags(cell)]
        for start, end in itertools.pairwise([*starts, len(notebook.cells)]):
            cells = notebook.cells[start:end]
            removed = "\n".join(cell.source for cell in cells if cell.cell_type == "code" and is_solution(cell))
            cells[0].source = ANSWER if cells[0].cell_type == "markdown" else stub(uses(removed, kept))
        return notebook, resources


def is_solution(cell: NotebookNode) -> bool:
    """Whether a cell is not for students."""
    return not {SOLUTION, SOLUTION_ONLY}.isdisjoint(tags(cell))


def uses(removed: str, kept: str) -> dict[str, list[str]]:
    """The names that removed code defines and kept code needs, each with the expressions in which it is used."""
    patterns = (pattern or item for pattern, item in DEFINITION.findall(removed))
    names = dict.fromkeys(name for pattern in patterns for name in re.findall(r"\b(?!mut\b)[a-zA-Z_]\w*", pattern))
    found = {name: set(re.findall(rf"(?<![\w.]){name}\b{CALLS}", kept)) for name in names}
    return {name: sorted(each, key=lambda text: (len(text), text)) for name, each in found.items() if each}


def stub(needed: dict[str, list[str]]) -> str:
    """The cell for a solution that must define these names."""
    lines = ["// Your code here, instead of these lines."]
    if needed:
        lines.append("// The cells below need:")
        for name, expressions in needed.items():
            shown = [expression for expression in expressions if expression != name][:2]
            lines.append(f"//   {name}{', as in ' if shown else ''}{' and '.join(shown)}")
    names = f": define {', '.join(needed)}" if needed else ""
    return "\n".join([*lines, f'Err::<(), String>("The answer is missing{names}.".to_string())?;'])


class HideThresholds(Preprocessor):
    """Replaces what a claim requires by the bits of the least and the greatest figure with which it holds."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type == "code":
            cell.source = REQUIRED.sub(hidden, cell.source)
        return cell, resources


def hidden(required: re.Match) -> str:
    """A requirement, unreadable."""
    first, *rest = (float(number.replace("_", "")) for number in required[2].split(","))
    low, high = {
        "AtLeast": (first, math.inf),
        "Above": (math.nextafter(first, math.inf), math.inf),
        "AtMost": (-math.inf, first),
        "Below": (-math.inf, math.nextafter(first, -math.inf)),
        "Between": (first, *rest),
        "Exactly": (first - 1e-9, first + 1e-9),
    }[required[1]]
    bits = [struct.unpack("<Q", struct.pack("<d", bound))[0] for bound in (low, high)]
    return f"Required::Hidden({bits[0]:#x}, {bits[1]:#x})"


if __name__ == "__main__":
    sys.exit(main())
