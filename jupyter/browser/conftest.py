"""Chromium, and where pictures of what it shows are kept."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

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
    """Says what axe-core finds on the page now. To list what it does not find takes longer than to look for it."""
    return lambda: Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]


@pytest.fixture(scope="session")
def screenshots():
    """The folder for screenshots."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS
