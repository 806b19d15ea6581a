"""Red means red: what goes wrong in a cell of the crate's makes the cell, and a plain nbconvert, fail."""

import subprocess
import sys

import nbformat
import pytest

from test_kernel import DEP, ROOT, Kernel

OPEN = DEP + "let digits: Digits = Digits::synthetic(0);\nnotebook::open()?;"
FALSE_CLAIM = """let mut claims: Claims = Claims::about_any_data();
claims.check("Two is three", 2., Unit::Count, Required::Exactly(3.));
claims"""


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
        ("digits.sample(&Sample { train: 0, ..Sample::default() })?;", "Error", "found 0"),
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


def test_a_line_without_an_end_does_not_hold_up_the_cell(notebook):
    flushed = 'print!("unfinished");\nstd::io::Write::flush(&mut std::io::stdout())?;'
    assert notebook.printed(flushed).endswith("unfinished\n")


def test_true_claims_are_no_failure(notebook):
    reply, _ = notebook.run(FALSE_CLAIM.replace("Exactly(3.)", "Exactly(2.)"))
    assert reply["status"] == "ok"


def test_plain_nbconvert_fails_and_names_notebook_cell_and_reason(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in (OPEN.replace("../crate", f"{ROOT}/crate"), FALSE_CLAIM)]
    path = tmp_path / "wrong.ipynb"
    kernelspec = {"name": "rust", "display_name": "Rust", "language": "rust"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode != 0
    assert "wrong.ipynb" in done.stderr
    assert 'claims.check("Two is three"' in done.stderr
    assert "it is 2, required is exactly 3" in done.stderr
    assert not path.with_suffix(".html").exists()
