"""Front ends besides JupyterLab and nbconvert; README says what works in each."""

import subprocess
import sys

import jupytext
import nbformat
import nbformat.v4 as v4
import pytest

from kernel.parameters import Rust
from report.execute import RUST

PARAMETERS = 'let count = 2;\nlet name = "none";\nlet rates = vec![0.5];'
VALUE = 'format!("{name} {count} {rates:?}")'


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A notebook that `jupyter execute` has executed."""
    path = tmp_path_factory.mktemp("front-ends") / "a.ipynb"
    cells = [v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}), v4.new_code_cell(VALUE)]
    nbformat.write(v4.new_notebook(cells=cells, metadata={"kernelspec": RUST}), path)
    run("jupyter", "execute", "--inplace", path)
    return path


def run(*command: object, **options) -> str:
    """What a Python program writes; it must succeed."""
    command = [sys.executable, "-m", *map(str, command)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def results(path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [output.data["text/plain"] for cell in cells for output in cell.outputs if "data" in output]


def test_jupyter_execute(executed):
    assert results(executed) == ['"none 2 [0.5]"']


def test_papermill_sets_parameters(executed):
    parameters = ("-p", "count", "5", "-p", "name", 'a "b" é', "-y", "rates: [1.5, 2.0]")
    run("papermill", executed, executed.with_name("b.ipynb"), *parameters)
    assert results(executed.with_name("b.ipynb")) == [r'"a \"b\" é 5 [1.5, 2.0]"']


def test_nbval_finds_the_outputs_that_are_stored(executed):
    assert "2 passed" in run("pytest", "--nbval", "-p", "no:cacheprovider", executed, cwd=executed.parent)


def test_jupytext_writes_cells_as_rust_and_reads_them_back(executed):
    book = nbformat.read(executed, as_version=4)
    text = jupytext.writes(book, "rs:percent")
    assert f'// %% tags=["parameters"]\n{PARAMETERS}' in text
    assert [cell.source for cell in jupytext.reads(text, "rs:percent").cells] == [PARAMETERS, VALUE]


def test_a_console_runs_what_is_typed():
    typed = "fn double(x: i32) -> i32 { 2 * x }\ndouble(21)\n"
    assert "42" in run("jupyter", "console", "--kernel", "rust", "--simple-prompt", input=typed)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (True, "true"),
        (3, "3"),
        (1 << 40, "1099511627776i64"),
        (1e-5, "1e-05"),
        (float("-inf"), "f64::NEG_INFINITY"),
        ("a\\b\n", '"a\\\\b\n"'),
        (["a", "b"], 'vec!["a", "b"]'),
    ],
)
def test_a_parameter_is_a_variable_as_a_cell_has_it(value, code):
    assert Rust.codify({"it": value}) == f"// Parameters\nlet it = {code};\n"
