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
