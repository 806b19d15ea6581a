"""The project's notebooks in JupyterLab: as they are cloned, and after Run All Cells."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lab import NOTEBOOKS, RED, Notebook

# The contrast of each element that contains text, after WCAG 2; opacity counts as transparent ink.
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
