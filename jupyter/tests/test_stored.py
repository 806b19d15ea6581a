"""The report from the outputs that notebooks are stored with: there is something to read while the kernel is set up."""

import base64
import json
import re

import pytest

from report import build
from report.results import OVERVIEW


@pytest.fixture
def written(monkeypatch):
    """Which notebooks the pages were written from; no page is."""
    calls = []

    def write(executed, report):
        calls.append(executed)
        (report / "index.html").write_text("pages")

    monkeypatch.setattr(build, "write_pages", write)
    return calls


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "1-task.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_stored_results_are_pages_whose_notebooks_are_executed_again(source, tmp_path, written, capsys):
    report = tmp_path / "report"
    assert build.stored([source], report) == 0
    target = report / "notebooks" / source.name
    assert written == [[target]]
    assert build.is_stale(source, target)
    assert f"{report / 'index.html'} shows the results stored in the notebooks" in capsys.readouterr().out


def test_readme_shows_the_overview_that_is_stored_in_the_notebook():
    cells = json.loads((build.NOTEBOOKS / "5-what-limits-it.ipynb").read_text())["cells"]
    shown = "".join(text for cell in cells if OVERVIEW in cell["metadata"].get("tags", []) for text in html(cell))
    picture = re.search(r"data:image/svg\+xml;base64,([^\"]+)", shown)
    assert base64.b64decode(picture[1]) == (build.NOTEBOOKS / "images" / "overview.svg").read_bytes()


def html(cell: dict) -> list[str]:
    """The lines of HTML that a cell shows."""
    return [line for output in cell["outputs"] for line in output["data"].get("text/html", [])]


def test_stored_results_never_replace_a_report(source, tmp_path, written):
    report = tmp_path / "report"
    build.stored([source], report)
    build.stored([source], report)
    assert len(written) == 1
    assert "run" not in json.loads(source.read_text())["metadata"]
