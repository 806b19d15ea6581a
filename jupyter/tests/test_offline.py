"""Without a network: notebooks need none."""

import subprocess
import sys

import nbformat

from namespaces import without_network
from report import execute
from test_kernel import DEP, ROOT

CELLS = (
    DEP + "let digits: Digits = notebook::open()?;",
    'std::net::TcpStream::connect("192.0.2.1:80").unwrap_err().kind()',
    "let run: Run = Experiment::default().run(&digits, 0)?;",
    "plot::learning_curves(&run)?",
)


def test_a_notebook_runs_without_a_network(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.replace("../crate", f"{ROOT}/crate")) for cell in CELLS]
    )
    path = tmp_path / "offline.ipynb"
    execute.write(notebook, path)
    command = without_network(sys.executable, "-m", "report.execute", path)
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    outputs = [cell.outputs for cell in nbformat.read(path, as_version=4).cells]
    assert outputs[1][0].data["text/plain"] == "NetworkUnreachable"
    assert "<img " in outputs[3][0].data["text/html"]
