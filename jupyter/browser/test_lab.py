"""JupyterLab as a user works in it."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from lab import CELL_SECONDS, NOTEBOOKS, RED
from setup.environment import ROOT

OPEN = f':dep hinge = {{ path = "{ROOT}/crate" }}\nuse hinge::prelude::*;\nlet digits: Digits = notebook::open()?;'
FALSE_CLAIM = """let mut claims: Claims = Claims::about_any_data();
claims.check("Two is three", 2., Unit::Count, Required::Exactly(3.));
claims"""
LONG = "Experiment { epochs: 100_000, model: Model::hidden(5_000), ..Experiment::default() }.run(&digits, 0)?"


def cell_with(path: Path, text: str) -> int:
    """The number of the first code cell with a text."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    return next(number for number, cell in enumerate(cells) if text in "".join(cell["source"]))


def test_the_address_that_the_lab_prints_opens_a_page_that_says_where_to_start(lab, context, screenshots):
    lab.copy(ROOT / "notebooks" / "start-here.md", "start-here.md")
    with context.new_page() as page:
        page.goto(lab.printed_address())
        shown = page.locator(".jp-MarkdownViewer")
        expect(shown.locator("h1")).to_have_text(re.compile("Start here"))
        assert shown.locator("a[href*='.ipynb']").count() == len(NOTEBOOKS)
        page.screenshot(path=screenshots / "start.png")


def test_a_changed_seed_changes_the_figure(lab, show):
    path = NOTEBOOKS[0]
    notebook, number = show(lab.copy(path, "seed.ipynb")), cell_with(path, "seed: 42")
    notebook.run(0)
    before = notebook.run(number).locator("img").get_attribute("src")
    notebook.edit(number, "seed: 42", "seed: 43")
    assert notebook.run(number).locator("img").get_attribute("src") != before
    assert notebook.errors() == []


def test_a_restart_runs_all_cells_again(lab, show):
    notebook = show(lab.write(OPEN, "let kept: u32 = 41;", "kept + 1", name="restart.ipynb"))
    notebook.run_all()
    last = notebook.cells.last.locator(".jp-InputPrompt")
    number = last.inner_text()
    notebook.run(2)
    notebook.menu("Kernel", "Restart Kernel and Run All Cells…")
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(last).to_have_text(number, timeout=1000 * CELL_SECONDS)
    assert notebook.cells.last.locator(".jp-OutputArea-output").inner_text() == "42"


def test_two_notebooks_run_at_once(lab, show):
    sources = (OPEN, "let run: Run = Experiment::default().run(&digits, 0)?;", "plot::learning_curves(&run)?")
    notebooks = [show(lab.write(*sources, name=f"{name}.ipynb")) for name in ("one", "another")]
    for notebook in notebooks:
        notebook.start_all()
    for notebook in notebooks:
        notebook.wait_for_all()
    assert [notebook.errors() for notebook in notebooks] == [[], []]
    assert [len(notebook.images()) for notebook in notebooks] == [1, 1]


def test_a_false_claim_is_red_and_the_variables_stay(lab, show, screenshots):
    notebook = show(lab.write(OPEN, "let kept: u32 = 41;", FALSE_CLAIM, "kept + 1", name="claim.ipynb"))
    notebook.run_all()
    reason = "Two is three: it is 2, required is exactly 3"
    expect(notebook.cells.nth(2).locator(RED)).to_contain_text(reason)
    assert notebook.errors() == [reason]
    notebook.page.screenshot(path=screenshots / "false claim.png")
    assert notebook.run(3).inner_text() == "42"


def test_variables_stay_after_an_interrupt(lab, show):
    notebook = show(lab.write(OPEN, LONG, "digits.train.len() > 0", name="interrupt.ipynb"))
    notebook.run(0)
    notebook.start(1)
    expect(notebook.cells.nth(1).locator(".jp-OutputArea-output").first).to_contain_text(re.compile(r"\d+ of \d+"))
    notebook.page.locator("[data-command='notebook:interrupt-kernel']").click()
    expect(notebook.cells.nth(1).locator(".jp-InputPrompt")).not_to_have_text("[*]:")
    assert notebook.run(2).inner_text() == "true"
