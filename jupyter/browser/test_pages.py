"""The report's pages, opened from the disk without a network."""

import re
from collections import Counter

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe

from setup.environment import ROOT

REPORT = ROOT / "report"
LINKS = re.findall(r'href="([\w-]+\.html)"', (REPORT / "index.html").read_text())
PAGES = list(dict.fromkeys(["index.html", *LINKS]))
A4 = {"width": 718, "height": 1047}  # 210 x 297 mm less margins of 10 mm, in CSS pixels
# What stands out of the page, or is cut off or scrolls inside an element, which paper cannot.
CUT_OFF = """() => [...document.querySelectorAll("body *")].filter(element => {
  const style = getComputedStyle(element), right = element.getBoundingClientRect().right;
  const cuts = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
  return element.checkVisibility() && element.clientWidth && (cuts || right > innerWidth + 1);
}).map(element => element.outerHTML.slice(0, 120))"""


@pytest.fixture(params=PAGES)
def name(request):
    """The file name of a page."""
    return request.param


@pytest.fixture
def faults():
    """What went wrong while the page was opened."""
    return []


@pytest.fixture
def page(browser, name, faults):
    """A page of the report, with everything unfolded and the network blocked."""

    def answer(route):
        if route.request.url.startswith(("file:", "data:")):
            return route.continue_()
        faults.append(f"asked for {route.request.url}")
        route.abort()

    with browser.new_context(offline=True, viewport={"width": 1280, "height": 900}) as context:
        context.route("**/*", answer)
        page = context.new_page()
        page.on("requestfailed", lambda request: faults.append(f"did not get {request.url[:100]}"))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto((REPORT / name).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })")
        yield page


def test_a_page_needs_no_network(page, name, faults, screenshots):
    page.screenshot(path=screenshots / f"report, {name}.png")
    assert faults == []


def test_axe_finds_nothing_serious(page):
    violations = Axe().run(page).response["violations"]
    assert [
        (fault["id"], node["html"], node["failureSummary"])
        for fault in violations
        for node in fault["nodes"]
        if fault["impact"] in ("serious", "critical")
    ] == []


def test_a_page_fits_a_phone(page, name, screenshots):
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=screenshots / f"report, {name}, phone.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_captions_break_where_a_phone_ends(page):
    page.set_viewport_size({"width": 390, "height": 844})
    widths = page.locator("caption, figcaption").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().width)"
    )
    assert [width for width in widths if width > 390] == []


def test_text_in_figures_is_not_made_small_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    shares = page.locator(".output img").evaluate_all("all => all.map(one => one.clientWidth / one.naturalWidth)")
    assert [share for share in shares if share < 2 / 3] == []


def test_paper_cuts_nothing_off(page):
    page.set_viewport_size(A4)
    page.emulate_media(media="print")
    assert page.evaluate(CUT_OFF) == []


def words(text: str) -> Counter:
    """How often each word occurs."""
    return Counter(re.findall("[A-Za-z]{3,}", text))


def test_a_printed_page_holds_all_its_text(page, name, screenshots):
    file = screenshots / f"report, {name}.pdf"
    page.emulate_media(media="print")
    written = words(page.locator("main").inner_text())
    page.pdf(path=file, format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "10mm"))
    with pypdfium2.PdfDocument(file) as document:
        lost = written - words(" ".join(sheet.get_textpage().get_text_bounded() for sheet in document))
    # pdfium joins or splits a few words of code.
    assert lost.total() <= written.total() / 1000, lost
