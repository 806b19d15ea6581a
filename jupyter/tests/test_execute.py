"""Execution of notebooks. They use JupyterLab's Python kernel instead of the Rust kernel: a notebook's
metadata decide which kernel runs it."""

import os
import signal
import subprocess
import sys
import time

import nbformat.v4 as v4
import pytest
from traitlets.config import Config

from report import execute, nbconvert_execute
from report.execute import normalise

PYTHON = {"name": "python3", "display_name": "Python", "language": "python"}


def notebook(*cells: str, kernel: str = "python3"):
    """A notebook with these code cells."""
    metadata = {"kernelspec": PYTHON | {"name": kernel}}
    return v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells], metadata=metadata)


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """Writes a notebook with these code cells to a file; failed ones are kept beside it."""
    monkeypatch.setattr(execute, "FAILED", tmp_path / "failed")

    def save(*cells: str, **options):
        execute.write(notebook(*cells, **options), tmp_path / "a.ipynb")
        return tmp_path / "a.ipynb"

    return save


def outputs(path):
    """All outputs of the notebook at `path`."""
    return [output for cell in v4.reads(path.read_text()).cells for output in cell.outputs]


def streams(*outputs):
    """A notebook with one cell that wrote these pairs of stream and text."""
    cell = v4.new_code_cell("", outputs=[v4.new_output("stream", name=name, text=text) for name, text in outputs])
    return v4.new_notebook(cells=[cell])


def test_outputs_are_stored_in_place(saved):
    path = saved("6 * 7")
    assert execute.main([str(path)]) == 0
    assert outputs(path)[0].data == {"text/plain": "42"}


def test_outputs_are_stored_elsewhere_on_request(saved, tmp_path):
    path = saved("6 * 7")
    before = path.read_bytes()
    assert execute.main(["--to", str(tmp_path / "to"), str(path)]) == 0
    assert path.read_bytes() == before
    assert outputs(tmp_path / "to" / "a.ipynb")[0].data == {"text/plain": "42"}


def test_executing_again_gives_an_unchanged_file(saved):
    path = saved("print('result')", "6 * 7")
    execute.main([str(path)])
    first = path.read_bytes()
    execute.main([str(path)])
    assert path.read_bytes() == first


def test_a_notebook_runs_in_its_own_folder(saved, tmp_path):
    path = saved("import os; print(os.getcwd())")
    execute.main([str(path)])
    assert outputs(path)[0].text.strip() == str(tmp_path.resolve())


def test_a_failure_names_notebook_cell_and_reason(saved, capsys):
    path = saved("1", "\n# divides\n1 / 0")
    assert execute.main([str(path)]) == 1
    assert "a.ipynb, code cell 2 `# divides`: ZeroDivisionError: division by zero" in capsys.readouterr().err


def test_a_failure_leaves_the_notebook_untouched(saved):
    path = saved("1 / 0")
    before = path.read_bytes()
    execute.main([str(path)])
    assert path.read_bytes() == before


def test_what_ran_before_a_failure_is_kept(saved, tmp_path, capsys):
    path = saved("6 * 7", "1 / 0")
    execute.main([str(path)])
    kept = tmp_path / "failed" / "a.ipynb"
    assert [output.output_type for output in outputs(kept)] == ["execute_result", "error"]
    assert str(kept) in capsys.readouterr().err


def test_a_failure_allowed_by_a_tag_is_one_all_the_same(saved):
    path = saved("1 / 0")
    tagged = notebook("1 / 0")
    tagged.cells[0].metadata.tags = ["raises-exception"]
    execute.write(tagged, path)
    assert execute.main([str(path)]) == 1


def test_other_notebooks_run_after_a_failure(saved, tmp_path):
    bad, good = saved("1 / 0"), tmp_path / "good.ipynb"
    execute.write(notebook("6 * 7"), good)
    assert execute.main([str(bad), str(good)]) == 1
    assert outputs(good)


def test_two_notebooks_are_executed_side_by_side(tmp_path):
    meets = "import pathlib, time\npathlib.Path('{}').touch()\nwhile not pathlib.Path('{}').exists(): time.sleep(0.1)"
    paths = [tmp_path / "a.ipynb", tmp_path / "b.ipynb"]
    for path, names in zip(paths, ("ab", "ba"), strict=True):
        execute.write(notebook(meets.format(*names)), path)
    assert execute.main(["--timeout", "30", *map(str, paths)]) == 0


def test_a_cell_that_takes_too_long_is_a_failure(saved, capsys):
    path = saved("import time; time.sleep(60)")
    assert execute.main(["--timeout", "1", str(path)]) == 1
    assert "code cell 1 `import time; time.sleep(60)`: it takes more than 1 s" in capsys.readouterr().err


def test_the_death_of_the_kernel_is_a_failure(saved, capsys):
    path = saved("import os; os._exit(1)")
    assert execute.main([str(path)]) == 1
    assert "code cell 1 `import os; os._exit(1)`: the kernel died" in capsys.readouterr().err


def test_nbconvert_lets_no_cell_run_longer_than_we_do():
    config = Config()
    nbconvert_execute.configure(config)
    assert config.ExecutePreprocessor.timeout == execute.CELL_TIMEOUT


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_execution_ends_its_kernel(saved, number):
    path = saved("import os; print(os.getpid(), file=open('pid', 'w')); import time; time.sleep(60)")
    command = subprocess.Popen([sys.executable, "-m", "report.execute", path], stderr=subprocess.PIPE, text=True)
    pid = path.with_name("pid")
    while not (pid.exists() and pid.read_text()):
        time.sleep(0.1)
    command.send_signal(number)
    assert command.communicate(timeout=30)[1].splitlines()[-1] == "a.ipynb: interrupted"
    assert command.returncode == execute.INTERRUPTED
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_kernel_that_is_not_installed_is_named(saved, capsys):
    path = saved("1", kernel="absent")
    assert execute.main([str(path)]) == 1
    assert "no kernel named `absent`" in capsys.readouterr().err


def test_a_file_that_is_no_notebook_is_named(tmp_path, capsys):
    path = tmp_path / "broken.ipynb"
    path.write_text("{")
    assert execute.main([str(path)]) == 1
    assert f"{path}: expected a notebook" in capsys.readouterr().err


def test_a_cell_that_takes_long_is_reported(saved, capsys, monkeypatch):
    monkeypatch.setattr(execute, "SLOW_CELL", 0.1)
    execute.main([str(saved("import time; time.sleep(0.3)"))])
    assert "code cell 1 `import time; time.sleep(0.3)` took 0." in capsys.readouterr().out


def test_the_kernel_tells_its_version(saved, tmp_path):
    ((_, ended),) = execute.execute_all([saved("1")], tmp_path / "failed")
    assert ended.result().kernel.startswith("ipython ")


def test_stderr_is_not_stored():
    book = streams(("stderr", "a warning\n"))
    normalise(book)
    assert book.cells[0].outputs == []


def test_the_unit_value_is_no_output():
    result = v4.new_output("execute_result", data={"text/plain": "()"})
    book = v4.new_notebook(cells=[v4.new_code_cell("()", outputs=[result])])
    normalise(book)
    assert book.cells[0].outputs == []


def test_only_what_says_how_a_cell_is_read_stays_in_its_metadata():
    cell = v4.new_code_cell("1", metadata={"tags": ["slow"], "execution": {"start": "now"}, "scrolled": True})
    book = v4.new_notebook(cells=[cell])
    normalise(book)
    assert book.cells[0].metadata == {"tags": ["slow"]}


def test_normalising_twice_changes_nothing_more():
    book = streams(("stdout", "a: 1 of 2 done, about 3 s left\nresult\n"), ("stderr", "b\n"))
    normalise(book)
    once = v4.writes(book)
    normalise(book)
    assert v4.writes(book) == once


def test_cell_ids_stay(saved):
    path = saved("1", "2")
    before = [cell.id for cell in v4.reads(path.read_text()).cells]
    execute.main([str(path)])
    assert [cell.id for cell in v4.reads(path.read_text()).cells] == before


def test_a_notebook_without_a_kernel_is_for_rust(tmp_path):
    path = tmp_path / "a.ipynb"
    execute.write(v4.new_notebook(), path)
    assert execute.read(path).metadata.kernelspec == execute.RUST


def test_nothing_is_written_when_the_notebook_is_invalid(tmp_path):
    book = notebook("1")
    book.cells[0].outputs = [{"output_type": "no such type"}]
    with pytest.raises(Exception, match="no such type"):
        execute.write(book, tmp_path / "a.ipynb")
    assert list(tmp_path.iterdir()) == []
