"""Chromium, and where pictures of what it shows are kept."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from lab import Lab, Notebook
from setup.environment import ROOT, find_chromium

SCREENSHOTS = ROOT / "report" / "screenshots"
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window."""
    # Its sandbox does not start for root.
    options = [] if os.geteuid() else ["--no-sandbox"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def violations(page):
    """Says what axe-core finds on the page now; the contrast not in what the selector `checked_elsewhere` matches."""

    def find(context: dict | None = None, **options) -> list[dict]:
        # To list what it does not find takes longer than to look for it.
        return Axe().run(page, context, {"resultTypes": ["violations"], **options}).response["violations"]

    def violations(checked_elsewhere: str = "") -> list[dict]:
        if not checked_elsewhere:
            return find()
        but_contrast = find(rules={"color-contrast": {"enabled": False}})
        return but_contrast + find({"exclude": [checked_elsewhere]}, runOnly=["color-contrast"])

    return violations


@pytest.fixture(scope="session")
def screenshots():
    """The folder for screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


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
