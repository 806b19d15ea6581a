"""What a cell shows while it runs: values in order, and bars that leave nothing behind."""

import re

import nbformat.v4 as v4
import pytest
from nbclient import NotebookClient

from kernel.progress import Bars
from test_kernel import DEP, ROOT, Kernel

RUN = "let run: Run = Experiment { epochs: 3, ..Experiment::default() }.run(&Digits::synthetic(0), 0)?;"
# A study that takes more than a second on any machine.
LONG = "Experiment { epochs: 10_000, ..Experiment::default() }.repeat(&Digits::synthetic(0), 0..8)?;"


@pytest.fixture(scope="module")
def rust():
    with Kernel() as started:
        reply, _ = started.run(DEP + RUN)
        assert reply["status"] == "ok", reply
        yield started


def alt(content: dict) -> str:
    """How a figure's alternative text begins."""
    return content["data"]["text/html"].split('alt="')[1][:12]


def test_several_figures_of_a_cell_are_shown_in_order(rust):
    curves, weights = "plot::learning_curves(&run)?", "plot::weights(&run)?"
    cell = f'notebook::display(&{curves})?;\nprintln!("between");\n{weights}.evcxr_display();\n{curves}'
    _, outputs = rust.run(cell)
    shown = [(kind, alt(c) if "data" in c else c["text"]) for kind, c in outputs if "data" in c or "text" in c]
    assert shown == [
        ("display_data", "Line charts "),
        ("stream", "between\n"),
        ("display_data", "Ten images o"),
        ("execute_result", "Line charts "),
    ]


def test_a_value_that_is_shown_can_be_replaced(rust):
    _, outputs = rust.run(
        "let shown = notebook::display(&plot::weights(&run)?)?;\nshown.update(&plot::learning_curves(&run)?)?;"
    )
    kinds = [(kind, content["transient"]["display_id"]) for kind, content in outputs if "transient" in content]
    assert [kind for kind, _ in kinds] == ["display_data", "update_display_data"]
    assert len({identity for _, identity in kinds}) == 1


def test_long_work_has_a_bar_with_count_and_time_left_that_is_removed(rust):
    _, outputs = rust.run(f'println!("before");\n{LONG}\nprintln!("after");')
    kinds = [kind for kind, _ in outputs]
    bars = [c["data"] for kind, c in outputs if kind in ("display_data", "update_display_data")]
    assert kinds.count("display_data") == 1
    assert 'role="progressbar"' in bars[0]["text/html"]
    assert "of 8 done" in bars[0]["text/plain"]
    assert any("s left; mean test accuracy so far" in bar["text/plain"] for bar in bars)
    assert any('<svg role="img" aria-label="mean test accuracy so far' in bar["text/html"] for bar in bars)
    end = kinds.index("clear_output")
    assert "".join(content["text"] for kind, content in outputs[end:] if kind == "stream") == "before\nafter\n"
    assert set(kinds[end + 1 :]) == {"stream"}


def test_a_long_run_shows_its_own_curve_while_it_trains(rust):
    long = "Experiment { epochs: 6_000, model: Model::hidden(500), ..Experiment::default() }"
    _, outputs = rust.run(f"let _ = {long}.run(&Digits::synthetic(0), 0)?;")
    bars = [content["data"] for kind, content in outputs if kind == "update_display_data"]
    assert any("s left; test accuracy so far" in bar["text/plain"] for bar in bars)
    assert any('<svg role="img" aria-label="test accuracy so far' in bar["text/html"] for bar in bars)


def test_a_cell_that_pauses_after_it_has_printed_says_that_it_runs(rust):
    pause = "std::thread::sleep(std::time::Duration::from_secs(3));"
    cell = f'println!("before");\n{pause}\nprintln!("after");'
    outputs = rust.outputs(rust.send(cell, allow_stdin=True))
    kinds = [kind for kind, _ in outputs]
    waiting = kinds.index("display_data")
    assert re.fullmatch(r"running: \d s", outputs[waiting][1]["data"]["text/plain"])
    assert "".join(content["text"] for kind, content in outputs[:waiting] if kind == "stream") == "before\n"
    end = kinds.index("clear_output")
    assert "".join(content["text"] for kind, content in outputs[end:] if kind == "stream") == "before\nafter\n"


def test_what_is_stored_does_not_depend_on_time():
    cells = [DEP, f'println!("before");\n{LONG}\nprintln!("after");\n6 * 7', LONG]
    book = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    place = {"metadata": {"path": str(ROOT / "notebooks")}}
    NotebookClient(book, kernel_name="rust", coalesce_streams=True, resources=place).execute()
    shown = [[o.get("text") or o["data"]["text/plain"] for o in cell.outputs] for cell in book.cells]
    assert shown == [[], ["before\nafter\n", "42"], []]


def test_bars_share_a_display_and_have_a_text_and_a_role():
    bars = Bars()
    first, content = bars.take({"number": 1, "what": "a < b", "done": 1, "total": 4, "seconds_left": 3.0})
    second, more = bars.take({"number": 2, "what": "c", "done": 0, "total": 9, "seconds_left": None})
    assert (first, second) == ("display_data", "update_display_data")
    assert content["transient"] == more["transient"]
    assert content["data"]["text/plain"] == "a < b: 1 of 4 done, about 3 s left"
    assert more["data"]["text/plain"].splitlines()[1] == "c: 0 of 9 done"
    assert 'role="progressbar" aria-label="a &lt; b"' in content["data"]["text/html"]
    _, last = bars.take({"number": 1})
    assert last["data"]["text/plain"] == "c: 0 of 9 done"
