"""Red means red: what goes wrong in a cell of the crate's makes the cell, and a plain nbconvert, fail."""

import shutil
import struct
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from report import execute
from test_kernel import DEP, ROOT, Kernel

HERE = Path(__file__).parent

OPEN = DEP + "let digits: Digits = Digits::synthetic(0);\nnotebook::open()?;"
FALSE_CLAIM = """let mut claims: Claims = Claims::about_any_data();
claims.check("Two is three", 2., Unit::Count, Required::Exactly(3.));
claims"""
LIMIT = 15  # seconds for a cell, where one never ends


@pytest.fixture(scope="module")
def notebook():
    """A kernel in which a notebook has been opened."""
    with Kernel() as started:
        reply, _ = started.run(OPEN)
        assert reply["status"] == "ok", reply
        yield started


@pytest.mark.parametrize(
    ("cell", "name", "reason"),
    [
        (FALSE_CLAIM, "FalseClaim", "Two is three: it is 2, required is exactly 3"),
        ('panic!("out of cheese");', "Panic", "out of cheese"),
        ("digits.sample(&Sample { train: 0, ..Sample::default() })?;", "Error", "but it is 0"),
        ('Err::<(), String>("no luck".to_string())?;', "Error", "no luck"),
        ('print!("unfinished"); panic!("then this");', "Panic", "then this"),
    ],
)
def test_what_goes_wrong_is_an_error_with_its_reason(notebook, cell, name, reason):
    reply, _ = notebook.run(cell)
    assert (reply["status"], reply["ename"]) == ("error", name)
    assert reason in reply["evalue"]


def test_a_false_claim_keeps_the_variables_and_shows_the_table(notebook):
    notebook.run("let kept: u32 = 41;")
    _, outputs = notebook.run(FALSE_CLAIM)
    assert "Two is three" in dict(outputs)["execute_result"]["data"]["text/html"]
    assert notebook.value("kept + 1") == "42"


def test_true_claims_are_no_failure(notebook):
    reply, _ = notebook.run(FALSE_CLAIM.replace("Exactly(3.)", "Exactly(2.)"))
    assert reply["status"] == "ok"


def test_a_notebook_outlives_its_data_folder(notebook, tmp_path):
    data = tmp_path / "digits"
    write_digits(data)
    assert notebook.run(f'let own: Digits = Digits::open("{data}")?;')[0]["status"] == "ok"
    shutil.rmtree(data)
    experiment = "Experiment { train_examples: 20, test_examples: 20, epochs: 2, ..Experiment::default() }"
    assert notebook.value(f"{experiment}.run(&own, 0)?.history().len()") == "2"
    reply, _ = notebook.run(f'let own: Digits = Digits::open("{data}")?;')
    assert (reply["status"], reply["ename"]) == ("error", "Error")
    assert f"{data}" in reply["evalue"]
    assert "no such folder" in reply["evalue"]


def write_digits(folder):
    """20 training and 20 test images, black, as IDX files of the names of MNIST's."""
    folder.mkdir()
    for half in ("train", "t10k"):
        (folder / f"{half}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 2051, 20, 28, 28) + bytes(20 * 28 * 28))
        (folder / f"{half}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 2049, 20) + bytes(range(10)) * 2)


# Whole notebooks, through the report and through plain nbconvert


@dataclass(frozen=True)
class Wrong:
    """A last cell that fails, a part of the reason that must be printed, and the cell before."""

    cell: str
    reason: str
    first: str = "6 * 7"


WITH_CRATE = f"{OPEN}\n6 * 7".replace("../crate", f"{ROOT}/crate")
WRONG = {
    "endless cell": Wrong("loop { std::thread::park() }", f"it takes more than {LIMIT} s"),
    "compile error": Wrong('let wrong: i32 = "text";', "mismatched types"),
    "panic in the crate": Wrong(
        'let broken = OwnTransform::new("Broken", |_, _| panic!("no such pixel"));\n'
        "Experiment { train_transform: Compose::new([broken.into()]), ..Experiment::default() }.run(&digits, 0)?",
        "no such pixel",
        WITH_CRATE,
    ),
    "panic in the cell": Wrong('panic!("out of cheese");', "out of cheese"),
    "error": Wrong("digits.sample(&Sample { train: 0, ..Sample::default() })?;", "but it is 0", WITH_CRATE),
    "false claim": Wrong(FALSE_CLAIM, "Two is three: it is 2, required is exactly 3", WITH_CRATE),
    "process exit": Wrong("std::process::exit(3)", "exit status: 3"),
    "kernel death": Wrong(
        "let kernel: String = std::os::unix::process::parent_id().to_string();\n"
        'std::process::Command::new("kill").args(["-KILL", &kernel]).status()?;\n'
        "std::thread::sleep(std::time::Duration::from_secs(600));",
        "the kernel died or was ended",
    ),
    "unfinished line": Wrong('print!("unfinished");\npanic!("after the line");', "after the line"),
}
# `make report` on the notebooks of another folder.
REPORT = """
import sys, pathlib
from report import build, execute
build.NOTEBOOKS, build.REPORT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1], "report")
execute.CELL_TIMEOUT = int(sys.argv[2])
sys.exit(build.main())
"""


def make_report(folder: Path, limit: int) -> list[str]:
    """The command that makes a report on the notebooks of a folder."""
    return [sys.executable, "-c", REPORT, str(folder), str(limit)]


def nbconvert(folder: Path, limit: int) -> list[str]:
    """The command that executes the notebooks of a folder by nbconvert."""
    options = ("--to", "html", f"--ExecutePreprocessor.timeout={limit}")
    kept = f"--KeepingPreprocessor.failed={folder / 'report' / 'failed'}"
    return [sys.executable, "-m", "nbconvert", "--execute", *options, kept, *map(str, folder.glob("*.ipynb"))]


CASES = [(command, kind) for kind in WRONG for command in (make_report, nbconvert)]


@dataclass(frozen=True)
class Case:
    """The execution, under way or done, of a notebook that fails."""

    folder: Path
    kind: str
    execution: Future

    @property
    def ended(self) -> subprocess.CompletedProcess:
        return self.execution.result()

    @property
    def kept(self) -> Path:
        return self.folder / "report" / "failed" / f"{self.kind}.ipynb"


def start(pool: ThreadPoolExecutor, folder: Path, command, kind: str) -> Case:
    """Has a notebook that fails executed by a command."""
    sources = (WRONG[kind].first, WRONG[kind].cell)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata.kernelspec = execute.RUST
    execute.write(notebook, folder / f"{kind}.ipynb")
    limit = LIMIT if kind == "endless cell" else execute.CELL_TIMEOUT
    options = {"cwd": HERE.parent, "capture_output": True, "text": True, "timeout": 600}
    return Case(folder, kind, pool.submit(subprocess.run, command(folder, limit), **options))


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """All cases, a few at a time: the tests wait for theirs."""
    with ThreadPoolExecutor(4) as pool:
        yield {case: start(pool, tmp_path_factory.mktemp("red"), *case) for case in CASES}


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0].__name__}: {case[1]}")
def case(request, cases):
    return cases[request.param]


def test_a_notebook_that_goes_wrong_fails_and_says_which_where_and_why(case):
    wrong = WRONG[case.kind]
    assert case.ended.returncode == 1
    told = [line for line in case.ended.stderr.splitlines() if f"{case.kind}.ipynb, code cell 2" in line]
    assert told, case.ended.stderr
    assert f"`{wrong.cell.splitlines()[0]}`: " in told[0]
    assert wrong.reason in told[0]


def test_what_was_executed_of_it_is_kept(case):
    assert case.ended.returncode == 1
    kept = nbformat.read(case.kept, as_version=4)
    assert kept.cells[0].outputs[0].data["text/plain"] == "42"


def test_no_page_is_made_of_it(case):
    assert case.ended.returncode == 1
    assert list(case.folder.rglob("*.html")) == []
