"""The notebooks in JupyterLab, as a user runs them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab import CELL_SECONDS, Lab, Notebook
from setup.environment import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OPEN = f':dep hinge = {{ path = "{ROOT}/crate" }}\nuse hinge::prelude::*;\nlet digits: Digits = notebook::open()?;'
FALSE_CLAIM = """let mut claims: Claims = Claims::about_any_data();
claims.check("Two is three", 2., Unit::Count, Required::Exactly(3.));
claims"""
RED = "[data-mime-type='application/vnd.jupyter.stderr']"
LONG = "Experiment { epochs: 100_000, model: Model::hidden(5_000), ..Experiment::default() }.run(&digits, 0)?"
# The contrast of each element that has text of its own, after WCAG 2; opacity counts as transparent ink.
CONTRASTS = """elements => {
  const colour = text => text.match(/^rgba?\\((.*)\\)$/)[1].split(/[ ,/]+/).map(Number);
  const over = ([r, g, b, alpha = 1], below) => [r, g, b].map((c, i) => alpha * c + (1 - alpha) * below[i]);
  const behind = e => e ? over(colour(getComputedStyle(e).backgroundColor), behind(e.parentElement)) : [255, 255, 255];
  const opacity = e => e ? getComputedStyle(e).opacity * opacity(e.parentElement) : 1;
  const linear = c => c <= 0.04045 * 255 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = e => {
    const below = behind(e), [r, g, b, alpha = 1] = colour(getComputedStyle(e).color);
    const both = [luminance(below), luminance(over([r, g, b, alpha * opacity(e)], below))];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  };
  return elements.filter(e => [...e.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()))
    .map(e => [contrast(e), e.tagName, e.textContent]);
}"""

# The outputs with a table that is wider than what is seen of them, unless it scrolls in a box of its own, and those
# with a caption that is cut off.
RUN_OFF = """outputs => outputs.filter(output => {
  const edge = output.getBoundingClientRect().right + 1;
  const is_cut = caption => caption.getBoundingClientRect().right > edge;
  return output.querySelector("table") && output.scrollWidth > output.clientWidth + 1
    || [...output.querySelectorAll("caption, figcaption")].some(is_cut);
}).map(output => output.textContent.slice(0, 80))"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A running JupyterLab."""
    with Lab(tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture(scope="module")
def context(browser):
    """What the tabs of one browser share."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as opened:
        yield opened


@pytest.fixture
def show(lab, context):
    """Opens notebooks, which are closed after the test."""
    shown = []

    def show(name: str) -> Notebook:
        shown.append(Notebook(lab, context, name))
        return shown[-1]

    yield show
    for notebook in shown:
        notebook.close()


@dataclass
class Executed:
    """A notebook of the project after Run All Cells, and the images that it showed before."""

    path: Path
    notebook: Notebook
    stored_images: list


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def executed(request, lab, context):
    """Each notebook, executed."""
    notebook = Notebook(lab, context, lab.copy(request.param, request.param.name))
    stored_images = notebook.images()
    notebook.run_all()
    yield Executed(request.param, notebook, stored_images)
    notebook.close()


def cell_with(path: Path, text: str) -> int:
    """The number of the first code cell with a text."""
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    return next(number for number, cell in enumerate(cells) if text in "".join(cell["source"]))


def number_of_images(path: Path) -> int:
    """How many images the stored outputs of a notebook show."""
    return path.read_text().count("<img ")


def test_a_clone_shows_its_stored_images_without_being_run(executed):
    assert not executed.notebook.is_trusted
    assert len(executed.stored_images) == number_of_images(executed.path)
    assert [image for image in executed.stored_images if not all(image)] == []


def test_all_cells_run_without_an_error(executed):
    assert executed.notebook.errors() == []


def test_nothing_is_red_where_nothing_failed(executed):
    assert executed.notebook.page.locator(RED).all_inner_texts() == []


def test_every_image_is_drawn_and_described(executed):
    images = executed.notebook.images()
    assert len(images) == number_of_images(executed.path)
    assert [image for image in images if not all(image)] == []


def test_every_table_has_rows(executed):
    tables = executed.notebook.outputs.locator("table")
    rows = tables.evaluate_all("tables => tables.map(table => table.tBodies[0].rows.length)")
    assert rows
    assert all(rows)


@pytest.mark.parametrize("width", [1280, 800])
def test_no_table_and_no_caption_runs_off_the_edge(executed, width):
    page = executed.notebook.page
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("document.querySelector('.jp-Notebook').getBoundingClientRect().right <= innerWidth")
    cut = executed.notebook.outputs.evaluate_all(RUN_OFF)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert cut == []


def test_formulas_are_typeset(executed):
    page = executed.notebook.page
    displayed = executed.path.read_text().count("$$") // 2
    expect(page.locator("mjx-container[display=true]")).to_have_count(displayed)
    assert [text for text in page.locator(".jp-RenderedMarkdown").all_inner_texts() if "$" in text] == []
    assert page.locator("mjx-merror, [data-mml-node=merror]").count() == 0


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_outputs_are_legible(executed, theme, screenshots):
    notebook = executed.notebook
    notebook.menu("Settings", "Theme", theme)
    expect(notebook.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(notebook.page.locator("#jupyterlab-splash")).to_have_count(0)
    first = notebook.page.locator(".jp-Notebook .jp-Cell").first
    first.scroll_into_view_if_needed()
    expect(first).to_be_in_viewport()
    notebook.page.screenshot(path=screenshots / f"{executed.path.stem}, {theme}.png")
    contrasts = notebook.outputs.locator("*").evaluate_all(CONTRASTS)
    assert {"TH", "TD", "CAPTION", "FIGCAPTION"} <= {tag for _, tag, _ in contrasts}
    assert [entry for entry in contrasts if entry[0] < 4.5] == []


@pytest.mark.parametrize("kind, part", [("figure", "img"), ("table", "thead")])
def test_every_figure_and_table_can_be_looked_at(executed, kind, part, screenshots):
    for number, seen in enumerate(executed.notebook.outputs.locator(f"{kind} {part}").all(), 1):
        seen.scroll_into_view_if_needed()
        expect(seen).to_be_in_viewport()
        executed.notebook.page.screenshot(path=screenshots / f"{executed.path.stem}, {kind} {number}.png")


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


def test_work_goes_on_after_an_interrupt(lab, show):
    notebook = show(lab.write(OPEN, LONG, "digits.train.len() > 0", name="interrupt.ipynb"))
    notebook.run(0)
    notebook.start(1)
    expect(notebook.cells.nth(1).locator(".jp-OutputArea-output").first).to_contain_text(re.compile(r"\d+ of \d+"))
    notebook.page.locator("[data-command='notebook:interrupt-kernel']").click()
    expect(notebook.cells.nth(1).locator(".jp-InputPrompt")).not_to_have_text("[*]:")
    notebook.run(0)  # an interrupt costs evcxr its variables
    assert notebook.run(2).inner_text() == "true"
