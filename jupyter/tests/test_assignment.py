"""The exercise that `make assignment` makes of the notebooks, and what its checks say to a student."""

import re
import struct

import nbformat
import pytest
from nbformat import v4

from assignment import exercise
from setup.environment import ROOT
from test_kernel import Kernel

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
RUNS = "let runs = logistic.repeat(&digits, 0..8)?;"
CHECK = """let mut b = Claims::about_any_data();
let train = runs.last(Metric::TrainAccuracy)?.mean();
b.check("Train accuracy, mean over seeds", train, Unit::Percent, Required::AtLeast(0.98));
b"""


def cell(source: str, *tags: str):
    """A cell: Markdown for an answer, code for anything else."""
    new = v4.new_markdown_cell if source.startswith("**") else v4.new_code_cell
    return new(source, metadata={"tags": list(tags)})


@pytest.fixture
def made():
    """The sources of the exercise that is made of such cells."""

    def of(*cells, **options) -> list[str]:
        return [each.source for each in exercise.exercise(v4.new_notebook(cells=list(cells)), **options).cells]

    return of


def test_solutions_are_places_for_a_students_own(made):
    code, answer = made(cell(RUNS, "solution"), cell("**Answer.** Yes.", "solution"))
    assert "Your code here" in code
    assert answer == exercise.ANSWER
    assert "repeat" not in code


def test_cells_that_only_a_solution_has_are_left_out(made):
    assert len(made(cell(RUNS, "solution"), cell("plot::learning_curves(&runs)?", "solution-only"))) == 1


def test_a_place_names_what_kept_cells_need_of_it_and_how_they_use_it(made):
    removed = cell("fn helper() {}\nlet (mut one, two) = (1, 2);", "solution"), cell(RUNS, "solution-only")
    blank, _ = made(*removed, cell(f'{CHECK}; two; "one \\\n one"'))
    assert [line.strip("/ ") for line in blank.splitlines() if line.startswith("//   ")] == [
        "two",
        "runs, as in runs.last(Metric::TrainAccuracy)?.mean()",
    ]


def test_claims_and_everything_else_stay_without_outputs():
    kept = v4.new_code_cell(CHECK, outputs=[v4.new_output("stream", text="98 %")], execution_count=3)
    (left,) = exercise.exercise(v4.new_notebook(cells=[kept])).cells
    assert (left.source, left.outputs, left.execution_count) == (CHECK, [], None)


@pytest.mark.parametrize(
    ("required", "holds", "fails"),
    [
        ("AtLeast(1_000.)", [1000, 1e9], [999.9]),
        ("Above(-0.01)", [-0.0099], [-0.01]),
        ("AtMost(1e-5)", [1e-5, -1], [1.1e-5]),
        ("Below(0.)", [-1e-300], [0]),
        ("Between(0.76, 0.79)", [0.76, 0.79], [0.75, 0.8]),
        ("Exactly(3.)", [3, 3 + 1e-10], [3.1]),
    ],
)
def test_hidden_thresholds_hold_for_the_same_figures(made, required, holds, fails):
    (source,) = made(cell(f'b.check("It", x, Unit::Number, Required::{required});'), hide_thresholds=True)
    bits = re.fullmatch(r'b.check\("It", x, Unit::Number, Required::Hidden\((\w+), (\w+)\)\);', source).groups()
    low, high = (struct.unpack("<d", struct.pack("<Q", int(each, 16)))[0] for each in bits)
    assert all(low <= figure <= high for figure in holds)
    assert not any(low <= figure <= high for figure in fails)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_asks_for_code_and_gives_no_answer(path):
    solved = nbformat.read(path, as_version=4)
    sources = [each.source for each in exercise.exercise(solved).cells]
    assert any("Your code here" in source for source in sources)
    assert exercise.ANSWER in sources
    assert not any(source.startswith("**Answer") or "Answer {" in source for source in sources)


def test_an_assignment_that_is_there_is_not_overwritten(tmp_path):
    exercise.make(ROOT / "notebooks", tmp_path / "assignment")
    names = {path.name for path in (tmp_path / "assignment").iterdir()}
    assert names == {path.name for path in NOTEBOOKS} | {"start-here.md", "teacher.md"}
    with pytest.raises(FileExistsError):
        exercise.make(ROOT / "notebooks", tmp_path / "assignment")


OPEN = """:dep hinge = { path = "../crate" }
use hinge::prelude::*;
let digits = Digits::synthetic(0);
let logistic = Experiment { loss: Loss::CrossEntropy, ..Experiment::default() };"""


@pytest.fixture(scope="module")
def student():
    """A kernel with the first cell of an exercise executed."""
    with Kernel() as kernel:
        assert kernel.run(OPEN)[0]["status"] == "ok"
        yield kernel


def test_the_checks_say_what_a_blank_or_a_wrong_answer_lacks(student, made):
    """One test, as the cells follow each other."""
    blank, check = made(cell(RUNS, "solution"), cell(CHECK))
    assert student.run(blank)[0]["evalue"] == "The answer is missing: define runs."
    assert "cannot find value `runs` in this scope" in student.run(check)[0]["evalue"]
    student.run("let runs = Experiment { epochs: 1, ..logistic.clone() }.repeat(&digits, 0..8)?;")
    wrong = student.run(check)[0]["evalue"]
    assert re.fullmatch(r"Train accuracy, mean over seeds: it is [\d.]+ %, required is at least 98.0 %", wrong)
    _, hidden = made(cell(RUNS, "solution"), cell(CHECK), hide_thresholds=True)
    assert student.run(hidden)[0]["evalue"].endswith("%, required is hidden")
    student.run(RUNS)
    assert [student.run(source)[0]["status"] for source in (check, hidden)] == ["ok", "ok"]
