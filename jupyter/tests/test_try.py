"""The page on which readers try the classifiers that a notebook exports."""

import json

import nbformat.v4 as v4
import pytest
from bs4 import BeautifulSoup

from report import checks, execute, pages, results, wire
from setup.environment import ROOT
from test_report import MNIST, RUN, SYNTHETIC, shows
from test_wire import GOLDEN

EXPORTED = GOLDEN["messages"]["classifiers"]


@pytest.fixture
def page(tmp_path):
    """The page of a report on a notebook with these cells, parsed."""

    def of(*cells, session=MNIST, name="5-task"):
        book = v4.new_notebook(cells=[shows(html="<p>ready</p>", session=session), *cells], metadata={"run": RUN})
        for number, cell in enumerate(execute.code_cells(book), 1):
            cell.execution_count = number
        execute.write(book, tmp_path / f"{name}.ipynb")
        return BeautifulSoup(pages.try_page([results.read(tmp_path / f"{name}.ipynb")]), "html.parser")

    return of


def test_the_page_holds_the_classifiers_and_says_which_cell_exported_them(page):
    made = page(shows(html="t", classifiers=EXPORTED))
    assert json.loads(made.select_one("#classifiers").string) == EXPORTED
    assert made.footer.a["href"] == "index.html#5-task/cell-2"


def test_correct_predictions_are_counted(page):
    # The example misclassifies the first of its two images.
    (row,) = page(shows(html="t", classifiers=EXPORTED)).select(".wide tbody tr")
    assert [cell.get_text() for cell in row.select("th, td")] == ["linear SVM", "pixels", "1"]


def test_a_report_without_exported_classifiers_says_so(page):
    made = page()
    assert "There is nothing to try yet" in made.main.get_text()
    assert made.select("script#classifiers, canvas") == []


def test_classifiers_of_a_notebook_that_is_no_task_are_not_the_reports(page):
    assert "nothing to try" in page(shows(html="t", classifiers=EXPORTED), name="own").main.get_text()


def test_a_report_on_synthetic_digits_says_so(page):
    made = page(shows(html="t", classifiers=EXPORTED), session=SYNTHETIC)
    assert "These results are on synthetic digits, not on MNIST." in made.select_one(".warning").get_text()
    assert "drawn from synthetic digits" in " ".join(made.main.get_text().split())


def test_weights_that_look_like_an_address_are_data():
    data = BeautifulSoup('<script type="application/json">{"weights": "//8A"}</script>', "html.parser")
    assert list(checks.external_references(data)) == []


def test_the_stored_export_takes_less_than_a_megabyte():
    path = ROOT / "notebooks" / "5-what-limits-it.ipynb"
    outputs = [output for cell in json.loads(path.read_text())["cells"] for output in cell.get("outputs", [])]
    mime = wire.mime(wire.Classifiers)
    (exported,) = (output["data"][mime] for output in outputs if mime in output.get("data", {}))
    assert len(json.dumps(exported)) < 1_000_000
