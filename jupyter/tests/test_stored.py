"""The report from the outputs that notebooks are stored with: there is something to read while the kernel is set up."""

import json

import pytest

from report import build


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


def test_stored_results_never_replace_a_report(source, tmp_path, written):
    report = tmp_path / "report"
    build.stored([source], report)
    build.stored([source], report)
    assert len(written) == 1
    assert "run" not in json.loads(source.read_text())["metadata"]
